"""get.php: what was sent and received, sums of money, prices. spec: smsc/3.11"""

import json
from collections.abc import AsyncIterator
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.dialects.smsc_world import ALEX, OTHER, PHONE, TO, Bureau, bureau_of
from tests.dialects.test_smsc_cases_status import FOUND, PLACE, looked_up, send
from tests.store.world import OUT

from depesza.core import ledger
from depesza.core.facts import Sender
from depesza.core.model import MICRO, Channel, Inbound
from depesza.core.planning import Policy
from depesza.core.pricing import Price
from depesza.services import inbox
from depesza.store.tx import Tx

pytestmark = pytest.mark.anyio

DAY = 86_400
MEMBERS = (
    "status last_date last_timestamp err send_date send_timestamp phone cost sender_id status_name message type country"
    " operator region id int_id sms_cnt format crc mccmnc comment"
)
OURS = "+79037676877"
NOTHING = '{\n"error": "record not found",\n"error_code": 3\n}'


@pytest.fixture
async def bureau(sqlite_url: str) -> AsyncIterator[Bureau]:
    """The setting of the acceptance cases, asked as often as one likes."""
    async with bureau_of(sqlite_url) as bureau:
        await bureau.change_limits(same_asks=0, status_lists=0, status_asks=0)
        yield bureau


async def messages(bureau: Bureau, query: str = "", **params: object) -> list[dict[str, object]]:
    """Ask for what was sent; empty where nothing was."""
    told = json.loads(await bureau.get("get", query, get_messages=1, fmt=3, **params))
    return [] if isinstance(told, dict) and told["error_code"] == 3 else told


async def answers(bureau: Bureau, **params: object) -> list[dict[str, object]]:
    """Ask for what came in."""
    found: list[dict[str, object]] = json.loads(await bureau.get("get", get_answers=1, fmt=3, **params))
    return found


async def come_in(bureau: Bureau, *texts: str, to: str = OURS) -> None:
    """Let texts come in, a second after each other."""
    for text in texts:
        bureau.clock.move(1)
        now = bureau.clock()
        await bureau.store.run(inbox.take_inbound, [Inbound(OUT, PHONE, to, text, now)], Policy(), now)


async def test_case_47_nothing_came_in(bureau: Bureau) -> None:
    assert await bureau.get("get", get_answers=1, fmt=3) == "[]"
    assert [await bureau.get("get", get_answers=1, fmt=fmt) for fmt in (0, 1, 2)] == ["", "", "<result>\n</result>"]


async def test_case_48_nothing_was_sent(bureau: Bureau) -> None:
    assert await bureau.get("get", get_messages=1, fmt=3) == NOTHING
    assert await bureau.get("get", get_mega_accounts=1, account=7, fmt=3) == NOTHING


async def test_what_was_sent_is_told_in_every_format(bureau: Bureau) -> None:
    await send(bureau, comments=("for Bob",), text="Да,\nнет")
    (told,) = await messages(bureau)
    assert " ".join(told) == MEMBERS
    assert (told["id"], told["message"], told["comment"], told["format"]) == (1234, "Да,\nнет", "for Bob", 0)
    lines = (await bureau.get("get", get_messages=1)).split("\n")
    assert len(lines) == 1 and lines[0].startswith("status = 0, last_date = 15.01.2026 12:00:00, ")
    assert "message = Да, нет, type = 0" in lines[0]
    assert len((await bureau.get("get", get_messages=1, fmt=1)).split(",")) == 23
    tree = ElementTree.fromstring(await bureau.get("get", get_messages=1, fmt=2))
    assert [child.tag for child in tree[0]] == MEMBERS.split()
    assert {name: told[name] for name in PLACE.split() if name in told} == {
        "country": "Россия", "operator": "МТС", "region": "Москва", "mccmnc": "25001",
    }  # fmt: skip


