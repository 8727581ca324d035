"""The 28 rules where servers go wrong, one or more tests each, by number. spec: carriers/C.1"""

import struct
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from smpp_helpers import QUIET, bound, pair

from depesza.wire import Malformed, Unencodable
from depesza.wire.smpp import codec, events, flags, pdus, segments, status, times, tlvs
from depesza.wire.smpp.constants import STATE_OF_WORD, Command, MessageState, Npi, Ton
from depesza.wire.smpp.errors import NotAllowed
from depesza.wire.smpp.session import Session
from depesza.wire.smpp.settings import Settings, Timers
from depesza.wire.smpp.states import ALLOWED, Role, State, allowed

HEADER = struct.Struct(">IIII")
SUBMIT = pdus.SubmitSm(source_addr="me", destination_addr="33612345678", short_message=b"hello")
DELIVER = pdus.DeliverSm(source_addr="33612345678", destination_addr="me", short_message=b"hello")


def frame(command: int, body: bytes = b"", sequence: int = 7, code: int = 0) -> bytes:
    return HEADER.pack(16 + len(body), command, code, sequence) + body


def answers(session: Session[Any]) -> list[tuple[pdus.Pdu, int]]:
    found, rest = codec.unpack_stream(session.outgoing())
    assert rest == b""
    return found


def submitted(body_end: bytes) -> bytes:
    """Write a submit_sm whose last octets, from sm_length on, are given."""
    head = codec.pack(pdus.SubmitSm(source_addr="me", destination_addr="336"), 7)[16:-1]
    return frame(Command.SUBMIT_SM, head + body_end)


# 1: sequence numbers


def test_rule_01_sequence_numbers_wrap_to_one_and_skip_those_in_use() -> None:
    client, server = bound(Settings(window=5, timers=QUIET))
    client._window._next = 0x7FFFFFFE
    used = [client.submit(SUBMIT, token, 0.0) for token in "abc"]
    assert used == [0x7FFFFFFE, 0x7FFFFFFF, 1]
    client._window._next = 0x7FFFFFFE
    assert client.submit(SUBMIT, "d", 0.0) == 2
    assert [event.sequence for event in server.receive(client.outgoing(), 0.0)] == [*used, 2]


def test_rule_01_responses_may_come_out_of_order_and_keep_their_number() -> None:
    client, server = bound(Settings(window=5, timers=QUIET))
    for token in "abc":
        client.submit(SUBMIT, token, 0.0)
    asked = server.receive(client.outgoing(), 0.0)
    for event in reversed(asked):
        server.answer(event.sequence, pdus.SubmitSmResp(message_id=str(event.sequence)))
    told = client.receive(server.outgoing(), 0.0)
    assert [event.token for event in told] == ["c", "b", "a"]
    assert [event.pdu.message_id for event in told] == [str(event.sequence) for event in reversed(asked)]


@pytest.mark.parametrize("sequence", [0, 0x80000000, 0xFFFFFFFF])
def test_rule_01_a_peer_that_counts_wrongly_gets_its_own_number_back(sequence: int) -> None:
    _, server = bound()
    (event,) = server.receive(codec.pack(SUBMIT, sequence), 0.0)
    server.answer(event.sequence, pdus.SubmitSmResp(message_id="1"))
    assert answers(server) == [(pdus.SubmitSmResp(message_id="1"), sequence)]


def test_rule_01_a_number_still_in_use_is_refused_without_touching_the_first() -> None:
    _, server = bound()
    server.receive(codec.pack(SUBMIT, 5), 0.0)
    (fault,) = server.receive(codec.pack(SUBMIT, 5), 0.0)
    assert isinstance(fault, events.ProtocolFault)
    assert answers(server) == [(pdus.SubmitSmResp(status.RSYSERR), 5)]
    assert server.unanswered == 1


# 2: command_length


@pytest.mark.parametrize("length", [0, 15, 4_294_967_295, codec.MAX_PDU + 1])
def test_rule_02_an_impossible_length_is_nacked_and_ends_the_session(length: int) -> None:
    client, _ = bound()
    client.submit(SUBMIT, "open", 0.0)
    fault, closed = client.receive(HEADER.pack(length, Command.ENQUIRE_LINK, 0, 9), 0.0)
    assert fault.status == status.RINVCMDLEN
    assert closed == events.Closed("out of step", ("open",))
    assert answers(client)[-1] == (pdus.GenericNack(status.RINVCMDLEN), 0)
    assert client.closed
    assert client.receive(frame(Command.ENQUIRE_LINK), 0.0) == []


def test_rule_02_four_octets_are_enough_to_know_a_wrong_length() -> None:
    _, server = bound()
    assert server.receive(b"\0\0\0", 0.0) == []
    assert isinstance(server.receive(b"\x0f", 0.0)[-1], events.Closed)


def test_rule_02_one_octet_short_is_nacked() -> None:
    _, server = bound()
    whole = codec.pack(SUBMIT, 7)
    short = HEADER.pack(len(whole) - 1, Command.SUBMIT_SM, 0, 7) + whole[16:]
    (fault,) = server.receive(short, 0.0)
    assert (fault.status, fault.sequence) == (status.RINVMSGLEN, 7)
    assert answers(server) == [(pdus.GenericNack(status.RINVMSGLEN), 7)]


def test_rule_02_one_octet_long_never_hangs_the_session_for_good() -> None:
    _, server = bound(server=Settings(timers=Timers(0, 10, 0, 5)))
    whole = codec.pack(SUBMIT, 7)
    long = HEADER.pack(len(whole) + 1, Command.SUBMIT_SM, 0, 7) + whole[16:]
    server.receive(long, 0.0)
    for second in range(40):  # every further PDU is out of step by one octet now
        server.receive(frame(Command.ENQUIRE_LINK), float(second))
        server.tick(float(second))
    assert server.closed


