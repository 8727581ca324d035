"""Phone books over the API: books, contacts, files out and in. spec: ovh/4.14"""

from collections.abc import AsyncIterator

import pytest
from tests.dialects.ovh_cases_world import Desk, desk_of
from tests.dialects.ovh_files import ALL, build, made, transfer
from tests.wire.test_sheets import workbook

from depesza.core.ids import of_uuid
from depesza.services import builds

pytestmark = pytest.mark.anyio

ZOE = {
    "group": "Amis",
    "name": 'D\'Or; "Zoé"',
    "surname": "Zoé",
    "homeMobile": "+33601020304",
    "homePhone": "0033101020304",
    "workMobile": None,
}


@pytest.fixture
async def desk(sqlite_url: str) -> AsyncIterator[Desk]:
    """The setting of the cases, with keys for everything."""
    async with desk_of(sqlite_url, ALL) as desk:
        yield desk


async def book_of(desk: Desk) -> str:
    """Make a phone book; gives its path."""
    return f"/phonebooks/{await desk.good('POST', '/phonebooks', {'name': 'Clients'})}"


async def load(desk: Desk, path: str, data: bytes, name: str = "a.csv") -> object:
    """Upload a file and import it; gives the task, or the refusal."""
    document = await made(desk, name=name)
    assert (await transfer(desk, "PUT", document["putUrl"], data)).status == 201
    answer = await desk.ask("POST", f"{path}/import", {"documentId": document["id"]})
    return answer.json if answer.status == 200 else answer.text


async def exported(desk: Desk, path: str) -> dict[str, str]:
    """Ask for the export of a book."""
    found = await desk.good("GET", f"{path}/export?format=csv")
    assert isinstance(found, dict)
    return found


async def test_a_book_is_made_renamed_and_deleted(desk: Desk) -> None:
    key = await desk.good("POST", "/phonebooks", {"name": "Clients"})
    path = f"/phonebooks/{key}"
    assert await desk.good("GET", "/phonebooks") == [key]
    assert await desk.good("GET", path) == {
        "bookKey": key,
        "name": "Clients",
        "phoneKey": f"{of_uuid(str(key)):x}",
    }
    assert await desk.good("PUT", path, {"name": "Amis", "bookKey": "read-only"}) is None
    assert (await desk.good("GET", path))["name"] == "Amis"  # type: ignore[index]
    assert await desk.good("DELETE", path) is None
    assert await desk.good("GET", "/phonebooks") == []
    for method in ("GET", "PUT", "DELETE"):
        assert (await desk.ask(method, path)).status == 404
    for bad in ({}, {"name": "x" * 256}, {"name": "a\tb"}):
        assert (await desk.ask("POST", "/phonebooks", bad)).status == 400


async def test_a_contact_is_added_changed_and_deleted(desk: Desk) -> None:
    path = await book_of(desk) + "/phonebookContact"
    id = await desk.good("POST", path, ZOE)
    assert await desk.good("GET", path) == [id]
    shown = {**ZOE, "id": id, "homePhone": "+33101020304", "workPhone": None}
    assert await desk.good("GET", f"{path}/{id}") == shown
    assert (
        await desk.good("PUT", f"{path}/{id}", {"name": "Dor", "homePhone": None, "workPhone": "+33 1 01 02 03 05"})
        is None
    )
    changed = shown | {"name": "Dor", "homePhone": None, "workPhone": "+33101020305"}
    assert await desk.good("GET", f"{path}/{id}") == changed
    assert await desk.good("PUT", f"{path}/{id}", changed | {"group": ""}) is None  # whole objects come back
    assert await desk.good("GET", f"{path}/{id}") == changed | {"group": ""}
    assert await desk.good("DELETE", f"{path}/{id}") is None
    for method in ("GET", "PUT", "DELETE"):
        assert (await desk.ask(method, f"{path}/{id}")).status == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"group": None},
        {"name": ""},
        {"surname": None},
        {"name": "x" * 256},
        {"homeMobile": "0601020304"},
        {"homePhone": "zoé"},
        {"workPhone": ["+33601020304"]},
    ],
)
async def test_a_contact_that_is_badly_described_is_not_added(desk: Desk, wrong: dict[str, object]) -> None:
    path = await book_of(desk) + "/phonebookContact"
    assert (await desk.ask("POST", path, ZOE | wrong)).status == 400
    assert await desk.good("GET", path) == []


