"""Lists of receivers: in the slots of an account or of a user, or for one job only. spec: ovh/4.4

A list is written page by page, each page in a commit of its own (`stage`, `add`), and appears whole: `place` puts it
into its slot in one commit. What it replaces is deleted page by page too, when the last job with it has ended.
"""

from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Struct

from depesza.core import ids, planning
from depesza.core.planning import Policy
from depesza.services.errands import OVER, Step
from depesza.store.tx import Row, Tx
from depesza.wire import csvlist, gsm

SLOTS = 9
"""Slots 1-9 of an account, and of each user (spec: ovh/4.4)."""
PAGE = 1_000
"""Rows written, or deleted, in one step."""
TEXTS = 16
"""Pages of the file deleted in one step."""
MOST_REFUSED = 1_000
"""Rows at fault that are remembered one by one."""

_COLUMNS = "id, account, user_id, slot, description, url, auto_update, records, skipped, loaded, status"
_fields = msgspec.json.Decoder(dict[str, str]).decode
_encode = msgspec.json.Encoder().encode


class Audience(Struct, frozen=True):
    """A list of receivers."""

    id: int
    account: int
    user: int
    """0 for a list of the account itself."""
    slot: int
    """1-9; minus its id when no slot shows it."""
    description: str
    url: str
    auto_update: bool
    records: int
    skipped: int
    """Rows of the file that can't be used."""
    loaded: int
    status: str
    """`loading`, `ready` or `gone`."""


class Line(Struct, frozen=True, gc=False):
    """One receiver of a list."""

    n: int
    number: str
    fields: dict[str, str]


class Page(Struct, frozen=True):
    """Some rows of a file, read and checked."""

    lines: Sequence[tuple[str, dict[str, str]]]
    """E.164 number and cells of each usable row, each number once a page."""
    refused: Sequence[str]
    """Receivers of the rows that are of no use, as written."""
    text: str
    """The file's text that the rows were read from."""


class Staged(Struct, frozen=True):
    """A list that is complete but not in use yet."""

    id: int
    records: int
    skipped: int
    refused: tuple[str, ...]
    """The first receivers that were refused, as written."""


def pages(file: csvlist.Reader, policy: Policy, size: int = PAGE) -> Iterator[Page]:
    """Read a file page by page, and check its rows; raises `BadList`."""
    lines: list[csvlist.Line] = []
    for line in file:
        lines.append(line)
        if len(lines) == size:
            yield check(lines, file.text(), policy)
            lines = []
    yield check(lines, file.text(), policy)


def check(lines: Sequence[csvlist.Line], text: str, policy: Policy) -> Page:
    """Keep the rows whose number can be written to and whose other cells are of the GSM alphabet."""
    targets, refused = planning.read_receivers([line.number for line in lines], policy)
    usable: list[tuple[str, dict[str, str]]] = []
    for target in targets:
        line = lines[target.index]
        if gsm.compact("".join(line.fields.values())) is None:
            refused.append(line.number)
        else:
            usable.append((target.e164, line.fields))
    return Page(usable, refused, text)


# written page by page


async def stage(tx: Tx, account: int, now: int) -> int:
    """Begin a list that nobody sees yet; gives its id."""
    id = tx.new_id()
    tx.write(
        f"INSERT INTO audiences ({_COLUMNS}, node) VALUES (?1, ?2, 0, ?3, '', '', 0, 0, 0, ?4, 'loading', ?5)",
        id, account, -id, now, tx.node,
    )  # fmt: skip
    return id


async def add(tx: Tx, id: int, n: int, page: Page) -> None:
    """Write page `n` (from 0); a number that an earlier page has is left out."""
    for place, (number, fields) in enumerate(page.lines, n * PAGE + 1):
        tx.insert("audience_rows", (id, place, number, _encode(fields).decode()))
    if page.text:
        tx.insert("audience_pages", (id, n, page.text))
    if page.refused:
        tx.write("UPDATE audiences SET skipped = skipped + ?2 WHERE id = ?1", id, len(page.refused))


async def count(tx: Tx, id: int) -> int:
    """Count the rows of a list."""
    return int((await tx.query("SELECT COUNT(*) FROM audience_rows WHERE audience = ?1", id))[0][0])


async def place(
    tx: Tx, list: Staged, account: int, user: int, slot: int, description: str, url: str, auto_update: bool, now: int
) -> Audience:
    """Put a list into a slot, in place of the one that was there."""
    old = await in_slot(tx, account, user, slot)
    if old is not None:
        await _drop(tx, old)
    found = Audience(
        list.id, account, user, slot, description, url, auto_update, list.records, list.skipped, now, "ready"
    )
    tx.write(
        "UPDATE audiences SET user_id = ?2, slot = ?3, description = ?4, url = ?5, auto_update = ?6, records = ?7,"
        " loaded = ?8, status = 'ready' WHERE id = ?1",
        list.id, user, slot, description, url, int(auto_update), list.records, now,
    )  # fmt: skip
    return found


async def lend(tx: Tx, list: Staged, account: int, now: int) -> Audience:
    """Let a list serve one job."""
    tx.write(
        "UPDATE audiences SET status = 'ready', records = ?2, loaded = ?3 WHERE id = ?1", list.id, list.records, now
    )
    return Audience(list.id, account, 0, -list.id, "", "", False, list.records, list.skipped, now, "ready")


