"""A store whose writing another process does: here both stand in one, and everything said is really carried."""

import asyncio
import pickle
from typing import Any

import pytest
from world import ONE, TWO, balance, furnished

from depesza.core.ledger import NotEnoughCredits
from depesza.core.model import MICRO
from depesza.services import credits
from depesza.store import remote
from depesza.store.contract import Store, StoreError
from depesza.store.opening import open_store
from depesza.store.remote import RemoteStore
from depesza.store.tx import Tx

pytestmark = pytest.mark.anyio


class Wire:
    """Carries questions to the store that writes, as bytes."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def ask(self, what: str, *about: object) -> "asyncio.Future[Any]":
        """Ask."""
        carried = pickle.loads(pickle.dumps(about))
        return asyncio.ensure_future(remote.answer(self.store, what, *carried))


async def rename(tx: Tx, name: str) -> str:
    """Change a fact."""
    (owner,) = tx.facts.owners
    tx.put("owners", type(owner)(id=owner.id, name=name))
    return owner.name


async def test_the_other_process_writes_and_this_one_reads(store: Store, store_url: str, clock: Any) -> None:
    await furnished(store)
    reader = await open_store(store_url, clock)
    far = RemoteStore(reader, Wire(store), 3)
    await far.run(credits.transfer, ONE, TWO, 10 * MICRO, clock())
    assert (await far.look(balance), await far.look(balance, TWO)) == (90 * MICRO, 110 * MICRO)
    with pytest.raises(NotEnoughCredits):
        await far.insist(credits.transfer, ONE, TWO, 91 * MICRO, now=clock())

    assert await far.run(rename, "new") == "ab1-ovh"
    assert store.facts.owners[0].name == "new"
    await far.refresh()
    assert far.facts.owners[0].name == "new"
    with pytest.raises(StoreError):
        await far.join(1)
    await far.close()
