"""What can be set on a phone behind gammu-smsd; docs are printed from it. spec: devices/4"""

from typing import Annotated

from msgspec import Meta

from depesza.connectors.setup import read_settings
from depesza.connectors.sim.limits import SimSettings, check_limits


class Settings(SimSettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One phone or modem behind gammu-smsd."""

    database: Annotated[
        str, Meta(min_length=1, description="The daemon's database: a file of SQLite, or postgresql://… .")
    ]
    phone: Annotated[str, Meta(description="PhoneID in the daemon's configuration.")] = ""
    number: Annotated[str, Meta(pattern=r"^(\+?\d{3,15})?$", description="Number of the SIM, for replies.")] = ""
    waiting: Annotated[int, Meta(ge=1, le=100, description="Messages that may wait in the daemon's outbox.")] = 3
    reports: Annotated[bool, Meta(description="Ask the network for delivery reports.")] = True
    poll: Annotated[float, Meta(gt=0, description="Seconds between looks into the tables.")] = 1.0
    patience: Annotated[
        float, Meta(gt=0, description="Seconds after which what still waits in the outbox is taken back.")
    ] = 120.0
    reassembly: Annotated[
        float, Meta(gt=0, description="Seconds that the parts of a text are waited for; then it is torn.")
    ] = 600.0


def read(data: bytes) -> Settings:
    """Read the settings from JSON; SettingsError names the field."""
    settings = read_settings(data, Settings)
    check_limits(settings)
    return settings
