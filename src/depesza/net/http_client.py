"""HTTP out: calls as values (`HttpCall -> HttpAnswer`) through one guarded pool of connections.

Trouble on the network is an answer too (status 0 and a word in `error`), so that callers have one road.
No cookies, no decompression, no proxy from the environment; a URL leaves exactly as it was given.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urljoin

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from msgspec.structs import replace
from multidict import CIMultiDict
from yarl import URL

from depesza.net import Forbidden
from depesza.net.guard import Guard, Target, read_url
from depesza.wire.http import HttpAnswer, HttpCall

REDIRECTS = frozenset((301, 302, 303, 307, 308))
SECRETS = frozenset(("authorization", "cookie", "proxy-authorization"))
"""Headers that stay behind when a redirect leads to another origin."""

Take = Callable[[aiohttp.ClientResponse], Awaitable[HttpAnswer]]


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


class HttpClient:
    """A pool of connections; made on a running loop, closed by `close` or `async with`."""

    def __init__(
        self,
        guard: Guard,
        *,
        limits: ClientLimits | None = None,
        tls: ssl.SSLContext | None = None,
        user_agent: str = "depesza",
    ) -> None:
        """Open the pool; `tls` (see `tls.client_context`) adds authorities, by default the system's count."""
        self._guard = guard
        self._limits = limits or ClientLimits()
        connector = aiohttp.TCPConnector(
            resolver=GuardedResolver(guard),
            limit=self._limits.connections,
            limit_per_host=self._limits.per_host,
            keepalive_timeout=self._limits.keep_alive,
            ttl_dns_cache=self._limits.dns,
            ssl=tls if tls is not None else True,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": user_agent},
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type"),
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
            trust_env=False,
        )

    async def call(self, call: HttpCall, *, timeout: float = 15.0, redirects: int = 0) -> HttpAnswer:  # noqa: ASYNC109
        """Make a call and read its answer; never raises for what happens on the network.

        `timeout` is in seconds for everything together. A 3xx is an answer unless `redirects` allows to
        follow it. A body beyond the limit is cut, and `error` is `answer too large`.
        """
        return await self._guarded(call, timeout, redirects, self._take_body)

    async def fetch(
        self,
        url: str,
        sink: Callable[[bytes], object],
        *,
        limit: int,
        timeout: float = 60.0,  # noqa: ASYNC109
        redirects: int = 5,
    ) -> HttpAnswer:
        """Download a URL piece by piece into `sink` (a file's `write`), at most `limit` octets.

        The answer has no body. Only what came with status 200 reaches the sink; when `error` is set, the
        sink may hold a part.
        """

        async def take(response: aiohttp.ClientResponse) -> HttpAnswer:
            if response.status == 200:
                return await self._take_stream(response, sink, limit)
            return HttpAnswer(response.status, b"", tuple(response.headers.items()))

        return await self._guarded(HttpCall("GET", url), timeout, redirects, take)

    async def close(self) -> None:
        """Close all connections; calls under way end with an error."""
        await self._session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _guarded(self, call: HttpCall, limit: float, redirects: int, take: Take) -> HttpAnswer:
        if self._session.closed:
            return HttpAnswer(0, error="the client is closed")
        try:
            async with asyncio.timeout(limit):
                return await self._follow(call, redirects, take)
        except (Forbidden, aiohttp.ClientError, OSError, ValueError) as error:  # TimeoutError is an OSError
            return HttpAnswer(0, error=word_for(error))

    async def _follow(self, call: HttpCall, redirects: int, take: Take) -> HttpAnswer:
        left = redirects
        while True:
            target = self._guard.check_url(call.url)
            request = self._session.request(
                call.method,
                as_url(target),
                headers=CIMultiDict(call.headers),
                data=call.body or None,
                allow_redirects=False,
            )
            async with request as response:
                location = response.headers.get("Location", "") if response.status in REDIRECTS else ""
                if not location or redirects == 0:
                    return await take(response)
                if left == 0:
                    return HttpAnswer(0, error="too many redirects")
                status = response.status
            left -= 1
            call = redirected(call, status, location)

    async def _take_body(self, response: aiohttp.ClientResponse) -> HttpAnswer:
        headers = tuple(response.headers.items())
        limit = self._limits.body
        body = await response.content.readany()
        if not response.content.at_eof():
            pieces = bytearray(body)
            while len(pieces) <= limit and (piece := await response.content.readany()):
                pieces += piece
            body = bytes(pieces)
        if len(body) > limit:
            response.close()
            return HttpAnswer(response.status, body[:limit], headers, "answer too large")
        return HttpAnswer(response.status, body, headers)

    async def _take_stream(
        self, response: aiohttp.ClientResponse, sink: Callable[[bytes], object], limit: int
    ) -> HttpAnswer:
        headers = tuple(response.headers.items())
        left = limit - (response.content_length or 0)
        if left >= 0:
            left = limit
            async for piece in response.content.iter_any():
                left -= len(piece)
                if left < 0:
                    break
                sink(piece)
        if left < 0:
            response.close()
            return HttpAnswer(response.status, b"", headers, "answer too large")
        return HttpAnswer(response.status, b"", headers)


class GuardedResolver(AbstractResolver):
    """Gives aiohttp only addresses that the guard has judged: it connects to these and to no others."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Resolve and judge; Forbidden or OSError when nothing is left."""
        addresses = await self._guard.addresses(host, port)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        """Nothing is held."""


def as_url(target: Target) -> URL:
    """Build the library's URL out of what the guard has read, so that both mean the same host."""
    path, _, query = target.rest.partition("?")
    return URL.build(
        scheme=target.scheme,
        host=target.host,
        port=target.port,
        path=path,
        query_string=query,
        encoded=True,
    )


def redirected(call: HttpCall, status: int, location: str) -> HttpCall:
    """Write the call that follows a redirect (rfc 9110 15.4): POST becomes GET, except for 307 and 308.

    Secrets do not go along to another origin.
    """
    url = urljoin(call.url, location)
    headers = call.headers
    if read_url(url).origin != read_url(call.url).origin:
        headers = tuple(pair for pair in headers if pair[0].lower() not in SECRETS)
    if status in (307, 308) or call.method in ("GET", "HEAD"):
        return replace(call, url=url, headers=headers)
    headers = tuple(pair for pair in headers if not pair[0].lower().startswith("content-"))
    return HttpCall("GET", url, headers)


def word_for(error: Exception) -> str:
    """Name what went wrong; see `HttpAnswer.error`."""
    if isinstance(error, Forbidden):
        return f"forbidden address: {error}"
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, aiohttp.ClientConnectorDNSError | socket.gaierror):
        return "dns"
    if isinstance(error, ssl.SSLError | ssl.CertificateError | aiohttp.ClientSSLError):
        return "tls"
    if isinstance(error, ConnectionRefusedError) or isinstance(error.__cause__, ConnectionRefusedError):
        return "refused"
    if isinstance(error, aiohttp.ServerDisconnectedError | ConnectionResetError):
        return "disconnected"
    return str(error) or type(error).__name__
