"""The vendor's acceptance cases that touch keys, addresses and documents, each under its number. spec: ovh/6"""

import json
import re
from base64 import b64encode
from collections.abc import AsyncIterator

import pytest
from tests.dialects.ovh_auth_world import HOST, PASSWORD, Answer, World, form, opened, plain

from depesza.services import keys

pytestmark = pytest.mark.anyio

BOTH = ["sms-xx11111-1", "sms-xx11111-2"]


@pytest.fixture
async def world(sqlite_url: str) -> AsyncIterator[World]:
    """The dialect with a validated key for everything below /sms."""
    async with opened(sqlite_url) as world:
        yield await world.with_keys()


def refused(answer: Answer, status: int, code: str, message: str) -> bool:
    """Tell whether an answer is this refusal, with the fields that clients read."""
    told = answer.json
    assert isinstance(told, dict)
    return (
        answer.status == status
        and told["errorCode"] == code
        and told["message"] == message
        and told["httpCode"].startswith(f"{status} ")
    )


async def test_case_01_time_needs_no_headers(world: World) -> None:
    answer = await world.ask(plain("GET", "/1.0/auth/time", headers={}))
    assert answer.status == 200
    assert re.fullmatch(r"[0-9]{10}", answer.text)
    assert int(answer.text) == world.clock.now // 1_000_000


async def test_case_02_a_signed_call_lists_the_accounts(world: World) -> None:
    answer = await world.call("GET", "/1.0/sms")
    assert (answer.status, answer.json) == (200, BOTH)
    assert re.fullmatch(r"EU\.ext-\d+\.[0-9a-f]{8}\.\d+\.[0-9a-f]{32}", answer.headers["X-OVH-QUERYID"])


async def test_case_03_signed_as_https_without_the_port(world: World) -> None:
    answer = await world.call("GET", "/1.0/sms", base="https://127.0.0.1")
    assert (answer.status, answer.json) == (200, BOTH)


@pytest.mark.parametrize("path", ["/1.0/sms/", "/1.0//sms", "//1.0/sms", "/1.0/sms//"])
async def test_case_04_slashes_too_many_are_no_redirect(world: World, path: str) -> None:
    answer = await world.call("GET", path)
    assert (answer.status, answer.json) == (200, BOTH)


async def test_case_05_v1_is_an_alias(world: World) -> None:
    answer = await world.call("GET", "/v1/sms")
    assert (answer.status, answer.json) == (200, BOTH)


async def test_case_06_one_digit_of_the_signature_changed(world: World) -> None:
    request = world.signed("GET", "/1.0/sms")
    right = request.headers["x-ovh-signature"]
    wrong = right[:-1] + ("0" if right[-1] != "0" else "1")
    answer = await world.ask(world.signed("GET", "/1.0/sms", headers={"x-ovh-signature": wrong}))
    assert answer.status == 400
    assert answer.json == {
        "message": "Invalid signature",
        "httpCode": "400 Bad Request",
        "errorCode": "INVALID_SIGNATURE",
    }


@pytest.mark.parametrize("offset", [-3600, 3600, -301, 301])
async def test_case_07_a_timestamp_out_of_the_window(world: World, offset: int) -> None:
    answer = await world.call("GET", "/1.0/sms", offset=offset)
    assert answer.status == 400
    assert answer.json == {
        "message": "Query out of time",
        "httpCode": "400 Bad Request",
        "errorCode": "QUERY_TIME_OUT",
    }


@pytest.mark.parametrize("offset", [-299, 299])
async def test_a_timestamp_in_the_window_is_good(world: World, offset: int) -> None:
    assert (await world.call("GET", "/1.0/sms", offset=offset)).status == 200


async def test_case_08_an_unknown_consumer_key(world: World) -> None:
    world.consumer_key = "x" * 32
    answer = await world.call("GET", "/1.0/sms")
    assert refused(answer, 403, "INVALID_CREDENTIAL", "This credential is not valid")


