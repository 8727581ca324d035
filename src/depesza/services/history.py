"""What became of an account's messages, look-ups among them, as a client asks for it: one by one or page by page.

A message is found by the client's id and the receiver (`services/refs.py`), or listed, the newest first. Numbers
that were looked up stand among the messages, with what was found. spec: smsc/3.1 smsc/3.11
"""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from depesza.core import ids, schedule
from depesza.core.facts import Account
from depesza.core.lifecycle import News
from depesza.core.lookup import Finding, outcome
from depesza.core.model import FINAL, MICRO, Channel, Extras, State
from depesza.core.phone import spellings
from depesza.services import progress
from depesza.services.lists import Received
from depesza.store.tx import Cell, Row, Tx

ROOM = 3_600 * MICRO
"""How much later than its submission a message's id may be made."""
AT_ONCE = 500
"""Names looked for in one query."""
_WAITING = (State.SCHEDULED, State.QUEUED, State.HELD)

_COLUMNS = (
    "m.id", "m.receiver", "s.tag", "m.state", "m.refusal", "m.parts", "m.price", "s.created", "m.due", "s.due",
    "m.sent", "m.done", "s.sender", "COALESCE(m.text, s.text)", "s.channel", "s.alphabet", "s.flash", "s.extras",
)  # fmt: skip
_MESSAGE = ", ".join(_COLUMNS)
_LOOKUP = "l.id, l.number, l.tag, l.status, l.price, l.created, l.done, l.finding"
_extras = msgspec.json.Decoder(Extras).decode
_finding = msgspec.json.Decoder(Finding).decode

Name = tuple[str, str]
"""The client's id of a message, and its receiver as it is stored."""


class Undeletable(Exception):
    """A message that is not there, or just leaves: nothing was deleted."""


class Item(Struct, frozen=True, gc=False):
    """A message, or a number that was looked up, with all that is told of it."""

    id: int
    receiver: str
    """E.164, or as the client wrote it."""
    ref: str
    """As the client calls it."""
    comment: str
    state: State
    refusal: str
    parts: int
    price: int
    created: int
    due: int
    """When it was to leave."""
    sent: int
    done: int
    sender: str
    text: str
    channel: Channel
    alphabet: str = ""
    flash: bool = False
    extras: Extras | None = None
    finding: Finding | None = None
    """Of a look-up that was answered."""
    paused: bool = False
    """It is held back with its campaign."""

    @property
    def changed(self) -> int:
        """When something last happened to it."""
        return self.done or self.sent or self.created

    @property
    def left(self) -> int:
        """When it left, or shall."""
        return self.sent or self.due or self.created


# found by name


async def named(tx: Tx, account: int, names: Sequence[Name]) -> list[Item | None]:
    """Find the newest message of each name; None where there is none."""
    found: list[Item | None] = []
    for start in range(0, len(names), AT_ONCE):
        found += await _named(tx, account, names[start : start + AT_ONCE])
    return found


async def _named(tx: Tx, account: int, names: Sequence[Name]) -> list[Item | None]:
    params: list[Cell] = [account]
    for name in names:
        params += name
    values = ", ".join(f"({n}, ?{2 * n + 2}, ?{2 * n + 3})" for n in range(len(names)))
    rows = await tx.query(
        f"WITH v (n, ref, receiver) AS (VALUES {values})"
        f" SELECT v.n, r.comment, {_MESSAGE}, {_LOOKUP} FROM v JOIN client_refs r"
        " ON r.account = ?1 AND r.ref = v.ref AND r.receiver = v.receiver AND r.message = (SELECT MAX(x.message)"
        " FROM client_refs x WHERE x.account = ?1 AND x.ref = v.ref AND x.receiver = v.receiver)"
        " LEFT JOIN messages m ON m.id = r.message LEFT JOIN submissions s ON s.id = m.submission"
        " LEFT JOIN lookups l ON l.id = r.message",
        *params,
    )
    found: list[Item | None] = [None] * len(names)
    for n, comment, *rest in rows:
        message, lookup = rest[: len(_COLUMNS)], rest[len(_COLUMNS) :]
        if message[0] is not None:
            found[n] = _of_message(message, comment)
        elif lookup[0] is not None:
            found[n] = _of_lookup(lookup, comment)
    return found


