"""Messages of SMSGate's API without phones: taken, listed, folded, taken back. spec: devices/9"""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.dialects.smsgate_world import OTHER, PASSWORD, PHONE, Gate, basic, gate_of

from depesza.core.model import Priority, State
from depesza.services import requests
from depesza.services.requests import PHASES, Phase, Wanted, fold
from depesza.store.contract import Store
from depesza.store.tx import Tx

pytestmark = pytest.mark.anyio

TEXT = {"textMessage": {"text": "Hello"}}


@pytest.fixture
async def gate(sqlite_url: str) -> AsyncIterator[Gate]:
    """The setting."""
    async with gate_of(sqlite_url) as gate:
        yield gate


async def test_a_message_is_taken_shown_and_delivered(gate: Gate) -> None:
    answer = await gate.ask("POST", "/messages", TEXT | {"phoneNumbers": ["+40 740 123 456"]})
    assert answer.status == 202, answer.text
    shown = answer.json
    assert isinstance(shown, dict)
    name = shown["id"]
    assert answer.headers["Location"] == f"/api/3rdparty/v1/messages/{name}"
    assert shown == {
        "id": name,
        "deviceId": "",
        "state": "Pending",
        "isHashed": False,
        "isEncrypted": False,
        "recipients": [{"phoneNumber": PHONE, "state": "Pending"}],
        "states": {"Pending": "2026-05-28T20:26:40.000Z"},
        "createdAt": "2026-05-28T20:26:40.000Z",
    }
    (id,) = await gate.ids(name)
    message = await gate.desk.message(id)
    assert (message.body, message.content.sender, message.content.dialect) == ("Hello", "MyApp", "smsgate")
    await gate.desk.hand_over(id)
    assert await gate.state(name) == "Sent"
    gate.clock.move(2.5)
    await gate.desk.report(id)
    shown = await gate.good("GET", f"/message/{name}")
    assert isinstance(shown, dict)
    assert shown["state"] == "Delivered"
    assert shown["states"] == {
        "Pending": "2026-05-28T20:26:40.000Z",
        "Sent": "2026-05-28T20:26:40.000Z",
        "Delivered": "2026-05-28T20:26:42.500Z",
    }


async def test_the_npm_clients_spelling_of_path_and_body(gate: Gate) -> None:
    body = {"id": None, "message": "Hello", "ttl": None, "phoneNumbers": [PHONE], "simNumber": None}
    shown = await gate.good("POST", "/message", body, 202, base="/3rdparty/v1", skipPhoneValidation="false")
    assert isinstance(shown, dict)
    assert (await gate.desk.message((await gate.ids(shown["id"]))[0])).body == "Hello"


async def test_the_clients_own_id_is_kept_and_taken_once(gate: Gate) -> None:
    name = "order 4711/Ω?"
    assert (await gate.send(id=name))["id"] == name
    assert (await gate.good("GET", "/messages/order%204711%2F%CE%A9%3F"))["id"] == name  # type: ignore[index]
    body = TEXT | {"phoneNumbers": [PHONE], "id": name}
    assert "exists already" in await gate.refused(409, "POST", "/messages", body)
    assert await gate.desk.balance() == 99


BODIES = [
    ({"phoneNumbers": [PHONE]}, "exactly one"),
    (TEXT | {"message": "too", "phoneNumbers": [PHONE]}, "exactly one"),
    (TEXT | {"dataMessage": {"data": "aGk=", "port": 1}, "phoneNumbers": [PHONE]}, "exactly one"),
    (TEXT, "phoneNumbers"),
    (TEXT | {"phoneNumbers": []}, "$.phoneNumbers"),
    (TEXT | {"phoneNumbers": [PHONE] * 101}, "$.phoneNumbers"),
    (TEXT | {"phoneNumbers": ["nobody"]}, "row 1 is not a phone number"),
    (TEXT | {"phoneNumbers": [PHONE, "0040740123456"]}, "row 2 is there twice"),
    (TEXT | {"phoneNumbers": [PHONE], "id": "x" * 37}, "$.id"),
    (TEXT | {"phoneNumbers": [PHONE], "id": "a\0"}, "id"),
    (TEXT | {"phoneNumbers": [PHONE], "simNumber": 4}, "$.simNumber"),
    (TEXT | {"phoneNumbers": [PHONE], "simNumber": 1}, "no phone"),
    (TEXT | {"phoneNumbers": [PHONE], "deviceId": "7"}, "there is no such phone"),
    (TEXT | {"phoneNumbers": [PHONE], "isEncrypted": True}, "no phone"),
    ({"dataMessage": {"data": "aGk=", "port": 1}, "phoneNumbers": [PHONE]}, "no phone"),
    ({"dataMessage": {"data": "a!!=", "port": 1}, "phoneNumbers": [PHONE]}, "not base64"),
    ({"dataMessage": {"data": "aGk=", "port": 0}, "phoneNumbers": [PHONE]}, "$.dataMessage.port"),
    ({"mmsMessage": {"text": "x"}, "phoneNumbers": [PHONE]}, "not offered"),
    (TEXT | {"phoneNumbers": [PHONE], "ttl": 4}, "$.ttl"),
    (TEXT | {"phoneNumbers": [PHONE], "ttl": 60, "validUntil": "2026-11-22T10:00:00Z"}, "not both"),
    (TEXT | {"phoneNumbers": [PHONE], "validUntil": "2020-11-22T10:00:00Z"}, "validUntil"),
    (TEXT | {"phoneNumbers": [PHONE], "validUntil": "2026-11-22T10:00:00"}, "validUntil"),
    (TEXT | {"phoneNumbers": [PHONE], "scheduleAt": "2020-11-22T10:00:00Z"}, "must be in the future"),
    (TEXT | {"phoneNumbers": [PHONE], "scheduleAt": "2026-13-22T10:00:00Z"}, "no such time"),
    (TEXT | {"phoneNumbers": [PHONE], "priority": 128}, "$.priority"),
    ({"textMessage": {"text": ""}, "phoneNumbers": [PHONE]}, "$.textMessage.text"),
    ({"textMessage": {"text": "x" * 2000}, "phoneNumbers": [PHONE]}, "parts"),
    ({"textMessage": {"text": "x\0"}, "phoneNumbers": [PHONE]}, "NUL"),
    ([], "object"),
]


