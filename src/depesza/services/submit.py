"""Take a submission: judge, price, charge and queue it as one fact."""

from depesza.core import ledger, planning, quota
from depesza.core.facts import Account, User
from depesza.core.fairness import Lanes
from depesza.core.model import FINAL, MICRO, Accepted, Message, State, Submission
from depesza.core.planning import Plan, Policy
from depesza.services import notices
from depesza.store.tx import Tx

CONVERSATION = 48 * 3600 * MICRO
"""How long a reply to a short number finds its message (spec: ovh/4.2)."""
LONG_CONVERSATION = 365 * 24 * 3600 * MICRO
"""The same for STOP numbers and an account's own numbers."""


async def submit(tx: Tx, account: Account, submission: Submission, lanes: Lanes, policy: Policy, now: int) -> Accepted:
    """Take a submission; raises `planning.Refused` or `ledger.NotEnoughCredits`, and then nothing was written."""
    user = tx.facts.user.get(submission.user)
    targets, refused = planning.read_receivers(submission.receivers, policy)
    stopped = await tx.stopped(account.id, [target.e164 for target in targets])
    plan = planning.plan(submission, targets, account, tx.facts, stopped, lanes, policy, now, tx.new_id)
    payer = quota.payer(account, user)
    wallet = await tx.wallet(payer)
    if plan.messages:
        try:
            await _charge(tx, account, user, plan, payer, now)
        except ledger.NotEnoughCredits:
            _give_turns_back(account, plan, lanes)
            raise
        _write(tx, account, user, plan, now)
    return Accepted(
        plan.content.id,
        tuple([message.id for message in plan.messages]),
        tuple([message.receiver for message in plan.messages]),
        tuple(refused),
        plan.price,
        wallet.balance,
        submission.tag,
    )


def _give_turns_back(account: Account, plan: Plan, lanes: Lanes) -> None:
    for message in reversed(plan.messages):
        if message.turn:
            lanes.queue(message.connector, message.priority).give_back(account.id, message.turn)


async def _charge(tx: Tx, account: Account, user: User | None, plan: Plan, payer: int, now: int) -> None:
    if plan.price:
        entry = ledger.charge(payer, plan.price, plan.content.id, now, tx.new_id())
        await tx.book(entry, quota.limit(account, user))
    if account.recredit_amount and (await tx.wallet(account.id)).balance <= account.recredit_threshold:
        await recredit(tx, account, now)


async def recredit(tx: Tx, account: Account, now: int) -> None:
    """Make the automatic order of an account whose balance fell to its threshold (spec: ovh/4.1)."""
    order = tx.new_id()
    tx.insert("orders", (order, account.id, now, account.recredit_amount, "automatic", "done"))
    await tx.book(ledger.topup(account.id, account.recredit_amount * MICRO, order, now, tx.new_id()))


def _write(tx: Tx, account: Account, user: User | None, plan: Plan, now: int) -> None:
    content = plan.content
    tx.add_content(content)
    tx.add_messages(plan.messages)
    if content.reply_to:
        short = content.reply_to == content.sender and len(content.sender) < 7
        span = CONVERSATION if short else LONG_CONVERSATION
        for message in plan.messages:
            if message.state is not State.REJECTED:
                tx.insert("conversations", _conversation(message, span, now))
    for message in plan.messages:
        if message.state in FINAL:
            notices.owe_receipt(
                tx, account, user, message.id, content.dialect, content.sender, message.receiver, content.tag,
                message.state, message.refusal, now,
            )  # fmt: skip


def _conversation(message: Message, span: int, now: int) -> tuple[str, str, int, int, int, str, str, int]:
    content = message.content
    return (
        content.reply_to, message.receiver, content.account, content.user, message.id, content.tag, content.batch,
        max(content.due, now) + span,
    )  # fmt: skip
