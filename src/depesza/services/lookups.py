"""Numbers that networks are asked about: asked and charged, carried out, answered, given back. spec: ovh/4.8

`ask` writes them down as one request; the engine (`engine/inquirer.py`) takes pages of them to connectors with
`claim` and writes what came with `settle`. A row is `doing` only while this process waits for a connector, so
what a crash leaves is asked again (`again`, or `adopt_lookups` for a node that is gone).
"""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from depesza.core import ledger, quota
from depesza.core.facts import Account, User
from depesza.core.lookup import OPEN, Finding, LookupFact, outcome
from depesza.core.model import Channel
from depesza.services import notices, orders
from depesza.store.tx import Row, Tx

NOTE = "lookup"
"""Stands in the entries of look-ups."""

_COLUMNS = "id, request, account, wallet, number, price, status, created, done, connector, finding"
_write = msgspec.json.Encoder().encode
_read = msgspec.json.Decoder(Finding).decode


class Lookup(Struct, frozen=True, gc=False):
    """One number that was asked about."""

    id: int
    request: int
    account: int
    wallet: int
    """Who paid."""
    number: str
    price: int
    """Micro-credits; given back when the status is `error`."""
    status: str
    """`todo`, `doing`, `done`, or `error` when nobody could answer."""
    created: int
    done: int
    connector: int
    """Who was asked; 0 when it was the numbering plan."""
    finding: Finding | None


class Asked(Struct, frozen=True, gc=False):
    """A request that was taken."""

    request: int
    ids: tuple[int, ...]
    """In the order of the numbers."""
    price: int
    balance: int
    """Left on the wallet that paid."""


class Progress(Struct, frozen=True, gc=False):
    """How far a request is."""

    total: int
    open: int


async def ask(
    tx: Tx,
    account: Account,
    numbers: Sequence[str],
    price: int,
    now: int,
    user: User | None = None,
    dialect: str = "",
    tag: str = "",
) -> Asked:
    """Ask about numbers (E.164) at a price each, in micro-units; raises `ledger.NotEnoughCredits`.

    What comes of it is told in the words of `dialect`, where one is named; `tag` is the client's id. For an account
    whose sending is virtual the numbering answers at once, for nothing.
    """
    price = 0 if account.virtual else price
    payer, request, total = quota.payer(account, user), tx.new_id(), price * len(numbers)
    wallet = await tx.wallet(payer)
    if total:
        await tx.book(
            ledger.charge(payer, total, request, now, tx.new_id(), NOTE, account.currency),
            quota.limit(account, user, tx.facts),
        )
        await orders.recredit(tx, account, now)
    ids = tuple([tx.new_id() for _ in numbers])
    for id, number in zip(ids, numbers, strict=True):
        finding = tx.facts.numbering.find(number) if account.virtual else None
        status, done = ("done", now) if finding is not None else ("todo", 0)
        tx.insert(
            "lookups",
            (
                id, request, account.id, payer, number, price, status, now, done, 0, tx.node,
                _write(finding) if finding is not None else None, dialect, tag,
            ),
        )  # fmt: skip
        if finding is not None:
            _tell(tx, account, (id, account.id, payer, price, number, dialect, tag), status, finding, now)
    if ids and not account.virtual:
        tx.work.lookups = True
    return Asked(request, ids, total, wallet.balance)


# looked at


async def show(tx: Tx, account: int, id: int) -> Lookup | None:
    """Find a look-up of an account."""
    rows = await tx.query(f"SELECT {_COLUMNS} FROM lookups WHERE account = ?1 AND id = ?2", account, id)
    return _lookup(rows[0]) if rows else None


async def listing(tx: Tx, account: int) -> list[int]:
    """List the ids of an account's look-ups, the newest first."""
    return [row[0] for row in await tx.query("SELECT id FROM lookups WHERE account = ?1 ORDER BY id DESC", account)]


async def page(tx: Tx, request: int, after: int, limit: int) -> list[Lookup]:
    """Read the look-ups of a request behind a given one, in the order in which they were asked."""
    rows = await tx.query(
        f"SELECT {_COLUMNS} FROM lookups WHERE request = ?1 AND id > ?2 ORDER BY id LIMIT ?3", request, after, limit
    )
    return [_lookup(row) for row in rows]


async def progress(tx: Tx, request: int) -> Progress:
    """Tell how far a request is."""
    rows = await tx.query("SELECT status, COUNT(*) FROM lookups WHERE request = ?1 GROUP BY status", request)
    counts = {row[0]: row[1] for row in rows}
    return Progress(sum(counts.values()), sum(counts.get(status, 0) for status in OPEN))


def _lookup(row: Row) -> Lookup:
    finding = _read(bytes(row[10])) if row[10] is not None else None
    return Lookup(*(*row[:10], finding))


# carried out


async def waiting(tx: Tx, after: int, limit: int) -> list[Lookup]:
    """Read a page of what this node has to carry out, the oldest first."""
    rows = await tx.query(
        f"SELECT {_COLUMNS} FROM lookups WHERE node = ?1 AND id > ?2 AND status IN ('todo', 'doing')"
        " AND status = 'todo' ORDER BY id LIMIT ?3",
        tx.node,
        after,
        limit,
    )
    return [_lookup(row) for row in rows]


async def claim(tx: Tx, ids: Sequence[int], connector: int) -> None:
    """Mark look-ups as handed to a connector."""
    if ids:
        among = ", ".join(map(str, ids))
        tx.write(
            f"UPDATE lookups SET status = 'doing', connector = ?1 WHERE id IN ({among}) AND status = 'todo'", connector
        )


async def again(tx: Tx) -> None:
    """Let what a crash of this node left half done be asked again."""
    tx.write(
        "UPDATE lookups SET status = 'todo' WHERE node = ?1 AND status IN ('todo', 'doing') AND status = 'doing'",
        tx.node,
    )


async def settle(tx: Tx, findings: Mapping[int, Finding | None], now: int) -> None:
    """Write what came of look-ups, by id; one without a finding failed, and its price is given back."""
    for row in await tx.rows_for("lookup_prices", [(id,) for id in findings]):
        id, owner, wallet, price = row[:4]
        finding = findings[id]
        status = "done" if finding is not None else "error"
        tx.update("lookup_done", (id, status, now, _write(finding) if finding is not None else None))
        account = tx.facts.account.get(owner)
        if account is None:
            continue
        if price and finding is None:
            user = tx.facts.user.get(wallet)  # one that has gone, or has no quota any more, left its credits here
            payer = quota.payer(account, user)
            await tx.book(ledger.refund(payer, price, id, now, tx.new_id(), NOTE, account.currency))
        _tell(tx, account, row, status, finding, now)


def _tell(tx: Tx, account: Account, row: Row, status: str, finding: Finding | None, now: int) -> None:
    """Write down that the client must be told, if its vendor tells of look-ups."""
    id, _, _, price, number, dialect, tag = row
    if dialect:
        state, refusal = outcome(status, finding)
        fact = LookupFact(id, state, refusal, now, "", number, tag, 1, price, Channel.HLR, finding=finding)
        notices.owe_receipt(tx, account, None, dialect, fact)
