"""phones.php: contacts, groups, the black list. spec: smsc/3.7 smsc/6"""

import json
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.dialects.smsc_world import ALEX, OTHER, PHONE, Bureau, bureau_of

from depesza.dialects.smsc.answers import Refused
from depesza.dialects.smsc.phones import read_addresses, read_birthday, write_birthday
from depesza.services import cards

pytestmark = pytest.mark.anyio

NONE = '{\n"error": "record not found",\n"error_code": 3\n}'
WRONG = '{\n"error": "parameters error",\n"error_code": 1\n}'
FAILED = '{\n"error": "operation error",\n"error_code": 5\n}'
OK = '{\n"result": "OK"\n}'


@pytest.fixture
async def bureau(sqlite_url: str) -> AsyncIterator[Bureau]:
    """The setting of the acceptance cases, where the same may be asked often."""
    async with bureau_of(sqlite_url) as bureau:
        await bureau.change_limits(same_asks=0)
        yield bureau


async def ask(bureau: Bureau, query: str, **params: object) -> str:
    return await bureau.get("phones", query, fmt=3, **params)


async def made(bureau: Bureau, query: str, **params: object) -> int:
    answer = json.loads(await ask(bureau, query, **params))
    assert list(answer) == ["id"]
    return int(answer["id"])


async def contacts(bureau: Bureau, query: str = "", **params: object) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(await ask(bureau, f"get=1&{query}", **params))
    return found


async def test_case_44_a_black_contact_keeps_its_name(bureau: Bureau) -> None:
    first = await ask(bureau, f"add=1&phone={PHONE}&name=A")
    id = json.loads(first)["id"]
    assert first == f'{{\n"id": {id}\n}}'
    assert await made(bureau, f"add_black=1&phone={PHONE}") == id
    assert await ask(bureau, "get=1") == (
        f'[{{\n"id": {id},\n"name": "A",\n"phone": "{PHONE}",\n"group": "0",\n"first_name": "",\n"last_name": "",\n'
        '"middle_name": "",\n"birthday": "",\n"comments": "",\n"tags": "",\n"phone_other": ""\n}]'
    )


async def test_case_45_an_empty_book(bureau: Bureau) -> None:
    assert await ask(bureau, "get=1") == NONE


async def test_ids_are_told_in_four_forms(bureau: Bureau) -> None:
    forms = ("ID = {}", "{}", "<phone>\n<id>{}</id>\n</phone>", '{{\n"id": {}\n}}')
    for fmt, answer in enumerate(forms):
        said = await bureau.get("phones", "add=1&name=A", phone=PHONE, fmt=fmt)
        (card,) = await contacts(bureau)
        assert said == answer.format(card["id"])
        said = await bureau.get("phones", "add_group=1&name=g", fmt=fmt)
        group = json.loads(await ask(bureau, "get_group=1"))[-1]
        assert said == answer.format(group["id"]).replace("phone>", "group>")


async def test_a_contact_is_told_with_all_that_was_given(bureau: Bureau) -> None:
    group = await made(bureau, "add_group=1&name=friends&num=17")
    given = {
        "phone": "+7 (999) 999-99-99", "name": "Иван", "fnm": "Иван", "lnm": "Петров", "mnm": "И.", "bd": "17.7.1983",
        "cmt": "a; b", "tags": "x, y", "pho": "77014541882,79050533678~2", "myid": 100500, "grp": group,
    }  # fmt: skip
    id = await made(bureau, "add=1", **given)
    assert await contacts(bureau) == [
        {
            "id": 100500, "name": "Иван", "phone": PHONE, "group": str(group), "first_name": "Иван",
            "last_name": "Петров", "middle_name": "И.", "birthday": "17.07.1983", "comments": "a; b", "tags": "x, y",
            "phone_other": "77014541882,79050533678~2", "int_id": id,
        }
    ]  # fmt: skip
    assert (await bureau.get("phones", "get=1", phone=PHONE, fmt=1)).startswith(f"100500,Иван,{PHONE},{group},")
    assert (await bureau.get("phones", "get=1", fio="петров", fmt=0)).startswith("id = 100500, name = Иван, ")
    xml = await bureau.get("phones", "get=1", fmt=2)
    assert xml.startswith("<result>\n<phone>\n<id>100500</id>\n<name>Иван</name>\n")


