"""The GSM alphabet, UCS-2 and Latin-1, both ways."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depesza.wire import Unencodable
from depesza.wire.gsm import (
    ALPHABET,
    EXTENSION,
    Encoding,
    choose,
    decode,
    encode,
    foreign_at,
    read_text,
    septets,
    write_text,
)

PLAIN = ALPHABET.replace("\x1b", "")
GSM_TEXT = st.text(st.sampled_from(PLAIN + "".join(EXTENSION.values())), max_size=400)
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)

# 23.038 6.2.1 and 6.2.1.1, the codes that tables get wrong.
BOTH_WAYS = [
    ("", b""),
    ("@", b"\x00"),
    ("£$¥", b"\x01\x02\x03"),
    ("èéùìò", b"\x04\x05\x06\x07\x08"),
    ("Ç", b"\x09"),
    ("\n", b"\x0a"),
    ("Øø\rÅå", b"\x0b\x0c\x0d\x0e\x0f"),
    ("Δ_ΦΓΛΩΠΨΣΘΞ", bytes(range(0x10, 0x1B))),
    ("ÆæßÉ", b"\x1c\x1d\x1e\x1f"),
    (" !\"#¤%&'", bytes(range(0x20, 0x28))),
    ("¡AZÄÖÑÜ§", b"\x40\x41\x5a\x5b\x5c\x5d\x5e\x5f"),
    ("¿azäöñüà", b"\x60\x61\x7a\x7b\x7c\x7d\x7e\x7f"),
    ("\f", b"\x1b\x0a"),
    ("^{}\\", b"\x1b\x14\x1b\x28\x1b\x29\x1b\x2f"),
    ("[~]|", b"\x1b\x3c\x1b\x3d\x1b\x3e\x1b\x40"),
    ("€", b"\x1b\x65"),
    ("a€@b", b"a\x1b\x65\x00b"),
]


@pytest.mark.parametrize(("text", "data"), BOTH_WAYS)
def test_text_and_septets_are_each_other(text: str, data: bytes) -> None:
    assert encode(text) == data
    assert decode(data) == text
    assert septets(text) == len(data)


def test_the_alphabet_has_128_codes_and_no_character_twice() -> None:
    assert len(ALPHABET) == len(set(ALPHABET)) == 128
    assert not set(ALPHABET) & set(EXTENSION.values())


def test_every_code_is_written_as_it_is_read() -> None:
    assert encode(PLAIN) == bytes(code for code in range(128) if code != 0x1B)
    assert encode("".join(EXTENSION.values())) == b"".join(bytes((0x1B, code)) for code in EXTENSION)


@pytest.mark.parametrize(
    "char",
    ["ç", "`", "\x1b", "\0", "\t", "ê", "«", "’", "…", "\xa0", "Ğ", "я", "Α", "😀", "\x80", "\xff", "\ufffe"],
)
@pytest.mark.parametrize("before", ["abc", "€Δ@"])
def test_foreign_characters_force_ucs2_and_are_never_written(before: str, char: str) -> None:
    assert choose(before + char) is Encoding.UCS2
    assert foreign_at(before + char) == 3
    for act in (encode, septets):
        with pytest.raises(Unencodable, match=f"character 3 .U.{ord(char):04X}"):
            act(before + char)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\x1b\x1b", " "),  # an escape to a table that does not exist yet
        (b"\x1b\x1be", " e"),
        (b"\x1b", " "),
        (b"a\x1b", "a "),
        (b"\x1ba\x1b\x07", "aì"),  # unknown extension codes are the default characters
        (b"\x1b\x00", "@"),
        (b"a\x80b\xff", "a\ufffdb\ufffd"),
        (b"\x1b\xe5", " \ufffd"),
    ],
)
def test_what_nobody_should_send_is_read_as_the_standard_says(data: bytes, text: str) -> None:
    assert decode(data) == text


@settings(max_examples=200)
@given(GSM_TEXT)
def test_septets_round_trip(text: str) -> None:
    data = encode(text)
    assert decode(data) == text
    assert septets(text) == len(data)
    assert choose(text) is Encoding.GSM7
    assert foreign_at(text) == -1


@settings(max_examples=200)
@given(ANY_TEXT)
def test_choice_count_and_first_foreign_character_agree(text: str) -> None:
    known = set(PLAIN) | set(EXTENSION.values())
    first = next((index for index, char in enumerate(text) if char not in known), -1)
    assert foreign_at(text) == first
    assert (choose(text) is Encoding.GSM7) == (first < 0)


@settings(max_examples=200)
@given(st.binary(max_size=300), st.sampled_from(Encoding))
def test_any_octets_can_be_read(data: bytes, encoding: Encoding) -> None:
    assert isinstance(read_text(data, encoding), str)


@settings(max_examples=200)
@given(ANY_TEXT)
def test_ucs2_round_trips(text: str) -> None:
    assert read_text(write_text(text, Encoding.UCS2), Encoding.UCS2) == text


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\x04\x1f", "П"),
        (b"\xd8\x3d\xde\x00", "😀"),
        (b"\x00a\x00", "a\ufffd"),  # an odd octet at the end
        (b"\xd8\x3d", "\ufffd"),  # half a pair
        (b"\xde\x00\x00a", "\ufffda"),
    ],
)
def test_ucs2_is_read_as_far_as_it_goes(data: bytes, text: str) -> None:
    assert read_text(data, Encoding.UCS2) == text


@settings(max_examples=50)
@given(st.binary(max_size=200))
def test_latin1_and_raw_octets_round_trip(data: bytes) -> None:
    for encoding in (Encoding.LATIN1, Encoding.BINARY):
        assert write_text(read_text(data, encoding), encoding) == data


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("я", Encoding.LATIN1), ("я", Encoding.BINARY), ("\ud800", Encoding.UCS2), ("я", Encoding.GSM7)],
)
def test_what_an_encoding_lacks_is_refused(text: str, encoding: Encoding) -> None:
    with pytest.raises(Unencodable, match="character 1 "):
        write_text("a" + text, encoding)
