"""HTTP out: calls as values (`HttpCall -> HttpAnswer`) through one guarded pool of connections.

Trouble on the network is an answer too (status 0 and a word in `error`), so that callers have one road.
No cookies, no decompression, no proxy from the environment; a URL leaves exactly as it was given.
`http_pool.py` keeps the connections, `http_link.py` speaks on one.
"""

import asyncio
import re
import socket
import ssl
import sys
from functools import lru_cache
from types import TracebackType
from typing import Self
from urllib.parse import urljoin

from msgspec.structs import replace

from depesza.net import Forbidden
from depesza.net.guard import Guard, Target, read_url
from depesza.net.http_link import Link, Sink
from depesza.net.http_message import TOKEN, UNSAFE_VALUE
from depesza.net.http_pool import ClientLimits, Pool
from depesza.wire.http import HttpAnswer, HttpCall

__all__ = ["ClientLimits", "HttpClient", "redirected", "word_for", "write_request"]

REDIRECTS = frozenset((301, 302, 303, 307, 308))
SECRETS = frozenset(("authorization", "cookie", "proxy-authorization"))
"""Headers that stay behind when a redirect leads to another origin."""

REPEATABLE = frozenset(("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"))
"""Methods that mean the same when they come twice (rfc 9110 9.2.2)."""
WITH_BODY = frozenset(("POST", "PUT", "PATCH"))
"""Methods whose requests tell the length of their body even when there is none (rfc 9110 8.6)."""
OURS = frozenset(
    ("connection", "content-length", "expect", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade")
)
"""Headers that frame a request: two opinions on them are how requests are smuggled (rfc 9112 11.2)."""
DEFAULT_PORTS = {"http": 80, "https": 443}

NOT_ASCII = re.compile(r"[^\x00-\x7f]+")


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
        self._agent = user_agent
        self._loop = asyncio.get_running_loop()
        self._pool = Pool(guard, self._limits, tls)

    async def call(self, call: HttpCall, *, timeout: float = 15.0, redirects: int = 0) -> HttpAnswer:  # noqa: ASYNC109
        """Make a call and read its answer; never raises for what happens on the network.

        `timeout` is in seconds for everything together. A 3xx is an answer unless `redirects` allows to
        follow it. A body beyond the limit is cut, and `error` is `answer too large`.
        """
        deadline = self._loop.time() + timeout
        try:
            return await self._follow(call, deadline, redirects, self._limits.body, None)
        except (Forbidden, OSError, ValueError) as error:  # TimeoutError and SSLError are OSErrors
            return HttpAnswer(0, error=word_for(error))

    async def fetch(
        self,
        url: str,
        sink: Sink,
        *,
        limit: int,
        timeout: float = 60.0,  # noqa: ASYNC109
        redirects: int = 5,
    ) -> HttpAnswer:
        """Download a URL piece by piece into `sink` (a file's `write`), at most `limit` octets.

        The answer has no body. Only what came with status 200 reaches the sink; when `error` is set, the
        sink may hold a part.
        """
        deadline = self._loop.time() + timeout
        try:
            return await self._follow(HttpCall("GET", url), deadline, redirects, limit, sink)
        except (Forbidden, OSError, ValueError) as error:
            return HttpAnswer(0, error=word_for(error))

    async def listen(self, call: HttpCall, sink: Sink, *, timeout: float) -> HttpAnswer:  # noqa: ASYNC109
        """Make a call whose answer goes into `sink` as it comes, for at most `timeout` seconds.

        For answers that end when somebody hangs up: cancel to do so. What has another status than 200 is an answer.
        """
        deadline = self._loop.time() + timeout
        try:
            return await self._follow(call, deadline, 0, sys.maxsize, sink)
        except (Forbidden, OSError, ValueError) as error:
            return HttpAnswer(0, error=word_for(error))

    async def close(self) -> None:
        """Close all connections; calls under way end with an error."""
        await self._pool.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _follow(
        self, call: HttpCall, deadline: float, redirects: int, limit: int, sink: Sink | None
    ) -> HttpAnswer:
        left = redirects
        while True:
            answer = await self._exchange(call, deadline, limit, sink)
            if redirects == 0 or answer.status not in REDIRECTS:
                return answer
            location = next((value for name, value in answer.headers if name.lower() == "location"), "")
            if not location:
                return answer
            if left == 0:
                return HttpAnswer(0, error="too many redirects")
            left -= 1
            call = redirected(call, answer.status, location)

    async def _exchange(self, call: HttpCall, deadline: float, limit: int, sink: Sink | None) -> HttpAnswer:
        """Ask once; once more when a kept connection turns out to be closed and asking twice does no harm."""
        target = self._guard.check_url(call.url)
        request = write_request(call, target, self._agent)
        repeatable = call.method in REPEATABLE
        # What may not be repeated goes only where the server has not yet hung up (rfc 9112 9.3.1).
        link = self._pool.kept(target.origin, surely=not repeatable)
        if link is None:
            link = await self._open(target, deadline)
        used = link.used
        answer = await self._ask(link, call, request, deadline, limit, sink)
        if answer.error != "disconnected" or link.heard or not used or not repeatable:
            return answer
        link = await self._open(target, deadline, new=True)
        return await self._ask(link, call, request, deadline, limit, sink)

    async def _open(self, target: Target, deadline: float, *, new: bool = False) -> Link:
        async with asyncio.timeout_at(deadline):
            return await self._pool.take(target, new=new)

    async def _ask(
        self, link: Link, call: HttpCall, request: bytes, deadline: float, limit: int, sink: Sink | None
    ) -> HttpAnswer:
        try:
            return await link.ask(request, deadline, limit, sink, call.method == "HEAD")
        except asyncio.CancelledError:  # the answer would be taken for that of the next question
            link.end()
            raise


def write_request(call: HttpCall, target: Target, agent: str) -> bytes:
    """Write a whole request; ValueError when a part of it could break out of its line.

    Octets of the URL beyond ASCII leave percent-encoded (rfc 3987 3.1).
    """
    rest = target.rest
    if not rest.isascii():
        rest = NOT_ASCII.sub(_escaped, rest)
    lines, given = [f"{_token(call.method)} {rest} HTTP/1.1\r\n"], set()
    for name, value in call.headers:
        given.add(_own_name(name))
        if UNSAFE_VALUE.search(value):
            raise ValueError(f"header {name} holds control characters")
        lines.append(f"{name}: {value}\r\n")
    if "host" not in given:
        lines.insert(1, f"Host: {host_of(target)}\r\n")
    if "user-agent" not in given:
        lines.append(f"User-Agent: {agent}\r\n")
    if call.body or call.method in WITH_BODY:
        lines.append(f"Content-Length: {len(call.body)}\r\n")
    lines.append("\r\n")
    return "".join(lines).encode() + call.body


def host_of(target: Target) -> str:
    """Write the Host header (rfc 9110 7.2): the port only when it is not the scheme's own."""
    host = f"[{target.host}]" if ":" in target.host else target.host
    return host if target.port == DEFAULT_PORTS[target.scheme] else f"{host}:{target.port}"


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
    if isinstance(error, socket.gaierror):
        return "dns"
    if isinstance(error, ssl.SSLError):
        return "tls"
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return "disconnected"
    return str(error) or type(error).__name__


@lru_cache(maxsize=1024)
def _own_name(name: str) -> str:
    lowered = _token(name).lower()
    if lowered in OURS:
        raise ValueError(f"header {name} is not for callers to write")
    return lowered


@lru_cache(maxsize=1024)
def _token(text: str) -> str:
    if not TOKEN.fullmatch(text):
        raise ValueError(f"{text!r} is not a name")
    return text


def _escaped(found: re.Match[str]) -> str:
    return "".join(f"%{octet:02X}" for octet in found[0].encode())
