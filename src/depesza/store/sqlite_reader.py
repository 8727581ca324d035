"""Looks at a SQLite file beside its writer: services that only read, each on one picture of all tables."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from depesza.core.facts import Facts
from depesza.core.ids import NODES, Ids
from depesza.store.batch import Batch
from depesza.store.recent import Recent
from depesza.store.sqlite_driver import SqliteDriver, drive, load_facts
from depesza.store.tx import Clock, Tx

T = TypeVar("T")


class SqliteReader:
    """A few threads with a connection each."""

    def __init__(self, path: str, clock: Clock) -> None:
        """Nothing is opened until somebody looks."""
        self._path = path
        self._ids = Ids(NODES - 1, clock)
        self._threads = ThreadPoolExecutor(2, "depesza-reader")
        self._mine = threading.local()
        self._open: list[SqliteDriver] = []

    async def look(self, service: Callable[[Tx], Coroutine[Any, Any, T]], facts: Facts, node: int) -> T:
        """Run a service that only reads, for a node and with the facts that it knows."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._look, service, facts, node)

    def _look(self, service: Callable[[Tx], Coroutine[Any, Any, T]], facts: Facts, node: int) -> T:
        with self._snapshot() as driver:
            return drive(service(Tx(Batch(driver, facts, self._ids, node, {}, Recent(0), writing=False))))

    async def facts(self) -> Facts:
        """Read the facts."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self.facts_now)

    def facts_now(self) -> Facts:
        """Read the facts, in this thread."""
        with self._snapshot() as driver:
            return drive(load_facts(driver))

    @contextlib.contextmanager
    def _snapshot(self) -> Iterator[SqliteDriver]:
        """Lend this thread's connection, which sees one picture of all tables."""
        driver: SqliteDriver | None = getattr(self._mine, "driver", None)
        if driver is None:
            driver = self._mine.driver = SqliteDriver(self._path, readonly=True)
            self._open.append(driver)
        driver.run("BEGIN")
        try:
            yield driver
        finally:
            driver.run("COMMIT")

    def close(self) -> None:
        """Close all connections."""
        self._threads.shutdown(wait=True)
        for driver in self._open:
            driver.close()
