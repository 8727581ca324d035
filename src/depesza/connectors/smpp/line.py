"""One line to the carrier: a connection that binds, pumps its session, and comes back by itself when it ends.

spec: carriers/C.1#22 #23 #24 #28, smpp50 2.8.1
"""

import asyncio
import ssl
from contextlib import suppress
from math import inf
from typing import Protocol, TypeAlias

import structlog

from depesza.connectors.contract import Link as Standing
from depesza.connectors.setup import World
from depesza.connectors.smpp.attempt import Part
from depesza.connectors.smpp.settings import Settings
from depesza.connectors.smpp.waits import growing
from depesza.connectors.smpp.words import status_name
from depesza.net import ConnectFailed
from depesza.net.tcp import Link, connect
from depesza.net.tls import Pin, client_context
from depesza.wire import Unencodable
from depesza.wire.smpp import events as ev
from depesza.wire.smpp import settings as wire_settings
from depesza.wire.smpp.pdus import BINDS
from depesza.wire.smpp.session import Session
from depesza.wire.smpp.states import Role
from depesza.wire.smpp.status import RALYBND, Kind, look

log = structlog.get_logger()

_STABLE = 10.0
"""Seconds that a bind must last before the next trouble counts as the first again."""
_GRACE_AFTER_PAUSE = 1.0
"""Seconds in which what came while reading was paused is read before timers may ring."""
_FAULTS_LOGGED = 5
_LAST_WORDS = 2.0
"""Seconds for the last octets to leave; a peer that is gone never takes them."""

Event: TypeAlias = ev.Event[Part]


class Patient(Session[Part]):
    """A session that is blind to time while reading is paused: answers may lie unread."""

    blind_until = 0.0

    def tick(self, now: float) -> list[Event]:
        """Let the timers see the time."""
        return [] if now < self.blind_until else super().tick(now)

    def next_tick(self) -> float:
        """Tell when `tick` has something to do."""
        return max(super().next_tick(), self.blind_until)


Pumped: TypeAlias = Link[Patient, Event]


class Owner(Protocol):
    """Whom a line tells."""

    def on_events(self, line: "Line", events: list[Event]) -> None:
        """Take what the session told; never empty."""

    def on_change(self, line: "Line") -> None:
        """Take notice that the line's standing changed."""


