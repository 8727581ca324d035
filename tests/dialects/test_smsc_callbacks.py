"""SMSC's callbacks: statuses, texts that come in, calls that were waited for. spec: smsc/3.13"""

import json
from collections.abc import AsyncIterator
from urllib.parse import parse_qsl

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.dialects.smsc_world import ALEX, NOW, PHONE, TO, Bureau, bureau_of
from tests.dialects.test_smsc_cases_status import FOUND, looked_up
from tests.store.world import OUT

from depesza.core.facts import Facts, Sender
from depesza.core.lookup import LookupFact
from depesza.core.model import CallFact, Channel, Inbound, Notice, ReceiptFact, ReplyFact, State
from depesza.core.planning import Policy
from depesza.core.refusals import TABLE
from depesza.dialects.smsc import notices
from depesza.dialects.smsc.codes import ERRS, STATUSES
from depesza.services import inbox
from depesza.services.notices import owe_call
from depesza.store.tx import Tx
from depesza.wire.http import HttpCall

URL = "http://h/cb"
OWN = "+79037676877"
_encode = msgspec.json.Encoder().encode
DELIVERED = ReceiptFact(7, State.DELIVERED, "", NOW + 5_000_000, "ivan", TO, "1234", 1, 1_400_000)
ANSWER = ReplyFact(9, TO, OWN, "Ответ", "1234", NOW, 7)


@pytest.fixture
async def bureau(sqlite_url: str) -> AsyncIterator[Bureau]:
    """The setting of the acceptance cases."""
    async with bureau_of(sqlite_url) as bureau:
        yield bureau


def told(url: str, fact: msgspec.Struct, kind: str = "receipt") -> HttpCall:
    """Write a callback."""
    return notices.call(Notice(1, ALEX, "smsc", kind, url, _encode(fact), 7, 0, 0), Facts(version=1))


def form(call: HttpCall, charset: str = "cp1251") -> dict[str, str]:
    """Read a form that was posted."""
    return dict(parse_qsl(call.body.decode("ascii"), keep_blank_values=True, encoding=charset, strict_parsing=True))


def test_case_49_a_status_is_signed() -> None:
    call = told(f"{URL}?md5=topsecret", DELIVERED)
    assert (call.method, call.url) == ("POST", f"{URL}?md5=topsecret")
    assert call.headers == (("Content-Type", "application/x-www-form-urlencoded"),)
    assert call.body == (
        b"id=1234&phone=79999999999&status=1&time=15.01.2026+12%3A00%3A05&ts=1768467605&err=0&type=0&cost=1.40"
        b"&sender=ivan&cnt=1&flag=0&md5=4a1751d525a736ead23c5b004e293df0"
    )
    assert form(told(f"{URL}?a=b&sha1=topsecret", DELIVERED))["sha1"] == "d1c9d8c7e4bc03192b7bfa48f1d16087895bd85e"
    assert form(told(f"{URL}?crc32=topsecret", DELIVERED))["crc32"] == "2777286478"
    assert not {"md5", "sha1", "crc32"} & form(told(URL, DELIVERED)).keys()


def test_case_50_a_text_that_came_in_is_signed_in_its_character_set() -> None:
    utf8 = form(told(f"{URL}?charset=utf-8&md5=topsecret", ANSWER, "reply"), "utf-8")
    assert utf8 == {
        "phone": PHONE, "mes": "Ответ", "to": OWN[1:], "id": "9", "time": "15.01.2026 12:00:00", "ts": "1768467600",
        "sms_id": "1234", "md5": "f972d62b5f0b85865e59d53a2409be1f",
    }  # fmt: skip
    plain = form(told(f"{URL}?md5=topsecret", ANSWER, "reply"))
    assert plain == utf8 | {"md5": "a3275f40836577881e3eb5082fa65eba"}
    assert form(told(f"{URL}?charset=koi8-r", ANSWER, "stop"), "koi8-r")["mes"] == "Ответ"


