"""The client's connections: malformed answers, kept and stale connections, limits, and what is never sent."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depesza.net.guard import Guard, read_url
from depesza.net.http_client import ClientLimits, HttpClient, write_request
from depesza.net.tls import client_context, server_context
from depesza.wire.http import HttpAnswer, HttpCall

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"

Script = Callable[[int, int], bytes | None]
"""From the number of a connection and of a request on it to the octets of the answer; None closes."""


class Server:
    """A server that plays a script and counts."""

    def __init__(self, script: Script, then_close: bool = False, pieces: int = 0) -> None:
        self.script = script
        self.then_close = then_close
        self.pieces = pieces
        self.port = 0
        self.requests: list[bytes] = []
        self.asked = asyncio.Event()
        self.connections = 0
        self.open = 0
        self.most_open = 0
        self.writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        self.most_open = max(self.open, self.most_open)
        self.writers.append(writer)
        number, asked = self.connections, 0
        try:
            while True:
                request = await reader.readuntil(b"\r\n\r\n")
                asked += 1
                self.requests.append(request)
                self.asked.set()
                answer = self.script(number, asked)
                if answer is None:
                    break
                await self.write(writer, answer)
                if self.then_close:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        self.open -= 1
        writer.close()

    async def write(self, writer: asyncio.StreamWriter, answer: bytes) -> None:
        step = self.pieces or len(answer) or 1
        for start in range(0, len(answer), step):
            writer.write(answer[start : start + step])
            await writer.drain()
            if self.pieces:
                await asyncio.sleep(0)

    async def heard(self, requests: int) -> None:
        while len(self.requests) < requests:
            self.asked.clear()
            await asyncio.wait_for(self.asked.wait(), 5)

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@asynccontextmanager
async def serving(
    script: Script | bytes = OK, tls: ssl.SSLContext | None = None, then_close: bool = False, pieces: int = 0
) -> AsyncIterator[Server]:
    played = (lambda connection, asked: script) if isinstance(script, bytes) else script
    found = Server(played, then_close, pieces)
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0, ssl=tls)
    found.port = server.sockets[0].getsockname()[1]
    yield found
    server.close()


def client(**limits: float) -> HttpClient:
    return HttpClient(Guard(allowed_networks=["127.0.0.0/8"]), limits=ClientLimits(**limits))  # type: ignore[arg-type]


async def ask(answer: bytes, method: str = "GET", then_close: bool = False, **limits: float) -> HttpAnswer:
    async with serving(answer, then_close=then_close) as there, client(**limits) as caller:
        return await caller.call(HttpCall(method, there.url()), timeout=2)


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

ANSWERS = [
    (b"HTTP/1.1 200 OK\r\n\r\nto the end", (200, b"to the end", "")),  # rfc 9112 6.3
    (b"HTTP/1.0 200 OK\r\nServer: x\r\n\r\nold", (200, b"old", "")),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", (0, b"", "disconnected")),
    (CHUNKED + b"2\r\nab\r\n", (0, b"", "disconnected")),
    (CHUNKED + b"2\r\nab\r\n0\r\nX: y\r\n\r\n", (200, b"ab", "")),
    (b"HTTP/1.1 200 OK\r\nConten", (0, b"", "disconnected")),
    (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nX: y\r\n\r\n" + OK, (200, b"OK", "")),
    (b"HTTP/1.1 100 Continue\r\n\r\n", (0, b"", "disconnected")),
    (b"HTTP/1.1 204 None\r\n\r\n", (204, b"", "")),
    (b"HTTP/1.1 304 Same\r\nContent-Length: 9\r\n\r\n", (304, b"", "")),
    (b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nOK", (200, b"OK", "")),
    (b"HTTP/1.1 200 OK\r\nConnection: Upgrade\r\nUpgrade: h2\r\nContent-Length: 2\r\n\r\nOK", (200, b"OK", "")),
]


@pytest.mark.parametrize(("octets", "expected"), ANSWERS)
@pytest.mark.parametrize("pieces", [0, 1])
async def test_where_an_answer_ends(octets: bytes, expected: tuple[int, bytes, str], pieces: int) -> None:
    async with serving(octets, then_close=True, pieces=pieces) as there, client() as caller:
        answer = await caller.call(HttpCall("GET", there.url()), timeout=5)
    assert (answer.status, answer.body, answer.error) == expected
    assert "X" not in dict(answer.headers)  # neither of interim answers nor of trailers


MALFORMED = [
    b"220 smtp.example ESMTP\r\n",
    b"HTTP/1.1 99 Low\r\n\r\n",
    b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nOK",
    b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX: a\0\r\n\r\n",
    b"HTTP/1.1 200 OK\n\n",
    CHUNKED + b"-2\r\nab\r\n",
    b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
    b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000,
    CHUNKED + b"1\r\nx\r\n0\r\nX: " + b"y" * 900_000,
    CHUNKED + b"1;" + b"y" * 100_000,
]


@pytest.mark.parametrize("octets", MALFORMED, ids=lambda octets: repr(octets[:40]))
async def test_a_malformed_answer_is_none(octets: bytes) -> None:
    answer = await ask(octets)
    assert (answer.status, answer.body) == (0, b"")
    assert answer.error.startswith("malformed answer: ")


PIECES = [
    b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 200 OK\r\n", b"HTTP/1.1 100 Go\r\n", b"HTTP/1.1 101 X\r\n",
    b"HTTP/1.1 204 X\r\n", b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n",
    b"Upgrade: h2c\r\n", b"Location: http://[\r\n", b"\r\n", b"abc", b"3\r\nabc\r\n", b"0\r\n\r\n",
    b"\0", b"\xff", b"\n", b"HTTP/1.1 302 X\r\n",
]  # fmt: skip


@given(
    pieces=st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=6)), max_size=10),
    cut=st.integers(0, 7),
)
@settings(max_examples=80, deadline=None)
def test_whatever_a_server_sends_a_call_gets_an_answer(pieces: list[bytes], cut: int) -> None:
    troubles: list[dict[str, object]] = []

    async def run() -> tuple[HttpAnswer, HttpAnswer]:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: troubles.append(context))
        async with serving(b"".join(pieces), then_close=True, pieces=cut) as there, client() as caller:
            call = HttpCall("GET", there.url())
            first = await caller.call(call, timeout=2, redirects=1)
            return first, await caller.fetch(there.url(), lambda piece: None, limit=2, timeout=2)

    for answer in asyncio.run(run()):
        assert answer.status >= 200 or (answer.status == 0 and answer.error)
    assert troubles == []


async def test_a_head_answer_has_no_body() -> None:
    answer = await ask(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", "HEAD")
    assert (answer.status, answer.body, answer.error) == (200, b"", "")
    assert answer.headers == (("Content-Length", "500"),)


async def test_a_body_of_single_octets_takes_no_quadratic_time() -> None:
    octets = CHUNKED + b"1\r\nx\r\n" * 300_000 + b"0\r\n\r\n"
    loop = asyncio.get_running_loop()
    started = loop.time()
    assert (await ask(octets)).body == b"x" * 300_000
    assert loop.time() - started < 5


async def test_a_server_that_drips_is_a_timeout() -> None:
    async with serving(OK) as there, client() as caller:
        loop = asyncio.get_running_loop()

        async def drip(writer: asyncio.StreamWriter, answer: bytes) -> None:
            for octet in b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1000:
                writer.write(bytes((octet,)))
                await asyncio.sleep(0.02)

        there.write = drip  # type: ignore[method-assign]
        started = loop.time()
        answer = await caller.call(HttpCall("GET", there.url()), timeout=0.15)
        assert (answer.status, answer.error) == (0, "timeout")
        assert 0.1 < loop.time() - started < 1


async def test_each_call_on_a_kept_connection_has_its_own_time() -> None:
    async with serving(lambda number, asked: OK if asked < 3 else b"") as there, client() as caller:
        loop = asyncio.get_running_loop()
        for timeout in (30, 0.3):
            assert (await caller.call(HttpCall("GET", there.url()), timeout=timeout)).status == 200
        await asyncio.sleep(0.2)
        started = loop.time()
        assert (await caller.call(HttpCall("GET", there.url()), timeout=0.3)).error == "timeout"
        assert 0.25 < loop.time() - started < 1
    assert there.connections == 1


# Kept connections


async def test_calls_in_a_row_share_a_connection() -> None:
    async with serving() as there, client() as caller:
        for method in ("GET", "POST", "PUT") * 5:
            assert (await caller.call(HttpCall(method, there.url()))).status == 200
    assert (there.connections, len(there.requests)) == (1, 15)


@pytest.mark.parametrize(
    "octets",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nOK",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nOK",
        OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",  # an answer to a question not yet asked
        OK + b"trash",
    ],
)
async def test_a_connection_of_doubtful_state_is_not_used_again(octets: bytes) -> None:
    async with serving(octets) as there, client() as caller:
        for _ in range(3):
            answer = await caller.call(HttpCall("POST", there.url()))
            assert (answer.status, answer.body) == (200, b"OK")
    assert there.connections == 3


async def test_what_comes_unasked_ends_a_kept_connection() -> None:
    async with serving() as there, client() as caller:
        call = HttpCall("POST", there.url())
        await caller.call(call)
        there.writers[0].write(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
        await asyncio.sleep(0.05)
        assert (await caller.call(call)).status == 200
    assert there.connections == 2


async def test_a_connection_that_the_server_closed_is_not_used_again() -> None:
    async with serving() as there, client() as caller:
        call = HttpCall("POST", there.url())
        await caller.call(call)
        there.writers[0].close()
        await asyncio.sleep(0.05)
        assert (await caller.call(call)).status == 200
    assert there.connections == 2


STALE = [
    ("GET", None, 200, 3),  # closed without an octet: asked once more, on a new connection
    ("PUT", None, 200, 3),
    ("POST", None, 0, 2),  # the server may have done it: whoever calls decides
    ("GET", b"HTTP/1.1 2", 0, 2),  # it had begun to answer
]


@pytest.mark.parametrize(("method", "second", "status", "asked"), STALE)
async def test_a_kept_connection_that_dies_is_tried_once_more_where_that_is_safe(
    method: str, second: bytes | None, status: int, asked: int
) -> None:
    def script(connection: int, request: int) -> bytes | None:
        return OK if request == 1 else second

    async with serving(script) as there, client() as caller:
        call = HttpCall(method, there.url())
        assert (await caller.call(call)).status == 200
        asking = asyncio.create_task(caller.call(call, timeout=5))
        await there.heard(2)
        if second is not None:
            await asyncio.sleep(0.02)
            there.writers[0].close()
        answer = await asking
    assert (answer.status, len(there.requests)) == (status, asked)
    assert answer.error == ("" if status else "disconnected")


async def test_a_new_connection_that_dies_is_not_tried_again() -> None:
    async with serving(lambda connection, request: None) as there, client() as caller:
        assert (await caller.call(HttpCall("GET", there.url()))).error == "disconnected"
    assert len(there.requests) == 1


async def test_before_a_post_the_system_is_asked_whether_the_server_has_closed() -> None:
    async with serving() as there, client() as caller:
        call = HttpCall("POST", there.url())
        await caller.call(call)
        link = caller._pool.kept(("http", "127.0.0.1", there.port), surely=True)
        assert link is not None
        assert not link.stale()
        link.idle_since -= 2
        caller._pool._hosts["http", "127.0.0.1", there.port].idle.append(link)
        there.writers[0].close()
        await asyncio.sleep(0)
        while not link.stale():  # the kernel knows before our loop does
            pass
        assert caller._pool.kept(("http", "127.0.0.1", there.port), surely=True) is None


async def test_idle_connections_expire() -> None:
    async with serving() as there, client(keep_alive=0.1) as caller:
        await caller.call(HttpCall("GET", there.url()))
        assert there.open == 1
        for _ in range(40):
            await asyncio.sleep(0.02)
            if there.open == 0:
                break
        assert there.open == 0
        assert caller._pool._hosts == {}
        await caller.call(HttpCall("GET", there.url()))
    assert there.connections == 2


async def test_a_call_that_is_given_up_leaves_no_answer_behind() -> None:
    async with serving(lambda number, asked: b"" if number == 1 else OK) as there, client(per_host=1) as caller:
        call = HttpCall("GET", there.url())
        task = asyncio.create_task(caller.call(call))
        await there.heard(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await caller.call(call, timeout=2)).body == b"OK"
    assert there.connections == 2


# Limits


async def test_waiting_for_room_counts_towards_the_time() -> None:
    async with serving(b"") as there, client(per_host=1) as caller:
        call = HttpCall("GET", there.url())
        loop = asyncio.get_running_loop()
        long = asyncio.create_task(caller.call(call, timeout=0.6))
        await asyncio.sleep(0.02)
        started = loop.time()
        answer = await caller.call(call, timeout=0.1)
        assert (answer.status, answer.error) == (0, "timeout")
        assert loop.time() - started < 0.5
        assert (await long).error == "timeout"
    assert len(there.requests) == 1


async def test_calls_past_the_limit_of_a_host_take_turns() -> None:
    async with serving(pieces=5) as there, client(per_host=2) as caller:
        answers = await asyncio.gather(*[caller.call(HttpCall("POST", there.url())) for _ in range(40)])
        assert {answer.status for answer in answers} == {200}
        assert there.connections == 2


@pytest.mark.parametrize("close", [True, False])
async def test_hosts_share_the_total(close: bool) -> None:
    octets = OK.replace(b"\r\nC", b"\r\nConnection: close\r\nC") if close else OK
    async with (
        serving(octets) as one,
        serving(octets) as two,
        serving(octets) as three,
        client(connections=2) as caller,
    ):
        calls = [HttpCall("GET", there.url()) for there in (one, two, three) * 10]
        answers = await asyncio.gather(*[caller.call(call, timeout=5) for call in calls])
        assert {answer.status for answer in answers} == {200}
        assert caller._pool._open <= 2
        await asyncio.sleep(0.05)
        assert one.open + two.open + three.open <= 2


async def test_a_host_that_refuses_gives_its_room_back() -> None:
    async with serving() as there, client(per_host=1, connections=1) as caller:
        port = there.port
        dead = HttpCall("GET", "http://127.0.0.9:1/")
        for _ in range(3):
            assert (await caller.call(dead)).error == "refused"
            assert (await caller.call(HttpCall("GET", f"http://127.0.0.1:{port}/"))).status == 200


async def test_closing_ends_those_who_wait_too() -> None:
    async with serving(b"") as there:
        caller = client(per_host=1)
        tasks = [asyncio.create_task(caller.call(HttpCall("GET", there.url()))) for _ in range(3)]
        await there.heard(1)
        await caller.close()
        assert [(await task).error for task in tasks] == ["the client is closed"] * 3


# Addresses and TLS


async def test_many_calls_to_a_new_host_ask_for_its_address_once() -> None:
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        await asyncio.sleep(0.01)
        return ["127.0.0.1"]

    guard = Guard(allowed_networks=["127.0.0.0/8"], resolve=resolve)
    async with serving() as there, HttpClient(guard) as caller:
        call = HttpCall("GET", f"http://hooks.example:{there.port}/")
        answers = await asyncio.gather(*[caller.call(call) for _ in range(10)])
    assert {answer.status for answer in answers} == {200}
    assert asked == ["hooks.example"]


async def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.2", "127.0.0.1"] if host == "hooks.example" else []

    guard = Guard(allowed_networks=["127.0.0.0/8"], resolve=resolve)
    async with serving() as there, HttpClient(guard) as caller:
        assert (await caller.call(HttpCall("GET", f"http://hooks.example:{there.port}/"))).status == 200
        assert (await caller.call(HttpCall("GET", f"http://other.example:{there.port}/"))).error == "dns"


async def test_tls_judges_the_name_and_tells_it(authority: Path) -> None:
    context = server_context(str(authority / "server.pem"), str(authority / "server.key"))
    names: list[str | None] = []
    context.sni_callback = lambda sock, name, ctx: names.append(name)

    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    guard = Guard(allowed_networks=["127.0.0.0/8"], resolve=resolve)
    async with (
        serving(tls=context) as there,
        HttpClient(guard, tls=client_context(ca_file=str(authority / "ca.pem"))) as caller,
    ):
        errors = [
            (await caller.call(HttpCall("POST", f"https://{host}:{there.port}/"), timeout=5)).error
            for host in ("localhost", "localhost", "other.example", "127.0.0.1")
        ]
    assert errors == ["", "", "tls", "tls"]
    assert names == ["localhost", "other.example", None]
    assert len(there.requests) == 2


async def test_plain_http_behind_an_https_url_is_no_answer() -> None:
    async with serving() as there, client() as caller:
        answer = await caller.call(HttpCall("GET", there.url().replace("http", "https")), timeout=2)
    assert answer.status == 0
    assert answer.error


# Requests


def written(call: HttpCall) -> bytes:
    return write_request(call, read_url(call.url), "depesza")


HEADS = [
    (HttpCall("GET", "http://a.example"), b"GET / HTTP/1.1\r\nHost: a.example\r\nUser-Agent: depesza\r\n\r\n"),
    (
        HttpCall("POST", "https://a.example:443/x?y#z", (("user-agent", "me"), ("Host", "b"))),
        b"POST /x?y HTTP/1.1\r\nuser-agent: me\r\nHost: b\r\nContent-Length: 0\r\n\r\n",
    ),
    (
        HttpCall("GET", "http://[2001:db8::1]:81/п?\u20ac", (), b"x"),
        b"GET /%D0%BF?%E2%82%AC HTTP/1.1\r\nHost: [2001:db8::1]:81\r\n"
        b"User-Agent: depesza\r\nContent-Length: 1\r\n\r\nx",
    ),
    (
        HttpCall("GET", "http://a.example/", (("X-Name", "Zoë"),)),
        "GET / HTTP/1.1\r\nHost: a.example\r\nX-Name: Zoë\r\nUser-Agent: depesza\r\n\r\n".encode(),
    ),
]


@pytest.mark.parametrize(("call", "octets"), HEADS)
def test_a_request_is_written(call: HttpCall, octets: bytes) -> None:
    assert written(call) == octets


SMUGGLED = [
    HttpCall("GET / HTTP/1.1\r\nX: y\r\n\r\nGET", "http://a.example/"),
    HttpCall("", "http://a.example/"),
    HttpCall("GET", "http://a.example/", (("Content-Length", "0"),)),
    HttpCall("POST", "http://a.example/", (("transfer-encoding", "chunked"),), b"0\r\n\r\n"),
    HttpCall("GET", "http://a.example/", (("Connection", "upgrade"),)),
    HttpCall("GET", "http://a.example/", (("X", "1\r\nY: 2"),)),
    HttpCall("GET", "http://a.example/", (("X", "1\nY: 2"),)),
    HttpCall("GET", "http://a.example/", (("X", "1\0"),)),
    HttpCall("GET", "http://a.example/", (("X: 1\r\nY", "2"),)),
    HttpCall("GET", "http://a.example/", (("X y", "2"),)),
    HttpCall("GET", "http://a.example/", (("", "2"),)),
    HttpCall("GET", "http://a.example/\ud800"),
]


@pytest.mark.parametrize("call", SMUGGLED)
async def test_nothing_is_smuggled_into_a_request(call: HttpCall) -> None:
    with pytest.raises(ValueError):
        written(call)

    async def nowhere(host: str, port: int) -> list[str]:
        raise AssertionError

    async with HttpClient(Guard(resolve=nowhere)) as caller:
        answer = await caller.call(call)
    assert answer.status == 0
    assert answer.error


async def test_a_sink_that_fails_is_an_error_of_the_download() -> None:
    def full(piece: bytes) -> None:
        raise OSError("no space left")

    async with serving() as there, client() as caller:
        answer = await caller.fetch(there.url(), full, limit=100)
        assert (answer.status, answer.error) == (0, "no space left")
        assert (await caller.call(HttpCall("GET", there.url()))).status == 200


async def test_downloads_and_calls_share_connections() -> None:
    pieces: list[bytes] = []
    async with serving() as there, client() as caller:
        for _ in range(3):
            assert (await caller.fetch(there.url(), pieces.append, limit=2)).status == 200
            assert (await caller.call(HttpCall("GET", there.url()))).body == b"OK"
    assert (b"".join(pieces), there.connections) == (b"OKOKOK", 1)
