"""What digits say of a number, what operators are known not to take, and names that follow from an owner."""

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import carrierdata

from depesza.core import networks, sender_names
from depesza.core.countries import NAMES, name_in
from depesza.core.facts import Owner
from depesza.core.lookup import Finding, by_plan, carrier_of, outcome
from depesza.core.model import State
from depesza.core.restrictions import Restriction, Restrictions


@pytest.mark.parametrize(
    ("number", "valid", "country", "network", "code"),
    [
        ("+33601020304", True, "FR", "SFR", "20810"),
        ("+33781020304", True, "FR", "Free Mobile", "20815"),
        ("+33142345678", True, "FR", "", "208"),
        ("+48601234567", True, "PL", "Plus", "26001"),
        ("+380671234567", True, "UA", "Kyivstar", "25503"),
        ("+33001020304", False, "FR", "", ""),
        ("nobody", False, "", "", ""),
    ],
)
def test_digits_tell_country_and_range(number: str, valid: bool, country: str, network: str, code: str) -> None:
    found = by_plan(number)
    assert (found.valid, found.country, found.network, found.operator_code) == (valid, country, network, code)
    assert (found.reachable, found.source, bool(found.error)) == (None, "plan", not valid)


def test_every_operator_that_has_a_code_is_one_that_ranges_name() -> None:
    for country, rows in networks.NETWORKS.items():
        calling = str(phonenumbers.country_code_for_region(country))
        names = {name.get("en", "") for digits, name in carrierdata.CARRIER_DATA.items() if digits.startswith(calling)}
        assert [begin for begin, _ in rows if not any(name.startswith(begin) for name in names)] == [], country
        assert country in networks.COUNTRIES


@settings(max_examples=100)
@given(st.from_regex(r"\+(33|7|44|1)[0-9]{0,12}", fullmatch=True))
def test_the_range_is_that_of_the_longest_beginning_known(number: str) -> None:
    known = [found for length in range(1, 16) if (found := carrierdata.CARRIER_DATA.get(number[1 : length + 1]))]
    assert carrier_of(number) == (known[-1].get("en", "") if known else "")


@pytest.mark.parametrize(
    ("receiver", "country", "sender", "judged"),
    [
        ("33601020304", "FR", "MyApp", ("", "+33700000009")),
        ("33601020304", "FR", "+33700000001", ("", "+33700000001")),
        ("33601020304", "FR", "38184", ("", "38184")),
        ("33781020304", "FR", "MyApp", ("", "MyApp")),
        ("48601234567", "PL", "MyApp", ("bad_sender", "MyApp")),
        ("79161234567", "RU", "MyApp", ("barred", "MyApp")),
        ("33142345678", "FR", "MyApp", ("", "MyApp")),
    ],
)
def test_restrictions_refuse_or_replace(receiver: str, country: str, sender: str, judged: tuple[str, str]) -> None:
    rules = Restrictions(
        [
            Restriction(id=1, code="ALPHA", country="FR", operators=("SFR",), substitution="+33700000009"),
            Restriction(id=2, code="ALPHA", country="PL"),
            Restriction(id=3, code="BLOCKED", prefix="7"),
            Restriction(id=4, code="DLR", country="FR"),
        ]
    )
    assert rules.judge(receiver, country, sender) == judged


def test_without_restrictions_nothing_is_asked() -> None:
    assert not Restrictions([])


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Société Générale", "SocieteGene"),
        ("A.B. & Co", "A.B. & Co"),
        ("  Zoé  Łuczak ", "Zoe uczak"),
        ("株式会社", ""),
        ("...", ""),
    ],
)
def test_a_name_is_written_as_a_sender(written: str, name: str) -> None:
    assert sender_names.fit(written) == name


def test_names_without_a_letter_are_no_senders_and_none_comes_twice() -> None:
    owner = Owner(id=1, name="ab1-ovh", organisation="12 34", firstname="", lastname="Acme")
    assert sender_names.names_of(owner) == ["Acme"]


def test_a_look_up_stands_as_a_message_does() -> None:
    known = Finding(msisdn="+79161234567", valid=True)
    off = Finding(msisdn="+79161234567", valid=True, reachable=False)
    assert [outcome(*each) for each in [("todo", None), ("doing", None), ("error", None)]] == [
        (State.QUEUED, ""), (State.SENT, ""), (State.FAILED, "unknown"),
    ]  # fmt: skip
    assert outcome("done", known) == (State.DELIVERED, "")
    assert outcome("done", off) == (State.FAILED, "absent")
    assert outcome("done", by_plan("+7123")) == (State.FAILED, "bad_number")


def test_countries_have_names_in_other_languages() -> None:
    assert [name_in("RU", language) for language in ("ru", "de", "en", "xx")] == [
        "Россия", "Russland", "Russia", "Russia",
    ]  # fmt: skip
    assert name_in("", "ru") == ""
    assert all(name_in(country, "ru") and "*" not in name_in(country, "ru") for country in NAMES)
