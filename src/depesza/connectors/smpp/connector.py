"""The way out over SMPP: messages become parts, parts become outcomes, what the carrier sends becomes news.

Parts wait in one queue for a place in a session's window and for the pace; a throttled part waits by itself
and comes again first. Every message handed over gets one `Outcome`: see `attempt.py`. Whatever was written
and never answered is `uncertain`; what was never written is `link_down`.
spec: carriers/C.1#19 - #24, design/6
"""

import asyncio
from collections import deque
from collections.abc import Collection
from contextlib import suppress
from functools import partial

from depesza.connectors.contract import Health, Link, Reports
from depesza.connectors.setup import Handle, Setup, World
from depesza.connectors.smpp import settings as smpp_settings
from depesza.connectors.smpp.acks import Debts
from depesza.connectors.smpp.attempt import Attempt, Part
from depesza.connectors.smpp.line import Event, Line
from depesza.connectors.smpp.news import Reader, write_habits
from depesza.connectors.smpp.pace import Pace
from depesza.connectors.smpp.replies import Replies
from depesza.connectors.smpp.waits import retry
from depesza.connectors.smpp.words import refusal_of, status_name
from depesza.connectors.smpp.writing import BadSender, Writer
from depesza.core.model import MICRO, Message, Receipt
from depesza.core.refusals import Retry, refusal
from depesza.wire import Unencodable
from depesza.wire.smpp import events as ev
from depesza.wire.smpp.pdus import DataSm, DeliverSm, SubmitSmResp
from depesza.wire.smpp.status import RINVBNDSTS, ROK

_HASTE = frozenset({"throttled", "queue_full"})
_AHEAD = 0.05
"""Seconds of work at the set rate that may be handed over before it can leave."""
_RETRY_AFTER = {"throttled": 2 * MICRO, "queue_full": 5 * MICRO, "busy": 5 * MICRO, "link_down": MICRO}
_RETRY_ANYWAY = MICRO


