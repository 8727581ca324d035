"""Batches: begun, watched, counted, renamed, cancelled, deleted; and the messages they leave. spec: ovh/4.9"""

from collections.abc import AsyncIterator

import pytest
from tests.dialects.ovh_cases_world import PEER, Desk, desk_of

from depesza.core.ids import of_uuid
from depesza.core.model import State
from depesza.services import campaigns

pytestmark = pytest.mark.anyio

BATCH = {
    "id", "accountID", "name", "message", "from", "receivers", "slotID", "status", "totalRecords", "processedRecords",
    "estimatedCredits", "errors", "createdAt", "updatedAt", "startedAt", "finishedAt", "sentAt",
}  # fmt: skip
URL = "http://127.0.0.1:9/r.csv"
SPARE = "+33601020305"


@pytest.fixture
async def desk(store_url: str) -> AsyncIterator[Desk]:
    """The setting of all cases, on each store."""
    async with desk_of(store_url) as desk:
        yield desk


async def batch(desk: Desk, **fields: object) -> dict[str, object]:
    """POST batches with sensible fields; gives the batch."""
    body = {"name": "b", "from": "MyApp", "to": [PEER], "message": "x", "noStop": True} | fields
    return await shown(desk, "POST", "", {name: value for name, value in body.items() if value != "-"})


async def shown(desk: Desk, method: str, path: str, value: object = None) -> dict[str, object]:
    """Call below /batches and give the object."""
    found = await desk.good(method, f"/batches{path}", value)
    assert isinstance(found, dict)
    return found


async def sent(desk: Desk, **filters: str) -> list[int]:
    """List the ids of the history."""
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    found = await desk.good("GET", f"/outgoing?{query}")
    assert isinstance(found, list)
    return found


async def test_case_54_a_batch_is_sent_and_counted(desk: Desk) -> None:
    made = await batch(desk)
    assert made.keys() == BATCH
    assert made | {"id": ""} == made | {
        "id": "", "name": "b", "from": "MyApp", "receivers": [PEER], "slotID": None, "status": "PENDING",
        "totalRecords": 1, "processedRecords": 0, "estimatedCredits": 1, "errors": [], "accountID": 101,
        "startedAt": None, "finishedAt": None, "sentAt": None, "message": "x",
    }  # fmt: skip
    id = made["id"]
    await desk.run_campaigns()
    assert (await shown(desk, "GET", f"/{id}"))["status"] == "INSERTED"
    (message,) = await sent(desk, batchID=str(id))
    assert (await desk.good("GET", f"/outgoing/{message}"))["batchID"] == id  # type: ignore[index]
    figures = {"id": id, "estimatedCredits": 1, "credits": 1, "sent": 0, "delivered": 0, "failed": 0, "stoplisted": 0}
    assert await shown(desk, "GET", f"/{id}/statistics") == figures | {"pending": 1}
    await desk.hand_over(message)
    assert await shown(desk, "GET", f"/{id}/statistics") == figures | {"pending": 0, "sent": 1}
    await desk.report(message)
    await desk.run_campaigns()
    ended = await shown(desk, "GET", f"/{id}")
    assert (ended["status"], ended["processedRecords"]) == ("COMPLETED", 1)
    assert ended["startedAt"] == ended["finishedAt"] == ended["sentAt"] == "2026-05-28T22:26:40+02:00"
    assert await shown(desk, "GET", f"/{id}/statistics") == figures | {"pending": 0, "delivered": 1}
    assert await desk.good("GET", "/batches") == [ended]


async def test_case_55_a_deferred_batch_is_cancelled(desk: Desk) -> None:
    made = await batch(desk, deferred="2026-05-28T23:26:40+02:00", to=[PEER, SPARE])
    await desk.run_campaigns()
    assert await desk.balance() == 98
    cancelled = await shown(desk, "POST", f"/{made['id']}/cancel")
    assert cancelled["status"] == "TO_CANCEL"
    assert cancelled["sentAt"] == "2026-05-28T23:26:40+02:00"
    assert (await desk.ask("POST", f"/batches/{made['id']}/cancel")).status == 409
    await desk.run_campaigns()
    assert (await shown(desk, "GET", f"/{made['id']}"))["status"] == "CANCELED"
    assert await desk.balance() == 100
    assert await sent(desk) == []
    assert await desk.good("GET", "/jobs") == []
    figures = await shown(desk, "GET", f"/{made['id']}/statistics")
    assert (figures["credits"], figures["pending"], figures["failed"]) == (0, 0, 0)


