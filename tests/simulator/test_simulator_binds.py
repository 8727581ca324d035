"""Binds of the simulator: who may bind, how often, and to which bind receipts go."""

import asyncio

import pytest
from simulator_client import Client, bound, simulated

from depesza.net import AddressInUse
from depesza.simulator.run import Simulator
from depesza.simulator.settings import SettingsError, SimulatorSettings
from depesza.wire.smpp.events import BindRefused, Bound, Unbound
from depesza.wire.smpp.status import RALYBND, RINVPASWD, RINVSYSID

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("system_id", "password", "status"),
    [
        ("nobody", "demo", RINVSYSID),
        ("demo", "wrong", RINVPASWD),
        ("demo", "", RINVPASWD),
        ("demo", "\xe9", RINVPASWD),
    ],
)
async def test_wrong_credentials_are_refused(system_id: str, password: str, status: int) -> None:
    async with simulated() as simulator:
        client = Client()
        await client.connect(simulator)
        answer = await client.bind("transceiver", system_id, password)
        client.hang_up()
    assert isinstance(answer, BindRefused) and answer.status == status


@pytest.mark.parametrize("kind", ["transmitter", "receiver", "transceiver"])
async def test_each_kind_of_bind_is_accepted(kind: str) -> None:
    async with simulated() as simulator:
        client = Client()
        await client.connect(simulator)
        answer = await client.bind(kind)
        client.hang_up()
    assert isinstance(answer, Bound) and answer.version == 0x34


async def test_a_receipt_goes_to_the_receiver_bind_of_the_same_system_id() -> None:
    accounts = {"one": "1", "two": "2"}
    async with (
        simulated(accounts=accounts) as simulator,
        bound(simulator, "transmitter", "one") as sender,
        bound(simulator, "receiver", "one") as receiver,
        bound(simulator, "transceiver", "two") as other,
    ):
        answer = await sender.submit("+33601020304")
        receipts = await receiver.receipts_after(1)
        await other.settle()
        assert not other.news and not sender.news
    assert receipts[0].ids == (answer.message_id,)


async def test_receipts_take_turns_between_two_receiving_binds() -> None:
    async with simulated() as simulator, bound(simulator) as one, bound(simulator, "receiver") as two:
        for _ in range(10):
            await one.submit("+33601020304")
        await two.receipts_after(5)
        await one.receipts_after(5)
    assert len(one.receipts) == len(two.receipts) == 5


async def test_receipts_wait_until_a_receiver_binds() -> None:
    async with simulated() as simulator:
        async with bound(simulator, "transmitter") as sender:
            answers = [await sender.submit("+33601020304") for _ in range(3)]
        async with bound(simulator, "receiver") as receiver:
            receipts = await receiver.receipts_after(3)
    assert [one.ids[0] for one in receipts] == [answer.message_id for answer in answers]


async def test_receipts_that_were_not_acknowledged_come_again_after_a_reconnect() -> None:
    async with simulated() as simulator:
        async with bound(simulator) as client:
            client.answering = False
            answers = [await client.submit("+33601020304") for _ in range(3)]
            await client.receipts_after(3)
        async with bound(simulator) as again:
            receipts = await again.receipts_after(3)
            await again.settle()
        assert [one.ids[0] for one in receipts] == [answer.message_id for answer in answers]
        assert (simulator.carrier.counts.again, simulator.carrier.counts.acknowledged) == (3, 3)


async def test_receipts_that_nobody_answers_in_time_are_sent_again() -> None:
    async with simulated(response_timer=0.1) as simulator, bound(simulator) as client:
        client.answering = False
        await client.submit("+33601020304")
        await client.receipts_after(1)
        client.answering = True
        await client.receipts_after(2)
        assert len({one.ids for one in client.receipts}) == 1


async def test_a_busy_client_gets_its_receipt_again_and_a_refused_one_is_dropped() -> None:
    async with simulated() as simulator, bound(simulator) as client:
        client.status = 0x64  # RX_T_APPN: temporary
        await client.submit("+33601020304")
        await client.receipts_after(1)
        client.status = 0x65  # RX_P_APPN: for good
        await client.receipts_after(2)
        await client.settle()
        counts = simulator.carrier.counts
        assert (counts.again, counts.refused_news, counts.acknowledged) == (1, 1, 0)


async def test_no_more_receipts_are_unanswered_than_the_window_allows() -> None:
    async with simulated(window=2) as simulator, bound(simulator) as client:
        client.answering = False
        for _ in range(5):
            await client.submit("+33601020304")
        await client.settle()
        assert len(client.receipts) == 2
        assert len(simulator.carrier.accounts["demo"].waiting) == 3


async def test_more_binds_than_allowed_are_refused() -> None:
    async with simulated(max_binds=1) as simulator, bound(simulator):
        client = Client()
        await client.connect(simulator)
        answer = await client.bind()
        client.hang_up()
    assert isinstance(answer, BindRefused) and answer.status == RALYBND


async def test_a_place_is_free_again_when_its_connection_is_lost() -> None:
    async with simulated(max_binds=1) as simulator:
        async with bound(simulator):
            pass
        await asyncio.sleep(0.05)
        async with bound(simulator):
            assert len(simulator.carrier.show_binds()) == 1


async def test_a_client_may_unbind() -> None:
    async with simulated() as simulator, bound(simulator, "transceiver") as client:
        client.session.unbind(client.link.clock())
        client.link.flush()
        await client.lost()
        assert client.first(Unbound) is not None
        assert simulator.carrier.counts.submits == 0


async def test_an_idle_client_is_asked_and_a_silent_one_is_dropped() -> None:
    async with simulated(enquire_link=0.05, response_timer=0.1) as simulator, bound(simulator) as client:
        client.link.pause_reading()
        await asyncio.sleep(0.4)
        assert simulator.carrier.show_binds() == []


async def test_stopping_unbinds_the_clients() -> None:
    async with simulated() as simulator:
        client = Client()
        await client.connect(simulator)
        await client.bind()
    await client.lost()
    assert client.first(Unbound) is not None


async def test_the_demo_account_is_for_the_loopback_only() -> None:
    with pytest.raises(SettingsError, match=r"demo/demo is for the loopback only.*0\.0\.0\.0"):
        Simulator(SimulatorSettings(host="0.0.0.0"))


async def test_a_taken_http_port_leaves_no_smpp_port_open() -> None:
    async with simulated() as first:
        port = int(first.url.rpartition(":")[2])
        second = Simulator(SimulatorSettings(http_port=port))
        with pytest.raises(AddressInUse):
            await second.start()
