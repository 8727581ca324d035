"""Fair turns: who waits for whom. spec: design 4"""

import heapq
from collections import Counter
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depesza.core.fairness import COST, Turns, step, turn, turns

START = 1_790_000_000_000_000
SMALL, BIG = 1, 2


class Queue:
    """A connector's queue as the dispatcher keeps it: a heap by (priority, turn), one clock a class."""

    def __init__(self) -> None:
        self.heap: list[tuple[int, int, int, int]] = []
        self.classes = {priority: Turns() for priority in range(4)}
        self.ids = count()

    def put(self, account: int, parts: list[int], weight: int = 100, priority: int = 1) -> int:
        """Queue messages; gives the number of the last."""
        for found in self.classes[priority].take(account, parts, weight):
            last = next(self.ids)
            heapq.heappush(self.heap, (priority, found, last, account))
        return last

    def serve(self) -> tuple[int, int]:
        """Hand out the next message; gives its account and number."""
        priority, found, id, account = heapq.heappop(self.heap)
        self.classes[priority].served(found)
        return account, id

    def waits(self, id: int) -> int:
        """Count what is served before a message."""
        for waited in count():
            if self.serve()[1] == id:
                return waited
        raise AssertionError


@pytest.mark.parametrize(
    ("now", "last", "parts", "weight", "expected"),
    [
        (START, 0, 1, 100, START),  # long quiet: at once
        (START, START, 1, 100, START + COST),
        (START, START, 6, 100, START + 6 * COST),
        (START, START, 1, 200, START + COST // 2),
        (START, START, 1, 50, START + 2 * COST),
        (START, START - COST, 1, 100, START),
        (START, START, 1, 0, START + 100 * COST),  # a weight below one counts as one
        (START, START, 1, 10**9, START + 1),  # and a step is never nothing
    ],
)
def test_a_turn_is_now_or_after_the_last_one(now: int, last: int, parts: int, weight: int, expected: int) -> None:
    assert turn(now, last, parts, weight) == expected


@given(
    st.integers(0, 10**7),
    st.integers(0, 10**7),
    st.lists(st.integers(1, 6), max_size=30) | st.integers(0, 30).map(lambda size: [2] * size),
    st.integers(1, 500),
)
def test_the_turns_of_a_submission_are_those_of_its_messages_one_by_one(
    now: int, last: int, parts: list[int], weight: int
) -> None:
    one_by_one, newest = [], last
    for size in parts:
        newest = turn(now, newest, size, weight)
        one_by_one.append(newest)
    assert turns(now, last, parts, weight) == (one_by_one, newest)
    assert turns(now, last, tuple(parts), weight) == (one_by_one, newest)


def test_a_backlog_of_100_000_does_not_delay_single_messages() -> None:
    queue = Queue()
    queue.put(BIG, [1] * 100_000)
    for _ in range(50):
        assert queue.waits(queue.put(SMALL, [1])) <= 2
        for _ in range(300):
            assert queue.serve()[0] == BIG


def test_nor_does_the_backlog_of_one_who_was_quiet_delay_the_one_who_sent_much() -> None:
    """What an account has sent and had served is forgotten: fairness looks at those who wait."""
    queue = Queue()
    queue.waits(queue.put(SMALL, [1] * 5_000))
    queue.put(BIG, [1] * 5_000)
    assert queue.waits(queue.put(SMALL, [1])) <= 2


def test_real_time_as_the_clock_would_break_that_behind_a_slow_carrier() -> None:
    """Ten a second are served, so after 100 s most of the backlog has turns that lie in the past."""
    backlog, _ = turns(START, 0, [1] * 100_000, 100)
    newcomer = turn(START + 100 * 1_000_000, 0, 1, 100)
    assert sum(waiting <= newcomer for waiting in backlog[1_000:]) > 90_000


@pytest.mark.parametrize(
    ("weights", "parts"),
    [((100, 100), (1, 1)), ((100, 300), (1, 1)), ((100, 100), (1, 4)), ((50, 100, 200), (2, 1, 3))],
)
def test_busy_accounts_share_parts_in_proportion_to_their_weights(
    weights: tuple[int, ...], parts: tuple[int, ...]
) -> None:
    queue = Queue()
    for account, (weight, size) in enumerate(zip(weights, parts, strict=True)):
        queue.put(account, [size] * 4_000, weight)
    served: Counter[int] = Counter()
    for _ in range(2_000):
        account, _ = queue.serve()
        served[account] += parts[account]
    for account, weight in enumerate(weights):
        assert abs(served[account] / served.total() - weight / sum(weights)) < 0.02


def test_priority_goes_before_turn_and_each_class_has_its_own_clock() -> None:
    queue = Queue()
    queue.put(BIG, [1] * 1_000, priority=3)
    assert queue.waits(queue.put(SMALL, [1], priority=0)) == 0
    queue.waits(queue.put(BIG, [1] * 5_000, priority=0))
    # the urgent ones moved their own clock, not that of the bulk that waits
    assert queue.waits(queue.put(SMALL, [1], priority=3)) <= 2


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(3, 8), st.lists(st.integers(1, 6), min_size=1, max_size=60), st.integers(0, 80)),
        max_size=12,
    )
)
def test_a_single_message_waits_for_at_most_a_few_of_each_other_account(
    load: list[tuple[int, list[int], int]],
) -> None:
    queue = Queue()
    for account, parts, served in load:
        queue.put(account, parts)
        for _ in range(min(served, len(queue.heap) - 1)):
            queue.serve()
    accounts = len({account for account, _, _ in load})
    assert queue.waits(queue.put(SMALL, [1])) <= accounts + 1