async def test_case_09_an_application_alone_must_log_in(world: World) -> None:
    answer = await world.ask(plain("GET", "/1.0/sms", headers={"host": HOST, "x-ovh-application": world.key}))
    assert refused(answer, 403, "NOT_CREDENTIAL", "You must login first")


async def test_case_10_an_unknown_application(world: World) -> None:
    world.key = "nobody"
    assert refused(await world.call("GET", "/1.0/sms"), 403, "INVALID_KEY", "Invalid application key")
    bare = await world.ask(plain("GET", "/1.0/sms", headers={}))
    assert refused(bare, 403, "INVALID_KEY", "Invalid application key")


async def test_case_11_a_key_for_one_account_reads_only(sqlite_url: str) -> None:
    async with opened(sqlite_url) as world:
        await world.with_keys([("GET", "/sms/sms-xx11111-1/*")])
        answer = await world.call("POST", "/1.0/sms/sms-xx11111-1/jobs", {"message": "x"})
        assert refused(answer, 403, "NOT_GRANTED_CALL", "This call has not been granted")


async def test_case_12_a_star_for_the_account(sqlite_url: str) -> None:
    async with opened(sqlite_url) as world:
        await world.with_keys([("POST", "/sms/*/jobs")])
        job = {"message": "Hello", "receivers": ["12"], "senderForResponse": True}
        for account in BOTH:
            assert (await world.call("POST", f"/1.0/sms/{account}/jobs", job)).status == 200
        answer = await world.call("GET", "/1.0/sms")
        assert refused(answer, 403, "NOT_GRANTED_CALL", "This call has not been granted")


async def ask_for_a_key(world: World, **fields: object) -> dict[str, str]:
    """Ask as python `ovh` does."""
    asked = {"accessRules": [{"method": "GET", "path": "/sms"}], "redirection": None, "allowedIPs": None, **fields}
    headers = {"host": HOST, "x-ovh-application": world.key, "content-type": "application/json"}
    answer = await world.ask(plain("POST", "/1.0/auth/credential", json.dumps(asked).encode(), headers))
    assert answer.status == 200, answer.text
    assert isinstance(answer.json, dict)
    return answer.json


async def test_case_13_asking_for_a_consumer_key(world: World) -> None:
    made = await ask_for_a_key(world)
    assert made.keys() == {"consumerKey", "state", "validationUrl"}
    assert made["state"] == "pendingValidation"
    assert re.fullmatch(r"[A-Za-z0-9]{32}", made["consumerKey"])
    assert re.fullmatch(rf"http://{HOST}/auth/\?credentialToken=[A-Za-z0-9]{{64}}", made["validationUrl"])


async def test_case_14_a_key_before_and_after_validation(world: World) -> None:
    made = await ask_for_a_key(world)
    world.consumer_key = made["consumerKey"]
    before = await world.call("GET", "/1.0/auth/currentCredential")
    assert refused(before, 403, "INVALID_CREDENTIAL", "This credential is not valid")
    token = made["validationUrl"].rpartition("=")[2]
    await world.store.run(keys.approve, token, 100, 86400, world.clock.now)
    after = await world.call("GET", "/1.0/auth/currentCredential")
    assert after.status == 200
    assert isinstance(after.json, dict)
    assert after.json["status"] == "validated"
    assert after.json["rules"] == [{"method": "GET", "path": "/sms"}]
    assert after.json["expiration"] == "2026-05-29T20:26:40+00:00"
    assert after.json["lastUse"] == "2026-05-28T20:26:40+00:00"


async def token_of(world: World, id: str, secret: str) -> Answer:
    """Ask for a token with HTTP Basic."""
    basic = "Basic " + b64encode(f"{id}:{secret}".encode()).decode()
    headers = {"host": HOST, "authorization": basic, "content-type": "application/x-www-form-urlencoded"}
    body = b"grant_type=client_credentials&scope=all"
    return await world.ask(plain("POST", "/auth/oauth2/token", body, headers))


