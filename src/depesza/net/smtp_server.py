"""Mail in: a listening socket whose sessions (`wire/smtp.py`) ask a host of plain values about everything.

Connections are bounded, in all and by address, and so is the time for each command; a client that is slow to read
is not read from. STARTTLS changes the protocol below a session, which begins anew above it.
"""

import asyncio
from collections import Counter
from contextlib import suppress
from ipaddress import ip_address
from typing import Protocol

import structlog

from depesza.net.tcp import listen_on, set_no_delay
from depesza.net.tls import Certificates
from depesza.wire.smtp import Event, Login, Mailed, Recipient, Reply, Room, Session, Settings

log = structlog.get_logger()

HANDSHAKE = 15.0
"""Seconds for TLS to begin."""
LINGER = 5.0
"""Seconds in which a client may read what was said last."""
FAILED = Reply(451, "4.3.0 Something went wrong here; try again later")
LEAVING = Reply(421, "4.3.2 Going down; try again later")


class Guest(Protocol):
    """A connection, as the host sees it."""

    @property
    def address(self) -> str: ...
    @property
    def login(self) -> Login | None: ...


class Host(Protocol):
    """Decides about mail; nothing that it is asked waits for the client."""

    async def recipient(self, guest: Guest, address: str) -> Room | Reply:
        """Take a recipient, or say why not."""
        ...

    async def enter(self, guest: Guest, name: str, password: str) -> bool:
        """Tell whether a login is right."""
        ...

    async def mail(self, guest: Guest, mailed: Mailed) -> Reply:
        """Take a mail that is whole."""
        ...


class Bounds(Protocol):
    """How many may come, and how long they may take."""

    @property
    def connections(self) -> int: ...
    @property
    def per_address(self) -> int: ...
    @property
    def command_seconds(self) -> float: ...
    @property
    def mail_seconds(self) -> float: ...


class SmtpServer:
    """One listening socket."""

    def __init__(
        self, host: Host, settings: Settings, bounds: Bounds, *, address: str, port: int, tls: Certificates | None
    ) -> None:
        self.port = port
        self.host = host
        self.settings = settings
        self.bounds = bounds
        self.tls = tls
        self._address = address
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()
        self._from: Counter[str] = Counter()
        self._empty = asyncio.Event()

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._connections)

    async def start(self) -> None:
        """Listen; `port` then holds the real one. AddressInUse when it is taken."""
        self._server = await listen_on(lambda: _Connection(self), self._address, self.port, None, 128)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self, grace: float) -> None:
        """Take no more mail; what is being decided is answered."""
        if self._server is None:
            return
        self._server.close()
        tasks = [task for each in list(self._connections) if (task := each.leave()) is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=grace)
        if self._connections:
            self._empty.clear()
            with suppress(TimeoutError):  # what was said last is on its way
                await asyncio.wait_for(self._empty.wait(), min(grace, LINGER))
        for connection in list(self._connections):
            connection.abort()

    def opened(self, connection: "_Connection") -> bool:
        """Count one more connection; False where there are too many."""
        network = network_of(connection.address)
        self._connections.add(connection)
        self._from[network] += 1
        return self._from[network] <= self.bounds.per_address and len(self._connections) <= self.bounds.connections

    def gone(self, connection: "_Connection") -> None:
        """Count a connection no more."""
        if connection in self._connections:
            self._connections.discard(connection)
            network = network_of(connection.address)
            self._from[network] -= 1
            if not self._from[network]:
                del self._from[network]
        if not self._connections:
            self._empty.set()


