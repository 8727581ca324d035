"""The embedded store: one SQLite file in WAL mode, synced at every commit, written by one thread.

Services that arrive while a commit is under way share the next one (group commit). The writer thread drives each
service's coroutine itself: on this store nothing that a service awaits ever suspends.
"""

import asyncio
import contextlib
import fcntl
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import msgspec
import structlog

from depesza.core.facts import Facts
from depesza.core.ids import NODES, Ids
from depesza.core.model import Wallet
from depesza.store import factsheet, schema, statements
from depesza.store.batch import Batch
from depesza.store.contract import Busy, Conflict, Stopped, StoreError
from depesza.store.foreseen import foreseen_of
from depesza.store.recent import Recent
from depesza.store.tx import Cell, Clock, Row, Tx
from depesza.store.work import Stats, Work

T = TypeVar("T")
P = ParamSpec("P")

log = structlog.get_logger()

CHUNKS = (256, 128, 64, 32, *range(16, 0, -1))
"""Row counts for which statements are prepared; many rows are written in few steps."""
CHECKPOINT = 4_000
"""Pages in the write-ahead log at which they are moved into the main file."""
RESERVE = CHECKPOINT * 4_500
"""Bytes of the log that a process which writes much lays out before: a commit that makes its file longer costs the
system twice as much as one that writes over what is there."""
MOST = 20_000
"""Rows of pending writes at which a batch is closed."""

decode_rows = msgspec.json.Decoder(list[list[int | str | None]]).decode


class SqliteDriver:
    """One connection and the statements prepared on it."""

    database = "sqlite"

    def __init__(self, path: str, *, readonly: bool = False) -> None:
        self._connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, cached_statements=1024, timeout=30
        )
        self._statements = statements.load("sqlite")
        run = self._connection.execute
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = FULL")
        run(f"PRAGMA wal_autocheckpoint = {CHECKPOINT}")
        run("PRAGMA cache_size = -65536")
        run("PRAGMA temp_store = MEMORY")
        run("PRAGMA busy_timeout = 30000")
        if readonly:
            run("PRAGMA query_only = ON")
        self.run = run

    async def rows(self, name: str, *params: Cell) -> list[Row]:
        """See `store.batch.Driver`."""
        statement = self._statements[name]
        if statement.columns:
            return cast("list[Row]", decode_rows(self._one(statements.sqlite_text(statement, 0), params)))
        return cast("list[Row]", self.run(statement.sql, params).fetchall())

    def _one(self, sql: str, params: Sequence[Cell]) -> str:
        return cast(str, self.run(sql, params).fetchone()[0])

    async def rows_for(self, name: str, values: Sequence[Row]) -> list[Row]:
        """See `store.batch.Driver`."""
        statement = self._statements[name]
        found: list[Row] = []
        for chunk in _chunks(values):
            sql = statements.sqlite_text(statement, len(chunk))
            found += decode_rows(self._one(sql, list(chain.from_iterable(chunk))))
        return found

    async def write(self, name: str, values: Sequence[Row]) -> int:
        """See `store.batch.Driver`."""
        statement = self._statements[name]
        touched = 0
        for chunk in _chunks(values):
            sql = statements.sqlite_text(statement, len(chunk))
            touched += self.run(sql, list(chain.from_iterable(chunk))).rowcount
        return touched

    async def act(self, name: str, *params: Cell) -> int:
        """See `store.batch.Driver`."""
        return self.run(self._statements[name].sql, params).rowcount

    async def query(self, sql: str, params: Sequence[Cell]) -> list[Row]:
        """See `store.batch.Driver`."""
        return cast("list[Row]", self.run(sql, params).fetchall())

    async def execute(self, sql: str, params: Sequence[Cell]) -> int:
        """See `store.batch.Driver`."""
        return self.run(sql, params).rowcount

    def version(self) -> int:
        """Tell a number that changes when another connection has written."""
        return cast(int, self.run("PRAGMA data_version").fetchone()[0])

    def reserve(self, path: str, size: int) -> None:
        """Make the write-ahead log `size` bytes long: zeros at its end are no frames, and are written over later."""
        self.run("BEGIN IMMEDIATE")  # so that nobody adds to it meanwhile
        handle = os.open(f"{path}-wal", os.O_WRONLY)
        try:
            end = os.fstat(handle).st_size
            for start in range(end, size, 1 << 20):
                os.pwrite(handle, bytes(min(1 << 20, size - start)), start)
            os.fdatasync(handle)
        finally:
            os.close(handle)
            self.run("ROLLBACK")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _chunks(values: Sequence[Row]) -> list[Sequence[Row]]:
    """Cut rows into the prepared sizes, large ones first."""
    count = len(values)
    if count in CHUNKS:
        return [values]
    found: list[Sequence[Row]] = []
    start = 0
    for size in CHUNKS:
        while count - start >= size:
            found.append(values[start : start + size])
            start += size
    return found


