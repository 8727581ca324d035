"""A modem on a pseudo terminal under the connector: acceptance cases 33 to 35, and what else a SIM can do to us."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from connector_heard import Heard, content, feed, make, message, until, up
from structlog.testing import capture_logs
from tests.modem_emulator import Modem as Emulator
from tests.modem_emulator import Plugged

from depesza.connectors import SettingsError, Setup, World, build, check
from depesza.connectors.contract import Connector, Link
from depesza.core.model import Channel, Extras, Message, State

pytestmark = pytest.mark.anyio
QUICK = {"gap": 0, "reconnect_first": 0.01, "reconnect_most": 0.05, "silence": 0.2}


class Bench:
    """One modem and its connector."""

    def __init__(self) -> None:
        self.heard = Heard()
        self.modem = Emulator()
        self.plug = Plugged(self.modem)
        self.connectors: list[Connector] = []

    def connector(self, **settings: Any) -> Connector:
        made = make("modem", self.heard, **{"port": self.plug.path} | QUICK | settings)
        self.connectors.append(made)
        return made

    async def up(self, **settings: Any) -> Connector:
        connector = self.connector(**settings)
        await up(connector)
        return connector


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    made = Bench()
    yield made
    for connector in made.connectors:
        await connector.stop(0.1)
    made.plug.unplug()


def to(digit: str, number: int = 1, text: str = "Bună ziua", attempts: int = 0, **more: Any) -> Message:
    made = message(number, content(text, **more), f"+4074000000{digit}")
    return Message(made.id, made.content, made.receiver, 1, 0, State.SENDING, 2, 0, 0, 1, 7, attempts=attempts)


async def test_case_33_the_last_digit_decides(bench: Bench) -> None:
    connector = await bench.up()
    heard = bench.heard
    connector.send(to("6", 1))
    await until(lambda: 1 in heard.outcomes)
    assert heard.outcomes[1].refusal == ""
    bench.modem.tell_reports()
    await until(lambda: heard.receipts)
    assert heard.receipts[0][0].state is State.DELIVERED
    assert heard.outcomes[1].remotes[0] in heard.receipts[0][0].remotes

    connector.send(to("9", 2))
    await until(lambda: 2 in heard.outcomes)
    bench.modem.tell_reports()
    await until(lambda: len(heard.receipts) == 2)
    failed = heard.receipts[1][0]
    assert (failed.state, failed.refusal) == (State.FAILED, "carrier_expired")
    assert failed.detail == "ref 2 status 0x46"
    assert heard.outcomes[2].remotes[0] in failed.remotes

    connector.send(to("8", 3))
    await until(lambda: 3 in heard.outcomes)
    assert (heard.outcomes[3].refusal, heard.outcomes[3].detail) == ("uncertain", "no answer")
    assert heard.outcomes[3].retry_after > 0

    await until(lambda: connector.room)
    connector.send(to("7", 4))
    await until(lambda: 4 in heard.outcomes)
    assert (heard.outcomes[4].refusal, heard.outcomes[4].detail) == ("link_down", "CMS 38")
    # the SIM rests for a minute, so what waits takes another way meanwhile
    assert (connector.health.link, connector.health.detail) == (Link.DOWN, "the SIM rests: CMS 38")


async def test_case_34_a_long_message_is_two_pdus_with_one_reference(bench: Bench) -> None:
    connector = await bench.up()
    text = "0123456789" * 24
    connector.send(to("6", 1, text))
    await until(lambda: bench.heard.outcomes)
    first, second = bench.modem.sent
    assert (len(first["text"]), len(second["text"])) == (153, 87)
    assert first["text"] + second["text"] == text
    assert first["header"][:8] == second["header"][:8]
    assert (first["header"][8:], second["header"][8:]) == ("0201", "0202")
    remotes = bench.heard.outcomes[1].remotes
    assert len(set(remotes)) == 2
    bench.modem.tell_reports()
    await until(lambda: len(bench.heard.receipts) == 2)
    assert [remotes[n] in receipt.remotes for n, (receipt, _) in enumerate(bench.heard.receipts)] == [True, True]


async def test_case_35_a_modem_pulled_out_while_idle_is_looked_for_again(bench: Bench) -> None:
    with capture_logs() as logs:
        connector = await bench.up()
        bench.plug.unplug()
        await until(lambda: connector.health.link is Link.DOWN)
        assert connector.room == 0
        tries = bench.heard.readies
        await until(lambda: bench.heard.readies >= tries + 3)
    assert "cannot open" in connector.health.detail or "gone" in connector.health.detail
    assert [log["event"] for log in logs if log["event"] == "modem.down"] == ["modem.down"]


async def test_case_35_a_modem_pulled_out_while_sending_leaves_one_message_unknown(bench: Bench) -> None:
    connector = await bench.up(silence=30)
    connector.send(to("8"))
    await until(lambda: bench.modem.sent)
    bench.plug.unplug()
    await until(lambda: bench.heard.outcomes)
    assert bench.heard.outcomes[1].refusal == "uncertain"
    await until(lambda: connector.health.link is Link.DOWN)


async def test_case_35_a_modem_that_comes_back_goes_on(bench: Bench, tmp_path: Any) -> None:
    link = tmp_path / "modem"
    link.symlink_to(bench.plug.path)
    connector = await bench.up(port=str(link))
    bench.plug.unplug()
    await until(lambda: connector.health.link is Link.DOWN)
    bench.plug = Plugged(bench.modem)
    link.unlink()
    link.symlink_to(bench.plug.path)
    await until(lambda: connector.health.link is Link.UP)
    connector.send(to("6"))
    await until(lambda: bench.heard.outcomes)
    assert bench.heard.outcomes[1].refusal == ""


async def test_case_35_the_waits_for_a_modem_that_is_gone_grow(bench: Bench) -> None:
    waits: list[float] = []
    loop = asyncio.get_running_loop()

    def call_later(seconds: float, call: Callable[[], None]) -> asyncio.TimerHandle:
        waits.append(seconds)
        return loop.call_later(0, call)

    setup = Setup(7, "test", b'{"port": "/dev/tty-nobody-has"}')
    connector = build("modem", setup, bench.heard, World(loop.time, time.time_ns, lambda: 0.0, call_later))
    bench.connectors.append(connector)
    connector.start()
    await until(lambda: len(waits) > 8)
    assert waits[:8] == [1, 2, 4, 8, 16, 32, 60, 60]


async def test_a_port_that_is_not_there_is_said(bench: Bench) -> None:
    connector = bench.connector(port="/dev/tty-nobody-has")
    connector.start()
    await until(lambda: "cannot open /dev/tty-nobody-has" in connector.health.detail)
    assert connector.health.link is Link.DOWN


async def test_health_tells_of_network_and_signal(bench: Bench) -> None:
    connector = await bench.up(poll=0.05)
    health = connector.health
    assert (health.sessions, health.inflight) == (1, 0)
    assert health.habits == "PTY-1, 22601, signal 68 %, battery 87 %"
    bench.modem.registered = False
    await until(lambda: connector.health.link is Link.DOWN)
    assert connector.health.detail == "no network"
    assert connector.room == 0
    bench.modem.registered = True
    await until(lambda: connector.room)


async def test_a_pin_that_is_missing_needs_a_person(bench: Bench) -> None:
    bench.modem.pin = "1234"
    connector = bench.connector()
    connector.start()
    await until(lambda: connector.health.link is Link.REFUSED)
    assert connector.health.detail == "the SIM asks for SIM PIN"


async def test_messages_go_one_after_the_other(bench: Bench) -> None:
    connector = await bench.up(per_minute=0, per_hour=0, per_day=0)
    assert (connector.capacity, connector.room) == (1, 1)
    feed(connector, bench.heard, [to("6", number) for number in range(30)])
    assert connector.room == 0
    await until(lambda: len(bench.heard.outcomes) == 30)
    assert {outcome.refusal for outcome in bench.heard.outcomes.values()} == {""}
    assert len({outcome.remotes for outcome in bench.heard.outcomes.values()}) == 30


async def test_the_limits_of_a_sim_hold_and_are_remembered(bench: Bench) -> None:
    connector = await bench.up(per_day=2)
    feed(connector, bench.heard, [to("6", number) for number in range(3)])
    await until(lambda: len(bench.heard.outcomes) == 2)
    assert connector.room == 0
    assert connector.health.link is Link.DOWN
    assert "limits of the SIM" in connector.health.detail
    await connector.stop(0.1)
    again = make("modem", Heard(), bench.heard.lessons[-1], **{"port": bench.plug.path} | QUICK | {"per_day": 2})
    bench.connectors.append(again)
    again.start()
    await until(lambda: again.health.sessions)
    assert again.room == 0


async def test_a_gap_is_kept_between_messages(bench: Bench) -> None:
    connector = await bench.up(gap=1)
    connector.send(to("6", 1))
    await until(lambda: bench.heard.outcomes)
    assert connector.room == 0
    connector.send(to("6", 2))
    assert bench.heard.outcomes[2].refusal == "throttled"
    assert 0 < bench.heard.outcomes[2].retry_after <= 1_000_000
    readies = bench.heard.readies
    await until(lambda: connector.room and bench.heard.readies > readies)


async def test_what_the_network_refused_three_times_is_refused_for_good(bench: Bench) -> None:
    connector = await bench.up()
    connector.send(to("7", 1, attempts=2))
    await until(lambda: bench.heard.outcomes)
    assert (bench.heard.outcomes[1].refusal, bench.heard.outcomes[1].detail) == ("rejected", "CMS 38")


@pytest.mark.parametrize(
    ("text", "more", "coding", "sent"),
    [
        ("Bună ziua", {}, 0x08, "Bună ziua"),
        ("Hello", {"flash": 0}, 0x10, "Hello"),
        ("ă", {"flash": 1}, 0x19, "ă"),
        ("abc", {"alphabet": "ucs2"}, 0x08, "abc"),
        ("abc", {"alphabet": "latin1"}, 0x00, "abc"),
    ],
)
async def test_texts_as_they_leave(bench: Bench, text: str, more: dict[str, Any], coding: int, sent: str) -> None:
    connector = await bench.up()
    connector.send(to("6", 1, text, **more))
    await until(lambda: bench.heard.outcomes)
    [found] = bench.modem.sent
    assert (found["text"], found["coding"], found["report"], found["validity"]) == (sent, coding, True, None)


async def test_a_validity_and_no_report_where_none_is_wished(bench: Bench) -> None:
    connector = await bench.up(reports=False)
    connector.send(to("6", 1, expires=(int(time.time()) + 3 * 3600 + 30) * 1_000_000))
    await until(lambda: bench.heard.outcomes)
    assert bench.modem.sent[0]["report"] is False
    assert bench.modem.sent[0]["validity"] == "23"  # 35: (35 + 1) times five minutes


async def test_what_cannot_be_written_is_refused_at_once(bench: Bench) -> None:
    connector = await bench.up(senders="own", number="+40740000099")
    connector.send(to("6", 1, "ă", alphabet="gsm7", sender="+40740000099"))
    connector.send(to("6", 2, sender="Depesza"))
    connector.send(to("6", 3, sender="40740000099"))
    await until(lambda: 3 in bench.heard.outcomes)
    assert [bench.heard.outcomes[n].refusal for n in (1, 2, 3)] == ["unencodable", "bad_sender", ""]


async def test_a_text_is_deleted_from_the_sim_when_it_is_on_disk(bench: Bench) -> None:
    bench.heard.done = False
    await bench.up()
    bench.modem.text("+40740000055", "Țară")
    await until(lambda: bench.heard.inbounds)
    assert bench.modem.store
    inbound = bench.heard.inbounds[0][0]
    assert (inbound.sender, inbound.recipient, inbound.text) == ("+40740000055", "+40740000099", "Țară")
    bench.heard.done = True
    await until(lambda: not bench.modem.store)
    assert {one.text for one, _ in bench.heard.inbounds} == {"Țară"}


async def test_a_text_that_came_while_nobody_was_there_is_found(bench: Bench) -> None:
    bench.modem.text("+40740000055", "early")
    await bench.up(number="+40740123123")
    await until(lambda: bench.heard.inbounds and not bench.modem.store)
    inbound = bench.heard.inbounds[0][0]
    assert (inbound.text, inbound.recipient) == ("early", "+40740123123")


async def test_a_long_text_is_told_once_it_is_whole(bench: Bench) -> None:
    await bench.up(sweep=0.02)
    for number, text in ((2, "world"), (3, "!"), (1, "hello ")):
        assert not bench.heard.inbounds
        bench.modem.text("+40740000055", text, bytes((5, 0, 3, 77, 3, number)))
        await asyncio.sleep(0.05)
    await until(lambda: bench.heard.inbounds and not bench.modem.store)
    assert [one.text for one, _ in bench.heard.inbounds] == ["hello world!"]


async def test_a_torn_text_is_told_with_a_mark(bench: Bench) -> None:
    await bench.up(reassembly=0.05)
    bench.modem.text("+40740000055", "hello ", bytes((5, 0, 3, 77, 2, 1)))
    await until(lambda: bench.heard.inbounds and not bench.modem.store)
    assert bench.heard.inbounds[0][0].text == "hello […]"


async def test_texts_and_reports_that_are_not_stored_are_told_again_until_they_are_taken(bench: Bench) -> None:
    bench.heard.done = False
    connector = await bench.up(indications="2,2,0,1,0")
    connector.send(to("6"))
    bench.modem.text("+40740000055", "hi")
    await until(lambda: bench.heard.outcomes)
    bench.modem.tell_reports()
    await until(lambda: bench.heard.inbounds and bench.heard.receipts)
    bench.heard.done = True
    await until(lambda: len(bench.heard.inbounds) == 2 and len(bench.heard.receipts) == 2)


async def test_stored_reports_are_deleted(bench: Bench) -> None:
    connector = await bench.up(indications="2,1,0,2,0")
    connector.send(to("6"))
    await until(lambda: bench.heard.outcomes)
    bench.modem.tell_reports()
    await until(lambda: bench.heard.receipts and not bench.modem.store)
    assert bench.heard.outcomes[1].remotes[0] in bench.heard.receipts[0][0].remotes


async def test_a_broken_text_stays_on_the_sim_and_is_told_of_once(bench: Bench) -> None:
    bench.modem.store = {1: ("07910447", 1)}
    with capture_logs() as logs:
        await bench.up(sweep=0.02)
        before = len(bench.modem.asked)
        await until(lambda: bench.modem.asked[before:].count("+CMGL=4") >= 3)
    assert len([log for log in logs if log["event"] == "modem.unreadable"]) == 1
    assert bench.modem.store


async def test_stop_waits_for_the_answer_and_tells_what_has_none(bench: Bench) -> None:
    connector = await bench.up(silence=30)
    connector.send(to("8"))
    await until(lambda: bench.modem.sent)
    await connector.stop(0.05)
    assert bench.heard.outcomes[1].refusal == "uncertain"
    assert connector.health.link is Link.STOPPED
    await connector.stop(0.05)


async def test_stop_before_the_port_is_open_is_harmless(bench: Bench) -> None:
    connector = bench.connector()
    connector.start()
    await connector.stop(0.1)
    assert connector.health.link is Link.STOPPED
    connector.send(to("6"))
    assert bench.heard.outcomes[1].refusal == "link_down"


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        (b"{}", "port"),
        (b'{"port": "/dev/x", "pin": "12"}', "pin"),
        (b'{"port": "/dev/x", "hours": "sometimes"}', "hours"),
        (b'{"port": "/dev/x", "zone": "Mars/Base"}', "zone"),
        (b'{"port": "/dev/x", "indications": "2;1"}', "indications"),
    ],
)
def test_wrong_settings_of_a_modem_are_named(settings: bytes, field: str) -> None:
    with pytest.raises(SettingsError, match=field):
        check("modem", settings)


PORTS = bytes.fromhex("05040b8423f0")


async def test_octets_with_a_header_a_protocol_and_a_coding(bench: Bench) -> None:
    connector = await bench.up()
    heard, sent = bench.heard, bench.modem.sent
    octets = "".join(map(chr, range(256)))
    connector.send(to("6", 1, octets, alphabet="binary", extras=Extras(udh=PORTS)))
    await until(lambda: 1 in heard.outcomes)
    assert (heard.outcomes[1].refusal, len(sent)) == ("", 2)
    assert [one["header"][8:] for one in sent] == [f"020{n}05040b8423f0" for n in (1, 2)]
    assert [one["header"][:6] for one in sent] == ["0b0003"] * 2
    assert [(one["coding"], one["protocol"], len(one["text"])) for one in sent] == [(4, 0, 128)] * 2
    assert "".join(one["text"] for one in sent) == octets

    others = [
        to("6", 2, "\x01\xff", alphabet="binary", extras=Extras(dcs=0xF5, pid=0x7F)),
        to("6", 3, "", channel=Channel.PING),
        to("6", 4, "\xff", alphabet="binary", extras=Extras(dcs=0)),
    ]
    feed(connector, heard, others)
    await until(lambda: len(heard.outcomes) == 4)
    assert [(one["coding"], one["protocol"], one["header"], one["text"]) for one in sent[2:]] == [
        (0xF5, 0x7F, "", "\x01\xff"),
        (0, 0x40, "", ""),
    ]
    assert heard.outcomes[4].refusal == "unencodable"  # an octet is no septet
