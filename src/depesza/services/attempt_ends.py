"""The ends of attempts on phones: what becomes of their messages, of the allowance, of the SIM's good name.

`begin` reads and locks everything that is concerned, `Ends` carries out what `core.reclaim` decides, and writes it
once. spec: devices/7
"""

from collections.abc import Sequence

import msgspec

from depesza.core import devices, handout, planning
from depesza.core.devices import NO_WISH, REFUSALS, AttemptState, Reason, Terms, Wish, read_terms
from depesza.core.handout import Fitness
from depesza.core.lifecycle import News
from depesza.core.model import Message, OnUnknown, State
from depesza.core.reclaim import Then, after_failure, after_silence, policy, spent
from depesza.services import progress
from depesza.services.attempt_rows import Attempt, attempt_of, wishes
from depesza.services.progress import Found
from depesza.store.tx import Tx

GIVEN_BACK = frozenset({Reason.FENCE, Reason.CONFIG, Reason.QUOTA, Reason.CANCELLED})
"""Failures that surely sent nothing: their allowance is given back."""
S = AttemptState


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
