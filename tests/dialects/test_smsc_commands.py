"""A command by text in SMSC's setting: what it sends is known to every script. spec: smsc/4.5"""

from collections.abc import AsyncIterator

import pytest
from tests.dialects.smsc_world import ALEX, PHONE, TO, Bureau, bureau_of
from tests.store.world import OUT

from depesza.core.facts import Sender
from depesza.core.model import Inbound
from depesza.core.planning import Policy
from depesza.core.pricing import Price
from depesza.services import commands, inbox

pytestmark = pytest.mark.anyio

OURS, BOSS = "+79037676877", "+79161112233"


@pytest.fixture
async def bureau(sqlite_url: str) -> AsyncIterator[Bureau]:
    """The setting, with a number of alex's own and a phone that may command."""
    async with bureau_of(sqlite_url) as made:
        await made.add("senders", Sender(account=ALEX, name=OURS, kind="numeric"))
        await made.change_account(sender="ivan")
        await made.add("prices", Price(id=402, micro=1_400_000, prefix="7", currency="RUR"))
        hashed = commands.hash_password("pw", bytes(commands.SALT))
        await made.store.run(commands.allow, ALEX, BOSS, hashed, made.clock())
        yield made


async def say(bureau: Bureau, text: str) -> str:
    """Text to alex's number; gives what is answered."""
    said = [Inbound(OUT, BOSS, OURS.removeprefix("+"), text, bureau.clock())]
    await bureau.store.run(inbox.take_inbound, said, Policy(), bureau.clock())
    await bureau.quiet()
    return next(sent.content.text for sent in reversed(bureau.sent) if sent.receiver == BOSS)


async def test_a_mailing_by_text(bureau: Bureau) -> None:
    assert await say(bureau, f"ОТПРАВИТЬ pw {PHONE} Собрание в 9") == "OK - 1 SMS, ID - 1234"
    (sent,) = [sent for sent in bureau.sent if sent.receiver == TO]
    assert (sent.content.sender, sent.content.text) == ("ivan", "Собрание в 9")
    await bureau.report(sent)
    assert (await bureau.get("status", phone=PHONE, id=1234, fmt=1)).startswith("1,")
    assert await say(bureau, "СТАТУС pw 1234") == "ID - 1234, DELIVERED - 1, WAITING - 0, FAILED - 0"
    assert float(await say(bureau, "БАЛАНС pw")) < 101.90 - 1.40
    told = await bureau.get("get", get_answers=1, fmt=3)
    assert '"message": "БАЛАНС ***"' in told
    assert "pw" not in told
    assert bureau.told == []


async def test_the_limits_of_the_account_hold(bureau: Bureau) -> None:
    await bureau.change_limits(codes=("-7999",))
    assert await say(bureau, f"SEND pw {PHONE} text") == "ERROR = 6 (message is denied), ID - 1234"
    await bureau.change_limits(codes=(), wrong_logins=1)
    assert await say(bureau, "BALANCE wrong") == "ERROR = 4 (phone is locked)"
    assert await bureau.get("balance") == await bureau.balance()  # a locked phone locks nobody else
