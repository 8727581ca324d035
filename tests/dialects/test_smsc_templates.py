"""templates.php and op_templates.php: texts that are kept. spec: smsc/3.8 smsc/6"""

import json
from collections.abc import AsyncIterator

import pytest
from tests.dialects.smsc_world import Bureau, bureau_of

pytestmark = pytest.mark.anyio

NONE = '{\n"error": "record not found",\n"error_code": 3\n}'
WRONG = '{\n"error": "parameters error",\n"error_code": 1\n}'
OK = '{\n"result": "OK"\n}'


@pytest.fixture
async def bureau(sqlite_url: str) -> AsyncIterator[Bureau]:
    """The setting of the acceptance cases, where the same may be asked often."""
    async with bureau_of(sqlite_url) as bureau:
        await bureau.change_limits(same_asks=0)
        yield bureau


async def test_case_46_a_template_lives(bureau: Bureau) -> None:
    answer = await bureau.get("templates", "add=1&name=t&msg=m&format=sms&fmt=3")
    id = json.loads(answer)["id"]
    assert answer == f'{{\n"id": {id}\n}}'
    assert await bureau.get("templates", f"chg=1&id={id}&msg=m2&fmt=3") == OK
    assert await bureau.get("templates", "get=1&fmt=3") == (
        f'[{{\n"id": {id},\n"format": "sms",\n"name": "t",\n"message": "m2",\n"sender": "",\n"flag": 0\n}}]'
    )
    assert await bureau.get("templates", f"del=1&id={id}&fmt=3") == OK
    assert await bureau.get("templates", f"chg=1&id={id}&msg=m3&fmt=3") == NONE
    assert await bureau.get("templates", f"del=1&id={id}&fmt=3") == NONE
    assert await bureau.get("templates", "get=1&fmt=3") == "[]"


async def test_a_template_says_how_it_is_sent(bureau: Bureau) -> None:
    for fmt, answer in enumerate(("ID = 1234", "1235", "<template>\n<id>1236</id>\n</template>", '{\n"id": 1237\n}')):
        given = {"name": "Привет", "msg": " text\nmore ", "sender": "ivan", "fl[1]": 1, "format": "viber"}
        assert await bureau.get("templates", "add=1", fmt=fmt, **given) == answer
    row = (
        '{\n"id": 1234,\n"format": "viber",\n"name": "Привет",\n"message": " text\\nmore ",\n"sender": "ivan",\n'
        '"flag": 1\n}'
    )
    assert await bureau.get("templates", "get=1&id=1234", fmt=3) == f"[{row}]"
    assert await bureau.get("templates", "get=1&id=1234", fmt=1) == "1234,viber,Привет, text\nmore ,ivan,1"
    assert await bureau.get("templates", "chg=1&id=1234", fmt=0, **{"fl[1]": 0, "sender": ""}) == "OK"
    assert '"sender": "",\n"flag": 0' in await bureau.get("templates", "get=1&id=1234", fmt=3)
    assert await bureau.get("templates", "get=1&id=77", fmt=3) == NONE


async def test_bad_templates_are_refused(bureau: Bureau) -> None:
    await bureau.get("templates", "add=1&name=t&msg=m")
    before = await bureau.get("templates", "get=1")
    for query in (
        "", "add=1", "add=1&name=t", "add=1&msg=m", "add=1&name=t&msg=m&format=fax", "add=1&name=t&msg=m&fl[1]=2",
        "add=1&name=t&msg=m&sender=much_too_long_name", "chg=1&msg=m", "chg=1&id=x&msg=m", "chg=1&id=1234&msg=",
        "del=1", "get=1&id=x",
    ):  # fmt: skip
        assert await bureau.get("templates", query, fmt=3) == WRONG, query
    assert await bureau.get("templates", "get=1") == before


async def test_texts_for_operators_are_kept_and_listed(bureau: Bureau) -> None:
    assert await bureau.get("op_templates", "get=1&fmt=3") == "[]"
    assert (
        await bureau.get("op_templates", "add=1&sender=ivan&msg=Code&mts_srv=1&tele2_trn=1&fmt=3") == '{\n"id": 1234\n}'
    )
    assert await bureau.get("op_templates", "get=1&fmt=3") == (
        '[{\n"id": 1234,\n"sender": "ivan",\n"message": "Code",\n"mts_srv": 1,\n"mts_trn": 0,\n"mega_srv": 0,\n'
        '"mega_trn": 0,\n"bee_srv": 0,\n"bee_trn": 0,\n"tele2_srv": 0,\n"tele2_trn": 1\n}]'
    )
    for query in ("", "add=1&msg=Code", "add=1&sender=ivan", "add=1&sender=ivan&msg=Code&mts_srv=x"):
        assert await bureau.get("op_templates", query, fmt=3) == WRONG, query
