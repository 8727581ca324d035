"""Longest-prefix tables against the plainest loop."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depesza.core.prefixes import PrefixTable

DIGITS = st.text("0123", max_size=8)
PRICES = PrefixTable({"33": 50, "336": 60, "337": 70, "1": 10, "1684": 90})


def by_loop(rows: dict[str, int], digits: str) -> int | None:
    found = [prefix for prefix in rows if digits.startswith(prefix)]
    return rows[max(found, key=len)] if found else None


@given(st.dictionaries(DIGITS, st.integers()), DIGITS)
def test_the_table_answers_as_the_plain_loop(rows: dict[str, int], digits: str) -> None:
    assert PrefixTable(rows).find(digits) == by_loop(rows, digits)


@pytest.mark.parametrize(
    ("digits", "price"),
    [
        ("33601020304", 60),
        ("33701020304", 70),
        ("33101020304", 50),
        ("16841234567", 90),
        ("12015550123", 10),
        ("48", None),
    ],
)
def test_the_longest_prefix_wins(digits: str, price: int | None) -> None:
    assert PRICES.find(digits) == price


def test_a_number_shorter_than_the_prefixes_finds_what_it_has() -> None:
    assert PRICES.find("33") == 50
    assert PRICES.find("3") is None
    assert PRICES.find("") is None


def test_the_empty_prefix_is_everybodys() -> None:
    assert PrefixTable({"": 5, "33": 6}).find("48601") == 5
    assert PrefixTable({"": 5}).find("") == 5


def test_the_row_found_can_be_shown() -> None:
    assert PRICES.find_row("33601020304") == ("336", 60)
    assert PRICES.find_row("48") is None


def test_a_value_of_none_is_told_from_no_row() -> None:
    assert PrefixTable({"33": None}).find_row("336") == ("33", None)


def test_the_table_does_not_follow_its_source() -> None:
    rows = {"33": 1}
    table = PrefixTable(rows)
    rows["336"] = 2
    assert table.find("336") == 1
    assert (len(table), list(table)) == (1, ["33"])
