"""SMSC's acceptance cases of status.php, and all forms of its answers. spec: smsc/3.1 smsc/3.2"""

import json
from collections.abc import AsyncIterator

import pytest
from tests.dialects.smsc_world import OTHER, PHONE, TO, Bureau, bureau_of
from tests.engine.scripted import until

from depesza.core.lookup import Finding
from depesza.core.model import MICRO, Channel, Extras, State, Submission
from depesza.core.planning import Policy
from depesza.services import lookups, refs
from depesza.services.refs import UNGUARDED

pytestmark = pytest.mark.anyio


@pytest.fixture
async def bureau(sqlite_url: str) -> AsyncIterator[Bureau]:
    """The setting of the acceptance cases."""
    async with bureau_of(sqlite_url) as bureau:
        yield bureau


def account_of(bureau: Bureau):
    return bureau.store.facts.account_named["alex"]


async def send(bureau: Bureau, *receivers: str, ref: str = "", comments: tuple[str, ...] = (), **other: object) -> None:
    """Send a text by the service, as send.php does."""
    usual: dict[str, object] = {"sender": "ivan", "text": "Hello!", "dialect": "smsc", "verbatim": True}
    submission = Submission(receivers=receivers or (TO,), **{**usual, **other})  # type: ignore[arg-type]
    now = bureau.clock()
    await bureau.store.run(
        refs.send, account_of(bureau), submission, ref, comments, UNGUARDED, bureau.lanes, Policy(), now
    )
    await bureau.quiet()


async def delivered(bureau: Bureau, **other: object) -> None:
    """Send a text that arrives five seconds later."""
    await send(bureau, **other)
    bureau.clock.move(5)
    await bureau.report(bureau.sent[-1])


async def looked_up(bureau: Bureau, finding: Finding | None, *, ref: str = "") -> None:
    """Look a number up."""
    bureau.clock.move(5)
    await send(bureau, ref=ref, channel=Channel.HLR)
    (asked,) = await bureau.store.look(lookups.waiting, 0, 10)
    await bureau.store.run(lookups.settle, {asked.id: finding}, bureau.clock())
    await until(lambda: not bureau.street.notifier._tasks)


FOUND = Finding(
    msisdn=TO, valid=True, reachable=True, imsi="250011234567890", msc="+79001234567", mcc="250", mnc="1",
    operator="МТС", country="RU",
)  # fmt: skip
STATUS = {"phone": PHONE, "id": 1234}
FULL = (
    "status last_date last_timestamp flag err send_date send_timestamp phone cost sender_id status_name message comment"
    " type sms_cnt"
)
PLACE = " country operator region mccmnc operator_orig"


async def test_case_35_36_37_a_message_that_was_delivered(bureau: Bureau) -> None:
    await delivered(bureau)
    assert await bureau.get("status", **STATUS) == "Status = 1, check_time = 15.01.2026 12:00:05, err = 0"
    assert await bureau.get("status", fmt=1, **STATUS) == "1,1768467605,0"
    assert await bureau.get("status", fmt=2, **STATUS) == (
        "<sms>\n<status>1</status>\n<last_date>15.01.2026 12:00:05</last_date>\n"
        "<last_timestamp>1768467605</last_timestamp>\n<flag>0</flag>\n<err>0</err>\n</sms>"
    )
    assert await bureau.get("status", fmt=3, **STATUS) == (
        '{\n"status": 1,\n"last_date": "15.01.2026 12:00:05",\n"last_timestamp": 1768467605,\n"flag": 0,\n"err": 0\n}'
    )


async def test_case_38_commas_make_it_a_list_with_everything(bureau: Bureau) -> None:
    await delivered(bureau)
    octets = await bureau.raw("status", "id=1234,&phone=79999999999,&fmt=3&all=2&charset=utf-8")
    assert octets.startswith(b"[{\n") and octets.endswith(b"\n}]")
    (told,) = json.loads(octets)
    assert " ".join(told) == FULL + PLACE + " id"
    assert (told["id"], told["status"], told["status_name"]) == (1234, 1, "Доставлено")
    assert (told["country"], told["operator"], told["region"], told["mccmnc"]) == ("Россия", "МТС", "Москва", "25001")
    assert (told["send_date"], told["send_timestamp"]) == ("15.01.2026 12:00:00", 1768467600)
    assert (told["phone"], told["cost"], told["sender_id"], told["message"]) == (PHONE, "1.40", "ivan", "Hello!")


