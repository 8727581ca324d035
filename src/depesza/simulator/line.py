"""One connection: the SMPP session as the pump wants it, and the ways in which a connection can go wrong."""

from math import inf
from typing import TypeAlias

from depesza.net.tcp import Link
from depesza.wire.smpp.events import Event
from depesza.wire.smpp.pdus import Request, Response
from depesza.wire.smpp.session import Session
from depesza.wire.smpp.settings import Settings
from depesza.wire.smpp.states import Role, State

News: TypeAlias = Request
"""A deliver_sm or data_sm of ours; it is its own token."""
Events: TypeAlias = list[Event[News]]

_RECEIVING = (State.BOUND_RX, State.BOUND_TRX)


class Line:
    """A session that can fall silent, or say what no session would."""

    def __init__(self, number: int, settings: Settings, now: float) -> None:
        self.number = number
        """Counts the connections from 1."""
        self.session: Session[News] = Session(Role.SMSC, settings, now)
        self.link: Link[Line, Event[News]] | None = None
        self.system_id = ""
        """Empty until bound."""
        self.hung = False
        self._kept: list[bytes] = []
        self._last: Events = []

    @property
    def receiving(self) -> bool:
        """Whether receipts may go this way."""
        return not self.hung and self.session.state in _RECEIVING

    @property
    def closed(self) -> bool:
        """Whether the connection is to end; a silent line stays."""
        return not self.hung and self.session.closed

    def next_tick(self) -> float:
        """Tell when to tick; a silent line does not care."""
        return inf if self.hung else self.session.next_tick()

    def receive(self, data: bytes, now: float) -> Events:
        """Take bytes, unless nobody listens any more."""
        return [] if self.hung else self.session.receive(data, now)

    def tick(self, now: float) -> Events:
        """Let the timers see the time."""
        return [] if self.hung else self.session.tick(now)

    def outgoing(self) -> bytes:
        """Give what is to be written."""
        if self.hung:
            return b""
        out = self.session.outgoing()
        if not self._kept:
            return out
        self._kept.append(out)
        out, self._kept = b"".join(self._kept), []
        return out

    def answer(self, sequence: int, response: Response) -> None:
        """Answer a request, if somebody still waits for it."""
        if self.session.answer(sequence, response):
            self.flush()

    def garble(self, noise: bytes) -> None:
        """Say something that is not ours to say, behind all that was said."""
        self._kept += [self.session.outgoing(), noise]
        self.flush()

    def swallow(self, sequence: int, response: Response) -> None:
        """Count a request as answered, and say nothing."""
        self._kept.append(self.session.outgoing())
        if self.session.answer(sequence, response):
            self.session.outgoing()
        self.flush()

    def hang(self) -> None:
        """Say nothing and hear nothing any more; the connection stays."""
        self.hung = True

    def drop(self) -> None:
        """End the connection, after what was answered already; `close` tells what became of the rest."""
        self._last += self.session.close("dropped by a fate")
        self.flush()

    def close(self, reason: str) -> Events:
        """Be told that the connection is gone; give the last events."""
        events, self._last = self._last + self.session.close(reason), []
        return events

    def flush(self) -> None:
        """Have the pump write at the end of this turn."""
        if self.link is not None:
            self.link.flush()