async def test_contacts_change_their_numbers_and_go(bureau: Bureau) -> None:
    await made(bureau, "add=1&name=A&myid=word", phone=PHONE)
    assert await ask(bureau, "chg=1", phone=PHONE, new_phone=OTHER, name="B~2") == OK
    assert [(card["id"], card["phone"], card["name"]) for card in await contacts(bureau)] == [("word", OTHER, "B~2")]
    assert await ask(bureau, "chg=1&name=C", phone=PHONE) == NONE
    await made(bureau, "add=1&name=A", phone=PHONE)
    assert await ask(bureau, "chg=1", phone=PHONE, new_phone=OTHER) == FAILED
    assert await ask(bureau, "del=1", phone=f"{PHONE}; {OTHER}") == OK
    assert await ask(bureau, "del=1", phone=PHONE) == OK
    assert await ask(bureau, "get=1") == NONE


async def test_many_at_once(bureau: Bureau) -> None:
    first = await made(bureau, "add=1&name=A", phone=f"{PHONE};8 (999) 999-99-98", mail="a@example.org")
    assert [(card["id"], card["phone"]) for card in await contacts(bureau)] == [(first, PHONE), (first + 1, OTHER)]
    assert await ask(bureau, "chg=1", phone=f"{PHONE},{OTHER}", new_phone="79990000001|79990000002") == OK
    assert await ask(bureau, "chg=1", phone="79990000001,79990000002", new_phone=PHONE) == WRONG
    assert await ask(bureau, "chg=1", mail="a@example.org", new_mail="b@example.org", tags="t") == OK
    assert [(card["phone"], card["tags"]) for card in await contacts(bureau, "mail=b@example.org")] == [
        ("79990000001", "t")
    ]
    assert [card["phone"] for card in await contacts(bureau, f"after_id={first}")] == ["79990000002"]


async def test_contacts_move_between_groups(bureau: Bureau) -> None:
    one, two = [await made(bureau, f"add_group=1&name=g{n}&num={n}") for n in (1, 2)]
    await made(bureau, f"add=1&name=A&grp={one}", phone=PHONE)
    for how, grp, groups in ((2, two, f"{one},{two}"), (3, one, f"{two}"), (1, one, f"{one}"), (3, one, "0")):
        assert await ask(bureau, f"move_group={how}&grp={grp}", phone=PHONE) == OK
        assert [card["group"] for card in await contacts(bureau)] == [groups]
    assert [card["name"] for card in await contacts(bureau, "grp=0")] == ["A"]
    assert await ask(bureau, f"move_group=1&grp={one}", phone=OTHER) == NONE
    assert await ask(bureau, "move_group=1&grp=77", phone=PHONE) == NONE
    assert await ask(bureau, f"get=1&grp={one}") == NONE


async def test_a_contact_may_have_a_number_that_nobody_can_have(bureau: Bureau) -> None:
    nobody = "99999999999"  # so a client's own tests write one
    group = await made(bureau, "add_group=1&name=g&num=5")
    await made(bureau, f"add=1&name=A&grp={group}", phone=PHONE)
    assert await ask(bureau, "chg=1", phone=PHONE, new_phone=nobody) == OK
    assert [card["phone"] for card in await contacts(bureau, phone=nobody)] == [nobody]
    assert (await bureau.get("send", "phones=G5&mes=Hello")).startswith("ERROR = 7 (invalid number), ID - ")
    assert await ask(bureau, "del=1", phone=nobody) == OK
    assert await ask(bureau, "add=1&name=A", phone="123456") == WRONG


async def test_groups_are_told_made_changed_and_deleted(bureau: Bureau) -> None:
    first, second = json.loads(await ask(bureau, "get_group=1"))
    assert [first["number"], first["cnt"], second["cnt"]] == ["", "0", "0"]
    id = await made(bureau, "add_group=1&name=t&num=17")
    assert (await ask(bureau, "get_group=1")).endswith(
        f'{{\n"id": {id},\n"name": "t",\n"number": "17",\n"cnt": "0"\n}}]'
    )
    assert await ask(bureau, "add_group=1&name=u&num=17") == FAILED
    assert await ask(bureau, f"chg_group=1&grp={id}&name=t2&num=7") == OK
    await made(bureau, f"add=1&name=A&grp={id}", phone=PHONE)
    assert json.loads(await ask(bureau, "get_group=1"))[-1] == {"id": id, "name": "t2", "number": "7", "cnt": "1"}
    assert await bureau.store.look(cards.numbers, ALEX, 7) == [f"+{PHONE}"]
    for grp in (id, first["id"], second["id"]):
        assert await ask(bureau, f"del_group=1&grp={grp}") == OK
    assert await ask(bureau, f"del_group=1&grp={id}") == NONE
    assert await ask(bureau, f"chg_group=1&grp={id}&name=t") == NONE
    assert await ask(bureau, "get_group=1") == NONE


