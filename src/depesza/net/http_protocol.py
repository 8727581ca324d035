"""HTTP/1.1 as our handlers need it: an asyncio protocol on httptools, one request at a time, all limits inside.

A request is read whole, becomes a value, and its reply is written whole, a long one as its client takes it. Requests
that come in a row are answered in their order, refusals too. What two parsers could read differently is refused: most
by httptools (both lengths, two lengths, obs-fold, bare LF and CR, NUL), the rest here (two hosts, unknown codings).
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httptools
import structlog

from depesza.net.http_message import (
    BODILESS,
    decode_target,
    escape_first_line,
    joined,
    write_head,
    write_refusal,
)
from depesza.net.http_stream import Outflow
from depesza.net.proxies import TrustedProxies
from depesza.wire.http import ENDLESS, HttpReply, HttpRequest

log = structlog.get_logger(__name__)

Handle = Callable[[HttpRequest], Awaitable[HttpReply]]
Fallback = Callable[[HttpRequest, int], HttpReply]

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


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
    """Seconds that an idle connection stays open, or one whose client takes nothing of its answer."""
    request: float = 30.0
    """Seconds from the first octet of a request (or from connecting) to its last."""


def plain_fallback(request: HttpRequest, status: int) -> HttpReply:
    """Answer a request that no handler could, in plain text."""
    words = {413: "request body too large", 500: "internal server error"}.get(status, "request refused")
    return HttpReply(status, words.encode(), "text/plain; charset=utf-8")


class Serving:
    """What all connections of one listener share."""

    def __init__(
        self,
        handle: Handle,
        fallback: Fallback,
        limits: HttpLimits,
        proxies: TrustedProxies | None,
        scheme: str,
    ) -> None:
        self.handle = handle
        self.fallback = fallback
        self.limits = limits
        self.proxies = proxies
        self.scheme = scheme
        self.loop = asyncio.get_running_loop()
        self.connections: set[HttpConnection] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self.date = ""
        """The date header's whole line, renewed by the server every second."""

    def sweep(self, now: float) -> None:
        """Hang up on those that never finish a request, and on the idle."""
        for connection in list(self.connections):
            connection.look(now)

    async def reply(self, request: HttpRequest, refusal: int) -> HttpReply:
        """Let the handler decide, or refuse in the dialect's words; raises what they raise."""
        if self.proxies is not None:
            request = self.proxies.seen_through(request)
        return self.fallback(request, refusal) if refusal else await self.handle(request)

    def apology(self, request: HttpRequest, last: bool) -> tuple[HttpReply, bytes]:
        """Give the reply, and its head, to a request whose handler has failed."""
        try:
            reply = self.fallback(request, 500)
            return reply, write_head(reply, self.date, last)
        except Exception:
            log.exception("fallback failed", method=request.method, path=request.path)
            reply = plain_fallback(request, 500)
            return reply, write_head(reply, self.date, last)


class _Stop(Exception):
    """Stops the parser inside a callback."""


