"""The load generator: signed jobs or forms over kept connections, written before the clock runs.

spec: ovh/1.3, ovh/4.2, ovh/5.1

Closed loop: each connection sends its next request when the last one is answered. Open loop: requests leave at a
fixed rate whatever the answers do; a request that finds no free connection waits, and its wait counts.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha1
from typing import Protocol
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from bench.tally import BenchError, Tally

TEXT = "Your parcel arrives tomorrow between nine and eleven."


class Keys(Struct, frozen=True):
    """What a client signs with."""

    application: str
    secret: str
    consumer: str


class Request(Struct, frozen=True, gc=False):
    """One job, ready to be written."""

    octets: bytes
    receivers: int
    first: int
    """The first receiver's number."""


Reader = Callable[[Request, bytes, bytes], Sequence[int]]
"""Gives the messages' ids from a request, the status and the body of its answer; none when it was refused."""


class _Report(Struct):
    """The part of an answer that is checked."""

    ids: list[int] = []
    SmsIds: list[int] = []
    """The same from http2sms, where they are texts."""
    cnt: int = 0
    """Messages of SMSC's answer, which has one id for all: each is known by its number, in callbacks too."""


_read = msgspec.json.Decoder(_Report, strict=False).decode


def read_report(request: Request, status: bytes, body: bytes) -> Sequence[int]:
    """Read the answer to a job, a form or a list."""
    try:
        report = _read(body)
    except msgspec.DecodeError:
        return ()
    if status != b"200":
        return ()
    return report.ids or report.SmsIds or range(request.first, request.first + report.cnt)


class Writer(Protocol):
    """Writes the requests of one API."""

    def jobs(self, first: int, count: int, size: int, sender: str) -> list[Request]:
        """Write what reaches `count` receivers from the number `first` on, `size` of them in each request."""
        ...


class Signer:
    """Writes requests as the vendor's Python client does."""

    def __init__(self, port: int, service: str, keys: Keys) -> None:
        target = f"/1.0/sms/{service}/jobs"
        self._begin = (
            f"POST {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: depesza-bench\r\n"
            "Accept-Encoding: gzip, deflate\r\nAccept: */*\r\nConnection: keep-alive\r\n"
            f"Content-type: application/json\r\nX-Ovh-Application: {keys.application}\r\n"
            f"X-Ovh-Consumer: {keys.consumer}\r\n"
        ).encode()
        self._signed = f"{keys.secret}+{keys.consumer}+POST+http://127.0.0.1:{port}{target}+".encode()

    def job(self, first: int, count: int, sender: str) -> Request:
        """Write one job to `count` receivers from the number `first` on."""
        body = msgspec.json.encode(
            {
                "message": TEXT,
                "noStopClause": True,
                "receivers": [f"+{number}" for number in range(first, first + count)],
                "sender": sender,
            }
        )
        stamp = str(int(time.time())).encode()
        signature = sha1(b"%b%b+%b" % (self._signed, body, stamp)).hexdigest()
        head = f"X-Ovh-Timestamp: {stamp.decode()}\r\nX-Ovh-Signature: $1${signature}\r\nContent-Length: {len(body)}"
        return Request(b"%b%b\r\n\r\n%b" % (self._begin, head.encode(), body), count, first)

    def jobs(self, first: int, count: int, size: int, sender: str) -> list[Request]:
        """Write the jobs for `count` receivers, `size` in each."""
        return [self.job(first + start, min(size, count - start), sender) for start in range(0, count, size)]


class Poster:
    """Writes forms for http2sms, as curl does."""

    def __init__(self, port: int, service: str, login: str, password: str) -> None:
        self._begin = (
            f"POST /cgi-bin/sms/http2sms.cgi HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: depesza-bench\r\n"
            "Accept: */*\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: "
        ).encode()
        self._who = {"account": service, "login": login, "password": password, "contentType": "application/json"}

    def jobs(self, first: int, count: int, size: int, sender: str) -> list[Request]:
        """Write the forms for `count` receivers, `size` in each."""
        found = []
        for start in range(0, count, size):
            numbers = [f"00{first + place}" for place in range(start, min(start + size, count))]
            fields = {"from": sender, "to": ",".join(numbers), "message": TEXT, "noStop": "1"}
            body = urlencode(self._who | fields).encode()
            found.append(Request(b"%b%d\r\n\r\n%b" % (self._begin, len(body), body), len(numbers), first + start))
        return found


