"""The way out over gammu-smsd: messages into its outbox, news out of its sent items, texts out of its inbox.

The tables are looked at every `poll` seconds. A message is taken when the daemon has sent all of its parts. One that
waits too long is taken back: not sent for sure when the row was there and the daemon had never begun with it,
`uncertain` otherwise. Its name in the tables outlives us, so after a crash it is found there and not written twice.
spec: devices/4
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog

from depesza.connectors.contract import Health, Link, Reports
from depesza.connectors.envelope import BadContent
from depesza.connectors.gammu import rows
from depesza.connectors.gammu import settings as gammu_settings
from depesza.connectors.gammu.tables import Statement, TablesError, tables_at
from depesza.connectors.setup import Setup, World
from depesza.connectors.sim.inbox import Inbox, Text
from depesza.connectors.sim.ration import Ration
from depesza.connectors.sim.words import reason_of
from depesza.connectors.smpp.waits import growing
from depesza.core.model import MICRO, Message, Outcome, Receipt
from depesza.wire import Unencodable
from depesza.wire.segment import Segments

log = structlog.get_logger()

_LONGEST_WAIT = 60.0
_RETRY_AFTER = {"uncertain": 60 * MICRO, "busy": 60 * MICRO}


class _Attempt:
    """A message in the daemon's hands."""

    def __init__(self, message: Message, parts: Segments, name: str, born: float) -> None:
        self.message = message
        self.parts = parts
        self.name = name
        self.born = born
        self.tried = False
        """It may be in the outbox."""
        self.written = False
        """It is there, or was."""


