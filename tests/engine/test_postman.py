"""Mail that is owed, handed to a real server on the loopback: once, in time, and never in plain before it leaves."""

import asyncio
from collections.abc import AsyncIterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import msgspec
import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from tests.store.world import ONE, furnished
from tests.support import Clock

from depesza.core.model import Notice
from depesza.engine.notifier import Notifier, Plan
from depesza.engine.postman import Postman
from depesza.net.mail import NO_SERVER, MailServer
from depesza.services import notices
from depesza.services.vault import Vault
from depesza.store.contract import Store
from depesza.store.opening import open_store
from depesza.store.tx import Row, Tx
from depesza.wire.http import HttpAnswer, HttpCall
from depesza.wire.mail import Mail

pytestmark = pytest.mark.anyio


class Mailbox:
    """A mail server's side: keeps what it takes, refuses what the test says."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refusals: list[str] = []
        self.logins: list[tuple[bytes, bytes]] = []

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take or refuse a receiver."""
        if self.refusals:
            return self.refusals.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep a mail."""
        assert envelope.mail_from == "sms@our.example"
        assert isinstance(envelope.content, bytes)
        self.mails.append(message_from_bytes(envelope.content, policy=default))
        return "250 OK"

    def login(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
        """Take one login."""
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == b"secret", handled=False)


@pytest.fixture
async def mailbox() -> Mailbox:
    """What the server has taken."""
    return Mailbox()


@pytest.fixture
async def server(mailbox: Mailbox) -> AsyncIterator[MailServer]:
    """A mail server on any free port."""
    made = await asyncio.get_running_loop().create_server(
        lambda: SMTP(mailbox, authenticator=mailbox.login, auth_require_tls=False), "127.0.0.1", 0
    )
    port = made.sockets[0].getsockname()[1]
    yield MailServer("127.0.0.1", port, "none", sender="sms@our.example", timeout=5)
    made.close()
    await made.wait_closed()


class World:
    """A store with a notifier whose post goes to a server."""

    def __init__(self, store: Store, clock: Clock, server: MailServer) -> None:
        self.store = store
        self.vault = Vault(b"a key of sixteen octets", bytes)
        self.notifier = Notifier(
            store,
            {},
            Nobody(),
            lambda notice, call, now: call,
            clock,
            Plan(schedule=(0.01, 0.01)),
            post=Postman(server, self.vault, clock).send,
        )

    async def start(self) -> None:
        """Begin with what the table holds, then with what is written."""
        self.store.listen(lambda work: self.notifier.take(work.notices))
        await self.notifier.start()

    async def owe(self, mail: Mail, now: int) -> None:
        """Let a service owe a mail."""

        async def service(tx: Tx) -> None:
            notices.owe_mail(tx, tx.facts.account[ONE], mail, now, 77)

        await self.store.run(service)

    async def states(self) -> list[tuple[int, int]]:
        """Read state and tries of all notices."""
        return [(row[0], row[1]) for row in await self.store.look(_states)]

    async def said(self) -> list[str]:
        """Read what the timeline says of the tries."""
        return [notices.read_try(row[0])[0] for row in await self.store.look(_said)]


class Nobody:
    """Answers no call: there is none."""

    async def call(self, call: HttpCall, *, timeout: float = 15.0) -> HttpAnswer:  # noqa: ASYNC109
        """Fail the test."""
        raise AssertionError(call)


async def _states(tx: Tx) -> list[Row]:
    return await tx.query("SELECT state, tries FROM notices")


async def _said(tx: Tx) -> list[Row]:
    return await tx.query("SELECT detail FROM events WHERE message = 77 ORDER BY id")


@pytest.fixture
async def world(sqlite_url: str, clock: Clock, server: MailServer) -> AsyncIterator[World]:
    """A furnished store behind a notifier."""
    store = await open_store(sqlite_url, clock)
    await store.join(12_000_000)
    await furnished(store)
    made = World(store, clock, server)
    yield made
    await made.notifier.stop(1)
    await store.close()


async def settled(world: World, clock: Clock, count: int) -> None:
    """Let tries happen, on a clock that moves, until so many are written."""

    async def tried() -> bool:
        clock.move(0.02)
        return sum(tries for _, tries in await world.states()) >= count

    for _ in range(1000):
        if await tried():
            return
        await asyncio.sleep(0.005)
    raise AssertionError(await world.states())


async def test_a_mail_reaches_the_server_once(world: World, mailbox: Mailbox, clock: Clock) -> None:
    await world.start()
    await world.owe(Mail("boss@example.org", "Hello", "Text\n", sender="Shop"), clock.now)
    await settled(world, clock, 1)
    (mail,) = mailbox.mails
    assert (mail["To"], mail["From"], mail["Subject"]) == ("boss@example.org", "Shop <sms@our.example>", "Hello")
    assert await world.states() == [(1, 1)]
    assert await world.said() == ["250"]


async def test_a_mail_that_only_the_table_holds_leaves(world: World, mailbox: Mailbox, clock: Clock) -> None:
    await world.owe(Mail("boss@example.org", "Hello", "Text\n"), clock.now)
    await world.start()
    await settled(world, clock, 1)
    assert len(mailbox.mails) == 1


async def test_a_secret_is_sealed_until_it_leaves(world: World, mailbox: Mailbox, clock: Clock) -> None:
    sealed = world.vault.seal("top secret")
    await world.owe(Mail("boss@example.org", "Password", "It is ", sealed=sealed), clock.now)
    rows = await world.store.look(_facts)
    assert b"top secret" not in bytes(rows[0][0])
    await world.start()
    await settled(world, clock, 1)
    assert "It is top secret" in mailbox.mails[0].get_content()


async def _facts(tx: Tx) -> list[Row]:
    return await tx.query("SELECT fact FROM notices")


@pytest.mark.parametrize(
    ("refusals", "states", "said"),
    [
        (["451 try later"], [(1, 2)], ["451 try later", "250"]),
        (["550 no such user"], [(2, 1)], ["550 no such user"]),
        (["451 a", "451 b", "451 c"], [(2, 3)], ["451 a", "451 b", "451 c"]),
    ],
)
async def test_a_refusal_for_now_is_tried_again_and_one_for_good_is_not(
    world: World, mailbox: Mailbox, clock: Clock, refusals: list[str], states: list[tuple[int, int]], said: list[str]
) -> None:
    mailbox.refusals = list(refusals)
    await world.start()
    await world.owe(Mail("boss@example.org", "Hello", "Text\n"), clock.now)
    await settled(world, clock, states[0][1])
    assert await world.states() == states
    assert await world.said() == said


def owed() -> Notice:
    """A mail that is owed."""
    fact = msgspec.json.encode(Mail("boss@example.org", "Hello", "Text\n"))
    return Notice(1, ONE, "ovh", "mail", "mailto:boss@example.org", fact, 0, 0, 0)


async def hand_over(server: MailServer, **changes: object) -> HttpAnswer:
    """Send a mail with other settings."""
    other = msgspec.structs.replace(server, **changes)
    return await Postman(other, Vault(b"a key of sixteen octets", bytes), Clock()).send(owed())


async def test_what_a_server_can_lack(server: MailServer, mailbox: Mailbox) -> None:
    assert (await hand_over(server, username="me", password="secret")).status == 250
    assert mailbox.logins == [(b"me", b"secret")]
    assert (await hand_over(server, username="me", password="wrong")).status == 535
    assert await hand_over(server, host="") == HttpAnswer(0, error=NO_SERVER)
    assert (await hand_over(server, security="starttls")).status == 0  # asked for and not there: nothing is sent
    assert (await hand_over(server, security="tls", timeout=1.0)).status == 0
    assert (await hand_over(server, port=1)).status == 0
    assert len(mailbox.mails) == 1
