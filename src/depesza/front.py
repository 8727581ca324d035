"""The doors that clients knock at: the dialects behind their listener."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from http import HTTPStatus

import msgspec
import structlog

from depesza.core.fairness import Lanes
from depesza.core.model import MICRO
from depesza.dialects import ALL, smsc
from depesza.dialects.contract import Context, Dialect, Finder, Line, Voice
from depesza.dialects.smpp import Door, Options
from depesza.engine import bounces
from depesza.engine.loader import Loader
from depesza.net import tls
from depesza.net.guard import Guard
from depesza.net.http_client import ClientLimits, HttpClient
from depesza.net.http_link import Sink
from depesza.net.http_protocol import HttpLimits
from depesza.net.http_server import HttpServer
from depesza.services.vault import Vault
from depesza.settings import Settings, SettingsError
from depesza.store.contract import Busy, Store
from depesza.store.opening import is_postgres
from depesza.wire import tickets
from depesza.wire.http import HttpAnswer, HttpReply, HttpRequest

log = structlog.get_logger()

LARGEST_FILE = 64 * 1024 * 1024
"""Octets of a list of receivers that a client lets us fetch."""
CERTIFICATES = 10.0
"""Seconds from one look at the certificate's files to the next."""


class Front:
    """The clients' listener, and which dialect answers what comes in."""

    def __init__(self, settings: Settings, dialects: Sequence[Dialect], requests: Counter[tuple[str, int]]) -> None:
        """Nothing listens yet; raises `SettingsError` for a certificate that can't be used.

        `requests` counts them by dialect and status.
        """
        self._settings = settings
        self._requests = requests
        self._certificates: tls.Certificates | None = None
        self._watch: asyncio.Task[None] | None = None
        self.dialects = dialects
        self._mounts = {prefix: dialect for dialect in dialects for prefix in dialect.prefixes}
        self._finders = [dialect for dialect in dialects if isinstance(dialect, Finder)]
        self._shared = {prefix.partition("/")[0] for prefix in self._mounts if "/" in prefix}
        self.http = self._make_server()

    @property
    def url(self) -> str:
        """Base address of the listener."""
        return self.http.url

    # parts

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

    # life

    async def start(self) -> None:
        """Listen; raises `OSError` when the address is taken."""
        await self.http.start()
        if self._certificates is not None:
            self._watch = asyncio.create_task(self._watch_certificates())

    async def stop(self, grace: float) -> None:
        """Listen no more, and finish the requests under way."""
        if self._watch is not None:
            self._watch.cancel()
        await self.http.stop(grace)

    def nudge(self, devices: Sequence[int]) -> None:
        """Hear that something was written that these phones shall be told, if they listen."""
        for dialect in self.dialects:
            if isinstance(dialect, Line):
                dialect.nudge(devices)

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
        """Give a request to the dialect whose prefix it has, or else to one that knows its path."""
        first, _, rest = request.path.lstrip("/").lower().partition("/")
        dialect = self._mounts.get(first)
        if first in self._shared:
            dialect = self._mounts.get(f"{first}/{rest.lstrip('/').partition('/')[0]}", dialect)
        if dialect is None:
            dialect = next((each for each in self._finders if each.owns(request.path)), None)
        if dialect is None:
            return HttpReply(404, b'{"message":"Nothing lives here"}')
        reply = await self._answer(dialect, request)
        self._requests[dialect.name, reply.status] += 1
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


def make_dialects(
    settings: Settings, store: Store, lanes: Lanes, vault: Vault, now: Callable[[], int], client: HttpClient
) -> Sequence[Dialect]:
    """Make all dialects; `client` fetches the files that clients name."""
    context = _context(settings, store, lanes, vault, now, client)
    return [make(context) for make in ALL]