async def test_case_39_a_message_that_nobody_knows(bureau: Bureau) -> None:
    await delivered(bureau)
    assert await bureau.get("status", phone=PHONE, id=777, fmt=1) == "-3,0,0"
    assert await bureau.get("status", phone=OTHER, id=1234) == "Status = -3, check_time = , err = 0"
    assert await bureau.get("status", phone=PHONE, id="word", fmt=3, all=2) == (
        '{\n"status": -3,\n"last_date": "",\n"last_timestamp": 0,\n"flag": 0,\n"err": 0\n}'
    )


async def test_case_40_a_message_is_deleted(bureau: Bureau) -> None:
    await delivered(bureau)
    await delivered(bureau, ref="word")
    assert await bureau.get("status", **STATUS, **{"del": 1}) == "OK"
    assert await bureau.get("status", fmt=1, **STATUS) == "-3,0,0"
    assert await bureau.get("status", phone=PHONE, id="word", fmt=3, **{"del": 1}) == '{\n"result": "OK"\n}'
    assert await bureau.get("status", phone=PHONE, id="word", fmt=1) == "-3,0,0"
    assert await bureau.get("get", get_messages=1, fmt=1) == "0,-3"
    assert await bureau.get("status", **STATUS, **{"del": 1}, fmt=1) == "0,-5"


async def test_case_43_a_number_that_was_looked_up(bureau: Bureau) -> None:
    assert await bureau.get("send", hlr=1, phones=PHONE, fmt=1, cost=2) == "1234,1,0.30"
    bureau.clock.move(5)
    (asked,) = await bureau.store.look(lookups.waiting, 0, 10)
    await bureau.store.run(lookups.settle, {asked.id: FOUND}, bureau.clock())
    start = "1,1768467605,0,250011234567890,79001234567,250,1,Россия,МТС,,"
    assert await bureau.get("status", fmt=1, **STATUS) == start
    told = (await bureau.get("status", fmt=1, all=1, **STATUS)).split(",")
    assert ",".join(told[:11]) == start
    assert told[11:] == ["1768467600", PHONE, "0.30", "HLR", "Доставлено", "", "", "4"]
    told = (await bureau.get("status", fmt=1, all=2, **STATUS)).split(",")
    assert told[14:18] == ["Россия", "МТС", "Москва", "HLR"]
    assert (await bureau.get("status", fmt=0, **STATUS)).endswith(
        ", err = 0, imsi = 250011234567890, msc = 79001234567, mcc = 250, mnc = 1, cn = Россия,"
        " net = МТС, rcn = , rnet = "
    )
    told = json.loads((await bureau.raw("status", fmt=3, all=1, **STATUS)).decode("cp1251"))
    assert told["sender_id"] == "HLR" and told["type"] == 4 and told["imsi"] == "250011234567890"


FINDINGS = [
    (Finding(msisdn=TO, valid=True, reachable=False, error="absent"), "20,1768467605,6"),
    (Finding(msisdn=TO, valid=False, error="bad_destination"), "20,1768467610,1"),
    (Finding(msisdn=TO, valid=False), "20,1768467615,1"),
    (Finding(msisdn=TO, valid=True, source="plan"), "1,1768467620,0"),
    (None, "20,1768467625,255"),
]


async def test_what_a_look_up_finds_is_a_status(bureau: Bureau) -> None:
    for n, (finding, shown) in enumerate(FINDINGS, 1):
        await looked_up(bureau, finding, ref=str(n))
        assert (await bureau.get("status", fmt=1, phone=PHONE, id=n)).startswith(f"{shown},")


async def test_full_answers_tell_all_in_their_order(bureau: Bureau) -> None:
    await delivered(bureau, comments=("for Bob",), text="Да, нет")
    assert await bureau.get("status", all=1, **STATUS) == (
        "Status = 1, check_time = 15.01.2026 12:00:05, err = 0, send_date = 15.01.2026 12:00:00, phone = 79999999999, "
        "cost = 1.40, sender_id = ivan, status_name = Доставлено, message = Да, нет, comment = for Bob, type = 0"
    )
    ending = "Доставлено,Да, нет,for Bob,0"
    assert await bureau.get("status", all=1, fmt=1, **STATUS) == (
        f"1,1768467605,0,1768467600,79999999999,1.40,ivan,{ending}"
    )
    assert await bureau.get("status", all=2, fmt=1, **STATUS) == (
        f"1,1768467605,0,1768467600,79999999999,1.40,Россия,МТС,Москва,ivan,{ending}"
    )
    written = await bureau.get("status", all=2, fmt=2, **STATUS)
    assert "<message>Да, нет</message>\n<comment>for Bob</comment>\n<type>0</type>\n<sms_cnt>1</sms_cnt>" in written
    assert " ".join(json.loads(await bureau.get("status", all=1, fmt=3, **STATUS))) == FULL