def test_rule_02_a_body_that_ends_too_early_is_nacked_and_the_session_lives() -> None:
    _, server = bound()
    (fault,) = server.receive(frame(Command.SUBMIT_SM, b"\0\1\1me"), 0.0)
    assert fault.octets == frame(Command.SUBMIT_SM, b"\0\1\1me")
    assert answers(server) == [(pdus.GenericNack(status.RINVCMDLEN), 7)]
    assert len(server.receive(codec.pack(SUBMIT, 8), 0.0)) == 1


def test_rule_02_a_stream_may_be_cut_at_every_offset() -> None:
    stream = b"".join(codec.pack(SUBMIT, number) for number in (1, 2)) + frame(Command.ENQUIRE_LINK, b"", 3)
    for at in range(len(stream) + 1):
        _, server = bound()
        found = server.receive(stream[:at], 0.0) + server.receive(stream[at:], 0.0)
        assert found == [events.Requested(1, SUBMIT), events.Requested(2, SUBMIT)]
        assert answers(server) == [(pdus.EnquireLinkResp(), 3)]


def test_rule_02_a_stream_may_come_octet_by_octet() -> None:
    _, server = bound()
    big = pdus.SubmitSm(tlvs=(tlvs.MESSAGE_PAYLOAD.pack(bytes(65535)),))
    found = [event for octet in codec.pack(big, 1) for event in server.receive(bytes((octet,)), 0.0)]
    assert found == [events.Requested(1, big)]


# 3: unknown commands


@pytest.mark.parametrize("command", [0, 0x0A, 0x0C, 0x16, 0x111, 0x10200, 0x7FFFFFFF, 0x80000999, 0xFFFFFFFF])
def test_rule_03_an_unknown_command_is_nacked_and_the_session_lives(command: int) -> None:
    _, server = bound()
    (fault,) = server.receive(frame(command, b"whatever"), 0.0)
    assert isinstance(fault, events.ProtocolFault)
    assert answers(server) == [(pdus.GenericNack(status.RINVCMDID), 7)]
    assert len(server.receive(codec.pack(SUBMIT, 8), 0.0)) == 1


@pytest.mark.parametrize("response", [pdus.SubmitSmResp(), pdus.UnbindResp(), pdus.BindTransceiverResp()])
def test_rule_03_a_response_without_a_request_is_told_and_not_answered(response: pdus.Response) -> None:
    client, _ = bound()
    (fault,) = client.receive(codec.pack(response, 99), 0.0)
    assert isinstance(fault, events.ProtocolFault)
    assert client.outgoing() == b""
    assert client.bound


def test_rule_03_a_response_of_the_wrong_kind_leaves_the_request_open() -> None:
    client, _ = bound()
    sequence = client.submit(SUBMIT, "a", 0.0)
    client.receive(codec.pack(pdus.DataSmResp(), sequence), 0.0)
    (told,) = client.receive(codec.pack(pdus.SubmitSmResp(message_id="1"), sequence), 0.0)
    assert told.token == "a"


def test_rule_03_a_nack_gives_the_token_back() -> None:
    client, _ = bound()
    sequence = client.submit(SUBMIT, "a", 0.0)
    nack = codec.pack(pdus.GenericNack(status.RINVCMDID), sequence)
    assert client.receive(nack, 0.0) == [events.Nacked("a", status.RINVCMDID, sequence)]
    assert client.receive(nack, 0.0) == [events.Nacked(None, status.RINVCMDID, sequence)]


# 4: states


@pytest.mark.parametrize("kind", [kind for kind in ALLOWED if issubclass(kind, pdus.Request)])
@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("state", [state for state in State if state is not State.CLOSED])
def test_rule_04_what_is_not_allowed_is_answered_with_its_own_response(
    kind: type[pdus.Request], role: Role, state: State
) -> None:
    session: Session[str] = Session(role, Settings(timers=QUIET), 0.0)
    session._become(state)
    session.receive(codec.pack(kind(), 7), 0.0)
    out = answers(session)
    if allowed(kind, role.other, state):
        assert all(pdu.status == status.ROK for pdu, _ in out if isinstance(pdu, pdus.Response))
    else:
        already = issubclass(kind, pdus.Bind) and session.bound
        code = status.RALYBND if already else status.RINVBNDSTS
        assert out == [(kind.response(code), 7)]
        assert not session.closed


def test_rule_04_what_has_no_response_of_its_own_is_nacked() -> None:
    for pdu in (pdus.AlertNotification(), pdus.Outbind()):
        _, server = pair()
        server.receive(codec.pack(pdu, 7), 0.0)
        assert answers(server) == [(pdus.GenericNack(status.RINVBNDSTS), 7)]


def test_rule_04_submit_before_bind_on_a_receiver_and_after_unbind() -> None:
    refused = [(pdus.SubmitSmResp(status.RINVBNDSTS), 7)]
    _, fresh = pair()
    fresh.receive(codec.pack(SUBMIT, 7), 0.0)
    assert answers(fresh) == refused
    _, receiver = bound(bind=pdus.BindReceiver)
    receiver.receive(codec.pack(SUBMIT, 7), 0.0)
    assert answers(receiver) == refused
    _, leaving = bound()
    leaving.receive(codec.pack(SUBMIT, 5), 0.0)
    leaving.receive(codec.pack(pdus.Unbind(), 6), 0.0)
    leaving.receive(codec.pack(SUBMIT, 7), 0.0)
    assert answers(leaving) == refused


def test_rule_04_a_second_bind_is_told_that_there_is_one() -> None:
    _, server = bound()
    server.receive(codec.pack(pdus.BindReceiver("x", "y"), 8), 0.0)
    assert answers(server) == [(pdus.BindReceiverResp(status.RALYBND), 8)]
    assert server.bound


