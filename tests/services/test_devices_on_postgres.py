"""Two processes on one PostgreSQL give out the same queue to the same phones: nothing twice, no limit exceeded."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from phone_world import A, PhoneWorld, phone_world
from tests.store.world import POLICY
from tests.support import Clock

from depesza.core.devices import SECOND, Limits
from depesza.core.fairness import Lanes
from depesza.core.model import State
from depesza.engine.fleet import Fleet
from depesza.services import attempts, phone_texts, progress, reclaim
from depesza.services.phone_texts import PhoneText
from depesza.store.contract import Store
from depesza.store.opening import open_store
from depesza.store.tx import Tx

pytestmark = pytest.mark.anyio

ROUNDS = [pytest.param(10, id="10"), pytest.param(200, id="200", marks=pytest.mark.long)]


@pytest.fixture
def store_url(postgres_url: str) -> str:
    """A new PostgreSQL database."""
    return postgres_url


@pytest.fixture
async def world(store: Store, clock: Clock) -> PhoneWorld:
    """A carrier, and phones before it."""
    return await phone_world(store, clock)


@pytest.fixture
async def other(store_url: str, world: PhoneWorld, clock: Clock) -> AsyncIterator[Store]:
    """A second process on the same database."""
    opened = await open_store(store_url, clock)
    await opened.join(12_000_000)
    yield opened
    await opened.close()


async def open_attempts(tx: Tx) -> dict[int, int]:
    """Count the open attempts of messages."""
    rows = await tx.query("SELECT message, SUM(open) FROM device_attempts GROUP BY message")
    return {row[0]: int(row[1]) for row in rows}


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_device_case_40_two_workers_give_a_message_to_one_phone(
    world: PhoneWorld, other: Store, rounds: int
) -> None:
    phones = [await world.phone(limits=Limits(gap=0, minute=0, hour=0, day=0)) for _ in range(2)]
    second = Fleet(other, {}, Lanes(), world.clock)
    for _ in range(rounds):
        world.clock.move(1)
        (id,) = await world.send()
        # the second process takes over while the first one gives out, and both look at what is due
        await asyncio.gather(
            world.fleet.turn(), second.turn(), other.insist(progress.adopt, world.store.node, world.clock.now, 100)
        )
        await asyncio.gather(second.turn(), world.fleet.turn())
        (attempt,) = await world.tried(id)
        assert await world.state(id) is State.SENDING
        phone = next(phone for phone in phones if phone.id == attempt.device)
        assert [offer.attempt for offer in await world.pull(phone)] == [attempt.id]
        await world.tell(phone, attempt.id, A.SUBMITTED, A.SENT, A.DELIVERED)
    assert set((await world.store.look(open_attempts)).values()) == {0}


async def test_two_workers_together_keep_to_the_limits_of_a_sim(world: PhoneWorld, other: Store) -> None:
    phone = await world.phone(limits=Limits(gap=0, minute=2))
    second = PhoneWorld(other, world.clock, Lanes())
    mine = [await world.send() for _ in range(4)]
    theirs = [await second.send() for _ in range(4)]
    for _ in range(3):
        await asyncio.gather(world.fleet.turn(), second.fleet.turn())
    given = sum([len(await world.tried(id)) for (id,) in (*mine, *theirs)])
    assert (given, len(await world.pull(phone))) == (2, 2)


async def test_two_workers_decide_once_about_a_lost_attempt(world: PhoneWorld, other: Store) -> None:
    phone = await world.phone()
    for _ in range(5):
        (id,) = await world.send()
        await world.turn()
        world.clock.move(90)
        await asyncio.gather(*(each.insist(reclaim.look, world.clock.now) for each in (world.store, other)))
        (attempt,) = await world.tried(id)
        assert (attempt.state, attempt.open, await world.state(id)) == (A.WITHDRAWN, 0, State.SCHEDULED)
        await world.alive(phone)
        await world.store.run(progress.end, [id], progress.News.CANCEL, "cancelled", world.clock.now)


async def test_what_is_listed_at_its_fence_is_not_withdrawn_and_the_other_way_round(
    world: PhoneWorld, other: Store
) -> None:
    phone = await world.phone()
    for _ in range(10):
        world.clock.move(60)
        await world.alive(phone)
        (id,) = await world.send()
        await world.turn()
        (attempt,) = await world.tried(id)
        early, late = attempt.valid - SECOND, attempt.valid
        listed, _ = await asyncio.gather(
            other.run(attempts.offers, phone.id, early), world.store.insist(reclaim.look, late)
        )
        (attempt,) = await world.tried(id)
        assert (attempt.state is A.WITHDRAWN) == (not listed)
        if listed:
            await world.tell(phone, attempt.id, A.SUBMITTED, A.SENT, A.DELIVERED)
        else:
            await world.store.run(progress.end, [id], progress.News.CANCEL, "cancelled", world.clock.now)


async def test_a_text_told_to_two_processes_at_once_is_taken_once(world: PhoneWorld, other: Store) -> None:
    phone = await world.phone()
    text = PhoneText(key="m1", sender="+33601020304", text="Hi", at=world.clock.now, slot=1)
    told = [each.run(phone_texts.take_inbound, phone, text, POLICY, world.clock.now) for each in (world.store, other)]
    taken = await asyncio.gather(*told, return_exceptions=True)
    assert sum(isinstance(each, int) and each > 0 for each in taken) == 1
    assert len(await world.store.look(phone_texts.listing, phone.account, 10)) == 1
