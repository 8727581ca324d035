"""Campaigns: one text to the rows of a list, written down at once, carried out page by page.

Here a campaign is begun, found, renamed, stopped and told about; `services/campaign_steps.py` carries it out. All its
messages lie between its own id and `last`, which is how they are found again. spec: ovh/4.2#5, ovh/4.9
"""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from depesza.core import ledger, planning, quota
from depesza.core.facts import Account
from depesza.core.fairness import Lanes
from depesza.core.ids import uuid_of
from depesza.core.model import ARRIVED, MICRO, Accepted, State, Submission
from depesza.core.optout import ASKED, MASS
from depesza.core.planning import Policy
from depesza.core.template import Template
from depesza.services import audiences, progress
from depesza.services.audiences import Audience, Line
from depesza.services.submit import submit
from depesza.store.tx import Row, Tx

SAMPLE = 500
"""Rows by which a list is priced beforehand."""
MOST = 1_000
"""Campaigns in one answer."""
MOST_ERRORS = 1_000
"""Receivers without a message that are remembered one by one."""
MOST_SHOWN = 1_000
"""Receivers of a campaign's own list that are kept to be shown again."""

RUNNING, INSERTED, DONE, FAILED = "running", "inserted", "done", "failed"
TO_CANCEL, CANCELLING, CANCELLED = "to_cancel", "cancelling", "cancelled"
ENDED = (DONE, FAILED, CANCELLED)

FREE, PAUSING, PAUSED, RESUMING = range(4)
"""Columns `paused`: what waits is being held back, is held, is being let go."""

_write_submission = msgspec.json.Encoder().encode
read_submission = msgspec.json.Decoder(Submission).decode
_receivers = msgspec.json.Decoder(list[str]).decode
_COLUMNS = (
    "id, account, audience, submission, next_row, status, created, name, slot, receivers, total, processed, estimated,"
    " errors, last, mark, again, paused, changed, started, finished, mailing"
)


class Campaign(Struct, frozen=True):
    """One campaign."""

    id: int
    account: int
    audience: int
    submission: Submission
    next_row: int
    """The last row that was planned."""
    status: str
    created: int
    name: str
    slot: int
    """The slot its list came from; 0 when it has its own."""
    receivers: tuple[str, ...]
    """Those that were named one by one, as far as they are kept."""
    total: int
    """Rows, and receivers that were refused at once."""
    processed: int
    """How many of them have been worked on."""
    estimated: int
    """Price told beforehand, in micro-credits."""
    errors: int
    last: int
    """Id of its newest message; 0 before the first."""
    mark: int
    """How far its messages were looked through."""
    again: int
    """The first message that was just being sent when it was looked at; 0 for none."""
    paused: int
    changed: int
    started: int
    finished: int
    mailing: int
    """Whose rows it goes to, in the place of a list; 0 for none."""

    @property
    def uuid(self) -> str:
        """Its id, as messages carry it and vendors show it."""
        return uuid_of(self.id)


class Origin(Struct, frozen=True):
    """Where a campaign comes from, besides its text and its list."""

    name: str = ""
    receivers: tuple[str, ...] = ()
    """Named one by one, as the client wrote them."""
    refused: tuple[str, ...] = ()
    """Those of them that are no numbers."""


NAMELESS = Origin()


class Figures(Struct, frozen=True):
    """What became of a campaign's messages, as it stands."""

    price: int = 0
    """What was charged and not given back, in micro-credits."""
    pending: int = 0
    sent: int = 0
    delivered: int = 0
    failed: int = 0
    stopped: int = 0
    """Receivers who answered STOP."""


# begun


async def start(
    tx: Tx, account: Account, submission: Submission, audience: Audience, lanes: Lanes, policy: Policy, now: int,
    origin: Origin = NAMELESS,
) -> Accepted:  # fmt: skip
    """Take a job for a list; receivers named in the submission itself get theirs at once.

    The price told is the estimate, and the balance must hold it, but each page is charged when it is planned.
    Raises `planning.Refused` or `ledger.NotEnoughCredits`, and then nothing was written.
    """
    price = await estimate(tx, account, submission, audience, policy, now)
    accepted = await submit(tx, account, submission, lanes, policy, now)
    user = tx.facts.user.get(submission.user)
    if not ledger.affordable(accepted.balance, quota.limit(account, user, tx.facts), price):
        raise ledger.NotEnoughCredits(accepted.balance + accepted.price, price + accepted.price)
    id = await begin(tx, account, submission, audience, price, now, origin)
    return msgspec.structs.replace(accepted, id=id, price=accepted.price + price)


