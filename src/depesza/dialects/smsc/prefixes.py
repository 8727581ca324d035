"""What stands in a text beside the text: a channel in front, a comment or a binary message's codes behind.

spec: smsc/2.1 smsc/5.4 smsc/5.5
"""

import re

from msgspec import Struct

from depesza.dialects.smsc.answers import Refused
from depesza.dialects.smsc.codes import PARAMETERS, Kind
from depesza.wire import Malformed, udh

PREFIXES = {
    "__CALL__": Kind.CALL,
    "__VIBER__": Kind.VIBER,
    "__SOC__": Kind.SOCIAL,
    "__PING__": Kind.PING,
    "__HLR__": Kind.HLR,
    "__MAIL__": Kind.MAIL,
    "__MMS__": Kind.MMS,
    "__FLASH__": Kind.FLASH,
    "__TG__": Kind.TELEGRAM,
    "__WA__": Kind.WHATSAPP,
}
_PREFIX = re.compile("|".join(PREFIXES))
_MARK = re.compile(r"\r?\n~~~\r?\n")
_MARK_OCTETS = re.compile(rb"\r?\n~~~\r?\n")
_CODE = re.compile(r"\s*(pid|dcs)\s*:\s*(0[xX][0-9A-Fa-f]{1,2}|[0-9]{1,3})\s*")


def split_prefix(text: str) -> tuple[Kind | None, str]:
    """Take the channel off a text's beginning; None where none is named."""
    if not text.startswith("__"):
        return None, text
    found = _PREFIX.match(text)
    return (None, text) if found is None else (PREFIXES[found[0]], text[found.end() :])


def split_comment(text: str) -> tuple[str, str]:
    """Take the comment, which only the sender sees, off a text's end."""
    if "~~~" not in text:
        return text, ""
    said, *comment = _MARK.split(text, maxsplit=1)
    return said, comment[0] if comment else ""


class Binary(Struct, frozen=True, gc=False):
    """A binary message."""

    udh: bytes
    """Its user data header without the length octet."""
    data: bytes
    pid: int = -1
    """Protocol identifier; -1 for the usual one."""
    dcs: int = -1
    """Data coding scheme; -1 for that of 8-bit data."""


def read_raw(octets: bytes) -> Binary:
    """Read a message of bin=1: octets as they are."""
    message, *tail = _MARK_OCTETS.split(octets, maxsplit=1)
    return _binary(message, tail[0].decode("latin-1") if tail else "")


def read_hex(text: str) -> Binary:
    """Read a message of bin=2: hexadecimal digits."""
    digits, *tail = _MARK.split(text, maxsplit=1)
    try:
        return _binary(bytes.fromhex(digits), tail[0] if tail else "")
    except ValueError:
        raise Refused(*PARAMETERS) from None


def _binary(message: bytes, tail: str) -> Binary:
    try:
        _, data = udh.unpack(message)
    except Malformed:
        raise Refused(*PARAMETERS) from None
    codes = _codes(tail) if tail.strip() else {}
    return Binary(message[1 : len(message) - len(data)], data, codes.get("pid", -1), codes.get("dcs", -1))


def _codes(tail: str) -> dict[str, int]:
    """Read `pid: 64, dcs: 0x15`."""
    codes = {}
    for part in tail.split(","):
        found = _CODE.fullmatch(part)
        if found is None or not 0 <= (value := int(found[2], 16 if found[2][:2] in ("0x", "0X") else 10)) <= 255:
            raise Refused(*PARAMETERS)
        codes[found[1]] = value
    return codes
