"""Files over the API: uploads, downloads, exports of messages, papers of senders. spec: ovh/1.5.4 ovh/4.10 ovh/4.15"""

import csv
import io
from collections.abc import AsyncIterator

import pytest
from tests.dialects.ovh_auth_world import read
from tests.dialects.ovh_cases_world import PEER, Desk, desk_of
from tests.dialects.ovh_files import ALL, build, made, shown, transfer

from depesza.core.ids import of_uuid, uuid_of
from depesza.core.model import State
from depesza.dialects.ovh import exports
from depesza.dialects.ovh.transfers import disposition
from depesza.services import builds, documents
from depesza.services.documents import PAGE

pytestmark = pytest.mark.anyio


@pytest.fixture
async def desk(sqlite_url: str) -> AsyncIterator[Desk]:
    """The setting of the cases, with keys for everything."""
    async with desk_of(sqlite_url, ALL) as desk:
        yield desk


async def export(desk: Desk, query: str, path: str = "/document") -> list[list[str]]:
    """Ask for an export, wait for it and read it."""
    id = await desk.good("GET", f"{path}?{query}")
    assert isinstance(id, str)
    assert (await shown(desk, id))["size"] == 0
    assert (await transfer(desk, "GET", str((await shown(desk, id))["getUrl"]))).status == 404
    await build(desk)
    document = await shown(desk, id)
    reply = await transfer(desk, "GET", str(document["getUrl"]))
    assert (reply.status, reply.content_type) == (200, "text/csv; charset=utf-8")
    assert len(reply.body) == document["size"]
    return list(csv.reader(io.StringIO(reply.body.decode(), newline=""), delimiter=";"))


# /me/document


async def test_a_file_is_made_uploaded_and_fetched_without_a_signature(desk: Desk) -> None:
    document = await made(desk, tags=[{"key": "k", "value": "v"}])
    assert await shown(desk, document["id"]) == document
    assert {name: value for name, value in document.items() if name not in ("id", "getUrl", "putUrl")} == {
        "name": "a.csv",
        "size": 0,
        "creationDate": "2026-05-28T20:26:40+00:00",
        "expirationDate": None,
        "validationDate": None,
        "tags": [{"key": "k", "value": "v"}],
    }
    assert (await transfer(desk, "GET", document["getUrl"])).status == 404

    data = bytes(range(256)) * (PAGE // 100)
    assert (await transfer(desk, "PUT", document["putUrl"], data)).status == 201
    reply = await transfer(desk, "GET", document["getUrl"])
    assert (reply.status, reply.body, reply.content_type) == (200, data, "text/csv; charset=utf-8")
    assert dict(reply.headers)["X-Content-Type-Options"] == "nosniff"
    after = await shown(desk, document["id"])
    assert (after["size"], after["validationDate"]) == (len(data), "2026-05-28T20:26:40+00:00")

    assert (await transfer(desk, "PUT", document["putUrl"], b"again")).status == 201
    assert (await transfer(desk, "GET", document["getUrl"])).body == b"again"


async def test_addresses_work_for_what_they_are_for_and_nothing_else(desk: Desk) -> None:
    document, other = await made(desk), await made(desk)
    assert (await transfer(desk, "PUT", document["putUrl"], b"data")).status == 201
    wrong = [
        ("PUT", document["getUrl"], 404),  # who may read may not write
        ("GET", document["putUrl"], 404),
        ("GET", document["getUrl"][:-1], 404),
        ("GET", document["getUrl"].replace(document["id"], other["id"]), 404),
        ("GET", document["getUrl"] + "/more/still", 404),
        ("POST", document["putUrl"], 405),
        ("GET", "http://x/documents", 404),
        ("GET", "http://x/documents/%00/%C3%A9", 404),
    ]
    for method, url, status in wrong:
        assert (await transfer(desk, method, url, b"bad")).status == status, (method, url)
    assert (await transfer(desk, "GET", document["getUrl"])).body == b"data"


async def test_a_file_that_is_too_large_is_refused_and_changes_nothing(sqlite_url: str) -> None:
    async with desk_of(sqlite_url, ALL) as desk:
        document = await made(desk)
        assert (await transfer(desk, "PUT", document["putUrl"], b"before")).status == 201
        answer = read(await transfer(desk, "PUT", document["putUrl"], bytes((16 << 20) + 1)))
        assert (answer.status, answer.json["class"]) == (413, "Client::RequestEntityTooLarge")  # type: ignore[index]
        assert (await transfer(desk, "GET", document["getUrl"])).body == b"before"


async def test_a_file_goes_away_when_its_time_is_over(desk: Desk) -> None:
    document = await made(desk)
    path = f"//me/document/{document['id']}"
    assert (await transfer(desk, "PUT", document["putUrl"], b"data")).status == 201
    assert await desk.good("PUT", path, {**document, "expirationDate": "2026-05-28T20:30:00+00:00"}) is None
    assert (await shown(desk, document["id"]))["expirationDate"] == "2026-05-28T20:30:00+00:00"
    assert await desk.good("PUT", path, {"expirationDate": None}) is None
    assert (await shown(desk, document["id"]))["expirationDate"] is None
    for bad in ("2026-05-28T20:26:40Z", "soon"):
        assert (await desk.ask("PUT", path, {"expirationDate": bad})).status == 400
    await desk.good("PUT", path, {"expirationDate": "2026-05-28T20:30:00Z"})
    desk.clock.move(200)
    assert (await desk.ask("GET", path)).status == 404
    assert await desk.good("GET", "//me/document") == []
    for method, url in (("GET", document["getUrl"]), ("PUT", document["putUrl"])):
        assert (await transfer(desk, method, url)).status == 404


async def test_files_are_listed_and_deleted_by_their_owner(desk: Desk) -> None:
    first, second = await made(desk), await made(desk, name="b")
    theirs = await desk.store.run(documents.create, 999, "theirs", desk.clock.now)
    assert await desk.good("GET", "//me/document") == [second["id"], first["id"]]
    assert await desk.good("DELETE", f"//me/document/{first['id']}") is None
    assert await desk.good("GET", "//me/document") == [second["id"]]
    for id in (first["id"], uuid_of(theirs.id), "17", "%00", "x" * 36):
        for method in ("GET", "PUT", "DELETE"):
            assert (await desk.ask(method, f"//me/document/{id}")).status == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "a\nb"},
        {"name": "x" * 256},
        {"name": "a", "tags": "k"},
        {"name": "a", "tags": [17]},
        {"name": "a", "tags": [{"value": "v"}]},
        {"name": "a", "tags": [{"key": "k" * 256}]},
        {"name": "a", "tags": [{"key": "k"}] * 51},
    ],
)
async def test_a_file_that_is_badly_described_is_not_made(desk: Desk, body: dict[str, object]) -> None:
    assert (await desk.ask("POST", "//me/document", body)).status == 400
    assert await desk.good("GET", "//me/document") == []


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("a b.csv", "filename=\"a b.csv\"; filename*=UTF-8''a%20b.csv"),
        ('x"; y=é/.html', "filename=\"x__ y___.html\"; filename*=UTF-8''x%22%3B%20y%3D%C3%A9%2F.html"),
    ],
)
async def test_no_browser_shows_what_somebody_uploaded(desk: Desk, name: str, written: str) -> None:
    assert disposition(name) == f"attachment; {written}"
    document = await made(desk, name=name)
    assert (await transfer(desk, "PUT", document["putUrl"], b"<script>")).status == 201
    reply = await transfer(desk, "GET", document["getUrl"])
    assert dict(reply.headers)["Content-Disposition"] == f"attachment; {written}"
    assert reply.content_type in ("text/csv; charset=utf-8", "application/octet-stream")


