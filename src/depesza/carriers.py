"""Carriers in a process of their own: a second core speaks SMPP.

`Away` stands in the main process where a connector would, `Abroad` keeps the real ones in the other process. What
is said in one turn of the event loop crosses together. The main process alone writes to the store and decides what
is sent; with its helper nothing is lost but answers that had not been told, and those are `uncertain`.
"""

import asyncio
import random
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

SETTLE = 5.0
"""Seconds beside its grace in which a connector that is told to stop must have stopped."""


class Standing(Struct, frozen=True, gc=False):
    """How a connector stood when it was last heard of."""

    connector: int
    link: Link = Link.DOWN
    room: int = 0
    capacity: int = 1
    taken: int = 0
    """Messages that it had been handed by then."""
    health: Health | None = None
    """None where it is as it was."""


Paid = tuple[int, bool, str | None]
"""Number of a piece of news; whether it is on disk; the id under which a receipt's message was found."""
News = tuple[list[tuple[int, Outcome]], list[tuple[int, Receipt]], list[tuple[int, Inbound]], list[Standing]]
"""Outcomes with their connectors, receipts and replies with their numbers."""


class Away:
    """A connector that lives in the other process. Implements `connectors.contract.Connector`."""

    def __init__(self, kind: str, setup: Setup, reports: Reports, now: Callable[[], int]) -> None:
        self.id = setup.id
        self.name = setup.name
        self._kind = kind
        self._setup = setup
        self._reports = reports
        self._now = now
        self._loop = asyncio.get_running_loop()
        self._peer: Peer | None = None
        self._standing = Standing(setup.id)
        self._health = Health(Link.DOWN, "its process is being started")
        self._handed = 0
        self._unanswered: set[int] = set()
        self._leaving: list[Message] = []
        self._numbers: dict[int, int] = {}
        """Numbers of the receipts that are being written, by their identity."""
        self._found: dict[int, str] = {}
        self._paid: list[Paid] = []
        self._soon = False
        self._wanted = False

    # what the engine asks

    @property
    def link(self) -> Link:
        """How the link stands."""
        return self._standing.link

    @property
    def room(self) -> int:
        """What it had room for, less what is on the way there."""
        standing = self._standing
        return max(0, standing.room - (self._handed - standing.taken))

    @property
    def capacity(self) -> int:
        """How many messages may be unanswered at most."""
        return self._standing.capacity

    @property
    def health(self) -> Health:
        """How it stands."""
        return replace(self._health, link=self._standing.link, inflight=len(self._unanswered))

    def start(self) -> None:
        """Begin to connect, now or when the other process is there."""
        self._wanted = True
        if self._peer is not None:
            self._begin(self._peer)

    def send(self, message: Message) -> None:
        """Hand over one message."""
        self._unanswered.add(message.id)
        if self._peer is None:
            self._end(message.id, "link_down", "not handed over")
            return
        self._handed += 1
        self._leaving.append(message)
        self._flush_soon()

    def matched(self, receipt: Receipt, remote: str) -> None:
        """Say under which id a receipt's message was found: with its acknowledgement, where that is still owed."""
        number = self._numbers.get(id(receipt))
        if number is not None:
            self._found[number] = remote
        elif self._peer is not None:
            self._peer.tell("matched", self.id, receipt, remote)

    async def stop(self, grace: float) -> None:
        """Let it stop there."""
        self._wanted = False
        if self._peer is not None:
            self._flush()
            try:
                await asyncio.wait_for(self._peer.ask("leave", self.id, grace), grace + SETTLE)
            except (TimeoutError, PeerLost) as error:
                log.warning("carriers.not_stopped", connector=self.name, error=repr(error))
        self.lost("stopped")
        self._standing = Standing(self.id, Link.STOPPED)

    # the other process

    def reached(self, peer: Peer) -> None:
        """It was started."""
        self._peer = peer
        if self._wanted:
            self._begin(peer)

    def _begin(self, peer: Peer) -> None:
        peer.tell("connect", self._kind, self._setup)

    def lost(self, why: str) -> None:
        """It died: nobody will tell any more what became of the messages it had."""
        self._peer = None
        self._handed = 0
        self._standing = Standing(self.id, capacity=self._standing.capacity)
        self._health = Health(Link.DOWN, why)
        leaving, self._leaving = self._leaving, []
        self._numbers.clear()
        self._found.clear()
        self._paid.clear()
        for message in leaving:
            self._end(message.id, "link_down", "not handed over")
        for id in list(self._unanswered):
            self._end(id, "uncertain", why)
        self._reports.ready(self.id)

    def _end(self, message: int, refusal: str, why: str) -> None:
        self._unanswered.discard(message)
        self._reports.outcome(self.id, Outcome(message, self._now(), refusal=refusal, retry_after=MICRO, detail=why))

    def stands(self, standing: Standing) -> None:
        """Hear how it stands."""
        self._standing = standing
        if standing.health is not None:
            self._health = standing.health

    def answered(self, outcome: Outcome) -> None:
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

    def _pay(self, to: Peer | None, number: int, news: object, good: bool) -> None:
        """Acknowledge, to whom it is owed: one that died meanwhile hears it again from its carrier."""
        if to is not self._peer:
            return
        self._numbers.pop(id(news), None)
        self._paid.append((number, good, self._found.pop(number, None)))
        self._flush_soon()

    def _flush_soon(self) -> None:
        if not self._soon:
            self._soon = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._soon = False
        if self._peer is None:
            return
        if self._leaving:
            self._peer.tell("send", self.id, self._leaving)
            self._leaving = []
        if self._paid:
            self._peer.tell("paid", self._paid)
            self._paid = []


