"""Messages to several receivers that a client names by an id of its own, and whose state is one. spec: devices/9

A request is one submission with a name; what became of its receivers is folded into one phase.
"""

from collections.abc import Sequence
from enum import StrEnum

import msgspec
from msgspec import Struct

from depesza.core import planning
from depesza.core.facts import Account
from depesza.core.fairness import Lanes
from depesza.core.lifecycle import News
from depesza.core.model import Accepted, State, Submission
from depesza.core.planning import Policy
from depesza.services import progress
from depesza.services.submit import submit
from depesza.store.contract import Conflict
from depesza.store.tx import Cell, Row, Tx


class Phase(StrEnum):
    """How far a message is, as one who sends by phones sees it. spec: devices/2.6"""

    PENDING = "Pending"
    CANCELLING = "Cancelling"
    PROCESSED = "Processed"
    """Given to the phone's radio, or to a carrier that has not answered."""
    SENT = "Sent"
    DELIVERED = "Delivered"
    FAILED = "Failed"
    CANCELLED = "Cancelled"


P, S = Phase, State

PHASES: dict[State, Phase] = {
    S.SCHEDULED: P.PENDING,
    S.QUEUED: P.PENDING,
    S.SENDING: P.PROCESSED,
    S.HELD: P.PROCESSED,
    S.SENT: P.SENT,
    S.PENDING: P.SENT,
    S.DELIVERED: P.DELIVERED,
    S.FAILED: P.FAILED,
    S.EXPIRED: P.FAILED,
    S.REJECTED: P.FAILED,
    S.CANCELLED: P.CANCELLED,
}


class BadReceiver(Exception):
    """A receiver that is no number, or stands there twice; its text says which and why."""


class NotPending(Exception):
    """A request of which nothing waits any more."""


class Recipient(Struct, frozen=True, gc=False):
    """What became of one receiver."""

    receiver: str
    state: State
    refusal: str
    sent: int
    done: int

    @property
    def phase(self) -> Phase:
        """How far it is."""
        return PHASES[self.state]


class Request(Struct, frozen=True, gc=False):
    """One request and what became of it."""

    id: int
    name: str
    created: int
    text: str
    recipients: tuple[Recipient, ...]

    @property
    def phase(self) -> Phase:
        """How far it is as a whole."""
        return fold([each.phase for each in self.recipients])


class Wanted(Struct, frozen=True, kw_only=True):
    """Which requests a list shall hold; what is 0 or None does not matter."""

    since: int = 0
    until: int = 0
    """Both inclusive, microseconds."""
    phase: Phase | None = None
    limit: int = 50
    offset: int = 0
    oldest_first: bool = False


def fold(phases: Sequence[Phase]) -> Phase:
    """Tell the phase of a request from its receivers': what is least far counts, and one that arrived is not lost."""
    for unfinished in (P.PENDING, P.CANCELLING, P.PROCESSED):
        if unfinished in phases:
            return unfinished
    first = phases[0] if phases else P.FAILED
    if all(phase is first for phase in phases):
        return first
    return P.SENT if P.SENT in phases or P.DELIVERED in phases else P.FAILED


async def send(
    tx: Tx, account: Account, submission: Submission, name: str, lanes: Lanes, policy: Policy, now: int
) -> Accepted:
    """Take a submission under a name of the client's (made here when it is empty); `tag` of the answer is that name.

    Raises `Conflict` when the user has used the name, `BadReceiver`, and what `submit` raises.
    """
    if name and await tx.query("SELECT id FROM requests WHERE user_id = ?1 AND name = ?2", submission.user, name):
        raise Conflict(f"a request {name} exists already")
    _check_receivers(submission.receivers, policy)
    name = name or str(tx.new_id())
    done = await submit(tx, account, msgspec.structs.replace(submission, tag=name), lanes, policy, now)
    tx.write(
        "INSERT INTO requests (id, account, user_id, name, created) VALUES (?1, ?2, ?3, ?4, ?5)",
        done.id,
        account.id,
        submission.user,
        name,
        now,
    )
    for n, message in enumerate(done.ids):
        tx.insert("request_messages", (message, done.id, n))
    return done


def _check_receivers(receivers: Sequence[str], policy: Policy) -> None:
    """Refuse a list in which one is no number, or is there twice."""
    seen: dict[str, str] = {}
    for n, written in enumerate(receivers, 1):
        targets, refused = planning.read_receivers((written,), policy)
        if refused:
            raise BadReceiver(f"row {n} is not a phone number: {refused[0]}")
        first = seen.setdefault(targets[0].e164, written)
        if first is not written:
            raise BadReceiver(f"row {n} is there twice: {written}")


