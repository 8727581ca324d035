"""Webhooks of SMSGate's API: kept, told and signed as the app does; callbacks of accounts whose home is here."""

import hmac
import json
from collections.abc import AsyncIterator

import msgspec
import pytest
from tests.dialects.smsgate_world import OTHER, PASSWORD, PHONE, Gate, basic, gate_of
from tests.store.world import ONE

from depesza.core.model import Notice, ReceiptFact, ReplyFact, State
from depesza.dialects.contract import Voice
from depesza.dialects.smsgate.webhooks import EVENTS
from depesza.wire.http import HttpCall

pytestmark = pytest.mark.anyio

URL = "https://client.example/hook"


@pytest.fixture
async def gate(sqlite_url: str) -> AsyncIterator[Gate]:
    """The setting."""
    async with gate_of(sqlite_url) as gate:
        yield gate


async def hook(gate: Gate, event: str, **fields: object) -> dict[str, object]:
    """Make a webhook."""
    made = await gate.good("POST", "/webhooks", {"url": URL, "event": event} | fields, 201)
    assert isinstance(made, dict)
    return made


def told(call: HttpCall) -> dict[str, object]:
    """Read what a call tells."""
    found = json.loads(call.body)
    assert isinstance(found, dict)
    return found


async def test_webhooks_are_made_replaced_listed_and_removed(gate: Gate) -> None:
    first = await hook(gate, "sms:sent")
    assert first == {"id": first["id"], "deviceId": None, "url": URL, "event": "sms:sent"}
    assert len(str(first["id"])) == 21
    await hook(gate, "sms:failed", id="mine")
    second = await hook(gate, "sms:received", id="mine", deviceId=None)
    assert await gate.good("GET", "/webhooks") == sorted([first, second], key=lambda each: str(each["id"]))
    await gate.desk.good("POST", "/users", {"login": "api2", "password": PASSWORD})
    assert await gate.good("GET", "/webhooks", auth=basic("api2")) == []
    await gate.refused(404, "DELETE", "/webhooks/mine", auth=basic("api2"))
    assert (await gate.ask("DELETE", "/webhooks/mine")).status == 204
    await gate.refused(404, "DELETE", "/webhooks/mine")
    assert await gate.good("GET", "/webhooks") == [first]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"url": "http://client.example/"}, "https"),
        ({"url": "ftp://client.example/"}, "https"),
        ({"url": "https://"}, "https"),
        ({"url": "https://client.example:99999/"}, "https"),
        ({"url": "https://client.example/a b"}, "https"),
        ({"url": ""}, "$.url"),
        ({"event": "sms:lost"}, "event"),
        ({"event": "system:ping"}, "event"),
        ({"id": "x" * 37}, "$.id"),
        ({"deviceId": "1"}, "phone"),
    ],
)
async def test_webhooks_that_cant_be(gate: Gate, fields: dict[str, object], why: str) -> None:
    body = {"url": URL, "event": "sms:sent"} | fields
    assert why in await gate.refused(400, "POST", "/webhooks", body)
    assert await gate.good("GET", "/webhooks") == []


async def test_this_machine_may_be_called_without_tls(gate: Gate) -> None:
    assert (await hook(gate, "sms:sent", url="http://127.0.0.1:9/x"))["url"] == "http://127.0.0.1:9/x"


async def test_the_life_of_a_message_is_told(gate: Gate) -> None:
    for event in EVENTS:
        await hook(gate, event, id=event)
    await gate.send(id="m1")
    await gate.desk.deliver(*await gate.ids("m1"))
    await gate.send(OTHER, id="m2")
    await gate.desk.hand_over(*await gate.ids("m2"))
    gate.clock.move(3)
    await gate.desk.report((await gate.ids("m2"))[0], State.FAILED, "absent")
    await gate.send(OTHER, id="m3", scheduleAt="2026-05-29T00:00:00Z")
    await gate.good("DELETE", "/messages/m3")
    calls = [told(call) for _, call in await gate.owed()]
    named = [(each["event"], each["payload"]["messageId"]) for each in calls]  # type: ignore[index]
    assert named == [
        ("sms:sent", "m1"), ("sms:delivered", "m1"), ("sms:sent", "m2"), ("sms:failed", "m2"), ("sms:cancelled", "m3"),
    ]  # fmt: skip
    assert all(each["webhookId"] == each["event"] for each in calls)
    assert calls[0]["payload"] == {
        "messageId": "m1", "sender": "MyApp", "recipient": PHONE, "phoneNumber": PHONE, "simNumber": None,
        "partsCount": 1, "sentAt": "2026-05-28T20:26:40.000Z",
    }  # fmt: skip
    assert calls[3]["payload"]["reason"] == "The handset was off or out of reach."  # type: ignore[index]
    assert calls[3]["payload"]["failedAt"] == "2026-05-28T20:26:43.000Z"  # type: ignore[index]
    assert len({str(each["id"]) for each in calls}) == 5