@pytest.mark.parametrize(("body", "why"), BODIES, ids=[f"{n} {why}" for n, (_, why) in enumerate(BODIES)])
async def test_what_is_wrong_is_refused_with_its_name(gate: Gate, body: object, why: str) -> None:
    assert why in await gate.refused(400, "POST", "/messages", body)
    assert await gate.desk.balance() == 100


async def test_queries_that_are_wrong_are_refused(gate: Gate) -> None:
    body = TEXT | {"phoneNumbers": [PHONE]}
    assert "skipPhone" in await gate.refused(400, "POST", "/messages", body, skipPhoneValidation="perhaps")
    assert "no phone" in await gate.refused(400, "POST", "/messages", body, deviceActiveWithin="12")
    for query in ({"limit": 101}, {"limit": 0}, {"offset": -1}, {"state": "Lost"}, {"sort": "id"}, {"from": "today"}):
        await gate.refused(400, "GET", "/messages", **query)


async def test_times_and_priorities_mean_the_same_here(gate: Gate) -> None:
    later = await gate.send(scheduleAt="2026-05-28T23:26:40+02:00", ttl=60, priority=100)
    message = await gate.desk.message((await gate.ids(str(later["id"])))[0])
    assert (later["state"], message.state, message.priority) == ("Pending", State.SCHEDULED, Priority.URGENT)
    assert message.due == gate.clock.now + 3600 * 1_000_000
    assert message.content.expires == message.due + 60_000_000
    until = await gate.send(OTHER, validUntil="2026-05-28T20:27:40.250Z", priority=-1)
    message = await gate.desk.message((await gate.ids(str(until["id"])))[0])
    assert (message.content.expires, message.priority) == (gate.clock.now + 60_250_000, Priority.BULK)


async def test_numbers_are_not_judged_where_the_client_says_so(gate: Gate) -> None:
    body = TEXT | {"phoneNumbers": ["38184", "0040740123456"]}
    shown = await gate.good("POST", "/messages", body, 202, skipPhoneValidation="true")
    assert isinstance(shown, dict)
    assert [each["phoneNumber"] for each in shown["recipients"]] == ["38184", PHONE]


async def test_one_who_asked_for_silence_is_a_failure_of_one(gate: Gate) -> None:
    await gate.store.run(_stop, PHONE)
    shown = await gate.send(PHONE, OTHER)
    first = shown["recipients"][0]  # type: ignore[index]
    assert first == {"phoneNumber": PHONE, "state": "Failed", "error": "The receiver asked for no more messages."}
    await gate.desk.deliver((await gate.ids(str(shown["id"])))[1])
    assert await gate.state(str(shown["id"])) == "Sent"


async def _stop(tx: Tx, number: str) -> None:
    tx.insert("optouts", (101, number, 1, 0, "", 4))
    (await tx.wallet(101)).optouts += 1


async def test_what_waits_is_taken_back_and_paid_back(gate: Gate) -> None:
    shown = await gate.send(PHONE, OTHER, scheduleAt="2026-05-29T00:00:00Z", id="later")
    assert shown["state"] == "Pending"
    assert await gate.desk.balance() == 98
    cancelled = await gate.good("DELETE", "/messages/later")
    assert isinstance(cancelled, dict)
    assert cancelled["state"] == "Cancelled"
    assert "Cancelled" in cancelled["states"]
    assert await gate.desk.balance() == 100
    assert "wait" in await gate.refused(409, "DELETE", "/messages/later")


