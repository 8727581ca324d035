"""HTTP in: a handler of plain values (`HttpRequest -> HttpReply`) behind a listening socket.

uvicorn's httptools protocol reads and writes the wire; `asgi.py` turns it into our values.
Here are the limits that uvicorn does not have (size of a head, time for a request), starting and stopping.
Several servers may share one event loop: nothing here touches signals or global state.
"""

import asyncio
import re
import ssl
import time
from collections.abc import Iterable
from email.utils import formatdate

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from depesza.net.asgi import AsgiAdapter, Fallback, Handle, HttpLimits, plain_fallback
from depesza.net.proxies import TrustedProxies
from depesza.net.tcp import listen_on

NOT_ASCII = re.compile(rb"[\x80-\xff]")


class _HeadTooLarge(Exception):
    """Stops the parser in the middle of a head."""


class _Connection(HttpToolsProtocol):
    """uvicorn's protocol with the target kept as sent, a bounded head and a known start of each request."""

    def __init__(self, config: Config, state: ServerState, limits: HttpLimits) -> None:
        super().__init__(config, state, {})
        self._limits = limits
        self._at_start = True
        self._in_head = False
        self._head_size = 0
        self._weigh = False
        self.waiting_since: float | None = None
        """Loop time since which we wait for (the rest of) a request; None while one is answered."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.waiting_since = self.loop.time()
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if len(data) > self._limits.head:
            self._weigh = True
        if self._at_start and not data.isascii():
            data = escape_first_line(data)
        super().data_received(data)
        if self._in_head:
            self._head_size += len(data)
            if self._head_size > self._limits.head and not self.transport.is_closing():
                self.send_400_response("")

    def on_message_begin(self) -> None:
        self._at_start = False
        self._in_head = True
        self._head_size = 0
        self.waiting_since = self.loop.time()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        if self._too_much():
            raise _HeadTooLarge
        super().on_headers_complete()
        self.scope["depesza.target"] = self.url  # type: ignore[typeddict-unknown-key]

    def on_message_complete(self) -> None:
        self._at_start = True
        self.waiting_since = None
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what the parser could not take: 431 when it was we who stopped it."""
        if not self._too_much():
            super().send_400_response(msg)
            return
        self.transport.write(b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n\r\n")
        self.transport.close()

    def _too_much(self) -> bool:
        if self._head_size > self._limits.head or len(self.headers or ()) > self._limits.headers:
            return True
        if not self._weigh:  # no single read was large, so `data_received` has counted
            return False
        return len(self.url) + sum(len(n) + len(v) + 4 for n, v in self.headers) > self._limits.head


def escape_first_line(data: bytes) -> bytes:
    """Percent-encode octets beyond ASCII in a request line: careless clients send them, parsers refuse."""
    line, end, rest = data.partition(b"\n")
    return NOT_ASCII.sub(lambda octet: b"%%%02X" % octet[0][0], line) + end + rest


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
        self._tls = tls
        self._limits = limits or HttpLimits()
        self._backlog = backlog
        proxies = TrustedProxies(trusted)
        self._app = AsgiAdapter(handle, fallback, self._limits, proxies or None)
        self._state = ServerState()
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
        return len(self._state.connections)

    async def start(self) -> None:
        """Listen; `port` then holds the real one. AddressInUse when it is taken."""
        config = self._config()
        self._tick(asyncio.get_running_loop().time())

        def connection() -> asyncio.Protocol:
            return _Connection(config, self._state, self._limits)

        self._server = await listen_on(connection, self.host, self.port, self._tls, self._backlog)
        self.port = self._server.sockets[0].getsockname()[1]
        self._ticker = asyncio.create_task(self._tick_forever())

    async def stop(self, grace: float = 10.0) -> None:
        """Stop accepting, let running requests finish for `grace` seconds, then cut what is left."""
        if self._server is None or self._ticker is None:
            return
        self._server.close()
        self._ticker.cancel()
        for connection in list(self._state.connections):
            connection.shutdown()
        if self._state.tasks:
            await asyncio.wait(self._state.tasks, timeout=grace)
        for task in list(self._state.tasks):
            task.cancel()
        await self._cut()
        self._server = None

    async def _cut(self) -> None:
        await asyncio.sleep(0)  # replies written just now leave before their connections do
        for connection in list(self._state.connections):
            connection.transport.close()
        if self._state.tasks:
            await asyncio.gather(*self._state.tasks, return_exceptions=True)

    def _config(self) -> Config:
        config = Config(
            self._app,
            interface="asgi3",
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=self._limits.keep_alive,  # type: ignore[arg-type]  # any number of seconds
        )
        config.load()
        return config

    async def _tick_forever(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(1.0)
            self._tick(loop.time())

    def _tick(self, now: float) -> None:
        """Renew the date header and hang up on those that never finish a request."""
        date = formatdate(time.time(), usegmt=True).encode()
        self._state.default_headers = [(b"date", date)]
        late = now - self._limits.request
        for connection in list(self._state.connections):
            if isinstance(connection, _Connection) and (connection.waiting_since or now) < late:
                connection.transport.close()
