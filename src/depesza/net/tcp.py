"""The TCP/TLS pump: moves bytes and time between a socket and a session that knows neither.

A session is told what came and what time it is, and gives events and bytes. The link writes once a turn
of the loop however many messages were put into the session meanwhile, and keeps one timer for it.
Whether a silent peer is dead is the session's business.
"""

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable
from math import inf
from typing import Any, Generic, Protocol, TypeVar

from depesza.net import AddressInUse, ConnectFailed
from depesza.net.tls import Pin, PinMismatch

E = TypeVar("E")

SHORTEST_TIMER = 0.001
"""Seconds; a deadline already passed still lets the loop turn."""


class Session(Protocol[E]):
    """What the pump needs of a protocol: style.md section 4."""

    def receive(self, data: bytes, now: float) -> list[E]:
        """Take bytes from the peer, give what they mean."""

    def outgoing(self) -> bytes:
        """Give, once, the bytes that wait for the peer; empty when none do."""

    def tick(self, now: float) -> list[E]:
        """Be told the time; give what has run out."""

    def next_tick(self) -> float:
        """Tell when `tick` has something to do, by the same clock; `inf` for never."""

    @property
    def closed(self) -> bool:
        """Whether the connection is to be closed once all that is outgoing is written."""

    def close(self, reason: str) -> list[E]:
        """Be told that the connection is gone; nothing happens the second time."""


S = TypeVar("S", bound="Session[Any]")  # its events are the E of the link


