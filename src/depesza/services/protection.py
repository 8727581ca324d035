"""How often an account's programs may do what, and which addresses are locked out. spec: smsc/1.7 smsc/3.9

What is counted stands in one table for all processes; rows that no limit asks for any more are swept. What belongs
to an address and to no account is kept under account 0.
"""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b

from msgspec import Struct

from depesza.core import schedule
from depesza.core.facts import Limits
from depesza.core.model import MICRO
from depesza.store.tx import Tx

DAY = 86_400 * MICRO
_BRIEF = "account > 0 AND (key LIKE 'send %' OR key LIKE 'price %' OR key LIKE 'flood %')"
"""What is counted within spans of a minute or so, and of which each message makes two; what an address failed at is
counted for longer."""
_LOCK = "lock "
"""Begins the key of an address that is locked; its `at` is the end."""


class Watch(Struct, frozen=True):
    """What every process that lets programs in must know."""

    locked: dict[str, int]
    """Addresses that are locked, and until when."""
    failing: set[str]
    """Addresses of which failures are counted now."""
    nodes: int
    """Processes that accept requests: each allows its share of what may run at once."""


async def watch(tx: Tx, what: str, now: int) -> Watch:
    """Read what is locked now and which addresses fail at something, and how many processes there are."""
    locked = await tx.query(
        "SELECT key, at FROM tallies WHERE account = 0 AND key >= ?1 AND key < ?2 AND at > ?3", _LOCK, _LOCK + "~", now
    )
    begin = f"{what} "
    failing = await tx.query(
        "SELECT key FROM tallies WHERE account = 0 AND key >= ?1 AND key < ?2 AND count > 0", begin, begin + "~"
    )
    nodes = await tx.query("SELECT COUNT(*) FROM leases WHERE name LIKE 'node:%' AND until > ?1", now)
    return Watch(
        {str(key).removeprefix(_LOCK): int(at) for key, at in locked},
        {str(row[0]).removeprefix(begin) for row in failing},
        max(1, int(nodes[0][0])),
    )


async def admit(tx: Tx, account: int, key: str, most: int, span: int, now: int) -> bool:
    """Count one more of something; False when `most` were counted since a span (microseconds) began.

    A span begins with the first that counts; `most` 0 is no limit.
    """
    if not most:
        return True
    (tally,) = await tx.tallies(account, (key,))
    if not tally.count or now - tally.at >= span:
        tx.tally(account, key, now, 1)
        return True
    if tally.count >= most:
        return False
    tx.tally(account, key, tally.at, tally.count + 1)
    return True


async def lock_out(tx: Tx, address: str, what: str, most: int, span: int, now: int) -> int:
    """Count a failure from an address; gives until when it is locked, 0 when it is not.

    The one that makes `most` within the span locks it, for as long as the span is (microseconds).
    """
    if not most:
        return 0
    key = f"{what} {address}"
    (tally,) = await tx.tallies(0, (key,))
    fresh = not tally.count or now - tally.at >= span
    at, count = (now, 1) if fresh else (tally.at, tally.count + 1)
    if count < most:
        tx.tally(0, key, at, count)
        return 0
    tx.tally(0, key, at, 0)
    tx.tally(0, _LOCK + address, now + span, 1)
    return now + span


async def forgive(tx: Tx, address: str, what: str) -> None:
    """Forget the failures counted of an address, because one did not fail."""
    tx.tally(0, f"{what} {address}", 0, 0)


async def locked(tx: Tx, address: str, now: int) -> bool:
    """Tell whether an address is locked, without the memory of those who ask often."""
    (tally,) = await tx.tallies(0, (_LOCK + address,))
    return tally.at > now


async def release(tx: Tx, address: str, what: str) -> None:
    """Unlock an address, and forget its failures."""
    await forgive(tx, address, what)
    tx.tally(0, _LOCK + address, 0, 0)


async def judge(
    tx: Tx, account: int, limits: Limits, receivers: Sequence[str], texts: Sequence[str], now: int
) -> dict[int, str]:
    """Tell which receivers must not be written to now, by their place: `flood` or `limit`; counts the others.

    `texts` are one a receiver, or one for all.
    """
    found: dict[int, str] = {}
    for name, limit, gap in _rules(limits):
        await _apply(tx, account, name, _keys(name, receivers, texts), limit, gap, now, found)
    return found


def keys(limits: Limits, receivers: Sequence[str], texts: Sequence[str]) -> list[str]:
    """List the tallies that `judge` asks for."""
    return [key for name, *_ in _rules(limits) for key in _keys(name, receivers, texts)]


