"""The SMPP server: the listening socket, the binds, and who gets which event.

spec: carriers/C.1, smpp34 2 to 4
"""

import asyncio
import hmac
from collections.abc import Callable
from random import Random
from ssl import SSLContext

from depesza.net.tcp import Link, Listener, listen
from depesza.net.tls import server_context
from depesza.simulator import operations
from depesza.simulator.account import Account
from depesza.simulator.behaviour import Behaviour, Change
from depesza.simulator.centre import Centre
from depesza.simulator.counts import Counts
from depesza.simulator.line import Events, Line, News
from depesza.simulator.settings import SettingsError, SimulatorSettings
from depesza.wire.smpp.events import (
    BindRequested,
    Closed,
    Event,
    Nacked,
    ProtocolFault,
    Requested,
    Responded,
    Uncertain,
)
from depesza.wire.smpp.pdus import (
    Bind,
    BindReceiver,
    BindTransceiver,
    BindTransmitter,
    CancelSm,
    DataSm,
    QuerySm,
    ReplaceSm,
    Request,
    SubmitMulti,
    SubmitSm,
)
from depesza.wire.smpp.settings import Settings, Timers
from depesza.wire.smpp.status import RALYBND, RINVPASWD, RINVSYSID, ROK

NAME = "depesza-sim"
"""Our system id in bind responses."""
_KINDS: dict[type[Bind], str] = {
    BindTransmitter: "transmitter",
    BindReceiver: "receiver",
    BindTransceiver: "transceiver",
}


