"""Putting together: settings in, a running platform out.

One `App` is one process: store, engine, connectors, dialects, listeners. `start` builds it from the ground up and
`stop` takes it down in the opposite order, so that nothing in flight is forgotten.
"""

import asyncio
import random
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from http import HTTPStatus

import msgspec
import structlog

from depesza import connectors, dialects
from depesza.connectors.contract import Connector
from depesza.connectors.setup import Setup, World
from depesza.core.facts import ConnectorFact
from depesza.core.fairness import Lanes
from depesza.core.model import MICRO, Inbound, Notice, Outcome, Receipt
from depesza.dialects.contract import Context, Dialect, Voice
from depesza.engine import dispatcher, gather, keeper, notifier, ops, reporter, signing
from depesza.engine.campaigner import Campaigner
from depesza.engine.exporter import Exporter
from depesza.engine.inquirer import Inquirer
from depesza.engine.loader import Loader
from depesza.engine.postman import Postman
from depesza.net import tls
from depesza.net.guard import Guard
from depesza.net.http_client import ClientLimits, HttpClient
from depesza.net.http_link import Sink
from depesza.net.http_protocol import HttpLimits
from depesza.net.http_server import HttpServer
from depesza.net.mail import MailServer
from depesza.services import habits
from depesza.services.vault import Vault
from depesza.settings import Settings, SettingsError
from depesza.store.contract import Busy, Store
from depesza.store.opening import is_postgres, open_store, shown
from depesza.store.tx import Work
from depesza.wire.http import HttpAnswer, HttpCall, HttpReply, HttpRequest
from depesza.wire.mail import is_address

log = structlog.get_logger()

LARGEST_FILE = 64 * 1024 * 1024
"""Octets of a list of receivers that a client lets us fetch."""


UNHEARD = 10.0
"""Seconds after which a commit whose answer was lost has come through, or never will."""

CERTIFICATES = 10.0
"""Seconds from one look at the certificate's files to the next."""


def wall_clock() -> int:
    """Tell the time in microseconds since 1970."""
    return time.time_ns() // 1000


