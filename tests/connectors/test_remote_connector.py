"""A connector in another process: what crosses, and what becomes of messages and news when that process dies."""

import os
import signal
from collections.abc import AsyncIterator

import msgspec
import pytest
from connector_heard import Abroad, Heard, feed, message, until, up
from smpp_carrier import Carrier, CarrierLink, receipt

from depesza import apart
from depesza.cli.serve import HELPER
from depesza.connectors import SettingsError, Setup
from depesza.connectors.contract import Link
from depesza.connectors.remote import PIECE, RemoteConnector
from depesza.core.model import Receipt, State
from depesza.net.child import Child
from depesza.net.clock import wall_clock
from depesza.settings import SecuritySettings, Settings, StoreSettings
from depesza.store.opening import open_store
from depesza.wire.smpp.pdus import DeliverSm, SubmitSm
from depesza.wire.smpp.status import ROK, RX_T_APPN

pytestmark = pytest.mark.anyio


def silent(carrier: Carrier, link: CarrierLink, sequence: int, pdu: SubmitSm) -> None:
    """Answer nothing."""


class Lab:
    """A carrier, the process that speaks to it, and the connector as it is seen from here."""

    def __init__(self, carrier: Carrier, heard: Heard, abroad: Abroad) -> None:
        self.carrier, self.heard, self.abroad = carrier, heard, abroad

    async def up(self, **settings: object) -> RemoteConnector:
        made = self.abroad.make("smpp", host="127.0.0.1", port=self.carrier.port, reconnect_first=0.01, **settings)
        await up(made)
        return made

    async def restart(self) -> None:
        """Let the process die and be started again."""
        await self.abroad.die()
        await until(lambda: not self.abroad.reached)
        await self.abroad.begin()


@pytest.fixture
async def lab() -> AsyncIterator[Lab]:
    heard = Heard()
    carrier = await Carrier(window=5_000).open()
    abroad = await Abroad(heard).begin()
    yield Lab(carrier, heard, abroad)
    await abroad.die()
    await carrier.close()


async def test_what_crosses_in_pieces_is_answered_once_each(lab: Lab) -> None:
    connector = await lab.up(window=5_000)
    count = 3 * PIECE + 7
    feed(connector, lab.heard, [message(n) for n in range(count)])
    assert connector.health.inflight == count
    await until(lambda: len(lab.heard.outcomes) == count)
    assert all(outcome.remotes for outcome in lab.heard.outcomes.values())
    assert (len(lab.carrier.submits), connector.health.inflight) == (count, 0)
    for pdu, outcome in zip(lab.carrier.submits, lab.heard.outcomes.values(), strict=True):
        lab.carrier.deliver(receipt(pdu, outcome.remotes[0]))
    await until(lambda: len(lab.carrier.answers) == count)
    assert len({told.remotes for told, _ in lab.heard.receipts}) == count
    assert {answer.status for answer in lab.carrier.answers} == {ROK}


async def test_its_room_is_never_given_twice(lab: Lab) -> None:
    lab.carrier.script = silent
    connector = await lab.up(window=10)
    assert (connector.room, connector.capacity) == (10, 10)
    for n in range(4):
        connector.send(message(n))
    assert connector.room == 6  # though nobody over there has heard of them yet
    await until(lambda: len(lab.carrier.submits) == 4)
    assert connector.room == 6
    feed(connector, lab.heard, [message(n) for n in range(4, 30)])
    await until(lambda: len(lab.carrier.submits) == 10)
    assert connector.room == 0


async def test_what_a_process_that_died_had_is_uncertain_and_what_it_had_not_is_not(lab: Lab) -> None:
    lab.carrier.script = silent
    connector = await lab.up(window=10)
    connector.send(message(1))
    await until(lambda: lab.carrier.submits)
    connector.send(message(2))  # does not leave this process any more
    lab.abroad.remotes.lose()
    found = {id: outcome.refusal for id, outcome in lab.heard.outcomes.items()}
    assert found == {1: "uncertain", 2: "link_down"}
    assert all(outcome.retry_after > 0 for outcome in lab.heard.outcomes.values())
    assert (connector.link, connector.room, connector.health.inflight) == (Link.DOWN, 0, 0)
    assert "died" in connector.health.detail
    connector.send(message(3))
    assert lab.heard.outcomes[3].refusal == "link_down"