async def test_the_newest_come_first_look_ups_among_them(bureau: Bureau) -> None:
    await send(bureau, ref="1")
    await looked_up(bureau, FOUND, ref="2")
    await send(bureau, ref="3")
    told = await messages(bureau)
    assert [(row["id"], row["type"], row["sender_id"]) for row in told] == [
        (3, 0, "ivan"),
        (2, 4, "HLR"),
        (1, 0, "ivan"),
    ]
    assert await bureau.get("status", phone=PHONE, id=2, **{"del": 1}) == "OK"
    assert await bureau.get("status", phone=PHONE, id=3, **{"del": 1}) == "OK"
    assert [row["id"] for row in await messages(bureau)] == [1]


async def test_pages_follow_each_other(bureau: Bureau) -> None:
    numbers = [f"+7999{n:07}" for n in range(25)]
    await send(bureau, *numbers, ref="7", judged=dict.fromkeys(range(25), "limit"))
    await looked_up(bureau, FOUND)
    pages, before = [], 0
    while page := await messages(bureau, cnt=10, prev_id=before):
        pages.append(page)
        before = int(str(page[-1]["int_id"]))
    assert [len(page) for page in pages] == [10, 10, 6]
    ids = [int(str(row["int_id"])) for page in pages for row in page]
    assert all(newer > older for newer, older in pairwise(ids))
    assert {f"+{row['phone']}" for page in pages for row in page} == {*numbers, TO}


async def test_days_numbers_and_mails_narrow_it_down(bureau: Bureau) -> None:
    await bureau.lead(Channel.MAIL)
    await send(bureau, ref="1")
    bureau.clock.move(DAY)
    await send(bureau, f"+{OTHER}", ref="2")
    await send(bureau, "bob@example.org", ref="3", channel=Channel.MAIL)
    asked: list[tuple[dict[str, object], list[int]]] = [
        ({}, [2, 1]),
        ({"format": 0}, [2, 1]),
        ({"format": 8}, [3]),
        ({"email": "bob@example.org,eve@example.org"}, [3]),
        ({"email": "eve@example.org"}, []),
        ({"phone": PHONE}, [1]),
        ({"phone": f"8{PHONE[1:]},{OTHER}"}, [2, 1]),
        ({"phone": "123"}, []),
        ({"start": "16.01.2026"}, [2]),
        ({"end": "15.01.2026"}, [1]),
        ({"start": "15.01.2026", "end": "16.01.2026"}, [2, 1]),
        ({"start": "01.09.2025", "end": "14.01.2026"}, []),
        ({"start": "17.01.2026"}, []),
    ]
    for params, ids in asked:
        assert [row["id"] for row in await messages(bureau, **params)] == ids, params
    bureau.clock.move(200 * DAY)
    assert await messages(bureau) == []
    assert [row["id"] for row in await messages(bureau, start="15.01.2026")] == [2, 1]


UNREADABLE = [
    "", "get_messages=0", "get_messages=1&cnt=1001", "get_messages=1&cnt=x", "get_messages=1&cnt=-1",
    "get_messages=1&prev_id=x", "get_messages=1&start=2026-01-15", "get_messages=1&start=31.02.2026",
    "get_messages=1&start=01.01.2025&end=01.01.2026", "get_messages=1&start=16.01.2026&end=15.01.2026",
    "get_messages=1&format=7", "get_messages=1&phone=,", "get_answers=1&cnt=10001", "get_answers=1&hour=169",
    "get_answers=1&after_id=1.5", "get_stat=1&start=x", "get_messages=1&phone=" + ",".join(map(str, range(1_001))),
]  # fmt: skip


async def test_what_cannot_be_read_is_refused(bureau: Bureau) -> None:
    assert [await bureau.get("get", f"{query}&fmt=1") for query in UNREADABLE] == ["0,-1"] * len(UNREADABLE)


