"""Receipts of one message's parts, however many of them are written by one service."""

import pytest
from tests.store.world import ONE, OUT, POLICY, furnished, submission
from tests.support import Clock

from depesza.core.model import Outcome, Receipt, State
from depesza.services import progress
from depesza.services.submit import submit
from depesza.store.contract import Store

pytestmark = pytest.mark.anyio

STATES = {"D": State.DELIVERED, "F": State.FAILED, "P": State.PENDING}
LONG = "m" * 400
PARTS = ("r1", "r2", "r3")


@pytest.mark.parametrize(
    ("groups", "whole"),
    [
        ("DDD", "D"),
        ("DD D", "D"),
        ("D DD", "D"),
        ("D D D", "D"),
        ("DFD", "F"),
        ("FDD", "F"),
        ("DD F", "F"),
        ("DDP", "P"),
        ("DP D", "P"),
    ],
)
async def test_a_message_is_what_its_parts_are(groups: str, whole: str, store: Store, clock: Clock) -> None:
    lanes = await furnished(store)
    accepted = await store.run(submit, store.facts.account[ONE], submission(text=LONG), lanes, POLICY, clock())
    (message,) = await store.look(progress.load, accepted.ids)
    assert message.parts == len(PARTS)
    await store.run(progress.claim, [message.id], OUT)
    await store.run(progress.settle, OUT, [(Outcome(message.id, clock(), PARTS), message)], {})
    remotes = iter(PARTS)
    for group in groups.split():
        receipts = [Receipt(OUT, (next(remotes),), STATES[state], "undeliverable", clock()) for state in group]
        await store.run(progress.take_receipts, receipts, clock())
    (message,) = await store.look(progress.load, accepted.ids)
    assert message.state is STATES[whole]
