"""SMSC's acceptance cases of sending: 1 to 34, 55 to 58."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.dialects.smsc_world import NOW, OTHER, PHONE, TO, Bureau, Q, bureau_of

from depesza.core.model import MICRO, Channel, State

pytestmark = pytest.mark.anyio


@pytest.fixture
async def bureau(sqlite_url: str) -> AsyncIterator[Bureau]:
    """The setting of the acceptance cases."""
    async with bureau_of(sqlite_url) as bureau:
        yield bureau


async def texts(bureau: Bureau) -> list[str]:
    """What the carrier was handed, text by text."""
    await bureau.quiet()
    return [message.body for message in bureau.sent]


async def test_case_01_one_message(bureau: Bureau) -> None:
    reply = await bureau.ask(f"/sys/send.php?{Q}&phones={PHONE}&mes=Hello!")
    assert (reply.status, reply.body) == (200, b"OK - 1 SMS, ID - 1234")
    assert reply.content_type == "text/plain; charset=windows-1251"
    await bureau.quiet()
    (message,) = bureau.sent
    assert (message.receiver, message.body, message.content.sender) == (TO, "Hello!", "ivan")
    assert await bureau.balance() == "100.50"


async def test_case_02_its_price_only(bureau: Bureau) -> None:
    assert await bureau.send(cost=1) == "1.40 (1 SMS)"
    assert await bureau.rows("SELECT * FROM messages") == []
    assert await bureau.balance() == "101.90"
    assert await bureau.send() == "OK - 1 SMS, ID - 1234"


ANSWERS = [
    ("03", {"cost": 2}, "OK - 1 SMS, ID - 1234, COST - 1.40"),
    ("04", {"cost": 3}, "OK - 1 SMS, ID - 1234, COST - 1.40, BALANCE - 100.50"),
    ("05", {"fmt": 1}, "1234,1"),
    ("06", {"fmt": 1, "cost": 1}, "1.40,1"),
    ("07", {"fmt": 1, "cost": 3, "id": 0}, "1234,1,1.40,100.50"),
    ("08", {"fmt": 2}, "<result>\n<id>1234</id>\n<cnt>1</cnt>\n</result>"),
    (
        "09",
        {"fmt": 2, "cost": 3},
        "<result>\n<id>1234</id>\n<cnt>1</cnt>\n<cost>1.40</cost>\n<balance>100.50</balance>\n</result>",
    ),
    ("10", {"fmt": 3}, '{\n"id": 1234,\n"cnt": 1\n}'),
    ("11", {"fmt": 3, "cost": 1}, '{\n"cost": "1.40",\n"cnt": 1\n}'),
    ("12", {"fmt": 3, "cost": 3}, '{\n"id": 1234,\n"cnt": 1,\n"cost": "1.40",\n"balance": "100.50"\n}'),
    ("13", {"fmt": 3, "id": 10}, '{\n"id": 10,\n"cnt": 1\n}'),
    ("19", {"fmt": 3, "phones": 123}, '{\n"error": "invalid number",\n"error_code": 7,\n"id": 1234\n}'),
    ("20", {"phones": 123}, "ERROR = 7 (invalid number), ID - 1234"),
    ("20", {"phones": 123, "fmt": 1}, "1234,-7"),
    ("23", {"mes": "", "fmt": 1}, "0,-1"),
    ("24", {"time": "99.99.26 12:00", "fmt": 1}, "0,-5"),
    ("26", {"phones": f"{PHONE},{OTHER}", "mes": "x" * 161, "fmt": 1, "cost": 2}, "1234,4,5.60"),
    ("29", {"fmt": 1, "op": 1}, "1234,1\n79999999999,25001,1.40,,"),
    (
        "30",
        {"fmt": 2, "op": 1},
        "<result>\n<id>1234</id>\n<cnt>1</cnt>\n<phones>\n"
        '<phone mccmnc="25001" cost="1.40" status="" error="">79999999999</phone>\n</phones>\n</result>',
    ),
    (
        "31",
        {"fmt": 3, "op": 1, "cost": 1},
        '{\n"cost": "1.40",\n"cnt": 1,\n"phones": [{\n"phone": "79999999999",\n"mccmnc": "25001",\n'
        '"cost": "1.40",\n"status": "",\n"error": ""\n}]\n}',
    ),
]


@pytest.mark.parametrize(("case", "params", "answer"), ANSWERS, ids=[f"case_{row[0]}" for row in ANSWERS])
async def test_case_03_to_31_the_answers(bureau: Bureau, case: str, params: dict[str, object], answer: str) -> None:
    assert await bureau.send(**params) == answer


async def test_case_14_a_form_with_the_digest_of_a_password(bureau: Bureau) -> None:
    body = f"login=alex&psw=202cb962ac59075b964b07152d234b70&phones={PHONE}&mes=Hello!&fmt=3"
    reply = await bureau.ask("/sys/send.php", body.encode())
    assert reply.body == b'{\n"id": 1234,\n"cnt": 1\n}'
    assert reply.content_type == "application/json; charset=windows-1251"


@pytest.mark.parametrize("shown", ["apikey=KEY1", "login=&psw=KEY1"])
async def test_case_15_and_16_an_api_key(bureau: Bureau, shown: str) -> None:
    reply = await bureau.ask(f"/sys/send.php?{shown}&phones={PHONE}&mes=Hello!")
    assert reply.body == b"OK - 1 SMS, ID - 1234"


async def test_case_17_and_18_a_wrong_password(bureau: Bureau) -> None:
    async def answer(fmt: int) -> str:
        query = f"login=alex&psw=bad&phones={PHONE}&mes=Hello!&fmt={fmt}"
        return (await bureau.ask(f"/sys/send.php?{query}")).body.decode()

    assert await answer(3) == '{\n"error": "authorise error",\n"error_code": 2\n}'
    assert await answer(0) == "ERROR = 2 (authorise error)"
    assert await answer(1) == "0,-2"
    assert await answer(2) == "<result>\n<error>authorise error</error>\n<error_code>2</error_code>\n</result>"


async def test_case_21_the_same_twice_within_a_minute(bureau: Bureau) -> None:
    assert await bureau.send() == "OK - 1 SMS, ID - 1234"
    again = '{\n"error": "duplicate request, wait a minute",\n"error_code": 9\n}'
    assert await bureau.send(fmt=3) == again
    bureau.clock.move(59)
    assert await bureau.send(fmt=3) == again
    assert await bureau.balance() == "100.50"
    bureau.clock.move(1)
    assert await bureau.send() == "OK - 1 SMS, ID - 1235"


async def test_case_22_no_money(bureau: Bureau) -> None:
    await bureau.spend_to(500_000)
    assert await bureau.send() == "ERROR = 3 (no money), ID - 1234"
    assert await bureau.balance() == "0.50"
    rows = await bureau.rows("SELECT state, refusal, price FROM messages")
    assert rows == [(int(State.REJECTED), "no_credits", 0)]


async def test_case_25_an_address_is_locked(bureau: Bureau) -> None:
    for _ in range(5):
        assert (await bureau.ask("/sys/send.php?login=alex&psw=bad&fmt=1")).body == b"0,-2"
    assert await bureau.send() == "ERROR = 4 (ip is blocked)"
    bureau.clock.move(30 * 60 - 1)
    assert await bureau.send() == "ERROR = 4 (ip is blocked)"
    bureau.clock.move(1)
    assert await bureau.send() == "OK - 1 SMS, ID - 1234"


@pytest.mark.parametrize(
    "query",
    [
        "mes=%CF%F0%E8%E2%E5%F2",
        "mes=%F0%D2%C9%D7%C5%D4&charset=koi8-r",
        "mes=%D0%9F%D1%80%D0%B8%D0%B2%D0%B5%D1%82&charset=UTF-8",
    ],
)
async def test_case_27_and_28_character_sets(bureau: Bureau, query: str) -> None:
    await bureau.get("send", f"phones={PHONE}&{query}")
    assert await texts(bureau) == ["Привет"]


async def test_case_32_a_list(bureau: Bureau) -> None:
    listed = "79999999999:Hello!%0A79999999998:Hello\\nworld!"
    assert await bureau.get("send", f"list={listed}&fmt=1") == "1234,2"
    assert await texts(bureau) == ["Hello!", "Hello\nworld!"]


async def test_case_33_json(bureau: Bureau) -> None:
    body = '{"login":"alex","psw":"123","phones":"79999999999","mes":"Привет","fmt":3}'
    reply = await bureau.ask("/rest/send/", body.encode(), kind="application/json")
    assert reply.body == b'{\n"id": 1234,\n"cnt": 1\n}'
    assert reply.content_type == "application/json; charset=utf-8"
    assert await texts(bureau) == ["Привет"]


async def test_case_34_a_binary_message(bureau: Bureau) -> None:
    assert await bureau.send(bin=2, mes="050A0307056048656C6C6F2C20576F726C6421") == "OK - 1 SMS, ID - 1234"
    await bureau.quiet()
    (message,) = bureau.sent
    extras = message.content.extras
    assert extras is not None
    assert (message.body, message.content.alphabet) == ("Hello, World!", "binary")
    assert extras.udh == bytes.fromhex("0A03070560")


async def test_case_55_fifteen_at_once(bureau: Bureau) -> None:
    answers = await asyncio.gather(*[bureau.send(mes=f"text {n}", fmt=3) for n in range(15)])
    refused = [answer for answer in answers if "error" in answer]
    assert set(refused) == {'{\n"error": "too many concurrent requests",\n"error_code": 9\n}'}
    assert len(await texts(bureau)) == 15 - len(refused)


async def test_case_56_at_a_time(bureau: Bureau) -> None:
    assert await bureau.send(time="0202260900", tz=2) == "OK - 1 SMS, ID - 1234"
    due = (NOW // MICRO + 17 * 86_400 + 19 * 3600) * MICRO  # 02.02.2026 07:00 in Moscow
    assert await bureau.rows("SELECT state, due FROM messages") == [(int(State.SCHEDULED), due)]
    await bureau.later(17 * 86_400 + 19 * 3600 - 1)
    assert bureau.sent == []
    await bureau.later(1)
    assert await texts(bureau) == ["Hello!"]


async def test_case_57_virtual_sending(bureau: Bureau) -> None:
    await bureau.change_account(virtual=True)
    assert await bureau.send(fmt=3, cost=3, op=1) == (
        '{\n"id": 1234,\n"cnt": 1,\n"cost": "0.00",\n"balance": "101.90",\n"phones": [{\n"phone": "79999999999",\n'
        '"mccmnc": "25001",\n"cost": "",\n"status": "",\n"error": ""\n}]\n}'
    )
    assert await bureau.rows("SELECT state, refusal FROM messages") == [(int(State.DELIVERED), "virtual")]
    assert await texts(bureau) == []


async def test_virtually_numbers_are_looked_up_in_the_numbering(bureau: Bureau) -> None:
    await bureau.change_account(virtual=True, callback="http://h/cb")
    assert await bureau.send(hlr=1, mes="", fmt=1, cost=3) == "1234,1,0.00,101.90"
    told = await bureau.get("status", phone=PHONE, id=1234, fmt=1)
    assert told == "1,1768467600,0,,,250,01,Россия,МТС,,"
    assert await bureau.rows("SELECT status, connector FROM lookups") == [("done", 0)]
    await bureau.quiet()
    assert [b"status=1" in call.body for call in bureau.told] == [True]


async def test_case_58_a_call_speaks_a_code(bureau: Bureau) -> None:
    await bureau.lead(Channel.CALL, 10_000)
    answer = await bureau.send(call=1, mes="code")
    said, _, code = answer.partition(", CODE - ")
    assert len(code) == 4
    assert code.isdecimal()
    (spoken,) = await texts(bureau)
    assert spoken == " ".join(code)
    assert said == f"OK - {bureau.sent[0].parts} SMS, ID - 1234"