async def test_a_batch_of_which_something_was_sent_is_not_cancelled(desk: Desk) -> None:
    made = await batch(desk, to=[PEER, SPARE])
    await desk.run_campaigns()
    await desk.hand_over((await sent(desk))[0])
    answer = await desk.ask("POST", f"/batches/{made['id']}/cancel")
    assert (answer.status, "were sent" in answer.text) == (409, True)
    assert (await shown(desk, "GET", f"/{made['id']}"))["status"] == "INSERTED"


async def test_receivers_that_are_no_numbers_are_errors_of_the_batch(desk: Desk) -> None:
    made = await batch(desk, to=[PEER, "12", PEER, "0601020304"])
    assert (made["totalRecords"], made["processedRecords"], made["estimatedCredits"]) == (3, 2, 1)
    assert made["errors"] == [
        {"receiver": "12", "message": "This is not a phone number"},
        {"receiver": "0601020304", "message": "This is not a phone number"},
    ]
    hopeless = await batch(desk, to=["12"])
    await desk.run_campaigns()
    assert (await shown(desk, "GET", f"/{hopeless['id']}"))["status"] == "FAILED"
    assert len(await sent(desk)) == 1


async def test_a_batch_for_a_slot_fills_its_columns_and_names_rows_at_fault(desk: Desk) -> None:
    desk.files[URL] = b"number;name\n+33601020304;Anna\n+33601020305;" + b"a" * 1_000 + b"\n"
    await desk.good("POST", "/receivers", {"csvUrl": URL, "description": "d", "slotId": 3})
    made = await batch(desk, to=None, slotId="3", message="Hi #name#", tag="t54")
    assert (made["slotID"], made["receivers"], made["totalRecords"]) == ("3", None, 2)
    await desk.run_campaigns()
    (id,) = await sent(desk, tag="t54")
    assert (await desk.message(id)).body == "Hi Anna"
    faults = (await shown(desk, "GET", f"/{made['id']}"))["errors"]
    assert isinstance(faults, list)
    assert [fault["receiver"] for fault in faults] == [SPARE]


async def test_a_stop_counts_for_the_batch(desk: Desk) -> None:
    made = await batch(desk, noStop=False, name=None)
    await desk.run_campaigns()
    (id,) = await sent(desk)
    await desk.deliver(id)
    await desk.answer("STOP", "36184")
    assert (await shown(desk, "GET", f"/{made['id']}/statistics"))["stoplisted"] == 1
    assert await desk.good("GET", f"/blacklists?batchID={made['id']}") == [PEER]
    again = await batch(desk)
    await desk.run_campaigns()
    figures = await shown(desk, "GET", f"/{again['id']}/statistics")
    assert (figures["failed"], figures["credits"], figures["stoplisted"]) == (1, 0, 0)


async def test_a_job_for_a_list_is_a_batch_too(desk: Desk) -> None:
    desk.files[URL] = b"number\n+33601020304\n"
    await desk.send(receivers="-", receiversDocumentUrl=URL, tag="j")
    await desk.run_campaigns()
    (found,) = await desk.good("GET", "/batches")  # type: ignore[misc]
    assert (found["status"], found["totalRecords"]) == ("INSERTED", 1)
    assert await sent(desk, batchID=found["id"]) == await sent(desk, tag="j")


