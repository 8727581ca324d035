"""The way out over one modem: a message at a time, and exactly one outcome for each.

The fence is the modem's prompt: a message before it was surely not sent, one behind it without an answer is
`uncertain`. A SIM that has no network, has used up its limits or has failed too often counts as a link that is down,
so that its messages take another way where a route has one. spec: devices/4, devices/5, devices/7
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import structlog

from depesza.connectors.contract import Health, Link, Reports
from depesza.connectors.modem import settings as modem_settings
from depesza.connectors.modem.writing import BadSender, Writer, receipt_of, remote_of
from depesza.connectors.setup import Handle, Setup, World
from depesza.connectors.sim.inbox import Inbox, Text
from depesza.connectors.sim.ration import Ration
from depesza.connectors.sim.words import reason_of, refusal_of
from depesza.connectors.smpp.waits import growing
from depesza.core.devices import SECOND
from depesza.core.model import MICRO, Message, Outcome, Receipt
from depesza.net import PortFailed
from depesza.net.serial import open_port
from depesza.net.tcp import Link as Line
from depesza.wire import Unencodable
from depesza.wire.at.answers import Slot
from depesza.wire.at.driver import Driver
from depesza.wire.at.events import Event, Failed, Ready, Received, Refused, Silent, Status, Taken, Unreadable, Unsent
from depesza.wire.at.tpdu import Deliver, StatusReport

log = structlog.get_logger()

_TRIES = 3
"""Attempts of one message that may fail for want of a network: then it is refused for good."""
_FAR = 60 * SECOND
"""A pause longer than this is a reason to take another way."""
_AGAIN = 1.0
"""Seconds after which news that could not be taken are told again."""
_RETRY_AFTER = {"uncertain": 60 * MICRO, "busy": 60 * MICRO}


class _Attempt:
    """The message that is being sent, part by part."""

    def __init__(self, message: Message, pdus: list[bytes]) -> None:
        self.message = message
        self.pdus = pdus
        self.remotes: list[str] = []


class Modem:
    """One modem."""

    def __init__(self, setup: Setup, reports: Reports, world: World) -> None:
        self.id = setup.id
        self.name = setup.name
        self.settings = settings = modem_settings.read(setup.settings)
        self._reports = reports
        self._world = world
        self._writer = Writer(settings, world.now, int(world.chance() * 256))
        self._ration = Ration(settings.limits, settings.window, settings.zone, setup.habits)
        self._inbox = Inbox(setup.id, settings.reassembly)
        self._line: Line[Driver[_Attempt], Event[_Attempt]] | None = None
        self._driver: Driver[_Attempt] | None = None
        self._opening: asyncio.Task[None] | None = None
        self._attempt: _Attempt | None = None
        self._status = Status(False)
        self._model = ""
        self._number = settings.number
        self._detail = ""
        self._needs_person = False
        self._tries = 0
        self._stopping = False
        self._idle = asyncio.Event()
        self._timers: dict[str, Handle] = {}
        self._unread: set[str] = set()
        """Broken PDUs that were told of."""

    # what the engine asks

    @property
    def room(self) -> int:
        """1 when a message would leave at once."""
        if self._stopping or self._attempt is not None or not self._is_there:
            return 0
        return int(self._wait() <= 0)

    @property
    def capacity(self) -> int:
        """One: what a crash can double."""
        return 1

    @property
    def link(self) -> Link:
        """How modem and network stand."""
        return self._standing()[0]

    @property
    def health(self) -> Health:
        """How modem, SIM and network stand."""
        link, detail = self._standing()
        status = self._status
        said = [self._model, status.operator, "roaming" if status.roaming else ""]
        said += [f"signal {status.signal} %" if status.signal >= 0 else ""]
        said += [f"battery {status.battery} %" if status.battery >= 0 else ""]
        there = self._driver is not None and self._driver.ready
        about = ", ".join(filter(None, said)) if there else ""
        return Health(link, detail, int(there), int(self._attempt is not None), 0.0, about)

    def start(self) -> None:
        """Begin to open the port."""
        self._stopping = False
        self._open()

    def send(self, message: Message) -> None:
        """Take one message and write its first part; the others follow as the network takes them."""
        now = self._world.now()
        driver = self._driver
        try:
            pdus = self._writer.write(message, self._number)
        except (Unencodable, ValueError) as error:
            reason = "bad_sender" if isinstance(error, BadSender) else "unencodable"
            self._reports.outcome(self.id, Outcome(message.id, now, refusal=reason, detail=str(error)))
            return
        if driver is None or self._stopping or self._attempt is not None or not self._is_there:
            self._put_off(message, "link_down", MICRO, self._standing()[1] or "not ready")
            return
        wait = self._ration.free_at(message.receiver, len(pdus), now) - now
        if wait > 0:
            far = wait > _FAR
            self._put_off(message, "link_down" if far else "throttled", _FAR if far else wait, "limits of the SIM")
            return
        self._ration.take(message.receiver, len(pdus), now)
        self._attempt = _Attempt(message, pdus)
        self._write_next(driver, self._attempt)

    def matched(self, receipt: Receipt, remote: str) -> None:
        """Learn nothing: a report names its part as the network did."""

    async def stop(self, grace: float) -> None:
        """Take no more, wait for the answer to what is being sent, close the port."""
        self._stopping = True
        if self._attempt is not None:
            self._idle.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), grace)
        if self._opening is not None:
            self._opening.cancel()
            with suppress(asyncio.CancelledError):
                await self._opening
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        if self._line is not None:
            self._detail = "stopped"
            self._line.abort()
            await self._line.closed()

    # how it stands

    @property
    def _is_there(self) -> bool:
        driver = self._driver
        return driver is not None and driver.ready and not driver.closed and self._status.registered

    def _wait(self) -> int:
        """Tell the microseconds until a message of one part may leave."""
        now = self._world.now()
        return self._ration.free_at("", 1, now) - now

    def _standing(self) -> tuple[Link, str]:
        if self._stopping:
            return Link.STOPPED, self._detail
        if self._needs_person:
            return Link.REFUSED, self._detail
        if self._driver is None or not self._driver.ready or self._driver.closed:
            return Link.DOWN, self._detail
        if self._status.denied:
            return Link.REFUSED, "the network refuses this SIM"
        if not self._status.registered:
            return Link.DOWN, "no network"
        if self._ration.fitness.cooldown > self._world.now():
            return Link.DOWN, f"the SIM rests: {self._detail}"
        wait = self._wait()
        if wait > _FAR:
            return Link.DOWN, f"limits of the SIM: nothing for {wait // SECOND} s"
        return Link.UP, ""

    def _changed(self) -> None:
        """Tell that there may be room, and see to it that somebody looks again when there is."""
        if self._stopping:
            return
        if self._is_there and self._attempt is None:
            wait = self._wait()
            if wait > 0:
                self._later("room", min(wait, _FAR) / SECOND + 0.001, self._changed)
        self._reports.ready(self.id)

    # the port

    def _open(self) -> None:
        self._timers.pop("open", None)
        self._opening = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        settings, clock = self.settings, self._world.clock

        def line() -> Line[Driver[_Attempt], Event[_Attempt]]:
            driver: Driver[_Attempt] = Driver(settings.options, clock())
            return Line(driver, self._on_events, on_lost=self._on_lost, clock=clock)

        try:
            self._line = await open_port(settings.port, settings.speed, line, flow=settings.flow)
        except PortFailed as error:
            self._give_up_line(str(error))
            return
        self._driver = self._line.session

    def _on_lost(self, line: Line[Driver[_Attempt], Event[_Attempt]], error: Exception | None) -> None:
        self._give_up_line(self._detail if error is None else f"{self.settings.port} is gone: {error}")

    def _give_up_line(self, why: str) -> None:
        """The port is closed: open it again after a wait that grows."""
        if self._driver is not None or self._tries == 0:
            log.warning("modem.down", connector=self.name, reason=why)
        self._line = self._driver = None
        self._status = Status(False)
        self._detail = why
        if self._stopping:
            return
        settings = self.settings
        first = settings.reconnect_most if self._needs_person else settings.reconnect_first
        wait = growing(self._tries, first, settings.reconnect_most, self._world.chance())
        self._tries += 1
        self._later("open", wait, self._open)
        self._reports.ready(self.id)

    def _later(self, name: str, seconds: float, call: Callable[[], None]) -> None:
        """Set a timer, in place of the one of the same name."""
        old = self._timers.pop(name, None)
        if old is not None:
            old.cancel()
        self._timers[name] = self._world.call_later(seconds, call)

    # what the driver tells

    def _on_events(self, line: Line[Driver[_Attempt], Event[_Attempt]], events: list[Event[_Attempt]]) -> None:
        for event in events:
            self._take(line.session, event)
        line.flush()

    def _take(self, driver: Driver[_Attempt], event: Event[_Attempt]) -> None:
        match event:
            case Ready():
                self._is_ready(event)
            case Status():
                self._status = event
                self._changed()
            case Failed():
                self._detail, self._needs_person = event.why, event.person
            case Taken():
                self._taken(driver, event.token, event.reference)
            case Refused():
                self._refused(event.token, refusal_of(event.end), event.end.said)
            case Silent():
                self._refused(event.token, "uncertain", event.why)
            case Unsent():
                self._refused(event.token, "link_down", event.why, sent=False)
            case Received(message=StatusReport() as report):
                self._tell_report(receipt_of(self.id, report, self._world.now()), event.slot)
            case Received(message=Deliver() as message):
                self._receive(driver, message, event.slot)
            case Unreadable():
                self._note_broken(event)

    def _is_ready(self, event: Ready) -> None:
        self._model = event.model
        self._number = self.settings.number or event.number
        self._detail, self._needs_person, self._tries = "", False, 0
        log.info("modem.ready", connector=self.name, model=event.model)
        self._changed()

    def _note_broken(self, event: Unreadable) -> None:
        if event.pdu not in self._unread and len(self._unread) < 1000:
            self._unread.add(event.pdu)
            log.warning("modem.unreadable", connector=self.name, slot=event.slot, reason=event.why)

    # out

    def _write_next(self, driver: Driver[_Attempt], attempt: _Attempt) -> None:
        driver.submit(attempt.pdus[len(attempt.remotes)], attempt, self._world.clock())
        if self._line is not None:
            self._line.flush()

    def _taken(self, driver: Driver[_Attempt], attempt: _Attempt, reference: int) -> None:
        now = self._world.now()
        message = attempt.message
        if reference >= 0:
            attempt.remotes.append(remote_of(reference, message.receiver, now))
        else:  # no report will find it
            attempt.remotes.append(f"{message.id}.{len(attempt.remotes)}")
        if len(attempt.remotes) < len(attempt.pdus):
            self._write_next(driver, attempt)
            return
        self._ration.succeeded()
        self._settle(Outcome(message.id, now, tuple(attempt.remotes), wire=tuple(attempt.pdus)))

    def _refused(self, attempt: _Attempt, refusal: str, detail: str, sent: bool = True) -> None:
        """End a message of which a part was refused, or may have been lost."""
        now = self._world.now()
        message, taken = attempt.message, len(attempt.remotes)
        if refusal != "uncertain":
            self._ration.give_back(len(attempt.pdus) - taken)
        if sent:
            self._ration.failed(reason_of(refusal), now)
            self._detail = detail
        if sent and refusal in ("link_down", "busy") and message.attempts >= _TRIES - 1:
            refusal = "rejected"
        wire = tuple(attempt.pdus[: taken + 1]) if sent else ()
        wait = _RETRY_AFTER.get(refusal, MICRO)
        self._settle(Outcome(message.id, now, tuple(attempt.remotes), refusal, wait, detail, wire))

    def _settle(self, outcome: Outcome) -> None:
        self._attempt = None
        self._idle.set()
        self._reports.learnt(self.id, self._ration.write())
        self._reports.outcome(self.id, outcome)
        self._changed()

    def _put_off(self, message: Message, refusal: str, wait: int, why: str) -> None:
        outcome = Outcome(message.id, self._world.now(), refusal=refusal, retry_after=max(wait, 1), detail=why)
        self._reports.outcome(self.id, outcome)

    # in

    def _tell_report(self, receipt: Receipt, slot: Slot | None) -> None:
        """Tell a report, again after a second whenever it could not be taken."""

        def done(taken: bool) -> None:
            if not taken:
                self._tell_again(partial(self._tell_report, receipt, slot))
            elif slot is not None:
                self._forget(slot)

        self._reports.receipt(receipt, done)

    def _receive(self, driver: Driver[_Attempt], message: Deliver, slot: Slot | None) -> None:
        now, at = self._world.clock(), self._world.now()
        for text in self._inbox.take(message, slot, self._number, now, at):
            self._tell_text(text)
        if slot is not None and self._inbox.deletable(slot, message):
            driver.forget(slot, now)
        self._watch_torn()

    def _tell_text(self, text: Text) -> None:
        """Tell a text, again after a second whenever it could not be taken; then delete its parts."""

        def done(taken: bool) -> None:
            if not taken:
                self._tell_again(partial(self._tell_text, text))
                return
            self._inbox.kept(text)
            for slot in text.slots:
                self._forget(slot)

        self._reports.inbound(text.inbound, done)

    def _tell_again(self, call: Callable[[], None]) -> None:
        if not self._stopping:
            self._world.call_later(_AGAIN, call)

    def _forget(self, slot: Slot) -> None:
        if self._driver is not None and self._line is not None:
            self._driver.forget(slot, self._world.clock())
            self._line.flush()

    def _watch_torn(self) -> None:
        """Keep one timer for texts whose parts do not come."""
        due = self._inbox.deadline
        if due is not None and not self._stopping:
            self._later("torn", max(due - self._world.clock(), 0.01), self._expire_torn)

    def _expire_torn(self) -> None:
        for text in self._inbox.expire(self._world.clock(), self._world.now()):
            self._tell_text(text)
        self._watch_torn()


def build(setup: Setup, reports: Reports, world: World) -> Modem:
    """Make a connector for one modem; SettingsError names the field that is wrong."""
    return Modem(setup, reports, world)
