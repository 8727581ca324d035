"""The door: listeners with and without TLS, binds, and who gets which event.

spec: smsc/4.2 ovh/8 carriers/C.1
"""

import asyncio
import contextlib
import ssl
from collections import Counter
from collections.abc import Awaitable, Iterable, Sequence

import structlog

from depesza.core.facts import Account
from depesza.core.model import MICRO, Notice
from depesza.dialects import doors
from depesza.dialects.contract import Context
from depesza.dialects.smpp import binding, operations
from depesza.dialects.smpp.customer import Customer
from depesza.dialects.smpp.line import Delivery, Events, Line, Wire
from depesza.dialects.smpp.options import Options
from depesza.dialects.smpp.outbox import Outbox
from depesza.dialects.smpp.serving import Submitting, status_of
from depesza.net.tcp import Link, Listener, listen
from depesza.net.tls import Certificates, server_context
from depesza.services import collected, segments
from depesza.store.contract import StoreError
from depesza.wire.smpp import pdus, status
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
from depesza.wire.smpp.session import Session

log = structlog.get_logger()

TICK = 1.0
LINGER = 5.0
"""Seconds in which a customer may read what was said last."""
LEASE = 15 * MICRO
"""Microseconds for which a node tells an account's news without renewing the right."""
BINDS_AT_ONCE = doors.MOST_WAITING // 2
"""Binds whose passwords are compared; all others of a storm wait in line."""
RENEW, CERTIFICATES, SWEEP = 5, 10, 60
"""Ticks from one renewal to the next, and from one look at the certificate, at what is old."""


