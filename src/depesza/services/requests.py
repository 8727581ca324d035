"""Messages to several receivers that a client names by an id of its own, and whose state is one. spec: devices/9

A request is one submission with a name; what became of its receivers is folded into one phase.
"""

from collections.abc import Sequence
from enum import StrEnum

import msgspec
from msgspec import Struct

from depesza.core import planning
from depesza.core.devices import NO_WISH, AttemptState, Wish
from depesza.core.facts import Account
from depesza.core.fairness import Lanes
from depesza.core.lifecycle import News
from depesza.core.model import Accepted, State, Submission
from depesza.core.planning import Policy
from depesza.services import attempt_rows, progress, reclaim
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


P, S, A = Phase, State, AttemptState

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
    S.READ: P.DELIVERED,
    S.CLICKED: P.DELIVERED,
}

ON_PHONE = {A.SUBMITTED: P.PROCESSED, A.UNKNOWN: P.PROCESSED, A.WITHDRAWING: P.CANCELLING}
"""What a message is while a phone has it; it waits in the states that are not here."""


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
    device: int = 0
    """The last phone that had it; 0 for none."""
    attempt: AttemptState | None = None
    """How far it is on that phone."""
    processed: int = 0
    """When the phone gave it to its radio."""
    error: str = ""
    """Why that phone failed, in its own words."""

    @property
    def phase(self) -> Phase:
        """How far it is."""
        if self.state is State.SENDING and self.attempt is not None:
            return ON_PHONE.get(self.attempt, Phase.PENDING)
        return PHASES[self.state]


class Request(Struct, frozen=True, gc=False):
    """One request and what became of it."""

    id: int
    name: str
    created: int
    text: str
    wish: Wish
    recipients: tuple[Recipient, ...]

    @property
    def phase(self) -> Phase:
        """How far it is as a whole."""
        return fold([each.phase for each in self.recipients])

    @property
    def device(self) -> int:
        """The phone that had it last, or is to have it; 0 for none."""
        return max((each.device for each in self.recipients), default=0) or self.wish.device


class Wanted(Struct, frozen=True, kw_only=True):
    """Which requests a list shall hold; what is 0 or None does not matter."""

    since: int = 0
    until: int = 0
    """Both inclusive, microseconds."""
    phase: Phase | None = None
    device: int = 0
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
    tx: Tx, account: Account, submission: Submission, name: str, wish: Wish, lanes: Lanes, policy: Policy, now: int
) -> Accepted:
    """Take a submission under a name of the client's (made here when it is empty); `tag` of the answer is that name.

    `wish` is what it asks of phones. Raises `Conflict` when the user has used the name, `BadReceiver`, and what
    `submit` raises.
    """
    if name and await tx.query("SELECT id FROM requests WHERE user_id = ?1 AND name = ?2", submission.user, name):
        raise Conflict(f"a request {name} exists already")
    _check_receivers(submission.receivers, policy, submission.verbatim)
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
    attempt_rows.wish(tx, done.id, wish)
    return done


def _check_receivers(receivers: Sequence[str], policy: Policy, verbatim: bool) -> None:
    """Refuse a list in which one is no number, or is there twice."""
    seen: dict[str, str] = {}
    for n, written in enumerate(receivers, 1):
        targets, refused = planning.read_receivers((written,), policy, verbatim=verbatim)
        if refused:
            raise BadReceiver(f"row {n} is not a phone number: {refused[0]}")
        first = seen.setdefault(targets[0].e164, written)
        if first is not written:
            raise BadReceiver(f"row {n} is there twice: {written}")


# what became of them

_RECIPIENT = (
    "m.receiver, m.state, m.refusal, m.sent, m.done, COALESCE(a.device, 0), a.state, COALESCE(a.submitted, 0),"
    " COALESCE(a.error, '')"
)
_LAST = " LEFT JOIN device_attempts a ON a.id = (SELECT MAX(l.id) FROM device_attempts l WHERE l.message = m.id)"
"""The last attempt on a phone, beside its message."""


def _count(phase: Phase) -> str:
    """Write how many receivers are in a phase."""
    states = ", ".join(str(int(state)) for state in State if PHASES[state] is phase) or "-1"
    on_phone = ", ".join(str(int(state)) for state in AttemptState if ON_PHONE.get(state, P.PENDING) is phase) or "-1"
    sending = int(State.SENDING)
    return (
        f"SUM(CASE WHEN m.state = {sending} AND a.id IS NOT NULL"
        f" THEN (CASE WHEN a.state IN ({on_phone}) THEN 1 ELSE 0 END)"
        f" WHEN m.state IN ({states}) THEN 1 ELSE 0 END)"
    )


