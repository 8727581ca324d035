"""Times as SMSGate writes them: RFC 3339, ours in UTC with three decimals and a `Z`. spec: devices/2"""

import re
from datetime import UTC, datetime

from depesza.dialects.smsgate import errors

_FORM = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)")
LATEST = 4_102_444_800_000_000
"""Start of 2100: a time beyond it is a mistake."""


def write(at: int) -> str:
    """Write microseconds since 1970."""
    seconds, rest = divmod(at, 1_000_000)
    shown = datetime.fromtimestamp(seconds, UTC)
    return f"{shown:%Y-%m-%dT%H:%M:%S}.{rest // 1000:03}Z"


def read(text: str, name: str) -> int:
    """Read a time with its zone, as microseconds since 1970; raises 400."""
    text = text.strip()
    if not _FORM.fullmatch(text):
        raise errors.invalid(name, "write a time as 2026-11-22T10:00:00Z")
    whole, dot, rest = text.partition(".")
    decimals = re.match(r"\d*", rest)
    digits = decimals[0] if decimals is not None else ""
    if dot:
        text = whole + rest[len(digits) :]
    try:
        seconds = datetime.fromisoformat(text.upper()).timestamp()
    except (ValueError, OverflowError) as error:
        raise errors.invalid(name, "there is no such time") from error
    at = int(seconds) * 1_000_000 + int(digits[:6].ljust(6, "0") or 0)
    if not 0 <= at < LATEST:
        raise errors.invalid(name, "is out of range")
    return at
