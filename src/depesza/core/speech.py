"""How long a call takes: what is spoken and what is played, in seconds, for that is what calls are paid by.

The figures are those of a calm voice: 14 letters a second, a figure spoken as a word, a breath after a sentence.
spec: smsc/2.2
"""

import re

LETTERS = 14
"""A second."""
FIGURE = 6
"""A figure takes as long as so many letters."""
BREATH = 7
"""So does the end of a sentence or of a line."""
SOUND = 16_000
"""Octets a second: telephony (8 kHz, 16 bits), and as much in the usual compressed forms (128 kbit/s)."""

_FIGURES = re.compile(r"\d")
_ENDS = re.compile(r"[.!?…]+|\n+")


def seconds(text: str, sounds: int = 0) -> int:
    """Tell how long a text is spoken and sounds of so many octets are played, in whole seconds, at least one."""
    letters = len(text) + (FIGURE - 1) * len(_FIGURES.findall(text)) + BREATH * len(_ENDS.findall(text))
    return max(1, -(-letters // LETTERS) + -(-sounds // SOUND))
