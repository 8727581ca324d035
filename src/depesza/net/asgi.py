"""From ASGI to our values and back: reads a request whole, lets a handler decide, writes its reply."""

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

import structlog
from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, HTTPScope, Scope

from depesza.net.proxies import TrustedProxies
from depesza.wire.http import HttpReply, HttpRequest

log = structlog.get_logger(__name__)

Handle = Callable[[HttpRequest], Awaitable[HttpReply]]
Fallback = Callable[[HttpRequest, int], HttpReply]

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

UNSAFE_HEADER = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True)
class HttpLimits:
    """What one client may ask of a listener."""

    body: int = 2 << 20
    """Octets of a request body; more is answered 413."""
    head: int = 64 << 10
    """Octets of request line and headers together; more is answered 431."""
    headers: int = 100
    """Header lines of one request."""
    keep_alive: float = 75.0
    """Seconds that an idle connection stays open."""
    request: float = 30.0
    """Seconds from the first octet of a request (or from connecting) to its last."""


def plain_fallback(request: HttpRequest, status: int) -> HttpReply:
    """Answer a request that no handler could, in plain text."""
    words = {413: "request body too large", 500: "internal server error"}.get(status, "request refused")
    return HttpReply(status, words.encode(), "text/plain; charset=utf-8")


class AsgiAdapter:
    """An ASGI application around a handler of values."""

    def __init__(
        self, handle: Handle, fallback: Fallback, limits: HttpLimits, proxies: TrustedProxies | None = None
    ) -> None:
        self._handle = handle
        self._fallback = fallback
        self._limit = limits.body
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Serve one request: read it whole, let the handler decide, write the reply."""
        if scope["type"] != "http":
            return
        body = await read_body(receive, scope["headers"], self._limit)
        request = read_request(scope, b"" if body is None else body)
        if self._proxies is not None:
            request = self._proxies.seen_through(request)
        if body is None:
            reply, close = self._fallback(request, 413), True
        else:
            reply, close = await self._answer(request), False
        await self._send(send, request, reply, close)

    async def _answer(self, request: HttpRequest) -> HttpReply:
        try:
            return await self._handle(request)
        except Exception:
            log.exception("request failed", method=request.method, path=request.path, client=request.client)
            return self._fallback(request, 500)

    async def _send(
        self, send: ASGISendCallable, request: HttpRequest, reply: HttpReply, close: bool
    ) -> None:
        try:
            headers = write_headers(reply)
        except ValueError:  # UnicodeEncodeError too
            log.exception("reply unwritable", method=request.method, path=request.path)
            reply = plain_fallback(request, 500)
            headers = write_headers(reply)
        if close:
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body, "more_body": False})


def read_request(scope: HTTPScope, body: bytes) -> HttpRequest:
    """Turn an ASGI scope into our value; what uvicorn's scope lost of the target comes from our protocol."""
    raw: bytes | None = scope.get("depesza.target")  # type: ignore[assignment]
    if raw is None:
        raw = scope.get("raw_path") or scope["path"].encode()
        raw += b"?" + scope["query_string"] if scope["query_string"] else b""
    target = decode_target(raw)
    path, _, query = target.partition("?")
    client = scope["client"]
    headers = read_headers(scope["headers"])
    return HttpRequest(
        scope["method"], target, path, query, headers, body, client[0] if client else "", scope["scheme"]
    )


def decode_target(raw: bytes) -> str:
    """Decode a target octet for octet.

    The absolute form (`GET http://host/path`) is reduced to path and query (rfc 9112 3.2.2), a fragment cut.
    """
    target = raw.decode("latin-1")
    if target[:1] != "/":
        target = "/" + target.partition("://")[2].partition("/")[2]
    return target.partition("#")[0] if "#" in target else target


def read_headers(lines: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Make one dict of header lines; names are lower case already."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in lines:
        name = raw_name.decode("latin-1")
        value = raw_value.decode("latin-1")
        if name in headers:
            if name in LISTS:
                value = f"{headers[name]}, {value}"
            elif name == "cookie":
                value = f"{headers[name]}; {value}"
        headers[name] = value
    return headers


def write_headers(reply: HttpReply) -> list[tuple[bytes, bytes]]:
    """Write a reply's headers; ValueError when one could break out of its line."""
    headers = [(b"content-length", b"%d" % len(reply.body))]
    if reply.content_type:
        headers.append((b"content-type", reply.content_type.encode("latin-1")))
    for name, value in reply.headers:
        if UNSAFE_HEADER.search(value):
            raise ValueError(f"header {name} holds control characters")
        headers.append((name.encode("ascii"), value.encode("latin-1")))
    return headers


async def read_body(
    receive: ASGIReceiveCallable, headers: Iterable[tuple[bytes, bytes]], limit: int
) -> bytes | None:
    """Read a whole request body; None when it is, or says that it is, larger than `limit`."""
    for name, value in headers:
        # Clients that wait for `100 Continue` are refused before they send; others are drained a little.
        if name == b"content-length" and int(value) > limit:
            await _drain(receive, headers, int(value), limit)
            return None
    message = await receive()
    if message["type"] != "http.request":
        return b""
    if not message.get("more_body", False):
        body = message.get("body", b"")
        return body if len(body) <= limit else None
    return await _read_rest(receive, message.get("body", b""), limit)


async def _read_rest(receive: ASGIReceiveCallable, first: bytes, limit: int) -> bytes | None:
    body = bytearray(first)
    while len(body) <= limit:
        message = await receive()
        if message["type"] != "http.request":
            return bytes(body)
        body += message.get("body", b"")
        if not message.get("more_body", False) and len(body) <= limit:
            return bytes(body)
    return None


async def _drain(
    receive: ASGIReceiveCallable, headers: Iterable[tuple[bytes, bytes]], length: int, limit: int
) -> None:
    """Swallow a body that is too large, within reason: its sender shall read our answer, not a reset."""
    if length > 4 * limit or any(name == b"expect" for name, _ in headers):
        return
    while True:
        message = await receive()
        if message["type"] != "http.request" or not message.get("more_body", False):
            return
