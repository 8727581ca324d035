"""What became of each message of one run, seen from outside: answered, submitted, reported, called back.

Receivers are numbers in a row, so a message is known by its place: number minus `first`.
"""

from collections.abc import Sequence
from time import perf_counter

FIRST = 33_610_000_000
"""French mobiles from +33610000000 on are valid numbers for twenty million."""


class BenchError(Exception):
    """A run did not do what it must: something was refused, lost, doubled, or took too long."""


class Tally:
    """Counts of one run."""

    def __init__(self, first: int, count: int, *, callbacks: bool) -> None:
        """`count` receivers from the number `first` on; with `callbacks` each is called back once."""
        self.first = first
        self.count = count
        self.wants_callbacks = callbacks
        self.ids: list[int] = []
        """Ids that the product has answered."""
        self.submitted = bytearray(count)
        """How often the carrier took each message."""
        self.taken = 0
        self.throttled = 0
        self.strange = 0
        """Submits to other numbers, callbacks that tell no delivery."""
        self.acknowledged = 0
        """Receipts that the product took."""
        self.called: dict[bytes, int] = {}
        """Callbacks by message id."""
        self.last = 0.0
        """When something was counted last."""
        self.arrivals: list[tuple[float, int]] | None = None
        """Time and place of every submit; None where that is not wanted."""

    def take(self, number: str) -> None:
        """Count a submit that the carrier takes."""
        place = int(number) - self.first
        if not 0 <= place < self.count:
            self.strange += 1
            return
        self.last = now = perf_counter()
        self.taken += 1
        self.submitted[place] += 1
        if self.arrivals is not None:
            self.arrivals.append((now, place))

    def acknowledge(self) -> None:
        """Count a receipt that the product has taken."""
        self.acknowledged += 1
        self.last = perf_counter()

    def call(self, message: bytes, *, delivered: bool) -> None:
        """Count a callback."""
        if not delivered:
            self.strange += 1
        self.called[message] = self.called.get(message, 0) + 1
        self.last = perf_counter()

    @property
    def complete(self) -> bool:
        """Whether everything that must come has come."""
        return (
            len(self.ids) >= self.count
            and self.taken >= self.count
            and self.acknowledged >= self.count
            and (not self.wants_callbacks or len(self.called) >= self.count)
        )

    @property
    def lost(self) -> int:
        """Messages that were answered and did not reach the carrier or, where wanted, their callback."""
        unsent = self.submitted.count(0)
        if not self.wants_callbacks:
            return unsent
        return unsent + sum(str(id).encode() not in self.called for id in self.ids)

    @property
    def doubled(self) -> int:
        """Messages that the carrier or the receiver of callbacks got more than once."""
        sent = self.count - self.submitted.count(0) - self.submitted.count(1)
        return sent + sum(count > 1 for count in self.called.values())

    def check(self) -> None:
        """Raise `BenchError` unless every message went its way exactly once."""
        same = len(set(self.ids))
        faults = {
            "answered": self.count - same,
            "lost": self.lost,
            "doubled": self.doubled,
            "receipts": self.count - self.acknowledged,
            "strange": self.strange,
        }
        wrong = {name: count for name, count in faults.items() if count}
        if wrong:
            raise BenchError(f"of {self.count} messages: " + ", ".join(f"{n} {c}" for n, c in wrong.items()))


def share(values: Sequence[float], part: float) -> float:
    """Give the value below which this part (0 to 1) of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]
