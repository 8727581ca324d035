"""How fast parts may leave: the rate that is set, and what the carrier's throttling tells about the real one.

A single throttled answer among many says little and slows nothing but its own part; where more than one in
five is throttled, the link pauses, goes on at the rate that was just accepted, and feels its way up again.
spec: carriers/C.1#19 #20
"""

from math import inf

from depesza.core.model import MICRO
from depesza.core.quota import Bucket

_WEIGHT = 1 / 32
"""Of one answer in the share of throttled ones."""
_TOO_MANY = 0.2
_FEW = 0.1
_CUT = 0.8
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0
_SETTLE = 0.25
"""Seconds after a pause in which answers still speak of the time before it."""
_SLOW_GROWTH, _FAST_GROWTH = 0.05, 0.4
"""Growth of the rate in a second; the faster one after some seconds without trouble."""
_QUIET = 4.0
_AGAIN = 0.25
"""Weight of a part that was throttled before: it may be about its receiver, not about our speed."""
_FUTILE = 0.25
"""Of the rate before the trouble: where most is still taken and as much is throttled as ever, it is not
about our speed, and going slower only hurts."""
_TRUST = 5.0
"""Seconds for which the gate then stays open."""
_UNBOUNDED = 20_000.0
"""A rate that nobody needs to limit any more."""
_BUSY_LEVEL, _OVERLOAD = 90, 100
"""Levels of congestion_state: 80 to 90 is what it should be. smpp50 2.9"""


class Pace:
    """The gate in front of all sessions of one carrier; `now` is in seconds of a steady clock."""

    def __init__(self, rate: float, now: float) -> None:
        self._bucket = Bucket(rate) if rate else None
        self.allowed = inf
        """Parts a second that the carrier seems to take; `inf` until it throttles."""
        self.share = 0.0
        """How much of late was throttled, 0 to 1."""
        self._paused_until = self._deaf_until = self._next = now
        self._pause = _FIRST_PAUSE
        self._trouble = now
        self._second = now
        self._accepted = self._accepted_before = 0
        self._before = 0.0
        """Parts a second that were taken when the trouble began."""
        self._taken_since = self._throttled_since = 0

    def free(self, now: float) -> int:
        """Tell how many parts may leave now."""
        if now < self._paused_until:
            return 0
        free = 1_000_000 if self._bucket is None else self._bucket.free(int(now * MICRO))
        if self.allowed is not inf:
            free = min(free, int(self._burst - max(self._next - now, 0.0) * self.allowed + 1e-9))
        return max(free, 0)

    def paused(self, now: float) -> bool:
        """Tell whether nothing may leave because too much was throttled."""
        return now < self._paused_until

    def take(self, now: float) -> None:
        """Let one part leave."""
        if self._bucket is not None:
            self._bucket.take(1, int(now * MICRO))
        if self.allowed is not inf:
            # what was not used is not kept
            self._next = max(self._next, now) + 1 / self.allowed

    def wait(self, now: float) -> float:
        """Tell the seconds until a part may leave; at least a millisecond."""
        wait = max(self._paused_until - now, 0.001)
        if self.allowed is not inf:
            wait = max(wait, self._next - now - (self._burst - 1) / self.allowed)
        if self._bucket is not None and not self._bucket.free(int(now * MICRO)):
            # some at once: each waking has its price, and what fits the burst is not lost
            wait = max(wait, max(1, self._bucket.burst // 2) / self._bucket.rate)
        return wait

    def accepted(self, now: float) -> None:
        """Note that the carrier took a part, or refused it for another reason than haste."""
        self._count(now)
        self._accepted += 1
        self._taken_since += 1
        self.share -= self.share * _WEIGHT
        if self.allowed is inf or now < self._deaf_until or self.share > _FEW:
            return
        calm = now - self._trouble > _QUIET
        self.allowed += _FAST_GROWTH if calm else _SLOW_GROWTH
        if self.allowed > _UNBOUNDED:
            self.allowed = inf

    def throttled(self, now: float, again: bool = False) -> None:
        """Note that the carrier asked to slow down; `again`: it had said so of the same part before."""
        self._count(now)
        if now < self._deaf_until:
            return
        self._throttled_since += 1
        self.share += (1 - self.share) * (_WEIGHT * _AGAIN if again else _WEIGHT)
        if self.share > _TOO_MANY and self._is_futile:
            self.allowed = inf
            self._listen_from(now + _TRUST)
        elif self.share > _TOO_MANY:
            self._slow_down(now, _CUT, self._pause)
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    def congested(self, level: int, now: float) -> None:
        """Obey congestion_state."""
        if level < _BUSY_LEVEL or now < self._deaf_until:
            return
        overload = level >= _OVERLOAD
        self._slow_down(now, 0.5 if overload else 0.9, _FIRST_PAUSE if overload else 0.0)

    @property
    def _burst(self) -> float:
        return max(1.0, self.allowed * 0.02)

    def _slow_down(self, now: float, factor: float, pause: float) -> None:
        if now - self._trouble > _QUIET:
            self._pause = pause = min(pause, _FIRST_PAUSE)
        # nothing goes faster than what was taken in the last second
        measured = max(self._accepted, self._accepted_before, 1)
        if self.allowed is inf:
            self._before = measured
        self.allowed = max(1.0, min(self.allowed, measured) * factor)
        self._trouble = now
        self._paused_until = self._next = now + pause
        self._listen_from(self._paused_until + _SETTLE)

    @property
    def _is_futile(self) -> bool:
        slow = self.allowed <= self._before * _FUTILE
        return slow and self._taken_since > self._throttled_since

    def _listen_from(self, moment: float) -> None:
        """Hear nothing until then, and judge anew."""
        self._deaf_until = moment
        self.share = 0.0
        self._taken_since = self._throttled_since = 0

    def _count(self, now: float) -> None:
        """Keep the count of a second and of the one before."""
        since = now - self._second
        if since < 1.0:
            return
        self._accepted_before = self._accepted if since < 2.0 else 0
        self._accepted = 0
        self._second = now
