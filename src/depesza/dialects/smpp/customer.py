"""One account at this door: its binds, how fast it may send, what it is owed."""

from collections.abc import Callable

from depesza.core.facts import Account
from depesza.dialects.smpp.line import Line
from depesza.dialects.smpp.outbox import Outbox


class Customer:
    """An account that has bound."""

    def __init__(self, account: int, outbox: Outbox, clock: Callable[[], float]) -> None:
        """`clock` is in seconds and goes on evenly."""
        self.account = account
        self.outbox = outbox
        self.lines: list[Line] = []
        self._clock = clock
        self._tokens = 0.0
        self._seen = float("-inf")

    def join(self, line: Line) -> None:
        """Count one more bind."""
        self.lines.append(line)
        if line.receiving:
            self.outbox.join(line)

    def leave(self, line: Line) -> None:
        """Count a bind no more."""
        if line in self.lines:
            self.lines.remove(line)
        self.outbox.leave(line)

    def refusal(self, account: Account, line: Line, count: int) -> str:
        """Tell why so many messages can't be taken over a bind now; empty when they can. spec: carriers/C.1#19"""
        if account.smpp_window and line.taking >= account.smpp_window:
            return "queue_full"
        return "" if self._spend(account.smpp_rate, count) else "throttled"

    def _spend(self, rate: int, count: int) -> bool:
        """Take from the allowance, of which a second's worth may be saved; more at once than that must wait for all."""
        if not rate:
            return True
        now = self._clock()
        self._tokens = min(float(rate), self._tokens + (now - self._seen) * rate)
        self._seen = now
        if self._tokens < min(count, rate):
            return False
        self._tokens -= count
        return True
