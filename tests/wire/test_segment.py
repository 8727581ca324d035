"""Counting and cutting texts."""

import random

import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from depesza.wire import Unencodable
from depesza.wire.gsm import ALPHABET, EXTENSION, Encoding, choose, write_text
from depesza.wire.segment import _PLAIN_PAIR, Segments, count, limits, split, split_octets

EMOJI = "😀"
FAMILY = "👨\u200d👩\u200d👧\u200d👦"
PIECES = [
    "a", " ", "é", "€", "{", "\r\n", "\r", "\n", "я", "漢", "`", "©", EMOJI, FAMILY, "👍🏽", "🇫🇷", "🇵🇱", "🇺",
    "e\u0301", "o\u0308\u0304", "각", "ᄀ", "ᅡ", "ᆨ", "क्षि", "ते", "\u200d", "\ufe0f", "❤\ufe0f",
    "\u0600", "1\ufe0f\u20e3", "ก\u0e33",
]  # fmt: skip
GSM_PIECES = [char for char in ALPHABET if char != "\x1b"] + [*EXTENSION.values(), "\r\n"] * 8


def _long_text(seed: int, size: int, pieces: list[str], repeat: int) -> str:
    """Mix pieces, each up to `repeat` times in a row: texts of several parts are rare otherwise."""
    chance = random.Random(seed)
    return "".join(piece * chance.randint(1, repeat) for piece in chance.choices(pieces, k=size))


LONG_TEXT = st.builds(
    _long_text,
    st.integers(0, 1 << 32),
    st.integers(1, 200),
    st.sampled_from([PIECES, GSM_PIECES, ["a", "€"], ["я", EMOJI], ["🇫🇷", "🇺", "e\u0301"]]),
    st.sampled_from([1, 1, 5, 40]),
)
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)
BITS = st.sampled_from([8, 16])


# carriers.md C.2, the measured table, by our own rule; spec: ovh 4.3
@pytest.mark.parametrize(
    ("text", "encoding", "parts"),
    [
        ("a" * 160, Encoding.GSM7, 1),
        ("a" * 161, Encoding.GSM7, 2),
        ("€" * 80, Encoding.GSM7, 1),
        ("€" * 81, Encoding.GSM7, 2),
        ("a" * 152 + "€€" + "b" * 10, Encoding.GSM7, 2),
        (EMOJI * 35, Encoding.UCS2, 1),
        (EMOJI * 36, Encoding.UCS2, 2),
        ("a" * 66 + EMOJI + "b" * 66, Encoding.UCS2, 3),
        (FAMILY * 7, Encoding.UCS2, 2),
        ("`" * 10, Encoding.UCS2, 1),
        ("\f", Encoding.GSM7, 1),
        ("я" * 70, Encoding.UCS2, 1),
        ("я" * 71, Encoding.UCS2, 2),
        ("я" * 134, Encoding.UCS2, 2),
        ("я" * 135, Encoding.UCS2, 3),
        ("ç", Encoding.UCS2, 1),  # one small cedilla doubles the price
        ("a" * 70 + "ç", Encoding.UCS2, 2),
        ("Ç" * 160, Encoding.GSM7, 1),
        ("a" * 306, Encoding.GSM7, 2),
        ("a" * 307, Encoding.GSM7, 3),
        ("a" * 918, Encoding.GSM7, 6),
        ("a" * 919, Encoding.GSM7, 7),
        ("я" * 402, Encoding.UCS2, 6),
        ("я" * 403, Encoding.UCS2, 7),
        ("a" * 149 + "\nSTOP 36184", Encoding.GSM7, 1),
        ("a" * 150 + "\nSTOP 36184", Encoding.GSM7, 2),
        ("я" * 59 + "\nSTOP 36184", Encoding.UCS2, 1),
        ("я" * 60 + "\nSTOP 36184", Encoding.UCS2, 2),
        ("a" * 152 + "€" + "b" * 152, Encoding.GSM7, 3),  # 306 septets, but the pair stays whole
        ("a" * 152 + "\r\n" + "b" * 152, Encoding.GSM7, 3),  # 306 septets, but a newline stays whole
        ("", Encoding.GSM7, 1),
    ],
)
def test_texts_need_as_many_parts_as_the_rule_says(text: str, encoding: Encoding, parts: int) -> None:
    segments = split(text)
    assert (segments.encoding, len(segments.parts)) == (encoding, parts)
    assert count(text) == (encoding, segments.units, parts)


@pytest.mark.parametrize(
    ("encoding", "bits", "extra", "expected"),
    [
        (Encoding.GSM7, 8, 0, (160, 153)),
        (Encoding.GSM7, 16, 0, (160, 152)),
        (Encoding.UCS2, 8, 0, (70, 67)),
        (Encoding.UCS2, 16, 0, (70, 66)),
        (Encoding.BINARY, 8, 0, (140, 134)),
        (Encoding.BINARY, 16, 0, (140, 133)),
        (Encoding.LATIN1, 8, 0, (140, 134)),
        (Encoding.GSM7, 8, 6, (152, 146)),  # ports: 7 octets alone, 12 with the concatenation
        (Encoding.UCS2, 8, 6, (66, 64)),
        (Encoding.BINARY, 16, 3, (136, 130)),
    ],
)
def test_limits(encoding: Encoding, bits: int, extra: int, expected: tuple[int, int]) -> None:
    assert limits(encoding, bits, extra) == expected


