"""Putting together: settings in, a running platform out.

One `App` is one process: store, engine, connectors, dialects, listeners. `start` builds it from the ground up and
`stop` takes it down in the opposite order, so that nothing in flight is forgotten.
"""

import asyncio
import random
import secrets
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

import structlog

from depesza import connectors, dialects
from depesza.apart import Apart
from depesza.calling import Caller, Calling
from depesza.connectors.contract import Connector
from depesza.connectors.phones import Phones
from depesza.connectors.setup import Setup, World
from depesza.core.facts import ConnectorFact
from depesza.core.fairness import Lanes
from depesza.core.model import MICRO, Attached, Inbound, Notice, Outcome, Receipt
from depesza.dialects.smpp import Door
from depesza.dialects.smsc import MailDoor
from depesza.engine import cores, dispatcher, gather, keeper, ops, reporter
from depesza.engine.campaigner import Campaigner
from depesza.engine.exporter import Exporter
from depesza.engine.figures import Counts, Figures
from depesza.engine.fleet import Fleet
from depesza.engine.inquirer import Inquirer
from depesza.front import Front, make_client, make_dialects, make_smpp, make_smtp, voices
from depesza.net.child import Child
from depesza.net.clock import wall_clock
from depesza.net.http_client import HttpClient
from depesza.net.http_server import HttpServer
from depesza.services import attachments, habits
from depesza.services.phone_watch import Standing
from depesza.services.vault import Vault
from depesza.settings import Settings, SettingsError
from depesza.store.contract import Store
from depesza.store.opening import is_postgres, open_store, shown
from depesza.store.work import Work
from depesza.wire.mail import is_address

log = structlog.get_logger()

UNBOUND = 5.0
"""Seconds in which customers may answer our unbind."""
UNHEARD = 10.0
"""Seconds after which a commit whose answer was lost has come through, or never will."""


