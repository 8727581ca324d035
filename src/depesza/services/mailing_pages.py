"""Whom mailings go to: their rows, written once and sent to page by page, as often as the mailing is carried out."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from depesza.core import planning
from depesza.core.facts import Account
from depesza.core.fairness import Lanes
from depesza.core.model import Submission
from depesza.core.planning import Policy
from depesza.services import refs
from depesza.services.campaigns import Campaign
from depesza.services.refs import Guard
from depesza.store.tx import Row, Tx
from depesza.wire import Unencodable


class Page(Struct, frozen=True, gc=False):
    """What became of the next rows of a campaign."""

    count: int
    row: int
    """The last of them; 0 when there was none."""
    last: int
    """No message of theirs has a larger id; 0 when there is none."""
    errors: Sequence[tuple[str, str]] = ()


def write(tx: Tx, mailing: int, submission: Submission, comments: Sequence[str], start: int) -> None:
    """Write the rows of a mailing: those a submission names, whose delays count from `start`."""
    texts, judged, dues = submission.texts, submission.judged or {}, submission.dues
    own = comments if len(comments) > 1 else ()
    for n, receiver in enumerate(submission.receivers):
        tx.insert("mailing_rows", (
            mailing, n + 1, receiver, texts[n] if texts else None, own[n] if own else "", judged.get(n, ""),
            max(0, dues[n] - start) if dues else 0,
        ))  # fmt: skip


async def send(
    tx: Tx, account: Account, campaign: Campaign, lanes: Lanes, policy: Policy, now: int, limit: int
) -> Page:
    """Send to the next rows; what the account can't pay is refused, and nobody pays for it."""
    rows = await tx.query(
        "SELECT n, receiver, text, comment, refusal, after FROM mailing_rows WHERE mailing = ?1 AND n > ?2"
        " ORDER BY n LIMIT ?3",
        campaign.mailing, campaign.next_row, limit,
    )  # fmt: skip
    if not rows:
        return Page(0, 0, 0)
    common = await tx.query("SELECT comment FROM mailings WHERE id = ?1", campaign.mailing)
    wanted = _addressed(campaign.submission, rows, campaign.created)
    comments = [row[3] or common[0][0] for row in rows]
    try:
        await refs.send(tx, account, wanted, wanted.tag, comments, Guard(), lanes, policy, now)
    except (planning.Refused, Unencodable) as error:
        return Page(len(rows), rows[-1][0], 0, [(str(row[1]), str(error)) for row in rows])
    return Page(len(rows), rows[-1][0], tx.new_id())


def _addressed(submission: Submission, rows: Sequence[Row], begun: int) -> Submission:
    start = submission.due or begun
    spread = any(row[5] for row in rows)
    return msgspec.structs.replace(
        submission,
        receivers=tuple([row[1] for row in rows]),
        texts=tuple([row[2] for row in rows]) if rows[0][2] is not None else (),
        judged={n: row[4] for n, row in enumerate(rows) if row[4]} or None,
        dues=tuple([start + row[5] for row in rows]) if spread else (),
    )


async def release(tx: Tx, mailing: int) -> None:
    """Forget the rows, unless the mailing will be carried out once more."""
    rows = await tx.query("SELECT next FROM mailings WHERE id = ?1", mailing)
    if not rows or not rows[0][0]:
        forget(tx, mailing)


def forget(tx: Tx, mailing: int) -> None:
    """Forget the rows of a mailing."""
    tx.write("DELETE FROM mailing_rows WHERE mailing = ?1", mailing)
