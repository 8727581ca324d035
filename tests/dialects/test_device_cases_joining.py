"""Acceptance cases of devices: how phones join, and who is let in. spec: devices/10"""

import base64
import re
from collections.abc import AsyncIterator
from html import unescape

import msgspec
import pytest
from tests.dialects.phones_world import ONE, PASSWORD, TWO, Door, door_of, read_qr

from depesza.services import devices
from depesza.simulator.phone import Phone, PhoneError, PhoneSettings
from depesza.simulator.phone_words import Card
from depesza.store.tx import Tx

pytestmark = pytest.mark.anyio
PHONE = {"name": "Google/sunfish", "pushToken": None, "simCards": [Card().redacted(1)]}


@pytest.fixture
async def door(sqlite_url: str) -> AsyncIterator[Door]:
    async with door_of(sqlite_url) as opened:
        yield opened


async def test_device_case_01_without_a_good_proof_nobody_joins(door: Door) -> None:
    used, expired = await door.code(), await door.code()
    assert (await door.ask("POST", "/device", PHONE, f"Code {used}")).status == 201
    door.clock.move(15 * 60)
    proofs = (
        "",
        "Bearer wrong",
        f"Code {used}",
        f"Code {expired}",
        "Code",
        "Basic ???",
        "Basic " + basic("api1", "no"),
    )
    for proof in proofs:
        answer = await door.ask("POST", "/device", PHONE, proof)
        assert answer.status == 401, proof
        assert set(msgspec.json.decode(answer.body)) == {"message"}
    assert len(await door.devices()) == 1


async def test_device_case_02_a_code_lets_one_phone_in_however_it_is_typed(door: Door) -> None:
    code = await door.code(TWO)
    answer = await door.ask("POST", "/device", PHONE, f"Code {code.upper()}")
    told = msgspec.json.decode(answer.body)
    assert answer.status == 201
    assert set(told) == {"id", "token", "login"}
    assert (told["login"], len(told["token"])) == ("sms-xx11111-2", 21)
    (device,) = await door.devices(TWO)
    assert (str(device.id), device.account, device.name, device.version) == (
        told["id"],
        TWO,
        "Google/sunfish",
        "1.68.0",
    )
    assert (await door.ask("POST", "/device", PHONE, f"Code {code}")).status == 401


async def test_device_case_03_a_key_lets_many_phones_in(door: Door) -> None:
    key = await door.key()
    told = [msgspec.json.decode((await door.ask("POST", "/device", PHONE, f"Bearer {key}")).body) for _ in range(2)]
    assert len({each["id"] for each in told}) == 2
    assert [device.account for device in await door.devices()] == [ONE, ONE]


async def test_device_case_04_who_asks_without_a_proof_learns_its_address_only(door: Door) -> None:
    answer = await door.ask("GET", "/device")
    assert (answer.status, msgspec.json.decode(answer.body)) == (200, {"externalIp": "127.0.0.1"})


async def test_device_case_05_a_deleted_phone_may_join_again_and_a_banned_one_may_not(door: Door) -> None:
    gone, banned = await door.phone(), await door.phone()
    assert (await gone.restart(), await banned.restart()) == (204, 204)
    await door.store.run(forget, int(gone.id))
    await door.store.run(devices.change, int(banned.id), door.clock.now, banned=True)
    assert (await gone.restart(), await banned.restart()) == (401, 403)
    assert (await door.ask("GET", "/message", None, f"Bearer {banned._token}")).status == 403


async def test_a_phone_shows_no_other_phones_id(door: Door) -> None:
    phone, other = await door.phone(), await door.phone()
    body = {"id": other.id, "pushToken": "x"}
    assert (await door.ask("PATCH", "/device", body, f"Bearer {phone._token}")).status == 403
    assert [device.push for device in await door.devices()] == ["", ""]


