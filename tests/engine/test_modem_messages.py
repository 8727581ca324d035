"""Messages over a modem, from the queue to their last state: acceptance cases 33 to 35 with failover."""

import asyncio
import random
from collections.abc import AsyncIterator

import msgspec
import pytest
from scripted import Engine, Scripted, states, taken, until
from tests.modem_emulator import Modem as Emulator
from tests.modem_emulator import Plugged
from tests.store.world import ONE, OUT, POLICY, SPARE, submission

from depesza.connectors import Setup, World, build
from depesza.connectors.contract import Connector, Link
from depesza.core.model import State
from depesza.services.submit import submit

pytestmark = pytest.mark.anyio


class Road:
    """A modem as the first way, a scripted carrier as the second."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.modem = Emulator()
        self.plug = Plugged(self.modem)
        loop = asyncio.get_running_loop()
        settings = {"port": self.plug.path, "gap": 0, "silence": 0.1, "reconnect_first": 0.01, "reconnect_most": 0.05}
        world = World(loop.time, engine.clock, random.Random(1).random, loop.call_later)
        setup = Setup(OUT, "modem", msgspec.json.encode(settings))
        self.connector: Connector = build("modem", setup, engine, world)
        engine.connectors[OUT] = self.connector
        engine.dispatcher.attach(self.connector)
        self.connector.start()

    async def spare(self) -> Scripted:
        made = self.engine.attach(SPARE)
        made.answer = taken(self.engine.clock)
        return made

    async def post(self, digit: str, text: str = "Hello") -> int:
        store = self.engine.store
        wish = submission(f"+4074000000{digit}", text=text)
        account = store.facts.account[ONE]
        accepted = await store.run(submit, account, wish, self.engine.turns, POLICY, self.engine.clock())
        return accepted.ids[0]

    async def state(self, id: int) -> tuple[int, int, str]:
        return (await self.engine.store.look(states))[id]

    async def becomes(self, id: int, state: State) -> tuple[int, int, str]:
        """Wait until a message is in a state."""
        end = asyncio.get_running_loop().time() + 5
        while (found := await self.state(id))[0] != state:
            assert asyncio.get_running_loop().time() < end, found
            await asyncio.sleep(0.005)
        return found


@pytest.fixture
async def road(engine: Engine) -> AsyncIterator[Road]:
    made = Road(engine)
    await until(lambda: made.connector.room)
    yield made
    await engine.dispatcher.stop(0.2)
    made.plug.unplug()


async def test_case_33_delivered_failed_after_sent_failed_over_and_unknown(road: Road) -> None:
    good = await road.post("6")
    await road.becomes(good, State.SENT)
    road.modem.tell_reports()
    await road.becomes(good, State.DELIVERED)

    bad = await road.post("9")
    await road.becomes(bad, State.SENT)
    road.modem.tell_reports()
    assert (await road.becomes(bad, State.FAILED))[2] == "carrier_expired"

    unknown = await road.post("8")
    await until(lambda: len(road.modem.sent) == 3)
    assert (await road.becomes(unknown, State.SCHEDULED))[1] == 1, "marked: it may have been sent"

    await until(lambda: road.connector.room)
    spare = await road.spare()
    refused = await road.post("7")
    await road.becomes(refused, State.SCHEDULED)
    await road.engine.due(1.0)
    await road.becomes(refused, State.SENT)
    assert [message.id for message in spare.sent] == [refused]
    assert [message["to"][-1] for message in road.modem.sent] == ["6", "9", "8", "7"]


async def test_case_33_without_another_way_the_third_refusal_is_the_last(road: Road) -> None:
    refused = await road.post("7")
    for tries in (1, 2):
        await until(lambda tries=tries: len(road.modem.sent) == tries)
        await road.becomes(refused, State.SCHEDULED)
        await road.engine.due(61.0)
        road.engine.dispatcher.ready(OUT)
    assert (await road.becomes(refused, State.FAILED))[2] == "rejected"
    assert len(road.modem.sent) == 3


async def test_case_34_a_long_message_is_delivered_when_both_reports_are_in(road: Road) -> None:
    long = await road.post("6", "0123456789" * 24)
    await road.becomes(long, State.SENT)
    first, second = road.modem.reports
    road.modem.reports = [second]
    road.modem.tell_reports()
    await road.engine.quiet()
    assert (await road.state(long))[0] == State.SENT
    road.modem.reports = [first]
    road.modem.tell_reports()
    await road.becomes(long, State.DELIVERED)


async def test_case_35_the_message_in_flight_is_unknown_and_the_next_takes_another_way(road: Road) -> None:
    flying = await road.post("8")
    await until(lambda: road.modem.sent)
    spare = await road.spare()
    road.plug.unplug()
    assert (await road.becomes(flying, State.SCHEDULED))[1] == 1
    await until(lambda: road.connector.health.link is Link.DOWN)
    next = await road.post("6")
    road.engine.dispatcher.tick()
    lane = road.engine.dispatcher.lanes[OUT]
    lane.down_since -= 6.0
    road.engine.dispatcher.tick()
    await road.becomes(next, State.SENT)
    assert [message.id for message in spare.sent] == [next]
