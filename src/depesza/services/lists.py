"""What clients look up: messages sent, waiting and received, and stop lists; found, shown and removed.

Lists give ids, the newest first. A message is created a moment before its id is made, so a range of dates is a
range of ids with room at its end, and the exact time decides. spec: ovh/1.9 ovh/2
"""

from collections.abc import Sequence

from msgspec import Struct

from depesza.core import ids
from depesza.core.lifecycle import News
from depesza.core.model import MICRO, State
from depesza.core.phone import spellings
from depesza.services import progress
from depesza.store.tx import Cell, Row, Tx

MOST = 100_000
"""Ids in one answer."""
LATE = 10 * MICRO
"""A message that waits longer than this for a free link counts as waiting, not as sent."""
_ROOM = 3_600 * MICRO
"""How much later than its submission an id may be made."""


class Fates(Struct, frozen=True):
    """Some states, for some reasons."""

    states: tuple[State, ...]
    refusals: tuple[str, ...] | None = None
    """None: whatever the reason."""
    others: bool = False
    """True: every reason but these."""


class Search(Struct, frozen=True, kw_only=True):
    """What a list shall hold; what is None, 0 or empty does not matter."""

    user: int = 0
    number: str = ""
    """One of the account's own numbers: what left from it, or came to it."""
    since: int = 0
    until: int = 0
    """Both inclusive, microseconds."""
    tag: str = ""
    sender: str = ""
    receiver: str = ""
    deferred: int | None = None
    batch: str = ""
    fates: tuple[tuple[Fates, ...], ...] = ()
    """One of each group must fit; an empty group fits nothing."""


class Sent(Struct, frozen=True, gc=False):
    """One message as a client sees it."""

    id: int
    user: int
    receiver: str
    parts: int
    price: int
    state: State
    refusal: str
    attempts: int
    sent: int
    done: int
    created: int
    sender: str
    text: str
    tag: str
    alphabet: str
    deferred: int
    batch: str


class Received(Struct, frozen=True, gc=False):
    """One text received."""

    id: int
    at: int
    sender: str
    recipient: str
    text: str
    tag: str
    message: int
    price: int


class Stopped(Struct, frozen=True, gc=False):
    """A number on a stop list."""

    number: str
    created: int
    message: int
    batch: str


