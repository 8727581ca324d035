"""What belongs to others can't be seen, guessed or timed: every row of the route table, called on other accounts.

For each row, what is there but not yours and what never was must be told alike: same status, same body but for the
name that was asked, and the same statements asked of the store, so that no clock tells them apart.
"""

from collections.abc import AsyncIterator, Iterator
from urllib.parse import quote

import pytest
from tests.dialects.ovh_auth_world import Answer
from tests.dialects.ovh_cases_world import desk_of
from tests.dialects.ovh_neighbours import (
    MISSING,
    NOBODYS,
    OWN,
    SECOND,
    Key,
    Street,
    Values,
    body_of,
    furnished,
    kinds,
    make_key,
    query_of,
)

from depesza.dialects.ovh.operations import OPERATIONS
from depesza.dialects.ovh.route import Access, Route
from depesza.store.tx import Tx

pytestmark = pytest.mark.anyio

CONFINED = (
    ("GET", "/sms"),
    *((method, f"/sms/{OWN}{rest}") for method in ("GET", "POST", "PUT", "DELETE") for rest in ("", "/*")),
)
NOT_GRANTED = (
    '{"message":"This call has not been granted","errorCode":"NOT_GRANTED_CALL","httpCode":"403 Forbidden",'
    '"class":"Client::Forbidden"}'
)
NO_SERVICE = (
    '{"message":"This service does not exist","errorCode":"NOT_FOUND","httpCode":"404 Not Found",'
    '"class":"Client::NotFound"}'
)
OF_AN_ACCOUNT = [row for row in OPERATIONS if "serviceName" in row.names]
GLOBAL = [row for row in OPERATIONS if row.names and "serviceName" not in row.names]


