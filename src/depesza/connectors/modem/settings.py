"""What can be set on a GSM modem: each field with its default and a sentence; docs are printed from it.

spec: devices/4, devices/5
"""

from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Meta, Struct

from depesza.connectors.setup import SettingsError, read_settings
from depesza.core.devices import Limits
from depesza.core.schedule import BadWindow, Window, read_window
from depesza.wire.at.driver import Options

Limit = Annotated[int, Meta(ge=0)]
Seconds = Annotated[float, Meta(gt=0)]


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
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

    # how much
    gap: Annotated[Limit, Meta(description="Seconds between two messages.")] = 5
    per_minute: Annotated[Limit, Meta(description="Parts a minute; 0: any, as below.")] = 20
    per_hour: Annotated[Limit, Meta(description="Parts an hour.")] = 200
    per_day: Annotated[Limit, Meta(description="Parts a day.")] = 1000
    per_month: Annotated[Limit, Meta(description="Parts a month.")] = 0
    receivers: Annotated[Limit, Meta(description="Different receivers a month.")] = 0
    zone: Annotated[str, Meta(description="Time zone in which days and months begin.")] = "UTC"
    hours: Annotated[
        str, Meta(description="When it sends, as daily 08:00-22:00 Europe/Bucharest; none: at any time.")
    ] = "none"

    @property
    def limits(self) -> Limits:
        """The limits as the rules know them."""
        return Limits(
            minute=self.per_minute,
            hour=self.per_hour,
            day=self.per_day,
            month=self.per_month,
            gap=self.gap,
            receivers=self.receivers,
        )

    @property
    def window(self) -> Window:
        """The hours in which it sends."""
        return read_window(self.hours)

    @property
    def options(self) -> Options:
        """What the driver needs to know."""
        return Options(self.pin, self.centre, self.memory, self.indications, self.silence, self.poll, self.sweep)


def read(data: bytes) -> Settings:
    """Read a modem's settings from JSON; SettingsError names the field."""
    settings = read_settings(data, Settings)
    try:
        _ = settings.window
    except BadWindow as error:
        raise SettingsError(f"hours: {error}") from None
    try:
        ZoneInfo(settings.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingsError(f"zone: no time zone is called {settings.zone!r}") from None
    return settings