# 5: TLVs


@pytest.mark.parametrize("tag", [0x1400, 0x1401, 0x2FFF, 0x3FFF, 0x0001, 0xFFFF])
@pytest.mark.parametrize("octets", [b"", b"\0", b"x" * 300])
def test_rule_05_unknown_tlvs_are_kept_and_disturb_nobody(tag: int, octets: bytes) -> None:
    known = tlvs.RECEIPTED_MESSAGE_ID.pack("7f")
    for order in (((tag, octets), known), (known, (tag, octets))):
        pdu, _ = codec.unpack(codec.pack(pdus.DeliverSm(tlvs=order), 1))
        assert isinstance(pdu, pdus.DeliverSm)
        assert pdu.tlvs == order
        assert tlvs.RECEIPTED_MESSAGE_ID.of(pdu) == "7f"


@pytest.mark.parametrize(
    "tail", ["00", "0000", "000000", "00000000", "001e", "001e00", "001e0003", "001e00033766", "04"]
)
def test_rule_05_a_truncated_tlv_or_trailing_nul_is_left_out(tail: str) -> None:
    state = (0x0427, b"\2")
    octets = codec.pack(pdus.DeliverSm(short_message=b"x", tlvs=(state,)), 7)[16:] + bytes.fromhex(tail)
    pdu, _ = codec.unpack(frame(Command.DELIVER_SM, octets))
    assert isinstance(pdu, pdus.DeliverSm)
    assert pdu.tlvs == (state,)


def test_rule_05_an_uncounted_nul_behind_the_text_does_not_hide_the_tlvs() -> None:
    pdu, _ = codec.unpack(submitted(b"\x02hi\0" + bytes.fromhex("0204000200070427000102")))
    assert isinstance(pdu, pdus.SubmitSm)
    assert pdu.short_message == b"hi"
    assert tlvs.USER_MESSAGE_REFERENCE.of(pdu) == 7
    assert tlvs.MESSAGE_STATE.of(pdu) == 2


def test_rule_05_values_of_another_size_are_read() -> None:
    pdu = pdus.DeliverSm(tlvs=((0x0427, b"\0\0\0\2"), (0x020C, b""), (0x001E, b"no NUL"), (0x130C, b"?")))
    assert tlvs.MESSAGE_STATE.of(pdu) == 2
    assert tlvs.SAR_MSG_REF_NUM.of(pdu) is None
    assert tlvs.RECEIPTED_MESSAGE_ID.of(pdu) == "no NUL"
    assert tlvs.ALERT_ON_MESSAGE_DELIVERY.of(pdu)


# 6: bodies of responses


@pytest.mark.parametrize("kind", [pdus.SubmitSmResp, pdus.BindTransceiverResp, pdus.DataSmResp, pdus.DeliverSmResp])
@pytest.mark.parametrize(("body", "text"), [(b"", ""), (b"\0", ""), (b"abc\0", "abc"), (b"abc", "abc")])
@pytest.mark.parametrize("code", [0, status.RTHROTTLED])
def test_rule_06_the_body_may_be_missing_a_nul_or_whole(
    kind: type[pdus.SubmitSmResp], body: bytes, text: str, code: int
) -> None:
    pdu, _ = codec.unpack(frame(kind.command, body, code=code))
    assert pdu == kind(code, text)


@pytest.mark.parametrize("kind", [pdus.QuerySmResp, pdus.SubmitMultiResp])
def test_rule_06_behind_an_error_any_body_is_taken(kind: type[pdus.QuerySmResp]) -> None:
    for body in (b"", b"\0", b"noise"):
        assert codec.unpack(frame(kind.command, body, code=8))[0] == kind(8)


@pytest.mark.parametrize("kind", [kind for kind in codec.PACKERS if issubclass(kind, pdus.Response)])
def test_rule_06_an_error_is_sent_without_a_body(kind: type[pdus.Response]) -> None:
    assert codec.pack(kind(status.RSYSERR), 7) == frame(kind.command, code=status.RSYSERR)


# 7: enquire_link


def test_rule_07_enquire_link_is_answered_in_every_state_with_a_spare_octet_and_in_floods() -> None:
    for state in State:
        _, server = pair()
        server._become(state)
        assert server.receive(frame(Command.ENQUIRE_LINK) + frame(Command.ENQUIRE_LINK, b"\0", 8), 0.0) == []
        expected = [] if state is State.CLOSED else [(pdus.EnquireLinkResp(), 7), (pdus.EnquireLinkResp(), 8)]
        assert answers(server) == expected
    _, server = pair()
    server.receive(frame(Command.ENQUIRE_LINK) * 10_000, 0.0)
    assert len(server.outgoing()) == 160_000


def test_rule_07_version_5_asks_before_the_bind_too() -> None:
    timers = Timers(0, 10, 0, 5)
    for version, asks in ((0x34, False), (0x50, True)):
        session: Session[str] = Session(Role.SMSC, Settings(timers=timers, interface_version=version), 0.0)
        session.tick(10.0)
        assert bool(session.outgoing()) is asks


# 8: timers


def test_rule_08_session_init_closes_a_connection_without_a_bind() -> None:
    for role in Role:
        session: Session[str] = Session(role, Settings(timers=Timers(5, 0, 0, 0)), 100.0)
        assert session.next_tick() == 105.0
        assert session.tick(104.9) == []
        assert session.tick(105.0) == [events.Closed("session_init timer", ())]


