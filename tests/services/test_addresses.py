"""Addresses of logins: the first is known, others wait to be confirmed."""

import pytest
from tests.store.world import ONE, TWO, furnished
from tests.support import NOW

from depesza.services import addresses
from depesza.services.accounts import Unknown
from depesza.store.contract import Store

pytestmark = pytest.mark.anyio


async def test_the_first_address_is_known_and_others_wait_to_be_confirmed(store: Store) -> None:
    await furnished(store)

    async def may(address: str, login: str = "alex", account: int = ONE) -> bool:
        return await store.run(addresses.admit, account, login, address, NOW)

    assert await may("192.0.2.1")
    assert not await may("192.0.2.2")
    assert not await may("192.0.2.2")
    assert await may("192.0.2.1")
    assert await may("192.0.2.2", "other")
    assert await may("192.0.2.2", account=TWO)
    told = [(row.address, row.confirmed) for row in await store.look(addresses.listed, ONE) if row.login == "alex"]
    assert told == [("192.0.2.2", False), ("192.0.2.1", True)]
    await store.run(addresses.confirm, ONE, "alex", "192.0.2.2", NOW)
    assert await may("192.0.2.2")
    await store.run(addresses.forget, ONE, "alex", "192.0.2.2")
    assert not await may("192.0.2.2")
    with pytest.raises(Unknown):
        await store.run(addresses.forget, ONE, "alex", "192.0.2.9")
    assert len(await store.look(addresses.listed)) == 4
