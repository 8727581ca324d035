"""One connection of our HTTP client: an asyncio protocol on httptools, one request and one answer at a time.

rfc 9112 tells where an answer ends. Whatever a server sends, the question gets an `HttpAnswer`.
"""

import asyncio
import select
from collections.abc import Callable
from math import inf

import httptools

from depesza.wire.http import HttpAnswer

Sink = Callable[[bytes], object]

LARGEST_HEAD = 64 << 10
"""Octets of status line and headers together (or of trailers)."""
TICK = 0.002
"""Seconds by which a timer may ring early: loops count milliseconds."""


class _Stop(Exception):
    """Stops the parser inside a callback."""


class Link(asyncio.Protocol):
    """A connection that stands; `done` is told after each answer whether it may be used again."""

    def __init__(self, loop: asyncio.AbstractEventLoop, done: Callable[["Link", bool], None]) -> None:
        self._loop = loop
        self._done = done
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport = None  # type: ignore[assignment]  # until connection_made
        self._waiter: asyncio.Future[HttpAnswer] | None = None
        self._answer: HttpAnswer | None = None
        self._keep = False
        self._headers: list[tuple[str, str]] = []
        self._in_head = True
        self._body: bytes | bytearray = b""
        self._size = 0
        self._idle_octets = 0
        """Octets since the last that counted for a body: they bound heads, trailers, chunk extensions."""
        self._sink: Sink | None = None
        self._limit = 0
        self._bodiless = False
        self._deadline = inf
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at = inf
        self.open = False
        self.used = False
        """Whether it has carried an answer before."""
        self.heard = False
        """Whether an octet of the present answer came."""
        self.idle_since = 0.0

    # What the pool and the client do

    def ask(
        self, request: bytes, deadline: float, limit: int, sink: Sink | None = None, bodiless: bool = False
    ) -> asyncio.Future[HttpAnswer]:
        """Send a request; the future gets the answer, or the word for why there is none, by `deadline`.

        Of a body `limit` octets are read; with a `sink` they go there, and only with status 200.
        `bodiless` answers (to HEAD) end with their head.
        """
        self.heard, self._answer = False, None
        self._in_head, self._idle_octets = True, 0
        self._limit, self._sink, self._bodiless = limit, sink, bodiless
        self._deadline = deadline
        if deadline < self._rings_at:
            self._arm(deadline)
        waiter = self._waiter = self._loop.create_future()
        self._transport.write(request)
        return waiter

    def stale(self) -> bool:
        """Ask the system whether the server has closed, or sent what nobody asked for."""
        poll = select.poll()
        poll.register(self._transport.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(poll.poll(0))

    def end(self, error: str = "") -> None:
        """Close at once; a question under way gets `error`."""
        self._finish(HttpAnswer(0, error=error), False)
        if self._transport is not None:
            self._transport.abort()

    # What asyncio calls

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take over a connection that stands, handshake included."""
        self._transport = transport
        self.open = True

    def connection_lost(self, exc: Exception | None) -> None:
        """End what is under way: for some bodies that is how they end."""
        self.open = False
        whole = exc is None and self._ends_with_connection()
        self._finish(self._made() if whole else HttpAnswer(0, error="disconnected"), False)
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Feed the parser, which calls what stands below."""
        if self._waiter is None:  # nobody asked (or nobody waits any more): no later question shall get it
            self._finish(HttpAnswer(0), False)
            self._transport.abort()
            return
        self.heard = True
        self._idle_octets += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.end("malformed answer: it changes the protocol")
        except httptools.HttpParserError as error:
            answer = self._answer or HttpAnswer(0, error=f"malformed answer: {error}")
            self._finish(answer, False)
            self._transport.abort()
        else:
            if self._answer is not None:
                self._finish(self._answer, self._keep)
            elif self._idle_octets > LARGEST_HEAD:
                self.end("malformed answer: its head is too large")

    # What httptools calls

    def on_message_begin(self) -> None:
        """Forget an interim answer; what follows a final one is not ours."""
        if self._answer is not None:
            raise _Stop
        self._headers, self._body, self._size, self._in_head = [], b"", 0, True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect a header; trailers are dropped (rfc 9110 6.5.1)."""
        if self._in_head:
            self._headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        """End here when the body is not wanted."""
        self._in_head = False
        status = self._parser.get_status_code()
        if status < 200:  # rfc 9110 15.2: any number of interim answers may come first
            return
        if self._bodiless or (self._sink is not None and status != 200):
            self._stop(self._made())
        if self._sink is not None and self._told_length() > self._limit:
            self._stop(self._made("answer too large"))

    def on_body(self, body: bytes) -> None:
        """Collect the body up to the limit."""
        self._idle_octets = 0
        left = self._limit - self._size
        self._size += len(body)
        if self._sink is not None:
            if left < len(body):
                self._stop(self._made("answer too large"))
            self._pour(body)
            return
        if not self._body:
            self._body = body[:left]
        else:  # in place: joining octets one by one would take quadratic time
            if isinstance(self._body, bytes):
                self._body = bytearray(self._body)
            self._body += body[:left]
        if left < len(body):
            self._stop(self._made("answer too large"))

    def on_message_complete(self) -> None:
        """Make the answer, unless it is an interim one."""
        self._idle_octets = 0
        if self._parser.get_status_code() >= 200:
            self._answer = self._made()
            self._keep = self._parser.should_keep_alive()

    # Inside

    def _pour(self, body: bytes) -> None:
        assert self._sink is not None
        try:
            self._sink(body)
        except Exception as error:  # a full disk, say
            self._stop(HttpAnswer(0, error=str(error) or type(error).__name__))

    def _stop(self, answer: HttpAnswer) -> None:
        self._answer = answer
        raise _Stop

    def _made(self, error: str = "") -> HttpAnswer:
        return HttpAnswer(self._parser.get_status_code(), bytes(self._body), tuple(self._headers), error)

    def _finish(self, answer: HttpAnswer, keep: bool) -> None:
        """Hand the answer over and tell the pool, once."""
        waiter, self._waiter = self._waiter, None
        self._deadline = inf
        self.used = True
        if waiter is not None and not waiter.done():
            waiter.set_result(answer)
        closes = self.open and not keep
        self.open = self.open and keep
        self._done(self, keep)
        if closes:
            self._transport.close()

    def _told_length(self) -> int:
        return next((int(value) for name, value in self._headers if name.lower() == "content-length"), 0)

    def _ends_with_connection(self) -> bool:
        """Tell whether the body under way has no other end (rfc 9112 6.3, rule 8)."""
        if self._waiter is None or self._in_head or self._parser.get_status_code() < 200:
            return False
        told = {name.lower(): value.lower() for name, value in self._headers}
        return "content-length" not in told and "chunked" not in told.get("transfer-encoding", "")

    def _arm(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._rings_at = when
        self._timer = self._loop.call_at(when, self._ring)

    def _ring(self) -> None:
        # One timer serves many questions: it is not moved for each, but looks again here.
        self._timer, self._rings_at = None, inf
        if self._waiter is None:
            return
        if self._loop.time() < self._deadline - TICK:
            self._arm(self._deadline)
        else:
            self.end("timeout")
