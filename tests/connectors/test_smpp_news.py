"""What deliver_sm and data_sm become: receipts in every dialect, and texts from people put together."""

from typing import Any

import msgspec
import pytest

from depesza.connectors.smpp import settings as smpp_settings
from depesza.connectors.smpp.alphabets import read
from depesza.connectors.smpp.news import Reader, write_habits
from depesza.connectors.smpp.replies import Replies
from depesza.connectors.smpp.settings import Settings
from depesza.connectors.smpp.words import REFUSALS, STATES, refusal_of
from depesza.core.model import MICRO, Inbound, Receipt, State
from depesza.core.refusals import TABLE
from depesza.wire import gsm, udh
from depesza.wire.septets import pack_uncounted
from depesza.wire.smpp import status
from depesza.wire.smpp.constants import MessageState
from depesza.wire.smpp.flags import UDHI
from depesza.wire.smpp.pdus import DataSm, DeliverSm
from depesza.wire.smpp.segments import sar
from depesza.wire.smpp.tlvs import MESSAGE_PAYLOAD, MESSAGE_STATE, NETWORK_ERROR_CODE, RECEIPTED_MESSAGE_ID

NOW = 1_700_000_000 * MICRO
TEXT = "id:{id} sub:001 dlvrd:001 submit date:2311142200 done date:2311142213 stat:{stat} err:{err} text:Bonjour"


def configured(**more: Any) -> Settings:
    return smpp_settings.read(msgspec.json.encode({"host": "h"} | more))


def reader(habits: bytes = b"", **more: Any) -> Reader:
    return Reader(7, configured(**more), habits)


def deliver(
    remote: str = "a1b2", stat: str = "DELIVRD", err: str = "000", esm_class: int = 4, **more: Any
) -> DeliverSm:
    text = TEXT.format(id=remote, stat=stat, err=err).encode()
    return DeliverSm(source_addr="33612345678", esm_class=esm_class, short_message=text, **more)


def told(pdu: DeliverSm | DataSm, **more: Any) -> Receipt:
    receipt = reader(**more).receipt(pdu, NOW)
    assert receipt is not None
    return receipt


@pytest.mark.parametrize(
    ("stat", "state", "refusal"),
    [
        ("DELIVRD", State.DELIVERED, ""),
        ("EXPIRED", State.EXPIRED, "carrier_expired"),
        ("UNDELIV", State.FAILED, "undeliverable"),
        ("REJECTD", State.FAILED, "rejected"),
        ("DELETED", State.FAILED, "deleted"),
        ("UNKNOWN", State.FAILED, "unknown"),
        ("ACCEPTD", State.SENT, ""),
        ("ENROUTE", State.PENDING, ""),
        ("BUFFERED", State.PENDING, ""),
        ("FAILED", State.FAILED, "undeliverable"),
    ],
)
def test_states(stat: str, state: State, refusal: str) -> None:
    receipt = told(deliver(stat=stat))
    assert (receipt.state, receipt.refusal) == (state, refusal)
    assert receipt.at == NOW
    assert receipt.remotes[0] == "a1b2"
    assert f"stat:{stat}" in receipt.detail


def test_every_state_and_status_of_the_specification_has_words() -> None:
    assert set(STATES) == set(MessageState)
    assert all(refusal == "" or refusal in TABLE for _, refusal in STATES.values())
    assert all(name in TABLE for name in REFUSALS.values())
    for row in status.ROWS[1:]:
        retry = TABLE[refusal_of(row.code, {})].retry.value
        assert (row.kind is status.Kind.TEMPORARY) <= (retry == "here"), row


def test_the_carriers_own_numbers_are_read_by_its_settings() -> None:
    own = configured(statuses={"0x400": "no_credit", "1025": "bad_content"}).own_statuses
    assert refusal_of(0x400, own) == "no_credit"
    assert refusal_of(0x401, own) == "bad_content"
    assert refusal_of(0x402, own) == "unknown"
    assert told(deliver(stat="UNDELIV", err="008"), errors={"008": "blocked"}).refusal == "blocked"
    assert told(deliver(stat="DELIVRD", err="008"), errors={"008": "blocked"}).refusal == ""