class App:
    """A running platform."""

    def __init__(self, settings: Settings, now: Callable[[], int] = wall_clock, *, helper: Child | None = None) -> None:
        """Nothing is opened yet; raises `SettingsError` when the settings can't be used.

        A `helper`, which runs `apart.serve`, speaks to busy carriers and calls clients back.
        """
        self._helper = helper
        self._apart: Apart | None = None
        self._spare_cores: set[int] = set()
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
        self.front: Front
        self.caller: Caller
        self.smpp: Door | None = None
        """The door for customers over SMPP, where one is open."""
        self.smtp: MailDoor | None = None
        """The door for mail, where one is open."""
        self.ops: HttpServer | None = None
        self.counts = Counts()
        self.figures = Figures()
        self.draining = False
        self._grace = 1.0
        self.stopped = asyncio.Event()
        """Set when everything is closed, whoever asked for it."""

    async def start(self) -> None:
        """Open the store, take over what a crash left, connect, listen; what fails takes down what had started."""
        async with AsyncExitStack() as ends:
            await self._start(ends)
            self._ends = ends.pop_all()
        log.info("app.started", url=self.url, node=self.store.node, store=shown(self.settings.store.url))

    async def _start(self, ends: AsyncExitStack) -> None:
        settings = self.settings
        self._loop = asyncio.get_running_loop()
        self.store = await open_store(settings.store.url, self.now, settings.store.pending, busy=True)
        ends.push_async_callback(self.store.close)
        await self.store.join(int(settings.cluster.lease * MICRO))
        ends.push_async_callback(self._stop_ops)
        my_core: set[int] = set()
        if self._helper is not None and settings.cluster.pin:
            my_core, self._spare_cores = cores.share(self.store.node)
        client = make_client(settings)
        ends.push_async_callback(client.close)
        self._make_engine(client)
        self.store.listen(self._work)
        await self.keeper.adopt(self.store.node)
        ends.push_async_callback(self.keeper.stop)
        ends.push_async_callback(self._stop_caller)
        ends.push_async_callback(self._stop_dispatcher)
        await self.caller.start()
        await self._connect()
        self.keeper.start()
        self.campaigner.start()
        ends.push_async_callback(self.campaigner.stop)
        self.exporter.start()
        ends.push_async_callback(self.exporter.stop)
        self.inquirer.start()
        ends.push_async_callback(self.inquirer.stop)
        self.fleet.start()
        ends.push_async_callback(self.fleet.stop)
        ends.push_async_callback(self._hang_up)
        ends.push_async_callback(self._unbind)
        ends.push_async_callback(self._take_no_mail)
        await self._listen()
        cores.keep_to(my_core)
        if settings.cluster.pin:
            cores.be_patient(True)

    async def stop(self, grace: float = 15.0) -> None:
        """Accept no more, finish what is under way, write it down, close."""
        self.draining = True
        self._grace = grace
        await self._ends.aclose()
        log.info("app.stopped")
        self.stopped.set()

    async def _hang_up(self) -> None:
        await self.front.stop(self._grace)

    async def _unbind(self) -> None:
        if self.smpp is not None:
            await self.smpp.stop(min(self._grace, UNBOUND))

    async def _take_no_mail(self) -> None:
        if self.smtp is not None:
            await self.smtp.stop(self._grace)

    async def _stop_dispatcher(self) -> None:
        await self.dispatcher.stop(self._grace)

    async def _stop_caller(self) -> None:
        await self.caller.stop(self._grace)

    async def _stop_ops(self) -> None:
        if self.ops is not None:
            await self.ops.stop(1.0)

    # parts

    def _make_engine(self, client: HttpClient) -> None:
        settings = self.settings
        together = gather.Gather(self._loop, gather.WAIT)
        direct = not is_postgres(settings.store.url)
        self.dispatcher = dispatcher.Dispatcher(self.store, self.turns, self.now, together, direct=direct)
        self.campaigner = Campaigner(self.store, self.turns, self.policy, self.now, self.dispatcher.crowded)
        self.exporter = Exporter(self.store, dialects.WRITERS, self.now)
        self.inquirer = Inquirer(self.store, self.connectors, self.now)
        self.fleet = Fleet(self.store, self.connectors, self.turns, self.now)
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
        made = make_dialects(settings, self.store, self.turns, self.vault, self.now, client)
        self.front = Front(settings, made, self.counts.requests)
        self.smpp = make_smpp(settings, self.store, self.turns, self.vault, self.now, client)
        self.smtp = make_smtp(settings, made, self.store, self.vault, self.now)
        if self._helper is not None:
            self.caller = self._apart = Apart(self._helper, settings, self.store, self, self.now, self._spare_cores)
        else:
            self.caller = Calling(settings, self.store, voices(made), client, self.vault, self.now, together)

    async def _listen(self) -> None:
        if self.smpp is not None:
            await self.smpp.start()
        if self.smtp is not None:
            await self.smtp.start()
        await self.front.start()
        if self.settings.ops.port >= 0:
            self.ops = HttpServer(ops.Ops(self).handle, host=self.settings.ops.host, port=self.settings.ops.port)
            await self.ops.start()

    @property
    def url(self) -> str:
        """Base address of the clients' listener."""
        return self.front.url

    @property
    def problem(self) -> str:
        """Why nothing is called back; empty while all is well."""
        return self.caller.problem

    @property
    def standing(self) -> Standing:
        """How our own phones stand."""
        return self.fleet.standing

    async def ask_caller(self) -> None:
        """Renew `figures`."""
        self.figures = await self.caller.figures()

    def renew_certificates(self, force: bool = False) -> None:
        """Present what the certificate's files hold now to new connections."""
        self.front.renew_certificates(force)
        for door in (self.smpp, self.smtp):
            if door is not None:
                door.renew_certificates(force)

    # news between the parts

    def _work(self, work: Work) -> None:
        if work.messages:
            self.dispatcher.take(work.messages)
        if work.notices:
            self._tell(work.notices)
        if work.bells:
            self.front.nudge(work.bells)
        if work.errands:
            self.campaigner.reload()
        if work.builds:
            self.exporter.wake()
        if work.lookups:
            self.inquirer.wake()
        if work.phones or self._for_phones(work):
            self.fleet.wake()
        if work.scheduled:
            self.keeper.scheduled(work.scheduled)
        if work.doubt:
            self._look_again()
            self._loop.call_later(UNHEARD, self._look_again)
        if work.facts:
            self.caller.facts_changed()
            self._loop.create_task(self._connect())

    def _tell(self, notices: Sequence[Notice]) -> None:
        """Hand news to those who call, or to the door at which its client collects it."""
        called: list[Notice] = []
        collected: list[Notice] = []
        for notice in notices:
            (collected if notice.collected else called).append(notice)
        if called:
            self.caller.take(called)
        if self.smpp is not None and collected:
            self.smpp.take(collected)

    def _for_phones(self, work: Work) -> bool:
        own = self.store.facts.phones
        return bool(own) and any(message.connector in own for message in work.messages)

    def _look_again(self) -> None:
        """Read the tables: they may hold work that we were not told of."""
        if not self.draining:
            self.dispatcher.reload()
            self._adopted()
            self.keeper.scheduled(self.now())
            if self.smpp is not None:
                self.smpp.look()

    def _adopted(self) -> None:
        """Read the tables of those who work through them: a node that is gone left us something."""
        self.campaigner.reload()
        self.exporter.wake()
        self.inquirer.wake()
        self.fleet.wake()

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

    async def _file(self, file: Attached) -> bytes | None:
        return await self.store.look(attachments.read, file, self.now())

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
        try:
            connector = self._build_connector(row.kind, setup)
        except connectors.SettingsError as error:
            log.error("app.connector_refused", connector=row.name, kind=row.kind, error=str(error))
            return
        self.connectors[row.id] = connector
        if isinstance(connector, Phones):
            self.dispatcher.know(connector)
            self.fleet.wake()
        else:
            self.dispatcher.attach(connector)
        connector.start()

    def _build_connector(self, kind: str, setup: Setup) -> Connector:
        """Make a connector, here or where the helper is; raises `connectors.SettingsError`."""
        if self._apart is not None and connectors.is_busy(kind):
            return self._apart.connectors.build(kind, setup)
        world = World(
            self._loop.time, self.now, random.random, self._loop.call_later, self._file, self.vault.secret_for
        )
        return connectors.build(kind, setup, self, world)
