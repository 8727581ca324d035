"""users.php: sub-clients, byte for byte. spec: smsc/3.9"""

import json
from collections.abc import AsyncIterator

import pytest
from tests.dialects.smsc_world import ALEX, PHONE, Bureau, bureau_of

from depesza.core.facts import Account, Login
from depesza.services import details

pytestmark = pytest.mark.anyio

ERROR_1, ERROR_3, ERROR_5 = "0,-1", "0,-3", "0,-5"


@pytest.fixture
async def bureau(sqlite_url: str) -> AsyncIterator[Bureau]:
    """The setting of the acceptance cases, without a bound on changes."""
    async with bureau_of(sqlite_url) as bureau:
        await bureau.change_limits(user_changes=0)
        yield bureau


async def users(bureau: Bureau, **params: object) -> str:
    return await bureau.get("users", "", **{"fmt": 1, **params})


async def add(bureau: Bureau, user: str = "bob", /, **params: object) -> int:
    return int(await users(bureau, add=1, user=user, password="secret", **params))


def account(bureau: Bureau, id: int) -> Account:
    return bureau.store.facts.account[id]


async def as_bob(bureau: Bureau, script: str, **params: object) -> str:
    query = "&".join(f"{name}={value}" for name, value in params.items())
    return (await bureau.ask(f"/sys/{script}.php?login=bob&psw=secret&fmt=1&{query}")).body.decode("cp1251")


async def test_a_sub_client_is_made_and_told_by_its_id(bureau: Bureau) -> None:
    id = await add(bureau)
    assert await as_bob(bureau, "balance") == "0.00"
    row = account(bureau, id)
    assert (row.parent, row.currency, row.timezone, row.home) == (ALEX, "RUR", "Europe/Moscow", "smsc")
    for fmt, begin, end in ((0, "ID = ", ""), (2, "<user>\n<id>", "</id>\n</user>"), (3, '{\n"id": ', "\n}")):
        said = await users(bureau, add=1, user=f"u{fmt}", password="x", fmt=fmt)
        assert said == f"{begin}{bureau.store.facts.login_named[f'u{fmt}'].account}{end}"


async def test_success_and_refusals_have_the_vendors_form(bureau: Bureau) -> None:
    await add(bureau)
    assert await users(bureau, chg=1, user="bob", fio="Bob", fmt=3) == '{\n"result": "OK"\n}'
    assert await users(bureau, pay=1, user="bob", sum=1, fmt=0) == "OK"
    said = await users(bureau, chg=1, user="eve", fmt=3)
    assert said == '{\n"error": "record not found",\n"error_code": 3\n}'
    assert await users(bureau, pay=1, user="bob", sum=1000, fmt=0) == "ERROR = 5 (operation error)"
    assert await users(bureau, fmt=0) == "ERROR = 1 (parameters error)"


WRONG: list[dict[str, object]] = [
    {"type": 9},
    {"curr": 6},
    {"tz": 25},
    {"tariff": 9},
    {"tmlim": "9"},
    {"tmlim": "9-9"},
    {"fmts": "7,x"},
    {"dlim": "many"},
    {"vld": 1441},
    {"fl[10]": 2},
    {"url": "ftp://h/", "fl[10]": 1},
    {"new_login": "a:b"},
    {"password": "x", "pswc": "y"},
    {"fio": "x" * 2001},
]


async def test_what_cannot_be_read_changes_nothing(bureau: Bureau) -> None:
    id = await add(bureau)
    before = bureau.store.facts
    for wrong in WRONG:
        assert await users(bureau, chg=1, user="bob", notes="kept?", **wrong) == ERROR_1, wrong
    assert bureau.store.facts is before
    assert await bureau.store.look(details.read, id) == {}


