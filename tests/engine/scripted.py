"""Connectors that do as the test says, and the parts of the engine put together around them."""

import asyncio
from collections.abc import Callable
from typing import Any

from tests.support import Clock

from depesza.connectors.contract import Connector, Health, Link, Reports
from depesza.core.fairness import Lanes
from depesza.core.model import MICRO, Inbound, Message, Outcome, Receipt
from depesza.core.planning import Policy
from depesza.engine.dispatcher import Dispatcher
from depesza.engine.keeper import Keeper, Rhythm
from depesza.engine.reporter import Reporter
from depesza.services import progress
from depesza.store.contract import Store
from depesza.store.tx import Tx
from depesza.store.work import Work


class Scripted:
    """A connector that keeps what it is handed until the test answers. Implements `connectors.contract.Connector`."""

    def __init__(self, id: int, reports: Reports, clock: Clock, *, capacity: int = 10) -> None:
        self.id = id
        self.name = f"scripted {id}"
        self.capacity = capacity
        self.link = Link.UP
        self.answer: Callable[[Message], Outcome | None] = lambda message: None
        """What is answered at once; None leaves it to the test."""
        self.sent: list[Message] = []
        """All it was ever handed, in that order."""
        self.held: dict[int, Message] = {}
        self.most = 0
        """The largest number it held at once."""
        self.lessons: list[tuple[Receipt, str]] = []
        self._reports = reports
        self._clock = clock

    @property
    def room(self) -> int:
        """How many messages it would take now."""
        return self.capacity - len(self.held) if self.link is Link.UP else 0

    @property
    def health(self) -> Health:
        """How it stands."""
        return Health(self.link)

    def start(self) -> None:
        """Be up."""
        self.change(Link.UP)

    def send(self, message: Message) -> None:
        """Take a message; only while there is room."""
        assert self.room > 0, "handed over without room"
        self.sent.append(message)
        self.held[message.id] = message
        self.most = max(self.most, len(self.held))
        outcome = self.answer(message)
        if outcome is not None:
            self._tell(outcome)

    def matched(self, receipt: Receipt, remote: str) -> None:
        """Keep the lesson."""
        self.lessons.append((receipt, remote))

    async def stop(self, grace: float) -> None:
        """Answer what is unanswered as uncertain."""
        self.change(Link.STOPPED)
        for message in list(self.held.values()):
            self.refuse(message, "uncertain", MICRO)

    # what the test lets happen

    def take(self, message: Message) -> str:
        """Say that the carrier took it; gives its id there."""
        outcome = taken(self._clock)(message)
        self._tell(outcome)
        return outcome.remotes[0]

    def refuse(self, message: Message, reason: str, after: int = 0) -> None:
        """Say that it was refused."""
        self._tell(Outcome(message.id, self._clock(), (), reason, after, "scripted"))

    def change(self, link: Link) -> None:
        """Let the link go up or down."""
        self.link = link
        self._reports.ready(self.id)

    def _tell(self, outcome: Outcome) -> None:
        del self.held[outcome.message]
        self._reports.outcome(self.id, outcome)
        self._reports.ready(self.id)


def taken(clock: Clock) -> Callable[[Message], Outcome]:
    """Make an answer that takes everything."""
    return lambda message: Outcome(message.id, clock(), (f"r{message.id}.{message.attempts}",))


class Engine:
    """Dispatcher, reporter and keeper of one process around scripted connectors; implements `Reports`."""

    def __init__(
        self, store: Store, clock: Clock, turns: Lanes, *, rhythm: Rhythm | None = None, direct: bool = False
    ) -> None:
        """The keeper does its duties only when `keeper.start` is called, or the test calls them."""
        self.store = store
        self.clock = clock
        self.turns = turns
        self.connectors: dict[int, Connector] = {}
        self.lost = 0
        self.dispatcher = Dispatcher(store, turns, clock, direct=direct)
        self.keeper = Keeper(store, self.dispatcher, turns, clock, rhythm or Rhythm(), self._matched, self._lose_lease)
        self.reporter = Reporter(store, self.connectors, Policy(), clock, self.keeper.parked)
        store.listen(self._work)

    def attach(self, id: int, *, capacity: int = 10, up: bool = True) -> Scripted:
        """Add a connector."""
        made = Scripted(id, self, self.clock, capacity=capacity)
        made.link = Link.UP if up else Link.DOWN
        self.connectors[id] = made
        self.dispatcher.attach(made)
        return made

    def _work(self, work: Work) -> None:
        self.dispatcher.take(work.messages)
        if work.scheduled:
            self.keeper.scheduled(work.scheduled)

    def _matched(self, receipt: Receipt, remote: str) -> None:
        self.connectors[receipt.connector].matched(receipt, remote)

    def _lose_lease(self) -> None:
        self.lost += 1

    async def due(self, seconds: float = 0.0) -> int:
        """Let time pass and queue what falls due."""
        self.clock.move(seconds)
        return await self.store.run(progress.make_due, self.turns, self.clock(), 1_000)

    async def quiet(self) -> None:
        """Wait until everything that is under way is on disk."""
        for _ in range(3):
            await self.store.insist(progress.nothing)
            await until(lambda: not self._busy())

    def _busy(self) -> bool:
        lanes = self.dispatcher.lanes.values()
        return bool(self.reporter.pending) or any(
            lane.loading or lane.claiming or (lane.heap and lane.free > 0) for lane in lanes
        )

    # Reports

    def outcome(self, connector: int, outcome: Outcome) -> None:
        """See `connectors.contract.Reports`."""
        self.dispatcher.outcome(connector, outcome)

    def receipt(self, receipt: Receipt, done: Callable[[bool], None]) -> None:
        """See `connectors.contract.Reports`."""
        self.reporter.receipt(receipt, done)

    def inbound(self, inbound: Inbound, done: Callable[[bool], None]) -> None:
        """See `connectors.contract.Reports`."""
        self.reporter.inbound(inbound, done)

    def ready(self, connector: int) -> None:
        """See `connectors.contract.Reports`."""
        self.dispatcher.ready(connector)

    def learnt(self, connector: int, habits: bytes) -> None:
        """See `connectors.contract.Reports`."""


class Faulty:
    """A store that fails when it is told to, before or after the commit; otherwise the real one."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.failing: dict[str, list[str]] = {}
        """By the service's name, what befalls its next calls: `before` or `after` the commit."""
        self.failures = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def insist(self, service: Callable[..., Any], *args: Any, **kwargs: Any) -> "asyncio.Future[Any]":
        """Run a service, or fail as told."""
        told = self.failing.get(service.__name__)
        if not told:
            return self._store.insist(service, *args, **kwargs)
        self.failures += 1
        return asyncio.ensure_future(self._fail(told.pop(0), service, *args, **kwargs))

    async def _fail(self, when: str, service: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        if when == "after":
            await self._store.insist(service, *args, **kwargs)
        raise OSError(f"the database went away {when} the commit")


async def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until something is so."""
    end = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < end, "it never came about"
        await asyncio.sleep(0.002)


async def states(tx: Tx) -> dict[int, tuple[int, int, str]]:
    """Read state, mark and refusal of every message."""
    rows = await tx.query("SELECT id, state, maybe, refusal FROM messages ORDER BY id")
    return {row[0]: (row[1], row[2], row[3]) for row in rows}