class Carrier:
    """A carrier that listens."""

    def __init__(self, settings: SimulatorSettings, chance: Random, now: Callable[[], float]) -> None:
        """Make it of its settings; `now` is the epoch's time. Runs in the loop that is running."""
        loop = asyncio.get_running_loop()
        self.settings = settings
        self.counts = Counts()
        self.behaviour = Behaviour(settings, chance)
        self.centre = Centre(settings, self.behaviour, self.counts, chance, loop.time, now, self._later)
        self.accounts = {
            system_id: Account(system_id, loop.time, self._later, self.counts) for system_id in settings.accounts
        }
        self._loop = loop
        self._session = _session_settings(settings)
        self._listener: Listener[Line, Event[News]] | None = None
        self._lines: dict[int, Line] = {}
        self._last_number = 0
        self._stopped = False

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._listener.port if self._listener else 0

    @property
    def lines(self) -> list[Line]:
        """The connections that stand."""
        return list(self._lines.values())

    def account(self, system_id: str = "") -> Account | None:
        """Find a customer; without a name the first that is bound, else the first."""
        if system_id:
            return self.accounts.get(system_id)
        bound = (one for one in self.accounts.values() if any(line.receiving for line in one.lines))
        return next(bound, None) or next(iter(self.accounts.values()))

    async def start(self) -> None:
        """Listen; AddressInUse when the port is taken."""
        settings = self.settings
        self._listener = await listen(settings.host, settings.port, self._connection, ssl=_tls(settings))

    async def stop(self, grace: float = 1.0) -> None:
        """Unbind all, wait a little for their answers, close."""
        self._stopped = True
        if self._listener is None:
            return
        self._listener.close()
        for line in self.lines:
            line.session.unbind(self._loop.time())
            line.flush()
            self._on_events(line, line.session.tick(self._loop.time()))
        links = [line.link for line in self.lines if line.link is not None]
        if links:
            await asyncio.wait([asyncio.ensure_future(link.closed()) for link in links], timeout=grace)
        self._listener.abort()

    def change(self, change: Change) -> None:
        """Behave otherwise from now on; BadBehaviour when the values make no sense."""
        self.behaviour.change(change)
        for line in self.lines:
            line.session.congestion = self.behaviour.congestion

    # Connections

    def _later(self, after: float, call: Callable[[], None]) -> None:
        """Call after some seconds, unless it has stopped meanwhile."""
        if after > 0:
            self._loop.call_later(after, self._unless_stopped, call)
        else:
            self._loop.call_soon(call)

    def _unless_stopped(self, call: Callable[[], None]) -> None:
        if not self._stopped:
            call()

    def _connection(self) -> Link[Line, Event[News]]:
        self._last_number += 1
        line = Line(self._last_number, self._session, self._loop.time())
        line.session.congestion = self.behaviour.congestion
        line.link = Link(line, self._take, on_open=self._opened, on_lost=self._lost)
        return line.link

    def _opened(self, link: Link[Line, Event[News]]) -> None:
        self._lines[link.session.number] = link.session

    def _take(self, link: Link[Line, Event[News]], events: Events) -> None:
        self._on_events(link.session, events)

    def _lost(self, link: Link[Line, Event[News]], _: Exception | None) -> None:
        self._lines.pop(link.session.number, None)

    # Events

    def _on_events(self, line: Line, events: Events) -> None:
        account = self.accounts.get(line.system_id)
        for event in events:
            if isinstance(event, Requested):
                if account is not None and not (line.hung or line.session.closed):
                    self._serve(account, line, event.sequence, event.pdu)
            elif isinstance(event, Responded):
                if account is not None and not event.late:
                    account.settle(event.token, event.status)
            elif isinstance(event, BindRequested):
                account = self._bind(line, event)
            else:
                self._take_rare(line, account, event)
        if account is not None:
            account.pump()

    def _serve(self, account: Account, line: Line, sequence: int, pdu: Request) -> None:
        centre = self.centre
        if isinstance(pdu, SubmitSm):
            if pdu.replace_if_present_flag:
                operations.replace_present(centre, account, pdu)
            centre.submit(account, line, sequence, pdu)
        elif isinstance(pdu, DataSm):
            centre.submit(account, line, sequence, pdu)
        elif isinstance(pdu, SubmitMulti):
            operations.submit_multi(centre, account, line, sequence, pdu)
        elif isinstance(pdu, QuerySm):
            operations.query(centre, account, line, sequence, pdu)
        elif isinstance(pdu, CancelSm):
            operations.cancel(centre, account, line, sequence, pdu)
        elif isinstance(pdu, ReplaceSm):
            operations.replace_text(centre, account, line, sequence, pdu)
        else:
            line.session.refuse(sequence)

    def _take_rare(self, line: Line, account: Account | None, event: Event[News]) -> None:
        if isinstance(event, ProtocolFault):
            self.counts.faults += 1
        elif account is None:
            pass
        elif isinstance(event, Nacked) and event.token is not None:
            account.settle(event.token, event.status)
        elif isinstance(event, Uncertain):
            account.give_back((event.token,))
        elif isinstance(event, Closed):
            account.leave(line)
            account.give_back(event.unanswered)

    # Binds

    def _bind(self, line: Line, event: BindRequested) -> Account | None:
        """Let a customer in, or tell why not."""
        status = self._verdict(event.pdu)
        if status:
            self.counts.refused_binds += 1
            line.session.refuse(event.sequence, status)
            line.flush()
            return None
        self.counts.binds += 1
        account = self.accounts[event.pdu.system_id]
        line.system_id = account.system_id
        line.session.accept(event.sequence)
        line.flush()
        account.join(line)
        return account

    def _verdict(self, bind: Bind) -> int:
        password = self.settings.accounts.get(bind.system_id)
        if password is None:
            return RINVSYSID
        if not hmac.compare_digest(password.encode(), bind.password.encode("latin-1")):
            return RINVPASWD
        most = self.settings.max_binds
        return RALYBND if most and len(self.accounts[bind.system_id].lines) >= most else ROK

    def show_binds(self) -> list[dict[str, str | int]]:
        """List the binds, for people."""
        return [
            {
                "bind": line.number,
                "system_id": line.system_id,
                "kind": _KINDS[type(line.session.peer)],
                "unanswered": line.session.pending,
            }
            for line in self.lines
            if isinstance(line.session.peer, Bind)
        ]


def _tls(settings: SimulatorSettings) -> SSLContext | None:
    if not settings.certfile:
        return None
    try:
        return server_context(settings.certfile, settings.keyfile or None)
    except OSError as error:  # SSLError is one
        raise SettingsError(f"the certificate {settings.certfile!r} cannot be used: {error}") from None


def _session_settings(settings: SimulatorSettings) -> Settings:
    timers = Timers(enquire_link=settings.enquire_link, response=settings.response_timer)
    return Settings(window=settings.window, timers=timers, system_id=NAME)
