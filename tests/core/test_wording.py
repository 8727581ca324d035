"""Which texts fit a template: the same as a regular expression says, but in a time that does not explode."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depesza.core.wording import ZONE, Pattern, Patterns


@pytest.mark.parametrize(
    ("template", "text", "fits"),
    [
        ("Hello", "Hello", True),
        ("Hello", "Hello!", False),
        ("Your code is #VALUE#", "Your code is 1234", True),
        ("Your code is #VALUE#", "Your code is ", False),
        ("Your code is #VALUE#.", "Your code is 1.2.", True),
        ("#VALUE#: #VALUE#", "Ann: meet me: now", True),
        ("#VALUE#", "", False),
        ("#VALUE##VALUE#", "a", False),
        ("#VALUE##VALUE#", "ab", True),
        ("a#VALUE#a", "aa", False),
        ("one\r\ntwo #VALUE#", " one\ntwo 3\n", True),
        ("#NAME# is here", "Ann is here", False),
        ("#NAME# is here", "#NAME# is here", True),
    ],
)
def test_a_text_fits_or_does_not(template: str, text: str, fits: bool) -> None:
    assert Pattern(template).fits(text) is fits


SHORT = st.text("ab", max_size=3)


@settings(max_examples=100)
@given(st.lists(SHORT, min_size=1, max_size=4), st.text("ab", max_size=8))
def test_it_is_what_a_regular_expression_says(words: list[str], text: str) -> None:
    expected = re.fullmatch(".+".join(map(re.escape, words)), text, re.DOTALL) is not None
    assert Pattern(ZONE.join(words)).fits(text) is expected


@settings(max_examples=100)
@given(
    st.lists(SHORT, min_size=1, max_size=4), st.lists(st.text("abc", min_size=1, max_size=4), min_size=3, max_size=3)
)
def test_a_filled_template_fits(words: list[str], values: list[str]) -> None:
    filled = words[0] + "".join(value + word for word, value in zip(words[1:], values, strict=False))
    assert Pattern(ZONE.join(words)).fits(filled)


def test_many_zones_take_no_time() -> None:
    begin = time.perf_counter()
    assert not Pattern(ZONE.join(["a"] * 100)).fits("a" * 900 + "b")
    assert time.perf_counter() - begin < 0.5


def test_one_of_several_is_enough_and_none_never_is() -> None:
    assert Patterns(["Hi", "Code #VALUE#"]).fits("Code 12")
    assert not Patterns([]).fits("Code 12")
