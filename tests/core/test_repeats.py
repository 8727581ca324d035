"""When something is done again: by the clock of the zone, over changes of clocks and short months."""

from datetime import UTC, datetime

import pytest

from depesza.core.repeats import Every, next_time


def micros(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("every", "first", "at", "then"),
    [
        (Every.HOUR, "2026-01-15T09:00", "2026-01-15T09:00", "2026-01-15T10:00"),
        (Every.DAY, "2026-03-28T09:00", "2026-03-28T09:00", "2026-03-29T08:00"),  # summer time begins
        (Every.DAY, "2026-03-28T01:30", "2026-03-28T01:30", "2026-03-29T01:30"),  # at an hour that does not exist
        (Every.WORKDAY, "2026-01-16T09:00", "2026-01-16T09:00", "2026-01-19T09:00"),
        (Every.WORKDAY, "2026-01-14T09:00", "2026-01-14T09:00", "2026-01-15T09:00"),
        (Every.WEEKEND, "2026-01-15T09:00", "2026-01-15T09:00", "2026-01-17T09:00"),
        (Every.WEEKEND, "2026-01-15T09:00", "2026-01-17T09:00", "2026-01-18T09:00"),
        (Every.WEEK, "2026-01-15T09:00", "2026-01-15T09:00", "2026-01-22T09:00"),
        (Every.MONTH, "2026-01-31T09:00", "2026-01-31T09:00", "2026-02-28T09:00"),
        (Every.MONTH, "2026-01-31T09:00", "2026-02-28T09:00", "2026-03-31T08:00"),
        (Every.MONTH, "2026-12-05T09:00", "2026-12-05T09:00", "2027-01-05T09:00"),
        (Every.YEAR, "2028-02-29T09:00", "2028-02-29T09:00", "2029-02-28T09:00"),
        (Every.YEAR, "2028-02-29T09:00", "2031-02-28T09:00", "2032-02-29T09:00"),
    ],
)
def test_the_hour_of_the_day_stays(every: Every, first: str, at: str, then: str) -> None:
    assert next_time(every, micros(first), micros(at), "Europe/Paris") == micros(then)


def test_what_is_done_once_has_no_next_time() -> None:
    assert next_time(Every.NEVER, 1, 1, "UTC") == 0