def test_absurd_limits_are_refused() -> None:
    with pytest.raises(Unencodable, match="8 or 16"):
        limits(Encoding.GSM7, 7)
    for extra in (-1, 133, 500):
        with pytest.raises(Unencodable, match="no room"):
            limits(Encoding.UCS2, 8, extra)


@pytest.mark.parametrize(
    ("text", "texts"),
    [
        ("a" * 152 + "€" + "b" * 10, ["a" * 152, "€" + "b" * 10]),
        ("a" * 151 + "€" + "b" * 10, ["a" * 151 + "€", "b" * 10]),
        ("a" * 152 + "\r\n" + "b" * 10, ["a" * 152, "\r\n" + "b" * 10]),
        ("я" * 66 + EMOJI + "b" * 5, ["я" * 66, EMOJI + "b" * 5]),
        ("я" * 65 + EMOJI + "b" * 5, ["я" * 65 + EMOJI, "b" * 5]),
        ("я" * 60 + FAMILY + "b" * 5, ["я" * 60, FAMILY + "b" * 5]),
        ("я" * 65 + "👍🏽" + "b" * 5, ["я" * 65, "👍🏽" + "b" * 5]),
        ("я" * 65 + "🇫🇷" + "b" * 5, ["я" * 65, "🇫🇷" + "b" * 5]),
        ("я" * 61 + "🇫🇷🇵🇱" + "b" * 5, ["я" * 61 + "🇫🇷", "🇵🇱" + "b" * 5]),
        ("я" * 66 + "e\u0301" + "b" * 5, ["я" * 66, "e\u0301" + "b" * 5]),
        ("я" * 66 + "\u1112\u1161\u11ab" + "b" * 5, ["я" * 66, "\u1112\u1161\u11ab" + "b" * 5]),
        ("я" * 66 + "\r\n" + "b" * 5, ["я" * 66, "\r\n" + "b" * 5]),
        ("я" * 65 + "क्षि" + "b" * 5, ["я" * 65, "क्षि" + "b" * 5]),
    ],
)
def test_no_pair_and_no_grapheme_is_cut(text: str, texts: list[str]) -> None:
    assert [part.text for part in split(text).parts] == texts


@pytest.mark.parametrize(
    ("text", "texts"),
    [
        ("я" * 66 + "e\u0301" + "b" * 5, ["я" * 66 + "e", "\u0301" + "b" * 5]),
        ("я" * 66 + EMOJI + "b" * 5, ["я" * 66, EMOJI + "b" * 5]),  # but never a pair
        ("я" * 65 + "👍🏽" + "b" * 5, ["я" * 65 + "👍", "🏽" + "b" * 5]),
        ("a" * 152 + "\r\n" + "b" * 10, ["a" * 152 + "\r", "\n" + "b" * 10]),
    ],
)
def test_graphemes_may_be_cut_where_that_is_wanted(text: str, texts: list[str]) -> None:
    assert [part.text for part in split(text, keep_graphemes=False).parts] == texts
    assert count(text, keep_graphemes=False)[2] == len(texts)


def test_a_grapheme_longer_than_a_part_is_cut_between_characters() -> None:
    text = "x" + "e" + "\u0301" * 100
    assert [part.text for part in split(text).parts] == ["x", "e" + "\u0301" * 66, "\u0301" * 34]
    flags = [part.text for part in split("👩" + "\u200d👩" * 40).parts]
    assert "".join(flags) == "👩" + "\u200d👩" * 40
    assert len(flags) == count("👩" + "\u200d👩" * 40)[2]


def test_payloads_are_unpacked_septets_or_utf16() -> None:
    assert [part.payload for part in split("@€").parts] == [b"\x00\x1be"]
    assert [part.payload for part in split("я😀").parts] == [b"\x04\x4f\xd8\x3d\xde\x00"]
    first, second = split("a" * 160 + "@").parts
    assert (first.payload, second.payload) == (b"a" * 153, b"a" * 7 + b"\x00")


def test_an_encoding_may_be_asked_for() -> None:
    assert count("abc", Encoding.UCS2) == (Encoding.UCS2, 3, 1)
    assert count("a" * 141, Encoding.LATIN1) == (Encoding.LATIN1, 141, 2)
    assert [len(part.payload) for part in split("ê" * 141, Encoding.LATIN1).parts] == [134, 7]
    for act in (count, split):
        with pytest.raises(Unencodable):
            act("я", Encoding.GSM7)
        with pytest.raises(Unencodable):
            act("\ud800")


