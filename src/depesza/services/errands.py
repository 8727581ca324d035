"""Work that is done page by page: campaigns, tasks, lists to be deleted; what there is, and what a page came to.

Each page and the mark of how far its errand is go into one commit, so a crash neither skips nor doubles a row.
"""

from msgspec import Struct

from depesza.store.tx import Tx


class Step(Struct, frozen=True, gc=False):
    """What one page came to."""

    taken: int = 0
    """Rows that were worked on."""
    over: bool = False
    """True when there is nothing more to do, for now or for ever."""
    wait: int = 0
    """Microseconds before another look is of use."""
    connectors: frozenset[int] = frozenset()
    """Whose queues have grown."""


OVER = Step(over=True)


class Waiting(Struct, frozen=True, gc=False):
    """An errand that is not finished."""

    kind: str
    id: int
    asked: str
    """What is asked of it; when that changes, its next step is due at once."""


async def waiting(tx: Tx) -> list[Waiting]:
    """List the errands of this node."""
    campaigns = await tx.query(
        "SELECT id, status, paused FROM campaigns"
        " WHERE node = ?1 AND status IN ('running', 'inserted', 'to_cancel', 'cancelling')"
        " AND (paused <> 2 OR status IN ('to_cancel', 'cancelling')) ORDER BY id",
        tx.node,
    )
    tasks = await tx.query("SELECT id FROM tasks WHERE node = ?1 AND status IN ('todo', 'doing') ORDER BY id", tx.node)
    mailings = await tx.query("SELECT id, next FROM mailings WHERE node = ?1 AND open = 1 ORDER BY id", tx.node)
    gone = await tx.query("SELECT id FROM audiences WHERE node = ?1 AND status = 'gone' ORDER BY id", tx.node)
    return [
        *(Waiting("campaign", id, f"{status} {paused}") for id, status, paused in campaigns),
        *(Waiting("task", row[0], "") for row in tasks),
        *(Waiting("mailing", id, str(next)) for id, next in mailings),
        *(Waiting("sweep", row[0], "") for row in gone),
    ]
