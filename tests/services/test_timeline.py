"""The life of one message is gathered whole, and of that message only, on both stores."""

import msgspec
import pytest
from tests.support import Clock

from depesza.core import ledger
from depesza.core.facts import Account, ConnectorFact, Owner
from depesza.core.fairness import Lanes
from depesza.core.model import MICRO, Notice, Outcome, Receipt, State, Submission
from depesza.core.planning import Policy
from depesza.core.routing import Route
from depesza.services import notices, progress, timeline
from depesza.services.notices import Tried
from depesza.services.submit import submit
from depesza.store.contract import Store
from depesza.store.tx import Tx

pytestmark = pytest.mark.anyio

ACCOUNT = Account(id=50, owner=40, name="sms-ab-1", refund_failed=True, callback="http://x.example/")


async def furnish(tx: Tx, now: int) -> None:
    tx.put("owners", Owner(id=40, name="ab-ovh"))
    tx.put("accounts", ACCOUNT)
    tx.put("connectors", ConnectorFact(id=70, name="sim", kind="virtual", settings="{}"))
    tx.put("routes", Route(id=1, connectors=(70,)))
    await tx.book(ledger.topup(50, 100 * MICRO, 0, now, tx.new_id()))


@pytest.fixture
async def ids(store: Store, clock: Clock) -> list[int]:
    """Two messages of one submission; the first one failed in two parts' receipts and was called back."""
    await store.run(furnish, clock.now)
    submission = Submission(dialect="ovh", sender="Example", receivers=("+33600000001", "+33600000002"), text="x" * 200)
    accepted = await store.run(submit, ACCOUNT, submission, Lanes(), Policy(), clock.now)
    ids = list(accepted.ids)
    await store.run(progress.claim, ids, 70)
    clock.move(1)
    settled = []
    for n, each in enumerate(await store.look(progress.load, ids)):
        outcome = Outcome(each.id, clock.now, (f"{n}a", f"{n}b"), wire=(b"octets",))
        settled.append((outcome, msgspec.structs.replace(each, state=State.SENDING)))
    await store.run(progress.settle, 70, settled, {})
    clock.move(1)
    await store.run(progress.take_receipts, [_failed("0a", clock), _failed("0b", clock)], clock.now)
    page = await store.run(notices.due, clock.now, 10)
    mine: list[Notice] = [each for each in page if each.message == ids[0]]
    await store.run(notices.tried, [Tried(each, True, 1, 0, "200") for each in mine], clock.now)
    return ids


def _failed(remote: str, clock: Clock) -> Receipt:
    return Receipt(70, (remote,), State.FAILED, "undeliverable", clock.now, 0, f"id:{remote} stat:UNDELIV")


async def test_everything_of_a_message_is_there_in_its_order(store: Store, ids: list[int], clock: Clock) -> None:
    found = await store.look(timeline.read, ids[0])
    assert found is not None
    assert (found.message.state, found.message.refusal) == (State.FAILED, "undeliverable")
    assert (found.content.sender, found.done) == ("Example", clock.now)
    kinds = [event.kind for event in found.events]
    assert kinds[:3] == ["taken", "receipt", "receipt"]
    assert set(kinds[3:]) == {"callback"}
    assert found.events[0].data == b"octets"
    assert [(row.remote, row.part, row.state) for row in found.remotes] == [
        ("0a", 1, State.FAILED), ("0b", 2, State.FAILED),
    ]  # fmt: skip
    assert [(row.kind, row.amount, row.ref) for row in found.entries] == [
        ("charge", 4 * MICRO, found.content.id), ("refund", 2 * MICRO, ids[0]),
    ]  # fmt: skip
    assert found.notices
    assert {(row.kind, row.url, row.state) for row in found.notices} == {("receipt", "http://x.example/", 1)}


async def test_its_neighbour_has_its_own_life(store: Store, ids: list[int]) -> None:
    found = await store.look(timeline.read, ids[1])
    assert found is not None
    assert found.message.state is State.SENT
    assert [event.kind for event in found.events] == ["taken"]
    assert [row.remote for row in found.remotes] == ["1a", "1b"]
    assert [row.kind for row in found.entries] == ["charge"]


async def test_a_message_that_is_not_there_has_none(store: Store) -> None:
    assert await store.look(timeline.read, 7) is None
