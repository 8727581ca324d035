"""Lists of receivers: from documents, of users, in many forms, long ones; and their cleaning. spec: ovh/4.4 ovh/4.8"""

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.dialects.ovh_cases_world import PEER, Desk, desk_of

from depesza.core.ids import uuid_of
from depesza.core.lookup import Finding
from depesza.core.planning import Policy
from depesza.services import audiences, documents, lookups
from depesza.store.tx import Tx
from depesza.wire import csvlist

pytestmark = pytest.mark.anyio

URL = "http://127.0.0.1:9/r.csv"
LIST = b"number;name\n+33601020304;Anna\n+33601020305;Jan\n"
OWN = "/users/api1/receivers"


@pytest.fixture
async def desk(store_url: str) -> AsyncIterator[Desk]:
    """The setting of all cases, on each store."""
    async with desk_of(store_url) as desk:
        yield desk


async def load(desk: Desk, data: bytes = LIST, path: str = "/receivers", **fields: object) -> dict[str, object]:
    """Load a list into slot 1."""
    desk.files[URL] = data
    found = await desk.good("POST", path, {"csvUrl": URL, "description": "d", "slotId": 1} | fields)
    assert isinstance(found, dict)
    return found


async def texts(desk: Desk, **filters: str) -> dict[str, str]:
    """Tell what each receiver gets."""
    await desk.run_campaigns()
    ids = await desk.good("GET", "/outgoing?" + "&".join(f"{name}={value}" for name, value in filters.items()))
    assert isinstance(ids, list)
    found = [await desk.message(id) for id in ids]
    return {message.receiver: message.body for message in found}


async def upload(tx: Tx, owner: int, data: bytes, now: int) -> tuple[int, int]:
    """Write a document of two pages; gives its id and that of its content."""
    document = await documents.create(tx, owner, "list.csv", now)
    content, half = await documents.new_content(tx), len(data) // 2
    await documents.add_page(tx, content, 0, data[:half])
    await documents.add_page(tx, content, 1, data[half:])
    return document.id, content


async def test_a_list_comes_out_of_a_document_of_the_owner(desk: Desk) -> None:
    data = "number;name\n+33601020304;Zoé\n".encode()
    id, content = await desk.store.run(upload, 100, data, desk.clock.now)
    await desk.store.run(documents.show_content, id, content, 2, len(data), desk.clock.now)
    loaded = await load(desk, csvUrl=None, documentId=uuid_of(id))
    assert (loaded["records"], loaded["canAutoUpdate"]) == (1, False)
    assert await desk.good("GET", "/receivers/1/csv") == data.decode()
    assert (await desk.ask("PUT", "/receivers/1", {"autoUpdate": True})).status == 400
    strange, _ = await desk.store.run(upload, 999, data, desk.clock.now)
    body = {"documentId": uuid_of(strange), "description": "d", "slotId": 2}
    assert (await desk.ask("POST", "/receivers", body)).status == 404


async def test_a_user_has_slots_of_its_own_and_sends_to_the_accounts_otherwise(desk: Desk) -> None:
    await load(desk)
    await load(desk, b"number\n+33601020309\n", OWN)
    await load(desk, b"number\n+33601020308\n", slotId=2)
    assert await desk.good("GET", OWN) == [1]
    assert await desk.good("GET", "/receivers") == [1, 2]
    assert (await desk.good("GET", f"{OWN}/1"))["records"] == 1  # type: ignore[index]
    assert await desk.good("PUT", f"{OWN}/1", {"description": "mine"}) is None
    assert (await desk.good("GET", f"{OWN}/1"))["description"] == "mine"  # type: ignore[index]
    assert (await desk.good("GET", "/receivers/1"))["description"] == "d"  # type: ignore[index]
    assert await desk.good("GET", f"{OWN}/1/csv") == "number\n+33601020309\n"
    await desk.send("/users/api1/jobs", receivers="-", receiversSlotId=1, tag="own")
    await desk.send("/users/api1/jobs", receivers="-", receiversSlotId=2, tag="shared")
    assert (await texts(desk, tag="own")).keys() == {"+33601020309"}
    assert (await texts(desk, tag="shared")).keys() == {"+33601020308"}
    assert await desk.good("DELETE", f"{OWN}/1") is None
    assert (await desk.ask("GET", f"{OWN}/1")).status == 404
    assert await desk.good("GET", "/receivers") == [1, 2]
    assert (await desk.ask("GET", "/users/nobody/receivers")).status == 404