class Gammu:
    """One phone behind gammu-smsd."""

    def __init__(self, setup: Setup, reports: Reports, world: World) -> None:
        self.id = setup.id
        self.name = setup.name
        self.settings = settings = gammu_settings.read(setup.settings)
        self._reports = reports
        self._world = world
        self._tables = tables_at(settings.database)
        self._ration = Ration(settings.limits, settings.window, settings.zone, setup.habits)
        self._inbox = Inbox(setup.id, settings.reassembly)
        self._attempts: dict[int, _Attempt] = {}
        self._told: set[tuple[int, int, str]] = set()
        """Reports that were told and are not marked in the tables yet."""
        self._owed: list[Statement] = []
        """What is to be marked in the tables."""
        self._reference = int(world.chance() * 256)
        self._there = False
        self._about = ""
        self._detail = "not looked yet"
        self._stopping = False
        self._ended = False
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()

    # what the engine asks

    @property
    def room(self) -> int:
        """How many messages the outbox may still have."""
        if not self._there or self._stopping or self._wait("", 1) > 0:
            return 0
        # with a gap between messages they are counted one by one
        free = self.capacity - len(self._attempts)
        return min(free, 1) if self.settings.gap else free

    @property
    def capacity(self) -> int:
        """How many messages may wait in the outbox."""
        return self.settings.waiting

    @property
    def link(self) -> Link:
        """How the phone stands, as the daemon says."""
        if self._stopping:
            return Link.STOPPED
        return Link.UP if self._there else Link.DOWN

    @property
    def health(self) -> Health:
        """The same with all details."""
        link = self.link
        detail = "" if link is Link.UP else self._detail
        return Health(link, detail, int(self._there), len(self._attempts), 0.0, self._about)

    def start(self) -> None:
        """Begin to look."""
        self._stopping = self._ended = False
        self._task = asyncio.get_running_loop().create_task(self._work())

    def send(self, message: Message) -> None:
        """Take one message; it is in the outbox a moment later."""
        now = self._world.now()
        try:
            parts = rows.cut(message)
        except (Unencodable, ValueError) as error:
            reason = "bad_content" if isinstance(error, BadContent) else "unencodable"
            self._reports.outcome(self.id, Outcome(message.id, now, refusal=reason, detail=str(error)))
            return
        wait = self._wait(message.receiver, len(parts.parts))
        if self._stopping or not self._there:
            self._put_off(message, "link_down", MICRO, self._detail)
        elif wait > 0:
            self._put_off(message, "throttled", wait, "limits of the SIM")
        else:
            self._ration.take(message.receiver, len(parts.parts), now)
            name = rows.creator(self.id, message.id)
            self._attempts[message.id] = _Attempt(message, parts, name, self._world.clock())
            self._wake.set()

    def matched(self, receipt: Receipt, remote: str) -> None:
        """Learn nothing: the daemon's ids are its own."""

    async def stop(self, grace: float) -> None:
        """Take back what the daemon has not begun with, wait for the rest, tell what is left as uncertain."""
        if self._task is None:
            self._stopping = True
            return
        deadline = self._world.clock() + grace
        self._stopping = True
        while self._attempts and self._world.clock() < deadline and not self._task.done():
            self._wake.set()
            await asyncio.sleep(min(0.05, self.settings.poll))
        self._ended = True  # `wait_for` may swallow a cancellation that comes with what it waits for
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        self._task = None
        await self._tables.close()
        for attempt in list(self._attempts.values()):
            self._settle(attempt, "uncertain" if attempt.written else "link_down", "stopped")

    # the rounds

    async def _work(self) -> None:
        """Look into the tables again and again; wait longer while they cannot be reached."""
        tries = 0
        while not self._ended:
            try:
                await self._round()
                tries, wait = 0, self.settings.poll
            except TablesError as error:
                self._stands(False, str(error))
                self._give_back_unwritten()
                wait = growing(tries, self.settings.poll, _LONGEST_WAIT, self._world.chance())
                tries += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), wait)
            self._wake.clear()

    async def _round(self) -> None:
        await self._look_at_phone()
        await self._write_new()
        await self._look_at_sent()
        if self._attempts:
            await self._take_back_old()
        await self._look_at_reports()
        await self._look_at_inbox()
        await self._pay()
        if self.room:
            self._reports.ready(self.id)

    async def _pay(self) -> None:
        """Mark in the tables what is done."""
        owed, self._owed = self._owed, []
        if not owed:
            return
        try:
            await self._tables.run(*owed)
        except TablesError:
            self._owed = owed + self._owed
            raise

    async def _look_at_phone(self) -> None:
        [found] = await self._tables.run((rows.PHONE, (self.settings.phone,)))
        if not found:
            self._stands(False, f"gammu-smsd knows no phone {self.settings.phone!r}")
            return
        alive, signal, battery, code, operator = found[0]
        named = [name for name in (operator, code) if name and name != "ERROR"]
        said = [*named[:1], f"signal {signal} %" if signal >= 0 else "", f"battery {battery} %" if battery >= 0 else ""]
        self._about = ", ".join(filter(None, said))
        pause = self._ration.fitness.cooldown > self._world.now()
        if alive and pause:
            self._stands(False, "the SIM rests after failures")
        else:
            self._stands(bool(alive), "" if alive else "gammu-smsd has not renewed its phone")

    def _stands(self, there: bool, detail: str) -> None:
        was, self._there, self._detail = self._there, there, detail
        if was != there:
            log.info("gammu.up" if there else "gammu.down", connector=self.name, reason=detail)
            self._reports.ready(self.id)

    # out

    async def _write_new(self) -> None:
        for attempt in [one for one in self._attempts.values() if not one.written]:
            if self._stopping:
                self._settle(attempt, "link_down", "stopped")
                continue
            waiting, sent = await self._tables.run(
                (rows.WAITING, (attempt.name,)), (rows.SENT, (attempt.name, attempt.name + rows.DONE))
            )
            if not waiting and not sent:
                await self._write(attempt)
            attempt.written = True  # it may have stood there since before a crash

    async def _write(self, attempt: _Attempt) -> None:
        self._reference = (self._reference + 1) % 256
        settings = self.settings
        attempt.tried = True
        await self._tables.run(
            *rows.write(
                attempt.message,
                attempt.parts,
                attempt.name,
                settings.phone,
                settings.reports,
                self._reference,
                self._world.now(),
            )
        )

    def _give_back_unwritten(self) -> None:
        """The tables cannot be reached: keep no message that is not in them."""
        for attempt in [one for one in self._attempts.values() if not one.written]:
            self._settle(attempt, "uncertain" if attempt.tried else "link_down", self._detail)

    async def _look_at_sent(self) -> None:
        """Settle what is out of the outbox; that is looked at first, for the daemon writes sent items before."""
        if not self._attempts:
            return
        [waiting] = await self._tables.run((rows.WAITING, rows.ours(self.id)))
        names = {row[1] for row in waiting}
        for attempt in [one for one in self._attempts.values() if one.written and one.name not in names]:
            [found] = await self._tables.run((rows.SENT, (attempt.name, attempt.name + rows.DONE)))
            if not found:
                self._settle(attempt, "uncertain", "its row is gone")
                continue
            sent = rows.sent(found)
            if sent.refusal:
                self._owed.append(rows.mark_done(attempt.name))
            self._settle(attempt, sent.refusal, sent.detail, sent.remotes)

    async def _take_back_old(self) -> None:
        oldest = self._world.clock() - (0 if self._stopping else self.settings.patience)
        for attempt in [one for one in self._attempts.values() if one.written and one.born <= oldest]:
            [deleted, _] = await self._tables.run(*rows.take_back(attempt.name))
            if deleted:
                begun = bool(deleted[0][1])
                self._settle(attempt, "uncertain" if begun else "link_down", "taken back from the outbox")

    def _settle(self, attempt: _Attempt, refusal: str, detail: str, remotes: tuple[str, ...] = ()) -> None:
        now = self._world.now()
        message = attempt.message
        del self._attempts[message.id]
        if not refusal:
            self._ration.succeeded()
        else:
            if refusal != "uncertain":
                self._ration.give_back(len(attempt.parts.parts))
            if detail.startswith("Sending"):
                self._ration.failed(reason_of(refusal), now)
        self._reports.learnt(self.id, self._ration.write())
        wait = _RETRY_AFTER.get(refusal, MICRO) if refusal else 0
        self._reports.outcome(self.id, Outcome(message.id, now, remotes, refusal, wait, detail))

    def _put_off(self, message: Message, refusal: str, wait: int, why: str) -> None:
        outcome = Outcome(message.id, self._world.now(), refusal=refusal, retry_after=max(wait, 1), detail=why)
        self._reports.outcome(self.id, outcome)

    def _wait(self, receiver: str, parts: int) -> int:
        """Tell the microseconds until so many parts may leave."""
        now = self._world.now()
        return self._ration.free_at(receiver, parts, now) - now

    # in

    async def _look_at_reports(self) -> None:
        [found] = await self._tables.run((rows.REPORTED, rows.ours(self.id)))
        self._told.intersection_update((row[0], row[1], row[2]) for row in found)
        for row in found:
            key = (row[0], row[1], row[2])
            if key not in self._told:
                self._told.add(key)
                self._reports.receipt(rows.receipt_of(self.id, row, self._world.now()), self._reported(key))

    def _reported(self, key: tuple[int, int, str]) -> Callable[[bool], None]:
        def done(taken: bool) -> None:
            if not taken:
                self._told.discard(key)
            elif key[2] != "DeliveryPending":
                self._owed.append(rows.mark_reported(key[0], key[1]))

        return done

    async def _look_at_inbox(self) -> None:
        [found] = await self._tables.run((rows.INBOX, (self.settings.phone,)))
        now, at = self._world.clock(), self._world.now()
        texts = [rows.text_of(row) for row in found]
        self._inbox.only({slot for slot, _ in texts})
        for slot, message in texts:
            for text in self._inbox.take(message, slot, self.settings.number, now, at):
                self._tell_text(text)
            if self._inbox.deletable(slot, message):
                self._owed += rows.mark_read((slot.index,))
        for text in self._inbox.expire(now, at):
            self._tell_text(text)

    def _tell_text(self, text: Text) -> None:
        """Tell a text, again after a second whenever it could not be taken; then mark its rows."""

        def done(taken: bool) -> None:
            if taken:
                self._inbox.kept(text)
                self._owed += rows.mark_read(tuple(slot.index for slot in text.slots))
            elif not self._stopping:
                self._world.call_later(1.0, lambda: self._tell_text(text))

        self._reports.inbound(text.inbound, done)


def build(setup: Setup, reports: Reports, world: World) -> Gammu:
    """Make a connector for one phone behind gammu-smsd; SettingsError names the field that is wrong."""
    return Gammu(setup, reports, world)