async def test_several_are_told_in_the_order_of_their_names(bureau: Bureau) -> None:
    await bureau.change_limits(status_lists=0)
    await send(bureau, TO, f"+{OTHER}", ref="7")
    await bureau.report(bureau.sent[0])
    two = {"phone": f"{OTHER},{PHONE}", "id": "7,7"}
    assert await bureau.get("status", fmt=1, **two) == f"0,1768467600,0,7,{OTHER}\n1,1768467600,0,7,{PHONE}"
    assert await bureau.get("status", fmt=1, phone=two["phone"], id=7) == await bureau.get("status", fmt=1, **two)
    assert (await bureau.get("status", **two)).split("\n")[1].endswith(f", err = 0, id = 7, phone = {PHONE}")
    written = await bureau.get("status", fmt=2, **two)
    assert written.count("<sms>\n") == 2 and written.endswith(f"<id>7</id>\n<phone>{PHONE}</phone>\n</sms>")
    told = json.loads(await bureau.get("status", fmt=3, all=1, phone=two["phone"], id="7,8"))
    assert [row["status"] for row in told] == [0, -3]
    assert told[1] == {
        "status": -3, "last_date": "", "last_timestamp": 0, "flag": 0, "err": 0, "id": 8, "phone": PHONE,
    }  # fmt: skip


UNREADABLE = [
    "", "phone=79999999999", "id=1234", "phone=,&id=,", "phone=79999999999&id=a b", "phone=79999999999,&id=1,2",
    "phone=79999999999&id=1&all=3", "phone=79999999999&id=1&del=2", "phone=79999999999&id=0", "phone=1,2,3&id=1,2",
]  # fmt: skip


async def test_what_cannot_be_read_is_refused(bureau: Bureau) -> None:
    assert [await bureau.get("status", f"{query}&fmt=1") for query in UNREADABLE] == ["0,-1"] * len(UNREADABLE)


async def test_the_newest_of_the_same_name_is_meant(bureau: Bureau) -> None:
    await delivered(bureau, ref="7")
    await send(bureau, ref="7")
    assert (await bureau.get("status", phone=PHONE, id=7, fmt=1)).startswith("0,")
    assert await bureau.get("status", phone=PHONE, id=7, **{"del": 1}) == "OK"
    assert (await bureau.get("status", phone=PHONE, id=7, fmt=1)).startswith("1,")


async def test_mail_addresses_and_bad_numbers_name_messages_too(bureau: Bureau) -> None:
    await bureau.lead(Channel.MAIL)
    await send(bureau, "bob@example.org", ref="7", channel=Channel.MAIL)
    await send(bureau, "123", ref="8", judged={0: "bad_number"})
    told = json.loads(await bureau.get("status", phone="bob@example.org", id=7, fmt=3, all=2))
    assert (told["phone"], told["status"], told["type"], told["country"]) == ("bob@example.org", 0, 8, "")
    assert (await bureau.get("status", phone=123, id=8, fmt=1)) == "22,1768467600,249"


async def test_a_number_that_was_not_even_looked_up_can_be_asked_about_and_deleted(bureau: Bureau) -> None:
    await send(bureau, "+380501234567", ref="7", channel=Channel.HLR)
    name = {"phone": "380501234567", "id": 7}
    assert (await bureau.get("status", fmt=1, **name)).startswith("25,1768467600,248,,,,,,")
    assert await bureau.get("status", **name, **{"del": 1}) == "OK"


REPORTS = [
    (State.PENDING, "", "0,1768467600,0"),
    (State.READ, "", "2,1768467605,0"),
    (State.FAILED, "absent", "20,1768467605,6"),
    (State.FAILED, "subscriber_credit", "20,1768467605,11"),
    (State.EXPIRED, "carrier_expired", "3,1768467605,0"),
]


async def test_what_a_carrier_reports_is_a_status(bureau: Bureau) -> None:
    for n in range(1, 1 + len(REPORTS)):
        await send(bureau, ref=str(n))
    bureau.clock.move(5)
    for n, (state, refusal, shown) in enumerate(REPORTS, 1):
        await bureau.report(bureau.sent[n - 1], state, refusal)
        assert await bureau.get("status", fmt=1, phone=PHONE, id=n) == shown


