"""A message of the mail channel on its whole road: taken, mailed with its file, and told by mail what became of it."""

import asyncio
import re
from collections.abc import AsyncIterator

import msgspec
import pytest
from tests.connectors.mail_server import DROP, Postbox, Taken, mail_server

from depesza.app import App
from depesza.connectors.mail.bounces import Unrelated
from depesza.core import ledger
from depesza.core.facts import Account, ConnectorFact, Owner
from depesza.core.model import MICRO, Channel, Extras, State, Submission
from depesza.core.pricing import Price
from depesza.core.routing import Route
from depesza.engine import bounces
from depesza.services import attachments, progress, timeline
from depesza.services.attachments import File
from depesza.services.submit import submit
from depesza.services.timeline import Timeline
from depesza.settings import HttpSettings, OpsSettings, SecuritySettings, Settings, StoreSettings
from depesza.store.tx import Tx
from depesza.wire import tickets
from depesza.wire.dsn import NotABounce
from depesza.wire.http import HttpRequest

pytestmark = pytest.mark.anyio

ACCOUNT = Account(id=50, owner=40, name="sms-ab-1")
HTML = "<p>Hello <file 1></p>"


async def furnish(tx: Tx, port: int, now: int) -> None:
    settings = {"host": "127.0.0.1", "port": port, "security": "none", "bounces": "bounces@sms.example"}
    quick = {"retry_first": 0.05, "data_timer": 5, "track_opens": "https://s.example"}
    tx.put("owners", Owner(id=40, name="ab-ovh"))
    tx.put("accounts", ACCOUNT)
    tx.put(
        "connectors",
        ConnectorFact(id=70, name="mx", kind="mail", settings=msgspec.json.encode(settings | quick).decode()),
    )
    tx.put("routes", Route(id=1, connectors=(70,), channel=Channel.MAIL))
    tx.put("prices", Price(id=1, micro=MICRO, channel=Channel.MAIL))
    await tx.book(ledger.topup(50, 100 * MICRO, 0, now, tx.new_id()))


@pytest.fixture
async def box() -> AsyncIterator[Postbox]:
    async with mail_server() as made:
        yield made


@pytest.fixture
async def app(store_url: str, box: Postbox) -> AsyncIterator[App]:
    """A whole platform with a mail server as its way out, on each kind of store."""
    app = App(
        Settings(
            store=StoreSettings(url=store_url),
            http=HttpSettings(port=0),
            ops=OpsSettings(port=-1),
            security=SecuritySettings(key="a key of the tests, long enough"),
        )
    )
    await app.start()
    await app.store.run(furnish, box.port, app.now())
    yield app
    await app.stop(1.0)


async def send(app: App, *receivers: str) -> list[int]:
    """Submit a mail with a file."""
    kept = await app.store.run(attachments.keep, ACCOUNT, File("logo.png", "image/png", b"PNG"), app.now(), 0)
    submission = Submission(
        dialect="ovh",
        sender="Shop <shop@sms.example>",
        receivers=receivers,
        text=HTML,
        verbatim=True,
        channel=Channel.MAIL,
        extras=Extras(subject="News", files=(kept,)),
    )
    return list((await app.store.run(submit, ACCOUNT, submission, app.turns, app.policy, app.now())).ids)


async def told(app: App, message: int) -> Timeline:
    found = await app.store.look(timeline.read, message)
    assert found is not None
    return found


async def becomes(app: App, message: int, *states: State) -> Timeline:
    """Wait until a message is in one of these states."""
    for _ in range(1000):
        found = await told(app, message)
        if found.message.state in states:
            return found
        await asyncio.sleep(0.005)
    raise AssertionError(found.message)


async def come_back(app: App, octets: bytes, *to: str) -> int:
    """Let a mail come to our address."""
    secret = app.vault.secret_for(tickets.PURPOSE)
    return (await bounces.take(app.store, octets, to, secret, app.now())).message


def notification(taken: Taken, action: str, status: str) -> bytes:
    """What a server writes about a mail: as RFC 3464 wants it, with the envelope's id."""
    (envelope,) = [option.partition("=")[2] for option in taken.options if option.startswith("ENVID=")]
    return (
        f"From: MAILER-DAEMON@mx.test\r\nTo: bounces@sms.example\r\nSubject: Delivery Status Notification\r\n"
        f"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nHello\r\n--b\r\n"
        f"Content-Type: message/delivery-status\r\n\r\nOriginal-Envelope-Id: {envelope}\r\n\r\n"
        f"Final-Recipient: rfc822; {taken.receiver}\r\nAction: {action}\r\nStatus: {status}\r\n\r\n--b--\r\n"
    ).encode()


async def test_a_mail_is_sent_then_delayed_then_delivered(app: App, box: Postbox) -> None:
    (id,) = await send(app, "user@example.org")
    found = await becomes(app, id, State.SENT)
    (taken,) = box.taken
    assert [row.remote for row in found.remotes] == [taken.mail["Message-ID"].strip("<>")]
    assert [part.get_content() for part in taken.mail.walk() if part.get_content_type() == "image/png"] == [b"PNG"]
    for action, status, state in (
        ("relayed", "2.1.9", State.SENT),
        ("delayed", "4.4.1", State.PENDING),
        ("delivered", "2.0.0", State.DELIVERED),
        ("failed", "5.1.1", State.DELIVERED),
    ):
        assert await come_back(app, notification(taken, action, status)) == id
        assert (await told(app, id)).message.state is state, action
    assert sum(event.kind == "receipt" for event in (await told(app, id)).events) == 4