def test_rule_08_enquire_link_asks_a_silent_peer_and_closes_when_nothing_comes() -> None:
    client, _ = bound(Settings(timers=Timers(0, 30, 0, 10)))
    client.submit(SUBMIT, "a", 25.0)  # our own traffic is no sign of life
    client.outgoing()
    assert client.next_tick() == 30.0
    client.tick(30.0)
    assert answers(client) == [(pdus.EnquireLink(), 3)]
    assert events.Closed("EnquireLink unanswered", ()) in client.tick(40.0)


def test_rule_08_an_answered_enquire_link_keeps_the_session() -> None:
    client, server = bound(Settings(timers=Timers(0, 30, 0, 10)))
    for second in range(30, 300, 30):
        client.tick(float(second))
        server.receive(client.outgoing(), float(second))
        client.receive(server.outgoing(), float(second))
        assert client.next_tick() == second + 30.0
    assert client.bound


def test_rule_08_a_peer_that_talks_but_does_not_answer_enquire_link_is_alive() -> None:
    client, _ = bound(Settings(timers=Timers(0, 30, 0, 10)))
    client.tick(30.0)
    client.receive(codec.pack(DELIVER, 1), 35.0)
    assert client.tick(40.0) == []
    assert client.bound


@pytest.mark.parametrize(("counts", "leaves"), [(False, True), (True, False)])
def test_rule_08_inactivity_unbinds_and_enquire_link_counts_as_set(counts: bool, leaves: bool) -> None:
    _, server = bound(server=Settings(timers=Timers(0, 0, 60, 10), enquire_counts=counts))
    server.receive(frame(Command.ENQUIRE_LINK), 50.0)
    server.outgoing()
    assert server.next_tick() == (60.0 if leaves else 110.0)
    server.tick(60.0)
    assert [type(pdu) for pdu, _ in answers(server)] == ([pdus.Unbind] if leaves else [])


def test_rule_08_response_gives_up_on_requests_one_by_one() -> None:
    client, _ = bound(Settings(window=3, timers=Timers(0, 0, 0, 10)))
    first = client.submit(SUBMIT, "a", 1.0)
    second = client.submit(SUBMIT, "b", 2.0)
    assert client.next_tick() == 11.0
    assert client.tick(11.0) == [events.Uncertain("a", first)]
    assert client.next_tick() == 12.0
    assert client.tick(12.0) == [events.Uncertain("b", second)]


def test_rule_08_a_bind_without_a_response_closes() -> None:
    client, _ = pair(Settings(timers=Timers(0, 0, 0, 10)))
    client.bind(pdus.BindReceiver("me", "pw"), 0.0)
    assert client.tick(10.0) == [events.Closed("BindReceiver unanswered", ())]


def test_rule_08_each_timer_can_be_off() -> None:
    client, server = bound()
    assert client.next_tick() == server.next_tick() == float("inf")
    assert client.tick(1e9) == server.tick(1e9) == []


# 9: lengths of messages


@pytest.mark.parametrize("size", [0, 1, 140, 160, 254])
def test_rule_09_short_messages_of_3_4(size: int) -> None:
    pdu = pdus.SubmitSm(short_message=bytes(size))
    assert codec.unpack(codec.pack(pdu, 1)) == (pdu, 1)


def test_rule_09_255_octets_of_5_0_are_read_and_not_written() -> None:
    pdu, _ = codec.unpack(submitted(b"\xff" + bytes(255)))
    assert isinstance(pdu, pdus.SubmitSm)
    assert len(pdu.short_message) == 255
    with pytest.raises(Unencodable):
        codec.pack(pdu, 1)


@pytest.mark.parametrize("size", [1, 255, 65535])
def test_rule_09_longer_ones_go_into_the_payload(size: int) -> None:
    pdu = pdus.SubmitSm(tlvs=(tlvs.MESSAGE_PAYLOAD.pack(bytes(size)),))
    client, server = bound()
    client.submit(pdu, "a", 0.0)
    (event,) = server.receive(client.outgoing(), 0.0)
    assert codec.message_octets(event.pdu) == bytes(size)


def test_rule_09_sm_length_beyond_the_body_is_refused() -> None:
    with pytest.raises(Malformed):
        codec.unpack(submitted(b"\x05four"))


def test_rule_09_both_at_once_is_refused_by_a_server_and_taken_by_a_client() -> None:
    both = b"\x02hi" + bytes.fromhex("042400036c6f6e")
    _, server = bound()
    server.receive(submitted(both), 0.0)
    assert answers(server) == [(pdus.SubmitSmResp(status.ROPTPARNOTALLWD), 7)]
    client, _ = bound()
    body = submitted(both)[16:]
    (event,) = client.receive(frame(Command.DELIVER_SM, body), 0.0)
    assert codec.message_octets(event.pdu) == b"hi"
    with pytest.raises(Unencodable):
        codec.pack(event.pdu, 1)


# 10: esm_class