async def test_a_message_that_waits_is_told_when_it_will_leave_and_taken_back(bureau: Bureau) -> None:
    await send(bureau, due=bureau.clock() + 3_600 * MICRO)
    told = json.loads(await bureau.get("status", fmt=3, all=1, **STATUS))
    assert (told["status"], told["last_date"], told["send_date"]) == (-1, "15.01.2026 12:00:00", "15.01.2026 13:00:00")
    assert await bureau.balance() == "100.50"
    assert await bureau.get("status", **STATUS, **{"del": 1}) == "OK"
    assert (await bureau.balance(), await bureau.get("status", fmt=1, **STATUS)) == ("101.90", "-3,0,0")
    await bureau.later(7_200)
    assert bureau.sent == []


async def test_what_just_leaves_and_what_is_being_asked_cannot_be_deleted(bureau: Bureau) -> None:
    bureau.network.answer = lambda message: None
    await send(bureau)
    assert await bureau.get("status", **STATUS, **{"del": 1}) == "ERROR = 5 (operation error)"
    await send(bureau, ref="9", channel=Channel.HLR)
    assert await bureau.get("status", phone=PHONE, id=9, fmt=1, **{"del": 1}) == "0,-5"
    assert (await bureau.get("status", phone=PHONE, id=9, fmt=1)).startswith("-1,")
    both = {"phone": f"{PHONE},{OTHER}", "id": "1234,77"}
    assert await bureau.get("status", fmt=1, **both, **{"del": 1}) == "0,-5"


async def test_kinds_of_short_messages_are_told_apart(bureau: Bureau) -> None:
    await send(bureau, ref="1", flash=0)
    await send(bureau, ref="2", text="\x00\xffA", alphabet="binary", extras=Extras(udh=b"\x70\x01\x05"))
    await send(bureau, ref="3", text="http://a.example\nTitle", extras=Extras(push=True))
    told = [json.loads(await bureau.get("status", fmt=3, all=1, phone=PHONE, id=id)) for id in (1, 2, 3)]
    assert [row["type"] for row in told] == [1, 2, 3]
    assert told[1]["message"] == "0370010500FF41"
    assert "message = http://a.example Title, " in await bureau.get("status", all=1, phone=PHONE, id=3)


async def test_a_message_is_asked_about_five_times_a_minute(bureau: Bureau) -> None:
    await send(bureau)
    for _ in range(5):
        assert await bureau.get("status", fmt=1, **STATUS) == "0,1768467600,0"
    assert await bureau.get("status", fmt=1, **STATUS) == "0,-9"
    assert await bureau.get("status", fmt=1, phone=PHONE, id=1) == "-3,0,0"
    bureau.clock.move(60)
    assert await bureau.get("status", fmt=1, **STATUS) == "0,1768467600,0"


async def test_lists_are_asked_for_once_a_minute(bureau: Bureau) -> None:
    assert await bureau.get("status", "phone=79999999999,&id=1,&fmt=1") == f"-3,0,0,1,{PHONE}"
    assert await bureau.get("status", "phone=79999999999,&id=2,&fmt=1") == "0,-9"
    bureau.clock.move(60)
    assert await bureau.get("status", "phone=79999999999,&id=2,&fmt=1") == f"-3,0,0,2,{PHONE}"


async def test_nobody_sees_what_another_account_sent(bureau: Bureau) -> None:
    await delivered(bureau)
    account = account_of(bureau)
    await bureau.change("accounts", account, id=1999, name="eve")
    await bureau.change(
        "tokens", bureau.store.facts.tokens[0], id=1998, account=1999, digest=bureau.vault.digest("EVE")
    )
    for query, shown in [("", "-3,0,0"), ("&del=1", "0,-5")]:
        reply = await bureau.ask(f"/sys/status.php?apikey=EVE&fmt=1&phone={PHONE}&id=1234{query}")
        assert reply.body.decode() == shown
    assert (await bureau.ask("/sys/get.php?apikey=EVE&fmt=1&get_messages=1")).body == b"0,-3"
    assert await bureau.get("status", fmt=1, **STATUS) == "1,1768467605,0"


async def test_thousands_are_told_at_once(bureau: Bureau) -> None:
    count = 1_200
    numbers = [f"+7999{n:07}" for n in range(count)]
    await send(bureau, *numbers, ref="7", judged=dict.fromkeys(range(count), "limit"))
    phones = ",".join(number[1:] for number in numbers)
    body = f"login=alex&psw=123&fmt=1&id=7&phone={phones}".encode()
    told = (await bureau.ask("/sys/status.php", body)).body.decode().split("\n")
    assert told == [f"23,1768467600,247,7,{number[1:]}" for number in numbers]
