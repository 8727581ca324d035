"""What phones are to send, and what they say became of it: the list for one phone, its reports, the ends of attempts.

A list is no claim: a phone may read it as often as it likes. A report moves an attempt forward or changes nothing, so
it may come twice, late and in any order. While an attempt is open, its end decides what becomes of its message; one
that was given up still takes reports, and what it then turns out to have sent is marked. spec: devices/6, devices/7
"""

from collections.abc import Sequence

from msgspec import Struct

from depesza.core.devices import DAY, NO_WISH, SECOND, AttemptState, Reason, Wish, moves, reason_of
from depesza.core.facts import Account
from depesza.core.fairness import Lanes
from depesza.core.lifecycle import News
from depesza.core.model import Accepted, Message, State, Submission
from depesza.core.phone_data import data_of
from depesza.core.planning import Policy
from depesza.services import progress
from depesza.services.attempt_ends import Ends, begin
from depesza.services.attempt_rows import Attempt, attempt_of, wish, wishes
from depesza.services.submit import submit
from depesza.store.tx import Row, Tx

REPORTED_FOR = 3 * DAY
"""How long after it was sent an attempt waits for its delivery report."""
S = AttemptState


async def submit_with(
    tx: Tx, account: Account, submission: Submission, wished: Wish, lanes: Lanes, policy: Policy, now: int
) -> Accepted:
    """Take a submission that asks something of phones; raises what `submit.submit` does."""
    accepted = await submit(tx, account, submission, lanes, policy, now)
    wish(tx, accepted.id, wished)
    return accepted


class Offer(Struct, frozen=True, gc=False):
    """An entry of a phone's list."""

    attempt: int
    receiver: str
    """Exactly as the phone shall say it back."""
    text: str
    slot: int
    """The SIM, from 1."""
    state: AttemptState
    """OFFERED or ACCEPTED: to be sent; WITHDRAWING: to be given back."""
    valid: int
    created: int
    priority: int
    report: bool
    data: str
    """Base64 of a data message; empty for a text."""
    port: int
    encrypted: bool
    flash: bool


class Report(Struct, frozen=True, gc=False):
    """What a phone says of an attempt, in our words."""

    attempt: int
    state: AttemptState
    error: str = ""
    """Why it failed, in the phone's words."""
    at: int = 0
    """When it happened by the phone's clock; 0 where it does not say."""
    reference: str = ""


# the phone's list


async def offers(tx: Tx, device: int, now: int, *, newest_first: bool = True, limit: int = 100) -> list[Offer]:
    """List what a phone is to send or to give back, and note that it has seen it.

    What it never saw is withdrawn once its fence has passed, under the same lock; so what is listed was not given to
    anybody else, and what was withdrawn is not listed any more.
    """
    rows = await tx.rows("device_offers", device)
    shown = [row for row in rows if row[6] or row[5] > now]
    shown.sort(key=lambda row: row[0], reverse=newest_first)
    shown = shown[:limit]
    tx.write("UPDATE devices SET pulled = ?2 WHERE id = ?1", device, now)
    if fresh := [str(row[0]) for row in shown if not row[6]]:
        tx.write(f"UPDATE device_attempts SET offered = ?1 WHERE id IN ({', '.join(fresh)})", now)
    messages = {message.id: message for message in await progress.load(tx, [row[1] for row in shown])}
    wished = await wishes(tx, [message.content.id for message in messages.values()])
    return [_offer(row, messages[row[1]], wished) for row in shown if row[1] in messages]


def _offer(row: Row, message: Message, wished: dict[int, Wish]) -> Offer:
    wish = wished.get(message.content.id, NO_WISH)
    octets = data_of(message)
    return Offer(
        attempt=row[0],
        receiver=wish.spelling or row[2],
        text=message.body,
        slot=row[3],
        state=AttemptState(row[4]),
        valid=row[5],
        created=row[7],
        priority=message.priority,
        report=wish.report,
        data=octets.data if octets else wish.data,
        port=octets.port if octets else wish.port,
        encrypted=wish.encrypted,
        flash=message.content.flash == 0,
    )


