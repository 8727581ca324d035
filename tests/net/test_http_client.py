"""The HTTP client against servers on the loopback that answer what a test tells them."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from depesza.net.guard import Guard
from depesza.net.http_client import ClientLimits, HttpClient, redirected
from depesza.net.tls import client_context, server_context
from depesza.wire.http import HttpCall

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"


class Peer:
    """A server that answers each request by a function of its octets, and remembers them."""

    def __init__(self, answer: Callable[[bytes], bytes | None]) -> None:
        self.answer = answer
        self.requests: list[bytes] = []
        self.asked = asyncio.Event()
        self.connections = 0
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                request = await reader.readuntil(b"\r\n\r\n")
                for line in request.lower().split(b"\r\n"):
                    if line.startswith(b"content-length: "):
                        request += await reader.readexactly(int(line[16:]))
                self.requests.append(request)
                self.asked.set()
                reply = self.answer(request)
                if reply is None:
                    break
                writer.write(reply)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@asynccontextmanager
async def peer(
    answer: Callable[[bytes], bytes | None] = lambda request: OK, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Peer]:
    found = Peer(answer)
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0, ssl=tls)
    found.port = server.sockets[0].getsockname()[1]
    yield found
    server.close()


def open_guard() -> Guard:
    return Guard(allowed_networks=["127.0.0.0/8"])


def moved(status: int, location: str) -> bytes:
    return f"HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


async def test_a_call_is_written_as_given_and_its_answer_read() -> None:
    call = HttpCall("POST", "", (("Content-Type", "application/json"), ("x-A", "1")), b'{"a": 1}')
    async with peer() as there, HttpClient(open_guard(), user_agent="depesza/9") as client:
        answer = await client.call(HttpCall(call.method, there.url("/hook"), call.headers, call.body))
    assert (answer.status, answer.body, answer.error) == (200, b"OK", "")
    assert answer.headers == (("Content-Length", "2"),)
    head, _, body = there.requests[0].partition(b"\r\n\r\n")
    assert body == b'{"a": 1}'
    assert sorted(head.decode().split("\r\n")) == sorted(
        [
            "POST /hook HTTP/1.1",
            f"Host: 127.0.0.1:{there.port}",
            "User-Agent: depesza/9",
            "Content-Type: application/json",
            "x-A: 1",
            "Content-Length: 8",
        ]
    )


@pytest.mark.parametrize(
    "path",
    ["/a%2Fb//c/", "/x?a=%2B1+2&b=%zz&c=/?d", "/%D0%BF%d1%83", "/a/../b", "/a?b=[1]&c='\"<>", "/;p=1?~!*()"],
)
async def test_a_url_leaves_exactly_as_given(path: str) -> None:
    async with peer() as there, HttpClient(open_guard()) as client:
        await client.call(HttpCall("GET", there.url(path)))
    assert there.requests[0].split(b" ")[1].decode() == path


async def test_connections_are_used_again_up_to_the_limit_of_a_host() -> None:
    async with peer() as there, HttpClient(open_guard(), limits=ClientLimits(per_host=3)) as client:
        answers = await asyncio.gather(*[client.call(HttpCall("GET", there.url())) for _ in range(30)])
    assert {answer.status for answer in answers} == {200}
    assert there.connections == 3


async def test_nothing_is_remembered_between_calls() -> None:
    cookie = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 0\r\n\r\n"
    async with peer(lambda request: cookie) as there, HttpClient(open_guard()) as client:
        for _ in range(2):
            assert (await client.call(HttpCall("GET", there.url()))).status == 200
    assert b"cookie" not in there.requests[1].lower()


async def test_a_compressed_answer_stays_compressed() -> None:
    bomb = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08"
    async with peer(lambda request: bomb) as there, HttpClient(open_guard()) as client:
        answer = await client.call(HttpCall("GET", there.url()))
    assert (answer.body, answer.error) == (b"\x1f\x8b\x08", "")
    assert b"accept-encoding" not in there.requests[0].lower()


@pytest.mark.parametrize("status", [201, 204, 301, 404, 410, 429, 500])
async def test_every_status_is_an_answer(status: int) -> None:
    reply = b"HTTP/1.1 %d X\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n" % status
    async with peer(lambda request: reply) as there, HttpClient(open_guard()) as client:
        answer = await client.call(HttpCall("POST", there.url()))
    assert (answer.status, answer.error, len(there.requests)) == (status, "", 1)


@pytest.mark.parametrize("chunked", [True, False])
async def test_a_body_beyond_the_limit_is_cut(chunked: bool) -> None:
    plain = b"HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n" + b"x" * 500_000
    pieces = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + (b"4000\r\n" + b"x" * 0x4000 + b"\r\n") * 30
    reply = pieces if chunked else plain
    limits = ClientLimits(body=1000)
    async with peer(lambda request: reply) as there, HttpClient(open_guard(), limits=limits) as client:
        answer = await client.call(HttpCall("GET", there.url()))
    assert (answer.status, answer.body, answer.error) == (200, b"x" * 1000, "answer too large")


async def test_a_body_in_pieces_is_whole() -> None:
    reply = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"3\r\nabc\r\n" * 5000 + b"0\r\n\r\n"
    async with peer(lambda request: reply) as there, HttpClient(open_guard()) as client:
        assert (await client.call(HttpCall("GET", there.url()))).body == b"abc" * 5000


async def test_trouble_on_the_network_has_a_word() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        async with peer(lambda request: None) as rude, HttpClient(open_guard()) as client:
            words = {
                f"http://127.0.0.1:{free.getsockname()[1]}/": "refused",
                "http://nowhere.invalid/": "dns",
                rude.url(): "disconnected",
            }
            for url, word in words.items():
                answer = await client.call(HttpCall("POST", url, (), b"x"), timeout=5.0)
                assert (answer.status, answer.error) == (0, word)


async def test_a_peer_that_does_not_answer_is_a_timeout() -> None:
    async with peer(lambda request: b"") as there, HttpClient(open_guard()) as client:
        answer = await client.call(HttpCall("GET", there.url()), timeout=0.05)
    assert (answer.status, answer.error) == (0, "timeout")


async def test_a_peer_that_speaks_something_else_is_no_answer() -> None:
    async with (
        peer(lambda request: b"220 smtp.example ESMTP\r\n") as there,
        HttpClient(open_guard()) as client,
    ):
        answer = await client.call(HttpCall("GET", there.url()))
    assert answer.status == 0
    assert answer.error


@pytest.mark.parametrize("header", [("X-A", "1\r\nX-B: 2"), ("X\n", "1")])
async def test_a_header_cannot_break_out_of_its_line(header: tuple[str, str]) -> None:
    async with peer() as there, HttpClient(open_guard()) as client:
        answer = await client.call(HttpCall("GET", there.url(), (header,)))
    assert (answer.status, there.requests) == (0, [])
    assert answer.error


async def test_a_forbidden_address_is_never_connected_to() -> None:
    async with peer() as there, HttpClient(Guard()) as client:
        for url in (there.url(), f"http://localhost:{there.port}/", f"http://2130706433:{there.port}/"):
            answer = await client.call(HttpCall("GET", url))
            assert answer.status == 0
            assert answer.error.startswith("forbidden address: ")
    assert there.connections == 0


async def test_a_name_that_changes_its_mind_is_judged_each_time() -> None:
    turns: list[str] = []

    async def rebinding(host: str, port: int) -> list[str]:
        turns.append(host)
        return ["127.0.0.2"] if len(turns) == 1 else ["127.0.0.1"]

    guard = Guard(allowed_networks=["127.0.0.2/32"], resolve=rebinding)
    async with peer() as there, HttpClient(guard, limits=ClientLimits(dns=0)) as client:
        url = f"http://rebind.example:{there.port}/"
        first = await client.call(HttpCall("GET", url), timeout=2)
        second = await client.call(HttpCall("GET", url), timeout=2)
    assert first.error == "refused"  # it went to 127.0.0.2, where nobody is, and asked nobody again
    assert second.error.startswith("forbidden address")
    assert turns == ["rebind.example", "rebind.example"]
    assert there.connections == 0


async def test_what_was_judged_is_what_is_connected_to() -> None:
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["10.9.9.9", "127.0.0.1"]

    guard = Guard(allowed_networks=["127.0.0.1/32"], resolve=resolve)
    async with peer() as there, HttpClient(guard) as client:
        for _ in range(3):
            answer = await client.call(HttpCall("GET", f"http://hooks.example:{there.port}/"), timeout=2)
            assert answer.status == 200
    assert asked == ["hooks.example"]
    assert there.requests[0].split(b"\r\n")[1] == f"Host: hooks.example:{there.port}".encode()


async def test_redirects_are_followed_when_asked_and_counted() -> None:
    def chain(request: bytes) -> bytes:
        step = int(request.split(b" ")[1][1:])
        return moved(302, str(step + 1)) if step < 3 else OK

    async with peer(chain) as there, HttpClient(open_guard()) as client:
        assert (await client.call(HttpCall("GET", there.url("/0")), redirects=3)).status == 200
        assert (await client.call(HttpCall("GET", there.url("/0")), redirects=2)).error == "too many redirects"


@pytest.mark.parametrize(
    "location",
    [
        "http://10.0.0.1/",
        "http://[::1]/",
        "http://localhost/",
        "ftp://example.com/",
        "http://u:p@127.0.0.1/",
        "//169.254.169.254/latest/meta-data/",
        "http://2130706433/",
    ],
)
async def test_a_redirect_is_judged_like_the_first_call(location: str) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.3"]

    guard = Guard(allowed_networks=["127.0.0.1/32"], resolve=resolve)
    async with peer(lambda request: moved(302, location)) as there, HttpClient(guard) as client:
        answer = await client.call(HttpCall("GET", there.url()), redirects=5, timeout=2)
    assert answer.error.startswith("forbidden address")
    assert len(there.requests) == 1


SECRET = (("Authorization", "Bearer x"), ("Content-Type", "text/plain"), ("X-A", "1"))
FOLLOWED = [
    ("POST", 302, "/b", HttpCall("GET", "http://a.example/b", (SECRET[0], SECRET[2]))),
    ("POST", 307, "/b", HttpCall("POST", "http://a.example/b", SECRET, b"x")),
    ("POST", 308, "http://b.example/", HttpCall("POST", "http://b.example/", SECRET[1:], b"x")),
    ("POST", 303, "https://a.example/", HttpCall("GET", "https://a.example/", (SECRET[2],))),
    ("GET", 301, "?q", HttpCall("GET", "http://a.example/a?q", SECRET, b"x")),
]


@pytest.mark.parametrize(("method", "status", "location", "expected"), FOLLOWED)
def test_a_redirect_keeps_what_it_may(method: str, status: int, location: str, expected: HttpCall) -> None:
    assert redirected(HttpCall(method, "http://a.example/a", SECRET, b"x"), status, location) == expected


async def test_tls_needs_an_authority_we_know(authority: Path) -> None:
    context = server_context(str(authority / "server.pem"), str(authority / "server.key"))
    guard = Guard(allowed_hosts=["localhost"])
    async with peer(tls=context) as there:
        url = f"https://localhost:{there.port}/"
        async with HttpClient(guard) as stranger:
            assert (await stranger.call(HttpCall("GET", url))).error == "tls"
        async with HttpClient(guard, tls=client_context(ca_file=str(authority / "ca.pem"))) as friend:
            assert (await friend.call(HttpCall("GET", url))).status == 200


async def test_a_download_goes_to_its_sink_piece_by_piece(tmp_path: Path) -> None:
    content = bytes(range(256)) * 4000
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content) + content

    def answer(request: bytes) -> bytes:
        return moved(302, "/file") if request.startswith(b"GET / ") else reply

    async with peer(answer) as there, HttpClient(open_guard()) as client:
        with (tmp_path / "list.csv").open("wb") as file:
            got = await client.fetch(there.url(), file.write, limit=len(content))
    assert (got.status, got.body, got.error) == (200, b"", "")
    assert (tmp_path / "list.csv").read_bytes() == content


@pytest.mark.parametrize("told", [True, False])
async def test_a_download_beyond_its_limit_ends(told: bool) -> None:
    head = b"Content-Length: 300000" if told else b"Connection: close"
    reply = b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + b"x" * 300_000
    pieces: list[bytes] = []
    async with peer(lambda request: reply) as there, HttpClient(open_guard()) as client:
        got = await client.fetch(there.url(), pieces.append, limit=100_000)
    assert (got.status, got.error) == (200, "answer too large")
    assert sum(map(len, pieces)) <= 100_000


async def test_a_page_that_is_not_there_writes_nothing() -> None:
    pieces: list[bytes] = []
    reply = b"HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\nnope"
    async with peer(lambda request: reply) as there, HttpClient(open_guard()) as client:
        assert (await client.fetch(there.url(), pieces.append, limit=100)).status == 404
    assert pieces == []


async def test_closing_ends_calls_under_way() -> None:
    async with peer(lambda request: b"") as there:
        client = HttpClient(open_guard())
        call = asyncio.create_task(client.call(HttpCall("GET", there.url()), timeout=5))
        await asyncio.wait_for(there.asked.wait(), 5)
        await client.close()
        assert (await call).status == 0
        assert (await client.call(HttpCall("GET", there.url()))).status == 0
