"""News from carriers: acknowledged only after the commit, refused when it could not be written, parked and found."""

import asyncio

import pytest
from scripted import Engine, Faulty, states, taken, until
from tests.store.world import ONE, OUT, POLICY, submission

from depesza.core.model import Inbound, Receipt, State
from depesza.engine.keeper import Rhythm
from depesza.services import progress
from depesza.services.submit import submit
from depesza.store.tx import Tx

pytestmark = pytest.mark.anyio


async def sent(engine: Engine) -> int:
    """Send one message and have it taken."""
    out = engine.attach(OUT)
    out.answer = taken(engine.clock)
    store = engine.store
    (id,) = (await store.run(submit, store.facts.account[ONE], submission(), engine.turns, POLICY, engine.clock())).ids
    await until(lambda: out.sent)
    await engine.quiet()
    return id


def receipt(engine: Engine, remote: str, state: State = State.DELIVERED) -> Receipt:
    """A receipt of the scripted carrier."""
    return Receipt(OUT, (remote,), state, "", engine.clock())


async def test_a_receipt_is_acknowledged_when_it_is_on_disk_and_not_before(engine: Engine) -> None:
    id = await sent(engine)
    seen: list[tuple[bool, int]] = []
    commits = engine.store.stats.commits
    engine.receipt(receipt(engine, f"r{id}.0"), lambda good: seen.append((good, engine.store.stats.commits)))
    assert engine.reporter.pending == 1
    await until(lambda: seen)
    assert seen[0][0] and seen[0][1] > commits
    assert (await engine.store.look(states))[id][0] == State.DELIVERED
    assert engine.reporter.pending == 0


async def test_the_carriers_habits_are_learnt_from_receipts_that_found_their_message(engine: Engine) -> None:
    id = await sent(engine)
    told: list[bool] = []
    engine.receipt(receipt(engine, f"r{id}.0"), told.append)
    await until(lambda: told)
    lessons = engine.connectors[OUT].lessons  # type: ignore[attr-defined]
    assert [remote for _, remote in lessons] == [f"r{id}.0"]


async def test_receipts_that_could_not_be_written_are_not_acknowledged_and_may_come_again(engine: Engine) -> None:
    id = await sent(engine)
    store = Faulty(engine.store)
    store.failing["take_receipts"] = ["before", "after"]
    engine.reporter._store = store  # type: ignore[assignment]
    told: list[bool] = []
    for tries in range(1, 4):
        engine.receipt(receipt(engine, f"r{id}.0"), told.append)
        await until(lambda tries=tries: len(told) == tries)  # type: ignore[misc]
    assert told == [False, False, True]
    assert (await engine.store.look(states))[id][0] == State.DELIVERED


async def test_a_text_that_could_not_be_written_is_not_acknowledged(engine: Engine) -> None:
    store = Faulty(engine.store)
    store.failing["take_inbound"] = ["before"]
    engine.reporter._store = store  # type: ignore[assignment]
    told: list[bool] = []
    inbound = Inbound(OUT, "+33601020304", "38184", "Oui", engine.clock())
    for tries in (1, 2):
        engine.inbound(inbound, told.append)
        await until(lambda tries=tries: len(told) == tries)  # type: ignore[misc]
    assert told == [False, True]

    async def inbounds(tx: Tx) -> int:
        return len(await tx.query("SELECT id FROM inbounds"))

    assert await engine.store.look(inbounds) == 1


async def test_a_thousand_receipts_at_once_are_few_commits(engine: Engine) -> None:
    id = await sent(engine)
    told: list[bool] = []
    commits = engine.store.stats.commits
    for _ in range(1_200):
        engine.receipt(receipt(engine, f"r{id}.0"), told.append)
    await until(lambda: len(told) == 1_200)
    assert all(told) and engine.store.stats.commits - commits <= 5


async def test_a_receipt_that_came_first_is_parked_and_found_within_the_rhythm(engine: Engine) -> None:
    early: list[bool] = []
    out = engine.attach(OUT)
    store = engine.store
    accepted = await store.run(submit, store.facts.account[ONE], submission(), engine.turns, POLICY, engine.clock())
    await until(lambda: out.held)
    engine.keeper._rhythm = Rhythm(parked=(0.01, 0.05, 0.1, 30.0))
    engine.keeper.start()
    try:
        engine.receipt(receipt(engine, f"r{accepted.ids[0]}.0"), early.append)
        await until(lambda: early)
        assert early == [True], "it is on disk, so it may be acknowledged"
        await engine.quiet()
        out.take(out.sent[0])
        await engine.quiet()
        for _ in range(200):
            if (await store.look(states))[accepted.ids[0]][0] == State.DELIVERED:
                break
            await asyncio.sleep(0.01)
        assert (await store.look(states))[accepted.ids[0]][0] == State.DELIVERED
        assert [remote for _, remote in out.lessons] == [f"r{accepted.ids[0]}.0"]
        assert (await store.run(progress.rematch, 0, 0, 10, engine.clock()))[1] == 0
    finally:
        await engine.keeper.stop()


async def test_a_parked_receipt_that_nobody_sent_for_is_forgotten_in_the_end(engine: Engine) -> None:
    told: list[bool] = []
    engine.receipt(receipt(engine, "stranger"), told.append)
    await until(lambda: told)
    keep = int(engine.keeper._rhythm.parked_keep)
    for seconds, left in ((keep - 1, 1), (2, 0)):
        engine.clock.move(seconds)
        await engine.keeper._rematch()
        assert (await engine.store.run(progress.rematch, 0, 0, 10, engine.clock()))[1] == left
