"""SMPP's time format: `YYMMDDhhmmsstnnp`, absolute with its zone in quarter hours, or relative with R.

Answers of some servers leave out the zone, or the seconds too; they are read, never written.
spec: smpp34 7.1.1, Appendix C, carriers/C.1#18
"""

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from depesza.wire import Malformed, Unencodable
from depesza.wire.smpp.pdus import ReplaceSm, ShortMessage, SubmitMulti
from depesza.wire.smpp.status import RINVEXPIRY, RINVSCHED

_PIVOT = 38
"""smpp34 Appendix C: 00 to 37 are of this century, 38 to 99 of the last."""
_FORM = re.compile(r"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(?:(\d)(?:(\d\d)([-+R]))?)?", re.ASCII)
_QUARTER = timedelta(minutes=15)
_LONGEST_OFFSET = 48
_LAST_DAY = timedelta(days=32)


def read_time(text: str, now: datetime, zone: tzinfo = UTC) -> datetime | None:
    """Read a time; None for the empty string, Malformed for what is no time.

    `now` (with a zone) is what a relative time counts from; `zone` is that of texts without one.
    """
    if not text:
        return None
    match = _FORM.fullmatch(text)
    if match is None:
        raise Malformed(f"not an SMPP time: {text!r}")
    year, month, day, hour, minute, second, tenths = (int(group or 0) for group in match.groups()[:7])
    quarters, sign = match[8], match[9]
    if sign == "R":
        return _later(now, 12 * year + month, timedelta(days=day, hours=hour, minutes=minute, seconds=second))
    if sign:
        zone = _zone(int(quarters), sign)
    century = 2000 if year < _PIVOT else 1900
    try:
        return datetime(century + year, month, day, hour, minute, second, tenths * 100_000, zone)
    except ValueError as error:
        raise Malformed(f"not an SMPP time: {text!r}: {error}") from None


def write_absolute(moment: datetime) -> str:
    """Write a moment with its own zone, or as UTC where that is no number of quarter hours."""
    offset = moment.utcoffset()
    if offset is None:
        raise Unencodable(f"a moment without a zone: {moment}")
    if offset % _QUARTER or abs(offset) > _LONGEST_OFFSET * _QUARTER:
        moment, offset = moment.astimezone(UTC), timedelta()
    if not 1900 + _PIVOT <= moment.year < 2000 + _PIVOT:
        raise Unencodable(f"a year that two digits cannot tell: {moment}")
    sign = "-" if offset < timedelta() else "+"
    tenths = moment.microsecond // 100_000
    return f"{moment:%y%m%d%H%M%S}{tenths}{abs(offset) // _QUARTER:02}{sign}"


def write_relative(delay: timedelta) -> str:
    """Write a delay of less than 32 days, rounded up to seconds. Longer ones need an absolute time."""
    if not timedelta() <= delay < _LAST_DAY - timedelta(seconds=1):
        raise Unencodable(f"a delay from nothing to 32 days can be written, not {delay}")
    seconds = -(-delay // timedelta(seconds=1))
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    day, hour = divmod(hours, 24)
    return f"0000{day:02}{hour:02}{minute:02}{second:02}000R"


def fault_in_times(pdu: ShortMessage | SubmitMulti | ReplaceSm, now: datetime) -> int | None:
    """Tell a server which command_status refuses a request's two times; None when they are fine."""
    try:
        start = read_time(pdu.schedule_delivery_time, now)
    except Malformed:
        return RINVSCHED
    try:
        end = read_time(pdu.validity_period, now)
    except Malformed:
        return RINVEXPIRY
    return RINVEXPIRY if end is not None and end < (start or now) else None


def _zone(quarters: int, sign: str) -> timezone:
    if quarters > _LONGEST_OFFSET:
        raise Malformed(f"a zone of {quarters} quarter hours")
    return timezone(quarters * _QUARTER if sign == "+" else -quarters * _QUARTER)


def _later(now: datetime, months: int, rest: timedelta) -> datetime:
    """Count from now in UTC, so that a change of the clocks does not matter; the 31st is cut to the month."""
    start = now.astimezone(UTC)
    year, month = divmod(12 * start.year + start.month - 1 + months, 12)
    try:
        day = min(start.day, monthrange(year, month + 1)[1])
        return start.replace(year=year, month=month + 1, day=day) + rest
    except (ValueError, OverflowError) as error:
        raise Malformed(f"a time beyond the calendar: {error}") from None
