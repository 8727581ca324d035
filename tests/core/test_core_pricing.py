"""What a part costs. spec: ovh/4.1"""

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depesza.core.model import MICRO, Channel
from depesza.core.pricing import DEFAULT, Price, Prices

ROWS = [
    Price(id=1, micro=1_000_000),
    Price(id=2, micro=500_000, country="GB"),
    Price(id=3, micro=700_000, prefix="44"),
    Price(id=4, micro=800_000, prefix="44", country="GG"),
    Price(id=5, micro=900_000, prefix="447"),
    Price(id=6, micro=300_000, account=5, country="GB"),
    Price(id=7, micro=400_000, account=5, prefix="447"),
    Price(id=8, micro=999_999, prefix="447"),
    Price(id=9, micro=600_000, account=6),
    Price(id=10, micro=0, account=7, country="PL"),
]


@pytest.mark.parametrize(
    ("account", "receiver", "country", "micro"),
    [
        (1, "33601020304", "FR", 1_000_000),
        (1, "441234", "GB", 700_000),  # a prefix before a country
        (1, "441481", "GG", 800_000),  # both before one
        (1, "447700900000", "GB", 900_000),  # the longer prefix, the older row
        (5, "447700900000", "GB", 400_000),  # its own list first
        (5, "441234", "GB", 300_000),  # even a general row of it
        (5, "33601020304", "FR", 1_000_000),  # nothing of its own fits
        (6, "447700900000", "GB", 600_000),
        (7, "48500000000", "PL", 0),  # free is a price
        (1, "4", "", 1_000_000),
        (1, "", "", 1_000_000),
    ],
)
def test_the_most_particular_row_wins(account: int, receiver: str, country: str, micro: int) -> None:
    assert Prices(ROWS).part(account, receiver, country) == micro


def test_the_order_of_rows_does_not_matter() -> None:
    for rows in permutations(ROWS[2:7]):
        assert Prices(rows).part(5, "447700900000", "GB") == 400_000


def test_without_a_row_a_part_costs_one_credit() -> None:
    assert Prices([]).part(1, "33601020304", "FR") == DEFAULT == MICRO
    assert Prices([Price(id=1, micro=5, account=2)]).part(1, "33601020304", "FR") == DEFAULT
    assert Prices([Price(id=1, micro=5, prefix="44")]).part(1, "33601020304", "FR") == DEFAULT


PRICE = st.builds(
    Price,
    id=st.integers(1, 500),
    micro=st.integers(0, 10**6),
    account=st.sampled_from([0, 0, 5, 6]),
    prefix=st.text("12", max_size=4),
    country=st.sampled_from(["", "", "FR", "PL"]),
)
QUESTION = st.tuples(st.sampled_from([0, 5, 6, 7]), st.text("12", max_size=6), st.sampled_from(["FR", "GB", ""]))


def plain_price(rows: list[Price], account: int, receiver: str, country: str) -> int:
    """Walk through all rows, as the rule says it."""
    ordered = sorted(rows, key=lambda row: (row.account == 0, -len(row.prefix), row.country == "", row.id))
    for row in ordered:
        if row.account in (0, account) and receiver.startswith(row.prefix) and row.country in ("", country):
            return row.micro
    return DEFAULT


@settings(max_examples=200)
@given(st.lists(PRICE, max_size=25, unique_by=lambda row: row.id), st.lists(QUESTION, max_size=25))
def test_compiled_prices_are_those_of_a_walk_through_all_rows(
    rows: list[Price], questions: list[tuple[int, str, str]]
) -> None:
    prices = Prices(rows)
    for question in questions:
        assert prices.part(*question) == plain_price(rows, *question)


def test_a_zone_costs_what_its_numbers_do() -> None:
    prices = Prices(
        [
            Price(id=1, micro=10, prefix="7999"),
            Price(id=2, micro=20, prefix="79", account=5),
            Price(id=3, micro=30, operator="25001", channel=Channel.CALL),
        ]
    )
    assert prices.zone(6, "7999", "", "", Channel.SMS, "") == prices.part(6, "79991234567", "RU") == 10
    assert prices.zone(5, "7999", "", "", Channel.SMS, "") == prices.part(5, "79991234567", "RU") == 20
    assert prices.zone(5, "", "", "25001", Channel.CALL, "") == 30
    assert prices.zone(5, "7999", "", "", Channel.CALL, "") is None
