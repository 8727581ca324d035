"""The dates in delivery receipts, read in every width that carriers use and written in the width asked for.

spec: carriers/C.1 rule 18, carriers/C.3; smpp34 7.1.1, Appendix B, Appendix C.
"""

import re
from datetime import datetime, timedelta, timezone
from typing import Literal

from depesza.wire import Unencodable

DateDigits = Literal[10, 12, 14, 16]
"""YYMMDDhhmm, YYMMDDhhmmss, YYYYMMDDhhmmss, YYMMDDhhmmsstnnp."""

_DATE_MARKS = str.maketrans("", "", "-/:. T")
_ZONED = re.compile(r"([0-9]{12})([0-9])([0-9]{2})([+-])")
_DIGITS = re.compile(r"[0-9]{10,14}")
_PIVOT = "38"


def read_date(raw: str) -> datetime | None:
    """Read a date of any width, naive unless it tells its zone; None when it is no such date.

    Marks between the digits (`2018-07-11 07:00:03`) are passed over.
    """
    if not _DIGITS.fullmatch(raw):
        if zoned := _ZONED.fullmatch(raw):
            return _zoned_date(zoned)
        raw = raw.translate(_DATE_MARKS)
        if not _DIGITS.fullmatch(raw):
            return None
    if len(raw) == 14:
        return _moment(raw)
    short = _moment(_century(raw) + raw) if len(raw) in (10, 12) else None
    # Twelve digits may also be YYYYMMDDhhmm; read as a short date those have an impossible month or day.
    return short or (_moment(raw) if len(raw) == 12 else None)


def _century(raw: str) -> str:
    return "20" if raw < _PIVOT else "19"  # smpp34 Appendix C: the recommended pivot


def _moment(digits: str) -> datetime | None:
    try:
        return datetime.fromisoformat(f"{digits[:8]}T{digits[8:]}")
    except ValueError:
        return None


def _zoned_date(match: re.Match[str]) -> datetime | None:
    digits, tenths, quarters, sign = match.groups()
    moment = _moment(_century(digits) + digits)
    if moment is None or int(quarters) > 48:  # smpp34 7.1.1: nn is 00-48
        return moment
    offset = timedelta(minutes=15 * int(quarters) * (1 if sign == "+" else -1))
    return moment.replace(microsecond=int(tenths) * 100_000, tzinfo=timezone(offset))


def write_date(moment: datetime, digits: DateDigits) -> str:
    """Write a date in its own clock; Unencodable when the width cannot hold it."""
    if not 1938 <= moment.year < 2038 and digits != 14:
        raise Unencodable(f"a year that two digits cannot tell: {moment}")
    day = f"{moment.year:04}{moment.month:02}{moment.day:02}"
    full = f"{day}{moment.hour:02}{moment.minute:02}{moment.second:02}"
    if digits == 14:
        return full
    return full[2:12] if digits == 10 else full[2:] if digits == 12 else full[2:] + _write_zone(moment)


def _write_zone(moment: datetime) -> str:
    offset = moment.utcoffset()
    if offset is None:
        raise Unencodable(f"a date without its zone: {moment}")
    quarters, rest = divmod(int(offset.total_seconds()), 900)
    if rest or abs(quarters) > 48:
        raise Unencodable(f"a zone that is not in quarter hours up to 12 h: {moment}")
    return f"{moment.microsecond // 100_000}{abs(quarters):02}{'-' if quarters < 0 else '+'}"
