"""Mail that is owed: its secret part opened, written, and handed to the mail server."""

from collections.abc import Callable

import msgspec
import structlog

from depesza.core.model import Notice
from depesza.net.mail import NO_SERVER, MailServer, hand_in
from depesza.services.vault import Vault
from depesza.wire import mail
from depesza.wire.http import HttpAnswer
from depesza.wire.mail import Mail

log = structlog.get_logger()

_read = msgspec.json.Decoder(Mail).decode


class Postman:
    """Sends notices of the kind `mail`."""

    def __init__(self, server: MailServer, vault: Vault, now: Callable[[], int]) -> None:
        """`now` gives microseconds since 1970."""
        self._server = server
        self._vault = vault
        self._now = now

    async def send(self, notice: Notice) -> HttpAnswer:
        """Send one; the answer's status is SMTP's code, 0 when there was none."""
        if not self._server.host:
            log.warning("mail.no_server", notice=notice.id, account=notice.account)
            return HttpAnswer(0, error=NO_SERVER)
        letter = _read(notice.fact)
        if letter.sealed:
            letter = msgspec.structs.replace(letter, text=letter.text + self._vault.unseal(letter.sealed))
        octets = mail.write(letter, self._server.sender, str(notice.id), self._now())
        return await hand_in(self._server, letter.to, octets)