async def abandon(tx: Tx, id: int) -> None:
    """Give up a list that was not put to use."""
    tx.write("UPDATE audiences SET status = 'gone' WHERE id = ?1 AND status = 'loading'", id)
    tx.work.errands = True


async def abandon_all(tx: Tx, before: int) -> None:
    """Give up what an earlier life of this node was loading, before a time."""
    tx.write(
        "UPDATE audiences SET status = 'gone' WHERE node = ?1 AND status = 'loading' AND id < ?2",
        tx.node,
        ids.first_at(before),
    )


# slots


async def slots(tx: Tx, account: int, user: int) -> list[int]:
    """List the slots in use, of an account (user 0) or of one of its users."""
    rows = await tx.query(
        "SELECT slot FROM audiences WHERE account = ?1 AND user_id = ?2 AND slot > 0 ORDER BY slot", account, user
    )
    return [row[0] for row in rows]


async def in_slot(tx: Tx, account: int, user: int, slot: int) -> Audience | None:
    """Find the list in a slot."""
    rows = await tx.query(
        f"SELECT {_COLUMNS} FROM audiences WHERE account = ?1 AND user_id = ?2 AND slot = ?3 AND slot > 0",
        account, user, slot,
    )  # fmt: skip
    return _audience(rows[0]) if rows else None


async def for_job(tx: Tx, account: int, user: int, slot: int) -> Audience | None:
    """Find the list that a job means: a user's own one, else the account's."""
    own = await in_slot(tx, account, user, slot) if user else None
    return own or await in_slot(tx, account, 0, slot)


async def find(tx: Tx, id: int) -> Audience | None:
    """Read a list."""
    rows = await tx.query(f"SELECT {_COLUMNS} FROM audiences WHERE id = ?1", id)
    return _audience(rows[0]) if rows else None


def _audience(row: Row) -> Audience:
    return Audience(*(*row[:6], bool(row[6]), *row[7:]))


async def csv_of(tx: Tx, id: int) -> str:
    """Give the file of a list as it was loaded."""
    rows = await tx.query("SELECT csv FROM audience_pages WHERE audience = ?1 ORDER BY n", id)
    return "".join(row[0] for row in rows)


async def change(tx: Tx, account: int, user: int, slot: int, description: str | None, auto_update: bool | None) -> bool:
    """Change what is given of a list; False when the slot is empty."""
    old = await in_slot(tx, account, user, slot)
    if old is None:
        return False
    tx.write(
        "UPDATE audiences SET description = ?2, auto_update = ?3 WHERE id = ?1",
        old.id,
        old.description if description is None else description,
        int(old.auto_update if auto_update is None else auto_update),
    )
    return True


async def delete(tx: Tx, account: int, user: int, slot: int) -> bool:
    """Empty a slot; False when it is."""
    old = await in_slot(tx, account, user, slot)
    if old is None:
        return False
    await _drop(tx, old)
    return True


async def page(tx: Tx, audience: int, after: int, limit: int) -> list[Line]:
    """Read the rows behind a given one."""
    rows = await tx.query(
        "SELECT n, number, fields FROM audience_rows WHERE audience = ?1 AND n > ?2 ORDER BY n LIMIT ?3",
        audience,
        after,
        limit,
    )
    return [Line(row[0], row[1], _fields(row[2])) for row in rows]


async def remove(tx: Tx, audience: int, lines: Sequence[Line]) -> None:
    """Take rows out of a list."""
    for line in lines:
        tx.write("DELETE FROM audience_rows WHERE audience = ?1 AND n = ?2", audience, line.n)
    tx.write("UPDATE audiences SET records = records - ?2 WHERE id = ?1", audience, len(lines))


# their end


async def release(tx: Tx, audience: int) -> None:
    """Forget a list that no slot shows, now that one of its jobs ends, unless another job runs through it."""
    rows = await tx.query("SELECT slot FROM audiences WHERE id = ?1", audience)
    if rows and rows[0][0] < 0 and await _users(tx, audience) <= 1:  # the one that ends
        _forget(tx, audience)


async def _drop(tx: Tx, old: Audience) -> None:
    """Take a list out of its slot; while a job runs through it, its end forgets it."""
    tx.write("UPDATE audiences SET slot = -id WHERE id = ?1", old.id)
    if not await _users(tx, old.id):
        _forget(tx, old.id)


def _forget(tx: Tx, audience: int) -> None:
    tx.write("UPDATE audiences SET status = 'gone', node = ?2 WHERE id = ?1", audience, tx.node)
    tx.work.errands = True


async def _users(tx: Tx, audience: int) -> int:
    """Count the campaigns and tasks that still read a list."""
    rows = await tx.query(
        "SELECT (SELECT COUNT(*) FROM campaigns WHERE audience = ?1 AND status = 'running')"
        " + (SELECT COUNT(*) FROM tasks WHERE audience = ?1 AND status IN ('todo', 'doing'))",
        audience,
    )
    return int(rows[0][0])


async def sweep(tx: Tx, id: int) -> Step:
    """Delete the next page of a list that is gone."""
    for table, size in (("audience_pages", TEXTS), ("audience_rows", PAGE)):
        rows = await tx.query(f"SELECT n FROM {table} WHERE audience = ?1 ORDER BY n LIMIT ?2", id, size)
        if rows:
            tx.write(f"DELETE FROM {table} WHERE audience = ?1 AND n <= ?2", id, rows[-1][0])
            return Step(len(rows))
    tx.write("DELETE FROM audiences WHERE id = ?1 AND status = 'gone'", id)
    return OVER
