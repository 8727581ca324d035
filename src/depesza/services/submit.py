"""Take a submission: judge, price, charge and queue it as one fact."""

from collections.abc import Sequence

from depesza.core import ledger, planning, quota
from depesza.core.facts import MAIL, Account, Facts, User
from depesza.core.fairness import Lanes
from depesza.core.finishing import finish
from depesza.core.model import FINAL, MICRO, Accepted, Content, Message, ReceiptFact, State, Submission
from depesza.core.optout import ASKED, MASS, SINGLE
from depesza.core.planning import Plan, Policy, Target
from depesza.services import links, notices, orders
from depesza.store.tx import Tx
from depesza.wire.mail import Mail

CONVERSATION = 48 * 3600 * MICRO
"""How long a reply to a short number finds its message (spec: ovh/4.2)."""
LONG_CONVERSATION = 365 * 24 * 3600 * MICRO
"""The same for STOP numbers and an account's own numbers."""
SESSION = 24 * 3600 * MICRO
"""The same for numbers that hold sessions, and how long a number's page lives (spec: ovh/4.12)."""


async def submit(tx: Tx, account: Account, submission: Submission, lanes: Lanes, policy: Policy, now: int) -> Accepted:
    """Take a submission; raises `planning.Refused` or `ledger.NotEnoughCredits`, and then nothing was written."""
    plan, refused = await take(tx, account, submission, lanes, policy, now)
    wallet = await tx.wallet(quota.payer(account, tx.facts.user.get(submission.user)))
    return Accepted(
        plan.content.id,
        tuple([message.id for message in plan.messages]),
        tuple([message.receiver for message in plan.messages]),
        tuple(refused),
        plan.price,
        wallet.balance,
        submission.tag,
    )


async def submit_each(
    tx: Tx, account: Account, submissions: Sequence[Submission], lanes: Lanes, policy: Policy, now: int
) -> list[int | Exception]:
    """Take submissions to one receiver each, as `submit` does; one that is refused does not hinder the others.

    Gives the id of each one's message, 0 where its receiver is no number, or what `submit` would have raised.
    """
    found: list[int | Exception] = []
    for submission in submissions:
        try:
            plan, _ = await take(tx, account, submission, lanes, policy, now)
        except (planning.Refused, ledger.NotEnoughCredits) as error:  # of which nothing was written
            found.append(error)
        else:
            found.append(plan.messages[0].id if plan.messages else 0)
    return found


async def take(
    tx: Tx, account: Account, submission: Submission, lanes: Lanes, policy: Policy, now: int
) -> tuple[Plan, list[str]]:
    """Take a submission as `submit` does; gives what was written, and the receivers that are no numbers."""
    user = tx.facts.user.get(submission.user)
    short = await links.shorten(tx, submission) if submission.shorten else None
    if short is not None:
        submission = short.submission
    submission = finish(submission)
    targets, refused = read_targets(submission, policy)
    stopped = await stopped_of(tx, account, submission, targets)
    plan = planning.plan(submission, targets, account, tx.facts, stopped, lanes, policy, now, tx.new_id)
    if plan.messages:
        try:
            for content, price in plan.charges:
                await charge(tx, account, user, price, content, policy, now)
        except ledger.NotEnoughCredits:
            _give_turns_back(account, plan, lanes)
            raise
        await _write(tx, account, user, plan, now)
        if short is not None and short.codes:
            mine = [short.codes[target.index] for target in targets]
            links.keep(tx, account.id, list(zip(mine, plan.messages, strict=True)), now)
        for message in plan.messages if submission.warning else ():
            tx.event(message.id, now, "warning", submission.warning)
    return plan, refused


def read_targets(submission: Submission, policy: Policy) -> tuple[list[Target], list[str]]:
    """Understand whom a submission names; gives those who can be reached, and those who can't, as written."""
    return planning.read_receivers(submission.receivers, policy, verbatim=submission.verbatim, each=submission.each)


async def stopped_of(tx: Tx, account: Account, submission: Submission, targets: Sequence[Target]) -> frozenset[str]:
    """Tell who of them asked for silence, or is barred from mailings or from what is for one receiver."""
    listed = await tx.stopped(account.id, [target.e164 for target in targets])
    if not listed:
        return frozenset()
    barred = ASKED | (MASS if len(targets) > 1 or submission.batch else SINGLE)
    return frozenset([number for number, why in listed.items() if why & barred])


