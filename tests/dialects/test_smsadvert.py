"""SMSAdvert beyond its acceptance cases: languages, tokens, paths, news, and nothing but the vendor's form."""

import json
from collections.abc import AsyncIterator

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.dialects.smsadvert_world import BACK, NOW, TOKEN, Booth, booth_of
from tests.store.world import ONE, OUT

from depesza.core.devices import Kind
from depesza.core.facts import Facts
from depesza.core.model import ARRIVED, MICRO, Notice, ReceiptFact, ReplyFact, State, Submission, Way
from depesza.core.routing import Route
from depesza.dialects.smsadvert import answers, codec, notices
from depesza.dialects.smsadvert.codes import PARAMETERS, TEXTS, Wrong
from depesza.services import devices
from depesza.services.devices import SimSaid
from depesza.store.contract import Busy

pytestmark = pytest.mark.anyio

TO = "+40740123456"


@pytest.fixture
async def booth(sqlite_url: str) -> AsyncIterator[Booth]:
    """The setting of the acceptance cases."""
    async with booth_of(sqlite_url) as booth:
        yield booth


# languages and tokens


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        (("", "", "fr_FR"), "fr"),
        (("ro", "en", "fr_FR"), "ro"),
        (("", "ro-RO,ro;q=0.9,en;q=0.8", "fr_FR"), "ro"),
        (("", "de, en;q=0.5, fr;q=0.7", ""), "fr"),
        (("", "en;q=0, *", "ro_RO"), "ro"),
        (("", "en;q=x,de", "pl_PL"), "en"),
        (("", "", ""), "en"),
    ],
)
def test_the_language_is_the_tokens_then_the_requests_then_the_owners(wanted: tuple[str, ...], chosen: str) -> None:
    assert answers.choose_language(*wanted) == chosen


async def test_a_request_names_its_language(booth: Booth) -> None:
    answer = await booth.ask("POST", "/api/sms", b"{}", accept_language="ro")
    assert answer.json == {
        "errors": {"phone": "Numar de telefon invalid!", "shortTextMessage": "Introduceti minim 3 caractere!"}
    }


async def test_a_token_may_know_a_country(booth: Booth) -> None:
    await booth.change_token(country="RO")
    await booth.send(phone="0740123456,+40740123456,0040740123457", sendAsShort=True)
    assert [message.receiver for message in booth.network.sent] == ["+40740123456", "+40740123457"]


async def test_an_old_program_gets_its_errors_with_status_200(booth: Booth) -> None:
    await booth.change_token(legacy_errors=True)
    for answer in (await booth.post(phone=""), await booth.ask("GET", "/api/sms"), await booth.ask("POST", "/api/sms")):
        assert (answer.status, "successMessage" in answer.json) == (200, False)
    assert (await booth.ask("POST", "/api/sms", token="nobody's")).status == 401


# calls


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/api/sms", 405, "POST"),
        ("PUT", "/api/sms/", 405, "POST"),
        ("POST", "/api/user/account", 405, "GET"),
        ("GET", "/api/sms/queue", 404, None),
        ("GET", "/api/devices", 404, None),
        ("GET", "/api/user/%61ccount", 200, None),
    ],
)
async def test_other_calls_are_refused(booth: Booth, method: str, path: str, status: int, allow: str | None) -> None:
    answer = await booth.ask(method, path)
    assert (answer.status, answer.headers.get("Allow")) == (status, allow)
    assert list(answer.json) == ["errorMessage"] or status == 200


async def test_who_comes_when_too_much_waits_is_asked_to_come_back(booth: Booth) -> None:
    class Full:
        """A store that takes nothing more."""

        facts = booth.store.facts

        async def run(self, *args: object) -> None:
            """Refuse."""
            raise Busy

    booth.advert._context = msgspec.structs.replace(booth.advert._context, store=Full())
    answer = await booth.post()
    assert (answer.status, answer.headers["Retry-After"], list(answer.json)) == (429, "1", ["errorMessage"])


async def test_own_phones_are_listed_with_what_they_told(booth: Booth) -> None:
    card = SimSaid(slot=1, number="+40740000001", operator="Orange")
    made = await booth.store.run(
        devices.register, ONE, Kind.SMSGATE, "Pixel", b"digest", b"", "LOGIN", "1.68.0", booth.clock(), [card]
    )
    await booth.store.run(devices.told_of_sims, made.id, [card], fill=True)
    (phone,) = (await booth.ask("GET", "/api/Devices/list/all/")).json["devices"]  # type: ignore[misc]
    assert phone == {
        "_id": f"{made.id:024x}", "name": "Pixel", "status": "online", "lastSeen": NOW, "battery": None,
        "charging": None, "signal": None, "sims": [{"slot": 1, "phone": "+40740000001", "operator": "Orange"}],
    }  # fmt: skip
    booth.clock.move(86_400)
    (phone,) = (await booth.ask("GET", "/api/Devices/list/all/")).json["devices"]  # type: ignore[misc]
    assert (phone["status"], phone["lastSeen"]) == ("offline", NOW)


# ways and windows


async def test_a_route_of_phones_only_does_not_lead_to_the_network(booth: Booth) -> None:
    await booth.change("routes", Route(id=300, connectors=(203,)))
    await booth.send(sendAsShort=True, callback=BACK)
    assert await booth.states() == [State.REJECTED]
    assert booth.news[0]["status"] == "failed"


