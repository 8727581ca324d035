"""Parts become a whole again, in any order, and never a mixture."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depesza.wire import Malformed
from depesza.wire.reassembly import Arrival, Key, Reassembly, Torn


class Phone:
    """One sender's parts into one `Reassembly`."""

    def __init__(self, **options: float) -> None:
        self.parts: Reassembly[str] = Reassembly(**options)  # type: ignore[arg-type]

    def take(self, number: int, payload: str, now: float = 0.0, reference: int = 7, total: int = 3) -> Arrival[str]:
        return self.parts.add("33600000001", "36184", reference, total, number, payload, now)


KEY = Key("33600000001", "36184", 7, 3)


def test_the_last_part_brings_the_whole_in_order() -> None:
    phone = Phone()
    assert phone.take(3, "c") == Arrival()
    assert phone.take(1, "a") == Arrival()
    assert phone.take(2, "b") == Arrival(("a", "b", "c"))


def test_a_message_of_one_part_is_whole_at_once_and_leaves_nothing_behind() -> None:
    phone = Phone()
    assert phone.take(1, "a", total=1) == Arrival(("a",))
    assert phone.parts.held == 0


def test_senders_receivers_references_and_totals_are_kept_apart() -> None:
    parts: Reassembly[str] = Reassembly()
    for source, destination, reference, total in [
        ("a", "x", 1, 2),
        ("b", "x", 1, 2),
        ("a", "y", 1, 2),
        ("a", "x", 2, 2),
    ]:
        assert parts.add(source, destination, reference, total, 1, "1", 0.0).whole is None
    assert parts.add("a", "x", 1, 3, 2, "2", 0.0).whole is None
    assert parts.add("a", "y", 1, 2, 2, "2", 0.0).whole == ("1", "2")


def test_a_part_that_comes_twice_counts_once() -> None:
    phone = Phone()
    phone.take(1, "a")
    assert phone.take(1, "a") == Arrival(repeated=True)
    phone.take(2, "b")
    assert phone.take(3, "c").whole == ("a", "b", "c")


def test_parts_repeated_after_the_whole_begin_nothing_however_often() -> None:
    phone = Phone(memory=600)
    for number, payload in enumerate("abc", 1):
        phone.take(number, payload)
    for _ in range(3):
        assert phone.take(2, "b", now=599) == Arrival(repeated=True)
    assert phone.parts.deadline is None
    assert phone.take(2, "b", now=600) == Arrival()


def test_a_reference_used_anew_never_mixes_two_messages() -> None:
    phone = Phone()
    phone.take(1, "a", now=1.0)
    phone.take(2, "b", now=2.0)
    assert phone.take(1, "A", now=3.0) == Arrival(torn=(Torn(KEY, 1.0, {1: "a", 2: "b"}),))
    phone.take(2, "B", now=4.0)
    assert phone.take(3, "C", now=5.0).whole == ("A", "B", "C")


def test_a_new_message_that_begins_like_the_one_before_keeps_its_beginning() -> None:
    phone = Phone()
    for number, payload in enumerate("abc", 1):
        phone.take(number, payload)
    assert phone.take(1, "a", now=1.0).repeated
    assert phone.take(2, "B", now=1.0) == Arrival()
    assert phone.parts.held == 2  # the message before is forgotten
    assert phone.take(3, "C", now=1.0).whole == ("a", "B", "C")


def test_what_misses_a_part_is_given_up_after_its_lifetime() -> None:
    phone = Phone(lifetime=100)
    phone.take(1, "a", now=10.0)
    phone.take(1, "x", now=50.0, reference=8)
    phone.take(3, "c", now=90.0)  # does not lengthen it
    assert phone.parts.deadline == 110.0
    assert phone.parts.expire(109.9) == []
    assert phone.parts.expire(110.0) == [Torn(KEY, 10.0, {1: "a", 3: "c"})]
    assert phone.parts.deadline == 150.0
    assert phone.parts.held == 1
    assert phone.take(2, "b", now=111.0) == Arrival()


def test_255_parts_in_any_order_are_a_whole() -> None:
    phone = Phone()
    numbers = list(range(1, 256))
    random.Random(7).shuffle(numbers)
    arrivals = [phone.take(number, str(number), total=255) for number in numbers]
    assert [arrival.whole for arrival in arrivals[:-1]] == [None] * 254
    assert arrivals[-1].whole == tuple(str(number) for number in range(1, 256))


@pytest.mark.parametrize(("number", "total"), [(0, 3), (4, 3), (1, 0), (1, 256), (-1, 2)])
def test_absurd_numbers_are_theirs(number: int, total: int) -> None:
    phone = Phone()
    with pytest.raises(Malformed):
        phone.take(number, "a", total=total)
    assert phone.parts.held == 0


def test_memory_is_bounded_and_what_is_given_up_for_it_is_told() -> None:
    phone = Phone(most_parts=4)
    phone.take(1, "a", reference=1, total=2)
    phone.take(2, "b", reference=1, total=2)  # complete: forgotten first
    for reference in (2, 3, 4, 5):
        assert phone.take(1, "x", reference=reference).torn == ()
    arrival = phone.take(1, "x", reference=6, now=9.0)
    assert [torn.key.reference for torn in arrival.torn] == [2]
    assert phone.parts.held == 4


@settings(max_examples=150)
@given(st.data())
def test_any_order_with_repetitions_brings_each_message_once(data: st.DataObject) -> None:
    totals = data.draw(st.lists(st.integers(2, 6), min_size=1, max_size=4))
    arriving = [(message, number) for message, total in enumerate(totals) for number in range(1, total + 1)]
    arriving += data.draw(st.lists(st.sampled_from(arriving), max_size=8))
    parts: Reassembly[tuple[int, int]] = Reassembly()
    wholes = []
    for message, number in data.draw(st.permutations(arriving)):
        arrival = parts.add("a", "b", message, totals[message], number, (message, number), 0.0)
        assert arrival.torn == ()
        wholes += [arrival.whole] if arrival.whole else []
    expected = [tuple((message, number) for number in range(1, total + 1)) for message, total in enumerate(totals)]
    assert sorted(wholes) == expected


@settings(max_examples=150)
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(1, 4), st.integers(1, 4), st.sampled_from("ab"), st.integers(0, 40))
    ),
    st.integers(1, 6),
)
def test_whatever_comes_memory_holds_its_bound_and_counts_right(
    arriving: list[tuple[int, int, int, str, int]], most: int
) -> None:
    parts: Reassembly[str] = Reassembly(lifetime=100.0, memory=50.0, most_parts=most)
    now = 0.0
    for reference, total, number, payload, later in arriving:
        now += later
        parts.expire(now)
        if number <= total:
            parts.add("a", "b", reference, total, number, payload, now)
        assert 0 <= parts.held <= most
        assert parts.deadline is None or parts.deadline > now
    parts.expire(now + 1000)
    assert parts.held == 0
