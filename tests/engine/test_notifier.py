"""Callbacks: the whole schedule, order, bounds, the breaker, what is read back. No call leaves the process."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable

import msgspec
import pytest
from scripted import until
from tests.store.world import ONE, furnished
from tests.support import Clock

from depesza.core.facts import Account, Facts
from depesza.core.model import MICRO, Notice, ReceiptFact, State
from depesza.dialects.contract import Manners
from depesza.engine import notifier as module
from depesza.engine.notifier import Notifier, Plan
from depesza.services.notices import owe_receipt, read_try
from depesza.store.contract import Store
from depesza.store.opening import open_store
from depesza.store.tx import Tx
from depesza.store.work import Work
from depesza.wire.http import HttpAnswer, HttpCall

pytestmark = pytest.mark.anyio

GOOD, BAD, GONE = HttpAnswer(200), HttpAnswer(503), HttpAnswer(0, error="refused")
SEEN = State.DELIVERED


class Wire:
    """The clients' ends: answers as the test says, and remembers."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.timeouts: set[float] = set()
        self.answer: Callable[[str], HttpAnswer] = lambda url: GOOD
        self.gate: asyncio.Event | None = None
        """While it is not set, calls hang."""
        self.running: Counter[str] = Counter()
        self.most: Counter[str] = Counter()

    async def call(self, call: HttpCall, *, timeout: float = 15.0) -> HttpAnswer:  # noqa: ASYNC109
        """Make a call."""
        host = call.url.split("/")[2]
        self.calls.append(call.url)
        self.timeouts.add(timeout)
        self.running[host] += 1
        self.most[host] = max(self.most[host], self.running[host])
        try:
            if self.gate is not None:
                await self.gate.wait()
            return self.answer(call.url)
        finally:
            self.running[host] -= 1


class Speaker:
    """Writes calls that name message and state."""

    def call(self, notice: Notice, facts: Facts) -> HttpCall:
        """Write the call."""
        fact = msgspec.json.decode(notice.fact, type=ReceiptFact)
        return HttpCall("GET", f"{notice.url}?{notice.message}-{fact.state.name}")


def _fact(message: int, state: State, at: int) -> ReceiptFact:
    return ReceiptFact(message, state, "", at, "MyApp", "+33601020304")


class Desk:
    """A store, a notifier and its wire."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self.wire = Wire()
        self.notifier: Notifier

    async def open(self, plan: Plan | None = None) -> "Desk":
        """Start a notifier."""
        self.notifier = Notifier(
            self.store, {"ovh": Speaker()}, self.wire, lambda notice, call, now: call, self.clock, plan or Plan()
        )
        self.store.listen(self._work)
        await self.notifier.start()
        return self

    def _work(self, work: Work) -> None:
        self.notifier.take(work.notices)

    async def owe(self, message: int, *states: State, host: str = "one.example", notices: str = "all") -> None:
        """Owe news of a message, all in one commit."""
        account = Account(id=ONE, owner=100, name="sms", callback=f"http://{host}/dlr", notices=notices)

        async def owe(tx: Tx) -> None:
            for state in states:
                owe_receipt(tx, account, None, "ovh", _fact(message, state, self.clock()))

        await self.store.run(owe)

    async def table(self) -> list[tuple[int, int, int]]:
        """Read message, state and tries of the notices, in their order."""

        async def read(tx: Tx) -> list[tuple[int, int, int]]:
            rows = await tx.query("SELECT message, state, tries FROM notices ORDER BY id")
            return [(row[0], row[1], row[2]) for row in rows]

        return await self.store.look(read)

    async def events(self, message: int) -> list[str]:
        """Read the callback lines of a message's timeline."""

        async def read(tx: Tx) -> list[str]:
            sql = "SELECT detail FROM events WHERE message = ?1 AND kind = 'callback' ORDER BY id"
            return [str(row[0]) for row in await tx.query(sql, message)]

        return await self.store.look(read)

    async def told(self, count: int) -> list[str]:
        """Wait for this many calls; gives what they told."""
        await until(lambda: len(self.wire.calls) >= count)
        return [call.partition("?")[2] for call in self.wire.calls]

    async def written(self, condition: Callable[[list[tuple[int, int, int]]], bool]) -> list[tuple[int, int, int]]:
        """Wait until the table says so."""
        for _ in range(1_000):
            found = await self.table()
            if condition(found):
                return found
            await asyncio.sleep(0.005)
        raise AssertionError(await self.table())