async def test_a_book_is_exported_and_the_export_stays_true(desk: Desk) -> None:
    path = await book_of(desk)
    await desk.good("POST", f"{path}/phonebookContact", ZOE)
    begun = await exported(desk, path)
    assert begun["status"] == "doing"
    assert begun["urlExpirationDatetime"] == "2026-06-27T20:26:40+00:00"
    assert (await transfer(desk, "GET", begun["url"])).status == 404
    assert await exported(desk, path) == begun
    await build(desk)
    assert await exported(desk, path) == begun | {"status": "done"}
    whole = (
        "group;name;surname;homeMobile;homePhone;workMobile;workPhone\n"
        '"Amis";"D\'Or; ""Zoé""";"Zoé";"+33601020304";"+33101020304";"";""\n'
    )
    assert (await transfer(desk, "GET", begun["url"])).body.decode() == whole
    assert await desk.good("GET", "//me/document") == []

    desk.clock.move(1)
    await desk.good("POST", f"{path}/phonebookContact", ZOE)
    second = await exported(desk, path)
    assert second["status"] == "doing"
    await build(desk)
    assert (await transfer(desk, "GET", second["url"])).body.count(b"\n") == 3
    for query in ("", "?format=xls"):
        assert (await desk.ask("GET", f"{path}/export{query}")).status == 400

    other = await book_of(desk)
    assert (await load(desk, other, whole.encode()))["message"] == "contacts added: 1, lines skipped: 0"  # type: ignore[index]
    await exported(desk, other)
    await build(desk)
    assert (await transfer(desk, "GET", (await exported(desk, other))["url"])).body.decode() == whole


async def test_an_export_that_failed_is_told_once(desk: Desk) -> None:
    path = await book_of(desk)
    await exported(desk, path)
    await desk.store.run(builds.fail, (await desk.store.look(builds.running))[0])
    assert (await exported(desk, path))["status"] == "error"
    assert (await exported(desk, path))["status"] == "doing"


@pytest.mark.parametrize(
    "data",
    [
        "Group;Name;Surname;homeMobile;Other\nAmis;Dor;Zoé;33601020304;x\n;;;06;\n;Jan;;;\n".encode(),
        workbook(
            ("group", "NAME", "surname", "homemobile", None),
            ("Amis", "Dor", "Zoé", 33601020304, "x"),
            ("", "", "", "06", None),
            (None, "Jan"),
        ),
    ],
    ids=["csv", "xlsx"],
)
async def test_files_of_contacts_are_imported(desk: Desk, data: bytes) -> None:
    path = await book_of(desk)
    task = await load(desk, path, data)
    assert isinstance(task, dict)
    assert (task["status"], task["message"]) == ("done", "contacts added: 2, lines skipped: 1")
    assert task.keys() == {"taskId", "action", "serviceType", "status", "message", "objectCreated"}
    found = [
        await desk.good("GET", f"{path}/phonebookContact/{id}")
        for id in await desk.good("GET", f"{path}/phonebookContact")  # type: ignore[attr-defined]
    ]
    rows = [(row["group"], row["name"], row["surname"], row["homeMobile"]) for row in found]  # type: ignore[index]
    assert rows == [("Amis", "Dor", "Zoé", "+33601020304"), ("", "Jan", "", None)]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "the list is empty"),
        (b"\xd0\xcf\x11\xe0old", "files of old Excel (.xls) can't be read: save it as .xlsx or .csv"),
        (b"PK\x03\x04", "no workbook"),
        (b"age;size\n1;2\n", "none of the columns group, name, surname"),
        (b"group;name\n\n", "no usable contact"),
    ],
)
async def test_a_file_without_contacts_changes_nothing(desk: Desk, data: bytes, why: str) -> None:
    path = await book_of(desk)
    assert why in str(await load(desk, path, data))
    assert await desk.good("GET", f"{path}/phonebookContact") == []


async def test_an_import_needs_a_document_of_its_owner_with_content(desk: Desk) -> None:
    path = await book_of(desk)
    document = await made(desk)
    for body, status in (({"documentId": document["id"]}, 400), ({"documentId": "x"}, 404), ({}, 400)):
        assert (await desk.ask("POST", f"{path}/import", body)).status == status
