"""Sends to lists, carried out page by page: through stops, take-overs, pauses, cancels and empty wallets."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
import pytest
from tests.store.world import ONE, OUT, POLICY, TWO, balance, furnished, submission
from tests.support import Clock

from depesza.core.fairness import Lanes
from depesza.core.model import MICRO, Outcome, State
from depesza.engine.campaigner import Campaigner
from depesza.services import audiences, audit, campaign_steps, campaigns, progress
from depesza.services.audiences import Page, Staged
from depesza.services.submit import submit
from depesza.store.contract import Store
from depesza.store.tx import Tx
from depesza.store.work import Work

pytestmark = pytest.mark.anyio

ROWS = 1_203


class Office:
    """A store with a list, and the campaigner that hears of its work."""

    def __init__(self, store: Store, lanes: Lanes, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self.lanes = lanes
        self.queued: list[str] = []
        self.full = False
        self.campaigner = self.hire()
        store.listen(self.hear)

    def hire(self) -> Campaigner:
        """Make a campaigner."""
        self.campaigner = Campaigner(self.store, self.lanes, POLICY, self.clock, lambda connector: self.full)
        return self.campaigner

    def hear(self, work: Work) -> None:
        """Do what the composition does with work."""
        self.queued += [message.receiver for message in work.messages]
        if work.errands:
            self.campaigner.reload()

    async def job(self, rows: int, text: str = "Hello #name#", **options: object) -> int:
        """Write a list and a campaign for it; gives the campaign."""
        return await self.store.run(begin, rows, text, options, self.clock.now)

    async def step(self, id: int) -> campaign_steps.Step:
        """Do one page of a campaign."""
        return await self.store.run(campaign_steps.step, id, self.lanes, POLICY, self.clock.now)

    async def carry_out(self, id: int) -> None:
        """Do all that can be done of a campaign now."""
        while True:
            step = await self.step(id)
            if step.over or step.wait:
                return

    async def until(self, what: Callable[[], Awaitable[bool]]) -> None:
        """Wait until something is so."""
        for _ in range(2_000):
            if await what():
                return
            await asyncio.sleep(0.005)
        pytest.fail("it did not come so far")

    async def status(self, id: int) -> tuple[str, int]:
        """Read how far a campaign is."""
        found = await self.store.look(campaigns.find, id)
        assert found is not None
        return found.status, found.processed

    async def reaches(self, id: int, *wanted: str) -> None:
        """Wait for a status."""

        async def there() -> bool:
            return (await self.status(id))[0] in wanted

        await self.until(there)

    async def states(self) -> dict[State, int]:
        """Count all messages by state."""
        return {State(state): count for state, count in await self.store.look(count_states)}


async def begin(tx: Tx, rows: int, text: str, options: dict[str, object], now: int) -> int:
    """Write a list for one job, and the campaign."""
    id = await audiences.stage(tx, ONE, now)
    for n, start in enumerate(range(0, rows, audiences.PAGE)):
        numbers = range(start, min(rows, start + audiences.PAGE))
        lines = [(f"+33601{n:06}", {"number": f"+33601{n:06}", "name": f"N{n}"}) for n in numbers]
        await audiences.add(tx, id, n, Page(lines, (), ""))
    audience = await audiences.lend(tx, Staged(id, rows, 0, ()), ONE, now)
    return await campaigns.begin(tx, tx.facts.account[ONE], submission(text=text, **options), audience, 0, now)


async def count_states(tx: Tx) -> list[tuple[int, int]]:
    """Count messages."""
    return [(row[0], row[1]) for row in await tx.query("SELECT state, COUNT(*) FROM messages GROUP BY state")]


async def rows_kept(tx: Tx) -> int:
    """Count the rows of all lists."""
    return int((await tx.query("SELECT COUNT(*) FROM audience_rows"))[0][0])


async def ids_in(tx: Tx, state: State) -> list[int]:
    """List the messages in a state."""
    return [row[0] for row in await tx.query("SELECT id FROM messages WHERE state = ?1 ORDER BY id", int(state))]


@pytest.fixture
async def office(store: Store, clock: Clock) -> AsyncIterator[Office]:
    """An office on each store; in the end every message and credit is accounted for."""
    office = Office(store, await furnished(store, credits=2_000), clock)
    yield office
    await office.campaigner.stop()
    found = await store.look(audit.audit, 0)
    assert found.clean, found.problems


async def test_every_row_gets_one_message_and_the_list_is_forgotten(office: Office) -> None:
    office.campaigner.start()
    id = await office.job(ROWS)
    await office.reaches(id, campaigns.INSERTED)

    async def swept() -> bool:
        return await office.store.look(rows_kept) == 0

    await office.until(swept)
    assert sorted(office.queued) == [f"+33601{n:06}" for n in range(ROWS)]
    assert await office.status(id) == (campaigns.INSERTED, ROWS)
    assert await office.store.look(balance) == (2_000 - ROWS) * MICRO


async def test_two_jobs_go_in_turns(office: Office) -> None:
    first, second = await office.job(ROWS), await office.job(ROWS - 600)
    await office.step(first)
    office.campaigner.start()
    await office.reaches(first, campaigns.INSERTED)
    await office.reaches(second, campaigns.INSERTED)
    assert len(office.queued) == ROWS + ROWS - 600


async def test_what_a_stop_interrupts_is_taken_up_again_without_doubling(office: Office) -> None:
    id = await office.job(ROWS)
    await office.step(id)
    office.campaigner.start()
    await asyncio.sleep(0)
    await office.campaigner.stop()
    office.hire().start()
    await office.reaches(id, campaigns.INSERTED)
    assert sorted(office.queued) == [f"+33601{n:06}" for n in range(ROWS)]


async def test_an_empty_wallet_ends_the_job_and_keeps_what_was_planned(office: Office) -> None:
    office.campaigner.start()
    id = await office.job(2_300)
    await office.reaches(id, campaigns.FAILED)
    assert len(office.queued) == 2_000
    assert await office.store.look(balance) == 0
    ((receiver, why),) = (await office.store.look(campaigns.errors_of, [id]))[id]
    assert (receiver, why.startswith("Not enough credits")) == ("", True)


async def test_jobs_of_another_node_wait_for_the_take_over(office: Office) -> None:
    id = await office.job(3)
    await office.store.run(give_away, id, 7)
    office.campaigner.start()
    await asyncio.sleep(0.05)
    assert office.queued == []
    await office.store.run(give_away, id, office.store.node)
    office.campaigner.reload()
    await office.reaches(id, campaigns.INSERTED)
    assert len(office.queued) == 3


async def give_away(tx: Tx, id: int, node: int) -> None:
    """Let a campaign belong to a node."""
    tx.write("UPDATE campaigns SET node = ?2 WHERE id = ?1", id, node)


async def test_a_campaign_of_an_account_that_was_closed_fails(office: Office) -> None:
    id = await office.job(3)
    await office.store.run(close_account)
    await office.carry_out(id)
    assert (await office.status(id))[0] == campaigns.FAILED
    assert office.queued == []


async def close_account(tx: Tx) -> None:
    """Let the account send no more."""
    tx.put("accounts", msgspec.structs.replace(tx.facts.account[ONE], enabled=False))


async def test_a_campaign_does_not_run_ahead_of_its_connectors(office: Office) -> None:
    office.full = True
    office.campaigner.start()
    id = await office.job(ROWS)
    first = campaigns.RUNNING, campaign_steps.PAGE  # the first page tells who carries it

    async def begun() -> bool:
        return await office.status(id) == first

    await office.until(begun)
    await asyncio.sleep(0.05)
    assert await begun()
    office.full = False
    await office.reaches(id, campaigns.INSERTED)


async def test_it_is_done_when_the_last_message_has_left(office: Office) -> None:
    id = await office.job(3)
    await office.carry_out(id)
    ids = await office.store.look(ids_in, State.QUEUED)
    await office.store.run(progress.claim, ids, OUT)
    await office.carry_out(id)
    assert (await office.status(id))[0] == campaigns.INSERTED
    messages = await office.store.look(progress.load, ids)
    taken = [(Outcome(message.id, 1, remotes=(f"r{message.id}",)), message) for message in messages]
    await office.store.run(progress.settle, OUT, taken, {})
    await office.carry_out(id)
    assert (await office.status(id))[0] == campaigns.DONE


# paused, resumed, cancelled


async def test_a_pause_holds_back_what_waits_and_a_resume_lets_it_go(office: Office, clock: Clock) -> None:
    id = await office.job(ROWS)
    for _ in range(3):
        await office.step(id)
    other = await office.store.run(
        submit, office.store.facts.account[TWO], submission(), office.lanes, POLICY, clock.now
    )
    assert await office.store.run(campaigns.pause, id, clock.now) is not None
    assert await office.store.run(campaigns.pause, id, clock.now) is None
    await office.carry_out(id)
    held = 3 * campaign_steps.PAGE
    assert await office.states() == {State.SCHEDULED: held, State.QUEUED: 1}
    assert await office.store.look(ids_in, State.QUEUED) == list(other.ids)
    clock.move(86_400)
    assert await office.store.run(progress.make_due, office.lanes, clock.now, 500) == 0
    assert await office.store.run(campaigns.resume, id, clock.now) is not None
    assert await office.store.run(campaigns.resume, id, clock.now) is None
    await office.carry_out(id)
    while await office.store.run(progress.make_due, office.lanes, clock.now, 500):
        pass
    assert await office.states() == {State.QUEUED: ROWS + 1}
    assert sorted(office.queued[-held:]) != []
    assert await office.store.look(balance) == (2_000 - ROWS) * MICRO


async def test_a_deferred_campaign_that_was_paused_still_waits_for_its_time(office: Office, clock: Clock) -> None:
    id = await office.job(3, deferred=60)
    await office.carry_out(id)
    await office.store.run(campaigns.pause, id, clock.now)
    await office.carry_out(id)
    await office.store.run(campaigns.resume, id, clock.now)
    await office.carry_out(id)
    assert await office.store.run(progress.make_due, office.lanes, clock.now, 500) == 0
    clock.move(3_600)
    assert await office.store.run(progress.make_due, office.lanes, clock.now, 500) == 3


async def test_what_is_just_being_sent_is_looked_at_again(office: Office, clock: Clock) -> None:
    id = await office.job(3)
    await office.carry_out(id)
    first, *_ = await office.store.look(ids_in, State.QUEUED)
    await office.store.run(progress.claim, [first], OUT)
    await office.store.run(campaigns.pause, id, clock.now)
    await office.carry_out(id)
    assert await office.states() == {State.SENDING: 1, State.SCHEDULED: 2}
    await office.store.run(refuse_for_now, first, clock.now)
    await office.carry_out(id)
    clock.move(60)
    assert await office.store.run(progress.make_due, office.lanes, clock.now, 500) == 0


async def refuse_for_now(tx: Tx, id: int, now: int) -> None:
    """Let the carrier refuse what is being sent."""
    tx.move(id, State.SENDING, State.SCHEDULED, due=now + MICRO)


@pytest.mark.parametrize("paused", [False, True])
async def test_a_cancel_takes_back_what_waits_and_gives_its_price_back(
    office: Office, clock: Clock, paused: bool
) -> None:
    id = await office.job(ROWS)
    for _ in range(3):
        await office.step(id)
    if paused:
        await office.store.run(campaigns.pause, id, clock.now)
        await office.carry_out(id)
    assert await office.store.run(campaigns.cancel, id, clock.now) is not None
    assert await office.store.run(campaigns.cancel, id, clock.now) is None
    office.campaigner.start()
    await office.reaches(id, campaigns.CANCELLED)
    assert await office.states() == {State.CANCELLED: 3 * campaign_steps.PAGE}
    assert await office.store.look(balance) == 2_000 * MICRO
    assert await office.store.run(campaigns.delete, id)
    assert await office.store.look(campaigns.find, id) is None


async def test_a_campaign_that_waits_for_its_time_is_cancelled_at_once(office: Office, clock: Clock) -> None:
    id = await office.job(3, deferred=60)
    office.campaigner.start()
    await office.reaches(id, campaigns.INSERTED)
    await office.until(lambda: asleep(office))  # its next look is half a minute away
    await office.store.run(campaigns.cancel, id, clock.now)
    await office.reaches(id, campaigns.CANCELLED)
    assert await office.store.look(balance) == 2_000 * MICRO


async def asleep(office: Office) -> bool:
    """Tell whether nothing is due for a while."""
    loop = asyncio.get_running_loop()
    return all(due > loop.time() + 15 for due in office.campaigner._due.values())


@pytest.mark.parametrize("turn", [campaigns.pause, campaigns.cancel])
async def test_a_stop_in_the_middle_of_a_pause_or_cancel_neither_skips_nor_doubles(
    office: Office, clock: Clock, turn: Callable[..., Awaitable[object]]
) -> None:
    id = await office.job(ROWS)
    await office.carry_out(id)
    await office.store.run(turn, id, clock.now)
    await office.step(id)
    office.campaigner.start()
    await asyncio.sleep(0)
    await office.campaigner.stop()
    office.hire().start()
    final = State.CANCELLED if turn is campaigns.cancel else State.SCHEDULED

    async def all_there() -> bool:
        return await office.states() == {final: ROWS}

    await office.until(all_there)
    assert await office.store.look(balance) == (2_000 - (0 if turn is campaigns.cancel else ROWS)) * MICRO


async def test_a_list_that_an_earlier_life_was_loading_is_swept(office: Office, clock: Clock) -> None:
    id = await office.store.run(audiences.stage, ONE, clock.now)
    await office.store.run(audiences.add, id, 0, Page([("+33601020304", {})], (), "number\n"))
    clock.move(1)
    office.campaigner.start()

    async def swept() -> bool:
        return await office.store.look(audiences.find, id) is None

    await office.until(swept)
    assert await office.store.look(rows_kept) == 0
