"""Every PDU as a value, with the specification's field names.

Requests carry no status; each response has one. The sequence number stands beside a PDU, not in it.
Text fields are `str` with one character an octet (Latin-1); message octets are `bytes`;
`tlvs` holds (tag, octets) in the order sent, see `tlvs.py`. The byte layout is in `layout.py`. spec: smpp34 4
"""

from typing import ClassVar, TypeAlias

from msgspec import Struct

from depesza.wire.smpp.constants import Command

RawTlvs: TypeAlias = tuple[tuple[int, bytes], ...]


class Pdu(Struct, frozen=True, gc=False):
    """Anything that travels."""

    command: ClassVar[int]


class Response(Pdu, frozen=True, gc=False):
    """An answer; its sequence number is that of the request."""

    status: int = 0


class Request(Pdu, frozen=True, gc=False):
    """Anything that expects an answer (alert_notification and outbind do not)."""

    response: ClassVar[type[Response]]


class GenericNack(Response, frozen=True, gc=False):
    """The answer to what could not be read. smpp34 4.3"""

    command = Command.GENERIC_NACK


class BindResp(Response, frozen=True, gc=False):
    """What the three bind responses share."""

    system_id: str = ""
    tlvs: RawTlvs = ()


class BindTransmitterResp(BindResp, frozen=True, gc=False):
    """smpp34 4.1.2"""

    command = Command.BIND_TRANSMITTER_RESP


class BindReceiverResp(BindResp, frozen=True, gc=False):
    """smpp34 4.1.4"""

    command = Command.BIND_RECEIVER_RESP


class BindTransceiverResp(BindResp, frozen=True, gc=False):
    """smpp34 4.1.6"""

    command = Command.BIND_TRANSCEIVER_RESP


class Bind(Request, frozen=True, gc=False):
    """What the three binds share."""

    system_id: str = ""
    password: str = ""
    system_type: str = ""
    interface_version: int = 0x34
    addr_ton: int = 0
    addr_npi: int = 0
    address_range: str = ""
    tlvs: RawTlvs = ()


class BindTransmitter(Bind, frozen=True, gc=False):
    """The client will send only. smpp34 4.1.1"""

    command = Command.BIND_TRANSMITTER
    response = BindTransmitterResp


class BindReceiver(Bind, frozen=True, gc=False):
    """The client will receive only. smpp34 4.1.3"""

    command = Command.BIND_RECEIVER
    response = BindReceiverResp


class BindTransceiver(Bind, frozen=True, gc=False):
    """Both ways over one session. smpp34 4.1.5"""

    command = Command.BIND_TRANSCEIVER
    response = BindTransceiverResp


BINDS: dict[str, type[Bind]] = {
    "transmitter": BindTransmitter,
    "receiver": BindReceiver,
    "transceiver": BindTransceiver,
}


class Outbind(Pdu, frozen=True, gc=False):
    """The server asks the client to bind. smpp34 4.1.7"""

    command = Command.OUTBIND
    system_id: str = ""
    password: str = ""


class UnbindResp(Response, frozen=True, gc=False):
    """smpp34 4.2.2"""

    command = Command.UNBIND_RESP


class Unbind(Request, frozen=True, gc=False):
    """smpp34 4.2.1"""

    command = Command.UNBIND
    response = UnbindResp


class EnquireLinkResp(Response, frozen=True, gc=False):
    """smpp34 4.11.2"""

    command = Command.ENQUIRE_LINK_RESP


class EnquireLink(Request, frozen=True, gc=False):
    """smpp34 4.11.1"""

    command = Command.ENQUIRE_LINK
    response = EnquireLinkResp


class ShortMessage(Request, frozen=True, gc=False):
    """The body that submit_sm and deliver_sm share."""

    service_type: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    dest_addr_ton: int = 0
    dest_addr_npi: int = 0
    destination_addr: str = ""
    esm_class: int = 0
    protocol_id: int = 0
    priority_flag: int = 0
    schedule_delivery_time: str = ""
    validity_period: str = ""
    registered_delivery: int = 0
    replace_if_present_flag: int = 0
    data_coding: int = 0
    sm_default_msg_id: int = 0
    short_message: bytes = b""
    tlvs: RawTlvs = ()


class SubmitSmResp(Response, frozen=True, gc=False):
    """smpp34 4.4.2"""

    command = Command.SUBMIT_SM_RESP
    message_id: str = ""
    tlvs: RawTlvs = ()


class SubmitSm(ShortMessage, frozen=True, gc=False):
    """smpp34 4.4.1"""

    command = Command.SUBMIT_SM
    response = SubmitSmResp


class DeliverSmResp(Response, frozen=True, gc=False):
    """message_id is unused and sent empty. smpp34 4.6.2"""

    command = Command.DELIVER_SM_RESP
    message_id: str = ""
    tlvs: RawTlvs = ()


class DeliverSm(ShortMessage, frozen=True, gc=False):
    """smpp34 4.6.1"""

    command = Command.DELIVER_SM
    response = DeliverSmResp


