"""The body of every PDU as one table: field kinds in their order on the wire.

`codec.py` packs and reads all PDUs by this table, except the four hottest, which it does by hand
(a test holds both against each other). spec: smpp34 4
"""

from struct import Struct as Layout
from typing import TypeAlias

from depesza.wire import Unencodable
from depesza.wire.smpp import pdus
from depesza.wire.smpp.errors import Broken
from depesza.wire.smpp.pdus import Address, Destination, DistributionList, Pdu, Unsuccessful
from depesza.wire.smpp.status import RINVDESTFLAG, RINVMSGLEN

Value: TypeAlias = str | int | bytes | tuple[Destination, ...] | tuple[Unsuccessful, ...]
_TO_ADDRESS = 1
_TO_LIST = 2
_ERROR = Layout(">I")


class Text:
    """A C string; `longest` counts its closing NUL. Longer ones are read, but never written."""

    def __init__(self, longest: int) -> None:
        self.longest = longest

    def read(self, data: bytes, at: int, end: int) -> tuple[str, int]:
        stop = data.find(0, at, end)
        if stop < 0:
            raise Broken("a C string without its NUL")
        return data[at:stop].decode("latin-1"), stop + 1

    def write(self, value: Value) -> bytes:
        if not isinstance(value, str):
            raise Unencodable(f"text expected, not {value!r}")
        try:
            octets = value.encode("latin-1")
        except UnicodeEncodeError:
            raise Unencodable(f"not Latin-1: {value!r}") from None
        if len(octets) >= self.longest or 0 in octets:
            raise Unencodable(f"at most {self.longest - 1} octets without NUL: {value!r}")
        return octets + b"\0"


class Octet:
    """An unsigned integer of one octet."""

    def read(self, data: bytes, at: int, end: int) -> tuple[int, int]:
        if at >= end:
            raise Broken("the body ends too early")
        return data[at], at + 1

    def write(self, value: Value) -> bytes:
        if not isinstance(value, int) or not 0 <= value <= 255:
            raise Unencodable(f"0 to 255 expected, not {value!r}")
        return bytes((value,))


class ShortMessage:
    """sm_length and its octets; 255 are read as in 5.0, 254 written. carriers/C.1#9"""

    longest = 254

    def read(self, data: bytes, at: int, end: int) -> tuple[bytes, int]:
        if at >= end:
            raise Broken("the body ends too early")
        stop = at + 1 + data[at]
        if stop > end:
            raise Broken("sm_length goes beyond the body", RINVMSGLEN)
        return data[at + 1 : stop], stop

    def write(self, value: Value) -> bytes:
        if not isinstance(value, bytes) or len(value) > self.longest:
            raise Unencodable(f"at most {self.longest} octets; message_payload takes more")
        return bytes((len(value),)) + value


class Destinations:
    """number_of_dests and each one behind its flag."""

    longest = 255

    def read(self, data: bytes, at: int, end: int) -> tuple[tuple[Destination, ...], int]:
        count, at = _OCTET.read(data, at, end)
        found: list[Destination] = []
        for _ in range(count):
            one, at = _read_destination(data, at, end)
            found.append(one)
        return tuple(found), at

    def write(self, value: Value) -> bytes:
        if not isinstance(value, tuple) or len(value) > self.longest:
            raise Unencodable(f"at most {self.longest} destinations")
        return bytes((len(value),)) + b"".join(map(_write_destination, value))


class Failures:
    """no_unsuccess and each one with its error."""

    longest = 255

    def read(self, data: bytes, at: int, end: int) -> tuple[tuple[Unsuccessful, ...], int]:
        count, at = _OCTET.read(data, at, end)
        found: list[Unsuccessful] = []
        for _ in range(count):
            (ton, npi), at = _read_pair(data, at, end)
            addr, at = _ADDRESS.read(data, at, end)
            if at + 4 > end:
                raise Broken("the body ends too early")
            found.append(Unsuccessful(addr, ton, npi, _ERROR.unpack_from(data, at)[0]))
            at += 4
        return tuple(found), at

    def write(self, value: Value) -> bytes:
        if not isinstance(value, tuple) or len(value) > self.longest:
            raise Unencodable(f"at most {self.longest} failures")
        return bytes((len(value),)) + b"".join(map(_write_failure, value))


def _read_pair(data: bytes, at: int, end: int) -> tuple[tuple[int, int], int]:
    if at + 2 > end:
        raise Broken("the body ends too early")
    return (data[at], data[at + 1]), at + 2


def _read_destination(data: bytes, at: int, end: int) -> tuple[Destination, int]:
    flag, at = _OCTET.read(data, at, end)
    if flag == _TO_LIST:
        name, at = _ADDRESS.read(data, at, end)
        return DistributionList(name), at
    if flag != _TO_ADDRESS:
        raise Broken(f"dest_flag {flag} is neither an address nor a list", RINVDESTFLAG)
    (ton, npi), at = _read_pair(data, at, end)
    addr, at = _ADDRESS.read(data, at, end)
    return Address(addr, ton, npi), at