def test_case_51_a_call_that_was_waited_for_is_signed() -> None:
    call = told(f"{URL}?md5=topsecret", CallFact(TO, NOW), "call")
    assert call.body == b"phone=79999999999&ts=1768467600&waitcall=1&md5=16e513293b6ed42ca7e43f38d75ba3b2"


def test_an_address_may_ask_for_json_or_xml() -> None:
    call = told(f"{URL}?fmt=3&charset=utf-8&md5=topsecret&sha1=x", DELIVERED)
    assert call.headers == (("Content-Type", "application/json; charset=utf-8"),)
    value = json.loads(call.body)
    assert value["status"] == 1 and value["phone"] == PHONE
    assert list(value)[-2:] == ["md5", "sha1"]
    call = told(f"{URL}?fmt=2", ANSWER, "reply")
    assert call.headers == (("Content-Type", "text/xml; charset=windows-1251"),)
    assert "<mes>Ответ</mes>\n<to>79037676877</to>" in call.body.decode("cp1251")
    assert told(f"{URL}?fmt=3&charset=koi8-r", DELIVERED).headers[0][1] == "application/json; charset=windows-1251"


def test_numbers_that_were_looked_up_are_told_with_what_was_found() -> None:
    fact = LookupFact(7, State.DELIVERED, "", NOW, "", TO, "1234", 1, 300_000, Channel.HLR, finding=FOUND)
    fields = form(told(URL, fact))
    assert (fields["type"], fields["status"], fields["cost"]) == ("4", "1", "0.30")
    assert list(fields)[-8:] == ["imsi", "msc", "mcc", "mnc", "cn", "net", "rcn", "rnet"]
    assert (fields["imsi"], fields["cn"], fields["net"]) == ("250011234567890", "Россия", "МТС")


@pytest.mark.parametrize("refusal", ["", *TABLE, "never heard of"])
def test_only_numbers_of_the_tables_are_told(refusal: str) -> None:
    for state in State:
        fields = form(told(URL, msgspec.structs.replace(DELIVERED, state=state, refusal=refusal)))
        assert int(fields["status"]) in STATUSES and int(fields["err"]) in ERRS


@settings(max_examples=100)
@given(st.text(alphabet="md5sha1crc32charsetutf-8fmt=&?#%+/:.koi ответ\x00\"'", max_size=60))
def test_whatever_an_address_says_it_can_be_called(query: str) -> None:
    for fact, kind in [(DELIVERED, "receipt"), (ANSWER, "reply")]:
        call = told(f"{URL}?{query}", fact, kind)
        assert call.url == f"{URL}?{query}" and call.body


def test_the_schedule_lasts_a_day() -> None:
    assert notices.SCHEDULE[:4] == (60, 300, 900, 3600)
    assert set(notices.SCHEDULE[3:]) == {3600}
    assert 86_400 - 3_600 < sum(notices.SCHEDULE) <= 86_400


async def test_changes_are_told_as_they_come(bureau: Bureau) -> None:
    await bureau.change_account(callback=URL)
    assert await bureau.send() == "OK - 1 SMS, ID - 1234"
    await bureau.quiet()
    bureau.clock.move(5)
    await bureau.report(bureau.sent[0])
    await bureau.report(bureau.sent[0], State.READ)
    assert [form(call)["status"] for call in bureau.told] == ["0", "1", "2"]
    assert {(form(call)["id"], form(call)["phone"]) for call in bureau.told} == {("1234", PHONE)}


async def test_only_ends_are_told_where_the_account_wants_it_so(bureau: Bureau) -> None:
    await bureau.change_account(callback=URL, notices="final")
    await bureau.send()
    assert await bureau.send(phones=123) == "ERROR = 7 (invalid number), ID - 1235"
    await bureau.quiet()
    await bureau.report(bureau.sent[0])
    fields = [form(call) for call in bureau.told]
    assert sorted((each["id"], each["status"], each["err"]) for each in fields) == [
        ("1234", "1", "0"), ("1235", "22", "249"),
    ]  # fmt: skip


