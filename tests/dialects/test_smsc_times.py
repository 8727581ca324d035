"""SMSC's times: when, how long, how spread, and as answers show them. spec: smsc/5.6 smsc/5.7 smsc/1.8"""

from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depesza.core.model import MICRO
from depesza.dialects.smsc import times
from depesza.dialects.smsc.answers import Refused
from depesza.dialects.smsc.times import DAY, HOUR, MINUTE, MOSCOW, Spread

NOW = 1_768_467_600 * MICRO
"""15.01.2026 12:00:00 in Moscow."""


def moscow(day: int, hour: int, minute: int = 0, *, month: int = 1, year: int = 2026) -> int:
    return int(datetime(year, month, day, hour, minute, tzinfo=MOSCOW).timestamp()) * MICRO


@pytest.mark.parametrize(
    ("text", "tz", "due"),
    [
        ("", "", 0),
        ("0", "", 0),
        ("1601260900", "", moscow(16, 9)),
        ("16.01.26 09:00", "", moscow(16, 9)),
        ("16.1.2026 9:00", "", moscow(16, 9)),
        ("1601260900", "0", moscow(16, 9)),
        ("0202260900", "2", moscow(2, 7, month=2)),
        ("1601260900", "-2", moscow(16, 11)),
        ("1601260900", "+2", moscow(16, 7)),
        ("1601260900", " 2", moscow(16, 7)),
        ("1601260900", "2.5", moscow(16, 6, 30)),
        ("1601260900", "-0.5", moscow(16, 9, 30)),
        ("1401260900", "", 0),
        ("1501261200", "", 0),
        ("1501261201", "", moscow(15, 12, 1)),
        ("9-18", "", 0),
        ("12-13", "", 0),
        ("14-18", "", moscow(15, 14)),
        ("9-12", "", moscow(16, 9)),
        ("9-11", "", moscow(16, 9)),
        ("14-18", "2", 0),
        ("22-6", "", moscow(15, 22)),
        ("22-13", "", 0),
        ("0-24", "", 0),
        ("01768467601", "", NOW + MICRO),
        ("01768467599", "", 0),
        ("+60", "", NOW + HOUR),
        (" 60", "", NOW + HOUR),
        ("+0", "", 0),
    ],
)
def test_case_56_when_to_send(text: str, tz: str, due: int) -> None:
    assert times.read_time(text, NOW, times.read_zone(tz)) == due


def test_an_accounts_own_zone_counts_without_tz() -> None:
    kyiv = ZoneInfo("Europe/Kyiv")
    assert times.read_zone("", kyiv) is kyiv and times.read_zone("0", kyiv) != kyiv
    assert times.read_time("1607260900", NOW, kyiv) == moscow(16, 9, month=7)
    assert times.read_time("1601260900", NOW, kyiv) == moscow(16, 10)


@pytest.mark.parametrize(
    "text",
    ["99.99.26 12:00", "3002260900", "1601262400", "1601260960", "tomorrow", "16.01.26", "9-25", "24-5", "9-9", "60",
     "-60", "+", "+x", "1768467600", "0999999999999999",
     "+999999999", "16.01.2100 09:00", "16.01.99999 09:00", "31.12.9999 23:59", "１６01260900"],
)  # fmt: skip
def test_case_24_another_time_is_error_5(text: str) -> None:
    with pytest.raises(Refused) as refused:
        times.read_time(text, NOW)
    assert (refused.value.code, refused.value.text) == (5, "invalid date")


@pytest.mark.parametrize("tz", ["x", "12", "-16", "2:30", "--2", "1e1"])
def test_another_zone_is_error_5(tz: str) -> None:
    with pytest.raises(Refused) as refused:
        times.read_zone(tz)
    assert refused.value.code == 5


@pytest.mark.parametrize(
    ("text", "span"),
    [("", DAY), ("1", HOUR), ("24", DAY), ("00:01", MINUTE), ("01:30", 90 * MINUTE), ("24:00", DAY), (" 2 ", 2 * HOUR)],
)
def test_how_long_to_try(text: str, span: int) -> None:
    assert times.read_valid(text) == span


