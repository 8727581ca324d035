"""Tallies that services of one commit will ask for are read together, before the first of them runs."""

import asyncio

import pytest
from tests.store.world import ONE, TWO, furnished

from depesza.core.facts import Facts
from depesza.store.contract import Store
from depesza.store.foreseen import foreseeing
from depesza.store.tx import Tx

pytestmark = pytest.mark.anyio


def tallied(facts: Facts, account: int, key: str) -> list[tuple[int, str]]:
    return [(account, key)]


@foreseeing(tallied)
async def count(tx: Tx, account: int, key: str) -> tuple[bool, int]:
    """Count one more; tell whether the tally had been read, and what it is now."""
    known = (account, key) in tx._batch.tallies
    (tally,) = await tx.tallies(account, (key,))
    tx.tally(account, key, 1, tally.count + 1)
    return known, tally.count + 1


async def test_every_service_finds_its_tallies_read(store: Store) -> None:
    await furnished(store)
    wanted = [(ONE, "a"), (TWO, "a"), (ONE, "a"), (ONE, "b")]
    assert await asyncio.gather(*[store.run(count, *each) for each in wanted]) == [
        (True, 1), (True, 1), (True, 2), (True, 1),
    ]  # fmt: skip
    assert await store.run(count, ONE, "a") == (True, 3)
