"""A store whose writing another process does: here both stand in one, and everything said is really carried."""

import asyncio
import pickle
from typing import Any

import pytest
from world import ONE, POLICY, balance, furnished, submission

from depesza.core.facts import Account
from depesza.core.fairness import Lanes
from depesza.core.ledger import NotEnoughCredits
from depesza.core.model import MICRO
from depesza.services.submit import submit
from depesza.store import remote
from depesza.store.contract import Store, StoreError
from depesza.store.opening import open_store
from depesza.store.remote import RemoteStore
from depesza.store.tx import Tx

pytestmark = pytest.mark.anyio


NUMBERS = [f"+336010203{n:02}" for n in range(100)]


class Wire:
    """Carries questions to the store that writes, as bytes."""

    def __init__(self, store: Store, shared: dict[str, object]) -> None:
        self.store = store
        self.shared = shared

    def ask(self, what: str, *about: object) -> "asyncio.Future[Any]":
        """Ask."""
        carried = pickle.loads(pickle.dumps(about))
        return asyncio.ensure_future(remote.answer(self.store, self.shared, what, *carried))


async def rename(tx: Tx, name: str) -> str:
    """Change a fact."""
    (owner,) = tx.facts.owners
    tx.put("owners", type(owner)(id=owner.id, name=name))
    return owner.name


async def test_a_submission_is_accepted_by_the_other_process(store: Store, store_url: str, clock: Any) -> None:
    theirs = await furnished(store)
    ours, policy = Lanes(), POLICY
    reader = await open_store(store_url, clock)
    far = RemoteStore(reader, Wire(store, {"lanes": theirs, "policy": policy}), 3, {"lanes": ours, "policy": policy})
    account = far.facts.account[ONE]
    accepted = await far.run(submit, account, submission(), ours, policy, clock())
    assert len(accepted.ids) == 1
    assert await far.look(balance) == 99 * MICRO
    with pytest.raises(NotEnoughCredits):
        await far.insist(submit, account, submission(*NUMBERS), ours, policy, clock())
    with pytest.raises(StoreError, match="deleted"):
        await far.run(submit, Account(id=999, owner=1, name="gone"), submission(), ours, policy, clock())

    assert await far.run(rename, "new") == "ab1-ovh"
    assert store.facts.owners[0].name == "new"
    await far.refresh()
    assert far.facts.owners[0].name == "new"
    with pytest.raises(StoreError):
        await far.join(1)
    await far.close()
