"""What a SIM may send, what a modem's numbers mean, and under which names reports come back: no modem needed."""

import pytest
from tests.support import NOW

from depesza.connectors.modem.writing import receipt_of, remote_of
from depesza.connectors.sim.inbox import Inbox
from depesza.connectors.sim.ration import Ration
from depesza.connectors.sim.words import reason_of, refusal_of, state_of
from depesza.core.devices import HOUR, MINUTE, SECOND, Limits, Reason
from depesza.core.model import State
from depesza.core.refusals import TABLE, Retry
from depesza.core.schedule import read_window
from depesza.wire.at.addresses import address_of
from depesza.wire.at.answers import Final, Slot
from depesza.wire.at.tpdu import Deliver, StatusReport
from depesza.wire.gsm import encode
from depesza.wire.udh import Concat, Header

ANY_TIME = read_window("none")
ONE, TWO = "+40740000001", "+40740000002"


def ration(kept: bytes = b"", window: str = "none", zone: str = "UTC", **limits: int) -> Ration:
    none = {"minute": 0, "hour": 0, "day": 0, "month": 0, "gap": 0}
    return Ration(Limits(**none | limits), read_window(window), zone, kept)


def test_a_minute_is_a_window_that_slides_and_parts_are_counted() -> None:
    sim = ration(minute=2)
    sim.take(ONE, 2, NOW)
    assert sim.free_at(ONE, 1, NOW) == NOW + MINUTE
    assert sim.free_at(ONE, 1, NOW + MINUTE) == NOW + MINUTE
    sim.take(ONE, 1, NOW + MINUTE)
    assert sim.free_at(ONE, 1, NOW + MINUTE) == NOW + MINUTE
    assert sim.free_at(ONE, 2, NOW + MINUTE) == NOW + 2 * MINUTE


def test_a_message_of_more_parts_than_the_limit_goes_when_nothing_else_did() -> None:
    assert ration(minute=2).free_at(ONE, 3, NOW) == NOW


def test_days_begin_in_the_zone_and_are_remembered() -> None:
    # 20:26 UTC is 23:26 in Bucharest
    sim = ration(zone="Europe/Bucharest", day=2)
    sim.take(ONE, 2, NOW)
    midnight = sim.free_at(ONE, 1, NOW)
    assert 0 < midnight - NOW < 34 * MINUTE
    again = ration(sim.write(), zone="Europe/Bucharest", day=2)
    assert again.free_at(ONE, 1, NOW) == midnight
    assert again.free_at(ONE, 1, midnight) == midnight
    again.take(ONE, 2, midnight)
    assert again.free_at(ONE, 1, midnight + SECOND) == midnight + 24 * HOUR


def test_what_did_not_leave_is_given_back() -> None:
    sim = ration(minute=3, day=3)
    sim.take(ONE, 3, NOW)
    sim.give_back(2)
    assert sim.free_at(ONE, 2, NOW) == NOW
    sim.give_back(1)
    assert sim.free_at(ONE, 3, NOW) == NOW


def test_receivers_of_a_month_are_counted_once_and_kept_as_digests() -> None:
    sim = ration(receivers=1)
    sim.take(ONE, 1, NOW)
    assert sim.free_at(ONE, 1, NOW) == NOW
    assert sim.free_at("", 1, NOW) == NOW
    later = sim.free_at(TWO, 1, NOW)
    assert NOW < later < NOW + 5 * 24 * HOUR  # the first of June
    assert ration(sim.write(), receivers=1).free_at(TWO, 1, NOW) == later
    assert b"4074" not in sim.write()
    assert sim.free_at(TWO, 1, later) == later


def test_a_gap_and_hours() -> None:
    sim = ration(gap=5)
    sim.take(ONE, 1, NOW)
    assert sim.free_at(ONE, 1, NOW) == NOW + 5 * SECOND
    closed = ration(window="daily 08:00-20:00 UTC")
    assert closed.free_at(ONE, 1, NOW) - NOW == (11 * 60 + 33) * MINUTE + 20 * SECOND


def test_failures_pause_a_sim_and_a_success_ends_that() -> None:
    sim = ration()
    sim.failed(Reason.RADIO, NOW)
    assert sim.free_at(ONE, 1, NOW) == NOW + MINUTE
    for _ in range(4):
        sim.failed(Reason.RADIO, NOW)
    assert sim.free_at(ONE, 1, NOW) == NOW + 5 * MINUTE
    assert ration(sim.write()).free_at(ONE, 1, NOW) == NOW + 5 * MINUTE
    sim.succeeded()
    assert sim.free_at(ONE, 1, NOW) == NOW


@pytest.mark.parametrize("kept", [b"", b"{", b'{"day": 3}', b'{"surprise": true}'])
def test_what_cannot_be_read_is_begun_anew(kept: bytes) -> None:
    assert ration(kept, day=1).free_at(ONE, 1, NOW) == NOW


@pytest.mark.parametrize(
    ("code", "refusal", "reason"),
    [
        (38, "link_down", Reason.RADIO),
        (331, "link_down", Reason.RADIO),
        (192, "busy", Reason.RADIO),
        (21, "rejected", Reason.GENERIC),
        (500, "unknown", Reason.GENERIC),
        (332, "uncertain", Reason.GENERIC),
        (1, "bad_destination", Reason.FINAL),
        (304, "bad_parameter", Reason.FINAL),
        (145, "bad_parameter", Reason.FINAL),
        (96, "bad_parameter", Reason.FINAL),
        (127, "unknown", Reason.GENERIC),
        (5000, "unknown", Reason.GENERIC),
    ],
)
def test_numbers_of_refusals(code: int, refusal: str, reason: Reason) -> None:
    assert refusal_of(Final(False, "CMS", code)) == refusal
    assert reason_of(refusal) is reason


