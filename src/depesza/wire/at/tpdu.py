"""Short messages as a modem takes and gives them in PDU mode: SMS-SUBMIT, SMS-DELIVER, SMS-STATUS-REPORT.

In front of each stands the service centre's address; a length of 0 means the one of the SIM. Reading refuses what
breaks the format with `Malformed` and takes a text that is cut short as far as it came. Source: 3GPP TS 23.040 9.2.2.
"""

from datetime import datetime

from msgspec import Struct

from depesza.wire import Malformed, Unencodable, septets, udh
from depesza.wire.at.addresses import (
    INTERNATIONAL,
    Address,
    address_of,
    pack_address,
    pack_digits,
    pack_time,
    unpack_address,
    unpack_digits,
    unpack_time,
)
from depesza.wire.at.coding import read_coding
from depesza.wire.gsm import Encoding, read_text
from depesza.wire.segment import OCTETS
from depesza.wire.shift import decode_shifted

_DELIVER, _SUBMIT, _REPORT = 0, 1, 2
_TYPE, _HEADER = 0x03, 0x40
_RELATIVE, _FORMATS = 0x10, 0x18
_WANTS_REPORT = 0x20
_KEPT_DELIVER = 0xBC  # more to come, loop, report indication, reply path
_MOST_SEPTETS = OCTETS * 8 // 7
_NO_HEADER = udh.Header()
_ISDN_INTERNATIONAL = 0x91


class Submit(Struct, frozen=True, gc=False):
    """A message on its way to the service centre (23.040 9.2.2.2)."""

    receiver: Address
    coding: int
    """Data coding scheme."""
    body: bytes
    """User data behind the header; GSM-7 unpacked, one septet in an octet."""
    header: udh.Header = _NO_HEADER
    report: bool = False
    """Ask for a status report."""
    validity: int | None = None
    """Relative validity period as its octet (9.2.3.12); None for the centre's own."""
    reference: int = 0
    protocol: int = 0


class Deliver(Struct, frozen=True, gc=False):
    """A message from the service centre to us (23.040 9.2.2.1)."""

    sender: Address
    coding: int
    body: bytes
    header: udh.Header = _NO_HEADER
    sent: datetime | None = None
    """When the centre received it; None when it wrote no time."""
    protocol: int = 0
    flags: int = 0x04
    """The other bits of the first octet; 0x04: no more messages wait."""


class StatusReport(Struct, frozen=True, gc=False):
    """What became of a submitted message (23.040 9.2.2.3)."""

    reference: int
    """The one that the network gave when it took the message."""
    receiver: Address
    status: int
    """TP-Status (9.2.3.15)."""
    sent: datetime | None = None
    done: datetime | None = None


Tpdu = Submit | Deliver | StatusReport


def pack(message: Tpdu, centre: str = "") -> bytes:
    """Write a message behind its centre's address (empty: that of the SIM); `Unencodable` when it does not fit."""
    return pack_centre(centre) + pack_tpdu(message)


def pack_centre(number: str) -> bytes:
    """Write the address of a service centre, counted in octets unlike the others."""
    if not number:
        return b"\0"
    address = address_of(number)
    kind = _ISDN_INTERNATIONAL if address.kind == INTERNATIONAL else 0x81
    value = pack_digits(address.digits)
    return bytes((1 + len(value), kind)) + value


def pack_tpdu(message: Tpdu) -> bytes:
    """Write a message without its centre; its octets are the length that AT+CMGS wants."""
    try:
        if isinstance(message, Submit):
            return _pack_submit(message)
        return _pack_deliver(message) if isinstance(message, Deliver) else _pack_report(message)
    except ValueError as error:
        raise Unencodable(str(error)) from None


def _pack_submit(message: Submit) -> bytes:
    first = _SUBMIT | (_WANTS_REPORT if message.report else 0) | (_HEADER if message.header.elements else 0)
    validity = b""
    if message.validity is not None:
        first |= _RELATIVE
        validity = bytes((message.validity,))
    head = bytes((first, message.reference)) + pack_address(message.receiver)
    return head + bytes((message.protocol, message.coding)) + validity + _pack_data(message)


def _pack_deliver(message: Deliver) -> bytes:
    first = _DELIVER | message.flags & _KEPT_DELIVER | (_HEADER if message.header.elements else 0)
    time = pack_time(message.sent) if message.sent else bytes(7)
    head = bytes((first,)) + pack_address(message.sender) + bytes((message.protocol, message.coding))
    return head + time + _pack_data(message)


