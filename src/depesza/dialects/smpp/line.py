"""One connection: its session, its link, and whose it is once it has bound."""

from typing import TypeAlias

from depesza.core.facts import Account, Facts
from depesza.core.model import Notice
from depesza.net.tcp import Link
from depesza.wire.smpp.events import Event
from depesza.wire.smpp.pdus import BINDS, DeliverSm, Response
from depesza.wire.smpp.session import Session
from depesza.wire.smpp.settings import Settings
from depesza.wire.smpp.states import Role, State


class Item:
    """One piece of news on its way to a customer, in one PDU or several."""

    __slots__ = ("again", "bad", "left", "notice", "tries")

    def __init__(self, notice: Notice) -> None:
        self.notice = notice
        self.left = 0
        """PDUs of this try that are not answered."""
        self.again = False
        """One of them was not taken, and may be later."""
        self.bad = False
        """One of them was refused for good."""
        self.tries = 0


class Delivery:
    """One PDU of an item: the token of the session."""

    __slots__ = ("item", "pdu")

    def __init__(self, item: Item, pdu: DeliverSm) -> None:
        self.item = item
        self.pdu = pdu


Events: TypeAlias = list[Event[Delivery]]
Wire: TypeAlias = Link[Session[Delivery], Event[Delivery]]
KINDS: dict[type, str] = {kind: name for name, kind in BINDS.items()}
_RECEIVING = (State.BOUND_RX, State.BOUND_TRX)


class Line:
    """A connection of a customer."""

    def __init__(self, number: int, settings: Settings, now: float) -> None:
        self.number = number
        """Counts connections from 1."""
        self.session: Session[Delivery] = Session(Role.SMSC, settings, now)
        self.link: Wire
        self.system_id = ""
        """Empty until bound."""
        self.account = 0
        self.credential = ""
        """The hash that its password was compared with: another one ends the bind."""
        self.taking = 0
        """Submits that are being taken: those that the window of its account lets in, not yet answered."""
        self.since = 0
        """When it bound, in microseconds since 1970."""

    @property
    def kind(self) -> str:
        """`transmitter`, `receiver` or `transceiver`; empty until bound."""
        return KINDS.get(type(self.session.peer), "")

    @property
    def receiving(self) -> bool:
        """Whether news may go this way."""
        return self.session.state in _RECEIVING

    @property
    def room(self) -> int:
        """How many PDUs may be sent now: none to one that reads slower than we write."""
        return 0 if self.link.writing_paused else self.session.room

    @property
    def version(self) -> int:
        """The SMPP version that it speaks."""
        return self.session.peer_version or 0

    def account_in(self, facts: Facts) -> Account | None:
        """Give its account as it is now."""
        return facts.account.get(self.account)

    def answer(self, sequence: int, response: Response) -> None:
        """Answer a request, if somebody still waits for it."""
        if self.session.answer(sequence, response):
            self.link.flush()

    def refuse(self, sequence: int, status: int) -> None:
        """Answer a request with a status."""
        if self.session.refuse(sequence, status):
            self.link.flush()