def drive(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never suspends to its end."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return cast(T, end.value)
    coroutine.close()
    raise StoreError("a service awaited something other than its transaction")


async def load_facts(driver: SqliteDriver) -> Facts:
    """Read the whole picture of facts."""
    version = await driver.rows("facts_version")
    tables = {name: await driver.query(factsheet.select(name), ()) for name in schema.FACTS}
    return factsheet.build(cast(int, version[0][0]) if version else 0, tables)


class _Pending(msgspec.Struct, gc=False):
    service: Callable[[Tx], Coroutine[Any, Any, Any]]
    future: "asyncio.Future[Any]"
    tallies: Sequence[tuple[int, str]] = ()
    """Account and key of those that the service will ask for."""


class SqliteStore:
    """The store of one process on one SQLite file. Implements `store.contract.Store`."""

    def __init__(self, path: str, clock: Clock, *, limit: int = 20_000, reserve: int = 0) -> None:
        """Open the file (its schema must be up to date).

        `limit` bounds the services that wait; `reserve` is how much log is laid out beforehand.
        """
        self.path = path
        self.node = -1
        self.stats = Stats()
        self._limit = limit
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._driver = SqliteDriver(path)
        if reserve:
            self._driver.reserve(path, reserve)
        self._facts = drive(load_facts(self._driver))
        newest = drive(self._driver.rows("newest_id"))[0][0]
        self._newest = cast(int, newest) if newest else 0
        self._ids = Ids(NODES - 1, clock, self._newest)
        self._wallets: dict[int, Wallet] = {}
        self._recent = Recent()
        self._seen = self._driver.version()
        self._queue: queue.SimpleQueue[_Pending | None] = queue.SimpleQueue()
        self._listener: Callable[[Work], None] = lambda work: None
        self._locks: dict[int, int] = {}
        self._stopping = False
        self._readers = ThreadPoolExecutor(2, "depesza-reader")
        self._reading = threading.local()
        self._open_readers: list[SqliteDriver] = []
        self._thread = threading.Thread(target=self._write, name="depesza-writer", daemon=True)
        self._thread.start()

    @property
    def facts(self) -> Facts:
        """The current picture of what changes rarely."""
        return self._facts

    @property
    def pending(self) -> int:
        """How many services wait for a commit."""
        return self._queue.qsize()

    def listen(self, listener: Callable[[Work], None]) -> None:
        """Name who is told of work that was written."""
        self._listener = listener

    def run(
        self, service: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> "asyncio.Future[T]":
        """Run a service in the next commit."""
        if self._queue.qsize() >= self._limit:
            raise Busy("too much work is waiting for the disk")
        return self.insist(service, *args, **kwargs)

    def insist(
        self, service: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> "asyncio.Future[T]":
        """Run a service in the next commit, however much is waiting."""
        if self._stopping:
            raise Stopped("the store is closing")
        future: asyncio.Future[T] = self._loop.create_future()
        call = cast("Callable[..., Coroutine[Any, Any, T]]", service)
        self._queue.put(_Pending(lambda tx: call(tx, *args, **kwargs), future, foreseen_of(service, self._facts, args)))
        return future

    async def look(self, service: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a service that only reads."""
        call = cast("Callable[..., Coroutine[Any, Any, T]]", service)
        return await self._loop.run_in_executor(self._readers, self._read, lambda tx: call(tx, *args, **kwargs))

    @contextlib.contextmanager
    def _snapshot(self) -> Iterator[SqliteDriver]:
        """Lend this thread's reader, which sees one picture of all tables."""
        driver: SqliteDriver | None = getattr(self._reading, "driver", None)
        if driver is None:
            driver = self._reading.driver = SqliteDriver(self.path, readonly=True)
            self._open_readers.append(driver)
        driver.run("BEGIN")
        try:
            yield driver
        finally:
            driver.run("COMMIT")

    def _read(self, service: Callable[[Tx], Coroutine[Any, Any, T]]) -> T:
        with self._snapshot() as driver:
            return drive(service(Tx(Batch(driver, self._facts, self._ids, self.node, {}, Recent(0), writing=False))))

    async def refresh(self) -> None:
        """Take over facts that another process has changed."""
        await self._loop.run_in_executor(self._readers, self._reload)

    def _reload(self) -> None:
        with self._snapshot() as driver:
            facts = drive(load_facts(driver))
        if facts.version > self._facts.version:
            self._facts = facts

    # the writer thread

    def _write(self) -> None:
        take = self._queue.get
        while True:
            first = take()
            if first is None:
                return
            items = [first]
            stop = False
            with contextlib.suppress(queue.Empty):
                while len(items) < 2_000:
                    item = self._queue.get_nowait()
                    if item is None:
                        stop = True
                        break
                    items.append(item)
            self._commit(items)
            if stop:
                return

    def _commit(self, items: list[_Pending]) -> None:
        """Run the items in one transaction; when the database refuses, each in one of its own."""
        start = 0
        while start < len(items):
            group = items[start:]
            try:
                done, batch, results = self._attempt(group)
            except Exception as error:  # whatever a row does to the driver, the writer lives on
                self._wallets.clear()
                self._recent.clear()
                if len(group) == 1:
                    self._publish([(group[0], None, _translate(error))], None)
                    start += 1
                    continue
                log.warning("store.batch_refused", error=str(error), services=len(group))
                for item in group:
                    self._commit([item])
                return
            self._publish(results, batch)
            start += done

    def _attempt(self, items: list[_Pending]) -> tuple[int, Batch, list[tuple[_Pending, Any, BaseException | None]]]:
        driver = self._driver
        began = time.perf_counter()
        driver.run("BEGIN IMMEDIATE")
        try:
            self._refresh()
            batch = Batch(driver, self._facts, self._ids, self.node, self._wallets, self._recent)
            keys = [key for item in items for key in item.tallies]
            if keys:
                drive(batch.foresee(keys))
            results: list[tuple[_Pending, Any, BaseException | None]] = []
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
                self._facts = drive(load_facts(driver))
                batch.work.facts = True
            driver.run("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                driver.run("ROLLBACK")
            if "batch" in locals() and batch.facts_changed:
                self._facts = drive(load_facts(driver))
            raise
        self.stats.committed(time.perf_counter() - began, batch.written)
        return len(results), batch, results

    def _refresh(self) -> None:
        """Forget what is cached when another process has written."""
        seen = self._driver.version()
        if seen == self._seen:
            return
        self._seen = seen
        self._wallets.clear()
        self._recent.clear()
        version = drive(self._driver.rows("facts_version"))
        if version and version[0][0] != self._facts.version:
            self._facts = drive(load_facts(self._driver))
            self._loop.call_soon_threadsafe(self._listener, Work(facts=True))

    def _publish(self, results: list[tuple[_Pending, Any, BaseException | None]], batch: Batch | None) -> None:
        work = batch.work if batch is not None else None
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._answer, results, work)

    def _answer(self, results: list[tuple[_Pending, Any, BaseException | None]], work: Work | None) -> None:
        for item, value, error in results:
            future = item.future
            if future.done():
                continue
            if error is None:
                future.set_result(value)
            else:
                future.set_exception(error)
        if work is not None:
            self._listener(work)

    # leases: on one machine the kernel's file locks tell who lives

    def _lock(self, node: int) -> int | None:
        path = f"{self.path}.node{node}"
        while True:
            handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(handle)
                return None
            with contextlib.suppress(FileNotFoundError):
                if os.stat(path).st_ino == os.fstat(handle).st_ino:
                    return handle
            os.close(handle)  # somebody buried this file while we opened it

    async def join(self, ttl: int) -> int:
        """Take the lowest node number that nobody holds."""
        for node in range(NODES - 1):
            handle = self._lock(node)
            if handle is not None:
                self._locks[node] = handle
                self.node = node
                self._ids = Ids(node, self._clock, self._newest)
                return node
        raise StoreError("all node numbers are taken")

    async def renew(self) -> bool:
        """A file lock needs no renewal."""
        return self.node >= 0

    async def orphans(self) -> list[int]:
        """Name nodes that have lock files but no holder, and keep their places from being taken."""
        for node in range(NODES - 1):
            if node in self._locks or not Path(f"{self.path}.node{node}").exists():
                continue
            handle = self._lock(node)
            if handle is not None:
                self._locks[node] = handle
        return [node for node in self._locks if node != self.node]

    async def bury(self, node: int) -> None:
        """Forget a node whose work was taken over."""
        os.unlink(f"{self.path}.node{node}")
        os.close(self._locks.pop(node))

    async def close(self) -> None:
        """Finish what is pending and close."""
        self._stopping = True
        self._queue.put(None)
        await self._loop.run_in_executor(None, self._thread.join)
        self._readers.shutdown(wait=True)
        for driver in (self._driver, *self._open_readers):
            driver.close()
        for handle in self._locks.values():
            os.close(handle)
        self._locks.clear()
        self.node = -1


def _translate(error: Exception) -> Exception:
    if isinstance(error, sqlite3.IntegrityError):
        return Conflict(str(error))
    return StoreError(str(error) or repr(error))
