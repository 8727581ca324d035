"""News from the south, written down together: receipts and inbound texts of all connectors.

A carrier gets its acknowledgement only after the commit (`done(True)`), so what we acknowledged is never lost.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial

import structlog

from depesza.connectors.contract import Connector
from depesza.core.model import Inbound, Receipt
from depesza.core.planning import Policy
from depesza.engine.gather import Gather
from depesza.services import inbox, progress
from depesza.store.contract import Store, StoreError

log = structlog.get_logger()

Done = Callable[[bool], None]
MOST = 500
"""Receipts written by one service."""


class Reporter:
    """Collects news and hands it to the services."""

    def __init__(
        self,
        store: Store,
        connectors: Mapping[int, Connector],
        policy: Policy,
        now: Callable[[], int],
        parked: Callable[[], None],
        gather: Gather | None = None,
    ) -> None:
        """`parked` is called when a receipt found no message."""
        self._store = store
        self._connectors = connectors
        self._policy = policy
        self._now = now
        self._parked = parked
        self._gather = gather or Gather(asyncio.get_running_loop())
        self._gather.add(self._flush_receipts)
        self._gather.add(self._flush_inbounds)
        self._receipts: list[tuple[Receipt, Done]] = []
        self._inbounds: list[tuple[Inbound, Done]] = []
        self._running = 0

    @property
    def pending(self) -> int:
        """News taken from carriers and not yet on disk."""
        return self._running + len(self._receipts) + len(self._inbounds)

    def receipt(self, receipt: Receipt, done: Done) -> None:
        """Take a receipt."""
        self._receipts.append((receipt, done))
        self._gather.soon()

    def inbound(self, inbound: Inbound, done: Done) -> None:
        """Take a text somebody sent."""
        self._inbounds.append((inbound, done))
        self._gather.soon()

    def _flush_receipts(self) -> None:
        taken, self._receipts = self._receipts, []
        for start in range(0, len(taken), MOST):
            group = taken[start : start + MOST]
            self._running += len(group)
            try:
                future = self._store.insist(progress.take_receipts, [r for r, _ in group], self._now())
            except StoreError:
                self._answer(group, False)
                continue
            future.add_done_callback(partial(self._taken, group))

    def _taken(self, group: list[tuple[Receipt, Done]], done: "asyncio.Future[list[str]]") -> None:
        if done.cancelled() or done.exception() is not None:
            log.error("reporter.receipts_failed", count=len(group), error=repr(done))
            self._answer(group, False)
            return
        parked = False
        for (receipt, _), remote in zip(group, done.result(), strict=True):
            if not remote:
                parked = True
            elif (connector := self._connectors.get(receipt.connector)) is not None:
                connector.matched(receipt, remote)
        self._answer(group, True)
        if parked:
            self._parked()

    def _answer(self, group: "list[tuple[Receipt, Done]] | list[tuple[Inbound, Done]]", good: bool) -> None:
        self._running -= len(group)
        for _, done in group:
            done(good)

    def _flush_inbounds(self) -> None:
        group, self._inbounds = self._inbounds, []
        if not group:
            return
        self._running += len(group)
        try:
            future = self._store.insist(inbox.take_inbound, [i for i, _ in group], self._policy, self._now())
        except StoreError:
            self._answer(group, False)
            return
        future.add_done_callback(lambda done: self._taken_in(group, done))

    def _taken_in(self, group: list[tuple[Inbound, Done]], done: "asyncio.Future[list[int]]") -> None:
        good = not done.cancelled() and done.exception() is None
        if not good:
            log.error("reporter.inbound_failed", count=len(group), error=repr(done))
        self._answer(group, good)
