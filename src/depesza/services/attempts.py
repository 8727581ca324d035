"""What phones are to send, and what they say became of it: the list for one phone, its reports, the ends of attempts.

A list is no claim: a phone may read it as often as it likes. A report moves an attempt forward or changes nothing, so
it may come twice, late and in any order. While an attempt is open, its end decides what becomes of its message; one
that was given up still takes reports, and what it then turns out to have sent is marked. spec: devices/6, devices/7
"""

from collections.abc import Sequence
from enum import Enum

import msgspec
from msgspec import Struct

from depesza.core import devices, handout, planning
from depesza.core.devices import (
    DAY,
    NO_WISH,
    REFUSALS,
    SECOND,
    AttemptState,
    Event,
    Kind,
    Reason,
    Terms,
    Wish,
    moves,
    read_terms,
    reason_of,
)
from depesza.core.facts import Account
from depesza.core.fairness import Lanes
from depesza.core.handout import Fitness
from depesza.core.lifecycle import News
from depesza.core.model import Accepted, Message, OnUnknown, State, Submission
from depesza.core.planning import Policy
from depesza.core.reclaim import Past, Then, after_failure, after_silence, policy, spent
from depesza.services import bells, progress
from depesza.services.progress import Found
from depesza.services.submit import submit
from depesza.store.tx import Row, Tx

COLUMNS = (
    "id, message, account, receiver, connector, device, sim, slot, parts, state, open, n, at, offered, accepted,"
    " submitted, sent, done, valid, lease, reason, error, reference, counted, late"
)
REPORTED_FOR = 3 * DAY
"""How long after it was sent an attempt waits for its delivery report."""
GIVEN_BACK = frozenset({Reason.FENCE, Reason.CONFIG, Reason.QUOTA, Reason.CANCELLED})
"""Failures that surely sent nothing: their allowance is given back."""
_wish = msgspec.json.Decoder(Wish).decode
_text_of = msgspec.json.Encoder().encode

S = AttemptState


class Attempt(Struct, gc=False):
    """One message on one SIM; its fields follow the steps made in this service."""

    id: int
    message: int
    account: int
    receiver: str
    connector: int
    device: int
    sim: int
    slot: int
    parts: int
    state: AttemptState
    open: int
    """1 while its end decides what becomes of its message."""
    n: int
    """Which attempt of its message on phones, from 1."""
    at: int
    """When the SIM was given it."""
    offered: int
    """When its phone first saw it; 0 while it has not."""
    accepted: int
    submitted: int
    sent: int
    done: int
    valid: int
    """The phone's own fence: after that it does not send."""
    lease: int
    """When it is looked at next; 0 when nothing is awaited."""
    reason: str
    error: str
    """The phone's own words."""
    reference: str
    """The modem's or adapter's own number for it."""
    counted: int
    """1 while its parts count against its SIM's limits."""
    late: int
    """1 once a report came after it was given up."""

    @property
    def past(self) -> Past:
        """What a further attempt has to know of it."""
        return Past(self.sim, self.device, Reason(self.reason), self.state, self.done)


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


# read


def attempt_of(row: Row) -> Attempt:
    """Read an attempt from `COLUMNS`."""
    return Attempt(*(*row[:9], AttemptState(row[9]), *row[10:25]))


async def of_message(tx: Tx, message: int) -> list[Attempt]:
    """List the attempts of a message on phones, the oldest first."""
    rows = await tx.query(f"SELECT {COLUMNS} FROM device_attempts WHERE message = ?1 ORDER BY id", message)
    return [attempt_of(row) for row in rows]


async def find(tx: Tx, id: int) -> Attempt | None:
    """Find an attempt."""
    rows = await tx.query(f"SELECT {COLUMNS} FROM device_attempts WHERE id = ?1", id)
    return attempt_of(rows[0]) if rows else None


async def wishes(tx: Tx, submissions: Sequence[int]) -> dict[int, Wish]:
    """Read what submissions ask of phones, where they ask something."""
    if not submissions:
        return {}
    among = ", ".join(map(str, sorted(set(submissions))))
    rows = await tx.query(f"SELECT submission, wish FROM device_wishes WHERE submission IN ({among})")
    return {row[0]: _wish(row[1]) for row in rows}


