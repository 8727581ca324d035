"""What writes to a SQLite file: services that arrive together share a transaction. Synchronous, for whoever drives it.

The writer drives each service's coroutine itself: on this store nothing that a service awaits ever suspends.
What a group of services has written is on disk before they are answered: committed, or kept in the redo log while
the transaction stays open for the next groups.
"""

import contextlib
import sqlite3
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Generic, Protocol, TypeVar, cast

import structlog
from msgspec import Struct

from depesza.core.ids import NODES, Ids
from depesza.core.model import MICRO, Wallet
from depesza.store.batch import Batch
from depesza.store.contract import Conflict, StoreError
from depesza.store.recent import Recent
from depesza.store.redo import Redo, Statement
from depesza.store.sqlite_driver import RESERVE, SqliteDriver, drive, load_facts
from depesza.store.tx import Clock, Tx
from depesza.store.work import Work

log = structlog.get_logger()

MOST = 20_000
"""Rows of pending writes at which a batch is closed."""
TOGETHER = 2_000
"""Services of one group."""
LARGE = 2_000
"""Rows of a group from which on it is committed at once: the pages that it touches are many anyway."""
HOLD = 0.02
"""Seconds that a transaction stays open: what is in it other processes can't see yet, nor write themselves."""
PAUSE = 1.0
"""Seconds before a commit that failed is tried again."""


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

    def __init__(self, path: str, clock: Clock, *, busy: bool = False) -> None:
        """Open the file (its schema must be up to date) and carry out what a crash left in the redo log.

        One that will be `busy` lays its logs out beforehand, and lets groups share commits.
        """
        self.node = -1
        self._busy = busy
        self._clock = clock
        self._driver = SqliteDriver(path)
        self._redo = Redo(path)
        self._opened = 0.0
        """When the open transaction was begun; 0: none is open."""
        self._kept = 0
        """Groups of the open transaction that the redo log holds."""
        self._owing = False
        """The redo log holds groups of a transaction that was given up."""
        self._seen = -1
        self._renewed = False
        self._wallets: dict[int, Wallet] = {}
        self._recent = Recent()
        self._recover()
        if busy:
            self._driver.reserve(path, RESERVE)
            self._redo.prepare()
            self._driver.begin_epochs(clock() // MICRO)
        self.facts = drive(load_facts(self._driver))
        """The current picture of what changes rarely."""
        newest = drive(self._driver.rows("newest_id"))[0][0]
        self._newest = cast(int, newest) if newest else 0
        self._ids = Ids(NODES - 1, clock, self._newest)
        self._seen = self._driver.version()

    @property
    def unsettled(self) -> bool:
        """Whether something that was answered is not committed, so that nobody else can see it yet."""
        return self._opened > 0 or self._owing

    def be(self, node: int) -> None:
        """Make ids of this node from now on, and own what is written."""
        self.node = node
        if node >= 0:
            self._ids = Ids(node, self._clock, self._newest)

    def commit(
        self, items: Sequence[ItemT], publish: Callable[[Committed[ItemT]], None], *, settle: bool = False
    ) -> None:
        """Run services, in one transaction if it can be; when the database refuses, each in one of its own.

        With `settle` all is committed before anybody is told.
        """
        start = 0
        while start < len(items):
            group = items[start:]
            try:
                done = self._attempt(group, settle)
            except Exception as error:  # whatever a row does to the driver, the writer lives on
                self._wallets.clear()
                self._recent.clear()
                if len(group) == 1:
                    publish(self._told(Committed([(group[0], None, _translate(error))])))
                    start += 1
                    continue
                log.warning("store.batch_refused", error=str(error), services=len(group))
                for item in group:
                    self.commit([item], publish, settle=settle)
                return
            start += len(done.results)
            publish(self._told(done))

    def settle(self) -> None:
        """Commit what was answered; where the disk does not take it, it stays in the redo log."""
        try:
            self._begin()
            self._commit()
        except Exception as error:
            log.error("store.not_committed", error=str(error), groups=self._kept)
            self._undo()
            time.sleep(PAUSE)

    def _told(self, done: Committed[ItemT]) -> Committed[ItemT]:
        """Add that the facts were replaced since something was published."""
        if self._renewed:
            self._renewed = False
            done.work = done.work or Work()
            done.work.facts = True
        return done

    def _attempt(self, items: Sequence[ItemT], settle: bool) -> Committed[ItemT]:
        driver = self._driver
        began = time.perf_counter()
        facts_changed = False
        try:
            self._begin()
            kept = driver.log = [] if self._busy and not settle else None
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
                facts_changed = batch.facts_changed
                results.append((item, value, None))
                if rows > MOST or facts_changed:
                    break
            drive(batch.flush())
            if facts_changed:
                drive(driver.rows("facts_bump"))
                self._take_facts()
            if kept is None or facts_changed or rows > LARGE or began - self._opened > HOLD or not self._keep(kept):
                self._commit()
        except BaseException:
            self._undo()
            if facts_changed:
                self._take_facts()
            raise
        return Committed(results, batch.work, time.perf_counter() - began, batch.written)

    # the transaction

    def _begin(self) -> None:
        """Open a transaction, unless one is open, and do in it what was promised and never committed."""
        if self._opened:
            return
        self._epoch, self._kept = _begun(self._driver, self._redo)
        self._opened = time.perf_counter()
        if self._seen >= 0:
            self._refresh()

    def _keep(self, statements: list[Statement]) -> bool:
        """Keep a group's statements on disk while the transaction stays open; False when it has to be committed."""
        if statements:
            if not self._redo.append(self._epoch, self._kept, statements):
                return False
            self._kept += 1
        return True

    def _commit(self) -> None:
        _end(self._driver, self._epoch, self._kept)
        self._opened = 0.0
        self._kept = 0
        self._owing = False

    def _undo(self) -> None:
        """Give the transaction up; what was promised in it is done in the next one, ours or another process's."""
        with contextlib.suppress(sqlite3.Error):
            self._driver.run("ROLLBACK")
        self._opened = 0.0
        self._owing = self._owing or self._kept > 0
        self._kept = 0

    def _recover(self) -> None:
        """Commit what a process that is gone has promised; where that is nothing, who only reads waits for nobody."""
        if not self._redo.found(self._driver.epoch()):
            return
        self._begin()
        if self._kept:
            log.warning("store.recovered", groups=self._kept)
        self._commit()

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
        """Commit what is open and close the file."""
        if self.unsettled:
            self.settle()
        self._driver.close()
        self._redo.close()


def _begun(driver: SqliteDriver, redo: Redo) -> tuple[int, int]:
    """Open a transaction and do in it what was promised; gives its epoch, and how many groups that was."""
    with redo.turn():
        driver.run("BEGIN IMMEDIATE")
    epoch = driver.epoch()
    groups = redo.found(epoch)
    try:
        driver.redo(groups)
    except Exception as error:
        log.critical("store.redo_refused", error=str(error), file=redo.path)
        raise
    return epoch, len(groups)


def _end(driver: SqliteDriver, epoch: int, groups: int) -> None:
    """Commit; what the redo log holds is of the past then."""
    if groups:
        driver.run(f"PRAGMA user_version = {epoch}")
    driver.run("COMMIT")


def recover(path: str) -> None:
    """Commit what a process that is gone has promised, whatever the schema: its statements are of that schema."""
    driver, redo = SqliteDriver(path), Redo(path)
    try:
        _end(driver, *_begun(driver, redo))
    finally:
        driver.close()
        redo.close()


def _translate(error: Exception) -> Exception:
    if isinstance(error, sqlite3.IntegrityError):
        return Conflict(str(error))
    return StoreError(str(error) or repr(error))