class Smpp:
    """One carrier."""

    def __init__(self, setup: Setup, reports: Reports, world: World) -> None:
        self.id = setup.id
        self.name = setup.name
        self.settings = settings = smpp_settings.read(setup.settings)
        self._statuses = settings.own_statuses
        self._reports = reports
        self._world = world
        self._writer = Writer(settings, world.now, int(world.chance() * 0x10000))
        self._reader = Reader(setup.id, settings, setup.habits)
        self._replies = Replies(setup.id, settings, reports.inbound)
        self._pace = Pace(settings.rate, world.clock())
        self._debts = Debts(settings.undone, self._pause_reading, self._resume_reading)
        ways = ("transceiver",) if settings.bind == "transceiver" else ("transmitter", "receiver")
        self._lines = [Line(way, settings, world, self, setup.name) for _ in range(settings.sessions) for way in ways]
        self._senders = [line for line in self._lines if line.role != "receiver"]
        self._queue: deque[Part] = deque()
        self._held: set[Attempt] = set()
        self._resting: dict[Part, Handle] = {}
        """Throttled parts and the timers that bring them back."""
        self._waker: Handle | None = None
        self._reassembly_timer: Handle | None = None
        self._reassembly_due = 0.0
        self._stopping = False
        self._ahead = int(settings.rate * _AHEAD)
        self._idle = asyncio.Event()

    # What the engine asks

    @property
    def room(self) -> int:
        """How many messages it would take now."""
        if self._stopping:
            return 0
        free = sum(line.room for line in self._senders)
        if not free:
            return 0
        now = self._world.clock()
        if self._pace.paused(now):
            return 0
        free = min(free, self._pace.free(now) + self._ahead)
        # a message waiting for more parts than there are places keeps the others out
        free -= len(self._queue) + len(self._resting)
        return max(0, min(free, self.capacity - len(self._held)))

    @property
    def capacity(self) -> int:
        """How many messages may be unanswered at most."""
        return self.settings.sessions * self.settings.window

    @property
    def link(self) -> Link:
        """How the best of the senders stands."""
        best = Link.STOPPED
        for line in self._senders:
            if line.standing is Link.UP:
                return Link.UP
            if line.standing is Link.REFUSED or best is Link.STOPPED:
                best = line.standing
        return best

    @property
    def health(self) -> Health:
        """How it stands."""
        trouble = [line.detail for line in self._lines if not line.bound and line.detail]
        return Health(
            self.link,
            trouble[0] if trouble else "",
            sum(line.bound for line in self._lines),
            len(self._held),
            *self._reader.said(),
        )

    def start(self) -> None:
        """Begin to connect."""
        for line in self._lines:
            line.start()

    def send(self, message: Message) -> None:
        """Take one message and write it, or what of it fits; the rest follows as places come free."""
        try:
            pdus = self._writer.write(message)
        except (Unencodable, ValueError) as error:
            reason = "bad_sender" if isinstance(error, BadSender) else "unencodable"
            failed = Attempt(message.id, 0, 0.0)
            failed.fail(reason, str(error))
            self._reports.outcome(self.id, failed.outcome(self._world.now(), 0))
            return
        attempt = Attempt(message.id, len(pdus), self._world.clock())
        self._held.add(attempt)
        for number, pdu in enumerate(pdus):
            self._queue.append(Part(attempt, number, pdu))
        self._drain()
        if self._queue and not self._is_bound:
            self._give_back("link down")  # handed over a moment too late

    def matched(self, receipt: Receipt, remote: str, found: Collection[str] = ()) -> None:
        """Learn under which id a receipt's message was found; `found`: all of its ids that the store has."""
        if self._reader.matched(receipt, remote, found):
            self._reports.learnt(self.id, write_habits(self._reader.habits))

    async def stop(self, grace: float) -> None:
        """Take no more, let what is under way be answered, unbind, close; report the rest."""
        self._stopping = True
        deadline = self._world.clock() + grace
        if self._held:
            self._idle.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), grace)
        left = max(deadline - self._world.clock(), 0.05)
        await asyncio.gather(*(line.stop(left) for line in self._lines))
        for timer in (self._waker, self._reassembly_timer, *self._resting.values()):
            if timer is not None:
                timer.cancel()
        self._waker = self._reassembly_timer = None
        self._give_back("stopped")

    # What the lines tell

    def on_events(self, line: Line, events: list[Event]) -> None:
        """Take what a session told."""
        now = self._world.clock()
        before = len(self._held), len(self._resting)
        for event in events:
            if isinstance(event, ev.Responded):
                self._responded(line, event, now)
            elif isinstance(event, ev.Requested):
                self._requested(line, event, now)
            elif isinstance(event, ev.Nacked):
                if event.token is not None and not event.token.lost:
                    event.token.attempt.flying -= 1
                    self._refused(event.token, event.status, now)
            elif isinstance(event, ev.Uncertain):
                self._lost(event.token, f"no answer in {self.settings.response_timer:g} s")
            elif isinstance(event, ev.Closed):
                for token in event.unanswered:
                    self._lost(token, event.reason)
        if self._queue or before != (len(self._held), len(self._resting)):
            self._drain()
            self._tell_ready()

    def on_change(self, line: Line) -> None:
        """Send on, or give back what can no longer be written."""
        if line.bound and self._debts.paused:
            line.pause_reading()
        if not self._is_bound:
            self._give_back(line.detail or "link down")
        self._drain()
        self._reports.ready(self.id)

    @property
    def _is_bound(self) -> bool:
        return any(line.bound for line in self._senders)

    # Out

    def _drain(self) -> None:
        """Write parts while there are some, places for them and the pace allows."""
        queue = self._queue
        if not queue:
            return
        now = self._world.clock()
        pace = self._pace
        while queue:
            part = queue[0]
            if part.attempt.refusal and part.attempt.refusal != "uncertain":
                queue.popleft()
                self._end_part(part.attempt)  # what has lost a part for certain cannot be read
                continue
            line = self._free_line()
            if line is None:
                return
            if not pace.free(now):
                self._give_up_throttled(now)
                self._wake(pace.wait(now))
                return
            queue.popleft()
            pace.take(now)
            self._write(line, part, now)

    def _free_line(self) -> Line | None:
        """Choose the sender with most room."""
        if len(self._senders) == 1:
            line = self._senders[0]
        else:
            line = max(self._senders, key=_room_of)
        return line if line.room > 0 else None

    def _write(self, line: Line, part: Part, now: float) -> None:
        attempt = part.attempt
        session = line.session
        assert session is not None
        try:
            session.submit(part.pdu, part, now)
        except Unencodable as error:
            attempt.fail("bad_parameter", str(error))
            self._end_part(attempt)
            return
        attempt.flying += 1
        attempt.wire.append(session.written)
        line.flush()

    # Answers

    def _responded(self, line: Line, event: ev.Responded[Part], now: float) -> None:
        if event.congestion is not None:
            self._pace.congested(event.congestion, now)
        if event.late:
            return  # it was told as uncertain
        part = event.token
        part.attempt.flying -= 1
        if event.status != ROK:
            if event.status == RINVBNDSTS:
                line.rebind()
            self._refused(part, event.status, now)
            return
        self._pace.accepted(now)
        response = event.pdu
        remote = response.message_id if isinstance(response, SubmitSmResp) else ""
        self._reader.saw(remote)
        attempt = part.attempt
        attempt.remotes[part.number] = remote
        self._end_part(attempt)

    def _refused(self, part: Part, status: int, now: float) -> None:
        """A part was refused: a throttled one is tried again, for the others that ends the message."""
        reason = refusal_of(status, self._statuses)
        attempt = part.attempt
        if reason in _HASTE:
            self._pace.throttled(now, part.tries > 0)
        else:
            self._pace.accepted(now)
        # a part alone is tried again even if the carrier is only busy: a whole message would double the others
        again = reason in _HASTE or (reason == "busy" and len(attempt.remotes) > 1)
        if again and not self._stopping and not attempt.refusal and self._rest(part, status, now):
            return
        self._fail(part, status)

    def _fail(self, part: Part, status: int) -> None:
        part.attempt.fail(refusal_of(status, self._statuses), status_name(status))
        self._end_part(part.attempt)

    def _rest(self, part: Part, status: int, now: float) -> bool:
        """Let a throttled part wait, longer each time; False when it has been tried long enough."""
        part.status = status
        part.tries += 1
        seconds = retry(part.tries, self._world.chance())
        if now + seconds > part.attempt.born + self.settings.patience:
            return False
        self._resting[part] = self._world.call_later(seconds, partial(self._come_back, part))
        return True

    def _give_up_throttled(self, now: float) -> None:
        """End throttled parts that the pace has held back too long: they stand first in the queue."""
        oldest = now - self.settings.patience
        while self._queue and self._queue[0].tries and self._queue[0].attempt.born < oldest:
            part = self._queue.popleft()
            self._fail(part, part.status)

    def _come_back(self, part: Part) -> None:
        del self._resting[part]
        self._queue.appendleft(part)
        self._drain()
        self._tell_ready()

    def _lost(self, part: Part, why: str) -> None:
        part.attempt.flying -= 1
        part.lost = True
        part.attempt.fail("uncertain", why)
        self._end_part(part.attempt)

    def _end_part(self, attempt: Attempt) -> None:
        """One part has had its last word; the last one's is the message's."""
        attempt.open -= 1
        if attempt.open:
            return
        self._held.discard(attempt)
        if not self._held:
            self._idle.set()
        reason = attempt.refusal
        wait = 0
        if reason and refusal(reason).retry is not Retry.NO:
            wait = _RETRY_AFTER.get(reason, _RETRY_ANYWAY)
        self._reports.outcome(self.id, attempt.outcome(self._world.now(), wait))

    def _give_back(self, why: str) -> None:
        """Nothing can be written any more: end the parts that wait."""
        for timer in self._resting.values():
            timer.cancel()
        waiting = [*self._queue, *self._resting]
        self._queue.clear()
        self._resting.clear()
        for part in waiting:
            attempt = part.attempt
            doubtful = attempt.flying or attempt.taken or attempt.refusal == "uncertain"
            attempt.fail("uncertain" if doubtful else "link_down", why)
            self._end_part(attempt)

    # In

    def _requested(self, line: Line, event: ev.Requested, now: float) -> None:
        pdu = event.pdu
        if not isinstance(pdu, DeliverSm | DataSm):
            assert line.session is not None
            line.session.refuse(event.sequence)
            return
        ack = self._debts.owe(line, event.sequence, pdu)
        at = self._world.now()
        receipt = self._reader.receipt(pdu, at)
        if receipt is not None:
            self._reports.receipt(receipt, ack)
            return
        self._replies.take(pdu, ack, now, at)
        self._watch_replies()

    def _watch_replies(self) -> None:
        """Keep one timer for parts of replies that wait for others."""
        due = self._replies.deadline()
        if due is None or self._stopping:
            return
        if self._reassembly_timer is not None:
            if due >= self._reassembly_due:
                return
            self._reassembly_timer.cancel()
        self._reassembly_due = due
        wait = max(due - self._world.clock(), 0.01)
        self._reassembly_timer = self._world.call_later(wait, self._expire_replies)

    def _expire_replies(self) -> None:
        self._reassembly_timer = None
        self._replies.expire(self._world.clock(), self._world.now())
        self._watch_replies()

    def _pause_reading(self) -> None:
        for line in self._lines:
            line.pause_reading()

    def _resume_reading(self) -> None:
        for line in self._lines:
            line.resume_reading()

    # When

    def _tell_ready(self) -> None:
        """Tell that there is room, or see to it that somebody looks again when the pace allows."""
        if self.room:
            self._reports.ready(self.id)
            return
        now = self._world.clock()
        if not self._stopping and not self._pace.free(now):
            self._wake(self._pace.wait(now))

    def _wake(self, seconds: float) -> None:
        if self._waker is None:
            self._waker = self._world.call_later(seconds, self._woken)

    def _woken(self) -> None:
        self._waker = None
        self._drain()
        self._tell_ready()


def _room_of(line: Line) -> int:
    return line.room


def build(setup: Setup, reports: Reports, world: World) -> Smpp:
    """Make a connector for one SMPP carrier; SettingsError names the field that is wrong."""
    return Smpp(setup, reports, world)