async def test_a_login_makes_codes_and_changes_its_password(door: Door) -> None:
    proof = "Basic " + basic("sms-xx11111-1/api1", PASSWORD)
    told = msgspec.json.decode((await door.ask("POST", "/device", PHONE, proof)).body)
    assert told["login"] == "sms-xx11111-1/api1"
    answer = msgspec.json.decode((await door.ask("GET", "/user/code", None, "Basic " + basic("api1", PASSWORD))).body)
    assert re.fullmatch(r"[2-9a-hjkmnp-z]{8}", answer["code"])
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", answer["validUntil"])
    assert (await door.ask("POST", "/device", PHONE, f"Code {answer['code']}")).status == 201
    bearer, new = f"Bearer {told['token']}", "a longer password"
    for current, wanted, status in ((PASSWORD, "too short", 400), ("wrong", new, 401), (PASSWORD, new, 204)):
        body = {"currentPassword": current, "newPassword": wanted}
        assert (await door.ask("PATCH", "/user/password", body, bearer)).status == status
    assert (await door.ask("GET", "/user/code", None, "Basic " + basic("api1", PASSWORD))).status == 401
    assert (await door.ask("GET", "/user/code", None, "Basic " + basic("api1", new))).status == 200


async def test_device_case_29_an_old_app_is_told_of_nothing_it_does_not_know(door: Door) -> None:
    old, new = await door.phone(version="1.60.0"), await door.phone()
    assert set(new.hooks) - set(old.hooks) == {"app:started"}
    assert "sms:cancelled" not in new.hooks
    assert set((await door.phone(version="1.38.0")).hooks) == {"sms:received", "system:ping"}


async def test_device_case_42_the_pairing_page_leads_a_phone_in_once(door: Door) -> None:
    door.context = msgspec.structs.replace(door.context, bases=("https://sms.example.org",))
    door.dialects = dict.fromkeys(("api", "pair"), type(door.phones)(door.context))
    code = await door.code()
    page = (await door.ask("GET", f"{door.server.url}/pair/{code}")).body.decode()
    assert read_qr(page) == f"https://sms.example.org/pair/{code}"
    assert [unescape(value) for value in re.findall(r'readonly="readonly" value="([^"]*)"', page)] == [
        "https://sms.example.org/api/mobile/v1",
        code,
    ]
    assert "SSE only" in page
    assert (await door.ask("POST", "/device", PHONE, f"Code {code}")).status == 201
    assert (await door.ask("GET", f"{door.server.url}/pair/{code}")).status == 404
    with pytest.raises(PhoneError, match="401"):
        await Phone(PhoneSettings(url=door.url, code=code), door.client, lambda: 0.0).join()


async def test_an_address_that_guesses_codes_must_wait(door: Door) -> None:
    code = await door.code()
    statuses = [(await door.ask("GET", f"{door.server.url}/pair/guess{n}")).status for n in range(12)]
    assert statuses == [404] * 10 + [429] * 2
    assert (await door.ask("POST", "/device", PHONE, f"Code {code}")).status == 429
    door.clock.move(60)
    assert (await door.ask("POST", "/device", PHONE, f"Code {code}")).status == 201


BAD = [b"", b"[]", b"{", b'{"name": 5}', b'{"simCards": {}}', b"\xff\xfe", b'{"name": "\\ud800"}', b"[" * 100_000]


@pytest.mark.parametrize("body", BAD)
async def test_a_body_that_makes_no_sense_is_refused(door: Door, body: bytes) -> None:
    phone = await door.phone()
    for method, path in (("PATCH", "/device"), ("PATCH", "/message"), ("PATCH", "/user/password")):
        if (path, body) != ("/message", b"[]"):
            answer = await door.ask(method, path, proof=f"Bearer {phone._token}", body=body)
            assert answer.status == 400, (path, answer)
    for method, path, status in (("GET", "/nothing", 404), ("DELETE", "/device", 405)):
        assert (await door.ask(method, path, proof=f"Bearer {phone._token}")).status == status


async def forget(tx: Tx, device: int) -> None:
    """Delete a phone."""
    tx.write("DELETE FROM devices WHERE id = ?1", device)


def basic(login: str, password: str) -> str:
    """Write a login as HTTP does."""
    return base64.b64encode(f"{login}:{password}".encode()).decode()
