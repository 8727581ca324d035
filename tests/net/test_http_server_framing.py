"""Where requests begin and end: smuggling, upgrades, rows of requests, slow and half-closed clients."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from depesza.net.http_protocol import HttpLimits
from depesza.net.http_server import HttpServer
from depesza.net.tls import client_context, server_context
from depesza.wire.http import HttpReply, HttpRequest

pytestmark = pytest.mark.anyio


async def echo(request: HttpRequest) -> HttpReply:
    """Answer with method, target and body."""
    return HttpReply(200, b"|".join([request.method.encode(), request.target.encode(), request.body]))


@asynccontextmanager
async def serving(
    handle: Callable[[HttpRequest], Awaitable[HttpReply]] = echo, **options: object
) -> AsyncIterator[HttpServer]:
    server = HttpServer(handle, **options)  # type: ignore[arg-type]
    await server.start()
    try:
        yield server
    finally:
        await server.stop(grace=0.2)


async def say(server: HttpServer, *pieces: bytes, eof: bool = True) -> bytes:
    """Send pieces one by one, close our half, give all that comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.002)
        if eof:
            writer.write_eof()
        return await asyncio.wait_for(reader.read(), 5)
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


def statuses(octets: bytes) -> list[int]:
    return [int(found) for found in re.findall(rb"HTTP/1\.1 (\d{3}) ", octets)]


POST = b"POST /a HTTP/1.1\r\nHost: a\r\n"
SECOND = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

AMBIGUOUS = {
    "length, then chunked": POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked, then length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    "the same length twice": POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "two lengths": POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "a list of lengths": POST + b"Content-Length: 3, 3\r\n\r\nabc",
    "a length with a sign": POST + b"Content-Length: +3\r\n\r\nabc",
    "a negative length": POST + b"Content-Length: -1\r\n\r\n",
    "a hexadecimal length": POST + b"Content-Length: 0x3\r\n\r\nabc",
    "an empty length": POST + b"Content-Length:\r\n\r\n",
    "a length beyond 64 bits": POST + b"Content-Length: 99999999999999999999\r\n\r\n",
    "a space before the colon": POST + b"Content-Length : 3\r\n\r\nabc",
    "a folded line": POST + b"X: a\r\n b\r\n\r\n",
    "bare LF between headers": POST + b"X: a\nContent-Length: 3\r\n\r\nabc",
    "bare LF everywhere": b"GET / HTTP/1.1\nHost: a\n\n",
    "bare CR in a value": POST + b"X: a\rContent-Length: 3\r\n\r\nabc",
    "NUL in a value": POST + b"X: a\0b\r\n\r\n",
    "NUL in a name": POST + b"X\0: a\r\n\r\n",
    "NUL in the target": b"GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n",
    "a space in the target": b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
    "a header without a name": POST + b": x\r\n\r\n",
    "a space in a name": POST + b"X y: z\r\n\r\n",
    "two hosts": POST + b"Host: b\r\n\r\n",
    "chunked twice": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked not last": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "chunked in disguise": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "a chunk size in C": POST + b"Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
    "a negative chunk": POST + b"Transfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n",
    "bare LF after a chunk size": POST + b"Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n",
    "bare LF in a chunk extension": POST + b"Transfer-Encoding: chunked\r\n\r\n3;\n\r\nabc\r\n0\r\n\r\n",
    "no line end after a chunk": POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc0\r\n\r\n",
}


