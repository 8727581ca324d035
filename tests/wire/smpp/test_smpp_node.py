"""Another second opinion: octets as npm `smpp` 0.5.1 wrote them, read and written again by us."""

import pytest

from depesza.wire.smpp import codec, pdus, segments, tlvs

CASES: list[tuple[pdus.Pdu, str]] = [
    (
        pdus.BindTransceiver("me", "pw", "", 0x34, 1, 1, "^336"),
        "0000001f0000000900000000000000076d6500707700003401015e33333600",
    ),
    (
        pdus.BindTransceiverResp(0, "smsc", (tlvs.SC_INTERFACE_VERSION.pack(0x34),)),
        "0000001a800000090000000000000007736d7363000210000134",
    ),
    (
        pdus.SubmitSm(
            source_addr_ton=5,
            source_addr="ME",
            dest_addr_ton=1,
            dest_addr_npi=1,
            destination_addr="33612345678",
            registered_delivery=1,
            short_message=b"hi",
            tlvs=(tlvs.USER_MESSAGE_REFERENCE.pack(7),),
        ),
        "000000360000000400000000000000070005004d45000101333336313233343536373800000000000001000000026869020400020007",
    ),
    (
        pdus.SubmitSm(
            destination_addr="336",
            esm_class=0x40,
            data_coding=8,
            tlvs=(tlvs.MESSAGE_PAYLOAD.pack(bytes.fromhex("0500037f0201041f")),),
        ),
        "000000300000000400000000000000070000000000003333360040000000000000080000042400080500037f0201041f",
    ),
    (pdus.SubmitSmResp(0, "00ff"), "000000158000000400000000000000073030666600"),
    (pdus.SubmitSmResp(0x58), "00000010800000040000005800000007"),
    (
        pdus.DeliverSm(
            source_addr="336",
            destination_addr="ME",
            esm_class=4,
            short_message=b"id:7f",
            tlvs=(tlvs.RECEIPTED_MESSAGE_ID.pack("7f"), tlvs.MESSAGE_STATE.pack(2)),
        ),
        "000000370000000500000000000000070000003333360000004d45000400000000000000000569643a3766"
        "001e00033766000427000102",
    ),
    (pdus.DeliverSmResp(), "0000001180000005000000000000000700"),
    (
        pdus.DataSm(source_addr="1", destination_addr="2", tlvs=segments.sar(0x1234, 2, 1)),
        "0000002c000001030000000000000007000000310000003200000000020c00021234020e000102020f000101",
    ),
    (pdus.QuerySm("7f", source_addr="ME"), "0000001800000003000000000000000737660000004d4500"),
    (pdus.QuerySmResp(0, "7f", "", 2), "00000016800000030000000000000007376600000200"),
    (
        pdus.CancelSm(message_id="7f", source_addr="1", destination_addr="2"),
        "0000001c000000080000000000000007003766000000310000003200",
    ),
    (
        pdus.ReplaceSm("7f", source_addr="1", short_message=b"new"),
        "0000001f0000000700000000000000073766000000310000000000036e6577",
    ),
    (
        pdus.SubmitMulti(destinations=(pdus.Address("336", 1, 1), pdus.DistributionList("all")), short_message=b"x"),
        "0000002c00000021000000000000000700000000020101013333360002616c6c000000000000000000000178",
    ),
    (
        pdus.SubmitMultiResp(0, "9", (pdus.Unsuccessful("336", 1, 1, 0x0B),)),
        "0000001d8000002100000000000000073900010101333336000000000b",
    ),
    (
        pdus.AlertNotification(0, 0, "336", 0, 0, "ME", (tlvs.MS_AVAILABILITY_STATUS.pack(0),)),
        "0000002000000102000000000000000700003333360000004d45000422000100",
    ),
    (pdus.Outbind("s", "p"), "000000140000000b000000000000000773007000"),
    (pdus.EnquireLink(), "00000010000000150000000000000007"),
    (pdus.UnbindResp(), "00000010800000060000000000000007"),
    (pdus.GenericNack(3), "00000010800000000000000300000007"),
]


@pytest.mark.parametrize(("pdu", "octets"), CASES, ids=[type(pdu).__name__ for pdu, _ in CASES])
def test_both_write_the_same_octets(pdu: pdus.Pdu, octets: str) -> None:
    assert codec.unpack(bytes.fromhex(octets)) == (pdu, 7)
    assert codec.pack(pdu, 7).hex() == octets