async def test_rows_at_fault_are_left_out_and_counted(desk: Desk) -> None:
    data = "number;name\n+33601020304;Anna\n12;Short\n+33601020304;Again\n+33601020306;Łukasz\n+33601020307;Zoé €\n"
    assert (await load(desk, data.encode()))["records"] == 2
    (id,) = await desk.store.look(slot_ids)
    found = await desk.store.look(audiences.find, id)
    assert found is not None
    assert found.skipped == 2  # the number that is none, and the letter that GSM has not
    assert await desk.good("GET", "/receivers/1/csv") == data
    await desk.send(receivers="-", receiversSlotId=1, message="#name#!", tag="r")
    assert await texts(desk, tag="r") == {PEER: "Anna!", "+33601020307": "Zoé €!"}


async def slot_ids(tx: Tx) -> list[int]:
    """List the lists in slots."""
    return [row[0] for row in await tx.query("SELECT id FROM audiences WHERE slot > 0 ORDER BY id")]


async def test_a_list_of_many_pages_is_loaded_whole_and_its_doubles_once(desk: Desk) -> None:
    rows = 2 * audiences.PAGE + 7
    lines = [f"+3360{n:07};N{n}\n" for n in range(rows)]
    data = "number;name\n" + "".join(lines + lines[::500])
    assert (await load(desk, data.encode("utf-16")))["records"] == rows
    assert await desk.good("GET", "/receivers/1/csv") == data
    assert await desk.good("DELETE", "/receivers/1") is None
    await desk.run_campaigns()
    assert await desk.store.look(left_over) == (0, 0, 0)


async def left_over(tx: Tx) -> tuple[int, ...]:
    """Count what is kept of lists."""
    tables = ("audiences", "audience_rows", "audience_pages")
    return tuple([(await tx.query(f"SELECT COUNT(*) FROM {table}"))[0][0] for table in tables])


@pytest.mark.parametrize(
    "data", [b"number;name\n\n", b"number\n12\n", b"number\n+336\0", b'number\n"' + b"a" * 200_000]
)
async def test_a_file_of_no_use_leaves_the_slot_as_it_was(desk: Desk, data: bytes) -> None:
    await load(desk)
    desk.files[URL] = data
    body = {"csvUrl": URL, "description": "d", "slotId": 1}
    assert (await desk.ask("POST", "/receivers", body)).status == 400
    assert (await desk.good("GET", "/receivers/1"))["records"] == 2  # type: ignore[index]
    await desk.run_campaigns()
    assert await desk.store.look(left_over) == (1, 2, 1)


async def test_two_lists_loaded_into_one_slot_at_once_leave_one(desk: Desk) -> None:
    await asyncio.gather(*(load(desk) for _ in range(4)))
    await desk.run_campaigns()
    assert await desk.good("GET", "/receivers") == [1]
    assert await desk.store.look(left_over) == (1, 2, 1)


# cleaning


async def clean(desk: Desk, *, freemium: bool, price_only: bool = False, path: str = "/receivers") -> dict[str, object]:
    """POST clean."""
    found = await desk.good("POST", f"{path}/1/clean", {"freemium": freemium, "priceOnly": price_only})
    assert isinstance(found, dict)
    return found


WITH_BAD = LIST + b"+33000000000;Nobody\n"
"""Its last number has a possible length, and no range that was ever assigned."""


