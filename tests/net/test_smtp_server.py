"""Mail in over real sockets: TLS that begins midway, clients that say all at once, too much or too slowly."""

import asyncio
import smtplib
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TypeVar

import pytest
from msgspec import Struct
from tests.journeys.authority import make_authority

from depesza.net.smtp_server import Guest, SmtpServer, network_of
from depesza.net.tls import Certificates, client_context
from depesza.wire.smtp import Mailed, Reply, Room, Settings

pytestmark = pytest.mark.anyio

T = TypeVar("T")
ROOM = Room(100_000, 100_000)


class Bounds(Struct, frozen=True):
    """How much this server bears."""

    connections: int = 8
    per_address: int = 6
    command_seconds: float = 20.0
    mail_seconds: float = 20.0


class Desk:
    """Takes everything for `a@…`, and remembers it."""

    def __init__(self) -> None:
        self.taken: list[Mailed] = []
        self.logins: list[str] = []
        self.hold = asyncio.Event()
        self.hold.set()

    async def recipient(self, guest: Guest, address: str) -> Room | Reply:
        await asyncio.sleep(0)
        return ROOM if address.startswith("a@") else Reply(550, "5.1.1 Nobody")

    async def enter(self, guest: Guest, name: str, password: str) -> bool:
        return (name, password) == ("alex", "123")

    async def mail(self, guest: Guest, mailed: Mailed) -> Reply:
        await self.hold.wait()
        if mailed.octets.startswith(b"bang"):
            raise RuntimeError("bang")
        self.taken.append(mailed)
        self.logins.append(guest.login.name if guest.login else "")
        return Reply(250, "2.0.0 Taken")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost."""
    folder = tmp_path_factory.mktemp("authority")
    make_authority(folder, "localhost")
    return folder


@asynccontextmanager
async def serving(authority: Path | None = None, **bounds: float) -> AsyncIterator[tuple[Desk, SmtpServer]]:
    """Listen on the loopback."""
    tls = Certificates(str(authority / "server.pem"), str(authority / "server.key")) if authority else None
    settings = Settings("mx.test", 200_000, tls=tls is not None)
    server = SmtpServer(desk := Desk(), settings, Bounds(**bounds), address="127.0.0.1", port=0, tls=tls)  # type: ignore[arg-type]
    await server.start()
    try:
        yield desk, server
    finally:
        await server.stop(0.5)
        for _ in range(100):
            if not server.connections:
                break
            await asyncio.sleep(0.01)
        assert not server.connections


async def client(server: SmtpServer, work: Callable[[smtplib.SMTP], T]) -> T:
    """Do something with smtplib, in a thread."""

    def run() -> T:
        with smtplib.SMTP("127.0.0.1", server.port, "me", timeout=10) as smtp:
            smtp._host = "localhost"  # type: ignore[attr-defined]
            return work(smtp)

    return await asyncio.to_thread(run)


async def raw(server: SmtpServer, octets: bytes, seconds: float = 5.0) -> list[int]:
    """Say something all at once, and hear everything until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(octets)
    async with asyncio.timeout(seconds):
        said = await reader.read()
    writer.close()
    return [int(line[:3]) for line in said.decode().split("\r\n") if line[3:4] == " "]


async def test_a_program_that_begins_tls_and_logs_in(authority: Path) -> None:
    def work(smtp: smtplib.SMTP) -> object:
        smtp.ehlo()
        assert not smtp.has_extn("auth"), "no password in clear"
        smtp.starttls(context=client_context(ca_file=str(authority / "ca.pem")))
        smtp.login("alex", "123")
        return smtp.sendmail("x@y.z", ["a@b.c"], b"Subject: x\r\n\r\n" + b"x" * 70_000)

    async with serving(authority) as (desk, server):
        assert await client(server, work) == {}
        assert ([len(mailed.octets) for mailed in desk.taken], desk.logins) == ([70_016], ["alex"])

        def wrong(smtp: smtplib.SMTP) -> None:
            smtp.starttls(context=client_context(ca_file=str(authority / "ca.pem")))
            smtp.login("alex", "124")

        with pytest.raises(smtplib.SMTPAuthenticationError):
            await client(server, wrong)