@pytest.mark.parametrize(
    ("request_", "fields"),
    [
        ({"curr": 4}, {"currency": "UAH"}),
        ({"tz": 14}, {"timezone": "Etc/GMT-2"}),
        ({"tz": 12}, {"timezone": "Etc/GMT"}),
        ({"tz": 0}, {"timezone": "Etc/GMT+12"}),
        ({"sender": "ivan"}, {"sender": "ivan"}),
        ({"fl2[27]": 1}, {"virtual": True}),
        ({"fl2[10]": 1}, {"enabled": False}),
        ({"fl[2]": 1}, {"smpp": True, "smpp_texts": False}),
        ({"fl[2]": 1, "fl[1]": 1}, {"smpp": True, "smpp_texts": True}),
        ({"fl[29]": 1}, {"shares": ("senders",)}),
        ({"fl[29]": 1, "fl[26]": 1}, {"shares": ("senders", "contacts")}),
        ({"url": "http://h/cb"}, {"callback": "", "response_type": "none"}),
        ({"url": "http://h/cb", "fl[10]": 1}, {"callback": "http://h/cb", "response_type": "none"}),
        ({"url": "http://h/cb", "fl[11]": 1}, {"callback": "", "response_type": "cgi", "response_url": "http://h/cb"}),
        ({"type": 2}, {"payer": ALEX, "priced_as": ALEX}),
        ({"type": 1}, {"payer": 0, "priced_as": ALEX}),
        ({"type": 3, "tariff": 2}, {"payer": ALEX, "priced_as": 2000}),
        ({"type": 0, "tariff": 2}, {"payer": 0, "priced_as": 2000}),
        ({"tariff": 0}, {"payer": 0, "priced_as": 0}),
    ],
)
async def test_what_is_told_becomes_a_field_of_the_account(
    bureau: Bureau, request_: dict[str, object], fields: dict[str, object]
) -> None:
    await bureau.add("accounts", Account(id=2000, owner=100, name="tariff-2", currency="RUR"))
    made = account(bureau, await add(bureau, **request_))
    assert {name: getattr(made, name) for name in fields} == fields
    id = await add(bureau, "second")
    assert await users(bureau, chg=1, user="second", **request_) == "OK"
    changed = account(bureau, id)
    assert {name: getattr(changed, name) for name in fields} == fields


async def test_limits_are_set_and_hold(bureau: Bureau) -> None:
    id = await add(
        bureau, dlim=9, plim=8, tlim=7, ilim=6, ktm=30, vld=90, tmlim="9-18", fmts="7,-77", type=2, **{"fl[6]": 1}
    )
    found = bureau.store.facts.limits_of(id)
    assert (found.day, found.day_number, found.day_text, found.day_address) == (9, 8, 7, 6)
    assert (found.keep_days, found.lifetime, found.hours, found.codes) == (30, 90, "9-18", ("7", "-77"))
    assert not found.mailings
    assert await as_bob(bureau, "send", phones=f"{PHONE},79999999998", mes="Hello") == "1,-6"
    assert await as_bob(bureau, "send", phones=PHONE, mes="Hello", cost=2) == "2,1,1.40"


async def test_outside_its_hours_a_sub_client_waits_or_is_refused(bureau: Bureau) -> None:
    id = await add(bureau, tmlim="18-20", type=2)
    assert await as_bob(bureau, "send", phones=PHONE, mes="a") == "1,1"
    assert await as_bob(bureau, "status", phone=PHONE, id=1) == "-1,1768467600,0"
    for changes, waits in (({"fl2[16]": 1}, False), ({"fl2[15]": 1}, True), ({"fl2[16]": 1, "fl2[15]": 0}, False)):
        assert await users(bureau, chg=1, user="bob", **changes) == "OK"
        assert bureau.store.facts.limits_of(id).hours_wait is waits
    assert await users(bureau, chg=1, user="bob", **{"fl2[15]": 1, "fl2[16]": 1}) == "0,-1"
    assert await as_bob(bureau, "send", phones=PHONE, mes="b") == "2,-6"
    assert await as_bob(bureau, "status", phone=PHONE, id=2) == "23,1768467600,246"
    assert await as_bob(bureau, "send", phones=PHONE, mes="c", time="1501261830", tz=0) == "3,1"


async def test_flags_keep_their_meaning_when_the_address_comes_later(bureau: Bureau) -> None:
    id = await add(bureau, **{"fl[10]": 1, "fl[29]": 1})
    assert await users(bureau, chg=1, user="bob", url="https://h/cb") == "OK"
    assert account(bureau, id).callback == "https://h/cb"
    assert await users(bureau, chg=1, user="bob", **{"fl[10]": 0, "fl[26]": 1}) == "OK"
    row = account(bureau, id)
    assert (row.callback, row.shares) == ("", ("senders", "contacts"))


async def test_what_is_only_told_is_kept(bureau: Bureau) -> None:
    id = await add(bureau, fio="Боб", email="b@example.org", mph=PHONE, **{"mfl[5]": 1, "fl[23]": 1})
    found = await bureau.store.look(details.read, id)
    assert found == {"fio": "Боб", "email": "b@example.org", "mph": PHONE, "mfl[5]": "1", "fl[23]": "1"}
    await users(bureau, chg=1, user="bob", email="")
    assert "email" not in await bureau.store.look(details.read, id)


async def test_each_is_paid_and_priced_by_its_type(bureau: Bureau) -> None:
    await add(bureau, type=2)
    assert await as_bob(bureau, "send", phones=PHONE, mes="Hello", cost=3) == "1,1,1.40,100.50"
    assert await bureau.balance() == "100.50"
    assert await users(bureau, chg=1, user="bob", type=1) == "OK"
    assert await as_bob(bureau, "send", phones=PHONE, mes="Again", cost=3) == "2,-3"
    assert await users(bureau, pay=1, user="bob", sum="10,50") == "OK"
    assert await as_bob(bureau, "send", phones=PHONE, mes="Once more", cost=3) == "3,1,1.40,9.10"
    assert await users(bureau, pay=1, user="bob", sum="-9.10") == "OK"
    assert (await bureau.balance(), await as_bob(bureau, "balance")) == ("99.10", "0.00")
    for sum in ("-0.01", "99.11", "1e1", "0", ""):
        assert await users(bureau, pay=1, user="bob", sum=sum) in (ERROR_1, ERROR_5)
    assert await bureau.balance() == "99.10"


