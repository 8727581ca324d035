"""When a message may leave: waiting, validity, and the hours in which advertising is allowed.

A `Window` is a value: days, hours, zone and a calendar of public holidays. It is asked for the first open
moment at or after a time. Times are integers of microseconds since 1970 UTC. The rules of France differ from
source to source, so windows are data: presets by name, or an operator's own line. spec: ovh/4.3, carriers/C.5
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import count
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 1440
"""Minutes in a day."""
AWAY = 100_000_000_000 * SECOND
"""What is held back falls due so much later: in three thousand years."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = _EPOCH.date().toordinal()


class BadWindow(ValueError):
    """The line or the values of a window make no sense; its text says why."""


def easter(year: int) -> date:
    """Tell Easter Sunday of the Gregorian calendar (the method of Meeus, Jones and Butcher)."""
    century, rest = divmod(year, 100)
    golden = year % 19
    leaps, odd = divmod(century, 4)
    moon = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leaps - moon + 15) % 30
    weekday = (32 + 2 * odd + 2 * (rest // 4) - epact - rest % 4) % 7
    shift = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * shift + 114, 31)
    return date(year, month, day + 1)


@lru_cache(maxsize=64)
def french_holidays(year: int) -> frozenset[date]:
    """List the eleven public holidays of a year in France (Code du travail, L3133-1)."""
    fixed = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
    sunday = easter(year)
    # Easter Monday, Ascension, Whit Monday
    moving = (sunday + timedelta(days=days) for days in (1, 39, 50))
    return frozenset([date(year, month, day) for month, day in fixed]).union(moving)


CALENDARS: dict[str, Callable[[int], frozenset[date]]] = {"fr": french_holidays}
"""Public holidays of a year, by the name a window uses."""

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Window:
    """Opening hours; a window with all days, all hours and no holidays is always open."""

    days: frozenset[int]
    """Days on which it opens, 0 is Monday."""
    start_minute: int
    """Minutes after local midnight at which it opens, 0-1439."""
    end_minute: int
    """Minutes after the midnight of the opening day at which it closes; above 1440 it closes the next day."""
    zone: str
    """IANA name of the zone."""
    holidays: str = ""
    """Name in `CALENDARS` of the days on which it stays shut; empty for none."""

    def __post_init__(self) -> None:
        """Refuse what would never open: raises `BadWindow`."""
        if not self.days or not self.days <= frozenset(range(7)):
            raise BadWindow("a window needs days between monday and sunday")
        if not 0 <= self.start_minute < DAY:
            raise BadWindow("a window opens between 00:00 and 23:59")
        if not 0 < self.end_minute - self.start_minute <= DAY:
            raise BadWindow("a window is open for at least a minute and at most a day")
        if self.holidays and self.holidays not in CALENDARS:
            raise BadWindow(f"no calendar of holidays is called {self.holidays}")
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise BadWindow(f"no time zone is called {self.zone}") from error

    @property
    def always(self) -> bool:
        """True when it never closes."""
        return len(self.days) == 7 and self.end_minute - self.start_minute == DAY and not self.holidays


PRESETS: dict[str, Window] = {
    "none": Window(frozenset(range(7)), 0, DAY, "UTC"),
    # the cautious reading, and OVH's: spec: ovh/4.3
    "fr": Window(frozenset(range(6)), 8 * 60, 20 * 60, "Europe/Paris", "fr"),
    # the af2m charter of 2024, working days: spec: carriers/C.5
    "fr-charter": Window(frozenset(range(5)), 8 * 60, 22 * 60, "Europe/Paris", "fr"),
}
"""Windows by the name an operator writes."""

_LINE = re.compile(
    r"(?P<days>[a-z,-]+)\s+(?P<start>\d{1,2}:\d\d)-(?P<end>\d{1,2}:\d\d)\s+(?P<zone>[\w/+-]+)"
    r"(?:\s+except\s+(?P<holidays>[\w-]+))?",
    re.IGNORECASE,
)


def read_window(line: str) -> Window:
    """Read a preset's name, or a line: `mon-sat 08:00-20:00 Europe/Paris except fr`; raises `BadWindow`.

    Days are names, ranges and lists of both (`mon-thu,sat`), or `daily`; hours that end before they begin end
    on the next day; `except` names a calendar of public holidays.
    """
    preset = PRESETS.get(line.strip().lower())
    if preset is not None:
        return preset
    match = _LINE.fullmatch(line.strip())
    if match is None:
        raise BadWindow(f"not a window: {line!r}; write e.g. mon-sat 08:00-20:00 Europe/Paris except fr")
    start, end = _read_minute(match["start"]), _read_minute(match["end"])
    if end <= start:
        end += DAY
    return Window(_read_days(match["days"].lower()), start, end, match["zone"], (match["holidays"] or "").lower())


def write_window(window: Window) -> str:
    """Write a window as the line that `read_window` reads."""
    days = ",".join(_DAYS[day] for day in sorted(window.days)) if len(window.days) < 7 else "daily"
    start, end = _write_minute(window.start_minute), _write_minute(window.end_minute)
    closed = f" except {window.holidays}" if window.holidays else ""
    return f"{days} {start}-{end} {window.zone}{closed}"


def _read_minute(text: str) -> int:
    """Read `08:30`; 24:00 is the end of the day."""
    hours, minutes = map(int, text.split(":"))
    if minutes > 59 or hours * 60 + minutes > DAY:
        raise BadWindow(f"not a time of day: {text}")
    return hours * 60 + minutes


def _write_minute(minute: int) -> str:
    if minute > DAY:
        minute -= DAY
    return f"{minute // 60:02}:{minute % 60:02}"


def _read_days(text: str) -> frozenset[int]:
    """Read `mon-thu,sat`, `fri-mon` or `daily`."""
    if text == "daily":
        return frozenset(range(7))
    days: set[int] = set()
    for item in text.split(","):
        first, _, last = item.partition("-")
        if first not in _DAYS or (last or first) not in _DAYS:
            raise BadWindow(f"not a day: {item!r}; write mon, tue, wed, thu, fri, sat, sun")
        begin, end = _DAYS.index(first), _DAYS.index(last or first)
        days.update((begin + step) % 7 for step in range((end - begin) % 7 + 1))
    return frozenset(days)


def open_at(window: Window, at_us: int) -> int:
    """Give the first moment at or after `at_us` that is inside the window."""
    if window.always:
        return at_us
    # two days back: the opening may have begun yesterday, and the zone may be a day off UTC
    first = _EPOCH_DAY + at_us // (DAY * MINUTE) - 2
    for day in count(first):
        opening, closing = _opening(window, day)
        if at_us < closing:
            return max(at_us, opening)
    raise AssertionError("a window opens every week")


@lru_cache(maxsize=8192)
def _opening(window: Window, ordinal: int) -> tuple[int, int]:
    """Give when the window opens and closes for a local day; (0, 0) when it stays shut."""
    day = date.fromordinal(ordinal)
    if day.weekday() not in window.days:
        return 0, 0
    if window.holidays and day in CALENDARS[window.holidays](day.year):
        return 0, 0
    zone = ZoneInfo(window.zone)
    opening, closing = _reaches(day, window.start_minute, zone), _reaches(day, window.end_minute, zone)
    # equal when the whole window falls into the hour that a change to summer time leaves out
    return (opening, closing) if opening < closing else (0, 0)


def at_wall(day: date, hour: int, minute: int, zone: str) -> int:
    """Tell when the clocks of a zone first show this time of a day, or jump over it; raises ValueError."""
    if not (0 <= hour < 24 and 0 <= minute < 60):
        raise ValueError(f"not a time of day: {hour}:{minute}")
    return _reaches(day, hour * 60 + minute, ZoneInfo(zone))


def _reaches(day: date, minute: int, zone: ZoneInfo) -> int:
    """Tell when the clock on the wall first shows this minute of the day, or jumps over it."""
    wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)
    at = _micros(wall.replace(tzinfo=zone))
    if _wall(at, zone) == wall:
        return at
    # the wall time is left out by a change to summer time: find the jump itself
    early, late = _micros(wall.replace(tzinfo=zone, fold=1)), at
    while early < late:
        middle = (early + late) // 2
        if _wall(middle, zone) < wall:
            early = middle + 1
        else:
            late = middle
    return late


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _wall(at: int, zone: ZoneInfo) -> datetime:
    return (_EPOCH + timedelta(microseconds=at)).astimezone(zone).replace(tzinfo=None)


def is_away(due: int) -> bool:
    """Tell whether what is due then is held back."""
    return due >= AWAY


def due(now: int, deferred_minutes: int, absolute_due: int) -> int:
    """Tell when a message shall be sent: at its own time if it has one, else after its wait."""
    if absolute_due:
        # a time that has passed means at once
        return max(now, absolute_due)
    return now + max(0, deferred_minutes) * MINUTE


def expires(due: int, validity_minutes: int) -> int:
    """Tell when a message that is due then is dropped if it is still undelivered."""
    return due + max(0, validity_minutes) * MINUTE
