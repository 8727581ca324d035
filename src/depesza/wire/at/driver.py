"""Keeps a modem ready and sends: its set-up, its health, one PDU after the other, what comes in.

Sans I/O like every session here: `receive`, `tick` and `next_tick`, `outgoing`, `closed`, `close`. Whether a message
left is told as exactly as AT allows: before the prompt surely not, after the PDU only by the modem's answer.
"""

from collections import deque
from collections.abc import Callable
from functools import partial
from math import inf
from typing import Any, Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from depesza.wire import Malformed
from depesza.wire.at import answers, tpdu
from depesza.wire.at.answers import Registration, Slot, Stored
from depesza.wire.at.dialogue import Answered, Came, Command, Dialogue
from depesza.wire.at.events import Event, Failed, Ready, Received, Refused, Silent, Status, Taken, Unreadable, Unsent
from depesza.wire.at.tpdu import Deliver, StatusReport

T = TypeVar("T")

_SHORT, _LONG = 5.0, 30.0
_PROBES = 3
"""Times that a silent modem is asked whether it is there."""
_INDICATIONS = ("2,1,0,1,0", "2,1,0,2,0", "1,1,0,1,0", "2,1,0,0,0")
"""What to tell unasked, the best first: texts stored, reports at once; reports stored; no buffering; no reports."""
_OK_PINS = frozenset({"READY", ""})


class Options(Struct, frozen=True):
    """How a driver treats its modem."""

    pin: str = ""
    centre: str = ""
    """Service centre to set; empty for the SIM's."""
    memory: str = ""
    """Memory to use for texts; empty for the modem's own choice."""
    indications: str = ""
    """Parameters of AT+CNMI; empty to find out."""
    silence: float = 60.0
    """Seconds without an answer after which a PDU may have been sent."""
    poll: float = 30.0
    """Seconds between looks at network and signal."""
    sweep: float = 60.0
    """Seconds between looks into the memory."""


class _Job(Struct, Generic[T], gc=False):
    """A command and what is to be done with its answer."""

    command: Command
    done: Callable[[Answered], "list[Event[T]]"]
    token: T | None = None


