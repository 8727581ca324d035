"""When something that is done again and again is done next, by the clock and calendar of a time zone."""

from calendar import monthrange
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from zoneinfo import ZoneInfo

_HOUR = 3_600_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SATURDAY = 5


class Every(IntEnum):
    """How often; numbers are stored, so they never change meaning."""

    NEVER = 0
    HOUR = 1
    DAY = 2
    WORKDAY = 3
    """Monday to Friday."""
    WEEKEND = 4
    """Saturday and Sunday."""
    WEEK = 5
    MONTH = 6
    YEAR = 7


def next_time(every: Every, first: int, at: int, zone: str) -> int:
    """Tell when it is done after a time (microseconds) at which it was; 0 for never.

    The hour of the day stays, whatever clocks are changed; so does the day of `first` in months that are long enough.
    """
    if every is Every.NEVER:
        return 0
    if every is Every.HOUR:
        return at + _HOUR
    place = ZoneInfo(zone)
    began = _local(first, place)
    local = _local(at, place)
    found = _months(local, 12 if every is Every.YEAR else 1, began.day) if every >= Every.MONTH else _days(local, every)
    clock = found.replace(hour=began.hour, minute=began.minute, second=began.second, microsecond=began.microsecond)
    return (clock.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)


def _local(at: int, place: ZoneInfo) -> datetime:
    return (_EPOCH + timedelta(microseconds=at)).astimezone(place)


def _days(local: datetime, every: Every) -> datetime:
    """Go on to the next day that counts."""
    found = local + timedelta(days=7 if every is Every.WEEK else 1)
    while every in (Every.WORKDAY, Every.WEEKEND) and (found.weekday() >= _SATURDAY) != (every is Every.WEEKEND):
        found += timedelta(days=1)
    return found


def _months(local: datetime, count: int, day: int) -> datetime:
    year, month = divmod(local.year * 12 + local.month - 1 + count, 12)
    return local.replace(year=year, month=month + 1, day=min(day, monthrange(year, month + 1)[1]))
