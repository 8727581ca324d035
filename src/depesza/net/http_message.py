"""The octets of a request's target and headers and of a reply's head, as `http_protocol.py` needs them.

Plain functions, no socket: rfc 9110 (fields), rfc 9112 (message syntax).
"""

import re
from functools import lru_cache
from http import HTTPStatus

from depesza.wire.http import ENDLESS, HttpReply

LISTS = frozenset(
    (
        "accept",
        "accept-encoding",
        "accept-language",
        "cache-control",
        "connection",
        "forwarded",
        "via",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
    )
)
"""Headers whose repeated lines make one list (rfc 9110 5.3); of all others the last line counts."""

FRAMING = frozenset(("connection", "content-length", "transfer-encoding", "upgrade"))
"""Headers that only the protocol itself may write: they say where a message ends (rfc 9112 6)."""

BODILESS = frozenset((204, 304))
"""Statuses whose replies end with their head (rfc 9110 6.4.1)."""

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # rfc 9110 5.6.2
UNSAFE_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")  # rfc 9110 5.5: of the controls only a tab is allowed
NOT_ASCII = re.compile(rb"[\x80-\xff]")

STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus if status >= 200}


def decode_target(raw: bytes) -> str:
    """Decode a target octet for octet.

    The absolute form (`GET http://host/path`) is reduced to path and query (rfc 9112 3.2.2), a fragment cut.
    """
    target = raw.decode("latin-1")
    if target[:1] != "/":
        target = "/" + target.partition("://")[2].partition("/")[2]
    return target.partition("#")[0] if "#" in target else target


def escape_first_line(data: bytes) -> bytes:
    """Percent-encode octets beyond ASCII in a request line: careless clients send them, parsers refuse."""
    line, end, rest = data.partition(b"\n")
    return NOT_ASCII.sub(lambda octet: b"%%%02X" % octet[0][0], line) + end + rest


def joined(name: str, before: str, value: str) -> str:
    """Give the value of a header whose name came before."""
    if name in LISTS:
        return f"{before}, {value}"
    return f"{before}; {value}" if name == "cookie" else value  # rfc 9113 8.2.3 splits cookies, proxies join


def write_head(reply: HttpReply, date: str, last: bool) -> bytes:
    """Write status line and headers of a reply; ValueError when one could break out of its line.

    `date` is a whole line; `last` tells the client that the connection ends here.
    """
    lines = [STATUS_LINES.get(reply.status) or _status_line(reply.status), date]
    if reply.status not in BODILESS and reply.length != ENDLESS:  # rfc 9112 6.3: that one ends with the connection
        lines.append(f"content-length: {len(reply.body) + reply.length}\r\n")
    if reply.content_type:
        lines.append(f"content-type: {_safe(reply.content_type)}\r\n")
    for name, value in reply.headers:
        lines.append(f"{_own_name(name)}: {_safe(value)}\r\n")
    lines.append("connection: close\r\n\r\n" if last else "\r\n")
    return "".join(lines).encode("latin-1")


def write_refusal(status: int) -> bytes:
    """Write the reply to what is no request that a handler could see."""
    return f"{STATUS_LINES[status]}content-length: 0\r\nconnection: close\r\n\r\n".encode()


def _status_line(status: int) -> str:
    if not 200 <= status <= 999:
        raise ValueError(f"{status} is not a status of a reply")
    return f"HTTP/1.1 {status} \r\n"


def _safe(value: str) -> str:
    if UNSAFE_VALUE.search(value):
        raise ValueError("a header holds control characters")
    return value


@lru_cache(maxsize=1024)
def _own_name(name: str) -> str:
    if not TOKEN.fullmatch(name) or name.lower() in FRAMING:
        raise ValueError(f"header {name!r} is not for handlers to write")
    return name