class Address(Struct, frozen=True, gc=False):
    """One receiver of a submit_multi. smpp34 4.5.1.1"""

    addr: str
    ton: int = 0
    npi: int = 0


class DistributionList(Struct, frozen=True, gc=False):
    """A list kept by the server, as a receiver of a submit_multi. smpp34 4.5.1.2"""

    name: str


Destination: TypeAlias = Address | DistributionList


class Unsuccessful(Struct, frozen=True, gc=False):
    """A receiver that a submit_multi did not reach, and why. smpp34 4.5.2.1"""

    addr: str
    ton: int = 0
    npi: int = 0
    error: int = 0
    """A command_status."""


class SubmitMultiResp(Response, frozen=True, gc=False):
    """smpp34 4.5.2"""

    command = Command.SUBMIT_MULTI_RESP
    message_id: str = ""
    unsuccessful: tuple[Unsuccessful, ...] = ()
    tlvs: RawTlvs = ()


class SubmitMulti(Request, frozen=True, gc=False):
    """smpp34 4.5.1"""

    command = Command.SUBMIT_MULTI
    response = SubmitMultiResp
    service_type: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    destinations: tuple[Destination, ...] = ()
    """Up to 254; 255 are taken, as in 5.0."""
    esm_class: int = 0
    protocol_id: int = 0
    priority_flag: int = 0
    schedule_delivery_time: str = ""
    validity_period: str = ""
    registered_delivery: int = 0
    replace_if_present_flag: int = 0
    data_coding: int = 0
    sm_default_msg_id: int = 0
    short_message: bytes = b""
    tlvs: RawTlvs = ()


class DataSmResp(Response, frozen=True, gc=False):
    """smpp34 4.7.2"""

    command = Command.DATA_SM_RESP
    message_id: str = ""
    tlvs: RawTlvs = ()


class DataSm(Request, frozen=True, gc=False):
    """The message itself is in the TLV message_payload. smpp34 4.7.1"""

    command = Command.DATA_SM
    response = DataSmResp
    service_type: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    dest_addr_ton: int = 0
    dest_addr_npi: int = 0
    destination_addr: str = ""
    esm_class: int = 0
    registered_delivery: int = 0
    data_coding: int = 0
    tlvs: RawTlvs = ()


class QuerySmResp(Response, frozen=True, gc=False):
    """smpp34 4.8.2"""

    command = Command.QUERY_SM_RESP
    message_id: str = ""
    final_date: str = ""
    message_state: int = 0
    error_code: int = 0
    tlvs: RawTlvs = ()


class QuerySm(Request, frozen=True, gc=False):
    """smpp34 4.8.1"""

    command = Command.QUERY_SM
    response = QuerySmResp
    message_id: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    tlvs: RawTlvs = ()


class CancelSmResp(Response, frozen=True, gc=False):
    """smpp34 4.9.2"""

    command = Command.CANCEL_SM_RESP


class CancelSm(Request, frozen=True, gc=False):
    """smpp34 4.9.1"""

    command = Command.CANCEL_SM
    response = CancelSmResp
    service_type: str = ""
    message_id: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    dest_addr_ton: int = 0
    dest_addr_npi: int = 0
    destination_addr: str = ""
    tlvs: RawTlvs = ()


class ReplaceSmResp(Response, frozen=True, gc=False):
    """smpp34 4.10.2"""

    command = Command.REPLACE_SM_RESP


class ReplaceSm(Request, frozen=True, gc=False):
    """smpp34 4.10.1; the TLV message_payload is of 5.0."""

    command = Command.REPLACE_SM
    response = ReplaceSmResp
    message_id: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    schedule_delivery_time: str = ""
    validity_period: str = ""
    registered_delivery: int = 0
    sm_default_msg_id: int = 0
    short_message: bytes = b""
    tlvs: RawTlvs = ()


class AlertNotification(Pdu, frozen=True, gc=False):
    """A receiver can be reached again; it has no response. smpp34 4.12.1"""

    command = Command.ALERT_NOTIFICATION
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    esme_addr_ton: int = 0
    esme_addr_npi: int = 0
    esme_addr: str = ""
    tlvs: RawTlvs = ()


COMMANDS: dict[int, type[Pdu]] = {
    pdu.command: pdu
    for pdu in (
        GenericNack,
        BindTransmitter,
        BindTransmitterResp,
        BindReceiver,
        BindReceiverResp,
        BindTransceiver,
        BindTransceiverResp,
        Outbind,
        Unbind,
        UnbindResp,
        EnquireLink,
        EnquireLinkResp,
        SubmitSm,
        SubmitSmResp,
        SubmitMulti,
        SubmitMultiResp,
        DeliverSm,
        DeliverSmResp,
        DataSm,
        DataSmResp,
        QuerySm,
        QuerySmResp,
        CancelSm,
        CancelSmResp,
        ReplaceSm,
        ReplaceSmResp,
        AlertNotification,
    )
}