class Link(asyncio.Protocol, Generic[S, E]):
    """One connection: a socket, a session and those who listen to its events.

    After putting something into the session, call `flush`; after events the link does so by itself.
    """

    def __init__(
        self,
        session: S,
        on_events: Callable[["Link[S, E]", list[E]], None],
        *,
        on_open: Callable[["Link[S, E]"], None] | None = None,
        on_lost: Callable[["Link[S, E]", Exception | None], None] | None = None,
        clock: Callable[[], float] | None = None,
        pin: Pin | None = None,
        in_step: bool = False,
    ) -> None:
        """Join a session to its listeners; `clock` is the loop's time unless another is given.

        `pin` is compared with the peer's certificate before the first byte leaves. `in_step`: nothing is taken from
        a peer that does not read what we write, so what waits for it is bounded.
        """
        self.session = session
        self._on_events = on_events
        self._on_open = on_open
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self.clock = clock or self._loop.time
        self._pin = pin
        self._in_step = in_step
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = inf
        self._flush_due = False
        self._reading = True
        self._writable = asyncio.Event()
        self._writable.set()
        self._closing = False
        self._gone = asyncio.Event()
        self.lost_by: Exception | None = None
        """What ended the connection, when it was not an orderly close."""

    # What the owner does

    @property
    def peer(self) -> tuple[str, int]:
        """Address and port of the other side; ("", 0) before the connection stands."""
        found = self._transport.get_extra_info("peername") if self._transport else None
        return (found[0], found[1]) if found else ("", 0)

    @property
    def tls(self) -> str:
        """Protocol version of TLS, empty for plain TCP."""
        found = self._transport.get_extra_info("ssl_object") if self._transport else None
        return (found.version() or "") if found else ""

    @property
    def open(self) -> bool:
        """Tell whether anything put into the session can still leave."""
        return self._transport is not None and not self._closing

    @property
    def writing_paused(self) -> bool:
        """Tell whether the peer reads slower than we write; what is put into the session waits there."""
        return not self._writable.is_set()

    @property
    def reading_paused(self) -> bool:
        """Tell whether `pause_reading` is in force."""
        return not self._reading

    def flush(self) -> None:
        """Write what the session has to say when this turn of the loop ends; cheap to call often."""
        if not self._flush_due:
            self._flush_due = True
            self._loop.call_soon(self._write)

    async def drained(self) -> None:
        """Wait until the peer has caught up (or has gone)."""
        await self._writable.wait()

    def pause_reading(self) -> None:
        """Stop taking from the peer, whose writes then stall: the only back-pressure that SMPP has."""
        if self._reading and self.open and self._transport is not None:
            self._reading = False
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Take from the peer again."""
        if not self._reading and self.open and self._transport is not None:
            self._reading = True
            self._transport.resume_reading()

    def close(self) -> None:
        """Write what is left and close."""
        if not self._closing and self._transport is not None:
            self._take_outgoing()
            self._transport.close()
        self._closing = True

    def abort(self) -> None:
        """Close at once; what was not written is lost."""
        self._closing = True
        if self._transport is not None:
            self._transport.abort()

    async def closed(self) -> None:
        """Wait until the connection is gone."""
        await self._gone.wait()

    # What asyncio calls

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take over a connection that stands, handshake included."""
        self._transport = transport
        set_no_delay(transport)
        if self._closing or not self._pin_holds(transport):
            transport.abort()
            return
        if self._on_open is not None:
            self._on_open(self)
        self.flush()

    def data_received(self, data: bytes) -> None:
        """Hand bytes to the session and its events to the listener."""
        events = self.session.receive(data, self.clock())
        if events:
            self._on_events(self, events)
        if not self._flush_due:
            self._flush_due = True
            self._loop.call_soon(self._write)

    def pause_writing(self) -> None:
        """Hold the session's output back: the transport has enough."""
        self._writable.clear()
        if self._in_step:
            self.pause_reading()

    def resume_writing(self) -> None:
        """Go on writing."""
        self._writable.set()
        if self._in_step:
            self.resume_reading()
        self.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the session and the listeners, once, and let waiters go."""
        self._closing = True
        self.lost_by = self.lost_by or exc
        if self._timer is not None:
            self._timer.cancel()
        self._writable.set()
        self._gone.set()
        events = self.session.close(str(self.lost_by or "") or "connection closed")
        if events:
            self._on_events(self, events)
        if self._on_lost is not None:
            self._on_lost(self, self.lost_by)

    # Inside

    def _pin_holds(self, transport: asyncio.Transport) -> bool:
        if self._pin is None:
            return True
        tls = transport.get_extra_info("ssl_object")
        try:
            self._pin.check(tls.getpeercert(binary_form=True) if tls else None)
        except PinMismatch as error:
            self.lost_by = error
            self._closing = True
            return False
        return True

    def _write(self) -> None:
        self._flush_due = False
        if self._closing:
            return
        if self._writable.is_set():
            self._take_outgoing()
        if self.session.closed:
            self.close()
            return
        due = self.session.next_tick()
        if due < self._timer_at:
            self._arm(due)

    def _take_outgoing(self) -> None:
        data = self.session.outgoing()
        if data and self._transport is not None:
            self._transport.write(data)

    def _arm(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = due
        self._timer = self._loop.call_later(max(due - self.clock(), SHORTEST_TIMER), self._ring)

    def _ring(self) -> None:
        # What is due mostly moves back meanwhile: the timer is not renewed for each, but looks again here.
        self._timer, self._timer_at = None, inf
        if self._closing:
            return
        events = self.session.tick(self.clock())
        if events:
            self._on_events(self, events)
        self.flush()


class Listener(Generic[S, E]):
    """A listening socket and the links that came through it."""

    def __init__(self, host: str, factory: Callable[[], Link[S, E]]) -> None:
        self.host = host
        self.port = 0
        self._factory = factory
        self._server: asyncio.Server | None = None
        self._links: set[Link[S, E]] = set()

    @property
    def links(self) -> list[Link[S, E]]:
        """The links that stand now."""
        self._links = {link for link in self._links if not link._gone.is_set()}
        return list(self._links)

    def accept(self) -> Link[S, E]:
        """Make the link of one more connection."""
        link = self._factory()
        if len(self._links) % 256 == 255:  # forget the dead now and then, not at each
            self._links = set(self.links)
        self._links.add(link)
        return link

    def close(self) -> None:
        """Stop accepting; links that stand stay with their owner."""
        if self._server is not None:
            self._server.close()

    def abort(self) -> None:
        """Stop accepting and cut all links."""
        self.close()
        for link in self.links:
            link.abort()


async def connect(
    host: str,
    port: int,
    factory: Callable[[], Link[S, E]],
    *,
    ssl: ssl.SSLContext | None = None,
    server_hostname: str | None = None,
    timeout: float = 10.0,  # noqa: ASYNC109
    local_address: str | None = None,
) -> Link[S, E]:
    """Connect and give the link that `factory` made; ConnectFailed with a reason when that fails.

    `timeout` is in seconds, name look-up and TLS handshake included.
    """
    loop = asyncio.get_running_loop()
    name = (server_hostname or host) if ssl is not None else None
    local = (local_address, 0) if local_address else None
    try:
        async with asyncio.timeout(timeout):
            _, link = await loop.create_connection(factory, host, port, ssl=ssl, server_hostname=name, local_addr=local)
    except OSError as error:  # TimeoutError, gaierror and SSLError are OSErrors
        raise ConnectFailed(host, port, reason_for(error), str(error)) from error
    if isinstance(link.lost_by, PinMismatch):
        raise ConnectFailed(host, port, "tls", str(link.lost_by)) from link.lost_by
    return link


async def listen(
    host: str,
    port: int,
    factory: Callable[[], Link[S, E]],
    *,
    ssl: ssl.SSLContext | None = None,
    backlog: int = 2048,
) -> Listener[S, E]:
    """Listen; port 0 lets the system choose, see `Listener.port`. AddressInUse when it is taken."""
    listener = Listener(host, factory)
    server = await listen_on(listener.accept, host, port, ssl, backlog)
    listener._server = server
    listener.port = server.sockets[0].getsockname()[1]
    return listener


async def listen_on(
    factory: Callable[[], asyncio.Protocol], host: str, port: int, tls: ssl.SSLContext | None, backlog: int
) -> asyncio.Server:
    """Open a listening socket for a protocol; AddressInUse when somebody has it."""
    loop = asyncio.get_running_loop()
    try:
        return await loop.create_server(factory, host, port, ssl=tls, backlog=backlog, reuse_address=True)
    except OSError as error:
        if error.errno == errno.EADDRINUSE or "already in use" in str(error):  # asyncio rewrites the number
            raise AddressInUse(host, port) from None
        raise


def reason_for(error: OSError) -> str:
    """Name why a connection failed; see `ConnectFailed`."""
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, socket.gaierror):
        return "dns"
    if isinstance(error, ssl.SSLError):
        return "tls"
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    return "unreachable"


def set_no_delay(transport: asyncio.Transport) -> None:
    """Send small writes at once: with Nagle's algorithm and delayed acknowledgements they wait 40 ms."""
    found = transport.get_extra_info("socket")
    if found is not None and found.family in (socket.AF_INET, socket.AF_INET6):
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