class HttpConnection(asyncio.Protocol):
    """One client's connection."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport = None  # type: ignore[assignment]  # until connection_made
        self._peer = ""
        # the request that is being read
        self._url = b""
        self._headers: dict[str, str] = {}
        self._lines = 0
        self._body: bytes | bytearray = b""
        self._body_size = 0
        self._large = False
        self._in_head = False
        self._at_start = True
        self._idle_octets = 0
        """Octets since the last that counted for a body: they bound heads, trailers, chunk extensions."""
        self._weigh = False
        self._refusal = 400
        # those that were read
        self._busy = False
        self._queue: deque[tuple[HttpRequest | None, int]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._continue = False
        self._last = False
        """Nothing that comes later counts: the connection ends when all that was read is answered."""
        self._out: Outflow = None  # type: ignore[assignment]  # until connection_made
        self._unsent = 0
        self.waiting_since: float | None = None
        """Loop time since which we wait for (the rest of) a request."""
        self.idle_since: float | None = None
        """Loop time since which there is nothing to do but wait for the client's pleasure."""

    # What the server does

    def look(self, now: float) -> None:
        """Hang up when the client has used up its time."""
        limits = self._serving.limits
        if not self._busy and self.waiting_since is not None and self.waiting_since < now - limits.request:
            self._transport.abort()
        if self.idle_since is not None and self.idle_since < now - limits.keep_alive:
            unsent = self._transport.get_write_buffer_size()
            if unsent == 0:
                self._transport.close()
            elif unsent == self._unsent:
                self._transport.abort()
            else:
                self._unsent, self.idle_since = unsent, now

    def close_soon(self) -> None:
        """Close after the answers that are due, or now when there are none."""
        self._last = True
        if self._out.is_endless:
            self._out.cut()
            self._transport.close()
        elif not self._busy:
            self._transport.close()

    def close(self) -> None:
        """Close; what is written still leaves."""
        self._transport.close()

    # What asyncio calls

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        self._transport = transport
        peer = transport.get_extra_info("peername")
        self._peer = peer[0] if peer else ""
        self._out = Outflow(transport, self._peer)
        self._serving.connections.add(self)
        self.waiting_since = self._serving.loop.time()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what nobody will read; a handler that runs is not disturbed."""
        self._last = True
        self._serving.connections.discard(self)
        self._queue.clear()
        self._out.go_on()
        self._out.cut()

    def eof_received(self) -> bool:
        """Let who closes its half have the answers that are due (not possible over TLS)."""
        self._last = True
        due = self._busy or bool(self._queue)
        return due and not self._out.is_endless and self._serving.scheme == "http"

    def pause_writing(self) -> None:
        """Take nothing more from a client that does not read its answers."""
        self._out.stalled = True
        self.idle_since, self._unsent = self._serving.loop.time(), 0
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on."""
        self.idle_since = None
        self._out.go_on()
        if not self._busy:
            self._next()

    def data_received(self, data: bytes) -> None:
        """Feed the parser, which calls what stands below."""
        if self._last:
            return
        if self._at_start and not data.isascii():
            data = escape_first_line(data)
        if len(data) > self._serving.limits.head:
            self._weigh = True
        self._idle_octets += len(data)
        while data:
            data = self._feed(data)
        if self._idle_octets > self._serving.limits.head and not self._at_start and not self._last:
            self._refuse(431)

    # What httptools calls

    def on_message_begin(self) -> None:
        """Forget the request before."""
        if self._last:
            raise _Stop
        self._url, self._headers, self._body = b"", {}, b""
        self._lines = self._body_size = 0
        self._in_head, self._at_start, self._large = True, False, False
        self.waiting_since, self.idle_since = self._serving.loop.time(), None

    def on_url(self, url: bytes) -> None:
        """Collect the target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect a header; trailers are not believed (rfc 9110 6.5.1)."""
        if not self._in_head:
            return
        self._lines += 1
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        if key in self._headers:
            if key == "host":  # rfc 9112 3.2
                raise _Stop
            text = joined(key, self._headers[key], text)
        self._headers[key] = text

    def on_headers_complete(self) -> None:
        """Judge the head before the body comes."""
        self._in_head = False
        if self._too_much():
            raise _Stop
        if self._upgrades():
            return
        self._judge_framing()
        headers = self._headers
        expects = "expect" in headers and headers["expect"].lower() == "100-continue"
        if "content-length" in headers:
            length, limit = int(headers["content-length"]), self._serving.limits.body
            # Within reason a body too large is swallowed: its sender shall read our answer, not a reset.
            self._large = length > limit
            if length > 4 * limit or (self._large and expects):
                self._take(413)
                return
        if expects:
            self._invite()

    def on_body(self, body: bytes) -> None:
        """Collect the body."""
        self._idle_octets = 0
        if self._large or self._last:
            return
        self._body_size += len(body)
        if self._body_size > self._serving.limits.body:
            self._take(413)
        elif not self._body:
            self._body = body
        else:  # in place: joining octets one by one would take quadratic time
            if isinstance(self._body, bytes):
                self._body = bytearray(self._body)
            self._body += body

    def on_message_complete(self) -> None:
        """Hand the request on."""
        self._idle_octets = 0
        self._at_start = True
        if not self._last and not self._upgrades():
            self._take(413 if self._large else 0)

    # Inside

    def _too_much(self) -> bool:
        limits = self._serving.limits
        if self._lines > limits.headers:
            return True
        if not self._weigh:  # no single read was large, so `data_received` counts
            return False
        return len(self._url) + sum(len(n) + len(v) + 4 for n, v in self._headers.items()) > limits.head

    def _judge_framing(self) -> None:
        """Refuse what we would read wrongly: other versions, codings other than chunked."""
        version = self._parser.get_http_version()
        if version not in ("1.1", "1.0"):
            self._refusal = 505  # rfc 9110 15.6.6
            raise _Stop
        coding = self._headers.get("transfer-encoding")
        if coding is not None and coding.strip().lower() != "chunked":
            self._refusal = 501  # rfc 9112 6.1
            raise _Stop

    def _upgrades(self) -> bool:
        return bool(self._parser.should_upgrade()) and self._parser.get_method() != b"CONNECT"

    def _feed(self, data: bytes) -> bytes:
        """Give octets to the parser; what it gives back is to be fed again."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self._upgrades():
                return self._without_upgrade() + data[upgrade.args[0] :]
            self._last = True  # CONNECT: answered as what it is, what follows is no HTTP
        except httptools.HttpParserError:
            if not self._last:
                self._refuse(431 if self._too_much() else self._refusal)
        return b""

    def _without_upgrade(self) -> bytes:
        """Write a head again without its wish to speak something else (rfc 9110 7.8: we may ignore it).

        Java's client wishes for h2c with each first request; the parser would drop the body of a POST.
        """
        lines = [self._parser.get_method() + b" " + self._url + b" HTTP/" + self._version()]
        lines += [f"{n}: {v}".encode("latin-1") for n, v in self._headers.items() if n != "upgrade"]
        self._parser = httptools.HttpRequestParser(self)
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def _version(self) -> bytes:
        return str(self._parser.get_http_version()).encode()

    def _invite(self) -> None:
        """Let a client that asked send its body, after the answers that are due (rfc 9110 10.1.1)."""
        if self._busy:
            self._continue = True
        else:
            self._transport.write(CONTINUE)

    def _take(self, refusal: int) -> None:
        """Make the request a value and serve it, now or after those before it."""
        self.waiting_since, self._continue = None, False
        parser = self._parser
        self._last = refusal != 0 or not parser.should_keep_alive() or parser.get_http_version() != "1.1"
        target = decode_target(self._url)
        path, _, query = target.partition("?")
        request = HttpRequest(
            parser.get_method().decode("ascii"),
            target,
            path,
            query,
            self._headers,
            bytes(self._body),
            self._peer,
            self._serving.scheme,
        )
        self._serve(request, refusal)

    def _refuse(self, status: int) -> None:
        self._last = True
        self.waiting_since = None
        self._serve(None, status)

    def _serve(self, request: HttpRequest | None, refusal: int) -> None:
        if self._busy or self._out.stalled:
            self._queue.append((request, refusal))
            self._transport.pause_reading()
        elif request is None:
            self._out.write(write_refusal(refusal))
            self._next()
        else:
            self._busy = True
            self._task = self._serving.loop.create_task(self._answer(request, refusal))
            self._serving.tasks.add(self._task)

    async def _answer(self, request: HttpRequest, refusal: int) -> None:
        serving = self._serving
        try:
            try:
                reply = await serving.reply(request, refusal)
                self._last = self._last or reply.length == ENDLESS
                head = write_head(reply, serving.date, self._is_last())
            except Exception:
                log.exception("request failed", method=request.method, path=request.path, client=request.client)
                reply, head = serving.apology(request, self._is_last())
            bodiless = request.method == "HEAD" or reply.status in BODILESS
            self._out.write(head if bodiless else head + reply.body)
            if reply.more is not None and not bodiless:
                await self._out.pour(reply.more, reply.length)
        finally:
            serving.tasks.discard(self._task)
        self._busy = False
        self._next()

    def _is_last(self) -> bool:
        return self._last and not self._queue

    def _next(self) -> None:
        """Go on with what was read meanwhile, or with reading."""
        if self._out.stalled:
            return
        now = self._serving.loop.time()
        if self._queue:
            request, refusal = self._queue.popleft()
            self._serve(request, refusal)
            return
        if self._at_start or self._last:
            self.idle_since, self._unsent = now, 0
        else:
            self.waiting_since = now  # while we were busy it was not the client who kept us waiting
        if self._last:
            self._transport.close()
            return
        if self._continue:
            self._continue = False
            self._transport.write(CONTINUE)
        self._read_on()

    def _read_on(self) -> None:
        if not self._transport.is_closing() and not self._transport.is_reading():
            self._transport.resume_reading()
