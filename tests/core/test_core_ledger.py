"""Entries, balances and the ways credits are written. spec: ovh/4.1"""

from collections.abc import Callable
from decimal import Decimal
from json import dumps, loads

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depesza.core.ledger import (
    BadEntry,
    NotEnoughCredits,
    adjust,
    affordable,
    balances,
    charge,
    credits,
    micro,
    refund,
    spend,
    topup,
    transfer,
    two_decimals,
)
from depesza.core.model import INCOME, ISSUE, MICRO, Entry

A, B = 101, 102


@pytest.mark.parametrize(
    ("entry", "moved"),
    [
        (charge(A, 5, 7, 1, 2), {A: -5, INCOME: 5}),
        (refund(A, 5, 7, 1, 2), {A: 5, INCOME: -5}),
        (topup(A, 5, 7, 1, 2), {A: 5, ISSUE: -5}),
        (transfer(A, B, 5, 7, 1, 2), {A: -5, B: 5}),
        (adjust(A, 5, 7, 1, 2), {A: 5, ISSUE: -5}),
        (adjust(A, -5, 7, 1, 2), {A: -5, ISSUE: 5}),
    ],
)
def test_each_kind_moves_credits_between_two_wallets(entry: Entry, moved: dict[int, int]) -> None:
    assert balances([entry]) == moved
    assert (entry.amount, entry.ref, entry.at, entry.id) == (5, 7, 1, 2)


def test_an_entry_bears_the_name_of_what_made_it() -> None:
    for make in (charge, refund, topup, adjust):
        assert make(A, 5, 0, 0, 1).kind == make.__name__
    assert transfer(A, B, 5, 0, 0, 1, "gift").kind == "transfer"
    assert transfer(A, B, 5, 0, 0, 1, "gift").note == "gift"


@pytest.mark.parametrize("make", [charge, refund, topup, adjust])
@pytest.mark.parametrize("wallet", [0, INCOME, ISSUE, -5])
def test_the_house_is_no_client(make: Callable[..., Entry], wallet: int) -> None:
    with pytest.raises(BadEntry, match="no account"):
        make(wallet, 5, 0, 0, 1)


@pytest.mark.parametrize("make", [charge, refund, topup])
@pytest.mark.parametrize("amount", [0, -5])
def test_nothing_is_not_moved(make: Callable[..., Entry], amount: int) -> None:
    with pytest.raises(BadEntry, match="nothing"):
        make(A, amount, 0, 0, 1)


def test_a_wallet_gives_nothing_to_itself() -> None:
    with pytest.raises(BadEntry, match="itself"):
        transfer(A, A, 5, 0, 0, 1)
    with pytest.raises(BadEntry, match="nothing"):
        adjust(A, 0, 0, 0, 1)


WALLET = st.integers(101, 105)
AMOUNT = st.integers(1, 10**12)
ENTRY = st.one_of(
    *(st.builds(make, WALLET, AMOUNT, st.just(0), st.just(0), st.just(1)) for make in (charge, refund, topup)),
    st.builds(adjust, WALLET, AMOUNT | AMOUNT.map(int.__neg__), st.just(0), st.just(0), st.just(1)),
    st.builds(
        lambda source, step, amount: transfer(source, 101 + (source - 101 + step) % 5, amount, 0, 0, 1),
        WALLET,
        st.integers(1, 4),
        AMOUNT,
    ),
)


@given(st.lists(ENTRY, max_size=40), st.randoms(use_true_random=False))
def test_all_balances_sum_to_zero_in_any_order(entries: list[Entry], random: object) -> None:
    sums = balances(entries)
    assert sum(sums.values()) == 0
    mixed = list(entries)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert balances(mixed) == sums


@settings(max_examples=100)
@given(
    st.lists(st.lists(st.integers(1, 40), max_size=12), min_size=2, max_size=6),
    st.integers(0, 100),
    st.integers(0, 30),
    st.randoms(use_true_random=False),
)
def test_interleaved_spenders_never_pass_the_limit(
    spenders: list[list[int]], start: int, credit_limit: int, random: object
) -> None:
    """However their payments interleave, the balance is what the entries say and never below the limit."""
    left = [list(payments) for payments in spenders if payments]
    entries = [topup(A, start, 0, 0, 1)] if start else []
    balance = start
    while left:
        payments = random.choice(left)  # type: ignore[attr-defined]
        amount = payments.pop()
        if not payments:
            left.remove(payments)
        try:
            balance = spend(balance, credit_limit, amount)
            entries.append(charge(A, amount, 0, 0, 1))
        except NotEnoughCredits as error:
            assert (error.left, error.needed) == (balance, amount)
            assert balance - amount < -credit_limit
        assert balances(entries).get(A, 0) == balance >= -credit_limit


@pytest.mark.parametrize(
    ("balance", "credit_limit", "amount", "can"),
    [
        (5, 0, 5, True),
        (5, 0, 6, False),
        (5, 1, 6, True),
        (0, 0, 0, True),
        (-9, 0, 0, True),
        (-9, 0, 1, False),
    ],
)
def test_a_wallet_pays_down_to_its_limit(balance: int, credit_limit: int, amount: int, can: bool) -> None:
    assert affordable(balance, credit_limit, amount) is can


def test_too_little_says_how_much_in_words() -> None:
    with pytest.raises(NotEnoughCredits, match=r"^1\.50 credits left, 2\.00 needed$"):
        spend(1_500_000, 0, 2_000_000)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, 3_000_000),
        (-3, -3_000_000),
        (0.1, 100_000),
        (0.1 + 0.2, 300_000),
        (1e-7, 0),
        (5e-7, 1),
        ("0.4", 400_000),
        (" 12.345678 ", 12_345_678),
        ("1e3", 1_000_000_000),
        (Decimal("0.0000005"), 1),
        (Decimal("-0.0000005"), -1),
        (Decimal(2), 2_000_000),
    ],
)
def test_credits_become_micro(value: Decimal | str | int | float, expected: int) -> None:
    assert micro(value) == expected


@pytest.mark.parametrize("value", ["", "abc", "1,5", "NaN", "inf", float("nan"), float("-inf"), Decimal("sNaN")])
def test_what_is_no_amount_is_refused(value: Decimal | str | float) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        micro(value)


@pytest.mark.parametrize(
    ("amount", "number", "decimals"),
    [
        (0, 0, "0.00"),
        (99 * MICRO, 99, "99.00"),
        (99_600_000, 99.6, "99.60"),
        (100_000, 0.1, "0.10"),
        (1, 0.000001, "0.00"),
        (-1, -0.000001, "0.00"),
        (-1_500_000, -1.5, "-1.50"),
        (-5 * MICRO, -5, "-5.00"),
        (994_999, 0.994999, "0.99"),
        (995_000, 0.995, "1.00"),
        (-995_000, -0.995, "-1.00"),
    ],
)
def test_micro_is_written_for_clients(amount: int, number: int | float, decimals: str) -> None:
    assert credits(amount) == number
    assert type(credits(amount)) is type(number)
    assert two_decimals(amount) == decimals


@given(st.integers(-(10**15), 10**15))
def test_a_number_in_json_comes_back_as_the_same_amount(amount: int) -> None:
    written = dumps(credits(amount))
    assert micro(loads(written)) == amount
    assert "." not in written or "e" in written or len(written.split(".")[1]) <= 6


@given(st.integers(-(10**15), 10**15))
def test_two_decimals_are_within_half_a_cent(amount: int) -> None:
    assert abs(micro(two_decimals(amount)) - amount) <= MICRO // 200