@pytest.mark.parametrize("esm_class", [0x00, 0x04, 0x07, 0x84])
def test_a_receipt_is_one_whatever_esm_class_says(esm_class: int) -> None:
    assert told(deliver(esm_class=esm_class)).state is State.DELIVERED


def test_a_receipt_may_stand_behind_a_header() -> None:
    head = udh.concat(3, 1, 1)
    text = head + TEXT.format(id="a1b2", stat="DELIVRD", err="000").encode()
    assert told(DeliverSm(esm_class=0x44, short_message=text)).remotes[0] == "a1b2"
    assert told(DeliverSm(esm_class=0x44, short_message=b"\x7f" + text[6:])).detail


def test_a_text_from_a_person_is_none() -> None:
    pdu = DeliverSm(source_addr="33612345678", short_message=b"id: my new flat, stat: happy")
    assert reader().receipt(pdu, NOW) is None


def test_a_receipt_by_tlv_alone_and_in_a_data_sm() -> None:
    tlvs = (RECEIPTED_MESSAGE_ID.pack("7F"), MESSAGE_STATE.pack(5), NETWORK_ERROR_CODE.pack(b"\x03\x00\x0b"))
    for pdu in (DeliverSm(esm_class=4, tlvs=tlvs), DataSm(esm_class=4, tlvs=tlvs), DeliverSm(tlvs=tlvs)):
        receipt = told(pdu)
        assert receipt.remotes[0] == "7F"
        assert receipt.state is State.FAILED
        assert "7F" in receipt.detail


def test_an_intermediate_word_is_never_the_end() -> None:
    assert told(deliver(stat="UNDELIV", esm_class=0x20)).state is State.PENDING
    assert told(deliver(stat="ENROUTE", esm_class=0x20)).state is State.PENDING


def test_a_receipt_that_says_nothing_is_kept_all_the_same() -> None:
    receipt = told(DeliverSm(esm_class=4, short_message=b"\xff\xfe?"))
    assert (receipt.remotes, receipt.state) == ((), State.SENT)
    assert receipt.detail


def test_the_id_of_the_tlv_comes_before_that_of_the_text() -> None:
    receipt = told(deliver("0000000012", tlvs=(RECEIPTED_MESSAGE_ID.pack("c"),)))
    assert receipt.remotes[0] == "c"
    assert "0000000012" in receipt.remotes


@pytest.mark.parametrize(
    ("form", "remote", "first"),
    [("same", "00FF", "00FF"), ("hex", "FF", "255"), ("decimal", "255", "ff"), ("auto", "00FF", "00FF")],
)
def test_the_form_of_ids_may_be_set(form: str, remote: str, first: str) -> None:
    assert told(deliver(remote), receipt_ids=form).remotes[0] == first


def test_habits_are_learnt_from_matches_and_survive_a_restart() -> None:
    learner = reader()
    for number in range(1_000_000_007, 1_000_000_007 + 12 * 7919, 7919):
        receipt = learner.receipt(deliver(format(number, "X")), NOW)
        assert receipt is not None
        learner.matched(receipt, str(number), ())
    assert learner.habits.settled
    again = reader(write_habits(learner.habits))
    receipt = again.receipt(deliver("FFFF"), NOW)
    assert receipt is not None
    assert receipt.remotes[0] == "65535"
    assert len(receipt.remotes) <= 3, "few look-ups once settled"
    assert not again.matched(receipt, "65535", ()), "nothing new"


def test_a_tlv_teaches_too_though_only_the_detail_is_kept() -> None:
    learner = reader()
    for number in range(12):
        remote = f"{number + 0xABC000:X}"
        pdu = DeliverSm(esm_class=4, tlvs=(RECEIPTED_MESSAGE_ID.pack(remote.lower()), MESSAGE_STATE.pack(2)))
        receipt = learner.receipt(pdu, NOW)
        assert receipt is not None
        stored = msgspec.json.decode(msgspec.json.encode(receipt), type=Receipt)
        learner.matched(stored, remote, ())
    receipt = learner.receipt(DeliverSm(esm_class=4, tlvs=(RECEIPTED_MESSAGE_ID.pack("abcdef"),)), NOW)
    assert receipt is not None
    assert receipt.remotes[0] == "ABCDEF"