@pytest.mark.parametrize("text", ["0", "25", "00:00", "24:01", "01:60", "1.5", "-1", "x", "1:30", "99999999999"])
def test_another_lifetime_is_error_1(text: str) -> None:
    with pytest.raises(Refused) as refused:
        times.read_valid(text)
    assert refused.value.code == 1


@pytest.mark.parametrize(
    ("period", "freq", "spread"),
    [
        ("", "", None),
        ("", "10", None),
        ("1", "10", Spread(HOUR, 10 * MINUTE)),
        ("0.1", "1", Spread(6 * MINUTE, MINUTE)),
        ("720", "1440", Spread(30 * DAY, DAY)),
        ("1.5", "", Spread(90 * MINUTE, MINUTE)),
    ],
)
def test_how_a_mailing_is_spread(period: str, freq: str, spread: Spread | None) -> None:
    assert times.read_spread(period, freq) == spread


@pytest.mark.parametrize(
    ("period", "freq"), [("0", ""), ("0.09", "1"), ("721", "1"), ("1", "0"), ("1", "1441"), ("x", ""), ("", "x")]
)
def test_another_spread_is_error_1(period: str, freq: str) -> None:
    with pytest.raises(Refused) as refused:
        times.read_spread(period, freq)
    assert refused.value.code == 1


@settings(max_examples=100)
@given(st.integers(1, 7200), st.integers(1, 1440), st.integers(1, 300))
def test_groups_leave_step_by_step_within_the_period(tenths: int, freq: int, count: int) -> None:
    spread = times.read_spread(f"{tenths / 10}", str(freq))
    assert spread is not None
    groups = max(1, tenths * 6 // freq)
    left = Counter(spread.after(place, count) for place in range(count))
    assert max(left.values()) == -(-count // groups) and len(left) <= groups
    assert sorted(left) == [step * freq * MINUTE for step in range(len(left))]


def test_dates_are_moscows_or_the_zones_asked_for() -> None:
    assert times.write_date(1_476_794_052 * MICRO + 5) == "18.10.2016 15:34:12"
    assert times.write_date(NOW, UTC) == "15.01.2026 09:00:00"
    assert (times.write_date(0), times.write_stamp(NOW + 7)) == ("", 1_768_467_600)


def test_days_are_read_as_a_range() -> None:
    assert times.read_days("15.01.2026", "16.1.2026") == (moscow(15, 0), moscow(17, 0))
    assert times.read_days("", "") == (0, 0)
    assert times.read_day("15.01.2026", UTC) == moscow(15, 3)


@pytest.mark.parametrize(
    ("start", "end"),
    [("15.01.26", ""), ("", "31.02.2026"), ("2026-01-15", ""), ("16.01.2026", "15.01.2026"), ("01.01.0001", "")],
)
def test_other_days_are_error_1(start: str, end: str) -> None:
    with pytest.raises(Refused) as refused:
        times.read_days(start, end)
    assert refused.value.code == 1


@settings(max_examples=100)
@given(st.text(max_size=20) | st.from_regex(r"[ +]?[0-9.:\- ]{1,16}", fullmatch=True), st.text(max_size=5))
def test_nothing_but_refusals(text: str, tz: str) -> None:
    for read in (lambda: times.read_time(text, NOW, times.read_zone(tz)), lambda: times.read_days(text, tz)):
        try:
            read()
        except Refused as refused:
            assert refused.code in (1, 5)


@settings(max_examples=100)
@given(st.datetimes(datetime(2026, 1, 16), datetime(2099, 12, 30)), st.integers(-60, 44))
def test_what_was_written_is_read_back(when: datetime, quarters: int) -> None:
    zone = timezone(timedelta(hours=3, minutes=15 * quarters))
    when = when.replace(second=0, microsecond=0, tzinfo=zone)
    for form in ("%d%m%y%H%M", "%d.%m.%y %H:%M", "%d.%m.%Y %H:%M"):
        due = times.read_time(when.strftime(form), NOW, times.read_zone(str(quarters / 4)))
        assert times.write_date(due, zone) == when.strftime("%d.%m.%Y %H:%M:%S")
