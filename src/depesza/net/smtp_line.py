"""A connection to a mail server that takes one mail after the other; what it answers comes back as a value."""

import asyncio
import ssl
from contextlib import suppress

import aiosmtplib
from msgspec import Struct

from depesza.net import ConnectFailed

LAST_WORDS = 2.0
"""Seconds for a server to take its leave."""


class SmtpServer(Struct, frozen=True):
    """Where mails are handed in, and how."""

    host: str
    port: int
    security: str
    """`tls`, `starttls` or `none`."""
    context: ssl.SSLContext | None
    username: str
    password: str
    hello: str
    """What we call ourselves; empty for the machine's name."""
    connect_timer: float
    response_timer: float
    """Seconds for an answer to a command."""
    data_timer: float
    """Seconds for the answer to a whole mail."""


class Envelope(Struct, frozen=True, gc=False):
    """A mail and what is said to the server beside it."""

    sender: str
    """Where bounces go."""
    receiver: str
    octets: bytes
    id: str
    """Comes back in notifications."""
    notify: bool
    """Ask for notifications where the server offers that (RFC 3461)."""


class SmtpAnswer(Struct, frozen=True, gc=False):
    """What a server says of a mail."""

    stage: str
    """How far it came: `mail`, `rcpt`, `data`."""
    code: int
    """0 when there was none in time, or the connection broke."""
    text: str


class SmtpLine:
    """One connection, opened when it is needed and as often as it is."""

    def __init__(self, server: SmtpServer) -> None:
        self._server = server
        self._smtp: aiosmtplib.SMTP | None = None
        self.carried = 0
        """Mails since it was opened."""

    @property
    def is_open(self) -> bool:
        """Tell whether it stands, as far as we know."""
        return self._smtp is not None and self._smtp.is_connected

    async def open(self) -> None:
        """Connect, start TLS, log in; raises `ConnectFailed`, whose reason is `login` for refused credentials."""
        server = self._server
        smtp = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username or None,
            password=server.password or None,
            local_hostname=server.hello or None,
            timeout=server.connect_timer,
            use_tls=server.security == "tls",
            start_tls=server.security == "starttls",
            tls_context=server.context,
        )
        try:
            await smtp.connect()
            if smtp.is_ehlo_or_helo_needed:
                await smtp.ehlo()
        except aiosmtplib.SMTPAuthenticationError as error:
            smtp.close()
            reason = "login" if error.code >= 500 else "busy"
            raise ConnectFailed(server.host, server.port, reason, _said(error)) from error
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            smtp.close()
            raise ConnectFailed(server.host, server.port, _reason(error), _said(error)) from error
        smtp.timeout = server.response_timer
        self._smtp, self.carried = smtp, 0

    async def deliver(self, envelope: Envelope) -> SmtpAnswer:
        """Hand over one mail; never raises for what a server says or does."""
        smtp, stage = self._smtp, "mail"
        assert smtp is not None
        self.carried += 1
        try:
            notify = envelope.notify and smtp.supports_extension("dsn")
            await smtp.mail(envelope.sender, options=_mail_options(smtp, envelope, notify))
            stage = "rcpt"
            wishes = ["NOTIFY=SUCCESS,FAILURE,DELAY"] if notify else []
            await smtp.rcpt(envelope.receiver, options=wishes)
            stage = "data"
            answer = await smtp.data(envelope.octets, timeout=self._server.data_timer)
        except aiosmtplib.SMTPResponseException as error:
            await self._recover(error.code)
            return SmtpAnswer(stage, max(error.code, 0), _said(error))
        except (aiosmtplib.SMTPException, OSError) as error:
            self._drop()
            return SmtpAnswer(stage, 0, _said(error))
        except asyncio.CancelledError:
            self._drop()  # in the midst of a mail nothing else can be said
            raise
        return SmtpAnswer(stage, answer.code, " ".join(f"{answer.code} {answer.message}".split()))

    async def _recover(self, code: int) -> None:
        """After a refusal, make the server forget the mail; 421 and what is no answer end the connection."""
        smtp = self._smtp
        if smtp is None or code in (421, -1):
            self._drop()
            return
        try:
            await smtp.rset()
        except (aiosmtplib.SMTPException, OSError):
            self._drop()

    async def close(self) -> None:
        """Take leave, in a moment or without an answer."""
        smtp = self._smtp
        if smtp is not None and smtp.is_connected:
            with suppress(aiosmtplib.SMTPException, OSError):
                await smtp.quit(timeout=LAST_WORDS)
        self._drop()

    def _drop(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
        self._smtp = None


def _mail_options(smtp: aiosmtplib.SMTP, envelope: Envelope, notify: bool) -> list[str]:
    options = [f"SIZE={len(envelope.octets)}"] if smtp.supports_extension("size") else []
    return [*options, "RET=HDRS", f"ENVID={envelope.id}"] if notify else options


def _reason(error: Exception) -> str:
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return "busy" if error.code < 500 else "unreachable"
    if isinstance(error, TimeoutError):
        return "timeout"
    return "tls" if isinstance(error.__cause__ or error, ssl.SSLError) else "unreachable"


def _said(error: Exception) -> str:
    """Put what was said in a line."""
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return " ".join(f"{error.code} {error.message}".split())
    return " ".join(str(error).split()) or type(error).__name__
