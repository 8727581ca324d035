"""The pump over real sockets on the loopback, with a session that speaks in lines."""

import asyncio
import hashlib
import socket
import ssl
from math import inf
from pathlib import Path

import pytest

from depesza.net import AddressInUse, ConnectFailed
from depesza.net.tcp import Link, Listener, connect, listen
from depesza.net.tls import Pin, client_context, server_context

pytestmark = pytest.mark.anyio


class LineSession:
    """Lines both ways; `idle` fires when nothing came for some seconds."""

    def __init__(self, idle_after: float | None = None) -> None:
        self._rest = b""
        self._out: list[bytes] = []
        self._idle_after = idle_after
        self._heard: float | None = None
        self.ticks: list[float] = []
        self.takes = 0
        self.closed = False

    def receive(self, data: bytes, now: float) -> list[str]:
        self._heard = now
        *lines, self._rest = (self._rest + data).split(b"\n")
        if b"quit" in lines:
            self.say("bye")
            self.closed = True
        return [line.decode("latin-1") for line in lines]

    def say(self, line: str) -> None:
        self._out.append(line.encode() + b"\n")

    def outgoing(self) -> bytes:
        data = b"".join(self._out)
        self._out.clear()
        self.takes += bool(data)
        return data

    def tick(self, now: float) -> list[str]:
        self.ticks.append(now)
        if now < self.next_tick():
            return []
        self._heard = None
        return ["idle"]

    def next_tick(self) -> float:
        return self._heard + self._idle_after if self._idle_after and self._heard is not None else inf

    def close(self, reason: str) -> list[str]:
        if self.closed:
            return []
        self.closed = True
        return ["gone"]


LineLink = Link[LineSession, str]


class Heard:
    """Keeps what a link tells."""

    def __init__(self) -> None:
        self.lines: asyncio.Queue[str] = asyncio.Queue()
        self.lost: asyncio.Queue[Exception | None] = asyncio.Queue()

    def on_events(self, link: LineLink, events: list[str]) -> None:
        for line in events:
            self.lines.put_nowait(line)

    def on_lost(self, link: LineLink, error: Exception | None) -> None:
        self.lost.put_nowait(error)

    def link(self, **options: float) -> LineLink:
        return Link(LineSession(**options), self.on_events, on_lost=self.on_lost)

    async def line(self) -> str:
        return await asyncio.wait_for(self.lines.get(), 5)


def shouting(link: LineLink, events: list[str]) -> None:
    for line in events:
        link.session.say(line.upper())


async def echo(context: ssl.SSLContext | None = None) -> Listener[LineSession, str]:
    return await listen("127.0.0.1", 0, lambda: Link(LineSession(), shouting), ssl=context)


async def test_lines_go_there_and_back() -> None:
    server, heard = await echo(), Heard()
    link = await connect("127.0.0.1", server.port, heard.link)
    for word in ("one", "two"):
        link.session.say(word)
    link.flush()
    assert [await heard.line(), await heard.line()] == ["ONE", "TWO"]
    assert link.peer == ("127.0.0.1", server.port)
    assert link.tls == ""
    link.close()
    await asyncio.wait_for(link.closed(), 5)
    assert await heard.lost.get() is None
    server.abort()


async def test_many_messages_in_one_turn_are_one_write() -> None:
    server, heard = await echo(), Heard()
    link = await connect("127.0.0.1", server.port, heard.link)
    for number in range(100):
        link.session.say(str(number))
        link.flush()
    assert [await heard.line() for _ in range(100)] == [str(number) for number in range(100)]
    assert link.session.takes == 1
    server.abort()


async def test_small_writes_are_not_held_back() -> None:
    server, heard = await echo(), Heard()
    link = await connect("127.0.0.1", server.port, heard.link)
    link.session.say("x")
    link.flush()
    await heard.line()
    for end in (link, server.links[0]):
        found = end._transport.get_extra_info("socket")  # type: ignore[union-attr]
        assert found.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    server.abort()


async def test_closing_writes_what_is_left() -> None:
    heard = Heard()
    server = await listen("127.0.0.1", 0, heard.link)
    link = await connect("127.0.0.1", server.port, Heard().link)
    link.session.say("last words")
    link.close()
    assert not link.open
    assert await heard.line() == "last words"
    assert await asyncio.wait_for(heard.lost.get(), 5) is None
    assert server.links == []
    server.close()


async def test_a_session_that_has_ended_is_hung_up_on_after_its_last_words() -> None:
    server, heard = await echo(), Heard()
    link = await connect("127.0.0.1", server.port, heard.link)
    link.session.say("quit")
    link.flush()
    assert [await heard.line(), await heard.line(), await heard.line()] == ["bye", "QUIT", "gone"]
    await asyncio.wait_for(link.closed(), 5)
    server.abort()


async def test_the_session_is_told_when_its_deadline_comes() -> None:
    heard = Heard()
    server = await listen("127.0.0.1", 0, lambda: heard.link(idle_after=0.05))
    link = await connect("127.0.0.1", server.port, Heard().link)
    started = asyncio.get_running_loop().time()
    link.session.say("hello")
    link.flush()
    assert await heard.line() == "hello"
    assert await heard.line() == "idle"
    assert asyncio.get_running_loop().time() - started > 0.045
    server.abort()


async def test_a_deadline_that_moves_back_costs_no_timer() -> None:
    heard, now = Heard(), 100.0
    link = Link(LineSession(idle_after=30.0), heard.on_events, clock=lambda: now)
    server = await listen("127.0.0.1", 0, lambda: link)
    client = await connect("127.0.0.1", server.port, Heard().link)
    timers = set()
    for _ in range(5):
        client.session.say("still here")
        client.flush()
        await heard.line()
        await asyncio.sleep(0)
        timers.add(link._timer)
        now += 1.0
    timers.discard(None)
    assert len(timers) == 1
    now = 1000.0
    link._ring()
    assert await heard.line() == "idle"
    server.abort()