@pytest.fixture
async def desk(store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    """A desk on a store of each kind; the table is looked at all the time."""
    monkeypatch.setattr(module, "LOOK", 0.01)
    monkeypatch.setattr(module, "HASTE", 0.01)
    await furnished(store)
    made = Desk(store, clock)
    yield made
    await made.notifier.stop(1.0)


async def test_the_whole_schedule_is_kept_to_the_second_and_then_it_is_given_up(desk: Desk) -> None:
    def slow_and_bad(url: str) -> HttpAnswer:
        desk.clock.move(0.012)
        return BAD

    desk.wire.answer = slow_and_bad
    await desk.open()
    plan = Plan().schedule
    assert sum(plan) > 3 * 86_400, "three days of trying"
    await desk.owe(7, SEEN)
    for number, wait in enumerate(plan, 1):
        await desk.told(number)
        await desk.written(lambda rows, number=number: rows[0][2] == number)  # type: ignore[misc]
        desk.clock.move(wait - 1)
        await asyncio.sleep(0.05)
        assert len(desk.wire.calls) == number, f"try {number + 1} came too early"
        desk.clock.move(1)
    await desk.told(len(plan) + 1)
    assert await desk.written(lambda rows: rows[0][1] != 0) == [(7, 2, len(plan) + 1)]
    desk.clock.move(10 * 86_400)
    await asyncio.sleep(0.05)
    assert len(desk.wire.calls) == len(plan) + 1
    told = [read_try(detail) for detail in await desk.events(7)]
    assert told == [("503", 12, "http://one.example/dlr")] * (len(plan) + 1)
    assert desk.notifier.results == {"again": len(plan), "given_up": 1}


async def test_a_call_that_was_taken_is_made_once(desk: Desk) -> None:
    await desk.open()
    await desk.owe(7, SEEN)
    assert await desk.written(lambda rows: rows[0][1] == 1) == [(7, 1, 1)]
    desk.clock.move(86_400)
    await asyncio.sleep(0.1)
    assert desk.wire.calls == ["http://one.example/dlr?7-DELIVERED"]
    assert desk.notifier.waiting == 0


@pytest.mark.parametrize(
    ("answer", "again"),
    [(HttpAnswer(status), status not in (200, 202, 204)) for status in (200, 202, 204, 301, 400, 404, 410, 429, 500)]
    + [(GONE, True)],
)
async def test_only_2xx_is_taken_for_a_yes(desk: Desk, answer: HttpAnswer, again: bool) -> None:
    desk.wire.answer = lambda url: answer
    await desk.open(Plan(schedule=(100,)))
    await desk.owe(7, SEEN)
    assert await desk.written(lambda rows: rows[0][2] == 1) == [(7, 0 if again else 1, 1)]


async def test_a_vendor_has_manners_of_its_own(desk: Desk) -> None:
    desk.wire.answer = lambda url: BAD
    await desk.open(Plan(timeout=15.0, own={"ovh": Manners((30,), 5.0, frozenset({State.PENDING}))}))
    await desk.owe(7, State.SENT, State.PENDING)
    assert await desk.written(lambda rows: [row[2] for row in rows] == [1, 0]) == [(7, 0, 1), (7, 0, 0)]
    desk.wire.answer = lambda url: GOOD
    desk.clock.move(30)
    assert await desk.written(lambda rows: rows[1][1] == 1) == [(7, 1, 2), (7, 1, 0)]
    assert desk.wire.calls == ["http://one.example/dlr?7-SENT"] * 2
    assert desk.wire.timeouts == {5.0}
    assert [detail[:7] for detail in await desk.events(7)] == ["receipt", "receipt"]


@pytest.mark.parametrize(("header", "wait"), [("90", 90), ("3", 5), ("never", 5), ("999999", 86_400)])
async def test_a_client_may_ask_for_patience_but_not_for_haste(desk: Desk, header: str, wait: int) -> None:
    desk.wire.answer = lambda url: HttpAnswer(429, headers=(("Retry-After", header),))
    await desk.open(Plan(schedule=(5, 5)))
    await desk.owe(7, SEEN)
    await desk.written(lambda rows: rows[0][2] == 1)
    desk.clock.move(wait - 1)
    await asyncio.sleep(0.05)
    assert len(desk.wire.calls) == 1
    desk.clock.move(1)
    await desk.told(2)


async def test_all_changes_or_only_the_final_one_as_the_account_says(desk: Desk) -> None:
    await desk.open()
    states = (State.SENT, State.PENDING, State.DELIVERED)
    await desk.owe(7, *states, notices="final")
    await desk.owe(8, *states, notices="all")
    assert await desk.told(4) == ["7-DELIVERED", "8-SENT", "8-PENDING", "8-DELIVERED"]


# order


async def test_news_of_one_message_leaves_in_order_and_one_at_a_time(desk: Desk) -> None:
    desk.wire.gate = asyncio.Event()
    await desk.open()
    await desk.owe(7, State.SENT, State.PENDING, State.DELIVERED)
    await desk.owe(8, State.SENT)
    assert await desk.told(2) == ["7-SENT", "8-SENT"]
    desk.wire.gate.set()
    assert await desk.told(4) == ["7-SENT", "8-SENT", "7-PENDING", "7-DELIVERED"]


@pytest.mark.parametrize("wait", [5.0, 300.0], ids=["in memory", "in the table"])
async def test_later_news_waits_behind_news_that_is_to_be_tried_again(desk: Desk, wait: float) -> None:
    desk.wire.answer = lambda url: BAD
    await desk.open(Plan(schedule=(wait, wait)))
    await desk.owe(7, State.SENT, State.PENDING)
    await desk.written(lambda rows: rows[0][2] == 1)
    if wait < module.SOON:
        await desk.owe(7, State.DELIVERED)
    await asyncio.sleep(0.05)
    assert [call.partition("?")[2] for call in desk.wire.calls] == ["7-SENT"]
    desk.wire.answer = lambda url: GOOD
    desk.clock.move(wait + 0.01)
    expected = ["7-SENT", "7-SENT", "7-PENDING"] + (["7-DELIVERED"] if wait < module.SOON else [])
    assert await desk.told(len(expected)) == expected
    rows = await desk.written(lambda rows: all(state == 1 for _, state, _ in rows))
    assert [tries for *_, tries in rows] == [2, 1, 1][: len(rows)], "waiting behind is no try"


async def test_order_holds_over_a_restart(desk: Desk, store_url: str) -> None:
    desk.wire.answer = lambda url: BAD
    await desk.open(Plan(schedule=(5, 5)))
    await desk.owe(7, State.SENT, State.DELIVERED)
    await desk.written(lambda rows: rows[0][2] == 1)
    await desk.notifier.stop(0.1)
    desk.wire.answer, desk.wire.calls = (lambda url: GOOD), []
    desk.clock.move(5)
    await desk.open()
    assert await desk.told(2) == ["7-SENT", "7-DELIVERED"]


async def test_news_of_one_message_to_two_hosts_does_not_wait_for_each_other(desk: Desk) -> None:
    desk.wire.answer = lambda url: BAD if "one" in url else GOOD
    await desk.open(Plan(schedule=(50,)))
    await desk.owe(7, State.SENT, host="one.example")
    await desk.owe(7, State.DELIVERED, host="two.example")
    await desk.told(2)
    assert sorted(desk.wire.calls) == ["http://one.example/dlr?7-SENT", "http://two.example/dlr?7-DELIVERED"]


# hosts


async def test_a_slow_host_has_its_bound_and_delays_no_other(desk: Desk) -> None:
    gate = asyncio.Event()

    async def hang(call: HttpCall, *, timeout: float = 15.0) -> HttpAnswer:  # noqa: ASYNC109
        if "slow" in call.url:
            await gate.wait()
        return await Wire.call(desk.wire, call)

    desk.wire.call = hang  # type: ignore[method-assign]
    await desk.open(Plan(per_host=3))
    for id in range(1, 11):
        await desk.owe(id, SEEN, host="slow.example")
    for id in range(11, 21):
        await desk.owe(id, SEEN, host="quick.example")
    await desk.told(10)
    assert all("quick" in call for call in desk.wire.calls)
    assert desk.notifier._host(_notice("slow.example")).running == 3
    gate.set()
    await desk.told(20)


def _notice(host: str) -> Notice:
    return Notice(1, ONE, "ovh", "receipt", f"http://{host}/dlr", b"", 1, 0, 0)


async def test_no_more_calls_run_to_a_host_than_allowed(desk: Desk) -> None:
    desk.wire.gate = asyncio.Event()
    await desk.open(Plan(per_host=4))
    for id in range(1, 31):
        await desk.owe(id, SEEN)
    await desk.told(4)
    desk.wire.gate.set()
    await desk.told(30)
    assert desk.wire.most["one.example"] == 4


async def test_a_host_that_is_down_is_left_alone_probed_and_served_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BREAK_FIRST", 0.2)
    desk.wire.answer, desk.wire.gate = (lambda url: GONE), asyncio.Event()
    await desk.open(Plan(per_host=20, schedule=(100_000,)))
    for id in range(1, 61):
        await desk.owe(id, SEEN)
    await desk.told(20)
    desk.wire.gate.set()
    await asyncio.sleep(0.1)
    opened = len(desk.wire.calls)
    assert opened <= 30, "those under way when it opened, and no more"
    host = desk.notifier._host(_notice("one.example"))
    assert host.pause == pytest.approx(0.4), "calls that were under way did not make the pause longer"
    await until(lambda: len(desk.wire.calls) == opened + 1)  # a probe
    await asyncio.sleep(0.1)
    assert len(desk.wire.calls) == opened + 1
    desk.wire.answer = lambda url: GOOD
    await desk.told(60)
    assert host.closed_until == 0 and host.failures == 0
    rows = await desk.written(lambda rows: sum(state == 1 for _, state, _ in rows) == 60 - opened - 1)
    assert max(tries for *_, tries in rows) == 1, "no try was used up while the host was left alone"


async def test_a_host_that_answers_no_is_not_down(desk: Desk) -> None:
    desk.wire.answer = lambda url: HttpAnswer(404)
    await desk.open(Plan(schedule=(100,)))
    for id in range(1, 31):
        await desk.owe(id, SEEN)
    await desk.told(30)
    assert desk.notifier._host(_notice("one.example")).closed_until == 0


# the table


async def test_what_was_owed_before_a_restart_is_told_after_it(desk: Desk) -> None:
    desk.store.listen(lambda work: None)
    await desk.owe(7, State.SENT, State.DELIVERED)
    await desk.owe(8, State.FAILED)
    await desk.open()
    assert sorted(await desk.told(3)) == ["7-DELIVERED", "7-SENT", "8-FAILED"]
    assert {state for _, state, _ in await desk.written(lambda rows: all(row[1] == 1 for row in rows))} == {1}
    assert len(desk.wire.calls) == 3


async def test_more_than_memory_holds_is_read_back_and_told_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 20)
    monkeypatch.setattr(module, "PAGE", 7)
    await desk.open(Plan(per_host=3))
    for first in range(1, 201, 50):
        await asyncio.gather(*(desk.owe(id, SEEN) for id in range(first, first + 50)))
        assert desk.notifier.waiting <= 20
    told = await desk.told(200)
    await desk.written(lambda rows: all(row[1] == 1 for row in rows))
    assert len(told) == len(set(told)) == len(desk.wire.calls) == 200


