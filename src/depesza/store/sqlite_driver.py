"""One connection to a SQLite file, and the statements prepared on it."""

import os
import sqlite3
from collections.abc import Coroutine, Sequence
from itertools import chain
from typing import Any, TypeVar, cast

import msgspec

from depesza.core.facts import Facts
from depesza.store import factsheet, schema, statements
from depesza.store.contract import StoreError
from depesza.store.redo import Statement, lay_out, next_epoch
from depesza.store.tx import Cell, Row

T = TypeVar("T")

CHUNKS = (256, 128, 64, 32, *range(16, 0, -1))
"""Row counts for which statements are prepared; many rows are written in few steps."""
CHECKPOINT = 4_000
"""Pages in the write-ahead log at which they are moved into the main file."""
RESERVE = CHECKPOINT * 4_500
"""Bytes of the log that a process which writes much lays out before: a commit that makes its file longer costs the
system twice as much as one that writes over what is there."""
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
        self.log: list[Statement] | None = None
        """What is written, where somebody wants to know."""

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
            touched += self._change(sql, list(chain.from_iterable(chunk)))
        return touched

    async def act(self, name: str, *params: Cell) -> int:
        """See `store.batch.Driver`."""
        return self._change(self._statements[name].sql, params)

    async def query(self, sql: str, params: Sequence[Cell]) -> list[Row]:
        """See `store.batch.Driver`."""
        return cast("list[Row]", self.run(sql, params).fetchall())

    async def execute(self, sql: str, params: Sequence[Cell]) -> int:
        """See `store.batch.Driver`."""
        return self._change(sql, params)

    def _change(self, sql: str, params: Sequence[Cell]) -> int:
        touched = self.run(sql, params).rowcount
        if self.log is not None:
            self.log.append((sql, params))
        return touched

    def epoch(self) -> int:
        """Tell the epoch of the transaction that is open, or would be: see `store.redo`."""
        return next_epoch(cast(int, self.run("PRAGMA user_version").fetchone()[0]))

    def version(self) -> int:
        """Tell a number that changes when another connection has written."""
        return cast(int, self.run("PRAGMA data_version").fetchone()[0])

    def redo(self, groups: Sequence[Sequence[Statement]]) -> None:
        """Carry out what was promised."""
        for group in groups:
            for sql, params in group:
                self.run(sql, params)

    def begin_epochs(self, first: int) -> None:
        """Give a database that has none its first epoch: one that a file of the same name had before is not like it."""
        self.run("BEGIN IMMEDIATE")  # so that nobody who does the same has promised something in it already
        if self.epoch() == next_epoch(0):
            self.run(f"PRAGMA user_version = {first}")
        self.run("COMMIT")

    def reserve(self, path: str, size: int) -> None:
        """Make the write-ahead log `size` bytes long: zeros at its end are no frames, and are written over later."""
        self.run("BEGIN IMMEDIATE")  # so that nobody adds to it meanwhile
        handle = os.open(f"{path}-wal", os.O_WRONLY)
        try:
            lay_out(handle, size)
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
