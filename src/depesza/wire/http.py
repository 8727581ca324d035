"""HTTP as values: a request taken in, a reply given, a call we make and what came of it.

`net` fills and sends them; dialects and HTTP connectors read and write them without a socket.
"""

from collections.abc import AsyncIterator, Mapping

from msgspec import Struct


class HttpRequest(Struct, frozen=True, gc=False):
    """One request as it came over the wire."""

    method: str
    """Upper case."""
    target: str
    """Path and query exactly as sent, percent-encoding untouched (signatures need it); always ASCII:
    octets beyond it, which only hand-written clients send, are percent-encoded."""
    path: str
    """The raw path of `target`: still percent-encoded, slashes as sent."""
    query: str
    """The raw query string without `?`; empty when there is none."""
    headers: Mapping[str, str]
    """Lower-case names; the last value wins, except that cookies and lists are joined."""
    body: bytes
    client: str
    """Address of the peer (or of the client behind a trusted proxy)."""
    scheme: str
    """`http` or `https`, as the client sees it."""


ENDLESS = -1
"""Length of a body that ends only when one side closes the connection."""


class HttpReply(Struct, frozen=True, gc=False):
    """What we answer."""

    status: int
    body: bytes = b""
    content_type: str = "application/json; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    more: AsyncIterator[bytes] | None = None
    """The rest of a body that is not held whole; where it comes short, the connection breaks."""
    length: int = 0
    """Octets of that rest, or `ENDLESS`."""


class HttpCall(Struct, frozen=True, gc=False):
    """A request that we make: a callback, a carrier's API."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class HttpAnswer(Struct, frozen=True, gc=False):
    """What came back for an `HttpCall`, or why nothing did."""

    status: int
    """0 when there was no HTTP answer at all; then `error` tells why."""
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    error: str = ""
    """`refused`, `timeout`, `dns`, `tls`, `disconnected`, `forbidden address: why`, `too many redirects`,
    `answer too large` (this one with a status, and the body cut), or the library's words."""