async def test_a_group_may_be_of_mail_addresses(bureau: Bureau) -> None:
    id = await made(bureau, "add_group=1&name=m&type=1")
    await made(bureau, f"add=1&name=A&grp={id}", mail="a@example.org b@example.org", phone=PHONE)
    assert await bureau.store.look(cards.numbers, ALEX, id) == ["a@example.org", "b@example.org"]
    assert [card["phone"] for card in await contacts(bureau)] == [PHONE, "b@example.org"]
    assert await ask(bureau, f"chg_group=1&grp={id}&name=m&type=0") == OK
    assert await bureau.store.look(cards.numbers, ALEX, id) == [f"+{PHONE}"]


async def test_the_black_list_bars_and_lets_go(bureau: Bureau) -> None:
    await made(bureau, "add_black=1&type=1", phone=PHONE)
    assert await bureau.rows("SELECT number, kind FROM optouts") == [(f"+{PHONE}", 1)]
    await made(bureau, "add_black=1", phone=f"{PHONE},{OTHER}")
    assert await bureau.rows("SELECT kind FROM optouts") == [(3,), (3,)]
    assert await ask(bureau, "del_black=1", phone=f"{PHONE},{OTHER}") == OK
    assert await ask(bureau, "del_black=1", phone=PHONE) == NONE
    assert await bureau.rows("SELECT kind FROM optouts") == []


BAD = (
    "",
    "add=0",
    "add=1",
    f"add=1&phone={PHONE}",
    "add=1&name=A",
    "add=1&name=A&phone=123",
    "add=1&name=A&phone=G1",
    f"add=1&name=A&phone={PHONE},abc",
    "add=1&name=A&mail=nobody",
    f"add=1&name=A&phone={PHONE}&bd=31.02.2000",
    f"add=1&name=A&phone={PHONE}&bd=soon",
    f"add=1&name=A&phone={PHONE}&grp=x",
    f"add=1&name=A%00&phone={PHONE}",
    f"chg=1&phone={PHONE}",
    "chg=1&name=A",
    "add_group=1",
    "add_group=1&name=g&num=x",
    "add_group=1&name=g&type=2",
    "chg_group=1&grp=1",
    "chg_group=1&name=g",
    f"move_group=4&grp=1&phone={PHONE}",
    f"move_group=1&phone={PHONE}",
    f"add_black=1&phone={PHONE}&type=3",
    "add_black=1",
    "del_black=1&phone=,",
    "del=1",
    "del_group=1",
    "get=1&phone=x",
    "get=1&grp=x",
)


async def test_bad_requests_change_nothing(bureau: Bureau) -> None:
    for query in BAD:
        assert await ask(bureau, query) == WRONG, query
    for table in ("cards", "card_groups", "optouts"):
        assert await bureau.rows(f"SELECT * FROM {table}") == []


async def test_the_same_is_taken_three_times_a_minute(bureau: Bureau) -> None:
    await bureau.change_limits(same_asks=3)
    for _ in range(3):
        assert await ask(bureau, "get=1") == NONE
    assert json.loads(await ask(bureau, "get=1"))["error_code"] == 9


@settings(max_examples=60)
@given(
    st.lists(st.integers(79990000000, 79990000099), min_size=1, max_size=6, unique=True),
    st.lists(st.sampled_from([",", ";", "|", "\n", " ", ", ", "/", "\r\n", " ; "]), min_size=6, max_size=6),
)
def test_numbers_are_told_apart_whatever_is_between(numbers: list[int], marks: list[str]) -> None:
    text = "".join(f"{number}{mark}" for number, mark in zip(numbers, marks, strict=False))
    assert [address.number for address in read_addresses(text, "", "RU")] == [f"+{number}" for number in numbers]


@settings(max_examples=100)
@given(st.text(alphabet="0123456789+-()., ;|abG@\n", max_size=40))
def test_any_list_is_read_or_refused(text: str) -> None:
    try:
        found = read_addresses(text, "", "RU")
    except Refused as refused:
        assert refused.code == 1
    else:
        assert all(address.number.startswith("+") for address in found)


@given(st.dates())
def test_birthdays_come_back(day: object) -> None:
    written = write_birthday(str(day))
    assert read_birthday(written) == str(day)


@settings(max_examples=100)
@given(st.text(alphabet="0123456789. ", max_size=12))
def test_any_birthday_is_read_or_refused(text: str) -> None:
    try:
        assert len(read_birthday(text)) in (0, 10)
    except Refused as refused:
        assert refused.code == 1
