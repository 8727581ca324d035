"""Whatever comes in, an answer in OVH's form goes out, and never our fault. spec: ovh/1.8 ovh/1.10"""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.dialects.ovh_auth_world import HOST, Answer, World, opened, plain

from depesza.dialects.ovh.operations import OPERATIONS
from depesza.store.contract import Busy, Conflict, Stopped
from depesza.wire.http import HttpRequest

JOBS = "/1.0/sms/sms-xx11111-1/jobs"
ALL = [(method, "/*") for method in ("GET", "POST", "PUT", "DELETE")]


class Bench:
    """One world for many examples, on a loop of its own."""

    def __init__(self, url: str) -> None:
        self.loop = asyncio.new_event_loop()
        self._opened = opened(url)
        world = self.loop.run_until_complete(self._opened.__aenter__())
        self.world: World = self.loop.run_until_complete(world.with_keys(ALL))

    def ask(self, request: HttpRequest) -> Answer:
        """Send a request."""
        return self.loop.run_until_complete(self.world.ask(request))

    def close(self) -> None:
        """Close the world."""
        self.loop.run_until_complete(self._opened.__aexit__(None, None, None))
        self.loop.close()


@pytest.fixture(scope="module")
def bench(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A world for all examples of this module."""
    path = tmp_path_factory.mktemp("fuzz") / "fuzz.db"
    path.write_bytes(sqlite_template.read_bytes())
    bench = Bench(str(path))
    yield bench
    bench.close()


def fine(answer: Answer) -> bool:
    """Tell whether an answer is one a client can read, and not our fault."""
    if answer.status == 501:
        return isinstance(answer.json, dict)
    if answer.status >= 500:
        return False
    if answer.status >= 400 and answer.headers.get("X-OVH-QUERYID"):
        return isinstance(answer.json, dict) and {"message", "httpCode"} <= answer.json.keys()
    return True


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[1]",
        b"5",
        b'"text"',
        b"message=Hello&receivers=x",
        b"\xff\xfe\x00",
        b'{"message":"\\ud800"}',
        b'{"a":' * 100_000,
        b"[" * 1_000_000,
        b'{"message":' + b"9" * 100_000 + b"}",
        b'{"message":"' + b"x" * 1_000_000 + b'"}',
        b"\x00" * 1000,
        b"{}",
        b"null",
        b"",
    ],
)
def test_a_body_that_is_no_job_is_refused(bench: Bench, body: bytes) -> None:
    timestamp = str(bench.world.clock.now // 1_000_000)
    request = bench.world.signed("POST", JOBS)
    signed = _signed_bytes(bench.world, body, timestamp)
    answer = bench.ask(plain("POST", JOBS, body, {**request.headers, "x-ovh-signature": signed}))
    assert answer.status == 400, answer.text[:200]
    assert isinstance(answer.json, dict)
    assert answer.json["class"] == "Client::BadRequest"


def _signed_bytes(world: World, body: bytes, timestamp: str) -> str:
    from depesza.dialects.ovh.signature import keys_of, sign

    keys = keys_of(world.secret, world.consumer_key)
    return sign(keys, "POST", f"http://{HOST}{JOBS}", body, timestamp)


def test_a_byte_order_mark_is_forgiven(bench: Bench) -> None:
    body = b'\xef\xbb\xbf{"message":"Hello","receivers":["12"],"sender":"MyApp"}'
    request = bench.world.signed("POST", JOBS)
    signed = _signed_bytes(bench.world, body, str(bench.world.clock.now // 1_000_000))
    assert bench.ask(plain("POST", JOBS, body, {**request.headers, "x-ovh-signature": signed})).status == 200


def test_null_and_nothing_are_not_given_in_a_query(bench: Bench) -> None:
    path = "/1.0/sms/sms-xx11111-1/outgoing"
    bare = bench.ask(bench.world.signed("GET", path))
    for query in ("?tag=null&sender=", "?&&", "?tag", "?tag=", "?=x"):
        assert bench.ask(bench.world.signed("GET", path + query)).json == bare.json


def test_a_json_body_on_get_counts_as_query(bench: Bench) -> None:
    answer = bench.ask(bench.world.signed("GET", "/1.0/sms/ptts", b'{"ptt":4}'))
    assert answer.json == bench.ask(bench.world.signed("GET", "/1.0/sms/ptts?ptt=4")).json
    assert answer.status == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [("/1.0/nothing", 404), ("/1.0/sms/a/b/c/d/e/f", 404), ("/v2/sms", 404), ("/1.0/sms%2F", 404)],
)
def test_an_unknown_address_is_told_without_keys(bench: Bench, path: str, status: int) -> None:
    answer = bench.ask(plain("GET", path))
    assert answer.status == status
    assert isinstance(answer.json, dict)
    assert answer.json["message"] == "Got an invalid (or empty) URL"


def test_a_wrong_method_is_told(bench: Bench) -> None:
    assert bench.ask(plain("PATCH", "/1.0/sms")).status == 405
    assert bench.ask(plain("POST", "/1.0/auth/time")).status == 405


HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "host",
            "authorization",
            "x-ovh-application",
            "x-ovh-consumer",
            "x-ovh-signature",
            "x-ovh-timestamp",
            "x-ovh-batch",
            "x-pagination-mode",
            "x-pagination-filter",
            "cookie",
        ]
    ),
    st.text(st.characters(max_codepoint=255), max_size=30)
    | st.sampled_from(["Bearer a.1.b", "Bearer a.99999999999.", "CachedObjectList-Pages", "Basic eDp5", "1700000000"]),
)
TEMPLATES = st.sampled_from([row.path for row in OPERATIONS])
SEGMENT = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12) | st.sampled_from(
    ["sms-xx11111-1", "1", "-1", "9" * 30, "%00", "%ff", "%2F", "..", "null", "api1", "+33601020304"]
)


@st.composite
def paths(draw: st.DrawFn) -> str:
    """A target near or far from the real ones."""
    start = draw(st.sampled_from(["/1.0", "/v1", "//1.0/", "/auth", "/createToken", "/1.0/", ""]))
    parts = []
    for part in draw(TEMPLATES).split("/"):
        if part.startswith("{"):
            part = "sms-xx11111-1" if part == "{serviceName}" and draw(st.booleans()) else draw(SEGMENT)
        parts.append(part)
    query = draw(st.sampled_from(["", "?"])) + draw(
        st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#"), max_size=20)
    )
    return (start + "/".join(parts)).replace("?", "%3F").replace("#", "") + query


METHODS = st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "BREW"])
BODIES = (
    st.binary(max_size=40)
    | st.sampled_from([b"{}", b"null", b'{"message":5}', b'{"receivers":[{}]}', b'{"slotId":"x"}', b'{"login":[]}'])
    | st.recursive(
        st.none() | st.integers() | st.text(max_size=5), lambda x: st.lists(x, max_size=3), max_leaves=5
    ).map(lambda value: repr(value).encode())
)


@settings(max_examples=200, deadline=None)
@given(method=METHODS, path=paths(), body=BODIES, headers=HEADERS, client=st.sampled_from(["127.0.0.1", "", "x"]))
def test_no_request_is_our_fault(
    bench: Bench, method: str, path: str, body: bytes, headers: dict[str, str], client: str
) -> None:
    assert fine(bench.ask(plain(method, path, body, headers or {"host": HOST}, client)))


@settings(max_examples=200, deadline=None)
@given(method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]), path=paths(), body=BODIES)
def test_no_signed_request_is_our_fault(bench: Bench, method: str, path: str, body: bytes) -> None:
    text = body.decode("latin-1").encode("ascii", "replace")
    if "/me/api" in path and method in ("DELETE", "PUT"):
        method = "GET"  # the key under test shall live on
    if "logout" not in path:
        assert fine(bench.ask(bench.world.signed(method, path, text)))


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("error", "status"), [(Busy("full"), 503), (Stopped("closing"), 503), (Conflict("there already"), 409)]
)
async def test_a_store_that_cannot_now_is_told_in_ovhs_form(
    sqlite_url: str, error: Exception, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(sqlite_url) as world:
        await world.with_keys(ALL)

        def refuse(*args: object, **kwargs: object) -> None:
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(world.store, "run", refuse)
            answer = await world.call("POST", "/1.0/auth/logout")
        assert answer.status == status
        assert isinstance(answer.json, dict)
        assert answer.json["httpCode"].startswith(str(status))


@pytest.mark.anyio
async def test_our_own_fault_is_told_without_detail(sqlite_url: str) -> None:
    async with opened(sqlite_url) as world:
        reply = world.ovh.failed(plain("GET", "/1.0/sms"))
        assert reply.status == 500
        assert b'"message":"Internal server error"' in reply.body


def test_a_refusal_is_logged_once_without_secrets(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    world = bench.world
    request = world.signed("POST", JOBS + "?password=hidden", b"{")
    signature = SimpleNamespace(value=request.headers["x-ovh-signature"])
    assert bench.ask(request).status == 400
    logged = capsys.readouterr().out
    assert logged.count("ovh.refused") == 1
    assert "DecodeError" in logged
    for secret in (world.secret, world.consumer_key, signature.value, "hidden"):
        assert secret not in logged