def network_of(address: str) -> str:
    """Give what is counted as one address: of IPv6 it is the network that one customer has."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return address if found.version == 4 else str(ip_address(int(found) >> 64 << 64))


class _Connection(asyncio.Protocol):
    """One client. Implements `Guest`."""

    def __init__(self, server: SmtpServer) -> None:
        self.address = ""
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._session = Session(server.settings)
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._steps = -1
        self._choked = False
        self._leaving = False

    @property
    def login(self) -> Login | None:
        """What the client has shown, where that was right."""
        return self._session.login

    # what asyncio calls

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        peer = transport.get_extra_info("peername")
        self.address = peer[0] if peer else ""
        set_no_delay(transport)
        if not self._server.opened(self):
            self._session.outgoing()
            self._session.end(Reply(421, "4.7.0 Too many connections"))
        self._write()

    def data_received(self, data: bytes) -> None:
        self._next(self._session.receive(data))

    def pause_writing(self) -> None:
        self._choked = True
        self._regulate()

    def resume_writing(self) -> None:
        self._choked = False
        self._regulate()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._transport = None
        self._server.gone(self)

    # events

    def _next(self, event: Event | None) -> None:
        """Write what is to be said, and let the host decide what is to be decided."""
        self._write()
        if event is not None and self._task is None and self._transport is not None:
            self._task = self._loop.create_task(self._work(event))
        self._regulate()

    async def _work(self, event: Event) -> None:
        following: Event | None = event
        try:
            while following is not None and self._transport is not None and not self._session.closed:
                following = await self._decide(following)
                if self._leaving and not self._session.closed:
                    self._session.end(LEAVING)
                self._write()
        finally:
            self._task, self._steps = None, -1  # time runs for the client again
            self._regulate()

    async def _decide(self, event: Event) -> Event | None:
        session, host = self._session, self._server.host
        try:
            if isinstance(event, Recipient):
                room = await host.recipient(self, event.address)
                return session.admit(room) if isinstance(room, Room) else session.say(room)
            if isinstance(event, Mailed):
                return session.say(await host.mail(self, event))
            if isinstance(event, Login):
                right = await host.enter(self, event.name, event.password)
                return session.admit_login() if right else session.say(Reply(535, "5.7.8 Not let in"))
            return await self._secure()
        except Exception as error:
            log.exception("smtp.failed", client=self.address, error=repr(error))
            return session.say(FAILED) if session.busy else None

    async def _secure(self) -> Event | None:
        """Put TLS below the session; a handshake that fails ends the connection."""
        transport, tls = self._transport, self._server.tls
        assert transport is not None and tls is not None
        self._session.sealing()
        try:
            sealed = await self._loop.start_tls(
                transport,
                self,
                tls.context,
                server_side=True,
                ssl_handshake_timeout=HANDSHAKE,
                ssl_shutdown_timeout=LINGER,
            )
        except OSError as error:  # SSLError is one
            log.info("smtp.tls_failed", client=self.address, error=repr(error))
            sealed = None
        if sealed is None or self._transport is None:
            transport.abort()
            self.connection_lost(None)
            return None
        self._transport = sealed
        return self._session.secured()

    # the transport

    def _write(self) -> None:
        transport = self._transport
        if transport is None:
            return
        out = self._session.outgoing()
        if out:
            transport.write(out)
        if self._session.closed and not transport.is_closing():
            transport.close()
            self._loop.call_later(LINGER, transport.abort)  # one who reads nothing would keep it for ever

    def _regulate(self) -> None:
        """Read only while nothing waits; time runs for what the client is to say next."""
        transport, session = self._transport, self._session
        if transport is None or transport.is_closing():
            return
        if self._choked or self._task is not None:
            transport.pause_reading()
        else:
            transport.resume_reading()
        if self._task is None and session.steps != self._steps:
            self._steps = session.steps
            if self._timer is not None:
                self._timer.cancel()
            bounds = self._server.bounds
            seconds = bounds.mail_seconds if session.in_mail else bounds.command_seconds
            self._timer = self._loop.call_later(seconds, self._too_late)

    def _too_late(self) -> None:
        self._timer = None
        if self._task is not None:  # we are the slow ones
            return
        self._session.end(Reply(421, "4.4.2 Too slow"))
        self._write()

    def leave(self) -> asyncio.Task[None] | None:
        """Take leave now, or else when what is being decided has been answered."""
        self._leaving = True
        if self._task is None:
            self._session.end(LEAVING)
            self._write()
        return self._task

    def abort(self) -> None:
        """Cut the connection."""
        if self._transport is not None:
            self._transport.abort()