@pytest.fixture
async def street(sqlite_url: str) -> AsyncIterator[Street]:
    """Three accounts with one of everything."""
    async with desk_of(sqlite_url) as desk:
        yield await furnished(desk)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that a service asks of its transaction."""
    heard: list[str] = []
    for name in ("rows", "rows_for", "query", "execute", "write", "insert", "wallet"):
        monkeypatch.setattr(Tx, name, _listening(name, getattr(Tx, name), heard))
    return heard


def _listening(name: str, real: object, heard: list[str]) -> object:
    def listen(tx: Tx, what: object, *rest: object) -> object:
        heard.append(f"{name} {what if isinstance(what, str) else ''}")
        return real(tx, what, *rest)  # type: ignore[operator]

    return listen


def path_of(route: Route, values: Values) -> str:
    path = route.path
    for name, kind in kinds(route):
        path = path.replace(f"{{{name}}}", quote(values[kind], safe=""))
    return path + query_of(route)


def without(answer: Answer, values: Values) -> tuple[int, str]:
    """Give status and text, the values that were asked for taken out."""
    text = answer.text
    for value in sorted(values.values(), key=len, reverse=True):
        text = text.replace(value, "…").replace(quote(value, safe=""), "…")
    return answer.status, text


async def alike(street: Street, key: Key, route: Route, first: Values, second: Values, asked: list[str]) -> str:
    """Call a row with two sets of values; tells what is different, or nothing."""
    body, told, paths = body_of(route, street.own), [], []
    for values in (first, second):
        asked.clear()
        path = path_of(route, values)
        answer = await key.ask(route.method, path, body)
        told.append((*without(answer, values), list(asked)))
        paths.append(f"{path} -> {answer.status} {answer.text}")
    there, gone = told
    if there != gone or there[0] not in (403, 404):
        return "\n".join((f"\n{route.method} {route.path}", *paths, *sorted({*there[2]} ^ {*gone[2]})))
    return ""


async def test_an_account_outside_of_the_rules_is_refused_like_one_that_never_was(
    street: Street, asked: list[str]
) -> None:
    key = await make_key(street.desk.world, 100, CONFINED)
    for route in OF_AN_ACCOUNT:
        for values in (street.second, street.second | {"serviceName": NOBODYS}, street.other):
            asked.clear()
            answer = await key.ask(route.method, path_of(route, values), body_of(route, street.own))
            assert (answer.status, answer.text) == (403, NOT_GRANTED), f"{route.method} {route.path}"
            assert asked == [], "the store is not asked"


async def test_an_account_of_another_owner_does_not_exist(street: Street, asked: list[str]) -> None:
    for route in OF_AN_ACCOUNT:
        for values in (street.other, street.other | {"serviceName": NOBODYS}):
            asked.clear()
            answer = await street.mine.ask(route.method, path_of(route, values), body_of(route, street.own))
            assert (answer.status, answer.text) == (404, NO_SERVICE), f"{route.method} {route.path}"
            assert asked == [], "the store is not asked"


def pairs(street: Street, route: Route) -> Iterator[tuple[Values, Values]]:
    """Write a row's values with one of another account's, and with one that never was, place by place."""
    for place, (_, kind) in enumerate(kinds(route)):
        if kind == "serviceName":
            continue
        own_until_there = {known: street.own[known] for _, known in kinds(route)[:place]}
        for others in (street.second, street.other):
            if others[kind] == street.own[kind]:
                continue  # keys belong to the owner
            after = {known: others[known] for _, known in kinds(route)[place:]}
            yield own_until_there | after, own_until_there | after | {kind: MISSING[kind]}


async def test_what_another_account_holds_does_not_exist_in_ones_own(street: Street, asked: list[str]) -> None:
    key = await make_key(street.desk.world, 100, CONFINED)
    different = [
        await alike(street, key, route, there, gone, asked)
        for route in OF_AN_ACCOUNT
        for there, gone in pairs(street, route)
    ]
    assert "".join(different) == ""


async def test_what_another_owner_holds_does_not_exist(street: Street, asked: list[str]) -> None:
    different = [
        await alike(street, street.mine, route, {kind: street.other[kind]}, {kind: MISSING[kind]}, asked)
        for route in GLOBAL
        for _, kind in kinds(route)
    ]
    assert "".join(different) == ""


async def test_no_list_shows_anything_of_another_account(street: Street) -> None:
    key = await make_key(street.desk.world, 100, CONFINED)
    of_others = {value for others in (street.second, street.other) for value in others.values() if len(value) > 1}
    of_others -= set(street.own.values())
    for route in OPERATIONS:
        if route.method == "GET" and route.access is Access.GRANT and route.path.startswith("/sms"):
            answer = await key.ask("GET", path_of(route, street.own))
            shown = [value for value in of_others if value in answer.text]
            assert not shown, f"{route.path}: {answer.text}"


def is_there(route: Route) -> bool:
    """Leave out what was not made: a user's and a number's own messages, a page of a number, a link over SMPP."""
    names = [kind for _, kind in kinds(route)]
    held = "login" in names or "virtual" in names
    return not ((held and len(names) > 2) or route.path.endswith("/chatAccess") or "/smpp/" in route.path)


async def test_what_is_hidden_is_there(street: Street, asked: list[str]) -> None:
    """Else the tests above would compare nothing with nothing."""
    for key, values in ((street.mine, street.second), (street.theirs, street.other)):
        for route in OF_AN_ACCOUNT + GLOBAL:
            if route.method == "GET" and route.done and is_there(route):
                asked.clear()
                answer = await key.ask("GET", path_of(route, values))
                assert answer.status == 200, f"{path_of(route, values)}: {answer.text}"
    assert asked, "statements are heard"


# names in bodies and queries

BODIES = [
    ("/transferCredits", "smsAccountTarget", "serviceName", {"credits": 1}),
    ("/jobs", "sender", "sender", {"message": "x", "receivers": ["+33601020304"]}),
    ("/jobs", "receiversSlotId", "slot", {"message": "x", "senderForResponse": True}),
    ("/users/login1/jobs", "receiversSlotId", "slot", {"message": "x", "senderForResponse": True}),
    ("/batches", "slotID", "slot", {"message": "x", "senderForResponse": True, "name": "b"}),
    ("/batches", "from", "sender", {"message": "x", "to": ["+33601020304"], "name": "b"}),
    ("/receivers", "documentId", "file", {"slotId": 5, "description": "d"}),
]


async def test_a_name_in_a_body_tells_nothing_either(street: Street, asked: list[str]) -> None:
    key = await make_key(street.desk.world, 100, CONFINED)
    for path, field, kind, body in BODIES:
        told = []
        for value in (street.second[kind], street.other[kind], MISSING[kind]):
            asked.clear()
            answer = await key.ask("POST", f"/sms/{OWN}{path}", body | {field: value})
            told.append((*without(answer, {kind: value}), list(asked)))
        assert told[0] == told[1] == told[2], path
        assert told[0][0] in (400, 404), path


async def test_a_cart_of_another_owner_is_no_cart(street: Street) -> None:
    item = {"planCode": "sms-credits-100", "duration": "P0D", "pricingMode": "default", "quantity": 1}
    told = [
        without(await street.mine.ask("POST", f"/order/cartServiceOption/sms/{OWN}", item | {"cartId": id}), {"": id})
        for id in (street.other["cart"], MISSING["cart"])
    ]
    assert told[0] == told[1]
    assert told[0][0] == 404


FILTERS = [
    ("/outgoing?batchID=", "batch"),
    ("/blacklists?batchID=", "batch"),
    ("/blacklists?smsOutgoingID=", "message"),
    ("/outgoing?receiver=", "stopped"),
    ("/incoming?sender=", "stopped"),
]


async def test_a_filter_finds_nothing_of_others(street: Street) -> None:
    for path, kind in FILTERS:
        for values in (street.second, street.other):
            assert await street.mine.good("GET", f"/sms/{OWN}{path}{quote(values[kind], safe='')}") == []


# lists above the accounts


async def test_lists_hold_only_what_the_key_can_reach(street: Street) -> None:
    above = [("GET", path) for path in ("/order/sms", "/sms/virtualNumbers*", "/me/document*")]
    key = await make_key(street.desk.world, 100, (*CONFINED, ("POST", "/me/document"), *above))
    assert await key.good("GET", "/sms") == [OWN]
    assert await key.good("GET", "/order/sms") == [OWN]
    assert await key.good("GET", "/sms/virtualNumbers") == [street.own["virtual"]]
    paged = await key.ask("GET", "/sms", headers={"x-pagination-mode": "CachedObjectList-Pages"})
    assert isinstance(paged.json, list)
    assert [row["name"] for row in paged.json] == [OWN]
    assert paged.headers["X-Pagination-Elements"] == "1"
    told = [
        without(await key.ask("GET", f"/sms/virtualNumbers/{quote(values['virtual'])}"), values)
        for values in (street.own, street.second, MISSING)
    ]
    assert [status for status, _ in told] == [200, 404, 404]
    assert told[1] == told[2]
    assert await street.mine.good("GET", "/sms") == [OWN, SECOND]


async def test_a_confined_key_has_files_of_its_accounts_only(street: Street, asked: list[str]) -> None:
    rules = (("GET", "/me/document*"), ("POST", "/me/document"))
    key = await make_key(street.desk.world, 100, (*CONFINED, *rules))
    exported = await key.good("GET", f"/sms/{OWN}/document?wayType=outgoing")
    uploaded = (await key.good("POST", "/me/document", {"name": "mine"}))["id"]
    theirs = await street.mine.good("GET", f"/sms/{SECOND}/document?wayType=outgoing")
    assert set(await key.good("GET", "/me/document")) == {exported, uploaded}
    assert {theirs, exported, uploaded, street.own["file"]} <= set(await street.mine.good("GET", "/me/document"))
    told = []
    for id in (theirs, street.own["file"], MISSING["file"]):
        asked.clear()
        told.append((*without(await key.ask("GET", f"/me/document/{id}"), {"": id}), list(asked)))
    assert told[0] == told[1] == told[2]
    assert told[0][0] == 404
    csv = {"slotId": 5, "description": "d", "documentId": theirs}
    assert (await key.ask("POST", f"/sms/{OWN}/receivers", csv)).status == 404


async def test_several_in_one_call_are_judged_one_by_one(street: Street) -> None:
    key = await make_key(street.desk.world, 100, CONFINED)
    batch = {"x-ovh-batch": ","}
    shown = (await key.ask("GET", f"/sms/{OWN},{SECOND},{NOBODYS}", headers=batch)).json
    assert isinstance(shown, list)
    assert [row["error"] is None for row in shown] == [True, False, False]
    assert shown[1]["error"] == shown[2]["error"]
    ids = ",".join((street.own["message"], street.second["message"], street.other["message"], MISSING["message"]))
    shown = (await key.ask("GET", f"/sms/{OWN}/outgoing/{ids}", headers=batch)).json
    assert isinstance(shown, list)
    assert [row["error"] is None for row in shown] == [True, False, False, False]
    assert len({row["error"]["message"].replace(row["key"], "") for row in shown[1:]}) == 1


DETOURS = [
    "/sms/{own}/../{second}", "/sms/{own}/%2e%2e/{second}/jobs", "/sms/{own}%2F..%2F{second}",
    "/sms//{second}/jobs", "//sms/{second}", "/sms/{second}/", "/sms/%73ms-xx11111-2", "/sms/{own}%2fjobs",
    "/SMS/{second}", "/sms/{second}%00", "/sms/{own}/jobs/../../{second}/jobs", "/sms/./{second}",
    "/sms/{second}?/sms/{own}/", "/sms/{second}%3F/{own}/x", "/sms/{second};/sms/{own}/jobs",
    "/sms/{own}\\..\\{second}",
]  # fmt: skip


async def test_no_spelling_of_a_path_leads_around_the_rules(street: Street) -> None:
    key = await make_key(street.desk.world, 100, CONFINED)
    for detour in DETOURS:
        answer = await key.ask("GET", detour.format(own=OWN, second=SECOND))
        assert answer.status in (403, 404), f"{detour}: {answer.text}"
        assert SECOND not in answer.text