async def test_it_is_up_again_with_the_next_process(lab: Lab) -> None:
    connector = await lab.up(window=10)
    feed(connector, lab.heard, [message(1)])
    await until(lambda: 1 in lab.heard.outcomes)
    await lab.restart()
    await until(lambda: connector.link is Link.UP and connector.room == 10)
    feed(connector, lab.heard, [message(n) for n in range(2, 30)])
    await until(lambda: len(lab.heard.outcomes) == 29)
    assert not any(outcome.refusal for outcome in lab.heard.outcomes.values())


async def test_a_process_is_not_paid_what_its_predecessor_was_owed(lab: Lab) -> None:
    lab.heard.done = None
    connector = await lab.up()
    told = DeliverSm(source_addr="33612000000", destination_addr="38184", short_message=b"Hi")
    lab.carrier.deliver(told)
    await until(lambda: lab.heard.inbounds)
    await lab.restart()
    await until(lambda: connector.link is Link.UP)
    lab.carrier.deliver(told)
    await until(lambda: len(lab.heard.inbounds) == 2)
    lab.heard.inbounds[0][1](True)
    lab.heard.inbounds[1][1](False)
    await until(lambda: lab.carrier.answers)
    assert [answer.status for answer in lab.carrier.answers] == [RX_T_APPN]


async def test_lessons_come_back_with_payments_and_after_them(lab: Lab) -> None:
    lab.heard.done = None
    connector = await lab.up()
    feed(connector, lab.heard, [message(n) for n in range(2)])
    await until(lambda: len(lab.heard.outcomes) == 2)
    for n, pdu in enumerate(list(lab.carrier.submits)):
        remote = lab.heard.outcomes[n].remotes[0]
        lab.carrier.deliver(receipt(pdu, f"{int(remote):x}"))  # in hexadecimal, as some carriers do
        await until(lambda n=n: len(lab.heard.receipts) > n)
        told, done = lab.heard.receipts[n]
        if n:
            done(True)  # before its message was found
            await until(lambda: len(lab.carrier.answers) == 2)
        connector.matched(told, remote)
        if not n:
            done(True)
        await until(lambda n=n: len(lab.heard.lessons) > n)
    assert [answer.status for answer in lab.carrier.answers] == [ROK, ROK]


async def test_a_late_lesson_is_lost_without_harm_while_nobody_is_there(lab: Lab) -> None:
    connector = await lab.up()
    lab.abroad.remotes.lose()
    connector.matched(Receipt(7, ("1",), State.DELIVERED, "", 1), "1")
    assert lab.heard.lessons == []


async def test_one_that_was_stopped_does_not_come_back(lab: Lab) -> None:
    connector = await lab.up()
    await connector.stop(0.1)
    assert connector.link is Link.STOPPED
    binds = len(lab.carrier.binds)
    await lab.restart()
    other = await lab.up()
    assert (connector.room, len(lab.carrier.binds)) == (0, binds + 1)
    assert other.room > 0


async def test_wrong_settings_are_refused_here(lab: Lab) -> None:
    with pytest.raises(SettingsError, match="window"):
        lab.abroad.make("smpp", host="127.0.0.1", window=0)


@pytest.mark.journey
async def test_a_process_that_answers_no_more_is_replaced(
    lab: Lab, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "PULSE", 0.1)
    monkeypatch.setattr(apart, "STUCK", 0.5)
    settings = Settings(store=StoreSettings(url=sqlite_url), security=SecuritySettings(key="a key for this test"))
    store = await open_store(sqlite_url, wall_clock)
    child = Child(HELPER)
    helper = apart.Apart(child, settings, store, lab.heard, wall_clock)
    try:
        await helper.start()
        wanted = {"host": "127.0.0.1", "port": lab.carrier.port}
        connector = helper.connectors.build("smpp", Setup(7, "test", msgspec.json.encode(wanted)))
        connector.start()
        await until(lambda: connector.link is Link.UP, 30)
        os.kill(child.pid, signal.SIGSTOP)
        await until(lambda: connector.link is Link.DOWN)
        assert "did not answer" in helper.problem
        await until(lambda: connector.link is Link.UP, 30)
        assert not helper.problem
        connector.send(message(1))
        await until(lambda: lab.heard.outcomes)
        assert not lab.heard.outcomes[1].refusal
        await connector.stop(1.0)
    finally:
        await helper.stop(1.0)
        await store.close()
