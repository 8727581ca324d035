"""News that a client collects over a connection of its own: it waits until the client is there and has taken it.

Such news has an address that nobody calls, `smpp:<account>?<wish>#<memory>`, and is a row of `notices` in a state of
its own, which the notifier never sees. One node at a time tells an account's news, under a lease, in its order.
"""

from collections.abc import Sequence

from depesza.core.ids import first_at
from depesza.core.model import COLLECTED, Notice, State
from depesza.store.tx import Tx

WAITING, TAKEN, GIVEN_UP = 3, 1, 2
"""States of a row."""
PAGE = 1_000

ARRIVED, FAILED, STEPS = "a", "f", "s"
"""What may be wished for: that it arrived, that it did not, each step on the way."""

_WISH = {
    State.SENT: STEPS,
    State.PENDING: STEPS,
    State.DELIVERED: ARRIVED,
    State.READ: ARRIVED,
    State.CLICKED: ARRIVED,
    State.FAILED: FAILED,
    State.EXPIRED: FAILED,
    State.REJECTED: FAILED,
    State.CANCELLED: FAILED,
}


def address(account: int, wish: str, memory: str = "") -> str:
    """Write an address; `memory` comes back with the news."""
    return f"{COLLECTED}{account}?{wish}#{memory}"


def wants(address: str, state: State) -> bool:
    """Tell whether who reads at an address wants to hear of a state."""
    letter = _WISH.get(state)
    return letter is not None and letter in address.partition("#")[0].partition("?")[2]


def memory_of(address: str) -> str:
    """Give what was left in an address."""
    return address.partition("#")[2]


async def page(tx: Tx, account: int, limit: int) -> list[Notice]:
    """Read the news that waits for an account, the oldest first."""
    rows = await tx.query(
        "SELECT id, account, dialect, kind, url, fact, message, due, created, tries FROM notices"
        " WHERE state = 3 AND account = ?1 ORDER BY id LIMIT ?2",
        account,
        limit,
    )
    return [Notice(*row) for row in rows]


async def settle(tx: Tx, settled: Sequence[tuple[Notice, bool]], now: int) -> None:
    """Write down what a client took, and what it refused for good."""
    for notice, good in settled:
        tx.update("notice_done", (notice.id, TAKEN if good else GIVEN_UP, notice.tries + 1, 0))
        if not good:
            tx.event(notice.message, now, "not_collected", f"{notice.kind} #{notice.id}")


async def give_up(tx: Tx, before: int) -> None:
    """Give up news that waited since `before` in vain."""
    tx.write("UPDATE notices SET state = 2 WHERE state = 3 AND id < ?1", first_at(before))


def _lease(account: int) -> str:
    return f"news:{account}"


async def lead(tx: Tx, accounts: Sequence[int], until: int, now: int) -> list[int]:
    """Take or renew the right to tell the news of accounts; gives those for which this node has it."""
    led = []
    for account in accounts:
        rows = await tx.query("SELECT holder, until FROM leases WHERE name = ?1", _lease(account))
        if rows and rows[0][0] != tx.node and rows[0][1] >= now:
            continue
        led.append(account)
        tx.write(
            "INSERT INTO leases (name, holder, fence, until) VALUES (?1, ?2, 1, ?3)"
            " ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, fence = leases.fence + 1,"
            " until = excluded.until WHERE leases.until < ?4 OR leases.holder = excluded.holder",
            _lease(account),
            tx.node,
            until,
            now,
        )
    return led


async def resign(tx: Tx, account: int) -> None:
    """Leave an account's news to others."""
    tx.write("DELETE FROM leases WHERE name = ?1 AND holder = ?2", _lease(account), tx.node)
