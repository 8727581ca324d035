"""An engine around a furnished store of each kind."""

import pytest
from scripted import Engine
from tests.store.world import furnished
from tests.support import Clock

from depesza.store.contract import Store


@pytest.fixture
async def engine(store: Store, clock: Clock) -> Engine:
    """Dispatcher, reporter and keeper on a store of each kind; no connector yet."""
    return Engine(store, clock, await furnished(store, credits=10_000))
