"""Bytes <-> PDUs: the table of `layout.py` for all, and by hand for the hottest.

A hand-written reader or packer that meets anything unusual gives up and lets the table do it again:
the table then finds either the same value or the precise error.
spec: smpp34 3.2, carriers/C.1#2 #5 #6 #9
"""

from collections.abc import Callable
from struct import Struct as Layout
from struct import error as StructError
from typing import Final, TypeAlias

from depesza.wire import Unencodable
from depesza.wire.smpp import tlvs
from depesza.wire.smpp.constants import HEADER_SIZE, RESPONSE_BIT, Command
from depesza.wire.smpp.errors import Broken
from depesza.wire.smpp.layout import LAYOUT, Text, Value
from depesza.wire.smpp.pdus import (
    COMMANDS,
    DataSm,
    DeliverSm,
    DeliverSmResp,
    Pdu,
    RawTlvs,
    ReplaceSm,
    Response,
    ShortMessage,
    SubmitMulti,
    SubmitSm,
    SubmitSmResp,
)
from depesza.wire.smpp.status import RINVCMDID

Reader: TypeAlias = Callable[[bytes, int, int, int], Pdu]
"""(data, start of the body, its end, command_status) -> PDU; raises Broken."""
Packer: TypeAlias = Callable[[Pdu, int], bytes]
"""(PDU, sequence number) -> octets; raises Unencodable."""

HEADER = Layout(">IIII")
MAX_PDU: Final = 0x20000
"""Longest PDU taken: a 64 K payload, 255 destinations and some TLVs fit."""
_LONGEST_ADDRESS = 20
_LONGEST_MESSAGE = 254
_LONGEST_ID = 64
_LONGEST_TIME = 16
_IDS: Final = (SubmitSmResp, DeliverSmResp)
_MISFIT = (ValueError, IndexError, KeyError, TypeError, AttributeError, StructError)


def pack(pdu: Pdu, sequence: int) -> bytes:
    """Write one PDU; Unencodable names the field that does not fit."""
    return PACKERS[type(pdu)](pdu, sequence)


def unpack(octets: bytes) -> tuple[Pdu, int]:
    """Read exactly one PDU and its sequence number; Broken tells what is wrong and which status says so."""
    found, rest = unpack_stream(octets)
    if len(found) != 1 or rest:
        raise Broken(f"{len(octets)} octets are not exactly one PDU")
    return found[0]


def unpack_stream(octets: bytes) -> tuple[list[tuple[Pdu, int]], bytes]:
    """Read all whole PDUs and give back what is left; Broken at the first that cannot be read."""
    found: list[tuple[Pdu, int]] = []
    start = 0
    while len(octets) - start >= HEADER_SIZE:
        length, command, status, sequence = HEADER.unpack_from(octets, start)
        if not HEADER_SIZE <= length <= MAX_PDU:
            raise Broken(f"command_length {length}")
        if start + length > len(octets):
            break
        reader = READERS.get(command)
        if reader is None:
            raise Broken(f"command_id 0x{command:08X} is unknown", RINVCMDID)
        found.append((reader(octets, start + HEADER_SIZE, start + length, status), sequence))
        start += length
    return found, octets[start:]


def message_octets(pdu: ShortMessage | SubmitMulti | ReplaceSm | DataSm) -> bytes:
    """Give the message's octets, wherever they stand: short_message, else message_payload. smpp34 5.2.21"""
    short = b"" if isinstance(pdu, DataSm) else pdu.short_message
    if short or not pdu.tlvs:
        return short
    return tlvs.MESSAGE_PAYLOAD.of(pdu) or b""


def has_both_messages(pdu: ShortMessage | SubmitMulti | ReplaceSm) -> bool:
    """Tell whether short_message and message_payload are both used, which is forbidden. smpp34 3.2.3"""
    return bool(pdu.short_message and pdu.tlvs) and tlvs.MESSAGE_PAYLOAD.of(pdu) is not None


# By the table


def _pack_by_table(pdu: Pdu, sequence: int) -> bytes:
    kind = type(pdu)
    status = pdu.status if isinstance(pdu, Response) else 0
    extra: RawTlvs = getattr(pdu, "tlvs", ())
    body = b"" if status and not extra else _pack_body(pdu) + tlvs.pack_tlvs(extra)
    if not kind.command & RESPONSE_BIT and isinstance(pdu, ShortMessage | SubmitMulti | ReplaceSm):
        _refuse_both_messages(pdu)
    try:
        return HEADER.pack(HEADER_SIZE + len(body), kind.command, status, sequence) + body
    except StructError:
        raise Unencodable(f"status {status} or sequence {sequence} does not fit in 32 bits") from None