def wish(tx: Tx, submission: int, wished: Wish) -> None:
    """Write down what a submission asks of phones; in the service that takes the submission."""
    if wished != NO_WISH:
        tx.write(
            "INSERT INTO device_wishes (submission, wish) VALUES (?1, ?2)"
            " ON CONFLICT (submission) DO UPDATE SET wish = excluded.wish",
            submission,
            _text_of(wished).decode(),
        )


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
        data=wish.data,
        port=wish.port,
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


async def _take(tx: Tx, ends: "Ends", attempt: Attempt, told: Report, now: int) -> None:
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


async def _went_out(tx: Tx, ends: "Ends", attempt: Attempt, now: int) -> None:
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


async def _late(tx: Tx, ends: "Ends", attempt: Attempt, now: int) -> None:
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


# ends


class Ends:
    """Carries out the ends of attempts within one service, and writes everything that changed once."""

    def __init__(
        self,
        attempts: dict[int, Attempt],
        messages: dict[int, Found],
        whole: dict[int, Message],
        wished: dict[int, Wish],
        fitness: dict[int, Fitness],
    ) -> None:
        """Everything by id; `attempts` are all those of the messages concerned."""
        self._attempts = attempts
        self.messages = messages
        self._whole = whole
        self._wished = wished
        self._fitness = fitness
        self._judged: set[int] = set()
        self._before = {id: msgspec.structs.astuple(attempt) for id, attempt in attempts.items()}
        self._counts: dict[tuple[int, int], int] = {}

    def terms(self, tx: Tx, attempt: Attempt) -> Terms:
        """Tell what is set for phones."""
        fact = tx.facts.connector.get(attempt.connector)
        return read_terms(fact.settings) if fact is not None else Terms()

    def known(self, attempt: Attempt) -> Attempt:
        """Give an attempt as it was read under the lock."""
        return self._attempts[attempt.id]

    def others(self, attempt: Attempt) -> list[Attempt]:
        """List the other attempts of its message."""
        return [each for each in self._attempts.values() if each.message == attempt.message and each is not attempt]

    def judge(self, sim: int, reason: Reason | None, now: int) -> None:
        """Count for a SIM how an attempt on it ended: None is well."""
        before = self._fitness.get(sim)
        if before is not None:
            after = handout.succeeded(before) if reason is None else handout.failed(before, reason, now)
            self._fitness[sim] = after
            if after != before:
                self._judged.add(sim)

    def count(self, attempt: Attempt) -> None:
        """Count an attempt against its SIM's limits."""
        if not attempt.counted:
            attempt.counted = 1
            self._counts[attempt.sim, attempt.at] = self._counts.get((attempt.sim, attempt.at), 0) + attempt.parts

    def uncount(self, attempt: Attempt) -> None:
        """Give the allowance of an attempt back that surely sent nothing."""
        if attempt.counted:
            attempt.counted = 0
            self._counts[attempt.sim, attempt.at] = self._counts.get((attempt.sim, attempt.at), 0) - attempt.parts

    def close(self, attempt: Attempt, state: AttemptState, reason: Reason, now: int) -> None:
        """End an attempt; what becomes of its message is decided elsewhere."""
        attempt.state, attempt.reason = state, reason.value
        attempt.open, attempt.lease, attempt.done = 0, 0, now

    def wish_of(self, message: int) -> Wish:
        """Tell what a message's submission asked of phones."""
        whole = self._whole.get(message)
        return self._wished.get(whole.content.id, NO_WISH) if whole is not None else NO_WISH

    def network(self, tx: Tx, message: int) -> int:
        """Name the carrier that takes over from phones; 0 when the message is for phones only."""
        whole = self._whole.get(message)
        if whole is None or self.wish_of(message).encrypted:
            return 0
        return network(tx, whole)

    async def failed(self, tx: Tx, attempt: Attempt, now: int) -> None:
        """Decide what follows an attempt that surely did not go out."""
        reason = Reason(attempt.reason)
        self.close(attempt, attempt.state, reason, now)
        if reason in GIVEN_BACK and not attempt.sent:
            self.uncount(attempt)
        if reason is Reason.CONFIG:
            tx.write("UPDATE devices SET misconfigured = ?2 WHERE id = ?1", attempt.device, attempt.error or "?")
        carrier = self.network(tx, attempt.message)
        whole = self._whole.get(attempt.message)
        past = [each.past for each in self.others(attempt) if not each.open] + [attempt.past]
        then = after_failure(
            past,
            expires=whole.content.expires if whole is not None else 0,
            failover=bool(carrier),
            tries=self.terms(tx, attempt).tries,
            now=now,
        )
        await self.follow(tx, attempt, then, carrier, REFUSALS[reason], now)

    async def silent(self, tx: Tx, attempt: Attempt, now: int, *, fenceless: bool = False) -> None:
        """Decide what follows an attempt that may have gone out and of which its phone says nothing.

        A `fenceless` phone may send for hours yet, so only who wants doubles gets a second sending. spec: devices/3
        """
        carrier = self.network(tx, attempt.message)
        whole = self._whole.get(attempt.message)
        if attempt.reason == Reason.CANCELLED:
            self.close(attempt, S.UNKNOWN, Reason.CANCELLED, now)
            await self.follow(tx, attempt, Then.CANCEL, 0, "cancelled", now, maybe=True)
            return
        account = tx.facts.account.get(attempt.account)
        expires = whole.content.expires if whole is not None else 0
        wished = self.wish_of(attempt.message).on_unknown
        chosen = policy(
            wished,
            account.on_unknown if account is not None else OnUnknown.RESEND,
            whole.priority if whole is not None else 0,
            bool(carrier),
        )
        if (
            fenceless
            and chosen is devices.OnUnknown.RESEND
            and self.wish_of(attempt.message).on_unknown is devices.OnUnknown.DEFAULT
        ):
            chosen = devices.OnUnknown.WAIT
        then = after_silence(chosen, expires=expires, now=now)
        if then is Then.WAIT:
            attempt.state, attempt.lease = S.UNKNOWN, expires
            tx.event(attempt.message, now, "phone_unknown", f"{attempt.id} waits for the phone to speak")
            return
        self.close(attempt, S.UNKNOWN, Reason.NONE, now)
        past = [each.past for each in self.others(attempt)] + [attempt.past]
        if then is Then.AGAIN and spent(past, bool(carrier), self.terms(tx, attempt).tries):
            then = Then.NETWORK if carrier else Then.FAIL
        tx.event(attempt.message, now, "phone_unknown", f"{attempt.id} {chosen.value}")
        await self.follow(tx, attempt, then, carrier, "uncertain", now, maybe=True)

    async def follow(
        self, tx: Tx, attempt: Attempt, then: Then, carrier: int, refusal: str, now: int, *, maybe: bool = False
    ) -> None:
        """Carry out what was decided about a message."""
        message = self.messages.get(attempt.message)
        if message is None:
            return
        match then:
            case Then.AGAIN | Then.NETWORK:
                to = carrier if then is Then.NETWORK else 0
                if await progress.step(tx, message, News.RETRY, now, due=now, connector=to, maybe=maybe):
                    tx.work.scheduled = now
            case Then.HOLD:
                await progress.step(tx, message, News.LOST, now, reason="uncertain", maybe=True)
            case Then.EXPIRE:
                await progress.step(tx, message, News.EXPIRED, now, reason="expired", maybe=maybe)
            case Then.CANCEL:
                # a message that is being sent can't be cancelled: it is taken back first
                await progress.step(tx, message, News.RETRY, now, due=now, maybe=maybe)
                await progress.step(tx, message, News.CANCEL, now, reason="cancelled")
            case Then.FAIL:
                news = News.FAILED if message.state in (State.SENT, State.PENDING) else News.REFUSED
                await progress.step(tx, message, news, now, reason=refusal, maybe=maybe)
            case Then.WAIT:
                pass

    async def write(self, tx: Tx, now: int) -> None:
        """Write what changed."""
        for id, attempt in self._attempts.items():
            if msgspec.structs.astuple(attempt) != self._before[id]:
                _write(tx, attempt)
        for sim in self._judged:
            f = self._fitness[sim]
            tx.write(
                "UPDATE sims SET failures = ?2, recent = ?3, cooldown = ?4, cooldowns = ?5, probing = ?6, suspect = ?7,"
                " generic = ?8 WHERE id = ?1",
                sim, f.failures, f.recent, f.cooldown, f.cooldowns, int(f.probing), int(f.suspect), f.generic,
            )  # fmt: skip
        for (sim, at), parts in self._counts.items():
            if parts:
                # day and month are numbered by when the SIM's counters were begun: an older attempt is not in them
                tx.write(
                    "UPDATE sims SET day_used = CASE WHEN day <= ?3 THEN day_used + ?2 ELSE day_used END,"
                    " month_used = CASE WHEN month <= ?3 THEN month_used + ?2 ELSE month_used END WHERE id = ?1",
                    sim,
                    parts,
                    at,
                )
        tx.work.phones = True


