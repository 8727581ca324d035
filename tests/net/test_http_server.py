"""The HTTP server on real sockets, with requests written octet by octet."""

import asyncio
import http.client
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs

from depesza.net import AddressInUse
from depesza.net.http_protocol import HttpLimits
from depesza.net.http_server import HttpServer
from depesza.net.tls import client_context, server_context
from depesza.wire.http import ENDLESS, HttpReply, HttpRequest

pytestmark = pytest.mark.anyio


async def mirror(request: HttpRequest) -> HttpReply:
    """Answer with what was understood."""
    return HttpReply(200, msgspec.json.encode(request), headers=(("x-seen", request.method),))


@asynccontextmanager
async def serving(
    handle: Callable[[HttpRequest], Awaitable[HttpReply]] = mirror, **options: object
) -> AsyncIterator[HttpServer]:
    server = HttpServer(handle, **options)  # type: ignore[arg-type]
    await server.start()
    try:
        yield server
    finally:
        await server.stop(grace=0.2)


class Answer(msgspec.Struct):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def seen(self) -> HttpRequest:
        return msgspec.json.decode(self.body, type=HttpRequest)


class Client:
    """One connection, raw."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def to(cls, server: HttpServer, **options: object) -> "Client":
        return cls(*await asyncio.open_connection("127.0.0.1", server.port, **options))  # type: ignore[arg-type]

    async def ask(self, data: bytes) -> Answer:
        self.writer.write(data)
        return await self.answer()

    async def answer(self, body: bool = True) -> Answer:
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 5)
        status, *lines = head.decode().split("\r\n")[:-2]
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        length = int(headers.get("content-length", 0)) if body else 0
        return Answer(int(status.split()[1]), headers, await self.reader.readexactly(length) if length else b"")

    async def is_closed(self) -> bool:
        try:
            return await asyncio.wait_for(self.reader.read(), 5) == b""
        except ConnectionResetError:
            return True


async def once(server: HttpServer, data: bytes) -> Answer:
    client = await Client.to(server)
    answer = await client.ask(data)
    client.writer.close()
    return answer


def get(target: bytes, *lines: bytes) -> bytes:
    return b"\r\n".join([b"GET " + target + b" HTTP/1.1", b"Host: sms.example", *lines, b"", b""])


TARGETS = [
    (b"/1.0/sms", "/1.0/sms", "/1.0/sms", ""),
    (b"/1.0//sms/", "/1.0//sms/", "/1.0//sms/", ""),
    (b"//1.0/sms", "//1.0/sms", "//1.0/sms", ""),
    (b"/a%2Fb%20c/%C3%a9?d=%2B1+2&e", "/a%2Fb%20c/%C3%a9?d=%2B1+2&e", "/a%2Fb%20c/%C3%a9", "d=%2B1+2&e"),
    (b"/a?", "/a?", "/a", ""),
    (b"/a?b?c=/d", "/a?b?c=/d", "/a", "b?c=/d"),
    (b"/%zz%", "/%zz%", "/%zz%", ""),
    (b"/a/../b", "/a/../b", "/a/../b", ""),
    ("/é?à=%C3%BC".encode(), "/%C3%A9?%C3%A0=%C3%BC", "/%C3%A9", "%C3%A0=%C3%BC"),
    (b"/\xff?\xe9", "/%FF?%E9", "/%FF", "%E9"),
    (b"http://sms.example/1.0/x?y=1", "/1.0/x?y=1", "/1.0/x", "y=1"),
]


@pytest.mark.parametrize(("sent", "target", "path", "query"), TARGETS)
async def test_a_target_arrives_as_it_was_sent(sent: bytes, target: str, path: str, query: str) -> None:
    async with serving() as server:
        seen = (await once(server, get(sent))).seen
    assert (seen.target, seen.path, seen.query) == (target, path, query)


async def test_a_request_becomes_a_value() -> None:
    body = "{é}".encode()
    head = b"POST /jobs HTTP/1.1\r\nHost: a:1\r\nX-Ovh-Application: AK\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with serving() as server:
        answer = await once(server, head + body)
    seen = answer.seen
    assert (seen.method, seen.body, seen.client, seen.scheme) == ("POST", body, "127.0.0.1", "http")
    assert seen.headers == {"host": "a:1", "x-ovh-application": "AK", "content-length": "4"}
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["x-seen"] == "POST"
    assert "server" not in answer.headers
    assert answer.headers["date"].endswith("GMT")


async def test_repeated_headers_are_joined_where_they_are_lists() -> None:
    lines = (b"Cookie: a=1", b"Cookie: b=2", b"Accept: x", b"Accept: y", b"X-Key: old", b"X-Key: new")
    async with serving() as server:
        headers = (await once(server, get(b"/", *lines))).seen.headers
    assert (headers["cookie"], headers["accept"], headers["x-key"]) == ("a=1; b=2", "x, y", "new")


async def test_a_body_in_pieces_and_chunks_is_whole() -> None:
    async with serving() as server:
        client = await Client.to(server)
        head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        for piece in (head, b"3\r\nabc\r\n", b"2\r\nde\r\n"):
            client.writer.write(piece)
            await client.writer.drain()
            await asyncio.sleep(0.01)
        assert (await client.ask(b"0\r\n\r\n")).seen.body == b"abcde"
        client.writer.close()


async def test_requests_in_a_row_share_a_connection_and_keep_their_order() -> None:
    async with serving() as server:
        client = await Client.to(server)
        client.writer.write(b"".join(get(b"/%d" % number) for number in range(5)))
        assert [(await client.answer()).seen.path for _ in range(5)] == [f"/{number}" for number in range(5)]
        assert (await client.ask(get(b"/again"))).seen.path == "/again"
        assert server.connections == 1
        client.writer.close()


async def test_head_is_answered_without_a_body() -> None:
    async with serving() as server:
        client = await Client.to(server)
        client.writer.write(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert int((await client.answer(body=False)).headers["content-length"]) > 0
        assert (await client.ask(get(b"/next"))).seen.path == "/next"
        client.writer.close()


@pytest.mark.parametrize("length", [101, 300, 10**9])
async def test_a_body_too_large_is_refused(length: int) -> None:
    async with serving(limits=HttpLimits(body=100)) as server:
        client = await Client.to(server)
        client.writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % length)
        client.writer.write(b"x" * min(length, 1000))
        assert (await client.answer()).status == 413
        assert await client.is_closed()


async def test_a_chunked_body_too_large_is_refused() -> None:
    async with serving(limits=HttpLimits(body=100)) as server:
        client = await Client.to(server)
        client.writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.writer.write(b"40\r\n" + b"x" * 64 + b"\r\n")
        client.writer.write(b"40\r\n" + b"x" * 64 + b"\r\n")
        assert (await client.answer()).status == 413


async def test_who_asks_before_sending_too_much_is_refused_at_once() -> None:
    async with serving(limits=HttpLimits(body=100)) as server:
        head = b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 200\r\n\r\n"
        assert (await once(server, head)).status == 413


@pytest.mark.parametrize(
    "head",
    [
        get(b"/", b"X: " + b"y" * 5000),
        get(b"/" + b"y" * 5000),
        get(b"/", *[b"X-%d: y" % number for number in range(60)]),
        b"GET / HTTP/1.1\r\nX: " + b"y" * 5000,
    ],
    ids=["long header", "long target", "many headers", "endless header"],
)
async def test_a_head_too_large_is_refused(head: bytes) -> None:
    async with serving(limits=HttpLimits(head=4096, headers=50)) as server:
        client = await Client.to(server)
        assert (await client.ask(head)).status == 431
        assert await client.is_closed()


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_a_head_that_comes_in_drops_is_counted_too(size: int) -> None:
    async with serving(limits=HttpLimits(head=2000)) as server:
        client = await Client.to(server)
        client.writer.write(b"GET / HTTP/1.1\r\nX: ")
        sent = 0
        while sent < 5000 and not client.reader.at_eof() and not client.reader._buffer:  # type: ignore[attr-defined]
            client.writer.write(b"y" * size)
            sent += size
            await asyncio.sleep(0)
        assert (await client.answer()).status == 431


@pytest.mark.parametrize("data", [b"\x16\x03\x01\x02\x00", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\0" * 50])
async def test_what_is_not_http_is_told_so(data: bytes) -> None:
    async with serving() as server:
        assert (await once(server, data)).status == 400
        assert (await once(server, get(b"/"))).status == 200


async def test_a_handler_that_fails_is_a_500_and_one_line_of_log() -> None:
    async def broken(request: HttpRequest) -> HttpReply:
        raise LookupError("no such thing")

    def in_our_words(request: HttpRequest, status: int) -> HttpReply:
        return HttpReply(status, f'{{"message":"{request.path}"}}'.encode())

    async with serving(broken, fallback=in_our_words) as server:
        with capture_logs() as lines:
            answer = await once(server, get(b"/x"))
    assert (answer.status, answer.body) == (500, b'{"message":"/x"}')
    assert [(line["event"], line["path"]) for line in lines] == [("request failed", "/x")]


@pytest.mark.parametrize("value", ["a\r\nx: y", "a\0", "日本"])
async def test_a_reply_header_cannot_break_out_of_its_line(value: str) -> None:
    async def careless(request: HttpRequest) -> HttpReply:
        return HttpReply(200, b"{}", headers=(("x-note", value),))

    async with serving(careless) as server:
        with capture_logs() as lines:
            assert (await once(server, get(b"/"))).status == 500
    assert len(lines) == 1


async def test_who_never_finishes_a_request_is_hung_up_on() -> None:
    async with serving(limits=HttpLimits(request=0.1)) as server:
        silent, slow, idle = [await Client.to(server) for _ in range(3)]
        slow.writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
        assert (await idle.ask(get(b"/"))).status == 200
        assert await silent.is_closed()
        assert await slow.is_closed()
        assert (await idle.ask(get(b"/"))).status == 200
        idle.writer.close()


async def test_idle_connections_end_after_their_time() -> None:
    async with serving(limits=HttpLimits(keep_alive=0.05)) as server:
        client = await Client.to(server)
        await client.ask(get(b"/"))
        assert await client.is_closed()


async def test_a_taken_port_is_named() -> None:
    async with serving() as server:
        other = HttpServer(mirror, port=server.port)
        with pytest.raises(AddressInUse, match=f"127.0.0.1 port {server.port} is already in use"):
            await other.start()
        await other.stop()


async def test_several_servers_share_a_loop_and_stop_alone() -> None:
    async with serving() as first, serving() as second:
        assert first.port != second.port
        await first.stop()
        with pytest.raises(ConnectionRefusedError):
            await Client.to(first)
        assert (await once(second, get(b"/"))).status == 200


class Pieces:
    """A long body, and how much of it was asked for."""

    def __init__(self, count: int, short: int = 0, broken: bool = False) -> None:
        self.count, self.given, self.short, self.broken = count, 0, short, broken

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for n in range(self.count):
            self.given += 1
            yield bytes([n % 256]) * 65536
        if self.broken:
            raise OSError("the store is gone")

    async def handle(self, request: HttpRequest) -> HttpReply:
        """Answer with all pieces, and a word before them."""
        return HttpReply(200, b"begin", more=aiter(self), length=65536 * (self.count + self.short))


async def test_a_long_body_is_written_as_its_client_takes_it() -> None:
    pieces = Pieces(400)
    async with serving(pieces.handle) as server:
        client = await Client.to(server, limit=65536)
        client.writer.write(get(b"/") + get(b"/again").replace(b"GET", b"HEAD"))
        given = -1
        while given != pieces.given or not given:
            given = pieces.given
            await asyncio.sleep(0.02)
        assert pieces.given < 300  # the rest waits in the table, not in memory
        answer = await client.answer()
        assert len(answer.body) == 5 + 400 * 65536
        assert answer.body[5 + 300 * 65536] == 300 % 256
        assert (await client.answer(body=False)).headers["content-length"] == str(5 + 400 * 65536)
        assert pieces.given == 400


async def test_a_long_body_that_comes_short_breaks_the_connection() -> None:
    for pieces in (Pieces(2, short=1), Pieces(2, short=1, broken=True)):
        async with serving(pieces.handle) as server:
            client = await Client.to(server)
            with capture_logs() as logged, pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
                await client.ask(get(b"/"))
            assert bool(logged) is pieces.broken


class Endless:
    """A reply without an end, which knows how many listen."""

    def __init__(self) -> None:
        self.listening = 0
        self.changed = asyncio.Event()
        self.words: asyncio.Queue[bytes] = asyncio.Queue()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self.count(1)
        try:
            while word := await self.words.get():
                yield word
        finally:
            self.count(-1)

    def count(self, more: int) -> None:
        """Count who listens."""
        self.listening += more
        self.changed.set()

    async def handle(self, request: HttpRequest) -> HttpReply:
        """Answer with all that is ever said."""
        return HttpReply(200, b"begin ", "text/event-stream", more=aiter(self), length=ENDLESS)

    async def until(self, listening: int) -> None:
        """Wait until so many listen."""
        async with asyncio.timeout(5):
            while self.listening != listening:
                self.changed.clear()
                await self.changed.wait()


async def test_an_endless_reply_says_each_word_at_once_and_ends_with_its_connection() -> None:
    endless = Endless()
    async with serving(endless.handle) as server:
        client = await Client.to(server)
        answer = await client.ask(get(b"/"))
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert "content-length" not in answer.headers
        assert await client.reader.readexactly(6) == b"begin "
        for word in (b"one", b"two"):
            endless.words.put_nowait(word)
            assert await client.reader.readexactly(3) == word
        endless.words.put_nowait(b"")
        assert await client.is_closed()
        assert endless.listening == 0


@pytest.mark.parametrize("how", ["close", "half", "reset"])
async def test_an_endless_reply_ends_when_its_client_goes(how: str) -> None:
    endless = Endless()
    async with serving(endless.handle) as server:
        client = await Client.to(server)
        await client.ask(get(b"/"))
        await endless.until(1)
        if how == "half":
            client.writer.write_eof()
        else:
            client.writer.transport.abort() if how == "reset" else client.writer.close()
        await endless.until(0)


async def test_stopping_does_not_wait_for_endless_replies() -> None:
    endless = Endless()
    async with serving(endless.handle) as server:
        client = await Client.to(server)
        await client.ask(get(b"/"))
        await endless.until(1)
        async with asyncio.timeout(5):
            await server.stop(grace=60)
        assert endless.listening == 0
        assert (await client.reader.read()) == b"begin "


async def test_stopping_lets_running_requests_finish() -> None:
    running, go_on = asyncio.Event(), asyncio.Event()

    async def slow(request: HttpRequest) -> HttpReply:
        running.set()
        await go_on.wait()
        return HttpReply(200, b"done")

    async with serving(slow) as server:
        client = await Client.to(server)
        client.writer.write(get(b"/"))
        await running.wait()
        stopping = asyncio.create_task(server.stop(grace=5))
        await asyncio.sleep(0.01)
        with pytest.raises(ConnectionRefusedError):
            await Client.to(server)
        go_on.set()
        assert (await client.answer()).body == b"done"
        await asyncio.wait_for(stopping, 5)
        assert await client.is_closed()


async def test_stopping_does_not_wait_for_ever() -> None:
    running, cut = asyncio.Event(), asyncio.Event()

    async def stuck(request: HttpRequest) -> HttpReply:
        running.set()
        try:
            await asyncio.Event().wait()
        finally:
            cut.set()
        raise AssertionError

    async with serving(stuck) as server:
        client = await Client.to(server)
        client.writer.write(get(b"/"))
        await running.wait()
        await asyncio.wait_for(server.stop(grace=0.05), 5)
        assert cut.is_set()
        client.writer.close()


async def test_stopping_closes_idle_connections() -> None:
    async with serving() as server:
        client = await Client.to(server)
        await client.ask(get(b"/"))
        await server.stop()
        assert await client.is_closed()


async def test_tls_is_https(authority: Path) -> None:
    context = server_context(str(authority / "server.pem"), str(authority / "server.key"))
    async with serving(tls=context) as server:
        assert server.url == f"https://127.0.0.1:{server.port}"
        trusting = client_context(ca_file=str(authority / "ca.pem"))
        client = await Client.to(server, ssl=trusting, server_hostname="localhost")
        assert (await client.ask(get(b"/"))).seen.scheme == "https"
        client.writer.close()


FORWARDED = [
    (["127.0.0.1"], [], ("127.0.0.1", "http", "sms.example")),
    ([], [b"X-Forwarded-For: 9.9.9.9", b"X-Forwarded-Proto: https"], ("127.0.0.1", "http", "sms.example")),
    (["10.0.0.0/8"], [b"X-Forwarded-For: 9.9.9.9"], ("127.0.0.1", "http", "sms.example")),
    (
        ["127.0.0.0/8"],
        [b"X-Forwarded-For: 9.9.9.9", b"X-Forwarded-Proto: https", b"X-Forwarded-Host: api.example"],
        ("9.9.9.9", "https", "api.example"),
    ),
    # a client cannot speak for itself: what it wrote stands left of what the proxy saw
    (["127.0.0.0/8"], [b"X-Forwarded-For: 1.1.1.1, 9.9.9.9"], ("9.9.9.9", "http", "sms.example")),
    (
        ["127.0.0.0/8", "10.0.0.0/8"],
        [b"X-Forwarded-For: 1.1.1.1, 9.9.9.9, 10.0.0.5", b"X-Forwarded-Proto: gopher, https, http"],
        ("9.9.9.9", "https", "sms.example"),
    ),
    (
        ["127.0.0.0/8"],
        [b"X-Forwarded-For: 1.1.1.1", b"X-Forwarded-For: 2.2.2.2"],
        ("2.2.2.2", "http", "sms.example"),
    ),
    (["127.0.0.0/8"], [b"X-Forwarded-For: [2001:db8::1]:443"], ("2001:db8::1", "http", "sms.example")),
    (["127.0.0.0/8"], [b"X-Forwarded-For: 9.9.9.9:5000"], ("9.9.9.9", "http", "sms.example")),
    (["127.0.0.0/8"], [b"X-Forwarded-For: 9.9.9.9, unknown"], ("127.0.0.1", "http", "sms.example")),
    (["127.0.0.0/8"], [b"X-Forwarded-Proto: javascript"], ("127.0.0.1", "http", "sms.example")),
]


@pytest.mark.parametrize(("trusted", "lines", "expected"), FORWARDED)
async def test_only_trusted_proxies_speak_for_their_clients(
    trusted: list[str], lines: list[bytes], expected: tuple[str, str, str]
) -> None:
    async with serving(trusted=trusted) as server:
        seen = (await once(server, get(b"/", *lines))).seen
    assert (seen.client, seen.scheme, seen.headers["host"]) == expected


async def test_a_deep_backlog_takes_a_burst() -> None:
    async with serving() as server:
        clients = [socket.create_connection(("127.0.0.1", server.port), timeout=5) for _ in range(300)]
        for client in clients:
            client.sendall(get(b"/"))
        for client in clients:
            reply = await asyncio.to_thread(read_reply, client)
            assert reply == 200


def read_reply(connection: socket.socket) -> int:
    reply = http.client.HTTPResponse(connection)
    reply.begin()
    reply.close()
    connection.close()
    return reply.status