async def test_what_is_said_ahead_of_tls_is_forgotten(authority: Path) -> None:
    context = ssl.create_default_context(cafile=str(authority / "ca.pem"))
    async with serving(authority) as (_, server):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"EHLO me\r\nSTARTTLS\r\nMAIL FROM:<x@y.z>\r\nRCPT TO:<a@b.c>\r\n")
        assert b"220 2.0.0 Go on\r\n" in await reader.readuntil(b"Go on\r\n")
        await writer.start_tls(context, server_hostname="localhost")
        writer.write(b"DATA\r\nQUIT\r\n")
        assert (await reader.read()).decode().startswith("503 ")
        writer.close()


async def test_no_handshake_but_something_else(authority: Path) -> None:
    async with serving(authority) as (_, server):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"STARTTLS\r\n")
        await reader.readuntil(b"Go on\r\n")
        writer.write(b"MAIL FROM:<x@y.z>\r\n" * 20)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readuntil(b"250")
        writer.close()


async def test_all_at_once() -> None:
    mail = b"MAIL FROM:<x@y.z>\r\nRCPT TO:<b@b.c>\r\nRCPT TO:<a@b.c>\r\nDATA\r\nhello\r\n.\r\n"
    async with serving() as (desk, server):
        said = await raw(server, b"EHLO me\r\n" + mail * 20 + b"QUIT\r\n")
        assert said == [220, 250, *(250, 550, 250, 354, 250) * 20, 221]
        assert [mailed.octets for mailed in desk.taken] == [b"hello\r\n"] * 20


async def test_a_mail_that_is_too_large_and_one_that_breaks_us() -> None:
    def mail(body: bytes) -> bytes:
        return b"MAIL FROM:<>\r\nRCPT TO:<a@b.c>\r\nDATA\r\n" + body + b"\r\n.\r\n"

    async with serving() as (desk, server):
        octets = b"EHLO me\r\n" + mail(b"x" * 3_000_000) + mail(b"bang") + mail(b"hello") + b"QUIT\r\n"
        answers = [code for last in (552, 451, 250) for code in (250, 250, 354, last)]
        assert await raw(server, octets) == [220, 250, *answers, 221]
        assert [mailed.octets for mailed in desk.taken] == [b"hello\r\n"]


async def test_too_many_connections() -> None:
    async with serving(per_address=3) as (_, server):
        calm = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(3)]
        assert await raw(server, b"") == [421]
        calm[0][1].close()
        for _ in range(100):
            if server.connections < 3:
                break
            await asyncio.sleep(0.01)
        assert await raw(server, b"QUIT\r\n") == [220, 221]
        for _, writer in calm:
            writer.close()


async def test_who_is_too_slow_is_cut(authority: Path) -> None:
    async with serving(command_seconds=0.1, mail_seconds=0.2) as (desk, server):
        assert await raw(server, b"EHL") == [220, 421]
        assert await raw(server, b"EHLO me\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.c>\r\nDATA\r\nhel") == [
            220,
            250,
            250,
            250,
            354,
            421,
        ]
        desk.hold.clear()  # we are the slow ones now: nobody is cut for that
        asyncio.get_running_loop().call_later(0.4, desk.hold.set)
        mail = b"EHLO me\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.c>\r\nDATA\r\nhello\r\n.\r\nQUIT\r\n"
        assert await raw(server, mail) == [220, 250, 250, 250, 354, 250, 221]


async def test_a_flood_of_nonsense_ends() -> None:
    async with serving() as (_, server):
        assert await raw(server, b"NONSENSE\r\n" * 20) == [220, *[500] * 10, 421]
        with suppress(ConnectionResetError):  # closed while most of it is unread
            await raw(server, b"NONSENSE\r\n" * 50_000)
        assert await raw(server, b"\x16\x03\x01" * 1000 + b"\n") == [220, 500]


async def test_a_stop_waits_for_the_mail_that_is_being_taken() -> None:
    async with serving() as (desk, server):
        desk.hold.clear()
        mail = b"EHLO me\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.c>\r\nDATA\r\nhello\r\n.\r\nNOOP\r\n"
        said = asyncio.create_task(raw(server, mail))
        idle = asyncio.create_task(raw(server, b"NOOP\r\n"))
        await asyncio.sleep(0.1)
        stopping = asyncio.create_task(server.stop(2.0))
        await asyncio.sleep(0.05)
        desk.hold.set()
        assert await said == [220, 250, 250, 250, 354, 250, 250, 421]
        assert await idle == [220, 250, 421]
        await stopping


def test_addresses_of_one_customer_count_as_one() -> None:
    assert network_of("192.0.2.7") == "192.0.2.7"
    assert network_of("2001:db8:1:2:3::4") == network_of("2001:db8:1:2::9") != network_of("2001:db8:1:3::9")
    assert network_of("") == ""