async def test_who_has_no_route_at_all_still_has_a_phone(booth: Booth) -> None:
    await booth.change("routes", Route(id=300, country="FR", connectors=(OUT,)))
    await booth.send()
    assert len(booth.phone.sent) == 1


async def test_an_end_far_away_is_brought_to_a_year_after_the_start(booth: Booth) -> None:
    await booth.send(sendAsShort=True, endDate=10**17)
    (message,) = booth.network.sent
    assert message.content.expires - message.content.created == 366 * 86_400 * MICRO


async def test_without_an_end_it_is_two_days(booth: Booth) -> None:
    await booth.send(sendAsShort=True)
    content = booth.network.sent[0].content
    assert content.expires - content.created == 48 * 3_600 * MICRO


# news


async def test_without_a_callback_the_accounts_is_told_and_only_the_end(booth: Booth) -> None:
    await booth.change_account(callback="http://client.example/all", notices="all")
    id = await booth.send(sendAsShort=True)
    assert not booth.told
    await booth.report(booth.network.sent[0])
    ((_, call),) = booth.told
    assert (call.url, json.loads(call.body)) == ("http://client.example/all", {"status": "delivered", "msgId": id})


@pytest.mark.parametrize("state", [state for state in State if state >= State.DELIVERED])
def test_every_end_is_delivered_or_failed(state: State) -> None:
    fact = ReceiptFact(7, state, "", 0, "", TO, "abc")
    expected = "delivered" if state in ARRIVED else "failed"
    assert notices.receipt(fact) == {"status": expected, "msgId": "abc"}


def test_a_text_that_came_in_is_told_in_fields_of_ours() -> None:
    fact = msgspec.json.encode(ReplyFact(255, TO, "38184", "Da", "abc", 1_700_000_000_000_000))
    call = notices.call(Notice(1, ONE, "smsadvert", "reply", BACK, fact, 0, 0, 0), Facts(version=1))
    assert (call.method, call.url) == ("POST", BACK)
    assert json.loads(call.body) == {
        "event": "reply", "id": f"{255:024x}", "from": TO, "to": "38184", "text": "Da", "receivedAt": 1_700_000_000_000,
        "msgId": "abc",
    }  # fmt: skip


# any body at all

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | FLOATS | st.text() | st.sampled_from([TO, "short"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
BODY = st.fixed_dictionaries(
    {},
    optional={
        "phone": JSON | st.lists(st.sampled_from([TO, "+33601020304", "", "+1", "0"])).map(",".join),
        "shortTextMessage": JSON | st.text(min_size=3),
        "sendAsShort": JSON,
        "failover": JSON,
        "startDate": JSON | st.integers(NOW - 10**6, NOW + 10**6),
        "endDate": JSON | st.integers(NOW - 10**6, NOW + 10**6),
        "callback": JSON | st.just(BACK),
        "statusWebhook": JSON,
    },
)


@settings(max_examples=100, deadline=None)
@given(BODY)
def test_any_fields_give_a_submission_or_errors_by_field(body: dict[str, object]) -> None:
    now = NOW * 1_000
    read = codec.read_body(json.dumps(body).encode())
    wanted = codec.read_message(read, now, country="", sender="Shop", tag="t", callback="")
    if isinstance(wanted, Submission):
        assert wanted.receivers
        assert 3 <= codec.units(wanted.text) <= 480
        assert wanted.due == 0 or now < wanted.due <= now + 366 * 86_400 * MICRO
        assert wanted.expires == 0 or wanted.expires > max(now, wanted.due)
        assert wanted.way is not Way.ANY
    else:
        assert wanted
        assert wanted.keys() <= set(body) | {"phone", "shortTextMessage"}
        assert all(why in TEXTS for why in wanted.values())


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_an_object_or_refused(body: bytes) -> None:
    try:
        assert isinstance(codec.read_body(body), dict)
    except answers.Refused as error:
        assert error.status == 400


async def test_what_a_machine_writes_is_answered_in_the_vendors_form(booth: Booth) -> None:
    values: tuple[object, ...] = (
        "", "\0", "a\0bc", "é" * 3_000, "null", "9" * 40, -1, 0, 1.5, 2**70, 1e300, True, None, [], [None], {},
        {"a": []}, "http://" + "x" * 3_000, "1" * 200_000, "," * 6_000,
    )  # fmt: skip
    for name in [row.name for row in PARAMETERS]:
        for value in values:
            answer = await booth.post(**{"startDate": NOW + 60_000, name: value})
            if answer.status == 200:
                assert answer.json.keys() == {"successMessage", "msgId", "unitsCost"}
            else:
                assert answer.status == 400, (name, value)
                assert answer.json.keys() == {"errors"}
                assert answer.json["errors"].keys() == {name}  # type: ignore[attr-defined]


def test_every_text_has_three_languages_and_none_is_empty() -> None:
    assert set(TEXTS) == set(Wrong)
    assert all(len(texts) == 3 and all(texts) for texts in TEXTS.values())


async def test_a_text_of_the_longest_kind_is_taken_whatever_the_account_allows(booth: Booth) -> None:
    await booth.change_account(max_parts=1)
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
    await booth.send(shortTextMessage=family * 43, sendAsShort=True)
    assert booth.network.sent[0].parts > 6
    assert (await booth.ask("GET", "/api/user/account", token=f"Bearer {TOKEN}")).json["units"] != 5_000
