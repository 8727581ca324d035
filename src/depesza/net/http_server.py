"""HTTP in: a handler of plain values (`HttpRequest -> HttpReply`) behind a listening socket.

`http_protocol.py` reads and writes the wire; here are starting, telling the time and stopping.
Several servers may share one event loop: nothing here touches signals or global state.
"""

import asyncio
import ssl
import time
from collections.abc import Iterable
from email.utils import formatdate

from depesza.net.http_protocol import Fallback, Handle, HttpConnection, HttpLimits, Serving, plain_fallback
from depesza.net.proxies import TrustedProxies
from depesza.net.tcp import listen_on


class HttpServer:
    """One listening socket and what it needs to start, to tell the time and to stop in peace."""

    def __init__(
        self,
        handle: Handle,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        fallback: Fallback = plain_fallback,
        trusted: Iterable[str] = (),
        limits: HttpLimits | None = None,
        backlog: int = 2048,
    ) -> None:
        self.host = host
        self.port = port
        self._handle = handle
        self._tls = tls
        self._fallback = fallback
        self._proxies = TrustedProxies(trusted)
        self._limits = limits or HttpLimits()
        self._backlog = backlog
        self._serving: Serving | None = None
        self._server: asyncio.Server | None = None
        self._ticker: asyncio.Task[None] | None = None

    @property
    def scheme(self) -> str:
        """`https` when the listener speaks TLS."""
        return "https" if self._tls else "http"

    @property
    def url(self) -> str:
        """Base address without a trailing slash, as a client on this machine would call it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._serving.connections) if self._serving else 0

    async def start(self) -> None:
        """Listen; `port` then holds the real one. AddressInUse when it is taken."""
        serving = Serving(self._handle, self._fallback, self._limits, self._proxies or None, self.scheme)
        tick(serving)
        self._server = await listen_on(lambda: HttpConnection(serving), self.host, self.port, self._tls, self._backlog)
        self._serving = serving
        self.port = self._server.sockets[0].getsockname()[1]
        self._ticker = asyncio.create_task(tick_forever(serving))

    async def stop(self, grace: float = 10.0) -> None:
        """Stop accepting, let running requests finish for `grace` seconds, then cut what is left."""
        if self._server is None or self._ticker is None or self._serving is None:
            return
        self._server.close()
        self._ticker.cancel()
        await end(self._serving, grace)
        self._server = None


async def end(serving: Serving, grace: float) -> None:
    """Let running requests finish for `grace` seconds, then cut what is left."""
    until = serving.loop.time() + grace
    for connection in list(serving.connections):
        connection.close_soon()
    while serving.tasks and (left := until - serving.loop.time()) > 0:  # one may start its successor
        await asyncio.wait(serving.tasks, timeout=left)
    tasks = list(serving.tasks)
    for task in tasks:
        task.cancel()
    await asyncio.sleep(0)  # replies written just now leave before their connections do
    for connection in list(serving.connections):
        connection.close()
    await asyncio.gather(*tasks, return_exceptions=True)


async def tick_forever(serving: Serving) -> None:
    """Tell the time every second."""
    while True:
        await asyncio.sleep(1.0)
        tick(serving)


def tick(serving: Serving) -> None:
    """Renew the date header and hang up on those that have used up their time."""
    serving.date = f"date: {formatdate(time.time(), usegmt=True)}\r\n"
    serving.sweep(serving.loop.time())
