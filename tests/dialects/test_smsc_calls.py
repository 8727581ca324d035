"""SMSC's numbers to rent, calls that are waited for and alarms, byte for byte. spec: smsc/3.12 smsc/3.13"""

from collections.abc import AsyncIterator

import pytest
from tests.dialects.smsc_world import ALEX, PHONE, TO, Bureau, bureau_of

from depesza.core.model import MICRO
from depesza.services import alarms, calls, rentals
from depesza.services.rentals import Offered

pytestmark = pytest.mark.anyio

NUMBER = "79037676877"


@pytest.fixture
async def bureau(sqlite_url: str) -> AsyncIterator[Bureau]:
    """The setting of the acceptance cases, with a number to rent and one for calls."""
    async with bureau_of(sqlite_url) as bureau:
        await bureau.store.run(rentals.offer, Offered(f"+{NUMBER}", "RUR", 100 * MICRO))
        yield bureau


async def test_a_number_is_rented(bureau: Bureau) -> None:
    listed = f'[{{\n"phone": "{NUMBER}",\n"cost": "100.00"\n}}]'
    assert await bureau.get("receive_phones", get=1, fmt=3) == listed
    assert await bureau.get("receive_phones", buy=1, phone=PHONE, fmt=1) == "0,-3"
    assert await bureau.get("receive_phones", buy=1, phone="x", fmt=1) == "0,-1"
    assert await bureau.get("receive_phones", buy=1, phone=NUMBER) == "OK"
    assert await bureau.get("senders", "del=1", sender=NUMBER) == "ERROR = 5 (operation error)"
    assert await bureau.balance() == "1.90"
    assert await bureau.get("receive_phones", get=1, fmt=3, cnt=1) == "[]"
    assert await bureau.get("receive_phones", chg=1, phone=NUMBER, noprolong=1) == "OK"
    assert await bureau.get("receive_phones", chg=1, phone=NUMBER, fmt=1) == "0,-1"
    assert await bureau.get("receive_phones", chg=1, phone=PHONE, noprolong=1, fmt=1) == "0,-3"
    (found,) = await bureau.store.look(rentals.listing)
    assert (found.account, found.prolong) == (ALEX, False)
    assert await bureau.send(sender=NUMBER, id=5) == "OK - 1 SMS, ID - 5"


async def test_a_number_that_can_not_be_paid_is_not_rented(bureau: Bureau) -> None:
    await bureau.store.run(rentals.offer, Offered("+79037676878", "RUR", 200 * MICRO))
    assert await bureau.get("receive_phones", buy=1, phone="79037676878") == "ERROR = 3 (no money)"


async def test_a_call_that_was_waited_for_is_called_back(bureau: Bureau) -> None:
    assert await bureau.get("wait_call", phone=PHONE) == "ERROR = 5 (operation error)"  # there is no number to call
    await bureau.change_account(callback="http://h/cb?md5=topsecret")
    await bureau.store.run(rentals.offer, Offered("+78001234567", shared=True))
    assert await bureau.get("wait_call", phone=PHONE, fmt=3) == '{\n"phone": "78001234567"\n}'
    assert await bureau.get("wait_call", phone="8 (999) 999-99-99") == "78001234567"
    assert await bureau.get("wait_call", phone="") == "ERROR = 1 (parameters error)"
    assert await bureau.store.run(calls.came, TO, "+78001234567", bureau.clock())
    await bureau.quiet()
    (told,) = bureau.told
    assert told.body == b"phone=79999999999&ts=1768467600&waitcall=1&md5=16e513293b6ed42ca7e43f38d75ba3b2"


async def test_an_alarm_tells_what_was_prepared(bureau: Bureau) -> None:
    texts = ("{name} on {host} fails: {info}", "{name} is well {again}")
    id = await bureau.store.run(alarms.create, ALEX, "servers", (TO,), "", *texts)
    assert await bureau.get("ping", id=id, ok=0, name="web", host="h1", info="{host}?") == "OK"
    assert await bureau.get("ping", id=id, ok=1, name="web", fmt=3) == '{\n"result": "OK"\n}'
    await bureau.quiet()
    assert [message.body for message in bureau.sent] == ["web on h1 fails: {host}?", "web is well {again}"]
    assert await bureau.get("ping", id=99, ok=1, fmt=1) == "0,-3"
    for wrong in ({"id": id}, {"ok": 1}, {"id": id, "ok": 2}, {"id": "x", "ok": 1}):
        assert await bureau.get("ping", fmt=1, **wrong) == "0,-1"
    silent = await bureau.store.run(alarms.create, ALEX, "quiet", (TO,), "", "down", "")
    assert await bureau.get("ping", id=silent, ok=1) == "OK"
    away = await bureau.store.run(alarms.create, ALEX, "far", ("+33612345678",), "", "down", "")
    assert await bureau.get("ping", id=away, ok=0) == "ERROR = 5 (operation error)"
    await bureau.quiet()
    assert len(bureau.sent) == 2
