"""The door for mail in a whole platform: a line by mail is a message on its way, and a bounce moves its message."""

import asyncio
import smtplib
from collections.abc import AsyncIterator

import msgspec
import pytest
from argon2 import PasswordHasher
from tests.connectors.mail_server import Postbox, mail_server

from depesza.app import App
from depesza.core import ledger
from depesza.core.facts import Account, ConnectorFact, Login, Owner, Sender
from depesza.core.model import MICRO, Channel, State
from depesza.core.pricing import Price
from depesza.core.routing import Route
from depesza.engine import ops
from depesza.services import details, mail_addresses, progress, refs
from depesza.services.logins import digests
from depesza.settings import (
    HttpSettings,
    MailSettings,
    OpsSettings,
    SecuritySettings,
    Settings,
    SettingsError,
    SmtpSettings,
    StoreSettings,
)
from depesza.store.tx import Tx
from depesza.wire.http import HttpRequest

pytestmark = pytest.mark.anyio

DOMAIN = "sms.example"
KEY = SecuritySettings(key="a key of the tests, long enough")
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


async def furnish(tx: Tx, port: int, now: int) -> None:
    settings = {"host": "127.0.0.1", "port": port, "security": "none", "bounces": f"bounces@{DOMAIN}"}
    md5, sha1 = digests("123")
    tx.put("owners", Owner(id=40, name="alex", currency="RUR"))
    tx.put("accounts", Account(id=50, owner=40, name="alex", currency="RUR", home="smsc"))
    tx.put("logins", Login(id=51, account=50, name="alex", md5=QUICK.hash(md5), sha1=QUICK.hash(sha1)))
    tx.put("senders", Sender(account=50, name="shop@sms.example", kind="mail"))
    tx.put("connectors", ConnectorFact(id=70, name="mx", kind="mail", settings=msgspec.json.encode(settings).decode()))
    tx.put("routes", Route(id=1, connectors=(70,), channel=Channel.MAIL))
    tx.put("prices", Price(id=1, micro=MICRO, channel=Channel.MAIL, currency="RUR"))
    await tx.book(ledger.topup(50, 100 * MICRO, 0, now, tx.new_id(), currency="RUR"))


@pytest.fixture
async def box() -> AsyncIterator[Postbox]:
    async with mail_server() as made:
        yield made


@pytest.fixture
async def app(store_url: str, box: Postbox) -> AsyncIterator[App]:
    """A whole platform that takes mail and sends it, on each kind of store."""
    app = App(
        Settings(
            store=StoreSettings(url=store_url),
            http=HttpSettings(port=0),
            ops=OpsSettings(port=-1),
            mail=MailSettings(host="127.0.0.1", port=box.port, security="none", sender="depesza@sms.example"),
            smtp=SmtpSettings(port=0, domain=DOMAIN),
            security=KEY,
        )
    )
    await app.start()
    await app.store.run(furnish, box.port, app.now())
    yield app
    await app.stop(1.0)


async def hand_in(app: App, octets: bytes, to: str, sender: str = "program@client.example") -> int:
    """Mail something to us; gives the last answer."""
    assert app.smtp is not None
    port = app.smtp.port

    def work() -> int:
        with smtplib.SMTP("127.0.0.1", port, "me", timeout=10) as client:
            client.ehlo()
            client.mail(sender)
            code, _ = client.rcpt(to)
            return client.data(octets)[0] if code == 250 else code

    return await asyncio.to_thread(work)


async def state_of(app: App, ref: str, receiver: str) -> tuple[State, str]:
    named = await app.store.look(refs.find, 50, ref, receiver)
    assert named is not None
    (message,) = await app.store.look(progress.load, [named.id])
    return message.state, message.refusal


async def becomes(app: App, ref: str, state: State) -> str:
    """Wait for a state; gives its refusal."""
    for _ in range(1000):
        found, refusal = await state_of(app, ref, "user@example.org")
        if found is state:
            return refusal
        await asyncio.sleep(0.005)
    raise AssertionError(found)


async def test_a_line_becomes_a_mail_whose_bounce_fails_it(app: App, box: Postbox) -> None:
    line = b"Subject: News\r\n\r\nalex:123:7::0,8,shop@sms.example:user@example.org:Hello"
    assert await hand_in(app, line, f"send@send.{DOMAIN}") == 250
    await becomes(app, "7", State.SENT)
    (taken,) = box.taken
    assert taken.sender.startswith("bounces+") and taken.sender.endswith(f"@{DOMAIN}")
    bounce = "\r\n".join([
        "From: MAILER-DAEMON@mx.test", "Subject: Undelivered Mail",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b", "",
        "--b", "", "Sorry",
        "--b", "Content-Type: message/delivery-status", "", "Reporting-MTA: dns; mx.test", "",
        "Final-Recipient: rfc822; user@example.org", "Action: failed", "Status: 5.1.1", "",
        "--b", "Content-Type: message/rfc822", "", "Subject: News", "", "x" * 500_000, "--b--", "",
    ])  # fmt: skip
    away = "From: user@example.org\r\nSubject: Away\r\nAuto-Submitted: auto-replied\r\n\r\nI am away\r\n"
    assert await hand_in(app, away.encode(), taken.sender, "") == 554
    assert await hand_in(app, bounce.encode(), taken.sender, "") == 250
    assert await becomes(app, "7", State.FAILED) == "bad_destination"
    said = (await ops.Ops(app).handle(_request("/metrics"))).body.decode()
    assert 'depesza_smtp_mails_total{address="bounce",outcome="taken"} 1.0' in said
    assert "depesza_smtp_connections" in said


async def test_an_answer_leaves_by_mail(app: App, box: Postbox) -> None:
    await app.store.run(_ask_for_answers)
    line = b"Subject: x\r\n\r\nalex:123:8::0,8,shop@sms.example:user@example.org:Hello"
    assert await hand_in(app, line, f"send@{DOMAIN}") == 250
    for _ in range(1000):
        answers = [taken for taken in box.taken if taken.receiver == "program@client.example"]
        if answers:
            break
        await asyncio.sleep(0.005)
    assert [taken.mail.get_content().strip() for taken in answers] == ["OK - 1 SMS, ID - 8"]
    assert answers[0].mail["Auto-Submitted"] == "auto-generated"


async def _ask_for_answers(tx: Tx) -> None:
    details.write(tx, 50, {mail_addresses.ANSWERS: "1"})


def _request(path: str) -> HttpRequest:
    return HttpRequest("GET", path, path, "", {}, b"", "127.0.0.1", "http")


@pytest.mark.parametrize(
    ("smtp", "named"),
    [
        (SmtpSettings(port=0), "smtp.domain"),
        (SmtpSettings(port=0, domain=DOMAIN, tls_cert="none.pem"), "smtp.tls_cert"),
    ],
)
async def test_settings_that_cannot_be(sqlite_url: str, smtp: SmtpSettings, named: str) -> None:
    store, http, ops = StoreSettings(url=sqlite_url), HttpSettings(port=0), OpsSettings(port=-1)
    with pytest.raises(SettingsError, match=named):
        await App(Settings(store=store, http=http, ops=ops, security=KEY, smtp=smtp)).start()
