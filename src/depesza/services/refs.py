"""Messages that a client calls by an id of its own together with the receiver. spec: smsc/1.8

The id need not be the only one of its kind: the newest message that it and the receiver name is meant. Where a
client names none, its account counts. Numbers that are looked up are called in the same way.
"""

from collections.abc import Sequence
from itertools import count

import msgspec
from msgspec import Struct

from depesza.core import planning, quota
from depesza.core.facts import Account
from depesza.core.fairness import Lanes
from depesza.core.ledger import NotEnoughCredits
from depesza.core.model import Channel, Message, State, Submission
from depesza.core.planning import Plan, Policy
from depesza.services import lookups, protection
from depesza.services.submit import take
from depesza.store.tx import Tx


class Repeated(Exception):
    """The same submission was made a moment ago."""


class Row(Struct, frozen=True, gc=False):
    """What became of one receiver."""

    receiver: str
    """E.164, or as the client wrote it where it is no number."""
    parts: int
    price: int
    """Micro-units."""
    refusal: str = ""
    """Name from `core.refusals`; empty for one that was taken."""
    message: int = 0
    """Its id; 0 where there is none."""


class Sent(Struct, frozen=True, gc=False):
    """What became of a submission."""

    ref: str
    rows: tuple[Row, ...]
    price: int
    """Of all, in micro-units."""
    balance: int
    """Left on the wallet that paid."""


class Guard(Struct, frozen=True, gc=False):
    """How a client's submission is known again."""

    digest: str = ""
    """Fingerprint of the request; empty: it may come as often as it likes."""
    counted: bool = True
    """The account's limits hold."""


UNGUARDED = Guard("", counted=False)


async def next_ref(tx: Tx, account: int) -> str:
    """Count one more of an account's ids."""
    wallet = await tx.wallet(account)
    wallet.serial += 1
    return str(wallet.serial)


async def send(
    tx: Tx,
    account: Account,
    submission: Submission,
    ref: str,
    comments: Sequence[str],
    guard: Guard,
    lanes: Lanes,
    policy: Policy,
    now: int,
) -> Sent:
    """Take a submission under an id of the client's, or the account's next one where `ref` is empty.

    Whatever is refused is written down under that id, for nobody to pay; so is all of it when the wallet can't pay.
    `comments` are one a receiver, one for all, or none. Raises `Repeated` and `planning.Refused`, and then nothing
    was written.
    """
    limits = tx.facts.limits_of(account.id)
    if guard.digest and not await protection.admit(
        tx, account.id, f"send {guard.digest}", limits.repeats, limits.span * 1_000_000, now
    ):
        raise Repeated
    ref = ref or await next_ref(tx, account.id)
    wanted = await _judged(tx, account, msgspec.structs.replace(submission, tag=ref), guard, now)
    try:
        plan, _ = await take(tx, account, wanted, lanes, policy, now)
    except NotEnoughCredits:
        poor = dict.fromkeys(range(len(wanted.receivers)), "no_credits") | (wanted.judged or {})
        plan, _ = await take(tx, account, msgspec.structs.replace(wanted, judged=poor), lanes, policy, now)
    _name(tx, account.id, ref, plan.messages, wanted, comments)
    wallet = await tx.wallet(quota.payer(account, None))
    return Sent(ref, _rows(plan), plan.price, wallet.balance)


async def price(tx: Tx, account: Account, submission: Submission, lanes: Lanes, policy: Policy, now: int) -> Sent:
    """Tell what a submission would cost, and write nothing; `lanes` are such as nobody uses."""
    targets, _ = planning.read_receivers(submission.receivers, policy, verbatim=submission.verbatim)
    stopped = await tx.stopped(account.id, [target.e164 for target in targets])
    plan = planning.plan(submission, targets, account, tx.facts, stopped, lanes, policy, now, count(1).__next__)
    wallet = await tx.wallet(quota.payer(account, None))
    return Sent("", _rows(plan), plan.price, wallet.balance)


