"""Campaigns carried out: the next page planned, or what was planned looked through, held back, let go, taken back.

A step works on a page of rows or of messages and writes the mark of how far it is in the same commit, so a crash
neither skips nor doubles a row; and no step is long, so that others get their commits in between. spec: ovh/4.9
"""

from collections.abc import Sequence

from msgspec import Struct

from depesza.core import phone, planning, schedule
from depesza.core.facts import Account
from depesza.core.fairness import Lanes
from depesza.core.lifecycle import News
from depesza.core.model import MICRO, State, Submission
from depesza.core.planning import Policy
from depesza.services import audiences, campaigns, mailing_pages, progress
from depesza.services.audiences import Line
from depesza.services.campaigns import (
    CANCELLED,
    CANCELLING,
    DONE,
    FAILED,
    FREE,
    INSERTED,
    PAUSED,
    PAUSING,
    RESUMING,
    RUNNING,
    TO_CANCEL,
    Campaign,
)
from depesza.services.errands import OVER, Step
from depesza.services.mailing_pages import Page
from depesza.services.submit import submit
from depesza.store.tx import Tx

PAGE = 250
"""Rows planned by one step."""
SEEN = 500
"""Messages looked through by one step."""
SOON = MICRO
"""When what is just being sent is looked at again."""
LATER = 30 * MICRO
"""When a campaign whose time has not come is looked at again, at the latest."""


class Seen(Struct, frozen=True, gc=False):
    """A message of a campaign."""

    id: int
    state: State
    due: int
    receiver: str


async def step(tx: Tx, id: int, lanes: Lanes, policy: Policy, now: int, limit: int = PAGE) -> Step:
    """Do the next page of a campaign's work; raises `ledger.NotEnoughCredits`, and then nothing was written."""
    campaign = await campaigns.find_own(tx, id)
    if campaign is None or campaign.status in campaigns.ENDED:
        return OVER
    if campaign.status in (TO_CANCEL, CANCELLING):
        return await _take_back(tx, campaign, now)
    if campaign.paused == PAUSING:
        return await _hold_back(tx, campaign, now)
    if campaign.paused == RESUMING:
        return await _let_go(tx, campaign, policy, now)
    if campaign.paused == PAUSED:
        return OVER
    if campaign.status == INSERTED:
        return await _watch(tx, campaign, now)
    return await _plan(tx, campaign, lanes, policy, now, limit)


async def fail(tx: Tx, id: int, why: str, now: int) -> Step:
    """End a campaign that can't go on; what was planned stays."""
    campaign = await campaigns.find_own(tx, id)
    if campaign is not None and campaign.status == RUNNING:
        campaigns.add_errors(tx, id, campaign.errors, [("", why)])
        await _end(tx, campaign, FAILED, now)
    return OVER


async def _end(tx: Tx, campaign: Campaign, status: str, now: int) -> None:
    tx.write("UPDATE campaigns SET status = ?2, finished = ?3, changed = ?3 WHERE id = ?1", campaign.id, status, now)
    if campaign.status != INSERTED:
        await _release(tx, campaign)


async def _release(tx: Tx, campaign: Campaign) -> None:
    """Let go of those it went to."""
    if campaign.mailing:
        await mailing_pages.release(tx, campaign.mailing)
    else:
        await audiences.release(tx, campaign.audience)


# planned


async def _plan(tx: Tx, campaign: Campaign, lanes: Lanes, policy: Policy, now: int, limit: int) -> Step:
    account = tx.facts.account.get(campaign.account)
    if account is None or not account.enabled:
        return await fail(tx, campaign.id, "The account is disabled", now)
    if campaign.mailing:
        page = await mailing_pages.send(tx, account, campaign, lanes, policy, now, limit)
    else:
        page = await _send(tx, account, campaign, lanes, policy, now, limit)
    campaigns.add_errors(tx, campaign.id, campaign.errors, page.errors)
    last = page.last or campaign.last
    tx.write(
        "UPDATE campaigns SET next_row = ?2, processed = processed + ?3, last = ?4, started = ?5, changed = ?6"
        " WHERE id = ?1",
        campaign.id, page.row or campaign.next_row, page.count, last, campaign.started or now, now,
    )  # fmt: skip
    if page.count == limit:
        return Step(limit, connectors=frozenset(message.connector for message in tx.work.messages))
    if not last:  # nobody was left to write to
        await _end(tx, campaign, FAILED, now)
        return Step(page.count, over=True)
    tx.write("UPDATE campaigns SET status = ?2, mark = 0 WHERE id = ?1", campaign.id, INSERTED)
    await _release(tx, campaign)
    return Step(page.count)


async def _send(
    tx: Tx, account: Account, campaign: Campaign, lanes: Lanes, policy: Policy, now: int, limit: int
) -> Page:
    """Send to the next rows of a list."""
    lines = await audiences.page(tx, campaign.audience, campaign.next_row, limit)
    page = _Page(tx, account, campaign.submission, lanes, policy, now)
    if lines:
        await page.send(lines)
    return Page(len(lines), lines[-1].n if lines else 0, page.last, page.errors)