def _of_message(row: Row, comment: str) -> Item:
    id, receiver, ref, state, refusal, parts, price, created, due, first_due, sent, done = row[:12]
    sender, text, channel, alphabet, flash, extras = row[12:]
    scheduled = state == State.SCHEDULED and due > created
    paused = scheduled and schedule.is_away(due)
    if paused:
        due -= schedule.AWAY
    return Item(
        id, receiver, ref, comment, State(state), refusal, parts, price, created, due if scheduled else first_due,
        sent, done, sender, text, Channel(channel), alphabet, flash >= 0, _extras(extras) if extras else None,
        paused=paused,
    )  # fmt: skip


def _of_lookup(row: Row, comment: str) -> Item:
    id, number, ref, status, price, created, done, written = row
    finding = _finding(bytes(written)) if written is not None else None
    state, refusal = outcome(status, finding)
    return Item(
        id, number, ref, comment, state, refusal, 1, price, created, 0, 0, done, "", "", Channel.HLR, finding=finding
    )


async def delete(tx: Tx, account: int, names: Sequence[Name], now: int) -> None:
    """Delete messages: no list and no name leads to them any more, those that wait are taken back.

    The books keep them. Raises `Undeletable`.
    """
    waiting = []
    for name, item in zip(names, await named(tx, account, names), strict=True):
        if item is None or item.state is State.SENDING or (item.channel is Channel.HLR and item.state not in FINAL):
            raise Undeletable
        if item.state in _WAITING:
            waiting.append(item.id)
        tx.write("UPDATE messages SET hidden = 1 WHERE id = ?1 AND account = ?2", item.id, account)
        tx.write(
            "DELETE FROM client_refs WHERE account = ?1 AND ref = ?2 AND receiver = ?3 AND message = ?4",
            account, *name, item.id,
        )  # fmt: skip
    if len(await progress.end(tx, waiting, News.CANCEL, "cancelled", now)) < len(waiting):
        raise Undeletable


# listed


class Search(Struct, frozen=True, kw_only=True):
    """Which messages a list shall hold; what is 0 or empty does not matter."""

    since: int = 0
    until: int = 0
    """Exclusive."""
    before: int = 0
    """Those with smaller ids only: the next page."""
    receivers: tuple[str, ...] = ()
    mail: bool = False
    """Mails only; else all but mails."""


async def page(tx: Tx, account: int, search: Search, limit: int) -> list[Item]:
    """Read the newest messages of an account that fit."""
    messages = await tx.query(*_messages_of(account, search, limit))
    found = [_of_message(row[1:], row[0]) for row in messages]
    if search.mail:
        return found
    lookups = await tx.query(*_lookups_of(account, search, limit))
    found += [_of_lookup(row[1:], row[0]) for row in lookups]
    return sorted(found, key=lambda item: -item.id)[:limit]


def _messages_of(account: int, search: Search, limit: int) -> tuple[str, *tuple[Cell, ...]]:
    where, params = _bounds("m.id", "s.created", "m.receiver", account, search)
    channel = "=" if search.mail else "<>"
    return (
        f"SELECT COALESCE(r.comment, ''), {_MESSAGE} FROM messages m JOIN submissions s ON s.id = m.submission"
        " LEFT JOIN client_refs r ON r.account = m.account AND r.ref = s.tag AND r.receiver = m.receiver"
        " AND r.message = m.id"
        f" WHERE m.account = ?1 AND m.hidden = 0 AND s.channel {channel} 'mail'{where}"
        f" ORDER BY m.id DESC LIMIT {limit:d}",
        *params,
    )


def _lookups_of(account: int, search: Search, limit: int) -> tuple[str, *tuple[Cell, ...]]:
    where, params = _bounds("l.id", "l.created", "l.number", account, search)
    return (
        f"SELECT r.comment, {_LOOKUP} FROM lookups l JOIN client_refs r"
        " ON r.account = l.account AND r.ref = l.tag AND r.receiver = l.number AND r.message = l.id"
        f" WHERE l.account = ?1{where} ORDER BY l.id DESC LIMIT {limit:d}",
        *params,
    )


