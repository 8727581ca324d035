"""Lists of receivers: loaded from a file into a slot, or for one job only. spec: ovh/4.4"""

import msgspec
from msgspec import Struct

from depesza.core import planning
from depesza.core.planning import Policy
from depesza.store.tx import Row, Tx
from depesza.wire import csvlist

SLOTS = 9
"""Slots 1-9 of an account (spec: ovh/4.4)."""

_COLUMNS = "id, account, slot, description, url, auto_update, records, loaded"
_fields = msgspec.json.Decoder(dict[str, str]).decode
_encode = msgspec.json.Encoder().encode


class Audience(Struct, frozen=True):
    """A list of receivers."""

    id: int
    account: int
    slot: int
    """1-9; minus its id when it serves one job only."""
    description: str
    url: str
    auto_update: bool
    records: int
    loaded: int


class Line(Struct, frozen=True, gc=False):
    """One receiver of a list."""

    n: int
    number: str
    fields: dict[str, str]


class Draft(Struct, frozen=True):
    """A file, read and checked, ready to be written."""

    lines: tuple[tuple[str, dict[str, str]], ...]
    """E.164 number and cells of each usable row."""
    skipped: int
    csv: str


def check(file: csvlist.List, policy: Policy) -> Draft:
    """Keep the rows whose number can be written to, each number once."""
    numbers = [line.number for line in file.lines]
    targets, refused = planning.read_receivers(numbers, policy)
    lines = tuple([(target.e164, file.lines[target.index].fields) for target in targets])
    return Draft(lines, len(refused), file.text)


async def load(
    tx: Tx, account: int, slot: int, description: str, url: str, auto_update: bool, draft: Draft, now: int
) -> Audience:
    """Write a list into a slot, in place of the one that was there; slot 0 makes one for a single job."""
    old = await in_slot(tx, account, slot) if slot else None
    id = tx.new_id()
    if old is not None:
        tx.write("DELETE FROM audiences WHERE id = ?1", old.id)
        await _drop_rows(tx, old.id)
    audience = Audience(id, account, slot or -id, description, url, auto_update, len(draft.lines), now)
    tx.write(
        f"INSERT INTO audiences ({_COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        id, account, audience.slot, description, url, int(auto_update), audience.records, now,
    )  # fmt: skip
    if slot:
        tx.write("INSERT INTO audience_files (audience, csv) VALUES (?1, ?2)", id, draft.csv)
    for n, (number, fields) in enumerate(draft.lines, 1):
        tx.insert("audience_rows", (id, n, number, _encode(fields).decode()))
    return audience


async def slots(tx: Tx, account: int) -> list[int]:
    """List the slots in use."""
    rows = await tx.query("SELECT slot FROM audiences WHERE account = ?1 AND slot > 0 ORDER BY slot", account)
    return [row[0] for row in rows]


async def in_slot(tx: Tx, account: int, slot: int) -> Audience | None:
    """Find the list in a slot."""
    rows = await tx.query(f"SELECT {_COLUMNS} FROM audiences WHERE account = ?1 AND slot = ?2", account, slot)
    return _audience(rows[0]) if rows else None


def _audience(row: Row) -> Audience:
    return Audience(row[0], row[1], row[2], row[3], row[4], bool(row[5]), row[6], row[7])


async def csv_of(tx: Tx, account: int, slot: int) -> str | None:
    """Give the file of a slot as it was loaded."""
    rows = await tx.query(
        "SELECT f.csv FROM audiences a JOIN audience_files f ON f.audience = a.id WHERE a.account = ?1 AND a.slot = ?2",
        account,
        slot,
    )
    return str(rows[0][0]) if rows else None


async def change(tx: Tx, account: int, slot: int, description: str | None, auto_update: bool | None) -> bool:
    """Change what is given of a list; False when the slot is empty."""
    old = await in_slot(tx, account, slot)
    if old is None:
        return False
    tx.write(
        "UPDATE audiences SET description = ?2, auto_update = ?3 WHERE id = ?1",
        old.id,
        old.description if description is None else description,
        int(old.auto_update if auto_update is None else auto_update),
    )
    return True


async def delete(tx: Tx, account: int, slot: int) -> bool:
    """Empty a slot; False when it is."""
    old = await in_slot(tx, account, slot)
    if old is None:
        return False
    tx.write("DELETE FROM audiences WHERE id = ?1", old.id)
    await _drop_rows(tx, old.id)
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


async def release(tx: Tx, audience: int) -> None:
    """Forget the rows of a list that nobody needs any more, now that a job with it has ended."""
    rows = await tx.query("SELECT slot FROM audiences WHERE id = ?1", audience)
    if rows and rows[0][0] > 0:
        return
    others = await _jobs(tx, audience)
    if others <= 1:  # the one that ends
        tx.write("DELETE FROM audiences WHERE id = ?1", audience)
        _forget(tx, audience)


async def _drop_rows(tx: Tx, audience: int) -> None:
    """Forget the rows of a replaced list, unless a job still runs through them: then its end forgets them."""
    if not await _jobs(tx, audience):
        _forget(tx, audience)


def _forget(tx: Tx, audience: int) -> None:
    tx.write("DELETE FROM audience_rows WHERE audience = ?1", audience)
    tx.write("DELETE FROM audience_files WHERE audience = ?1", audience)


async def _jobs(tx: Tx, audience: int) -> int:
    rows = await tx.query("SELECT COUNT(*) FROM campaigns WHERE audience = ?1 AND status = 'running'", audience)
    return int(rows[0][0])
