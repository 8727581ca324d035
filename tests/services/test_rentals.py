"""Numbers that are rented, and calls that are waited for on them; on both stores."""

import pytest
from tests.store.world import ONE, TWO, balance, furnished
from tests.support import NOW

from depesza.core.facts import Sender
from depesza.core.ledger import NotEnoughCredits
from depesza.core.model import MICRO, Notice
from depesza.services import audit, calls, notices, rentals, senders
from depesza.services.accounts import Unknown
from depesza.services.rentals import MONTH, Offered
from depesza.store.contract import Conflict, Store
from depesza.store.tx import Tx

pytestmark = pytest.mark.anyio

NUMBER, SHARED, CALLER = "+33700000001", "+33800000001", "+33601020304"


async def offered(store: Store, **account: object) -> None:
    """Offer a number to be rented, and one for everybody's calls."""
    await furnished(store, **account)
    await store.run(rentals.offer, Offered(NUMBER, price=40 * MICRO))
    await store.run(rentals.offer, Offered(SHARED, shared=True))


async def waiting(tx: Tx) -> list[Notice]:
    return await notices.due(tx, NOW + MONTH, 10)


async def test_a_number_is_rented_prolonged_and_given_back_when_nobody_pays(store: Store) -> None:
    await offered(store)
    one, two = store.facts.account[ONE], store.facts.account[TWO]
    assert [each.number for each in await store.look(rentals.free, one)] == [NUMBER]
    await store.run(rentals.rent, one, NUMBER, NOW, prolong=True)
    assert (store.facts.number_owner[NUMBER], await store.look(balance)) == (ONE, 60 * MICRO)
    for wrong in (NUMBER, SHARED, "+33700000009"):
        with pytest.raises(Unknown):
            await store.run(rentals.rent, two, wrong, NOW, prolong=True)
    with pytest.raises(Unknown):
        await store.run(rentals.change, TWO, NUMBER, prolong=False)
    with pytest.raises(Conflict):
        await store.run(rentals.withdraw, NUMBER)
    assert await store.run(rentals.renew, NOW + MONTH - 1, 10) == 0
    assert await store.run(rentals.renew, NOW + MONTH, 10) == 1
    assert await store.look(balance) == 20 * MICRO
    assert await store.run(rentals.renew, NOW + 2 * MONTH, 10) == 1  # twenty are left, forty are asked
    assert NUMBER not in store.facts.number_owner
    assert [each.number for each in await store.look(rentals.free, two)] == [NUMBER]
    assert (await store.look(audit.audit, 0)).clean
    await store.run(rentals.withdraw, NUMBER)


async def test_a_number_that_is_not_to_be_prolonged_ends(store: Store) -> None:
    await offered(store)
    await store.run(rentals.rent, store.facts.account[ONE], NUMBER, NOW, prolong=True)
    await store.run(rentals.change, ONE, NUMBER, prolong=False)
    await store.run(rentals.renew, NOW + MONTH, 10)
    assert (NUMBER in store.facts.number_owner, await store.look(balance)) == (False, 60 * MICRO)


async def test_a_rented_number_is_no_sender_to_be_deleted_until_it_goes_back(store: Store) -> None:
    await offered(store)
    await store.run(senders.create, Sender(account=TWO, name=NUMBER, kind="numeric"))
    await store.run(rentals.rent, store.facts.account[ONE], NUMBER, NOW, prolong=False)
    with pytest.raises(Conflict):
        await store.run(senders.delete, ONE, NUMBER)
    await store.run(senders.delete, TWO, NUMBER)  # another account's of that name, which it does not rent
    await store.run(rentals.renew, NOW + MONTH, 10)
    await store.run(senders.create, Sender(account=ONE, name=NUMBER, kind="numeric"))
    await store.run(senders.delete, ONE, NUMBER)


async def test_who_can_not_pay_rents_nothing(store: Store) -> None:
    await offered(store, credits=30)
    with pytest.raises(NotEnoughCredits):
        await store.run(rentals.rent, store.facts.account[ONE], NUMBER, NOW, prolong=True)
    assert NUMBER not in store.facts.number_owner
    with pytest.raises(Conflict):
        await store.run(rentals.offer, Offered(NUMBER))


async def test_a_call_is_told_to_the_one_who_waits_for_it(store: Store) -> None:
    await offered(store, callback="http://one.example/cb")
    one, two = store.facts.account[ONE], store.facts.account[TWO]
    assert await store.run(calls.wait, one, "smsc", CALLER, NOW) == SHARED
    with pytest.raises(Unknown):  # on this number the same caller is waited for by somebody else
        await store.run(calls.wait, two, "smsc", CALLER, NOW)
    assert not await store.run(calls.came, CALLER, NUMBER, NOW)
    assert not await store.run(calls.came, CALLER, SHARED, NOW + calls.LIFE)
    assert await store.run(calls.came, CALLER, SHARED, NOW + 5)
    assert not await store.run(calls.came, CALLER, SHARED, NOW + 6)
    (notice,) = await store.look(waiting)
    assert (notice.kind, notice.account, notice.dialect) == ("call", ONE, "smsc")
    assert await store.run(calls.wait, two, "smsc", CALLER, NOW + 7) == SHARED
    await store.run(rentals.rent, one, NUMBER, NOW, prolong=False)
    assert await store.run(calls.wait, one, "smsc", CALLER, NOW + 8) == NUMBER  # its own first
