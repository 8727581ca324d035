"""Taking submissions: what is written beside the messages, and what is refused as a whole."""

import pytest
from tests.store.world import ONE, POLICY, balance, furnished, submission
from tests.support import NOW

from depesza.core.ledger import NotEnoughCredits
from depesza.core.model import MICRO, State
from depesza.core.optout import ASKED
from depesza.core.planning import Refused
from depesza.core.restrictions import Restriction
from depesza.services.submit import CONVERSATION, LONG_CONVERSATION, submit, submit_each
from depesza.store.contract import Store
from depesza.store.tx import Tx

pytestmark = pytest.mark.anyio


async def talks(tx: Tx) -> list[tuple[str, str, int]]:
    """Read the conversations: number, peer, until when."""
    rows = await tx.query("SELECT number, peer, until FROM conversations ORDER BY number")
    return [(row[0], row[1], row[2]) for row in rows]


async def count(tx: Tx) -> int:
    return int((await tx.query("SELECT COUNT(*) FROM messages"))[0][0])


@pytest.mark.parametrize(
    ("options", "number", "span"),
    [
        ({"answerable": True}, "38184", CONVERSATION),
        ({"advertising": True}, "36184", LONG_CONVERSATION),
        ({"sender": "+33700000001"}, "+33700000001", LONG_CONVERSATION),
    ],
)
async def test_a_reply_finds_its_message_as_long_as_its_number_is_kept(
    store: Store, options: dict[str, object], number: str, span: int
) -> None:
    lanes = await furnished(store)
    wish = submission(**options)
    await store.run(submit, store.facts.account[ONE], wish, lanes, POLICY, NOW)
    assert await store.look(talks) == [(number, "+33601020304", NOW + span)]


async def test_a_name_alone_can_not_be_answered(store: Store) -> None:
    lanes = await furnished(store)
    await store.run(submit, store.facts.account[ONE], submission(), lanes, POLICY, NOW)
    assert await store.look(talks) == []


async def test_too_little_credit_refuses_the_whole_submission_and_changes_nothing(store: Store) -> None:
    lanes = await furnished(store, credits=2)
    wish = submission("+33601020304", "+33601020305", "+33601020306")
    with pytest.raises(NotEnoughCredits) as refused:
        await store.run(submit, store.facts.account[ONE], wish, lanes, POLICY, NOW)
    assert (refused.value.left, refused.value.needed) == (2 * MICRO, 3 * MICRO)
    assert await store.look(balance) == 2 * MICRO
    assert await store.look(count) == 0


async def test_no_valid_receiver_is_an_answer_and_not_an_error(store: Store) -> None:
    lanes = await furnished(store)
    accepted = await store.run(submit, store.facts.account[ONE], submission("12"), lanes, POLICY, NOW)
    assert (accepted.ids, accepted.refused, accepted.price) == ((), ("12",), 0)
    assert await store.look(count) == 0


async def test_a_text_that_is_too_long_writes_nothing(store: Store) -> None:
    lanes = await furnished(store)
    with pytest.raises(Refused):
        await store.run(submit, store.facts.account[ONE], submission(text="a" * 2000), lanes, POLICY, NOW)
    assert await store.look(balance) == 100 * MICRO


async def test_the_account_is_recredited_at_its_threshold(store: Store) -> None:
    lanes = await furnished(store, credits=12, recredit_amount=100, recredit_threshold=10 * MICRO)
    wish = submission("+33601020304", "+33601020305", "+33601020306")
    accepted = await store.run(submit, store.facts.account[ONE], wish, lanes, POLICY, NOW)
    assert accepted.balance == 109 * MICRO
    assert await store.look(balance) == 109 * MICRO


async def test_a_stopped_receiver_is_rejected_and_not_billed(store: Store) -> None:
    lanes = await furnished(store)

    async def stop(tx: Tx) -> None:
        tx.insert("optouts", (ONE, "+33601020304", NOW, 0, "", ASKED))
        (await tx.wallet(ONE)).optouts += 1

    await store.run(stop)
    wish = submission("+33601020304", "+33601020305")
    accepted = await store.run(submit, store.facts.account[ONE], wish, lanes, POLICY, NOW)
    assert accepted.price == MICRO

    async def states(tx: Tx) -> list[int]:
        return [row[0] for row in await tx.query("SELECT state FROM messages ORDER BY id")]

    assert await store.look(states) == [State.REJECTED, State.QUEUED]


async def test_submissions_taken_together_do_not_hinder_each_other(store: Store) -> None:
    lanes = await furnished(store, credits=2)
    wishes = [
        submission("+33601020304"),
        submission("+33601020305", text="a" * 2000),
        submission("12"),
        submission("+33601020306"),
        submission("+33601020307"),
    ]
    first, too_long, nobody, second, poor = await store.run(
        submit_each, store.facts.account[ONE], wishes, lanes, POLICY, NOW
    )
    assert isinstance(too_long, Refused)
    assert isinstance(poor, NotEnoughCredits)
    assert nobody == 0
    assert await store.look(balance) == 0

    async def written(tx: Tx) -> list[tuple[int, str]]:
        rows = await tx.query(
            "SELECT m.id, m.receiver FROM messages m JOIN entries e ON e.ref = m.submission WHERE e.kind = 'charge'"
            " ORDER BY m.id"
        )
        return [(row[0], row[1]) for row in rows]

    assert await store.look(written) == [(first, "+33601020304"), (second, "+33601020306")]
    assert await store.look(count) == 2


async def test_a_submission_from_two_senders_is_paid_in_full_or_not_at_all(store: Store) -> None:
    lanes = await furnished(store, credits=2)

    async def restrict(tx: Tx) -> None:
        tx.put("restrictions", Restriction(id=1, code="ALPHA", prefix="336010203", substitution="+33700000009"))

    await store.run(restrict)
    both = submission("+33611121314", "+33601020304", "+33601020305")
    with pytest.raises(NotEnoughCredits):
        await store.run(submit, store.facts.account[ONE], both, lanes, POLICY, NOW)
    accepted = await store.run(submit, store.facts.account[ONE], submission("+33611121315"), lanes, POLICY, NOW)
    assert len(accepted.ids) == 1
    assert await store.look(balance) == 1 * MICRO
    assert await store.look(count) == 1
