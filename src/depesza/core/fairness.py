"""Fair turns: sorting by (priority, turn) shares a queue between accounts. spec: design 4

Start-time fair queueing. A message's turn is the later of the queue's clock and its account's last turn plus
what it costs, so the messages of one account stand apart and those of others go in between. The clock is
*virtual*: it shows the turn that was served last. Real time in its place is only right while the queue is
served faster than one part in `COST`; behind it, an old backlog would stand before every newcomer.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate

COST = 1_000
"""Microseconds of turn that one part costs an account of weight 100."""


@lru_cache(maxsize=1024)
def step(weight: int) -> int:
    """Tell what one part costs an account of this weight (percent), in microseconds of turn."""
    return max(1, 100 * COST // max(1, weight))


def turn(now_us: int, last_turn: int, parts: int, weight: int) -> int:
    """Give the turn of one message; it is also the account's new last turn."""
    return max(now_us, last_turn + parts * step(weight))


def turns(now: int, last: int, parts: Sequence[int], weight: int) -> tuple[list[int], int]:
    """Give the turns of one submission's messages, in order, and the account's new last turn."""
    if not parts:
        return [], last
    cost = step(weight)
    first = max(now, last + parts[0] * cost)
    if parts.count(parts[0]) == len(parts):
        gap = max(1, parts[0] * cost)
        found = list(range(first, first + len(parts) * gap, gap))
    else:
        found = list(accumulate((count * cost for count in parts[1:]), initial=first))
    return found, found[-1]


class Turns:
    """The turns of one queue: one connector and one priority class."""

    __slots__ = ("_last", "clock")

    def __init__(self, clock: int = 0) -> None:
        """`clock` is the smallest turn that already waits, or any number in an empty queue."""
        self.clock = clock
        """The turn served last."""
        self._last: dict[int, int] = {}

    def take(self, account: int, parts: Sequence[int], weight: int) -> list[int]:
        """Give the turns of an account's next messages."""
        found, self._last[account] = turns(self.clock, self._last.get(account, 0), parts, weight)
        return found

    def one(self, account: int, parts: int, weight: int) -> int:
        """Give the turn of an account's next message: the quick form of `take`."""
        found = self._last.get(account, 0) + parts * step(weight)
        if found < self.clock:
            found = self.clock
        self._last[account] = found
        return found

    def give_back(self, account: int, first: int) -> None:
        """Undo turns from `first` on: their submission was not written, so nobody waits for it."""
        self._last[account] = min(first - 1, self._last.get(account, 0))

    def seen(self, account: int, turn: int) -> None:
        """Learn of a waiting message whose turn was given before a restart."""
        self._last[account] = max(turn, self._last.get(account, 0))

    def served(self, turn: int) -> None:
        """Move the clock on: a message with this turn was handed out."""
        self.clock = max(self.clock, turn)

    def forget(self) -> None:
        """Drop accounts whose last turn has passed: their next message is as good as a newcomer's."""
        self._last = {account: last for account, last in self._last.items() if last > self.clock}


class Places:
    """Free places of one connector, offered to messages at the moment they are accepted.

    Who takes one is marked as sending in the commit that accepts it, and needs no other one to be claimed. The
    dispatcher offers, planning takes (perhaps in another thread), and neither writes the other's count.
    """

    __slots__ = ("arrived", "offered", "taken")

    def __init__(self) -> None:
        self.offered = 0
        self.taken = 0
        self.arrived = 0
        """Messages with a place that have reached the dispatcher."""

    def take(self) -> bool:
        """Take a place, if one is offered."""
        if self.taken < self.offered:
            self.taken += 1
            return True
        return False

    @property
    def outstanding(self) -> int:
        """Places offered or taken whose message has not arrived."""
        return max(self.offered, self.taken) - self.arrived

    def offer(self, count: int) -> None:
        """Offer so many more."""
        self.offered = max(self.offered, self.taken) + count

    def withdraw(self) -> None:
        """Offer none any more; what is taken stays so."""
        self.offered = self.taken

    def arrive(self) -> None:
        """Count a message that came with its place."""
        self.arrived = min(self.arrived + 1, self.taken)

    def forget_lost(self) -> None:
        """Give up what was taken and never came: its submission was refused after all."""
        self.arrived = self.taken


class Lanes:
    """All queues of one process, made as they are first needed."""

    def __init__(self) -> None:
        self._queues: dict[tuple[int, int], Turns] = {}
        self._places: dict[int, Places] = {}

    def places(self, connector: int) -> Places:
        """Give the places of a connector."""
        found = self._places.get(connector)
        if found is None:
            found = self._places[connector] = Places()
        return found

    def queue(self, connector: int, priority: int) -> Turns:
        """Give the queue of a connector and a priority."""
        found = self._queues.get((connector, priority))
        if found is None:
            found = self._queues[connector, priority] = Turns()
        return found

    def forget(self) -> None:
        """Drop what no longer matters in every queue."""
        for queue in self._queues.values():
            queue.forget()
