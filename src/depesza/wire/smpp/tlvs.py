"""The known TLVs as typed rows, and how any TLV is found, read and written.

A row reads its value from a PDU (`RECEIPTED_MESSAGE_ID.of(pdu)`) and packs one for a PDU (`.pack("7f")`).
Unknown tags stay in `pdu.tlvs` as octets and are ignored by everybody who does not ask for them.
spec: smpp34 5.3.2, smpp50 4.8.4, carriers/C.1#5
"""

from struct import Struct as Layout
from typing import Protocol, TypeAlias

from depesza.wire import Unencodable
from depesza.wire.smpp.pdus import RawTlvs

_HEAD = Layout(">HH")
_HEAD_SIZE = 4


class Tagged(Protocol):
    """Anything that carries TLVs: nearly every PDU."""

    @property
    def tlvs(self) -> RawTlvs: ...


def find(tlvs: RawTlvs, tag: int) -> bytes | None:
    """Give the octets of the first TLV with this tag."""
    for found, octets in tlvs:
        if found == tag:
            return octets
    return None


class Number:
    """A TLV whose value is an unsigned integer of 1, 2 or 4 octets."""

    def __init__(self, name: str, tag: int, size: int = 1) -> None:
        self.name = name
        self.tag = tag
        self.size = size

    def of(self, pdu: Tagged) -> int | None:
        """Read the value from a PDU; None when absent or empty. Peers send other sizes: any size is read."""
        octets = find(pdu.tlvs, self.tag)
        return int.from_bytes(octets, "big") if octets else None

    def pack(self, value: int) -> tuple[int, bytes]:
        """Make the (tag, octets) pair; Unencodable when it does not fit."""
        try:
            return self.tag, value.to_bytes(self.size, "big")
        except OverflowError:
            raise Unencodable(f"{self.name}: {value} does not fit in {self.size} octets") from None


class Text:
    """A TLV whose value is a C string; `longest` counts its closing NUL."""

    def __init__(self, name: str, tag: int, longest: int) -> None:
        self.name = name
        self.tag = tag
        self.longest = longest

    def of(self, pdu: Tagged) -> str | None:
        """Read the value from a PDU up to the first NUL; peers forget the NUL."""
        octets = find(pdu.tlvs, self.tag)
        return None if octets is None else octets.partition(b"\0")[0].decode("latin-1")

    def pack(self, value: str) -> tuple[int, bytes]:
        """Make the (tag, octets) pair with its NUL; Unencodable when it is too long or not Latin-1."""
        try:
            octets = value.encode("latin-1")
        except UnicodeEncodeError:
            raise Unencodable(f"{self.name}: not Latin-1: {value!r}") from None
        if len(octets) >= self.longest or b"\0" in octets:
            raise Unencodable(f"{self.name}: at most {self.longest - 1} octets without NUL: {value!r}")
        return self.tag, octets + b"\0"


class Octets:
    """A TLV whose value is taken as it is."""

    def __init__(self, name: str, tag: int, longest: int, shortest: int = 0) -> None:
        self.name = name
        self.tag = tag
        self.longest = longest
        self.shortest = shortest

    def of(self, pdu: Tagged) -> bytes | None:
        """Read the octets from a PDU."""
        return find(pdu.tlvs, self.tag)

    def pack(self, value: bytes) -> tuple[int, bytes]:
        """Make the (tag, octets) pair; Unencodable when the length is out of range."""
        if not self.shortest <= len(value) <= self.longest:
            raise Unencodable(f"{self.name}: {self.shortest} to {self.longest} octets, not {len(value)}")
        return self.tag, value


class Flag:
    """A TLV that says all by being there; it has no octets."""

    def __init__(self, name: str, tag: int) -> None:
        self.name = name
        self.tag = tag

    def of(self, pdu: Tagged) -> bool:
        """Tell whether it is there."""
        return find(pdu.tlvs, self.tag) is not None

    def pack(self, value: bool = True) -> tuple[int, bytes]:
        """Make the (tag, octets) pair; leave it out of the PDU to say no."""
        if not value:
            raise Unencodable(f"{self.name}: leave it out to say no")
        return self.tag, b""


Tlv: TypeAlias = Number | Text | Octets | Flag