def _pack_body(pdu: Pdu) -> bytes:
    pieces: list[bytes] = []
    for name, kind in LAYOUT[type(pdu)]:
        try:
            pieces.append(kind.write(getattr(pdu, name)))
        except Unencodable as error:
            raise Unencodable(f"{type(pdu).__name__}.{name}: {error}") from None
    return b"".join(pieces)


def _refuse_both_messages(pdu: ShortMessage | SubmitMulti | ReplaceSm) -> None:
    if has_both_messages(pdu):
        raise Unencodable(f"{type(pdu).__name__}: short_message and message_payload exclude each other")


def _reader_by_table(kind: type[Pdu]) -> Reader:
    """Make the reader of a request."""
    row = LAYOUT[kind]
    make: Callable[..., Pdu] = kind
    has_tlvs = "tlvs" in kind.__struct_fields__

    def read(data: bytes, at: int, end: int, status: int) -> Pdu:
        values: list[Value | RawTlvs] = []
        for _, field in row:
            value, at = field.read(data, at, end)
            values.append(value)
        if has_tlvs:
            values.append(tlvs.read_tlvs(data, at, end))
        return make(*values)

    return read


def _response_reader_by_table(kind: type[Pdu]) -> Reader:
    """Make the reader of a response: the body may be missing, one NUL, or whole. carriers/C.1#6"""
    row = LAYOUT[kind]
    make: Callable[..., Pdu] = kind
    has_tlvs = "tlvs" in kind.__struct_fields__
    one_text = len(row) == 1 and isinstance(row[0][1], Text)

    def read(data: bytes, at: int, end: int, status: int) -> Pdu:
        if at == end:
            return make(status)
        values: list[Value | RawTlvs] = []
        try:
            for _, field in row:
                value, at = field.read(data, at, end)
                values.append(value)
        except Broken:
            if one_text:  # an id without its NUL
                return make(status, data[at:end].decode("latin-1"))
            if status:  # whatever stands there, the status has said it
                return make(status)
            raise
        if has_tlvs:
            values.append(tlvs.read_tlvs(data, at, end))
        return make(status, *values)

    return read


# By hand: submit_sm, deliver_sm

_CHAR: dict[int, str] = {number: chr(number) for number in range(256)}
"""A dict, so that a number out of range is a KeyError."""


def _short_message_packer(kind: type[ShortMessage]) -> Packer:
    command = int(kind.command)

    def pack_short_message(pdu: Pdu, sequence: int) -> bytes:
        assert isinstance(pdu, ShortMessage)
        message = pdu.short_message
        extra = pdu.tlvs
        try:
            if not _is_usual(pdu) or (extra and message and has_both_messages(pdu)):
                return _pack_by_table(pdu, sequence)
            head = (
                f"\0{_CHAR[pdu.source_addr_ton]}{_CHAR[pdu.source_addr_npi]}{pdu.source_addr}"
                f"\0{_CHAR[pdu.dest_addr_ton]}{_CHAR[pdu.dest_addr_npi]}{pdu.destination_addr}"
                f"\0{_CHAR[pdu.esm_class]}{_CHAR[pdu.protocol_id]}{_CHAR[pdu.priority_flag]}"
                f"{pdu.schedule_delivery_time}\0{pdu.validity_period}"
                f"\0{_CHAR[pdu.registered_delivery]}{_CHAR[pdu.replace_if_present_flag]}"
                f"{_CHAR[pdu.data_coding]}{_CHAR[pdu.sm_default_msg_id]}{_CHAR[len(message)]}"
            ).encode("latin-1")
            body = head + message + tlvs.pack_tlvs(extra) if extra else head + message
            return HEADER.pack(HEADER_SIZE + len(body), command, 0, sequence) + body
        except _MISFIT:
            return _pack_by_table(pdu, sequence)

    return pack_short_message


