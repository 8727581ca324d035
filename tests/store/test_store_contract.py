"""One suite for every store: what `store.contract` promises holds on SQLite and on PostgreSQL."""

import asyncio
import sqlite3
from contextlib import closing

import pytest
from tests.store.world import ONE, OUT, POLICY, TWO, balance, furnish, furnished, submission
from tests.support import NOW, Clock

from depesza.core import ledger
from depesza.core.facts import Sender
from depesza.core.ledger import NotEnoughCredits
from depesza.core.lifecycle import News
from depesza.core.model import MICRO, OnUnknown, Outcome, Receipt, State
from depesza.services import progress
from depesza.services.submit import submit
from depesza.store.contract import Busy, Conflict, Stopped, Store
from depesza.store.opening import open_store
from depesza.store.sqlite import SqliteStore
from depesza.store.tx import Tx
from depesza.store.work import Work

pytestmark = pytest.mark.anyio


async def _states(tx: Tx) -> dict[int, tuple[int, int, str]]:
    rows = await tx.query("SELECT id, state, maybe, refusal FROM messages ORDER BY id")
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


def _heard(store: Store) -> list[Work]:
    works: list[Work] = []
    store.listen(works.append)
    return works


async def test_a_service_answers_after_its_commit_and_the_next_one_sees_it(store: Store) -> None:
    await store.run(furnish)
    assert store.facts.account_named["sms-xx11111-1"].id == ONE
    assert await store.look(balance) == 100 * MICRO


async def test_a_service_that_raises_has_written_nothing(store: Store) -> None:
    await store.run(furnish)

    async def breaks(tx: Tx) -> None:
        await tx.book(ledger.charge(ONE, 5 * MICRO, 1, NOW, tx.new_id()), 0)
        tx.put("senders", Sender(account=ONE, name="Gone"))
        raise ValueError("broken")

    results = await asyncio.gather(store.run(balance), store.run(breaks), store.run(balance), return_exceptions=True)
    assert results[0] == results[2] == 100 * MICRO
    assert isinstance(results[1], ValueError)
    assert (ONE, "Gone") not in store.facts.sender


async def test_services_of_one_commit_see_each_others_charges(store: Store) -> None:
    lanes = await furnished(store, credits=3)
    account = store.facts.account[ONE]
    results = await asyncio.gather(
        *(store.run(submit, account, submission(), lanes, POLICY, NOW) for _ in range(5)),
        return_exceptions=True,
    )
    good = [result for result in results if not isinstance(result, BaseException)]
    assert len(good) == 3
    assert all(isinstance(r, NotEnoughCredits) for r in results if isinstance(r, BaseException))
    assert await store.look(balance) == 0
    assert len(await store.look(_states)) == 3


async def test_one_refused_row_does_not_take_the_others_with_it(store: Store) -> None:
    await store.run(furnish)

    async def twice(tx: Tx) -> None:
        tx.insert("entries", (7, NOW, "topup", 2, ONE, 1, 0, ""))

    async def fine(tx: Tx) -> str:
        tx.insert("acts", (tx.new_id(), NOW, "me", "did", "it"))
        return "fine"

    await store.run(twice)
    results = await asyncio.gather(store.run(fine), store.run(twice), store.run(fine), return_exceptions=True)
    assert [results[0], results[2]] == ["fine", "fine"]
    assert isinstance(results[1], Conflict)


async def test_the_engine_is_told_of_queued_messages_after_the_commit(store: Store) -> None:
    lanes = await furnished(store)
    works = _heard(store)
    accepted = await store.run(submit, store.facts.account[ONE], submission(), lanes, POLICY, NOW)
    await asyncio.sleep(0)
    told = [message.id for work in works for message in work.messages]
    assert told == list(accepted.ids)


async def test_a_message_is_claimed_once(store: Store) -> None:
    lanes = await furnished(store)
    accepted = await store.run(submit, store.facts.account[ONE], submission(), lanes, POLICY, NOW)
    ids = list(accepted.ids)
    assert await store.run(progress.claim, ids, OUT) == ids
    await store.run(progress.end, ids, News.CANCEL, "cancelled", NOW)
    assert (await store.look(_states))[ids[0]][0] == State.SENDING  # it was too late to take it back


