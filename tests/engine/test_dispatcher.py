"""The dispatcher on real stores with scripted connectors: order, bounds, retries, ways around, faults, the end."""

import asyncio

import pytest
from scripted import Engine, Faulty, Scripted, states, taken, until
from tests.store.world import ONE, OUT, POLICY, SPARE, TWO, balance, submission

from depesza.connectors.contract import Link
from depesza.core.facts import Account
from depesza.core.lifecycle import News
from depesza.core.model import MICRO, OnUnknown, Priority, State
from depesza.engine import dispatcher as module
from depesza.engine import lane as lane_module
from depesza.services import progress
from depesza.services.submit import submit
from depesza.store.contract import Store
from depesza.store.tx import Tx

pytestmark = pytest.mark.anyio


async def post(engine: Engine, *receivers: str, account: int = ONE, **options: object) -> tuple[int, ...]:
    """Accept a submission."""
    store = engine.store
    wish = submission(*receivers, **options)
    accepted = await store.run(submit, store.facts.account[account], wish, engine.turns, POLICY, engine.clock())
    return accepted.ids


async def many(engine: Engine, count: int, **options: object) -> tuple[int, ...]:
    """Accept one submission to many receivers."""
    return await post(engine, *(f"+33602{n:06}" for n in range(count)), **options)


async def state(engine: Engine, id: int) -> tuple[int, int, str]:
    """Tell state, mark and refusal of a message."""
    return (await engine.store.look(states))[id]


# order and bounds


async def test_smaller_priorities_and_then_turns_go_first(engine: Engine) -> None:
    bulk = await many(engine, 3, priority=Priority.BULK)
    high = await many(engine, 3, priority=Priority.HIGH)
    urgent = await many(engine, 1, priority=Priority.URGENT)
    out = engine.attach(OUT)
    await engine.quiet()
    assert [message.id for message in out.sent] == [*urgent, *high, *bulk]


async def test_one_message_of_a_small_account_does_not_wait_behind_a_large_one(engine: Engine) -> None:
    await many(engine, 200)
    (single,) = await post(engine, account=TWO)
    out = engine.attach(OUT, capacity=5)
    out.answer = taken(engine.clock)
    await until(lambda: any(message.id == single for message in out.sent))
    assert [message.id for message in out.sent].index(single) < 10


async def test_two_accounts_share_a_connector_evenly(engine: Engine) -> None:
    await many(engine, 60)
    await many(engine, 60, account=TWO)
    out = engine.attach(OUT, capacity=3)
    out.answer = taken(engine.clock)
    await until(lambda: len(out.sent) >= 40)
    first = [message.content.account for message in out.sent[:40]]
    assert abs(first.count(ONE) - first.count(TWO)) <= 4


async def test_what_is_not_settled_on_disk_never_exceeds_the_capacity(engine: Engine) -> None:
    out = engine.attach(OUT, capacity=7)
    await engine.quiet()
    worst = 0

    def look() -> None:
        nonlocal worst
        worst = max(worst, len(engine.dispatcher.lanes[OUT].inflight))

    await many(engine, 150)
    while len(out.sent) < 150 or out.held:
        look()
        for message in list(out.held.values())[:3]:
            out.take(message)
        await asyncio.sleep(0)
        look()
    assert worst == out.most == 7


async def test_a_message_is_marked_on_disk_before_it_is_handed_over(engine: Engine) -> None:
    out = engine.attach(OUT)
    (id,) = await post(engine)
    await until(lambda: out.held)
    assert (await state(engine, id))[0] == State.SENDING