def _bounds(id: str, created: str, receiver: str, account: int, search: Search) -> tuple[str, list[Cell]]:
    """Write the conditions on id, time and receiver; the index on account and id narrows to the time."""
    params: list[Cell] = [account, ids.first_at(search.since), search.since]
    where = f" AND {id} >= ?2 AND {created} >= ?3"
    if search.until:
        params += (ids.first_at(search.until + ROOM), search.until)
        where += f" AND {id} < ?4 AND {created} < ?5"
    if search.before:
        params.append(search.before)
        where += f" AND {id} < ?{len(params)}"
    if search.receivers:
        marks = ", ".join(f"?{len(params) + n}" for n in range(1, len(search.receivers) + 1))
        params += search.receivers
        where += f" AND {receiver} IN ({marks})"
    return where, params


async def received(tx: Tx, account: int, since: int, after: int, number: str, limit: int) -> list[Received]:
    """Read texts that came in, the newest first: the last ones, or behind a given id the first ones.

    `number` is one of ours that they were sent to; empty for all.
    """
    params: list[Cell] = [account, since, max(after, ids.first_at(since - ROOM) - 1)]
    where = ""
    if number:
        forms = spellings(number)
        where = f" AND recipient IN ({', '.join(f'?{n}' for n in range(4, 4 + len(forms)))})"
        params += forms
    rows = await tx.query(
        "SELECT id, at, sender, recipient, text, tag, message, price FROM inbounds"
        f" WHERE account = ?1 AND at >= ?2 AND id > ?3{where} ORDER BY id {'ASC' if after else 'DESC'} LIMIT {limit:d}",
        *params,
    )
    return sorted([Received(*row) for row in rows], key=lambda row: -row.id)


# counted


class Sums(Struct, frozen=True):
    """What an account did in some time; money in micro-units."""

    count: int
    """Parts of what was sent, and numbers looked up."""
    spent: int
    """Less what was given back."""
    received: int
    balance: int
    """Left at the end."""


async def sums(tx: Tx, account: Account, since: int, until: int) -> Sums:
    """Sum up an account's messages and money from `since` to `until` (exclusive).

    What an account spends that another one pays for is the price of what it sent.
    """
    sent, prices = await _sent(tx, account.id, since, until)
    spent, got = await _moved(tx, account.wallet, since, until)
    balance = (await tx.wallet(account.wallet)).balance
    later_spent, later_got = await _moved(tx, account.wallet, until, 0)
    own = account.wallet == account.id
    return Sums(sent, spent if own else prices, got if own else 0, balance + later_spent - later_got)


async def _sent(tx: Tx, account: int, since: int, until: int) -> tuple[int, int]:
    """Count parts and look-ups of an account, and their prices."""
    bounds = account, ids.first_at(since), ids.first_at(until)
    (messages,) = await tx.query(
        "SELECT COALESCE(SUM(parts), 0), COALESCE(SUM(price), 0) FROM messages"
        f" WHERE account = ?1 AND id >= ?2 AND id < ?3 AND state NOT IN ({State.REJECTED:d}, {State.CANCELLED:d})",
        *bounds,
    )
    (lookups,) = await tx.query(
        "SELECT COUNT(*), COALESCE(SUM(price), 0) FROM lookups"
        " WHERE account = ?1 AND id >= ?2 AND id < ?3 AND status <> 'error'",
        *bounds,
    )
    return int(messages[0]) + int(lookups[0]), int(messages[1]) + int(lookups[1])


async def _moved(tx: Tx, wallet: int, since: int, until: int) -> tuple[int, int]:
    """Sum what a wallet spent, less refunds, and what it was given; `until` 0 for no end."""
    bounds = wallet, ids.first_at(since), ids.first_at(until) if until else 1 << 62
    within = "id >= ?2 AND id < ?3 GROUP BY kind"  # wallets up to 15 stand in no index
    spent = await tx.query(
        f"SELECT kind, SUM(amount) FROM entries WHERE source = ?1 AND source > 15 AND {within}", *bounds
    )
    got = await tx.query(
        f"SELECT kind, SUM(amount) FROM entries WHERE target = ?1 AND target > 15 AND {within}", *bounds
    )
    given = {str(kind): int(amount) for kind, amount in got}
    refunds = given.pop("refund", 0)
    return sum(int(amount) for _, amount in spent) - refunds, sum(given.values())
