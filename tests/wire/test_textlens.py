"""Which character forces UCS-2, and what could stand there."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depesza.wire.gsm import Encoding, choose
from depesza.wire.textlens import Forced, forced_by, replacement, simplify


def test_a_plain_text_forces_nothing() -> None:
    assert forced_by("Prix: 10 € [TTC]") is None


def test_the_first_foreign_character_is_named_with_its_place() -> None:
    assert forced_by("l’été…") == Forced(1, "’", "RIGHT SINGLE QUOTATION MARK", "'")
    assert forced_by("ça va") == Forced(0, "ç", "LATIN SMALL LETTER C WITH CEDILLA", None)
    assert forced_by("a😀") == Forced(1, "😀", "GRINNING FACE", None)
    assert forced_by("a\x1b") == Forced(1, "\x1b", "U+001B", None)


@pytest.mark.parametrize(
    ("char", "expected"),
    [
        ("‘", "'"), ("“", '"'), ("«", '"'), ("–", "-"), ("—", "-"), ("…", "..."), ("•", "-"), ("`", "'"),
        ("\xa0", " "), ("\u202f", " "), ("\t", " "), ("\u200b", ""), ("\ufeff", ""), ("\xad", ""),
        ("\u2028", "\n"),
        ("№", "No"), ("\ufb01", "fi"), ("\uff21", "A"), ("\u212b", "Å"), ("\u2126", "Ω"), ("\u2163", "IV"),
        ("²", None), ("½", None), ("①", None), ("ê", None), ("я", None), ("漢", None),
        ("😀", None), ("\0", None),
    ],
)  # fmt: skip
def test_replacements_are_offered_where_a_reader_sees_no_difference(char: str, expected: str | None) -> None:
    assert replacement(char) == expected


@pytest.mark.parametrize(
    ("text", "simple"),
    [
        ("l’été… «oui»\xa0!", 'l\'été... "oui" !'),
        ("cafe\u0301", "café"),  # an accent apart is composed
        ("ça “va”", 'ça "va"'),  # what has no replacement stays
        ("plain €", "plain €"),
    ],
)
def test_a_text_is_written_with_every_safe_replacement(text: str, simple: str) -> None:
    assert simplify(text) == simple


@settings(max_examples=200)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_the_lens_agrees_with_the_choice_and_its_replacements_are_gsm7(text: str) -> None:
    forced = forced_by(text)
    assert (forced is None) == (choose(text) is Encoding.GSM7)
    if forced is not None:
        assert text[forced.index] == forced.character
        assert choose(text[: forced.index]) is Encoding.GSM7
        assert forced.replacement is None or choose(forced.replacement) is Encoding.GSM7
    again = forced_by(simplify(text))
    assert again is None or again.replacement is None
