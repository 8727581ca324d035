"""The pages on which owners decide about keys and make them. spec: ovh/1.5"""

import re
from collections.abc import AsyncIterator

import pytest
from tests.dialects.ovh_auth_world import PASSWORD, Answer, World, form, opened, plain

from depesza.dialects.ovh.html import page
from depesza.services import keys
from depesza.services.locks import LOCKED, TRIES

pytestmark = pytest.mark.anyio

RULES = [("GET", "/sms"), ("POST", "/sms/*/jobs")]


@pytest.fixture
async def world(sqlite_url: str) -> AsyncIterator[World]:
    """The dialect, an application and an owner with a password."""
    async with opened(sqlite_url) as world:
        yield await world.with_keys()


async def asked(world: World, **options: object) -> keys.NewKey:
    """Ask for a key."""
    return await world.store.run(
        keys.request_key,
        world.vault,
        world.application,
        RULES,
        world.clock.now,
        **options,  # type: ignore[arg-type]
    )


async def fill(world: World, path: str, **fields: str) -> Answer:
    """Open a page, fill its form, send it."""
    shown = await world.ask(plain("GET", path))
    assert shown.status == 200, shown.text
    kept = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', shown.text))
    cookie = shown.headers["Set-Cookie"].partition(";")[0]
    return await world.ask(form(path, kept | {"login": "ab1-ovh", "password": PASSWORD} | fields, cookie))


def state(world: World, made: keys.NewKey) -> tuple[str, int]:
    """Tell a key's state and end."""
    row = world.store.facts.credential_digested[made.row.digest]
    return row.status, row.expires


@pytest.mark.parametrize(
    ("validity", "seconds"), [("1d", 86400), ("7d", 7 * 86400), ("30d", 30 * 86400), ("0", 0), ("x", 86400)]
)
async def test_an_owner_accepts_for_a_time(world: World, validity: str, seconds: int) -> None:
    made = await asked(world)
    path = f"/auth/?credentialToken={made.row.token}"
    answer = await fill(world, path, decision="accept", validity=validity)
    assert answer.status == 200
    assert "Access was given" in answer.text
    assert state(world, made) == ("validated", world.clock.now + seconds * 1_000_000 if seconds else 0)
    assert (await world.ask(plain("GET", path))).status == 404  # decided once


async def test_an_owner_refuses(world: World) -> None:
    made = await asked(world, redirection="https://client.example/zurück")
    answer = await fill(world, f"/auth/?credentialToken={made.row.token}", decision="refuse")
    assert (answer.status, answer.headers["Location"]) == (302, "https://client.example/zur%C3%BCck")
    assert state(world, made)[0] == "refused"


@pytest.mark.parametrize(
    "fields", [{"password": "wrong"}, {"password": ""}, {"login": "nobody"}, {"password": "x" * 2000}]
)
async def test_nobody_else_decides(world: World, fields: dict[str, str]) -> None:
    made = await asked(world)
    answer = await fill(world, f"/auth/?credentialToken={made.row.token}", decision="accept", **fields)
    assert answer.status == 403
    assert state(world, made)[0] == "pendingValidation"
    assert PASSWORD not in answer.text


async def test_a_form_from_elsewhere_is_not_taken(world: World) -> None:
    made = await asked(world)
    path = f"/auth/?credentialToken={made.row.token}"
    shown = await world.ask(plain("GET", path))
    kept = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', shown.text))
    fields = kept | {"login": "ab1-ovh", "password": PASSWORD, "decision": "accept"}
    cookie = shown.headers["Set-Cookie"].partition(";")[0]
    assert "SameSite=Strict" in shown.headers["Set-Cookie"]
    for form_token, sent in [(kept["form"], ""), (kept["form"], "depesza-form=other"), ("", cookie), ("1.x", cookie)]:
        answer = await world.ask(form(path, {**fields, "form": form_token}, sent))
        assert (answer.status, state(world, made)[0]) == (403, "pendingValidation")
    world.clock.move(3600)
    assert (await world.ask(form(path, fields, cookie))).status == 403  # too old
    assert state(world, made)[0] == "pendingValidation"


