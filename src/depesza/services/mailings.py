"""Mailings: sends to many that a client orders under a name, now or later, once or again and again. spec: smsc/3.6

A mailing is carried out as a campaign (`services/campaigns.py`), each time as another one; its rows stay for the
next time. Its messages bear the client's id. As an errand a mailing begins its next campaign when the time has come,
and sends by SMS what did not arrive by another way.
"""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from depesza.core import ledger, planning, quota
from depesza.core.facts import Account
from depesza.core.fairness import Lanes
from depesza.core.model import MICRO, Channel, Submission
from depesza.core.planning import Policy
from depesza.core.repeats import Every, next_time
from depesza.services import addresses, attachments, campaigns, mailing_pages, protection, refs
from depesza.services.attachments import File
from depesza.services.audiences import Audience
from depesza.services.campaigns import Campaign, Figures
from depesza.services.errands import OVER, Step
from depesza.services.refs import Guard, Repeated, Sent
from depesza.store.tx import Row, Tx
from depesza.wire import Unencodable

FOLLOWED = 250
"""Messages that one step sends again."""
LOOK = 10 * MICRO
"""When it is looked again for what did not arrive."""
LONGEST_WAIT = 60 * MICRO
"""When the clock is looked at again, at the latest."""
LIFE = 24 * 3600 * MICRO
"""For how long an SMS is tried that goes in the place of what did not arrive."""
MOST = 1_000
"""Mailings in one answer."""
_UNSENT = "('no_route', 'no_price', 'barred')"
"""Refusals after which another channel may reach the receiver."""

_COLUMNS = (
    "id, account, ref, name, submission, comment, records, span, every, times, first, next, control, sender, text,"
    " cancelled, open, created"
)
_write_submission = msgspec.json.Encoder().encode

WAITING, RUNNING, PAUSED, DONE, CANCELLED = "waiting", "running", "paused", "done", "cancelled"


class Order(Struct, frozen=True, kw_only=True):
    """What is wanted of a mailing, beside what it says and to whom."""

    name: str
    every: Every = Every.NEVER
    times: int = 0
    """How many times more it is carried out."""
    control: bool = False
    """What does not arrive goes by SMS."""
    sender: str = ""
    """Of that SMS; empty: the same."""
    text: str = ""
    """Of that SMS; empty: the same."""


class Mailing(Struct, frozen=True):
    """A mailing as it was ordered."""

    id: int
    account: int
    ref: str
    """What the client calls it, and each of its messages."""
    name: str
    submission: Submission
    comment: str
    records: int
    span: int
    """For how long its messages are tried, in microseconds."""
    every: Every
    times: int
    """How many times more it is carried out."""
    first: int
    next: int
    """When it is carried out once more; 0 for never."""
    control: bool
    sender: str
    text: str
    cancelled: bool
    open: bool
    created: int


class Standing(Struct, frozen=True):
    """How a mailing stands."""

    mailing: Mailing
    status: str
    count: int
    """Messages that it has come to, all times together."""
    figures: Figures


# ordered


async def add(
    tx: Tx,
    account: Account,
    submission: Submission,
    files: Sequence[File],
    order: Order,
    ref: str,
    comments: Sequence[str],
    guard: Guard,
    lanes: Lanes,
    policy: Policy,
    now: int,
) -> Sent:
    """Take a mailing; one of which nobody would get anything is refused as `refs.send` does, and is none.

    Raises as `refs.send` does.
    """
    await _check_repeated(tx, account, guard, now)
    guard = msgspec.structs.replace(guard, digest="")
    ref = ref or await refs.next_ref(tx, account.id)
    priced = await _priced(tx, account, submission, guard, policy, now)
    if priced is None:
        return await refs.send(tx, account, submission, ref, comments, guard, lanes, policy, now)
    start = max(submission.due, now)
    if files:
        submission = await _with_files(tx, account, submission, files, order, start, now)
    following = next_time(order.every, start, start, account.timezone) if order.times else 0
    mailing = Mailing(
        tx.new_id(), account.id, ref, order.name, _bare(submission, ref), comments[0] if len(comments) == 1 else "",
        len(submission.receivers), submission.expires - start, order.every, order.times, start, following,
        order.control, order.sender, order.text, False, bool(following or order.control), now,
    )  # fmt: skip
    _write(tx, mailing)
    mailing_pages.write(tx, mailing.id, submission, comments, start)
    await _carry_out(tx, account, mailing, submission.due, priced.price, now)
    return msgspec.structs.replace(priced, ref=ref, balance=priced.balance - priced.price)  # its pages will be charged


