"""Ways out: one module or folder for each kind of carrier, and the table from which they are built.

`build("smpp", Setup(id, name, settings, habits), reports, world)` gives a `contract.Connector`;
`check` tells whether settings can be used, without building anything; `carries` which channels a kind knows.
"""

from collections.abc import Callable

from msgspec import Struct

from depesza.connectors import gammu, mail, modem, phones, smpp, virtual
from depesza.connectors.contract import Connector, Reports
from depesza.connectors.gammu import settings as gammu_settings
from depesza.connectors.mail import settings as mail_settings
from depesza.connectors.modem import settings as modem_settings
from depesza.connectors.setup import SettingsError, Setup, World
from depesza.connectors.smpp import settings as smpp_settings
from depesza.core.model import Channel

__all__ = ["KINDS", "Kind", "SettingsError", "Setup", "World", "build", "carries", "check", "is_busy"]

_TEXTS = frozenset({Channel.SMS})


class Kind(Struct, frozen=True):
    """One kind of connector."""

    build: Callable[[Setup, Reports, World], Connector]
    read: Callable[[bytes], Struct]
    """Read settings from JSON; SettingsError names the field."""
    settings: type[Struct]
    """The fields, each with its help in the JSON Schema: `msgspec.json.schema(kind.settings)`."""
    channels: frozenset[Channel] = _TEXTS
    """What a route to it may carry."""
    busy: bool = False
    """Its carrier may take thousands of messages a second, so it lives in a process of its own where there is one."""


KINDS: dict[str, Kind] = {
    "gammu": Kind(gammu.build, gammu_settings.read, gammu.Settings),
    "mail": Kind(mail.build, mail_settings.read, mail.Settings, frozenset({Channel.MAIL})),
    "modem": Kind(modem.build, modem_settings.read, modem.Settings),
    "phones": Kind(phones.build, phones.read, phones.Settings),
    "smpp": Kind(smpp.build, smpp_settings.read, smpp.Settings, busy=True),
    "virtual": Kind(virtual.build, virtual.read, virtual.Settings, virtual.CHANNELS),
}
"""By the name that configuration uses."""


def build(kind: str, setup: Setup, reports: Reports, world: World) -> Connector:
    """Make a connector; SettingsError when the kind is unknown or its settings are wrong."""
    return _kind(kind).build(setup, reports, world)


def check(kind: str, settings: bytes) -> None:
    """Raise SettingsError when settings (JSON) of this kind cannot be used."""
    _kind(kind).read(settings)


def carries(kind: str) -> frozenset[Channel]:
    """Tell which channels a kind of connector carries; SettingsError when there is no such kind."""
    return _kind(kind).channels


def is_busy(kind: str) -> bool:
    """Tell whether connectors of a kind live in a process of their own where there is one; SettingsError as above."""
    return _kind(kind).busy


def _kind(name: str) -> Kind:
    try:
        return KINDS[name]
    except KeyError:
        raise SettingsError(f"kind: no connector is called {name!r}; there are {', '.join(KINDS)}") from None
