"""http2sms beyond the vendor's cases: every parameter, who may sign in, who pays, who is told, and nasty input."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from urllib.parse import quote, quote_from_bytes, urlencode
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.dialects.http2sms_world import FIELDS, HASHED, HELP, MORE, Counter, counter_of, request, said

from depesza.core.model import MICRO
from depesza.dialects import doors
from depesza.dialects.contract import Voice
from depesza.dialects.http2sms import codec
from depesza.dialects.http2sms.answers import FORMS, Refused, left, refused
from depesza.dialects.http2sms.codes import PARAMETERS, Status
from depesza.services.locks import LOCKED, TRIES
from depesza.store.contract import Busy

pytestmark = pytest.mark.anyio

PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture
async def counter(sqlite_url: str) -> AsyncIterator[Counter]:
    """The setting of the cases."""
    async with counter_of(sqlite_url) as counter:
        yield counter


# parameters


@pytest.mark.parametrize("row", [row for row in PARAMETERS if row.needed], ids=lambda row: row.name)
def test_everything_that_is_needed_is_asked_for(row: object) -> None:
    name = row.name  # type: ignore[attr-defined]
    given = {key: value for key, value in FIELDS.items() if key != name}
    with pytest.raises(Refused) as caught:
        codec.check_given(given)
    assert (caught.value.status, caught.value.text) == (Status.MISSING, f"Missing {name}")


@pytest.mark.parametrize(
    ("query", "given"),
    [
        ("&account=a&LOGIN=b", {"account": "a", "login": "b"}),
        ("smsaccount=a&SMSencoding=2", {"account": "a", "smsCoding": "2"}),
        ("account=&smsAccount=a", {"account": "a"}),
        ("to=1&to=2,3", {"to": "1,2,3"}),
        ("tag=1&tag=2&strange=3", {"tag": "2"}),
        ("message=a+b%2Bc%26d", {"message": "a b+c&d"}),
        ("message=%C3%A9%E2%82%AC&from=%E9%80", {"message": "é€", "from": "é€"}),
    ],
)
def test_parameters_are_read_in_every_spelling(query: str, given: dict[str, str]) -> None:
    assert codec.read_parameters(request("GET", f"/http2sms?{query}")) == given


def test_a_form_is_read_beside_the_query_and_wins() -> None:
    body = b"login=b&message=caf\xe9"
    asked = request("POST", "/http2sms?account=a&login=z", body, {"content-type": "application/x-www-form-urlencoded"})
    assert codec.read_parameters(asked) == {"account": "a", "login": "b", "message": "café"}
    body = b'--x\r\nContent-Disposition: form-data; name="message"\r\n\r\ntwo\r\nlines\r\n--x--\r\n'
    asked = request("POST", "/http2sms", body, {"content-type": "multipart/form-data; boundary=x"})
    assert codec.read_parameters(asked) == {"message": "two\r\nlines"}
    assert codec.read_parameters(request("GET", "/http2sms", body, {"content-type": "multipart/form-data"})) == {}


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("a\rb", "a\nb"),
        ("a\r\nb\nc\r\rd", "a\nb\nc\n\nd"),
        ("a%0db%0Dc%0d%0ad", "a\nb\nc\nd"),
        ("100%0b, %0", "100%0b, %0"),
    ],
)
def test_every_line_break_is_one_newline(written: str, text: str) -> None:
    assert codec.read_message(written, answerable=False) == text


def test_receivers_get_the_plus_that_a_query_lost() -> None:
    assert codec.read_receivers(" 33601020304,+33601020305,0033601020306, ,0601020307,x") == (
        "+33601020304", "+33601020305", "0033601020306", "0601020307", "x",
    )  # fmt: skip


def wall(text: str, zone: str, now: datetime) -> datetime:
    """Read a deferred time."""
    return datetime.fromtimestamp(codec.read_deferred(text, zone, int(now.timestamp()) * MICRO) / MICRO, UTC)


@pytest.mark.parametrize(
    ("text", "zone", "now", "due"),
    [
        ("125025112017", "Europe/Paris", datetime(2017, 11, 1, tzinfo=UTC),
         datetime(2017, 11, 25, 11, 50, tzinfo=UTC)),
        ("183019072020", "Europe/Paris", datetime(2020, 7, 19, tzinfo=UTC), datetime(2020, 7, 19, 16, 30, tzinfo=UTC)),
        ("183019072020", "America/New_York", datetime(2020, 7, 19, tzinfo=UTC),
         datetime(2020, 7, 19, 22, 30, tzinfo=UTC)),
        # an hour that spring leaves out: when it is jumped over
        ("023029032026", "Europe/Paris", datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        # an hour that autumn has twice: the first
        ("023025102026", "Europe/Paris", datetime(2026, 10, 24, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_deferred_is_the_time_on_the_wall(text: str, zone: str, now: datetime, due: datetime) -> None:
    assert wall(text, zone, now) == due


@pytest.mark.parametrize(
    "text",
    ["", "1", "12502511201", "1250251120177", "12502511201x", "١٢٥٠٢٥١١٢٠٢٦", "246025112026", "125031022026",
     "000001010000", "235931129999", "120027052026", "120029052028", "-12025112026"],
)  # fmt: skip
def test_a_time_that_is_none_or_has_passed_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="Invalid deferred time"):
        codec.read_deferred(text, "Europe/Paris", 1_780_000_000 * MICRO)


async def test_the_present_minute_means_at_once(counter: Counter) -> None:
    now = datetime.fromtimestamp(counter.desk.clock.now / MICRO, PARIS)
    answer = await counter.send(deferred=now.strftime("%H%M%d%m%Y"))
    assert (await counter.desk.message(await counter.id_of(answer))).due == 0
    assert await counter.desk.good("GET", "/users/api1/jobs") == []


async def test_class_coding_tag_and_stop_clause_reach_the_message(counter: Counter) -> None:
    answer = await counter.send(class_="0", SMSencoding="2", tag="a" * 20, noStop="0", deferred="120029052026")
    content = (await counter.desk.message(await counter.id_of(answer))).content
    assert (content.flash, content.alphabet, content.tag) == (0, "ucs2", "a" * 20)
    assert content.text == "Hello\nSTOP 36184"
    plain = (await counter.desk.message(await counter.id_of(await counter.send(smsCoding="1", class_="3")))).content
    assert (plain.flash, plain.alphabet, plain.text) == (3, "", "Hello")
    assert plain.tag, "a message without a tag gets one"


@pytest.mark.parametrize(
    ("fields", "status", "why"),
    [
        ({"account": "sms-zz1-1"}, 202, "Invalid account"),
        ({"login": "nobody"}, 202, "Invalid login or password"),
        ({"password": "secret12"}, 202, "Invalid login or password"),
        ({"password": "x" * 5000}, 202, "Invalid login or password"),
        ({"from": "Nobody"}, 241, "Sms sender Nobody does not exists"),
        ({"from": "<b>\n\0"}, 241, "Sms sender <b>?? does not exists"),
        ({"to": "12"}, 202, "Invalid to"),
        ({"to": ",, ,"}, 202, "Invalid to"),
        ({"to": "0601020304"}, 202, "Invalid to"),
        ({"class": "4"}, 202, "Invalid class"),
        ({"smsCoding": "3"}, 202, "Invalid smsCoding"),
        ({"noStop": "maybe"}, 202, "Invalid noStop"),
        ({"senderForResponse": "2"}, 202, "Invalid senderForResponse"),
        ({"senderForResponse": "1", "message": "see https://example.org"}, 202,
         "Invalid message: cannot send contact information with shortcode"),
        ({"tag": "a\0"}, 202, "Invalid tag"),
        ({"message": "a\0"}, 202, "Invalid message"),
        ({"message": "a" * 919}, 202, "Invalid message: is too long"),
        ({"to": ",".join(f"3360102{n}" for n in range(1000, 1101))}, 202, "Not enough credits"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_told_and_costs_nothing(
    counter: Counter, fields: dict[str, str], status: int, why: str
) -> None:
    told = json.loads((await counter.send(**fields, contentType="application/json")).text)
    assert told == {"status": status, "message": why + MORE}
    assert await counter.desk.balance() == 100
    assert await counter.desk.good("GET", "/outgoing") == []


async def test_bad_receivers_are_left_out(counter: Counter) -> None:
    answer = await counter.send(to="12,0033601020304,x,33601020304,+447400123456")
    assert answer.lines[:2] == ["OK", "98"]
    receivers = [(await counter.desk.message(int(line))).receiver for line in answer.lines[2:]]
    assert receivers == ["+33601020304", "+447400123456"]


async def test_a_sender_must_be_enabled_and_may_be_a_number(counter: Counter) -> None:
    await counter.desk.good("PUT", "/senders/MyApp", {"status": "disable"})
    assert "241" in (await counter.send(contentType="text/json")).text
    await counter.desk.good("PUT", "/senders/MyApp", {"status": "enable"})
    assert (await counter.send()).lines[0] == "OK"


# who signs in


async def test_wrong_passwords_lock_a_name_at_an_address_for_a_while(counter: Counter) -> None:
    for _ in range(TRIES):
        assert "Invalid login or password" in (await counter.send(password="wrong")).text
    assert "too many tries" in (await counter.send()).text
    assert (await counter.send(client="192.0.2.1")).lines[0] == "OK"
    counter.desk.clock.move(LOCKED / MICRO)
    assert (await counter.send()).lines[0] == "OK"


async def test_a_right_password_is_compared_slowly_once_only(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    vault, slow = counter.desk.world.vault, []

    def check(hashed: str, password: str) -> bool:
        slow.append(hashed)
        return type(vault).check_password(vault, hashed, password)

    monkeypatch.setattr(vault, "check_password", check)
    assert [(await counter.send()).lines[0] for _ in range(3)] == ["OK", "OK", "OK"]
    assert slow == [HASHED]
    await counter.desk.good("PUT", "/users/api1", {"password": "another1"})
    assert (await counter.send()).lines[0] == "KO"
    assert (await counter.send(password="another1")).lines[0] == "OK"
    assert len(slow) == 3
    assert (await counter.send(login="nobody")).lines[0] == "KO"
    assert slow[-1] == "", "nobody's password takes the slow road too"


async def test_a_user_that_is_deleted_is_out_at_once(counter: Counter) -> None:
    assert (await counter.send()).lines[0] == "OK"
    await counter.desk.good("DELETE", "/users/api1")
    assert "Invalid login or password" in (await counter.send()).text


async def test_too_many_logins_at_once_are_told_to_wait(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "MOST_WAITING", 0)
    assert json.loads((await counter.send(contentType="text/json")).text)["status"] == 503


async def test_a_disabled_account_sends_nothing(counter: Counter) -> None:
    facts = counter.desk.store.facts
    await counter.change_account(enabled=False)
    assert counter.desk.store.facts is not facts
    assert (await counter.send()).text == "KO\nInvalid account: is disabled" + MORE


# who pays, who is told


async def test_a_user_with_a_quota_spends_its_own_credits(counter: Counter) -> None:
    quota = {"quotaLeft": 2.5, "quotaStatus": "active"}
    await counter.desk.good("PUT", "/users/api1", {"quotaInformations": quota})
    assert (await counter.send()).lines[:2] == ["OK", "1.50"]
    assert (await counter.send()).lines[:2] == ["OK", "0.50"]
    assert (await counter.send()).text == "KO\nNot enough credits" + MORE
    assert await counter.desk.balance() == 97.5


@pytest.mark.parametrize(("balance", "written"), [(1007, "1007"), (230.5, "230.50"), (0, "0"), (-1.25, "-1.25")])
def test_credits_have_decimals_only_where_they_are_not_whole(balance: float, written: str) -> None:
    assert left(int(balance * MICRO)) == written


async def test_news_goes_to_the_user_in_the_words_of_the_other_api(counter: Counter) -> None:
    await counter.desk.good("PUT", "/users/api1", {"callBack": "http://client.example/cb?x=1"})
    id = await counter.id_of(await counter.send(tag="t1"))
    await counter.desk.deliver(id)
    (*_, call) = await counter.desk.calls()
    assert call.url.startswith(f"http://client.example/cb?x=1&id={id}&dlr=1&ptt=4&")
    assert not isinstance(counter.dialect, Voice)


# the form of answers


@pytest.mark.parametrize("kind", FORMS)
def test_what_a_client_wrote_never_breaks_the_form(kind: str) -> None:
    answer = said(refused(kind, Status.SENDER, "Sms sender <b>&\"' does not exists"))
    assert answer.status == 200
    assert "<b>" not in answer.text or kind in ("text/plain", "text/json", "application/json")
    if "xml" in kind:
        assert ElementTree.fromstring(answer.text.encode()).findtext("message") == "Sms sender <b>&\"' does not exists"


async def test_an_unknown_content_type_is_answered_as_plain_text(counter: Counter) -> None:
    assert (await counter.send(contentType="image/png")).kind == "text/plain; charset=utf-8"
    assert (await counter.send(contentType=" TEXT/XML ")).kind == "text/xml; charset=utf-8"


async def test_our_own_fault_is_told_in_the_form_asked_for(counter: Counter) -> None:
    answer = said(counter.dialect.failed(request("GET", "/http2sms?contentType=text/json")))
    assert (answer.status, json.loads(answer.text)) == (200, {"status": 500, "message": "Internal error" + MORE})


async def test_a_busy_store_is_told(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    async def busy(*_: object) -> None:
        raise Busy

    monkeypatch.setattr(counter.desk.store, "run", busy)
    assert json.loads((await counter.send(contentType="text/json")).text)["status"] == 503
    monkeypatch.undo()


async def test_a_refusal_names_the_page_that_explains(counter: Counter, sqlite_url: str) -> None:
    page = await counter.get("/help")
    assert page.status == 200
    assert all(row.name in page.text for row in PARAMETERS)
    assert (await counter.get("")).text == f"KO\nMissing account. For more informations : {HELP}"
    proxied = Counter(counter.desk, bases=("https://sms.example.org",))
    assert (await proxied.get("")).text.endswith(" : https://sms.example.org/http2sms/help")
    named = Counter(counter.desk, http2sms_help="https://help.example.org/")
    assert (await named.get("")).text.endswith(" : https://help.example.org/")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/cgi-bin/sms/http2sms.cgi/", 200),
        ("POST", "//http2sms", 200),
        ("HEAD", "/http2sms", 405),
        ("PUT", "/cgi-bin/sms/http2sms.cgi", 405),
        ("GET", "/cgi-bin/sms/other.cgi", 404),
        ("GET", "/cgi-bin", 404),
    ],
)
async def test_only_two_addresses_and_two_methods_are_answered(
    counter: Counter, method: str, path: str, status: int
) -> None:
    query = "?" + urlencode(FIELDS)
    answer = await counter.ask(request(method, path + query))
    assert answer.status == status
    assert answer.text.startswith("OK") == (status == 200)


# any octets

WORDS = st.sampled_from([quote(value) for value in FIELDS.values()] + ["1", "%0d", "%E9", "%00", "+", "text/json"])
PAIRS = st.lists(
    st.tuples(
        st.sampled_from([*(row.name for row in PARAMETERS), "smsAccount", "x"]),
        WORDS | st.binary(max_size=30).map(quote_from_bytes),
    ),
    max_size=14,
)


async def test_no_query_is_our_fault(counter: Counter) -> None:
    asked: list[tuple[str, bytes, str]] = []

    @settings(max_examples=60, database=None)
    @given(st.binary(max_size=60), PAIRS, st.sampled_from(sorted(FORMS)))
    def gather(octets: bytes, pairs: list[tuple[str, str]], kind: str) -> None:
        chosen = "&".join(f"{name}={value}" for name, value in [*FIELDS.items(), *pairs])
        asked.extend([(quote_from_bytes(octets, safe="%&=+"), b"", "text/plain"), (chosen, octets, kind)])

    gather()
    for query, body, kind in asked:
        answer = await counter.ask(request("POST", f"/http2sms?{query}&contentType={kind}", body))
        assert answer.status == 200
        assert answer.kind.partition(";")[0] in FORMS
        if answer.kind.startswith(("text/json", "application/json")):
            assert json.loads(answer.text)["status"] in (100, 201, 202, 241)
        elif "xml" in answer.kind:
            assert ElementTree.fromstring(answer.text.encode()).findtext("status") in ("100", "201", "202", "241")