def test_every_number_has_a_refusal_that_exists() -> None:
    names = {refusal_of(Final(False, "CMS", code)) for code in range(-1, 1000)}
    assert names <= set(TABLE)
    assert {name for name in names if TABLE[name].retry is Retry.HERE} == {"busy", "uncertain"}
    assert refusal_of(Final(False, text="ERROR")) == refusal_of(Final(False, "CME", 30)) == "unknown"


@pytest.mark.parametrize(
    ("status", "state", "refusal"),
    [
        (0x00, State.DELIVERED, ""),
        (0x01, State.SENT, ""),
        (0x02, State.DELIVERED, ""),
        (0x1F, State.DELIVERED, ""),
        (0x20, State.PENDING, ""),
        (0x3F, State.PENDING, ""),
        (0x40, State.FAILED, "network"),
        (0x46, State.FAILED, "carrier_expired"),
        (0x5F, State.FAILED, "undeliverable"),
        (0x63, State.FAILED, "blocked"),
        (0xFF, State.FAILED, "undeliverable"),
    ],
)
def test_states_of_reports(status: int, state: State, refusal: str) -> None:
    assert state_of(status) == (state, refusal)


@pytest.mark.parametrize("hours", [0, 1, 30, 72])
def test_a_report_finds_its_part_for_72_hours(hours: int) -> None:
    receipt = receipt_of(7, StatusReport(5, address_of(ONE), 0), NOW + hours * HOUR)
    assert remote_of(5, ONE, NOW) in receipt.remotes
    assert remote_of(6, ONE, NOW) not in receipt.remotes
    assert remote_of(5, TWO, NOW) not in receipt.remotes


def test_a_report_finds_the_newest_part_first_and_none_of_last_week() -> None:
    receipt = receipt_of(7, StatusReport(5, address_of(ONE), 0), NOW)
    assert receipt.remotes[0] == remote_of(5, ONE, NOW)
    days = [receipt.remotes.index(remote_of(5, ONE, NOW - day * 24 * HOUR)) for day in range(4)]
    assert days == sorted(days)
    assert remote_of(5, ONE, NOW - 7 * 24 * HOUR) not in receipt.remotes


def test_a_report_with_a_national_number_finds_its_part() -> None:
    assert remote_of(5, ONE, NOW) in receipt_of(7, StatusReport(5, address_of("0740000001"), 0), NOW).remotes
    assert remote_of(5, "+40", NOW) in receipt_of(7, StatusReport(5, address_of("40"), 0), NOW).remotes


def part(number: int, text: bytes, coding: int = 0, reference: int = 9, total: int = 2) -> Deliver:
    return Deliver(address_of(ONE), coding, text, Header((Concat(reference, total, number).element,)))


def test_a_character_cut_in_two_is_whole_again() -> None:
    inbox = Inbox(7, 600.0)
    data = "👍".encode("utf-16-be")
    assert inbox.take(part(1, data[:2], 8), None, "", 0.0, NOW) == []
    [text] = inbox.take(part(2, data[2:], 8), None, "", 1.0, NOW)
    assert text.inbound.text == "👍"


def test_parts_in_two_alphabets_are_joined() -> None:
    inbox = Inbox(7, 600.0)
    inbox.take(part(1, encode("a")), None, "", 0.0, NOW)
    [text] = inbox.take(part(2, "ț".encode("utf-16-be"), 8), None, "", 1.0, NOW)
    assert text.inbound.text == "aț"


def test_what_is_stored_is_taken_once_and_deletable_when_it_is_on_disk() -> None:
    inbox, slot = Inbox(7, 600.0), Slot("SM", 1)
    message = Deliver(address_of(ONE), 0, encode("hi"))
    [text] = inbox.take(message, slot, "+40", 0.0, NOW)
    assert inbox.take(message, slot, "+40", 1.0, NOW) == []
    assert not inbox.deletable(slot, message)
    inbox.kept(text)
    assert inbox.deletable(slot, message)
    other = Deliver(address_of(ONE), 0, encode("ho"))
    assert len(inbox.take(other, slot, "+40", 2.0, NOW)) == 1
    assert not inbox.deletable(slot, other)


def test_a_second_copy_of_a_part_can_be_deleted() -> None:
    inbox = Inbox(7, 600.0)
    inbox.take(part(1, encode("a")), Slot("SM", 1), "", 0.0, NOW)
    assert inbox.take(part(1, encode("a")), Slot("SM", 2), "", 1.0, NOW) == []
    assert inbox.deletable(Slot("SM", 2), part(1, encode("a")))
    assert inbox.deadline == 600.0
    [torn] = inbox.expire(601.0, NOW)
    assert (torn.inbound.text, torn.slots) == ("a[…]", (Slot("SM", 1),))


def test_places_that_are_not_used_any_more_are_forgotten() -> None:
    inbox, slot = Inbox(7, 600.0), Slot("inbox", 1)
    message = Deliver(address_of(ONE), 0, encode("hi"))
    [text] = inbox.take(message, slot, "+40", 0.0, NOW)
    inbox.kept(text)
    inbox.only({slot})
    assert inbox.deletable(slot, message)
    inbox.only(set())
    assert not inbox.deletable(slot, message)
