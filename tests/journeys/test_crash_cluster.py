"""Two processes on one PostgreSQL: they share the work, send nothing twice, and one takes over from the other."""

import asyncio
import time
from collections import Counter
from pathlib import Path
from random import Random

import asyncpg
import pytest
from crash import Carrier, Ear, Load, Product, clean, furnish, judge, settled

pytestmark = [pytest.mark.anyio, pytest.mark.journey]
WINDOW = 20


async def _nodes(url: str) -> Counter[int]:
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("SELECT node, COUNT(*) FROM messages GROUP BY node")
    await connection.close()
    return Counter({row[0]: row[1] for row in rows})


async def test_two_processes_share_the_work_and_send_each_message_once(
    postgres_url: str, tmp_path: Path, carrier: Carrier, ear: Ear
) -> None:
    await furnish(postgres_url, carrier.port, ear.url, WINDOW)
    products = [Product(tmp_path, postgres_url, name) for name in ("first", "second")]
    try:
        await asyncio.gather(*(product.start() for product in products))
        load = Load([product.port for product in products], Random(7))
        load.start()
        await asyncio.sleep(4.0)
        await load.stop()
        found = await settled(postgres_url, load, ear)
        await clean(postgres_url)
        verdict = await judge(load, carrier, found, 0)
        assert verdict.marked == 0
        nodes = await _nodes(postgres_url)
        assert len(nodes) == 2 and min(nodes.values()) > 50, nodes
        assert (await carrier.stats())["submits"] >= verdict.accepted
        for product in products:
            assert await product.stop() == 0, product.log()
    finally:
        for product in products:
            await product.kill()


async def test_one_takes_over_from_the_other_within_the_lease(
    postgres_url: str, tmp_path: Path, carrier: Carrier, ear: Ear
) -> None:
    await furnish(postgres_url, carrier.port, ear.url, WINDOW)
    products = [Product(tmp_path, postgres_url, name) for name in ("first", "second")]
    chance, kills = Random(8), 3
    try:
        await asyncio.gather(*(product.start() for product in products))
        load = Load([product.port for product in products], chance)
        load.start()
        for number in range(kills):
            await asyncio.sleep(chance.uniform(0.5, 1.5))
            await products[number % 2].kill()
            await clean(postgres_url)
            if number + 1 < kills:
                await products[number % 2].start()
        await load.stop()
        began = time.monotonic()
        found = await settled(postgres_url, load, ear)  # the dead one's messages too
        print(f"everything had its end {time.monotonic() - began:.1f} s after the last kill")
        await clean(postgres_url)
        verdict = await judge(load, carrier, found, kills * WINDOW)
        print(verdict)
        assert await products[1].stop() == 0
    finally:
        for product in products:
            await product.kill()
