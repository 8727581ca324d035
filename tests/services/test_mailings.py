"""Mailings on both stores: carried out page by page, again and again, stopped half-way, followed up by SMS."""

from collections.abc import AsyncIterator

import pytest
from tests.store.world import ONE, POLICY, balance, furnished
from tests.support import NOW, Clock

from depesza.core.fairness import Lanes
from depesza.core.lifecycle import News
from depesza.core.model import MICRO, Channel, State, Submission
from depesza.core.pricing import Price
from depesza.core.repeats import Every
from depesza.core.routing import Route
from depesza.services import audit, campaign_steps, campaigns, errands, mailings, progress, refs, retention
from depesza.services.mailings import Order
from depesza.services.refs import Guard, Sent
from depesza.store.contract import Store
from depesza.store.tx import Tx

pytestmark = pytest.mark.anyio

HOUR = 3600 * MICRO
DAY = 24 * HOUR


class Bureau:
    """A store, and its errands done by hand."""

    def __init__(self, store: Store, lanes: Lanes, clock: Clock) -> None:
        self.store = store
        self.lanes = lanes
        self.clock = clock

    async def add(self, wish: Submission, order: Order, ref: str = "", comments: tuple[str, ...] = ()) -> Sent:
        """Order a mailing."""
        account = self.store.facts.account[ONE]
        rest = (order, ref, comments, Guard("", counted=False), self.lanes, POLICY, self.clock.now)
        return await self.store.run(mailings.add, account, wish, (), *rest)

    async def page(self) -> bool:
        """Do the next page of each errand; False when there is nothing to do now."""
        going = False
        for errand in await self.store.look(errands.waiting):
            step = mailings.step if errand.kind == "mailing" else campaign_steps.step
            done = await self.store.run(step, errand.id, self.lanes, POLICY, self.clock.now)
            going = going or not (done.over or done.wait)
        return going

    async def settle(self) -> None:
        """Do all that can be done now."""
        while await self.page():
            pass

    async def standing(self, ref: str) -> mailings.Standing:
        """Tell how a mailing stands."""
        found = await self.store.look(mailings.standing, ONE, ref, self.clock.now)
        assert found is not None
        return found

    async def end(self, news: News, most: int = 1_000) -> None:
        """Let messages that may leave come to an end."""
        await self.store.run(_end, news, most, self.clock.now)


async def _end(tx: Tx, news: News, most: int, now: int) -> None:
    rows = await tx.query("SELECT id FROM messages WHERE state IN (1, 2) ORDER BY id LIMIT ?1", most)
    for row in await tx.rows_for("find_messages", [(row[0],) for row in rows]):
        assert await progress.step(tx, progress.found_of(row), news, now)


async def texts(tx: Tx) -> list[tuple[str, str, str, str]]:
    """List all messages: receiver, text, sender, channel."""
    rows = await tx.query(
        "SELECT m.receiver, COALESCE(m.text, s.text), s.sender, s.channel FROM messages m"
        " JOIN submissions s ON s.id = m.submission ORDER BY m.id"
    )
    return [tuple(row) for row in rows]  # type: ignore[misc]


async def count(tx: Tx, table: str) -> int:
    """Count rows."""
    return int((await tx.query(f"SELECT COUNT(*) FROM {table}"))[0][0])


def wish(*receivers: str, **options: object) -> Submission:
    """What to send to whom."""
    usual = {
        "dialect": "smsc", "sender": "MyApp", "text": "Hello", "receivers": receivers, "verbatim": True, "each": True,
        "expires": NOW + DAY,
    }  # fmt: skip
    return Submission(**{**usual, **options})  # type: ignore[arg-type]


def numbers(many: int) -> tuple[str, ...]:
    return tuple([f"+33601{n:06}" for n in range(many)])


@pytest.fixture
async def bureau(store: Store, clock: Clock) -> AsyncIterator[Bureau]:
    """A bureau on each store; in the end the books are even."""
    yield Bureau(store, await furnished(store, credits=5_000), clock)
    report = await store.look(audit.audit, 0)
    assert report.clean, report.problems


async def test_a_mailing_is_cancelled_half_way_and_gives_back_what_has_not_left(bureau: Bureau) -> None:
    sent = await bureau.add(wish(*numbers(2_000), due=NOW + HOUR), Order(name="Sale"))
    assert (sent.ref, sent.price, len(sent.rows)) == ("1", 2_000 * MICRO, 2_000)
    for _ in range(3):
        await bureau.page()
    found = await bureau.standing("1")
    assert (found.status, found.count, found.figures.pending) == ("waiting", 2_000, 3 * campaign_steps.PAGE)
    assert await bureau.store.look(balance) == 4_250 * MICRO
    bureau.clock.move(3600)
    assert (await bureau.standing("1")).status == "running"
    assert await bureau.store.run(mailings.cancel, ONE, "1", bureau.clock.now)
    assert not await bureau.store.run(mailings.cancel, ONE, "1", bureau.clock.now)
    await bureau.settle()
    found = await bureau.standing("1")
    assert (found.status, found.figures) == ("cancelled", campaigns.Figures())
    assert await bureau.store.look(balance) == 5_000 * MICRO
    assert await bureau.store.look(count, "mailing_rows") == 0
    assert await bureau.store.run(mailings.delete, ONE, "1", bureau.clock.now)
    assert await bureau.store.look(mailings.standing, ONE, "1", bureau.clock.now) is None
    assert not await bureau.store.run(mailings.delete, ONE, "1", bureau.clock.now)


