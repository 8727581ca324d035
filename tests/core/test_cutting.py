"""Texts cut to so many parts."""

import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from depesza.core.cutting import cut
from depesza.wire.gsm import Encoding
from depesza.wire.segment import count

FAMILY = "👨\u200d👩\u200d👧\u200d👦"
PIECES = ["a", "€", "я", "😀", FAMILY, "e\u0301", "\r\n", "{", " "]


@pytest.mark.parametrize(
    ("text", "most", "kept"),
    [
        ("a" * 160, 1, 160),
        ("a" * 161, 1, 160),
        ("a" * 1000, 2, 306),
        ("я" * 71, 1, 70),
        ("я" * 1000, 15, 1000),
        ("я" * 1000, 14, 14 * 67),
        ("a" * 159 + "€€", 1, 159),  # the euro sign takes two septets
        ("a" * 69 + "😀я", 1, 69),
        ("я" * 68 + FAMILY, 1, 68),
        ("a" * 200 + "я", 1, 160),  # what is left needs no UCS-2
        ("a" * 30 + "я" + "a" * 200, 1, 70),
        ("e" + "\u0301" * 400, 1, 70),  # one grapheme, longer than a part
        ("", 1, 0),
    ],
)
def test_the_longest_beginning_that_fits(text: str, most: int, kept: int) -> None:
    assert cut(text, most) == text[:kept]


def test_a_forced_alphabet_and_a_header_count_too() -> None:
    assert len(cut("a" * 300, 1, Encoding.UCS2)) == 70
    assert len(cut("a" * 300, 1, Encoding.BINARY, extra=6)) == 133
    assert len(cut("a" * 300, 2, extra=6)) == 2 * 146


@settings(max_examples=100)
@given(st.lists(st.tuples(st.sampled_from(PIECES), st.integers(1, 90)), max_size=12), st.integers(1, 4))
@example([("a", 90), ("a", 90), ("я", 1)], 1)
def test_it_fits_and_not_one_grapheme_more_would(pieces: list[tuple[str, int]], most: int) -> None:
    text = "".join(piece * times for piece, times in pieces)
    kept = cut(text, most)
    assert text.startswith(kept)
    assert count(kept)[2] <= most
    if kept != text:
        graphemes = regex.findall(r"\X", text)
        ends = len(regex.findall(r"\X", kept))
        assert "".join(graphemes[:ends]) == kept
        assert count(kept + graphemes[ends])[2] > most
