"""What happens to messages on their way: claimed, taken, refused, reported, expired, cancelled, taken over.

Each service gathers the rows concerned, asks `core.lifecycle` for the next state and writes the step, the refund,
the timeline and the notice as one fact.
"""

from collections.abc import Collection, Sequence

import msgspec
from msgspec import Struct

from depesza.core import ledger, lifecycle, quota
from depesza.core.facts import Facts
from depesza.core.fairness import Lanes
from depesza.core.lifecycle import News
from depesza.core.model import (
    ARRIVED,
    FINAL,
    MICRO,
    Channel,
    Message,
    OnUnknown,
    Outcome,
    Receipt,
    ReceiptFact,
    Shape,
    State,
    Way,
)
from depesza.core.refusals import Fault, Retry, refusal
from depesza.services import collected, notices
from depesza.store.rows import Row, content_of, message_of
from depesza.store.tx import Tx

LONGEST_DOUBT = 6 * 3600 * MICRO
"""Longest wait before a message that may have been sent is sent again."""

_SENDING, _SENT = int(State.SENDING), int(State.SENT)
_receipt_bytes = msgspec.json.Encoder().encode
_receipt_of = msgspec.json.Decoder(Receipt).decode


Parts = dict[tuple[int, str], State]
"""What became of a message's parts, by connector and remote id."""


class Found(Struct, gc=False):
    """What a step needs to know of a message; `state` and `told` follow the steps made in this service."""

    id: int
    account: int
    user: int
    state: State
    parts: int
    price: int
    receiver: str
    connector: int
    submission: int
    sender: str
    dialect: str
    tag: str
    callback: str
    way: str
    channel: Channel
    shape: Shape
    told: Parts | None = None
    """Its parts, once they were read: a service does not read what it wrote itself."""


_STATES = {int(state): state for state in State}
_NAMES = {state: state.name for state in State}
"""Tables, because both ways through the enum's own machinery are slow."""


def found_of(row: Row) -> Found:
    """Read a message from the columns of `find_messages`."""
    return Found(row[0], row[1], row[2], _STATES[row[3]], *row[4:16])


async def step(
    tx: Tx,
    message: Found,
    news: News,
    now: int,
    *,
    reason: str = "",
    due: int = 0,
    connector: int = 0,
    maybe: bool = False,
) -> bool:
    """Move one message as the life cycle says; False when the news changes nothing."""
    target = lifecycle.change(message.state, news)
    if target is None:
        return False
    was = message.state
    sent = now if was is State.SENDING and target in (State.SENT, State.PENDING, State.DELIVERED) else 0
    final = target >= State.DELIVERED
    ended = was >= State.DELIVERED
    done = now if final else 0
    tx.move(message.id, was, target, refusal=reason, sent=sent, done=done, due=due, maybe=maybe, connector=connector)
    message.state = target
    tx.recent.forget(message.id)
    facts = tx.facts
    account = facts.account.get(message.account)
    if account is None:
        return True
    user = facts.user.get(message.user) if message.user else None
    if (
        final
        and not ended
        and message.price
        and (refunded(target, reason, account.refund_failed) or _by_phone(facts, message))
    ):
        wallet = quota.payer(account, user)
        await tx.book(ledger.refund(wallet, message.price, message.id, now, tx.new_id(), "", account.currency))
    if (message.callback or account.callback or user is not None) and (final or target in (State.SENT, State.PENDING)):
        fact = ReceiptFact(
            message.id, target, reason, now, message.sender, message.receiver, message.tag, message.parts,
            message.price, message.channel, message.shape,
        )  # fmt: skip
        notices.owe_receipt(tx, account, user, message.dialect, fact, message.callback)
    if facts.webhooks and message.user:
        await notices.owe_hooks(
            tx, message.user, message.id, message.dialect, message.sender, message.receiver, message.tag,
            message.parts, target, reason, now,
        )  # fmt: skip
    return True


def _by_phone(facts: Facts, message: Found) -> bool:
    """Tell whether an own phone did what a carrier was paid for in advance."""
    return message.way == Way.PHONES_FIRST and message.connector in facts.phones


def refunded(state: State, reason: str, refund_failed: bool) -> bool:
    """Tell whether a message that ended so is given back: never left us, or the account is promised it."""
    if state in (State.REJECTED, State.CANCELLED):
        return True
    if state in ARRIVED:
        return False
    return refund_failed or (bool(reason) and refusal(reason).fault is Fault.US)


# from the dispatcher


async def claim(tx: Tx, ids: Sequence[int], connector: int) -> list[int]:
    """Mark messages as sending; gives those that may now be written to the carrier."""
    return await tx.claim(ids, connector)


