"""The route table, the schema documents made of it, and several objects in one answer. spec: ovh/1.11 ovh/1.12 ovh/2"""

from collections.abc import AsyncIterator

import pytest
from tests.dialects.ovh_auth_world import HOST, World, opened, plain

from depesza.dialects.ovh import many
from depesza.dialects.ovh.call import ANONYMOUS, Call, NotHere
from depesza.dialects.ovh.errors import OvhError, not_found
from depesza.dialects.ovh.operations import AUTH, ME, OPERATIONS
from depesza.dialects.ovh.route import get
from depesza.dialects.ovh.routes import ORDER, SMS
from depesza.dialects.ovh.schema import models

PRIMITIVE = {
    "string", "long", "double", "boolean", "datetime", "date", "uuid", "ip", "ipBlock", "text", "phoneNumber",
    "internationalPhoneNumber", "void", "map[string]string",
}  # fmt: skip


@pytest.fixture
async def world(sqlite_url: str) -> AsyncIterator[World]:
    """The dialect with a validated key for everything."""
    async with opened(sqlite_url) as world:
        yield await world.with_keys([("GET", "/*"), ("POST", "/*")])


# the table


def test_the_table_holds_every_operation() -> None:
    assert len(SMS) == 124
    assert len(ORDER) == 15
    assert len({(row.method, row.path) for row in OPERATIONS}) == len(OPERATIONS)
    assert {row.tier for row in OPERATIONS} == {"A", "B", "C"}


def test_every_type_is_known() -> None:
    rows = (*AUTH, *ME, *SMS, *ORDER)
    used = {kind for row in rows for kind in (row.answer, *(param.kind for param in row.parameters()))}
    used |= {field.kind for model in models().values() for field in model.fields}
    assert {kind.removesuffix("[]") for kind in used} - PRIMITIVE - models().keys() == set()


def test_numbers_of_enums_and_models() -> None:
    assert len(models()["sms.CountryEnum"].values) == 208
    assert models()["sms.PackQuantityEnum"].values[0] == 100
    fields = {field.name: field for field in models()["sms.Outgoing"].fields}
    assert fields["sentAt"].nullable
    assert not fields["tag"].nullable
    assert {"id", "ptt", "batchID"} <= fields.keys()


@pytest.mark.parametrize(
    ("method", "path", "action"),
    [
        ("GET", "/sms", "sms:apiovh:get"),
        ("POST", "/sms/{serviceName}/jobs", "sms:apiovh:jobs/create"),
        ("DELETE", "/sms/{serviceName}/users/{login}/jobs/{id}", "sms:apiovh:users/jobs/delete"),
        ("PUT", "/sms/{serviceName}", "sms:apiovh:edit"),
    ],
)
def test_rights_are_named_as_the_vendor_names_them(method: str, path: str, action: str) -> None:
    assert next(row for row in SMS if (row.method, row.path) == (method, path)).action == action


def test_path_parameters_have_their_types() -> None:
    def kind(path: str) -> str:
        row = next(row for row in OPERATIONS if row.path == path and row.method == "GET")
        return [param.kind for param in row.parameters() if param.place == "path"][-1]

    assert kind("/sms/{serviceName}/outgoing/{id}") == "long"
    assert kind("/sms/{serviceName}/batches/{id}") == "uuid"
    assert kind("/sms/{serviceName}/receivers/{slotId}") == "long"
    assert kind("/me/document/{id}") == "string"
    assert kind("/sms/{serviceName}/users/{login}") == "string"


@pytest.mark.anyio
async def test_coverage_lists_every_row(world: World) -> None:
    rows = world.ovh.coverage()
    assert len(rows) == len(OPERATIONS)
    told = {(row.method, row.path): row for row in rows}
    assert told["POST", "/sms/{serviceName}/jobs"].done
    assert told["POST", "/sms/{serviceName}/jobs"].note == "tier A"


@pytest.mark.anyio
async def test_what_belongs_to_the_vendors_business_is_refused_with_its_reason() -> None:
    row = get("/sms/somewhere", "C", NotHere("Ask the operator."), "void")
    assert (row.done, row.why_not) == (False, "Ask the operator.")
    with pytest.raises(OvhError) as refused:
        await row.handler(Call(plain("GET", "/"), None, ANONYMOUS, {}, 0))  # type: ignore[arg-type]
    assert (refused.value.status, refused.value.error_code) == (403, "FORBIDDEN")
    assert refused.value.message == "This call is not offered here: Ask the operator."