def _is_usual(pdu: ShortMessage) -> bool:
    """Tell whether all texts surely fit, so that the hand-written packer may go on."""
    source = pdu.source_addr
    destination = pdu.destination_addr
    times = pdu.schedule_delivery_time or pdu.validity_period
    return not (
        pdu.service_type
        or len(source) > _LONGEST_ADDRESS
        or len(destination) > _LONGEST_ADDRESS
        or "\0" in source
        or "\0" in destination
        or len(pdu.short_message) > _LONGEST_MESSAGE
        or (times and not _are_times(pdu))
    )


def _are_times(pdu: ShortMessage) -> bool:
    times = (pdu.schedule_delivery_time, pdu.validity_period)
    return all(len(time) <= _LONGEST_TIME and "\0" not in time for time in times)


def _short_message_reader(kind: type[SubmitSm] | type[DeliverSm]) -> Reader:
    by_table = _reader_by_table(kind)

    def read_short_message(data: bytes, start: int, end: int, status: int) -> Pdu:
        try:
            at = data.index(0, start, end)
            service = data[start:at].decode("latin-1") if at > start else ""
            first = at + 3
            second = data.index(0, first, end) + 3
            at = data.index(0, second, end) + 1
            schedule = validity = ""
            if data[at + 3] or data[at + 4]:
                stop = data.index(0, at + 3, end)
                schedule = data[at + 3 : stop].decode("latin-1")
                last = data.index(0, stop + 1, end)
                validity = data[stop + 1 : last].decode("latin-1")
                tail = last + 1
            else:
                tail = at + 5
            registered, replace, coding, default, length = data[tail : tail + 5]
            stop = tail + 5 + length
            if stop > end:
                return by_table(data, start, end, status)
            return kind(
                service,
                data[first - 2],
                data[first - 1],
                data[first : second - 3].decode("latin-1"),
                data[second - 2],
                data[second - 1],
                data[second : at - 1].decode("latin-1"),
                data[at],
                data[at + 1],
                data[at + 2],
                schedule,
                validity,
                registered,
                replace,
                coding,
                default,
                data[tail + 5 : stop],
                () if stop == end else tlvs.read_tlvs(data, stop, end),
            )
        except _MISFIT:
            return by_table(data, start, end, status)

    return read_short_message


# By hand: their responses, one short id


def _id_packer(kind: type[SubmitSmResp] | type[DeliverSmResp]) -> Packer:
    command = int(kind.command)

    def pack_id(pdu: Pdu, sequence: int) -> bytes:
        assert isinstance(pdu, _IDS)
        text = pdu.message_id
        try:
            if pdu.status or pdu.tlvs or len(text) > _LONGEST_ID or "\0" in text:
                return _pack_by_table(pdu, sequence)
            body = text.encode("latin-1")
            return HEADER.pack(HEADER_SIZE + 1 + len(body), command, 0, sequence) + body + b"\0"
        except _MISFIT:
            return _pack_by_table(pdu, sequence)

    return pack_id


def _id_reader(kind: type[SubmitSmResp] | type[DeliverSmResp]) -> Reader:
    by_table = _response_reader_by_table(kind)

    def read_id(data: bytes, at: int, end: int, status: int) -> Pdu:
        stop = end - 1
        if stop < at or data.find(0, at, end) != stop:
            return by_table(data, at, end, status)
        return kind(status, data[at:stop].decode("latin-1"))

    return read_id


READERS: dict[int, Reader] = {
    command: (_response_reader_by_table if command & RESPONSE_BIT else _reader_by_table)(kind)
    for command, kind in COMMANDS.items()
}
"""How to read a body, by command_id."""
READERS[Command.SUBMIT_SM] = _short_message_reader(SubmitSm)
READERS[Command.DELIVER_SM] = _short_message_reader(DeliverSm)
READERS[Command.SUBMIT_SM_RESP] = _id_reader(SubmitSmResp)
READERS[Command.DELIVER_SM_RESP] = _id_reader(DeliverSmResp)

PACKERS: dict[type[Pdu], Packer] = dict.fromkeys(COMMANDS.values(), _pack_by_table)
"""How to write a PDU, by its type."""
PACKERS[SubmitSm] = _short_message_packer(SubmitSm)
PACKERS[DeliverSm] = _short_message_packer(DeliverSm)
PACKERS[SubmitSmResp] = _id_packer(SubmitSmResp)
PACKERS[DeliverSmResp] = _id_packer(DeliverSmResp)
