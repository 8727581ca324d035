"""What a receipt must say again of its submission: kept in the submission's own address for news.

So a receipt is written without asking the database, however old its message is.
"""

import msgspec
from msgspec import Struct

EXCERPT = 20
"""Octets of the text that a receipt repeats."""
_READABLE = (0, 1, 3, 4)
_AS_ASCII = bytes(code if 0x20 <= code < 0x7F else ord("?") for code in range(256))


class Memory(Struct, frozen=True, array_like=True, omit_defaults=True):
    """A submission as its receipts show it."""

    source: str
    source_ton: int
    source_npi: int
    dest_ton: int
    dest_npi: int
    submitted: int
    """Seconds since 1970."""
    excerpt: str = ""
    """The first octets of the text, as the customer wrote them."""
    destination: str = ""
    """As the customer wrote it; empty where there are many."""
    ids: tuple[str, ...] = ()
    """What the customer calls it: one for each part that asked for a receipt; none: its tag, or its own id."""
    coding: int = 0
    """data_coding of the text."""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Memory).decode


def write(memory: Memory) -> str:
    """Write it as text."""
    return _encode(memory).decode()


def read(text: str) -> Memory:
    """Read it."""
    return _decode(text)


def excerpt(octets: bytes, data_coding: int) -> str:
    """Give the beginning of a text where its octets look like themselves, ASCII as receipts are."""
    if data_coding not in _READABLE:
        return ""
    return octets[:EXCERPT].translate(_AS_ASCII).decode("ascii")
