"""Long texts that a client sends in pieces, each of which it wants answered: kept on disk until the last one is there.

An answered piece is never lost: it becomes part of a message, or its sender is told that it did not. The whole is one
submission; each piece keeps the id that it was answered with, as a name of the message.
"""

from collections.abc import Callable, Sequence

from msgspec import Struct

from depesza.core.facts import Account, Facts
from depesza.core.fairness import Lanes
from depesza.core.model import MICRO, ReceiptFact, State, Submission
from depesza.core.planning import Policy
from depesza.services import notices
from depesza.services.changes import Taken, take
from depesza.store.tx import Row, Tx

PATIENCE = 3_600 * MICRO
"""Microseconds within which the others of a piece must come."""
MEMORY = 600 * MICRO
"""Microseconds for which the last piece of a whole is known again: its sender may not have heard our answer."""


class Piece(Struct, frozen=True):
    """One piece of a text."""

    source: str
    destination: str
    reference: int
    total: int
    number: int
    """From 1."""
    body: bytes
    """What `Whole` makes a submission of."""
    callback: str = ""
    """Where its own end is told, should it become part of nothing."""


class Kept(Struct, frozen=True):
    """A piece on disk."""

    id: int
    """What its sender was answered."""
    piece: Piece


Whole = Callable[[Facts, Account, Sequence[Kept]], Submission]
"""Makes one submission of all pieces, in their order; what it raises refuses them."""


class Placed(Struct, frozen=True):
    """What became of a piece."""

    id: int
    taken: Taken | None = None
    """The whole, when this was the last one missing."""


async def place(
    tx: Tx, account: Account, piece: Piece, whole: Whole, counts: bool, lanes: Lanes, policy: Policy, now: int
) -> Placed:
    """Keep a piece, or take the whole with it; raises what `whole` and `changes.take` raise: `refuse` must follow."""
    await tx.wallet(account.id)  # locks: two nodes must not both wait for the other's piece
    rows = await _open(tx, account.id, piece)
    twin = next((row for row in rows if row[1] == piece.number), None)
    if twin is not None and twin[2] == piece.body:
        return Placed(twin[0])
    done = await _repeated(tx, account.id, piece, now) if not rows else 0
    if done:
        return Placed(done)
    if twin is not None:  # its reference is used anew
        await _drop(tx, account, rows, piece, State.EXPIRED, "expired", now)
        rows = []
    kept = Kept(tx.new_id(), piece)
    here = [Kept(row[0], _piece(piece, row)) for row in rows] + [kept]
    if len(here) < piece.total:
        _insert(tx, account.id, kept, 0, now)
        return Placed(kept.id)
    here.sort(key=lambda one: one.piece.number)
    taken = await take(tx, account, whole(tx.facts, account, here), "", counts, lanes, policy, now)
    _join(tx, account, here, kept, taken, now)
    return Placed(kept.id, taken)


async def refuse(tx: Tx, account: Account, piece: Piece, refusal: str, now: int) -> None:
    """Forget the pieces that stand with one whose whole was refused; their senders are told."""
    await _drop(tx, account, await _open(tx, account.id, piece), piece, State.REJECTED, refusal, now)


async def expire(tx: Tx, now: int) -> int:
    """Forget pieces whose others never came, and those of wholes long done; gives how many were told."""
    rows = await tx.query(
        "SELECT id, account, source, destination, callback FROM segments WHERE message = 0 AND at < ?1 ORDER BY id"
        " LIMIT 1000",
        now - PATIENCE,
    )
    for id, owner, source, destination, callback in rows:
        account = tx.facts.account.get(owner)
        if account is not None:
            _tell(tx, account, id, source, destination, callback, State.EXPIRED, "expired", now)
        tx.write("DELETE FROM segments WHERE id = ?1", id)
    tx.write("DELETE FROM segments WHERE message > 0 AND at < ?1", now - MEMORY)
    return len(rows)


async def _open(tx: Tx, account: int, piece: Piece) -> list[Row]:
    return await tx.query(
        "SELECT id, number, body, callback FROM segments WHERE account = ?1 AND source = ?2 AND destination = ?3"
        " AND reference = ?4 AND total = ?5 AND message = 0 ORDER BY id",
        account, piece.source, piece.destination, piece.reference, piece.total,
    )  # fmt: skip


async def _repeated(tx: Tx, account: int, piece: Piece, now: int) -> int:
    """Find the last piece of a whole that was done a moment ago, when it comes again; 0 when this is none."""
    rows = await tx.query(
        "SELECT id, body FROM segments WHERE account = ?1 AND source = ?2 AND destination = ?3 AND reference = ?4"
        " AND total = ?5 AND number = ?6 AND message > 0 AND at >= ?7 ORDER BY id DESC LIMIT 1",
        account, piece.source, piece.destination, piece.reference, piece.total, piece.number, now - MEMORY,
    )  # fmt: skip
    return int(rows[0][0]) if rows and rows[0][1] == piece.body else 0


def _join(tx: Tx, account: Account, here: Sequence[Kept], last: Kept, taken: Taken, now: int) -> None:
    """Let all pieces' ids name the message; only the last piece is remembered."""
    tx.write(f"DELETE FROM segments WHERE id IN ({', '.join(str(one.id) for one in here)})")
    for receiver, message in taken.messages[:1]:
        _insert(tx, account.id, last, message, now)
        for one in here:
            tx.insert("client_refs", (account.id, str(one.id), receiver, message, ""))


def _insert(tx: Tx, account: int, kept: Kept, message: int, now: int) -> None:
    piece = kept.piece
    tx.write(
        "INSERT INTO segments (id, account, source, destination, reference, total, number, body, callback, message, at)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        kept.id, account, piece.source, piece.destination, piece.reference, piece.total, piece.number, piece.body,
        piece.callback, message, now,
    )  # fmt: skip


async def _drop(
    tx: Tx, account: Account, rows: Sequence[Row], piece: Piece, state: State, refusal: str, now: int
) -> None:
    for id, _, _, callback in rows:
        _tell(tx, account, id, piece.source, piece.destination, callback, state, refusal, now)
        tx.write("DELETE FROM segments WHERE id = ?1", id)


def _tell(
    tx: Tx, account: Account, id: int, source: str, destination: str, callback: str, state: State, refusal: str,
    now: int,
) -> None:  # fmt: skip
    if callback:
        fact = ReceiptFact(id, state, refusal, now, source, destination)
        notices.owe_receipt(tx, account, None, "", fact, callback)


def _piece(like: Piece, row: Row) -> Piece:
    return Piece(like.source, like.destination, like.reference, like.total, row[1], bytes(row[2]), row[3])