@pytest.mark.parametrize(
    ("status", "state", "refusal"),
    [
        ("5.1.1", State.FAILED, "bad_destination"),
        ("5.2.2", State.FAILED, "undeliverable"),
        ("4.4.7", State.EXPIRED, "carrier_expired"),
    ],
)
async def test_a_mail_that_comes_back_has_failed(
    app: App, box: Postbox, status: str, state: State, refusal: str
) -> None:
    (id,) = await send(app, "user@example.org")
    await becomes(app, id, State.SENT)
    await come_back(app, notification(box.taken[0], "failed", status))
    message = (await told(app, id)).message
    assert (message.state, message.refusal) == (state, refusal)


async def test_a_bounce_is_known_by_the_address_it_came_to(app: App, box: Postbox) -> None:
    ids = await send(app, "a@example.org", "b@example.org")
    for id in ids:
        await becomes(app, id, State.SENT)
    letter = b"From: MAILER-DAEMON@mx.test\r\nSubject: failure notice\r\n\r\n<b@example.org>: 550 5.2.1 disabled\r\n"
    (second,) = [taken for taken in box.taken if taken.receiver == "b@example.org"]
    assert await come_back(app, letter, second.sender) == ids[1]
    assert [(await told(app, id)).message.state for id in ids] == [State.SENT, State.FAILED]
    assert (await told(app, ids[1])).message.refusal == "blocked"


async def test_what_nobody_of_ours_wrote_changes_nothing(app: App, box: Postbox) -> None:
    (id,) = await send(app, "user@example.org")
    await becomes(app, id, State.SENT)
    forged = notification(box.taken[0], "failed", "5.1.1").replace(f"{id:x}.".encode().upper(), b"1.")
    with pytest.raises(Unrelated):
        await come_back(app, forged)
    with pytest.raises(NotABounce):
        await come_back(app, b"From: user@example.org\r\nSubject: Re: News\r\n\r\nThank you!\r\n", box.taken[0].sender)
    gone = tickets.write(1, app.vault.secret_for(tickets.PURPOSE))
    with pytest.raises(Unrelated, match="not kept"):
        await come_back(app, b"X-Failed-Recipients: x@y.z\r\n\r\n550 no\r\n", f"bounces+{gone}@sms.example")
    assert (await told(app, id)).message.state is State.SENT


async def test_refused_for_good_or_for_now(app: App, box: Postbox) -> None:
    box.answers["RCPT"] = ["451 4.7.1 greylisted", "450 4.2.0 greylisted"]
    (later,) = await send(app, "later@example.org")
    assert (await becomes(app, later, State.SENT, State.FAILED)).message.attempts == 3
    box.answers["RCPT"] = ["550 5.1.1 unknown"]
    (never,) = await send(app, "never@example.org")
    found = await becomes(app, never, State.FAILED)
    assert found.message.refusal == "bad_destination"
    assert len(box.taken) == 1


async def test_an_answer_that_is_lost_leaves_doubt_and_the_same_mail_goes_again(app: App, box: Postbox) -> None:
    box.answers["DATA"] = [DROP]
    (id,) = await send(app, "user@example.org")
    found = await becomes(app, id, State.SENT)
    assert found.message.maybe_sent
    first, second = box.taken
    assert first.mail["Message-ID"] == second.mail["Message-ID"], "who got both can tell"


async def test_a_notification_spares_the_second_sending(app: App, box: Postbox) -> None:
    box.answers["DATA"] = [DROP]

    async def slower(tx: Tx) -> None:
        row = tx.facts.connector[70]
        tx.put("connectors", msgspec.structs.replace(row, settings=row.settings.replace("0.05", "50.0")))

    await app.store.run(slower)
    (id,) = await send(app, "user@example.org")
    found = await becomes(app, id, State.SCHEDULED)
    assert found.message.maybe_sent
    await come_back(app, notification(box.taken[0], "delivered", "2.0.0"))
    assert (await told(app, id)).message.state is State.DELIVERED


async def test_a_mail_that_is_opened_is_read(app: App, box: Postbox) -> None:
    (id,) = await send(app, "user@example.org")
    await becomes(app, id, State.SENT)
    html = box.taken[0].mail.get_body(("html",))
    assert html is not None
    (path,) = re.findall(r'src="https://s\.example(/o/[^"]+\.gif)"', html.get_content())

    async def fetch(path: str, method: str = "GET") -> tuple[int, str]:
        reply = await app.front.handle(HttpRequest(method, path, path, "", {}, b"", "127.0.0.1", "http"))
        return reply.status, reply.content_type

    ticket = box.taken[0].mail["Message-ID"].strip("<>").partition("@")[0]
    for other, method in ((path, "HEAD"), (path, "POST"), (f"/o/{ticket}.gif", "GET"), ("/o/", "GET")):
        assert (await fetch(other, method))[0] == (405 if method == "POST" else 200)
        assert (await told(app, id)).message.state is State.SENT
    assert [await fetch(path), await fetch(path)] == [(200, "image/gif")] * 2
    found = await told(app, id)
    assert found.message.state is State.READ
    assert [event.kind for event in found.events].count("opened") == 1
    await come_back(app, notification(box.taken[0], "failed", "5.1.1"))
    assert (await told(app, id)).message.state is State.READ


async def test_no_news_of_a_mail_is_good_news(app: App, box: Postbox) -> None:
    silent, delayed = await send(app, "a@example.org", "b@example.org")
    for id in (silent, delayed):
        await becomes(app, id, State.SENT)
    (second,) = [taken for taken in box.taken if taken.receiver == "b@example.org"]
    await come_back(app, notification(second, "delayed", "4.4.1"))
    far = app.now() + 90 * 86_400 * MICRO
    assert await app.store.look(progress.stale, 0, far, far, 10) == [delayed], "a server that tries says how it ended"
