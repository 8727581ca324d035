"""Ids: integers below 2**53 that grow with time, safe in any client's JSON.

38 bits of ticks of 10 ms since 2025 (enough until 2112), 5 bits of node, 10 bits of count. A node that needs
more than 1,024 ids in a tick borrows from the next ones; on start it begins above the newest id of its store.
"""

from collections.abc import Callable
from uuid import UUID

EPOCH = 1_735_689_600_000_000  # 2025-01-01 UTC, in microseconds
TICK = 10_000
NODES = 32
COUNTS = 1024


class Ids:
    """The id maker of one process; to be asked from one thread."""

    __slots__ = ("_count", "_node", "_now", "_tick")

    def __init__(self, node: int, now: Callable[[], int], newest: int = 0) -> None:
        """`node` is 0-31; `now` gives microseconds since 1970; `newest` is the largest id already used."""
        if not 0 <= node < NODES:
            raise ValueError(f"node {node} is not between 0 and {NODES - 1}")
        self._node = node << 10
        self._now = now
        self._tick = newest >> 15
        self._count = COUNTS

    def next(self) -> int:
        """Make an id larger than all that this maker made before."""
        self.look()
        return self.more()

    def look(self) -> None:
        """Look at the clock: what `more` makes is of this time."""
        tick = (self._now() - EPOCH) // TICK
        if tick > self._tick:
            self._tick = tick
            self._count = 0

    def more(self) -> int:
        """Make an id as `next` does, of the time when the clock was looked at last."""
        count = self._count
        if count >= COUNTS:
            self._tick += 1
            count = 0
        self._count = count + 1
        return self._tick << 15 | self._node | count

    def several(self, count: int) -> list[int]:
        """Make as many ids at once, in growing order."""
        made: list[int] = []
        while len(made) < count:
            first = self.next()
            rest = min(count - len(made), COUNTS - self._count + 1)
            self._count += rest - 1
            made += range(first, first + rest)
        return made


def made_at(id: int) -> int:
    """Tell about when an id was made, in microseconds since 1970."""
    return (id >> 15) * TICK + EPOCH


def first_at(at: int) -> int:
    """Give the smallest id that can have been made at this time or later."""
    return max(0, (at - EPOCH) // TICK) << 15


def uuid_of(id: int) -> str:
    """Write an id as a UUID, for vendors whose ids look so: the id's bits, marked as version 4."""
    return f"{id >> 24:08x}-{id >> 8 & 0xFFFF:04x}-4000-8000-{id & 0xFF:012x}"


def of_uuid(text: str) -> int:
    """Read an id out of its UUID, in small letters or capitals; 0 when it is none of ours."""
    try:
        bits = UUID(text).int
    except ValueError:
        return 0
    id = (bits >> 96) << 24 | (bits >> 80 & 0xFFFF) << 8 | bits & 0xFF
    return id if uuid_of(id) == text.lower() else 0
