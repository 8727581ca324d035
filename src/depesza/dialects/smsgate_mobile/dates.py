"""Times as the app reads and writes them: RFC 3339, three decimals. spec: devices/2"""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
STEP = timedelta(microseconds=1)


def write_time(at: int) -> str:
    """Write microseconds since 1970 as UTC with exactly three decimals and `Z`: the app parses no other form."""
    moment = EPOCH + timedelta(microseconds=at)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def read_time(text: str) -> int:
    """Read a time with its zone as microseconds since 1970; 0 where it is none."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment - EPOCH) // STEP if moment.tzinfo is not None else 0
    except (ValueError, OverflowError):
        return 0
