"""Phones and modems of our own, as one way out: a name that routes can give, and how it stands.

It has no socket and takes no message: phones call us. The engine's fleet gives out what is queued for this connector
and tells here how the phones stand.
"""

from depesza.connectors.contract import Health, Link, Reports
from depesza.connectors.setup import Setup, World, read_settings
from depesza.core.devices import Terms
from depesza.core.model import Message, Outcome, Receipt


class Settings(Terms, frozen=True, forbid_unknown_fields=True):
    """What can be set on phones."""


class Phones:
    """The shell of all phones. Implements `contract.Connector`."""

    def __init__(self, setup: Setup, reports: Reports, world: World) -> None:
        self.id = setup.id
        self.name = setup.name
        self.terms = read(setup.settings)
        self._reports = reports
        self._world = world
        self._health = Health(Link.DOWN, "no phone has called yet")

    @property
    def room(self) -> int:
        """None: the fleet takes messages from the table."""
        return 0

    @property
    def capacity(self) -> int:
        """Nothing is ever handed over here."""
        return 1

    @property
    def link(self) -> Link:
        """How the phones stand."""
        return self._health.link

    @property
    def health(self) -> Health:
        """How the phones stand."""
        return self._health

    def stands(self, online: int, known: int, held: int) -> None:
        """Hear how many phones are there, and how many messages they hold."""
        if self._health.link is Link.STOPPED:
            return
        link = Link.UP if online else Link.DOWN
        changed = link is not self._health.link
        self._health = Health(link, f"{online} of {known} phones online", online, held)
        if changed:
            self._reports.ready(self.id)

    def start(self) -> None:
        """Wait for phones to call."""

    def send(self, message: Message) -> None:
        """Give a message back that was handed over by mistake: no phone has seen it."""
        at = self._world.now()
        self._reports.outcome(self.id, Outcome(message.id, at, refusal="busy", retry_after=1, detail="given out later"))

    def matched(self, receipt: Receipt, remote: str) -> None:
        """Learn nothing: phones use our own ids."""

    async def stop(self, grace: float) -> None:
        """Hold nothing back: what phones hold stands in the table."""
        self._health = Health(Link.STOPPED)


def read(data: bytes) -> Settings:
    """Read settings from JSON; SettingsError names the field."""
    return read_settings(data, Settings)


def build(setup: Setup, reports: Reports, world: World) -> Phones:
    """Make the shell; SettingsError names what is wrong."""
    return Phones(setup, reports, world)
