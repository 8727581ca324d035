"""A driver and a modem joined without a line: set-up, sending, silence, what comes in, and every bad octet."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.modem_emulator import Modem

from depesza.wire.at.addresses import address_of
from depesza.wire.at.answers import Final, fields, final, unasked
from depesza.wire.at.driver import Driver, Options
from depesza.wire.at.events import Failed, Ready, Received, Refused, Silent, Status, Taken, Unreadable, Unsent
from depesza.wire.at.lines import PROMPT, Lines
from depesza.wire.at.tpdu import Deliver, StatusReport, Submit, pack, text_of
from depesza.wire.gsm import encode


class Talk:
    """A driver and its modem, and the time."""

    def __init__(self, modem: Modem, cut: Callable[[], int] = lambda: 4096, **options: Any) -> None:
        self.now = 0.0
        self.modem = modem
        self.driver: Driver[str] = Driver(Options(**options), self.now)
        self.events: list[Any] = []
        self._cut = cut
        self.turn()

    def turn(self) -> list[Any]:
        """Let both say what they have to say; gives what the driver told meanwhile."""
        before = len(self.events)
        while True:
            self.modem.receive(self.driver.outgoing())
            said = self.modem.outgoing()
            if not said:
                return self.events[before:]
            while said:
                size = self._cut()
                self.events += self.driver.receive(said[:size], self.now)
                said = said[size:]

    def wait(self, seconds: float) -> list[Any]:
        """Let time pass, with every tick that is due."""
        before, end = len(self.events), self.now + seconds
        while self.driver.next_tick() <= end:
            self.now = max(self.now, self.driver.next_tick())
            self.events += self.driver.tick(self.now)
            self.turn()
        self.now = end
        return self.events[before:]

    def send(self, to: str, token: str, text: str = "hello") -> list[Any]:
        """Send a text."""
        self.driver.submit(pack(Submit(address_of(to), 0, encode(text), report=True)), token, self.now)
        return self.turn()


def only(events: list[Any], kind: type) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def test_a_modem_is_set_up_and_tells_how_it_stands() -> None:
    talk = Talk(Modem())
    assert only(talk.events, Ready) == [Ready("PTY-1", "+40740000099")]
    assert only(talk.events, Status) == [Status(True, False, False, 68, "22601", 87)]
    assert talk.driver.idle


def test_what_the_modem_says_may_be_cut_at_every_octet() -> None:
    talk = Talk(Modem(), cut=lambda: 1)
    assert only(talk.send("+40740000001", "a"), Taken) == [Taken("a", 1)]
    talk.modem.tell_reports()
    report = only(talk.turn(), Received)[0].message
    assert (report.reference, report.receiver.written, report.status) == (1, "+40740000001", 0)
    talk.modem.text("+40740000055", "Țară")
    [came] = only(talk.turn(), Received)
    assert text_of(came.message.coding, came.message.header, came.message.body) == "Țară"


@given(st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_however_it_is_cut_the_same_is_understood(chance: random.Random) -> None:
    talk = Talk(Modem(), cut=lambda: chance.randint(1, 30))
    talk.send("+40740000007", "a")
    talk.send("+40740000006", "b")
    talk.modem.tell_reports()
    talk.modem.text("+40740000055", "hi")
    talk.turn()
    told = [event for event in talk.events if not isinstance(event, Received | Status)]
    assert told == [Ready("PTY-1", "+40740000099"), Refused("a", Final(False, "CMS", 38)), Taken("b", 1)]
    assert [type(event.message) for event in only(talk.events, Received)] == [StatusReport, Deliver]


@given(st.lists(st.one_of(st.binary(max_size=40), st.sampled_from(
    [b"\r\nOK\r\n", b"\r\nERROR\r\n", b"\r\n> ", b"\r\n+CMS ERROR: 38\r\n", b"\r\n+CDS: 5\r\n",
     b"\r\n+CMTI: \"SM\",1\r\n",
     b"\r\n+CMGL: 1,0,,20\r\n07910447\r\n", b"\r\n+CMGR: 0,,9\r\nzz\r\n", b"\r\n+CMGS: x\r\n", b"\r\n+CREG: 0,1\r\n",
     b"\r\n+CPIN: READY\r\n", b"\r\n+CMEE: 1\r\n", b"0006\r\n"]
)), max_size=40), st.booleans())  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_a_modem_gone_mad_breaks_nothing(said: list[bytes], ready: bool) -> None:
    if ready:
        driver = Talk(Modem()).driver
    else:
        driver = Driver(Options(), 0.0)
    driver.submit(pack(Submit(address_of("+40740000001"), 0, encode("x"))), "a", 1.0)
    events: list[Any] = []
    for now, data in enumerate(said, 2):
        events += driver.receive(data, float(now))
        events += driver.tick(float(now) + 0.5)
        driver.outgoing()
        driver.next_tick()
    events += driver.close("gone")
    assert len(only(events, Taken) + only(events, Refused) + only(events, Silent) + only(events, Unsent)) == 1


def test_each_pdu_has_one_word_in_order() -> None:
    talk = Talk(Modem())
    for number, digit in enumerate("6791"):
        talk.send(f"+4074000000{digit}", str(number))
    assert [type(event) for event in talk.events if hasattr(event, "token")] == [Taken, Refused, Taken, Taken]
    assert [message["to"][-1] for message in talk.modem.sent] == ["6", "7", "9", "1"]
    assert all(message["report"] and message["text"] == "hello" for message in talk.modem.sent)


def test_silence_after_the_pdu_means_that_nobody_knows() -> None:
    talk = Talk(Modem())
    assert not only(talk.send("+40740000008", "a"), Silent)
    assert not only(talk.wait(59.9), Silent)
    assert only(talk.wait(0.2), Silent) == [Silent("a", "no answer")]
    assert only(talk.send("+40740000001", "b"), Taken) == [Taken("b", 1)]


def test_a_late_answer_is_not_taken_for_that_of_the_next_message() -> None:
    talk = Talk(Modem(silent_on=frozenset({"8", "5"})))
    talk.send("+40740000008", "a")
    talk.driver.outgoing()
    talk.now = 61.0
    talk.events += talk.driver.tick(talk.now)
    talk.modem.say("+CMGS: 77")
    talk.modem.say("OK")
    talk.turn()
    assert only(talk.send("+40740000001", "b"), Taken) == [Taken("b", 1)]


def test_without_a_prompt_nothing_was_sent() -> None:
    modem = Modem()
    talk = Talk(modem)
    modem.dead = True
    talk.send("+40740000001", "a")
    assert only(talk.wait(10.1), Unsent) == [Unsent("a", "no prompt")]
    modem.dead = False
    assert modem.sent == []


def test_a_modem_that_stays_silent_is_given_up() -> None:
    modem = Modem()
    talk = Talk(modem)
    modem.dead = True
    assert only(talk.wait(60), Failed) == [Failed("the modem does not answer")]
    assert talk.driver.closed


def test_a_line_that_is_lost_tells_what_became_of_every_pdu() -> None:
    talk = Talk(Modem())
    talk.send("+40740000008", "a")
    talk.send("+40740000001", "b")
    assert talk.driver.close("pulled out") == [Silent("a", "pulled out"), Unsent("b", "pulled out")]
    assert talk.driver.close("again") == []


def test_stored_texts_are_told_once_each_look_until_they_are_forgotten() -> None:
    modem = Modem()
    modem.text("+40740000055", "before we came")
    talk = Talk(modem)
    modem.text("+40740000056", "while we are there")
    talk.turn()
    told = only(talk.events, Received)
    assert [event.message.sender.written for event in told] == ["+40740000055", "+40740000056"]
    assert len(only(talk.wait(61), Received)) == 2
    for event in told:
        talk.driver.forget(event.slot, talk.now)
    talk.turn()
    assert modem.store == {}
    assert only(talk.wait(61), Received) == []


@pytest.mark.parametrize(("indications", "stored"), [("2,2,0,1,0", False), ("2,1,0,2,0", True)])
def test_texts_and_reports_may_come_at_once_or_be_stored(indications: str, stored: bool) -> None:
    talk = Talk(Modem(), indications=indications)
    talk.send("+40740000001", "a")
    talk.modem.tell_reports()
    talk.modem.text("+40740000055", "hi")
    events = only(talk.turn(), Received)
    assert [type(event.message) for event in events] == [StatusReport, Deliver]
    assert [event.slot is not None for event in events] == [stored, stored]


def test_another_way_of_being_told_is_tried_where_one_is_refused() -> None:
    talk = Talk(Modem(answers={"+CNMI=2,1,0,1,0": "+CMS ERROR: 302", "+CNMI=2,1,0,2,0": "ERROR"}))
    assert only(talk.events, Ready)
    assert [one for one in talk.modem.asked if one.startswith("+CNMI")][-1] == "+CNMI=1,1,0,1,0"


def test_a_broken_text_is_told_as_it_is_and_the_rest_is_read() -> None:
    modem = Modem()
    modem.store = {1: ("07910447", 1), 2: ("zz", 1)}
    modem.text("+40740000055", "fine")
    talk = Talk(modem)
    assert [event.pdu for event in only(talk.events, Unreadable)] == ["07910447", "zz"]
    assert len(only(talk.events, Received)) == 1


def test_a_pin_is_given_once() -> None:
    modem = Modem()
    modem.pin = "1234"
    assert only(Talk(modem, pin="1234").events, Ready)
    modem.pin = "1234"
    talk = Talk(modem, pin="9999")
    assert only(talk.events, Failed) == [Failed("the SIM does not take the PIN", person=True)]
    assert talk.driver.closed
    assert [one for one in modem.asked if one.startswith("+CPIN=")] == ['+CPIN="1234"', '+CPIN="9999"']
    assert only(Talk(modem).events, Failed) == [Failed("the SIM asks for SIM PIN", person=True)]


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ({"+CPIN?": "+CME ERROR: 10"}, "SIM: CME 10"),
        ({"+CMGF=0": "+CMS ERROR: 303"}, "AT+CMGF=0: CMS 303"),
        ({'+CSCA="+40744",145': "ERROR"}, 'AT+CSCA="+40744",145: ERROR'),
        ({'+CPMS="ME","ME","ME"': "+CMS ERROR: 302"}, 'AT+CPMS="ME","ME","ME": CMS 302'),
    ],
)
def test_a_modem_that_cannot_be_set_up_says_why(answers: dict[str, str], why: str) -> None:
    talk = Talk(Modem(answers=answers), centre="+40744", memory="ME")
    assert only(talk.events, Failed) == [Failed(why)]


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ({"+CREG?": "+CREG: 0,2", "+CEREG?": "ERROR"}, Status(False, signal=68, operator="22601", battery=87)),
        ({"+CREG?": "+CREG: 0,3", "+CEREG?": "+CEREG: 0,0"}, Status(False, False, True, 68, "22601", 87)),
        ({"+CREG?": "+CREG: 0,0", "+CEREG?": "+CEREG: 0,5"}, Status(True, True, False, 68, "22601", 87)),
        ({"+CSQ": "+CSQ: 99,99", "+COPS?": "+COPS: 0", "+CBC": "ERROR"}, Status(True)),
    ],
)
def test_registration_signal_operator_and_battery(answers: dict[str, str], status: Status) -> None:
    assert only(Talk(Modem(answers=answers)).events, Status) == [status]


def test_health_is_looked_at_every_30_seconds_and_the_memory_every_60() -> None:
    talk = Talk(Modem())
    before = len(talk.modem.asked)
    talk.modem.registered = False
    assert only(talk.wait(31), Status)[0].registered is False
    assert "+CMGL=4" not in talk.modem.asked[before:]
    talk.wait(30)
    assert talk.modem.asked[before:].count("+CMGL=4") == 1
    assert talk.modem.asked[before:].count("+CSQ") == 2


def test_a_modem_left_in_a_prompt_is_brought_out_of_it() -> None:
    modem = Modem()
    modem.receive(b"AT+CMGS=20\r")
    modem.outgoing()
    talk = Talk(modem)
    assert only(talk.events, Ready)
    assert modem.sent == []


@pytest.mark.parametrize(
    ("said", "lines"),
    [
        (b"\r\nOK\r\n", ["OK"]),
        (b"OK\nOK\r", ["OK", "OK"]),
        (b"\r\n> \r\n", [PROMPT]),
        (b"\r\n>0011\x1a\r\n", [PROMPT, "0011"]),
        (b"\0\0AT\r", ["AT"]),
        (b"a > b\r", ["a > b"]),
        (b"x" * 5000 + b"\r", ["x" * 2048]),
    ],
)
def test_lines_and_prompts(said: bytes, lines: list[str]) -> None:
    assert Lines().feed(said) == lines
    cutter = Lines()
    assert [line for octet in said for line in cutter.feed(bytes((octet,)))] == lines


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("+CMS ERROR: 38", Final(False, "CMS", 38)),
        ("+CMS ERROR:38", Final(False, "CMS", 38)),
        ("+CME ERROR: SIM busy", Final(False, "CME", -1, "SIM busy")),
        ("ERROR", Final(False, text="ERROR")),
        ("OK", Final(True)),
        ("OK then", None),
    ],
)
def test_how_a_command_ends(line: str, found: Final | None) -> None:
    assert final(line) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('"SM",3,30', ["SM", "3", "30"]),
        (' 0, 2 ,"a, b"', ["0", "2", "a, b"]),
        ("", [""]),
        ("1,,3", ["1", "", "3"]),
        ("1,", ["1", ""]),
        ('"open', ["open"]),
        ('"a"b,c', ["a", "c"]),
    ],
)
def test_fields(text: str, found: list[str]) -> None:
    assert fields(text) == found


@given(st.text(max_size=60))
@settings(max_examples=100)
def test_any_line_can_be_read(line: str) -> None:
    fields(line)
    final(line)
    for name in ("+CMTI:", "+CDSI:", "+CMT:"):
        unasked(name + line)
