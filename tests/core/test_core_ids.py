"""Ids grow, never repeat, and fit any client's numbers."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depesza.core.ids import EPOCH, NODES, TICK, Ids, first_at, made_at

NOW = 1_790_000_000_000_000
YEAR = 365 * 86_400_000_000

STEPS = st.lists(st.tuples(st.integers(-50_000, 50_000), st.integers(1, 1500), st.booleans()), max_size=25)


def make(maker: Ids, count: int, at_once: bool) -> list[int]:
    return maker.several(count) if at_once else [maker.next() for _ in range(count)]


@settings(max_examples=60)
@given(STEPS)
def test_ids_grow_whatever_the_clock_does(steps: list[tuple[int, int, bool]]) -> None:
    now = NOW
    maker = Ids(3, lambda: now)
    made = []
    for step, count, at_once in steps:
        now += step
        made += make(maker, count, at_once)
    assert len(made) == sum(count for _, count, _ in steps)
    assert all(earlier < later for earlier, later in pairwise(made))


@settings(max_examples=60)
@given(STEPS, st.integers(0, NODES - 1), st.integers(0, NODES - 1))
def test_two_nodes_never_make_the_same_id(steps: list[tuple[int, int, bool]], one: int, other: int) -> None:
    now = NOW
    makers = Ids(one, lambda: now), Ids(other, lambda: now)
    made: list[list[int]] = [[], []]
    for step, count, at_once in steps:
        now += step
        for ids, maker in zip(made, makers, strict=True):
            ids += make(maker, count, at_once)
    if one != other:
        assert not set(made[0]) & set(made[1])
    else:
        assert made[0] == made[1]


@given(st.lists(st.integers(0, 3000), max_size=10))
def test_several_are_those_that_next_would_make(counts: list[int]) -> None:
    at_once, one_by_one = Ids(1, lambda: NOW), Ids(1, lambda: NOW)
    for count in counts:
        assert at_once.several(count) == [one_by_one.next() for _ in range(count)]


def test_ids_fit_53_bits_for_decades() -> None:
    assert Ids(NODES - 1, lambda: NOW).next() < 2**53
    assert Ids(NODES - 1, lambda: EPOCH + 87 * YEAR).next() < 2**53


def test_a_busy_tick_borrows_from_the_next_ones() -> None:
    maker = Ids(1, lambda: NOW)
    made = maker.several(5000)
    assert len(set(made)) == 5000
    assert {made_at(id) - made_at(made[0]) for id in made} == {0, TICK, 2 * TICK, 3 * TICK, 4 * TICK}


def test_borrowed_time_is_paid_back() -> None:
    now = NOW
    maker = Ids(1, lambda: now)
    maker.several(5000)
    now += 10 * TICK
    assert made_at(maker.next()) == made_at(Ids(1, lambda: now).next())


@pytest.mark.parametrize("ahead", [-YEAR, 0, YEAR])
def test_a_maker_starts_above_the_newest_id_of_any_node(ahead: int) -> None:
    newest = max(Ids(NODES - 1, lambda: NOW + ahead).several(1024))
    assert Ids(0, lambda: NOW, newest).next() > newest


def test_a_clock_before_the_epoch_still_makes_ids() -> None:
    maker = Ids(0, lambda: 0)
    assert 0 < maker.next() < maker.next()
    assert first_at(0) == 0


@given(st.integers(EPOCH + TICK, EPOCH + 80 * YEAR), st.integers(0, NODES - 1))
def test_an_id_tells_when_it_was_made(at: int, node: int) -> None:
    id = Ids(node, lambda: at).next()
    assert at - TICK < made_at(id) <= at
    assert first_at(at) <= id
    assert first_at(at + TICK) > id


@pytest.mark.parametrize("node", [-1, NODES, NODES + 1])
def test_a_node_out_of_range_is_refused(node: int) -> None:
    with pytest.raises(ValueError, match="node"):
        Ids(node, lambda: NOW)
