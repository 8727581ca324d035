"""The settings that every way over a SIM has: how much it may send, and when. spec: devices/5"""

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Meta, Struct

from depesza.connectors.setup import SettingsError
from depesza.core.devices import Limits
from depesza.core.schedule import BadWindow, Window, read_window

Limit = Annotated[int, Meta(ge=0)]


class SimSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Limits of one SIM."""

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


def check_limits(settings: SimSettings) -> None:
    """Raise SettingsError, naming the field, when hours or zone make no sense."""
    try:
        read_window(settings.hours)
    except BadWindow as error:
        raise SettingsError(f"hours: {error}") from None
    try:
        ZoneInfo(settings.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingsError(f"zone: no time zone is called {settings.zone!r}") from None