async def _check_repeated(tx: Tx, account: Account, guard: Guard, now: int) -> None:
    limits = tx.facts.limits_of(account.id)
    span = limits.span * MICRO
    if guard.digest and not await protection.admit(tx, account.id, f"send {guard.digest}", limits.repeats, span, now):
        raise Repeated


async def _priced(
    tx: Tx, account: Account, submission: Submission, guard: Guard, policy: Policy, now: int
) -> Sent | None:
    """Tell what it costs; None when nobody would get anything of it."""
    limits = tx.facts.limits_of(account.id)
    asked = limits.new_addresses and guard.address
    if asked and not await addresses.admit(tx, account.id, guard.login, guard.address, now):
        return None
    priced = await refs.price(tx, account, submission, guard, Lanes(), policy, now)
    wallet = await tx.wallet(quota.payer(account, None))
    payable = ledger.affordable(wallet.balance, quota.limit(account, None, tx.facts), priced.price)
    return priced if payable and not all(row.refusal for row in priced.rows) else None


async def _with_files(
    tx: Tx, account: Account, submission: Submission, files: Sequence[File], order: Order, start: int, now: int
) -> Submission:
    """Keep files for as long as the mailing is carried out."""
    assert submission.extras is not None
    until = submission.expires + attachments.KEPT + _last(order, start, account.timezone) - start
    kept = tuple([await attachments.keep(tx, account, file, now, until) for file in files])
    return msgspec.structs.replace(submission, extras=msgspec.structs.replace(submission.extras, files=kept))


def _last(order: Order, start: int, zone: str) -> int:
    """Tell when a mailing is carried out for the last time."""
    at = start
    for _ in range(order.times if order.every else 0):
        at = next_time(order.every, start, at, zone)
    return at


def _bare(submission: Submission, ref: str) -> Submission:
    """Leave out what stands in the rows."""
    return msgspec.structs.replace(submission, receivers=(), texts=(), judged=None, dues=(), tag=ref)


def _write(tx: Tx, mailing: Mailing) -> None:
    m = mailing
    tx.write(
        f"INSERT INTO mailings ({_COLUMNS}, node) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14,"
        " ?15, ?16, ?17, ?18, ?19)",
        m.id, m.account, m.ref, m.name, _write_submission(m.submission), m.comment, m.records, m.span, int(m.every),
        m.times, m.first, m.next, int(m.control), m.sender, m.text, int(m.cancelled), int(m.open), m.created, tx.node,
    )  # fmt: skip
    tx.work.errands = True


async def _carry_out(tx: Tx, account: Account, mailing: Mailing, due: int, price: int, now: int) -> None:
    """Begin a campaign for all rows; `due` is 0 for at once."""
    submission = msgspec.structs.replace(mailing.submission, due=due, expires=max(due, now) + mailing.span)
    rows = Audience(0, account.id, 0, 0, "", "", False, mailing.records, 0, now, "ready")
    origin = campaigns.Origin(mailing.name)
    await campaigns.begin(tx, account, submission, rows, price, now, origin, mailing.id)


# found


async def find(tx: Tx, account: int, ref: str) -> Mailing | None:
    """Find the newest mailing of an account that has an id of the client's."""
    rows = await tx.query(
        f"SELECT {_COLUMNS} FROM mailings WHERE account = ?1 AND ref = ?2 ORDER BY id DESC LIMIT 1", account, ref
    )
    return _mailing(rows[0]) if rows else None


async def standing(tx: Tx, account: int, ref: str, now: int) -> Standing | None:
    """Tell how a mailing stands; None where there is none."""
    mailing = await find(tx, account, ref)
    return await _standing(tx, mailing, now) if mailing is not None else None


async def listing(tx: Tx, account: int, since: int, before: int, now: int) -> list[Standing]:
    """Tell how the mailings stand that were ordered from `since` to before `before` (0: open), the newest first."""
    rows = await tx.query(
        f"SELECT {_COLUMNS} FROM mailings WHERE account = ?1 AND created >= ?2 AND (?3 = 0 OR created < ?3)"
        f" ORDER BY id DESC LIMIT {MOST}",
        account, since, before,
    )  # fmt: skip
    return [await _standing(tx, _mailing(row), now) for row in rows]


