"""Messages that find a free place when they are accepted: marked in that commit, handed over without being claimed."""

import asyncio

import pytest
from scripted import Engine, states, taken, until
from tests.store.world import ONE, OUT, POLICY, balance, furnished, submission
from tests.support import Clock

from depesza.connectors.contract import Link
from depesza.core.fairness import Places
from depesza.core.ledger import NotEnoughCredits
from depesza.core.model import MICRO, Priority, State
from depesza.services import progress
from depesza.services.submit import submit
from depesza.store.contract import Store

pytestmark = pytest.mark.anyio


@pytest.fixture
async def engine(store: Store, clock: Clock) -> Engine:
    """An engine that offers its places, on each store."""
    return Engine(store, clock, await furnished(store), direct=True)


async def post(engine: Engine, *receivers: str) -> tuple[int, ...]:
    store = engine.store
    wish = submission(*receivers)
    accepted = await store.run(submit, store.facts.account[ONE], wish, engine.turns, POLICY, engine.clock())
    return accepted.ids


async def state(engine: Engine, id: int) -> tuple[int, int, str]:
    return (await engine.store.look(states))[id]


async def no_claim(*_: object) -> list[int]:
    raise AssertionError("nothing is to be claimed")


async def test_a_place_is_taken_in_the_commit_that_accepts(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    out = engine.attach(OUT)
    await engine.quiet()
    monkeypatch.setattr(progress, "claim", no_claim)
    (id,) = await post(engine)
    assert (await state(engine, id))[0] == State.SENDING
    await until(lambda: id in out.held)
    out.take(out.held[id])
    await engine.quiet()
    assert (await state(engine, id))[0] == State.SENT


async def test_never_more_are_unanswered_than_the_connector_allows(engine: Engine) -> None:
    out = engine.attach(OUT, capacity=3)
    await engine.quiet()
    ids: list[int] = []
    for group in await asyncio.gather(*(post(engine, f"+3360{n:07}", f"+3361{n:07}") for n in range(5))):
        ids += group
    await engine.quiet()
    assert len(out.held) == 3
    out.answer = taken(engine.clock)
    for message in list(out.held.values()):
        out.take(message)
    await until(lambda: len(out.sent) == 10)
    assert out.most == 3
    assert sorted(message.id for message in out.sent) == sorted(ids)


async def test_those_that_wait_go_before_those_that_come(engine: Engine) -> None:
    out = engine.attach(OUT, capacity=1)
    await engine.quiet()
    first, second, third = [(await post(engine, f"+3360200000{n}"))[0] for n in range(3)]
    await engine.quiet()
    out.take(out.held[first])
    await until(lambda: second in out.held)
    (late,) = await post(engine, "+33602000009")
    out.answer = taken(engine.clock)
    out.take(out.held[second])
    await until(lambda: len(out.sent) == 4)
    assert [message.id for message in out.sent] == [first, second, third, late]


async def test_a_link_that_drops_in_between_gets_none_and_none_is_marked_as_sent(engine: Engine) -> None:
    out = engine.attach(OUT)
    await engine.quiet()
    accepting = asyncio.ensure_future(post(engine))
    await asyncio.sleep(0)
    out.link = Link.DOWN  # it has not told yet
    (id,) = await accepting
    await until(lambda: not engine.dispatcher.lanes[OUT].inflight)
    assert not out.sent
    out.change(Link.UP)
    assert await engine.due(2) == 1
    await until(lambda: id in out.held)
    assert (await state(engine, id))[1] == 0


async def test_a_place_whose_submission_was_refused_comes_back(engine: Engine) -> None:
    out = engine.attach(OUT, capacity=2)
    await engine.quiet()
    many = [f"+336030000{n:02}" for n in range(99)]
    left = await engine.store.look(balance) // MICRO
    assert left == 100
    await post(engine, *many[:98])  # two of them have a place, the others wait
    out.answer = taken(engine.clock)
    for message in list(out.held.values()):
        out.take(message)
    await until(lambda: len(out.sent) == 98)
    await engine.quiet()
    engine.dispatcher.tick()
    with pytest.raises(NotEnoughCredits):
        await post(engine, *many[:3])
    lane = engine.dispatcher.lanes[OUT]
    assert lane.free < 2
    for _ in range(3):
        engine.dispatcher.tick()
    assert lane.places.outstanding == 2, "both are offered again"
    (id,) = await post(engine)
    await until(lambda: out.sent[-1].id == id)


def test_counts_of_places_stay_right_whatever_gets_lost() -> None:
    places = Places()
    places.offer(2)
    assert [places.take(), places.take(), places.take()] == [True, True, False]
    places.arrive()
    assert places.outstanding == 1
    places.forget_lost()
    places.arrive()  # it came after all
    assert places.outstanding == 0
    places.offer(3)
    places.withdraw()
    assert (places.take(), places.outstanding) == (False, 0)


async def test_bulk_leaves_a_few_places_to_those_that_come_in_between(engine: Engine) -> None:
    out = engine.attach(OUT, capacity=40)
    await engine.quiet()
    store, turns, now = engine.store, engine.turns, engine.clock()
    bulk = submission(*(f"+336010203{n:02}" for n in range(60)), priority=Priority.BULK)
    await store.run(submit, store.facts.account[ONE], bulk, turns, POLICY, now)
    await engine.quiet()
    assert len(out.held) == 38  # one place in twenty is kept free
    (id,) = await post(engine, "+33602000009")
    assert (await state(engine, id))[0] == State.SENDING
    await until(lambda: id in out.held)
    out.answer = taken(engine.clock)
    for message in list(out.held.values()):
        out.take(message)
    await until(lambda: len(out.sent) == 61)
    assert out.most <= 40