async def test_what_has_left_is_not_taken_back(gate: Gate) -> None:
    name = str((await gate.send())["id"])
    await gate.desk.hand_over(*await gate.ids(name))
    await gate.refused(409, "DELETE", f"/messages/{name}")
    assert "not found" in await gate.refused(404, "DELETE", "/messages/nothing")
    await gate.refused(404, "GET", "/messages/nothing")


async def test_without_credits_nothing_is_taken(gate: Gate) -> None:
    await gate.change_account(credit_limit=-100 * 1_000_000)
    assert "credits" in await gate.refused(402, "POST", "/messages", TEXT | {"phoneNumbers": [PHONE]})
    assert (await gate.ask("GET", "/messages")).json == []


async def test_a_list_has_pages_and_a_count(gate: Gate) -> None:
    names = []
    for n in range(5):
        names.append(str((await gate.send(id=f"m{n}"))["id"]))
        gate.clock.move(60)
    answer = await gate.ask("GET", "/messages", limit=2, offset=1, includeContent="true")
    assert answer.headers["X-Total-Count"] == "5"
    assert isinstance(answer.json, list)
    assert [each["id"] for each in answer.json] == ["m3", "m2"]
    assert answer.json[0]["textMessage"] == {"text": "Hello"}
    answer = await gate.ask(
        "GET", "/messages", sort="created_at", **{"from": "2026-05-28T20:27:40Z", "to": "2026-05-28T20:28:40Z"}
    )
    assert [each["id"] for each in answer.json] == ["m1", "m2"]  # type: ignore[union-attr]
    assert answer.headers["X-Total-Count"] == "2"
    await gate.desk.deliver(*await gate.ids("m0"))
    for state, expected in (("Delivered", ["m0"]), ("Pending", ["m4", "m3", "m2", "m1"]), ("Failed", [])):
        answer = await gate.ask("GET", "/messages", state=state)
        assert [each["id"] for each in answer.json] == expected  # type: ignore[union-attr]


async def test_users_see_their_own_messages_only(gate: Gate) -> None:
    await gate.send(id="mine")
    await gate.desk.good("POST", "/users", {"login": "api2", "password": PASSWORD})
    other = basic("api2")
    assert (await gate.ask("GET", "/messages", auth=other)).json == []
    await gate.refused(404, "GET", "/messages/mine", auth=other)
    await gate.refused(404, "DELETE", "/messages/mine", auth=other)
    assert (
        await gate.ask("POST", "/messages", TEXT | {"phoneNumbers": [PHONE], "id": "mine"}, auth=other)
    ).status == 202


# the fold, as the database counts it


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(Phase), min_size=1, max_size=5))
def test_the_least_far_counts_and_one_that_arrived_is_not_lost(phases: list[Phase]) -> None:
    folded = fold(phases)
    unfinished = [phase for phase in (Phase.PENDING, Phase.CANCELLING, Phase.PROCESSED) if phase in phases]
    if unfinished:
        assert folded is unfinished[0]
    elif len(set(phases)) == 1:
        assert folded is phases[0]
    else:
        arrived = {Phase.SENT, Phase.DELIVERED} & set(phases)
        assert folded is (Phase.SENT if arrived else Phase.FAILED)


SETS = [
    (State.QUEUED, State.DELIVERED), (State.SENDING, State.FAILED), (State.SENT, State.FAILED),
    (State.DELIVERED, State.DELIVERED), (State.DELIVERED, State.CANCELLED), (State.EXPIRED, State.REJECTED),
    (State.FAILED, State.CANCELLED), (State.CANCELLED, State.CANCELLED), (State.HELD, State.SENT), (State.PENDING,),
]  # fmt: skip


async def test_a_list_by_state_finds_what_the_fold_says(store: Store) -> None:
    await store.run(_write_sets)
    for phase in Phase:
        expected = [str(n) for n, states in enumerate(SETS, 1) if fold([PHASES[state] for state in states]) is phase]
        found, total = await store.look(requests.listed, 7, Wanted(phase=phase, oldest_first=True))
        assert [each.name for each in found] == expected
        assert all(each.phase is phase for each in found)
        assert total == len(expected)


async def _write_sets(tx: Tx) -> None:
    for request, states in enumerate(SETS, 1):
        tx.write(
            "INSERT INTO requests (id, account, user_id, name, created) VALUES (?1, 1, 7, ?2, 1)", request, str(request)
        )
        for n, state in enumerate(states):
            id = request * 10 + n
            tx.insert("request_messages", (id, request, n))
            tx.insert(
                "messages",
                (id, 1, 7, request, PHONE, None, 1, 0, int(state), 1, 0, 0, 0, 0, 0, 0, 0, "", 0, 0, 0, 0),
            )