class Driver(Generic[T]):
    """One modem; `T` is what its owner knows a PDU by."""

    def __init__(self, options: Options, now: float) -> None:
        """Begin the set-up."""
        self._options = options
        self._dialogue = Dialogue()
        self._jobs: deque[_Job[T]] = deque()
        self._job: _Job[T] | None = None
        self._now = now
        self._memory = self._home = ""
        """The memory in use, as soon as the queue is worked off, and the one for texts; empty when unknown."""
        self._model = ""
        self._number = ""
        self._status = Status(False)
        self._poll_due = self._sweep_due = inf
        self._probes = 0
        self._dialogue.escape()
        self.closed = False
        """Whether the line is to be closed."""
        self.ready = False
        """Whether the set-up is done."""
        self._set_up()
        self._go_on()

    # what the owner asks

    @property
    def idle(self) -> bool:
        """Whether a PDU would be written at once."""
        return self.ready and not self.closed and self._job is None and not self._jobs

    def submit(self, pdu: bytes, token: T, now: float) -> None:
        """Send a PDU, centre's address in front; what came of it is told by one event with the token."""
        self._now = now
        length = len(pdu) - 1 - pdu[0]
        command = Command(f"+CMGS={length}", self._options.silence, pdu.hex().upper(), expects="+CMGS:")
        self._jobs.append(_Job(command, partial(_sent, token), token))
        self._go_on()

    def forget(self, slot: Slot, now: float) -> None:
        """Delete a stored message."""
        self._now = now
        self._use(slot.memory)
        self._add(f"+CMGD={slot.index}")
        self._go_on()

    # Session

    def receive(self, data: bytes, now: float) -> "list[Event[T]]":
        """Take bytes from the modem."""
        self._now = now
        events: list[Event[T]] = []
        for event in self._dialogue.receive(data, now):
            events += self._answered(event) if isinstance(event, Answered) else self._said(event)
        self._go_on()
        return events

    def tick(self, now: float) -> "list[Event[T]]":
        """Be told the time; give what ran out, and look after the modem when it is due."""
        self._now = now
        events: list[Event[T]] = []
        for event in self._dialogue.tick(now):
            if isinstance(event, Answered):
                events += self._answered(event)
        if now >= self._poll_due:
            self._poll_due = now + self._options.poll
            self._poll()
        if now >= self._sweep_due:
            self._sweep_due = now + self._options.sweep
            self._sweep()
        self._go_on()
        return events

    def next_tick(self) -> float:
        """Tell when `tick` has something to do."""
        return inf if self.closed else min(self._dialogue.deadline, self._poll_due, self._sweep_due)

    def outgoing(self) -> bytes:
        """Give, once, the bytes for the modem."""
        return self._dialogue.outgoing()

    def close(self, reason: str) -> "list[Event[T]]":
        """Be told that the line is gone; every PDU without an answer gets its word."""
        self.closed = True
        events: list[Event[T]] = []
        job, self._job = self._job, None
        if job is not None and job.token is not None:
            handed = self._dialogue.handed
            events.append(Silent(job.token, reason) if handed else Unsent(job.token, reason))
        events += [Unsent(waiting.token, reason) for waiting in self._jobs if waiting.token is not None]
        self._jobs.clear()
        return events

    # the queue of commands

    def _add(
        self,
        text: str,
        done: "Callable[[Answered], list[Event[T]]] | None" = None,
        timeout: float = _SHORT,
        expects: str = "",
    ) -> None:
        self._jobs.append(_Job(Command(text, timeout, expects=expects), done or _whatever))

    def _first(self, text: str, done: "Callable[[Answered], list[Event[T]]]", timeout: float = _SHORT) -> None:
        """Add a command that goes before all others: the rest of what was just done."""
        self._jobs.appendleft(_Job(Command(text, timeout), done))

    def _go_on(self) -> None:
        if self._job is None and self._jobs and not self.closed:
            self._job = self._jobs.popleft()
            self._dialogue.ask(self._job.command, self._now)

    def _answered(self, answer: Answered) -> "list[Event[T]]":
        job, self._job = self._job, None
        if job is None or self.closed:
            return []
        events = job.done(answer)
        if answer.final is None and not self.closed:
            events = [*events, *self._was_silent()]
        elif answer.final is not None:
            self._probes = 0
        return events

    def _was_silent(self) -> "list[Event[T]]":
        """Ask whether the modem is still there, and read past the late answer to what it did not answer."""
        self._probes += 1
        if self._probes > _PROBES:
            return self._fail("the modem does not answer")
        self._dialogue.escape()
        self._jobs.appendleft(_Job(Command("+CMEE?", _SHORT, expects="+CMEE:"), _whatever))
        return []

    def _fail(self, why: str, person: bool = False) -> "list[Event[T]]":
        self.closed = True
        return [Failed(why, person)]

    # set-up

    def _set_up(self) -> None:
        options = self._options
        self._add("", timeout=2.0)
        self._add("E0")
        self._add("+CMEE=1")
        self._add("+CMEE?", expects="+CMEE:")
        self._add("+CPIN?", self._pin, _LONG)
        self._must("+CMGF=0")
        self._add("+CSMS=0")  # the modem acknowledges what it gives us itself (27.005 3.2.1)
        if options.centre:
            self._must(f'+CSCA="{options.centre}",{145 if options.centre.startswith("+") else 129}')
        if options.memory:
            self._must("+CPMS=" + ",".join([f'"{options.memory}"'] * 3))
        self._add("+CPMS?", self._note_memory)
        wished = (options.indications,) if options.indications else _INDICATIONS
        self._add(f"+CNMI={wished[0]}", partial(self._indicating, wished[1:]))
        self._add("+CGMM", self._note_model)
        self._add("+CNUM", self._note_number)
        self._poll()
        self._add("", self._is_ready)

    def _must(self, text: str) -> None:
        """Add a command without which the modem is of no use."""

        def done(answer: Answered) -> "list[Event[T]]":
            if answer.final is None or answer.final.ok:
                return []
            return self._fail(f"AT{text}: {answer.final.said}")

        self._add(text, done, _LONG)

    def _pin(self, answer: Answered) -> "list[Event[T]]":
        if answer.final is None:
            return []
        if not answer.final.ok:
            return self._fail(f"SIM: {answer.final.said}")
        asked = (answers.told(answer.lines, "+CPIN") or [""])[0]
        if asked in _OK_PINS:
            return []
        if asked != "SIM PIN" or not self._options.pin:
            return self._fail(f"the SIM asks for {asked}", person=True)
        # once: after the third wrong one the SIM is locked
        self._first(f'+CPIN="{self._options.pin}"', self._pin_given, _LONG)
        return []

    def _pin_given(self, answer: Answered) -> "list[Event[T]]":
        if answer.final is not None and answer.final.ok:
            return []
        return self._fail("the SIM does not take the PIN", person=True)

    def _indicating(self, others: tuple[str, ...], answer: Answered) -> "list[Event[T]]":
        """Try the next way to be told of texts and reports; with none left they are found by the sweep."""
        if answer.final is not None and not answer.final.ok and others:
            self._first(f"+CNMI={others[0]}", partial(self._indicating, others[1:]))
        return []

    def _note_memory(self, answer: Answered) -> "list[Event[T]]":
        self._memory = self._home = (answers.told(answer.lines, "+CPMS") or [""])[0]
        return []

    def _note_model(self, answer: Answered) -> "list[Event[T]]":
        self._model = answer.lines[0].removeprefix("+CGMM:").strip(' "') if answer.lines else ""
        return []

    def _note_number(self, answer: Answered) -> "list[Event[T]]":
        self._number = answers.own_number(answer.lines)
        return []

    def _is_ready(self, answer: Answered) -> "list[Event[T]]":
        if answer.final is None:
            return []
        self.ready = True
        self._sweep()
        self._poll_due = self._now + self._options.poll
        self._sweep_due = self._now + self._options.sweep
        return [Ready(self._model, self._number)]

    # health

    def _poll(self) -> None:
        """Look at network, signal and battery; the last answer tells all."""
        self._add("+CREG?", self._note_registration)
        self._add("+CSQ", self._note_signal)
        self._add("+COPS?", self._note_operator)
        self._add("+CBC", self._tell_status)

    def _note_registration(self, answer: Answered) -> "list[Event[T]]":
        self._note(answers.registration(answer.lines, "+CREG"))
        if not self._status.registered:
            self._first("+CEREG?", self._note_registration_4g)
        return []

    def _note_registration_4g(self, answer: Answered) -> "list[Event[T]]":
        """4G has a registration of its own, which modems without 4G do not know."""
        found = answers.registration(answer.lines, "+CEREG")
        self._note(replace(found, denied=(found.denied or self._status.denied) and not found.registered))
        return []

    def _note(self, found: Registration) -> None:
        self._status = replace(self._status, registered=found.registered, roaming=found.roaming, denied=found.denied)

    def _note_signal(self, answer: Answered) -> "list[Event[T]]":
        self._status = replace(self._status, signal=answers.signal(answer.lines))
        return []

    def _note_operator(self, answer: Answered) -> "list[Event[T]]":
        self._status = replace(self._status, operator=answers.operator(answer.lines))
        return []

    def _tell_status(self, answer: Answered) -> "list[Event[T]]":
        self._status = replace(self._status, battery=answers.battery(answer.lines))
        return [self._status]

    # what comes in

    def _said(self, event: "Came | Stored") -> "list[Event[T]]":
        if isinstance(event, Came):
            return [_read(event.pdu, None)]
        slot = event.slot
        self._use(slot.memory)
        self._add(f"+CMGR={slot.index}", partial(_fetched, slot), _LONG)
        return []

    def _sweep(self) -> None:
        """Look for texts that nobody was told of."""
        self._use(self._home)
        self._add("+CMGL=4", self._listed, _LONG)

    def _listed(self, answer: Answered) -> "list[Event[T]]":
        return [_read(entry.pdu, Slot(self._home, entry.index)) for entry in answers.entries(answer.lines)]

    def _use(self, memory: str) -> None:
        """Make sure that the commands which follow mean this memory."""
        if memory in ("", self._memory):
            return
        self._memory = memory
        self._add(f'+CPMS="{memory}"', self._used)

    def _used(self, answer: Answered) -> "list[Event[T]]":
        if answer.final is None or not answer.final.ok:
            self._memory = ""
        return []


def _whatever(answer: Answered) -> list[Any]:
    """Take any answer for good."""
    return []


def _sent(token: T, answer: Answered) -> "list[Event[T]]":
    if answer.final is None:
        return [Silent(token, "no answer") if answer.handed else Unsent(token, "no prompt")]
    if answer.final.ok:
        return [Taken(token, answers.reference(answer.lines))]
    return [Refused(token, answer.final)]


def _fetched(slot: Slot, answer: Answered) -> list[Any]:
    pdu = answers.single(answer.lines)
    return [_read(pdu, slot)] if pdu else []


def _read(pdu: str, slot: Slot | None) -> Received | Unreadable:
    """Read a PDU in hexadecimal."""
    try:
        message = tpdu.unpack(bytes.fromhex(pdu))
    except (ValueError, Malformed) as error:
        return Unreadable(pdu, str(error), slot)
    assert isinstance(message, Deliver | StatusReport)
    return Received(message, slot)
