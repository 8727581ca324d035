"""The store for more than one process: PostgreSQL through asyncpg.

The same services run on the event loop. One connection commits for everybody in turn (group commit, as on SQLite);
others only read. What several processes may touch is locked by its row (`FOR UPDATE`), claimed with SKIP LOCKED or
guarded by its state, and facts that another process changed are noticed by LISTEN/NOTIFY and by their version.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import asyncpg
import structlog
from msgspec import Struct

from depesza.core.facts import Facts
from depesza.core.ids import NODES, Ids
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

MOST = 20_000
"""Rows of pending writes at which a batch is closed."""
TRIES = 5
"""Attempts at a batch that the database refused for another process's sake (deadlock, serialization)."""
AGAIN = (0.05, 0.1, 0.0)
"""Seconds after attempts at our lease: a connection that ends just now is no reason to wait for the next turn."""
CHANNEL = "depesza_facts"
LOCKS = 0x6465_7065  # namespace of our advisory locks

_PARAMETER = statements.PARAMETER

_CONNECTION = (asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
_LOST = (
    *_CONNECTION,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
)
"""The connection is gone, perhaps in the middle of a commit."""
_DATABASE = (*_CONNECTION, asyncpg.PostgresError)


class PgDriver:
    """One connection inside an open transaction."""

    database = "pg"

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection
        self._statements = statements.load("pg")

    async def rows(self, name: str, *params: Cell) -> list[Row]:
        """See `store.batch.Driver`."""
        return cast("list[Row]", await self._connection.fetch(self._statements[name].sql, *params))

    async def rows_for(self, name: str, values: Sequence[Row]) -> list[Row]:
        """See `store.batch.Driver`."""
        text = statements.pg_text(self._statements[name])
        return cast("list[Row]", await self._connection.fetch(text, *_columns(values)))

    async def write(self, name: str, values: Sequence[Row]) -> int:
        """See `store.batch.Driver`."""
        text = statements.pg_text(self._statements[name])
        if self._statements[name].insert in _UPSERTS:
            values = list({_UPSERTS[name](row): row for row in values}.values())
        return _touched(await self._connection.execute(text, *_columns(values)))

    async def act(self, name: str, *params: Cell) -> int:
        """See `store.batch.Driver`."""
        return _touched(await self._connection.execute(self._statements[name].sql, *params))

    async def query(self, sql: str, params: Sequence[Cell]) -> list[Row]:
        """See `store.batch.Driver`."""
        return cast("list[Row]", await self._connection.fetch(_PARAMETER.sub(r"$\1", sql), *params))

    async def execute(self, sql: str, params: Sequence[Cell]) -> int:
        """See `store.batch.Driver`."""
        return _touched(await self._connection.execute(_PARAMETER.sub(r"$\1", sql), *params))


def _pair(row: Row) -> object:
    return (row[0], row[1])


_UPSERTS: dict[str, Callable[[Row], object]] = {
    "remotes": _pair,
    "conversations": _pair,
    "optouts": _pair,
    "wallets": lambda row: row[0],
    "tallies": _pair,
}
"""Inserts that may meet their own key twice in one statement, which PostgreSQL refuses: the last row counts."""


def _columns(values: Sequence[Row]) -> list[list[Any]]:
    return [list(column) for column in zip(*values, strict=True)]


def _touched(tag: str) -> int:
    """Read the row count from a command's tag, such as `UPDATE 3`."""
    number = tag.rpartition(" ")[2]
    return int(number) if number.isdigit() else 0


async def load_facts(driver: PgDriver) -> Facts:
    """Read the whole picture of facts."""
    version = await driver.rows("facts_version")
    tables = {name: await driver.query(factsheet.select(name), ()) for name in schema.FACTS}
    return factsheet.build(version[0][0] if version else 0, tables)


class _Pending(Struct, gc=False):
    service: Callable[[Tx], Coroutine[Any, Any, Any]]
    future: "asyncio.Future[Any]"
    tallies: Sequence[tuple[int, str]] = ()
    """Account and key of those that the service will ask for."""


class PostgresStore:
    """The store of one process on a shared PostgreSQL. Implements `store.contract.Store`."""

    def __init__(
        self,
        pool: "asyncpg.Pool[asyncpg.Record]",
        home: "asyncpg.Connection[asyncpg.Record]",
        facts: Facts,
        newest: int,
        clock: Clock,
        limit: int,
        url: str,
    ) -> None:
        """Use `open`. `home` is the connection that holds our locks and hears of changed facts."""
        self.node = -1
        self.stats = Stats()
        self._pool = pool
        self._home = home
        self._holders = [int(home.get_server_pid())]
        """The connection that stands in our lease; more than one while it is not known which."""
        self._until = 0
        self._orphans: set[int] = set()
        self._at_home = asyncio.Lock()
        """A connection does one thing at a time; several duties need this one."""
        self._facts = facts
        self._newest = newest
        self._clock = clock
        self._limit = limit
        self._url = url
        self._loop = asyncio.get_running_loop()
        self._ids = Ids(NODES - 1, clock, newest)
        self._queue: deque[_Pending] = deque()
        self._wake = asyncio.Event()
        self._listener: Callable[[Work], None] = lambda work: None
        self._stopping = False
        self._ttl = 0
        self._writer = self._loop.create_task(self._write())

    @classmethod
    async def open(cls, url: str, clock: Clock, *, limit: int = 20_000) -> "PostgresStore":
        """Connect; the schema must be up to date."""
        pool = await asyncpg.create_pool(url, min_size=2, max_size=6, command_timeout=60)
        home = await asyncpg.connect(url, command_timeout=30)
        async with pool.acquire() as connection:
            driver = PgDriver(cast("asyncpg.Connection[asyncpg.Record]", connection))
            facts = await load_facts(driver)
            newest = (await driver.rows("newest_id"))[0][0] or 0
        store = cls(pool, home, facts, newest, clock, limit, url)
        await home.add_listener(CHANNEL, store._heard)
        return store

    @property
    def facts(self) -> Facts:
        """The current picture of what changes rarely."""
        return self._facts

    @property
    def pending(self) -> int:
        """How many services wait for a commit."""
        return len(self._queue)

    def listen(self, listener: Callable[[Work], None]) -> None:
        """Name who is told of work that was written."""
        self._listener = listener

    def run(
        self, service: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> "asyncio.Future[T]":
        """Run a service in the next commit."""
        if len(self._queue) >= self._limit:
            raise Busy("too much work is waiting for the database")
        return self.insist(service, *args, **kwargs)

    def insist(
        self, service: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> "asyncio.Future[T]":
        """Run a service in the next commit, however much is waiting."""
        if self._stopping:
            raise Stopped("the store is closing")
        future: asyncio.Future[T] = self._loop.create_future()
        call = cast("Callable[..., Coroutine[Any, Any, T]]", service)
        self._queue.append(
            _Pending(lambda tx: call(tx, *args, **kwargs), future, foreseen_of(service, self._facts, args))
        )
        self._wake.set()
        return future

    async def look(self, service: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a service that only reads."""
        # one snapshot for all that a service reads, as on SQLite
        snapshot = {"isolation": "repeatable_read", "readonly": True}
        async with self._lent() as connection, connection.transaction(**snapshot):
            driver = PgDriver(connection)
            return await service(
                Tx(Batch(driver, self._facts, self._ids, self.node, {}, Recent(0), writing=False)), *args, **kwargs
            )

    @contextlib.asynccontextmanager
    async def _lent(self) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        """Lend a connection; one that ends when it is given back takes nothing from what was done on it."""
        connection = await self._pool.acquire()
        try:
            yield cast("asyncpg.Connection[asyncpg.Record]", connection)
        finally:
            with contextlib.suppress(*_DATABASE):
                await self._pool.release(connection)

    # the writer

    async def _write(self) -> None:
        while True:
            while self._queue:
                items = [self._queue.popleft() for _ in range(min(len(self._queue), 2_000))]
                await self._commit(items)
            if self._stopping:
                return
            self._wake.clear()
            await self._wake.wait()

    async def _commit(self, items: list[_Pending]) -> None:
        start = 0
        while start < len(items):
            start += await self._commit_some(items[start:])

    async def _commit_some(self, items: list[_Pending]) -> int:
        """Run services in one transaction; when the database refuses it, the first one alone."""
        for attempt in range(TRIES):
            try:
                return await self._attempt(items)
            except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError) as error:
                log.warning("store.batch_again", error=str(error))
                await asyncio.sleep(0.01 * 2**attempt)
            except _LOST as error:
                # whether the commit arrived is not known: nobody may be told that it did, nothing may run twice
                log.error("store.connection_lost", error=str(error), services=len(items))
                for item in items:
                    _fail(item, _translate(error))
                self._listener(Work(doubt=True))
                return len(items)
            except Exception as error:  # whatever a row does to the driver, the writer lives on
                if len(items) == 1:
                    _fail(items[0], _translate(error))
                    return 1
                log.warning("store.batch_refused", error=str(error), services=len(items))
                for item in items:
                    await self._commit([item])
                return len(items)
        for item in items:
            _fail(item, StoreError("the database kept refusing the transaction"))
        return len(items)

    async def _attempt(self, items: list[_Pending]) -> int:
        results: list[tuple[_Pending, Any, BaseException | None]] = []
        async with self._lent() as connection:
            began = self._loop.time()
            async with connection.transaction():
                driver = PgDriver(connection)
                batch = Batch(driver, self._facts, self._ids, self.node, {}, Recent(0))
                keys = [key for item in items for key in item.tallies]
                if keys:
                    await batch.foresee(keys)
                rows = 0
                for item in items:
                    tx = Tx(batch)
                    try:
                        value = await item.service(tx)
                    except _DATABASE:
                        raise
                    except Exception as error:
                        results.append((item, None, error))
                        continue
                    rows += sum(map(len, tx.hot.values()))
                    await batch.keep(tx)
                    results.append((item, value, None))
                    if rows > MOST or batch.facts_changed:
                        break
                await batch.flush()
                if batch.facts_changed:
                    await driver.rows("facts_bump")
                    await connection.execute(f"NOTIFY {CHANNEL}")
                    facts = await load_facts(driver)
            self.stats.committed(self._loop.time() - began, batch.written)
            if batch.facts_changed:
                self._facts = facts
                batch.work.facts = True
        for item, value, failure in results:
            if failure is not None:
                _fail(item, failure)
            elif not item.future.done():
                item.future.set_result(value)
        self._listener(batch.work)
        return len(results)

    # facts that other processes changed

    def _heard(self, *_: object) -> None:
        if not self._stopping:
            self._loop.create_task(self._reload())

    async def _reload(self) -> None:
        with contextlib.suppress(Stopped, *_DATABASE):
            async with self._lent() as connection, connection.transaction(readonly=True):
                facts = await load_facts(PgDriver(connection))
            if facts.version > self._facts.version:
                self._facts = facts
                self._listener(Work(facts=True))

    async def visible(self) -> None:
        """What was answered is committed."""

    async def refresh(self) -> None:
        """Take over facts that another process has changed."""
        await self._reload()

    # leases: a row tells until when, an advisory lock tells at once when the process is gone

    async def join(self, ttl: int) -> int:
        """Take the lowest node number that nobody holds."""
        self._ttl = ttl
        for node in range(NODES - 1):
            if await self._home.fetchval("SELECT pg_try_advisory_lock($1, $2)", LOCKS, node):
                self.node = node
                self._ids = Ids(node, self._clock, self._newest)
                if await self.renew(fence=True):
                    return node
                await self._home.execute("SELECT pg_advisory_unlock($1, $2)", LOCKS, node)
        self.node = -1
        raise StoreError("all node numbers are taken")

    async def renew(self, *, fence: bool = False) -> bool:
        """Renew the lease; False when the connection that holds our lock is gone or another has taken our place."""
        for wait in AGAIN:
            try:
                return await self._renew(fence)
            except (*_DATABASE, StoreError) as error:
                log.error("store.lease_not_renewed", error=str(error) or repr(error))
                await asyncio.sleep(wait)
        # nobody takes our place before its time; half of that is left for stopping
        return self._clock() < self._until - self._ttl // 2

    async def _renew(self, fence: bool) -> bool:
        now = self._clock()
        sql = statements.load("pg")["lease_take" if fence else "lease_renew"].sql
        async with self._at_home:
            if self._home.is_closed():
                await self._come_home()
            tag = await self._home.execute(sql, self._name, self._holders[0], now + self._ttl, now)
        if _touched(tag) != 1:
            return False
        self._until = now + self._ttl
        return True

    @property
    def _name(self) -> str:
        return f"node:{self.node}"

    async def _come_home(self) -> None:
        """Connect again and take our lock and our lease along; raises when they are not to be had."""
        home = await asyncpg.connect(self._url, timeout=self._ttl / 4_000_000, command_timeout=30)
        try:
            if not await home.fetchval("SELECT pg_try_advisory_lock($1, $2)", LOCKS, self.node):
                raise StoreError("the lock of our node is still held")
            holder = int(home.get_server_pid())
            before = list(self._holders)
            self._holders.append(holder)  # from here on it may stand there, though we do not hear of it
            for other in before:
                await home.execute(statements.load("pg")["lease_move"].sql, self._name, other, holder)
            await home.add_listener(CHANNEL, self._heard)
        except BaseException:
            home.terminate()
            raise
        self._home, self._holders = home, [holder]
        self._orphans.clear()
        self._heard()

    async def orphans(self) -> list[int]:
        """Name nodes whose lock is free and whose lease is over, and keep their places from being taken."""
        async with self._at_home:
            rows = await self._home.fetch(statements.load("pg")["lease_rows"].sql)
            for name, _, _, until in rows:
                node = int(name.partition(":")[2])
                if (
                    0 <= until < self._clock()
                    and node != self.node
                    and node not in self._orphans
                    and await self._home.fetchval("SELECT pg_try_advisory_lock($1, $2)", LOCKS, node)
                ):
                    self._orphans.add(node)
        return sorted(self._orphans)

    async def bury(self, node: int) -> None:
        """Forget a node whose work was taken over."""
        async with self._at_home:
            await self._home.execute(statements.load("pg")["lease_bury"].sql, f"node:{node}")
            await self._home.execute("SELECT pg_advisory_unlock($1, $2)", LOCKS, node)
        self._orphans.discard(node)

    async def close(self) -> None:
        """Finish what is pending, give the lease back, close."""
        self._stopping = True
        self._wake.set()
        await self._writer
        with contextlib.suppress(*_DATABASE):
            if self.node >= 0:
                sql = statements.load("pg")["lease_drop"].sql
                await self._home.execute(sql, self._name, self._holders[0])
            await self._home.close(timeout=5)
        await self._pool.close()
        self.node = -1


def _fail(item: _Pending, error: BaseException) -> None:
    if not item.future.done():
        item.future.set_exception(error)


def _translate(error: Exception) -> Exception:
    if isinstance(error, asyncpg.UniqueViolationError):
        return Conflict(str(error))
    return StoreError(str(error) or repr(error))
