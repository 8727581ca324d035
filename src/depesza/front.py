"""Everything that faces clients: the dialects behind their listener, and the callbacks to clients.

It needs the store and nothing else of a running platform, so it can live in a process of its own (`apart.py`).
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Protocol

import msgspec
import structlog

from depesza import dialects
from depesza.core.fairness import Lanes
from depesza.core.model import MICRO, Notice, Nudge
from depesza.core.planning import Policy
from depesza.dialects.contract import Context, Dialect, Line, Voice
from depesza.engine import notifier, signing
from depesza.engine.figures import Figures
from depesza.engine.gather import Gather
from depesza.engine.loader import Loader
from depesza.engine.postman import Postman
from depesza.net import tls
from depesza.net.guard import Guard
from depesza.net.http_client import ClientLimits, HttpClient
from depesza.net.http_link import Sink
from depesza.net.http_protocol import HttpLimits
from depesza.net.http_server import HttpServer
from depesza.net.mail import MailServer
from depesza.services.vault import Vault
from depesza.settings import Settings, SettingsError
from depesza.store.contract import Busy, Store
from depesza.wire.http import HttpAnswer, HttpCall, HttpReply, HttpRequest

log = structlog.get_logger()

LARGEST_FILE = 64 * 1024 * 1024
"""Octets of a list of receivers that a client lets us fetch."""
CERTIFICATES = 10.0
"""Seconds from one look at the certificate's files to the next."""


class Facing(Protocol):
    """A front, here or in a process of its own."""

    @property
    def url(self) -> str:
        """Base address of the listener, once it is open."""
        ...

    @property
    def problem(self) -> str:
        """Why it serves nobody; empty while it does."""
        ...

    async def prepare(self, node: int) -> None:
        """Begin to call back, with what the table holds for this node."""
        ...

    async def listen(self) -> None:
        """Open the listener; raises `OSError` when its address is taken, `SettingsError` for a bad certificate."""
        ...

    def take(self, notices: Sequence[Notice]) -> None:
        """Take notices that were just written."""
        ...

    def facts_changed(self) -> None:
        """Hear that the facts were replaced."""
        ...

    def nudge(self, nudges: Sequence[Nudge]) -> None:
        """Tell phones that listen what is new for them."""
        ...

    def renew_certificates(self, force: bool = False) -> None:
        """Present what the certificate's files hold now."""
        ...

    async def figures(self) -> Figures:
        """Tell what was counted so far."""
        ...

    async def hang_up(self, grace: float) -> None:
        """Listen no more, and finish the requests under way."""
        ...

    async def end(self, grace: float) -> None:
        """Start no more callbacks, write down what came of those under way, close."""
        ...


