"""kill -9 under load, again and again: nothing that was accepted is lost, and what was doubled is bounded and marked.

What the client was told, what the carrier saw, what the client's ear heard and what the store says are compared.
"""

import asyncio
from pathlib import Path
from random import Random

import pytest
from crash import Carrier, Ear, Load, Product, clean, furnish, judge, settled

pytestmark = [pytest.mark.anyio, pytest.mark.journey]
WINDOW = 20


async def kill_again_and_again(
    url: str, folder: Path, carrier: Carrier, ear: Ear, *, rounds: int, seed: int, window: int = WINDOW
) -> str:
    """Kill depesza at random moments under load; gives a line for people."""
    chance = Random(seed)
    await furnish(url, carrier.port, ear.url, window)
    product = Product(folder, url)
    load = Load([product.port], chance)
    try:
        for round in range(rounds):
            await product.start()
            if round == 0:
                load.start()
            await asyncio.sleep(chance.uniform(0.05, 1.2))
            await product.kill()
            await clean(url)
        await product.start()
        await asyncio.sleep(0.5)
        await load.stop()
        found = await settled(url, load, ear)
        await clean(url)
        verdict = await judge(load, carrier, found, rounds * window)
        await product.stop()
    finally:
        await product.kill()
    assert verdict.accepted > rounds * 10, verdict
    return f"{verdict} refused={dict(load.refused)}"


@pytest.mark.parametrize("seed", [1])
async def test_kills_lose_nothing(store_url: str, tmp_path: Path, carrier: Carrier, ear: Ear, seed: int) -> None:
    print(await kill_again_and_again(store_url, tmp_path, carrier, ear, rounds=4, seed=seed))


@pytest.mark.long
@pytest.mark.parametrize("seed", [2])
async def test_a_hundred_kills_lose_nothing(
    store_url: str, tmp_path: Path, carrier: Carrier, ear: Ear, seed: int
) -> None:
    print(await kill_again_and_again(store_url, tmp_path, carrier, ear, rounds=100, seed=seed))