def _pack_report(message: StatusReport) -> bytes:
    times = b"".join(pack_time(moment) if moment else bytes(7) for moment in (message.sent, message.done))
    head = bytes((_REPORT | 0x04, message.reference)) + pack_address(message.receiver)
    return head + times + bytes((message.status,))


def _pack_data(message: Submit | Deliver) -> bytes:
    """Write user data length and user data."""
    header = udh.pack(message.header) if message.header.elements else b""
    if read_coding(message.coding)[0] is Encoding.GSM7:
        fill = septets.fill_bits(len(header))
        units = (len(header) * 8 + fill) // 7 + len(message.body)
        data = header + septets.pack(message.body, fill)
        limit = _MOST_SEPTETS
    else:
        data = header + message.body
        units, limit = len(data), OCTETS
    if units > limit:
        raise Unencodable(f"{units} units of user data where {limit} fit")
    return bytes((units,)) + data


def unpack(data: bytes, *, from_us: bool = False) -> Tpdu:
    """Read a message with its centre's address in front; `from_us` reads a submission. `Malformed` otherwise."""
    if not data:
        raise Malformed("message: nothing there")
    return unpack_tpdu(data[1 + data[0] :], from_us=from_us)


def read_centre(data: bytes) -> str:
    """Read the centre's address in front of a message; empty when it is the SIM's."""
    if len(data) < 2 or data[0] < 2 or data[0] >= len(data):
        return ""
    plus = "+" if data[1] >> 4 & 7 == INTERNATIONAL else ""
    return plus + unpack_digits(data[2 : 1 + data[0]])


def unpack_tpdu(data: bytes, *, from_us: bool = False) -> Tpdu:
    """Read a message without its centre; `Malformed` when it is none that we know."""
    try:
        kind = data[0] & _TYPE
        if from_us and kind == _SUBMIT:
            return _unpack_submit(data)
        if not from_us and kind == _DELIVER:
            return _unpack_deliver(data)
        if not from_us and kind == _REPORT:
            return _unpack_report(data)
    except IndexError:
        raise Malformed("message: cut short") from None
    raise Malformed(f"message: type {data[0] & _TYPE}")


def _unpack_submit(data: bytes) -> Submit:
    first, reference = data[0], data[1]
    receiver, at = unpack_address(data, 2)
    protocol, coding = data[at], data[at + 1]
    at += 2
    validity = None
    if first & _FORMATS:
        if first & _FORMATS != _RELATIVE:
            raise Malformed("message: a validity period that is not relative")
        validity = data[at]
        at += 1
    header, body = _unpack_data(data, at, coding, bool(first & _HEADER))
    return Submit(receiver, coding, body, header, bool(first & _WANTS_REPORT), validity, reference, protocol)


def _unpack_deliver(data: bytes) -> Deliver:
    first = data[0]
    sender, at = unpack_address(data, 1)
    protocol, coding = data[at], data[at + 1]
    header, body = _unpack_data(data, at + 9, coding, bool(first & _HEADER))
    return Deliver(sender, coding, body, header, unpack_time(data[at + 2 : at + 9]), protocol, first & _KEPT_DELIVER)


def _unpack_report(data: bytes) -> StatusReport:
    receiver, at = unpack_address(data, 2)
    status = data[at + 14]
    return StatusReport(data[1], receiver, status, unpack_time(data[at : at + 7]), unpack_time(data[at + 7 : at + 14]))


def _unpack_data(data: bytes, at: int, coding: int, has_header: bool) -> tuple[udh.Header, bytes]:
    units, octets = data[at], data[at + 1 :]
    seven = read_coding(coding)[0] is Encoding.GSM7
    if not seven:
        octets = octets[:units]
    header, size = _NO_HEADER, 0
    if has_header:
        header, rest = udh.unpack(octets)
        size = len(octets) - len(rest)
        octets = rest
    if not seven:
        return header, octets
    fill = septets.fill_bits(size)
    return header, septets.unpack(octets, units - (size * 8 + fill) // 7, fill)


def text_of(coding: int, header: udh.Header, body: bytes) -> str:
    """Read the text of user data, national tables included; octets that are no text as Latin-1."""
    encoding, _ = read_coding(coding)
    if encoding is Encoding.GSM7:
        return decode_shifted(body, header.single_shift, header.locking_shift)
    return read_text(body, encoding)


def validity_of(seconds: float) -> int:
    """Write a validity as its octet, rounded down but never under five minutes (23.040 9.2.3.12)."""
    minutes = int(seconds // 60)
    if minutes <= 720:
        return max(0, minutes // 5 - 1)
    if minutes <= 1440:
        return 143 + (minutes - 720) // 30
    days = minutes // 1440
    return min(166 + days, 196) if days < 35 else min(192 + days // 7, 255)