@pytest.mark.parametrize("request_", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
async def test_what_could_be_read_in_two_ways_is_refused_and_ends_the_connection(request_: bytes) -> None:
    seen: list[str] = []

    async def note(request: HttpRequest) -> HttpReply:
        seen.append(request.target)
        return HttpReply(200)

    async with serving(note) as server:
        assert statuses(await say(server, request_ + SECOND, eof=False)) == [400]
    assert seen == []


REFUSED = [
    (501, POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),  # rfc 9112 6.1
    (501, POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    (505, b"GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
    (400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
]


@pytest.mark.parametrize(("status", "octets"), REFUSED)
async def test_what_we_do_not_speak_is_refused(status: int, octets: bytes) -> None:
    async with serving() as server:
        assert statuses(await say(server, octets, eof=False)) == [status]


async def test_trailers_are_not_believed() -> None:
    async def keys(request: HttpRequest) -> HttpReply:
        return HttpReply(200, ",".join(sorted(request.headers)).encode())

    chunks = b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Ovh-Consumer: me\r\nHost: b\r\n\r\n"
    async with serving(keys) as server:
        assert (await say(server, POST + chunks)).endswith(b"host,transfer-encoding")


@pytest.mark.parametrize("lead", [b"0\r\nX: ", b"3;x="], ids=["trailer", "chunk extension"])
async def test_endless_words_around_a_body_are_cut_off(lead: bytes) -> None:
    limits = HttpLimits(head=4096)
    async with serving(limits=limits) as server:
        pieces = [b"y" * 1000] * 8
        octets = await say(server, POST + b"Transfer-Encoding: chunked\r\n\r\n" + lead, *pieces, eof=False)
    assert statuses(octets) in ([431], [])  # a reset may overtake the answer


async def test_nothing_counts_after_a_request_that_closes() -> None:
    for close in (b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", b"GET /a HTTP/1.0\r\n\r\n"):
        async with serving() as server:
            octets = await say(server, close + SECOND + SECOND, eof=False)
        assert octets.endswith(b"connection: close\r\n\r\nGET|/a|")


async def test_a_refusal_waits_for_the_answers_before_it() -> None:
    go_on = asyncio.Event()

    async def slow(request: HttpRequest) -> HttpReply:
        await go_on.wait()
        return HttpReply(200, request.target.encode())

    async with serving(slow) as server:
        asking = asyncio.create_task(say(server, SECOND + SECOND + b"nonsense\r\n\r\n", eof=False))
        await asyncio.sleep(0.02)
        assert not asking.done()
        go_on.set()
        octets = await asking
    assert statuses(octets) == [200, 200, 400]
    assert octets.count(b"connection: close") == 1


async def test_only_the_last_answer_of_a_row_tells_of_the_end() -> None:
    async def slow(request: HttpRequest) -> HttpReply:
        await asyncio.sleep(0.01)
        return HttpReply(200, request.target.encode())

    last = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    async with serving(slow) as server:
        octets = await say(server, SECOND + SECOND + last, eof=False)
    assert statuses(octets) == [200, 200, 200]
    assert octets.count(b"connection: close") == 1
    assert octets.endswith(b"connection: close\r\n\r\n/last")


async def test_who_closes_its_half_gets_all_its_answers() -> None:
    async def slow(request: HttpRequest) -> HttpReply:
        await asyncio.sleep(0.02)
        return HttpReply(200, request.target.encode())

    async with serving(slow) as server:
        assert statuses(await say(server, SECOND * 3)) == [200, 200, 200]


async def test_a_closed_half_over_tls_is_no_trouble(authority: Path) -> None:
    context = server_context(str(authority / "server.pem"), str(authority / "server.key"))
    trusting = client_context(ca_file=str(authority / "ca.pem"))
    entered = asyncio.Event()

    async def slow(request: HttpRequest) -> HttpReply:
        entered.set()
        await asyncio.sleep(0.02)
        return HttpReply(200)

    async with serving(slow, tls=context) as server:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=trusting, server_hostname="localhost")
        writer.write(SECOND)
        await entered.wait()
        writer.close()
        await asyncio.sleep(0.05)
        assert server.connections == 0


UPGRADE = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"


@pytest.mark.parametrize("cut", [0, 40, 130, 160])
async def test_a_wish_to_upgrade_is_ignored_and_the_body_kept(cut: int) -> None:
    octets = POST + UPGRADE + b"Content-Length: 5\r\n\r\nhello" + SECOND
    async with serving() as server:
        answers = await say(server, *filter(None, (octets[:cut], octets[cut:])))
    assert statuses(answers) == [200, 200]
    assert b"POST|/a|hello" in answers
    assert answers.endswith(b"GET|/smuggled|")


async def test_a_row_of_wishes_to_upgrade_is_answered() -> None:
    wish = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    async with serving() as server:
        assert statuses(await say(server, wish * 500)) == [200] * 500


async def test_connect_is_answered_as_a_request_and_ends() -> None:
    async with serving() as server:
        octets = await say(server, b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n" + SECOND, eof=False)
    assert statuses(octets) == [200]
    assert octets.endswith(b"CONNECT|/|")


async def test_who_asks_before_sending_is_invited_in_turn() -> None:
    expect = POST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    async with serving() as server:
        octets = await say(server, SECOND + expect, b"ok")
    assert statuses(octets) == [200, 100, 200]


async def test_a_body_of_single_octets_takes_no_quadratic_time() -> None:
    size = 300_000
    loop = asyncio.get_running_loop()
    octets = POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * size + b"0\r\n\r\n"
    async with serving() as server:
        started = loop.time()
        assert (await say(server, octets)).endswith(b"x" * size)
    assert loop.time() - started < 5  # joined one by one it takes minutes


@pytest.mark.parametrize("name", ["Content-Length", "transfer-encoding", "Connection", "X\r\nY", "a b", ""])
async def test_a_handler_cannot_write_what_frames_its_reply(name: str) -> None:
    async def careless(request: HttpRequest) -> HttpReply:
        return HttpReply(200, b"{}", headers=((name, "1"),))

    async with serving(careless) as server:
        with capture_logs() as lines:
            assert statuses(await say(server, SECOND)) == [500]
    assert len(lines) == 1


@pytest.mark.parametrize(("status", "tail"), [(204, b"\r\n\r\n"), (304, b"\r\n\r\n"), (299, b"\r\n\r\nbody")])
async def test_some_replies_end_with_their_head(status: int, tail: bytes) -> None:
    async def reply(request: HttpRequest) -> HttpReply:
        return HttpReply(status, b"body")

    async with serving(reply) as server:
        octets = await say(server, SECOND + SECOND)
    assert statuses(octets) == [status, status]
    assert octets.endswith(tail)
    assert (b"content-length" in octets) == (status == 299)


async def test_a_fallback_that_fails_is_a_plain_500() -> None:
    async def broken(request: HttpRequest) -> HttpReply:
        raise LookupError

    def broken_too(request: HttpRequest, status: int) -> HttpReply:
        raise KeyError

    async with serving(broken, fallback=broken_too) as server:
        with capture_logs() as lines:
            octets = await say(server, SECOND)
    assert octets.endswith(b"internal server error")
    assert [line["event"] for line in lines] == ["request failed", "fallback failed"]


async def test_who_does_not_read_its_answers_is_not_served_further() -> None:
    served = 0

    async def big(request: HttpRequest) -> HttpReply:
        nonlocal served
        served += 1
        return HttpReply(200, b"x" * 1_000_000)

    async with serving(big) as server:
        client = await asyncio.to_thread(socket.create_connection, ("127.0.0.1", server.port), 5)
        await asyncio.to_thread(client.sendall, SECOND * 100)
        await asyncio.sleep(0.2)
        assert served < 50
        got = 0
        while got < 100_000_000:
            got += len(await asyncio.to_thread(client.recv, 1 << 20))
        assert served == 100
        client.close()


async def test_who_takes_nothing_of_its_answer_is_hung_up_on() -> None:
    async def big(request: HttpRequest) -> HttpReply:
        return HttpReply(200, b"x" * 20_000_000)

    async with serving(big, limits=HttpLimits(keep_alive=0.1)) as server:
        client = await asyncio.to_thread(socket.create_connection, ("127.0.0.1", server.port), 5)
        await asyncio.to_thread(client.sendall, SECOND)
        for _ in range(100):
            await asyncio.sleep(0.05)
            if server.connections == 0:
                break
        assert server.connections == 0
        client.close()


async def test_a_long_answer_does_not_use_up_the_time_of_the_next_request() -> None:
    async def slow(request: HttpRequest) -> HttpReply:
        await asyncio.sleep(1.5 if request.target == "/slow" else 0)
        return HttpReply(200, request.target.encode())

    async with serving(slow, limits=HttpLimits(request=0.4)) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n" + SECOND[:20])
        assert (await asyncio.wait_for(reader.readuntil(b"/slow"), 5)).startswith(b"HTTP/1.1 200")
        writer.write(SECOND[20:])
        assert (await asyncio.wait_for(reader.readuntil(b"/smuggled"), 5)).startswith(b"HTTP/1.1 200")
        writer.close()


PIECES = [
    b"GET / HTTP/1.1\r\n", b"POST /x HTTP/1.1\r\n", b"Host: a\r\n", b"Content-Length: 3\r\n", b"\r\n", b"abc", b"\n",
    b"Transfer-Encoding: chunked\r\n", b"3\r\nabc\r\n", b"0\r\n\r\n", b"Connection: close\r\n", b"Upgrade: h2c\r\n",
    b"Connection: upgrade\r\n", b"Expect: 100-continue\r\n", b"CONNECT a:1 HTTP/1.1\r\n", b"\0", b"\xff",
    b"HTTP/1.0\r\n",
]  # fmt: skip


@given(pieces=st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=8)), max_size=12))
@settings(max_examples=60, deadline=None)
def test_whatever_comes_the_server_lives(pieces: list[bytes]) -> None:
    async def run() -> None:
        async with serving() as server:
            with capture_logs() as lines:
                await say(server, b"".join(pieces))
                assert (await say(server, SECOND)).endswith(b"GET|/smuggled|")
            assert lines == []

    troubles: list[dict[str, object]] = []

    async def watched() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: troubles.append(context))
        await run()

    asyncio.run(watched())
    assert troubles == []
