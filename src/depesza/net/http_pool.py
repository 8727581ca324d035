"""The connections of our HTTP client: kept ones are used again, new ones go to judged addresses only.

A connection belongs to an origin (scheme, host, port). The guard judges where it goes when it is opened,
and it goes there as long as it lives.
"""

import asyncio
import socket
import ssl
from collections import deque
from dataclasses import dataclass, field
from functools import cached_property

from depesza.net.guard import Guard, Target, literal
from depesza.net.http_link import Link
from depesza.net.tcp import set_no_delay
from depesza.net.tls import client_context

Origin = tuple[str, str, int]

HEAD_START = 2.0
"""Seconds that each address of a host has before the next is tried; the last has all that is left."""


@dataclass(frozen=True)
class ClientLimits:
    """How much a client may use."""

    connections: int = 1024
    per_host: int = 64
    """Open connections to one host; further calls wait, and their waiting counts towards their time."""
    keep_alive: float = 60.0
    """Seconds that an idle connection is kept."""
    dns: int = 30
    """Seconds that judged addresses are remembered."""
    body: int = 1 << 20
    """Octets of an answer that are read."""


class Closed(OSError):
    """The client is closed."""

    def __init__(self) -> None:
        super().__init__("the client is closed")


@dataclass(eq=False)
class Host:
    """One origin's share."""

    idle: list[Link] = field(default_factory=list)
    """Those used last stand last, and are used first."""
    open: int = 0
    """Connections that stand or are being made."""
    waiting: deque[asyncio.Future[Link | None]] = field(default_factory=deque)
    """Calls past a limit; they get a connection, or None: look whether there is room now."""


