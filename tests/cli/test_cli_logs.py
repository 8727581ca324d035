"""Log lines: JSON or text, from a level on, with numbers and texts masked."""

import io
import json

import pytest
import structlog

from depesza.cli import logs
from depesza.settings import LogSettings, SettingsError


def lines(settings: LogSettings, **about: object) -> str:
    stream = io.StringIO()
    logs.configure(settings, stream)
    log = structlog.get_logger()
    log.debug("room.detail")
    log.warning("room.happened", **about)
    return stream.getvalue()


def test_json_is_one_object_a_line_with_event_level_and_time() -> None:
    (line,) = lines(LogSettings(), connector="sim", message=7).splitlines()
    found = json.loads(line)
    assert found.pop("timestamp").endswith("Z")
    assert found == {"event": "room.happened", "level": "warning", "connector": "sim", "message": 7}


def test_text_is_for_people() -> None:
    line = lines(LogSettings(format="text"), connector="sim")
    assert "room.happened" in line
    assert "connector=sim" in line
    assert not line.startswith("{")


def test_levels_below_are_left_out_and_those_above_are_not() -> None:
    assert lines(LogSettings(level="error")) == ""
    assert len(lines(LogSettings(level="debug")).splitlines()) == 2


def test_an_exception_is_told_in_one_line() -> None:
    stream = io.StringIO()
    logs.configure(LogSettings(), stream)
    try:
        raise ValueError("x" * 3)
    except ValueError:
        structlog.get_logger().exception("room.failed")
    (line,) = stream.getvalue().splitlines()
    assert "ValueError" in line


@pytest.mark.parametrize(
    ("about", "shown"),
    [
        ({"receiver": "+33600000001"}, {"receiver": "+336…01"}),
        ({"receivers": ["+33600000001", "0601020304"]}, {"receivers": ["+336…01", "0601…04"]}),
        ({"number": 33600000001}, {"number": "3360…01"}),
        ({"sender": "Example"}, {"sender": "Example"}),
        ({"sender": "36184"}, {"sender": "36184"}),
        ({"recipient": b"+48501000001"}, {"recipient": "+485…01"}),
        ({"text": "my secret"}, {"text": "(9 characters)"}),
        ({"texts": ["a", "bc"]}, {"texts": ["(1 characters)", "(2 characters)"]}),
        ({"body": b"\xff\xfe"}, {"body": "(2 characters)"}),
        ({"message": 195417553402880, "account": 195417553402881}, {"message": 195417553402880}),
        ({"text": None, "receiver": None}, {"text": None, "receiver": None}),
    ],
)
def test_numbers_and_texts_are_masked_and_nothing_else(about: dict[str, object], shown: dict[str, object]) -> None:
    found = json.loads(lines(LogSettings(), **about))
    assert {name: found[name] for name in shown} == shown


def test_masking_can_be_switched_off() -> None:
    found = json.loads(lines(LogSettings(mask=False), receiver="+33600000001", text="Hi"))
    assert (found["receiver"], found["text"]) == ("+33600000001", "Hi")


@pytest.mark.parametrize(
    ("settings", "said"),
    [(LogSettings(level="loud"), "log.level: 'loud'"), (LogSettings(format="xml"), "log.format: 'xml'")],
)
def test_a_setting_that_is_none_is_refused(settings: LogSettings, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        logs.configure(settings, io.StringIO())