@given(st.lists(st.lists(st.integers(1, 6), min_size=1, max_size=5), min_size=1, max_size=10))
def test_an_account_keeps_its_own_order(submissions: list[list[int]]) -> None:
    queue = Queue()
    for parts in submissions:
        queue.put(SMALL, parts)
    total = sum(map(len, submissions))
    assert [queue.serve()[1] for _ in range(total)] == list(range(total))


@given(
    st.integers(0, 10**6),
    st.lists(st.tuples(st.integers(1, 3), st.integers(1, 6), st.integers(0, 10**6)), max_size=30),
)
def test_one_turn_is_as_a_submission_of_one(clock: int, messages: list[tuple[int, int, int]]) -> None:
    quick, plain = Turns(clock), Turns(clock)
    for account, parts, weight in messages:
        assert [quick.one(account, parts, weight)] == plain.take(account, [parts], weight)


def test_a_submission_that_was_not_written_costs_no_turn() -> None:
    queue = Turns(START)
    kept = queue.take(SMALL, [1, 1], 100)
    given = queue.take(SMALL, [1] * 100_000, 100)
    queue.give_back(SMALL, given[0])
    assert kept[-1] < queue.one(SMALL, 1, 100) <= given[0] + COST


def test_after_a_restart_the_waiting_turns_go_on() -> None:
    before = Turns()
    waiting = before.take(BIG, [1] * 1_000, 100)
    after = Turns(clock=waiting[0])
    for each in waiting:
        after.seen(BIG, each)
    assert after.take(BIG, [1], 100) == [waiting[-1] + step(100)]
    assert after.take(SMALL, [1], 100)[0] <= waiting[1]


def test_forgetting_changes_no_turn() -> None:
    kept, cleared = Turns(START), Turns(START)
    for each in (kept, cleared):
        each.take(BIG, [1] * 10, 100)
        each.take(SMALL, [1], 100)
        each.served(START + 5 * COST)
    cleared.forget()
    for account in (BIG, SMALL, 3):
        assert kept.take(account, [2], 100) == cleared.take(account, [2], 100)


def test_the_clock_never_goes_back() -> None:
    queue = Turns(START)
    queue.served(START + 5)
    queue.served(START + 1)
    assert queue.clock == START + 5