class App:
    """A running platform."""

    def __init__(self, settings: Settings, now: Callable[[], int] = wall_clock) -> None:
        """Nothing is opened yet; raises `SettingsError` when the settings can't be used."""
        if len(settings.security.key) < 16:
            raise SettingsError("security.key: at least 16 characters are needed")
        if settings.mail.host and not is_address(settings.mail.sender):
            raise SettingsError("mail.sender: an address is needed where mail.host is set")
        self.settings = settings
        self.now = now
        self.turns = Lanes()
        self.policy = settings.policy()
        self.vault = Vault(settings.security.key.encode(), secrets.token_bytes)
        self.connectors: dict[int, Connector] = {}
        self._rows: dict[int, ConnectorFact] = {}
        self.store: Store
        self.http: HttpServer
        self._certificates: tls.Certificates | None = None
        self.ops: HttpServer | None = None
        self.counts = ops.Counts()
        self.draining = False
        self._grace = 1.0
        self.stopped = asyncio.Event()
        """Set when everything is closed, whoever asked for it."""

    async def start(self) -> None:
        """Open the store, take over what a crash left, connect, listen; what fails takes down what had started."""
        async with AsyncExitStack() as ends:
            await self._start(ends)
            self._ends = ends.pop_all()
        log.info("app.started", url=self.http.url, node=self.store.node, store=shown(self.settings.store.url))

    async def _start(self, ends: AsyncExitStack) -> None:
        settings = self.settings
        self._loop = asyncio.get_running_loop()
        self.store = await open_store(settings.store.url, self.now, settings.store.pending, busy=True)
        ends.push_async_callback(self.store.close)
        await self.store.join(int(settings.cluster.lease * MICRO))
        ends.push_async_callback(self._stop_ops)
        self._client = self._make_client()
        ends.push_async_callback(self._client.close)
        self._make_engine()
        self.store.listen(self._work)
        await self.keeper.adopt(self.store.node)
        ends.push_async_callback(self.keeper.stop)
        ends.push_async_callback(self._stop_notifier)
        ends.push_async_callback(self._stop_dispatcher)
        await self._connect()
        self.keeper.start()
        self.notifier.start()
        self.campaigner.start()
        ends.push_async_callback(self.campaigner.stop)
        self.exporter.start()
        ends.push_async_callback(self.exporter.stop)
        self.inquirer.start()
        ends.push_async_callback(self.inquirer.stop)
        await self._listen(ends)

    async def stop(self, grace: float = 15.0) -> None:
        """Accept no more, finish what is under way, write it down, close."""
        self.draining = True
        self._grace = grace
        await self._ends.aclose()
        log.info("app.stopped")
        self.stopped.set()

    async def _stop_http(self) -> None:
        await self.http.stop(self._grace)

    async def _stop_dispatcher(self) -> None:
        await self.dispatcher.stop(self._grace)

    async def _stop_notifier(self) -> None:
        await self.notifier.stop(min(self._grace, 5.0))

    async def _stop_ops(self) -> None:
        if self.ops is not None:
            await self.ops.stop(1.0)

    # parts

    def _make_client(self) -> HttpClient:
        allowed = self.settings.security.allow_private
        networks = [text for text in allowed if text[0].isdigit() or ":" in text]
        hosts = [text for text in allowed if text not in networks]
        limits = ClientLimits(per_host=self.settings.callbacks.per_host, body=65536)
        return HttpClient(Guard(allowed_networks=networks, allowed_hosts=hosts), limits=limits)

    def _make_engine(self) -> None:
        settings = self.settings
        self.dialects = self._make_dialects()
        together = gather.Gather(self._loop, gather.WAIT)
        direct = not is_postgres(settings.store.url)
        self.dispatcher = dispatcher.Dispatcher(self.store, self.turns, self.now, together, direct=direct)
        self.campaigner = Campaigner(self.store, self.turns, self.policy, self.now, self.dispatcher.crowded)
        self.exporter = Exporter(self.store, dialects.WRITERS, self.now)
        self.inquirer = Inquirer(self.store, self.connectors, self.now)
        self.keeper = keeper.Keeper(
            self.store,
            self.dispatcher,
            self.turns,
            self.now,
            keeper.rhythm(settings.cluster.lease, settings.keep.days, settings.keep.callback_days),
            self._matched,
            self._lease_lost,
            self._adopted,
        )
        self.reporter = reporter.Reporter(
            self.store, self.connectors, self.policy, self.now, self.keeper.parked, together
        )
        self.notifier = notifier.Notifier(
            self.store,
            {dialect.name: dialect for dialect in self.dialects if isinstance(dialect, Voice)},
            self._client,
            self._signed,
            self.now,
            notifier.Plan(settings.callbacks.timeout, settings.callbacks.per_host, settings.callbacks.schedule),
            together,
            Postman(_mail_server(settings), self.vault, self.now).send,
        )

    def _make_dialects(self) -> Sequence[Dialect]:
        context = Context(
            store=self.store,
            vault=self.vault,
            lanes=self.turns,
            policy=self.policy,
            now=self.now,
            lists=Loader(self.store, self._download, self.policy, self.now),
            bases=self.settings.http.public,
            signature_window=self.settings.security.signature_window,
            largest_document=self.settings.documents.largest,
            export_life=self.settings.documents.export_days * 86_400 * MICRO,
            orders_wait=self.settings.orders.wait,
            terms=self.settings.orders.terms,
            http2sms_help=self.settings.http2sms.help,
            mails=bool(self.settings.mail.host),
        )
        return [make(context) for make in dialects.ALL]

    async def _download(self, url: str, sink: Sink) -> HttpAnswer:
        return await self._client.fetch(url, sink, limit=LARGEST_FILE)

    async def _listen(self, ends: AsyncExitStack) -> None:
        http = self.settings.http
        self._certificates = _certificates(http.tls_cert, http.tls_key)
        self._mounts = {prefix: dialect for dialect in self.dialects for prefix in dialect.prefixes}
        self.http = HttpServer(
            self.handle,
            host=http.host,
            port=http.port,
            tls=self._certificates.context if self._certificates else None,
            fallback=_fallback,
            trusted=http.trusted_proxies,
            limits=HttpLimits(body=http.body_limit),
        )
        await self.http.start()
        ends.push_async_callback(self._stop_http)
        if self._certificates is not None:
            watch = self._loop.create_task(self._watch_certificates())
            ends.callback(watch.cancel)
        if self.settings.ops.port >= 0:
            self.ops = HttpServer(ops.Ops(self).handle, host=self.settings.ops.host, port=self.settings.ops.port)
            await self.ops.start()

    async def _watch_certificates(self) -> None:
        while True:
            await asyncio.sleep(CERTIFICATES)
            self.renew_certificates()

    def renew_certificates(self, force: bool = False) -> None:
        """Present what the files hold now to new connections; files that can't be used change nothing."""
        if self._certificates is None:
            return
        try:
            if self._certificates.refresh(force=force):
                log.info("app.certificate_renewed", file=self.settings.http.tls_cert)
        except OSError as error:  # SSLError is one
            log.error("app.certificate_refused", file=self.settings.http.tls_cert, error=str(error))

    async def handle(self, request: HttpRequest) -> HttpReply:
        """Give a request to the dialect whose prefix it has."""
        path = request.path.lstrip("/")
        dialect = self._mounts.get(path.partition("/")[0].lower())
        if dialect is None:
            return HttpReply(404, b'{"message":"Nothing lives here"}')
        reply = await self._answer(dialect, request)
        self.counts.requests[dialect.name, reply.status] += 1
        return reply

    async def _answer(self, dialect: Dialect, request: HttpRequest) -> HttpReply:
        try:
            return await dialect.handle(request)
        except Busy:
            return dialect.failed(request)
        except Exception:
            log.exception("app.request_failed", method=request.method, path=request.path)
            return dialect.failed(request)

    def _signed(self, notice: Notice, call: HttpCall, now: int) -> HttpCall:
        return signing.signed(self.vault, notice, call, now)

    # news between the parts

    def _work(self, work: Work) -> None:
        if work.messages:
            self.dispatcher.take(work.messages)
        if work.notices:
            self.notifier.take(work.notices)
        if work.errands:
            self.campaigner.reload()
        if work.builds:
            self.exporter.wake()
        if work.lookups:
            self.inquirer.wake()
        if work.scheduled:
            self.keeper.scheduled(work.scheduled)
        if work.doubt:
            self._look_again()
            self._loop.call_later(UNHEARD, self._look_again)
        if work.facts:
            self._loop.create_task(self._connect())

    def _look_again(self) -> None:
        """Read the tables: they may hold work that we were not told of."""
        if not self.draining:
            self.dispatcher.reload()
            self._adopted()
            self.keeper.scheduled(self.now())

    def _adopted(self) -> None:
        """Read the tables of those who work through them: a node that is gone left us something."""
        self.campaigner.reload()
        self.exporter.wake()
        self.inquirer.wake()

    def outcome(self, connector: int, outcome: Outcome) -> None:
        """See `connectors.contract.Reports`."""
        self.counts.outcomes[connector, outcome.refusal] += 1
        self.dispatcher.outcome(connector, outcome)

    def receipt(self, receipt: Receipt, done: Callable[[bool], None]) -> None:
        """See `connectors.contract.Reports`."""
        self.counts.receipts[receipt.connector, receipt.state] += 1
        self.reporter.receipt(receipt, done)

    def inbound(self, inbound: Inbound, done: Callable[[bool], None]) -> None:
        """See `connectors.contract.Reports`."""
        self.counts.inbounds[inbound.connector] += 1
        self.reporter.inbound(inbound, done)

    def ready(self, connector: int) -> None:
        """See `connectors.contract.Reports`."""
        self.dispatcher.ready(connector)

    def learnt(self, connector: int, habits_of: bytes) -> None:
        """See `connectors.contract.Reports`."""
        self.store.insist(habits.write, connector, habits_of)

    def _matched(self, receipt: Receipt, remote: str) -> None:
        connector = self.connectors.get(receipt.connector)
        if connector is not None:
            connector.matched(receipt, remote)

    def _lease_lost(self) -> None:
        """Another node may send what we hold: stop at once, the supervisor starts us anew."""
        log.critical("app.lease_lost")
        self._loop.create_task(self.stop(1.0))

    # connectors follow the facts

    async def _connect(self) -> None:
        """Start, change and stop connectors as the facts say."""
        wanted = {row.id: row for row in self.store.facts.connectors if row.enabled}
        for id, row in list(self._rows.items()):
            if wanted.get(id) != row:
                del self._rows[id]
                await self.dispatcher.detach(id, 10.0)
                self.connectors.pop(id, None)
                log.info("app.connector_stopped", connector=row.name)
        for id, row in wanted.items():
            if id not in self._rows:
                await self._start_connector(row)

    async def _start_connector(self, row: ConnectorFact) -> None:
        self._rows[row.id] = row
        learnt = await self.store.look(habits.read, row.id)
        setup = Setup(row.id, row.name, row.settings.encode(), learnt)
        world = World(self._loop.time, self.now, random.random, self._loop.call_later)
        try:
            connector = connectors.build(row.kind, setup, self, world)
        except connectors.SettingsError as error:
            log.error("app.connector_refused", connector=row.name, kind=row.kind, error=str(error))
            return
        self.connectors[row.id] = connector
        self.dispatcher.attach(connector)
        connector.start()


def _certificates(certfile: str, keyfile: str) -> tls.Certificates | None:
    """Read the listener's certificate, where there is one; raises `SettingsError`."""
    try:
        return tls.Certificates(certfile, keyfile or None) if certfile else None
    except OSError as error:
        raise SettingsError(f"http.tls_cert, http.tls_key: {error}") from error


def _mail_server(settings: Settings) -> MailServer:
    mail = settings.mail
    return MailServer(mail.host, mail.port, mail.security, mail.username, mail.password, mail.sender, mail.timeout)


def _fallback(request: HttpRequest, status: int) -> HttpReply:
    """Answer what no dialect gets to see: a body that is too large."""
    words = {413: "The request body is too large"}.get(status, "Internal server error")
    return HttpReply(
        status, msgspec.json.encode({"message": words, "httpCode": f"{status} {HTTPStatus(status).phrase}"})
    )