def test_habits_that_cannot_be_read_are_learnt_anew() -> None:
    assert reader(b'{"nonsense": ').habits == reader().habits


def test_the_time_of_a_receipt_is_told_in_the_zone_set_or_learnt() -> None:
    utc = 1_699_999_980 * MICRO  # 2023-11-14 22:13
    assert told(deliver()).carrier_at == 0
    assert told(deliver(), receipt_zone="Z").carrier_at == utc
    assert told(deliver(), receipt_zone="+02:00").carrier_at == utc - 7200 * MICRO
    learner = reader()
    for number in range(20):
        receipt = learner.receipt(deliver(f"abcdef{number:02x}"), NOW)
        assert receipt is not None
        learner.matched(receipt, receipt.remotes[0], ())
    receipt = learner.receipt(deliver(), NOW)
    assert receipt is not None
    assert receipt.carrier_at == utc


# texts from people


class Desk:
    """A carrier's replies, what was reported, and what was acknowledged."""

    def __init__(self, **more: Any) -> None:
        self.reported: list[tuple[Inbound, Any]] = []
        self.acked: list[tuple[str, bool]] = []
        self.replies = Replies(7, configured(**more), lambda inbound, done: self.reported.append((inbound, done)))

    def take(self, pdu: DeliverSm | DataSm, name: str = "", now: float = 0.0) -> None:
        self.replies.take(pdu, lambda taken: self.acked.append((name, taken)), now, NOW)

    @property
    def texts(self) -> list[str]:
        return [inbound.text for inbound, _ in self.reported]


def part(number: int, text: str, total: int = 2, reference: int = 9, form: str = "udh") -> DeliverSm:
    octets = gsm.encode(text)
    common: dict[str, Any] = {"source_addr_ton": 1, "source_addr": "33612345678", "destination_addr": "36180"}
    if form == "sar":
        return DeliverSm(short_message=octets, tlvs=sar(reference, total, number), **common)
    bits = 16 if form == "udh16" else 8
    head = udh.concat(reference, total, number, bits)
    return DeliverSm(esm_class=UDHI, short_message=head + octets, **common)


def test_a_text_is_reported_once_and_acknowledged_when_done() -> None:
    desk = Desk()
    desk.take(DeliverSm(source_addr_ton=1, source_addr="33612345678", destination_addr="36180", short_message=b"STOP"))
    inbound, done = desk.reported[0]
    assert inbound == Inbound(7, "+33612345678", "36180", "STOP", NOW)
    assert not desk.acked
    done(True)
    assert desk.acked == [("", True)]


def test_a_long_text_in_message_payload() -> None:
    desk = Desk()
    desk.take(DataSm(source_addr="1", data_coding=8, tlvs=(MESSAGE_PAYLOAD.pack("Ж".encode("utf-16-be") * 500),)))
    assert desk.texts == ["Ж" * 500]


@pytest.mark.parametrize("form", ["udh", "udh16", "sar"])
@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2), (2, 3, 1)])
def test_parts_make_one_text_and_are_acknowledged_together(form: str, order: tuple[int, ...]) -> None:
    desk = Desk()
    for number in order:
        assert not desk.reported
        desk.take(part(number, f"<{number}€>", 3, form=form), f"part {number}")
    assert desk.texts == ["<1€><2€><3€>"]
    assert not desk.acked
    desk.reported[0][1](True)
    assert sorted(desk.acked) == [("part 1", True), ("part 2", True), ("part 3", True)]


def test_a_whole_that_could_not_be_taken_is_told_again_when_its_parts_come_again() -> None:
    desk = Desk()
    desk.take(part(1, "one "), "1")
    desk.take(part(2, "two"), "2")
    desk.reported[0][1](False)
    assert desk.acked == [("1", False), ("2", False)]
    desk.take(part(1, "one "), "1 again")
    assert desk.texts == ["one two"] * 2
    desk.take(part(2, "two"), "2 again")
    desk.reported[1][1](True)
    assert desk.acked[2:] == [("1 again", True), ("2 again", True)]
    desk.take(part(2, "two"), "2 once more")
    assert desk.acked[-1] == ("2 once more", True)
    assert len(desk.reported) == 2


