"""What a connector is: a way out that takes messages and tells what became of them.

A connector knows `core`, `wire` and `net` and nothing of the store: it is started with its settings and a
`Reports` to talk to, is handed messages one by one, and answers each with exactly one `Outcome`, sooner or
later. Receipts and inbound texts are acknowledged to the carrier only when `done` is called, which is after
they are on disk.
"""

from collections.abc import Callable
from enum import Enum
from typing import Protocol, runtime_checkable

from msgspec import Struct

from depesza.core.lookup import Finding
from depesza.core.model import Inbound, Message, Outcome, Receipt


class Link(Enum):
    """How a connector's link stands."""

    DOWN = "down"
    """Not connected; it tries again by itself."""
    UP = "up"
    REFUSED = "refused"
    """The carrier refuses our credentials; it tries again, slowly, and a person should look."""
    STOPPED = "stopped"


class Health(Struct, frozen=True):
    """What the CLI, metrics and logs show of a connector."""

    link: Link
    detail: str = ""
    """Last reason in the carrier's words."""
    sessions: int = 0
    inflight: int = 0
    confidence: float = 0.0
    """How sure the receipt autopilot is, 0 to 1; 0 when it has seen nothing."""
    habits: str = ""
    """What it has learnt, for people."""


class Reports(Protocol):
    """Whom a connector tells; all calls return at once and may come from within `Connector.send`."""

    def outcome(self, connector: int, outcome: Outcome) -> None:
        """Tell what became of a message handed over; exactly once for each."""
        ...

    def receipt(self, receipt: Receipt, done: Callable[[bool], None]) -> None:
        """Tell of a receipt; `done(True)` comes when it is on disk, `done(False)` if it was not taken."""
        ...

    def inbound(self, inbound: Inbound, done: Callable[[bool], None]) -> None:
        """Tell of a text received; `done` as with receipts."""
        ...

    def ready(self, connector: int) -> None:
        """Tell that places came free or that the link changed."""
        ...

    def learnt(self, connector: int, habits: bytes) -> None:
        """Tell what was learnt of the carrier (JSON), to be given back at the next start."""
        ...


class Connector(Protocol):
    """A way out."""

    id: int
    name: str

    @property
    def link(self) -> Link:
        """How the link stands: asked for every message."""
        ...

    @property
    def room(self) -> int:
        """How many messages it would take now; 0 while the link is down, throttled or full."""
        ...

    @property
    def capacity(self) -> int:
        """How many messages may be unanswered at most: the bound of what a crash can double."""
        ...

    @property
    def health(self) -> Health:
        """How it stands."""
        ...

    def start(self) -> None:
        """Begin to connect; returns at once."""
        ...

    def send(self, message: Message) -> None:
        """Hand over one message; only while there is `room`."""
        ...

    def matched(self, receipt: Receipt, remote: str) -> None:
        """Learn under which id a receipt's message was found (the autopilot's lesson)."""
        ...

    async def stop(self, grace: float) -> None:
        """Take no more, wait `grace` seconds for answers, close; the unanswered is reported `uncertain`."""
        ...


@runtime_checkable
class Informant(Protocol):
    """What a connector is besides, when its carrier can tell about numbers (HLR look-up)."""

    def lookup(self, number: str, answer: Callable[[Finding | None], None]) -> None:
        """Ask about a number (E.164); returns at once.

        `answer` is called once, later, with None when the carrier can't tell; a carrier that stays silent need
        not be answered for.
        """
        ...
