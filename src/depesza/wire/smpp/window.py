"""Our requests: those that wait for a response, and those whose response may still come late.

spec: smpp34 2.9, 5.1.4, carriers/C.1#1 #21
"""

from collections.abc import Container
from math import inf
from typing import Generic, TypeAlias

from depesza.wire.smpp.constants import SEQUENCE_LAST
from depesza.wire.smpp.events import Token
from depesza.wire.smpp.pdus import Response

Waiting: TypeAlias = tuple[Token, type[Response], float]
"""The caller's token, the response that fits, and until when it is waited for."""
_LATE_PER_SLOT = 10


class Window(Generic[Token]):
    """The requests of one session by sequence number, oldest first."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.pending: dict[int, Waiting[Token]] = {}
        self.late: dict[int, Waiting[Token]] = {}
        """Given up on, and kept for a while: at most ten times the window."""
        self._next = 1

    def next_sequence(self, taken: Container[int]) -> int:
        """Give a number that is not in use: 1 to 0x7FFFFFFF, then 1 again."""
        sequence = self._next
        while sequence in self.pending or sequence in self.late or sequence in taken:
            sequence = sequence + 1 if sequence < SEQUENCE_LAST else 1
        self._next = sequence + 1 if sequence < SEQUENCE_LAST else 1
        return sequence

    def deadline(self) -> float:
        """Tell when the oldest request has waited long enough."""
        return next((waiting[2] for waiting in self.pending.values()), inf)

    def expire(self, now: float) -> list[tuple[Token, int]]:
        """Give up on requests that have waited long enough: their tokens and sequence numbers."""
        expired: list[tuple[Token, int]] = []
        while self.pending and self.deadline() <= now:
            sequence = next(iter(self.pending))
            waiting = self.late[sequence] = self.pending.pop(sequence)
            expired.append((waiting[0], sequence))
        while len(self.late) > self.size * _LATE_PER_SLOT:
            del self.late[next(iter(self.late))]
        return expired

    def take_late(self, sequence: int, kind: type[Response] | None = None) -> Waiting[Token] | None:
        """Take a request that was given up on, if this response is its own; without a kind: in any case."""
        waiting = self.late.get(sequence)
        if waiting is None or kind not in (None, waiting[1]):
            return None
        return self.late.pop(sequence)

    def drop(self) -> tuple[Token, ...]:
        """Forget all; give the tokens that were still waiting."""
        tokens = tuple(waiting[0] for waiting in self.pending.values())
        self.pending.clear()
        self.late.clear()
        return tokens
