"""Messages that a client calls by an id of its own together with the receiver. spec: smsc/1.8

The id need not be the only one of its kind: the newest message that it and the receiver name is meant. Where a
client names none, its account counts. Numbers that are looked up are called in the same way.
"""

from collections.abc import Sequence
from itertools import count

import msgspec
from msgspec import Struct

from depesza.core import planning, quota
from depesza.core.facts import Account, Facts, Limits
from depesza.core.fairness import Lanes
from depesza.core.finishing import finish
from depesza.core.ledger import NotEnoughCredits, affordable
from depesza.core.model import MICRO, Channel, Message, State, Submission
from depesza.core.planning import Plan, Policy
from depesza.services import addresses, links, lookups, protection, visitors
from depesza.services.submit import read_targets, stopped_of, take
from depesza.store.foreseen import foreseeing
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
    """How a client's submission is known again, and where it comes from."""

    digest: str = ""
    """Fingerprint of the request; empty: it may come as often as it likes."""
    counted: bool = True
    """The account's limits hold."""
    login: str = ""
    address: str = ""
    """Of the program; empty where addresses are of no interest."""
    visitor: str = ""
    """Address of the user of a site that asks to send; empty for none."""
    shown: str = ""
    """What that user read in a picture."""


UNGUARDED = Guard("", counted=False)


async def next_ref(tx: Tx, account: int) -> str:
    """Count one more of an account's ids."""
    wallet = await tx.wallet(account)
    wallet.serial += 1
    return str(wallet.serial)


def tallies(
    facts: Facts, account: Account, submission: Submission, ref: str, comments: Sequence[str], guard: Guard, *_: object
) -> list[tuple[int, str]]:
    """List what `send` will count."""
    if not guard.counted:
        return []
    texts = submission.texts or (submission.text,)
    keys = protection.keys(facts.limits_of(account.id), submission.receivers, texts)
    if guard.digest:
        keys.append(f"send {guard.digest}")
    return [(account.id, key) for key in keys]


@foreseeing(tallies)
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
    What goes by `Channel.HLR` is no message: the numbers are looked up. `comments` are one for all, or none, or one
    a receiver of a submission that is `verbatim` and for `each`. Raises `Repeated`, `planning.Refused` and
    `Unencodable`, and then nothing was written.
    """
    limits = tx.facts.limits_of(account.id)
    if guard.digest:
        await _check_repeated(tx, account, "send", guard, limits.repeats, now)
    ref = ref or await next_ref(tx, account.id)
    wanted = await _judged(tx, account, msgspec.structs.replace(submission, tag=ref), guard, now)
    if wanted.channel is Channel.HLR:
        return await _look_up(tx, account, wanted, ref, lanes, policy, now)
    plan = await _planned(tx, account, wanted, lanes, policy, now)
    _name(tx, account.id, ref, plan.messages, comments)
    wallet = await tx.wallet(quota.payer(account, None))
    return Sent(ref, _rows(plan), plan.price, wallet.balance)


async def _check_repeated(tx: Tx, account: Account, what: str, guard: Guard, most: int, now: int) -> None:
    span = tx.facts.limits_of(account.id).span * MICRO
    if not await protection.admit(tx, account.id, f"{what} {guard.digest}", most, span, now):
        raise Repeated


async def _planned(tx: Tx, account: Account, submission: Submission, lanes: Lanes, policy: Policy, now: int) -> Plan:
    """Take a submission; where the wallet can't pay, nobody of it gets anything."""
    try:
        return (await take(tx, account, submission, lanes, policy, now))[0]
    except NotEnoughCredits:
        poor = dict.fromkeys(range(len(submission.receivers)), "no_credits") | (submission.judged or {})
        return (await take(tx, account, msgspec.structs.replace(submission, judged=poor), lanes, policy, now))[0]


async def price(
    tx: Tx, account: Account, submission: Submission, guard: Guard, lanes: Lanes, policy: Policy, now: int
) -> Sent:
    """Tell what a submission would cost, and keep nothing of it; `lanes` are such as nobody uses. Raises as `send`."""
    if guard.digest:
        await _check_repeated(tx, account, "price", guard, tx.facts.limits_of(account.id).price_asks, now)
    wallet = await tx.wallet(quota.payer(account, None))
    if submission.channel is Channel.HLR:
        rows = _priced(tx, account, submission)
        return Sent("", tuple(rows), sum(row.price for row in rows), wallet.balance)
    submission = finish(links.sized(submission) if submission.shorten else submission)
    targets, _ = read_targets(submission, policy)
    stopped = await stopped_of(tx, account, submission, targets)
    plan = planning.plan(submission, targets, account, tx.facts, stopped, lanes, policy, now, count(1).__next__)
    return Sent("", _rows(plan), plan.price, wallet.balance)


# what the account's limits say


async def _judged(tx: Tx, account: Account, submission: Submission, guard: Guard, now: int) -> Submission:
    """Add what the account's limits say of receivers, and of the time."""
    if not guard.counted:
        return submission
    limits = tx.facts.limits_of(account.id)
    judged = dict(submission.judged or {})
    if limits.codes:
        for n, receiver in enumerate(submission.receivers):
            if protection.outside(limits, receiver):
                judged.setdefault(n, "forbidden_number")
    if limits.hours and not limits.hours_wait and submission.channel is not Channel.HLR:
        for n in _outside_hours(submission, limits, account, now):
            judged.setdefault(n, "closed")
    left = [n for n in range(len(submission.receivers)) if n not in judged]
    why = await _unwelcome(tx, account, limits, guard, len(left), now) if left else ""
    if why:
        judged |= dict.fromkeys(left, why)
    elif left:
        texts = [submission.texts[n] for n in left] if submission.texts else [submission.text]
        found = await protection.judge(tx, account.id, limits, [submission.receivers[n] for n in left], texts, now)
        judged |= {left[n]: why for n, why in found.items()}
    judged_so = msgspec.structs.replace(submission, judged=judged) if judged else submission
    return _in_hours(judged_so, limits, account, now) if limits.hours and limits.hours_wait else judged_so


