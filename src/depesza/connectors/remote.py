"""Connectors that live in another process of ours: a second core speaks to the carriers.

`RemoteConnector` stands here for a real one, `Remotes` keeps all of them, `Host` has the real ones over there. What
is said within a turn of the event loop crosses together. This process alone writes and decides what is sent; when
the other one dies, what it had been handed and had not answered for is `uncertain`, and carriers tell their unpaid
news again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import structlog
from msgspec import Struct
from msgspec.structs import replace

from depesza import connectors
from depesza.connectors.contract import Connector, Health, Link, Reports
from depesza.connectors.setup import Setup, World
from depesza.core.model import MICRO, Inbound, Message, Outcome, Receipt
from depesza.net.peer import Peer, PeerLost

log = structlog.get_logger()

PIECE = 128
"""Messages, or pieces of news, that cross at once at most: the other core begins with them while more are made."""
CLOSING = 5.0
"""Seconds beside its grace that a connector over there may take to stop."""


class Standing(Struct, frozen=True, gc=False):
    """How a connector stood when it was heard of last."""

    connector: int
    link: Link = Link.DOWN
    room: int = 0
    capacity: int = 1
    taken: int = 0
    """Messages that it had been handed by then."""
    health: Health | None = None
    """None where it has not changed."""


class News(Struct, array_like=True, gc=False):
    """What connectors tell, in the order in which it is to be heard."""

    standings: list[Standing]
    outcomes: list[tuple[int, Outcome]]
    """With their connectors."""
    receipts: list[tuple[int, Receipt]]
    """With numbers by which they are paid, as inbound texts are."""
    inbounds: list[tuple[int, Inbound]]


Payment = tuple[int, bool, str | None]
"""Number of a piece of news, whether it is on disk, and the id under which a receipt's message was found."""


class Speech:
    """When it is time to speak: in the next turn of the event loop, or at once when there is a piece to say."""

    def __init__(self, say: Callable[[], None]) -> None:
        """`say` tells the peer all that waits, which may be nothing."""
        self._say = say
        self._loop = asyncio.get_running_loop()
        self._coming = False

    def soon(self, waiting: int, peer: Peer | None) -> None:
        """See to it that what waits is said; it leaves at once when it is a piece."""
        if waiting >= PIECE and peer is not None:
            self._say()
            peer.flush()
        elif not self._coming:
            self._coming = True
            self._loop.call_soon(self._now)

    def _now(self) -> None:
        self._coming = False
        self._say()


