"""Everything that happens by the clock: what falls due, leases, take-over, parked receipts, retention.

Each duty is one method with its interval; `run` starts them and one failing duty never stops the others.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog
from msgspec import Struct

from depesza.core.fairness import Lanes
from depesza.core.ids import first_at
from depesza.core.lifecycle import News
from depesza.core.model import MICRO, Receipt
from depesza.engine.dispatcher import Dispatcher
from depesza.services import documents, progress, protection, rentals, retention
from depesza.store.contract import Stopped, Store

log = structlog.get_logger()

PAGE = 1_000
FILES = 10
"""Documents that are deleted in one go: each may have hundreds of pages."""
LOOK_AGAIN = 5.0
"""Seconds after which the table is asked what falls due: another process may have scheduled something."""


class Rhythm(Struct, frozen=True):
    """How often each duty is done, in seconds, and how long things are kept."""

    tick: float = 1.0
    lease: float = 3.0
    """How often our lease is renewed."""
    orphans: float = 4.0
    """How often the leases of others are looked at."""
    parked: tuple[float, ...] = (0.05, 0.5, 2.0, 10.0, 60.0)
    """Waits before parked receipts are tried again, after the newest one came."""
    parked_keep: float = 7 * 86_400.0
    silent: float = 600.0
    """How often messages that were never reported are looked for."""
    grace: float = 3_600.0
    """How long after its validity a message without a report is given up."""
    strays: float = 15.0
    """How often messages for connectors that are disabled or gone are looked for."""
    tallies: float = 60.0
    """How often what was counted for limits is forgotten."""
    retention: float = 3_600.0
    keep_days: int = 400
    """Days for which messages and their timelines are kept (spec: ovh/4.10, history by export)."""
    callback_days: int = 90
    """Days for which callbacks that are over are kept, with their tries."""


def rhythm(lease: float, keep_days: int, callback_days: int = 90) -> Rhythm:
    """Make the rhythm for leases of so many seconds."""
    return Rhythm(lease=lease / 4, orphans=lease / 3, keep_days=keep_days, callback_days=callback_days)


class Keeper:
    """The clock's servant."""

    def __init__(
        self,
        store: Store,
        dispatcher: Dispatcher,
        turns: Lanes,
        now: Callable[[], int],
        rhythm: Rhythm,
        matched: Callable[[Receipt, str], None],
        lost: Callable[[], None],
        adopted: Callable[[], None] = lambda: None,
    ) -> None:
        """`matched` teaches a connector; `lost` is called when the lease is gone; `adopted` after a take-over."""
        self._store = store
        self._dispatcher = dispatcher
        self._turns = turns
        self._now = now
        self._rhythm = rhythm
        self._matched = matched
        self._lost = lost
        self._adopted = adopted
        self._loop = asyncio.get_running_loop()
        self._tasks: list[asyncio.Task[None]] = []
        self._due = asyncio.Event()
        self._next_due = 0
        self._parked = asyncio.Event()
        self._stale_after = 0
        self._brief_since = 0
        """Up to when what is counted for a moment only was swept."""

    def start(self) -> None:
        """Begin all duties."""
        rhythm = self._rhythm
        duties: tuple[tuple[float, Callable[[], Awaitable[None]]], ...] = (
            (rhythm.tick, self._tick),
            (rhythm.lease, self._renew),
            (rhythm.orphans, self._orphans),
            (rhythm.silent, self._silent),
            (rhythm.strays, self._dispatcher.gather_strays),
            (rhythm.tallies, self._sweep),
            (rhythm.retention, self._retain),
        )
        self._tasks = [self._loop.create_task(self._every(wait, duty)) for wait, duty in duties]
        self._tasks += [self._loop.create_task(self._when_due()), self._loop.create_task(self._when_parked())]

    async def stop(self) -> None:
        """End all duties."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _every(self, wait: float, duty: Callable[[], Awaitable[None]]) -> None:
        while True:
            await self._safely(duty)
            await asyncio.sleep(wait)

    async def _safely(self, duty: Callable[[], Awaitable[None]]) -> None:
        try:
            await duty()
        except Stopped:
            pass
        except Exception as error:
            log.exception("keeper.duty_failed", duty=duty.__name__, error=repr(error))

    # what falls due

    def scheduled(self, at: int) -> None:
        """Learn that a message falls due at this time."""
        if not self._next_due or at < self._next_due:
            self._next_due = at
            self._due.set()

    async def _when_due(self) -> None:
        while True:
            await self._safely(self._make_due)
            wait = LOOK_AGAIN if not self._next_due else max(0.0, (self._next_due - self._now()) / MICRO)
            self._due.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._due.wait(), min(wait, LOOK_AGAIN))

    async def _make_due(self) -> None:
        self._next_due = 0
        while await self._store.insist(progress.make_due, self._turns, self._now(), PAGE) == PAGE:
            pass
        following = await self._store.look(progress.next_due)
        if following:
            self.scheduled(following)

    # leases

    async def _tick(self) -> None:
        self._dispatcher.tick()
        await self._store.insist(progress.nothing)  # sees what other processes changed

    async def _renew(self) -> None:
        if not await self._store.renew():
            log.error("keeper.lease_lost", node=self._store.node)
            self._lost()

    async def _orphans(self) -> None:
        for node in await self._store.orphans():
            await self.adopt(node)
            await self._store.bury(node)

    async def adopt(self, node: int) -> None:
        """Take over what a node that is gone had accepted (this one's own, after a crash)."""
        doubtful, page, others = 0, PAGE, 0
        while page == PAGE:
            page, others = await self._store.insist(progress.adopt, node, self._now(), PAGE)
            doubtful += page
        if others:
            self._dispatcher.reload()
            self._adopted()
        if doubtful or others:
            log.info("keeper.adopted", node=node, doubtful=doubtful, others=others)

    # receipts without a message

    def parked(self) -> None:
        """Learn that a receipt found no message; its message may be on its way to the disk."""
        self._parked.set()

    async def _when_parked(self) -> None:
        waits = self._rhythm.parked
        step = 0  # what a crash left parked may have found its message
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._parked.wait(), waits[step])
                self._parked.clear()
                step = 0
                await asyncio.sleep(waits[0])
            step = min(step + 1, len(waits) - 1)
            await self._safely(self._rematch)

    async def _rematch(self) -> None:
        oldest = self._now() - int(self._rhythm.parked_keep * MICRO)
        after = 0
        while True:
            after, seen, found = await self._store.insist(progress.rematch, after, oldest, PAGE, self._now())
            for receipt, remote in found:
                self._matched(receipt, remote)
            if seen < PAGE:
                return

    # what was never reported, and what is old

    async def _silent(self) -> None:
        limit = self._now() - int(self._rhythm.grace * MICRO)
        while True:
            ids = await self._store.look(progress.stale, self._stale_after, first_at(limit), limit, PAGE)
            if ids:
                await self._store.insist(progress.end, ids, News.EXPIRED, "no_report", self._now())
                self._stale_after = ids[-1]
            if len(ids) < PAGE:
                self._stale_after = 0
                return

    async def _sweep(self) -> None:
        while await self._store.insist(protection.sweep, self._now(), PAGE) == PAGE:  # noqa: ASYNC110
            await asyncio.sleep(0.05)  # leaves the disk to others
        more = True
        while more:
            swept = self._store.insist(protection.sweep_brief, self._brief_since, self._now(), PAGE)
            self._brief_since, more = await swept
            await asyncio.sleep(0.05)

    async def _retain(self) -> None:
        oldest = self._days_ago(self._rhythm.keep_days)
        while await self._store.insist(retention.forget, oldest, PAGE):  # noqa: ASYNC110  (nothing to wait for)
            await asyncio.sleep(0.05)  # leaves the disk to others
        for row in self._store.facts.limits:
            if row.keep_days:
                await self._hide(row.account, self._days_ago(row.keep_days))
        told = self._days_ago(self._rhythm.callback_days)
        while await self._store.insist(retention.forget_callbacks, told, PAGE):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        while await self._store.insist(documents.forget_expired, self._now(), FILES):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        await self._store.insist(retention.forget_rest, oldest, self._now())
        while await self._store.insist(rentals.renew, self._now(), PAGE):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        self._turns.forget()

    async def _hide(self, account: int, oldest: int) -> None:
        """Take what is old out of an account's sight."""
        while await self._store.insist(retention.hide, account, oldest, PAGE):  # noqa: ASYNC110
            await asyncio.sleep(0.05)

    def _days_ago(self, days: int) -> int:
        """Give the smallest id that was made within so many days."""
        return first_at(self._now() - days * 86_400 * MICRO)