class Ways:
    """All that is away, for the process that keeps the helper."""

    def __init__(self, reports: Reports, now: Callable[[], int]) -> None:
        self._reports = reports
        self._now = now
        self._ways: dict[int, Away] = {}
        self._peer: Peer | None = None

    def build(self, kind: str, setup: Setup) -> Away:
        """Make a connector that lives there; `SettingsError` when its settings are wrong."""
        connectors.check(kind, setup.settings)
        way = self._ways[setup.id] = Away(kind, setup, self._reports, self._now)
        if self._peer is not None:
            way.reached(self._peer)
        return way

    def reached(self, peer: Peer) -> None:
        """The other process was started."""
        self._peer = peer
        for way in self._ways.values():
            way.reached(peer)

    def lost(self) -> None:
        """It died."""
        if self._peer is not None:
            self._peer = None
            for way in self._ways.values():
                way.lost("its process has died")

    def hear(self, news: News) -> None:
        """Take what the connectors tell: how they stand first, so that places that came free are known."""
        outcomes, receipts, inbounds, standings = news
        ways = self._ways
        for standing in standings:
            ways[standing.connector].stands(standing)
        for connector, outcome in outcomes:
            ways[connector].answered(outcome)
        for number, receipt in receipts:
            ways[receipt.connector].receipt(number, receipt)
        for number, inbound in inbounds:
            ways[inbound.connector].inbound(number, inbound)
        for standing in standings:
            self._reports.ready(standing.connector)

    def learnt(self, connector: int, habits: bytes) -> None:
        """Hear what was learnt of a carrier."""
        self._reports.learnt(connector, habits)


class Abroad:
    """The real connectors, in the other process. Implements `connectors.contract.Reports` for them."""

    def __init__(self, peer: Peer, now: Callable[[], int], secret_for: Callable[[str], bytes]) -> None:
        self._peer = peer
        loop = self._loop = asyncio.get_running_loop()
        self._world = World(loop.time, now, random.random, loop.call_later, secret_for=secret_for)
        self._ways: dict[int, Connector] = {}
        self._taken: dict[int, int] = {}
        self._told: dict[int, Health] = {}
        self._owed: dict[int, tuple[Receipt | None, Callable[[bool], None]]] = {}
        self._number = 0
        self._outcomes: list[tuple[int, Outcome]] = []
        self._receipts: list[tuple[int, Receipt]] = []
        self._inbounds: list[tuple[int, Inbound]] = []
        self._touched: set[int] = set()
        self._soon = False

    def answer(self, what: str, about: tuple[Any, ...]) -> Awaitable[Any] | None:
        """Do what the main process says."""
        match what:
            case "send":
                self._send(*about)
            case "paid":
                self._paid(*about)
            case "connect":
                self._connect(*about)
            case "matched":
                self._matched(*about)
            case "leave":
                return self._leave(*about)
        return None

    def _connect(self, kind: str, setup: Setup) -> None:
        self._ways[setup.id] = connectors.build(kind, setup, self, self._world)
        self._taken[setup.id] = 0
        self._ways[setup.id].start()
        self.ready(setup.id)

    def _send(self, connector: int, messages: Sequence[Message]) -> None:
        send = self._ways[connector].send
        self._taken[connector] += len(messages)
        for message in messages:
            send(message)
        self.ready(connector)

    def _paid(self, paid: Sequence[Paid]) -> None:
        for number, good, remote in paid:
            receipt, done = self._owed.pop(number)
            if receipt is not None and remote is not None:
                self._matched(receipt.connector, receipt, remote)
            done(good)

    def _matched(self, connector: int, receipt: Receipt, remote: str) -> None:
        way = self._ways.get(connector)
        if way is not None:
            way.matched(receipt, remote)

    async def _leave(self, connector: int, grace: float) -> None:
        way = self._ways.get(connector)
        if way is not None:
            await way.stop(grace)
            self._flush()
            self._ways.pop(connector, None)

    # what the connectors tell

    def outcome(self, connector: int, outcome: Outcome) -> None:
        """See `Reports`."""
        self._outcomes.append((connector, outcome))
        self.ready(connector)

    def receipt(self, receipt: Receipt, done: Callable[[bool], None]) -> None:
        """See `Reports`."""
        self._receipts.append((self._owe(receipt, done), receipt))

    def inbound(self, inbound: Inbound, done: Callable[[bool], None]) -> None:
        """See `Reports`."""
        self._inbounds.append((self._owe(None, done), inbound))

    def _owe(self, receipt: Receipt | None, done: Callable[[bool], None]) -> int:
        self._number += 1
        self._owed[self._number] = receipt, done
        self._flush_soon()
        return self._number

    def ready(self, connector: int) -> None:
        """See `Reports`."""
        self._touched.add(connector)
        self._flush_soon()

    def learnt(self, connector: int, habits: bytes) -> None:
        """See `Reports`."""
        self._peer.tell("learnt", connector, habits)

    def _flush_soon(self) -> None:
        if not self._soon:
            self._soon = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._soon = False
        standings = [self._standing(id, self._ways[id]) for id in self._touched if id in self._ways]
        self._touched.clear()
        news: News = self._outcomes, self._receipts, self._inbounds, standings
        self._peer.tell("news", news)
        self._outcomes, self._receipts, self._inbounds = [], [], []

    def _standing(self, id: int, way: Connector) -> Standing:
        health = way.health
        known = replace(health, inflight=0)
        told: Health | None = None
        if self._told.get(id) != known:
            self._told[id] = told = known
        return Standing(id, way.link, way.room, way.capacity, self._taken[id], told)
