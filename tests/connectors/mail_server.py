"""A mail server on the loopback (aiosmtpd) that keeps what it takes and answers each stage as the test says."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from msgspec import Struct

_NOTIFICATIONS = ("RET", "ENVID", "NOTIFY")
DROP, HANG = "drop", "hang"


class Taken(Struct):
    """A mail that was taken."""

    sender: str
    receiver: str
    options: list[str]
    """Of MAIL and RCPT, in capitals."""
    octets: bytes

    @property
    def mail(self) -> EmailMessage:
        """Read it."""
        return message_from_bytes(self.octets, policy=default)


class Postbox:
    """The server's side."""

    def __init__(self) -> None:
        self.taken: list[Taken] = []
        self.answers: dict[str, list[str]] = {"MAIL": [], "RCPT": [], "DATA": []}
        """What the next commands are answered; `DROP` breaks the connection, `HANG` lets it wait."""
        self.notifies = True
        self.farewell = 0.0
        """Seconds until QUIT is answered."""
        self.most = 100
        """Connections at once; others are sent away when they say hello."""
        self.logins: list[tuple[bytes, bytes]] = []
        self.sessions: set[int] = set()
        self.hellos: list[str] = []
        self.port = 0

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        if len(self.sessions) >= self.most:
            return ["421 4.7.0 too many connections"]
        self.sessions.add(id(session))
        self.hellos.append(hostname)
        return [*responses[:-1], *(["250-DSN"] if self.notifies else []), responses[-1]]

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return await self._answer("MAIL", server)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return await self._answer("RCPT", server)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = await self._answer("DATA", server)
        if answer[0] in "2d":
            assert isinstance(envelope.content, bytes)
            options = [*envelope.mail_options, *envelope.rcpt_options]
            self.taken.append(Taken(str(envelope.mail_from), envelope.rcpt_tos[0], options, envelope.content))
        return answer

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        await asyncio.sleep(self.farewell)
        return "221 Bye"

    async def _answer(self, stage: str, server: SMTP) -> str:
        answer = self.answers[stage].pop(0) if self.answers[stage] else "250 2.0.0 OK"
        if answer == DROP:
            assert server.transport is not None
            server.transport.abort()
        elif answer == HANG:
            await asyncio.sleep(30)
        return answer

    def login(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
        """Take one login."""
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == b"secret", handled=False)


class _Server(SMTP):
    """One that knows of notifications."""

    def _getparams(self, params: Any) -> Any:
        return super()._getparams([param for param in params if param.partition("=")[0] not in _NOTIFICATIONS])


@asynccontextmanager
async def mail_server(port: int = 0, tls: ssl.SSLContext | None = None, **options: Any) -> AsyncIterator[Postbox]:
    """Listen on the loopback, on any free port."""
    box = Postbox()
    servers: list[_Server] = []

    def make() -> _Server:
        servers.append(_Server(box, authenticator=box.login, hostname="mx.test", **options))
        return servers[-1]

    listener = await asyncio.get_running_loop().create_server(make, "127.0.0.1", port, ssl=tls)
    box.port = listener.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        listener.close()
        for server in servers:
            if server.transport is not None:
                server.transport.abort()
        await listener.wait_closed()
