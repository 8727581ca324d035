"""The daemon's database: several statements as one transaction, on SQLite and on PostgreSQL alike.

Statements name their parameters ?1, ?2 …; `{now}` stands for the moment as the daemon writes it.
"""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from typing import Any, Protocol

import asyncpg

Row = tuple[Any, ...]
Statement = tuple[str, tuple[object, ...]]
_PATIENCE = 5.0


class TablesError(Exception):
    """The database cannot be reached, or does not have the daemon's tables."""


class Tables(Protocol):
    """One database."""

    async def run(self, *statements: Statement) -> list[list[Row]]:
        """Run statements in one transaction; gives the rows of each, or raises TablesError."""
        ...

    async def close(self) -> None:
        """Close the connection, if there is one."""
        ...


class SqliteTables:
    """A file; it is opened for each transaction, and that in a thread: another program may hold it locked."""

    def __init__(self, path: str) -> None:
        self._path = path

    async def run(self, *statements: Statement) -> list[list[Row]]:
        """Run statements in one transaction."""
        try:
            return await asyncio.to_thread(self._run, statements)
        except sqlite3.Error as error:
            raise TablesError(f"{self._path}: {error}") from error

    def _run(self, statements: Sequence[Statement]) -> list[list[Row]]:
        # mode=rw: a wrong name must not make an empty file
        address = f"file:{self._path}?mode=rw"
        with closing(sqlite3.connect(address, uri=True, timeout=_PATIENCE)) as connection:
            # the daemon does not wait for a lock, and has been seen to crash over one: hold it for no disk
            connection.execute("PRAGMA synchronous = NORMAL")
            with connection:
                return [
                    connection.execute(_fill(sql, "datetime('now')"), values).fetchall() for sql, values in statements
                ]

    async def close(self) -> None:
        """Nothing is open."""


class PostgresTables:
    """A database of a server."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: asyncpg.Connection | None = None

    async def run(self, *statements: Statement) -> list[list[Row]]:
        """Run statements in one transaction."""
        try:
            if self._connection is None or self._connection.is_closed():
                self._connection = await asyncpg.connect(self._url, timeout=_PATIENCE, command_timeout=_PATIENCE)
            async with self._connection.transaction():
                return [
                    [tuple(row) for row in await self._connection.fetch(_dollars(sql), *values)]
                    for sql, values in statements
                ]
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            await self.close()
            raise TablesError(f"database of gammu-smsd: {error or type(error).__name__}") from error

    async def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()


def _fill(sql: str, now: str) -> str:
    return sql.replace("{now}", now)


def _dollars(sql: str) -> str:
    return _fill(sql, "LOCALTIMESTAMP(0)").replace("?", "$")


def tables_at(database: str) -> Tables:
    """Choose by what the address looks like; nothing is opened yet."""
    if database.startswith(("postgresql://", "postgres://")):
        return PostgresTables(database)
    return SqliteTables(database.removeprefix("sqlite://"))