async def test_results_that_could_not_be_written_are_told_again_and_none_is_lost(desk: Desk) -> None:
    from scripted import Faulty

    store = Faulty(desk.store)
    store.failing["tried"] = ["before"]
    desk.store = store  # type: ignore[assignment]
    await desk.open()
    await desk.owe(7, SEEN)
    await desk.written(lambda rows: rows[0][1] == 1)
    assert desk.wire.calls == ["http://one.example/dlr?7-DELIVERED"] * 2


async def test_a_stop_waits_for_calls_under_way_and_writes_their_results(desk: Desk) -> None:
    desk.wire.gate = asyncio.Event()
    await desk.open(Plan(per_host=2))
    for id in range(1, 6):
        await desk.owe(id, SEEN)
    await desk.told(2)
    stopping = asyncio.ensure_future(desk.notifier.stop(2.0))
    await asyncio.sleep(0.01)
    desk.wire.gate.set()
    await stopping
    assert sorted(state for _, state, _ in await desk.table()) == [0, 0, 0, 1, 1]
    assert len(desk.wire.calls) == 2


async def test_a_notice_nobody_can_write_is_tried_again_and_hurts_no_other(desk: Desk) -> None:
    await desk.open(Plan(schedule=(50,)))
    account = Account(id=ONE, owner=100, name="sms", callback="http://one.example/dlr")

    async def owe(tx: Tx) -> None:
        owe_receipt(tx, account, None, "klingon", _fact(6, SEEN, desk.clock()))

    await desk.store.run(owe)
    await desk.owe(7, SEEN)
    await desk.written(lambda rows: rows[0][2] == 1 and rows[1][1] == 1)
    assert desk.clock() % MICRO == 0 and len(desk.wire.calls) == 1


async def test_another_node_tells_what_it_took_over(desk: Desk, store_url: str, clock: Clock) -> None:
    await desk.owe(7, SEEN)
    from depesza.services import progress

    gone = desk.store.node
    other = await open_store(store_url, clock)
    await other.join(12 * MICRO)
    try:
        heir = await Desk(other, clock).open()
        await asyncio.sleep(0.05)
        assert not heir.wire.calls
        await other.run(progress.adopt, gone, clock(), 100)
        assert await heir.told(1) == ["7-DELIVERED"]
        await heir.notifier.stop(1.0)
    finally:
        await other.close()
        await desk.open()
