"""Dates as OVH's clients write them and read them. spec: ovh/1.8 ovh/1.9

All times inside are microseconds since 1970; a date without an offset is in the account's time zone.
"""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATE = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)"
    r"(?:[T ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?"
    # a plus in a query that was not encoded arrives as a space
    r"(?:([Zz])|([+ -])(\d\d):?(\d\d)?)?)?",
    re.ASCII,
)


class BadDate(ValueError):
    """A text that is no date in any spelling we know."""


@cache
def zone(name: str) -> tzinfo:
    """Find a time zone; an unknown name counts as UTC."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


def read(text: str, where: tzinfo) -> int:
    """Read a date or date and time; raises `BadDate`. A date alone is its midnight."""
    found = _DATE.fullmatch(text.strip())
    if found is None:
        raise BadDate(text)
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    micros = int((found[7] or "").ljust(6, "0")[:6])
    try:
        at = datetime(year, month, day, hour, minute, second, micros, _offset(found) or where)
        return (at - _EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError) as error:
        raise BadDate(text) from error


def _offset(found: re.Match[str]) -> tzinfo | None:
    if found[8]:
        return UTC
    if not found[9]:
        return None
    away = timedelta(hours=int(found[10]), minutes=int(found[11] or 0))
    return timezone(-away if found[9] == "-" else away)


def read_until(text: str, where: tzinfo) -> int:
    """Read the last moment that a date means: bounds are inclusive, and clients leave fractions out."""
    start = read(text, where)
    if "." in text or "," in text:
        return start + 999
    if ":" in text or "T" in text.upper():
        return start + 999_999
    return start + 86_400_000_000 - 1


def write(at: int, where: tzinfo) -> str:
    """Write a datetime with an offset: `2026-01-15T10:00:00+01:00`."""
    return _in(at, where).isoformat("T", "seconds")


def write_date(at: int, where: tzinfo) -> str:
    """Write a date: `2026-01-15`."""
    return _in(at, where).date().isoformat()


def write_plain(at: int, where: tzinfo) -> str:
    """Write a datetime as callbacks have it: `2026-01-15 10:00:00`."""
    return _in(at, where).strftime("%Y-%m-%d %H:%M:%S")


def _in(at: int, where: tzinfo) -> datetime:
    return datetime.fromtimestamp(at // 1_000_000, where)