def _write_destination(one: Destination | Unsuccessful) -> bytes:
    if isinstance(one, DistributionList):
        return bytes((_TO_LIST,)) + _ADDRESS.write(one.name)
    if isinstance(one, Address):
        return bytes((_TO_ADDRESS,)) + _write_address(one)
    raise Unencodable(f"a destination expected, not {one!r}")


def _write_failure(one: Destination | Unsuccessful) -> bytes:
    if not isinstance(one, Unsuccessful) or not 0 <= one.error <= 0xFFFFFFFF:
        raise Unencodable(f"an unsuccessful receiver expected, not {one!r}")
    return _write_address(one) + _ERROR.pack(one.error)


def _write_address(one: Address | Unsuccessful) -> bytes:
    return _OCTET.write(one.ton) + _OCTET.write(one.npi) + _ADDRESS.write(one.addr)


Kind: TypeAlias = Text | Octet | ShortMessage | Destinations | Failures
Row: TypeAlias = tuple[tuple[str, Kind], ...]

_OCTET = Octet()
_ADDRESS = Text(21)
_LONG_ADDRESS = Text(65)
_ID = Text(65)
_TIME = Text(17)

_BIND: Row = (
    ("system_id", Text(16)),
    ("password", Text(9)),
    ("system_type", Text(13)),
    ("interface_version", _OCTET),
    ("addr_ton", _OCTET),
    ("addr_npi", _OCTET),
    ("address_range", Text(41)),
)
_BIND_RESP: Row = (("system_id", Text(16)),)
_SOURCE: Row = (("source_addr_ton", _OCTET), ("source_addr_npi", _OCTET), ("source_addr", _ADDRESS))
_DEST: Row = (("dest_addr_ton", _OCTET), ("dest_addr_npi", _OCTET), ("destination_addr", _ADDRESS))
_SERVICE: Row = (("service_type", Text(6)),)
_MESSAGE: Row = (
    ("esm_class", _OCTET),
    ("protocol_id", _OCTET),
    ("priority_flag", _OCTET),
    ("schedule_delivery_time", _TIME),
    ("validity_period", _TIME),
    ("registered_delivery", _OCTET),
    ("replace_if_present_flag", _OCTET),
    ("data_coding", _OCTET),
    ("sm_default_msg_id", _OCTET),
    ("short_message", ShortMessage()),
)
_MESSAGE_ID: Row = (("message_id", _ID),)

LAYOUT: dict[type[Pdu], Row] = {
    pdus.GenericNack: (),
    pdus.BindTransmitter: _BIND,
    pdus.BindTransmitterResp: _BIND_RESP,
    pdus.BindReceiver: _BIND,
    pdus.BindReceiverResp: _BIND_RESP,
    pdus.BindTransceiver: _BIND,
    pdus.BindTransceiverResp: _BIND_RESP,
    pdus.Outbind: (("system_id", Text(16)), ("password", Text(9))),
    pdus.Unbind: (),
    pdus.UnbindResp: (),
    pdus.EnquireLink: (),
    pdus.EnquireLinkResp: (),
    pdus.SubmitSm: _SERVICE + _SOURCE + _DEST + _MESSAGE,
    pdus.SubmitSmResp: _MESSAGE_ID,
    pdus.SubmitMulti: (*_SERVICE, *_SOURCE, ("destinations", Destinations()), *_MESSAGE),
    pdus.SubmitMultiResp: (*_MESSAGE_ID, ("unsuccessful", Failures())),
    pdus.DeliverSm: _SERVICE + _SOURCE + _DEST + _MESSAGE,
    pdus.DeliverSmResp: _MESSAGE_ID,
    pdus.DataSm: (
        *_SERVICE,
        ("source_addr_ton", _OCTET),
        ("source_addr_npi", _OCTET),
        ("source_addr", _LONG_ADDRESS),
        ("dest_addr_ton", _OCTET),
        ("dest_addr_npi", _OCTET),
        ("destination_addr", _LONG_ADDRESS),
        ("esm_class", _OCTET),
        ("registered_delivery", _OCTET),
        ("data_coding", _OCTET),
    ),
    pdus.DataSmResp: _MESSAGE_ID,
    pdus.QuerySm: _MESSAGE_ID + _SOURCE,
    pdus.QuerySmResp: (
        *_MESSAGE_ID,
        ("final_date", _TIME),
        ("message_state", _OCTET),
        ("error_code", _OCTET),
    ),
    pdus.CancelSm: _SERVICE + _MESSAGE_ID + _SOURCE + _DEST,
    pdus.CancelSmResp: (),
    pdus.ReplaceSm: (
        *_MESSAGE_ID,
        *_SOURCE,
        ("schedule_delivery_time", _TIME),
        ("validity_period", _TIME),
        ("registered_delivery", _OCTET),
        ("sm_default_msg_id", _OCTET),
        ("short_message", ShortMessage()),
    ),
    pdus.ReplaceSmResp: (),
    pdus.AlertNotification: (
        ("source_addr_ton", _OCTET),
        ("source_addr_npi", _OCTET),
        ("source_addr", _LONG_ADDRESS),
        ("esme_addr_ton", _OCTET),
        ("esme_addr_npi", _OCTET),
        ("esme_addr", _LONG_ADDRESS),
    ),
}