def network(tx: Tx, message: Message) -> int:
    """Name the first carrier by which a message may go; 0 when none is named for it."""
    facts = tx.facts
    for id in planning.ways(message, facts):
        fact = facts.connector.get(id)
        if id not in facts.phones and fact is not None and fact.enabled:
            return id
    return 0


async def next_look(tx: Tx) -> int:
    """Tell when the next open attempt is to be looked at; 0 when there is none."""
    rows = await tx.query("SELECT MIN(lease) FROM device_attempts WHERE open = 1 AND lease > 0")
    return rows[0][0] or 0


async def begin(tx: Tx, attempts: Sequence[Attempt]) -> Ends:
    """Read and lock what the ends of attempts need: their SIMs, their messages and the other attempts of these."""
    fitness = await _fitness(tx, {attempt.sim for attempt in attempts})
    ids = sorted({attempt.message for attempt in attempts})
    found = {row[0]: progress.found_of(row) for row in await tx.rows_for("find_messages", [(id,) for id in ids])}
    whole = {message.id: message for message in await progress.load(tx, ids)}
    wished = await wishes(tx, [message.content.id for message in whole.values()])
    known = {attempt.id: attempt for attempt in attempts}
    for row in await tx.rows_for("device_attempts_beside", [(id,) for id in ids]):
        known.setdefault(row[0], attempt_of(row))
    return Ends(dict(sorted(known.items())), found, whole, wished, fitness)


