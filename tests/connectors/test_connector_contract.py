"""One suite for every kind of connector: what the engine may rely on, under each fault of the table of fates."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from connector_heard import Abroad, Heard, content, feed, make, message, until, up
from smpp_carrier import ByFate, Carrier

from depesza.connectors import KINDS, SettingsError, check
from depesza.connectors.contract import Connector, Link
from depesza.core.model import Message, State
from depesza.core.refusals import TABLE, Retry
from depesza.simulator.run import Simulator
from depesza.simulator.settings import SimulatorSettings
from depesza.wire.fates import FATES, Answer, Fate, How

pytestmark = pytest.mark.anyio
Start = Callable[..., AbstractAsyncContextManager[tuple[Connector, Heard]]]
SCALE = 0.02


@asynccontextmanager
async def virtual(**settings: Any) -> AsyncIterator[tuple[Connector, Heard]]:
    heard = Heard()
    defaults = {"capacity": 10, "response": 0.2, "scale": SCALE, "latency": 0.01}
    connector = make("virtual", heard, **defaults | settings)
    try:
        yield connector, heard
    finally:
        await connector.stop(0.1)


@asynccontextmanager
async def smpp(**settings: Any) -> AsyncIterator[tuple[Connector, Heard]]:
    heard = Heard()
    carrier = await Carrier(ByFate(SCALE)).open()
    window = {"window": settings.pop("capacity")} if "capacity" in settings else {}
    patience = {"response_timer": settings.pop("response")} if "response" in settings else {}
    defaults = {"response_timer": 0.2, "reconnect_first": 0.01, "reconnect_most": 0.05, "patience": 0.6}
    connector = make("smpp", heard, host="127.0.0.1", port=carrier.port, **defaults | window | patience | settings)
    try:
        yield connector, heard
    finally:
        await connector.stop(0.1)
        await carrier.close()


@asynccontextmanager
async def simulated(**settings: Any) -> AsyncIterator[tuple[Connector, Heard]]:
    """The SMPP connector and the product's own simulator."""
    heard = Heard()
    window = {"window": settings.pop("capacity")} if "capacity" in settings else {}
    patience = {"response_timer": settings.pop("response")} if "response" in settings else {}
    defaults = {"response_timer": 0.3, "reconnect_first": 0.01, "reconnect_most": 0.05, "patience": 0.6}
    async with Simulator(SimulatorSettings(time_scale=SCALE, response_timer=0.2)) as simulator:
        who = {"host": simulator.host, "port": simulator.port, "system_id": "demo", "password": "demo"}
        connector = make("smpp", heard, **who | defaults | window | patience | settings)
        try:
            yield connector, heard
        finally:
            await connector.stop(0.1)


@asynccontextmanager
async def remote(**settings: Any) -> AsyncIterator[tuple[Connector, Heard]]:
    """The SMPP connector as it is seen from another process."""
    heard = Heard()
    abroad = await Abroad(heard).begin()
    carrier = await Carrier(ByFate(SCALE)).open()
    window = {"window": settings.pop("capacity")} if "capacity" in settings else {}
    patience = {"response_timer": settings.pop("response")} if "response" in settings else {}
    defaults = {"response_timer": 0.2, "reconnect_first": 0.01, "reconnect_most": 0.05, "patience": 0.6}
    connector = abroad.make("smpp", host="127.0.0.1", port=carrier.port, **defaults | window | patience | settings)
    try:
        yield connector, heard
    finally:
        await connector.stop(0.1)
        await abroad.die()
        await carrier.close()


@pytest.fixture(params=[virtual, smpp, simulated, remote], ids=["virtual", "smpp", "simulator", "remote"])
def start(request: pytest.FixtureRequest) -> Start:
    found: Start = request.param
    return found


def to(suffix: str, number: int = 1, **more: Any) -> Message:
    """Make a message whose receiver has this fate."""
    return message(number, receiver=f"+33612{number % 1000:03d}{suffix or '000'}", **more)


def test_every_kind_is_under_this_suite() -> None:
    # modems and mail servers have fates of their own (test_modem_connector.py, …), phones are served by the fleet
    assert set(KINDS) - {"gammu", "mail", "modem", "phones"} == {"virtual", "smpp"}


def expected(answer: Answer) -> set[str]:
    """Tell what may come of a message that is answered so at first."""
    if answer.how in (How.SILENT, How.DROP, How.HANG):
        return {"uncertain"}
    if answer.how is How.NACK:
        return {"busy"}
    names = {0: "", 0x0B: "bad_destination", 0x45: "rejected", 0x08: "busy", 0x58: "throttled"}
    return {names.get(answer.status, "queue_full")}


@pytest.mark.parametrize("fate", FATES, ids=[fate.name for fate in FATES])
async def test_each_fate_gives_one_outcome(start: Start, fate: Fate) -> None:
    async with start() as (connector, heard):
        await up(connector)
        feed(connector, heard, [to(fate.suffix, 1), to("", 2)])
        await until(lambda: {1, 2} <= set(heard.outcomes))
        outcome = heard.outcomes[1]
        first = fate.answer_to(1)
        allowed = expected(first)
        if first.how is How.RESPOND and allowed & {"throttled", "queue_full"} and fate.tries:
            allowed |= {""}  # a connector may try again by itself
        assert outcome.refusal in allowed
        assert len(outcome.remotes) == (0 if outcome.refusal else 1)
        if outcome.refusal and TABLE[outcome.refusal].retry is Retry.HERE:
            assert outcome.retry_after > 0
        # what happens to one message is no harm to another: it is taken, or may be sent again
        assert heard.outcomes[2].refusal in {"", "uncertain", "link_down"}