_PHASE = {phase: _count(phase) for phase in Phase}
_OVER = " AND ".join(f"{_PHASE[phase]} = 0" for phase in (P.PENDING, P.CANCELLING, P.PROCESSED))
_HAVING = {
    P.PENDING: f"{_PHASE[P.PENDING]} > 0",
    P.CANCELLING: f"{_PHASE[P.PENDING]} = 0 AND {_PHASE[P.CANCELLING]} > 0",
    P.PROCESSED: f"{_PHASE[P.PENDING]} = 0 AND {_PHASE[P.CANCELLING]} = 0 AND {_PHASE[P.PROCESSED]} > 0",
    P.SENT: f"{_OVER} AND {_PHASE[P.SENT]} + {_PHASE[P.DELIVERED]} > 0 AND {_PHASE[P.DELIVERED]} < COUNT(*)",
    P.DELIVERED: f"{_PHASE[P.DELIVERED]} = COUNT(*)",
    P.FAILED: f"{_OVER} AND {_PHASE[P.SENT]} + {_PHASE[P.DELIVERED]} = 0 AND {_PHASE[P.FAILED]} > 0",
    P.CANCELLED: f"{_PHASE[P.CANCELLED]} = COUNT(*)",
}
"""`fold`, as the database counts it."""
_JOINED = f"requests r JOIN request_messages p ON p.request = r.id JOIN messages m ON m.id = p.message{_LAST}"


async def show(tx: Tx, user: int, name: str) -> Request | None:
    """Read one request of a user; None when there is none of that name."""
    rows = await tx.query("SELECT id, name, created FROM requests WHERE user_id = ?1 AND name = ?2", user, name)
    found = await _whole(tx, rows)
    return found[0] if found else None


async def listed(tx: Tx, user: int, wanted: Wanted) -> tuple[list[Request], int]:
    """Read a page of a user's requests; tells how many there are in all."""
    where, params = _where(user, wanted)
    if wanted.phase is None and not wanted.device:
        chosen = f"SELECT r.id, r.name, r.created FROM requests r WHERE {where}"
    else:
        chosen = (
            f"SELECT r.id, r.name, r.created FROM {_JOINED} WHERE {where}"
            f" GROUP BY r.id, r.name, r.created HAVING {_HAVING[wanted.phase] if wanted.phase else '1 = 1'}"
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
    if wanted.device:
        params.append(wanted.device)
        where += f" AND a.device = ?{len(params)}"
    return where, params


async def _whole(tx: Tx, rows: Sequence[Row]) -> list[Request]:
    """Read the receivers and the texts of requests."""
    if not rows:
        return []
    ids = ", ".join(str(row[0]) for row in rows)
    recipients: dict[int, list[Recipient]] = {row[0]: [] for row in rows}
    for row in await tx.query(
        f"SELECT p.request, {_RECIPIENT} FROM request_messages p JOIN messages m ON m.id = p.message{_LAST}"
        f" WHERE p.request IN ({ids}) ORDER BY p.request, p.n"
    ):
        recipients[row[0]].append(_recipient(row[1:]))
    wished = await attempt_rows.wishes(tx, [row[0] for row in rows])
    texts = {row[0]: str(row[1]) for row in await tx.query(f"SELECT id, text FROM submissions WHERE id IN ({ids})")}
    return [
        Request(id, name, at, texts.get(id, ""), wished.get(id, NO_WISH), tuple(recipients[id]))
        for id, name, at in rows
    ]


def _recipient(row: Row) -> Recipient:
    receiver, state, refusal, sent, done, device, attempt, processed, error = row
    on_phone = None if attempt is None else AttemptState(attempt)
    return Recipient(receiver, State(state), refusal, sent, done, device, on_phone, processed, error)


async def cancel(tx: Tx, user: int, name: str, now: int) -> bool:
    """Take back what waits of a request, here or in phones; False when there is none of that name.

    What a phone has seen is cancelled when it says so. Raises `NotPending` when nothing waits.
    """
    found = await show(tx, user, name)
    if found is None:
        return False
    if found.phase is not Phase.PENDING:
        raise NotPending
    rows = await tx.query(
        "SELECT m.id, m.state FROM request_messages p JOIN messages m ON m.id = p.message WHERE p.request = ?1",
        found.id,
    )
    waiting = [id for id, state in rows if PHASES[State(state)] is Phase.PENDING]
    await progress.end(tx, waiting, News.CANCEL, "cancelled", now)
    await reclaim.cancel(tx, [id for id, state in rows if state == State.SENDING], now)
    return True