async def _fitness(tx: Tx, sims: set[int]) -> dict[int, Fitness]:
    rows = await tx.rows_for("sims_fitness", [(sim,) for sim in sorted(sims)])
    return {row[0]: Fitness(row[1], row[2], row[3], row[4], bool(row[5]), bool(row[6]), row[7]) for row in rows}


def _write(tx: Tx, a: Attempt) -> None:
    tx.write(
        "UPDATE device_attempts SET state = ?2, open = ?3, offered = ?4, accepted = ?5, submitted = ?6, sent = ?7,"
        " done = ?8, valid = ?9, lease = ?10, reason = ?11, error = ?12, reference = ?13, counted = ?14, late = ?15"
        " WHERE id = ?1",
        a.id, int(a.state), a.open, a.offered, a.accepted, a.submitted, a.sent, a.done, a.valid, a.lease, a.reason,
        a.error, a.reference, a.counted, a.late,
    )  # fmt: skip


# taken back


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


# given up


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


async def submit_with(
    tx: Tx, account: Account, submission: Submission, wished: Wish, lanes: Lanes, policy: Policy, now: int
) -> Accepted:
    """Take a submission that asks something of phones; raises what `submit.submit` does."""
    accepted = await submit(tx, account, submission, lanes, policy, now)
    wish(tx, accepted.id, wished)
    return accepted
