"""One connector's queue in memory: a heap in the order (priority, turn), and what is on its way.

The messages table is the queue and this is its cache. When it would grow beyond `MOST`, the messages that come last
are forgotten here and read back page by page; `horizon` is the key from which on the table knows more than the heap.
"""

from heapq import heapify, heappop, heappush

from depesza.connectors.contract import Connector
from depesza.core.fairness import Places
from depesza.core.model import Message, Priority

MOST = 40_000
"""Messages held in memory for one connector."""
ENOUGH = 4_000
"""Waiting messages with which a connector is busy for a while."""
PAGE = 10_000
"""Messages read back at a time."""

SHARE = 20
"""One place in so many is kept from bulk, for those that come in between."""

PORTION = 64
"""Messages that are claimed at once at most, or a quarter of the window: while the carrier has one portion another
is being marked, so that none of them waits for the others."""

Key = tuple[int, int, int]

NOTHING: Key = (-1, 0, 0)
"""The horizon of a heap that knows nothing of the table."""


class Lane:
    """The queue of one connector."""

    def __init__(self, connector: Connector, places: Places | None = None) -> None:
        self.connector = connector
        self.places = places or Places()
        """Places offered to messages that are just being accepted."""
        self.arrived_before = 0
        self.heap: list[tuple[int, int, int, Message]] = []
        self.held: set[int] = set()
        """Ids in the heap or on their way, so that a page does not bring them twice."""
        self.inflight: dict[int, Message] = {}
        """Claimed (or being claimed) and not yet settled on disk."""
        self.claiming = 0
        """Of these, how many have not been handed to the connector yet."""
        self.horizon: Key | None = None
        self.loading = False
        self.doubtful = False
        """The page being read may lack rows that were taken over meanwhile."""
        self.late: list[Message] = []
        """Came while a page was being read, so perhaps not in it."""
        self.down_since = 0.0

    def push(self, message: Message) -> None:
        """Add a queued message, unless it belongs behind the horizon or is here already."""
        key = (message.priority, message.turn, message.id)
        if self.loading:
            self.late.append(message)
        if self.horizon is not None and key >= self.horizon:
            return
        if message.id in self.held:
            return
        self.held.add(message.id)
        heappush(self.heap, (*key, message))
        if len(self.heap) > MOST:
            self._forget_last()

    def _forget_last(self) -> None:
        self.heap.sort()
        kept, dropped = self.heap[: MOST // 2], self.heap[MOST // 2 :]
        self.horizon = dropped[0][:3]
        self.heap = kept
        self.held.difference_update(item[2] for item in dropped)

    def pop(self) -> Message:
        """Take the message whose turn it is."""
        return heappop(self.heap)[3]

    def remove(self, ids: set[int]) -> list[Message]:
        """Take these messages out of the heap."""
        taken = [item[3] for item in self.heap if item[2] in ids]
        self.heap = [item for item in self.heap if item[2] not in ids]
        heapify(self.heap)
        self.held.difference_update(ids)
        return taken

    @property
    def free(self) -> int:
        """How many messages may be claimed now: the connector's room, and never more unsettled than its capacity."""
        connector = self.connector
        free = min(connector.room - self.claiming, connector.capacity - len(self.inflight))
        return free - self.places.outstanding

    @property
    def portion(self) -> int:
        """How many messages are claimed at once at most."""
        return max(PORTION, self.connector.capacity // 4)

    @property
    def kept(self) -> int:
        """How many places are kept from bulk."""
        capacity = self.connector.capacity
        return min(-(-capacity // SHARE), capacity - 1)

    @property
    def free_for_bulk(self) -> int:
        """How many messages of bulk may be claimed now."""
        return min(self.free, self.connector.capacity - self.kept - len(self.inflight))

    @property
    def next_is_bulk(self) -> bool:
        """True when nothing but bulk waits."""
        return bool(self.heap) and self.heap[0][0] == Priority.BULK

    def offer(self) -> None:
        """Offer free places to messages that are just being accepted: all while nobody waits, a few while bulk does."""
        if self.horizon is not None or self.loading or (self.heap and not self.next_is_bulk):
            return
        free = min(self.free, self.kept) if self.heap else self.free
        if free > 0:
            self.places.offer(free)

    @property
    def hungry(self) -> bool:
        """True when a page should be read."""
        return self.horizon is not None and not self.loading and len(self.heap) < PAGE

    @property
    def crowded(self) -> bool:
        """True when enough waits, here or in the table."""
        return len(self.heap) > ENOUGH or self.horizon is not None

    def doubt(self) -> None:
        """Trust the heap no more: the table has got messages that nobody pushed."""
        self.doubtful = self.loading
        if self.horizon is None:
            self.horizon = NOTHING

    def loaded(self, page: list[Message], complete: bool) -> None:
        """Take a page that was read; `complete` when the table held no more."""
        last = page[-1] if page else None
        self.horizon = None
        for message in page:
            self.push(message)
        if not complete and last is not None and self.horizon is None:
            self.horizon = (last.priority, last.turn, last.id + 1)
        if self.doubtful:
            self.doubtful = False
            self.horizon = NOTHING
        late, self.late = self.late, []
        for message in late:
            self.push(message)
