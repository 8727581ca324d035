"""What journeys share: a carrier and a client's ear that survive whatever is done to depesza."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from crash import Carrier, Ear


@pytest.fixture
async def ear() -> AsyncIterator[Ear]:
    """Where callbacks go."""
    made = Ear()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def carrier(tmp_path: Path) -> AsyncIterator[Carrier]:
    """A simulator as a process of its own."""
    made = Carrier(tmp_path)
    try:
        await made.start()
        yield made
    finally:
        await made.kill()
