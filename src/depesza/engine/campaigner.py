"""Carries out jobs whose receivers come from a list: page after page, all jobs in turn.

A page waits for its commit before the next one begins, so a large list neither floods the store nor delays
others; what a crash leaves is taken up again from the mark in the table.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence

import structlog

from depesza.core.fairness import Lanes
from depesza.core.ledger import NotEnoughCredits
from depesza.core.planning import Policy
from depesza.services import campaigns
from depesza.store.contract import Stopped, Store

log = structlog.get_logger()

PAUSE = 5.0
"""Seconds after a failure of the store."""


class Campaigner:
    """Plans campaigns page by page."""

    def __init__(self, store: Store, turns: Lanes, policy: Policy, now: Callable[[], int]) -> None:
        """`now` gives microseconds since 1970."""
        self._store = store
        self._turns = turns
        self._policy = policy
        self._now = now
        self._waiting: deque[int] = deque()
        self._known: set[int] = set()
        self._wake = asyncio.Event()
        self._stale = True
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """Campaigns that are not finished."""
        return len(self._known)

    def start(self) -> None:
        """Begin, with what the table holds."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    def take(self, ids: Sequence[int]) -> None:
        """Take campaigns that were just written."""
        for id in ids:
            if id not in self._known:
                self._known.add(id)
                self._waiting.append(id)
        self._wake.set()

    def reload(self) -> None:
        """Look into the table again: campaigns of another node became ours."""
        self._stale = True
        self._wake.set()

    async def stop(self) -> None:
        """Plan no more; a page that was begun is finished by the store."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            try:
                await self._turn()
            except Stopped:
                return
            except Exception as error:
                log.exception("campaigner.failed", error=repr(error))
                self._known.clear()
                self._waiting.clear()
                self._stale = True
                await asyncio.sleep(PAUSE)

    async def _turn(self) -> None:
        """Plan one page of the campaign whose turn it is, or wait for one."""
        if self._stale:
            self._stale = False
            self.take(await self._store.look(campaigns.running))
        if not self._waiting:
            self._wake.clear()
            await self._wake.wait()
            return
        id = self._waiting.popleft()
        try:
            progress = await self._store.insist(campaigns.next_page, id, self._turns, self._policy, self._now())
        except NotEnoughCredits:
            progress = await self._store.insist(campaigns.fail, id)
        if progress.status == "running":
            self._waiting.append(id)
        else:
            self._known.discard(id)
            log.info("campaigner.ended", campaign=id, status=progress.status)