# documents


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["auth", "me", "order", "sms"])
async def test_a_document_is_whole(world: World, name: str) -> None:
    answer = await world.ask(plain("GET", f"/1.0/{name}.json", headers={"host": HOST}))
    document = answer.json
    assert isinstance(document, dict)
    assert (document["apiVersion"], document["resourcePath"]) == ("1.0", f"/{name}")
    assert document["basePath"] == f"http://{HOST}/1.0"
    used = set()
    for api in document["apis"]:
        for operation in api["operations"]:
            used |= {operation["responseType"], *(param["dataType"] for param in operation["parameters"])}
            assert {param["paramType"] for param in operation["parameters"]} <= {"path", "query", "body"}
            assert operation["apiStatus"]["value"] in {"PRODUCTION", "BETA"}
    for model in document["models"].values():
        used |= {field["type"] for field in model.get("properties", {}).values()}
    assert {kind.removesuffix("[]") for kind in used} - PRIMITIVE <= document["models"].keys()


@pytest.mark.anyio
async def test_the_index_names_the_documents(world: World) -> None:
    for path in ("/1.0/", "/1.0", "/v1/"):
        answer = await world.ask(plain("GET", path, headers={"host": HOST}))
        assert isinstance(answer.json, dict)
        assert [api["path"] for api in answer.json["apis"]] == ["/auth", "/me", "/order", "/sms"]


@pytest.mark.anyio
async def test_open_calls_are_marked_for_clients_that_do_not_sign_them(world: World) -> None:
    answer = await world.ask(plain("GET", "/1.0/auth.json", headers={"host": HOST}))
    assert isinstance(answer.json, dict)
    open_calls = {
        api["path"]
        for api in answer.json["apis"]
        if any(operation["noAuthentication"] for operation in api["operations"])
    }
    assert open_calls == {"/auth/time", "/auth/credential"}


@pytest.mark.anyio
async def test_configured_addresses_win_in_documents(sqlite_url: str) -> None:
    async with opened(sqlite_url, bases=("https://sms.example.org",)) as world:
        answer = await world.ask(plain("GET", "/1.0/sms.json", headers={"host": HOST}))
        assert isinstance(answer.json, dict)
        assert answer.json["basePath"] == "https://sms.example.org/1.0"


# several objects


ROWS = [{"id": n, "n": n % 3, "name": f"row {n}", "done": n > 3} for n in range(1, 8)]


async def ask(key: str) -> object:
    """Fetch a row; number 6 went away."""
    found = next((row for row in ROWS if str(row["id"]) == key), None)
    if found is None or key == "6":
        raise not_found(key)
    return found


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("headers", "ids", "told"),
    [
        ({}, [1, 2, 3, 4, 5, 7], ("7", "1", "1000", "1")),
        ({"x-pagination-size": "2"}, [1, 2], ("7", "1", "2", "4")),
        ({"x-pagination-size": "2", "x-pagination-number": "4"}, [7], ("7", "4", "2", "4")),
        ({"x-pagination-size": "0", "x-pagination-number": "-1"}, [1], ("7", "1", "1", "7")),
        ({"x-pagination-sort": "id", "x-pagination-sort-order": "DESC"}, [7, 5, 4, 3, 2, 1], ("6", "1", "1000", "1")),
        ({"x-pagination-filter": "n:eq=1"}, [1, 4, 7], ("3", "1", "1000", "1")),
        ({"x-pagination-filter": "n:ge=1&name:like=%25row 2%25"}, [2], ("1", "1", "1000", "1")),
        ({"x-pagination-filter": "done:eq=true&id:lt=5"}, [4], ("1", "1", "1000", "1")),
        ({"x-pagination-filter": "none:eq=null&id:gt=abc"}, [], ("0", "1", "1000", "0")),
    ],
)
async def test_a_page_of_objects(headers: dict[str, str], ids: list[int], told: tuple[str, ...]) -> None:
    page = many.read_page({"x-pagination-mode": "CachedObjectList-Pages", **headers})
    assert page is not None
    shown, names = await many.paged([row["id"] for row in ROWS], page, ask)
    assert [row["id"] for row in shown] == ids  # type: ignore[index]
    assert [name for name, _ in names] == [f"X-Pagination-{x}" for x in ("Elements", "Number", "Size", "Total")]
    assert tuple(value for _, value in names) == told


def test_a_filter_that_cannot_be_read_is_refused() -> None:
    for text in ("n", "n:eq", "n:near=5", "=:"):
        with pytest.raises(OvhError):
            many.read_page({"x-pagination-mode": "CachedObjectList-Pages", "x-pagination-filter": text})
    assert many.read_page({"x-pagination-size": "5"}) is None


@pytest.mark.anyio
async def test_a_page_over_the_api(world: World) -> None:
    headers = {"x-pagination-mode": "CachedObjectList-Pages", "x-pagination-size": "1", "x-pagination-number": "2"}
    answer = await world.call("GET", "/1.0/sms", headers=headers)
    assert isinstance(answer.json, list)
    assert [row["name"] for row in answer.json] == ["sms-xx11111-2"]
    assert (answer.headers["X-Pagination-Elements"], answer.headers["X-Pagination-Total"]) == ("2", "2")