async def _unwelcome(tx: Tx, account: Account, limits: Limits, guard: Guard, count: int, now: int) -> str:
    """Tell why nothing of a submission may go, to so many receivers and from where it comes; counts its messages."""
    if count > 1 and not limits.mailings:
        return "mailing"
    strange = limits.new_addresses and guard.address != ""
    if strange and not await addresses.admit(tx, account.id, guard.login, guard.address, now):
        return "new_address"
    most = limits.day_address if guard.visitor else 0
    if most and not await visitors.admit(tx, account.id, guard.visitor, guard.shown, most, count, now):
        return "limit"
    return ""


def _outside_hours(submission: Submission, limits: Limits, account: Account, now: int) -> list[int]:
    """List the places of messages that are to go when the account may not send."""
    dues = [max(due, now) for due in submission.dues or (submission.due,) * len(submission.receivers)]
    return [n for n, due in enumerate(dues) if protection.opening(limits, due, account.timezone) > due]


def _in_hours(submission: Submission, limits: Limits, account: Account, now: int) -> Submission:
    """Let messages wait until the account may send, and their validity with them."""
    dues = submission.dues or (submission.due,)
    opened = [protection.opening(limits, max(due, now), account.timezone) for due in dues]
    waits = max([new - max(old, now) for new, old in zip(opened, dues, strict=True)])
    if not waits:
        return submission
    return msgspec.structs.replace(
        submission,
        due=opened[0] if not submission.dues else submission.due,
        dues=tuple(opened) if submission.dues else (),
        expires=submission.expires and submission.expires + waits,
    )


def _name(tx: Tx, account: int, ref: str, messages: Sequence[Message], comments: Sequence[str]) -> None:
    """Write under which id the client knows messages."""
    own = comments if len(comments) > 1 else [comments[0] if comments else ""] * len(messages)
    for message, comment in zip(messages, own, strict=True):
        tx.insert("client_refs", (account, ref, message.receiver, message.id, comment))


def _rows(plan: Plan) -> tuple[Row, ...]:
    return tuple([_row(message) for message in plan.messages])


def _row(m: Message) -> Row:
    return Row(m.receiver, m.parts, m.price, m.refusal if m.state is State.REJECTED else "", m.id)


# numbers that are looked up


async def _look_up(
    tx: Tx, account: Account, submission: Submission, ref: str, lanes: Lanes, policy: Policy, now: int
) -> Sent:
    """Ask about numbers; those that are refused are written down as messages that never left."""
    rows = _priced(tx, account, submission)
    payer = quota.payer(account, None)
    wallet = await tx.wallet(payer)
    total = sum([row.price for row in rows])
    if not affordable(wallet.balance, quota.limit(account, None, tx.facts), total):
        rows = [row if row.refusal else Row(row.receiver, 1, 0, "no_credits") for row in rows]
        total = 0
    for row in rows:
        if not row.refusal:
            asked = await lookups.ask(tx, account, (row.receiver,), row.price, now, dialect=submission.dialect, tag=ref)
            tx.insert("client_refs", (account.id, ref, row.receiver, asked.ids[0], ""))
    refused = [row for row in rows if row.refusal]
    if refused:
        never = msgspec.structs.replace(
            submission,
            receivers=tuple([row.receiver for row in refused]),
            judged={n: row.refusal for n, row in enumerate(refused)},
        )
        plan, _ = await take(tx, account, never, lanes, policy, now)
        _name(tx, account.id, ref, plan.messages, ())
    return Sent(ref, tuple(rows), total, wallet.balance)


def _priced(tx: Tx, account: Account, submission: Submission) -> list[Row]:
    """Tell what each number costs; one without a price is not asked about."""
    judged = submission.judged or {}
    rows = []
    for n, number in enumerate(submission.receivers):
        micro = None if n in judged else 0 if account.virtual else lookup_price(tx, account, number)
        why = judged.get(n, "no_price") if micro is None else ""
        rows.append(Row(number, 1, micro or 0, why))
    return rows


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


async def called(tx: Tx, account: int, ref: str) -> list[tuple[int, str]]:
    """List what an id names: the newest for each receiver, the newest of all first, 1,000 at most."""
    rows = await tx.query(
        "SELECT max(message), receiver FROM client_refs WHERE account = ?1 AND ref = ?2 GROUP BY receiver"
        " ORDER BY max(message) DESC LIMIT 1000",
        account, ref,
    )  # fmt: skip
    return [(int(row[0]), str(row[1])) for row in rows]


async def forget(tx: Tx, account: int, named: Named) -> None:
    """Let a client's id name a message no more."""
    tx.write(
        "DELETE FROM client_refs WHERE account = ?1 AND ref = ?2 AND receiver = ?3 AND message = ?4",
        account, named.ref, named.receiver, named.id,
    )  # fmt: skip