class RemoteConnector:
    """One connector that lives over there. Implements `contract.Connector`."""

    def __init__(self, kind: str, setup: Setup, reports: Reports, now: Callable[[], int]) -> None:
        """`now` gives microseconds since 1970."""
        self.id = setup.id
        self.name = setup.name
        self._kind = kind
        self._setup = setup
        self._reports = reports
        self._now = now
        self._peer: Peer | None = None
        self._started = False
        self._standing = Standing(setup.id)
        self._health = Health(Link.DOWN, "the process that speaks to it is being started")
        self._unanswered: set[int] = set()
        self._handed = 0
        """Messages, to the other process that is there now."""
        self._messages: list[Message] = []
        self._payments: list[Payment] = []
        self._speech = Speech(self._say)
        self._numbers: dict[int, int] = {}
        """Those of receipts that are not paid, by their identity."""
        self._found: dict[int, str] = {}
        """Under which id the message of such a receipt was found, by its number."""

    # what the engine asks

    @property
    def link(self) -> Link:
        """How the link stood last."""
        return self._standing.link

    @property
    def room(self) -> int:
        """What room there was, less what was on its way then."""
        standing = self._standing
        return max(0, standing.room - (self._handed - standing.taken))

    @property
    def capacity(self) -> int:
        """How many messages may be unanswered at most."""
        return self._standing.capacity

    @property
    def health(self) -> Health:
        """How it stood last."""
        return replace(self._health, link=self.link, inflight=len(self._unanswered))

    def start(self) -> None:
        """Begin to connect, as soon as the other process is there."""
        self._started = True
        if self._peer is not None:
            self._peer.tell("connect", self._kind, self._setup)

    def send(self, message: Message) -> None:
        """Hand over one message."""
        self._unanswered.add(message.id)
        if self._peer is None:
            self._end(message.id, "link_down", self._health.detail)
            return
        self._handed += 1
        self._messages.append(message)
        self._speech.soon(len(self._messages), self._peer)

    def matched(self, receipt: Receipt, remote: str) -> None:
        """Pass on under which id a receipt's message was found: with its payment, where that is still owed."""
        number = self._numbers.get(id(receipt))
        if number is not None:
            self._found[number] = remote
        elif self._peer is not None:
            self._peer.tell("matched", receipt, remote)

    async def stop(self, grace: float) -> None:
        """Have it stopped over there."""
        self._started = False
        if self._peer is not None:
            self._say()
            try:
                await asyncio.wait_for(self._peer.ask("disconnect", self.id, grace), grace + CLOSING)
            except (TimeoutError, PeerLost) as error:
                log.warning("remote.not_stopped", connector=self.name, error=repr(error))
        self.lose("stopped")
        self._standing = Standing(self.id, Link.STOPPED)

    # what the other process is and tells

    def reach(self, peer: Peer) -> None:
        """Speak to the other process from now on: it has just been started."""
        self._peer = peer
        if self._started:
            self.start()

    def lose(self, why: str) -> None:
        """Speak to nobody: what was handed over and not answered may have been sent."""
        self._peer = None
        self._handed = 0
        self._standing = Standing(self.id, capacity=self.capacity)
        self._health = Health(Link.DOWN, why)
        self._numbers.clear()
        self._found.clear()
        self._payments.clear()
        here, self._messages = self._messages, []
        for message in here:
            self._end(message.id, "link_down", why)
        for id in list(self._unanswered):
            self._end(id, "uncertain", why)
        self._reports.ready(self.id)

    def _end(self, message: int, refusal: str, why: str) -> None:
        self.outcome(Outcome(message, self._now(), refusal=refusal, retry_after=MICRO, detail=why))

    def stand(self, standing: Standing) -> None:
        """Hear how it stands."""
        self._standing = standing
        if standing.health is not None:
            self._health = standing.health

    def outcome(self, outcome: Outcome) -> None:
        """Hear what became of a message."""
        self._unanswered.discard(outcome.message)
        self._reports.outcome(self.id, outcome)

    def receipt(self, number: int, receipt: Receipt) -> None:
        """Hear of a receipt."""
        self._numbers[id(receipt)] = number
        self._reports.receipt(receipt, partial(self._pay, self._peer, number, receipt))

    def inbound(self, number: int, inbound: Inbound) -> None:
        """Hear of a text received."""
        self._reports.inbound(inbound, partial(self._pay, self._peer, number, inbound))

    def _pay(self, owed: Peer | None, number: int, news: Receipt | Inbound, good: bool) -> None:
        if owed is not self._peer:
            return  # to whom it was owed is gone, and the carrier tells its successor
        self._numbers.pop(id(news), None)
        self._payments.append((number, good, self._found.pop(number, None)))
        self._speech.soon(len(self._payments), self._peer)

    def _say(self) -> None:
        if self._peer is None:
            return
        if self._messages:
            self._peer.tell("send", self.id, self._messages)
            self._messages = []
        if self._payments:
            self._peer.tell("pay", self._payments)
            self._payments = []


class Remotes:
    """All connectors that live over there."""

    def __init__(self, reports: Reports, now: Callable[[], int]) -> None:
        """`reports` hears of them, `now` gives microseconds since 1970."""
        self._reports = reports
        self._now = now
        self._known: dict[int, RemoteConnector] = {}
        self._peer: Peer | None = None

    def build(self, kind: str, setup: Setup) -> RemoteConnector:
        """Make a connector; SettingsError when its settings are wrong."""
        connectors.check(kind, setup.settings)
        made = self._known[setup.id] = RemoteConnector(kind, setup, self._reports, self._now)
        if self._peer is not None:
            made.reach(self._peer)
        return made

    def reach(self, peer: Peer) -> None:
        """The other process was started."""
        self._peer = peer
        for connector in self._known.values():
            connector.reach(peer)

    def lose(self) -> None:
        """The other process died."""
        if self._peer is not None:
            self._peer = None
            for connector in self._known.values():
                connector.lose("the process that speaks to it has died and is being started again")

    def hear(self, news: News) -> None:
        """Take what connectors tell; room that came free is used when all of it is heard."""
        known = self._known
        for standing in news.standings:
            known[standing.connector].stand(standing)
        for connector, outcome in news.outcomes:
            known[connector].outcome(outcome)
        for number, receipt in news.receipts:
            known[receipt.connector].receipt(number, receipt)
        for number, inbound in news.inbounds:
            known[inbound.connector].inbound(number, inbound)
        for standing in news.standings:
            self._reports.ready(standing.connector)

    def answer(self, what: str, about: tuple[Any, ...]) -> Awaitable[Any] | None:
        """Take what the other process says."""
        match what:
            case "news":
                self.hear(*about)
            case "learnt":
                self._reports.learnt(*about)
        return None