async def settle(tx: Tx, connector: int, settled: Sequence[tuple[Outcome, Message]], retry: dict[int, int]) -> None:
    """Write what a connector said of its attempts.

    `retry` names, for messages refused here, the connector that shall try next (none: nobody is left).
    """
    # only a message with an earlier attempt can have moved since it was claimed: a receipt finds no other
    doubtful = [(message.id,) for _, message in settled if message.attempts or message.maybe_sent]
    moved = {row[0]: found_of(row) for row in await tx.rows_for("find_messages", doubtful)}
    recent = tx.recent
    for outcome, sent in settled:
        message = moved.get(sent.id)
        if outcome.refusal:
            found, other = message or found_of(_row_of(sent, _SENDING)), retry.get(outcome.message, 0)
            await _refused(tx, found, connector, outcome, other, sent.attempts)
            continue
        _write_remotes(tx, connector, outcome)
        if message is not None:
            await step(tx, message, News.TAKEN, outcome.at)
        else:
            _taken(tx, sent, outcome.at)
            if sent.content.user and tx.facts.webhooks:
                content = sent.content
                await notices.owe_hooks(
                    tx, content.user, sent.id, content.dialect, content.sender, sent.receiver, content.tag,
                    sent.parts, State.SENT, "", outcome.at,
                )  # fmt: skip
            if sent.parts == 1:
                recent.keep(connector, outcome.remotes[0], _row_of(sent))


def _taken(tx: Tx, message: Message, at: int) -> None:
    """The step of nearly every message, written out: claimed once, taken by the carrier (News.TAKEN)."""
    id = message.id
    tx.update("move", (id, _SENDING, _SENT, "", at, 0, 0, 0, 0))
    content = message.content
    account = tx.facts.account.get(content.account)
    own = content.callback
    if account is not None and (collected.wants(own, State.SENT) if own else account.notices == "all"):
        user = tx.facts.user.get(content.user) if content.user else None
        fact = ReceiptFact(
            id, State.SENT, "", at, content.sender, message.receiver, content.tag, message.parts, message.price,
            content.channel, content.shape,
        )  # fmt: skip
        notices.owe_receipt(tx, account, user, content.dialect, fact, own)


def _row_of(message: Message, state: int = _SENT) -> Row:
    """The row of a message that the queries would find."""
    content = message.content
    return (
        message.id, content.account, content.user, state, message.parts, message.price, message.receiver,
        message.connector, content.id, content.sender, content.dialect, content.tag, content.callback, content.way,
        content.channel, content.shape,
    )  # fmt: skip


def _write_remotes(tx: Tx, connector: int, outcome: Outcome) -> None:
    remotes, at, message = outcome.remotes, outcome.at, outcome.message
    if len(remotes) == 1:
        tx.insert("remotes", (connector, remotes[0], message, 0, _SENT, at))
    else:
        for number, remote in enumerate(remotes, 1):
            tx.recent.take(connector, remote)  # a carrier may use an id again
            tx.insert("remotes", (connector, remote, message, number, _SENT, at))
    tx.event(message, at, "taken", f"{connector} {' '.join(remotes)}", b"".join(outcome.wire))


async def _refused(
    tx: Tx, message: Found, connector: int, outcome: Outcome, next_connector: int, attempts: int
) -> None:
    reason = refusal(outcome.refusal)
    account = tx.facts.account.get(message.account)
    tx.event(
        message.id,
        outcome.at,
        outcome.refusal,
        f"{connector} {outcome.detail}",
        b"".join(outcome.wire) or None,
    )
    uncertain = reason.name == "uncertain"
    if uncertain and account is not None and account.on_unknown is OnUnknown.HOLD:
        await step(tx, message, News.LOST, outcome.at, reason=reason.name, maybe=True)
    elif reason.retry is Retry.HERE or (reason.retry is Retry.OTHER and (next_connector or reason.name == "link_down")):
        # a carrier that cannot be reached costs no message: only its validity ends it
        wait = _doubt(outcome.retry_after, attempts) if uncertain else outcome.retry_after
        due = outcome.at + max(wait, 1)
        other = next_connector if reason.retry is Retry.OTHER else 0
        if await step(tx, message, News.RETRY, outcome.at, due=due, connector=other, maybe=uncertain):
            work = tx.work
            if not work.scheduled or due < work.scheduled:
                work.scheduled = due
    else:
        await step(tx, message, News.REFUSED, outcome.at, reason=reason.name)


def _doubt(wait: int, attempts: int) -> int:
    """Tell how long to wait before sending once more what may have arrived: each time four times as long.

    A carrier that delivers and never answers would otherwise double a message every minute of its validity.
    """
    return min(wait << min(2 * attempts, 30), LONGEST_DOUBT)


# from the reporter


