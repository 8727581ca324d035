"""kill -9 while a shop sends by SMSC's API: what was answered is there, nobody is written to twice, money adds up."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest
from crash import UNDELIVERED, Carrier, Product, Row, clean, furnish, judge, select, settled
from msgspec import Struct
from smsc_customer import PAID_IN, PRICE, SHOP, Customer, SmscEar, open_shop

pytestmark = [pytest.mark.anyio, pytest.mark.journey]
WINDOW, LEASE = 20, 3.0
"""The lease is long enough for a machine that has other things to do."""
PAGE = 250
"""Rows of a campaign that are written at once."""


class Taken(Struct):
    """Receivers by our ids of what the client knows to be taken."""

    accepted: dict[int, str]


@pytest.fixture
async def shop_ear() -> AsyncIterator[SmscEar]:
    """Where the shop is called back."""
    ear = SmscEar()
    await ear.start()
    yield ear
    await ear.stop()


async def taken_of(url: str, customer: Customer) -> Taken:
    """Look for everything that was taken: once each, under the client's name."""
    refs = await select(url, "SELECT ref, receiver, message FROM client_refs")
    ids = {(ref, receiver.lstrip("+")): message for ref, receiver, message in refs}
    receivers = Counter(receiver for _, receiver in ids)
    assert len(ids) == len(refs)
    missing = [asked for asked in customer.asked if any(receivers[receiver] != 1 for receiver in asked.receivers)]
    assert not missing, f"lost, or there twice: {missing[:5]}"
    lost = [name for name in customer.accepted if name not in ids]
    assert not lost, f"{len(lost)} names are not known: {lost[:5]}"
    return Taken({ids[name]: receiver for name, receiver in customer.accepted.items()})


async def check_money(url: str, found: dict[int, Row]) -> None:
    """Each message that is there was paid once, whatever became of it."""
    await clean(url)
    wallets = await select(url, f"SELECT balance FROM wallets WHERE id = {SHOP}")
    assert PAID_IN - wallets[0][0] == PRICE * len(found)


async def judged(url: str, customer: Customer, carrier: Carrier, ear: SmscEar, kills: int) -> str:
    """Hold what the client knows against the store, the carrier, and what the client is told."""
    found = await settled(url, customer, ear)
    taken = await taken_of(url, customer)
    verdict = await judge(taken, carrier, found, kills * WINDOW)
    await check_money(url, found)
    told = await customer.statuses(list(customer.accepted))
    for name in customer.accepted:
        assert told[name] == (20 if int(name[1][-3:]) in UNDELIVERED else 1), name
    again = sum(asked.kept for asked in customer.asked)
    assert verdict.accepted > kills * 10, verdict
    return f"{verdict} kept without an answer: {again}, refused: {dict(customer.refused)}"


@asynccontextmanager
async def shop(
    url: str, folder: Path, carrier: Carrier, ear: SmscEar, chance: Random
) -> AsyncIterator[tuple[Product, Customer]]:
    """A platform that is not started yet, and a shop on it that does not send yet."""
    await furnish(url, carrier.port, "", WINDOW)
    await open_shop(url, ear.url)
    product = Product(folder, url, lease=LEASE)
    customer = Customer(product.port, chance)
    try:
        yield product, customer
    finally:
        await product.kill()
        await customer.stop()


@pytest.mark.parametrize("kills", [1, pytest.param(40, marks=pytest.mark.long)])
async def test_what_was_answered_outlives_kills_and_is_not_taken_twice(
    store_url: str, tmp_path: Path, carrier: Carrier, shop_ear: SmscEar, kills: int
) -> None:
    chance = Random(11)
    async with shop(store_url, tmp_path, carrier, shop_ear, chance) as (product, customer):
        customer.start()
        for round in range(kills + 1):
            await product.start()
            await customer.ask_again()
            sends = [name for asked in customer.asked[-100:] if asked.script == "send" for name in asked.names]
            told = await customer.statuses(sends)
            assert set(told) == set(sends) and min(told.values(), default=0) >= -1, told
            await customer.has_asked(20)
            if round < kills:
                await asyncio.sleep(chance.uniform(0.0, 0.8))
                await product.kill()
                await clean(store_url)
        await customer.be_quiet()
        print(await judged(store_url, customer, carrier, shop_ear, kills))
        await product.stop()


@pytest.mark.parametrize("kills", [1, pytest.param(20, marks=pytest.mark.long)])
async def test_a_campaign_that_is_cut_off_between_its_pages_writes_to_everybody_once(
    store_url: str, tmp_path: Path, carrier: Carrier, shop_ear: SmscEar, kills: int
) -> None:
    chance = Random(12)
    async with shop(store_url, tmp_path, carrier, shop_ear, chance) as (product, customer):
        customer.start(workers=0)
        campaign = customer.campaign((kills * 2 + 1) * PAGE)
        await product.start()
        await customer.ask(campaign)
        for kill in range(kills):
            await _pages_written(store_url, (2 * kill + 1) * PAGE)
            await asyncio.sleep(chance.uniform(0.0, 0.05))
            await product.kill()
            await clean(store_url)
            await product.start()
        print(await judged(store_url, customer, carrier, shop_ear, kills))
        job = await customer.call("jobs", {"get": "1", "id": campaign.ref})
        total = len(campaign.receivers)
        failed = sum(int(receiver[-3:]) in UNDELIVERED for receiver in campaign.receivers)
        assert (job["cnt"], job["delivered"], job["failed"]) == (total, total - failed, failed), job
        assert job["cost"] == f"{total * PRICE / 1e6:.2f}"
        await product.stop()


async def _pages_written(url: str, rows: int) -> None:
    async with asyncio.timeout(30):
        while (await select(url, "SELECT coalesce(max(next_row), 0) FROM campaigns"))[0][0] < rows:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