class Door:
    """SMPP for customers."""

    def __init__(self, context: Context, options: Options, *, shared: bool = False) -> None:
        """Nothing listens yet; raises OSError for a certificate that can't be used.

        `shared`: other nodes write news too, without telling us.
        """
        self.options = options
        self.counts: Counter[tuple[str, str]] = Counter()
        """Requests by command and status."""
        self.faults = 0
        """PDUs that broke the protocol's rules."""
        self._context = context
        self._shared = shared
        self._loop = asyncio.get_running_loop()
        self._settings = options.session()
        self._passwords = doors.Door(context.vault)
        self._at_once = asyncio.Semaphore(BINDS_AT_ONCE)
        self._submitting = Submitting(context, self._answer)
        self._certificates = _certificates(options)
        self._listeners: list[Listener[Session[Delivery], Event[Delivery]]] = []
        self._lines: dict[int, Line] = {}
        self._customers: dict[int, Customer] = {}
        self._last = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._clock: asyncio.Task[None] | None = None
        self._stopping = False
        self.port = self.tls_port = 0
        """Where it listens; 0 where it does not."""

    # life

    async def start(self) -> None:
        """Listen; raises `AddressInUse`."""
        options = self.options
        if options.port >= 0:
            self.port = await self._listen(options.port, None)
        if self._certificates is not None:
            context = self._certificates.context if isinstance(self._certificates, Certificates) else self._certificates
            self.tls_port = await self._listen(max(options.tls_port, 0), context)
        self._clock = self._loop.create_task(self._tick())

    async def _listen(self, port: int, tls: ssl.SSLContext | None) -> int:
        listener = await listen(self.options.host, port, self._connection, ssl=tls)
        self._listeners.append(listener)
        return listener.port

    async def stop(self, grace: float) -> None:
        """Listen no more, answer what was asked, unbind, close."""
        self._stopping = True
        if self._clock is not None:
            self._clock.cancel()
        for listener in self._listeners:
            listener.close()
        lines = list(self._lines.values())
        for line in lines:
            self._unbind(line)
        if lines:
            await asyncio.wait([asyncio.ensure_future(line.link.closed()) for line in lines], timeout=grace)
        for line in list(self._lines.values()):
            line.link.abort()
        for account, customer in self._customers.items():
            await customer.outbox.close()
            await self._context.store.insist(collected.resign, account)

    # to look at

    @property
    def lines(self) -> list[Line]:
        """The connections that have bound."""
        return [line for line in self._lines.values() if line.system_id]

    @property
    def waiting(self) -> int:
        """News in memory."""
        return sum(customer.outbox.waiting for customer in self._customers.values())

    @property
    def told(self) -> int:
        """PDUs with news that were sent."""
        return sum(customer.outbox.told for customer in self._customers.values())

    @property
    def retold(self) -> int:
        """News that has to be told again."""
        return sum(customer.outbox.retold for customer in self._customers.values())

    # connections

    def _connection(self) -> Wire:
        self._last += 1
        line = Line(self._last, self._settings, self._loop.time())
        line.link = Link(
            line.session,
            lambda link, events: self._on_events(line, events),
            on_open=lambda link: self._opened(line),
            on_lost=lambda link, error: self._lost(line),
            in_step=True,
        )
        return line.link

    def _opened(self, line: Line) -> None:
        if len(self._lines) >= self.options.connections or self._stopping:
            line.link.abort()
        self._lines[line.number] = line

    def _lost(self, line: Line) -> None:
        self._lines.pop(line.number, None)
        if line.system_id:
            log.info("smpp.closed", system_id=line.system_id, client=line.link.peer[0], bind=line.number)

    def _unbind(self, line: Line) -> None:
        line.session.unbind(self._loop.time())
        line.link.flush()
        self._on_events(line, line.session.tick(self._loop.time()))

    # events

    def _on_events(self, line: Line, events: Events) -> None:
        customer = self._customers.get(line.account)
        for event in events:
            if isinstance(event, Requested):
                self._serve(line, event.sequence, event.pdu)
            elif isinstance(event, Responded):
                if customer is not None and not event.late:
                    customer.outbox.settle(event.token, event.status)
            elif isinstance(event, BindRequested):
                self._spawn(self._bind(line, event))
            else:
                self._take_rare(line, customer, event)
        self._submitting.hand_over()
        if customer is not None:
            customer.outbox.pump()

    def _take_rare(self, line: Line, customer: Customer | None, event: Event[Delivery]) -> None:
        if isinstance(event, ProtocolFault):
            self.faults += 1
        elif isinstance(event, Closed):
            self._loop.call_later(LINGER, line.link.abort)  # one who reads nothing would keep it for ever
            if customer is not None:
                led = customer.outbox.leading
                customer.leave(line)
                customer.outbox.lost(event.unanswered)
                if led and not customer.outbox.leading and not self._stopping:
                    self._spawn(self._resign(line.account))
        elif customer is None:
            pass
        elif isinstance(event, Nacked) and event.token is not None:
            customer.outbox.settle(event.token, event.status or status.RUNKNOWNERR)
        elif isinstance(event, Uncertain):
            customer.outbox.settle(event.token, status.RX_T_APPN)

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # requests

    def _serve(self, line: Line, sequence: int, pdu: pdus.Request) -> None:
        account = line.account_in(self._context.store.facts)
        customer = self._customers.get(line.account)
        if account is None or customer is None or not account.enabled:
            self._answer(line, sequence, pdu, pdu.response(status.RBINDFAIL))
        elif isinstance(pdu, pdus.SubmitSm | pdus.SubmitMulti | pdus.DataSm):
            self._submitting.take(customer, account, line, sequence, pdu)
        else:
            self._spawn(self._operate(account, line, sequence, pdu))

    async def _operate(self, account: Account, line: Line, sequence: int, pdu: pdus.Request) -> None:
        try:
            response = await _operation(self._context, account, pdu)
        except Exception as error:
            response = pdu.response(status_of(error, account.home))
        self._answer(line, sequence, pdu, response)

    def _answer(self, line: Line, sequence: int, pdu: pdus.Request, response: pdus.Response) -> None:
        self.counts[type(pdu).__name__, status.look(response.status).name] += 1
        line.answer(sequence, response)

    # binds

    async def _bind(self, line: Line, event: BindRequested) -> None:
        """Let a customer in, or tell why not."""
        pdu, context = event.pdu, self._context
        address = line.link.peer[0]
        caller = binding.find(context.store.facts, pdu.system_id)
        async with self._at_once:
            code = await binding.refusal(caller, pdu.password, address, self._passwords, context.now())
        if (
            caller is not None
            and not code
            and len(self._customer(caller.account.id).lines) >= caller.account.smpp_binds
        ):
            code = binding.too_many(caller.account)
        self.counts[type(pdu).__name__, status.look(code).name] += 1
        if code or caller is None:
            log.info("smpp.bind_refused", system_id=pdu.system_id, client=address, status=code)
            line.refuse(event.sequence, code)
            return
        if line.session.accept(event.sequence):
            self._join(line, pdu, caller)

    def _join(self, line: Line, pdu: pdus.Bind, caller: binding.Caller) -> None:
        line.system_id, line.account, line.credential = pdu.system_id, caller.account.id, caller.hashed
        line.since = self._context.now()
        line.link.flush()
        self._customer(line.account).join(line)
        log.info("smpp.bound", system_id=line.system_id, client=line.link.peer[0], bind=line.number)
        if line.receiving:
            self._spawn(self._lead([line.account]))

    def _customer(self, account: int) -> Customer:
        found = self._customers.get(account)
        if found is None:
            outbox = Outbox(account, self._context.store, self._context.now)
            found = self._customers[account] = Customer(account, outbox, self._loop.time)
        return found

    def _check_lines(self) -> None:
        """End binds of those who may bind no more."""
        facts = self._context.store.facts
        for line in self.lines:
            caller = binding.find(facts, line.system_id)
            if caller is None or caller.hashed != line.credential or not binding.allowed(caller, line.link.peer[0]):
                self._unbind(line)

    # news

    def take(self, notices: Iterable[Notice]) -> None:
        """Take news that was just written; what belongs to none of our customers waits in the table."""
        mine: dict[int, list[Notice]] = {}
        for notice in notices:
            mine.setdefault(notice.account, []).append(notice)
        for account, news in mine.items():
            customer = self._customers.get(account)
            if customer is not None:
                customer.outbox.take(news)

    def look(self) -> None:
        """Read what waits: there may be news that we were not told of."""
        for customer in self._customers.values():
            customer.outbox.reload()

    async def _lead(self, accounts: Sequence[int]) -> None:
        now = self._context.now()
        try:
            led = await self._context.store.insist(collected.lead, accounts, now + LEASE, now)
        except StoreError as error:
            log.warning("smpp.news_not_led", error=repr(error))
            return
        for account in accounts:
            outbox = self._customers[account].outbox
            outbox.lead(account in led and bool(outbox.lines))

    async def _resign(self, account: int) -> None:
        """Let another node tell an account's news at once: its last bind here is gone."""
        with contextlib.suppress(StoreError):
            await self._context.store.insist(collected.resign, account)

    async def _tick(self) -> None:
        ticks = 0
        while True:
            await asyncio.sleep(TICK)
            ticks += 1
            try:
                await self._duties(ticks)
            except StoreError as error:
                log.warning("smpp.duty_failed", error=repr(error))

    async def _duties(self, ticks: int) -> None:
        self._check_lines()
        for customer in self._customers.values():
            customer.outbox.pump()  # a bind that read slowly may have caught up
        if self._shared:
            self.look()
        if ticks % CERTIFICATES == 0:
            self.renew_certificates()
        if ticks % RENEW == 0:
            served = [account for account, customer in self._customers.items() if customer.outbox.lines]
            if served:
                await self._lead(served)
        if ticks % SWEEP == 0:
            await self.sweep()
            self.look()

    async def sweep(self) -> None:
        """Give up what has waited for too long: pieces of texts, news."""
        store, now = self._context.store, self._context.now()
        while await store.insist(segments.expire, now):
            pass
        await store.insist(collected.give_up, now - int(self.options.keep * MICRO))

    def renew_certificates(self, force: bool = False) -> None:
        """Present what the certificate's files hold now to new connections; those that can't be used change nothing."""
        if not isinstance(self._certificates, Certificates):
            return
        try:
            if self._certificates.refresh(force=force):
                log.info("smpp.certificate_renewed")
        except OSError as error:
            log.error("smpp.certificate_refused", error=str(error))


async def _operation(context: Context, account: Account, pdu: pdus.Request) -> pdus.Response:
    if isinstance(pdu, pdus.QuerySm):
        return await operations.query(context, account, pdu)
    if isinstance(pdu, pdus.CancelSm):
        return await operations.cancel(context, account, pdu)
    if isinstance(pdu, pdus.ReplaceSm):
        return await operations.replace(context, account, pdu)
    return pdu.response(status.RINVCMDID)


def _certificates(options: Options) -> Certificates | ssl.SSLContext | None:
    if options.tls_port < 0:
        return None
    if options.client_ca:
        return server_context(options.tls_cert, options.tls_key or None, client_ca=options.client_ca)
    return Certificates(options.tls_cert, options.tls_key or None)
