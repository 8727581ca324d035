"""The text lens: which character forces UCS-2, and what could stand in its place.

Only replacements that a reader would hardly notice are offered (typographic marks, blanks, invisible
characters); `core/translit.py` does what changes the spelling. Rules: carriers.md A 8, C.2.
"""

import unicodedata

from msgspec import Struct

from depesza.wire.gsm import cost, foreign_at

# What belongs here: a character outside GSM-7 and the plain writing of the same thing. What does not: letters
# whose loss a reader would call a spelling mistake.
_SAFE = {
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u2035\u02bb\u02bc\u02b9\u00b4`", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u2036\u00ab\u00bb\u02ba", '"'),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043", "-"),
    **dict.fromkeys(
        "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t", " "
    ),
    **dict.fromkeys("\u200b\u200c\u200d\u200e\u200f\u2060\u00ad\ufeff\u202a\u202b\u202c\u202d\u202e\ufe0e\ufe0f", ""),
    **dict.fromkeys("\u2028\u2029\u0085\u000b", "\n"),
    **dict.fromkeys("\u2022\u2023\u25cf\u25aa", "-"),
    "\u2039": "<",
    "\u203a": ">",
    "\u2026": "...",
    "\u2044": "/",
    "\u00b7": ".",
    "\u00d7": "x",
    "\u2116": "No",
    "\u2122": "(TM)",
    "\u00a9": "(c)",
    "\u00ae": "(R)",
}


class Forced(Struct, frozen=True, gc=False):
    """The first character that GSM-7 does not have."""

    index: int
    """Its place in the text, in characters from 0."""
    character: str
    name: str
    """As Unicode has it, `U+XXXX` where it has none."""
    replacement: str | None
    """What could stand there (may be empty); None where nothing obvious could."""


def forced_by(text: str) -> Forced | None:
    """Name the first character that forces UCS-2; None when the text is GSM-7."""
    index = foreign_at(text)
    if index < 0:
        return None
    char = text[index]
    return Forced(index, char, unicodedata.name(char, f"U+{ord(char):04X}"), replacement(char))


def replacement(char: str) -> str | None:
    """Find an unobtrusive stand-in inside GSM-7 for one character; None where there is none."""
    if char in _SAFE:
        return _SAFE[char]
    if ord(char) < 0x80:
        return None
    plain = unicodedata.normalize("NFKC", char)
    # Width, ligature and presentation forms are the same letters; superscripts and fractions are not.
    kind = unicodedata.decomposition(char).partition(" ")[0]
    same = kind in ("<wide>", "<narrow>", "<compat>", "<noBreak>") or not kind.startswith("<")
    return plain if same and plain != char and cost(plain) is not None else None


def simplify(text: str) -> str:
    """Write a text with every safe replacement made; what has none stays as it is."""
    text = unicodedata.normalize("NFC", text)  # "e" and an accent apart are not GSM-7, "é" is
    if cost(text) is not None:
        return text
    return "".join(_simple(char) for char in text)


def _simple(char: str) -> str:
    if cost(char) is not None:
        return char
    found = replacement(char)
    return char if found is None else found
