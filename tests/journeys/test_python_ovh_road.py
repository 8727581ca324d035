"""The vendor's python client, unmodified, on the whole road: job in, real SMPP out, receipt back, callback made.

Cases of spec ovh/6 that need a carrier, over the wire: 17, 19, 25, 36, 37, 38, 40.
"""

import asyncio
import base64
import hmac
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import ovh
import ovh.client
import pytest
from authority import make_authority
from crash import APPLICATION as CRASH_APPLICATION
from crash import CONSUMER as CRASH_CONSUMER
from crash import SECRET as CRASH_SECRET
from crash import SERVICE as CRASH_SERVICE
from crash import Carrier, Product, clean, furnish
from crash import Ear as CrashEar
from road import APPLICATION, PHONE, SECRET, SERVICE, Heard, Road, apply, built, introduce, until

pytestmark = [pytest.mark.anyio, pytest.mark.journey]

CALLBACK = {"id", "dlr", "ptt", "date", "description", "descriptionDlr", "sender", "receiver"}
"""Parameters of a delivery callback. spec: ovh/4.6"""
OUTGOING = {
    "id", "sender", "receiver", "message", "messageLength", "numberOfSms", "credits", "creationDatetime", "sentAt",
    "differedDelivery", "deliveryReceipt", "ptt", "tag", "tariffCode", "batchID",
}  # fmt: skip
"""Fields of a message. spec: ovh/3"""


@pytest.fixture
async def road(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Road]:
    """A road on SQLite, its customer with an approved key."""
    async with built(sqlite_url, monkeypatch) as made:
        yield made


