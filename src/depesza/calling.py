"""Callbacks: the notifier with all that it needs to speak to clients, in whichever process it lives.

It needs the store and nothing else of a running platform, so it can have a process of its own (`apart.py`).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from depesza.core.model import Notice
from depesza.dialects.contract import Mannered, Manners, Voice
from depesza.engine import notifier, signing
from depesza.engine.figures import Figures
from depesza.engine.gather import Gather
from depesza.engine.postman import Postman
from depesza.net.http_client import HttpClient
from depesza.net.mail import MailServer
from depesza.services.vault import Vault
from depesza.settings import MailSettings, Settings
from depesza.store.contract import Store
from depesza.wire.http import HttpCall


class Caller(Protocol):
    """Makes callbacks, here or in a process of its own."""

    @property
    def problem(self) -> str:
        """Why nothing is called back; empty while it is."""
        ...

    async def start(self) -> None:
        """Begin, with what the table holds."""
        ...

    def take(self, notices: Sequence[Notice]) -> None:
        """Take notices that were just written."""
        ...

    def facts_changed(self) -> None:
        """Hear that the facts were replaced."""
        ...

    async def figures(self) -> Figures:
        """Tell what was counted so far."""
        ...

    async def stop(self, grace: float) -> None:
        """Start no more calls, write down what came of those under way, close."""
        ...


class Calling:
    """Callbacks made in this process. Implements `Caller`."""

    problem = ""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        voices: Mapping[str, Voice],
        client: HttpClient,
        vault: Vault,
        now: Callable[[], int],
        gather: Gather | None = None,
    ) -> None:
        """`gather` is shared with others that write news of the same moment."""
        self._vault = vault
        plan = settings.callbacks
        self.notifier = notifier.Notifier(
            store,
            voices,
            client,
            self._signed,
            now,
            notifier.Plan(plan.timeout, plan.per_host, plan.schedule, _manners(voices)),
            gather,
            Postman(_mail_server(settings.mail), vault, now).send,
        )

    def _signed(self, notice: Notice, call: HttpCall, now: int) -> HttpCall:
        return signing.signed(self._vault, notice, call, now)

    async def start(self) -> None:
        """See `Caller`."""
        await self.notifier.start()

    def take(self, notices: Sequence[Notice]) -> None:
        """See `Caller`."""
        self.notifier.take(notices)

    def facts_changed(self) -> None:
        """See `Caller`; the store of this process has them already."""

    async def figures(self) -> Figures:
        """See `Caller`."""
        return Figures(dict(self.notifier.results), self.notifier.waiting)

    async def stop(self, grace: float) -> None:
        """See `Caller`."""
        await self.notifier.stop(min(grace, 5.0))


def _manners(voices: Mapping[str, Voice]) -> dict[str, Manners]:
    return {name: voice.manners for name, voice in voices.items() if isinstance(voice, Mannered)}


def _mail_server(mail: MailSettings) -> MailServer:
    return MailServer(mail.host, mail.port, mail.security, mail.username, mail.password, mail.sender, mail.timeout)
