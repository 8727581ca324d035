"""Whom SMSC's clients name, what a message is called, where it comes from. spec: smsc/1.8"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depesza.dialects.smsc.answers import Refused
from depesza.dialects.smsc.codes import Kind
from depesza.dialects.smsc.naming import read_id, read_sender
from depesza.dialects.smsc.numbers import Sort, clean, read_phones


@pytest.mark.parametrize(
    ("written", "home", "e164"),
    [
        ("79999999999", "RU", "+79999999999"),
        ("+79999999999", "RU", "+79999999999"),
        ("0079999999999", "RU", "+79999999999"),
        ("89999999999", "RU", "+79999999999"),
        ("9999999999", "RU", "+79999999999"),
        ("8 (999) 999-99.99", "RU", "+79999999999"),
        ("+7 (999) 999-99-99", "UA", "+79999999999"),
        ("0501234567", "UA", "+380501234567"),
        ("501234567", "UA", "+380501234567"),
        ("380501234567", "UA", "+380501234567"),
        ("0501234567", "RU", ""),
        ("+9999999999", "RU", ""),
        ("+4915112345678", "RU", "+4915112345678"),
        ("+8613800138000", "RU", "+8613800138000"),
        ("+81312345678", "RU", "+81312345678"),
        ("123", "RU", ""),
        ("7999999999999999", "RU", ""),
        ("7999abc9999", "RU", ""),
        ("++79999999999", "RU", ""),
        ("7+9999999999", "RU", ""),
        ("²79999999999", "RU", ""),
        ("٧٩٩٩٩٩٩٩٩٩٩", "RU", ""),
        ("", "RU", ""),
        ("+", "RU", ""),
    ],
)
def test_a_number_is_cleaned_up(written: str, home: str, e164: str) -> None:
    assert clean(written, home) == e164


ONE, OTHER = "+79999999999", "+79999999998"


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("", []),
        (" ,;\n", []),
        ("79999999999", [ONE]),
        ("79999999999,79999999998", [ONE, OTHER]),
        ("79999999999;79999999998;", [ONE, OTHER]),
        ("79999999999\r\n79999999998\n", [ONE, OTHER]),
        ("79999999999 79999999998", [ONE, OTHER]),
        ("79999999999, +7 (999) 999-99-98", [ONE, OTHER]),
        ("8 999 999 99 99", [ONE]),
        ("79999999999,89999999999,+79999999999", [ONE]),
        ("79999999999,123,123,x", [ONE, "", ""]),
        ("79999999999 123", [ONE, ""]),
        ("123", [""]),
    ],
)
def test_numbers_are_told_apart_and_come_once(text: str, addresses: list[str]) -> None:
    assert [named.address for named in read_phones(text)] == addresses


def test_groups_are_items_of_their_own() -> None:
    found = read_phones("G5,79999999999,G5,G12,Gx")
    assert [(named.written, named.address, named.sort) for named in found] == [
        ("G5", "5", Sort.GROUP),
        ("79999999999", ONE, Sort.NUMBER),
        ("G12", "12", Sort.GROUP),
        ("Gx", "", Sort.NUMBER),
    ]


def test_mail_goes_to_addresses_and_nothing_else() -> None:
    found = read_phones("a.b@example.com;79999999999,G1,a@b@c", kind=Kind.MAIL)
    assert [(named.address, named.sort, named.bad) for named in found] == [
        ("a.b@example.com", Sort.MAIL, False),
        ("", Sort.MAIL, True),
        ("1", Sort.GROUP, False),
        ("", Sort.MAIL, True),
    ]
    assert read_phones("a.b@example.com")[0].bad


def test_telegram_knows_names_and_ids_too() -> None:
    found = read_phones("@anna_b,anna_b,#1234,79999999999,ab", kind=Kind.TELEGRAM)
    assert [(named.address, named.sort) for named in found] == [
        ("@anna_b", Sort.NICKNAME),
        ("#1234", Sort.NICKNAME),
        (ONE, Sort.NUMBER),
        ("", Sort.NUMBER),
    ]


@settings(max_examples=100)
@given(st.text() | st.text("0123456789 +-().,;G@#\n"), st.sampled_from(["RU", "UA", "FR"]), st.sampled_from(Kind))
def test_nothing_makes_the_reader_fail_and_nothing_is_lost(text: str, home: str, kind: Kind) -> None:
    found = read_phones(text, home, kind)
    assert len({(named.sort, named.address or named.written) for named in found}) == len(found)
    for named in found:
        assert named.written and named.written in text
        if named.sort is Sort.NUMBER and not named.bad:
            assert clean(named.address, home) == named.address and 7 <= len(named.address) - 1 <= 15


@pytest.mark.parametrize(
    ("text", "id"),
    [("", ""), ("0", ""), ("1", 1), ("2147483647", 2147483647), ("2147483648", "2147483648"), ("007", "007"),
     (" 10 ", 10), ("a.B_c-9", "a.B_c-9"), ("x" * 40, "x" * 40)],
)  # fmt: skip
def test_an_id_is_a_number_or_a_word(text: str, id: int | str) -> None:
    assert read_id(text) == id


@pytest.mark.parametrize("text", ["x" * 41, "a b", "ы", "a,b", "a/b", "\0"])
def test_any_other_id_is_error_1(text: str) -> None:
    with pytest.raises(Refused) as refused:
        read_id(text)
    assert refused.value.code == 1


@pytest.mark.parametrize(
    ("text", "sender"),
    [(None, None), ("", ""), (".", ""), ("ivan", "ivan"), ("My Shop.ru", "My Shop.ru"), ("79037676877", "79037676877"),
     ("+123456789012345", "+123456789012345"), ("O'Neil & C!", "O'Neil & C!")],
)  # fmt: skip
def test_a_sender(text: str | None, sender: str | None) -> None:
    assert read_sender(text) == sender


@pytest.mark.parametrize("text", ["twelve chars", "Иван", "1234567890123456", "a\nb", "\x01"])
def test_a_malformed_sender_is_error_1(text: str) -> None:
    with pytest.raises(Refused):
        read_sender(text)


@pytest.mark.parametrize("text", ["shop@example.com", "Лавка <shop@example.com>", "."])
def test_mail_comes_from_an_address(text: str) -> None:
    assert read_sender(text, mail=True) == text.strip(".")
    with pytest.raises(Refused):
        read_sender("ivan", mail=True)