async def test_the_same_is_asked_three_times_a_minute(bureau: Bureau) -> None:
    await bureau.change_limits(same_asks=3)
    for fmt in (0, 1, 2):
        assert "-9" not in await bureau.get("get", get_answers=1, fmt=fmt)
    assert await bureau.get("get", get_answers=1, fmt=1) == "0,-9"
    assert await bureau.get("get", get_answers=1, hour=2, fmt=1) == ""


async def test_what_came_in_is_told_by_time_number_and_id(bureau: Bureau) -> None:
    for name in (OURS, "+79037676878"):
        await bureau.add("senders", Sender(account=ALEX, name=name, kind="virtual"))
    await come_in(bureau, "one")
    bureau.clock.move(25 * 3_600)
    await come_in(bureau, "two", "three,\nthree")
    await come_in(bureau, "four", to="79037676878")
    told = await answers(bureau)
    assert [row["message"] for row in told] == ["four", "three,\nthree", "two"]
    assert list(told[2]) == ["id", "received", "phone", "message", "to_phone", "sent"]
    assert list(told[2].values())[1:] == ["16.01.2026 13:00:02", PHONE, "two", OURS[1:], "16.01.2026 13:00:02"]
    assert isinstance(told[2]["id"], int)
    assert [row["message"] for row in await answers(bureau, hour=48)][-1] == "one"
    assert [row["message"] for row in await answers(bureau, to_phone=OURS)] == ["three,\nthree", "two"]
    first = (await answers(bureau, hour=168))[-1]["id"]
    assert [row["message"] for row in await answers(bureau, after_id=first)] == ["four", "three,\nthree", "two"]
    assert [row["message"] for row in await answers(bureau, after_id=first, cnt=1)] == ["two"]
    assert [row["message"] for row in await answers(bureau, cnt=1)] == ["four"]
    text = (await bureau.get("get", get_answers=1)).split("\n")
    assert text[1] == (
        f"id = {told[1]['id']}, received = 16.01.2026 13:00:03, phone = {PHONE}, message = three, three, "
        f"to_phone = {OURS[1:]}, sent = 16.01.2026 13:00:03"
    )


async def _give(tx: Tx, amount: int) -> None:
    await tx.book(ledger.topup(ALEX, amount, 0, 1, tx.new_id(), currency="RUR"))


async def test_sums_are_those_of_the_ledger_and_the_messages(bureau: Bureau) -> None:
    bureau.clock.move(DAY)
    await send(bureau, text="a" * 161, ref="1")
    await send(bureau, ref="2", due=bureau.clock() + 3_600 * MICRO)
    await looked_up(bureau, FOUND)
    await bureau.get("status", phone=PHONE, id=2, **{"del": 1})
    await bureau.store.run(_give, 5 * MICRO)
    (row,) = json.loads(await bureau.get("get", get_stat=1, fmt=3))
    assert row == {"login": "alex", "cnt": 3, "credit": "3.10", "debit": "5.00", "currency": "RUR"}
    day = {"start": "15.01.2026", "end": "15.01.2026", "balance2": 1}
    (row,) = json.loads(await bureau.get("get", get_stat=1, fmt=3, **day))
    assert (row["cnt"], row["credit"], row["debit"], row["balance2"]) == (0, "0.00", "101.90", "101.90")
    (row,) = json.loads(await bureau.get("get", get_stat=1, fmt=3, start="15.01.2026", balance2=1, mycur=1))
    assert (row["credit"], row["debit"], row["balance2"]) == ("3.10", "106.90", await bureau.balance())
    assert await bureau.get("get", get_stat=1, fmt=1) == "alex,3,3.10,5.00,RUR"


