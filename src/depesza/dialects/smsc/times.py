"""Times as SMSC's clients write and read them: when to send, how long to try, how to spread, dates of answers.

Moments and spans are microseconds. spec: smsc/1.8 smsc/5.6 smsc/5.7
"""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct

from depesza.core.model import MICRO
from depesza.dialects.smsc.answers import Refused
from depesza.dialects.smsc.codes import INVALID_DATE, PARAMETERS

MINUTE = 60 * MICRO
HOUR = 60 * MINUTE
DAY = 24 * HOUR
MOSCOW = timezone(timedelta(hours=3), "Moscow")
"""Of the dates in answers, and where tz begins to count."""
LATEST = 4_102_444_800 * MICRO
"""2100: two digits of a year go no further."""

_PACKED = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})")
_DOTTED = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4}|[0-9]{2})\s+([0-9]{1,2}):([0-9]{2})")
_HOURS = re.compile(r"([0-9]{1,2})\s*-\s*([0-9]{1,2})")
_STAMP = re.compile(r"0([0-9]{1,15})")
_MINUTES = re.compile(r"[+ ]([0-9]{1,9})\s*")
_ZONE = re.compile(r"[+-]?[0-9]{1,2}(?:\.[0-9]{1,6})?")
_CLOCK = re.compile(r"([0-9]{2}):([0-9]{2})")
_DATE = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.((?:19|20)[0-9]{2})")
_AMOUNT = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,6})?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def zone_of(name: str) -> tzinfo:
    """Give the zone of an account (IANA name), Moscow's where it has none."""
    return MOSCOW if name in ("", "Europe/Moscow") else ZoneInfo(name)


def read_zone(text: str, otherwise: tzinfo = MOSCOW) -> tzinfo:
    """Read tz, the hours that a zone is ahead of Moscow; `otherwise` when it is empty."""
    text = text.strip()  # a plus in a query that was not encoded is a blank now
    if not text:
        return otherwise
    if not _ZONE.fullmatch(text) or not -15 <= float(text) <= 11:  # from UTC-12 to UTC+14
        raise Refused(*INVALID_DATE)
    return timezone(timedelta(hours=3 + float(text)))


def read_time(text: str, now: int, zone: tzinfo = MOSCOW) -> int:
    """Read when to send; 0 for now, which the past is too.

    `DDMMYYhhmm`, `DD.MM.YY hh:mm`, `9-18`, `0<Unix seconds>`, `+<minutes>`, where a blank stands for the plus.
    """
    minutes = _MINUTES.fullmatch(text)
    text = text.strip()
    if text in ("", "0"):
        return 0
    try:
        due = now + int(minutes[1]) * MINUTE if minutes is not None else _moment(text, now, zone)
    except (ValueError, OverflowError):
        raise Refused(*INVALID_DATE) from None
    if due >= LATEST:
        raise Refused(*INVALID_DATE)
    return due if due > now else 0


def _moment(text: str, now: int, zone: tzinfo) -> int:
    """Read a moment; `ValueError` when it is none."""
    found = _PACKED.fullmatch(text) or _DOTTED.fullmatch(text)
    if found is not None:
        day, month, year, hour, minute = found.groups()
        year = year if len(year) == 4 else f"20{year}"
        return _micros(datetime(int(year), int(month), int(day), int(hour), int(minute), tzinfo=zone))
    hours = _HOURS.fullmatch(text)
    if hours is not None:
        return _within(int(hours[1]), int(hours[2]), now, zone)
    stamp = _STAMP.fullmatch(text)
    if stamp is None:
        raise ValueError(text)
    return int(stamp[1]) * MICRO


def _within(begin: int, end: int, now: int, zone: tzinfo) -> int:
    """Find the next moment between two hours of the day; hours such as 22-6 go over midnight."""
    if begin > 23 or end > 24 or begin == end:
        raise ValueError("hours")
    local = _local(now, zone)
    inside = begin <= local.hour < end if begin < end else local.hour >= begin or local.hour < end
    if inside:
        return now
    opening = local.replace(hour=begin, minute=0, second=0, microsecond=0)
    return _micros(opening if local.hour < begin else opening + timedelta(days=1))


def read_valid(text: str) -> int:
    """Read how long to try: hours 1..24, or `hh:mm`; empty for the whole day."""
    if not text:
        return DAY
    text = text.strip()
    clock = _CLOCK.fullmatch(text)
    if clock is not None and int(clock[2]) < 60:
        span = int(clock[1]) * HOUR + int(clock[2]) * MINUTE
    else:
        span = int(text) * HOUR if text.isascii() and text.isdigit() and len(text) <= 2 else 0
    if not MINUTE <= span <= DAY:
        raise Refused(*PARAMETERS)
    return span


class Spread(Struct, frozen=True, gc=False):
    """How a mailing is spread: over `period`, a group at each `step`."""

    period: int
    step: int

    def after(self, place: int, count: int) -> int:
        """Tell how long after the first one the message at a place (from 0) of so many leaves."""
        groups = max(1, self.period // self.step)
        size = -(-count // groups)
        return place // size * self.step


def read_spread(period: str, freq: str) -> Spread | None:
    """Read period (hours, 0.1..720) and freq (minutes, 1..1440, else 1); None without a period."""
    step = _amount(freq, 1, 1440, MINUTE) if freq else MINUTE
    return Spread(_amount(period, 0.1, 720, HOUR), step) if period else None


def _amount(text: str, least: float, most: float, unit: int) -> int:
    text = text.strip()
    if not _AMOUNT.fullmatch(text) or not least <= float(text) <= most:
        raise Refused(*PARAMETERS)
    return round(float(text) * unit)


def read_day(text: str, zone: tzinfo = MOSCOW) -> int:
    """Read `dd.mm.yyyy` as the beginning of that day."""
    found = _DATE.fullmatch(text.strip())
    if found is None:
        raise Refused(*PARAMETERS)
    try:
        return _micros(datetime(int(found[3]), int(found[2]), int(found[1]), tzinfo=zone))
    except ValueError:
        raise Refused(*PARAMETERS) from None


def read_days(start: str, end: str, zone: tzinfo = MOSCOW) -> tuple[int, int]:
    """Read a range of days as its first moment and the first one after it; 0 where a side is open."""
    first = read_day(start, zone) if start.strip() else 0
    last = read_day(end, zone) if end.strip() else 0
    if last and last < first:
        raise Refused(*PARAMETERS)
    return first, last and _micros(_local(last, zone) + timedelta(days=1))


def write_date(at: int, zone: tzinfo = MOSCOW) -> str:
    """Write a moment as `DD.MM.YYYY hh:mm:ss`, empty for 0."""
    return _date(at // MICRO, zone) if at else ""


@lru_cache(64)
def _date(seconds: int, zone: tzinfo) -> str:
    """Write what many messages of one second share."""
    when = datetime.fromtimestamp(seconds, zone)
    return f"{when.day:02}.{when.month:02}.{when.year:04} {when.hour:02}:{when.minute:02}:{when.second:02}"


def write_stamp(at: int) -> int:
    """Write a moment as Unix seconds."""
    return at // MICRO


def _local(at: int, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(at // MICRO, zone)


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
