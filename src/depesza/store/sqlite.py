"""The embedded store: one SQLite file in WAL mode, written by one thread, synced before anybody is answered.

Services that arrive while others are being written share the next turn (group commit).
"""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import msgspec

from depesza.core.facts import Facts
from depesza.store.contract import Busy, Stopped
from depesza.store.foreseen import foreseen_of
from depesza.store.leases import FileLeases
from depesza.store.sqlite_reader import SqliteReader
from depesza.store.sqlite_writer import TOGETHER, Committed, SqliteWriter
from depesza.store.tx import Clock, Tx
from depesza.store.work import Stats, Work

T = TypeVar("T")
P = ParamSpec("P")

IDLE = 0.003
"""Seconds without anything to write after which what is open is committed."""


class _Pending(msgspec.Struct, gc=False):
    service: Callable[[Tx], Coroutine[Any, Any, Any]]
    future: "asyncio.Future[Any]"
    tallies: Sequence[tuple[int, str]] = ()
    """Account and key of those that the service will ask for."""
    settle: bool = False
    """It is answered when all that was written before it can be read by everybody."""


class SqliteStore:
    """The store of one process on one SQLite file. Implements `store.contract.Store`."""

    def __init__(self, path: str, clock: Clock, *, limit: int = 20_000, busy: bool = False) -> None:
        """Open the file (its schema must be up to date).

        `limit` bounds the services that wait; one that will be `busy` prepares itself for much writing.
        """
        self.path = path
        self.node = -1
        self.stats = Stats()
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._writer = SqliteWriter(path, clock, busy=busy)
        self._reader = SqliteReader(path, clock)
        self._leases = FileLeases(path)
        self._gathered: list[_Pending] = []
        """Services of this turn of the event loop; the writer wakes once for all of them."""
        self._queue: queue.SimpleQueue[list[_Pending]] = queue.SimpleQueue()
        """What each turn has gathered; an empty one is the last."""
        self._waiting = 0
        self._listener: Callable[[Work], None] = lambda work: None
        self._stopping = False
        self._thread = threading.Thread(target=self._write, name="depesza-writer", daemon=True)
        self._thread.start()

    @property
    def facts(self) -> Facts:
        """The current picture of what changes rarely."""
        return self._writer.facts

    @property
    def pending(self) -> int:
        """How many services wait for a commit."""
        return self._waiting

    def listen(self, listener: Callable[[Work], None]) -> None:
        """Name who is told of work that was written."""
        self._listener = listener

    def run(
        self, service: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> "asyncio.Future[T]":
        """Run a service in the next commit."""
        if self._waiting >= self._limit:
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
        self._add(_Pending(lambda tx: call(tx, *args, **kwargs), future, foreseen_of(service, self.facts, args)))
        return future

    def _add(self, pending: _Pending) -> None:
        if not self._gathered:
            self._loop.call_soon(self._hand_over)
        self._gathered.append(pending)
        self._waiting += 1

    def _hand_over(self) -> None:
        if self._gathered:
            gathered, self._gathered = self._gathered, []
            self._queue.put(gathered)

    async def look(self, service: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a service that only reads."""
        call = cast("Callable[..., Coroutine[Any, Any, T]]", service)
        await self.visible()
        return await self._reader.look(lambda tx: call(tx, *args, **kwargs), self.facts, self.node)

    async def visible(self) -> None:
        """Wait until everybody can read what was answered."""
        if self._writer.unsettled and not self._stopping:
            future: asyncio.Future[None] = self._loop.create_future()
            self._add(_Pending(_nothing, future, settle=True))
            await future

    async def refresh(self) -> None:
        """Take over facts that another process has changed."""
        facts = await self._reader.facts()
        if facts.version > self.facts.version:
            self._writer.facts = facts

    # the writer thread

    def _write(self) -> None:
        take, writer = self._queue.get, self._writer
        while True:
            try:
                first = take(timeout=IDLE) if writer.unsettled else take()
            except queue.Empty:
                writer.settle()
                continue
            items = first
            stop = not first
            with contextlib.suppress(queue.Empty):
                while len(items) < TOGETHER and not stop:
                    more = self._queue.get_nowait()
                    stop = not more
                    items += more
            if items:
                writer.commit(items, self._publish, settle=any(item.settle for item in items))
            if stop:
                return

    def _publish(self, done: Committed[_Pending]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._answer, done)

    def _answer(self, done: Committed[_Pending]) -> None:
        if done.seconds:
            self.stats.committed(done.seconds, done.written)
        self._waiting -= len(done.results)
        for item, value, error in done.results:
            future = item.future
            if future.done():
                continue
            if error is None:
                future.set_result(value)
            else:
                future.set_exception(error)
        if done.work is not None:
            self._listener(done.work)

    # leases

    async def join(self, ttl: int) -> int:
        """Take the lowest node number that nobody holds."""
        self.node = self._leases.take()
        self._writer.be(self.node)
        return self.node

    async def renew(self) -> bool:
        """A file lock needs no renewal."""
        return self.node >= 0

    async def orphans(self) -> list[int]:
        """Name nodes that have lock files but no holder, and keep their places from being taken."""
        return self._leases.orphans(self.node)

    async def bury(self, node: int) -> None:
        """Forget a node whose work was taken over."""
        self._leases.bury(node)

    async def close(self) -> None:
        """Finish what is pending and close."""
        self._stopping = True
        self._hand_over()
        self._queue.put([])
        await self._loop.run_in_executor(None, self._thread.join)
        self._reader.close()
        self._writer.close()
        self._leases.close()
        self.node = -1


async def _nothing(tx: Tx) -> None:
    pass