def _mailing(row: Row) -> Mailing:
    submission = campaigns.read_submission(bytes(row[4]))
    rest = (bool(row[15]), bool(row[16]), row[17])
    control = bool(row[12])
    return Mailing(*(*row[:4], submission, *row[5:8], Every(row[8]), *row[9:12], control, *row[13:15], *rest))


async def _standing(tx: Tx, mailing: Mailing, now: int) -> Standing:
    runs = await campaigns.of_mailing(tx, mailing.id)
    found = [await _figures(tx, mailing, run) for run in runs]
    names = Figures.__struct_fields__
    total = Figures(**{name: sum([getattr(each, name) for each in found]) for name in names})
    return Standing(mailing, _status(mailing, runs, now), sum(run.total for run in runs), total)


def _status(mailing: Mailing, runs: Sequence[Campaign], now: int) -> str:
    active = [run for run in runs if run.status not in campaigns.ENDED]
    if mailing.cancelled:
        return CANCELLED
    if any(run.paused in (campaigns.PAUSING, campaigns.PAUSED) for run in active):
        return PAUSED
    if any(run.status in (campaigns.TO_CANCEL, campaigns.CANCELLING) for run in active):
        return CANCELLED  # by the operator
    if any(run.submission.due <= now for run in active):
        return RUNNING
    if active or mailing.next:
        return WAITING
    return CANCELLED if runs and runs[-1].status == campaigns.CANCELLED else DONE


async def _figures(tx: Tx, mailing: Mailing, run: Campaign) -> Figures:
    """Count what became of one time: of its messages, or of the numbers that it looked up."""
    figures = await campaigns.figures(tx, run)
    if mailing.submission.channel is not Channel.HLR:
        return figures
    rows = await tx.query(
        "SELECT status, COUNT(*), SUM(price) FROM lookups WHERE account = ?1 AND id > ?2 AND id <= ?3 AND tag = ?4"
        " GROUP BY status",
        run.account, run.id, run.last, mailing.ref,
    )  # fmt: skip
    found = {row[0]: (int(row[1]), int(row[2])) for row in rows}
    none = (0, 0)
    done, failed = found.get("done", none), found.get("error", none)
    asked = [found.get(status, none) for status in ("todo", "doing")]
    return msgspec.structs.replace(
        figures,
        price=figures.price + done[1] + sum([each[1] for each in asked]),
        sent=sum([each[0] for each in asked]),
        delivered=done[0],
        failed=figures.failed + failed[0],
    )


# stopped


async def cancel(tx: Tx, account: int, ref: str, now: int) -> bool:
    """Carry a mailing out no more and take back what waits; False where there is nothing to stop."""
    mailing = await find(tx, account, ref)
    return mailing is not None and await _cancel(tx, mailing, now)


async def _cancel(tx: Tx, mailing: Mailing, now: int) -> bool:
    runs = await campaigns.of_mailing(tx, mailing.id)
    stopped = [await campaigns.cancel(tx, run.id, now) for run in runs if run.status not in campaigns.ENDED]
    if mailing.cancelled or not (mailing.open or any(stopped)):
        return False
    tx.write("UPDATE mailings SET cancelled = 1, next = 0, open = 0 WHERE id = ?1", mailing.id)
    if not any(stopped):
        mailing_pages.forget(tx, mailing.id)
    return True


async def delete(tx: Tx, account: int, ref: str, now: int) -> bool:
    """Forget a mailing, not its messages, and take back what waits; False where there is none."""
    mailing = await find(tx, account, ref)
    if mailing is None:
        return False
    await _cancel(tx, mailing, now)
    mailing_pages.forget(tx, mailing.id)
    tx.write("DELETE FROM mailings WHERE id = ?1", mailing.id)
    return True


# carried out


async def step(tx: Tx, id: int, lanes: Lanes, policy: Policy, now: int) -> Step:
    """Begin the next campaign when its time has come, and send again what did not arrive."""
    rows = await tx.query(f"SELECT {_COLUMNS} FROM mailings WHERE id = ?1 AND node = ?2 AND open = 1", id, tx.node)
    if not rows:
        return OVER
    mailing = _mailing(rows[0])
    account = tx.facts.account.get(mailing.account)
    if account is None or not account.enabled:
        return _close(tx, mailing)
    if mailing.next and mailing.next <= now:
        await _again(tx, account, mailing, now)
        return Step(1)
    if mailing.control:
        followed, waiting = await _follow_up(tx, account, mailing, lanes, policy, now)
        if followed or waiting:
            return Step(followed, wait=0 if followed else LOOK)
    if not mailing.next:
        return _close(tx, mailing)
    return Step(wait=min(mailing.next - now, LONGEST_WAIT))


