"""Texts and their octets: the GSM 7-bit alphabet with its extension table, UCS-2, Latin-1, raw octets.

Septets here are *unpacked*, one in an octet, as SMPP carries them; `septets.py` packs them, `shift.py` reads
the national tables, `segment.py` counts and cuts. Reading never raises: what fits nowhere becomes U+FFFD.
Source: 3GPP TS 23.038 6.2.1 and 6.2.1.1; rules: carriers.md C.2.
"""

import codecs
import re
from enum import StrEnum

from depesza.wire import Unencodable

ESCAPE = 0x1B
REPLACEMENT = "\ufffd"
NUL = "\u0100"
"""Stands for the octet 0 in octets as text: databases take no U+0000. Writing takes both."""

# 23.038 6.2.1, sixteen codes a line. 0x09 is the capital C cedilla: older tables show the small one.
ALPHABET = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)
# 23.038 6.2.1.1: what an escape and one more septet mean.
EXTENSION = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}

# The compact form has one octet a character: an extension character is its septet with the high bit set.
_HIGH = 0x80
_FOREIGN_OCTET = 0xFF  # no extension character uses it
_LOW = bytes(range(_HIGH))
_TO_FOREIGN = bytes([*range(_HIGH), *[_FOREIGN_OCTET] * _HIGH])


def _compact_codes() -> dict[str, int]:
    """List the octet of the compact form by its character."""
    codes = {char: code for code, char in enumerate(ALPHABET) if code != ESCAPE}
    return codes | {char: _HIGH | code for code, char in EXTENSION.items()}


def _charmap_table(codes: dict[str, int]) -> str:
    """List the characters by octet for the charmap codec.

    CPython makes its fast map only when octet 0 is NUL, so "@" moves to an octet that nothing uses.
    """
    table = ["\ufffe"] * 256  # what the codec reads as "not in this table"
    for char, code in codes.items():
        table[code or _HIGH] = char
    table[0] = "\0"
    return "".join(table)


_CODES = _compact_codes()
_FROM_LATIN = bytes(_CODES.get(chr(code), _FOREIGN_OCTET) for code in range(256))
_CHARMAP = codecs.charmap_build(_charmap_table(_CODES))
_AT_BACK = bytes([*range(_HIGH), 0x00, *range(_HIGH + 1, 256)])
_READING = ALPHABET.replace("\x1b", " ") + "".join(EXTENSION.get(code, REPLACEMENT) for code in range(128))
_FOREIGN = re.compile(f"[^{re.escape(''.join(_CODES))}]")
_ESCAPED = re.compile(rb"\x1b([\x00-\x7f])")


class Encoding(StrEnum):
    """How the characters of a text become octets."""

    GSM7 = "gsm7"
    """Septets of the default alphabet and its extension table."""
    UCS2 = "ucs2"
    """UTF-16, big-endian; characters outside the first plane are surrogate pairs."""
    LATIN1 = "latin1"
    """ISO 8859-1, one octet a character (SMPP data_coding 3)."""
    BINARY = "binary"
    """Octets that are no text; as `str` each octet is the character of its number, and 0 is `NUL`."""


def compact(text: str) -> bytes | None:
    """Write one octet a character, high bit set where it takes two septets; None when one is foreign."""
    latin = text.encode("latin-1", "ignore")
    if len(latin) == len(text):
        octets = latin.translate(_FROM_LATIN)
        return None if _FOREIGN_OCTET in octets else octets
    try:
        octets = codecs.charmap_encode(text, "strict", _CHARMAP)[0]
    except UnicodeEncodeError:
        return None
    return None if 0 in octets else octets.translate(_AT_BACK)


def cost(text: str) -> int | None:
    """Count the septets of a text, None when a character is outside the alphabet."""
    octets = compact(text)
    if octets is None:
        return None
    return len(octets) if octets.isascii() else len(octets) + len(octets.translate(None, _LOW))


def septets(text: str) -> int:
    """Count the septets of a text, escapes included; `Unencodable` when a character is foreign."""
    number = cost(text)
    if number is None:
        raise _foreign(text)
    return number


def choose(text: str) -> Encoding:
    """Choose GSM-7 when every character is in it, else UCS-2."""
    return Encoding.UCS2 if cost(text) is None else Encoding.GSM7


def foreign_at(text: str, start: int = 0) -> int:
    """Find the first character outside the alphabet; -1 when there is none."""
    hit = _FOREIGN.search(text, start)
    return hit.start() if hit else -1


def _foreign(text: str) -> Unencodable:
    index = foreign_at(text)
    return Unencodable(f"character {index} (U+{ord(text[index]):04X}) is not in the GSM 7-bit alphabet")


def encode(text: str) -> bytes:
    """Write a text as septets, one in an octet; `Unencodable` when a character is outside the alphabet."""
    data = encoded(text)
    if data is None:
        raise _foreign(text)
    return data


def encoded(text: str) -> bytes | None:
    """Write a text as septets, one in an octet; None when a character is outside the alphabet."""
    octets = compact(text)
    if octets is None or octets.isascii():
        return octets
    for extended in set(octets.translate(None, _LOW)):
        octets = octets.replace(bytes((extended,)), bytes((ESCAPE, extended & 0x7F)))
    return octets


def decode(data: bytes) -> str:
    """Read septets, one in an octet.

    An unknown extension code is the default character of that code; an escape with an escape, or with nothing
    behind it, is a space (23.038 6.2.1 note 1, 6.2.1.1 note 1); octets over 0x7F become U+FFFD.
    """
    if not data.isascii():
        # The table's upper half belongs to escapes: read the strangers apart.
        return REPLACEMENT.join(decode(run) for run in data.translate(_TO_FOREIGN).split(b"\xff"))
    if ESCAPE in data:
        data = _ESCAPED.sub(_unescape, data)
    return codecs.charmap_decode(data, "replace", _READING)[0]


def _unescape(hit: re.Match[bytes]) -> bytes:
    """Write an escaped septet as one octet of `_READING`."""
    code = hit[1][0]
    if code in EXTENSION:
        return bytes((_HIGH | code,))
    return hit[1]  # the escape itself reads as a space there


def write_text(text: str, encoding: Encoding) -> bytes:
    """Write a text in an encoding; `Unencodable` when a character does not fit."""
    if encoding is Encoding.GSM7:
        return encode(text)
    if encoding is Encoding.BINARY:
        text = text.replace(NUL, "\0")
    codec = "utf-16-be" if encoding is Encoding.UCS2 else "latin-1"
    try:
        return text.encode(codec)
    except UnicodeEncodeError as error:
        char = text[error.start]
        raise Unencodable(f"character {error.start} (U+{ord(char):04X}) does not fit {encoding}") from None


def read_text(data: bytes, encoding: Encoding) -> str:
    """Read octets in an encoding; half characters and lone surrogates become U+FFFD."""
    if encoding is Encoding.GSM7:
        return decode(data)
    if encoding is Encoding.UCS2:
        return data.decode("utf-16-be", "replace")
    text = data.decode("latin-1")
    return text.replace("\0", NUL) if encoding is Encoding.BINARY else text