async def test_wrong_passwords_lock_the_name_for_a_while(world: World) -> None:
    made = await asked(world)
    path = f"/auth/?credentialToken={made.row.token}"
    for _ in range(TRIES):
        assert "is wrong" in (await fill(world, path, password="wrong")).text
    assert "please wait" in (await fill(world, path, decision="accept")).text
    world.clock.move(LOCKED / 1_000_000)
    assert (await fill(world, path, decision="accept")).status == 200


async def test_the_page_shows_what_is_asked_and_escapes_it(world: World) -> None:
    made, _ = await world.store.run(
        keys.grant_all, world.vault, 100, "<script>alert(1)</script>", "", RULES, 0, world.clock.now
    )
    row = (
        await world.store.run(
            keys.request_key, world.vault, made.row.id, [("GET", "/<b>")], world.clock.now, "", ["10.0.0.0/8"]
        )
    ).row
    shown = await world.ask(plain("GET", f"/auth/?credentialToken={row.token}"))
    assert "<script>" not in shown.text
    assert "GET /&lt;b&gt;" in shown.text
    assert "10.0.0.0/8" in shown.text
    assert "default-src 'none'" in shown.headers["Content-Security-Policy"]


def test_a_form_may_lead_to_where_its_program_waits() -> None:
    def policy(towards: str) -> str:
        return dict(page("x", "", brand="b", towards=towards).headers)["Content-Security-Policy"]

    assert policy("https://client.example:8443/back?x=1").endswith("form-action 'self' https://client.example:8443")
    assert policy("https://x;script-src *").endswith("form-action 'self'")
    assert policy("https://[::1").endswith("form-action 'self'")


@pytest.mark.parametrize("path", ["/createApp/", "/createApp", "/api/createApp"])
async def test_an_application_made_on_the_page(world: World, path: str) -> None:
    answer = await fill(world, path, applicationName="mine", applicationDescription="d", decision="make")
    assert answer.status == 200
    key, secret = re.findall(r"<dd><code>(\w+)</code>", answer.text)
    row = world.store.facts.application_keyed[key]
    assert (row.owner, row.name, world.vault.unseal(row.secret)) == (100, "mine", secret)


@pytest.mark.parametrize("path", ["/createToken/", "/createToken/index.cgi", "/api/createToken"])
async def test_all_three_keys_made_on_the_page_work(world: World, path: str) -> None:
    shown = await world.ask(plain("GET", path + "?GET=/sms&GET=/sms/*&POST=/sms/*/jobs"))
    assert "GET /sms\nGET /sms/*\nPOST /sms/*/jobs</textarea>" in shown.text
    rules = "GET /sms\r\nget /me\r\n\r\n"
    answer = await fill(world, path, applicationName="mine", rules=rules, validity="1d")
    world.key, world.secret, world.consumer_key = re.findall(r"<dd><code>(\w+)</code>", answer.text)
    assert (await world.call("GET", "/1.0/sms")).status == 200
    assert (await world.call("GET", "/1.0/me")).status == 200
    assert (await world.call("GET", "/1.0/sms/ptts?ptt=4")).status == 403
    world.clock.move(86400)
    assert (await world.call("GET", "/1.0/sms")).status == 403


@pytest.mark.parametrize("fields", [{"rules": ""}, {"rules": "FETCH /sms"}, {"rules": "GET"}, {"applicationName": " "}])
async def test_keys_asked_for_wrongly_are_not_made(world: World, fields: dict[str, str]) -> None:
    before = world.store.facts.version
    answer = await fill(world, "/createToken/", **{"applicationName": "mine", "rules": "GET /sms", **fields})
    assert answer.status == 403
    assert 'class="bad"' in answer.text
    assert world.store.facts.version == before


async def test_other_pages_do_not_exist(world: World) -> None:
    for path in ("/auth/nothing", "/createApp/x/y", "/api", "/api/jobs", "/v2/sms", "/auth/oauth2"):
        answer = await world.ask(plain("GET", path))
        assert (answer.status, answer.json) == (404, {**no_url(), "httpCode": "404 Not Found"})
    assert (await world.ask(plain("DELETE", "/createApp/"))).status == 405


def no_url() -> dict[str, str]:
    """What an address without an operation is told."""
    return {"message": "Got an invalid (or empty) URL", "class": "Client::NotFound"}
