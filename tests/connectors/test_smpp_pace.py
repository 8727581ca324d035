"""The gate of a carrier's link, with a clock that the test turns."""

import random
from collections import deque
from itertools import pairwise

import pytest

from depesza.connectors.smpp.pace import Pace
from depesza.connectors.smpp.waits import growing, retry

STEP = 0.001


def leave(pace: Pace, seconds: float, step: float = STEP) -> list[float]:
    """Send whenever it is allowed, and give the times."""
    sent: list[float] = []
    for tick in range(int(seconds / step)):
        now = tick * step
        while pace.free(now) > 0:
            pace.take(now)
            sent.append(now)
            if len(sent) > 1_000_000:
                raise AssertionError("nothing holds it")
    return sent


def most_in_a_second(sent: list[float]) -> int:
    window: deque[float] = deque()
    most = 0
    for at in sent:
        window.append(at)
        while window[0] <= at - 1.0:
            window.popleft()
        most = max(most, len(window))
    return most


@pytest.mark.parametrize("rate", [1, 5, 20, 200, 1000])
def test_no_second_holds_more_than_the_rate(rate: int) -> None:
    assert most_in_a_second(leave(Pace(rate, 0.0), 10.0)) <= rate


@pytest.mark.parametrize("rate", [20, 200, 1000])
def test_nearly_all_of_the_rate_is_used(rate: int) -> None:
    sent = leave(Pace(rate, 0.0), 10.0)
    assert len(sent) >= 0.95 * rate * 10


def test_without_a_rate_nothing_is_held() -> None:
    pace = Pace(0, 0.0)
    for _ in range(10_000):
        assert pace.free(0.0) > 0
        pace.take(0.0)


def test_waiting_as_told_is_enough_and_is_no_hot_loop() -> None:
    pace, now, sent, turns = Pace(200, 0.0), 0.0, 0, 0
    while now < 10.0:
        turns += 1
        while pace.free(now) > 0:
            pace.take(now)
            sent += 1
        now += pace.wait(now)
    assert sent >= 0.95 * 2000
    assert turns <= 2000


class Link:
    """A carrier with a latency, that throttles by a rule; whatever is throttled is tried again at once."""

    def __init__(self, pace: Pace, messages: int, window: int = 50, latency: float = 0.005) -> None:
        self.pace = pace
        self.todo = messages
        self.window = window
        self.latency = latency
        self.flying: deque[tuple[float, bool]] = deque()
        self.resting: list[tuple[float, int]] = []
        self.taken = 0
        self.submits: list[float] = []
        self.refused = 0

    def run(self, throttles: "object", most: float = 120.0) -> float:
        """Turn the clock until all are taken; give the seconds."""
        now, rng = 0.0, random.Random(3)
        while self.taken < self.total():
            while self.flying and self.flying[0][0] <= now:
                _, refused = self.flying.popleft()
                if refused:
                    self.refused += 1
                    self.pace.throttled(now)
                    self.resting.append((now + retry(1, rng.random()), 1))
                else:
                    self.taken += 1
                    self.pace.accepted(now)
            for rest in [one for one in self.resting if one[0] <= now]:
                self.resting.remove(rest)
                self.todo += 1
            while self.todo and len(self.flying) < self.window and self.pace.free(now) > 0:
                self.pace.take(now)
                self.todo -= 1
                self.submits.append(now)
                self.flying.append((now + self.latency, throttles(now)))  # type: ignore[operator]
            now += STEP
            assert now < most, f"{self.taken} taken in {now:.0f} s, allowed {self.pace.allowed:.1f}"
        return now

    def total(self) -> int:
        return self.taken + self.todo + len(self.flying) + len(self.resting)


def test_one_throttled_answer_in_twenty_costs_less_than_a_fifth() -> None:
    rng = random.Random(1)
    without = Link(Pace(0, 0.0), 5000).run(lambda now: False)
    with_some = Link(Pace(0, 0.0), 5000).run(lambda now: rng.random() < 0.05)
    assert with_some <= 1.2 * without


@pytest.mark.parametrize("share", [0.25, 0.4])
def test_throttling_that_slowing_down_does_not_cure_is_borne(share: float) -> None:
    rng = random.Random(1)
    assert Link(Pace(0, 0.0), 20_000).run(lambda now: rng.random() < share) <= 40.0


class Limited:
    """A carrier that takes so many in a calendar second and throttles the rest."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.second = -1
        self.count = 0

    def __call__(self, now: float) -> bool:
        if int(now) != self.second:
            self.second, self.count = int(now), 0
        self.count += 1
        return self.count > self.rate


@pytest.mark.parametrize("rate", [20, 100, 500])
def test_a_rate_that_nobody_told_is_found(rate: int) -> None:
    link = Link(Pace(0, 0.0), rate * 20)
    seconds = link.run(Limited(rate))
    assert seconds <= 20 * 1.4
    assert link.refused <= 0.25 * len(link.submits)


def test_a_carrier_that_throttles_everything_is_asked_ever_more_slowly() -> None:
    pace = Pace(0, 0.0)
    link = Link(pace, 100)
    with pytest.raises(AssertionError, match="taken in"):
        link.run(lambda now: True, most=30.0)
    late = [at for at in link.submits if at > 20.0]
    assert len(late) <= 40


def test_after_the_trouble_the_link_is_fast_again() -> None:
    link = Link(Pace(0, 0.0), 20_000)
    seconds = link.run(lambda now: now < 3.0)
    assert seconds < 60
    assert most_in_a_second(link.submits) > 1000


def test_congestion_from_90_on_slows_down_and_100_pauses() -> None:
    pace = Pace(0, 0.0)
    for n in range(1000):
        pace.accepted(n / 1000)
    pace.congested(80, 1.0)
    assert pace.free(1.0) > 1000
    pace.congested(92, 1.0)
    assert 850 <= pace.allowed <= 950
    assert not pace.paused(1.0)
    pace.congested(100, 1.5)
    assert pace.paused(1.5)
    assert pace.free(1.5) == 0
    assert pace.allowed <= 500


def test_waits_grow_to_their_end_with_some_chance_in_them() -> None:
    plain = [growing(tries, 1.0, 60.0, 0.0) for tries in range(10)]
    assert plain == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
    assert all(first <= second for first, second in pairwise(plain))
    assert 40.0 <= growing(9, 1.0, 60.0, 0.999) < 41.0
    assert growing(5000, 1.0, 60.0, 0.0) == 60.0