# what became of them

_RECIPIENT = "m.receiver, m.state, m.refusal, m.sent, m.done"
_PHASE = {
    phase: "SUM(CASE WHEN m.state IN ("
    + ", ".join(str(int(state)) for state in State if PHASES[state] is phase)
    + ") THEN 1 ELSE 0 END)"
    for phase in Phase
    if phase in PHASES.values()
}
_WAITING, _UNDER_WAY = f"{_PHASE[P.PENDING]} > 0", f"{_PHASE[P.PENDING]} = 0 AND {_PHASE[P.PROCESSED]} > 0"
_OVER = f"{_PHASE[P.PENDING]} = 0 AND {_PHASE[P.PROCESSED]} = 0"
_HAVING = {
    P.PENDING: _WAITING,
    P.CANCELLING: "1 = 0",
    P.PROCESSED: _UNDER_WAY,
    P.SENT: f"{_OVER} AND {_PHASE[P.SENT]} + {_PHASE[P.DELIVERED]} > 0 AND {_PHASE[P.DELIVERED]} < COUNT(*)",
    P.DELIVERED: f"{_PHASE[P.DELIVERED]} = COUNT(*)",
    P.FAILED: f"{_OVER} AND {_PHASE[P.SENT]} + {_PHASE[P.DELIVERED]} = 0 AND {_PHASE[P.FAILED]} > 0",
    P.CANCELLED: f"{_PHASE[P.CANCELLED]} = COUNT(*)",
}
"""`fold`, as the database counts it."""
_JOINED = "requests r JOIN request_messages p ON p.request = r.id JOIN messages m ON m.id = p.message"


async def show(tx: Tx, user: int, name: str) -> Request | None:
    """Read one request of a user; None when there is none of that name."""
    rows = await tx.query("SELECT id, name, created FROM requests WHERE user_id = ?1 AND name = ?2", user, name)
    found = await _whole(tx, rows)
    return found[0] if found else None


async def listed(tx: Tx, user: int, wanted: Wanted) -> tuple[list[Request], int]:
    """Read a page of a user's requests; tells how many there are in all."""
    where, params = _where(user, wanted)
    if wanted.phase is None:
        chosen = f"SELECT r.id, r.name, r.created FROM requests r WHERE {where}"
    else:
        chosen = (
            f"SELECT r.id, r.name, r.created FROM {_JOINED} WHERE {where}"
            f" GROUP BY r.id, r.name, r.created HAVING {_HAVING[wanted.phase]}"
        )
    total = (await tx.query(f"SELECT COUNT(*) FROM ({chosen}) AS chosen", *params))[0][0]
    order = "" if wanted.oldest_first else " DESC"
    page = f"{chosen} ORDER BY r.id{order} LIMIT {wanted.limit} OFFSET {wanted.offset}"
    return await _whole(tx, await tx.query(page, *params)), int(total)


def _where(user: int, wanted: Wanted) -> tuple[str, list[Cell]]:
    params: list[Cell] = [user]
    where = "r.user_id = ?1"
    for value, sign in ((wanted.since, ">="), (wanted.until, "<=")):
        if value:
            params.append(value)
            where += f" AND r.created {sign} ?{len(params)}"
    return where, params


async def _whole(tx: Tx, rows: Sequence[Row]) -> list[Request]:
    """Read the receivers and the texts of requests."""
    if not rows:
        return []
    ids = ", ".join(str(row[0]) for row in rows)
    recipients: dict[int, list[Recipient]] = {row[0]: [] for row in rows}
    for request, receiver, state, *rest in await tx.query(
        f"SELECT p.request, {_RECIPIENT} FROM request_messages p JOIN messages m ON m.id = p.message"
        f" WHERE p.request IN ({ids}) ORDER BY p.request, p.n"
    ):
        recipients[request].append(Recipient(receiver, State(state), *rest))
    texts = {row[0]: str(row[1]) for row in await tx.query(f"SELECT id, text FROM submissions WHERE id IN ({ids})")}
    return [Request(id, name, at, texts.get(id, ""), tuple(recipients[id])) for id, name, at in rows]


async def cancel(tx: Tx, user: int, name: str, now: int) -> bool:
    """Take back what waits of a request; False when there is none of that name. Raises `NotPending`."""
    found = await show(tx, user, name)
    if found is None:
        return False
    if found.phase is not Phase.PENDING:
        raise NotPending
    messages = await tx.query("SELECT message FROM request_messages WHERE request = ?1", found.id)
    await progress.end(tx, [row[0] for row in messages], News.CANCEL, "cancelled", now)
    return True