async def test_what_was_never_sent_is_told_as_failed(gate: Gate) -> None:
    await hook(gate, "sms:failed")
    await gate.desk.answer("STOP", await _number(gate), PHONE)
    await gate.send()
    (call,) = [told(call) for _, call in await gate.owed()]
    assert call["payload"]["reason"] == "The receiver asked for no more messages."  # type: ignore[index]


async def _number(gate: Gate) -> str:
    """Get a number that can be answered, by a message to our own phone."""
    report = await gate.desk.send(receivers=[PHONE], sender="-", senderForResponse=True)
    await gate.desk.deliver(report["ids"][0])  # type: ignore[index]
    return "38184"


async def test_messages_of_other_dialects_are_not_told(gate: Gate) -> None:
    await hook(gate, "sms:sent")
    report = await gate.desk.send("/users/api1/jobs")
    await gate.desk.deliver(report["ids"][0])  # type: ignore[index]
    assert await gate.owed() == []


async def test_a_text_received_is_told_and_listed(gate: Gate) -> None:
    await hook(gate, "sms:received", id="in")
    number = await _number(gate)
    id = await gate.desk.answer("Bună", number, PHONE)
    (call,) = [told(call) for _, call in await gate.owed()]
    assert (call["event"], call["webhookId"], call["deviceId"]) == ("sms:received", "in", "")
    assert call["payload"] == {
        "messageId": str(id), "sender": PHONE, "recipient": number, "phoneNumber": PHONE, "simNumber": None,
        "message": "Bună", "receivedAt": "2026-05-28T20:26:40.000Z",
    }  # fmt: skip
    answer = await gate.ask("GET", "/inbox", type="SMS", limit=5)
    assert answer.headers["X-Total-Count"] == "1"
    assert answer.json == [
        {
            "id": str(id), "type": "SMS", "sender": PHONE, "recipient": number, "contentPreview": "Bună",
            "createdAt": "2026-05-28T20:26:40.000Z",
        }
    ]  # fmt: skip
    assert (await gate.ask("GET", "/inbox", type="MMS")).json == []
    assert (await gate.ask("GET", "/inbox", **{"from": "2026-05-29T00:00:00Z"})).json == []
    await gate.refused(404, "GET", f"/inbox/{id}/attachments/1")
    for query in ({"type": "FAX"}, {"limit": 501}, {"to": "x"}, {"deviceId": "3"}):
        await gate.refused(400, "GET", "/inbox", **query)


async def test_calls_are_signed_with_the_accounts_key(gate: Gate) -> None:
    await hook(gate, "sms:sent")
    await gate.send()
    await gate.desk.hand_over(*await gate.ids(str((await gate.ask("GET", "/messages")).json[0]["id"])))  # type: ignore[index]
    for key in (gate.vault.webhook_secret_text(ONE), "my own key"):
        ((_, call),) = await gate.owed()
        headers = dict(call.headers)
        assert headers["Content-Type"] == "application/json"
        assert headers["X-Timestamp"] == str(gate.clock.now // 1_000_000)
        expected = hmac.digest(key.encode(), call.body + headers["X-Timestamp"].encode(), "sha256").hex()
        assert headers["X-Signature"] == expected
        await gate.good("PUT", "/settings", {"webhooks": {"signing_key": "my own key"}})


async def test_a_user_that_goes_takes_its_webhooks_along(gate: Gate) -> None:
    await hook(gate, "sms:received")
    await gate.desk.good("DELETE", "/users/api1")
    assert gate.store.facts.webhooks == ()


AT = 1_780_000_000_000_000
CALLBACKS = [
    (
        ReceiptFact(5, State.DELIVERED, "", 1_780_000_000_000_000, "MyApp", PHONE, "m1"),
        "receipt",
        "sms:delivered",
        "m1",
    ),
    (ReceiptFact(5, State.PENDING, "", 1_780_000_000_000_000, "MyApp", PHONE), "receipt", "sms:sent", "5"),
    (ReceiptFact(5, State.EXPIRED, "expired", 1_780_000_000_000_000, "MyApp", PHONE), "receipt", "sms:failed", "5"),
    (ReceiptFact(5, State.CANCELLED, "", 1_780_000_000_000_000, "MyApp", PHONE), "receipt", "sms:cancelled", "5"),
    (ReplyFact(6, PHONE, "38184", "Yes", "", 1_780_000_000_000_000), "reply", "sms:received", "6"),
    (ReplyFact(6, PHONE, "38184", "STOP", "", 1_780_000_000_000_000), "stop", "sms:received", "6"),
]


@pytest.mark.parametrize(("fact", "kind", "event", "name"), CALLBACKS)
async def test_callbacks_of_accounts_are_told_in_the_same_form(
    gate: Gate, fact: msgspec.Struct, kind: str, event: str, name: str
) -> None:
    notice = Notice(9, ONE, "smsgate", kind, URL, msgspec.json.encode(fact), 5, 1, 1)
    assert isinstance(gate.dialect, Voice)
    said = told(gate.dialect.call(notice, gate.store.facts))
    assert (said["id"], said["event"], said["webhookId"]) == ("9", event, "")
    assert said["payload"]["messageId"] == name  # type: ignore[index]