async def test_cleaning_costs_nothing_without_look_ups(desk: Desk) -> None:
    await load(desk, WITH_BAD)
    assert await clean(desk, freemium=True, price_only=True) == {"taskId": 0, "totalCreditsRemoved": 0}
    made = await clean(desk, freemium=True)
    id = made["taskId"]
    assert made["totalCreditsRemoved"] == 0
    task = {"taskId": id, "function": "cleanSmsReceivers"}
    assert await desk.good("GET", f"/task/{id}") == task | {"status": "todo", "step": "starting"}
    assert await desk.good("GET", "/task") == [id]
    await desk.run_campaigns()
    assert await desk.good("GET", f"/task/{id}") == task | {"status": "done", "step": "finishing"}
    assert (await desk.good("GET", "/task?status=done"), await desk.good("GET", "/task?status=todo")) == ([id], [])
    assert (await desk.good("GET", "/receivers/1"))["records"] == 2  # type: ignore[index]
    assert await desk.good("GET", "/receivers/1/csv") == WITH_BAD.decode()
    assert await desk.balance() == 100
    assert (await desk.ask("GET", "/task?status=soon")).status == 400
    assert (await desk.ask("GET", "/task/1")).status == 404
    assert (await desk.ask("POST", "/receivers/1/clean", {"freemium": True})).status == 400
    assert (await desk.ask("POST", "/receivers/2/clean", {"freemium": True, "priceOnly": True})).status == 404


@pytest.mark.parametrize("path", ["/receivers", OWN])
async def test_cleaning_with_look_ups_keeps_whom_the_networks_know(desk: Desk, path: str) -> None:
    await load(desk, path=path)
    assert (await clean(desk, freemium=False, price_only=True, path=path))["totalCreditsRemoved"] == 0.2
    id = (await clean(desk, freemium=False, path=path))["taskId"]
    await desk.run_campaigns()
    assert (await desk.good("GET", f"/task/{id}"))["step"] == "waitForHlrs"  # type: ignore[index]
    assert await desk.balance() == 99.8
    first, second = await desk.store.look(lookups.waiting, 0, 10)
    found = {first.id: Finding(msisdn=first.number, valid=False), second.id: None}
    await desk.store.run(lookups.settle, found, desk.clock.now)
    await desk.run_campaigns()
    assert (await desk.good("GET", f"/task/{id}"))["status"] == "done"  # type: ignore[index]
    assert (await desk.good("GET", f"{path}/1"))["records"] == 1  # type: ignore[index]
    assert await desk.balance() == 99.9  # the look-up that failed judged nobody and was given back


async def test_cleaning_without_the_credits_is_refused_at_once_or_ends_in_error(desk: Desk) -> None:
    await load(desk)
    id = (await clean(desk, freemium=False))["taskId"]
    await desk.good("POST", "/transferCredits", {"smsAccountTarget": "sms-xx11111-2", "credits": 99.9})
    answer = await desk.ask("POST", "/receivers/1/clean", {"freemium": False, "priceOnly": False})
    assert (answer.status, "left: 0.10" in answer.text) == (402, True)
    await desk.run_campaigns()
    assert (await desk.good("GET", f"/task/{id}"))["status"] == "error"  # type: ignore[index]
    assert await desk.balance() == 0.1


async def test_a_list_replaced_while_it_is_cleaned_is_forgotten_afterwards(desk: Desk) -> None:
    await load(desk)
    await clean(desk, freemium=True)
    await load(desk, b"number\n+33601020309\n")
    await desk.run_campaigns()
    assert await desk.store.look(left_over) == (1, 1, 1)


# pages


@given(st.lists(st.tuples(st.integers(0, 30), st.sampled_from(["Anna", "Zoé", "Łukasz", ""])), max_size=30))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pages_hold_each_usable_row_in_its_order(rows: list[tuple[int, str]]) -> None:
    def line(n: int, name: str) -> csvlist.Line:
        number = f"+336010203{n:02}" if n % 3 else f"{n}"
        return csvlist.Line(number, {"number": number, "name": name})

    lines = [line(n, name) for n, name in rows]
    page = audiences.check(lines, "", Policy())
    first: dict[str, dict[str, str]] = {}
    for each in lines:
        if each.number.startswith("+"):
            first.setdefault(each.number, each.fields)
    usable = [(number, fields) for number, fields in first.items() if "Ł" not in fields["name"]]
    assert list(page.lines) == usable
    assert len(page.refused) == len(first) - len(usable) + sum(not each.number.startswith("+") for each in lines)
