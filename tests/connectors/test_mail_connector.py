"""Mails on their way to a real server: what it says at each stage is what the message is told to be."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from connector_heard import Heard, content, feed, make, message, until, up
from mail_server import DROP, HANG, Postbox, mail_server
from tests.journeys.authority import make_authority

from depesza.connectors.contract import Connector, Link
from depesza.connectors.setup import SettingsError
from depesza.core.model import Channel, Extras, Message

pytestmark = [pytest.mark.anyio, pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")]
USUAL = {
    "host": "127.0.0.1",
    "security": "none",
    "hello": "sms.test",
    "bounces": "bounces@sms.example",
    "response_timer": 2,
    "data_timer": 0.3,
    "reconnect_first": 0.02,
    "reconnect_most": 0.1,
}
WAITS = {"busy", "throttled", "queue_full", "uncertain"}


@asynccontextmanager
async def started(box: Postbox, **settings: Any) -> AsyncIterator[tuple[Connector, Heard]]:
    heard = Heard()
    connector = make("mail", heard, **USUAL | {"port": box.port} | settings)
    try:
        await up(connector)
        yield connector, heard
    finally:
        await connector.stop(0.2)


def letter(number: int = 1, to: str = "", text: str = "Hello", **more: Any) -> Message:
    body = content(text, "Shop <shop@sms.example>", channel=Channel.MAIL, extras=Extras(subject="News"), **more)
    return message(number, body, to or f"user{number}@example.org")


async def test_a_mail_that_was_taken_is_told_by_its_id() -> None:
    async with mail_server() as box, started(box) as (connector, heard):
        connector.send(letter(77))
        await until(lambda: heard.outcomes)
        outcome, taken = heard.outcomes[77], box.taken[0]
        (remote,) = outcome.remotes
        assert outcome.refusal == ""
        assert taken.mail["Message-ID"] == f"<{remote}>"
        ticket = remote.partition("@")[0]
        assert (taken.sender, taken.receiver) == (f"bounces+{ticket}@sms.example", "user77@example.org")
        wished = {f"ENVID={ticket}".upper(), "RET=HDRS", "NOTIFY=SUCCESS,FAILURE,DELAY", f"SIZE={len(taken.octets)}"}
        assert wished <= set(taken.options)
        assert box.hellos == ["sms.test"]


@pytest.mark.parametrize("change", [{"bounces": ""}, {"notifications": False}, {}])
async def test_notifications_are_asked_for_where_they_would_be_heard(change: dict[str, Any]) -> None:
    async with mail_server() as box:
        box.notifies = bool(change)
        async with started(box, **change) as (connector, heard):
            connector.send(letter())
            await until(lambda: heard.outcomes)
            assert [option for option in box.taken[0].options if not option.startswith("SIZE")] == []
            assert (box.taken[0].sender == "shop@sms.example") == (change.get("bounces") == "")


@pytest.mark.parametrize(
    ("stage", "answer", "refusal"),
    [
        ("MAIL", "451 4.3.0 try later", "busy"),
        ("MAIL", "421 4.7.0 too many messages, slow down", "throttled"),
        ("MAIL", "452 4.3.1 no space", "queue_full"),
        ("MAIL", "550 go away", "bad_sender"),
        ("MAIL", "552 5.3.4 too big", "bad_content"),
        ("RCPT", "450 4.2.0 greylisted", "busy"),
        ("RCPT", "550 no such user", "bad_destination"),
        ("RCPT", "550 5.1.1 no such user", "bad_destination"),
        ("RCPT", "550 5.2.1 disabled", "blocked"),
        ("RCPT", "554 5.7.1 relaying denied", "rejected"),
        ("RCPT", "550 5.1.8 bad sender", "bad_sender"),
        ("DATA", "451 4.7.1 rate limited", "throttled"),
        ("DATA", "554 5.7.1 looks like spam", "spam"),
        ("DATA", "554 5.6.0 bad content", "bad_content"),
        ("DATA", "554 no", "rejected"),
        ("MAIL", DROP, "link_down"),
        ("RCPT", DROP, "link_down"),
        ("DATA", DROP, "uncertain"),
        ("DATA", HANG, "uncertain"),
    ],
)
async def test_what_a_server_says_is_what_the_message_is_told(stage: str, answer: str, refusal: str) -> None:
    async with mail_server() as box, started(box, rate=1000) as (connector, heard):
        box.answers[stage] = [answer]
        connector.send(letter(1))
        await until(lambda: 1 in heard.outcomes)
        outcome = heard.outcomes[1]
        assert outcome.refusal == refusal
        assert outcome.remotes == ()
        assert (outcome.retry_after >= 40_000_000) == (refusal in WAITS)
        if answer not in (DROP, HANG):
            assert outcome.detail == answer
        await until(lambda: connector.room)
        connector.send(letter(2))  # what befell one mail is no harm to the next
        await until(lambda: 2 in heard.outcomes)
        assert heard.outcomes[2].refusal == ""


async def test_what_is_refused_for_now_waits_longer_each_time() -> None:
    async with mail_server() as box, started(box) as (connector, heard):
        waits = []
        for attempts in (0, 3, 30):
            box.answers["RCPT"] = ["451 4.7.1 greylisted"]
            connector.send(msgspec.structs.replace(letter(attempts + 1), attempts=attempts))
            await until(lambda: len(heard.outcomes) > len(waits))
            waits.append(heard.outcomes[attempts + 1].retry_after / 1_000_000)
        assert 40 <= waits[0] <= 60 < 320 <= waits[1] <= 480 < 2400 <= waits[2] <= 3600


async def test_many_mails_share_a_few_connections() -> None:
    async with mail_server() as box, started(box, connections=3, capacity=20) as (connector, heard):
        seen = []
        feed(connector, heard, [letter(number) for number in range(1, 101)])
        push = heard.on_ready
        heard.on_ready = lambda: (push(), seen.append((connector.health.sessions, connector.health.inflight)))[0]
        await until(lambda: len(heard.outcomes) == 100)
        assert {outcome.refusal for outcome in heard.outcomes.values()} == {""}
        assert len({taken.mail["Message-ID"] for taken in box.taken}) == 100
        assert max(sessions for sessions, _ in seen) == 3
        assert max(inflight for _, inflight in seen) <= 20
        assert len(box.sessions) <= 3


async def test_connections_end_after_some_mails_and_when_there_are_none() -> None:
    async with mail_server() as box, started(box, connections=1, per_connection=2, idle=0.1) as (connector, heard):
        for number in range(1, 6):
            connector.send(letter(number))
        await until(lambda: len(heard.outcomes) == 5)
        assert len(box.hellos) == 3
        await until(lambda: not connector.health.sessions)
        assert connector.link is Link.UP, "nobody to carry, and all is well"
        connector.send(letter(6))
        await until(lambda: 6 in heard.outcomes)
        assert heard.outcomes[6].refusal == ""


async def test_a_mail_that_comes_while_the_last_connection_is_being_closed() -> None:
    async with mail_server() as box, started(box, connections=1, idle=0.05) as (connector, heard):
        box.farewell = 0.2
        await asyncio.sleep(0.1)
        connector.send(letter())
        await until(lambda: heard.outcomes)
        assert heard.outcomes[1].refusal == ""
        box.farewell = 0.0


async def test_a_server_that_allows_few_connections_is_given_no_more() -> None:
    async with mail_server() as box:
        box.most = 2
        async with started(box, connections=5) as (connector, heard):
            feed(connector, heard, [letter(number) for number in range(1, 31)])
            await until(lambda: len(heard.outcomes) == 30)
            assert {outcome.refusal for outcome in heard.outcomes.values()} == {""}
            assert connector.health.sessions == 2
            assert connector.link is Link.UP


async def test_a_connection_that_the_server_closed_meanwhile_costs_no_mail() -> None:
    async with mail_server() as box, started(box) as (connector, heard):
        connector.send(letter(1))
        await until(lambda: heard.outcomes)
        box.answers["MAIL"] = [DROP]
        connector.send(letter(2))
        await until(lambda: 2 in heard.outcomes)
        assert heard.outcomes[2].refusal == ""
        assert len(box.hellos) == 2


async def test_a_server_that_goes_away_and_comes_back() -> None:
    async with mail_server() as first:
        port = first.port
        async with started(first) as (connector, heard):
            connector.send(letter(1))
            await until(lambda: heard.outcomes)
        heard = Heard()
        connector = make("mail", heard, **USUAL, port=port)
        await up(connector)
    connector.send(letter(2))
    await until(lambda: 2 in heard.outcomes)
    assert heard.outcomes[2].refusal == "link_down"
    assert (connector.link, connector.room) == (Link.DOWN, 0)
    assert "cannot connect" in connector.health.detail
    async with mail_server(port) as back:
        await until(lambda: connector.link is Link.UP)
        connector.send(letter(3))
        await until(lambda: 3 in heard.outcomes)
        assert len(back.taken) == 1
        await connector.stop(0.2)


async def test_stop_tells_what_is_left() -> None:
    async with mail_server() as box, started(box, connections=1, data_timer=30) as (connector, heard):
        box.answers["DATA"] = [HANG]
        for number in (1, 2):
            connector.send(letter(number))
        await until(lambda: not box.answers["DATA"])
        await connector.stop(0.05)
        assert [heard.outcomes[number].refusal for number in (1, 2)] == ["uncertain", "link_down"]
        assert (connector.link, connector.room) == (Link.STOPPED, 0)
        await connector.stop(0.05)


async def test_rate_is_kept() -> None:
    async with mail_server() as box, started(box, rate=20) as (connector, heard):
        begun = asyncio.get_running_loop().time()
        for number in range(1, 13):
            connector.send(letter(number))
        await until(lambda: len(heard.outcomes) == 12)
        assert asyncio.get_running_loop().time() - begun > 0.3


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mail-ca")
    make_authority(folder, "localhost")
    return folder


def presented(authority: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "server.pem", authority / "server.key")
    return context


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_tls_of_a_private_authority_with_a_login(authority: Path, security: str) -> None:
    context = presented(authority)
    at_once = {"tls": context, "auth_require_tls": False} if security == "tls" else {"tls_context": context}
    more: dict[str, Any] = {"host": "localhost", "security": security, "username": "me", "password": "secret"}
    async with mail_server(**at_once, auth_required=True, require_starttls=security == "starttls") as box:
        async with started(box, **more, tls_ca=str(authority / "ca.pem")) as (connector, heard):
            connector.send(letter())
            await until(lambda: heard.outcomes)
            assert heard.outcomes[1].refusal == ""
            assert box.logins == [(b"me", b"secret")]
        heard = Heard()
        stranger = make("mail", heard, **USUAL | {"port": box.port} | more)
        stranger.start()
        await until(lambda: stranger.health.detail)
        assert stranger.link is Link.DOWN
        assert "certificate" in stranger.health.detail
        await stranger.stop(0.1)
        assert len(box.taken) == len(box.logins) == 1, "nothing was said to whom we do not trust"


@pytest.mark.parametrize(
    ("settings", "link"),
    [({"username": "me", "password": "wrong"}, Link.REFUSED), ({"security": "starttls"}, Link.DOWN)],
)
async def test_refused_credentials_and_missing_tls_are_told(settings: dict[str, Any], link: Link) -> None:
    async with mail_server(auth_require_tls=False) as box:
        connector = make("mail", Heard(), **USUAL | {"port": box.port} | settings)
        connector.start()
        await until(lambda: connector.health.detail)
        assert (connector.link, connector.room) == (link, 0)
        await connector.stop(0.1)


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({}, "host"),
        ({"security": "maybe"}, "security"),
        ({"sender": "shop"}, "sender"),
        ({"bounces": "b" * 40 + "@example.org"}, "bounces"),
        ({"dkim_key": "/nowhere", "dkim_domain": "d"}, "dkim_key"),
        ({"dkim_key": "/nowhere", "dkim_domain": "d", "dkim_selector": "s"}, "dkim_key"),
        ({"dkim_key": __file__, "dkim_domain": "d", "dkim_selector": "s"}, "dkim_key"),
        ({"tls_ca": "/nowhere"}, "tls_ca"),
        ({"hello": "a b"}, "hello"),
        ({"unsubscribe": "javascript:x"}, "unsubscribe"),
        ({"track_opens": "https://s.example/"}, "track_opens"),
    ],
)
async def test_wrong_settings_are_named(settings: dict[str, Any], field: str) -> None:
    with pytest.raises(SettingsError, match=field):
        make("mail", Heard(), **({"host": "h"} if settings else {}) | settings)
