"""Orders: placed, approved once, refused, and made by themselves exactly once however many payments cross together."""

import asyncio

import pytest
from tests.store.world import ONE, POLICY, TWO, balance, furnished, submission
from tests.support import NOW, Clock

from depesza.core.facts import User
from depesza.core.fairness import Lanes
from depesza.core.model import MICRO
from depesza.core.tariffs import MICRO as UNIT
from depesza.core.tariffs import Pack
from depesza.services import audit, credits, orders, retention, users
from depesza.services.accounts import Unknown
from depesza.services.submit import submit
from depesza.store.contract import Store
from depesza.store.opening import open_store
from depesza.store.tx import Tx

pytestmark = pytest.mark.anyio


async def clean(store: Store) -> bool:
    found = await store.look(audit.audit, 0)
    assert found.clean, found.problems
    return True


def priced(store: Store, quantity: int = 100, account: int = ONE, **more: object) -> orders.Order:
    return orders.priced(store.facts, 100, quantity, account, **more)  # type: ignore[arg-type]


async def test_an_order_waits_is_approved_once_and_keeps_the_prices_of_its_day(store: Store) -> None:
    await furnished(store)
    made = await store.run(orders.place, priced(store, 1_000), NOW, wait=True)
    assert (made.status, await store.look(balance)) == ("waiting", 100 * MICRO)
    assert (made.net, made.tax, made.gross) == (70 * UNIT, 14 * UNIT, 84 * UNIT)

    async def dearer(tx: Tx) -> None:
        tx.put("packs", Pack(id=1, quantity=1_000, price=5 * UNIT))

    await store.run(dearer)
    done = await store.run(orders.approve, made.id, NOW + 5, "ops")
    assert (done.status, done.decided, done.gross) == ("done", NOW + 5, 84 * UNIT)
    assert await store.look(orders.show, made.id) == done
    for decide in (orders.approve, orders.refuse):
        with pytest.raises(Unknown):
            await store.run(decide, made.id, NOW, "ops")
    assert await store.look(balance) == 1_100 * MICRO
    (entry, first) = await store.look(credits.entries, ONE, 10)
    assert (entry.kind, entry.ref, first.kind) == ("topup", made.id, "topup")
    assert await clean(store)


async def test_approved_by_two_at_once_it_is_carried_out_once(store: Store) -> None:
    await furnished(store)
    made = await store.run(orders.place, priced(store), NOW, wait=True)
    tries = [store.run(orders.approve, made.id, NOW, "ops") for _ in range(5)]
    found = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(each).__name__ for each in found) == ["Order"] + ["Unknown"] * 4
    assert await store.look(balance) == 200 * MICRO


async def test_a_refused_order_gives_nothing_and_is_forgotten_in_time(store: Store) -> None:
    await furnished(store)
    first, second = [await store.run(orders.place, priced(store), NOW, wait=True) for _ in range(2)]
    await store.run(orders.refuse, first.id, NOW, "ops")
    assert [row.id for row in await store.look(orders.listed, "waiting")] == [second.id]
    await store.run(retention.forget_rest, second.id + 1, NOW)
    assert [row.id for row in await store.look(orders.listed)] == [second.id]
    assert await store.look(balance) == 100 * MICRO


async def test_new_accounts_get_the_next_free_names(store: Store) -> None:
    await furnished(store)
    draft = priced(store, 200, 0, channel="transactional", smpp=True)
    made = await asyncio.gather(*[store.run(orders.place, draft, NOW, wait=False) for _ in range(3)])
    names = {store.facts.account[order.lines[0].account].name for order in made}
    assert names == {"sms-ab1-1", "sms-ab1-2", "sms-ab1-3"}
    row = store.facts.account_named["sms-ab1-1"]
    assert (row.owner, row.channel, row.smpp) == (100, "transactional", True)
    assert await store.look(balance, row.id) == 200 * MICRO
    waiting = await store.run(orders.place, draft, NOW, wait=True)
    assert "sms-ab1-4" not in store.facts.account_named
    done = await store.run(orders.approve, waiting.id, NOW, "ops")
    assert store.facts.account_named["sms-ab1-4"].id == done.lines[0].account
    assert await store.look(orders.show, waiting.id) == done
    assert await clean(store)


async def test_what_is_not_sold_is_not_priced(store: Store) -> None:
    await furnished(store)
    with pytest.raises(orders.NotSold):
        priced(store, 300)


async def automatic(store: Store) -> int:
    return sum(order.kind == "automatic" for order in await store.look(orders.listed))


async def test_two_payments_that_cross_the_threshold_together_make_one_order(store: Store) -> None:
    lanes = await furnished(store, credits=12, recredit_amount=100, recredit_threshold=10 * MICRO)
    account = store.facts.account[ONE]
    sends = [store.run(submit, account, submission(), lanes, POLICY, NOW) for _ in range(8)]
    await asyncio.gather(*sends)
    assert (await automatic(store), await store.look(balance)) == (1, 104 * MICRO)
    assert await clean(store)


async def test_two_processes_that_cross_it_together_make_one_order(postgres_url: str, clock: Clock) -> None:
    first = await open_store(postgres_url, clock)
    await furnished(first, credits=12, recredit_amount=100, recredit_threshold=10 * MICRO)
    second = await open_store(postgres_url, clock)
    try:
        for store in (first, second):
            await store.join(12_000_000)
        account = first.facts.account[ONE]
        sends = [store.run(submit, account, submission(), Lanes(), POLICY, NOW) for store in (first, second) * 4]
        await asyncio.gather(*sends)
        assert (await automatic(first), await second.look(balance)) == (1, 104 * MICRO)
        assert await clean(second)
    finally:
        await first.close()
        await second.close()


async def test_all_that_leaves_an_account_makes_the_order_and_so_does_setting_it(store: Store) -> None:
    await furnished(store, credits=100, recredit_amount=50, recredit_threshold=10 * MICRO)
    await store.run(credits.transfer, ONE, TWO, 95 * MICRO, NOW)
    assert await store.look(balance) == 55 * MICRO
    user = await store.run(users.create, User(id=0, account=ONE, login="u", password=""))
    await store.run(users.change, user.id, {}, users.Quota(active=True, left=50 * MICRO), NOW)
    assert await store.look(balance) == 55 * MICRO
    await store.run(credits.transfer, TWO, ONE, 1 * MICRO, NOW)
    await store.run(orders.recredit_now, ONE, NOW)
    assert (await automatic(store), await store.look(balance)) == (2, 56 * MICRO)
    assert await clean(store)
