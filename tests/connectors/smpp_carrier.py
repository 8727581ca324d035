"""A carrier for the tests: the session in its server role on a loopback socket, answering by a script."""

import asyncio
import ssl
from collections.abc import Callable

from depesza.net.tcp import Link, Listener, listen
from depesza.wire.smpp import events as ev
from depesza.wire.smpp.pdus import DataSm, DeliverSm, Pdu, Request, Response, SubmitSm, SubmitSmResp
from depesza.wire.smpp.session import Session
from depesza.wire.smpp.settings import Settings
from depesza.wire.smpp.states import Role

Event = ev.Event[Pdu]
Script = Callable[["Carrier", "CarrierLink", int, SubmitSm], None]


CarrierLink = Link[Session[Pdu], Event]


def take(carrier: "Carrier", link: CarrierLink, sequence: int, pdu: SubmitSm) -> None:
    """Take every message."""
    carrier.accept(link, sequence)


class Carrier:
    """One server."""

    def __init__(self, script: Script = take, window: int = 100) -> None:
        self.script = script
        self.submits: list[SubmitSm] = []
        self.at: list[float] = []
        """When each submit came."""
        self.binds: list[Request] = []
        self.links: list[CarrierLink] = []
        self.answers: list[Response] = []
        """What deliver_sm and data_sm were answered."""
        self.bind_status = 0
        self.closed: list[str] = []
        self.port = 0
        self._ids = 0
        self._window = window
        self._listener: Listener[Session[Pdu], Event] | None = None

    async def open(self, tls: ssl.SSLContext | None = None, port: int = 0) -> "Carrier":
        """Listen."""
        self._listener = await listen("127.0.0.1", port, self._make, ssl=tls)
        self.port = self._listener.port
        return self

    async def close(self) -> None:
        """Stop listening and cut all links."""
        assert self._listener is not None
        links = self._listener.links
        self._listener.abort()
        for link in links:
            await link.closed()

    def accept(self, link: CarrierLink, sequence: int, remote: str = "") -> str:
        """Answer a submit with an id."""
        self._ids += 1
        remote = remote or f"{self._ids:08x}"
        link.session.answer(sequence, SubmitSmResp(0, remote))
        link.flush()
        return remote

    def refuse(self, link: CarrierLink, sequence: int, status: int) -> None:
        """Answer a submit with a status."""
        link.session.refuse(sequence, status)
        link.flush()

    def deliver(self, pdu: DeliverSm | DataSm, link: CarrierLink | None = None) -> None:
        """Send something to a client that listens: the newest one."""
        link = link or next(one for one in reversed(self.links) if "TX" not in one.session.state.name)
        link.session.request(pdu, pdu, asyncio.get_running_loop().time())
        link.flush()

    def _make(self) -> CarrierLink:
        now = asyncio.get_running_loop().time()
        session: Session[Pdu] = Session(Role.SMSC, Settings(window=self._window, system_id="carrier"), now)
        return Link(session, self._hear, on_lost=self._lost)

    def _lost(self, link: CarrierLink, _: Exception | None) -> None:
        if link in self.links:
            self.links.remove(link)

    def _hear(self, link: CarrierLink, events: list[Event]) -> None:
        for event in events:
            match event:
                case ev.BindRequested(sequence, pdu):
                    self._bind(link, sequence, pdu)
                case ev.Requested(sequence, SubmitSm() as pdu):
                    self.submits.append(pdu)
                    self.at.append(asyncio.get_running_loop().time())
                    self.script(self, link, sequence, pdu)
                case ev.Responded(_, _, pdu):
                    self.answers.append(pdu)
                case ev.Closed(reason):
                    self.closed.append(reason)
                    link.close()

    def _bind(self, link: CarrierLink, sequence: int, pdu: Request) -> None:
        self.binds.append(pdu)
        if self.bind_status:
            link.session.refuse(sequence, self.bind_status)
        else:
            link.session.accept(sequence)
            self.links.append(link)
        link.flush()
