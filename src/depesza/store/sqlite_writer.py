"""What writes to a SQLite file: services that arrive together share a commit. Synchronous, for whoever drives it.

The writer drives each service's coroutine itself: on this store nothing that a service awaits ever suspends.
"""

import contextlib
import sqlite3
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Generic, Protocol, TypeVar, cast

import structlog
from msgspec import Struct

from depesza.core.ids import NODES, Ids
from depesza.core.model import Wallet
from depesza.store.batch import Batch
from depesza.store.contract import Conflict, StoreError
from depesza.store.recent import Recent
from depesza.store.sqlite_driver import SqliteDriver, drive, load_facts
from depesza.store.tx import Clock, Tx
from depesza.store.work import Work

log = structlog.get_logger()

MOST = 20_000
"""Rows of pending writes at which a batch is closed."""
TOGETHER = 2_000
"""Services of one commit."""


class Item(Protocol):
    """A service that waits for a commit."""

    @property
    def service(self) -> Callable[[Tx], Coroutine[Any, Any, Any]]:
        """What is to be run."""
        ...

    @property
    def tallies(self) -> Sequence[tuple[int, str]]:
        """Account and key of those that it will ask for."""
        ...


ItemT = TypeVar("ItemT", bound=Item)


class Committed(Struct, Generic[ItemT]):
    """What came of services, whose commit is on disk."""

    results: list[tuple[ItemT, Any, BaseException | None]]
    """What each gave or raised, in their order."""
    work: Work | None = None
    seconds: float = 0.0
    """Spent in the transaction; 0 where there was none."""
    written: dict[str, int] = {}
    """Rows, by table or named statement."""


class SqliteWriter:
    """The one that writes, in the thread that calls it."""

    def __init__(self, path: str, clock: Clock, reserve: int = 0) -> None:
        """Open the file (its schema must be up to date); `reserve` is how much log is laid out beforehand."""
        self.node = -1
        self._clock = clock
        self._driver = SqliteDriver(path)
        if reserve:
            self._driver.reserve(path, reserve)
        self.facts = drive(load_facts(self._driver))
        """The current picture of what changes rarely."""
        newest = drive(self._driver.rows("newest_id"))[0][0]
        self._newest = cast(int, newest) if newest else 0
        self._ids = Ids(NODES - 1, clock, self._newest)
        self._wallets: dict[int, Wallet] = {}
        self._recent = Recent()
        self._seen = self._driver.version()
        self._renewed = False

    def be(self, node: int) -> None:
        """Make ids of this node from now on, and own what is written."""
        self.node = node
        if node >= 0:
            self._ids = Ids(node, self._clock, self._newest)

    def commit(self, items: Sequence[ItemT], publish: Callable[[Committed[ItemT]], None]) -> None:
        """Run services, in one transaction if it can be; when the database refuses, each in one of its own."""
        start = 0
        while start < len(items):
            group = items[start:]
            try:
                done = self._attempt(group)
            except Exception as error:  # whatever a row does to the driver, the writer lives on
                self._wallets.clear()
                self._recent.clear()
                if len(group) == 1:
                    publish(self._told(Committed([(group[0], None, _translate(error))])))
                    start += 1
                    continue
                log.warning("store.batch_refused", error=str(error), services=len(group))
                for item in group:
                    self.commit([item], publish)
                return
            start += len(done.results)
            publish(self._told(done))

    def _told(self, done: Committed[ItemT]) -> Committed[ItemT]:
        """Add that the facts were replaced since something was published."""
        if self._renewed:
            self._renewed = False
            done.work = done.work or Work()
            done.work.facts = True
        return done

    def _attempt(self, items: Sequence[ItemT]) -> Committed[ItemT]:
        driver = self._driver
        began = time.perf_counter()
        driver.run("BEGIN IMMEDIATE")
        try:
            self._refresh()
            batch = Batch(driver, self.facts, self._ids, self.node, self._wallets, self._recent)
            keys = [key for item in items for key in item.tallies]
            if keys:
                drive(batch.foresee(keys))
            results: list[tuple[ItemT, Any, BaseException | None]] = []
            rows = 0
            for item in items:
                tx = Tx(batch)
                try:
                    value = drive(item.service(tx))
                except (sqlite3.Error, OverflowError, UnicodeError):
                    raise
                except Exception as error:
                    tx.abandon()
                    results.append((item, None, error))
                    continue
                rows += sum(map(len, tx.hot.values()))
                drive(batch.keep(tx))
                results.append((item, value, None))
                if rows > MOST or batch.facts_changed:
                    break
            drive(batch.flush())
            if batch.facts_changed:
                drive(driver.rows("facts_bump"))
                self._take_facts()
            driver.run("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                driver.run("ROLLBACK")
            if "batch" in locals() and batch.facts_changed:
                self._take_facts()
            raise
        return Committed(results, batch.work, time.perf_counter() - began, batch.written)

    def _take_facts(self) -> None:
        self.facts = drive(load_facts(self._driver))
        self._renewed = True

    def _refresh(self) -> None:
        """Forget what is cached when another process has written."""
        seen = self._driver.version()
        if seen == self._seen:
            return
        self._seen = seen
        self._wallets.clear()
        self._recent.clear()
        version = drive(self._driver.rows("facts_version"))
        if version and version[0][0] != self.facts.version:
            self._take_facts()

    def close(self) -> None:
        """Close the file."""
        self._driver.close()


def _translate(error: Exception) -> Exception:
    if isinstance(error, sqlite3.IntegrityError):
        return Conflict(str(error))
    return StoreError(str(error) or repr(error))
