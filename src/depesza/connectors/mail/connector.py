"""The way out for mail: a few connections to one mail server, opened while there is work for them.

A probe connects first, and again whenever nobody could; while it tries, the link is down. A mail is taken when the
server says so after the last octet: what becomes of it is told by mail (`bounces.py`).
"""

import asyncio
from contextlib import suppress
from pathlib import Path

import structlog
from msgspec import Struct

from depesza.connectors.contract import Health, Link, Reports
from depesza.connectors.mail import settings as mail_settings
from depesza.connectors.mail import words
from depesza.connectors.mail.settings import Settings
from depesza.connectors.mail.writing import Mailed, Unsendable, write
from depesza.connectors.setup import SettingsError, Setup, World
from depesza.connectors.smpp.pace import Pace
from depesza.connectors.smpp.waits import growing
from depesza.core.model import MICRO, Message, Outcome, Receipt
from depesza.core.refusals import Retry, refusal
from depesza.net import ConnectFailed
from depesza.net.smtp_line import SmtpAnswer, SmtpLine, SmtpServer
from depesza.net.tls import client_context
from depesza.wire import Malformed, dkim, tickets

log = structlog.get_logger()

_RETRY_AFTER = MICRO
"""Microseconds before what is tried elsewhere, or never left."""
_LAST_WORDS = 3.0
"""Seconds for connections to be closed."""


class _Held(Struct, eq=False):
    """A message in our hands."""

    message: Message
    leaving: bool = False
    """It is on a connection: only the server knows how much of it has arrived."""