class Pool:
    """All connections of one client."""

    def __init__(self, guard: Guard, limits: ClientLimits, tls: ssl.SSLContext | None) -> None:
        self._loop = asyncio.get_running_loop()
        self._addresses = JudgedAddresses(guard, limits.dns)
        self._limits = limits
        self._own_tls = tls
        self._hosts: dict[Origin, Host] = {}
        self._links: dict[Link, Host] = {}
        self._open = 0
        self._sweeper: asyncio.TimerHandle | None = None
        self.closed = False

    def kept(self, origin: Origin, *, surely: bool = False) -> Link | None:
        """Take a kept connection that has not expired; `surely`: ask the system whether it still stands."""
        host = self._hosts.get(origin)
        now = self._loop.time()
        while host is not None and host.idle:
            link = host.idle.pop()
            age = now - link.idle_since
            if age < self._limits.keep_alive and not (surely and age > 1.0 and link.stale()):
                return link
            link.end()
        return None

    async def take(self, target: Target, *, new: bool = False) -> Link:
        """Take a kept connection, make one, or wait until there is room.

        Forbidden or OSError when there is no way to the host.
        """
        while not self.closed:
            host = self._hosts.setdefault(target.origin, Host())  # anew: a host without calls is forgotten
            link = None if new else self.kept(target.origin)
            if link is None and self._has_room(host):
                return await self._connect(host, target)
            link = link or await self._wait(host)
            if link is not None:
                if not new and link.open:
                    return link
                link.end()
        raise Closed

    async def close(self) -> None:
        """Close all; questions under way and calls that wait end with an error."""
        self.closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
        for host in self._hosts.values():
            for waiter in host.waiting:
                if not waiter.done():
                    waiter.set_exception(Closed())
        for link in list(self._links):
            link.end(str(Closed()))
        await asyncio.sleep(0)  # sockets are closed in the loop's next turn

    # Limits

    def _has_room(self, host: Host) -> bool:
        if host.open >= self._limits.per_host:
            return False
        if self._open >= self._limits.connections:
            oldest = min(
                (other.idle[0] for other in self._hosts.values() if other.idle),
                key=lambda link: link.idle_since,
                default=None,
            )
            if oldest is not None:
                oldest.end()
        return self._open < self._limits.connections

    async def _wait(self, host: Host) -> Link | None:
        waiter: asyncio.Future[Link | None] = self._loop.create_future()
        host.waiting.append(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():  # it came too late for us, but not for the next
                self._pass_on(host, waiter.result())
            raise

    def _pass_on(self, host: Host, link: Link | None) -> None:
        """Give a connection, or the news that one has gone, to the next who waits."""
        if link is not None and not link.open:
            link = None
        waiter = _next_waiter(host)
        if waiter is None and link is not None:
            link.idle_since = self._loop.time()
            host.idle.append(link)
            self._sweep_later()
            if self._open < self._limits.connections:
                return
        if waiter is None:  # room for another host, at the latest when it takes the place of an idle one
            others = (other for other in self._hosts.values() if other.open < self._limits.per_host)
            waiter = next((found for other in others if (found := _next_waiter(other))), None)
            link = None
        if waiter is not None:
            waiter.set_result(link)

    # Connections

    async def _connect(self, host: Host, target: Target) -> Link:
        host.open += 1
        self._open += 1
        try:
            link = await self._reach(target)
        except BaseException:
            self._leave(host)
            raise
        self._links[link] = host
        if not link.open or self.closed:
            link.end()
            raise Closed if self.closed else ConnectionResetError
        return link

    async def _reach(self, target: Target) -> Link:
        addresses = await self._addresses.of(target.host, target.port)
        for address in addresses[:-1]:
            try:
                async with asyncio.timeout(HEAD_START):
                    return await self._open_link(address, target)
            except ssl.SSLError:
                raise
            except OSError:
                continue
        return await self._open_link(addresses[-1], target)

    async def _open_link(self, address: str, target: Target) -> Link:
        tls = self._tls if target.scheme == "https" else None
        transport, link = await self._loop.create_connection(
            lambda: Link(self._loop, self._done),
            address,
            target.port,
            ssl=tls,
            server_hostname=target.host.rstrip(".") if tls else None,
        )
        set_no_delay(transport)
        return link

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return self._own_tls or client_context()

    def _done(self, link: Link, keep: bool) -> None:
        host = self._links.get(link)
        if host is None:
            return
        if keep and not self.closed:
            self._pass_on(host, link)
            return
        del self._links[link]
        if link in host.idle:
            host.idle.remove(link)
        self._leave(host)

    def _leave(self, host: Host) -> None:
        host.open -= 1
        self._open -= 1
        self._pass_on(host, None)

    # Expiry

    def _sweep_later(self) -> None:
        if self._sweeper is None:
            self._sweeper = self._loop.call_later(self._limits.keep_alive / 4, self._sweep)

    def _sweep(self) -> None:
        """End what was idle for too long, and forget hosts that nobody calls any more."""
        self._sweeper = None
        before = self._loop.time() - self._limits.keep_alive
        for origin, host in list(self._hosts.items()):
            for link in [link for link in host.idle if link.idle_since <= before]:
                link.end()
            if not host.open and not host.waiting:
                del self._hosts[origin]
        if self._links:
            self._sweep_later()


class JudgedAddresses:
    """What the guard has let through, remembered for a while; many who ask at once ask one time."""

    def __init__(self, guard: Guard, seconds: float) -> None:
        self._guard = guard
        self._seconds = seconds
        self._known: dict[tuple[str, int], tuple[float, list[str]]] = {}
        self._asked: dict[tuple[str, int], asyncio.Task[list[str]]] = {}

    async def of(self, host: str, port: int) -> list[str]:
        """Give the addresses we may connect to, at least one; Forbidden or OSError when there is none."""
        if literal(host) is not None:
            self._guard.check_address(host, host)
            return [host]
        key = host, port
        known = self._known.get(key)
        if known is not None and known[0] > asyncio.get_running_loop().time():
            return known[1]
        task = self._asked.get(key)
        if task is None:
            task = self._asked[key] = asyncio.create_task(self._ask(host, port))
        return await asyncio.shield(task)

    async def _ask(self, host: str, port: int) -> list[str]:
        try:
            found = await self._guard.addresses(host, port)
        finally:
            del self._asked[host, port]
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, f"{host} has no address")
        if len(self._known) >= 4096:
            self._known.clear()
        self._known[host, port] = asyncio.get_running_loop().time() + self._seconds, found
        return found


def _next_waiter(host: Host) -> asyncio.Future[Link | None] | None:
    while host.waiting:
        waiter = host.waiting.popleft()
        if not waiter.done():
            return waiter
    return None
