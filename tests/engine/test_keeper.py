"""What happens by the clock: due, silent, expired and old messages, leases lost, nodes taken over."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from scripted import Engine, Faulty, states, taken, until
from tests.store.world import ONE, OUT, POLICY, SPARE, balance, submission
from tests.support import Clock

from depesza.core.facts import Account, Limits
from depesza.core.fairness import Lanes
from depesza.core.lifecycle import News
from depesza.core.model import MICRO, Inbound, Notice, OnUnknown, Receipt, State
from depesza.engine.keeper import Rhythm, rhythm
from depesza.services import audit, contacts, documents, inbox, notices, progress, protection
from depesza.services.submit import submit
from depesza.store.contract import Store
from depesza.store.opening import open_store
from depesza.store.tx import Tx

pytestmark = pytest.mark.anyio
DAY = 86_400


async def post(engine: Engine, *receivers: str, **options: object) -> tuple[int, ...]:
    """Accept a submission."""
    store, wish = engine.store, submission(*receivers, **options)
    return (await store.run(submit, store.facts.account[ONE], wish, engine.turns, POLICY, engine.clock())).ids


async def rows(store: Store, table: str) -> int:
    """Count the rows of a table."""

    async def count(tx: Tx) -> int:
        return int((await tx.query(f"SELECT COUNT(*) FROM {table}"))[0][0])

    return await store.look(count)


# what falls due


async def test_a_deferred_message_is_sent_at_its_time_and_not_before(engine: Engine) -> None:
    out = engine.attach(OUT)
    (id,) = await post(engine, deferred=2)
    await engine.keeper._make_due()
    engine.clock.move(119)
    await engine.keeper._make_due()
    await engine.quiet()
    assert not out.sent
    engine.clock.move(1)
    await engine.keeper._make_due()
    await until(lambda: out.held)
    assert [message.id for message in out.sent] == [id]


async def test_more_than_a_page_falls_due_at_once(engine: Engine) -> None:
    out = engine.attach(OUT, capacity=5_000)
    await post(engine, *(f"+33602{n:06}" for n in range(2_100)), deferred=1)
    engine.clock.move(60)
    await engine.keeper._make_due()
    await until(lambda: len(out.sent) == 2_100, 20)


async def test_the_running_keeper_wakes_for_what_is_due_next(engine: Engine) -> None:
    out = engine.attach(OUT)
    engine.keeper.start()
    try:
        await post(engine, deferred=1)
        await engine.quiet()
        engine.clock.move(60 - 0.05)
        engine.keeper.scheduled(engine.clock() + 49_000)  # it sleeps for 49 ms from now
        await asyncio.sleep(0.01)
        engine.clock.move(0.05)
        await until(lambda: out.held)
    finally:
        await engine.keeper.stop()


async def test_a_duty_that_fails_does_not_end_the_others(engine: Engine) -> None:
    store = Faulty(engine.store)
    store.failing["nothing"] = ["before"] * 3
    store.failing["make_due"] = ["before"]
    engine.keeper._store = store  # type: ignore[assignment]
    engine.keeper._rhythm = Rhythm(tick=0.01)
    out = engine.attach(OUT)
    await post(engine, deferred=1)
    engine.clock.move(61)
    engine.keeper.start()
    try:
        await until(lambda: store.failures == 4)
        engine.keeper.scheduled(engine.clock())
        await until(lambda: out.held)
    finally:
        await engine.keeper.stop()


# silence


async def test_a_message_that_is_never_reported_ends_after_its_validity_and_a_grace(engine: Engine) -> None:
    out = engine.attach(OUT)
    out.answer = taken(engine.clock)
    (id,) = await post(engine, validity=10)
    await until(lambda: out.sent)
    await engine.quiet()
    for seconds, state in ((600 + 3_590, State.SENT), (20, State.EXPIRED)):
        engine.clock.move(seconds)
        await engine.keeper._silent()
        assert (await engine.store.look(states))[id][0] == state
    assert (await engine.store.look(states))[id][2] == "no_report"


async def test_a_carrier_that_keeps_messages_does_not_hide_the_silent_ones_behind_them(engine: Engine) -> None:
    out = engine.attach(OUT, capacity=3_000)
    out.answer = taken(engine.clock)
    await post(engine, *(f"+33602{n:06}" for n in range(1_100)), validity=100_000)
    (id,) = await post(engine, validity=10)
    await until(lambda: len(out.sent) == 1_101, 20)
    await engine.quiet()
    engine.clock.move(3 * 3600)
    await engine.keeper._silent()
    assert (await engine.store.look(states))[id][0] == State.EXPIRED


# nodes


async def test_a_lease_that_is_lost_is_told_at_once(engine: Engine) -> None:
    class Lost:
        node = 0

        async def renew(self) -> bool:
            return False

    engine.keeper._store = Lost()  # type: ignore[assignment]
    await engine.keeper._renew()
    assert engine.lost == 1


def test_a_lease_is_renewed_several_times_before_it_ends() -> None:
    for lease in (1.0, 2.0, 12.0, 60.0):
        assert rhythm(lease, 400).lease * 3 < lease
        assert rhythm(lease, 7).keep_days == 7


@pytest.fixture
async def other(engine: Engine, store_url: str, clock: Clock) -> AsyncIterator[Engine]:
    """A second node on the same store."""
    store = await open_store(store_url, clock)
    await store.join(12_000_000)
    yield Engine(store, clock, Lanes())
    await store.close()


async def test_two_nodes_have_two_numbers(engine: Engine, other: Engine) -> None:
    assert engine.store.node != other.store.node
    assert list(await other.store.orphans()) == list(await engine.store.orphans()) == []


@pytest.mark.parametrize(("wish", "state"), [(OnUnknown.RESEND, State.SCHEDULED), (OnUnknown.HOLD, State.HELD)])
async def test_a_node_that_is_gone_is_taken_over_once_and_its_number_is_free_again(
    engine: Engine, other: Engine, store_url: str, wish: OnUnknown, state: State
) -> None:
    async def set_wish(tx: Tx) -> None:
        tx.put("accounts", Account(id=ONE, owner=100, name="sms-xx11111-1", on_unknown=wish))

    await engine.store.run(set_wish)
    await other.store.insist(progress.nothing)
    dying = engine.attach(OUT, capacity=3)
    ids = await post(engine, *(f"+33602{n:06}" for n in range(8)))
    await until(lambda: len(dying.held) == 3)
    gone = engine.store.node
    await engine.store.close()  # its outcomes will never be written
    other.clock.move(13)
    heir = other.attach(OUT)
    await other.quiet()
    await other.keeper._orphans()
    await until(lambda: len(heir.held) == 5)
    found = await other.store.look(states)
    assert sorted(heir.held) == sorted(set(ids) - set(dying.held))
    assert {found[id][:2] for id in dying.held} == {(state, 1)}
    assert list(await other.store.orphans()) == []
    third = await open_store(store_url, other.clock)
    assert await third.join(12_000_000) == gone
    await third.close()


async def test_nobody_gets_the_number_of_a_node_that_is_being_taken_over(
    engine: Engine, other: Engine, store_url: str
) -> None:
    gone = engine.store.node
    await engine.store.close()
    other.clock.move(13)
    assert list(await other.store.orphans()) == [gone]
    third = await open_store(store_url, other.clock)
    assert await third.join(12_000_000) not in (gone, other.store.node)
    await other.store.bury(gone)
    assert list(await other.store.orphans()) == []
    await third.close()


async def test_its_own_earlier_life_is_taken_over_at_the_start(engine: Engine) -> None:
    (id,) = await post(engine)
    await engine.store.run(progress.claim, [id], OUT)
    await engine.keeper.adopt(engine.store.node)
    assert (await engine.store.look(states))[id][:2] == (State.SCHEDULED, 1)
    out = engine.attach(OUT)
    assert await engine.due() == 1
    await until(lambda: id in out.held)


# retention


async def _old_life(engine: Engine) -> None:
    """Let every table get rows: messages of each end, receipts, replies, stops, a charge and a refund."""
    out = engine.attach(OUT)
    out.answer = taken(engine.clock)
    ids = await post(engine, *(f"+33602{n:06}" for n in range(5)), answerable=True)
    (late,) = await post(engine, "+33601020399", deferred=60)
    await until(lambda: len(out.sent) == 5)
    await engine.quiet()
    receipts = [Receipt(OUT, (f"r{id}.0",), State.DELIVERED, "", engine.clock()) for id in ids[:4]]
    await engine.store.run(progress.take_receipts, receipts, engine.clock())
    await engine.store.run(progress.end, [late], News.CANCEL, "cancelled", engine.clock())
    texts = [
        Inbound(OUT, f"+3360200000{n}", out.sent[0].content.sender, text, engine.clock())
        for n, text in enumerate(("Oui", "STOP"))
    ]
    await engine.store.run(inbox.take_inbound, texts, POLICY, engine.clock())


async def test_old_messages_and_all_that_hangs_on_them_are_forgotten_and_the_ledger_is_kept(engine: Engine) -> None:
    await _old_life(engine)
    entries, before = await rows(engine.store, "entries"), await engine.store.look(balance)
    assert await rows(engine.store, "inbounds") == 2 and await rows(engine.store, "conversations") == 5
    engine.clock.move(400 * DAY - 60)
    await engine.keeper._retain()
    assert await rows(engine.store, "messages") == 6
    engine.clock.move(120 + 365 * DAY)  # conversations with numbers of one's own last a year
    await engine.keeper._retain()
    assert await rows(engine.store, "messages") == 1, "one is not final"
    await engine.keeper._silent()
    await engine.keeper._retain()
    tables = ("messages", "submissions", "remotes", "events", "inbounds", "conversations")
    assert {table: await rows(engine.store, table) for table in tables} == dict.fromkeys(tables, 0)
    assert await rows(engine.store, "optouts") == 1, "whoever said STOP is not forgotten"
    assert await rows(engine.store, "entries") == entries
    assert await engine.store.look(balance) == before
    report = await engine.store.look(audit.audit, 2**53)
    assert report.clean, report.problems


async def test_callbacks_that_are_over_are_forgotten_before_their_messages(engine: Engine) -> None:
    async def owe(tx: Tx) -> list[Notice]:
        now = engine.clock()
        made = [Notice(tx.new_id(), 101, "ovh", "receipt", "http://x.example/", b"{}", 7, now, now) for _ in range(2)]
        for notice in made:
            tx.add_notice(notice)
        return made

    told, _ = await engine.store.run(owe)
    await engine.store.run(notices.tried, [notices.Tried(told, True, 1, 0, "200")], engine.clock())
    for days, left in ((89, 2), (2, 1)):
        engine.clock.move(days * DAY)
        await engine.keeper._retain()
        assert await rows(engine.store, "notices") == left, "one that waits is kept"
    assert await rows(engine.store, "events") == 0


async def test_what_another_connector_sends_is_not_forgotten_with_it(engine: Engine) -> None:
    await _old_life(engine)
    engine.clock.move(401 * DAY)
    spare = engine.attach(SPARE)
    (young,) = await post(engine)
    del spare
    await engine.keeper._retain()
    assert young in await engine.store.look(states)


async def test_papers_and_phone_books_go_with_their_senders_and_accounts(engine: Engine) -> None:
    store, now = engine.store, engine.clock()
    for account, topic in ((ONE, "sender MyApp"), (ONE, "sender Gone"), (999, "phonebook 7"), (ONE, "phonebook 7")):
        await store.run(documents.create, 100, "a.pdf", now, account=account, topic=topic)
    books = [await store.run(contacts.create_book, account, "Clients", now) for account in (ONE, 999)]
    await store.run(contacts.add, 999, books[1], [contacts.Person((), "Zoé", "", {})], now)
    for _ in range(2):
        await engine.keeper._retain()
    assert await rows(store, "documents") == 2
    assert [doc.topic for doc in await store.look(documents.list_topic, ONE, "sender MyApp", now)] == ["sender MyApp"]
    assert await store.look(contacts.books, ONE) == books[:1]
    assert (await rows(store, "phonebooks"), await rows(store, "contacts")) == (1, 0)


async def test_files_whose_time_is_over_and_uploads_never_completed_are_forgotten(engine: Engine) -> None:
    store, now = engine.store, engine.clock()
    for n in range(12):
        made = await store.run(documents.create, 100, "a.csv", now, expires=now + DAY * MICRO if n else 0)
        await store.run(documents.add_page, made.content, 0, b"data")
    await store.run(documents.add_page, await store.run(documents.new_content), 0, b"half")
    await engine.keeper._retain()
    assert (await rows(store, "documents"), await rows(store, "document_pages")) == (12, 13)
    engine.clock.move(2 * DAY)
    await engine.keeper._retain()
    assert (await rows(store, "documents"), await rows(store, "document_pages")) == (1, 1)


async def tally(tx: Tx, at: int, *keys: str) -> None:
    """Count something once."""
    for key in keys:
        tx.tally(ONE, key, at, 1)


async def test_what_was_counted_for_limits_is_swept_a_day_later(engine: Engine) -> None:
    await engine.store.run(tally, engine.clock(), *[f"number {n}" for n in range(2_500)])
    engine.clock.move(DAY + 1)
    await engine.store.run(protection.admit, ONE, "send x", 1, MICRO, engine.clock())
    await engine.keeper._sweep()
    assert await rows(engine.store, "tallies") == 1


async def test_what_is_counted_for_a_minute_is_swept_when_no_span_reaches_it(engine: Engine) -> None:
    keys = [f"flood {n}" for n in range(1_500)] + [f"send {n}" for n in range(1_500)]
    await engine.store.run(tally, engine.clock(), *keys, "number 1")
    engine.clock.move(60)
    await engine.keeper._sweep()
    assert await rows(engine.store, "tallies") == 3_001
    engine.clock.move(1)
    await engine.store.run(tally, engine.clock(), "flood 1", "price 1")
    await engine.keeper._sweep()
    assert await rows(engine.store, "tallies") == 3
    await engine.store.run(put_limits, Limits(account=ONE, span=600))
    engine.clock.move(600)
    await engine.keeper._sweep()
    assert await rows(engine.store, "tallies") == 3
    engine.clock.move(1)
    await engine.keeper._sweep()
    assert await rows(engine.store, "tallies") == 1


async def test_floods_that_are_counted_by_days_are_kept_for_a_day(engine: Engine) -> None:
    await engine.store.run(put_limits, Limits(account=ONE, flood_gap=0))
    await engine.store.run(tally, engine.clock(), "flood 1")
    engine.clock.move(DAY)
    await engine.keeper._sweep()
    assert await rows(engine.store, "tallies") == 1
    engine.clock.move(1)
    await engine.keeper._sweep()
    assert await rows(engine.store, "tallies") == 0


async def test_failures_of_an_address_are_kept_longer_than_submissions(engine: Engine) -> None:
    assert not await engine.store.run(protection.lock_out, "192.0.2.1", "send", 2, 600 * MICRO, engine.clock())
    engine.clock.move(599)
    await engine.keeper._sweep()
    assert await engine.store.run(protection.lock_out, "192.0.2.1", "send", 2, 600 * MICRO, engine.clock())


async def put_limits(tx: Tx, limits: Limits) -> None:
    """Set an account's limits."""
    tx.put("limits", limits)