class Front:
    """The clients' side of a platform, in this process. Implements `Facing`."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        lanes: Lanes,
        policy: Policy,
        vault: Vault,
        now: Callable[[], int],
        gather: Gather | None = None,
    ) -> None:
        """`gather` is shared with others that write news of the same moment."""
        self._settings = settings
        self._store = store
        self._policy = policy
        self._vault = vault
        self._now = now
        self.problem = ""
        self.requests: Counter[tuple[str, int]] = Counter()
        self._certificates: tls.Certificates | None = None
        self._watch: asyncio.Task[None] | None = None
        self._client = self._make_client()
        self.dialects = self._make_dialects(lanes)
        self._mounts = {prefix: dialect for dialect in self.dialects for prefix in dialect.prefixes}
        self._shared = {prefix.partition("/")[0] for prefix in self._mounts if "/" in prefix}
        self.notifier = self._make_notifier(gather)
        self.http = self._make_server()

    @property
    def url(self) -> str:
        """Base address of the listener."""
        return self.http.url

    # parts

    def _make_client(self) -> HttpClient:
        allowed = self._settings.security.allow_private
        networks = [text for text in allowed if text[0].isdigit() or ":" in text]
        hosts = [text for text in allowed if text not in networks]
        limits = ClientLimits(per_host=self._settings.callbacks.per_host, body=65536)
        return HttpClient(Guard(allowed_networks=networks, allowed_hosts=hosts), limits=limits)

    def _make_notifier(self, gather: Gather | None) -> notifier.Notifier:
        plan = self._settings.callbacks
        return notifier.Notifier(
            self._store,
            {dialect.name: dialect for dialect in self.dialects if isinstance(dialect, Voice)},
            self._client,
            self._signed,
            self._now,
            notifier.Plan(plan.timeout, plan.per_host, plan.schedule),
            gather,
            Postman(_mail_server(self._settings), self._vault, self._now).send,
        )

    def _make_dialects(self, lanes: Lanes) -> Sequence[Dialect]:
        settings = self._settings
        context = Context(
            store=self._store,
            vault=self._vault,
            lanes=lanes,
            policy=self._policy,
            now=self._now,
            lists=Loader(self._store, self._download, self._policy, self._now),
            bases=settings.http.public,
            signature_window=settings.security.signature_window,
            largest_document=settings.documents.largest,
            export_life=settings.documents.export_days * 86_400 * MICRO,
            orders_wait=settings.orders.wait,
            terms=settings.orders.terms,
            http2sms_help=settings.http2sms.help,
            mails=bool(settings.mail.host),
        )
        return [make(context) for make in dialects.ALL]

    def _make_server(self) -> HttpServer:
        http = self._settings.http
        self._certificates = _certificates(http.tls_cert, http.tls_key)
        return HttpServer(
            self.handle,
            host=http.host,
            port=http.port,
            tls=self._certificates.context if self._certificates else None,
            fallback=_fallback,
            trusted=http.trusted_proxies,
            limits=HttpLimits(body=http.body_limit),
        )

    async def _download(self, url: str, sink: Sink) -> HttpAnswer:
        return await self._client.fetch(url, sink, limit=LARGEST_FILE)

    def _signed(self, notice: Notice, call: HttpCall, now: int) -> HttpCall:
        return signing.signed(self._vault, notice, call, now)

    # life

    async def prepare(self, node: int) -> None:
        """See `Facing`."""
        self.notifier.start()

    async def listen(self) -> None:
        """See `Facing`."""
        await self.http.start()
        if self._certificates is not None:
            self._watch = asyncio.create_task(self._watch_certificates())

    async def hang_up(self, grace: float) -> None:
        """See `Facing`."""
        if self._watch is not None:
            self._watch.cancel()
        await self.http.stop(grace)

    async def end(self, grace: float) -> None:
        """See `Facing`."""
        await self.notifier.stop(min(grace, 5.0))
        await self._client.close()

    def take(self, notices: Sequence[Notice]) -> None:
        """See `Facing`."""
        self.notifier.take(notices)

    def facts_changed(self) -> None:
        """See `Facing`; the store of this process has them already."""

    def nudge(self, nudges: Sequence[Nudge]) -> None:
        """See `Facing`."""
        for dialect in self.dialects:
            if isinstance(dialect, Line):
                dialect.nudge(nudges)

    async def figures(self) -> Figures:
        """See `Facing`."""
        return Figures(dict(self.requests), dict(self.notifier.results), self.notifier.waiting)

    async def _watch_certificates(self) -> None:
        while True:
            await asyncio.sleep(CERTIFICATES)
            self.renew_certificates()

    def renew_certificates(self, force: bool = False) -> None:
        """Present what the files hold now to new connections; files that can't be used change nothing."""
        if self._certificates is None:
            return
        file = self._settings.http.tls_cert
        try:
            if self._certificates.refresh(force=force):
                log.info("app.certificate_renewed", file=file)
        except OSError as error:  # SSLError is one
            log.error("app.certificate_refused", file=file, error=str(error))

    # requests

    async def handle(self, request: HttpRequest) -> HttpReply:
        """Give a request to the dialect whose prefix it has."""
        first, _, rest = request.path.lstrip("/").lower().partition("/")
        dialect = self._mounts.get(first)
        if first in self._shared:
            dialect = self._mounts.get(f"{first}/{rest.lstrip('/').partition('/')[0]}", dialect)
        if dialect is None:
            return HttpReply(404, b'{"message":"Nothing lives here"}')
        reply = await self._answer(dialect, request)
        self.requests[dialect.name, reply.status] += 1
        return reply

    async def _answer(self, dialect: Dialect, request: HttpRequest) -> HttpReply:
        try:
            return await dialect.handle(request)
        except Busy:
            return dialect.failed(request)
        except Exception:
            log.exception("app.request_failed", method=request.method, path=request.path)
            return dialect.failed(request)


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
