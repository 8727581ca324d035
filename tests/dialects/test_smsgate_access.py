"""Who may call SMSGate's API: logins, tokens, their scopes and their ends. spec: devices/9"""

from collections.abc import AsyncIterator
from datetime import datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.dialects.smsgate_world import PASSWORD, PHONE, Gate, basic, gate_of
from tests.store.world import TWO

from depesza.core.facts import User
from depesza.dialects.smsgate import claims, dates
from depesza.dialects.smsgate.claims import REFRESH, SCOPES
from depesza.dialects.smsgate.errors import SmsGateError
from depesza.dialects.smsgate.routes import ROUTES
from depesza.services import users
from depesza.store.tx import Tx
from depesza.wire import Malformed, jwt

pytestmark = pytest.mark.anyio

TEXT = {"textMessage": {"text": "Hello"}, "phoneNumbers": [PHONE]}


@pytest.fixture
async def gate(sqlite_url: str) -> AsyncIterator[Gate]:
    """The setting."""
    async with gate_of(sqlite_url) as gate:
        yield gate


async def token(gate: Gate, *scopes: str, auth: str | None = None, **more: object) -> dict[str, str]:
    """Make a pair of tokens."""
    made = await gate.good("POST", "/auth/token", {"scopes": scopes} | more, 201, auth=auth)
    assert isinstance(made, dict)
    return made


@pytest.mark.parametrize(
    "auth",
    [
        "", "Basic", "Basic ???", "Basic " + "YXBpMQ==", basic("api1", "wrong"), basic("nobody"), basic("other/api1"),
        "Bearer", "Bearer x.y.z", "Digest abc",
    ],
)  # fmt: skip
async def test_strangers_stay_outside(gate: Gate, auth: str) -> None:
    answer = await gate.ask("GET", "/messages", auth=auth)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


async def test_a_login_may_name_its_account_and_must_where_two_have_it(gate: Gate) -> None:
    await gate.good("GET", "/messages", auth=basic("sms-xx11111-1/api1"))
    await gate.store.run(_second_user)
    await gate.good("GET", "/messages", auth=basic("sms-xx11111-1/api1"))
    await gate.refused(401, "GET", "/messages", auth=basic("api1"))


async def _second_user(tx: Tx) -> None:
    await users.create(tx, User(id=0, account=TWO, login="api1", password=""))


async def test_wrong_passwords_lock_for_a_while(gate: Gate) -> None:
    for _ in range(5):
        await gate.refused(401, "GET", "/messages", auth=basic("api1", "wrong"))
    assert "wait" in await gate.refused(401, "GET", "/messages")
    await gate.good("GET", "/messages", client="192.0.2.1")
    gate.clock.move(61)
    await gate.good("GET", "/messages")


async def test_addresses_and_disabled_accounts_are_refused(gate: Gate) -> None:
    await gate.desk.good("PUT", "/users/api1", {"ipRestrictions": ["192.0.2.7"]})
    await gate.refused(403, "GET", "/messages")
    await gate.good("GET", "/messages", client="192.0.2.7")
    await gate.desk.good("PUT", "/users/api1", {"ipRestrictions": []})
    await gate.change_account(enabled=False)
    assert "disabled" in await gate.refused(403, "GET", "/messages")


async def test_a_token_does_what_its_scopes_say(gate: Gate) -> None:
    made = await token(gate, "messages:send", "messages:read", ttl=3600)
    assert (made["tokenType"], made["token_type"], made["accessToken"]) == ("Bearer", "Bearer", made["access_token"])
    assert made["expires_at"] == made["expiresAt"] == "2026-05-28T21:26:40.000Z"
    bearer = f"Bearer {made['accessToken']}"
    shown = await gate.good("POST", "/messages", TEXT, 202, auth=bearer)
    await gate.good("GET", f"/messages/{shown['id']}", auth=bearer)  # type: ignore[index]
    assert "messages:list" in await gate.refused(403, "GET", "/messages", auth=bearer)
    await gate.refused(403, "POST", "/auth/token", {"scopes": ["messages:list"]}, auth=bearer)
    gate.clock.move(3601)
    await gate.refused(401, "GET", f"/messages/{shown['id']}", auth=bearer)  # type: ignore[index]


@pytest.mark.parametrize("route", [row for row in ROUTES if row.scope != REFRESH], ids=lambda r: r.method + r.path)
async def test_every_operation_needs_its_scope_and_no_other(gate: Gate, route: object) -> None:
    assert isinstance(route, type(ROUTES[0]))
    others = await token(gate, *(scope for scope in SCOPES if scope != route.scope))
    path = route.path.replace("{", "").replace("}", "")
    assert (await gate.ask(route.method, path, {}, auth=f"Bearer {others['accessToken']}")).status == 403
    own = await token(gate, route.scope)
    assert (await gate.ask(route.method, path, {}, auth=f"Bearer {own['accessToken']}")).status not in (401, 403)


async def test_a_token_gives_no_more_than_it_has(gate: Gate) -> None:
    made = await token(gate, "tokens:manage", "messages:send")
    bearer = f"Bearer {made['accessToken']}"
    await token(gate, "messages:send", auth=bearer)
    assert "devices:list" in await gate.refused(403, "POST", "/auth/token", {"scopes": ["devices:list"]}, auth=bearer)
    await gate.refused(403, "POST", "/auth/token", {"scopes": ["all:any"]}, auth=bearer)