async def test_a_batch_is_renamed_and_deleted_when_it_has_ended(desk: Desk) -> None:
    made = await batch(desk)
    id = made["id"]
    assert (await shown(desk, "PUT", f"/{id}", {"name": "other"}))["name"] == "other"
    assert (await desk.ask("PUT", f"/batches/{id}", {"name": "n" * 256})).status == 400
    assert (await desk.ask("DELETE", f"/batches/{id}")).status == 409
    await desk.run_campaigns()
    await desk.deliver((await sent(desk))[0])
    await desk.run_campaigns()
    assert await desk.good("DELETE", f"/batches/{id}") is None
    assert (await desk.ask("GET", f"/batches/{id}")).status == 404
    assert len(await sent(desk, batchID=str(id))) == 1


async def test_a_paused_batch_shows_its_state_and_what_waits(desk: Desk) -> None:
    made = await batch(desk)
    await desk.run_campaigns()
    await desk.store.run(campaigns.pause, of_uuid(str(made["id"])), desk.clock.now)
    await desk.run_campaigns()
    assert (await shown(desk, "GET", f"/{made['id']}"))["status"] == "INSERTED"
    assert (await shown(desk, "GET", f"/{made['id']}/statistics"))["pending"] == 1
    (id,) = await desk.good("GET", "/jobs")  # type: ignore[misc]
    assert (await desk.message(id)).state is State.SCHEDULED


@pytest.mark.parametrize(
    ("fields", "status", "word"),
    [
        ({"message": "-"}, 400, "message"),
        ({"from": "-"}, 400, "from"),
        ({"from": "Nobody"}, 400, "Nobody"),
        ({"to": "-"}, 400, "to is required"),
        ({"to": []}, 400, "to is required"),
        ({"slotID": "1"}, 400, "exclude"),
        ({"to": "-", "slotID": "1"}, 404, "id = 1"),
        ({"to": "-", "slotID": "x"}, 400, "slotID"),
        ({"deferred": "tomorrow"}, 400, "deferred"),
        ({"deferred": "2020-01-01T00:00:00Z"}, 400, "deferred"),
        ({"deferred": "2099-01-01T00:00:00Z"}, 400, "deferred"),
        ({"class": "flash"}, 400, "class"),
        ({"noStop": "perhaps"}, 400, "noStop"),
        ({"tag": "t" * 21}, 400, "tag"),
        ({"message": "a" * 5_000}, 400, "message"),
        ({"to": [f"+336010203{n:02}" for n in range(40)], "message": "a" * 400}, 402, "left: 100.00"),
    ],
)
async def test_what_is_no_batch_is_refused_and_changes_nothing(
    desk: Desk, fields: dict[str, object], status: int, word: str
) -> None:
    body = {"name": "b", "from": "MyApp", "to": [PEER], "message": "x", "noStop": True} | fields
    answer = await desk.ask("POST", "/batches", {name: value for name, value in body.items() if value != "-"})
    assert (answer.status, word in answer.text) == (status, True)
    assert await desk.good("GET", "/batches") == []
    await desk.run_campaigns()
    assert await desk.balance() == 100


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"class": "FLASH"}, {"flash": 0}),
        ({"class": "PHONE"}, {"flash": 1}),
        ({"class": "SIM"}, {"flash": 2}),
        ({"from": None, "senderForResponse": True}, {"sender": "38184", "reply_to": "38184"}),
        ({"deferred": "20260529T10:00:00"}, {"due": 1_780_041_600_000_000}),
        ({"tag": "spring"}, {"tag": "spring"}),
    ],
)
async def test_the_fields_of_a_batch_reach_its_messages(
    desk: Desk, fields: dict[str, object], expected: dict[str, object]
) -> None:
    made = await batch(desk, **fields)
    await desk.run_campaigns()
    found = await desk.store.look(campaigns.find, of_uuid(str(made["id"])))
    assert found is not None
    content = (await desk.message(found.last)).content
    assert {name: getattr(content, name) for name in expected} == expected


async def test_a_batch_of_another_account_or_a_strange_id_is_not_there(desk: Desk) -> None:
    made = await batch(desk)
    other = f"//sms/sms-xx11111-2/batches/{made['id']}"
    assert (await desk.ask("GET", other)).status == 404
    for id in ("x", "00000000-0000-4000-8000-000000000000", "%00"):
        assert (await desk.ask("GET", f"/batches/{id}")).status == 404
