"""The log of callbacks: what was called, how each try ended, when the next one is; and how to tell them again.

A callback is a row of `notices`; its tries are lines of its message's timeline (`notices.write_try`). One that is
put back belongs to the node that does it: a server adopts what a command leaves behind, and then tells it.
"""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from msgspec import Struct

from depesza.core.ids import first_at
from depesza.core.model import COLLECTED, Notice
from depesza.services.notices import read_try
from depesza.store.tx import Cell, Row, Tx

WAITING, DONE, GIVEN_UP = 0, 1, 2
PAGE = 1_000
_COLUMNS = "id, account, dialect, kind, url, fact, message, due, created, tries, state"


class Wanted(Struct, frozen=True):
    """Which callbacks are meant; a field that is empty leaves all."""

    account: int = 0
    states: tuple[int, ...] = ()
    since: int = 0
    """Owed at this time or later."""
    host: str = ""
    """Name or address, with `:port` or without."""


class Try(Struct, frozen=True):
    """One call."""

    at: int
    """When it ended."""
    word: str
    """HTTP status, or why there was none."""
    took: int
    """Milliseconds."""
    url: str


class Callback(Struct, frozen=True):
    """One callback and how it stands."""

    notice: Notice
    state: int
    tries: tuple[Try, ...]
    """All tries that are kept, also those before it was put back."""


async def show(tx: Tx, id: int) -> Callback | None:
    """Read one callback; None when there is no such row."""
    rows = await tx.query(f"SELECT {_COLUMNS} FROM notices WHERE id = ?1", id)
    return await _with_tries(tx, rows[0]) if rows else None


async def listed(tx: Tx, wanted: Wanted, limit: int) -> list[Callback]:
    """Read the newest callbacks that are wanted."""
    found: list[Callback] = []
    async for rows in _pages(tx, wanted, limit):
        found += [await _with_tries(tx, row) for row in rows[: limit - len(found)]]
        if len(found) == limit:
            break
    return found


async def chosen(tx: Tx, wanted: Wanted) -> list[int]:
    """List the ids of all callbacks that are wanted, the oldest first."""
    found: list[int] = []
    async for rows in _pages(tx, wanted, PAGE):
        found += [row[0] for row in rows]
    return found[::-1]


async def replay(tx: Tx, ids: list[int], now: int) -> list[int]:
    """Put callbacks back, to be told again with all their tries; gives those that exist.

    One that still waits keeps its node, which may hold it in memory, and is only hurried.
    """
    numbers = ", ".join(map(str, ids))
    rows = await tx.query(f"SELECT id FROM notices WHERE id IN ({numbers}) ORDER BY id") if ids else []
    there = [int(row[0]) for row in rows]
    if there:
        tx.write(
            "UPDATE notices SET node = CASE WHEN state = 0 THEN node ELSE ?1 END, tries = 0, due = ?2,"
            f" state = CASE WHEN url LIKE '{COLLECTED}%' THEN 3 ELSE 0 END"
            f" WHERE id IN ({', '.join(map(str, there))})",
            tx.node,
            now,
        )
        tx.insert("acts", (tx.new_id(), now, "cli", "callbacks replayed", f"{len(there)} from {there[0]}"))
    return there


async def _pages(tx: Tx, wanted: Wanted, size: int) -> AsyncIterator[list[Row]]:
    """Walk from the newest to the oldest."""
    where, params = _condition(wanted)
    below = 1 << 62
    while True:
        sql = f"SELECT {_COLUMNS} FROM notices WHERE id < ?1 AND id >= ?2{where} ORDER BY id DESC LIMIT ?3"
        rows = await tx.query(sql, below, first_at(wanted.since), max(size, 100), *params)
        yield [row for row in rows if not wanted.host or is_at(row[4], wanted.host)]
        if len(rows) < max(size, 100):
            return
        below = rows[-1][0]


def _condition(wanted: Wanted) -> tuple[str, list[Cell]]:
    where, params = "", list[Cell]()
    if wanted.account:
        params.append(wanted.account)
        where += f" AND account = ?{len(params) + 3}"
    if wanted.states:
        where += f" AND state IN ({', '.join(map(str, wanted.states))})"
    if wanted.host:  # narrows it down; the host itself is compared outside
        escaped = wanted.host.lower().replace("!", "!!").replace("%", "!%").replace("_", "!_")
        params.append(f"%{escaped}%")
        where += f" AND lower(url) LIKE ?{len(params) + 3} ESCAPE '!'"
    return where, params


def is_at(url: str, host: str) -> bool:
    """Tell whether an address is on a host; ports count only where the host is given with one."""
    parts = urlsplit(url)
    return host.lower() in (parts.netloc.lower(), parts.hostname)


async def _with_tries(tx: Tx, row: Row) -> Callback:
    id, message = row[0], row[6]
    lines = await tx.query(
        "SELECT at, detail FROM events WHERE message = ?1 AND id > ?2 AND kind = 'callback' AND detail LIKE ?3"
        " ORDER BY id",
        message,
        id,
        f"% #{id}",
    )
    return Callback(Notice(*row[:10]), row[10], tuple(Try(at, *read_try(detail)) for at, detail in lines))