async def test_others_sub_clients_are_unknown(bureau: Bureau) -> None:
    id = await add(bureau)
    below = int(await as_bob(bureau, "users", add=1, user="carl", password="x"))
    await bureau.add("accounts", Account(id=3000, owner=100, name="eve", currency="RUR", parent=3001))
    await bureau.add("logins", Login(id=3002, account=3000, name="eve", md5="", sha1=""))
    unknown: tuple[tuple[str, dict[str, object]], ...] = (
        ("carl", {}),
        ("eve", {}),
        ("eve", {"reseller": 1}),
        ("alex", {}),
        ("nobody", {}),
    )
    for user, more in unknown:
        for action in ({"chg": 1, "fio": "mine"}, {"pay": 1, "sum": 1}, {"get_stat": 1}):
            assert await users(bureau, user=user, **action, **more) == ERROR_3
    assert await users(bureau, get_stat=1, user_id=3000) == ERROR_3
    assert await users(bureau, pay=1, user="carl", sum=5, reseller=1) == "OK"
    assert account(bureau, below).parent == id


async def test_a_further_login_is_the_same_account(bureau: Bureau) -> None:
    await add(bureau, type=4)
    assert await as_bob(bureau, "balance") == "101.90"
    assert await users(bureau, add=1, user="till", password="x", type=4, dlim=5) == ERROR_1
    assert await users(bureau, chg=1, user="bob", new_login="rob", password="other") == "OK"
    assert (await bureau.ask("/sys/balance.php?login=rob&psw=other")).body == b"101.90"
    assert await users(bureau, chg=1, user="rob", **{"fl2[10]": 1}) == "OK"
    assert (await bureau.ask("/sys/balance.php?login=rob&psw=other")).body == b"ERROR = 2 (authorise error)"
    assert await users(bureau, chg=1, user="alex", password="stolen") == ERROR_3


async def test_a_blocked_sub_client_is_shut_out_and_a_taken_name_is_refused(bureau: Bureau) -> None:
    await add(bureau)
    assert await users(bureau, add=1, user="bob", password="x") == ERROR_5
    assert await users(bureau, add=1, user="alex", password="x") == ERROR_5
    assert await users(bureau, chg=1, user="bob", **{"fl2[10]": 1}) == "OK"
    assert await as_bob(bureau, "balance") == "0,-2"
    assert await users(bureau, chg=1, user="bob", tariff=5) == ERROR_5


async def test_sums_are_told_for_each_that_did_something(bureau: Bureau) -> None:
    assert await users(bureau, get_stat=1) == ERROR_3
    bob, carl = await add(bureau), await add(bureau, "carl", type=2, fio="Carl")
    assert await users(bureau, get_stat=1) == ERROR_3
    await users(bureau, pay=1, user="bob", sum=10)
    await as_bob(bureau, "send", phones=PHONE, mes="Hello")
    said = await users(bureau, get_stat=1, start="15.01.2026", end="15.01.2026", balance2=1, fmt=3)
    assert said == (
        f'[{{\n"user_id": {bob},\n"user": "bob",\n"login": "bob",\n"cnt": "1",\n"credit": "1.40",\n"debit": "10.00",\n'
        '"currency": "RUR",\n"balance2": "8.60"\n}]'
    )
    assert await users(bureau, get_stat=1, user="bob") == f"{bob},bob,bob,1,1.40,10.00,RUR"
    assert await users(bureau, get_stat=1, start="16.01.2026", end="17.01.2026") == ERROR_3
    rows = json.loads(await users(bureau, get_stat_all=1, fmt=3))
    assert [(row["user_id"], row["type"], row["fio"], row["credit"]) for row in rows] == [
        (bob, "0", "", "1.40"),
        (carl, "2", "Carl", "0.00"),
    ]
    await add(bureau, "euros", curr=3)
    assert await users(bureau, get_stat_all=1, mycur=1) == ERROR_5


async def test_a_sub_client_is_changed_three_times_a_minute(bureau: Bureau) -> None:
    await bureau.change_limits(user_changes=3)
    await add(bureau)
    for n in range(2):
        assert await users(bureau, chg=1, user="bob", notes=n) == "OK"
    assert await users(bureau, chg=1, user="bob", notes=9) == "0,-9"
    assert await add(bureau, "carl")
    await bureau.later(60)
    assert await users(bureau, chg=1, user="bob", notes=9) == "OK"