async def take_receipts(tx: Tx, receipts: Sequence[Receipt], now: int) -> list[str]:
    """Write receipts; gives for each the remote id under which its message was found, or "" when it was parked."""
    matched = await _match(tx, receipts, now)
    for receipt, remote in zip(receipts, matched, strict=True):
        if not remote:
            first = receipt.remotes[0] if receipt.remotes else ""
            row = (tx.new_id(), receipt.connector, first, receipt.at, _receipt_bytes(receipt))
            tx.insert("parked", row)
    return matched


async def take_known(tx: Tx, message: int, receipts: Sequence[Receipt], now: int) -> bool:
    """Write receipts of one message that is known by its own id; False when there is none with that id."""
    rows = await tx.rows_for("find_messages", [(message,)])
    for row in rows:
        found = found_of(row)
        for receipt in receipts:
            known = msgspec.structs.replace(receipt, connector=found.connector)
            await _report(tx, found, known.remotes[0] if known.remotes else "", 0, known, now)
    return bool(rows)


async def _match(tx: Tx, receipts: Sequence[Receipt], now: int) -> list[str]:
    """Give receipts to their messages; tells the id that matched, or "" where none did."""
    known: dict[int, Found] = {}
    hits: list[tuple[Found, str, int] | None] = [_lately(tx, receipt, known) for receipt in receipts]
    values = [
        (n, receipts[n].connector, remote)
        for n, hit in enumerate(hits)
        if hit is None
        for remote in receipts[n].remotes
    ]
    rows: dict[int, dict[str, Row]] = {}
    for row in await tx.rows_for("find_remotes", values):
        n = row[0]
        if _same_receiver(receipts[n].receiver, row[10]):
            rows.setdefault(n, {})[row[1]] = row
    for n, found in rows.items():
        row = next(found[remote] for remote in receipts[n].remotes if remote in found)
        message = known.get(row[4])
        if message is None:
            message = known[row[4]] = found_of(row[4:])
        hits[n] = message, row[1], row[2]
    for receipt, hit in zip(receipts, hits, strict=True):
        if hit is not None:
            await _report(tx, *hit, receipt, now)
    return [hit[1] if hit is not None else "" for hit in hits]


def _lately(tx: Tx, receipt: Receipt, known: dict[int, Found]) -> tuple[Found, str, int] | None:
    """Find a message of one part that was taken a moment ago, by the likeliest of its ids."""
    if not receipt.remotes:
        return None
    remote = receipt.remotes[0]
    row = tx.recent.take(receipt.connector, remote)
    if row is None or not _same_receiver(receipt.receiver, row[6]):
        return None
    message = known[row[0]] = found_of(row)
    return message, remote, 0


def _same_receiver(reported: str, receiver: str) -> bool:
    """Tell whether a receipt's address can be the message's receiver: carriers drop pluses and calling codes."""
    digits = reported.lstrip("+0")
    return len(digits) < 6 or receiver.endswith(digits[-7:])


async def _report(tx: Tx, message: Found, remote: str, part: int, receipt: Receipt, now: int) -> None:
    state = receipt.state
    tx.event(
        message.id,
        receipt.at,
        "receipt",
        f"{receipt.connector} {remote} {state.name}",
        receipt.detail.encode(),
    )
    if part:
        state = await _whole_state(tx, message, receipt, remote)
    news = lifecycle.REPORTED.get(state)
    if news is not None:
        reason = receipt.refusal if state in (State.FAILED, State.EXPIRED) else ""
        await step(tx, message, news, now, reason=reason)


async def _whole_state(tx: Tx, message: Found, receipt: Receipt, remote: str) -> State:
    """Tell what a message of several parts is now that one of them is reported."""
    key = (receipt.connector, remote)
    states = message.told
    if states is None:
        rows = await tx.rows_for("sibling_parts", [(message.id,)])
        states = message.told = {(row[1], row[2]): State(row[3]) for row in rows}
    if states.get(key) not in FINAL:
        states[key] = receipt.state
        tx.update("part_state", (receipt.connector, remote, int(receipt.state)))
    mine = [part for (connector, _), part in states.items() if connector == receipt.connector]
    return lifecycle.whole(mine)


async def rematch(tx: Tx, after: int, oldest: int, limit: int, now: int) -> tuple[int, int, list[tuple[Receipt, str]]]:
    """Try parked receipts again; gives the last one's id, how many were seen, and those that found their message."""
    rows = await tx.rows("parked_page", after, limit)
    receipts = [_receipt_of(row[4]) for row in rows]
    matched = await _match(tx, receipts, now)
    for row, receipt, remote in zip(rows, receipts, matched, strict=True):
        if remote or receipt.at < oldest:
            tx.update("unpark", (row[0],))
    found = [(receipt, remote) for receipt, remote in zip(receipts, matched, strict=True) if remote]
    return (rows[-1][0] if rows else 0), len(rows), found


# from the keeper and the client