async def test_a_cancelled_message_is_not_claimed_and_its_price_comes_back(store: Store) -> None:
    lanes = await furnished(store)
    accepted = await store.run(
        submit, store.facts.account[ONE], submission("+33601020304", "+33601020305"), lanes, POLICY, NOW
    )
    first, second = accepted.ids
    assert await store.run(progress.end, [first], News.CANCEL, "cancelled", NOW) == [first]
    assert await store.run(progress.claim, [first, second], OUT) == [second]
    assert await store.look(balance) == 99 * MICRO


async def _sent(store: Store, remote: str = "r1") -> int:
    lanes = await furnished(store)
    accepted = await store.run(submit, store.facts.account[ONE], submission(), lanes, POLICY, NOW)
    works = _heard(store)
    del works
    (message,) = await store.look(progress.load, accepted.ids)
    await store.run(progress.claim, [message.id], OUT)
    await store.run(progress.settle, OUT, [(Outcome(message.id, NOW, (remote,)), message)], {})
    return message.id


def _receipt(remote: str, state: State, refusal: str = "") -> Receipt:
    return Receipt(OUT, (remote,), state, refusal, NOW + 5)


async def test_a_receipt_finds_its_message_and_a_second_one_changes_nothing(store: Store) -> None:
    id = await _sent(store)
    delivered, failed = _receipt("r1", State.DELIVERED), _receipt("r1", State.FAILED, "undeliverable")
    assert await store.run(progress.take_receipts, [delivered, failed], NOW) == ["r1", "r1"]
    assert await store.run(progress.take_receipts, [failed], NOW) == ["r1"]
    assert (await store.look(_states))[id] == (State.DELIVERED, 0, "")


async def test_a_receipt_without_a_message_is_parked_and_found_later(store: Store) -> None:
    assert await store.run(progress.take_receipts, [_receipt("r1", State.DELIVERED)], NOW) == [""]
    id = await _sent(store, "r1")
    _, seen, found = await store.run(progress.rematch, 0, 0, 100, NOW)
    assert (seen, [remote for _, remote in found]) == (1, ["r1"])
    assert (await store.look(_states))[id][0] == State.DELIVERED
    assert (await store.run(progress.rematch, 0, 0, 100, NOW))[1] == 0


async def test_a_scheduled_message_falls_due(store: Store, clock: Clock) -> None:
    lanes = await furnished(store)
    account = store.facts.account[ONE]
    accepted = await store.run(submit, account, submission(deferred=2), lanes, POLICY, NOW)
    assert await store.look(progress.next_due) == NOW + 120 * MICRO
    assert await store.run(progress.make_due, lanes, NOW + 119 * MICRO, 10) == 0
    works = _heard(store)
    assert await store.run(progress.make_due, lanes, NOW + 120 * MICRO, 10) == 1
    await asyncio.sleep(0)
    assert [m.id for work in works for m in work.messages] == list(accepted.ids)
    assert await store.run(progress.claim, accepted.ids, OUT) == list(accepted.ids)


@pytest.mark.parametrize(("wish", "state"), [(OnUnknown.RESEND, State.SCHEDULED), (OnUnknown.HOLD, State.HELD)])
async def test_what_a_dead_node_was_sending_is_sent_again_or_held_and_marked(
    store: Store, wish: OnUnknown, state: State
) -> None:
    lanes = await furnished(store, on_unknown=wish)
    accepted = await store.run(submit, store.facts.account[ONE], submission(), lanes, POLICY, NOW)
    await store.run(progress.claim, accepted.ids, OUT)
    assert await store.run(progress.adopt, store.node, NOW, 100) == (1, 0)
    assert (await store.look(_states))[accepted.ids[0]][:2] == (state, 1)


async def test_a_temporary_refusal_waits_and_a_final_one_ends(store: Store) -> None:
    lanes = await furnished(store)
    accepted = await store.run(
        submit, store.facts.account[ONE], submission("+33601020304", "+33601020305"), lanes, POLICY, NOW
    )
    one, two = await store.look(progress.load, accepted.ids)
    await store.run(progress.claim, accepted.ids, OUT)
    outcomes = [
        (Outcome(one.id, NOW, refusal="throttled", retry_after=MICRO), one),
        (Outcome(two.id, NOW, refusal="bad_destination", detail="RINVDSTADR"), two),
    ]
    await store.run(progress.settle, OUT, outcomes, {})
    states = await store.look(_states)
    assert states[one.id][0] == State.SCHEDULED
    assert states[two.id][::2] == (State.FAILED, "bad_destination")


