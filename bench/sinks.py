"""The other ends of the line: a carrier over SMPP and a client's receiver of callbacks. Both count into a `Tally`.

The carrier is the project's own session in its server role with nothing behind it: every message is taken (or
throttled by a fixed share) and its receipt follows at once. spec: smpp34 4.4, 4.6, Appendix B
"""

import asyncio
from collections import deque
from datetime import UTC, datetime
from random import Random

from bench.tally import Tally
from depesza.net.tcp import Link, Listener, listen
from depesza.wire.smpp.constants import MessageState
from depesza.wire.smpp.events import BindRequested, Closed, Event, Requested, Responded, Uncertain
from depesza.wire.smpp.flags import MessageType
from depesza.wire.smpp.pdus import DeliverSm, SubmitSm, SubmitSmResp
from depesza.wire.smpp.receipt import write_receipt
from depesza.wire.smpp.session import Session
from depesza.wire.smpp.settings import Settings
from depesza.wire.smpp.states import Role
from depesza.wire.smpp.status import ROK, RTHROTTLED
from depesza.wire.smpp.tlvs import MESSAGE_STATE, RECEIPTED_MESSAGE_ID

WINDOW = 1000
"""Receipts that may be unanswered on one bind: wide, so that the product's pace is measured, not ours."""

CarrierLink = Link[Session[DeliverSm], Event[DeliverSm]]


class Carrier:
    """An SMPP server that takes everything."""

    def __init__(self) -> None:
        self.tally: Tally | None = None
        self.throttle = 0.0
        """Share of submits that are answered RTHROTTLED, 0 to 1."""
        self.bound = asyncio.Event()
        self._links: list[CarrierLink] = []
        self._receipts: deque[DeliverSm] = deque()
        self._listener: Listener[Session[DeliverSm], Event[DeliverSm]]
        self._ids = 0
        self._chance = Random(5)
        self._loop = asyncio.get_running_loop()
        day = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
        self._frame = write_receipt("0", MessageState.DELIVERED, day, day, text=b"Your parcel arrives ").removeprefix(
            b"id:0"
        )
        self._delivered = MESSAGE_STATE.pack(MessageState.DELIVERED)

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._listener.port

    async def open(self) -> None:
        """Listen."""
        self._listener = await listen("127.0.0.1", 0, self._connection)

    def close(self) -> None:
        """Stop listening, cut what is connected."""
        self._listener.abort()

    def _connection(self) -> CarrierLink:
        session: Session[DeliverSm] = Session(Role.SMSC, Settings(window=WINDOW, system_id="bench"), self._loop.time())
        return Link(session, self._hear, on_lost=self._lost)

    def _lost(self, link: CarrierLink, _: Exception | None) -> None:
        if link in self._links:
            self._links.remove(link)
        if not self._links:
            self.bound.clear()

    def _hear(self, link: CarrierLink, events: list[Event[DeliverSm]]) -> None:
        for event in events:
            kind = type(event)
            if kind is Requested:
                self._submit(link, event)  # type: ignore[arg-type]
            elif kind is Responded:
                self._acknowledged(event)  # type: ignore[arg-type]
            elif isinstance(event, BindRequested):
                link.session.accept(event.sequence)
                self._links.append(link)
                self.bound.set()
            elif isinstance(event, Uncertain):
                self._receipts.appendleft(event.token)
            elif isinstance(event, Closed):
                self._receipts.extendleft(event.unanswered)
        self._pump()

    def _submit(self, link: CarrierLink, event: Requested) -> None:
        pdu, session = event.pdu, link.session
        if not isinstance(pdu, SubmitSm):
            session.refuse(event.sequence)
            return
        tally = self.tally
        if self.throttle and self._chance.random() < self.throttle:
            if tally is not None:
                tally.throttled += 1
            session.refuse(event.sequence, RTHROTTLED)
            return
        self._ids += 1
        remote = f"{self._ids:010d}"
        session.answer(event.sequence, SubmitSmResp(ROK, remote))
        if tally is not None:
            tally.take(pdu.destination_addr)
        if pdu.registered_delivery:
            self._receipts.append(self._receipt(pdu, remote))

    def _receipt(self, pdu: SubmitSm, remote: str) -> DeliverSm:
        return DeliverSm(
            "",
            pdu.dest_addr_ton,
            pdu.dest_addr_npi,
            pdu.destination_addr,
            pdu.source_addr_ton,
            pdu.source_addr_npi,
            pdu.source_addr,
            MessageType.RECEIPT,
            short_message=b"id:%b%b" % (remote.encode(), self._frame),
            tlvs=(RECEIPTED_MESSAGE_ID.pack(remote), self._delivered),
        )

    def _acknowledged(self, event: "Responded[DeliverSm]") -> None:
        if event.status != ROK:
            self._receipts.append(event.token)
        elif self.tally is not None:
            self.tally.acknowledge()

    def _pump(self) -> None:
        """Write receipts as far as windows allow."""
        receipts, now = self._receipts, self._loop.time()
        for link in self._links:
            session = link.session
            room = min(session.room, len(receipts))
            for _ in range(room):
                receipt = receipts.popleft()
                session.request(receipt, receipt, now)
            if room:
                link.flush()


class Callbacks:
    """An HTTP server that answers 200 to every delivery callback."""

    ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

    def __init__(self) -> None:
        self.tally: Tally | None = None
        self._server: asyncio.Server

    @property
    def url(self) -> str:
        """The address to call."""
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/delivery"

    async def open(self) -> None:
        """Listen."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Caller(self), "127.0.0.1", 0, backlog=1024)

    def close(self) -> None:
        """Stop listening."""
        self._server.close()

    def take(self, line: bytes, form: bytes) -> None:
        """Count a callback: OVH's by its request line, SMSC's by its form, where the number says which it is."""
        if self.tally is None:
            return
        if form:
            number = form.partition(b"&phone=")[2].partition(b"&")[0]
            self.tally.call(number, delivered=b"&status=1&" in form)
            return
        start = line.find(b"?id=") + 4
        if start < 4:
            start = line.find(b"&id=") + 4
        end = start
        while line[end : end + 1].isdigit():
            end += 1
        self.tally.call(line[start:end], delivered=b"&dlr=1&" in line or b"&dlr=1 " in line)


class _Caller(asyncio.Protocol):
    """One connection to the receiver of callbacks."""

    def __init__(self, sink: Callbacks) -> None:
        self._sink = sink
        self._rest = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        at = 0
        while (head := data.find(b"\r\n\r\n", at) + 4) >= 4:
            end = head + (_length(data[at:head]) if data.startswith(b"POST ", at) else 0)
            if len(data) < end:
                break
            self._sink.take(data[at : data.index(b"\r\n", at)], data[head:end])
            self._transport.write(Callbacks.ANSWER)
            at = end
        self._rest = data[at:]


def _length(head: bytes) -> int:
    """Read the length of a body."""
    return int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
