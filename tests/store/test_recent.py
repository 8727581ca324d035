"""Messages in memory between their submission and their receipt."""

from depesza.store.recent import Recent
from depesza.store.rows import merged


def test_a_row_is_given_out_once() -> None:
    recent = Recent()
    recent.keep(1, "a", (7, "row"))
    assert recent.take(2, "a") is None
    assert recent.take(1, "a") == (7, "row")
    assert recent.take(1, "a") is None
    assert len(recent) == 0


def test_the_oldest_makes_room() -> None:
    recent = Recent(2)
    for message, remote in enumerate("abc"):
        recent.keep(1, remote, (message,))
    assert [recent.take(1, remote) for remote in "abc"] == [None, (1,), (2,)]


def test_what_moved_by_another_way_is_forgotten() -> None:
    recent = Recent()
    recent.keep(1, "a", (7,))
    recent.keep(1, "b", (8,))
    recent.forget(7)
    recent.forget(9)
    assert recent.take(1, "a") is None
    assert recent.take(1, "b") == (8,)


def test_an_id_used_again_names_the_newer_message() -> None:
    recent = Recent()
    recent.keep(1, "a", (7,))
    recent.keep(1, "a", (8,))
    recent.forget(7)
    assert recent.take(1, "a") in (None, (8,))


def test_with_no_room_nothing_is_kept() -> None:
    recent = Recent(0)
    recent.keep(1, "a", (7,))
    assert recent.take(1, "a") is None


def test_steps_of_one_message_become_one() -> None:
    taken = (1, 2, 3, "", 50, 0, 0, 0, 9)
    delivered = (1, 3, 5, "late", 0, 60, 0, 1, 0)
    assert merged([taken, (2, 2, 3, "", 51, 0, 0, 0, 0), delivered]) == [
        (1, 2, 5, "late", 50, 60, 0, 1, 9),
        (2, 2, 3, "", 51, 0, 0, 0, 0),
    ]


def test_a_step_from_where_the_message_no_longer_is_does_not_happen() -> None:
    taken = (1, 2, 3, "", 50, 0, 0, 0, 0)
    expired = (1, 2, 7, "expired", 0, 60, 0, 0, 0)
    assert merged([taken, expired]) == [taken]
