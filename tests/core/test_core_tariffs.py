"""Packs by country and quantity, money in cents, and a number for every country."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depesza.core.countries import NAMES, usual_mobile
from depesza.core.tariffs import CENT, EXAMPLES, FREE, MICRO, Pack, Tariffs, tax, to_cents


def pack(quantity: int, country: str = "", price: int = MICRO) -> Pack:
    return Pack(id=quantity, quantity=quantity, price=price, country=country)


SOLD = Tariffs([pack(1_000), pack(100), pack(50, "PL"), pack(500, "PL")])


@pytest.mark.parametrize(
    ("country", "quantity", "exact", "fitting"),
    [
        ("FR", 100, 100, 100),
        ("FR", 50, None, 100),
        ("FR", 999, None, 100),
        ("FR", 5_000, None, 1_000),
        ("PL", 100, None, 50),
        ("PL", 500, 500, 500),
    ],
)
def test_a_country_with_packs_has_no_others(country: str, quantity: int, exact: int | None, fitting: int) -> None:
    found = SOLD.pack(country, quantity)
    assert (found.quantity if found else None) == exact
    assert SOLD.at(country, quantity).quantity == fitting


def test_nothing_sold_is_free_and_nothing_set_is_the_examples() -> None:
    only_polish = Tariffs([pack(50, "PL")])
    assert (only_polish.sold("FR"), only_polish.at("FR", 100)) == ((), FREE)
    assert Tariffs(()).sold("DE") == tuple(row for row in EXAMPLES if not row.country)
    assert [row.quantity for row in SOLD.sold("FR")] == [100, 1_000]


@settings(max_examples=100)
@given(st.integers(0, 10**15), st.integers(0, 10_000))
def test_money_is_whole_cents_and_half_a_cent_at_most_away(amount: int, vat: int) -> None:
    net = to_cents(amount)
    assert (net % CENT, tax(net, vat) % CENT) == (0, 0)
    assert abs(net - amount) <= CENT // 2
    assert abs(tax(net, vat) * 10_000 - net * vat) <= (CENT // 2 + 1) * 10_000


def test_every_country_has_a_number_and_france_has_a_mobile() -> None:
    assert [code for code in NAMES if not usual_mobile(code)[0]] == []
    assert usual_mobile("FR")[0].startswith(("336", "337"))
    assert usual_mobile("AN")[1] == "CW"
    assert usual_mobile("QQ") == ("", "")