async def test_each_receiver_has_its_own_text_comment_delay_and_id(bureau: Bureau) -> None:
    first, second, bad = "+33601020304", "+33601020305", "no number"
    whom = (first, second, bad, first)
    spread = tuple([NOW + n * HOUR for n in range(4)])
    mine = wish(*whom, text="", texts=("a", "b", "c", "d"), dues=spread, judged={2: "bad_number"})
    await bureau.add(mine, Order(name="Four"), "job-7", ("x", "", "y", "z"))
    await bureau.settle()
    assert [row[:2] for row in await bureau.store.look(texts)] == [
        (first, "a"),
        (second, "b"),
        (bad, "c"),
        (first, "d"),
    ]
    named = await bureau.store.look(refs.find, ONE, "job-7", first)
    assert named is not None
    assert named.comment == "z"
    (message,) = await bureau.store.look(progress.load, [named.id])
    assert (message.due, message.state) == (spread[3], State.SCHEDULED)
    found = await bureau.standing("job-7")
    assert (found.count, found.figures.pending, found.figures.failed) == (4, 3, 1)


async def test_a_mailing_of_which_nobody_gets_anything_is_refused_as_a_whole(bureau: Bureau) -> None:
    poor = await bureau.add(wish(*numbers(5_001)), Order(name="Dear"))
    assert {row.refusal for row in poor.rows} == {"no_credits"}
    bad = await bureau.add(wish("123", judged={0: "bad_number"}), Order(name="Bad"))
    assert ([row.refusal for row in bad.rows], bad.ref) == (["bad_number"], "2")
    assert await bureau.store.look(mailings.listing, ONE, 0, 0, NOW) == []


async def test_it_is_carried_out_again_as_often_as_ordered(bureau: Bureau) -> None:
    await bureau.add(wish(*numbers(3)), Order(name="Daily", every=Every.DAY, times=2))
    await bureau.settle()
    await bureau.end(News.DELIVERED)
    await bureau.settle()
    assert (await bureau.standing("1")).status == "waiting"
    bureau.clock.move(86_400 - 1)
    await bureau.settle()
    assert (await bureau.standing("1")).count == 3
    bureau.clock.move(1)
    await bureau.settle()
    await bureau.end(News.DELIVERED)
    bureau.clock.move(40 * 86_400)  # a long time nobody looked: once, not forty times
    await bureau.settle()
    await bureau.end(News.DELIVERED)
    await bureau.settle()
    found = await bureau.standing("1")
    assert (found.status, found.count, found.figures.delivered, found.figures.price) == ("done", 9, 9, 9 * MICRO)
    assert await bureau.store.look(count, "mailing_rows") == 0
    assert [each.kind for each in await bureau.store.look(errands.waiting)] == []
    await bureau.store.run(retention.forget_rest, 1 << 53, bureau.clock.now)
    assert await bureau.store.look(count, "mailings") == 0


async def test_what_does_not_arrive_by_another_way_goes_by_sms(bureau: Bureau) -> None:
    await bureau.store.run(_viber)
    order = Order(name="Both", control=True, text="Read it", sender="MyApp")
    await bureau.add(wish(*numbers(2), channel=Channel.VIBER), order, "", ("for me",))
    await bureau.settle()
    other = await bureau.store.look(refs.find, ONE, "1", numbers(2)[1])
    await bureau.end(News.DELIVERED, 1)
    assert [row[3] for row in await bureau.store.look(texts)] == ["viber", "viber"]
    await bureau.end(News.REFUSED)
    await bureau.settle()
    sent = await bureau.store.look(texts)
    assert sent[2:] == [(numbers(2)[1], "Read it", "MyApp", "")]
    named = await bureau.store.look(refs.find, ONE, "1", numbers(2)[1])
    assert named is not None
    assert other is not None
    assert (named.id > other.id, named.comment) == (True, "for me")
    await bureau.end(News.REFUSED)
    await bureau.settle()
    assert len(await bureau.store.look(texts)) == 3  # once
    assert [each.kind for each in await bureau.store.look(errands.waiting)] == []


async def _viber(tx: Tx) -> None:
    tx.put("routes", Route(id=301, connectors=(201,), channel=Channel.VIBER))
    tx.put("prices", Price(id=401, micro=MICRO, channel=Channel.VIBER))


async def test_a_mailing_that_is_paused_says_so(bureau: Bureau) -> None:
    await bureau.add(wish(*numbers(3), due=NOW + HOUR), Order(name="Held"))
    await bureau.settle()
    (run,) = await bureau.store.look(campaigns.all_of, ONE)
    await bureau.store.run(campaigns.pause, run.id, NOW)
    await bureau.settle()
    assert (await bureau.standing("1")).status == "paused"
    await bureau.store.run(campaigns.resume, run.id, NOW)
    await bureau.settle()
    assert (await bureau.standing("1")).status == "waiting"
