"""Bodies made by a machine: SMSGate's API answers each with a status of its own, and never with our fault."""

import asyncio
import shutil
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.dialects.smsgate_world import Gate, gate_of

from depesza.dialects.smsgate.routes import ROUTES

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_NUMBERS = st.lists(st.sampled_from(["+40740123456", "38184", "", "x", "+", "\0", "+4074012345\ud7ff"]), max_size=3)
_FIELDS: dict[str, st.SearchStrategy[object]] = {
    "phoneNumbers": _NUMBERS | _JSON,
    "message": st.text(max_size=30) | _JSON,
    "textMessage": st.fixed_dictionaries({}, optional={"text": st.text(max_size=200)}) | _JSON,
    "dataMessage": st.fixed_dictionaries({}, optional={"data": st.text(), "port": st.integers(-1, 70000)}) | _JSON,
    "id": st.text(max_size=40),
    "isEncrypted": st.booleans() | _JSON,
    "ttl": st.integers(),
    "priority": st.integers(-200, 200),
    "simNumber": st.integers(-1, 5),
    "scheduleAt": st.sampled_from(["2026-11-22T10:00:00Z", "2026-11-22T10:00:60Z", "9999-12-31T23:59:59-14:00"])
    | _JSON,
    "validUntil": st.sampled_from(["2027-11-22T10:00:00.1Z", "0001-01-01T00:00:00+14:00"]) | st.text(max_size=30),
    "url": st.sampled_from(["https://[", "https://x:y/", "https://é/"]) | st.text(max_size=30),
    "event": st.sampled_from(["sms:sent", "sms:lost"]) | _JSON,
    "scopes": st.lists(st.sampled_from(["messages:send", "x"]), max_size=3) | _JSON,
    "since": st.text(max_size=30),
    "until": st.sampled_from(["2026-11-22T10:00:00Z"]) | _JSON,
    "deviceId": st.text(max_size=22),
    "messages": _JSON,
    "webhooks": st.dictionaries(st.sampled_from(["signing_key", "retryCount", "x"]), _JSON, max_size=3),
}
_BODY = st.fixed_dictionaries({}, optional=_FIELDS) | _JSON
_TEXT = st.text(max_size=12)
_QUERY = st.dictionaries(st.sampled_from(["limit", "offset", "from", "state", "type", "deviceId"]), _TEXT)


def test_no_request_is_our_fault(sqlite_template: Path, tmp_path: Path) -> None:
    url = str(tmp_path / "depesza.db")
    shutil.copy(sqlite_template, url)
    loop = asyncio.new_event_loop()
    world = gate_of(url)
    gate: Gate = loop.run_until_complete(world.__aenter__())

    @settings(max_examples=100, deadline=None)
    @given(
        st.sampled_from(ROUTES),
        _BODY,
        st.dictionaries(st.sampled_from(["limit", "from", "state", "type"]), _TEXT),
        _TEXT,
    )
    def asked(route: object, body: object, query: dict[str, str], key: str) -> None:
        assert isinstance(route, type(ROUTES[0]))
        path = route.path.replace("{id}", key or "x").replace("{jti}", "x").replace("{part}", "1")
        sent = msgspec.json.encode(body) if route.method in ("POST", "PUT", "PATCH") else b""
        answer = loop.run_until_complete(_ask(gate, route.method, path, sent, query))
        assert answer in (200, 201, 202, 204, 400, 402, 403, 404, 405, 409, 501)

    asked()
    loop.run_until_complete(world.__aexit__(None, None, None))
    loop.close()


async def _ask(gate: Gate, method: str, path: str, body: bytes, query: dict[str, str]) -> int:
    return (await gate.ask(method, path, body=body, **query)).status