async def estimate(
    tx: Tx, account: Account, submission: Submission, audience: Audience, policy: Policy, now: int
) -> int:
    """Price a list by its first rows: exact when they are all; raises `planning.Refused` for a text common to all."""
    lines = await audiences.page(tx, audience.id, 0, SAMPLE)
    if not lines:
        return 0
    filled = fill(submission, lines)
    targets, _ = planning.read_receivers(filled.receivers, policy)
    listed = await tx.stopped(account.id, [target.e164 for target in targets])
    stopped = {number for number, why in listed.items() if why & (ASKED | MASS)}
    try:
        plan = planning.plan(filled, targets, account, tx.facts, stopped, Lanes(), policy, now, tx.new_id)
    except planning.Refused:
        if not filled.texts:
            raise
        return audience.records * MICRO  # a row at fault will be left out
    return plan.price * audience.records // len(lines)


async def begin(
    tx: Tx, account: Account, submission: Submission, audience: Audience, price: int, now: int,
    origin: Origin = NAMELESS, mailing: int = 0,
) -> int:  # fmt: skip
    """Write a campaign for all rows of a list, or of a mailing; gives its id."""
    id = tx.new_id()
    due = submission.due
    if submission.deferred and not due:
        due = now + submission.deferred * 60 * MICRO  # counted from the request, not from the page
    submission = msgspec.structs.replace(submission, receivers=(), due=due, batch=uuid_of(id))
    shown = origin.receivers if len(origin.receivers) <= MOST_SHOWN else ()
    tx.write(
        f"INSERT INTO campaigns ({_COLUMNS}, node) VALUES (?1, ?2, ?3, ?4, 0, 'running', ?5, ?6, ?7, ?8, ?9, ?10, ?11,"
        " 0, 0, 0, 0, 0, ?5, 0, 0, ?13, ?12)",
        id, account.id, audience.id, _write_submission(submission), now, origin.name, max(audience.slot, 0),
        msgspec.json.encode(shown).decode() if shown else "", audience.records + len(origin.refused),
        len(origin.refused), price, tx.node, mailing,
    )  # fmt: skip
    add_errors(tx, id, 0, [(receiver, "This is not a phone number") for receiver in origin.refused])
    tx.work.errands = True
    return id


def add_errors(tx: Tx, campaign: int, known: int, errors: Sequence[tuple[str, str]]) -> None:
    """Remember receivers that get no message, and why."""
    if errors:
        for n, (receiver, why) in enumerate(errors[: max(0, MOST_ERRORS - known)], known):
            tx.insert("campaign_errors", (campaign, n, receiver, why))
        tx.write("UPDATE campaigns SET errors = errors + ?2 WHERE id = ?1", campaign, len(errors))


def fill(submission: Submission, lines: Sequence[Line]) -> Submission:
    """Address a submission to rows of a list, each with its own text when the text names columns."""
    template = Template(submission.text)
    texts = tuple([template.fill(line.fields) for line in lines]) if template.names else ()
    receivers = tuple([line.number for line in lines])
    return msgspec.structs.replace(submission, receivers=receivers, texts=texts)


# found


async def all_of(tx: Tx, account: int) -> list[Campaign]:
    """List the campaigns of an account (0: of all), the newest first."""
    where = "account = ?1" if account else "account <> ?1"
    rows = await tx.query(f"SELECT {_COLUMNS} FROM campaigns WHERE {where} ORDER BY id DESC LIMIT {MOST}", account)
    return [_campaign(row) for row in rows]


async def find(tx: Tx, id: int, account: int = 0) -> Campaign | None:
    """Read a campaign; with an account, only that account's."""
    rows = await tx.query(f"SELECT {_COLUMNS} FROM campaigns WHERE id = ?1", id)
    if not rows or (account and rows[0][1] != account):
        return None
    return _campaign(rows[0])


async def of_mailing(tx: Tx, mailing: int) -> list[Campaign]:
    """List the campaigns by which a mailing was carried out, the oldest first."""
    rows = await tx.query(f"SELECT {_COLUMNS} FROM campaigns WHERE mailing = ?1 ORDER BY id", mailing)
    return [_campaign(row) for row in rows]


async def find_own(tx: Tx, id: int) -> Campaign | None:
    """Read a campaign that this node carries out."""
    rows = await tx.query(f"SELECT {_COLUMNS} FROM campaigns WHERE id = ?1 AND node = ?2", id, tx.node)
    return _campaign(rows[0]) if rows else None


def _campaign(row: Row) -> Campaign:
    receivers = tuple(_receivers(row[9])) if row[9] else ()
    return Campaign(*(*row[:3], read_submission(bytes(row[3])), *row[4:9], receivers, *row[10:]))