async def _judged(tx: Tx, account: Account, submission: Submission, guard: Guard, now: int) -> Submission:
    """Add what the account's limits say of receivers, and of the time."""
    if not guard.counted:
        return submission
    limits = tx.facts.limits_of(account.id)
    due = protection.opening(limits, submission.due or now, account.timezone)
    judged = dict(submission.judged or {})
    if limits.codes:
        for n, receiver in enumerate(submission.receivers):
            if protection.outside(limits, receiver):
                judged.setdefault(n, "forbidden_number")
    left = [n for n in range(len(submission.receivers)) if n not in judged]
    texts = [submission.texts[n] for n in left] if submission.texts else [submission.text]
    found = await protection.judge(tx, account.id, limits, [submission.receivers[n] for n in left], texts, now)
    judged |= {left[n]: why for n, why in found.items()}
    return msgspec.structs.replace(submission, judged=judged, due=due if due > now else submission.due)


def _name(
    tx: Tx, account: int, ref: str, messages: Sequence[Message], submission: Submission, comments: Sequence[str]
) -> None:
    """Write under which id the client knows messages."""
    own = len(comments) > 1
    places = {receiver: n for n, receiver in reversed(list(enumerate(submission.receivers)))} if own else {}
    common = comments[0] if len(comments) == 1 else ""
    for message in messages:
        comment = comments[places[message.receiver]] if own else common
        tx.insert("client_refs", (account, ref, message.receiver, message.id, comment))


def _rows(plan: Plan) -> tuple[Row, ...]:
    return tuple([
        Row(m.receiver, m.parts, m.price, m.refusal if m.state is State.REJECTED else "", m.id) for m in plan.messages
    ])  # fmt: skip


# numbers that are looked up


async def ask(tx: Tx, account: Account, dialect: str, ref: str, numbers: Sequence[str], digest: str, now: int) -> Sent:
    """Ask about numbers (E.164, each once) under an id of the client's; raises `Repeated`, `NotEnoughCredits`.

    Numbers without a price are not asked about: `no_price`.
    """
    limits = tx.facts.limits_of(account.id)
    if digest and not await protection.admit(
        tx, account.id, f"send {digest}", limits.repeats, limits.span * 1_000_000, now
    ):
        raise Repeated
    ref = ref or await next_ref(tx, account.id)
    rows, balance = [], 0
    for number in numbers:
        micro = 0 if account.virtual else lookup_price(tx, account, number)
        if micro is None:
            rows.append(Row(number, 1, 0, "no_price"))
            continue
        asked = await lookups.ask(tx, account, (number,), micro, now, dialect=dialect, tag=ref)
        tx.insert("client_refs", (account.id, ref, number, asked.ids[0], ""))
        rows.append(Row(number, 1, micro))
    balance = (await tx.wallet(quota.payer(account, None))).balance
    return Sent(ref, tuple(rows), sum(row.price for row in rows), balance)


def lookup_price(tx: Tx, account: Account, number: str) -> int | None:
    """Tell what a look-up of a number costs an account, in micro-units; None where nobody set a price."""
    finding = tx.facts.numbering.find(number)
    payer = account.priced_as or account.id
    return tx.facts.pricing.part(payer, number.lstrip("+"), finding.country, Channel.HLR, account.currency)


# found again


class Named(Struct, frozen=True, gc=False):
    """A message, or a number looked up, as a client calls it."""

    id: int
    ref: str
    receiver: str
    comment: str


async def find(tx: Tx, account: int, ref: str, receiver: str) -> Named | None:
    """Find the newest that an id and a receiver name."""
    rows = await tx.query(
        "SELECT message, comment FROM client_refs WHERE account = ?1 AND ref = ?2 AND receiver = ?3"
        " ORDER BY message DESC LIMIT 1",
        account, ref, receiver,
    )  # fmt: skip
    return Named(int(rows[0][0]), ref, receiver, str(rows[0][1])) if rows else None


async def forget(tx: Tx, account: int, named: Named) -> None:
    """Let a client's id name a message no more."""
    tx.write(
        "DELETE FROM client_refs WHERE account = ?1 AND ref = ?2 AND receiver = ?3 AND message = ?4",
        account, named.ref, named.receiver, named.id,
    )  # fmt: skip