async def test_a_peer_that_is_not_read_stalls_and_goes_on() -> None:
    heard, far = Heard(), Heard()
    server = await listen("127.0.0.1", 0, heard.link)
    link = await connect("127.0.0.1", server.port, far.link)
    link.session.say("hello")
    link.flush()
    await heard.line()
    reader = server.links[0]
    reader.pause_reading()
    assert reader.reading_paused
    big = "x" * 100_000
    sent = 0
    while not link.writing_paused:
        link.session.say(big)
        link.flush()
        sent += 1
        await asyncio.sleep(0)
        assert sent < 1000
    link.session.say("held back")
    link.flush()
    await asyncio.sleep(0)
    assert link.session._out  # it waits in the session, not in the transport
    reader.resume_reading()
    await asyncio.wait_for(link.drained(), 5)
    assert [await heard.line() for _ in range(sent + 1)] == [big] * sent + ["held back"]
    server.abort()


async def test_a_handler_that_fails_ends_its_link_and_no_other() -> None:
    def stumble(link: LineLink, events: list[str]) -> None:
        if "boom" in events:
            raise RuntimeError("boom")
        shouting(link, events)

    server = await listen("127.0.0.1", 0, lambda: Link(LineSession(), stumble))
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    good, bad = Heard(), Heard()
    first = await connect("127.0.0.1", server.port, good.link)
    second = await connect("127.0.0.1", server.port, bad.link)
    second.session.say("boom")
    second.flush()
    await asyncio.wait_for(second.closed(), 5)
    first.session.say("alive")
    first.flush()
    assert await good.line() == "ALIVE"
    server.abort()


async def test_nobody_there_is_told_as_refused() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        with pytest.raises(ConnectFailed) as caught:
            await connect("127.0.0.1", port, Heard().link)
    assert (caught.value.reason, caught.value.port) == ("refused", port)


async def test_a_name_that_does_not_exist_is_told_as_dns() -> None:
    with pytest.raises(ConnectFailed) as caught:
        await connect("nowhere.invalid", 1, Heard().link)
    assert caught.value.reason == "dns"


async def test_a_peer_that_never_shakes_hands_is_told_as_timeout() -> None:
    server = await listen("127.0.0.1", 0, Heard().link)  # plain TCP: it waits for a line
    with pytest.raises(ConnectFailed) as caught:
        await connect("127.0.0.1", server.port, Heard().link, ssl=client_context(), timeout=0.1)
    assert caught.value.reason == "timeout"
    server.abort()


async def test_a_taken_port_is_named() -> None:
    server = await echo()
    with pytest.raises(AddressInUse) as caught:
        await listen("127.0.0.1", server.port, Heard().link)
    assert (caught.value.host, caught.value.port) == ("127.0.0.1", server.port)
    server.close()


async def test_tls_with_a_private_authority(authority: Path) -> None:
    server = await echo(server_context(str(authority / "server.pem"), str(authority / "server.key")))
    heard = Heard()
    context = client_context(ca_file=str(authority / "ca.pem"))
    link = await connect("127.0.0.1", server.port, heard.link, ssl=context, server_hostname="localhost")
    link.session.say("secret")
    link.flush()
    assert await heard.line() == "SECRET"
    assert link.tls.startswith("TLSv1.")
    server.abort()


async def test_tls_of_an_unknown_authority_is_refused(authority: Path) -> None:
    server = await echo(server_context(str(authority / "server.pem"), str(authority / "server.key")))
    with pytest.raises(ConnectFailed) as caught:
        await connect("127.0.0.1", server.port, Heard().link, ssl=client_context())
    assert caught.value.reason == "tls"
    server.abort()


async def test_a_client_without_the_certificate_asked_for_is_cut(authority: Path) -> None:
    pem, key, ca = (str(authority / name) for name in ("server.pem", "server.key", "ca.pem"))
    server = await echo(server_context(pem, key, client_ca=ca))
    stranger, known = Heard(), Heard()
    link = await connect(
        "127.0.0.1", server.port, stranger.link, ssl=client_context(ca_file=ca), server_hostname="localhost"
    )
    await asyncio.wait_for(link.closed(), 5)  # TLS 1.3 tells after the handshake
    own = client_context(ca_file=ca, certfile=pem, keyfile=key)
    link = await connect("127.0.0.1", server.port, known.link, ssl=own, server_hostname="localhost")
    link.session.say("it is me")
    link.flush()
    assert await known.line() == "IT IS ME"
    server.abort()


async def test_a_pinned_certificate_stands_for_itself(authority: Path) -> None:
    pem = (authority / "server.pem").read_text()
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
    server = await echo(server_context(str(authority / "server.pem"), str(authority / "server.key")))
    heard = Heard()

    def pinned(text: str) -> LineLink:
        return Link(LineSession(), heard.on_events, pin=Pin.parse(text))

    context = client_context(verify=False)
    link = await connect("127.0.0.1", server.port, lambda: pinned(digest), ssl=context)
    link.session.say("known")
    link.flush()
    assert await heard.line() == "KNOWN"
    with pytest.raises(ConnectFailed, match="pinned"):
        await connect("127.0.0.1", server.port, lambda: pinned("00" * 32), ssl=context)
    server.abort()


def test_a_fingerprint_of_the_wrong_length_is_no_pin() -> None:
    with pytest.raises(ValueError, match="32 octets"):
        Pin.parse("aa:bb")