class Line:
    """One connection slot."""

    def __init__(self, role: str, settings: Settings, world: World, owner: Owner, name: str) -> None:
        """`role` is a key of `pdus.BINDS`."""
        self.role = role
        self.standing = Standing.DOWN
        self.detail = ""
        self.session: Patient | None = None
        self._settings = settings
        self._world = world
        self._owner = owner
        self._log = log.bind(connector=name, bind=role)
        self._link: Pumped | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self._tries = 0
        self._bound_at = inf
        self._faults = 0
        self._slow = False
        self._reason = ""

    @property
    def bound(self) -> bool:
        """Whether requests may pass."""
        return self.standing is Standing.UP

    @property
    def room(self) -> int:
        """Free places of the window; 0 while the line is down or the carrier reads too slowly."""
        if self.session is None or self.standing is not Standing.UP:
            return 0
        return 0 if self._link is not None and self._link.writing_paused else self.session.room

    def start(self) -> None:
        """Begin to connect."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    def flush(self) -> None:
        """Write what the session has to say when this turn of the loop ends."""
        if self._link is not None:
            self._link.flush()

    def pause_reading(self) -> None:
        """Take nothing from the carrier for now."""
        if self._link is not None and self._link.open:
            self._link.session.blind_until = inf
            self._link.pause_reading()

    def resume_reading(self) -> None:
        """Take from the carrier again."""
        if self._link is not None and self._link.reading_paused:
            self._link.session.blind_until = self._world.clock() + _GRACE_AFTER_PAUSE
            self._link.resume_reading()
            self._link.flush()

    def rebind(self) -> None:
        """Drop a connection on which the carrier does not take us for bound any more."""
        self._reason = "the carrier says that we are not bound"
        if self._link is not None:
            self._link.abort()

    async def stop(self, grace: float) -> None:
        """Unbind when both sides have answered, close; after `grace` seconds close at once."""
        self._stopping = True
        if self._task is not None:
            await self._end(self._task, grace)
        self._change(Standing.STOPPED, "stopped")

    # Inside

    async def _end(self, task: asyncio.Task[None], grace: float) -> None:
        if self._link is None or self.session is None or not self._link.open:
            task.cancel()
        else:
            self.session.unbind(self._world.clock())
            self._hear(self._link, self.session.tick(self._world.clock()))
            self._link.flush()
        done, _ = await asyncio.wait({task}, timeout=grace)
        if not done:
            if self._link is not None:
                self._link.abort()
            task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def _run(self) -> None:
        while True:
            slow = await self._once()
            if self._stopping:
                return
            await asyncio.sleep(self._next_wait(slow))

    def _next_wait(self, slow: bool) -> float:
        settings = self._settings
        if self._world.clock() - self._bound_at >= _STABLE:
            self._tries = 0
        self._bound_at = inf
        first = settings.reconnect_most if slow else settings.reconnect_first
        wait = growing(self._tries, first, settings.reconnect_most, self._world.chance())
        self._tries += 1
        return wait

    async def _once(self) -> bool:
        """Connect, bind, pump until the end; tell whether the carrier refused us for good."""
        settings = self._settings
        try:
            tls = _context(settings) if settings.tls else None
            link = await connect(
                settings.host,
                settings.port,
                self._make_link,
                ssl=tls,
                server_hostname=settings.tls_name or None,
                timeout=settings.connect_timer,
            )
        except (ConnectFailed, OSError) as error:  # OSError: certificates that cannot be read
            self._link = self.session = None
            self._change(Standing.DOWN, str(error))
            return False
        try:
            await link.closed()
        finally:
            self._link = self.session = None
        return self.standing is Standing.REFUSED and self._slow

    def _make_link(self) -> Pumped:
        settings = self._settings
        timers = wire_settings.Timers(
            settings.connect_timer, settings.enquire_link, settings.inactivity, settings.response_timer
        )
        session = Patient(
            Role.ESME,
            wire_settings.Settings(window=settings.window, timers=timers, interface_version=settings.interface_version),
            self._world.clock(),
        )
        self.session = session
        self._faults, self._slow, self._reason = 0, False, ""
        pin = Pin.parse(settings.tls_pin) if settings.tls_pin else None
        self._link = link = Link(session, self._hear, on_open=self._open, clock=self._world.clock, pin=pin)
        return link

    def _open(self, link: Pumped) -> None:
        settings = self._settings
        pdu = BINDS[self.role](settings.system_id, settings.password, settings.system_type, settings.interface_version)
        try:
            link.session.bind(pdu, self._world.clock())
        except Unencodable as error:
            self._slow = True
            self._change(Standing.REFUSED, str(error))
            link.close()

    def _hear(self, link: Pumped, events: list[Event]) -> None:
        """Take the session's own news; what speaks of messages goes to the owner."""
        for event in events:
            kind = type(event)
            if kind is ev.Responded or kind is ev.Requested:
                continue
            if isinstance(event, ev.Bound):
                self._bound_at = self._world.clock()
                self._change(Standing.UP, "")
            elif isinstance(event, ev.BindRefused):
                self._refused(event.status)
                link.close()
            elif isinstance(event, ev.Unbound):
                self._change(Standing.DOWN, "unbound by the carrier" if event.by_peer else "unbound")
            elif isinstance(event, ev.ProtocolFault):
                self._fault(event)
            elif isinstance(event, ev.Closed):
                self._closed(link, event.reason)
        if events:
            self._owner.on_events(self, events)

    def _refused(self, status: int) -> None:
        kind = look(status).kind
        self._slow = kind is not Kind.TEMPORARY and status != RALYBND
        self._change(Standing.REFUSED, f"bind refused: {status_name(status)} ({look(status).sentence})")

    def _closed(self, link: Pumped, reason: str) -> None:
        if self.standing is not Standing.REFUSED:
            self._change(Standing.DOWN, self._reason or reason)
        link.close()
        self._world.call_later(_LAST_WORDS, link.abort)

    def _change(self, standing: Standing, detail: str) -> None:
        """Keep how the line stands; what is new is logged once."""
        if standing is self.standing and detail == self.detail:
            return
        self.standing = standing
        self.detail = detail or self.detail
        tell = self._log.warning if standing in (Standing.REFUSED, Standing.DOWN) else self._log.info
        tell("smpp_line", link=standing.value, detail=detail)
        self._owner.on_change(self)

    def _fault(self, event: ev.ProtocolFault) -> None:
        self._faults += 1
        if self._faults <= _FAULTS_LOGGED:
            octets = event.octets[:64].hex()
            self._log.warning("smpp_fault", reason=event.reason, sequence=event.sequence, octets=octets)


def _context(settings: Settings) -> ssl.SSLContext:
    return client_context(
        ca_file=settings.tls_ca or None,
        certfile=settings.tls_cert or None,
        keyfile=settings.tls_key or None,
        verify=settings.tls_verify,
    )