DEST_ADDR_SUBUNIT = Number("dest_addr_subunit", 0x0005)
DEST_NETWORK_TYPE = Number("dest_network_type", 0x0006)
DEST_BEARER_TYPE = Number("dest_bearer_type", 0x0007)
DEST_TELEMATICS_ID = Number("dest_telematics_id", 0x0008, 2)
SOURCE_ADDR_SUBUNIT = Number("source_addr_subunit", 0x000D)
SOURCE_NETWORK_TYPE = Number("source_network_type", 0x000E)
SOURCE_BEARER_TYPE = Number("source_bearer_type", 0x000F)
SOURCE_TELEMATICS_ID = Number("source_telematics_id", 0x0010)
QOS_TIME_TO_LIVE = Number("qos_time_to_live", 0x0017, 4)
PAYLOAD_TYPE = Number("payload_type", 0x0019)
ADDITIONAL_STATUS_INFO_TEXT = Text("additional_status_info_text", 0x001D, 256)
RECEIPTED_MESSAGE_ID = Text("receipted_message_id", 0x001E, 65)
MS_MSG_WAIT_FACILITIES = Number("ms_msg_wait_facilities", 0x0030)
PRIVACY_INDICATOR = Number("privacy_indicator", 0x0201)
SOURCE_SUBADDRESS = Octets("source_subaddress", 0x0202, 23, 2)
DEST_SUBADDRESS = Octets("dest_subaddress", 0x0203, 23, 2)
USER_MESSAGE_REFERENCE = Number("user_message_reference", 0x0204, 2)
USER_RESPONSE_CODE = Number("user_response_code", 0x0205)
SOURCE_PORT = Number("source_port", 0x020A, 2)
DESTINATION_PORT = Number("destination_port", 0x020B, 2)
SAR_MSG_REF_NUM = Number("sar_msg_ref_num", 0x020C, 2)
LANGUAGE_INDICATOR = Number("language_indicator", 0x020D)
SAR_TOTAL_SEGMENTS = Number("sar_total_segments", 0x020E)
SAR_SEGMENT_SEQNUM = Number("sar_segment_seqnum", 0x020F)
SC_INTERFACE_VERSION = Number("sc_interface_version", 0x0210)
CALLBACK_NUM_PRES_IND = Number("callback_num_pres_ind", 0x0302)
CALLBACK_NUM_ATAG = Octets("callback_num_atag", 0x0303, 65)
NUMBER_OF_MESSAGES = Number("number_of_messages", 0x0304)
CALLBACK_NUM = Octets("callback_num", 0x0381, 19, 4)
DPF_RESULT = Number("dpf_result", 0x0420)
SET_DPF = Number("set_dpf", 0x0421)
MS_AVAILABILITY_STATUS = Number("ms_availability_status", 0x0422)
NETWORK_ERROR_CODE = Octets("network_error_code", 0x0423, 3, 3)
MESSAGE_PAYLOAD = Octets("message_payload", 0x0424, 65535)
DELIVERY_FAILURE_REASON = Number("delivery_failure_reason", 0x0425)
MORE_MESSAGES_TO_SEND = Number("more_messages_to_send", 0x0426)
MESSAGE_STATE = Number("message_state", 0x0427)
CONGESTION_STATE = Number("congestion_state", 0x0428)
USSD_SERVICE_OP = Octets("ussd_service_op", 0x0501, 1, 1)
BILLING_IDENTIFICATION = Octets("billing_identification", 0x060B, 1024)
SOURCE_NETWORK_ID = Text("source_network_id", 0x060D, 65)
DEST_NETWORK_ID = Text("dest_network_id", 0x060E, 65)
SOURCE_NODE_ID = Octets("source_node_id", 0x060F, 6, 6)
DEST_NODE_ID = Octets("dest_node_id", 0x0610, 6, 6)
DEST_ADDR_NP_RESOLUTION = Number("dest_addr_np_resolution", 0x0611)
DEST_ADDR_NP_INFORMATION = Octets("dest_addr_np_information", 0x0612, 10, 10)
DEST_ADDR_NP_COUNTRY = Number("dest_addr_np_country", 0x0613, 4)
DISPLAY_TIME = Number("display_time", 0x1201)
SMS_SIGNAL = Number("sms_signal", 0x1203, 2)
MS_VALIDITY = Octets("ms_validity", 0x1204, 4, 1)
ALERT_ON_MESSAGE_DELIVERY = Flag("alert_on_message_delivery", 0x130C)
ITS_REPLY_TYPE = Number("its_reply_type", 0x1380)
ITS_SESSION_INFO = Octets("its_session_info", 0x1383, 2, 2)

TLVS: dict[int, Tlv] = {
    row.tag: row for row in list(globals().values()) if isinstance(row, Number | Text | Octets | Flag)
}
"""The rows above by tag."""


def name_of(tag: int) -> str:
    """Name a tag for people: its name, or its hex."""
    row = TLVS.get(tag)
    return row.name if row else f"0x{tag:04X}"


def pack_tlvs(tlvs: RawTlvs) -> bytes:
    """Write TLVs in the order given; Unencodable when a tag or a length does not fit."""
    pieces: list[bytes] = []
    for tag, octets in tlvs:
        if not 0 <= tag <= 0xFFFF or len(octets) > 0xFFFF:
            raise Unencodable(f"TLV {name_of(tag)} with {len(octets)} octets cannot be written")
        pieces.append(_HEAD.pack(tag, len(octets)) + octets)
    return b"".join(pieces)


def read_tlvs(data: bytes, start: int, end: int) -> RawTlvs:
    """Read all TLVs between two offsets. A truncated last one and stray NULs are left out, never an error."""
    found, stop = _scan(data, start, end)
    if stop < end and start < end and not data[start]:
        # Some peers close short_message with a NUL that sm_length does not count: skip it if all then fits.
        shifted, stop = _scan(data, start + 1, end)
        if stop == end:
            return shifted
    return found


def _scan(data: bytes, start: int, end: int) -> tuple[RawTlvs, int]:
    found: list[tuple[int, bytes]] = []
    while start + _HEAD_SIZE <= end:
        tag, length = _HEAD.unpack_from(data, start)
        stop = start + _HEAD_SIZE + length
        if stop > end:
            break
        if tag:  # tag 0 is reserved: four NULs of padding
            found.append((tag, data[start + _HEAD_SIZE : stop]))
        start = stop
    return tuple(found), start