class Mail:
    """One mail server."""

    def __init__(self, setup: Setup, reports: Reports, world: World) -> None:
        self.id = setup.id
        self.name = setup.name
        self.settings = settings = mail_settings.read(setup.settings)
        self._server = _server(settings)
        self._signer = _signer(settings)
        self._secret = world.secret_for(tickets.PURPOSE)
        self._picture_secret = world.secret_for(tickets.OPENED)
        self._reports = reports
        self._world = world
        self._pace = Pace(settings.rate, world.clock())
        self._link = Link.DOWN
        self._detail = ""
        self._held: dict[int, _Held] = {}
        self._queue: asyncio.Queue[_Held] = asyncio.Queue()
        self._workers: dict[asyncio.Task[None], SmtpLine] = {}
        self._most = settings.connections
        """Connections that the server lets us have."""
        self._waiting = 0
        """Workers without work."""
        self._probe: asyncio.Task[None] | None = None
        self._idle = asyncio.Event()

    # what the engine asks

    @property
    def room(self) -> int:
        """How many mails it would take now."""
        if self._link is not Link.UP or self._pace.paused(self._world.clock()):
            return 0
        return self.capacity - len(self._held)

    @property
    def capacity(self) -> int:
        """How many mails may be unanswered."""
        return self.settings.capacity

    @property
    def link(self) -> Link:
        """How the link stands."""
        return self._link

    @property
    def health(self) -> Health:
        """How it stands."""
        return Health(self._link, self._detail, sum(line.is_open for line in self._workers.values()), len(self._held))

    def start(self) -> None:
        """Begin to connect."""
        if self._link is not Link.STOPPED and self._probe is None:
            self._probe = asyncio.get_running_loop().create_task(self._connect())

    def send(self, message: Message) -> None:
        """Take one message; a connection that is free, or a new one, carries it."""
        held = self._held[message.id] = _Held(message)
        if self._link is not Link.UP:
            self._settle(held, "link_down", self._detail)
            return
        self._queue.put_nowait(held)
        self._hire_if_needed()

    def matched(self, receipt: Receipt, remote: str) -> None:
        """Learn nothing: news comes by mail."""

    async def stop(self, grace: float) -> None:
        """Take no more, let what is here be answered, close; report the rest."""
        self._link = Link.STOPPED
        if self._probe is not None:
            self._probe.cancel()
        if self._held:
            self._idle.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), grace)
        workers = list(self._workers)
        for worker in workers:
            worker.cancel()
        if workers:
            await asyncio.wait(workers, timeout=_LAST_WORDS)
        for held in list(self._held.values()):
            self._settle(held, "uncertain" if held.leaving else "link_down", "stopped")

    # connections

    async def _connect(self) -> None:
        """Open the first connection, however long it takes."""
        tries, settings = 0, self.settings
        while True:
            line = SmtpLine(self._server)
            try:
                await line.open()
            except ConnectFailed as error:
                self._stands(_standing(error), str(error))
                first = settings.reconnect_most if error.reason == "login" else settings.reconnect_first
                await asyncio.sleep(growing(tries, first, settings.reconnect_most, self._world.chance()))
                tries += 1
                continue
            self._probe = None
            self._most = settings.connections
            self._hire(line)
            self._stands(Link.UP, "")
            return

    def _stands(self, link: Link, detail: str) -> None:
        """Note how the link stands now; what waits for one that is down goes another way."""
        if self._link is Link.STOPPED:
            return
        if link is not self._link:
            log.info("mail.up" if link is Link.UP else "mail.down", connector=self.name, reason=detail)
        self._link, self._detail = link, detail
        if link is not Link.UP:
            while not self._queue.empty():
                self._settle(self._queue.get_nowait(), "link_down", detail)
            self.start()
        self._reports.ready(self.id)

    def _hire_if_needed(self) -> None:
        if self._queue.qsize() > self._waiting and len(self._workers) < self._most:
            self._hire(SmtpLine(self._server))

    def _hire(self, line: SmtpLine) -> None:
        worker = asyncio.get_running_loop().create_task(self._work(line))
        self._workers[worker] = line
        worker.add_done_callback(self._ended)

    def _ended(self, worker: asyncio.Task[None]) -> None:
        del self._workers[worker]
        if self._link is Link.UP:
            self._hire_if_needed()  # for what came while the last connection was being closed

    async def _work(self, line: SmtpLine) -> None:
        """Carry one mail after the other over a connection, until there has been none for a while."""
        try:
            while (held := await self._next()) is not None:
                if not await self._carry(line, held):
                    break
        finally:
            await line.close()

    async def _next(self) -> _Held | None:
        self._waiting += 1
        try:
            async with asyncio.timeout(self.settings.idle):
                return await self._queue.get()
        except TimeoutError:
            return None if self._queue.empty() else self._queue.get_nowait()
        finally:
            self._waiting -= 1

    async def _carry(self, line: SmtpLine, held: _Held) -> bool:
        """Hand over one mail; False when there is no connection to do so."""
        try:
            mailed = await self._write(held.message)
            await self._keep_pace()
            answer = await self._deliver(line, held, mailed)
            self._answered(held, mailed, answer)
        except Unsendable as error:
            self._settle(held, error.refusal, str(error))
        except ConnectFailed as error:
            self._lost(held, error)
            return False
        except Exception as error:
            log.exception("mail.failed", connector=self.name, message=held.message.id, error=repr(error))
            self._settle(held, "uncertain" if held.leaving else "busy", repr(error))
        return True

    async def _deliver(self, line: SmtpLine, held: _Held, mailed: Mailed) -> SmtpAnswer:
        """Hand over one mail, on a new connection where the server has closed the one we had; or `ConnectFailed`."""
        if line.carried >= self.settings.per_connection:
            await line.close()
        while True:
            if not line.is_open:
                await line.open()
            held.leaving = True
            answer = await line.deliver(mailed.envelope)
            held.leaving = False
            if answer.code or answer.stage == "data" or line.carried == 1:
                return answer

    def _lost(self, held: _Held, error: ConnectFailed) -> None:
        """Give back what could not be carried; where other connections stand, there may be no more than these."""
        standing = sum(line.is_open for line in self._workers.values())
        if standing and self._link is Link.UP:
            self._most = standing
            self._queue.put_nowait(held)
        else:
            self._settle(held, "link_down", str(error))
            self._stands(_standing(error), str(error))

    # mails

    async def _write(self, message: Message) -> Mailed:
        """Write a message's mail; raises `Unsendable`."""
        extras, files = message.content.extras, []
        for file in extras.files if extras is not None else ():
            octets = await self._world.read_file(file)
            if octets is None:
                raise Unsendable("bad_content", f"the file {file.name!r} is gone")
            files.append(octets)
        ticket = tickets.write(message.id, self._secret)
        # files and signatures take their time
        return await asyncio.to_thread(
            write, message, files, self.settings, self._signer, ticket, self._world.now(), self._picture(message)
        )

    def _picture(self, message: Message) -> str:
        """Write the address of the picture that tells when a mail is opened; empty where none shall be told."""
        base = self.settings.track_opens
        return f"{base}/{tickets.PICTURES}/{tickets.write(message.id, self._picture_secret)}.gif" if base else ""

    async def _keep_pace(self) -> None:
        now = self._world.clock()
        while not self._pace.free(now):
            await asyncio.sleep(self._pace.wait(now))
            now = self._world.clock()
        self._pace.take(now)

    def _answered(self, held: _Held, mailed: Mailed, answer: SmtpAnswer) -> None:
        reason = words.refusal_of(answer)
        if reason == "throttled":
            self._pace.throttled(self._world.clock(), held.message.attempts > 0)
        elif answer.code:
            self._pace.accepted(self._world.clock())
        self._settle(held, reason, answer.text, () if reason else (mailed.remote,))

    def _settle(self, held: _Held, reason: str, detail: str, remotes: tuple[str, ...] = ()) -> None:
        message = held.message
        if self._held.pop(message.id, None) is None:
            return
        if not self._held:
            self._idle.set()
        wait = self._wait(reason, message.attempts) if reason else 0
        self._reports.outcome(self.id, Outcome(message.id, self._world.now(), remotes, reason, wait, detail))
        if self._link is Link.UP:
            self._reports.ready(self.id)

    def _wait(self, reason: str, attempts: int) -> int:
        """Tell the microseconds until a mail may be tried again here."""
        if refusal(reason).retry is not Retry.HERE:
            return _RETRY_AFTER
        tries = 0 if reason == "uncertain" else attempts  # the engine waits longer for that by itself
        settings = self.settings
        return int(growing(tries, settings.retry_first, settings.retry_most, self._world.chance()) * MICRO)


def _standing(error: ConnectFailed) -> Link:
    return Link.REFUSED if error.reason == "login" else Link.DOWN


def _server(settings: Settings) -> SmtpServer:
    context = None
    if settings.security != "none":
        try:
            context = client_context(ca_file=settings.tls_ca or None)
        except OSError as error:
            raise SettingsError(f"tls_ca: {error}") from error
    return SmtpServer(
        settings.host,
        settings.port,
        settings.security,
        context,
        settings.username,
        settings.password,
        settings.hello,
        settings.connect_timer,
        settings.response_timer,
        settings.data_timer,
    )


def _signer(settings: Settings) -> dkim.Signer | None:
    if not settings.dkim_key:
        return None
    try:
        pem = Path(settings.dkim_key).read_bytes()
        return dkim.signer(settings.dkim_domain, settings.dkim_selector, pem)
    except (OSError, Malformed) as error:
        raise SettingsError(f"dkim_key: {error}") from error


def build(setup: Setup, reports: Reports, world: World) -> Mail:
    """Make a connector for one mail server; SettingsError names what is wrong."""
    return Mail(setup, reports, world)
