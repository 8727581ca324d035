"""A second opinion on our bytes: smpplib writes what we read, and reads what we write."""

from types import SimpleNamespace
from typing import Any

import pytest
from smpplib import smpp

from depesza.wire.smpp import codec, pdus, tlvs

MESSAGE: dict[str, Any] = {
    "service_type": "",
    "source_addr_ton": 5,
    "source_addr_npi": 0,
    "source_addr": "ME",
    "dest_addr_ton": 1,
    "dest_addr_npi": 1,
    "destination_addr": "33612345678",
    "esm_class": 0x40,
    "protocol_id": 0,
    "priority_flag": 1,
    "schedule_delivery_time": "",
    "validity_period": "000001000000000R",
    "registered_delivery": 1,
    "replace_if_present_flag": 0,
    "data_coding": 8,
    "sm_default_msg_id": 0,
    "short_message": b"\x05\x00\x03\x7f\x02\x01\x04\x1f",
}
BIND: dict[str, Any] = {
    "system_id": "me",
    "password": "secret",
    "system_type": "VMA",
    "interface_version": 0x34,
    "addr_ton": 1,
    "addr_npi": 1,
    "address_range": "^336",
}
DATA = {name: MESSAGE[name] for name in pdus.DataSm.__struct_fields__ if name in MESSAGE}
QUERY: dict[str, Any] = {"message_id": "7f", "source_addr_ton": 1, "source_addr_npi": 1, "source_addr": "336"}
QUERIED: dict[str, Any] = {"message_id": "7f", "final_date": "", "message_state": 2, "error_code": 0}
ALERT: dict[str, Any] = {
    "source_addr_ton": 1,
    "source_addr_npi": 1,
    "source_addr": "336",
    "esme_addr_ton": 0,
    "esme_addr_npi": 0,
    "esme_addr": "ME",
}

CASES: list[tuple[str, type[pdus.Pdu], dict[str, Any]]] = [
    ("bind_transmitter", pdus.BindTransmitter, BIND),
    ("bind_receiver", pdus.BindReceiver, BIND),
    ("bind_transceiver", pdus.BindTransceiver, BIND),
    ("bind_transceiver_resp", pdus.BindTransceiverResp, {"system_id": "smsc"}),
    ("submit_sm", pdus.SubmitSm, MESSAGE),
    ("deliver_sm", pdus.DeliverSm, MESSAGE),
    ("submit_sm_resp", pdus.SubmitSmResp, {"message_id": "00ff"}),
    ("deliver_sm_resp", pdus.DeliverSmResp, {"message_id": ""}),
    ("data_sm", pdus.DataSm, DATA),
    ("data_sm_resp", pdus.DataSmResp, {"message_id": "00ff"}),
    ("query_sm", pdus.QuerySm, QUERY),
    ("query_sm_resp", pdus.QuerySmResp, QUERIED),
    ("enquire_link", pdus.EnquireLink, {}),
    ("enquire_link_resp", pdus.EnquireLinkResp, {}),
    ("unbind", pdus.Unbind, {}),
    ("unbind_resp", pdus.UnbindResp, {}),
    ("generic_nack", pdus.GenericNack, {}),
    ("alert_notification", pdus.AlertNotification, ALERT),
]
IDS = [name for name, _, _ in CASES]
CLIENT = SimpleNamespace(next_sequence=lambda: 7, sequence=7)


@pytest.mark.parametrize(("name", "kind", "fields"), CASES, ids=IDS)
def test_we_read_what_smpplib_writes(name: str, kind: type[pdus.Pdu], fields: dict[str, Any]) -> None:
    theirs = smpp.make_pdu(name, client=CLIENT, sequence=7, **fields)
    assert codec.unpack(theirs.generate()) == (kind(**fields), 7)


@pytest.mark.parametrize(("name", "kind", "fields"), CASES, ids=IDS)
def test_smpplib_reads_what_we_write(name: str, kind: type[pdus.Pdu], fields: dict[str, Any]) -> None:
    theirs = smpp.parse_pdu(codec.pack(kind(**fields), 7), client=CLIENT)
    assert (theirs.command, theirs.sequence, theirs.status) == (name, 7, 0)
    for field, value in fields.items():
        found = getattr(theirs, field)
        if isinstance(found, bytes) and isinstance(value, str):
            value = value.encode()
        assert found == value or (not found and not value)


def test_both_agree_on_tlvs() -> None:
    ours = pdus.DeliverSm(**MESSAGE, tlvs=(tlvs.RECEIPTED_MESSAGE_ID.pack("7f"), tlvs.USER_MESSAGE_REFERENCE.pack(513)))
    theirs = smpp.parse_pdu(codec.pack(ours, 7), client=CLIENT)
    assert theirs.receipted_message_id == b"7f"
    assert theirs.user_message_reference == 513
    written = smpp.make_pdu(
        "deliver_sm", client=CLIENT, sequence=7, receipted_message_id="7f", user_message_reference=513, **MESSAGE
    )
    again, _ = codec.unpack(written.generate())
    assert isinstance(again, pdus.DeliverSm)
    assert tlvs.RECEIPTED_MESSAGE_ID.of(again) == "7f"
    assert tlvs.USER_MESSAGE_REFERENCE.of(again) == 513
