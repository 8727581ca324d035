"""Carries out campaigns, tasks and other work that goes page by page: all errands in turn.

A page waits for its commit before the next one begins, and after it the store's writer is left to others for a while;
a campaign does not run ahead of the connectors that carry it. What a crash leaves is taken up again from the mark in
the table, and what another process has written there (a pause, a cancel) is seen at the next page.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Protocol

import structlog

from depesza.core.fairness import Lanes
from depesza.core.ledger import NotEnoughCredits
from depesza.core.model import MICRO
from depesza.core.planning import Policy
from depesza.engine.worker import Worker
from depesza.services import audiences, campaign_steps, cleaning, errands, mailings
from depesza.services.errands import Step
from depesza.store.contract import Store

log = structlog.get_logger()

PAUSE = 5.0
"""Seconds after a failure of the store."""
LOOK = 2.0
"""Seconds after which the tables are read again: commands write there too."""
CROWDED = 0.02
"""Seconds after which a full connector is looked at again."""
SHARE = 0.5
"""Part of a page's time for which the writer is left to others after it."""

Errand = tuple[str, int]
"""Kind and id."""


class Stepper(Protocol):
    """Does the next page of an errand."""

    async def __call__(self, id: int) -> Step:
        """Do it, in one commit."""
        ...


class Campaigner:
    """Does errands page by page."""

    def __init__(
        self,
        store: Store,
        turns: Lanes,
        policy: Policy,
        now: Callable[[], int],
        crowded: Callable[[int], bool] = lambda connector: False,
    ) -> None:
        """`now` gives microseconds since 1970; `crowded` tells whether enough waits for a connector."""
        self._store = store
        self._turns = turns
        self._policy = policy
        self._now = now
        self._crowded = crowded
        self._loop = asyncio.get_running_loop()
        self._due: dict[Errand, float] = {}
        self._asked: dict[Errand, str] = {}
        self._connectors: dict[Errand, frozenset[int]] = {}
        self._wake = asyncio.Event()
        self._read = 0.0
        self._loading = False
        """Lists that an earlier life was loading are still to be given up."""
        self._began = 0
        self._worker = Worker("campaigner", self._turn, PAUSE, self._failed)
        self._steppers: Mapping[str, Stepper] = {
            "campaign": self._campaign,
            "mailing": self._mailing,
            "task": self._clean,
            "sweep": self._sweep,
        }

    @property
    def waiting(self) -> int:
        """Errands that are not finished."""
        return len(self._due)

    def start(self) -> None:
        """Begin, with what the tables hold; lists that an earlier life was loading are given up."""
        self._loading, self._began = True, self._now()
        self._worker.start()

    def reload(self) -> None:
        """Look into the tables: something was written there."""
        self._read = 0.0
        self._wake.set()

    async def stop(self) -> None:
        """Do no more; a page that was begun is finished by the store."""
        await self._worker.stop()

    def _failed(self) -> None:
        """Know nothing any more: the tables tell."""
        self._due.clear()
        self._read = 0.0

    async def _turn(self) -> None:
        """Do one page of the errand that has waited longest, or wait for one."""
        if self._loading:
            self._loading = False  # tried once: what is left of them harms nobody until the next start
            await self._store.insist(audiences.abandon_all, self._began)
        now = self._loop.time()
        if now >= self._read:
            self._read = now + LOOK
            await self._look()
        errand = min(self._due, key=self._due.__getitem__, default=None)
        due = min(self._due[errand] if errand else self._read, self._read)
        if errand is None or self._due[errand] > now:
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), max(0.0, due - now))
        elif any(map(self._crowded, self._connectors.get(errand, ()))):
            self._due[errand] = now + CROWDED
        else:
            await self._step(errand)

    async def _look(self) -> None:
        found = {(row.kind, row.id): row.asked for row in await self._store.look(errands.waiting)}
        for errand in [known for known in self._due if known not in found]:
            self._forget(errand)
        for errand, asked in found.items():
            if errand not in self._due or asked != self._asked[errand]:
                self._due[errand] = self._loop.time()
        self._asked = found

    async def _step(self, errand: Errand) -> None:
        kind, id = errand
        began = self._loop.time()
        step = await self._steppers[kind](id)
        now = self._loop.time()
        if step.over:
            self._forget(errand)
            log.info("campaigner.ended", kind=kind, id=id)
        else:
            self._due[errand] = now + step.wait / MICRO
            self._connectors[errand] = step.connectors
        await asyncio.sleep((now - began) * SHARE)

    def _forget(self, errand: Errand) -> None:
        self._due.pop(errand, None)
        self._connectors.pop(errand, None)

    async def _campaign(self, id: int) -> Step:
        try:
            return await self._store.insist(campaign_steps.step, id, self._turns, self._policy, self._now())
        except NotEnoughCredits as error:
            why = f"Not enough credits: {error}"
            return await self._store.insist(campaign_steps.fail, id, why, self._now())

    async def _mailing(self, id: int) -> Step:
        return await self._store.insist(mailings.step, id, self._turns, self._policy, self._now())

    async def _clean(self, id: int) -> Step:
        return await self._store.insist(cleaning.step, id, self._now())

    async def _sweep(self, id: int) -> Step:
        return await self._store.insist(audiences.sweep, id)