def make_smpp(
    settings: Settings, store: Store, lanes: Lanes, vault: Vault, now: Callable[[], int], client: HttpClient
) -> Door | None:
    """Make the door for SMPP, where the settings open one; raises `SettingsError`."""
    chosen = settings.smpp
    if chosen.port < 0 and chosen.tls_port < 0:
        return None
    if chosen.tls_port >= 0 and not chosen.tls_cert:
        raise SettingsError("smpp.tls_cert: a certificate is needed where smpp.tls_port is set")
    options = Options(
        host=chosen.host,
        port=chosen.port,
        tls_port=chosen.tls_port,
        tls_cert=chosen.tls_cert,
        tls_key=chosen.tls_key,
        client_ca=chosen.client_ca,
        system_id=chosen.system_id,
        connections=chosen.connections,
        bind_seconds=chosen.bind_seconds,
        inactivity=chosen.inactivity,
        window=chosen.window,
        keep=chosen.keep_days * 86_400,
    )
    try:
        return Door(
            _context(settings, store, lanes, vault, now, client), options, shared=is_postgres(settings.store.url)
        )
    except OSError as error:
        raise SettingsError(f"smpp.tls_cert, smpp.tls_key, smpp.client_ca: {error}") from error


def make_smtp(
    settings: Settings, made: Iterable[Dialect], store: Store, vault: Vault, now: Callable[[], int]
) -> smsc.MailDoor | None:
    """Make the door for mail beside the dialect that it belongs to, where the settings open one; or `SettingsError`."""
    chosen = settings.smtp
    if chosen.port < 0:
        return None
    if not chosen.domain:
        raise SettingsError("smtp.domain: a domain is needed where smtp.port is set")
    options = smsc.Options(
        host=chosen.host,
        port=chosen.port,
        domain=chosen.domain,
        tls_cert=chosen.tls_cert,
        tls_key=chosen.tls_key,
        connections=chosen.connections,
        per_address=chosen.per_address,
        rate=chosen.rate,
    )

    async def bounced(octets: bytes, recipients: Sequence[str]) -> None:
        await bounces.take(store, octets, recipients, vault.secret_for(tickets.PURPOSE), now())

    try:
        return next(each for each in made if isinstance(each, smsc.Smsc)).mail_door(options, bounced)
    except OSError as error:
        raise SettingsError(f"smtp.tls_cert, smtp.tls_key: {error}") from error


def _context(
    settings: Settings, store: Store, lanes: Lanes, vault: Vault, now: Callable[[], int], client: HttpClient
) -> Context:
    policy = settings.policy()

    async def download(url: str, sink: Sink) -> HttpAnswer:
        return await client.fetch(url, sink, limit=LARGEST_FILE)

    async def fetch(url: str) -> HttpAnswer:
        body = bytearray()
        answer = await client.fetch(url, body.extend, limit=settings.documents.largest)
        return msgspec.structs.replace(answer, body=bytes(body))

    return Context(
        store=store,
        vault=vault,
        lanes=lanes,
        policy=policy,
        now=now,
        lists=Loader(store, download, policy, now),
        bases=settings.http.public,
        signature_window=settings.security.signature_window,
        largest_document=settings.documents.largest,
        export_life=settings.documents.export_days * 86_400 * MICRO,
        orders_wait=settings.orders.wait,
        terms=settings.orders.terms,
        fetch=fetch,
        http2sms_help=settings.http2sms.help,
        mails=bool(settings.mail.host),
        smpp_endpoints=(settings.smpp.public_tls, settings.smpp.public),
    )


def voices(made: Iterable[Dialect]) -> dict[str, Voice]:
    """Choose the dialects that tell news, by name."""
    return {dialect.name: dialect for dialect in made if isinstance(dialect, Voice)}


def make_client(settings: Settings) -> HttpClient:
    """Make a client that calls what clients name: private addresses only where the settings allow them."""
    allowed = settings.security.allow_private
    networks = [text for text in allowed if text[0].isdigit() or ":" in text]
    hosts = [text for text in allowed if text not in networks]
    limits = ClientLimits(per_host=settings.callbacks.per_host, body=65536)
    return HttpClient(Guard(allowed_networks=networks, allowed_hosts=hosts), limits=limits)


def _fallback(request: HttpRequest, status: int) -> HttpReply:
    """Answer what no dialect gets to see: a body that is too large."""
    words = {413: "The request body is too large"}.get(status, "Internal server error")
    return HttpReply(
        status, msgspec.json.encode({"message": words, "httpCode": f"{status} {HTTPStatus(status).phrase}"})
    )
