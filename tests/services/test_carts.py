"""Carts: one order each however many check out at once, and forgotten when they end."""

import asyncio

import pytest
from tests.store.world import ONE, furnished
from tests.support import NOW

from depesza.core.tariffs import Pack
from depesza.services import carts, orders, retention
from depesza.services.accounts import Unknown
from depesza.store.contract import Store
from depesza.store.tx import Tx

pytestmark = pytest.mark.anyio


async def filled(store: Store) -> int:
    await furnished(store)
    cart = await store.run(carts.create, 100, "FR", "", NOW + 10, NOW)
    await store.run(carts.add, cart.id, 100, ONE, 100, 3, NOW)
    await store.run(carts.assign, cart.id, 100, NOW)
    return cart.id


async def test_checked_out_by_many_at_once_it_is_one_order(store: Store) -> None:
    id = await filled(store)
    tries = [store.run(carts.check_out, id, 100, "", NOW, wait=False) for _ in range(4)]
    found = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(each).__name__ for each in found) == ["Unknown"] * 3 + ["tuple"]
    (order,) = await store.look(orders.listed)
    assert (order.kind, order.status, order.quantity, order.net) == ("cart", "done", 300, 24_000_000)


async def test_a_pack_that_is_not_sold_any_more_stops_the_cart(store: Store) -> None:
    id = await filled(store)

    async def sell_others(tx: Tx) -> None:
        tx.put("packs", Pack(id=1, quantity=7, price=1))

    await store.run(sell_others)
    with pytest.raises(carts.NotReady, match="100 credits are not sold any more"):
        await store.run(carts.check_out, id, 100, "", NOW, wait=True)
    assert await store.look(orders.listed) == []


async def test_a_cart_that_ended_is_forgotten_with_what_is_in_it(store: Store) -> None:
    id = await filled(store)

    async def left(tx: Tx) -> list[int]:
        return [(await tx.query(f"SELECT COUNT(*) FROM {name}"))[0][0] for name in ("carts", "cart_items")]

    await store.run(retention.forget_rest, 0, NOW)
    assert await store.look(left) == [1, 1]
    with pytest.raises(Unknown):
        await store.look(carts.show, id, 100, NOW + 10)
    await store.run(retention.forget_rest, 0, NOW + 11)
    assert await store.look(left) == [0, 0]