def test_more_than_255_parts_are_counted_and_not_sent() -> None:
    assert len(split("a" * 153 * 255).parts) == 255
    assert count("a" * (153 * 255 + 1)) == (Encoding.GSM7, 39016, 256)
    with pytest.raises(Unencodable, match="256 parts"):
        split("a" * (153 * 255 + 1))
    with pytest.raises(Unencodable, match="256 parts"):
        split_octets(bytes(134 * 255 + 1))


@settings(max_examples=60)
@given(st.binary(max_size=700), BITS, st.integers(0, 20))
def test_octets_are_cut_at_the_limit(data: bytes, bits: int, extra: int) -> None:
    single, several = limits(Encoding.BINARY, bits, extra)
    parts = split_octets(data, bits, extra)
    assert b"".join(parts) == data
    assert len(parts) == 1 or all(len(part) == several for part in parts[:-1])
    assert len(parts) == (1 if len(data) <= single else -(-len(data) // several))


def _units(text: str, encoding: Encoding) -> int:
    return len(write_text(text, encoding)) // (2 if encoding is Encoding.UCS2 else 1)


def _greedy(text: str, encoding: Encoding, keep_graphemes: bool, bits: int) -> list[str]:
    """Fill parts piece by piece, the slow and obvious way."""
    single, several = limits(encoding, bits)
    if _units(text, encoding) <= single:
        return [text]
    parts = [""]
    for piece in regex.findall(r"\X", text) if keep_graphemes else text:
        if _units(parts[-1] + piece, encoding) <= several:
            parts[-1] += piece
        else:
            parts.append(piece)
    return parts


def _check(text: str, segments: Segments, bits: int) -> None:
    encoding = segments.encoding
    single, several = limits(encoding, bits)
    assert "".join(part.text for part in segments.parts) == text
    assert b"".join(part.payload for part in segments.parts) == write_text(text, encoding)
    assert segments.units == _units(text, encoding)
    for part in segments.parts:
        assert write_text(part.text, encoding) == part.payload  # so no pair of either kind is cut
        assert _units(part.text, encoding) <= (single if len(segments.parts) == 1 else several)
        assert part.text or not text


@settings(max_examples=200)
@given(st.one_of(LONG_TEXT, LONG_TEXT, ANY_TEXT), BITS, st.booleans())
@example("a" * 66 + EMOJI + "b" * 66, 8, True)
@example("a" * 152 + "€" * 100, 8, True)
@example("\r\n" * 100, 16, True)
def test_parts_are_what_filling_them_piece_by_piece_gives(text: str, bits: int, keep_graphemes: bool) -> None:
    if count(text, None, bits, keep_graphemes)[2] > 255:
        text = text[:4000]
    segments = split(text, None, bits, keep_graphemes)
    _check(text, segments, bits)
    assert count(text, None, bits, keep_graphemes) == (segments.encoding, segments.units, len(segments.parts))
    assert segments.encoding is choose(text)
    pieces = regex.findall(r"\X", text) if keep_graphemes else [""]
    if all(_units(piece, segments.encoding) <= limits(segments.encoding, bits)[1] for piece in pieces):
        greedy = _greedy(text, segments.encoding, keep_graphemes, bits)
        assert [part.text for part in segments.parts] == greedy


@settings(max_examples=100)
@given(
    st.builds(_long_text, st.integers(0, 1 << 32), st.integers(1, 60), st.just([*"e\u0301\u200d👩🇫я"]), st.just(90)),
    BITS,
)
def test_endless_graphemes_are_cut_somewhere_and_counted_right(text: str, bits: int) -> None:
    segments = split(text, None, bits)
    _check(text, segments, bits)
    assert count(text, None, bits)[2] == len(segments.parts)


@settings(max_examples=60)
@given(
    st.builds(_long_text, st.integers(0, 1 << 32), st.integers(0, 400), st.just([*"aê\r\n\x1b\xff"]), st.just(2)),
    BITS,
    st.booleans(),
    st.integers(0, 60),
)
def test_latin1_is_cut_and_counted_alike(text: str, bits: int, keep_graphemes: bool, extra: int) -> None:
    segments = split(text, Encoding.LATIN1, bits, keep_graphemes, extra)
    expected = count(text, Encoding.LATIN1, bits, keep_graphemes, extra)
    assert expected == (Encoding.LATIN1, len(text), len(segments.parts))
    single, several = limits(Encoding.LATIN1, bits, extra)
    room = single if len(segments.parts) == 1 else several
    assert all(len(part.payload) <= room for part in segments.parts)
    assert "".join(part.text for part in segments.parts) == text


def test_plain_characters_end_a_grapheme_whatever_stands_around() -> None:
    plain = [chr(code) for code in range(0x10000) if _PLAIN_PAIR.fullmatch(chr(code) * 2)]
    assert len(plain) > 20_000
    joins = regex.compile(
        r"\p{Extended_Pictographic}|[^\p{GCB=Other}]|\p{InCB=Consonant}|\p{InCB=Linker}|\p{InCB=Extend}"
    )
    assert [char for char in plain if joins.match(char)] == []