# exports


async def test_messages_sent_are_exported(desk: Desk) -> None:
    report = await desk.send(message='Bonjour "Zoé";\nà demain', tag="t1")
    waits = await desk.send(tag="t2")
    id, other = report["ids"][0], waits["ids"][0]  # type: ignore[index]
    await desk.deliver(id)
    rows = await export(desk, "wayType=outgoing")
    assert rows[0] == [
        "id", "date", "sender", "receiver", "ptt", "operatorCode", "descriptionDlr", "tag", "message", "sentAt",
        "deliveredAt",
    ]  # fmt: skip
    at = "2026-05-28 22:26:40"  # in the account's time zone
    code = rows[1][5]
    assert code.startswith("208")
    assert rows[1:] == [
        [str(id), at, "MyApp", PEER, "4", code, "Success", "t1", 'Bonjour "Zoé";\nà demain', at, at],
        [str(other), at, "MyApp", PEER, "0", code, "Pending", "t2", "Test message", "", ""],
    ]
    assert [row[0] for row in await export(desk, "wayType=outgoing&tag=t2")] == ["id", str(other)]
    assert len(await export(desk, "wayType=outgoing&creationDatetime.to=2026-05-28T22:26:39%2B02:00")) == 1
    assert len(await export(desk, "wayType=outgoing&creationDatetime.from=2026-05-28T22:26:40%2B02:00")) == 3
    assert len(await export(desk, "wayType=outgoing&batchID=6ba7b810-9dad-11d1-80b4-00c04fd430c8")) == 1


async def test_a_failed_message_has_no_time_of_delivery(desk: Desk) -> None:
    id = (await desk.send())["ids"][0]  # type: ignore[index]
    await desk.hand_over(id)
    await desk.report(id, State.FAILED, "absent")
    row = (await export(desk, "wayType=outgoing"))[1]
    assert (row[4], row[6], row[9], row[10]) == ("24", "Failed", "2026-05-28 22:26:40", "")


