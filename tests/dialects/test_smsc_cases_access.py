"""SMSC's acceptance cases of signing in, of the balance and of what may be asked how often."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.dialects.smsc_world import ALEX, Bureau, Q, bureau_of

pytestmark = pytest.mark.anyio


@pytest.fixture
async def bureau(sqlite_url: str) -> AsyncIterator[Bureau]:
    """The setting of the acceptance cases."""
    async with bureau_of(sqlite_url) as bureau:
        yield bureau


async def test_case_41_the_balance(bureau: Bureau) -> None:
    assert await bureau.get("balance") == "101.90"


async def test_case_42_the_balance_in_other_forms(bureau: Bureau) -> None:
    assert await bureau.get("balance", fmt=3) == '{\n"balance": "101.90"\n}'
    assert await bureau.get("balance", fmt=3, cur=1) == '{\n"balance": "101.90",\n"currency": "RUR"\n}'
    assert await bureau.get("balance", fmt=2) == "<balance>101.90</balance>"


@pytest.mark.parametrize(
    "shown",
    [
        "login=alex&psw=123",
        "login=alex&psw=202cb962ac59075b964b07152d234b70",
        "login=alex&psw=40bd001563085fc35165329ea1ff5c5ecbdbbeef",
        "apikey=KEY1",
        "login=somebody&psw=else&apikey=KEY1",
        "login=&psw=KEY1",
    ],
)
async def test_a_password_its_digests_and_a_key_open_the_door(bureau: Bureau, shown: str) -> None:
    assert (await bureau.ask(f"/sys/balance.php?{shown}")).body == b"101.90"


@pytest.mark.parametrize("shown", ["", "login=alex", "login=alex&psw=bad", "login=bob&psw=123", "apikey=KEY2"])
async def test_nothing_else_does(bureau: Bureau, shown: str) -> None:
    assert (await bureau.ask(f"/sys/balance.php?{shown}")).body == b"ERROR = 2 (authorise error)"


async def test_a_login_is_let_in_from_its_addresses_only(bureau: Bureau) -> None:
    await bureau.change("logins", bureau.store.facts.login_named["alex"], ips=("192.0.2.0/24",))
    assert (await bureau.ask(f"/sys/balance.php?{Q}")).body == b"ERROR = 2 (authorise error)"
    assert (await bureau.ask(f"/sys/balance.php?{Q}", client="192.0.2.7")).body == b"101.90"


async def test_a_disabled_account_is_shut_out(bureau: Bureau) -> None:
    await bureau.change_account(enabled=False)
    assert await bureau.get("balance", fmt=1) == "0,-2"


async def test_five_wrong_passwords_lock_an_address_for_half_an_hour(bureau: Bureau) -> None:
    for _ in range(5):
        assert (await bureau.ask("/sys/balance.php?login=alex&psw=bad&fmt=1")).body == b"0,-2"
    assert await bureau.get("balance") == "ERROR = 4 (ip is blocked)"
    assert (await bureau.ask(f"/sys/balance.php?{Q}", client="192.0.2.7")).body == b"101.90"
    bureau.clock.move(29 * 60)
    assert await bureau.get("balance") == "ERROR = 4 (ip is blocked)"
    bureau.clock.move(61)
    assert await bureau.get("balance") == "101.90"


async def test_the_addresses_of_an_account_are_never_locked(bureau: Bureau) -> None:
    await bureau.change("logins", bureau.store.facts.login_named["alex"], ips=("127.0.0.1",))
    for _ in range(7):
        assert (await bureau.ask("/sys/balance.php?login=alex&psw=bad&fmt=1")).body == b"0,-2"
    bureau.clock.move(3600)
    assert await bureau.get("balance") == "101.90"


async def test_the_balance_is_told_ten_times_a_minute(bureau: Bureau) -> None:
    for _ in range(10):
        assert await bureau.get("balance") == "101.90"
    assert await bureau.get("balance") == "ERROR = 9 (duplicate request, wait a minute)"
    bureau.clock.move(60)
    assert await bureau.get("balance") == "101.90"


async def test_a_limit_of_none_is_none(bureau: Bureau) -> None:
    await bureau.change_limits(balance_asks=0)
    answers = await asyncio.gather(*[bureau.get("balance") for _ in range(30)])
    assert set(answers) == {"101.90"}


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/sys/nothing.php", 404),
        ("GET", "/sys", 404),
        ("GET", "/rest/balance.php", 404),
        ("PUT", "/sys/balance.php", 405),
    ],
)
async def test_what_is_no_script_is_not_found(bureau: Bureau, method: str, target: str, status: int) -> None:
    assert (await bureau.ask(target, method=method)).status == status


async def test_the_short_paths_speak_json(bureau: Bureau) -> None:
    reply = await bureau.ask("/rest/balance/", b'{"login": "alex", "psw": "123"}', kind="application/json")
    assert (reply.status, reply.body) == (200, b'{\n"balance": "101.90"\n}')
    assert reply.content_type == "application/json; charset=utf-8"


async def test_a_wallet_above_pays_and_is_told(bureau: Bureau) -> None:
    below = bureau.store.facts.account[ALEX]
    await bureau.change_account(credit_limit=5_000_000)
    assert await bureau.get("balance", fmt=3) == '{\n"balance": "101.90",\n"credit": "5.00"\n}'
    assert below.wallet == ALEX
