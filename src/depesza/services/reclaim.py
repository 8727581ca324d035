"""Attempts that are taken back: because a client cancels, or because a phone was given its time. spec: devices/7"""

from collections.abc import Sequence
from enum import Enum

from depesza.core.devices import SECOND, AttemptState, Event, Kind, Reason
from depesza.core.reclaim import Then
from depesza.services import bells
from depesza.services.attempt_ends import Ends, begin
from depesza.services.attempt_rows import Attempt, attempt_of
from depesza.store.tx import Tx

S = AttemptState


async def cancel(tx: Tx, messages: Sequence[int], now: int) -> list[int]:
    """Take back messages that phones hold; gives those that are cancelled now.

    What its phone has not seen is cancelled at once. Of the others those that can still be given back are asked for,
    and are cancelled when the phone says so.
    """
    rows = await tx.rows_for("device_attempts_beside", [(id,) for id in messages])
    held = [each for each in map(attempt_of, rows) if each.open and each.state in (S.OFFERED, S.ACCEPTED)]
    if not held:
        return []
    ends, able = await begin(tx, held), await _abilities(tx, {each.device for each in held})
    done = []
    for attempt in map(ends.known, held):
        if attempt.state is S.OFFERED and not attempt.offered:
            attempt.state, attempt.reason = S.WITHDRAWN, Reason.CANCELLED.value
            await ends.failed(tx, attempt, now)
            done.append(attempt.message)
        elif able.get(attempt.device) is Ability.CANCELS:
            attempt.state, attempt.reason = S.WITHDRAWING, Reason.CANCELLED.value
            attempt.lease = await _end_of_patience(tx, ends, attempt)
            bells.ring(tx, attempt.device, Event.CANCELLED, now, str(attempt.id))
    await ends.write(tx, now)
    return done


async def next_look(tx: Tx) -> int:
    """Tell when the next open attempt is to be looked at; 0 when there is none."""
    rows = await tx.query("SELECT MIN(lease) FROM device_attempts WHERE open = 1 AND lease > 0")
    return rows[0][0] or 0


async def look(tx: Tx, now: int, limit: int = 200) -> int:
    """Look at open attempts whose lease is over, and do what is due; gives how many there were. spec: devices/7"""
    attempts = [attempt_of(row) for row in await tx.rows("device_attempts_due", now, limit)]
    if not attempts:
        return 0
    ends = await begin(tx, attempts)
    able = await _abilities(tx, {attempt.device for attempt in attempts})
    for attempt in attempts:
        await _look_at(tx, ends, attempt, able.get(attempt.device, Ability.FENCED), now)
    await ends.write(tx, now)
    return len(attempts)


async def _look_at(tx: Tx, ends: Ends, attempt: Attempt, able: "Ability", now: int) -> None:
    fresh = attempt.lease <= attempt.valid
    match attempt.state:
        case S.OFFERED if not attempt.offered:
            attempt.state, attempt.reason, attempt.done = S.WITHDRAWN, Reason.FENCE.value, now
            tx.event(attempt.message, now, "phone_withdrawn", f"{attempt.id} no phone came for it")
            await ends.failed(tx, attempt, now)
        case S.OFFERED | S.ACCEPTED if able is Ability.CANCELS and fresh:
            attempt.state = S.WITHDRAWING
            attempt.lease = await _end_of_patience(tx, ends, attempt)
            bells.ring(tx, attempt.device, Event.CANCELLED, now, str(attempt.id))
        case S.OFFERED | S.ACCEPTED if fresh:
            attempt.lease = await _end_of_patience(tx, ends, attempt)
        case S.SENT:
            attempt.open, attempt.lease = 0, 0
        case S.UNKNOWN:  # it was awaited until its validity ended
            ends.close(attempt, S.UNKNOWN, Reason.NONE, now)
            await ends.follow(tx, attempt, Then.EXPIRE, 0, "uncertain", now, maybe=True)
        case _:
            await ends.silent(tx, attempt, now, fenceless=able is Ability.NONE)


async def _end_of_patience(tx: Tx, ends: Ends, attempt: Attempt) -> int:
    """Tell when a phone that saw an attempt and fell silent is given up: its clock may be slow."""
    rows = await tx.query("SELECT clock_offset FROM devices WHERE id = ?1", attempt.device)
    offset = abs(rows[0][0]) * 1000 if rows else 0
    return attempt.valid + ends.terms(tx, attempt).margin * SECOND + offset


CANCELS_FROM = (1, 67)
"""Version of the app from which it gives back what it is asked for. spec: devices/2.1"""


class Ability(Enum):
    """What a phone can do about a message that it holds for too long."""

    CANCELS = "cancels"
    """Gives it back when it is asked to."""
    FENCED = "fenced"
    """Does not send it after its time."""
    NONE = "none"
    """Sends it whenever it can."""


def ability(kind: str, version: str) -> Ability:
    """Tell what a device of this kind and version can do."""
    if kind == Kind.CHT:
        return Ability.NONE
    if kind != Kind.SMSGATE:
        return Ability.CANCELS if kind in (Kind.AT, Kind.GAMMU) else Ability.FENCED
    try:
        major, minor = (int(part) for part in version.split(".")[:2])
    except ValueError:
        return Ability.FENCED
    return Ability.CANCELS if (major, minor) >= CANCELS_FROM else Ability.FENCED


async def _abilities(tx: Tx, ids: set[int]) -> dict[int, Ability]:
    among = ", ".join(map(str, sorted(ids)))
    rows = await tx.query(f"SELECT id, kind, version FROM devices WHERE id IN ({among})")
    return {row[0]: ability(row[1], row[2]) for row in rows}