class _Page:
    """A page on its way into messages."""

    def __init__(
        self, tx: Tx, account: Account, submission: Submission, lanes: Lanes, policy: Policy, now: int
    ) -> None:
        self._tx = tx
        self._account = account
        self._submission = submission
        self._lanes = lanes
        self._policy = policy
        self._now = now
        self.errors: list[tuple[str, str]] = []
        self.last = 0

    async def send(self, lines: Sequence[Line]) -> None:
        """Send; when a merged text is refused, its halves, until only the row at fault is left out."""
        filled = campaigns.fill(self._submission, lines)
        try:
            accepted = await submit(self._tx, self._account, filled, self._lanes, self._policy, self._now)
        except planning.Refused as error:
            if len(lines) == 1:
                self.errors.append((lines[0].number, str(error)))
                return
            half = len(lines) // 2
            await self.send(lines[:half])
            await self.send(lines[half:])
            return
        self.errors += [(receiver, "This is not a phone number") for receiver in accepted.refused]
        self.last = max(self.last, *accepted.ids, 0)


# looked through


async def _page(tx: Tx, campaign: Campaign) -> tuple[list[Seen], int]:
    """Read the messages behind the mark; gives also the new mark, 0 when there are no more."""
    rows = await tx.query(
        "SELECT m.id, m.state, m.due, m.receiver, s.batch FROM messages m JOIN submissions s ON s.id = m.submission"
        " WHERE m.account = ?1 AND m.id > ?2 AND m.id <= ?3 ORDER BY m.id LIMIT ?4",
        campaign.account, max(campaign.mark, campaign.id), campaign.last, SEEN,
    )  # fmt: skip
    batch = campaign.uuid
    found = [Seen(row[0], State(row[1]), row[2], row[3]) for row in rows if row[4] == batch]
    return found, (rows[-1][0] if len(rows) == SEEN else 0)


async def _go_on(tx: Tx, campaign: Campaign, seen: Sequence[Seen], mark: int) -> Step | None:
    """Write the mark, and come back to what was just being sent: the carrier may refuse it for now.

    None when all was looked through.
    """
    sending = next((message.id for message in seen if message.state is State.SENDING), 0)
    again = campaign.again or sending
    if not mark and again:
        tx.write("UPDATE campaigns SET mark = ?2, again = 0 WHERE id = ?1", campaign.id, again - 1)
        return Step(len(seen), wait=SOON)
    tx.write("UPDATE campaigns SET mark = ?2, again = ?3 WHERE id = ?1", campaign.id, mark, again)
    return Step(len(seen)) if mark else None


async def _watch(tx: Tx, campaign: Campaign, now: int) -> Step:
    """Look whether all messages have left."""
    seen, mark = await _page(tx, campaign)
    for message in seen:
        if message.state in (State.SCHEDULED, State.QUEUED, State.SENDING):
            tx.write("UPDATE campaigns SET mark = ?2 WHERE id = ?1", campaign.id, message.id - 1)
            wait = message.due - now if message.state is State.SCHEDULED else 0
            return Step(len(seen), wait=min(max(wait, SOON), LATER))
    if mark:
        tx.write("UPDATE campaigns SET mark = ?2 WHERE id = ?1", campaign.id, mark)
        return Step(len(seen))
    await _end(tx, campaign, DONE, now)
    return OVER


async def _take_back(tx: Tx, campaign: Campaign, now: int) -> Step:
    """Cancel what waits, and give its price back."""
    seen, mark = await _page(tx, campaign)
    waiting = [m.id for m in seen if m.state in (State.SCHEDULED, State.QUEUED, State.HELD)]
    await progress.end(tx, waiting, News.CANCEL, "cancelled", now)
    if campaign.status == TO_CANCEL:
        tx.write("UPDATE campaigns SET status = ?2, changed = ?3 WHERE id = ?1", campaign.id, CANCELLING, now)
    further = await _go_on(tx, campaign, seen, mark)
    if further is not None:
        return further
    await _end(tx, campaign, CANCELLED, now)
    return OVER


async def _hold_back(tx: Tx, campaign: Campaign, now: int) -> Step:
    """Let nothing that waits fall due."""
    seen, mark = await _page(tx, campaign)
    for message in seen:
        if message.state in (State.SCHEDULED, State.QUEUED) and not schedule.is_away(message.due):
            tx.move(message.id, message.state, State.SCHEDULED, due=schedule.AWAY + max(message.due, 0))
    return await _go_on(tx, campaign, seen, mark) or _paused(tx, campaign, PAUSED, now)


async def _let_go(tx: Tx, campaign: Campaign, policy: Policy, now: int) -> Step:
    """Let what was held back fall due as before; advertising still waits for open hours."""
    seen, mark = await _page(tx, campaign)
    for message in seen:
        if message.state is State.SCHEDULED and schedule.is_away(message.due):
            due = max(message.due - schedule.AWAY, now)
            if campaign.submission.advertising and policy.quiet is not None and _is_quiet(message, policy):
                due = schedule.open_at(policy.quiet, due)
            tx.move(message.id, State.SCHEDULED, State.SCHEDULED, due=due)
            tx.work.scheduled = min(tx.work.scheduled or due, due)
    return await _go_on(tx, campaign, seen, mark) or _paused(tx, campaign, FREE, now)


def _is_quiet(message: Seen, policy: Policy) -> bool:
    number = phone.parse(message.receiver)
    return number is not None and number.country == policy.quiet_country


def _paused(tx: Tx, campaign: Campaign, paused: int, now: int) -> Step:
    tx.write("UPDATE campaigns SET paused = ?2, changed = ?3 WHERE id = ?1", campaign.id, paused, now)
    return Step(over=paused == PAUSED)
