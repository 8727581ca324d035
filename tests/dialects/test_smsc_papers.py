"""documents.php: invoices and acts. spec: smsc/3.9"""

import re
from collections.abc import AsyncIterator

import pytest
from tests.dialects.smsc_world import PHONE, Bureau, bureau_of

pytestmark = pytest.mark.anyio

MONTH = 31 * 86_400


@pytest.fixture
async def bureau(sqlite_url: str) -> AsyncIterator[Bureau]:
    """The setting of the acceptance cases."""
    async with bureau_of(sqlite_url) as bureau:
        await bureau.change_limits(same_asks=0, user_changes=0)
        yield bureau


async def told(bureau: Bureau, **params: object) -> list[str]:
    """Read the lines of a paper."""
    document = await bureau.raw("documents", "", **params)
    assert document.startswith(b"%PDF-1.4\n"), document
    return [line.decode("cp1252") for line in re.findall(rb"Td \((.*)\) Tj", document)]


async def test_an_invoice_is_written_once_and_shown_again(bureau: Bureau) -> None:
    made = await told(bureau, add_account=1, sum="1500,50", service="Рассылка")
    assert made == [
        "Invoice 1 of 15.01.2026", "From: depesza", "To: alex", "Service", "Sum", "Rassylka", "1500.50 RUR",
        "To be paid", "1500.50 RUR",
    ]  # fmt: skip
    assert (await told(bureau, add_account=1, sum=7))[0] == "Invoice 2 of 15.01.2026"
    assert await told(bureau, get_account=1, num=1) == await told(bureau, get_account=1, id=1) == made
    assert (await told(bureau, get_account=1))[-1] == "7.00 RUR"
    assert await bureau.balance() == "101.90"


async def test_a_sub_client_has_papers_of_its_own(bureau: Bureau) -> None:
    await bureau.get("users", add=1, user="bob", password="x", type=2, fio="Боб")
    made = await told(bureau, add_account=1, sum=7, user="bob")
    assert made[:3] == ["Invoice 1 of 15.01.2026", "From: depesza", "To: Bob, bob"]
    assert await bureau.get("documents", get_account=1, fmt=1) == "0,-3"
    (id,) = [row.id for row in bureau.store.facts.accounts if row.name == "bob"]
    assert await told(bureau, get_account=1, user_id=id) == made
    assert await bureau.get("documents", get_account=1, user="eve", fmt=1) == "0,-3"


async def test_an_act_tells_of_a_month(bureau: Bureau) -> None:
    assert await bureau.get("documents", get_act=1, fmt=1) == "0,-3", "nothing was sent last month"
    await bureau.send()
    await told(bureau, add_account=1, sum=7)
    assert await told(bureau, get_act=1, num=1) == [
        "Act of services rendered, 01.01.2026 - 31.01.2026", "From: depesza", "To: alex", "Messaging services", "Sum",
        "Messages and requests: 1", "1.40 RUR", "Paid in", "101.90 RUR", "Balance at the end", "100.50 RUR",
    ]  # fmt: skip
    await bureau.later(MONTH)
    assert (await told(bureau, get_act=1))[0] == "Act of services rendered, 01.01.2026 - 31.01.2026"
    await bureau.later(MONTH)
    assert await bureau.get("documents", get_act=1, fmt=1) == "0,-3"
    assert await bureau.get("documents", get_act=1, num=9, fmt=1) == "0,-3"


async def test_what_is_no_sum_is_refused(bureau: Bureau) -> None:
    for sum in ("", "0", "-1", "many", "1e3"):
        assert await bureau.get("documents", add_account=1, sum=sum, fmt=1) == "0,-1"
    assert await bureau.get("documents", add_account=1, sum=1, service="x" * 61, fmt=1) == "0,-1"
    assert await bureau.get("documents", fmt=1) == "0,-1"
    assert await bureau.get("documents", get_account=1, fmt=3, num=PHONE) == (
        '{\n"error": "record not found",\n"error_code": 3\n}'
    )
