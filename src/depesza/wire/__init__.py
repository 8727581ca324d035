"""Bytes and values: formats and protocols without sockets or clocks.

Two errors live here, and no other leaves this room:

    WireError
    ├── Malformed      theirs: the bytes break their own format
    └── Unencodable    ours: the value cannot be written in that format
"""


class WireError(Exception):
    """Base of everything that `wire` raises."""


class Malformed(WireError):
    """The peer's bytes break the format they claim to have."""


class Unencodable(WireError):
    """A value of ours cannot be written in the format asked for."""