class Host:
    """The real connectors, in the other process. Implements `contract.Reports` for them."""

    def __init__(self, peer: Peer, world: World) -> None:
        """`peer` leads to the process that writes."""
        self._peer = peer
        self._world = world
        self._connectors: dict[int, Connector] = {}
        self._taken: dict[int, int] = {}
        self._told: dict[int, Health] = {}
        self._owed: dict[int, tuple[Receipt | None, Callable[[bool], None]]] = {}
        self._number = 0
        self._touched: set[int] = set()
        self._news = News([], [], [], [])
        self._speech = Speech(self._say)

    def answer(self, what: str, about: tuple[Any, ...]) -> Awaitable[Any] | None:
        """Do what the other process says."""
        match what:
            case "send":
                self._send(*about)
            case "pay":
                self._pay(*about)
            case "matched":
                self._matched(*about)
            case "connect":
                self._connect(*about)
            case "disconnect":
                return self._disconnect(*about)
        return None

    def _connect(self, kind: str, setup: Setup) -> None:
        connector = self._connectors[setup.id] = connectors.build(kind, setup, self, self._world)
        self._taken[setup.id] = 0
        self._told.pop(setup.id, None)
        connector.start()
        self.ready(setup.id)

    async def _disconnect(self, id: int, grace: float) -> None:
        connector = self._connectors.get(id)
        if connector is not None:
            await connector.stop(grace)
            self._say()
            del self._connectors[id]

    def _send(self, id: int, messages: Sequence[Message]) -> None:
        self._taken[id] += len(messages)
        send = self._connectors[id].send
        for message in messages:
            send(message)
        self.ready(id)

    def _pay(self, payments: Sequence[Payment]) -> None:
        for number, good, remote in payments:
            receipt, done = self._owed.pop(number)
            if receipt is not None and remote is not None:
                self._matched(receipt, remote)
            done(good)

    def _matched(self, receipt: Receipt, remote: str) -> None:
        connector = self._connectors.get(receipt.connector)
        if connector is not None:
            connector.matched(receipt, remote)

    # what connectors tell

    def outcome(self, connector: int, outcome: Outcome) -> None:
        """See `contract.Reports`."""
        self._news.outcomes.append((connector, outcome))
        self.ready(connector)

    def receipt(self, receipt: Receipt, done: Callable[[bool], None]) -> None:
        """See `contract.Reports`."""
        self._news.receipts.append((self._owe(receipt, done), receipt))
        self._say_soon()

    def inbound(self, inbound: Inbound, done: Callable[[bool], None]) -> None:
        """See `contract.Reports`."""
        self._news.inbounds.append((self._owe(None, done), inbound))
        self._say_soon()

    def _owe(self, receipt: Receipt | None, done: Callable[[bool], None]) -> int:
        self._number += 1
        self._owed[self._number] = receipt, done
        return self._number

    def ready(self, connector: int) -> None:
        """See `contract.Reports`."""
        self._touched.add(connector)
        self._say_soon()

    def learnt(self, connector: int, habits: bytes) -> None:
        """See `contract.Reports`."""
        self._peer.tell("learnt", connector, habits)

    def _say_soon(self) -> None:
        news = self._news
        self._speech.soon(len(news.outcomes) + len(news.receipts), self._peer)

    def _say(self) -> None:
        news, self._news = self._news, News([], [], [], [])
        news.standings.extend(self._standing(self._connectors[id]) for id in self._touched if id in self._connectors)
        self._touched.clear()
        if news.standings or news.receipts or news.inbounds:
            self._peer.tell("news", news)

    def _standing(self, connector: Connector) -> Standing:
        id = connector.id
        health = replace(connector.health, inflight=0)
        changed = self._told.get(id) != health
        self._told[id] = health
        return Standing(
            id, connector.link, connector.room, connector.capacity, self._taken[id], health if changed else None
        )
