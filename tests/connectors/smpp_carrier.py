"""A carrier for the tests: the session in its server role on a loopback socket, answering by a script."""

import asyncio
import ssl
from collections.abc import Callable
from datetime import UTC, datetime

from depesza.net.tcp import Link, Listener, listen
from depesza.wire.fates import Fate, How, News, Tries, fate_of
from depesza.wire.smpp import events as ev
from depesza.wire.smpp.codec import pack
from depesza.wire.smpp.pdus import (
    DataSm,
    DeliverSm,
    GenericNack,
    Pdu,
    Request,
    Response,
    SubmitSm,
    SubmitSmResp,
)
from depesza.wire.smpp.receipt import write_receipt
from depesza.wire.smpp.session import Session
from depesza.wire.smpp.settings import Settings
from depesza.wire.smpp.states import Role, State

Event = ev.Event[Pdu]
Script = Callable[["Carrier", "CarrierLink", int, SubmitSm], None]


CarrierLink = Link[Session[Pdu], Event]


def take(carrier: "Carrier", link: CarrierLink, sequence: int, pdu: SubmitSm) -> None:
    """Take every message."""
    carrier.accept(link, sequence)


DELIVERED = News()


class ByFate:
    """A script that answers by the table of fates, `scale` times as slow."""

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale
        self._tries = Tries()

    def __call__(self, carrier: "Carrier", link: CarrierLink, sequence: int, pdu: SubmitSm) -> None:
        fate = fate_of(pdu.destination_addr)
        answer = self._tries.answer(fate, (pdu.source_addr, pdu.destination_addr, pdu.short_message))
        later = asyncio.get_running_loop().call_later
        remote = carrier.new_id()
        if answer.taken:
            self._news(carrier, pdu, fate, remote, answer.after)
        match answer.how:
            case How.RESPOND if answer.status:
                carrier.refuse(link, sequence, answer.status)
            case How.RESPOND:
                later(answer.after * self.scale, carrier.accept, link, sequence, remote)
            case How.GARBAGE:
                carrier.accept(link, sequence, remote)
                carrier.write_raw(link, bytes.fromhex("00000014 00001234 00000000 00000009 de ad be ef"))
            case How.OUT_OF_STEP:
                carrier.accept(link, sequence, remote)
                carrier.write_raw(link, b"\0\0\0\x03garbage!")
            case How.NACK:
                carrier.write_raw(link, pack(GenericNack(answer.status), sequence))
            case How.DROP:
                link.abort()

    def _news(self, carrier: "Carrier", pdu: SubmitSm, fate: Fate, remote: str, answered: float) -> None:
        later = asyncio.get_running_loop().call_later
        for news in fate.receipts:
            after = news.after if news.before_response else answered + news.after + 0.02
            later(after * self.scale, carrier.deliver, receipt(pdu, remote, news))
        reply = fate.reply_to(pdu.short_message.decode("latin-1"))
        if reply:
            text = DeliverSm(
                source_addr_ton=1,
                source_addr=pdu.destination_addr,
                destination_addr=pdu.source_addr,
                data_coding=8,
                short_message=reply[:60].encode("utf-16-be"),
            )
            later((answered + 0.04) * self.scale, carrier.deliver, text)


def receipt(pdu: SubmitSm, remote: str, news: News = DELIVERED) -> DeliverSm:
    """Write the receipt of a message."""
    moment = datetime.now(UTC)
    return DeliverSm(
        source_addr=pdu.destination_addr,
        destination_addr=pdu.source_addr,
        esm_class=4 if news.marked else 0,
        short_message=write_receipt(remote, news.state, moment, moment, err=news.err),
    )


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
        links = [link for link in self._listener.links if link.open]
        self._listener.abort()
        for link in links:
            await link.closed()

    def accept(self, link: CarrierLink, sequence: int, remote: str = "") -> str:
        """Answer a submit with an id."""
        remote = remote or self.new_id()
        link.session.answer(sequence, SubmitSmResp(0, remote))
        link.flush()
        return remote

    def new_id(self) -> str:
        """Make an id."""
        self._ids += 1
        return f"{self._ids:08x}"

    def write_raw(self, link: CarrierLink, octets: bytes) -> None:
        """Write octets behind what the session has to say."""
        link.session._out.append(octets)
        link.flush()

    def refuse(self, link: CarrierLink, sequence: int, status: int) -> None:
        """Answer a submit with a status."""
        link.session.refuse(sequence, status)
        link.flush()

    def deliver(self, pdu: DeliverSm | DataSm, link: CarrierLink | None = None) -> None:
        """Send something to a client that listens: the newest one."""
        listening = [one for one in self.links if one.session.state in (State.BOUND_RX, State.BOUND_TRX)]
        if link is None and not listening:
            asyncio.get_running_loop().call_later(0.05, self.deliver, pdu)
            return
        link = link or listening[-1]
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
                case ev.Responded(token, status, pdu):
                    self.answers.append(pdu)
                    if status and isinstance(token, DeliverSm):
                        asyncio.get_running_loop().call_later(0.05, self.deliver, token)
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
