"""Acceptance cases of devices: what phones tell us, by webhooks and by CHT Gateway. spec: devices/10"""

import base64
import contextlib
import re
from collections.abc import AsyncIterator

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.dialects.phones_world import ONE, PEER, Door, door_of, read_qr

from depesza.core.devices import AttemptState
from depesza.dialects.smsgate_mobile import codec, hooks
from depesza.dialects.smsgate_mobile.codec import BadBody
from depesza.dialects.smsgate_mobile.signature import is_signed, sign
from depesza.services import devices, phone_health, phone_settings, phone_texts
from depesza.simulator.phone_words import Card

pytestmark = pytest.mark.anyio


@pytest.fixture
async def door(sqlite_url: str) -> AsyncIterator[Door]:
    async with door_of(sqlite_url) as opened:
        yield opened


async def received(door: Door) -> list[phone_texts.Received]:
    """List what phones of the account received."""
    return await door.store.look(phone_texts.listing, ONE, 100)


async def test_device_case_25_a_text_told_twice_is_one(door: Door) -> None:
    phone = await door.phone()
    phone.faults.repeats = True
    assert await phone.receive(PEER, "Da, vin!") == 200
    (text,) = await received(door)
    assert (text.sender, text.text, text.slot, text.kind) == (PEER, "Da, vin!", 1, "sms")
    assert text.recipient == Card().number  # told by app:started
    assert (text.at, text.late) == (door.clock.now // 1000 * 1000, False)
    phone.faults.repeats = False
    assert await phone.receive(PEER, "Da, vin!") == 200
    assert len(await received(door)) == 2


async def test_device_case_26_a_wrong_signature_is_refused_and_a_late_one_is_not(door: Door) -> None:
    phone = await door.phone()
    right = phone._key
    phone._key = "guessed!"
    assert await phone.receive(PEER, "forged") == 401
    assert await received(door) == []
    phone._key = right
    phone.faults.clock = -3 * 3600
    assert await phone.receive(PEER, "told hours later") == 200
    (text,) = await received(door)
    assert (text.text, text.late) == ("told hours later", True)


async def test_an_address_that_is_guessed_is_refused(door: Door) -> None:
    phone, other = await door.phone(), await door.phone()
    for url in (phone.hooks["sms:received"][:-1] + "x", other.hooks["sms:received"], door.url + "/hooks/1/2"):
        phone.hooks["sms:received"] = url
        assert await phone.receive(PEER, "forged") == 401
    await door.store.run(devices.change, int(other.id), door.clock.now, banned=True)
    assert await other.receive(PEER, "not wanted") == 403
    assert await received(door) == []


async def test_a_phone_tells_how_it_is_and_how_late_its_clock_is(door: Door) -> None:
    phone = await door.phone()
    phone.faults.clock = -90
    for _ in range(3):
        assert await phone.ping(battery=12, charging=0) == 200
        door.clock.move(1)
    (device,) = await door.devices()
    assert device.health == {"battery": 12, "charging": False, "transport": "wifi", "cellular": "4G", "failed": 0}
    assert 90_000 <= device.clock_offset < 91_000
    assert [alert.kind for alert in await door.store.look(phone_health.alerts)] == ["battery"]
    assert await phone.ping(battery=12, charging=1) == 200
    assert await door.store.look(phone_health.alerts) == []


async def test_device_case_28_whole_words_fill_what_is_empty_and_nothing_else(door: Door) -> None:
    phone = await door.phone(version="1.65.0", sims=(Card(), Card("+40740000002", "Digi", "8940050000000000002")))
    first, second = await door.sims(phone)
    assert (first.number, first.operator, second.operator) == ("", "", "")
    assert first.said == "********0001 **ange ***************0001"
    await door.store.run(devices.change_sim, int(phone.id), 2, operator="Mine")
    phone.settings = msgspec.structs.replace(phone.settings, version="1.68.0")
    await phone.sync()
    assert await phone.start_up() == 200
    first, second = await door.sims(phone)
    assert (first.number, first.operator, first.iccid) == ("+40740000001", "Orange", "0001")
    assert (second.number, second.operator) == ("+40740000002", "Mine")


async def test_a_phone_tells_data_and_pictures_too(door: Door) -> None:
    phone = await door.phone()
    common = {"sender": PEER, "simNumber": 1, "receivedAt": "2026-05-28T22:26:40.000+02:00"}
    assert await phone.tell("sms:data-received", {**common, "messageId": "1", "data": "aGk="}) == 200
    mms = {**common, "messageId": "2", "subject": "Look", "body": "a cat", "attachments": []}
    assert await phone.tell("mms:downloaded", mms) == 200
    found = {text.kind: (text.text, text.data) for text in await received(door)}
    assert found["data"] == ("hi", b"hi")
    assert (found["mms"][0], msgspec.json.decode(found["mms"][1])["subject"]) == ("Look\na cat", "Look")


BAD_NEWS = [b"", b"{}", b"[]", b'{"event":"sms:received"}', b'{"event":"sms:received","payload":{}}', b"\xff"]


@pytest.mark.parametrize("body", BAD_NEWS)
async def test_signed_news_that_make_no_sense_are_refused(door: Door, body: bytes) -> None:
    phone = await door.phone()
    assert await phone.post_hook("sms:received", body) == 400
    assert await received(door) == []


KEYS = "event payload messageId health checks simCards simNumber sender id state recipients observedValue"
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(KEYS.split()), inner),
)