async def test_texts_received_are_exported(desk: Desk) -> None:
    sent = await desk.send(sender="-", senderForResponse=True, tag="t1")
    await desk.deliver(sent["ids"][0])  # type: ignore[index]
    id = await desk.answer('Oui;\n"merci"', "38184")
    assert await export(desk, "wayType=incoming") == [
        ["id", "date", "sender", "receiver", "tag", "message"],
        [str(id), "2026-05-28 22:26:40", PEER, "38184", "t1", 'Oui;\n"merci"'],
    ]
    assert len(await export(desk, "wayType=incoming&tag=other")) == 1


async def test_a_user_exports_what_is_theirs(desk: Desk) -> None:
    await desk.good("PUT", "/users/api1", {"quotaInformations": {"quotaStatus": "active", "quotaLeft": 10}})
    await desk.send()
    mine = await desk.send("/users/api1/jobs")
    rows = await export(desk, "wayType=outgoing", "/users/api1/document")
    assert [row[0] for row in rows[1:]] == [str(id) for id in mine["ids"]]  # type: ignore[attr-defined]


async def test_a_long_export_comes_in_pages_and_leaves_out_what_came_later(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "ROWS", 20)
    sent = await desk.send(receivers=[f"+3360102{n:04}" for n in range(60)], message="é" * 70)
    id = await desk.good("GET", "/document?wayType=outgoing")
    desk.clock.move(1)
    await desk.send(tag="late")
    await build(desk)
    document = await shown(desk, str(id))
    reply = await transfer(desk, "GET", str(document["getUrl"]))
    rows = list(csv.reader(io.StringIO(reply.body.decode()), delimiter=";"))
    assert [row[0] for row in rows] == ["id", *(str(id) for id in sent["ids"])]  # type: ignore[attr-defined]
    assert (await desk.store.look(documents.find, of_uuid(str(id)), desk.clock.now)).pages == 3  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "wayType=sideways",
        "wayType=outgoing&creationDatetime.from=soon",
        "wayType=incoming&batchID=6ba7b810-9dad-11d1-80b4-00c04fd430c8",
    ],
)
async def test_an_export_that_is_badly_asked_for_is_not_begun(desk: Desk, query: str) -> None:
    assert (await desk.ask("GET", f"/document?{query}")).status == 400
    assert await desk.store.look(builds.running) == []


async def test_an_export_can_be_deleted_and_goes_away_by_itself(desk: Desk) -> None:
    first, second = [str(await desk.good("GET", "/document?wayType=outgoing")) for _ in range(2)]
    await desk.good("DELETE", f"//me/document/{first}")
    assert await desk.store.look(builds.running) == [of_uuid(second)]
    put = str((await shown(desk, second))["putUrl"])
    assert (await transfer(desk, "PUT", put, b"x")).status == 409
    await build(desk)
    assert str((await shown(desk, second))["expirationDate"]).startswith("2026-06-27T")
    desk.clock.move(30 * 86_400)
    assert (await desk.ask("GET", f"//me/document/{second}")).status == 404


# papers of senders


async def test_papers_of_a_sender_are_uploaded_and_described(desk: Desk) -> None:
    path = "/senders/MyApp/documents"
    paper = await desk.good("POST", path, {"name": "kbis.pdf", "description": "why"})
    assert isinstance(paper, dict)
    assert {name: value for name, value in paper.items() if name not in ("documentID", "getUrl", "putUrl")} == {
        "name": "kbis.pdf",
        "description": "why",
        "size": 0,
        "createdAt": "2026-05-28T22:26:40+02:00",
    }
    assert (await transfer(desk, "PUT", paper["putUrl"], b"%PDF")).status == 201
    assert (await transfer(desk, "GET", paper["getUrl"])).content_type == "application/pdf"
    one = f"{path}/{paper['documentID']}"
    assert await desk.good("GET", path) == [paper["documentID"]]
    assert await desk.good("PUT", one, {**paper, "name": "new.pdf", "description": None}) is None
    assert await desk.good("GET", one) == paper | {"name": "new.pdf", "description": None, "size": 4}
    assert await desk.good("PUT", one, {"description": "again"}) is None
    assert await desk.good("GET", one) == paper | {"name": "new.pdf", "description": "again", "size": 4}
    assert await desk.good("GET", "//me/document") == []  # they are the sender's
    assert (await desk.ask("GET", f"//me/document/{paper['documentID']}")).status == 404

    await desk.good("POST", "/senders", {"sender": "Other", "reason": "r"})
    assert (await desk.ask("GET", f"/senders/Other/documents/{paper['documentID']}")).status == 404
    for bad in ({}, {"name": "a", "description": "x" * 2001}):
        assert (await desk.ask("POST", path, bad)).status == 400
    assert (await desk.ask("GET", "/senders/Nobody/documents")).status == 404

    await desk.good("DELETE", "/senders/MyApp")
    assert (await transfer(desk, "GET", paper["getUrl"])).status == 404