def test_a_carrier_that_waits_for_each_answer_gets_one_and_nothing_is_lost() -> None:
    desk = Desk(part_hold=5)
    desk.take(part(1, "one "), "1", 0.0)
    assert desk.replies.deadline() == 5.0
    desk.replies.expire(4.9, NOW)
    assert not desk.acked
    desk.replies.expire(5.0, NOW)
    assert desk.acked == [("1", False)], "a temporary error: it is sent again later"
    desk.take(part(2, "two"), "2", 6.0)
    assert desk.texts == ["one two"]
    desk.reported[0][1](True)
    desk.take(part(1, "one "), "1 again", 30.0)
    assert desk.acked[1:] == [("2", True), ("1 again", True)]
    assert len(desk.reported) == 1


def test_parts_that_stay_alone_are_given_out_with_a_mark() -> None:
    desk = Desk(reassembly=60, part_hold=5)
    desk.take(part(2, "two", 3), "2", 0.0)
    desk.replies.expire(5.0, NOW)
    desk.take(part(2, "two", 3), "2 again", 58.0)
    desk.replies.expire(60.0, NOW)
    assert desk.texts == ["[…]two[…]"]
    desk.reported[0][1](True)
    assert desk.acked == [("2", False), ("2 again", True)]
    desk.take(part(2, "two", 3), "2 late", 90.0)
    assert desk.acked[-1] == ("2 late", True)
    desk.take(part(2, "new", 3), "another", 91.0)
    assert desk.acked[-1][0] != "another", "a new message with the same reference is no repetition"
    assert len(desk.reported) == 1


def test_a_reference_used_anew_tears_the_old_message_and_mixes_nothing() -> None:
    desk = Desk()
    desk.take(part(1, "old "), "old 1")
    desk.take(part(1, "new "), "new 1")
    assert desk.texts == ["old […]"]
    desk.take(part(2, "text"), "new 2")
    assert desk.texts == ["old […]", "new text"]
    desk.reported[0][1](True)
    assert desk.acked == [("old 1", True)]
    desk.reported[1][1](True)
    assert desk.acked[1:] == [("new 1", True), ("new 2", True)]


def test_a_broken_header_is_read_as_text() -> None:
    desk = Desk()
    desk.take(DeliverSm(source_addr="1", esm_class=UDHI, short_message=b"\x7fabc"))
    assert desk.texts == ["àabc"]


@pytest.mark.parametrize(
    ("octets", "coding", "settings", "text"),
    [
        (b"\x1b\x65", 0, {}, "€"),
        (b"\xe9", 0, {"alphabet": "latin1"}, "é"),
        (pack_uncounted(b"hello"), 0, {"alphabet": "gsm7-packed"}, "hello"),
        (b"abc", 1, {}, "abc"),
        (b"\xe9", 3, {}, "é"),
        ("Ж😀".encode("utf-16-be"), 8, {}, "Ж😀"),
        ("Ж".encode("iso8859-5"), 6, {}, "Ж"),
        ("ש".encode("iso8859-8"), 7, {}, "ש"),
        ("あ".encode("shift_jis"), 5, {}, "あ"),
        (b"\x1b\x65", 0xF0, {}, "€"),
        (b"\x1b\x65", 0x11, {}, "€"),
        ("Ж".encode("utf-16-be"), 0x18, {}, "Ж"),
        (b"\xff", 0xF4, {}, "ÿ"),
        (b"\xff", 4, {}, "ÿ"),
        (b"\x04", 8, {}, "\ufffd"),
        (b"", 0, {}, ""),
    ],
)
def test_texts_are_read_by_their_data_coding(octets: bytes, coding: int, settings: dict[str, Any], text: str) -> None:
    assert read(octets, coding, 0, configured(**settings)) == text


@pytest.mark.parametrize("coding", range(256))
def test_no_data_coding_makes_reading_fail(coding: int) -> None:
    assert isinstance(read(bytes(range(256)), coding, 0, configured()), str)
