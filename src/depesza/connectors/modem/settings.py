"""What can be set on a GSM modem: each field with its default and a sentence; docs are printed from it.

spec: devices/4
"""

from typing import Annotated, Literal

from msgspec import Meta

from depesza.connectors.setup import read_settings
from depesza.connectors.sim.limits import SimSettings, check_limits
from depesza.wire.at.driver import Options

Seconds = Annotated[float, Meta(gt=0)]


class Settings(SimSettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One modem with one SIM."""

    # the line
    port: Annotated[
        str, Meta(min_length=1, description="Serial port; one of /dev/serial/by-id/ stays the same after a new start.")
    ]
    speed: Annotated[int, Meta(ge=300, le=4_000_000, description="Baud; USB modems take any.")] = 115_200
    flow: Annotated[bool, Meta(description="Use RTS and CTS.")] = False

    # the SIM
    pin: Annotated[str, Meta(pattern=r"^(\d{4,8})?$", description="PIN of the SIM; given once, never twice.")] = ""
    number: Annotated[
        str, Meta(pattern=r"^(\+?\d{3,15})?$", description="Number of the SIM, for replies; empty: asked of the SIM.")
    ] = ""
    centre: Annotated[
        str, Meta(pattern=r"^(\+?\d{3,15})?$", description="Service centre to set; empty: the SIM's own.")
    ] = ""
    memory: Annotated[
        str, Meta(pattern=r"^([A-Z]{2})?$", description="Memory for texts, as SM or ME; empty: the modem's choice.")
    ] = ""
    indications: Annotated[
        str,
        Meta(
            pattern=r"^(\d(,\d){0,4})?$",
            description="Parameters of AT+CNMI, as 2,1,0,2,0; empty: the first that works.",
        ),
    ] = ""
    senders: Annotated[
        Literal["any", "own"],
        Meta(description="A SIM sends from its own number: take messages of any sender, or refuse others (own)."),
    ] = "any"
    reports: Annotated[bool, Meta(description="Ask the network for delivery reports.")] = True

    # time
    silence: Annotated[Seconds, Meta(description="No answer to a message for so long: it is uncertain.")] = 60.0
    poll: Annotated[Seconds, Meta(description="Seconds between looks at network and signal.")] = 30.0
    sweep: Annotated[Seconds, Meta(description="Seconds between looks into the memory for texts.")] = 60.0
    reconnect_first: Annotated[Seconds, Meta(description="Seconds before a lost port is opened again.")] = 1.0
    reconnect_most: Annotated[Seconds, Meta(description="Seconds between tries at most.")] = 60.0
    reassembly: Annotated[
        Seconds, Meta(description="Seconds that the parts of a text are waited for; then it is torn.")
    ] = 600.0

    @property
    def options(self) -> Options:
        """What the driver needs to know."""
        return Options(self.pin, self.centre, self.memory, self.indications, self.silence, self.poll, self.sweep)


def read(data: bytes) -> Settings:
    """Read a modem's settings from JSON; SettingsError names the field."""
    settings = read_settings(data, Settings)
    check_limits(settings)
    return settings
