"""Octets of customers' messages as texts: what each data_coding means to us.

spec: smsc/4.2 carriers/C.1#17; 3GPP TS 23.038 4
"""

import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from depesza.dialects.smpp.refusing import Refused
from depesza.wire.gsm import REPLACEMENT, Encoding, read_text
from depesza.wire.shift import decode_shifted

_PRINTABLE: Final = re.compile(rb"[\t\n\r -~]+")
_SEPTETS: Final = re.compile(rb"[\x00-\x09\x0b\x0c\x0e-\x1f]")
"""Octets that no IA5 text has: the npm package `smpp` calls its GSM septets IA5."""
_IA5, _OCTETS = 1, 4
_SMPP: Final[Mapping[int, Encoding]] = {
    0: Encoding.GSM7,
    1: Encoding.LATIN1,  # what lies beyond IA5 is Latin-1 with most peers
    2: Encoding.BINARY,
    3: Encoding.LATIN1,
    4: Encoding.BINARY,
    8: Encoding.UCS2,
}
_CODEPAGES: Final[Mapping[int, str]] = {6: "iso8859-5", 7: "iso8859-8"}
_GENERAL: Final = (Encoding.GSM7, Encoding.BINARY, Encoding.UCS2)
_ALPHABETS: Final = {Encoding.UCS2: "ucs2", Encoding.BINARY: "binary"}
"""What is forced on the message; any other text may choose."""


class Read(Struct, frozen=True):
    """A text, or octets as the characters of their numbers."""

    text: str
    alphabet: str
    """As `Submission.alphabet`."""
    flash: int
    """GSM message class; -1 for none."""


def read(octets: bytes, data_coding: int, headed: bool, languages: tuple[int, int] = (0, 0)) -> Read:
    """Read a whole message; raises `Refused`.

    `headed`: a header of the customer's own stands before it. `languages`: of the single and locking shift table.
    """
    page = _CODEPAGES.get(data_coding)
    if page is not None:
        return Read(_clean(octets.decode(page, "replace")), "", -1)
    encoding, flash = _meaning(data_coding)
    if data_coding == _OCTETS and not headed and _PRINTABLE.fullmatch(octets):
        encoding = Encoding.LATIN1  # the vendor's own sample sends plain text so
    elif data_coding == _IA5 and _SEPTETS.search(octets):
        encoding = Encoding.GSM7
    if encoding is Encoding.BINARY:
        return Read(read_text(octets, encoding), "binary", flash)
    return Read(_text(octets, encoding, languages), _ALPHABETS.get(encoding, ""), flash)


def _text(octets: bytes, encoding: Encoding, languages: tuple[int, int]) -> str:
    if encoding is Encoding.UCS2 and len(octets) % 2:
        raise Refused("coding")
    text = decode_shifted(octets, *languages) if any(languages) else read_text(octets, encoding)
    if encoding is Encoding.GSM7 and REPLACEMENT in text:
        raise Refused("bad_gsm7")
    return _clean(text)


def _clean(text: str) -> str:
    """Leave NUL out: no phone shows it, and not every database takes it."""
    return text.replace("\0", "")


def _meaning(data_coding: int) -> tuple[Encoding, int]:
    """Tell encoding and message class of a data_coding; raises `Refused`."""
    known = _SMPP.get(data_coding)
    if known is not None:
        return known, -1
    if data_coding >> 4 == 0xF:  # bit 2 tells octets from septets
        return (Encoding.BINARY if data_coding & 4 else Encoding.GSM7), data_coding & 3
    if 0x10 <= data_coding < 0x40 and not data_coding & 0x20 and (data_coding >> 2 & 3) < len(_GENERAL):
        return _GENERAL[data_coding >> 2 & 3], data_coding & 3
    raise Refused("coding")