def _keys(name: str, receivers: Sequence[str], texts: Sequence[str]) -> list[str]:
    return [_key(name, receiver, texts[n if len(texts) > 1 else 0]) for n, receiver in enumerate(receivers)]


def _rules(limits: Limits) -> tuple[tuple[str, int, int], ...]:
    """Name, limit and gap of each rule that counts; a gap of 0 means that days are counted."""
    return _that_count(limits.flood, limits.flood_gap, limits.day_number, limits.day_text, limits.day)


@lru_cache(maxsize=1024)
def _that_count(flood: int, gap: int, number: int, text: int, day: int) -> tuple[tuple[str, int, int], ...]:
    rules = (("flood", flood, gap * MICRO), ("number", number, 0), ("text", text, 0), ("day", day, 0))
    return tuple([rule for rule in rules if rule[1]])


def _key(name: str, receiver: str, text: str) -> str:
    if name == "day":
        return name
    return f"{name} {receiver} {digest((text,))}" if name == "text" else f"{name} {receiver}"


async def _apply(
    tx: Tx, account: int, name: str, keys: Sequence[str], limit: int, gap: int, now: int, found: dict[int, str]
) -> None:
    """Count a rule's keys, and judge those whose limit is reached."""
    tallies = dict(zip(keys, await tx.tallies(account, keys), strict=True))
    counts = {key: (tally.at, tally.count) for key, tally in tallies.items()}
    for n, key in enumerate(keys):
        if n in found:
            continue
        at, count = counts[key]
        if (now - at >= gap) if gap else (at // DAY != now // DAY):
            count = 0
        if count >= limit:
            found[n] = "flood" if gap else "limit"
        else:
            counts[key] = (now, count + 1)
    for key, (at, count) in counts.items():
        if (at, count) != (tallies[key].at, tallies[key].count):
            tx.tally(account, key, at, count)


def outside(limits: Limits, receiver: str) -> bool:
    """Tell whether an account's settings bar a receiver (E.164) by its first digits."""
    digits = receiver.lstrip("+")
    if any(digits.startswith(code[1:]) for code in limits.codes if code.startswith("-")):
        return True
    wanted = [code for code in limits.codes if not code.startswith("-")]
    return bool(wanted) and not digits.startswith(tuple(wanted))


def opening(limits: Limits, at: int, zone: str) -> int:
    """Tell when an account may send what is to go at a time, by the hours of its zone (IANA name)."""
    if not limits.hours:
        return at
    first, _, last = limits.hours.partition("-")
    start, end = int(first) * 60, int(last) * 60
    window = schedule.Window(frozenset(range(7)), start, end if end > start else end + schedule.DAY, zone)
    return schedule.open_at(window, at)


def digest(values: Sequence[str | bytes]) -> str:
    """Give a short fingerprint of values in their order."""
    hashed = blake2b(digest_size=12)
    for value in values:
        octets = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
        hashed.update(len(octets).to_bytes(8, "big") + octets)
    return hashed.hexdigest()


async def sweep_brief(tx: Tx, since: int, now: int, limit: int) -> tuple[int, bool]:
    """Delete a page of what was counted since then and no account's span reaches any more.

    Gives the time from which to go on, and whether there is more to delete now.
    """
    end = now - max([_reach(row) for row in (Limits(account=0), *tx.facts.limits)])
    rows = await tx.query(
        f"SELECT at FROM tallies WHERE at >= ?1 AND at < ?2 AND {_BRIEF} ORDER BY at LIMIT 1 OFFSET ?3",
        since, end, limit - 1,
    )  # fmt: skip
    until = int(rows[0][0]) + 1 if rows else end
    tx.write(f"DELETE FROM tallies WHERE at >= ?1 AND at < ?2 AND {_BRIEF}", since, until)
    return until, bool(rows)


def _reach(limits: Limits) -> int:
    """Tell how far back an account's spans reach, in microseconds; a gap of 0 counts days."""
    return max(limits.span * MICRO, limits.flood_gap * MICRO or DAY)


async def sweep(tx: Tx, now: int, limit: int) -> int:
    """Delete a page of what no limit asks for any more; gives how many were looked at."""
    rows = await tx.query("SELECT account, key FROM tallies WHERE at < ?1 ORDER BY at LIMIT ?2", now - DAY, limit)
    for account, key in rows:
        tx.write("DELETE FROM tallies WHERE account = ?1 AND key = ?2 AND at < ?3", account, key, now - DAY)
    return len(rows)
