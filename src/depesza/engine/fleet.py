"""Gives out what is queued for phones of our own, and looks after what they hold.

All that it knows stands in the tables, so a restart takes everything up as it was, and several processes may do this
side by side: each gives out its own queue, under the locks of the SIM cards, and looks at any attempt that is due.
spec: devices/6, devices/7
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress

import structlog

from depesza.connectors.contract import Connector
from depesza.connectors.phones import Phones
from depesza.core.fairness import Lanes
from depesza.core.model import MICRO
from depesza.engine.worker import Worker
from depesza.services import bells, enrolment, handing, phone_health, phone_watch, reclaim
from depesza.services.handing import START, Turn
from depesza.services.phone_watch import Standing
from depesza.store.contract import Store

log = structlog.get_logger()

KIND = "phones"
"""Kind of the connectors whose queue is given out here."""
LONGEST = 5.0
"""Seconds after which the tables are looked at again: another process may have changed something."""
SHORTEST = 0.05
"""Seconds between two turns, however much happens."""
WATCH = 60.0
"""Seconds from one look at all phones to the next."""
PAGES = 10
"""Pages of a queue that are looked through in one turn."""
AGAIN = 1.0


class Fleet:
    """The phones of one platform."""

    def __init__(self, store: Store, connectors: Mapping[int, Connector], turns: Lanes, now: Callable[[], int]) -> None:
        """`connectors` are those that run; `now` gives microseconds since 1970."""
        self._store = store
        self._connectors = connectors
        self._turns = turns
        self._now = now
        self._wake = asyncio.Event()
        self._workers = Worker("fleet", self._work, AGAIN), Worker("fleet", self._watch, AGAIN)
        self.standing = Standing()
        """How the phones stood at the last look, for metrics."""

    def start(self) -> None:
        """Begin, with what the tables hold."""
        for worker in self._workers:
            worker.start()

    def wake(self) -> None:
        """Look into the tables: a phone called, an attempt ended, or a message was queued."""
        self._wake.set()

    async def stop(self) -> None:
        """Give out no more; what phones hold stays with them."""
        for worker in self._workers:
            await worker.stop()

    async def _work(self) -> None:
        when = await self.turn()
        wait = max(SHORTEST, min(LONGEST, (when - self._now()) / MICRO)) if when else LONGEST
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), wait)
        await asyncio.sleep(SHORTEST)  # what comes together is looked at together

    async def turn(self) -> int:
        """Do all that is due; gives when the next thing is, 0 when that depends on a phone."""
        self._wake.clear()
        # also what phones still hold for a connector that was switched off meanwhile
        while 0 < await self._store.look(reclaim.next_look) <= self._now():
            if not await self._store.insist(reclaim.look, self._now()):
                break  # another process looks at them
        times = [await self._hand_out(connector) for connector in self._ours()]
        times.append(await self._store.look(reclaim.next_look))
        return min(filter(None, times), default=0)

    def _ours(self) -> list[int]:
        return [row.id for row in self._store.facts.connectors if row.kind == KIND and row.enabled]

    async def _hand_out(self, connector: int) -> int:
        """Go through a connector's queue; gives when another look is of use."""
        times, place = [], START
        for _ in range(PAGES):
            found: Turn = await self._store.insist(handing.hand_out, connector, self._turns, self._now(), place)
            times.append(found.when)
            if found.place is None:
                break
            place = found.place
        return min(filter(None, times), default=0)

    async def _watch(self) -> None:
        """Look at all phones: raise alerts, forget what is old, tell the connectors how they stand."""
        await self.watch()
        await asyncio.sleep(WATCH if not self._ours() else min(WATCH, LONGEST))

    async def watch(self) -> None:
        """Do that once."""
        ours = self._ours()
        if not ours:
            return
        before = {(alert.device, alert.sim, alert.kind) for alert in self.standing.alerts}
        self.standing = await self._store.insist(phone_watch.watch, self._now())
        for alert in self.standing.alerts:
            if (alert.device, alert.sim, alert.kind) not in before:
                log.warning("fleet.alert", kind=alert.kind, phone=alert.device, sim=alert.sim, detail=alert.detail)
        for id in ours:
            connector = self._connectors.get(id)
            if isinstance(connector, Phones):
                connector.stands(self.standing.online, self.standing.known, self.standing.held)
        for forget in (bells.forget, enrolment.forget, phone_health.forget):
            await self._store.insist(forget, self._now())
