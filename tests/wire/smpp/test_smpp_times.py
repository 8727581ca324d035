"""SMPP's times: what is read, what is written, and what is neither."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depesza.wire import Malformed, Unencodable
from depesza.wire.smpp import times

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
PARIS = timezone(timedelta(hours=1))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("260131120000000+", NOW),
        ("260131130000004+", NOW),
        ("260131070000020-", NOW),
        ("260131173000022+", NOW),
        ("260131120000500+", NOW + timedelta(milliseconds=500)),
        ("2601311300", NOW),
        ("260131130000", NOW),
        ("2601311300000", NOW),
        ("371231235959048-", datetime(2038, 1, 1, 11, 59, 59, tzinfo=UTC)),
        ("380101000000000+", datetime(1938, 1, 1, tzinfo=UTC)),
        ("991231000000000+", datetime(1999, 12, 31, tzinfo=UTC)),
        ("000000000000000R", NOW),
        ("000000001500000R", NOW + timedelta(minutes=15)),
        ("000001023000000R", NOW + timedelta(days=1, hours=2, minutes=30)),
        ("000100000000000R", datetime(2026, 2, 28, 12, 0, tzinfo=UTC)),
        ("010000000000000R", datetime(2027, 1, 31, 12, 0, tzinfo=UTC)),
        ("991299999999000R", datetime(2126, 1, 31, 12, 0, tzinfo=UTC) + timedelta(99, 99, 0, 0, 99, 99)),
    ],
)
def test_a_time_is_read_in_every_form(text: str, moment: datetime) -> None:
    assert times.read_time(text, NOW, PARIS) == moment


NO_TIMES = [
    "x",
    "2601",
    "260131120000000",
    "261331120000000+",
    "260230120000000+",
    "260131120000049+",
    "260131240000000+",
    "260131126000000+",
    "260131120000000*",
    " 60131120000000+",
    "260131120000000+0",
    "٢٦٠١٣١١٢٠٠٠٠٠٠٠+",
]


@pytest.mark.parametrize("text", NO_TIMES)
def test_what_is_no_time_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        times.read_time(text, NOW)


@settings(max_examples=100, deadline=None)
@given(
    st.datetimes(datetime(1938, 1, 3), datetime(2037, 12, 29)),
    st.integers(-48, 48),
)
def test_a_moment_comes_back_with_its_zone(moment: datetime, quarters: int) -> None:
    zone = timezone(quarters * timedelta(minutes=15))
    moment = moment.replace(tzinfo=zone, microsecond=moment.microsecond // 100_000 * 100_000)
    text = times.write_absolute(moment)
    assert len(text) == 16
    again = times.read_time(text, NOW)
    assert again == moment
    assert again is not None
    assert again.utcoffset() == moment.utcoffset()


def test_a_zone_of_odd_minutes_becomes_utc() -> None:
    moment = NOW.astimezone(timezone(timedelta(minutes=20)))
    assert times.write_absolute(moment) == "260131120000000+"


@pytest.mark.parametrize(
    "moment", [datetime(2026, 1, 1), datetime(2038, 1, 1, tzinfo=UTC), datetime(1937, 1, 1, tzinfo=UTC)]
)
def test_what_two_digits_cannot_tell_is_not_written(moment: datetime) -> None:
    with pytest.raises(Unencodable):
        times.write_absolute(moment)


@settings(max_examples=100, deadline=None)
@given(st.timedeltas(timedelta(), timedelta(days=31, hours=23)))
def test_a_delay_comes_back_rounded_up_to_seconds(delay: timedelta) -> None:
    moment = times.read_time(times.write_relative(delay), NOW)
    assert moment is not None
    assert delay <= moment - NOW < delay + timedelta(seconds=1)


@pytest.mark.parametrize("delay", [timedelta(seconds=-1), timedelta(days=32), timedelta(days=31.999999)])
def test_a_delay_out_of_range_is_not_written(delay: timedelta) -> None:
    with pytest.raises(Unencodable):
        times.write_relative(delay)


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("0123456789+-R"), max_size=17))
def test_any_text_is_read_or_malformed(text: str) -> None:
    try:
        moment = times.read_time(text, NOW)
    except Malformed:
        return
    assert (moment is None) is (text == "")


def test_a_time_beyond_the_calendar_is_malformed() -> None:
    for text in ("010000000000000R", "000032000000000R"):
        with pytest.raises(Malformed):
            times.read_time(text, datetime(9999, 12, 31, tzinfo=UTC))