async def test_a_queue_is_read_in_its_order(store: Store) -> None:
    lanes = await furnished(store)
    for who, count in ((ONE, 20), (TWO, 2)):
        receivers = [f"+336010203{n:02}" for n in range(count)]
        await store.run(submit, store.facts.account[who], submission(*receivers), lanes, POLICY, NOW)
    page = await store.look(progress.queue_page, store.node, OUT, 6)
    assert [m.content.account for m in page].count(TWO) == 2  # the small one does not wait behind the large one
    assert [m.turn for m in page] == sorted(m.turn for m in page)


async def test_balances_hold_under_fifty_parallel_senders(store: Store) -> None:
    lanes = await furnished(store, credits=37)
    account = store.facts.account[ONE]

    async def sender() -> int:
        sent = 0
        for _ in range(3):
            try:
                await store.run(submit, account, submission(), lanes, POLICY, NOW)
            except NotEnoughCredits:
                continue
            sent += 1
        return sent

    assert sum(await asyncio.gather(*(sender() for _ in range(50)))) == 37
    assert await store.look(balance) == 0

    async def entries(tx: Tx) -> int:
        rows = await tx.query(
            "SELECT COALESCE(SUM(CASE WHEN target = ?1 THEN amount ELSE -amount END), 0)"
            " FROM entries WHERE source = ?1 OR target = ?1",
            ONE,
        )
        return int(rows[0][0])

    assert await store.look(entries) == 0


async def test_another_process_sees_changed_facts_and_balances(store: Store, store_url: str, clock: Clock) -> None:
    await store.run(furnish)
    other = await open_store(store_url, clock)
    try:
        assert other.facts.account[ONE].name == "sms-xx11111-1"

        async def change(tx: Tx) -> None:
            tx.put("senders", Sender(account=ONE, name="New"))
            await tx.book(ledger.topup(ONE, MICRO, 0, NOW, tx.new_id()))

        await other.run(change)
        for _ in range(100):
            await store.run(progress.nothing)
            if (ONE, "New") in store.facts.sender:
                break
            await asyncio.sleep(0.02)
        assert (ONE, "New") in store.facts.sender
        assert await store.run(balance) == 101 * MICRO
    finally:
        await other.close()


async def test_facts_that_could_not_be_read_are_read_the_next_time(sqlite_url: str, clock: Clock) -> None:
    store = SqliteStore(sqlite_url, clock)
    with closing(sqlite3.connect(sqlite_url)) as beside:
        beside.execute("ALTER TABLE restrictions RENAME TO hidden")
        with pytest.raises(sqlite3.OperationalError):
            await store.refresh()
        beside.execute("ALTER TABLE hidden RENAME TO restrictions")
    await store.refresh()
    await store.close()


async def test_two_nodes_hold_different_numbers_and_a_gone_one_is_an_orphan(
    store: Store, store_url: str, clock: Clock
) -> None:
    lanes = await furnished(store)
    other = await open_store(store_url, clock)
    try:
        assert await other.join(12_000_000) != store.node
        assert await store.orphans() == []
        accepted = await other.run(submit, store.facts.account[ONE], submission(), lanes, POLICY, NOW)
        gone = other.node
    finally:
        await other.close()
    clock.move(13)
    assert await store.renew() or store.node >= 0
    assert gone in await store.orphans()
    assert await store.run(progress.claim, accepted.ids, OUT) == []  # not ours yet
    await store.run(progress.adopt, gone, NOW, 100)
    assert await store.run(progress.claim, accepted.ids, OUT) == list(accepted.ids)


async def test_past_its_bound_it_says_busy_and_engine_news_still_pass(store_url: str, clock: Clock) -> None:
    store = await open_store(store_url, clock, 3)
    waiting = [store.run(progress.nothing) for _ in range(3)]
    busy = 0
    for _ in range(200):
        try:
            waiting.append(store.run(progress.nothing))
        except Busy:
            busy += 1
    assert busy > 0
    waiting.append(store.insist(progress.nothing))
    await asyncio.gather(*waiting)
    await store.close()
    with pytest.raises(Stopped):
        store.run(progress.nothing)
