"""The three character sets that clients may name, for what they send and for what they read.

Nothing here fails: octets that are no text and characters that a set lacks are replaced. spec: smsc/1.2 smsc/1.4
"""

import codecs
from collections.abc import Callable
from unicodedata import normalize

from msgspec import Struct


class Charset(Struct, frozen=True, gc=False):
    """A character set."""

    name: str
    """As clients and Content-Types call it."""
    read: Callable[[bytes], str]
    """Any octets to text."""

    def write(self, text: str) -> bytes:
        """Write a text; a character that is missing here loses its accents or becomes a question mark."""
        if text.isascii():
            return text.encode("ascii")
        try:
            return text.encode(self.name)
        except UnicodeEncodeError:
            return b"".join([self._nearest(char) for char in text])

    def _nearest(self, char: str) -> bytes:
        for near in (char, normalize("NFKD", char)[:1]):
            # Only letters and digits may stand in: a wide quote must not become one that ends a JSON string.
            if near == char or near.isalnum():
                try:
                    return near.encode(self.name)
                except UnicodeEncodeError:
                    continue
        return b"?"


def _table(codec: str) -> str:
    """List the 256 characters of a set; an octet that has none stands for the control of its number."""
    return "".join([bytes((octet,)).decode(codec, "ignore") or chr(octet) for octet in range(256)])


def _reader(table: str) -> Callable[[bytes], str]:
    def read(octets: bytes) -> str:
        if octets.isascii():
            return octets.decode("ascii")
        return codecs.charmap_decode(octets, "strict", table)[0]

    return read


def _read_utf8(octets: bytes) -> str:
    return octets.decode("utf-8", "replace")


WINDOWS = Charset("windows-1251", _reader(_table("windows-1251")))
KOI8 = Charset("koi8-r", _reader(_table("koi8-r")))
UTF8 = Charset("utf-8", _read_utf8)

CHARSETS = {each.name: each for each in (WINDOWS, UTF8, KOI8)}


def find_charset(name: str) -> Charset | None:
    """Look a character set up by a name in any case; None where it is not one of the three."""
    return CHARSETS.get(name.strip().lower())