@pytest.mark.parametrize("count", [120, 121, 400])
async def test_a_queue_larger_than_memory_is_sent_once_each_and_in_order(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(lane_module, "MOST", 40)
    monkeypatch.setattr(lane_module, "PAGE", 10)
    monkeypatch.setattr(module, "PAGE", 10)
    out = engine.attach(OUT, capacity=7)
    out.answer = taken(engine.clock)
    ids = await many(engine, count)
    await until(lambda: len(out.sent) == count, 20)
    await engine.quiet()
    assert [message.id for message in out.sent] == list(ids)
    assert all(row[0] == State.SENT for row in (await engine.store.look(states)).values())


# what happens while they wait


async def test_a_message_cancelled_in_the_queue_is_never_sent(engine: Engine) -> None:
    out = engine.attach(OUT, up=False)
    first, second = await many(engine, 2)
    await engine.store.run(progress.end, [first], News.CANCEL, "cancelled", engine.clock())
    out.change(Link.UP)
    await engine.quiet()
    assert [message.id for message in out.sent] == [second]
    assert not engine.dispatcher.lanes[OUT].inflight.get(first)


async def test_a_message_that_expires_in_the_queue_is_not_sent_and_ends(engine: Engine) -> None:
    out = engine.attach(OUT, up=False)
    (old,) = await post(engine, validity=1)
    (young,) = await post(engine, "+33601020305")
    engine.clock.move(61)
    out.change(Link.UP)
    await engine.quiet()
    assert [message.id for message in out.sent] == [young]
    assert await state(engine, old) == (State.EXPIRED, 0, "expired")


async def test_messages_expire_behind_a_link_that_stays_down(engine: Engine) -> None:
    engine.attach(OUT, up=False)
    (id,) = await post(engine, validity=1)
    await engine.quiet()
    engine.clock.move(61)
    engine.dispatcher.tick()
    await engine.quiet()
    assert (await state(engine, id))[0] == State.EXPIRED
    assert not engine.dispatcher.lanes[OUT].held


async def test_what_another_node_took_over_is_not_sent_here(engine: Engine) -> None:
    out = engine.attach(OUT, up=False)
    (id,) = await post(engine)

    async def take_over(tx: Tx) -> None:
        tx.write("UPDATE messages SET node = 9 WHERE id = ?1", id)

    await engine.store.run(take_over)
    out.change(Link.UP)
    await engine.quiet()
    assert not out.sent and not engine.dispatcher.lanes[OUT].inflight


async def test_a_claim_leaves_alone_what_is_on_its_way_over_another_connector(engine: Engine) -> None:
    ids = await many(engine, 2)
    assert await engine.store.run(progress.claim, [ids[0]], OUT) == [ids[0]]
    assert await engine.store.run(progress.claim, list(ids), SPARE) == [ids[1]]
    assert await engine.store.run(progress.claim, list(ids), OUT) == [ids[0]]  # its answer was lost: it is still ours


# refusals


async def test_a_message_refused_by_one_carrier_goes_to_the_routes_next_one(engine: Engine) -> None:
    out, spare = engine.attach(OUT), engine.attach(SPARE)
    (id,) = await post(engine)
    await until(lambda: out.held)
    out.refuse(out.sent[0], "rejected")
    await engine.quiet()
    assert await engine.due(1) == 1
    await until(lambda: spare.held)
    spare.refuse(spare.sent[0], "rejected")
    await engine.quiet()
    assert await state(engine, id) == (State.FAILED, 0, "rejected")
    assert len(out.sent) == len(spare.sent) == 1
    assert not engine.dispatcher._tried


async def test_a_final_refusal_tries_nobody_else(engine: Engine) -> None:
    out, spare = engine.attach(OUT), engine.attach(SPARE)
    (id,) = await post(engine)
    await until(lambda: out.held)
    out.refuse(out.sent[0], "bad_content")
    await engine.quiet()
    assert await state(engine, id) == (State.FAILED, 0, "bad_content")
    assert await engine.due(3600) == 0 and not spare.sent


async def test_a_throttled_message_waits_and_is_not_tried_in_a_hot_loop(engine: Engine) -> None:
    out = engine.attach(OUT)
    ids = await many(engine, 20)
    tries = 0
    while tries < 5:
        await until(lambda: len(out.held) == 10)
        for message in list(out.held.values()):
            out.refuse(message, "throttled", 2 * MICRO)
        await engine.quiet()
        if not out.held:
            before = len(out.sent)
            assert await engine.due(1.9) == 0
            await engine.quiet()
            assert len(out.sent) == before
            assert await engine.due(0.2) == 20
            tries += 1
    await until(lambda: len(out.held) == 10)
    out.answer = taken(engine.clock)
    for message in list(out.held.values()):
        out.take(message)
    await engine.quiet()
    found = await engine.store.look(states)
    assert {found[id] for id in ids} == {(State.SENT, 0, "")}
    assert len(out.sent) == 6 * 20


async def test_what_may_have_been_sent_is_sent_again_later_and_later_and_marked(engine: Engine) -> None:
    out = engine.attach(OUT)
    (id,) = await post(engine)
    waits = []
    for _ in range(5):
        await until(lambda: out.held)
        out.refuse(out.sent[-1], "uncertain", MICRO)
        await engine.quiet()
        assert (await state(engine, id))[:2] == (State.SCHEDULED, 1)
        due = await engine.store.look(progress.next_due)
        waits.append((due - engine.clock()) // MICRO)
        assert await engine.due(waits[-1]) == 1
    assert waits == [1, 4, 16, 64, 256]
    await until(lambda: out.held)
    out.take(out.sent[-1])
    await engine.quiet()
    assert await state(engine, id) == (State.SENT, 1, "")


async def test_what_may_have_been_sent_is_held_where_the_account_says_so(engine: Engine) -> None:
    async def hold(tx: Tx) -> None:
        tx.put("accounts", Account(id=ONE, owner=100, name="sms-xx11111-1", on_unknown=OnUnknown.HOLD))

    await engine.store.run(hold)
    out = engine.attach(OUT)
    (id,) = await post(engine)
    await until(lambda: out.held)
    out.refuse(out.sent[0], "uncertain", MICRO)
    await engine.quiet()
    assert await state(engine, id) == (State.HELD, 1, "uncertain")
    assert await engine.due(100_000) == 0 and len(out.sent) == 1


# links


async def test_a_carrier_that_cannot_be_reached_fails_no_message(engine: Engine) -> None:
    out = engine.attach(OUT)
    ids = await many(engine, 5)
    await until(lambda: len(out.held) == 5)
    out.link = Link.DOWN
    for message in list(out.held.values()):
        out.refuse(message, "link_down", MICRO)
    await engine.quiet()
    assert {row[0] for row in (await engine.store.look(states)).values()} == {State.SCHEDULED}
    assert await engine.due(1) == 5
    out.change(Link.UP)
    await until(lambda: len(out.held) == 5)
    assert sorted(out.held) == sorted(ids)
    assert {row[1] for row in (await engine.store.look(states)).values()} == {0}, "none of them has left"


async def test_a_link_that_goes_down_while_messages_are_marked_gets_none(engine: Engine) -> None:
    out = engine.attach(OUT, up=False)
    ids = await many(engine, 5)
    await engine.quiet()
    out.change(Link.UP)  # claims at once
    out.link = Link.DOWN  # before the claim is on disk
    await engine.quiet()
    assert not out.sent
    assert set((await engine.store.look(states)).values()) == {(State.SCHEDULED, 0, "")}
    assert await engine.due(1) == 5
    out.change(Link.UP)
    await until(lambda: len(out.held) == 5)
    assert [message.id for message in out.sent] == list(ids)


async def test_messages_leave_a_link_that_stays_down_and_new_ones_come_back_to_it(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, spare = engine.attach(OUT, up=False), engine.attach(SPARE)
    ids = await many(engine, 5)
    await engine.quiet()
    engine.dispatcher.tick()
    await engine.quiet()
    assert not spare.sent, "a short break is waited for"
    monkeypatch.setattr(module, "FAILOVER_AFTER", 0.0)
    engine.dispatcher.tick()
    await until(lambda: len(spare.held) == 5)
    assert sorted(spare.held) == sorted(ids)
    out.change(Link.UP)
    (late,) = await post(engine, "+33601020399")
    await until(lambda: out.held)
    engine.dispatcher.tick()
    await engine.quiet()
    assert list(out.held) == [late] and len(spare.sent) == 5


async def test_messages_of_a_connector_nobody_serves_go_another_way_or_expire(engine: Engine) -> None:
    out = engine.attach(OUT, up=False)
    (old,) = await post(engine, validity=1)
    (young,) = await post(engine, "+33601020305")
    await engine.quiet()
    await engine.dispatcher.detach(OUT, 0.0)
    engine.clock.move(61)
    await engine.dispatcher.gather_strays()
    assert await state(engine, old) == (State.EXPIRED, 0, "expired")
    assert (await state(engine, young))[0] == State.QUEUED, "nobody else is there yet"
    spare = engine.attach(SPARE)
    await engine.dispatcher.gather_strays()
    await until(lambda: list(spare.held) == [young])
    assert not out.sent


# faults of the store


def faulty(engine: Engine) -> Faulty:
    """Put a store that can fail under the dispatcher."""
    store = Faulty(engine.store)
    engine.dispatcher._store = store  # type: ignore[assignment]
    return store


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("service", ["claim", "settle"])
async def test_a_store_that_fails_once_loses_and_doubles_nothing(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, service: str, when: str
) -> None:
    monkeypatch.setattr(module, "AGAIN", 0.05)
    store = faulty(engine)
    store.failing[service] = [when]
    out = engine.attach(OUT, capacity=4)
    out.answer = taken(engine.clock)
    ids = await many(engine, 20)
    await until(lambda: len(out.sent) == 20)
    await until(lambda: not engine.dispatcher.lanes[OUT].inflight)
    assert store.failures == 1
    assert sorted(message.id for message in out.sent) == sorted(ids)
    assert set((await engine.store.look(states)).values()) == {(State.SENT, 0, "")}


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_way_around_that_could_not_be_written_is_tried_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    monkeypatch.setattr(module, "AGAIN", 0.02)
    monkeypatch.setattr(module, "FAILOVER_AFTER", 0.0)
    store = faulty(engine)
    store.failing["reroute"] = [when]
    engine.attach(OUT, up=False)
    spare = engine.attach(SPARE)
    ids = await many(engine, 5)
    await engine.quiet()

    def arrived() -> bool:
        engine.dispatcher.tick()
        return len(spare.held) == 5

    await until(arrived)
    assert sorted(message.id for message in spare.sent) == sorted(ids)


async def test_an_end_that_could_not_be_written_is_tried_again(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AGAIN", 0.02)
    store = faulty(engine)
    store.failing["end"] = ["before", "before"]
    engine.attach(OUT, up=False)
    (id,) = await post(engine, validity=1)
    engine.clock.move(61)
    for _ in range(1_000):
        engine.dispatcher.tick()
        await asyncio.sleep(0.005)
        if (await state(engine, id))[0] == State.EXPIRED:
            break
    assert (await state(engine, id))[0] == State.EXPIRED and store.failures == 2


# taking over, attaching, stopping


async def test_what_was_taken_over_is_found_even_while_a_page_is_read(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = engine.attach(OUT)
    await engine.quiet()

    async def strangers(tx: Tx) -> None:
        tx.write("UPDATE messages SET node = 9")

    down = engine.attach(SPARE, up=False)  # a lane whose first page is being read
    assert engine.dispatcher.lanes[SPARE].loading
    del down
    out.link = Link.DOWN
    ids = await many(engine, 8)
    await engine.store.run(strangers)
    out.change(Link.UP)
    await engine.quiet()
    assert not out.sent
    engine.dispatcher.reload()  # reads a page, in which they are not yet
    assert engine.dispatcher.lanes[OUT].loading
    await engine.store.run(progress.adopt, 9, engine.clock(), 100)
    engine.dispatcher.reload()
    await until(lambda: len(out.held) == 8)
    assert sorted(out.held) == sorted(ids)


async def test_a_connector_that_is_detached_leaves_its_queue_and_one_that_comes_finds_it(engine: Engine) -> None:
    out = engine.attach(OUT, capacity=3)
    ids = await many(engine, 10)
    await until(lambda: len(out.held) == 3)
    await engine.dispatcher.detach(OUT, 0.1)
    assert OUT not in engine.dispatcher.lanes
    await engine.due(1)
    again = engine.attach(OUT)
    await until(lambda: len(again.held) == 10)
    assert sorted(again.held) == sorted(ids)
    marked = {id for id, row in (await engine.store.look(states)).items() if row[1]}
    assert marked == {message.id for message in out.sent}


async def test_an_outcome_nobody_waits_for_changes_nothing(engine: Engine) -> None:
    out = engine.attach(OUT)
    (id,) = await post(engine)
    await until(lambda: out.held)
    outcome = taken(engine.clock)(out.sent[0])
    engine.outcome(OUT, outcome)
    await engine.quiet()
    engine.outcome(OUT, outcome)  # a second time
    engine.outcome(777, outcome)  # of a connector that there is not
    await engine.quiet()
    assert (await state(engine, id))[0] == State.SENT


class Slow(Scripted):
    """A connector whose answers come only when it is stopped."""

    async def stop(self, grace: float) -> None:
        """Let the answers come, as a carrier does within the grace."""
        self.link = Link.STOPPED
        await asyncio.sleep(0.02)
        for message in list(self.held.values()):
            self.take(message)


async def test_a_stop_waits_for_answers_and_writes_them_down(engine: Engine) -> None:
    out = Slow(OUT, engine, engine.clock, capacity=6)
    engine.connectors[OUT] = out
    engine.dispatcher.attach(out)
    await many(engine, 20)
    await until(lambda: len(out.held) == 6)
    await engine.dispatcher.stop(1.0)
    found = sorted((await engine.store.look(states)).values())
    assert found == [(State.QUEUED, 0, "")] * 14 + [(State.SENT, 0, "")] * 6
    assert len(out.sent) == 6


async def test_a_stop_between_claim_and_sending_leaves_no_message_in_doubt(engine: Engine) -> None:
    out = engine.attach(OUT, up=False)
    await many(engine, 4)
    await engine.quiet()
    out.change(Link.UP)  # being marked now
    await engine.dispatcher.stop(1.0)
    assert not out.sent
    assert set((await engine.store.look(states)).values()) == {(State.SCHEDULED, 0, "")}


async def test_the_money_stays_right_through_all_of_it(store: Store, engine: Engine) -> None:
    out = engine.attach(OUT)
    await many(engine, 3)
    await until(lambda: len(out.held) == 3)
    one, two, three = out.sent
    out.take(one)
    out.refuse(two, "bad_content")  # the client's fault
    out.refuse(three, "bad_parameter")  # ours
    await engine.quiet()
    assert await store.look(balance) == (10_000 - 2) * MICRO