async def errors_of(tx: Tx, ids: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
    """Tell which receivers of campaigns get no message, and why: the first ones of each."""
    found: dict[int, list[tuple[str, str]]] = {id: [] for id in ids}
    for id in ids:
        rows = await tx.query("SELECT receiver, message FROM campaign_errors WHERE campaign = ?1 ORDER BY n", id)
        found[id] += [(row[0], row[1]) for row in rows]
    return found


async def figures(tx: Tx, campaign: Campaign) -> Figures:
    """Count what became of a campaign's messages; those that were taken back count as if there were none."""
    rows = await tx.query(
        "SELECT m.state, m.refusal, COUNT(*), SUM(m.price) FROM messages m JOIN submissions s ON s.id = m.submission"
        " WHERE m.account = ?1 AND m.id > ?2 AND m.id <= ?3 AND s.batch = ?4 GROUP BY m.state, m.refusal",
        campaign.account, campaign.id, campaign.last, campaign.uuid,
    )  # fmt: skip
    account = tx.facts.account.get(campaign.account)
    counts = dict.fromkeys(State, 0)
    price = 0
    for number, refusal, count, sum in rows:
        state = State(number)
        counts[state] += int(count)
        if not progress.refunded(state, refusal, account is not None and account.refund_failed):
            price += int(sum)
    stops = await tx.query(
        "SELECT COUNT(*) FROM optouts WHERE account = ?1 AND batch = ?2", campaign.account, campaign.uuid
    )
    return Figures(
        price=price,
        pending=sum_of(counts, State.SCHEDULED, State.QUEUED, State.SENDING, State.HELD),
        sent=sum_of(counts, State.SENT, State.PENDING),
        delivered=sum_of(counts, *ARRIVED),
        failed=sum_of(counts, State.FAILED, State.EXPIRED, State.REJECTED),
        stopped=int(stops[0][0]),
    )


def sum_of(counts: dict[State, int], *states: State) -> int:
    """Add up the counts of some states."""
    return sum(counts[state] for state in states)


async def untouched(tx: Tx, campaign: Campaign) -> bool:
    """Tell whether no message of a campaign has been sent, or is about to be this moment."""
    rows = await tx.query(
        "SELECT 1 FROM messages m JOIN submissions s ON s.id = m.submission WHERE m.account = ?1 AND m.id > ?2"
        " AND m.id <= ?3 AND m.state NOT IN (0, 1, 13, 14) AND s.batch = ?4 LIMIT 1",
        campaign.account, campaign.id, campaign.last, campaign.uuid,
    )  # fmt: skip
    return not rows


# changed


async def rename(tx: Tx, id: int, name: str, now: int) -> None:
    """Give a campaign another name."""
    tx.write("UPDATE campaigns SET name = ?2, changed = ?3 WHERE id = ?1", id, name, now)


async def delete(tx: Tx, id: int) -> bool:
    """Forget a campaign that has ended, not its messages; False while it has not."""
    campaign = await find(tx, id)
    if campaign is None or campaign.status not in ENDED:
        return False
    tx.write("DELETE FROM campaign_errors WHERE campaign = ?1", id)
    tx.write("DELETE FROM campaigns WHERE id = ?1", id)
    return True


async def cancel(tx: Tx, id: int, now: int) -> Campaign | None:
    """Plan no more of a campaign and take back what waits; None when it has ended, or is being cancelled."""
    return await _turn(tx, id, now, ("status", TO_CANCEL), paused=tuple(range(4)))


async def pause(tx: Tx, id: int, now: int) -> Campaign | None:
    """Plan no more of a campaign for now and hold back what waits; None when there is nothing to pause."""
    return await _turn(tx, id, now, ("paused", PAUSING), paused=(FREE, RESUMING))


async def resume(tx: Tx, id: int, now: int) -> Campaign | None:
    """Let a campaign that was paused go on; None when it was not."""
    return await _turn(tx, id, now, ("paused", RESUMING), paused=(PAUSING, PAUSED))


async def _turn(
    tx: Tx, id: int, now: int, change: tuple[str, str | int], *, paused: tuple[int, ...]
) -> Campaign | None:
    """Change what a campaign is to do; its messages are gone through from the first one again."""
    campaign = await find(tx, id)
    if campaign is None or campaign.status not in (RUNNING, INSERTED) or campaign.paused not in paused:
        return None
    column, value = change
    tx.write(f"UPDATE campaigns SET {column} = ?2, mark = 0, again = 0, changed = ?3 WHERE id = ?1", id, value, now)
    tx.work.errands = True
    return msgspec.structs.replace(campaign, **{column: value}, changed=now)
