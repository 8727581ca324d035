"""What a modem's driver tells its owner."""

from typing import Generic, TypeVar

from msgspec import Struct

from depesza.wire.at.answers import Final, Slot
from depesza.wire.at.tpdu import Deliver, StatusReport

T = TypeVar("T")


class Ready(Struct, frozen=True, gc=False):
    """The modem is set up: it can be given messages as soon as it is registered."""

    model: str
    number: str
    """Of the SIM, where it knows its own."""


class Status(Struct, frozen=True, gc=False):
    """How the modem stands."""

    registered: bool
    roaming: bool = False
    denied: bool = False
    """The network refuses this SIM."""
    signal: int = -1
    """Percent; -1 when unknown."""
    operator: str = ""
    battery: int = -1
    """Percent; -1 when unknown."""


class Taken(Struct, Generic[T], frozen=True, gc=False):
    """The network took a PDU."""

    token: T
    reference: int
    """By which its status report is known; -1 when the modem gave none."""


class Refused(Struct, Generic[T], frozen=True, gc=False):
    """The modem or the network refused a PDU: it was not sent."""

    token: T
    end: Final


class Unsent(Struct, Generic[T], frozen=True, gc=False):
    """A PDU was never written to the modem."""

    token: T
    why: str


class Silent(Struct, Generic[T], frozen=True, gc=False):
    """A PDU was written and nothing came back: it may have been sent."""

    token: T
    why: str


class Received(Struct, frozen=True, gc=False):
    """A message or report from the network."""

    message: Deliver | StatusReport
    slot: Slot | None
    """Where the modem keeps it until `Driver.forget`; None when it keeps it no more."""


class Unreadable(Struct, frozen=True, gc=False):
    """A PDU from the modem that breaks its format; one that is stored stays where it is."""

    pdu: str
    why: str
    slot: Slot | None


class Failed(Struct, frozen=True, gc=False):
    """The modem cannot be used, and the line is to be closed."""

    why: str
    person: bool = False
    """Only a person can mend it: a PIN is missing or wrong, the SIM is locked."""


Event = Ready | Status | Taken[T] | Refused[T] | Unsent[T] | Silent[T] | Received | Unreadable | Failed