@pytest.mark.parametrize(
    ("suffix", "states"),
    [
        ("900", [State.DELIVERED]),
        ("901", [State.FAILED]),
        ("902", [State.EXPIRED]),
        ("904", [State.FAILED]),
        ("905", [State.FAILED]),
        ("906", [State.FAILED]),
        ("907", [State.SENT, State.DELIVERED]),
        ("908", [State.PENDING, State.DELIVERED]),
        ("922", [State.DELIVERED, State.DELIVERED]),
        ("924", [State.DELIVERED, State.FAILED]),
    ],
)
async def test_receipts_tell_what_became_of_it(start: Start, suffix: str, states: list[State]) -> None:
    async with start() as (connector, heard):
        await up(connector)
        connector.send(to(suffix))
        await until(lambda: len(heard.receipts) == len(states) and heard.outcomes)
        assert [receipt.state for receipt, _ in heard.receipts] == states
        remote = heard.outcomes[1].remotes[0]
        assert all(remote in receipt.remotes and receipt.connector == 7 for receipt, _ in heard.receipts)
        failed = [receipt.refusal for receipt, _ in heard.receipts if receipt.state in (State.FAILED, State.EXPIRED)]
        assert all(name in TABLE for name in failed)


async def test_a_receipt_may_come_before_the_outcome(start: Start) -> None:
    async with start(response=2.0) as (connector, heard):
        await up(connector)
        connector.send(to("921"))
        await until(lambda: heard.receipts and heard.outcomes)
        assert heard.outcomes[1].remotes[0] in heard.receipts[0][0].remotes


async def test_a_receipt_that_could_not_be_taken_comes_again(start: Start) -> None:
    async with start() as (connector, heard):
        heard.done = False
        await up(connector)
        connector.send(to("900"))
        await until(lambda: heard.receipts)
        heard.done = True
        await until(lambda: len(heard.receipts) > 1)
        first, again = heard.receipts[0][0], heard.receipts[-1][0]
        assert set(first.remotes) == set(again.remotes)


async def test_a_phone_answers(start: Start) -> None:
    async with start() as (connector, heard):
        await up(connector)
        connector.send(to("951", body=content(sender="36180")))
        await until(lambda: heard.inbounds)
        inbound = heard.inbounds[0][0]
        assert (inbound.sender, inbound.recipient, inbound.text) == ("+33612001951", "36180", "STOP")


async def test_capacity_and_room_bound_what_is_unanswered(start: Start) -> None:
    async with start(capacity=4, response=30.0) as (connector, _):
        assert connector.room == 0
        await up(connector)
        assert connector.capacity == 4
        for number in range(4):
            assert connector.room == 4 - number
            connector.send(to("910", number))
        assert connector.room == 0
        assert connector.health.inflight == 4


async def test_thousand_messages_have_thousand_outcomes_and_never_more_than_capacity_at_once(
    start: Start,
) -> None:
    async with start(latency=0.0) if start is virtual else start() as (connector, heard):
        await up(connector)
        total, seen = 1000, []

        def note() -> None:
            seen.append(connector.health.inflight)
            assert seen[-1] <= connector.capacity

        feed(connector, heard, [to("900", number) for number in range(total)])
        push = heard.on_ready
        heard.on_ready = lambda: (push(), note())[0]
        await until(lambda: len(heard.outcomes) == total and len(heard.receipts) == total, 20)
        assert {outcome.refusal for outcome in heard.outcomes.values()} == {""}
        assert max(seen) > 1
        remotes = {outcome.remotes for outcome in heard.outcomes.values()}
        assert len(remotes) == total


async def test_stop_leaves_nobody_without_an_outcome(start: Start) -> None:
    async with start(capacity=10, response=30.0) as (connector, heard):
        await up(connector)
        for number in range(10):
            connector.send(to("910" if number % 2 else "900", number))
        await connector.stop(0.3)
        assert set(heard.outcomes) == set(range(10))
        assert {heard.outcomes[number].refusal for number in range(1, 10, 2)} == {"uncertain"}
        assert connector.room == 0
        assert connector.health.link is Link.STOPPED


async def test_stop_before_start_and_twice_is_harmless(start: Start) -> None:
    async with start() as (connector, _):
        await connector.stop(0.1)
        await connector.stop(0.1)
        assert connector.health.link is Link.STOPPED


@pytest.mark.parametrize(
    ("kind", "settings", "field"),
    [
        ("virtual", b'{"capasity": 3}', "capasity"),
        ("virtual", b'{"capacity": 0}', "capacity"),
        ("smpp", b'{"host": "h", "windoww": 3}', "windoww"),
        ("smpp", b'{"host": "h", "window": "3"}', "window"),
        ("smpp", b"{}", "host"),
        ("pigeon", b"{}", "pigeon"),
        ("virtual", b"{", "truncated"),
    ],
)
def test_wrong_settings_are_named(kind: str, settings: bytes, field: str) -> None:
    with pytest.raises(SettingsError, match=field):
        check(kind, settings)