def _close(tx: Tx, mailing: Mailing) -> Step:
    tx.write("UPDATE mailings SET next = 0, open = 0 WHERE id = ?1", mailing.id)
    return OVER


async def _again(tx: Tx, account: Account, mailing: Mailing, now: int) -> None:
    """Carry it out now; times that went by while nobody looked are made up for by one."""
    following, times = mailing.next, mailing.times - 1
    while times and following <= now:
        following = next_time(mailing.every, mailing.first, following, account.timezone)
    following = following if times else 0
    opened = int(bool(following or mailing.control))
    tx.write("UPDATE mailings SET times = ?2, next = ?3, open = ?4 WHERE id = ?1", mailing.id, times, following, opened)
    await _carry_out(tx, account, mailing, 0, 0, now)


async def _follow_up(
    tx: Tx, account: Account, mailing: Mailing, lanes: Lanes, policy: Policy, now: int
) -> tuple[int, bool]:
    """Send by SMS what did not arrive; gives how many, and whether more may come."""
    waiting = False
    for run in await campaigns.of_mailing(tx, mailing.id):
        rows = await tx.query(
            "SELECT m.id, m.receiver, COALESCE(m.text, s.text) FROM messages m JOIN submissions s"
            " ON s.id = m.submission WHERE m.account = ?1 AND m.id > ?2 AND m.id <= ?3 AND s.batch = ?4"
            f" AND (m.state IN (11, 12) OR (m.state = 13 AND m.refusal IN {_UNSENT}))"
            " AND NOT EXISTS (SELECT 1 FROM followed f WHERE f.message = m.id) ORDER BY m.id LIMIT ?5",
            run.account, run.id, run.last, run.uuid, FOLLOWED,
        )  # fmt: skip
        if rows:
            await _send_instead(tx, account, mailing, rows, lanes, policy, now)
            return len(rows), True
        waiting = waiting or run.status not in campaigns.ENDED or (await campaigns.figures(tx, run)).pending > 0
        waiting = waiting or await _on_their_way(tx, run)
    return 0, waiting


async def _on_their_way(tx: Tx, run: Campaign) -> bool:
    rows = await tx.query(
        "SELECT 1 FROM messages m JOIN submissions s ON s.id = m.submission WHERE m.account = ?1 AND m.id > ?2"
        " AND m.id <= ?3 AND s.batch = ?4 AND m.state < 10 LIMIT 1",
        run.account, run.id, run.last, run.uuid,
    )  # fmt: skip
    return bool(rows)


async def _send_instead(
    tx: Tx, account: Account, mailing: Mailing, rows: Sequence[Row], lanes: Lanes, policy: Policy, now: int
) -> None:
    """Send an SMS in the place of each message; one that can't be sent is noted in its timeline."""
    old = mailing.submission
    same = old.channel is Channel.SMS and not mailing.text
    wanted = msgspec.structs.replace(
        old,
        sender=mailing.sender or old.sender,
        receivers=tuple([str(row[1]) for row in rows]),
        text=mailing.text,
        texts=() if mailing.text else tuple([str(row[2]) for row in rows]),
        channel=Channel.SMS,
        alphabet=old.alphabet if same else "",
        extras=old.extras if same else None,
        flash=old.flash if same else -1,
        due=0,
        expires=now + LIFE,
        fit=0,
        shorten=old.shorten if mailing.text else "",
    )
    for row in rows:
        tx.insert("followed", (row[0],))
    try:
        await refs.send(tx, account, wanted, mailing.ref, (mailing.comment,), Guard(), lanes, policy, now)
    except (planning.Refused, Unencodable) as error:
        for row in rows:
            tx.event(row[0], now, "not_sent", str(error))


def forget(tx: Tx, oldest: int) -> None:
    """Delete mailings with ids below `oldest` that are over, and the marks of old messages."""
    tx.write("DELETE FROM mailing_rows WHERE mailing IN (SELECT id FROM mailings WHERE id < ?1 AND open = 0)", oldest)
    tx.write("DELETE FROM mailings WHERE id < ?1 AND open = 0", oldest)
    tx.write("DELETE FROM followed WHERE message < ?1", oldest)
