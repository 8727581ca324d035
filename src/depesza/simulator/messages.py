"""What the carrier knows of its messages: ids, those that are pending or remembered, the log of submits."""

from collections import deque
from collections.abc import Iterator
from random import Random
from typing import Final
from uuid import UUID

from msgspec import Struct

from depesza.simulator.account import Account
from depesza.simulator.settings import MessageIds
from depesza.simulator.texts import Carried
from depesza.wire.fates import Fate
from depesza.wire.smpp.constants import MessageState
from depesza.wire.smpp.pdus import DataSm, SubmitSm
from depesza.wire.smpp.segments import Segment

_FIRST_ID: Final = 1_000_000_000
"""Ids begin somewhere above it: ten decimal digits, as Appendix B has them."""
_IDS: Final = 8_000_000_000


class Ids:
    """Message ids, each once: counted on from a place drawn by lot, so that restarts do not repeat them."""

    def __init__(self, form: MessageIds, chance: Random) -> None:
        self.form = form
        self._chance = chance
        self._last = _FIRST_ID + chance.randrange(_IDS)

    def next(self) -> str:
        """Make one more id."""
        if self.form == "uuid":
            return str(UUID(int=self._chance.getrandbits(128), version=4))
        self._last += 1
        return str(self._last) if self.form == "decimal" else f"{self._last:x}"

    def other_base(self, message_id: str) -> str:
        """Write an id as carriers do that mix their bases: hex for decimal, decimal for hex, capitals."""
        if self.form == "decimal":
            return f"{int(message_id):X}"
        return str(int(message_id, 16)) if self.form == "hex" else message_id.upper()


class Message:
    """One message that was taken, to one receiver."""

    __slots__ = (
        "account",
        "cancelled",
        "done",
        "err",
        "fate",
        "given",
        "id",
        "open",
        "pdu",
        "since",
        "state",
    )

    def __init__(
        self,
        message_id: str,
        account: Account,
        pdu: SubmitSm | DataSm,
        fate: Fate,
        since: float,
    ) -> None:
        self.id = message_id
        self.account = account
        self.pdu = pdu
        self.fate = fate
        self.since = since
        """When it was taken, in seconds of the epoch."""
        self.state = MessageState.ENROUTE
        self.err = "000"
        self.done: float | None = None
        """When its state became final."""
        self.open = 0
        """How many pieces of news are still to come."""
        self.given = False
        """The phone has it."""
        self.cancelled = False

    @property
    def pending(self) -> bool:
        """Whether it can still be cancelled or replaced."""
        return self.open > 0 and not self.state.final and not self.cancelled


class Book:
    """The messages that may be asked about: all pending ones, and the last `most` others."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._pending: dict[tuple[str, str], Message] = {}
        self._others: dict[str, Message] = {}

    def __len__(self) -> int:
        return len(self._pending) + len(self._others)

    def enter(self, message: Message) -> None:
        """Keep a message, as pending or as one of the past."""
        if message.open:
            self._pending[(message.id, message.pdu.destination_addr)] = message
        elif self._most:
            self._remember(message)

    def settle(self, message: Message) -> None:
        """A pending message is not pending any more."""
        if self._pending.pop((message.id, message.pdu.destination_addr), None) is not None and self._most:
            self._remember(message)

    def find(self, message_id: str, system_id: str) -> Message | None:
        """Find a message of a customer by its id (the first one, when a submit_multi made several)."""
        found = self._others.get(message_id) or next(
            (message for (known, _), message in self._pending.items() if known == message_id), None
        )
        return found if found is not None and found.account.system_id == system_id else None

    def pending(self, system_id: str, source: str, destination: str) -> Iterator[Message]:
        """Find what is still on its way between two addresses."""
        for message in list(self._pending.values()):
            pdu = message.pdu
            if (
                message.pending
                and message.account.system_id == system_id
                and pdu.source_addr == source
                and pdu.destination_addr == destination
            ):
                yield message

    def _remember(self, message: Message) -> None:
        self._others[message.id] = message
        if len(self._others) > self._most:
            del self._others[next(iter(self._others))]


class PartInfo(Struct, frozen=True, gc=False):
    """Which part of which message a submit was."""

    reference: int
    total: int
    number: int
    place: str
    """`udh 8`, `udh 16` or `sar`."""

    @classmethod
    def of(cls, segment: Segment) -> "PartInfo":
        """Tell it of a segment."""
        return cls(segment.reference, segment.total, segment.number, segment.place.value)


class Logged(Struct, frozen=True, gc=False):
    """One submit to one receiver, as it is told to tests and people."""

    id: str
    """Empty when it was not taken."""
    system_id: str
    bind: int
    """The number of the connection, counted from 1."""
    source: str
    destination: str
    text: str
    data_coding: int
    part: PartInfo | None
    at: float
    """Seconds of the epoch."""
    fate: str
    status: str
    """The name of the status answered; `(none)` when there was no response."""
    carried: Carried


class Log:
    """The last `most` submits; 0 keeps none."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.entries: deque[Logged] = deque(maxlen=most or None)

    def __bool__(self) -> bool:
        return self.most > 0
