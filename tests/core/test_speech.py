"""How long calls take."""

import pytest

from depesza.core.speech import seconds


@pytest.mark.parametrize(
    ("text", "sounds", "long"),
    [
        ("", 0, 1),
        ("Hello", 0, 1),
        ("a" * 14, 0, 1),
        ("a" * 15, 0, 2),
        ("1234", 0, 2),
        ("4 8 2 1", 0, 2),
        ("One. Two.", 0, 2),
        ("", 16_000, 1),
        ("", 16_001, 2),
        ("a" * 14, 32_000, 3),
    ],
)
def test_figures_and_ends_of_sentences_take_longer_than_letters(text: str, sounds: int, long: int) -> None:
    assert seconds(text, sounds) == long
