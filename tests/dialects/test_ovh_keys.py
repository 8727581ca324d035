"""Keys in use: states, ends, addresses, isolation, what a key may learn and change. spec: ovh/1.5 ovh/1.6 ovh/1.7"""

import json
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest
from tests.dialects.ovh_auth_world import HOST, Answer, World, opened, plain

from depesza.core.facts import Account, Owner
from depesza.services import keys
from depesza.store.tx import Tx

pytestmark = pytest.mark.anyio

ALL = [(method, "/*") for method in ("GET", "POST", "PUT", "DELETE")]


@pytest.fixture
async def world(sqlite_url: str) -> AsyncIterator[World]:
    """The dialect with a validated key for everything."""
    async with opened(sqlite_url) as world:
        yield await world.with_keys(ALL)


def code(answer: Answer) -> tuple[int, object]:
    """Tell status and errorCode of a refusal."""
    assert isinstance(answer.json, dict)
    return answer.status, answer.json.get("errorCode")


async def test_a_key_dies_when_its_time_is_over(world: World) -> None:
    made = await world.store.run(keys.grant, world.vault, world.application, 100, ALL, 60, world.clock.now)
    world.consumer_key = made.consumer_key
    assert (await world.call("GET", "/1.0/me")).status == 200
    world.clock.move(60)
    assert code(await world.call("GET", "/1.0/me")) == (403, "INVALID_CREDENTIAL")


async def test_a_refused_key_never_works(world: World) -> None:
    made = await world.store.run(keys.request_key, world.vault, world.application, ALL, world.clock.now)
    await world.store.run(keys.refuse, made.row.token, world.clock.now)
    world.consumer_key = made.consumer_key
    assert code(await world.call("GET", "/1.0/me")) == (403, "INVALID_CREDENTIAL")


async def test_logging_out_ends_the_key(world: World) -> None:
    answer = await world.call("POST", "/1.0/auth/logout")
    assert (answer.status, answer.text) == (200, "null")
    assert code(await world.call("GET", "/1.0/me")) == (403, "INVALID_CREDENTIAL")


async def test_a_request_that_waited_a_day_cannot_be_approved(world: World) -> None:
    made = await world.store.run(keys.request_key, world.vault, world.application, ALL, world.clock.now)
    world.clock.move(24 * 3600)
    with pytest.raises(keys.Unknown):
        await world.store.run(keys.approve, made.row.token, 100, 0, world.clock.now)


async def test_a_token_is_good_once(world: World) -> None:
    made = await world.store.run(keys.request_key, world.vault, world.application, ALL, world.clock.now)
    await world.store.run(keys.approve, made.row.token, 100, 0, world.clock.now)
    with pytest.raises(keys.Unknown):
        await world.store.run(keys.refuse, made.row.token, world.clock.now)


async def test_only_so_many_keys_wait_for_one_application(world: World) -> None:
    asked = json.dumps({"accessRules": [{"method": "GET", "path": "/sms"}]}).encode()
    request = plain("POST", "/1.0/auth/credential", asked, {"host": HOST, "x-ovh-application": world.key})
    for _ in range(keys.WAITING):
        await world.store.run(keys.request_key, world.vault, world.application, ALL, world.clock.now)
    assert (await world.ask(request)).status == 429
    world.clock.move(24 * 3600)
    assert (await world.ask(request)).status == 200
    waiting = [row for row in world.store.facts.credentials if row.status == "pendingValidation"]
    assert len(waiting) == 1  # those that waited too long are forgotten


async def test_a_key_works_only_from_its_addresses(world: World) -> None:
    made = await world.store.run(
        keys.grant, world.vault, world.application, 100, ALL, 0, world.clock.now, ["10.1.0.0/16", "2001:db8::7"]
    )
    world.consumer_key = made.consumer_key
    for address, good in [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("2001:db8::7", True),
        ("10.2.0.1", False),
        ("2001:db8::8", False),
        ("", False),
    ]:
        answer = await world.call("GET", "/1.0/me", client=address)
        assert (answer.status == 200) is good, address
    assert code(await world.call("GET", "/1.0/me", client="192.0.2.1")) == (403, "FORBIDDEN")


async def test_a_key_of_another_application_is_none(world: World) -> None:
    other = await world.store.run(keys.create_application, world.vault, 100, "other")
    world.key, world.secret = other.row.key, other.secret
    assert code(await world.call("GET", "/1.0/me")) == (403, "INVALID_CREDENTIAL")


async def test_a_blocked_application_is_none(world: World) -> None:
    def block(tx: Tx) -> None:
        row = tx.facts.application[world.application]
        tx.put("applications", type(row)(**{**_fields(row), "enabled": False}))

    async def service(tx: Tx) -> None:
        block(tx)

    assert (await world.call("GET", "/1.0/me")).status == 200
    await world.store.run(service)
    assert code(await world.call("GET", "/1.0/me")) == (403, "INVALID_KEY")