class Caller:
    """Calls SMSC's send.php as the vendor's samples do: one text by GET, a list by POST."""

    def __init__(self, port: int, login: str, password: str) -> None:
        self._host = f"HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: depesza-bench\r\nAccept: */*\r\n".encode()
        self._who = {"login": login, "psw": password, "fmt": "3"}

    def jobs(self, first: int, count: int, size: int, sender: str) -> list[Request]:
        """Write the calls for `count` receivers, `size` in each."""
        write = self._text if size == 1 else self._list
        return [write(first + start, min(size, count - start), sender) for start in range(0, count, size)]

    def _text(self, first: int, _: int, sender: str) -> Request:
        query = urlencode({**self._who, "phones": first, "mes": TEXT, "id": 0, "sender": sender}).encode()
        return Request(b"GET /sys/send.php?%b %b\r\n" % (query, self._host), 1, first)

    def _list(self, first: int, count: int, sender: str) -> Request:
        lines = "\n".join([f"{number}:{TEXT}" for number in range(first, first + count)])
        body = urlencode({**self._who, "list": lines, "id": 0, "sender": sender}).encode()
        head = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d" % len(body)
        return Request(b"POST /sys/send.php %b%b\r\n\r\n%b" % (self._host, head, body), count, first)


class Connection(asyncio.Protocol):
    """One kept connection with at most one request under way."""

    def __init__(self, load: "Load") -> None:
        self._load = load
        self._rest = b""
        self.under_way: Request | None = None
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport

    def send(self, request: Request) -> None:
        """Write a request."""
        self.under_way = request
        self.transport.write(request.octets)

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        end = data.find(b"\r\n\r\n") + 4
        if end < 4 or len(data) < end + _length(data[:end]):
            self._rest = data
            return
        self._rest = b""
        self._load.answered(self, data[9:12], data[end:])

    def connection_lost(self, exc: Exception | None) -> None:
        if self.under_way is not None:
            self._load.fail(BenchError(f"a connection was lost while it waited for an answer: {exc}"))


def _length(head: bytes) -> int:
    """Read the length of a body."""
    start = head.lower().index(b"content-length:") + 15
    return int(head[start : head.index(b"\r\n", start)])


class Load:
    """Connections to one server, and the run that is on."""

    def __init__(self, port: int, read: Reader = read_report) -> None:
        self._port = port
        self._read = read
        self._connections: list[Connection] = []
        self._free: deque[Connection] = deque()
        self._work: Iterator[Request] = iter(())
        self._waiting: deque[Request] = deque()
        self._open = 0
        self._tally: Tally
        self._loop = asyncio.get_running_loop()
        self._done: asyncio.Future[None]

    async def connect(self, count: int) -> None:
        """Have this many connections."""
        while len(self._connections) < count:
            _, made = await self._loop.create_connection(lambda: Connection(self), "127.0.0.1", self._port)
            self._connections.append(made)

    def close(self) -> None:
        """Close all connections."""
        for connection in self._connections:
            connection.under_way = None
            connection.transport.close()
        self._connections.clear()

    async def closed_loop(self, requests: Sequence[Request], connections: int, tally: Tally) -> None:
        """Send all requests, each connection one after the other; returns with the last answer."""
        await self.connect(connections)
        self._begin(tally, len(requests))
        self._work = iter(requests)
        for connection in self._connections[:connections]:
            self._next(connection)
        await self._done

    async def open_loop(self, requests: Sequence[Request], rate: float, connections: int, tally: Tally) -> list[float]:
        """Send `rate` requests a second; gives the times at which they were to be written."""
        await self.connect(connections)
        self._begin(tally, len(requests))
        self._free = deque(self._connections[:connections])
        times: list[float] = []
        start = time.perf_counter()
        for number, request in enumerate(requests):
            wait = start + number / rate - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            times.append(time.perf_counter())
            if self._free:
                self._free.popleft().send(request)
            else:
                self._waiting.append(request)
        await self._done
        return times

    def _begin(self, tally: Tally, requests: int) -> None:
        self._tally = tally
        self._open = requests
        self._free.clear()
        self._waiting.clear()
        self._work = iter(())
        self._done = self._loop.create_future()

    def answered(self, connection: Connection, status: bytes, body: bytes) -> None:
        """Check an answer, and let the connection go on."""
        request, connection.under_way = connection.under_way, None
        ids = self._read(request, status, body) if request is not None else ()
        if request is None or len(ids) != request.receivers:
            self.fail(BenchError(f"answer {status.decode()} to {request}: {body[:300]!r}"))
            return
        self._tally.ids += ids
        self._open -= 1
        if self._open == 0 and not self._done.done():
            self._tally.last = time.perf_counter()
            self._done.set_result(None)
        self._next(connection)

    def _next(self, connection: Connection) -> None:
        request = self._waiting.popleft() if self._waiting else next(self._work, None)
        if request is None:
            self._free.append(connection)
        else:
            connection.send(request)

    def fail(self, error: BenchError) -> None:
        """End the run."""
        if not self._done.done():
            self._done.set_exception(error)
