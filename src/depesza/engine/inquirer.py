"""Takes waiting look-ups to connectors whose carrier can tell about numbers, and writes what comes back.

A number is asked about where a route for look-ups leads, or else where the route of its texts does. Where that has
no such connector, the operator's ranges and the numbering plan answer at once. One whose connectors are
all down waits for them, and is given up after a while. A question is marked as asked before it leaves; asking
twice does no harm, so what a crash leaves open is simply asked again.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial

from depesza.connectors.contract import Connector, Informant, Link
from depesza.core import phone
from depesza.core.facts import Facts
from depesza.core.lookup import Finding
from depesza.core.model import MICRO, Channel, Priority
from depesza.engine.worker import Worker
from depesza.services import lookups
from depesza.services.lookups import Lookup
from depesza.store.contract import Store

MOST = 500
"""Questions that may be unanswered at once, and rows read at once."""
PATIENCE = 60.0
"""Seconds that a connector may take to answer."""
WAIT = 600.0
"""Seconds that a question waits for a connector to come up."""
AGAIN = 1.0
"""Seconds between two looks at what could not be asked."""


class Inquirer:
    """Carries out look-ups."""

    def __init__(self, store: Store, connectors: Mapping[int, Connector], now: Callable[[], int]) -> None:
        """`connectors` are those that run; `now` gives microseconds since 1970."""
        self._store = store
        self._connectors = connectors
        self._now = now
        self._asked: dict[int, int] = {}
        """When the open questions were asked."""
        self._answers: dict[int, Finding | None] = {}
        self._wake = asyncio.Event()
        self._fresh = False
        """What an earlier life has asked is still to be asked again."""
        self._worker = Worker("inquirer", self._turn, AGAIN)

    def start(self) -> None:
        """Begin, with what the table holds."""
        self._fresh = True
        self._worker.start()

    def wake(self) -> None:
        """Look into the table: there is something to ask."""
        self._wake.set()

    async def stop(self) -> None:
        """Ask no more; what is not answered is asked again at the next start."""
        await self._worker.stop()

    async def _turn(self) -> None:
        """Write what was answered, ask what waits, and sleep until there is more of either."""
        if self._fresh:
            await self._store.insist(lookups.again)
            self._fresh = False
        self._wake.clear()
        self._give_up()
        if self._answers:
            answers, self._answers = self._answers, {}
            await self._store.insist(lookups.settle, answers, self._now())
        left = await self._ask_all()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), AGAIN if left or self._asked else None)

    def _give_up(self) -> None:
        """Call those unanswered whose connector was silent for too long."""
        limit = self._now() - int(PATIENCE * MICRO)
        for id in [id for id, at in self._asked.items() if at <= limit]:
            self._answer(id, None)

    async def _ask_all(self) -> bool:
        """Go through all that waits; gives whether something had to be left."""
        after, left = 0, False
        while len(self._asked) < MOST:
            rows = await self._store.look(lookups.waiting, after, MOST - len(self._asked))
            if not rows:
                return left
            after = rows[-1].id
            left = await self._ask(rows) or left
        return True

    async def _ask(self, rows: Sequence[Lookup]) -> bool:
        """Ask about some numbers, each where its route leads; gives whether some could not be asked now."""
        told: dict[int, Finding | None] = {}
        questions: dict[int, list[Lookup]] = {}
        left = False
        oldest = self._now() - int(WAIT * MICRO)
        for row in rows:
            ways = informants(row, self._store.facts, self._connectors)
            ready = next((way.id for way in ways if way.health.link is Link.UP), 0)
            if not ways:
                told[row.id] = self._store.facts.numbering.find(row.number)
            elif ready:
                questions.setdefault(ready, []).append(row)
            elif row.created <= oldest:
                told[row.id] = None
            else:
                left = True
        if told:
            await self._store.insist(lookups.settle, told, self._now())
        for connector, mine in questions.items():
            await self._store.insist(lookups.claim, [row.id for row in mine], connector)
            self._hand_over(connector, mine)
        return left

    def _hand_over(self, id: int, rows: Sequence[Lookup]) -> None:
        connector: object = self._connectors.get(id)
        for row in rows:
            self._asked[row.id] = self._now()
            if isinstance(connector, Informant):
                connector.lookup(row.number, partial(self._answer, row.id))
            else:  # it went while its questions were being marked
                self._answer(row.id, None)

    def _answer(self, id: int, finding: Finding | None) -> None:
        if self._asked.pop(id, None) is not None:
            self._answers[id] = finding
            self._wake.set()


def informants(row: Lookup, facts: Facts, connectors: Mapping[int, Connector]) -> list[Connector]:
    """List the connectors that can ask about a number, first choice first: of its route, or else of its texts'."""
    number = phone.parse(row.number)
    country = (number.country or "") if number else ""
    for channel in (Channel.HLR, Channel.SMS):
        route = facts.routing.choose(row.number.lstrip("+"), country, "", row.account, int(Priority.NORMAL), channel)
        running = [connectors[id] for id in route.connectors if id in connectors] if route is not None else []
        found: list[Connector] = [connector for connector in running if isinstance(connector, Informant)]
        if found:
            return found
    return []
