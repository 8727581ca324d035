"""Dates as OVH's clients write them, and as they want to read them. spec: ovh/1.8 ovh/1.9"""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depesza.dialects.ovh import dates

PARIS = dates.zone("Europe/Paris")
NOON = int(datetime(2026, 1, 15, 9, 0, 0, tzinfo=UTC).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-15T10:00:00+01:00",
        "2026-01-15T10:00:00 01:00",  # the plus was not encoded
        "2026-01-15T10:00:00+0100",
        "2026-01-15T10:00:00+01",
        "2026-01-15T09:00:00Z",
        "2026-01-15T09:00:00.000Z",
        "2026-01-15T04:00:00-05:00",
        "2026-01-15T10:00:00",
        "2026-01-15 10:00:00",
        "2026-01-15T10:00",
        "20260115T10:00:00",
        "20260115T100000",
        " 2026-01-15T10:00:00 ",
    ],
)
def test_every_spelling_means_the_same_moment(text: str) -> None:
    assert dates.read(text, PARIS) == NOON


def test_a_date_alone_is_midnight_in_the_accounts_zone() -> None:
    assert dates.write(dates.read("2026-07-14", PARIS), PARIS) == "2026-07-14T00:00:00+02:00"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-13-01",
        "2026-02-30",
        "2026-01-15T25:00:00",
        "2026-01-15T10:00:00+99:99",
        "1",
        "２０２６-01-15",
    ],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(dates.BadDate):
        dates.read(text, PARIS)


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("2026-01-15T10:00:00+01:00", NOON + 999_999),
        ("2026-01-15T09:00:00.000Z", NOON + 999),
        ("2026-01-15", dates.read("2026-01-16", PARIS) - 1),
    ],
)
def test_an_upper_bound_takes_in_the_whole_of_what_it_names(text: str, last: int) -> None:
    assert dates.read_until(text, PARIS) == last


@pytest.mark.parametrize(
    ("zone", "written"),
    [
        ("Europe/Paris", "2026-01-15T10:00:00+01:00"),
        ("America/Toronto", "2026-01-15T04:00:00-05:00"),
        ("UTC", "2026-01-15T09:00:00+00:00"),
        ("No/Such_Zone", "2026-01-15T09:00:00+00:00"),
    ],
)
def test_datetimes_are_written_with_the_zones_offset(zone: str, written: str) -> None:
    assert dates.write(NOON, dates.zone(zone)) == written


def test_the_other_forms() -> None:
    assert dates.write_date(NOON, PARIS) == "2026-01-15"
    assert dates.write_plain(NOON, PARIS) == "2026-01-15 10:00:00"


@settings(max_examples=150)
@given(st.integers(0, 4_000_000_000), st.sampled_from(["Europe/Paris", "America/Toronto", "UTC", "Asia/Kolkata"]))
def test_what_is_written_is_read_again(seconds: int, name: str) -> None:
    at = seconds * 1_000_000
    assert dates.read(dates.write(at, dates.zone(name)), PARIS) == at


@settings(max_examples=150)
@given(st.text(max_size=30) | st.from_regex(r"[0-9T:+Z .-]{1,30}"))
def test_garbage_raises_nothing_but_bad_date(text: str) -> None:
    try:
        dates.read(text, PARIS)
        dates.read_until(text, PARIS)
    except dates.BadDate:
        pass