async def end(tx: Tx, ids: Sequence[int], news: News, reason: str, now: int) -> list[int]:
    """End messages early (expired, cancelled, refused before sending); gives those that were still waiting."""
    ended = []
    for row in await tx.rows_for("find_messages", [(id,) for id in ids]):
        message = found_of(row)
        if await step(tx, message, news, now, reason=reason):
            tx.event(message.id, now, news.name.lower(), reason)
            ended.append(message.id)
    return ended


async def make_due(tx: Tx, lanes: Lanes, now: int, limit: int) -> int:
    """Queue scheduled messages whose time has come; gives how many there were, and tells the engine of them."""
    rows = await tx.rows("due_page", now, limit)
    messages = await load(tx, [row[0] for row in rows])
    for message in messages:
        account = tx.facts.account.get(message.content.account)
        weight = account.weight if account else 100
        turn = message.turn
        if not turn:
            queue = lanes.queue(message.connector, message.priority)
            turn = queue.one(message.content.account, message.parts, weight)
        tx.update("make_due", (message.id, tx.node, turn))
        tx.work.messages.append(msgspec.structs.replace(message, state=State.QUEUED, turn=turn))
    return len(rows)


async def reroute(tx: Tx, messages: Sequence[Message], connector: int, lanes: Lanes) -> None:
    """Move queued messages to another connector, because the link of their own is down."""
    for message in messages:
        account = tx.facts.account.get(message.content.account)
        queue = lanes.queue(connector, message.priority)
        turn = queue.one(message.content.account, message.parts, account.weight if account else 100)
        tx.update("reroute", (message.id, tx.node, connector, turn))
        tx.work.messages.append(msgspec.structs.replace(message, connector=connector, turn=turn))


async def strays(tx: Tx, served: Collection[int], limit: int) -> list[Message]:
    """Read messages of this node that are queued for connectors nobody serves: disabled or deleted ones."""
    found: list[Message] = []
    for (connector,) in await tx.rows("queue_lanes", tx.node):
        if connector not in served:
            found += await queue_page(tx, tx.node, connector, limit)
    return found


async def load(tx: Tx, ids: Sequence[int]) -> list[Message]:
    """Read whole messages."""
    return await with_contents(tx, await tx.rows_for("messages_whole", [(id,) for id in ids]))


async def with_contents(tx: Tx, rows: Sequence[Row]) -> list[Message]:
    """Read messages from the columns of `queue_page`."""
    wanted = sorted({row[1] for row in rows})
    contents = {
        content.id: content for content in map(content_of, await tx.rows_for("contents", [(id,) for id in wanted]))
    }
    return [message_of(row, contents) for row in rows]


async def queue_page(tx: Tx, node: int, connector: int, limit: int) -> list[Message]:
    """Read the first messages of a connector's queue, in their order."""
    return await with_contents(tx, await tx.rows("queue_page", node, connector, limit))


_ADOPTED = (
    "adopt_queued",
    "adopt_held",
    "adopt_notices",
    "adopt_campaigns",
    "adopt_mailings",
    "adopt_tasks",
    "adopt_audiences",
    "adopt_builds",
    "adopt_lookups",
)


async def adopt(tx: Tx, gone: int, now: int, limit: int) -> tuple[int, int]:
    """Take over a page of what a node that is gone had accepted.

    Gives how many messages were being sent (`limit` of them: call again) and how much else became ours.
    What it was sending may have been sent: it is sent again and marked, or held, as the account says.
    """
    rows = await tx.rows("sending_page", gone, limit)
    for row in await tx.rows_for("find_messages", [(row[0],) for row in rows]):
        message = found_of(row)
        account = tx.facts.account.get(message.account)
        held = account is not None and account.on_unknown is OnUnknown.HOLD
        news = News.LOST if held else News.RETRY
        await step(tx, message, news, now, reason="uncertain" if held else "", due=now, maybe=True)
        tx.event(message.id, now, "maybe_sent", f"node {gone} ended before the carrier's answer was on disk")
        if not held:
            tx.work.scheduled = now
    others = 0
    if len(rows) < limit:
        for name in _ADOPTED if gone != tx.node else ():
            others += await tx.execute(name, gone, tx.node)
    return len(rows), others


async def next_due(tx: Tx) -> int:
    """Tell when the next scheduled message falls due; 0 when there is none."""
    rows = await tx.rows("next_due")
    return rows[0][0] or 0


async def stale(tx: Tx, after: int, before: int, expired: int, limit: int) -> list[int]:
    """Find messages between two ids that a carrier took, whose validity ended before `expired`, unreported."""
    return [row[0] for row in await tx.rows("stale_page", after, before, expired, limit)]


async def nothing(tx: Tx) -> None:
    """Do nothing: the store looks whether another process has changed something."""