@given(ANY)
@settings(max_examples=100, deadline=None)
def test_any_json_is_read_or_refused(value: object) -> None:
    body = msgspec.json.encode(value)
    for read in (codec.read_joining, codec.read_changing, codec.read_reports, codec.read_new_password, hooks.read_news):
        with contextlib.suppress(BadBody):
            read(body)
    received, ping = hooks.News("sms:received", msgspec.Raw(body)), hooks.News("system:ping", msgspec.Raw(body))
    with contextlib.suppress(BadBody):
        hooks.read_text(received, 0)
    with contextlib.suppress(BadBody):
        hooks.read_sample(ping)


def test_a_signature_covers_body_and_time() -> None:
    signature = sign("key", b"body", "1700000000")
    assert (
        signature == "02b754e765812bd78c613b22795d74157d6d8e771a4b979108238f6708e17b5c"
    )  # openssl dgst -sha256 -hmac key
    assert is_signed("key", b"body", "1700000000", signature.upper())
    assert not is_signed("key", b"body", "1700000001", signature)
    assert not is_signed("other", b"body", "1700000000", signature)


async def test_settings_are_ours_then_the_accounts_then_the_phones(door: Door) -> None:
    phone = await door.phone()
    bearer = f"Bearer {phone._token}"
    ours = msgspec.json.decode((await door.ask("GET", "/settings", proof=bearer)).body)
    assert ours == {
        "messages": {"limit_period": "Disabled", "processing_order": "FIFO"},
        "ping": {"interval_seconds": 60},
        "webhooks": {"internet_required": True, "signing_key": phone._key},
        "gateway": {"notification_channel": "SSE_ONLY"},
    }
    secret = phone_settings.sealed(door.vault, {"webhooks": {"signing_key": "mine"}, "encryption": {"passphrase": "x"}})
    wanted = {"ping": {"interval_seconds": 300}, "logs": {"lifetime_days": 3}}
    await door.store.run(phone_settings.put, ONE, wanted, secret, door.clock.now)
    own = {"messages": {"processing_order": "LIFO"}, "gateway": {"notification_channel": "AUTO"}}
    await door.store.run(devices.change, int(phone.id), door.clock.now, settings=own)
    told = msgspec.json.decode((await door.ask("GET", "/settings", proof=bearer)).body)
    changed = {"ping": {"interval_seconds": 300}, "logs": {"lifetime_days": 3}, "encryption": {"passphrase": "x"}}
    assert told == ours | changed | {"messages": {"limit_period": "Disabled", "processing_order": "LIFO"}}
    assert [device.ping for device in await door.devices()] == [300]
    old = await door.ask("GET", "/settings", proof=bearer, agent="me.capcom.smsgateway/1.52.9")
    assert "gateway" not in msgspec.json.decode(old.body)


class Cht:
    """A phone with CHT Gateway, paired on the page."""

    def __init__(self, door: Door, address: str) -> None:
        self._door = door
        self.url, self.proof = read_address(address)

    async def post(self, *texts: object, updates: object = ()) -> list[dict[str, str]]:
        """Tell, and give what is to be sent."""
        answer = await self._door.ask("POST", self.url, {"messages": texts, "updates": updates}, self.proof)
        assert answer.status == 200
        told = msgspec.json.decode(answer.body)
        assert list(told) == ["messages"]
        return list(told["messages"])


def read_address(address: str) -> tuple[str, str]:
    """Take name and password out of an address."""
    scheme, _, rest = address.partition("://")
    login, _, host = rest.partition("@")
    return f"{scheme}://{host}", "Basic " + base64.b64encode(login.encode()).decode()


async def paired(door: Door) -> Cht:
    """Use up a code on the page."""
    page = await door.ask("POST", f"{door.server.url}/pair/{await door.code()}", body=b"app=cht")
    assert page.status == 200
    found = re.search(r'readonly="readonly" value="([^"]*)"', page.body.decode())
    assert found is not None
    assert read_qr(page.body.decode()) == found[1]
    return Cht(door, found[1])


async def test_device_case_32_cht_gateway_tells_and_takes_and_may_repeat_itself(door: Door) -> None:
    phone = await paired(door)
    hello = await door.ask("GET", phone.url, proof=phone.proof)
    assert (hello.status, hello.body) == (200, b'{"medic-gateway":true}')
    _, attempt = await door.offer()
    text = {"id": "a1", "from": PEER, "content": "Bună", "sms_sent": 1, "sms_received": door.clock.now // 1000}
    sent = {"id": str(attempt), "status": "SENT"}
    (entry,) = await phone.post()
    assert (entry["id"], entry["to"]) == (str(attempt), PEER)
    for _ in range(2):
        assert await phone.post(text, updates=[sent, {"id": "999", "status": "FAILED", "reason": "x"}]) == []
    assert await door.state(attempt) is AttemptState.SENT
    assert [(each.text, each.at) for each in await received(door)] == [("Bună", door.clock.now)]
    await phone.post(updates=[{"id": str(attempt), "status": "DELIVERED"}, sent])
    assert await door.told() == ["SENT", "DELIVERED"]


async def test_cht_gateway_needs_its_own_name_and_password(door: Door) -> None:
    phone, other = await paired(door), await door.phone()
    id = base64.b64decode(phone.proof.removeprefix("Basic ")).decode().partition(":")[0]
    guesses = [f"{id}:wrong", "0:x", f"{other.id}:{other._token}"]
    proofs = ["", "Basic ?", "Bearer x", *("Basic " + base64.b64encode(each.encode()).decode() for each in guesses)]
    for proof in proofs:
        assert (await door.ask("GET", phone.url, proof=proof)).status == 401, proof
    for body in (b"[]", b"{", b'{"messages":[{"id":1}]}', b'{"updates":{}}'):
        assert (await door.ask("POST", phone.url, proof=phone.proof, body=body)).status == 400
    await door.store.run(devices.change, int(id), door.clock.now, banned=True)
    assert (await door.ask("POST", phone.url, {}, proof=phone.proof)).status == 403