async def test_what_another_account_pays_for_is_no_money_of_its_own(bureau: Bureau) -> None:
    account = bureau.store.facts.account[ALEX]
    await bureau.change("accounts", account, id=1999, name="bob", parent=ALEX, payer=ALEX, priced_as=ALEX)
    token = bureau.store.facts.tokens[0]
    await bureau.change("tokens", token, id=1998, account=1999, digest=bureau.vault.digest("BOB"))
    await bureau.ask(f"/sys/send.php?apikey=BOB&phones={PHONE}&mes=Hi")
    await send(bureau)
    reply = await bureau.ask("/sys/get.php?apikey=BOB&get_stat=1&fmt=1")
    assert reply.body == b"bob,1,1.40,0.00,RUR"
    assert await bureau.get("get", get_stat=1, fmt=1) == "alex,1,2.80,101.90,RUR"


async def test_prices_are_those_that_the_account_pays(bureau: Bureau) -> None:
    rows = [
        Price(id=410, micro=2_000_000, prefix="7", currency="RUR"),
        Price(id=411, micro=12_500, country="UA", currency="RUR", account=ALEX),
        Price(id=412, micro=9_000_000, operator="25001", currency="RUR", channel=Channel.CALL),
        Price(id=413, micro=1_000_000, prefix="1"),
        Price(id=414, micro=1_000_000, prefix="49", currency="RUR", account=1999),
    ]
    for row in rows:
        await bureau.add("prices", row)
    told = json.loads(await bureau.get("get", get_price=1, fmt=3))
    assert told == {
        "zones": [
            {"zone": "25001", "name": "МТС", "call": "9.00"},
            {"zone": "7", "name": "7", "api": "2.00", "mass": "2.00"},
            {"zone": "7999", "name": "Россия, МТС", "api": "1.40", "mass": "1.40", "hlr": "0.30"},
            {"zone": "UA", "name": "Украина", "api": "0.0125", "mass": "0.0125"},
        ]
    }
    await bureau.add("prices", Price(id=415, micro=500_000, prefix="79", currency="RUR", account=ALEX))
    told = json.loads(await bureau.get("get", get_price=1, fmt=3))
    assert {zone["zone"]: zone.get("api") for zone in told["zones"]}["7999"] == "0.50"
    assert (await bureau.get("get", get_price=1)).startswith("zone = 25001, name = МТС, call = 9.00\nzone = 7, ")
    assert "<zone>UA</zone>\n<name>Украина</name>" in await bureau.get("get", get_price=1, fmt=2)


VALUES = [
    "", "0", "1", "2", "3", "8", "9", "x", PHONE, f"{PHONE},", "1234", "1234,7", "15.01.2026", "31.12.2025", "a@b.c",
    "%FF",
]  # fmt: skip
NAMES = [
    "id", "phone", "all", "charset", "get_messages", "get_answers", "get_stat", "get_price", "get_mega_accounts",
    "start", "end", "email", "format", "cnt", "prev_id", "hour", "after_id", "to_phone", "mycur", "balance2", "account",
]  # fmt: skip


def check_form(body: bytes, fmt: int) -> None:
    """Look whether an answer is in the format asked for."""
    text = body.decode("cp1251")
    if fmt == 3:
        json.loads(text)
    elif fmt == 2:
        ElementTree.fromstring(f"<all>{text}</all>")
    else:
        assert not text.startswith(("{", "[", "<"))
        assert fmt == 0 or not text.startswith(("ERROR", "Status"))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["status", "get"]),
    st.integers(0, 3),
    st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES), max_size=6),
)
async def test_whatever_is_asked_the_answer_has_its_format(
    bureau: Bureau, script: str, fmt: int, params: dict[str, str]
) -> None:
    if not await bureau.rows("SELECT 1 FROM messages"):
        await send(bureau, text='<b> & "quoted",\nсловом\\', comments=("~~",))
        await looked_up(bureau, FOUND, ref="7")
        await bureau.change_limits(same_asks=0, status_lists=0, status_asks=0)
    query = "&".join([f"{name}={value}" for name, value in params.items()])
    check_form(await bureau.raw(script, f"{query}&fmt={fmt}"), fmt)
