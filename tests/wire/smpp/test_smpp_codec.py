"""Bytes <-> PDUs: every PDU there and back, every cut, every broken octet, by hand and by table."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from smpp_helpers import any_pdu, pdus_of, sequences

from depesza.wire import Malformed, Unencodable
from depesza.wire.smpp import codec, pdus, tlvs
from depesza.wire.smpp.constants import Command
from depesza.wire.smpp.errors import Broken

HEADER = struct.Struct(">IIII")


def frame(command: int, body: bytes, sequence: int = 7, status: int = 0) -> bytes:
    return HEADER.pack(16 + len(body), command, status, sequence) + body


# (value, octets): read and written. The octets are put together by hand from smpp34 chapter 4.
CASES = [
    (pdus.EnquireLink(), "00000010 00000015 00000000 00000007"),
    (pdus.EnquireLinkResp(), "00000010 80000015 00000000 00000007"),
    (pdus.GenericNack(3), "00000010 80000000 00000003 00000007"),
    (pdus.Unbind(), "00000010 00000006 00000000 00000007"),
    (pdus.UnbindResp(), "00000010 80000006 00000000 00000007"),
    (pdus.CancelSmResp(0x11), "00000010 80000008 00000011 00000007"),
    (pdus.ReplaceSmResp(), "00000010 80000007 00000000 00000007"),
    (
        pdus.BindTransceiver("me", "pw", "", 0x34, 1, 1, ""),
        "0000001b 00000009 00000000 00000007 6d6500 707700 00 34 01 01 00",
    ),
    (
        pdus.BindReceiverResp(0, "smsc", ((0x0210, b"\x34"),)),
        "0000001a 80000001 00000000 00000007 736d736300 0210 0001 34",
    ),
    (pdus.Outbind("s", "p"), "00000014 0000000b 00000000 00000007 7300 7000"),
    (
        pdus.SubmitSm("", 5, 0, "ME", 1, 1, "336", 0x40, 0, 1, "", "", 1, 0, 8, 0, b"\x04\x10"),
        "00000028 00000004 00000000 00000007 00 05 00 4d4500 01 01 33333600 40 00 01 00 00 01 00 08 00 02 0410",
    ),
    (pdus.SubmitSmResp(0, "7f"), "00000013 80000004 00000000 00000007 376600"),
    (pdus.SubmitSmResp(0x58), "00000010 80000004 00000058 00000007"),
    (pdus.DeliverSmResp(), "00000011 80000005 00000000 00000007 00"),
    (
        pdus.DeliverSm(source_addr="1", destination_addr="2", esm_class=4, tlvs=((0x001E, b"7f\0"), (0x0427, b"\2"))),
        "0000002f 00000005 00000000 00000007 00 00 00 3100 00 00 3200 04 00 00 00 00 00 00 00 00 00"
        " 001e 0003 376600 0427 0001 02",
    ),
    (
        pdus.SubmitMulti(destinations=(pdus.Address("1", 1, 1), pdus.DistributionList("all")), short_message=b"x"),
        "0000002a 00000021 00000000 00000007 00 00 00 00 02 01 01 01 3100 02 616c6c00 00 00 00 00 00 00 00 00 00 01 78",
    ),
    (
        pdus.SubmitMultiResp(0, "9", (pdus.Unsuccessful("1", 1, 1, 0x0B),)),
        "0000001b 80000021 00000000 00000007 3900 01 01 01 3100 0000000b",
    ),
    (
        pdus.DataSm(source_addr="1", destination_addr="2", registered_delivery=1, tlvs=((0x0424, b"hi"),)),
        "00000022 00000103 00000000 00000007 00 00 00 3100 00 00 3200 00 01 00 0424 0002 6869",
    ),
    (pdus.DataSmResp(0, "9"), "00000012 80000103 00000000 00000007 3900"),
    (pdus.QuerySm("9", 1, 1, "33"), "00000017 00000003 00000000 00000007 3900 01 01 333300"),
    (pdus.QuerySmResp(0, "9", "", 2, 0), "00000015 80000003 00000000 00000007 3900 00 02 00"),
    (
        pdus.CancelSm("", "9", 1, 1, "3", 1, 1, "4"),
        "0000001b 00000008 00000000 00000007 00 3900 01 01 3300 01 01 3400",
    ),
    (
        pdus.ReplaceSm("9", 1, 1, "3", "", "", 1, 0, b"x"),
        "0000001c 00000007 00000000 00000007 3900 01 01 3300 00 00 01 00 01 78",
    ),
    (
        pdus.AlertNotification(1, 1, "3", 0, 0, "me", ((0x0422, b"\0"),)),
        "0000001e 00000102 00000000 00000007 01 01 3300 00 00 6d6500 0422 0001 00",
    ),
]


@pytest.mark.parametrize(("pdu", "octets"), CASES, ids=[type(pdu).__name__ for pdu, _ in CASES])
def test_a_pdu_is_written_and_read_as_the_specification_draws_it(pdu: pdus.Pdu, octets: str) -> None:
    assert codec.pack(pdu, 7).hex() == octets.replace(" ", "")
    assert codec.unpack(bytes.fromhex(octets)) == (pdu, 7)


def test_the_cases_name_every_kind_of_pdu_but_the_twins_of_the_binds() -> None:
    twins = {pdus.BindTransmitter, pdus.BindReceiver, pdus.BindTransmitterResp, pdus.BindTransceiverResp}
    assert {type(pdu) for pdu, _ in CASES} | twins == set(pdus.COMMANDS.values())


@pytest.mark.parametrize("kind", list(pdus.COMMANDS.values()))
def test_every_pdu_comes_back_as_it_was(kind: type[pdus.Pdu]) -> None:
    @settings(max_examples=25, deadline=None)
    @given(pdu=pdus_of(kind), sequence=sequences)
    def check(pdu: pdus.Pdu, sequence: int) -> None:
        assert codec.unpack(codec.pack(pdu, sequence)) == (pdu, sequence)

    check()


HOT = [pdus.SubmitSm, pdus.DeliverSm, pdus.SubmitSmResp, pdus.DeliverSmResp]


@pytest.mark.parametrize("kind", HOT)
def test_hand_written_and_table_agree(kind: type[pdus.Pdu]) -> None:
    by_hand = codec.READERS[kind.command]
    is_response = kind.command & 0x80000000
    by_table = (codec._response_reader_by_table if is_response else codec._reader_by_table)(kind)

    def outcome(reader: codec.Reader, body: bytes) -> object:
        try:
            return reader(b"xx" + body + b"\0yy", 2, 2 + len(body), 0)
        except Broken as error:
            return str(error), error.status

    @settings(max_examples=80, deadline=None)
    @given(pdu=pdus_of(kind), cut=st.integers(0, 60), noise=st.binary(max_size=40))
    def check(pdu: pdus.Pdu, cut: int, noise: bytes) -> None:
        octets = codec.pack(pdu, 1)
        assert octets == codec._pack_by_table(pdu, 1)
        for body in (octets[16:], octets[16:-cut], noise, octets[16:] + noise):
            assert outcome(by_hand, body) == outcome(by_table, body)

    check()


UNENCODABLE = [
    pdus.SubmitSm(source_addr="x" * 21),
    pdus.SubmitSm(destination_addr="x" * 21),
    pdus.SubmitSm(destination_addr="3\0"),
    pdus.SubmitSm(service_type="123456"),
    pdus.SubmitSm(source_addr="Ы"),
    pdus.SubmitSm(source_addr_ton=256),
    pdus.SubmitSm(source_addr_ton=-1),
    pdus.SubmitSm(short_message=b"x" * 255),
    pdus.SubmitSm(validity_period="1" * 17),
    pdus.SubmitSm(schedule_delivery_time="\0"),
    pdus.SubmitSm(tlvs=((-1, b""),)),
    pdus.SubmitSm(tlvs=((1, bytes(65536)),)),
    pdus.SubmitSm(short_message=b"x", tlvs=(tlvs.MESSAGE_PAYLOAD.pack(b"y"),)),
    pdus.SubmitSm(short_message="text"),  # type: ignore[arg-type]
    pdus.SubmitSm(source_addr=None),  # type: ignore[arg-type]
    pdus.SubmitMulti(short_message=b"x" * 255),
    pdus.SubmitMulti(destinations="1"),  # type: ignore[arg-type]
    pdus.SubmitMultiResp(unsuccessful="1"),  # type: ignore[arg-type]
    pdus.SubmitMultiResp(unsuccessful=(pdus.Address("1"),)),  # type: ignore[arg-type]
    pdus.QuerySm(message_id=7),  # type: ignore[arg-type]
    pdus.SubmitSmResp(message_id="x" * 65),
    pdus.SubmitSmResp(message_id="Ы"),
    pdus.SubmitSmResp(message_id="\0"),
    pdus.SubmitSmResp(-1),
    pdus.BindTransmitter(password="123456789"),
    pdus.SubmitMulti(destinations=(pdus.Address("1"),) * 256),
    pdus.SubmitMulti(destinations=("1",)),  # type: ignore[arg-type]
    pdus.SubmitMultiResp(unsuccessful=(pdus.Unsuccessful("1", error=-1),)),
    pdus.QuerySmResp(message_state=300),
]


@pytest.mark.parametrize("pdu", UNENCODABLE, ids=repr)
def test_what_does_not_fit_is_our_mistake(pdu: pdus.Pdu) -> None:
    with pytest.raises(Unencodable):
        codec.pack(pdu, 1)


@pytest.mark.parametrize("sequence", [-1, 1 << 32])
@pytest.mark.parametrize("kind", [pdus.SubmitSm, pdus.SubmitSmResp, pdus.EnquireLink])
def test_a_sequence_number_has_32_bits(kind: type[pdus.Pdu], sequence: int) -> None:
    with pytest.raises(Unencodable):
        codec.pack(kind(), sequence)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=80))
def test_random_octets_are_read_or_malformed(noise: bytes) -> None:
    try:
        codec.unpack_stream(noise)
    except Malformed:
        return


@settings(max_examples=200, deadline=None)
@given(command=st.sampled_from(list(pdus.COMMANDS)), body=st.binary(max_size=120), status=st.sampled_from([0, 8]))
def test_a_random_body_is_read_or_broken_with_a_status(command: int, body: bytes, status: int) -> None:
    try:
        pdu, _ = codec.unpack(frame(command, body, status=status))
    except Broken as error:
        assert error.status != 0
    else:
        assert type(pdu) is pdus.COMMANDS[command]


@settings(max_examples=80, deadline=None)
@given(pdu=any_pdu, at=st.integers(16, 400), value=st.integers(0, 255))
def test_one_wrong_octet_in_a_body_is_read_or_broken(pdu: pdus.Pdu, at: int, value: int) -> None:
    octets = bytearray(codec.pack(pdu, 1))
    if at < len(octets):
        octets[at] = value
    try:
        codec.unpack(bytes(octets))
    except Broken as error:
        assert error.status != 0


@settings(max_examples=60, deadline=None)
@given(drawn=st.lists(any_pdu, min_size=1, max_size=4), at=st.integers(0, 2000))
def test_a_stream_may_be_cut_anywhere(drawn: list[pdus.Pdu], at: int) -> None:
    octets = b"".join(codec.pack(pdu, number) for number, pdu in enumerate(drawn, 1))
    first, rest = codec.unpack_stream(octets[:at])
    second, nothing = codec.unpack_stream(rest + octets[at:])
    assert first + second == [(pdu, number) for number, pdu in enumerate(drawn, 1)]
    assert nothing == b""


UNBIND = frame(Command.UNBIND, b"")
NOT_ONE = [b"", bytes(15), UNBIND * 2, UNBIND + b"x", frame(0x99, b""), frame(Command.SUBMIT_MULTI, bytes(4))]


@pytest.mark.parametrize("octets", NOT_ONE)
def test_unpack_takes_exactly_one_pdu(octets: bytes) -> None:
    with pytest.raises(Broken):
        codec.unpack(octets)


@pytest.mark.parametrize(
    ("pdu", "octets"),
    [
        (pdus.SubmitSm(short_message=b"short"), b"short"),
        (pdus.SubmitSm(tlvs=(tlvs.MESSAGE_PAYLOAD.pack(b"long"),)), b"long"),
        (pdus.DataSm(tlvs=(tlvs.MESSAGE_PAYLOAD.pack(b"data"),)), b"data"),
        (pdus.DataSm(), b""),
        (pdus.DeliverSm(), b""),
        (pdus.ReplaceSm(short_message=b"new"), b"new"),
        (pdus.SubmitMulti(tlvs=((1, b"?"), tlvs.MESSAGE_PAYLOAD.pack(b"all"))), b"all"),
        # Forbidden, but a client must not lose what a carrier sends:
        (pdus.DeliverSm(short_message=b"short", tlvs=(tlvs.MESSAGE_PAYLOAD.pack(b"long"),)), b"short"),
    ],
)
def test_the_message_is_found_wherever_it_stands(pdu: pdus.SubmitSm, octets: bytes) -> None:
    assert codec.message_octets(pdu) == octets