def _give_turns_back(account: Account, plan: Plan, lanes: Lanes) -> None:
    for message in reversed(plan.messages):
        if message.turn:
            lanes.queue(message.connector, message.priority).give_back(account.id, message.turn)


async def charge(
    tx: Tx, account: Account, user: User | None, price: int, ref: int, policy: Policy, now: int, note: str = ""
) -> None:
    """Take credits from who pays, with all that follows when few are left; raises `ledger.NotEnoughCredits`."""
    if price:
        payer = quota.payer(account, user)
        wallet = await tx.wallet(payer)
        before = wallet.balance
        await tx.book(
            ledger.charge(payer, price, ref, now, tx.new_id(), note, account.currency),
            quota.limit(account, user, tx.facts),
        )
        if user is not None and user.quota and quota.runs_low(user, before, wallet.balance):
            await _alert(tx, account, user, wallet.balance, policy, now)
    await orders.recredit(tx, account, now)


async def _alert(tx: Tx, account: Account, user: User, left: int, policy: Policy, now: int) -> None:
    """Tell that a user's own credits run low: by mail, by text, or both; a text is charged to the account."""
    said = f"{user.login} of {account.name} has {ledger.two_decimals(left)} credits left"
    if user.alert_email and user.alert_support in ("mail", "both"):
        notices.owe_mail(tx, account, Mail(user.alert_email, said, f"{said}.\n"), now)
    if user.alert_number and user.alert_support in ("sms", "both"):
        await send_soon(tx, account, "", user.alert_number, said, policy, now)


async def send_soon(
    tx: Tx, account: Account, sender: str, number: str, text: str, policy: Policy, now: int, message: int = 0
) -> None:
    """Send a text of the platform's own, charged to the account; `sender` is empty for the account's usual one.

    It leaves in a moment: the keeper queues it, who holds the turns. What can't be sent is noted on `message`.
    """
    sender = sender or usual_sender(tx.facts, account)
    submission = Submission(
        dialect=account.home, sender=sender, answerable=not sender, receivers=(number,), text=text, due=now + 1
    )
    try:
        accepted = await submit(tx, account, submission, Lanes(), policy, now)
    except (planning.Refused, ledger.NotEnoughCredits) as error:
        tx.event(message, now, "not_sent", f"{number} {error}")
        return
    for refused in accepted.refused:
        tx.event(message, now, "not_sent", f"{refused} is no number")


def usual_sender(facts: Facts, account: Account) -> str:
    """Choose the sender of what an account did not write itself; empty for a short number."""
    mine = [row for row in facts.senders if row.account == account.id and row.status == "enable"]
    names = [row.name for row in mine if row.kind != MAIL]
    return account.forward_sender if account.forward_sender in names else min(names, default="")


async def _write(tx: Tx, account: Account, user: User | None, plan: Plan, now: int) -> None:
    for content in (plan.content, *plan.others):
        tx.add_content(content)
    tx.add_messages(plan.messages)
    if plan.content.reply_to or plan.others:
        spans = {content.id: _span(tx, content) for content in (plan.content, *plan.others) if content.reply_to}
        for message in plan.messages:
            span = spans.get(message.content.id)
            if span and message.state is not State.REJECTED:
                tx.insert("conversations", _conversation(message, span, now))
    for message in plan.messages:
        if message.state in FINAL:
            content = message.content
            fact = ReceiptFact(
                message.id, message.state, message.refusal, now, content.sender, message.receiver, content.tag,
                message.parts, message.price, content.channel, content.shape,
            )  # fmt: skip
            notices.owe_receipt(tx, account, user, content.dialect, fact, content.callback)
            await notices.owe_hooks(
                tx, content.user, message.id, content.dialect, content.sender, message.receiver, content.tag,
                message.parts, message.state, message.refusal, now,
            )  # fmt: skip


def _span(tx: Tx, content: Content) -> int:
    """Tell how long replies to a submission find its messages."""
    if content.reply_to != content.sender:
        return LONG_CONVERSATION
    if len(content.sender) < 7:
        return CONVERSATION
    own = tx.facts.sender.get((content.account, content.sender))
    return SESSION if own is not None and own.kind == "time2chat" else LONG_CONVERSATION


def _conversation(message: Message, span: int, now: int) -> tuple[str, str, int, int, int, str, str, int]:
    content = message.content
    return (
        content.reply_to, message.receiver, content.account, content.user, message.id, content.tag, content.batch,
        max(content.due, now) + span,
    )  # fmt: skip
