"""The life of a message: one table says which news moves it where.

What is not in the table does not happen: late and doubled news of a message that has ended changes nothing (it is
still written to the timeline), except that one which arrived may be read, and a link in it followed. The diagram in
the docs is printed from `TABLE`.
"""

from collections.abc import Sequence
from enum import Enum

from depesza.core.model import ARRIVED, FINAL, State


class News(Enum):
    """What can happen to a message."""

    __hash__ = object.__hash__  # as with `State`: the enum's own is slow

    DUE = "its time has come"
    CLAIM = "marked and handed to a connector"
    TAKEN = "the carrier took it"
    RETRY = "refused for now"
    REFUSED = "refused for good"
    LOST = "no answer, it may have been sent"
    RELEASE = "a person lets it go again"
    WAITING = "the carrier waits for the handset"
    DELIVERED = "reported delivered"
    READ = "reported read"
    CLICKED = "its link was followed"
    FAILED = "reported undeliverable"
    EXPIRED = "its validity ended"
    CANCEL = "the client took it back"


S = State
N = News

_EARLIER: dict[News, State] = {N.TAKEN: S.SENT, N.WAITING: S.PENDING, N.DELIVERED: S.DELIVERED}
"""Late news of an attempt that was given up as lost: it spares the second sending.

Bad news of that attempt changes nothing, for another one is on its way.
"""

_LATER: dict[News, State] = {N.READ: S.READ, N.CLICKED: S.CLICKED}
"""What may still be heard of a message that arrived; from some channels it is the first that is heard."""

TABLE: dict[State, dict[News, State]] = {
    S.SCHEDULED: {N.DUE: S.QUEUED, N.EXPIRED: S.EXPIRED, N.CANCEL: S.CANCELLED, **_EARLIER},
    S.QUEUED: {
        N.CLAIM: S.SENDING,
        N.RETRY: S.SCHEDULED,
        N.REFUSED: S.FAILED,
        N.EXPIRED: S.EXPIRED,
        N.CANCEL: S.CANCELLED,
        **_EARLIER,
    },
    S.SENDING: {
        N.TAKEN: S.SENT,
        N.RETRY: S.SCHEDULED,
        N.REFUSED: S.FAILED,
        N.LOST: S.HELD,
        # receipts may overtake the submit response
        N.WAITING: S.PENDING,
        N.DELIVERED: S.DELIVERED,
        N.FAILED: S.FAILED,
        N.EXPIRED: S.EXPIRED,
    },
    S.SENT: {
        N.WAITING: S.PENDING,
        N.DELIVERED: S.DELIVERED,
        **_LATER,
        N.FAILED: S.FAILED,
        N.EXPIRED: S.EXPIRED,
    },
    S.PENDING: {N.DELIVERED: S.DELIVERED, **_LATER, N.FAILED: S.FAILED, N.EXPIRED: S.EXPIRED},
    S.DELIVERED: _LATER,
    S.READ: {N.CLICKED: S.CLICKED},
    S.HELD: {
        N.RELEASE: S.QUEUED,
        N.TAKEN: S.SENT,
        N.WAITING: S.PENDING,
        N.DELIVERED: S.DELIVERED,
        N.FAILED: S.FAILED,
        N.EXPIRED: S.EXPIRED,
        N.CANCEL: S.CANCELLED,
    },
}

STARTS = (S.SCHEDULED, S.QUEUED, S.SENDING, S.REJECTED, S.DELIVERED)
"""States in which a message may be accepted.

SENDING where its connector has a place free (`fairness.Places`), DELIVERED where the account's sending is virtual.
"""

REPORTED: dict[State, News] = {
    S.SENT: N.TAKEN,
    S.PENDING: N.WAITING,
    S.DELIVERED: N.DELIVERED,
    S.READ: N.READ,
    S.FAILED: N.FAILED,
    S.EXPIRED: N.EXPIRED,
}
"""The news that a receipt of this state brings."""


def change(state: State, news: News) -> State | None:
    """Tell where `news` moves a message in `state`; None when it changes nothing."""
    return TABLE.get(state, {}).get(news)


def whole(parts: Sequence[State]) -> State:
    """Tell the state of a message from its parts: one that failed fails it, all must arrive to deliver it."""
    if len(parts) == 1:
        return parts[0]
    for worst in (S.FAILED, S.EXPIRED):
        if worst in parts:
            return worst
    if parts and all(part in ARRIVED for part in parts):
        return S.READ if all(part is not S.DELIVERED for part in parts) else S.DELIVERED
    return S.PENDING if S.PENDING in parts else S.SENT


def diagram() -> str:
    """Print the table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2"]
    lines += [f"    [*] --> {state.name}" for state in STARTS]
    for state, moves in TABLE.items():
        lines += [f"    {state.name} --> {target.name}: {news.value}" for news, target in moves.items()]
    lines += [f"    {state.name} --> [*]" for state in sorted(FINAL)]
    return "\n".join(lines) + "\n"