# reports


async def report(tx: Tx, device: int, reports: Sequence[Report], now: int) -> list[int]:
    """Take what a phone says of attempts; gives those that moved. Unknown ones and those of others change nothing."""
    rows = await tx.rows_for("device_attempts_of", [(id, device) for id in {each.attempt for each in reports}])
    attempts = {row[0]: attempt_of(row) for row in rows}
    moving = [each for each in reports if each.attempt in attempts and moves(attempts[each.attempt].state, each.state)]
    if not moving:
        return []
    ends = await begin(tx, [attempts[each.attempt] for each in moving])
    moved = []
    for each in moving:
        attempt = attempts[each.attempt]
        if moves(attempt.state, each.state):  # an earlier line of the same report may have moved it on
            await _take(tx, ends, attempt, each, now)
            moved.append(attempt.id)
    await ends.write(tx, now)
    return moved


async def _take(tx: Tx, ends: Ends, attempt: Attempt, told: Report, now: int) -> None:
    was, attempt.state = attempt.state, told.state
    attempt.offered = attempt.offered or now
    attempt.reference = told.reference or attempt.reference
    tx.event(attempt.message, now, f"phone_{told.state.name.lower()}", f"{attempt.id} {told.error}".strip())
    if not attempt.open:
        await _late(tx, ends, attempt, now)
        return
    match told.state:
        case S.ACCEPTED:
            attempt.accepted = now
        case S.SUBMITTED:
            attempt.submitted = now
            attempt.lease = now + ends.terms(tx, attempt).silence * SECOND
        case S.SENT | S.DELIVERED:
            await _went_out(tx, ends, attempt, now)
        case S.WITHDRAWN:
            attempt.done, attempt.reason = now, attempt.reason or Reason.FENCE.value
            await ends.failed(tx, attempt, now)
        case S.FAILED:
            attempt.done, attempt.error = now, told.error
            # after the network took it, only the receiver can be at fault
            reason = Reason.FINAL if was is S.SENT else reason_of(told.error)
            attempt.reason = reason.value
            ends.judge(attempt.sim, reason, now)
            await ends.failed(tx, attempt, now)


async def _went_out(tx: Tx, ends: Ends, attempt: Attempt, now: int) -> None:
    if not attempt.sent:
        attempt.sent = now
        ends.judge(attempt.sim, None, now)
    attempt.lease = attempt.sent + REPORTED_FOR
    message = ends.messages.get(attempt.message)
    news = News.DELIVERED if attempt.state is S.DELIVERED else News.TAKEN
    if attempt.state is S.DELIVERED:
        attempt.open, attempt.done, attempt.lease = 0, now, 0
    if message is not None:
        await progress.step(tx, message, news, now)


async def _late(tx: Tx, ends: Ends, attempt: Attempt, now: int) -> None:
    """A phone speaks of what it had been given up for. spec: devices/7"""
    attempt.late = 1
    if attempt.state not in (S.SENT, S.DELIVERED):
        attempt.done = now
        return
    attempt.sent = attempt.sent or now
    ends.count(attempt)
    message = ends.messages.get(attempt.message)
    if message is None:
        return
    other = next((each for each in ends.others(attempt) if each.open), None)
    if other is not None and other.state is S.OFFERED and not other.offered:
        # the second attempt was seen by nobody: the first has done its work after all
        ends.close(other, S.WITHDRAWN, Reason.FENCE, now)
        ends.uncount(other)
        attempt.open = 1
        await _went_out(tx, ends, attempt, now)
    elif message.state in (State.QUEUED, State.SCHEDULED, State.HELD):
        attempt.open = 1
        await _went_out(tx, ends, attempt, now)
    elif len(ends.others(attempt)) or message.connector != attempt.connector:
        tx.event(message.id, now, "duplicate", f"phone attempt {attempt.id} went out, too")
        tx.write("UPDATE messages SET maybe = 1 WHERE id = ?1", message.id)