async def test_from_the_first_key_to_the_callback(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with built(store_url, monkeypatch) as road:
        assert await road.call("put", "", callBack=f"{road.ear.url}/cb.php?x=1") is None
        id = await road.send("Bonjour", sender="MyApp", noStopClause=True, tag="first")
        assert await road.call("get", "/outgoing") == [id]
        shown = await road.ended(id)
        assert (shown["deliveryReceipt"], shown["ptt"], shown["receiver"]) == (1, 4, PHONE)
        (text,) = await road.inbox()
        assert (text["text"], text["other"]) == ("Bonjour", "MyApp")
        assert (await road.call("get", ""))["creditsLeft"] == 99
        sent, delivered = await road.ear.wait_for(2)
        assert [sent.query["dlr"], delivered.query["dlr"]] == ["8", "1"]
        _is_whole(delivered, id)
        _is_signed(road, delivered)
        await road.audited()


def _is_whole(heard: Heard, id: int) -> None:
    assert (heard.method, heard.path, heard.query.pop("x")) == ("GET", "/cb.php", "1")
    assert heard.query.keys() == CALLBACK
    date = datetime.strptime(heard.query.pop("date"), "%Y-%m-%d %H:%M:%S").replace(tzinfo=ZoneInfo("Europe/Paris"))
    assert abs(datetime.now(UTC) - date) < timedelta(minutes=1)
    expected = {"id": str(id), "dlr": "1", "ptt": "4", "description": "1", "descriptionDlr": "Success"}
    assert heard.query == expected | {"sender": "MyApp", "receiver": PHONE}


def _is_signed(road: Road, heard: Heard) -> None:
    """Verify as docs/reference/callbacks.md tells."""
    headers = {name.lower(): value for name, value in heard.headers.items()}
    secret = road.app.vault.webhook_secret(road.app.store.facts.account_named[SERVICE].id)
    head = f"{headers['webhook-id']}.{headers['webhook-timestamp']}."
    whole = f"{head}{heard.method} {road.ear.url}{heard.target}\n".encode() + heard.body
    assert headers["x-depesza-signature"] == _mac(secret, whole)
    if heard.method == "POST":
        assert headers["webhook-signature"] == _mac(secret, head.encode() + heard.body)


def _mac(secret: bytes, content: bytes) -> str:
    return "v1," + base64.b64encode(hmac.digest(secret, content, "sha256")).decode()


async def test_an_account_that_wants_ends_only_is_told_ends_only(road: Road) -> None:
    await apply(road.app, {"accounts": [{"name": SERVICE, "notices": "final", "callback": f"{road.ear.url}/end"}]})
    ids = [await road.send(f"Text {n}") for n in range(3)]
    heard = await road.ear.wait_for(3)
    assert sorted((int(each.query["id"]), each.query["dlr"]) for each in heard) == [(id, "1") for id in ids]
    # a last message's news came behind all that could have been told of these
    await apply(road.app, {"accounts": [{"name": SERVICE, "notices": "all"}]})
    last = await road.send("The last one")
    await road.ear.wait_for(2, lambda each: each.query["id"] == str(last))
    assert len(road.ear.heard) == 5


async def test_case_17_and_19_an_answerable_message_and_all_it_shows(road: Road) -> None:
    report = await road.call("post", "/jobs", message="Test message", receivers=[PHONE], senderForResponse=True)
    (id,) = report.pop("ids")
    expected = {"totalCreditsRemoved": 1, "invalidReceivers": [], "validReceivers": [PHONE], "creditsLeft": 99}
    assert expected.items() <= report.items()
    shown = await road.ended(id)
    assert shown.keys() >= OUTGOING
    told = {"id": id, "message": "Test message", "receiver": PHONE, "numberOfSms": 1, "credits": 1, "batchID": None}
    assert (told | {"differedDelivery": 0, "deliveryReceipt": 1, "ptt": 4}).items() <= shown.items()
    (text,) = await road.inbox()
    assert text["text"] == "Test message"
    assert re.fullmatch(r"\d{5}", text["other"])


async def test_case_25_the_stop_clause_is_on_the_phone_and_in_the_price(road: Road) -> None:
    for length, cost in ((149, 1), (150, 2)):
        report = await road.call("post", "/jobs", message="m" * length, receivers=[PHONE], sender="MyApp")
        assert report["totalCreditsRemoved"] == cost
        await road.ended(report["ids"][0])
        text = (await road.inbox())[-1]
        assert re.fullmatch(rf"m{{{length}}}\nSTOP \d{{5}}", text["text"])
        assert text["parts"] == cost


async def test_case_36_the_accounts_callback(road: Road) -> None:
    assert await road.call("put", "", callBack=f"{road.ear.url}/cb.php?x=1") is None
    id = await road.send(sender="MyApp", noStopClause=True)
    (delivered,) = await road.ear.wait_for(1, lambda heard: heard.query["dlr"] == "1")
    _is_whole(delivered, id)


async def test_case_37_the_users_callback_is_called_for_the_users_messages(road: Road) -> None:
    await road.call("put", "", callBack=f"{road.ear.url}/account")
    await road.call("post", "/users", login="api1", password="Secret12")
    await road.call("put", "/users/api1", callBack=f"{road.ear.url}/user")
    fields = {"message": "Of a user", "receivers": [PHONE], "senderForResponse": True}
    (id,) = (await road.call("post", "/users/api1/jobs", **fields))["ids"]
    assert (await road.ended(id, "/users/api1/outgoing"))["deliveryReceipt"] == 1
    heard = await road.ear.wait_for(2)
    assert [(each.path, each.query["id"], each.query["dlr"]) for each in heard] == [
        ("/user", str(id), "8"),
        ("/user", str(id), "1"),
    ]


async def test_case_38_a_reply_can_be_read_before_its_callback_is_answered(road: Road) -> None:
    cgi = {"responseType": "cgi", "cgiUrl": f"{road.ear.url}/reply.cgi"}
    await road.call("put", "", smsResponse=cgi)
    await road.ended(await road.send("Oui ou non ?", tag="t1"))
    number = (await road.inbox())[0]["other"]
    road.ear.before_answer = lambda heard: road.client.get(f"/sms/{SERVICE}/incoming/{heard.form['id']}")
    await road.answer(number, "Oui")
    (reply,) = await road.ear.wait_for(1)
    assert (reply.method, reply.path) == ("POST", "/reply.cgi")
    assert reply.headers["Content-Type"] == "application/x-www-form-urlencoded"
    (id,) = await road.call("get", "/incoming")
    assert reply.form == {"id": str(id), "senderid": PHONE, "message": "Oui", "shortcode": number, "tag": "t1"}
    (shown,) = road.ear.seen
    assert {"id": id, "sender": PHONE, "message": "Oui", "tag": "t1"}.items() <= shown.items()
    assert shown["credits"] >= 1
    _is_signed(road, reply)


async def test_case_40_stop_keeps_messages_away_until_it_is_taken_back(road: Road) -> None:
    await road.call("put", "", stopCallBack=f"{road.ear.url}/stop")
    id = await road.send("Advertising", sender="MyApp")
    await road.ended(id)
    clause = (await road.inbox())[0]["text"]
    await road.answer(clause.rpartition(" ")[2], "Stop")
    (told,) = await road.ear.wait_for(1)
    assert (told.form["senderid"], told.form["receiver"]) == (PHONE, PHONE)
    assert await road.call("get", "/blacklists") == [PHONE]
    shown = await road.call("get", "/blacklists/%2B33601020304")
    assert (shown["number"], shown["smsOutgoingID"], shown["batchID"]) == (PHONE, id, None)

    kept_away = await road.ended(await road.send("Not wanted", sender="MyApp"))
    assert kept_away["deliveryReceipt"] == 16
    assert await road.call("delete", "/blacklists/%2B33601020304") is None
    assert (await road.ended(await road.send("Wanted again", sender="MyApp")))["deliveryReceipt"] == 1
    assert [text["text"].partition("\n")[0] for text in await road.inbox()] == ["Advertising", "Wanted again"]
    await road.audited()


async def test_a_long_text_with_emoji_arrives_whole(road: Road) -> None:
    text = "Zażółć gęślą jaźń, 🙂👨‍👩‍👧‍👦🇵🇱 " * 9 + "конец ✅"
    report = await road.call("post", "/jobs", message=text, receivers=[PHONE], sender="MyApp", noStopClause=True)
    shown = await road.ended(report["ids"][0])
    (arrived,) = await road.inbox()
    assert arrived["text"] == text == shown["message"]
    assert arrived["parts"] == shown["numberOfSms"] == report["totalCreditsRemoved"] > 4


# killed in between


@pytest.mark.parametrize("moment", ["at once", "before it is sent", "before its receipt"])
async def test_a_message_whose_server_is_killed_is_delivered(
    moment: str, sqlite_url: str, tmp_path: Path, carrier: Carrier, ear: CrashEar, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = "+33601020932" if moment == "before its receipt" else PHONE  # 932: delivered after two seconds
    await furnish(sqlite_url, carrier.port, ear.url, window=10)
    product = Product(tmp_path, sqlite_url)
    try:
        await product.start()
        introduce(monkeypatch, f"http://127.0.0.1:{product.port}")
        client = ovh.Client("depesza", CRASH_APPLICATION, CRASH_SECRET, CRASH_CONSUMER)
        if moment == "before it is sent":
            carrier.cut()
        fields = {"message": "Still here", "receivers": [receiver], "sender": "Crash", "noStopClause": True}
        report = await asyncio.to_thread(client.post, f"/sms/{CRASH_SERVICE}/jobs", **fields)
        (id,) = report["ids"]
        if moment == "before its receipt":
            await until(partial(_left, client, id))
        await product.kill()
        if moment == "before it is sent":
            assert await carrier.texts() == {}
            await carrier.mend()
        await product.start()

        async def told() -> bool:
            return id in ear.final()

        await until(told)
        shown = await asyncio.to_thread(client.get, f"/sms/{CRASH_SERVICE}/outgoing/{id}")
        assert (shown["deliveryReceipt"], shown["ptt"]) == (1, 4)
        assert ear.told[id][-1] == 1
        texts = await carrier.texts()
        assert texts[receiver.lstrip("+")] in ((1, 2) if moment == "at once" else (1,))
        assert await product.stop() == 0
        await clean(sqlite_url)
    finally:
        await product.kill()


async def _left(client: ovh.Client, id: int) -> bool:
    """Tell whether the carrier has taken a message, and we know."""
    shown = await asyncio.to_thread(client.get, f"/sms/{CRASH_SERVICE}/outgoing/{id}")
    return bool(shown["deliveryReceipt"])


# TLS


async def test_the_road_over_tls_with_an_authority_of_our_own(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_authority(tmp_path, "localhost")
    files = {"tls_cert": str(tmp_path / "server.pem"), "tls_key": str(tmp_path / "server.key")}
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    async with built(sqlite_url, monkeypatch, "localhost", **files) as road:
        assert road.address.startswith("https://localhost:")
        shown = await road.ended(await road.send("Sealed"))
        assert (shown["deliveryReceipt"], shown["ptt"]) == (1, 4)
        monkeypatch.delenv("REQUESTS_CA_BUNDLE")
        stranger = ovh.Client("depesza", APPLICATION, SECRET, "x")
        with pytest.raises(ovh.exceptions.HTTPError, match="CERTIFICATE_VERIFY_FAILED"):
            await asyncio.to_thread(stranger.get, "/sms")
