"""Jobs for lists, carried out page by page, through stops, take-overs and empty wallets."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.store.world import ONE, POLICY, balance, furnished, submission
from tests.support import Clock

from depesza.core.fairness import Lanes
from depesza.core.model import MICRO
from depesza.engine.campaigner import Campaigner
from depesza.services import audiences, campaigns
from depesza.services.audiences import Audience, Draft
from depesza.store.contract import Store
from depesza.store.tx import Tx, Work

pytestmark = pytest.mark.anyio

ROWS = 1_203


class Office:
    """A store with a list, and the campaigner that hears of its work."""

    def __init__(self, store: Store, lanes: Lanes, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self.lanes = lanes
        self.queued: list[str] = []
        self.campaigner = Campaigner(store, lanes, POLICY, clock)
        store.listen(self.hear)

    def hear(self, work: Work) -> None:
        """Do what the composition does with work."""
        self.queued += [message.receiver for message in work.messages]
        if work.campaigns:
            self.campaigner.take(work.campaigns)

    async def job(self, rows: int, text: str = "Hello #name#") -> int:
        """Write a list and a job for it; gives the job."""
        return await self.store.run(begin, rows, text, self.clock.now)

    async def done(self) -> None:
        """Wait until the campaigner has nothing left."""
        for _ in range(2_000):
            if not self.campaigner.waiting:
                return
            await asyncio.sleep(0.005)
        pytest.fail("the campaigner did not come to an end")


async def begin(tx: Tx, rows: int, text: str, now: int) -> int:
    """Write a list for one job, and the job."""
    lines = tuple((f"+33601{n:06}", {"number": f"+33601{n:06}", "name": f"N{n}"}) for n in range(rows))
    audience: Audience = await audiences.load(tx, ONE, 0, "", "", False, Draft(lines, 0, ""), now)
    return await campaigns.begin(tx, tx.facts.account[ONE], submission(text=text), audience.id, now)


async def status(tx: Tx, id: int) -> tuple[str, int]:
    """Read how far a job is."""
    rows = await tx.query("SELECT status, next_row FROM campaigns WHERE id = ?1", id)
    return str(rows[0][0]), int(rows[0][1])


async def rows_kept(tx: Tx) -> int:
    """Count the rows of all lists."""
    return int((await tx.query("SELECT COUNT(*) FROM audience_rows"))[0][0])


@pytest.fixture
async def office(store: Store, clock: Clock) -> AsyncIterator[Office]:
    """An office on each store."""
    lanes = await furnished(store, credits=2_000)
    office = Office(store, lanes, clock)
    yield office
    await office.campaigner.stop()


async def test_every_row_gets_one_message(office: Office) -> None:
    office.campaigner.start()
    id = await office.job(ROWS)
    await office.done()
    assert sorted(office.queued) == [f"+33601{n:06}" for n in range(ROWS)]
    assert await office.store.look(status, id) == ("done", ROWS)
    assert await office.store.look(rows_kept) == 0
    assert await office.store.look(balance) == (2_000 - ROWS) * MICRO


async def test_two_jobs_go_in_turns(office: Office) -> None:
    first, second = await office.job(ROWS), await office.job(ROWS - 600)
    await office.store.run(campaigns.next_page, first, office.lanes, POLICY, office.clock.now)
    office.campaigner.start()
    await office.done()
    assert await office.store.look(status, first) == ("done", ROWS)
    assert await office.store.look(status, second) == ("done", ROWS - 600)
    assert len(office.queued) == ROWS + ROWS - 600


async def test_what_a_stop_interrupts_is_taken_up_again_without_doubling(office: Office, clock: Clock) -> None:
    id = await office.job(ROWS)
    await office.store.run(campaigns.next_page, id, office.lanes, POLICY, clock.now)
    office.campaigner.start()
    await asyncio.sleep(0)
    await office.campaigner.stop()
    office.campaigner = Campaigner(office.store, office.lanes, POLICY, clock)
    office.campaigner.start()
    for _ in range(2_000):
        if (await office.store.look(status, id))[0] == "done":
            break
        await asyncio.sleep(0.005)
    assert sorted(office.queued) == [f"+33601{n:06}" for n in range(ROWS)]


async def test_an_empty_wallet_ends_the_job_and_keeps_what_was_planned(office: Office) -> None:
    office.campaigner.start()
    id = await office.job(2_300)
    await office.done()
    assert (await office.store.look(status, id))[0] == "failed"
    assert len(office.queued) == 2_000
    assert await office.store.look(balance) == 0
    assert await office.store.look(rows_kept) == 0


async def test_jobs_of_another_node_wait_for_the_take_over(office: Office) -> None:
    id = await office.job(3)
    await office.store.run(give_away, id, 7)
    office.campaigner.start()
    await office.done()
    assert office.queued == []
    await office.store.run(give_away, id, office.store.node)
    office.campaigner.reload()
    for _ in range(2_000):
        if office.queued:
            break
        await asyncio.sleep(0.005)
    assert len(office.queued) == 3


async def give_away(tx: Tx, id: int, node: int) -> None:
    """Let a job belong to a node."""
    tx.write("UPDATE campaigns SET node = ?2 WHERE id = ?1", id, node)


async def test_a_job_of_no_account_ends(office: Office) -> None:
    id = await office.job(3)
    await office.store.run(drop_account)
    page = await office.store.run(campaigns.next_page, id, office.lanes, POLICY, office.clock.now)
    assert page.status == "done"
    assert office.queued == []


async def drop_account(tx: Tx) -> None:
    """End the account."""
    tx.drop("accounts", id=ONE)
