"""Windows, due times and validity. spec: ovh/4.3"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depesza.core.schedule import (
    CALENDARS,
    PRESETS,
    BadWindow,
    Window,
    at_wall,
    due,
    easter,
    expires,
    french_holidays,
    open_at,
    read_window,
    write_window,
)

MINUTE = 60_000_000
FR = PRESETS["fr"]
PARIS = ZoneInfo("Europe/Paris")


def us(text: str, zone: str = "Europe/Paris") -> int:
    """Read a local time as microseconds."""
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def local(at: int, zone: str = "Europe/Paris") -> datetime:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).astimezone(ZoneInfo(zone))


@pytest.mark.parametrize(
    ("year", "sunday"),
    [
        (1818, date(1818, 3, 22)),  # the earliest there is
        (1943, date(1943, 4, 25)),  # the latest
        (1954, date(1954, 4, 18)),
        (1981, date(1981, 4, 19)),
        (2000, date(2000, 4, 23)),
        (2024, date(2024, 3, 31)),
        (2025, date(2025, 4, 20)),
        (2026, date(2026, 4, 5)),
        (2027, date(2027, 3, 28)),
        (2038, date(2038, 4, 25)),
        (2049, date(2049, 4, 18)),
    ],
)
def test_easter_falls_on_the_known_sundays(year: int, sunday: date) -> None:
    assert easter(year) == sunday


@given(st.integers(1583, 4099))
def test_easter_is_a_sunday_between_22_march_and_25_april(year: int) -> None:
    sunday = easter(year)
    assert sunday.weekday() == 6
    assert date(year, 3, 22) <= sunday <= date(year, 4, 25)


def test_france_has_eleven_holidays_in_2026() -> None:
    days = "01-01 04-06 05-01 05-08 05-14 05-25 07-14 08-15 11-01 11-11 12-25"
    assert french_holidays(2026) == {date.fromisoformat(f"2026-{day}") for day in days.split()}


@pytest.mark.parametrize(
    ("asked", "opened"),
    [
        ("2026-11-20T08:00", "2026-11-20T08:00"),  # Friday, just open
        ("2026-11-20T12:34:56.789", "2026-11-20T12:34:56.789"),
        ("2026-11-20T19:59:59.999999", "2026-11-20T19:59:59.999999"),
        ("2026-11-20T20:00", "2026-11-21T08:00"),  # closes sharp; Saturday is open
        ("2026-11-20T07:59:59.999999", "2026-11-20T08:00"),
        ("2026-11-20T00:00", "2026-11-20T08:00"),
        ("2026-11-21T20:00", "2026-11-23T08:00"),  # over Sunday
        ("2026-11-22T12:00", "2026-11-23T08:00"),
        ("2026-12-24T21:00", "2026-12-26T08:00"),  # over Christmas
        ("2026-12-31T23:00", "2027-01-02T08:00"),  # over New Year
        ("2026-05-14T10:00", "2026-05-15T08:00"),  # Ascension
        ("2026-04-04T20:30", "2026-04-07T08:00"),  # Easter Sunday and Monday
        ("2026-05-23T22:00", "2026-05-26T08:00"),  # Whit Sunday and Monday
        ("2026-08-14T20:00", "2026-08-17T08:00"),  # a holiday on Saturday, then Sunday
        ("2026-03-28T21:00", "2026-03-30T08:00"),  # over the night of the change to summer time
        ("2026-10-24T21:00", "2026-10-26T08:00"),  # and back
    ],
)
def test_french_advertising_waits_for_the_next_opening(asked: str, opened: str) -> None:
    assert open_at(FR, us(asked)) == us(opened)


def test_the_charter_knows_working_days_until_ten() -> None:
    charter = PRESETS["fr-charter"]
    assert open_at(charter, us("2026-11-20T21:59")) == us("2026-11-20T21:59")
    assert open_at(charter, us("2026-11-20T22:00")) == us("2026-11-23T08:00")


@given(st.integers(0, 4_000_000_000_000_000))
def test_no_window_never_waits(at: int) -> None:
    assert open_at(PRESETS["none"], at) == at


@pytest.mark.parametrize(
    ("line", "asked", "opened"),
    [
        # 02:00-03:00 does not exist on the night of 29 March: it opens at the jump
        ("daily 02:30-08:00 Europe/Paris", "2026-03-29T01:59:59", "2026-03-29T03:00"),
        # a window inside the missing hour stays shut that night
        ("daily 02:10-02:50 Europe/Paris", "2026-03-29T01:00", "2026-03-30T02:10"),
        # an opening that begins the evening before lasts through both changes
        ("daily 22:00-06:00 Europe/Paris", "2026-03-29T03:30", "2026-03-29T03:30"),
        ("daily 22:00-06:00 Europe/Paris", "2026-10-25T05:59", "2026-10-25T05:59"),
        ("daily 22:00-06:00 Europe/Paris", "2026-10-25T06:00", "2026-10-25T22:00"),
        # only Fridays, but until Saturday morning
        ("fri 22:00-06:00 Europe/Paris", "2026-11-21T05:59", "2026-11-21T05:59"),
        ("fri 22:00-06:00 Europe/Paris", "2026-11-21T06:00", "2026-11-27T22:00"),
    ],
)
def test_changes_of_the_clock_and_nights(line: str, asked: str, opened: str) -> None:
    assert open_at(read_window(line), us(asked)) == us(opened)


def test_an_hour_told_twice_is_open_twice() -> None:
    night = read_window("daily 02:30-08:00 Europe/Paris")
    first = us("2026-10-25T02:30")
    assert open_at(night, first - 1) == first
    assert local(first + 45 * MINUTE).strftime("%H:%M") == "02:15"
    assert open_at(night, first + 45 * MINUTE) == first + 45 * MINUTE


ZONES = (
    "UTC",
    "Europe/Paris",
    "America/New_York",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Asia/Kathmandu",
)


@st.composite
def windows(draw: st.DrawFn) -> Window:
    """Windows whose hours stay clear of the changes of the clock, which have their own table."""
    start = draw(st.integers(4 * 60, 1439))
    end = draw(st.integers(start + 1, 1440))
    days = draw(st.frozensets(st.integers(0, 6), min_size=1))
    return Window(days, start, end, draw(st.sampled_from(ZONES)), draw(st.sampled_from(["", "fr"])))


def is_open(window: Window, at: int) -> bool:
    """Judge a moment by the clock on the wall."""
    moment = local(at, window.zone)
    minute = moment.hour * 60 + moment.minute
    shut = window.holidays and moment.date() in CALENDARS[window.holidays](moment.year)
    return moment.weekday() in window.days and window.start_minute <= minute < window.end_minute and not shut


@settings(max_examples=200)
@given(windows(), st.integers(us("2024-01-01", "UTC"), us("2032-01-01", "UTC")), st.integers(0, 10**9))
def test_the_opening_is_the_first_open_moment(window: Window, at: int, between: int) -> None:
    opening = open_at(window, at)
    assert opening >= at
    assert is_open(window, opening)
    assert open_at(window, opening) == opening
    if opening > at:
        assert not is_open(window, opening - 1)
        assert not is_open(window, at + between % (opening - at))


@settings(max_examples=200)
@given(windows())
def test_a_window_is_written_as_it_is_read(window: Window) -> None:
    assert read_window(write_window(window)) == window


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_read_by_name_and_by_line(name: str) -> None:
    assert read_window(f" {name.upper()} ") is PRESETS[name]
    assert read_window(write_window(PRESETS[name])) == PRESETS[name]


@pytest.mark.parametrize(
    ("line", "days"),
    [
        ("mon-sat 08:00-20:00 Europe/Paris", {0, 1, 2, 3, 4, 5}),
        ("Mon,wed,FRI 8:00-20:00 Europe/Paris", {0, 2, 4}),
        ("fri-mon 08:00-20:00 Europe/Paris", {4, 5, 6, 0}),
        ("mon-tue,sun 08:00-20:00 Europe/Paris", {0, 1, 6}),
    ],
)
def test_days_are_ranges_and_lists(line: str, days: set[int]) -> None:
    assert read_window(line) == Window(frozenset(days), 480, 1200, "Europe/Paris")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "not a window"),
        ("sometimes", "not a window"),
        ("mon-sat 08:00-20:00", "not a window"),
        ("moon 08:00-20:00 Europe/Paris", "not a day"),
        ("mon- 08:00-20:00", "not a window"),
        ("mon 25:00-26:00 UTC", "not a time of day"),
        ("mon 08:61-20:00 UTC", "not a time of day"),
        ("mon 24:00-08:00 UTC", "opens between"),
        ("mon 08:00-20:00 Europe/Atlantis", "no time zone"),
        ("mon 08:00-20:00 ../etc/passwd", "not a window"),
        ("mon 08:00-20:00 UTC except mars", "no calendar"),
    ],
)
def test_a_bad_line_says_why(line: str, reason: str) -> None:
    with pytest.raises(BadWindow, match=reason):
        read_window(line)


@given(st.text(max_size=40))
def test_any_line_is_read_or_refused(line: str) -> None:
    try:
        assert isinstance(read_window(line), Window)
    except BadWindow as error:
        assert str(error)


@pytest.mark.parametrize(
    ("days", "start", "end"),
    [((), 0, 60), ((7,), 0, 60), ((0,), 60, 60), ((0,), 1440, 1500), ((0,), 0, 1441)],
)
def test_a_window_that_cannot_open_is_refused(days: tuple[int, ...], start: int, end: int) -> None:
    with pytest.raises(BadWindow):
        Window(frozenset(days), start, end, "UTC")


@pytest.mark.parametrize(
    ("deferred", "absolute", "expected"),
    [
        (0, 0, 1000),
        (120, 0, 1000 + 120 * MINUTE),
        (-5, 0, 1000),
        (120, 5000, 5000),  # its own time wins
        (120, 500, 1000),  # a time that has passed means now
    ],
)
def test_a_message_is_due(deferred: int, absolute: int, expected: int) -> None:
    assert due(1000, deferred, absolute) == expected


def test_two_days_of_validity_begin_when_it_is_due() -> None:
    assert expires(1000, 2880) == 1000 + 2 * 86_400_000_000
    assert expires(1000, -1) == 1000


@pytest.mark.parametrize(
    ("day", "hour", "minute", "zone", "at"),
    [
        (date(2026, 7, 14), 18, 30, "Europe/Paris", "2026-07-14T16:30"),
        (date(2026, 1, 14), 18, 30, "Europe/Paris", "2026-01-14T17:30"),
        (date(2026, 3, 29), 2, 30, "Europe/Paris", "2026-03-29T01:00"),  # left out: the jump itself
        (date(2026, 10, 25), 2, 30, "Europe/Paris", "2026-10-25T00:30"),  # there twice: the first
    ],
)
def test_a_time_on_the_wall_is_a_moment(day: date, hour: int, minute: int, zone: str, at: str) -> None:
    assert at_wall(day, hour, minute, zone) == us(at, "UTC")


@pytest.mark.parametrize(("hour", "minute"), [(24, 0), (-1, 0), (0, 60), (0, -1)])
def test_what_no_clock_shows_is_refused(hour: int, minute: int) -> None:
    with pytest.raises(ValueError, match="not a time of day"):
        at_wall(date(2026, 1, 1), hour, minute, "UTC")
