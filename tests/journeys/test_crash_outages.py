"""What depesza needs goes away for a while under load: the carrier, the client's ear, the database's connections."""

import asyncio
import time
from pathlib import Path
from random import Random

import pytest
from crash import Carrier, Ear, Load, Product, clean, cut_connections, furnish, judge, settled, until

pytestmark = [pytest.mark.anyio, pytest.mark.journey]
WINDOW = 20


async def test_a_carrier_outage_costs_no_message(store_url: str, tmp_path: Path, carrier: Carrier, ear: Ear) -> None:
    await furnish(store_url, carrier.port, ear.url, WINDOW)
    product, load, cuts = Product(tmp_path, store_url), None, 2
    try:
        await product.start()
        load = Load([product.port], Random(3))
        load.start(3)
        for _ in range(cuts):
            await asyncio.sleep(0.7)
            carrier.cut()
            before = len(load.accepted)
            await asyncio.sleep(1.0)
            assert len(load.accepted) > before + 20, "clients are served while the carrier is away"
            await carrier.mend()
        await load.stop()
        found = await settled(store_url, load, ear)
        await clean(store_url)
        print(await judge(load, carrier, found, cuts * WINDOW))
        assert await product.stop() == 0
    finally:
        await product.kill()


async def test_a_helper_that_dies_costs_no_message(store_url: str, tmp_path: Path, carrier: Carrier, ear: Ear) -> None:
    await furnish(store_url, carrier.port, ear.url, WINDOW)
    product, kills = Product(tmp_path, store_url), 2
    try:
        await product.start()
        load = Load([product.port], Random(8))
        load.start(1)
        for _ in range(kills):
            told = len(ear.told)
            await until(lambda told=told: len(ear.told) > told + 20)  # it is at work
            before = len(load.accepted)
            await product.kill_helper()
            await until(lambda before=before: len(load.accepted) > before + 20)  # clients are served meanwhile
        await load.stop()
        found = await settled(store_url, load, ear)
        await clean(store_url)
        print(await judge(load, carrier, found, kills * WINDOW))
        assert await product.stop() == 0
    finally:
        await product.kill()


async def test_an_ear_that_is_deaf_for_a_while_hears_everything_later(
    sqlite_url: str, tmp_path: Path, carrier: Carrier, ear: Ear
) -> None:
    await furnish(sqlite_url, carrier.port, ear.url, WINDOW)
    product = Product(tmp_path, sqlite_url)
    try:
        await product.start()
        load = Load([product.port], Random(4))
        ear.refusing = True
        load.start(2)
        await asyncio.sleep(0.5)
        await product.kill()
        await product.start()
        await asyncio.sleep(0.5)
        await load.stop()
        assert not ear.told
        ear.refusing = False
        found = await settled(sqlite_url, load, ear)
        await judge(load, carrier, found, WINDOW)
        assert all(codes.index(8) < codes.index(1) for codes in ear.told.values() if {1, 8} <= set(codes))
        assert await product.stop() == 0
    finally:
        await product.kill()


@pytest.mark.parametrize("cuts", [8, pytest.param(60, marks=pytest.mark.long)])
async def test_lost_database_connections_lose_and_double_nothing(
    postgres_url: str, tmp_path: Path, carrier: Carrier, ear: Ear, cuts: int
) -> None:
    await furnish(postgres_url, carrier.port, ear.url, WINDOW)
    chance = Random(5)
    product = Product(tmp_path, postgres_url)
    try:
        await product.start()
        load = Load([product.port], chance)
        load.start()
        for _ in range(cuts):
            await asyncio.sleep(chance.uniform(0.3, 1.0))
            await cut_connections(postgres_url)
            assert product.running, product.log()
        await load.stop()
        found = await settled(postgres_url, load, ear)
        assert product.running, product.log()
        await clean(postgres_url)
        verdict = await judge(load, carrier, found, 0)
        assert verdict.marked == 0
        print(verdict, dict(load.refused))
        assert await product.stop() == 0
    finally:
        await product.kill()


async def test_a_stop_under_load_leaves_nothing_in_doubt(
    store_url: str, tmp_path: Path, carrier: Carrier, ear: Ear
) -> None:
    await furnish(store_url, carrier.port, ear.url, WINDOW)
    product = Product(tmp_path, store_url)
    try:
        await product.start()
        load = Load([product.port], Random(6))
        load.start()
        for _ in range(2):
            await asyncio.sleep(0.6)
            began = time.monotonic()
            assert await product.stop() == 0, product.log()
            assert time.monotonic() - began < 10
            await product.start()
        await load.stop()
        found = await settled(store_url, load, ear)
        await clean(store_url)
        verdict = await judge(load, carrier, found, 0)
        assert verdict.marked == 0, verdict
        assert await product.stop() == 0
    finally:
        await product.kill()