class _Where:
    """Conditions and their parameters, put together."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.params: list[Cell] = []

    def param(self, value: Cell) -> str:
        """Keep a value; gives its mark."""
        self.params.append(value)
        return f"?{len(self.params)}"

    def add(self, sql: str, *values: Cell) -> None:
        """Add a condition, with `{}` for each value."""
        self.parts.append(sql.format(*map(self.param, values)))

    @property
    def sql(self) -> str:
        """All of them."""
        return " AND ".join(self.parts)


# what was sent

_SHOWN = "m.hidden = 0 AND m.state <> 14 AND NOT (m.state = 0 AND m.attempts = 0)"
"""The history: neither removed nor cancelled, nor waiting for its first try."""
_JOINED = "messages m JOIN submissions s ON s.id = m.submission"
_SENT = (
    "m.id, m.user_id, m.receiver, m.parts, m.price, m.state, m.refusal, m.attempts, m.sent, m.done,"
    " s.created, s.sender, COALESCE(m.text, s.text), s.tag, s.alphabet, s.deferred, s.batch"
)


async def outgoing(tx: Tx, account: int, search: Search) -> list[int]:
    """List the messages that have left, or are about to."""
    where, joined = _outgoing(account, search)
    source = _JOINED if joined else "messages m"
    rows = await tx.query(f"SELECT m.id FROM {source} WHERE {where.sql} ORDER BY m.id DESC LIMIT {MOST}", *where.params)
    return [row[0] for row in rows]


async def outgoing_page(tx: Tx, account: int, search: Search, after: int, limit: int) -> list[Sent]:
    """Read the messages behind a given one that have left, or are about to, the oldest first."""
    where, _ = _outgoing(account, search)
    where.add("m.id > {}", after)
    rows = await tx.query(f"SELECT {_SENT} FROM {_JOINED} WHERE {where.sql} ORDER BY m.id LIMIT {limit}", *where.params)
    return [_sent(row) for row in rows]


def _outgoing(account: int, search: Search) -> tuple[_Where, bool]:
    """Write what belongs to a list; tells whether the submission decides it too."""
    where = _Where()
    where.add("m.account = {}", account)
    where.parts.append(_SHOWN)
    if search.user:
        where.add("m.user_id = {}", search.user)
    if search.receiver:
        where.add("m.receiver = {}", search.receiver)
    joined = _search_submission(where, search)
    for group in search.fates:
        where.parts.append(_one_of(where, group))
    return where, joined


def _search_submission(where: _Where, search: Search) -> bool:
    """Add what the submission decides; tells whether there is such a condition."""
    before = len(where.parts)
    if search.since:
        where.add("m.id >= {} AND s.created >= {}", ids.first_at(search.since), search.since)
    if search.until:
        where.add("m.id <= {} AND s.created <= {}", ids.first_at(search.until + _ROOM), search.until)
    for column, value in (
        ("tag", search.tag),
        ("sender", search.sender),
        ("sender", search.number),
        ("batch", search.batch),
    ):
        if value:
            where.add(f"s.{column} = {{}}", value)
    if search.deferred is not None:
        where.add("s.deferred = {}", search.deferred)
    return len(where.parts) > before


def _one_of(where: _Where, group: Sequence[Fates]) -> str:
    """Write "one of these fates"; states are our own numbers, so they stand in the text."""
    found = []
    for fates in group:
        sql = f"m.state IN ({', '.join(str(int(state)) for state in fates.states)})"
        if fates.refusals is not None:
            marks = ", ".join(map(where.param, fates.refusals))
            sql += f" AND m.refusal {'NOT IN' if fates.others else 'IN'} ({marks})"
        found.append(f"({sql})")
    return f"({' OR '.join(found)})" if found else "1 = 0"


async def waiting(tx: Tx, account: int, user: int, now: int, number: str = "") -> list[int]:
    """List the messages that are still here: scheduled, or queued for so long that their link must be down."""
    ours = "+account = ?1 AND hidden = 0"
    params: list[Cell] = [account]
    if user:
        params.append(user)
        ours += f" AND user_id = ?{len(params)}"
    if number:
        params.append(number)
        ours += f" AND submission IN (SELECT id FROM submissions WHERE sender = ?{len(params)} AND account = ?1)"
    # the plus keeps the planner on the partial indexes, which hold only what waits
    scheduled = await tx.query(f"SELECT id FROM messages WHERE state = 0 AND due >= 0 AND {ours}", *params)
    params.append(ids.first_at(now - LATE))
    queued = await tx.query(
        "SELECT id FROM messages WHERE state IN (1, 2) AND state = 1 AND node >= -1"
        f" AND {ours} AND id < ?{len(params)}",
        *params,
    )
    return sorted((row[0] for row in (*scheduled, *queued)), reverse=True)[:MOST]


async def message(tx: Tx, account: int, id: int, user: int = 0, number: str = "") -> Sent | None:
    """Read one message, whatever its state; with a user or a number, only if it is theirs."""
    rows = await tx.query(
        f"SELECT {_SENT} FROM {_JOINED} WHERE m.id = ?1 AND m.account = ?2 AND m.hidden = 0",
        id,
        account,
    )
    if not rows or (user and rows[0][1] != user) or (number and rows[0][11] != number):
        return None
    return _sent(rows[0])


def _sent(row: Row) -> Sent:
    id, user, receiver, parts, price, state = row[:6]
    return Sent(id, user, receiver, parts, price, State(state), *row[6:17])


def is_waiting(sent: Sent) -> bool:
    """Tell whether a message can still be taken back."""
    return sent.state in (State.SCHEDULED, State.QUEUED, State.HELD)


def is_shown(sent: Sent) -> bool:
    """Tell whether a message belongs to the history."""
    return sent.state is not State.CANCELLED and not (sent.state is State.SCHEDULED and not sent.attempts)


async def cancel(tx: Tx, account: int, id: int, user: int, now: int, number: str = "") -> bool:
    """Take a waiting message back and give its price back; False when it has left."""
    found = await message(tx, account, id, user, number)
    if found is None or not is_waiting(found):
        return False
    return bool(await progress.end(tx, [id], News.CANCEL, "cancelled", now))


async def hide(tx: Tx, account: int, id: int, user: int = 0, number: str = "") -> bool:
    """Remove a message from the history (the books keep it); False when it is not there."""
    found = await message(tx, account, id, user, number)
    if found is None or not is_shown(found):
        return False
    tx.write("UPDATE messages SET hidden = 1 WHERE id = ?1", id)
    return True


# what was received

_RECEIVED = "id, at, sender, recipient, text, tag, message, price"


async def incoming(tx: Tx, account: int, search: Search) -> list[int]:
    """List the texts received; only `user`, `number`, dates, `sender` and `tag` are looked at."""
    where = _incoming(account, search)
    rows = await tx.query(f"SELECT id FROM inbounds WHERE {where.sql} ORDER BY id DESC LIMIT {MOST}", *where.params)
    return [row[0] for row in rows]


async def incoming_page(tx: Tx, account: int, search: Search, after: int, limit: int) -> list[Received]:
    """Read the texts received behind a given one, the oldest first."""
    where = _incoming(account, search)
    where.add("id > {}", after)
    rows = await tx.query(
        f"SELECT {_RECEIVED} FROM inbounds WHERE {where.sql} ORDER BY id LIMIT {limit}", *where.params
    )
    return [Received(*row) for row in rows]


def _incoming(account: int, search: Search) -> _Where:
    where = _Where()
    where.add("account = {}", account)
    for column, value in (("user_id", search.user), ("sender", search.sender), ("tag", search.tag)):
        if value:
            where.add(f"{column} = {{}}", value)
    if search.number:
        where.add("recipient IN ({}, {}, {})", *spellings(search.number))
    if search.since:
        where.add("at >= {}", search.since)
    if search.until:
        where.add("at <= {}", search.until)
    return where


async def received(tx: Tx, account: int, id: int, user: int = 0, number: str = "") -> Received | None:
    """Read one text received; with a user or a number, only if it is theirs."""
    rows = await tx.query(
        f"SELECT {_RECEIVED}, user_id FROM inbounds WHERE id = ?1 AND account = ?2",
        id,
        account,
    )
    if not rows or (user and rows[0][8] != user) or (number and rows[0][3] not in spellings(number)):
        return None
    return Received(*rows[0][:8])


async def forget(tx: Tx, account: int, id: int, user: int = 0, number: str = "") -> bool:
    """Delete a text received; False when it is not there."""
    if await received(tx, account, id, user, number) is None:
        return False
    tx.write("DELETE FROM inbounds WHERE id = ?1", id)
    return True


# who asked for silence


async def stopped(tx: Tx, account: int, batch: str = "", message: int = 0) -> list[str]:
    """List the numbers on an account's stop list, the newest first."""
    where = _Where()
    where.add("account = {}", account)
    if batch:
        where.add("batch = {}", batch)
    if message:
        where.add("message = {}", message)
    rows = await tx.query(
        f"SELECT number FROM optouts WHERE {where.sql} ORDER BY created DESC, number LIMIT {MOST}",
        *where.params,
    )
    return [row[0] for row in rows]


async def stop_of(tx: Tx, account: int, number: str) -> Stopped | None:
    """Read one number of the stop list."""
    rows = await tx.query(
        "SELECT number, created, message, batch FROM optouts WHERE account = ?1 AND number = ?2",
        account,
        number,
    )
    return Stopped(*rows[0]) if rows else None


async def allow(tx: Tx, account: int, number: str) -> bool:
    """Take a number off the stop list; False when it is not on it."""
    if await stop_of(tx, account, number) is None:
        return False
    tx.write("DELETE FROM optouts WHERE account = ?1 AND number = ?2", account, number)
    (await tx.wallet(account)).optouts -= 1
    return True