@pytest.mark.parametrize("value", range(256))
def test_rule_10_every_esm_class_is_read_by_masks(value: int) -> None:
    assert flags.mode(value) == value % 4
    assert flags.is_receipt(value) is (value // 4 % 16 == 1)
    assert flags.is_intermediate(value) is (value // 4 % 16 == 8)
    assert flags.has_udh(value) is bool(value & 64)
    assert flags.has_reply_path(value) is bool(value & 128)
    kind = flags.message_type(value)
    if kind is not None:
        built = flags.esm_class(flags.mode(value), kind, flags.has_udh(value), flags.has_reply_path(value))
        assert built == value


def test_rule_10_what_peers_really_send() -> None:
    assert flags.is_receipt(0x44)
    assert flags.has_udh(0x44)
    assert flags.mode(3) is flags.Mode.STORE_AND_FORWARD
    assert flags.has_udh(67)
    assert not flags.is_receipt(67)
    assert flags.message_type(0x3C) is None


# 11: parts

PARTS = [
    (b"\x05\x00\x03\x7f\x02\x01hi", 0x40, (), segments.Segment(0x7F, 2, 1, segments.Place.UDH_8)),
    (b"\x06\x08\x04\x12\x34\xff\xffhi", 0x43, (), segments.Segment(0x1234, 255, 255, segments.Place.UDH_16)),
    (
        b"\x0b\x05\x04\x0b\x84\x23\xf0\x00\x03\x01\x03\x02hi",
        0x40,
        (),
        segments.Segment(1, 3, 2, segments.Place.UDH_8),
    ),
    (b"hi", 0, segments.sar(0x1234, 3, 2), segments.Segment(0x1234, 3, 2, segments.Place.SAR)),
    (b"hi", 0, segments.sar(0x1234, 3, 2)[:2], None),
    (b"hi", 0, (*segments.sar(1, 3, 2)[:2], tlvs.SAR_SEGMENT_SEQNUM.pack(4)), None),
    (b"hi", 0, (*segments.sar(1, 3, 2)[:2], tlvs.SAR_SEGMENT_SEQNUM.pack(0)), None),
    # A header and sar_* exclude each other; the header is what the receiver's phone will see.
    (
        b"\x05\x00\x03\x7f\x02\x01hi",
        0x40,
        segments.sar(9, 9, 9),
        segments.Segment(0x7F, 2, 1, segments.Place.UDH_8),
    ),
    (b"\x06\x05\x04\x0b\x84\x23\xf0hi", 0x40, (), None),
    (b"hi", 0, (), None),
]


@pytest.mark.parametrize(("octets", "esm_class", "extra", "segment"), PARTS)
def test_rule_11_a_part_says_which_one_it_is(
    octets: bytes, esm_class: int, extra: pdus.RawTlvs, segment: segments.Segment | None
) -> None:
    short = pdus.DeliverSm(short_message=octets, esm_class=esm_class, tlvs=extra)
    payload = pdus.DataSm(esm_class=esm_class, tlvs=(*extra, tlvs.MESSAGE_PAYLOAD.pack(octets)))
    for pdu in (short, payload):
        again, _ = codec.unpack(codec.pack(pdu, 1))
        assert isinstance(again, pdus.DeliverSm | pdus.DataSm)
        assert segments.read_segment(again) == (segment, b"hi")
        assert segments.segment_of(again) == segment


@pytest.mark.parametrize("octets", [b"", b"\x05\x00\x03", b"\x05\x00\x09\x01\x02\x03", b"\xff" + bytes(10)])
def test_rule_11_a_broken_header_is_malformed(octets: bytes) -> None:
    with pytest.raises(Malformed):
        segments.segment_of(pdus.DeliverSm(short_message=octets, esm_class=0x40))


def test_rule_11_the_sar_tlvs_have_the_sizes_of_the_specification() -> None:
    assert segments.sar(0x12, 3, 2) == ((0x020C, b"\x00\x12"), (0x020E, b"\x03"), (0x020F, b"\x02"))
    for reference, total, number in ((65536, 2, 1), (1, 256, 1), (1, 2, 3), (1, 2, 0)):
        with pytest.raises(Unencodable):
            segments.sar(reference, total, number)


# 12: registered_delivery


@pytest.mark.parametrize("value", range(32))
def test_rule_12_every_registered_delivery(value: int) -> None:
    assert flags.wants_receipt(value, delivered=True) is (value % 4 in (1, 3))
    assert flags.wants_receipt(value, delivered=False) is (value % 4 in (1, 2))
    assert flags.wants_intermediate(value) is bool(value & 16)
    assert flags.wants_delivery_ack(value) is bool(value & 4)
    assert flags.wants_user_ack(value) is bool(value & 8)
    built = flags.registered_delivery(flags.receipt_wish(value), flags.wants_intermediate(value))
    assert built == value & 0b10011
    pdu = pdus.SubmitSm(registered_delivery=value)
    assert codec.unpack(codec.pack(pdu, 1))[0] == pdu


def test_rule_12_the_bit_that_the_text_of_3_4_names_is_understood() -> None:
    assert flags.wants_intermediate(0x20)
    assert flags.wants_receipt(0x11, delivered=True)


# 13: message states


def test_rule_13_states_have_seven_letters_both_ways() -> None:
    words = ["SCHEDLD", "ENROUTE", "DELIVRD", "EXPIRED", "DELETED", "UNDELIV", "ACCEPTD", "UNKNOWN"]
    words += ["REJECTD", "SKIPPED"]
    assert [MessageState(number).word for number in range(10)] == words
    assert [STATE_OF_WORD[word] for word in words] == list(range(10))
    assert all(len(word) == 7 for word in words)


def test_rule_13_which_states_are_final() -> None:
    assert [int(state) for state in MessageState if state.final] == [2, 3, 4, 5, 8, 9]


# 14 to 16: receipts and ids (the text itself: test_receipt.py)


def test_rule_14_a_receipt_is_told_by_its_mark_and_its_text_is_left_alone() -> None:
    octets = b"id:00ff Stat:DELIVRD \xff\x00 whatever the vendor writes"
    pdu, _ = codec.unpack(codec.pack(pdus.DeliverSm(esm_class=0x04, short_message=octets), 1))
    assert isinstance(pdu, pdus.DeliverSm)
    assert flags.is_receipt(pdu.esm_class)
    assert pdu.short_message == octets


@pytest.mark.parametrize("both", [False, True])
def test_rule_15_a_receipt_speaks_by_tlvs_with_or_without_text(both: bool) -> None:
    receipt = pdus.DeliverSm(
        source_addr=SUBMIT.destination_addr,
        destination_addr=SUBMIT.source_addr,
        esm_class=flags.MessageType.RECEIPT,
        short_message=b"id:7f stat:DELIVRD" if both else b"",
        tlvs=(tlvs.MESSAGE_STATE.pack(MessageState.DELIVERED), tlvs.RECEIPTED_MESSAGE_ID.pack("7f")),
    )
    client, server = bound()
    server.request(receipt, "receipt", 0.0)
    (event,) = client.receive(server.outgoing(), 0.0)
    assert event.pdu == receipt
    assert tlvs.RECEIPTED_MESSAGE_ID.of(event.pdu) == "7f"
    assert tlvs.MESSAGE_STATE.of(event.pdu) == MessageState.DELIVERED


IDS = ["", "1", "00ff", "00FF", "0000000001", "SAR-7-1.2", "6b3e1f0a-9d1c-4c5e-8f57-0a1b2c3d4e5f", "x" * 64]


@pytest.mark.parametrize("remote_id", IDS)
def test_rule_16_ids_are_opaque(remote_id: str) -> None:
    """65 octets on the wire are 64 characters and the NUL."""
    for pdu in (pdus.SubmitSmResp(message_id=remote_id), pdus.QuerySm(message_id=remote_id)):
        assert codec.unpack(codec.pack(pdu, 1))[0] == pdu
    receipt = pdus.DeliverSm(tlvs=(tlvs.RECEIPTED_MESSAGE_ID.pack(remote_id),))
    assert tlvs.RECEIPTED_MESSAGE_ID.of(receipt) == remote_id


def test_rule_16_a_longer_id_is_read_and_not_written() -> None:
    pdu, _ = codec.unpack(frame(Command.SUBMIT_SM_RESP, b"x" * 65 + b"\0"))
    assert pdu == pdus.SubmitSmResp(message_id="x" * 65)
    with pytest.raises(Unencodable):
        codec.pack(pdu, 1)


# 17: data_coding


@pytest.mark.parametrize("coding", range(256))
def test_rule_17_the_codec_guesses_no_alphabet(coding: int) -> None:
    octets = bytes(range(128, 208))
    pdu = pdus.SubmitSm(data_coding=coding, short_message=octets)
    again, _ = codec.unpack(codec.pack(pdu, 1))
    assert again == pdu


# 18: times


def test_rule_18_absolute_relative_and_without_zone() -> None:
    now = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)  # half an hour before the clocks change in Paris
    assert times.read_time("260329013000004+", now) == now
    assert times.read_time("000000010000000R", now) == now + timedelta(hours=1)
    assert times.read_time("260329003000", now) == now
    assert times.read_time("", now) is None


@pytest.mark.parametrize(
    ("schedule", "validity", "code"),
    [
        ("", "", None),
        ("", "000001000000000R", None),
        ("tomorrow", "", status.RINVSCHED),
        ("26132900000000+", "", status.RINVSCHED),
        ("", "9" * 16, status.RINVEXPIRY),
        ("", "260101000000000+", status.RINVEXPIRY),
        ("270101000000000+", "261231000000000+", status.RINVEXPIRY),
    ],
)
def test_rule_18_a_server_has_a_status_for_each_time(schedule: str, validity: str, code: int | None) -> None:
    now = datetime(2026, 3, 29, tzinfo=UTC)
    pdu = pdus.SubmitSm(schedule_delivery_time=schedule, validity_period=validity)
    assert times.fault_in_times(pdu, now) == code


# 19: temporary refusals


def test_rule_19_throttled_and_queue_full_are_temporary() -> None:
    for code in (status.RTHROTTLED, status.RMSGQFUL, status.RSYSERR, status.RX_T_APPN):
        assert status.look(code).kind is status.Kind.TEMPORARY
    for code in (status.RINVDSTADR, status.RSUBMITFAIL, status.RX_P_APPN, 0x0B0B):
        assert status.look(code).kind is status.Kind.PERMANENT
    for code in (status.RINVPASWD, status.RINVSYSID, status.RBINDFAIL, status.RINVBNDSTS):
        assert status.look(code).kind is status.Kind.BIND


def test_rule_19_a_server_throttles_beyond_its_window() -> None:
    _, server = bound(server=Settings(incoming_window=2, timers=QUIET))
    server.receive(b"".join(codec.pack(SUBMIT, number) for number in (1, 2, 3)), 0.0)
    assert answers(server) == [(pdus.SubmitSmResp(status.RTHROTTLED), 3)]
    server.answer(1, pdus.SubmitSmResp(message_id="1"))
    assert len(server.receive(codec.pack(SUBMIT, 4), 0.0)) == 1


def test_rule_19_a_throttled_request_gives_its_token_and_its_slot_back() -> None:
    client, server = bound(Settings(window=1, timers=QUIET))
    client.submit(SUBMIT, "a", 0.0)
    (event,) = server.receive(client.outgoing(), 0.0)
    server.refuse(event.sequence, status.RTHROTTLED)
    (told,) = client.receive(server.outgoing(), 0.0)
    assert (told.token, told.status, client.room) == ("a", status.RTHROTTLED, 1)


# 20: congestion


@pytest.mark.parametrize(
    ("version", "code", "seen"),
    [
        (0x33, 0, None),
        (0x34, 0, 85),
        (0x34, status.RTHROTTLED, None),
        (0x50, 0, 85),
        (0x50, status.RTHROTTLED, 85),
    ],
)
def test_rule_20_congestion_is_sent_and_heard(version: int, code: int, seen: int | None) -> None:
    client, server = bound(version=version)
    server.congestion = 85
    client.submit(SUBMIT, "a", 0.0)
    (event,) = server.receive(client.outgoing(), 0.0)
    server.answer(event.sequence, pdus.SubmitSmResp(code, "1" if not code else ""))
    (told,) = client.receive(server.outgoing(), 0.0)
    assert (told.congestion, told.status) == (seen, code)


# 21: no response


def test_rule_21_without_a_response_a_request_is_uncertain_and_a_late_one_settles_it() -> None:
    client, server = bound(Settings(window=1, timers=Timers(0, 0, 0, 10)))
    sequence = client.submit(SUBMIT, "a", 0.0)
    (event,) = server.receive(client.outgoing(), 0.0)
    assert client.tick(10.0) == [events.Uncertain("a", sequence)]
    assert client.room == 1
    assert client.outgoing() == b""  # nothing is sent again blindly
    server.answer(event.sequence, pdus.SubmitSmResp(message_id="1"))
    late = events.Responded("a", 0, pdus.SubmitSmResp(message_id="1"), None, True)
    assert client.receive(server.outgoing(), 11.0) == [late]


def test_rule_21_what_is_kept_for_late_responses_is_bounded() -> None:
    client, _ = bound(Settings(window=2, timers=Timers(0, 0, 0, 1)))
    for second in range(100):
        client.submit(SUBMIT, second, float(second))
        client.tick(second + 1.0)
    assert len(client._window.late) == 20


# 22: unbind


@pytest.mark.parametrize("leaver", ["client", "server"])
def test_rule_22_leaving_drains_on_both_sides(leaver: str) -> None:
    client, server = bound(Settings(window=5, timers=QUIET))
    client.submit(SUBMIT, "a", 0.0)
    server.request(DELIVER, "r", 0.0)
    (asked,) = server.receive(client.outgoing(), 0.0)
    (told,) = client.receive(server.outgoing(), 0.0)
    ours, theirs = (client, server) if leaver == "client" else (server, client)
    ours.unbind(0.0)
    assert ours.room == 0
    assert ours.outgoing() == b""  # nothing yet: two requests are open
    with pytest.raises(NotAllowed, match="draining"):
        ours.request(SUBMIT if leaver == "client" else DELIVER, "late", 0.0)
    client.answer(told.sequence, pdus.DeliverSmResp())
    server.answer(asked.sequence, pdus.SubmitSmResp(message_id="1"))
    (first,) = theirs.receive(ours.outgoing(), 0.0)
    assert isinstance(first, events.Responded)
    (second,) = ours.receive(theirs.outgoing(), 0.0)
    assert isinstance(second, events.Responded)
    assert theirs.receive(ours.outgoing(), 0.0) == [events.Unbound(True), events.Closed("unbound", ())]
    assert ours.receive(theirs.outgoing(), 0.0) == [events.Unbound(False), events.Closed("unbound", ())]


def test_rule_22_the_response_to_unbind_waits_for_our_answers_but_not_for_ever() -> None:
    client, server = bound(server=Settings(timers=Timers(0, 0, 0, 10)))
    client.submit(SUBMIT, "a", 0.0)
    (asked, _) = server.receive(client.outgoing() + codec.pack(pdus.Unbind(), 9), 0.0)
    assert server.outgoing() == b""
    assert server.next_tick() == 10.0
    server.answer(asked.sequence, pdus.SubmitSmResp(message_id="1"))
    assert [type(pdu) for pdu, _ in answers(server)] == [pdus.SubmitSmResp, pdus.UnbindResp]
    assert server.next_tick() == 0.0
    assert server.tick(0.0) == [events.Closed("unbound", ())]
    _, slow = bound(server=Settings(timers=Timers(0, 0, 0, 10)))
    slow.receive(codec.pack(SUBMIT, 8) + codec.pack(pdus.Unbind(), 9), 0.0)
    assert slow.tick(10.0) == [events.Closed("unbound", ())]
    assert answers(slow) == [(pdus.UnbindResp(), 9)]


def test_rule_22_what_the_peer_never_answers_is_told_when_it_leaves() -> None:
    client, server = bound()
    client.submit(SUBMIT, "a", 0.0)
    server.unbind(0.0)
    (unbound,) = client.receive(server.outgoing(), 0.0)
    assert unbound == events.Unbound(by_peer=True)
    assert [type(pdu) for pdu, _ in answers(client)] == [pdus.SubmitSm, pdus.UnbindResp]
    assert client.close("connection lost") == [events.Closed("connection lost", ("a",))]


def test_rule_22_both_may_leave_at_once() -> None:
    client, server = bound()
    client.unbind(0.0)
    server.unbind(0.0)
    first, second = client.outgoing(), server.outgoing()
    assert isinstance(server.receive(first, 0.0)[-1], events.Closed)
    assert isinstance(client.receive(second, 0.0)[-1], events.Closed)


@pytest.mark.parametrize("response_timer", [0, 10])
def test_rule_22_an_unbind_that_is_never_answered_ends_too(response_timer: float) -> None:
    client, _ = bound(Settings(timers=Timers(0, 0, 0, response_timer)))
    client.unbind(0.0)
    due = client.next_tick()
    assert due == (response_timer or 60.0)
    assert client.tick(due) == [events.Closed("Unbind unanswered", ())]


# 23 to 25, 27 and 28: what the session gives to those who keep the rule


def test_rule_23_a_session_ends_once_and_a_new_one_begins_afresh() -> None:
    client, _ = bound()
    assert client.close("connection lost") == [events.Closed("connection lost", ())]
    assert client.close("again") == []
    assert client.next_tick() == float("inf")
    with pytest.raises(NotAllowed):
        client.bind(pdus.BindTransceiver("me", "pw"), 1.0)
    again, _ = bound()
    assert again.submit(SUBMIT, "a", 0.0) == 2


def test_rule_24_a_transmitter_and_a_receiver_know_nothing_of_each_other() -> None:
    sender, sender_at_server = bound(bind=pdus.BindTransmitter)
    listener, listener_at_server = bound(bind=pdus.BindReceiver)
    sender.submit(SUBMIT, "a", 0.0)
    (asked,) = sender_at_server.receive(sender.outgoing(), 0.0)
    sender_at_server.answer(asked.sequence, pdus.SubmitSmResp(message_id="7f"))
    with pytest.raises(NotAllowed):
        sender_at_server.request(DELIVER, "receipt", 0.0)
    # The receipt may even overtake the response; only the id tells what it is about.
    receipt = pdus.DeliverSm(esm_class=4, tlvs=(tlvs.RECEIPTED_MESSAGE_ID.pack("7f"),))
    listener_at_server.request(receipt, "receipt", 0.0)
    (news,) = listener.receive(listener_at_server.outgoing(), 0.0)
    (told,) = sender.receive(sender_at_server.outgoing(), 0.0)
    assert tlvs.RECEIPTED_MESSAGE_ID.of(news.pdu) == told.pdu.message_id
    with pytest.raises(NotAllowed):
        listener.submit(SUBMIT, "b", 0.0)


ADDRESSES = [
    ("33612345678", 1, 1),
    ("33612345678", 2, 1),
    ("33612345678", 0, 0),
    ("", 5, 0),
    ("SHOP+1", 5, 0),
]


@pytest.mark.parametrize(("addr", "ton", "npi"), [*ADDRESSES, ("*100#", 3, 1), ("36180", 255, 255)])
def test_rule_25_addresses_are_taken_as_they_come(addr: str, ton: int, npi: int) -> None:
    pdu = pdus.SubmitSm(source_addr=addr, source_addr_ton=ton, source_addr_npi=npi, destination_addr=addr)
    _, server = bound()
    (event,) = server.receive(codec.pack(pdu, 7), 0.0)
    assert event.pdu == pdu


def test_rule_25_an_address_beyond_the_limit_is_read_and_not_written() -> None:
    body = codec.pack(pdus.SubmitSm(), 7)[16:]
    pdu, _ = codec.unpack(frame(Command.SUBMIT_SM, body[:3] + b"x" * 30 + body[3:]))
    assert isinstance(pdu, pdus.SubmitSm)
    assert pdu.source_addr == "x" * 30
    with pytest.raises(Unencodable):
        codec.pack(pdu, 1)


def test_rule_25_the_numbers_have_names() -> None:
    assert (Ton.ALPHANUMERIC, Ton.INTERNATIONAL, Npi.ISDN, Npi.UNKNOWN) == (5, 1, 1, 0)


# 26: the rarer operations

RARE = [
    pdus.QuerySm("7f"),
    pdus.CancelSm(message_id="7f"),
    pdus.ReplaceSm("7f", short_message=b"new"),
    pdus.SubmitMulti(destinations=(pdus.Address("1"), pdus.DistributionList("all"))),
    pdus.SubmitMulti(destinations=(pdus.Address("1"),) * 255),
    pdus.DataSm(tlvs=(tlvs.MESSAGE_PAYLOAD.pack(b"x"),)),
    pdus.SubmitSm(replace_if_present_flag=1),
]


@pytest.mark.parametrize("pdu", RARE, ids=lambda pdu: type(pdu).__name__)
def test_rule_26_each_operation_arrives_and_can_be_declined_in_one_line(pdu: pdus.Request) -> None:
    client, server = bound()
    client.request(pdu, "a", 0.0)
    (event,) = server.receive(client.outgoing(), 0.0)
    assert event.pdu == pdu
    server.refuse(event.sequence)
    (told,) = client.receive(server.outgoing(), 0.0)
    assert (told.token, told.status, type(told.pdu)) == ("a", status.RINVCMDID, pdu.response)


def test_rule_26_alert_notification_has_no_answer() -> None:
    client, server = bound()
    alert = pdus.AlertNotification(1, 1, "336", 0, 0, "me", (tlvs.MS_AVAILABILITY_STATUS.pack(0),))
    server.notify(alert, 0.0)
    assert client.receive(server.outgoing(), 0.0) == [events.Alerted(alert)]
    assert (client.outgoing(), server.pending) == (b"", 0)


def test_rule_26_outbind_asks_the_client_to_bind() -> None:
    client, server = pair()
    server.outbind(pdus.Outbind("smsc", "pw"), 0.0)
    assert client.receive(server.outgoing(), 0.0) == [events.Outbound(pdus.Outbind("smsc", "pw"))]
    client.bind(pdus.BindReceiver("me", "pw"), 0.0)
    (asked,) = server.receive(client.outgoing(), 0.0)
    server.accept(asked.sequence)
    assert isinstance(client.receive(server.outgoing(), 0.0)[0], events.Bound)
    assert (client.state, server.state) == (State.BOUND_RX, State.BOUND_RX)


def test_rule_27_the_receipt_flag_of_each_part_is_kept() -> None:
    client, server = bound(Settings(window=2, timers=QUIET))
    for number, flag in ((1, 1), (2, 0)):
        client.submit(pdus.SubmitSm(registered_delivery=flag, tlvs=segments.sar(7, 2, number)), number, 0.0)
    found = [
        (segments.segment_of(event.pdu), event.pdu.registered_delivery)
        for event in server.receive(client.outgoing(), 0.0)
    ]
    assert [(part.reference, part.number, flag) for part, flag in found if part] == [(7, 1, 1), (7, 2, 0)]


def test_rule_28_a_session_knows_no_transport() -> None:
    """Whatever carries octets in order carries a session: here TLS records of odd sizes would do as well."""
    client, server = pair()
    client.bind(pdus.BindTransceiver("me", "pw"), 0.0)
    stream = client.outgoing()
    found = [event for at in range(0, len(stream), 3) for event in server.receive(stream[at : at + 3], 0.0)]
    assert found == [events.BindRequested(1, pdus.BindTransceiver("me", "pw"))]