async def test_case_15_client_credentials(world: World) -> None:
    rules = [("GET", "/sms"), ("GET", "/sms/*")]
    made = await world.store.run(keys.create_application, world.vault, 100, "robot", "", "oauth2", rules)
    answer = await token_of(world, made.row.key, made.secret)
    assert answer.status == 200
    assert isinstance(answer.json, dict)
    assert (answer.json["token_type"], answer.json["expires_in"]) == ("Bearer", 3599)
    headers = {"host": HOST, "authorization": f"Bearer {answer.json['access_token']}"}
    listed = await world.ask(plain("GET", "/1.0/sms", headers=headers))
    assert (listed.status, listed.json) == (200, BOTH)


async def test_case_16_an_unknown_client(world: World) -> None:
    answer = await token_of(world, "nobody", "x")
    assert answer.status == 400
    assert isinstance(answer.json, dict)
    assert answer.json.keys() == {"error", "error_description"}
    assert answer.json["error"] == "invalid_client"


async def test_case_58_an_account_of_nobody(world: World) -> None:
    answer = await world.call("GET", "/1.0/sms/sms-zz99999-9")
    assert answer.status == 404
    assert isinstance(answer.json, dict)
    assert (answer.json["class"], answer.json["message"]) == ("Client::NotFound", "This service does not exist")


async def test_case_59_several_objects_in_one_call(world: World) -> None:
    path = "/1.0/me/api/credential/"
    rules = [("GET", "/me/api/*")]
    made = await world.store.run(keys.grant, world.vault, world.application, 100, rules, 0, world.clock.now)
    world.consumer_key = made.consumer_key
    listed = await world.call("GET", "/1.0/me/api/credential")
    assert isinstance(listed.json, list)
    ids = listed.json
    answer = await world.call("GET", path + ",".join(map(str, [*ids, 5])), headers={"x-ovh-batch": ","})
    assert answer.status == 200
    assert isinstance(answer.json, list)
    assert [item["key"] for item in answer.json] == [*map(str, ids), "5"]
    assert [item["value"] and item["value"]["credentialId"] for item in answer.json] == [*ids, None]
    assert [item["error"] is None for item in answer.json] == [*[True] * len(ids), False]


async def test_case_60_the_schema_is_public(world: World) -> None:
    answer = await world.ask(plain("GET", "/1.0/sms.json", headers={"host": HOST}))
    assert answer.status == 200
    document = answer.json
    assert isinstance(document, dict)
    assert document["models"]["sms.ClassEnum"]["enum"] == ["flash", "phoneDisplay", "sim", "toolkit"]
    paths = {row["path"]: row for row in document["apis"]}
    assert {"/sms", "/sms/{serviceName}/jobs"} <= paths.keys()
    status = [row["apiStatus"]["value"] for row in paths["/sms"]["operations"]]
    assert status == ["PRODUCTION"]  # `DEPRECATED` would make npm clients warn


async def test_case_61_a_trailing_slash_and_a_content_type_that_is_none(world: World) -> None:
    job = {"message": "Hello", "receivers": ["+33601020304"], "sender": "MyApp", "class": None, "noStopClause": True}
    headers = {"content-type": "application/json charset=utf-8"}
    answer = await world.call("POST", "/1.0/sms/sms-xx11111-1/jobs/", job, headers=headers)
    assert answer.status == 200, answer.text
    assert isinstance(answer.json, dict)
    assert len(answer.json["ids"]) == 1


async def test_an_owner_approves_on_the_page(world: World) -> None:
    made = await ask_for_a_key(world, redirection="https://client.example/back?x=1")
    path = made["validationUrl"].removeprefix(f"http://{HOST}")
    shown = await world.ask(plain("GET", path))
    assert shown.status == 200
    assert "GET /sms" in shown.text
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', shown.text))
    fields |= {"login": "ab1-ovh", "password": PASSWORD, "validity": "7d", "decision": "accept"}
    cookie = shown.headers["Set-Cookie"].partition(";")[0]
    done = await world.ask(form("/auth/", fields, cookie))
    assert (done.status, done.headers["Location"]) == (302, "https://client.example/back?x=1")
    world.consumer_key = made["consumerKey"]
    assert (await world.call("GET", "/1.0/sms")).json == BOTH
