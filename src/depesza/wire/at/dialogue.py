"""One command at a time: asks a modem, gathers the lines of its answer, keeps apart what it says unasked.

A dialogue is told bytes and time and gives events and bytes; it knows what a prompt and an ending are and nothing of
what commands mean (see `driver`). Only one command is under way; the next one may be asked when the last one ended.
"""

import re
from collections.abc import Iterator
from math import inf

from msgspec import Struct

from depesza.wire.at import answers
from depesza.wire.at.answers import Final, Stored
from depesza.wire.at.lines import PROMPT, Lines

_ESCAPE, _END = b"\x1b", b"\x1a"
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]+")
_ABOUT_MESSAGES = ("+CMG", "+CNM", "+CSMS", "+CPMS", "+CSCA")
"""Only these end with +CMS ERROR."""
_MOST_LINES = 4000
"""A memory of 1,000 messages is listed in 2,000 lines."""


class Command(Struct, frozen=True, gc=False):
    """What is asked."""

    text: str
    """Without its `AT`."""
    timeout: float
    """Seconds for the answer; with a PDU, for what comes after it."""
    pdu: str = ""
    """What follows the prompt, in hexadecimal."""
    prompt: float = 10.0
    """Seconds for the prompt."""
    expects: str = ""
    """Beginning of a line that an OK has before it: one without belongs to an earlier command, whose time was over."""


class Answered(Struct, frozen=True, gc=False):
    """A command ended, or its time did."""

    command: Command
    lines: tuple[str, ...]
    final: Final | None
    """None when the modem fell silent."""
    handed: bool
    """The PDU was written: without an ending the message may have been sent."""


class Came(Struct, frozen=True, gc=False):
    """A PDU that the modem gave unasked, in hexadecimal."""

    pdu: str


Event = Answered | Came | Stored


class Dialogue:
    """One serial line."""

    def __init__(self) -> None:
        self._lines = Lines()
        self._out = bytearray()
        self._command: Command | None = None
        self._answer: list[str] = []
        self._handed = False
        self._pdu_follows = False
        self._deadline = inf

    @property
    def busy(self) -> bool:
        """Whether a command is under way."""
        return self._command is not None

    @property
    def handed(self) -> bool:
        """Whether the PDU of the command under way was written."""
        return self._command is not None and self._handed

    @property
    def deadline(self) -> float:
        """When the command's time is over; `inf` when none is under way."""
        return self._deadline

    def ask(self, command: Command, now: float) -> None:
        """Ask a command; only when none is under way."""
        assert self._command is None
        self._command, self._answer, self._handed = command, [], False
        self._deadline = now + (command.prompt if command.pdu else command.timeout)
        self._out += f"AT{command.text}\r".encode("latin-1")

    def escape(self) -> None:
        """Leave a prompt in which an earlier program may have left the modem."""
        self._out += _ESCAPE

    def receive(self, data: bytes, now: float) -> list[Event]:
        """Take bytes from the modem."""
        events: list[Event] = []
        for line in self._lines.feed(data):
            events += self._take(line, now)
        return events

    def tick(self, now: float) -> list[Event]:
        """Be told the time; end a command that was not answered."""
        if now < self._deadline or self._command is None:
            return []
        if self._command.pdu and not self._handed:
            self.escape()
        return list(self._end(None))

    def outgoing(self) -> bytes:
        """Give, once, the bytes for the modem."""
        data = bytes(self._out)
        self._out.clear()
        return data

    def _take(self, line: str, now: float) -> Iterator[Event]:
        if line == PROMPT:
            self._hand(now)
            return
        if self._pdu_follows:
            self._pdu_follows = False
            if _HEXADECIMAL.fullmatch(line):
                yield Came(line)
                return
        said = answers.unasked(line)
        if isinstance(said, Stored):
            yield said
        elif said is not None:
            self._pdu_follows = True
        elif self._command is not None:
            yield from self._answer_line(self._command, line)

    def _answer_line(self, command: Command, line: str) -> Iterator[Event]:
        if line in (f"AT{command.text}", command.pdu):
            return  # the echo
        end = answers.final(line)
        if end is None:
            if len(self._answer) < _MOST_LINES:
                self._answer.append(line)
        elif self._is_ours(command, end):
            yield from self._end(end)

    def _is_ours(self, command: Command, end: Final) -> bool:
        """Tell whether an ending belongs to the command under way."""
        if end.ok and command.expects:
            return any(line.startswith(command.expects) for line in self._answer)
        return end.kind != "CMS" or command.text.startswith(_ABOUT_MESSAGES)

    def _hand(self, now: float) -> None:
        """Write the PDU that a prompt asks for."""
        command = self._command
        if command is None or not command.pdu:
            self.escape()  # nobody wants to write anything: do not let the next command become a message
            return
        if self._handed:
            return
        self._handed = True
        self._deadline = now + command.timeout
        self._out += command.pdu.encode("latin-1") + _END

    def _end(self, end: Final | None) -> Iterator[Event]:
        command = self._command
        assert command is not None
        self._command, self._deadline = None, inf
        yield Answered(command, tuple(self._answer), end, self._handed)
