"""What the demo shows of a life: every event, each once."""

from depesza.cli.demo_watch import new_events
from depesza.services.timeline import Event


def _event(id: int, at: int) -> Event:
    return Event(id, at, "receipt", "", b"")


def test_an_event_that_is_written_after_a_later_one_is_shown_too() -> None:
    shown: set[int] = set()
    first, last, between = _event(1, 10), _event(2, 30), _event(3, 20)
    assert new_events([first, last], shown) == [first, last]
    assert new_events([first, between, last], shown) == [between]
    assert new_events([first, between, last], shown) == []
