"""Our own SMPP client for the tests of the simulator: the codec's session over a real socket."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from depesza.net.tcp import Link, connect
from depesza.simulator.run import Simulator
from depesza.simulator.settings import SimulatorSettings
from depesza.wire.smpp.codec import message_octets
from depesza.wire.smpp.events import (
    BindRefused,
    Bound,
    Closed,
    Event,
    Nacked,
    ProtocolFault,
    Requested,
    Responded,
)
from depesza.wire.smpp.flags import is_intermediate, is_receipt
from depesza.wire.smpp.pdus import (
    BINDS,
    DataSm,
    DeliverSm,
    Request,
    Response,
    SubmitSm,
    SubmitSmResp,
)
from depesza.wire.smpp.receipt import ReceiptText, read_receipt
from depesza.wire.smpp.session import Session
from depesza.wire.smpp.settings import Settings, Timers
from depesza.wire.smpp.states import Role
from depesza.wire.smpp.tlvs import MESSAGE_STATE, NETWORK_ERROR_CODE, RECEIPTED_MESSAGE_ID

PATIENCE = 5.0
HURRY = 0.02
T = TypeVar("T")


class Client:
    """One bind: what it sent, what it heard, in order."""

    def __init__(self) -> None:
        self.heard: list[Event[int]] = []
        self.answering = True
        """Whether what is delivered is acknowledged."""
        self.status = 0
        """How it is acknowledged."""
        self._link: Link[Session[int], Event[int]] | None = None
        self._changed = asyncio.Event()
        self._tokens = 0

    async def connect(self, simulator: Simulator, tls: ssl.SSLContext | None = None, **timers: float) -> None:
        """Open the connection."""
        loop = asyncio.get_running_loop()
        settings = Settings(window=1000, timers=Timers(**timers))
        session: Session[int] = Session(Role.ESME, settings, loop.time())
        self._link = await connect(
            simulator.host,
            simulator.port,
            lambda: Link(session, self._take),
            ssl=tls,
            server_hostname="localhost",
        )

    @property
    def link(self) -> Link[Session[int], Event[int]]:
        assert self._link is not None
        return self._link

    @property
    def session(self) -> Session[int]:
        return self.link.session

    async def bind(self, kind: str = "transceiver", system_id: str = "demo", password: str = "demo") -> Any:
        """Bind, and give Bound or BindRefused."""
        self.session.bind(BINDS[kind](system_id, password), self.link.clock())
        self.link.flush()
        return await self.until(lambda: self.first(Bound) or self.first(BindRefused))

    def send(self, pdu: Request) -> int:
        """Send a request; gives its token."""
        self._tokens += 1
        self.session.request(pdu, self._tokens, self.link.clock())
        self.link.flush()
        return self._tokens

    async def ask(self, pdu: Request) -> Any:
        """Send a request and wait for its response."""
        token = self.send(pdu)
        return await self.until(lambda: self.response(token))

    async def submit(self, to: str, text: str = "Bonjour", source: str = "Shop", **fields: Any) -> SubmitSmResp:
        """Send a text, with a receipt asked for, and wait for its response."""
        fields.setdefault("registered_delivery", 1)
        answer: SubmitSmResp = await self.ask(text_to(to, text, source, **fields))
        return answer

    def response(self, token: int) -> Response | None:
        """Give the response to a request, if it has come."""
        found = [e for e in self.heard if isinstance(e, Responded | Nacked) and e.token == token]
        if not found:
            return None
        return found[0].pdu if isinstance(found[0], Responded) else found[0]  # type: ignore[return-value]

    def first(self, kind: type[T]) -> T | None:
        return next((event for event in self.heard if isinstance(event, kind)), None)

    @property
    def news(self) -> list[DeliverSm | DataSm]:
        """All that was delivered."""
        return [e.pdu for e in self.heard if isinstance(e, Requested)]  # type: ignore[misc]

    @property
    def receipts(self) -> list[ReceiptText]:
        """The receipts among it, read."""
        return [read for pdu in self.news if (read := as_receipt(pdu)) is not None]

    @property
    def replies(self) -> list[DeliverSm]:
        """What phones sent."""
        return [pdu for pdu in self.news if as_receipt(pdu) is None and isinstance(pdu, DeliverSm)]

    async def receipts_after(self, count: int) -> list[ReceiptText]:
        """Wait for so many receipts."""
        await self.until(lambda: len(self.receipts) >= count)
        return self.receipts

    async def until(self, find: Callable[[], T]) -> T:
        """Wait until something is there."""
        async with asyncio.timeout(PATIENCE):
            while not (found := find()):
                self._changed.clear()
                await self._changed.wait()
        return found

    async def settle(self) -> None:
        """Give what should not come the time to come."""
        await asyncio.sleep(0.05)

    async def lost(self) -> Closed[int]:
        """Wait for the end of the connection."""
        found = await self.until(lambda: self.first(Closed))
        assert found is not None
        return found

    def hang_up(self) -> None:
        """Cut the connection without a word."""
        self.link.abort()

    def _take(self, link: Link[Session[int], Event[int]], events: list[Event[int]]) -> None:
        self.heard += events
        for event in events:
            if isinstance(event, Requested) and self.answering:
                link.session.answer(event.sequence, event.pdu.response(self.status))
        self._changed.set()


def text_to(to: str, text: str = "Bonjour", source: str = "Shop", **fields: Any) -> SubmitSm:
    """Write a plain submit_sm."""
    fields.setdefault("short_message", text.encode("ascii"))
    return SubmitSm("", 5, 0, source, 1, 1, to, **fields)


def as_receipt(pdu: DeliverSm | DataSm) -> ReceiptText | None:
    """Read a receipt, None for other texts."""
    marked = is_receipt(pdu.esm_class) or is_intermediate(pdu.esm_class)
    return read_receipt(
        message_octets(pdu),
        RECEIPTED_MESSAGE_ID.of(pdu),
        MESSAGE_STATE.of(pdu),
        NETWORK_ERROR_CODE.of(pdu),
        marked=marked,
    )


@asynccontextmanager
async def simulated(**settings: Any) -> AsyncIterator[Simulator]:
    """Run a simulator that hurries."""
    settings.setdefault("time_scale", HURRY)
    async with Simulator(SimulatorSettings(**settings)) as simulator:
        yield simulator


@asynccontextmanager
async def bound(
    simulator: Simulator, kind: str = "transceiver", system_id: str = "demo", **timers: float
) -> AsyncIterator[Client]:
    """Connect and bind a client; cut it at the end."""
    client = Client()
    await client.connect(simulator, **timers)
    password = simulator.carrier.settings.accounts[system_id]
    assert isinstance(await client.bind(kind, system_id, password), Bound)
    try:
        yield client
    finally:
        client.hang_up()


__all__ = ["Client", "ProtocolFault", "as_receipt", "bound", "simulated", "text_to"]
