"""Acceptance cases of devices: what a phone is told, what it pulls and what it reports. spec: devices/10"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import datetime

import msgspec
import pytest
from tests.dialects.phones_world import PEER, TWO, Door, door_of

from depesza.core.devices import AttemptState, Event
from depesza.dialects.smsgate_mobile import events
from depesza.dialects.smsgate_mobile.dates import read_time, write_time
from depesza.services import bells, devices
from depesza.simulator.phone import Faults, Phone, PhoneError, PhoneSettings, read_phone, running
from depesza.simulator.phone_words import FATES
from depesza.store.tx import Tx

pytestmark = pytest.mark.anyio


@pytest.fixture
async def door(sqlite_url: str) -> AsyncIterator[Door]:
    async with door_of(sqlite_url) as opened:
        yield opened


@contextmanager
def listening(phone: Phone) -> Iterator[None]:
    """Let a phone hear events, and do nothing about them."""
    phone._keep_pulling = lambda: None  # type: ignore[method-assign]
    task = asyncio.create_task(phone.listen())
    try:
        yield
    finally:
        task.cancel()


async def until(condition: object, seconds: float = 1.0) -> None:
    """Wait until something is true."""
    async with asyncio.timeout(seconds):
        while not condition():  # type: ignore[operator]  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def until_state(door: Door, attempt: int, state: AttemptState) -> None:
    """Wait until an attempt stands somewhere."""
    async with asyncio.timeout(5):
        while await door.state(attempt) is not state:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def listed(door: Door, phone: Phone) -> list[dict[str, object]]:
    """Pull without doing anything."""
    answer = await door.ask("GET", "/message", proof=f"Bearer {phone._token}")
    return msgspec.json.decode(answer.body, type=list[dict[str, object]])


async def patch(door: Door, phone: Phone, id: object, state: str, error: str = "") -> int:
    """Report one message."""
    recipient = {"phoneNumber": PEER, "state": state} | ({"error": error} if error else {})
    body = [{"id": str(id), "state": state, "recipients": [recipient], "states": {}}]
    return (await door.ask("PATCH", "/message", body, f"Bearer {phone._token}")).status


async def test_device_case_06_a_queued_message_rings_and_is_listed_with_its_fence(door: Door) -> None:
    phone = await door.phone()
    with listening(phone):
        await until(lambda: door.phones._streams._open)
        _, attempt = await door.offer()
        await until(lambda: "MessageEnqueued" in phone.heard)
    (entry,) = await listed(door, phone)
    assert entry["id"] == str(attempt)
    assert entry["phoneNumbers"] == [PEER]
    assert entry["textMessage"] == {"text": entry["message"]}
    assert (entry["simNumber"], entry["isEncrypted"], entry["state"]) == (1, False, "Pending")
    valid = str(entry["validUntil"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", valid)
    assert door.clock.now < datetime.fromisoformat(valid).timestamp() * 1e6 <= door.clock.now + 90_000_000


async def test_device_case_07_a_list_is_no_claim(door: Door) -> None:
    phone = await door.phone()
    message, attempt = await door.offer()
    first, second = await listed(door, phone), await listed(door, phone)
    assert first == second
    assert [entry["id"] for entry in first] == [str(attempt)]
    assert (await door.message(message)).attempts == 1


async def test_device_case_08_reports_lead_from_accepted_to_delivered(door: Door) -> None:
    phone = await door.phone()
    _, attempt = await door.offer()
    await listed(door, phone)
    seen = []
    for state in ("Pending", "Processed", "Sent", "Delivered"):
        assert await patch(door, phone, attempt, state) == 204
        seen.append((await door.state(attempt)).name)
    assert seen == ["ACCEPTED", "SUBMITTED", "SENT", "DELIVERED"]
    assert await door.told() == ["SENT", "DELIVERED"]


async def test_device_case_09_what_is_delivered_stays_so(door: Door) -> None:
    phone = await door.phone()
    _, attempt = await door.offer()
    for state in ("Delivered", "Sent", "Delivered", "Failed"):
        assert await patch(door, phone, attempt, state) == 204
    assert await door.state(attempt) is AttemptState.DELIVERED
    assert await door.told() == ["DELIVERED"]


async def test_device_case_10_what_a_phone_does_not_have_it_cannot_change(door: Door) -> None:
    phone, other = await door.phone(), await door.phone(TWO)
    _, attempt = await door.offer()
    for id in (attempt + 1, "0", "-1", "no-such", "9" * 40, "٣"):
        assert await patch(door, phone, id, "Delivered") == 204
    assert await patch(door, other, attempt, "Delivered") == 204
    assert await door.state(attempt) is AttemptState.OFFERED
    assert await door.told() == []


async def test_a_phone_plays_a_message_to_its_end_however_it_stammers(door: Door) -> None:
    phone = await door.phone()
    phone.faults.repeats = phone.faults.reorders = True
    _, attempt = await door.offer()
    assert await phone.pull() == [str(attempt)]
    assert await phone.pull() == []
    assert [taken.text for taken in phone.sent] == [(await door.message((await door.attempt(attempt)).message)).body]
    assert await door.state(attempt) is AttemptState.DELIVERED
    assert await door.told() == ["DELIVERED"]


async def test_a_phone_with_a_slow_clock_says_no_to_what_is_too_late_by_its_own(door: Door) -> None:
    phone = await door.phone()
    phone.faults.clock = 3600
    _, attempt = await door.offer()
    await phone.pull()
    found = await door.attempt(attempt)
    assert (found.state, found.reason, phone.sent) == (AttemptState.FAILED, "fence", [])


async def test_each_event_is_heard_in_the_apps_words(door: Door) -> None:
    phone = await door.phone()
    said: list[bytes] = []
    with listening(phone):
        await until(lambda: door.phones._streams._open)
        stream = next(iter(door.phones._streams._open[int(phone.id)]))
        stream.say = said.append  # type: ignore[method-assign]
        span = f'{{"since":{door.clock.now},"until":{door.clock.now + 1_500_000}}}'
        for event, detail in (
            (Event.CANCELLED, "17"),
            (Event.SETTINGS, ""),
            (Event.WEBHOOKS, ""),
            (Event.EXPORT, span),
        ):
            await door.store.run(ring, int(phone.id), event, door.clock.now, detail)
        await until(lambda: len(said) == 4)
    at = write_time(door.clock.now).encode()
    assert said[:3] == [
        b'event: MessageCancelled\ndata: {"messageId":"17"}\n\n',
        b"event: SettingsUpdated\ndata: null\n\n",
        b"event: WebhooksUpdated\ndata: null\n\n",
    ]
    assert b'"since":"%s"' % at in said[3]
    assert b'"triggerWebhooks":"true"' in said[3]


async def test_a_stream_keeps_alive_shows_that_its_phone_is_there_and_ends_when_it_is_banned(sqlite_url: str) -> None:
    async with door_of(sqlite_url) as door:
        door.phones._streams = events.Streams(door.store, door.clock, rhythm=0.02)
        phone = await door.phone()
        door.clock.move(3600)
        task = asyncio.create_task(phone.listen())
        (device,) = await door.devices()
        while device.stream != door.clock.now:
            await asyncio.sleep(0.01)
            (device,) = await door.devices()
        await door.store.run(devices.change, int(phone.id), door.clock.now, banned=True)
        assert (await asyncio.wait_for(task, 5)).status == 200
        assert not door.phones._streams._open
        assert (await phone.listen()).status == 403


async def test_a_phone_that_hangs_up_leaves_nothing_behind(door: Door) -> None:
    phone = await door.phone()
    with listening(phone):
        await until(lambda: door.phones._streams._open)
    await until(lambda: not door.phones._streams._open and door.phones._streams._watch is None)


async def test_an_old_app_is_not_shown_what_is_to_be_withdrawn(door: Door) -> None:
    old = await door.phone(version="1.60.0")
    _, attempt = await door.offer()
    await listed(door, old)
    await door.store.run(withdraw, attempt)
    assert await listed(door, old) != []  # asked by a new app
    answer = await door.ask("GET", "/message", proof=f"Bearer {old._token}", agent="me.capcom.smsgateway/1.60.0")
    assert answer.body == b"[]"


async def test_a_living_phone_hears_sends_and_reports_by_itself(door: Door) -> None:
    settings = PhoneSettings(url=door.url, code=await door.code(), ping=0)
    told: list[str] = []
    async with running(settings, lambda: door.clock.now / 1e6, lambda taken: told.append(taken.number)) as phone:
        await until(lambda: door.phones._streams._open)
        _, attempt = await door.offer()
        await until(lambda: phone.known and next(iter(phone.known.values())).states[-1][0] == "Delivered", 5.0)
        assert told == [PEER]
        await until_state(door, attempt, AttemptState.DELIVERED)
    await until(lambda: not door.phones._streams._open, 5.0)


ENDS = [
    ("981", AttemptState.FAILED, "radio", 0),
    ("982", AttemptState.FAILED, "generic", 0),
    ("983", AttemptState.FAILED, "quota", 0),
    ("984", AttemptState.FAILED, "final", 1),
    ("985", AttemptState.SENT, "", 1),
    ("986", AttemptState.SUBMITTED, "", 1),
]


@pytest.mark.parametrize(("ending", "state", "reason", "sent"), ENDS)
async def test_receivers_decide_how_sending_ends(
    door: Door, ending: str, state: AttemptState, reason: str, sent: int
) -> None:
    phone = await door.phone()
    _, attempt = await door.offer(receiver=f"+33601020{ending}")
    await phone.pull()
    found = await door.attempt(attempt)
    assert (found.state, found.reason, len(phone.sent)) == (state, reason, sent)
    assert set(FATES) == {row[0] for row in ENDS}


@pytest.mark.parametrize("fault", ["dies_after_pull", "dies_after_sending"])
async def test_a_phone_dies_with_what_it_holds(door: Door, fault: str) -> None:
    phone = await door.phone()
    setattr(phone.faults, fault, True)
    _, attempt = await door.offer()
    await phone.pull()
    assert len(phone.sent) == (fault == "dies_after_sending")
    assert (await door.attempt(attempt)).offered
    assert await door.state(attempt) is AttemptState.OFFERED
    assert await phone.pull() == []
    phone.faults = Faults()
    assert await phone.restart() == 204
    await phone.pull()  # it knows the message: only its state is told
    assert await door.state(attempt) is AttemptState.ACCEPTED


async def test_what_is_asked_back_is_given_back(door: Door) -> None:
    phone = await door.phone()
    phone.faults.dies_after_pull = True
    _, first = await door.offer()
    await phone.pull()
    door.clock.move(5)  # a SIM rests between two texts
    _, second = await door.offer(receiver="+33601020305")
    for attempt in (first, second):
        await door.store.run(withdraw, attempt)
    await phone.restart()
    await phone.pull()
    assert [await door.state(each) for each in (first, second)] == [AttemptState.WITHDRAWN] * 2
    assert phone.sent == []


def test_a_phone_is_read_from_a_line() -> None:
    read = read_phone("http://x/api/mobile/v1#abc", {"clock": -90, "version": "1.60.0"})
    assert (read.url, read.code, read.faults.clock, read.version) == ("http://x/api/mobile/v1", "abc", -90, "1.60.0")
    with pytest.raises(PhoneError, match="URL#CODE"):
        read_phone("http://x", {})
    with pytest.raises(msgspec.ValidationError):
        read_phone("http://x#y", {"colour": "red"})


TIMES = [
    ("2026-11-22T10:00:00.000Z", 1_795_341_600_000_000),
    ("2026-11-22T12:00:00.250+02:00", 1_795_341_600_250_000),
    ("2026-11-22T10:00:00", 0),
    ("yesterday", 0),
    ("0001-01-01T00:00:00.000+14:00", -62_135_647_200_000_000),
]


@pytest.mark.parametrize(("text", "at"), TIMES)
def test_times_of_the_app_are_read(text: str, at: int) -> None:
    assert read_time(text) == at
    if at > 0:
        assert read_time(write_time(at)) == at


async def ring(tx: Tx, device: int, event: Event, now: int, detail: str) -> None:
    """Have a phone told something."""
    bells.ring(tx, device, event, now, detail)


async def withdraw(tx: Tx, attempt: int) -> None:
    """Ask an attempt back."""
    tx.write("UPDATE device_attempts SET state = 5 WHERE id = ?1", attempt)