def _fields(row: object) -> dict[str, object]:
    return {name: getattr(row, name) for name in row.__struct_fields__}  # type: ignore[attr-defined]


async def test_keys_of_an_owner_who_is_gone_are_none(world: World) -> None:
    async def drop(tx: Tx) -> None:
        tx.drop("owners", id=100)

    await world.store.run(drop)
    assert code(await world.call("GET", "/1.0/me")) == (403, "INVALID_CREDENTIAL")


async def test_an_unknown_key_with_a_wrong_signature_says_signature(world: World) -> None:
    world.consumer_key = "x" * 32
    request = world.signed("GET", "/1.0/me", headers={"x-ovh-signature": "$1$" + "0" * 40})
    assert code(await world.ask(request)) == (400, "INVALID_SIGNATURE")


async def test_accounts_of_another_owner_do_not_exist(world: World) -> None:
    async def neighbour(tx: Tx) -> None:
        tx.put("owners", Owner(id=900, name="neighbour"))
        tx.put("accounts", Account(id=901, owner=900, name="sms-nn1-1"))

    await world.store.run(neighbour)
    assert code(await world.call("GET", "/1.0/sms/sms-nn1-1")) == (404, "NOT_FOUND")
    assert "sms-nn1-1" not in (await world.call("GET", "/1.0/sms")).text
    several = await world.call("GET", "/1.0/sms/sms-nn1-1,sms-xx11111-1", headers={"x-ovh-batch": ","})
    assert isinstance(several.json, list)
    assert [item["value"] is None for item in several.json] == [True, False]


async def test_a_batch_shows_only_what_the_rules_cover(world: World) -> None:
    rules = [("GET", "/sms"), ("GET", "/sms/sms-xx11111-1")]
    made = await world.store.run(keys.grant, world.vault, world.application, 100, rules, 0, world.clock.now)
    world.consumer_key = made.consumer_key
    path = "/1.0/sms/sms-xx11111-1,sms-xx11111-2"
    several = await world.call("GET", path, headers={"x-ovh-batch": ","})
    assert isinstance(several.json, list)
    assert [item["value"] is None for item in several.json] == [False, True]
    assert (await world.call("GET", "/1.0/sms")).json == ["sms-xx11111-1"]


# what a key may learn and change


async def test_who_am_i(world: World) -> None:
    answer = await world.call("GET", "/1.0/me")
    assert isinstance(answer.json, dict)
    assert (answer.json["nichandle"], answer.json["firstname"], answer.json["ovhSubsidiary"]) == (
        "ab1-ovh",
        "Anna",
        "PL",
    )
    told = await world.call("GET", "/1.0/auth/details")
    assert isinstance(told.json, dict)
    assert told.json["account"] == "ab1-ovh"
    assert {"method": "GET", "path": "/*"} in told.json["allowedRoutes"]


async def test_applications_and_credentials_are_told_and_revoked(world: World) -> None:
    listed = await world.call("GET", "/1.0/me/api/application")
    assert listed.json == [world.application]
    one = await world.call("GET", f"/1.0/me/api/application/{world.application}")
    assert isinstance(one.json, dict)
    assert (one.json["applicationKey"], one.json["status"]) == (world.key, "active")
    assert world.secret not in one.text
    spare = await world.store.run(keys.grant, world.vault, world.application, 100, ALL, 0, world.clock.now)
    path = f"/1.0/me/api/credential/{spare.row.id}"
    assert (await world.call("PUT", path, {"allowedIPs": ["10.0.0.0/8"], "ovhSupport": False})).text == "null"
    told = await world.call("GET", path)
    assert isinstance(told.json, dict)
    assert told.json["allowedIPs"] == ["10.0.0.0/8"]
    assert (await world.call("PUT", path, {"allowedIPs": ["nowhere"]})).status == 400
    assert (await world.call("PUT", path, {"allowedIPs": None})).text == "null"
    lifted = await world.call("GET", path)
    assert isinstance(lifted.json, dict)
    assert lifted.json["allowedIPs"] is None
    for wrong in ("status=perhaps", "applicationId=x"):
        assert (await world.call("GET", f"/1.0/me/api/credential?{wrong}")).status == 400
    assert (await world.call("GET", path + "/application")).json == one.json
    found = await world.call("GET", f"/1.0/me/api/credential?applicationId={world.application}&status=validated")
    assert isinstance(found.json, list)
    assert spare.row.id in found.json
    assert (await world.call("DELETE", path)).text == "null"
    assert (await world.call("GET", path)).status == 404
    assert (await world.call("GET", "/1.0/me/api/credential/abc")).status == 400
    assert (await world.call("DELETE", f"/1.0/me/api/application/{world.application}")).text == "null"
    assert code(await world.call("GET", "/1.0/me")) == (403, "INVALID_KEY")


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"accessRules": []},
        {"accessRules": "GET /sms"},
        {"accessRules": ["GET /sms"]},
        {"accessRules": [{"method": "GET"}]},
        {"accessRules": [{"method": "FETCH", "path": "/sms"}]},
        {"accessRules": [{"method": "GET", "path": ""}]},
        {"accessRules": [{"method": "GET", "path": "/sms\n"}]},
        {"accessRules": [{"method": "GET", "path": "/sms"}] * 1000},
        {"accessRules": [{"method": "GET", "path": "/sms"}], "redirection": "javascript:alert(1)"},
        {"accessRules": [{"method": "GET", "path": "/sms"}], "redirection": 5},
        {"accessRules": [{"method": "GET", "path": "/sms"}], "allowedIPs": ["300.0.0.1"]},
        {"accessRules": [{"method": "GET", "path": "/sms"}], "allowedIPs": "10.0.0.1"},
    ],
)
async def test_a_key_asked_for_wrongly_is_refused(world: World, fields: dict[str, object]) -> None:
    before = world.store.facts.version
    headers = {"host": HOST, "x-ovh-application": world.key}
    answer = await world.ask(plain("POST", "/1.0/auth/credential", json.dumps(fields).encode(), headers))
    assert answer.status == 400
    assert isinstance(answer.json, dict)
    assert answer.json["message"]
    assert world.store.facts.version == before


