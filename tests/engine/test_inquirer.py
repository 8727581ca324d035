"""Look-ups carried out: by connectors that can, by the numbering plan where none can, across stops and silence."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import pytest
from tests.store.world import ONE, OUT, balance, furnished
from tests.support import Clock

from depesza.connectors import Setup, World, build
from depesza.connectors.contract import Connector
from depesza.core.lookup import Finding
from depesza.core.model import MICRO, Channel, Inbound, Outcome, Receipt
from depesza.core.ranges import Range
from depesza.core.routing import Route
from depesza.engine import inquirer
from depesza.engine.inquirer import Inquirer
from depesza.services import lookups
from depesza.services.lookups import Lookup
from depesza.store.contract import Store
from depesza.store.tx import Tx
from depesza.store.work import Work

pytestmark = pytest.mark.anyio

PRICE = MICRO // 10


class Deaf:
    """Reports that nobody reads: no message is sent here."""

    def outcome(self, connector: int, outcome: Outcome) -> None: ...

    def receipt(self, receipt: Receipt, done: Callable[[bool], None]) -> None: ...

    def inbound(self, inbound: Inbound, done: Callable[[bool], None]) -> None: ...

    def ready(self, connector: int) -> None: ...

    def learnt(self, connector: int, habits: bytes) -> None: ...


class Office:
    """A store, connectors, and the inquirer that hears of work."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self.connectors: dict[int, Connector] = {}
        self.inquirer = Inquirer(store, self.connectors, clock)
        store.listen(self.hear)

    def hear(self, work: Work) -> None:
        """Do what the composition does with work."""
        if work.lookups:
            self.inquirer.wake()

    def connect(self, id: int = OUT, *, up: bool = True) -> None:
        """Add a virtual carrier."""
        loop = asyncio.get_running_loop()
        world = World(loop.time, lambda: time.time_ns() // 1000, lambda: 0.5, loop.call_later)
        self.connectors[id] = build("virtual", Setup(id, "out"), Deaf(), world)
        if up:
            self.connectors[id].start()

    async def ask(self, *numbers: str) -> tuple[int, ...]:
        """Ask about numbers; gives the ids."""
        account = self.store.facts.account[ONE]
        return (await self.store.run(lookups.ask, account, numbers, PRICE, self.clock.now)).ids

    async def answer(self, id: int) -> Lookup:
        """Wait until a question is closed."""
        for _ in range(1_000):
            found = await self.store.look(lookups.show, ONE, id)
            if found is not None and found.status in ("done", "error"):
                return found
            await asyncio.sleep(0.005)
        pytest.fail("nobody answered")

    async def finding(self, number: str) -> Finding:
        """Ask about one number and wait for what is found."""
        found = (await self.answer((await self.ask(number))[0])).finding
        assert found is not None
        return found


@pytest.fixture
async def office(store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    """An office on each store, with short naps."""
    monkeypatch.setattr(inquirer, "AGAIN", 0.01)
    await furnished(store)
    office = Office(store, clock)
    office.inquirer.start()
    yield office
    await office.inquirer.stop()
    for connector in office.connectors.values():
        await connector.stop(0.0)


async def test_a_network_tells_what_the_digits_say(office: Office) -> None:
    office.connect()
    cases = {
        "+33601020304": (True, True, False, False, ""),
        "+33601020901": (True, False, False, False, "blocked"),
        "+33601020902": (True, False, False, False, "absent"),
        "+33601020903": (False, False, False, False, "bad_destination"),
        "+33601020970": (True, True, True, False, ""),
        "+33601020971": (True, True, False, True, ""),
        "+33001020304": (False, False, False, False, "bad_number"),
    }
    for number, expected in cases.items():
        found = await office.finding(number)
        assert (found.valid, found.reachable, found.roaming, found.ported, found.error) == expected, number
        assert found.source == "network"
        assert bool(found.imsi) is found.valid


async def test_a_ported_number_has_another_operator_than_its_range(office: Office) -> None:
    office.connect()
    plain, ported = await office.finding("+33601020304"), await office.finding("+33601020971")
    assert (plain.network, plain.operator, plain.operator_code) == ("SFR", "SFR", "20810")
    assert (ported.network, ported.operator, ported.operator_code) == ("SFR", "Virtual Mobile", "20899")


async def test_without_a_connector_that_can_ask_the_numbering_plan_answers(office: Office) -> None:
    found = await office.finding("+33601020304")
    assert (found.source, found.valid, found.reachable, found.country) == ("plan", True, None, "FR")


async def put(tx: Tx, table: str, row: Route | Range) -> None:
    tx.put(table, row)


async def test_without_a_connector_the_operators_own_ranges_go_before_the_plan(office: Office) -> None:
    await office.store.run(put, "ranges", Range(prefix="336010", operator="Ours", mcc="208", mnc="77", region="Lyon"))
    found = await office.finding("+33601020304")
    assert (found.source, found.operator, found.operator_code, found.region) == ("plan", "Ours", "20877", "Lyon")


async def test_a_route_for_look_ups_goes_before_that_of_texts(office: Office) -> None:
    hlr, poland = 208, Route(id=320, connectors=(208,), channel=Channel.HLR, country="PL")
    await office.store.run(put, "routes", poland)
    office.connect()
    office.connect(hlr)
    asked = await office.ask("+33601020304", "+48601020304")
    assert [(await office.answer(id)).connector for id in asked] == [OUT, hlr]
    assert (await office.finding("+48601020304")).msc == "48600000000"


async def test_a_route_for_look_ups_whose_connector_cannot_ask_leaves_it_to_that_of_texts(office: Office) -> None:
    await office.store.run(put, "routes", Route(id=320, connectors=(999,), channel=Channel.HLR))
    assert (await office.finding("+33601020304")).source == "plan"
    office.connect()
    assert (await office.finding("+33601020305")).source == "network"


async def test_a_question_waits_for_its_connector(office: Office) -> None:
    office.connect(up=False)
    (id,) = await office.ask("+33601020304")
    await asyncio.sleep(0.05)
    found = await office.store.look(lookups.show, ONE, id)
    assert found is not None
    assert found.status == "todo"
    office.connectors[OUT].start()
    assert (await office.answer(id)).status == "done"


async def test_a_connector_that_stays_down_is_not_waited_for_forever(office: Office) -> None:
    office.connect(up=False)
    (id,) = await office.ask("+33601020304")
    office.clock.move(inquirer.WAIT + 1)
    assert (await office.answer(id)).status == "error"
    assert await office.store.look(balance) == 100 * MICRO


async def test_silence_is_an_error_and_costs_nothing(office: Office) -> None:
    office.connect()
    silent, other = await office.ask("+33601020910", "+33601020304")
    assert (await office.answer(other)).status == "done"
    office.clock.move(inquirer.PATIENCE + 1)
    assert (await office.answer(silent)).status == "error"
    assert await office.store.look(balance) == 100 * MICRO - PRICE


async def test_what_was_asked_before_a_crash_is_asked_again(office: Office) -> None:
    await office.inquirer.stop()
    ids = await office.ask("+33601020304", "+33601020305")
    await office.store.run(lookups.claim, ids[:1], OUT)
    office.connect()
    office.inquirer.start()
    assert [(await office.answer(id)).status for id in ids] == ["done", "done"]


async def test_more_questions_than_may_be_open_are_all_answered(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inquirer, "MOST", 7)
    office.connect()
    ids = await office.ask(*[f"+336010{n:05}" for n in range(40)])
    assert {(await office.answer(id)).status for id in ids} == {"done"}