@pytest.mark.parametrize(
    "body",
    [{}, {"scopes": []}, {"scopes": ["all"]}, {"scopes": ["tokens:refresh"]}, {"scopes": ["all:any"], "ttl": -1}],
)
async def test_tokens_that_cant_be_made(gate: Gate, body: object) -> None:
    await gate.refused(400, "POST", "/auth/token", body)


async def test_a_pair_is_renewed_once_and_its_old_half_ends(gate: Gate) -> None:
    made = await token(gate, "messages:list")
    await gate.refused(403, "GET", "/messages", auth=f"Bearer {made['refreshToken']}")
    await gate.refused(403, "POST", "/auth/token/refresh", {})
    await gate.refused(403, "POST", "/auth/token/refresh", {}, auth=f"Bearer {made['accessToken']}")
    renewed = await gate.good("POST", "/auth/token/refresh", {}, 201, auth=f"Bearer {made['refreshToken']}")
    assert isinstance(renewed, dict)
    await gate.good("GET", "/messages", auth=f"Bearer {renewed['accessToken']}")
    await gate.refused(401, "GET", "/messages", auth=f"Bearer {made['accessToken']}")
    await gate.refused(401, "POST", "/auth/token/refresh", {}, auth=f"Bearer {made['refreshToken']}")


async def test_a_revoked_token_is_dead_and_its_refresh_too(gate: Gate) -> None:
    made = await token(gate, "all:any")
    bearer = f"Bearer {made['accessToken']}"
    await gate.good("GET", "/devices", auth=bearer)
    assert (await gate.ask("DELETE", f"/auth/token/{made['id']}")).status == 204
    assert "revoked" in await gate.refused(401, "GET", "/devices", auth=bearer)
    await gate.refused(401, "POST", "/auth/token/refresh", {}, auth=f"Bearer {made['refreshToken']}")
    await gate.refused(404, "DELETE", f"/auth/token/{made['id']}")


async def test_a_new_password_and_a_users_end_end_its_tokens(gate: Gate) -> None:
    bearer = f"Bearer {(await token(gate, 'all:any'))['accessToken']}"
    await gate.desk.good("PUT", "/users/api1", {"password": PASSWORD + "x"})
    await gate.refused(401, "GET", "/messages", auth=bearer)
    gate.signed_in = basic("api1", PASSWORD + "x")
    bearer = f"Bearer {(await token(gate, 'all:any'))['accessToken']}"
    await gate.desk.good("DELETE", "/users/api1")
    await gate.refused(401, "GET", "/messages", auth=bearer)


async def test_what_we_did_not_sign_is_nothing(gate: Gate) -> None:
    made = await token(gate, "messages:list")
    head, body, _ = made["accessToken"].split(".")
    ours = claims.read(gate.vault, made["accessToken"], gate.clock.now)
    for forged in (
        f"{head}.{body}.",
        f"{head}.{body}.AAAA",
        jwt.write(msgspec.structs.asdict(ours), b"another secret"),
        jwt.write({"sub": "1"}, gate.vault.secret_for(claims.PURPOSE)),
        jwt.write(msgspec.structs.asdict(ours) | {"iss": "else"}, gate.vault.secret_for(claims.PURPOSE)),
        "x" * 5000,
        "é.é.é",
    ):
        with pytest.raises(Malformed):
            claims.read(gate.vault, forged, gate.clock.now)


def test_a_token_is_what_rfc_7515_says() -> None:
    secret = b"a secret"
    written = jwt.write({"sub": "7"}, secret)
    assert written.startswith("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI3In0.")
    assert jwt.read(written, secret) == {"sub": "7"}


async def test_health_is_open_to_all(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in ("/health", "/health/live", "/health/ready", "/health/startup"):
        shown = await gate.good("GET", path, auth="")
        assert isinstance(shown, dict)
        assert (shown["status"], shown["releaseId"]) == ("pass", 1)
    monkeypatch.setattr(gate.store, "look", None)
    assert (await gate.ask("GET", "/health", auth="")).status == 503
    assert (await gate.ask("GET", "/health/live", auth="")).status == 200


async def test_addresses_that_are_none(gate: Gate) -> None:
    assert "Route" in await gate.refused(404, "GET", "/nothing")
    await gate.refused(405, "PUT", "/messages")
    assert (await gate.ask("GET", "/messages/", base="/API//3rdparty/v1")).status == 200
    assert "Logs" in await gate.refused(501, "GET", "/logs")


@settings(max_examples=80, deadline=None)
@given(st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(2099, 12, 30)), st.integers(-12, 14))
def test_times_come_back_as_they_went(at: datetime, zone: int) -> None:
    text = f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond:06}{zone:+03}:00"
    read = dates.read(text, "from")
    assert dates.read(dates.write(read), "from") == read // 1000 * 1000
    assert read % 1_000_000 == at.microsecond


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40))
def test_no_text_breaks_the_reading_of_times(text: str) -> None:
    try:
        dates.read(text, "from")
    except SmsGateError as error:
        assert error.status == 400