async def test_what_a_look_up_found_is_told(bureau: Bureau) -> None:
    await bureau.change_account(callback=URL)
    await looked_up(bureau, FOUND, ref="word")
    await looked_up(bureau, None, ref="7")
    await bureau.quiet()
    fields = [form(call) for call in bureau.told]
    assert [(each["id"], each["status"], each["err"], each["type"]) for each in fields] == [
        ("word", "1", "0", "4"), ("7", "20", "255", "4"),
    ]  # fmt: skip
    assert fields[0]["imsi"] == "250011234567890" and "imsi" not in fields[1]


async def test_texts_that_come_in_are_told_and_listed(bureau: Bureau) -> None:
    await bureau.change_account(response_type="cgi", response_url=f"{URL}?md5=topsecret")
    await bureau.add("senders", Sender(account=ALEX, name=OWN, kind="virtual"))
    now = bureau.clock()
    await bureau.store.run(inbox.take_inbound, [Inbound(OUT, PHONE, OWN[1:], "Ответ", now)], Policy(), now)
    await bureau.quiet()
    (call,) = bureau.told
    fields = form(call)
    assert (fields["phone"], fields["mes"], fields["to"], fields["sms_id"]) == (PHONE, "Ответ", OWN[1:], "")
    assert fields["md5"] == "a3275f40836577881e3eb5082fa65eba"
    (listed,) = json.loads(await bureau.get("get", get_answers=1, fmt=3))
    assert (str(listed["id"]), listed["message"]) == (fields["id"], "Ответ")
    assert await bureau.balance() == "101.90"


async def test_a_text_that_answers_a_message_names_it(bureau: Bureau) -> None:
    await bureau.change_account(response_type="cgi", response_url=URL)
    await bureau.add("senders", Sender(account=ALEX, name=OWN, kind="virtual"))
    assert await bureau.send(sender=OWN[1:], id="word") == "OK - 1 SMS, ID - word"
    now = bureau.clock()
    await bureau.store.run(inbox.take_inbound, [Inbound(OUT, PHONE, OWN[1:], "STOP it", now)], Policy(), now)
    await bureau.quiet()
    assert [form(call)["sms_id"] for call in bureau.told] == ["word"]


async def test_that_a_network_has_a_message_is_told_once(bureau: Bureau) -> None:
    await bureau.change_account(callback=URL)
    await bureau.send()
    await bureau.quiet()
    for state in (State.PENDING, State.PENDING, State.DELIVERED):
        await bureau.report(bureau.sent[0], state)
    assert [form(call)["status"] for call in bureau.told] == ["0", "1"]


async def called(tx: Tx) -> None:
    """Let the call come that alex waits for."""
    owe_call(tx, tx.facts.account[ALEX], "smsc", CallFact(TO, NOW))


async def test_a_call_that_was_waited_for_is_told(bureau: Bureau) -> None:
    await bureau.store.run(called)
    await bureau.change_account(callback=f"{URL}?md5=topsecret")
    await bureau.store.run(called)
    await bureau.quiet()
    assert [form(call)["md5"] for call in bureau.told] == ["16e513293b6ed42ca7e43f38d75ba3b2"]


@pytest.mark.parametrize(
    ("params", "kind"),
    [
        ({}, "0"),
        ({"flash": 1}, "1"),
        ({"bin": 2, "mes": "00414243"}, "2"),
        ({"push": 1, "mes": "http://a.example/x\ntitle"}, "3"),
    ],
)
async def test_a_callback_tells_what_kind_of_text_it_was(bureau: Bureau, params: dict[str, object], kind: str) -> None:
    await bureau.change_account(callback=URL)
    assert (await bureau.send(**params)).startswith("OK")
    await bureau.quiet()
    await bureau.report(bureau.sent[0])
    assert [(form(call)["status"], form(call)["type"]) for call in bureau.told] == [("0", kind), ("1", kind)]
