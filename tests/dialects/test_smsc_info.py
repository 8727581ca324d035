"""Whose numbers are, and which were ported, as SMSC tells it. spec: smsc/3.12"""

from collections.abc import AsyncIterator

import pytest
from tests.dialects.smsc_world import NOW, OTHER, PHONE, Bureau, Q, bureau_of

from depesza.core.phone_zones import zone_of_number
from depesza.core.ranges import Range

pytestmark = pytest.mark.anyio

HERS = '"country": "Россия",\n"operator": "МТС",\n"region": "Москва",\n"mcc": "250",\n"mnc": "01",\n"tz": "0"'


@pytest.fixture
async def bureau(sqlite_url: str) -> AsyncIterator[Bureau]:
    """The setting of the acceptance cases."""
    async with bureau_of(sqlite_url) as bureau:
        yield bureau


async def ask(bureau: Bureau, phone: str, fmt: int = 3) -> str:
    return await bureau.get("info", get_operator=1, phone=phone, fmt=fmt)


async def test_a_number_has_an_operator_and_a_time_zone(bureau: Bureau) -> None:
    assert await ask(bureau, PHONE) == f"{{\n{HERS}\n}}"
    assert await ask(bureau, PHONE, 1) == "Россия,МТС,Москва,250,01,0"
    text = "country = Россия, operator = МТС, region = Москва, mcc = 250, mnc = 01, tz = 0"
    assert await ask(bureau, PHONE, 0) == text
    assert '"tz": "-2"' in await ask(bureau, "33612345678")


async def test_of_a_list_those_are_told_that_are_known(bureau: Bureau) -> None:
    one = f'{{\n{HERS},\n"phone": "{PHONE}"\n}}'
    assert await ask(bureau, f"{PHONE},70000000000,{OTHER}") == f"[{one},\n{one.replace(PHONE, OTHER)}]"
    assert await ask(bureau, f"{PHONE},") == f"[{one}]"
    assert await ask(bureau, "70000000000", 1) == "0,-3"
    assert await ask(bureau, "call me", 1) == "0,-1"
    assert await ask(bureau, "", 1) == "0,-1"


async def test_three_identical_questions_a_minute_and_a_hundred_of_any(bureau: Bureau) -> None:
    answers = [await ask(bureau, PHONE, 1) for _ in range(4)]
    assert answers[3] == "0,-9"
    await bureau.change_limits(info_asks=5)
    assert [(await ask(bureau, f"7999000000{n}", 1))[:2] for n in range(3)] == ["Ро", "Ро", "0,"]
    bureau.clock.move(60)
    assert (await ask(bureau, PHONE, 1)).startswith("Россия")


async def test_ported_numbers_of_a_day_or_all(bureau: Bureau) -> None:
    assert await bureau.get("get_mnp") == "Phone;mccmnc"
    await bureau.add("ranges", Range(prefix=PHONE, operator="T2", mcc="250", mnc="20", ported=NOW))
    day = 86_400_000_000
    await bureau.add("ranges", Range(prefix=OTHER, operator="T2", mcc="250", mnc="20", ported=NOW - day))
    reply = await bureau.ask(f"/sys/get_mnp.php?{Q}")
    assert (reply.content_type, reply.body.decode()) == (
        "text/csv; charset=us-ascii",
        f"Phone;mccmnc\n{OTHER};25020\n{PHONE};25020",
    )
    assert await bureau.get("get_mnp", date="15.01.2026") == f'[{{\n"phone": "{PHONE}",\n"mccmnc": "25020"\n}}]'
    assert await bureau.get("get_mnp", date="16.01.2026") == "[]"
    assert await bureau.get("get_mnp", date="yesterday", fmt=1) == "0,-1"
    assert '"operator": "T2"' in await ask(bureau, PHONE)


@pytest.mark.parametrize(
    ("number", "zone"),
    [
        ("+79999999999", "Europe/Moscow"),
        ("+73432345678", "Asia/Yekaterinburg"),
        ("+380671234567", "Europe/Kyiv"),
        ("+999", "UTC"),
        ("no number", "UTC"),
    ],
)
def test_digits_tell_a_time_zone(number: str, zone: str) -> None:
    assert zone_of_number(number) == zone