# oauth2


async def bearer(world: World, rules: list[tuple[str, str]]) -> tuple[keys.NewApplication, dict[str, str]]:
    """Make a client and fetch a token with form fields, as PHP does."""
    made = await world.store.run(keys.create_application, world.vault, 100, "robot", "", "oauth2", rules)
    fields = {"grant_type": "client_credentials", "client_id": made.row.key, "client_secret": made.secret}
    answer = await world.ask(plain("POST", "/auth/oauth2/token", urlencode(fields).encode()))
    assert isinstance(answer.json, dict)
    return made, {"host": HOST, "authorization": f"Bearer {answer.json['access_token']}"}


async def test_a_client_without_the_right_is_told_which(world: World) -> None:
    _, headers = await bearer(world, [("GET", "/sms")])
    answer = await world.ask(plain("POST", "/1.0/sms/sms-xx11111-1/jobs", b"{}", headers))
    assert answer.status == 403
    assert answer.json == {
        "message": "User not granted for this request",
        "httpCode": "403 Forbidden",
        "class": "Client::Forbidden",
        "details": {
            "unauthorizedActionsByAuthentication": "",
            "unauthorizedActionsByIAM": "sms:apiovh:jobs/create",
        },
    }


async def test_a_token_ends(world: World) -> None:
    _, headers = await bearer(world, [("GET", "/*")])
    assert (await world.ask(plain("GET", "/1.0/me", headers=headers))).status == 200
    assert (await world.ask(plain("GET", "/1.0/auth/details", headers=headers))).status == 200
    forged = {**headers, "authorization": headers["authorization"][:-1] + "x"}
    assert code(await world.ask(plain("GET", "/1.0/me", headers=forged))) == (403, "INVALID_CREDENTIAL")
    world.clock.move(3599)
    assert (await world.ask(plain("GET", "/1.0/me", headers=headers))).status == 200
    world.clock.move(1)
    assert code(await world.ask(plain("GET", "/1.0/me", headers=headers))) == (403, "INVALID_CREDENTIAL")
    fresh, headers = await bearer(world, [("GET", "/*")])
    await world.store.run(keys.drop_application, fresh.row.id)
    assert code(await world.ask(plain("GET", "/1.0/me", headers=headers))) == (403, "INVALID_CREDENTIAL")


@pytest.mark.parametrize(
    ("body", "headers", "error"),
    [
        (b"", {}, "invalid_client"),
        (b"grant_type=password&client_id=x&client_secret=y", {}, "unsupported_grant_type"),
        (b"grant_type=client_credentials", {"authorization": "Basic !!!"}, "invalid_client"),
        (b"grant_type=client_credentials", {"authorization": "Basic /////w=="}, "invalid_client"),
        (b"\xff\xfe%%%=&&&", {}, "invalid_client"),
    ],
)
async def test_a_token_asked_for_wrongly_is_refused(
    world: World, body: bytes, headers: dict[str, str], error: str
) -> None:
    answer = await world.ask(plain("POST", "/auth/oauth2/token", body, {"host": HOST, **headers}))
    assert answer.status == 400
    assert isinstance(answer.json, dict)
    assert answer.json["error"] == error


async def test_a_wrong_client_secret_is_refused(world: World) -> None:
    made = await world.store.run(keys.create_application, world.vault, 100, "robot", "", "oauth2", ALL)
    fields = {"grant_type": "client_credentials", "client_id": made.row.key, "client_secret": "wrong"}
    answer = await world.ask(plain("POST", "/auth/oauth2/token", urlencode(fields).encode()))
    assert answer.status == 400
    signed = {**fields, "client_id": world.key, "client_secret": world.secret}  # no oauth2 client
    assert (await world.ask(plain("POST", "/auth/oauth2/token", urlencode(signed).encode()))).status == 400
    assert (await world.ask(plain("GET", "/auth/oauth2/token"))).status == 405
