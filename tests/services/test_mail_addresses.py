"""Private addresses and answers by mail, on each kind of store."""

import pytest
from tests.store.world import ONE, furnish
from tests.support import Clock

from depesza.services import details, mail_addresses
from depesza.store.contract import Store
from depesza.store.tx import Tx
from depesza.wire.mail import Mail

pytestmark = pytest.mark.anyio

KEY = b"k" * 32


async def _switch(tx: Tx, value: str) -> None:
    details.write(tx, ONE, {mail_addresses.ANSWERS: value})


async def test_no_address_is_ever_given_twice(store: Store, clock: Clock) -> None:
    await store.run(furnish)
    assert await store.look(mail_addresses.serial, ONE) == 0
    await store.run(mail_addresses.close, ONE)
    given = [await store.run(mail_addresses.renew, ONE)]
    assert await store.look(mail_addresses.serial, ONE) == given[0]
    given.append(await store.run(mail_addresses.renew, ONE))
    await store.run(mail_addresses.close, ONE)
    await store.run(mail_addresses.close, ONE)
    assert await store.look(mail_addresses.serial, ONE) == 0
    given.append(await store.run(mail_addresses.renew, ONE))
    secrets = {mail_addresses.secret(ONE, serial, KEY) for serial in given}
    assert len(secrets) == 3 and {len(secret) for secret in secrets} == {mail_addresses.LENGTH}
    assert mail_addresses.secret(ONE + 1, given[0], KEY) not in secrets


async def test_who_is_answered(store: Store, clock: Clock) -> None:
    await store.run(furnish)
    account = store.facts.account[ONE]

    async def answered(asked: bool, strange: bool, to: str = "a@b.example") -> bool:
        mail = Mail(to, "said", "said\n")
        return await store.run(mail_addresses.answer, account, mail, clock(), asked=asked, strange=strange)

    assert not await answered(asked=False, strange=False)
    assert await answered(asked=True, strange=False)
    await store.run(_switch, "1")
    assert await answered(asked=False, strange=False)
    told = [await answered(asked=True, strange=True) for _ in range(mail_addresses.STRANGERS + 2)]
    assert told == [True] * mail_addresses.STRANGERS + [False] * 2
    assert await answered(asked=True, strange=True, to="c@b.example")
    clock.move(3600)
    assert await answered(asked=True, strange=True)
