"""Jobs whose receivers come from a list: written down at once, planned page by page.

Each page is one submission in one transaction with the mark of how far the job is, so a crash neither skips nor
doubles a row. spec: ovh/4.2#5, ovh/4.4
"""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from depesza.core import ledger, planning, quota
from depesza.core.facts import Account
from depesza.core.fairness import Lanes
from depesza.core.model import MICRO, Accepted, Submission
from depesza.core.planning import Policy
from depesza.core.template import Template
from depesza.services import audiences
from depesza.services.audiences import Audience, Line
from depesza.services.submit import submit
from depesza.store.tx import Tx

PAGE = 500
"""Rows planned by one service."""
SAMPLE = 1_000
"""Rows by which a list is priced beforehand."""

_write_submission = msgspec.json.Encoder().encode
_read_submission = msgspec.json.Decoder(Submission).decode


class Progress(Struct, frozen=True, gc=False):
    """How far a campaign is after a page."""

    taken: int
    """Rows that were read."""
    status: str
    """`running`, `done`, `failed` (no credits left), or empty when it is not ours to run."""


async def start(
    tx: Tx,
    account: Account,
    submission: Submission,
    audience: Audience,
    lanes: Lanes,
    policy: Policy,
    now: int,
) -> Accepted:
    """Take a job for a list; receivers named in the submission itself get theirs at once.

    The price told is the estimate, and the balance must hold it, but each page is charged when it is planned.
    Raises `planning.Refused` or `ledger.NotEnoughCredits`, and then nothing was written.
    """
    price = await estimate(tx, account, submission, audience, policy, now)
    accepted = await submit(tx, account, submission, lanes, policy, now)
    user = tx.facts.user.get(submission.user)
    if not ledger.affordable(accepted.balance, quota.limit(account, user), price):
        raise ledger.NotEnoughCredits(accepted.balance + accepted.price, price + accepted.price)
    await begin(tx, account, submission, audience.id, now)
    return msgspec.structs.replace(accepted, price=accepted.price + price)


async def estimate(
    tx: Tx, account: Account, submission: Submission, audience: Audience, policy: Policy, now: int
) -> int:
    """Price a list by its first rows: exact when they are all; raises `planning.Refused` for a text common to all."""
    lines = await audiences.page(tx, audience.id, 0, SAMPLE)
    if not lines:
        return 0
    filled = fill(submission, lines)
    targets, _ = planning.read_receivers(filled.receivers, policy)
    stopped = await tx.stopped(account.id, [target.e164 for target in targets])
    try:
        plan = planning.plan(filled, targets, account, tx.facts, stopped, Lanes(), policy, now, tx.new_id)
    except planning.Refused:
        if not filled.texts:
            raise
        return audience.records * MICRO  # a row at fault will be left out
    return plan.price * audience.records // len(lines)


async def begin(tx: Tx, account: Account, submission: Submission, audience: int, now: int) -> int:
    """Write down a job for all rows of an audience; gives its id."""
    id = tx.new_id()
    if submission.deferred and not submission.due:
        # counted from the request, not from the page
        submission = msgspec.structs.replace(submission, due=now + submission.deferred * 60 * MICRO)
    tx.write(
        "INSERT INTO campaigns (id, account, audience, submission, next_row, status, created, node)"
        " VALUES (?1, ?2, ?3, ?4, 0, 'running', ?5, ?6)",
        id,
        account.id,
        audience,
        _write_submission(submission),
        now,
        tx.node,
    )
    tx.work.campaigns.append(id)
    return id


async def running(tx: Tx) -> list[int]:
    """List the campaigns that this node has to carry out."""
    rows = await tx.query("SELECT id FROM campaigns WHERE node = ?1 AND status = 'running' ORDER BY id", tx.node)
    return [row[0] for row in rows]


async def next_page(tx: Tx, id: int, lanes: Lanes, policy: Policy, now: int, limit: int = PAGE) -> Progress:
    """Plan the next rows of a campaign; raises `ledger.NotEnoughCredits`, and then nothing was written."""
    rows = await tx.query(
        "SELECT account, audience, submission, next_row FROM campaigns"
        " WHERE id = ?1 AND node = ?2 AND status = 'running'",
        id,
        tx.node,
    )
    if not rows:
        return Progress(0, "")
    account_id, audience, written, next_row = rows[0]
    account = tx.facts.account.get(account_id)
    lines = await audiences.page(tx, audience, next_row, limit) if account is not None else []
    if account is not None and lines:
        await _send(tx, account, _read_submission(bytes(written)), lines, lanes, policy, now)
    status = "running" if len(lines) == limit else "done"
    tx.write(
        "UPDATE campaigns SET next_row = ?2, status = ?3 WHERE id = ?1",
        id,
        lines[-1].n if lines else next_row,
        status,
    )
    if status != "running":
        await audiences.release(tx, audience)
    return Progress(len(lines), status)


async def fail(tx: Tx, id: int) -> Progress:
    """End a campaign that nobody pays for; what was planned stays."""
    rows = await tx.query("SELECT audience FROM campaigns WHERE id = ?1 AND status = 'running'", id)
    if rows:
        tx.write("UPDATE campaigns SET status = 'failed' WHERE id = ?1", id)
        await audiences.release(tx, rows[0][0])
    return Progress(0, "failed")


async def _send(
    tx: Tx,
    account: Account,
    submission: Submission,
    lines: Sequence[Line],
    lanes: Lanes,
    policy: Policy,
    now: int,
) -> None:
    """Send a page; when a merged text is refused, its halves, until only the row at fault is left out."""
    try:
        await submit(tx, account, fill(submission, lines), lanes, policy, now)
    except planning.Refused:
        if len(lines) > 1:
            half = len(lines) // 2
            await _send(tx, account, submission, lines[:half], lanes, policy, now)
            await _send(tx, account, submission, lines[half:], lanes, policy, now)


def fill(submission: Submission, lines: Sequence[Line]) -> Submission:
    """Address a submission to rows of an audience, each with its own text when the text names columns."""
    template = Template(submission.text)
    texts = tuple([template.fill(line.fields) for line in lines]) if template.names else ()
    receivers = tuple([line.number for line in lines])
    return msgspec.structs.replace(submission, receivers=receivers, texts=texts)
