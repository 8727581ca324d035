"""How a message of several parts says so: by its user data header, or by the three sar_* TLVs.

Both are read; a header wins, because sar_* must not be used with it. A single sar_* TLV means nothing.
spec: smpp34 5.2.12 notes, 5.3.2.22 to 24, carriers/C.1#11
"""

from enum import Enum
from typing import TypeAlias

from msgspec import Struct

from depesza.wire import Unencodable, udh
from depesza.wire.smpp.codec import message_octets
from depesza.wire.smpp.flags import has_udh
from depesza.wire.smpp.pdus import DataSm, RawTlvs, ShortMessage, SubmitMulti
from depesza.wire.smpp.tlvs import SAR_MSG_REF_NUM, SAR_SEGMENT_SEQNUM, SAR_TOTAL_SEGMENTS

Carrying: TypeAlias = ShortMessage | SubmitMulti | DataSm


class Place(Enum):
    """Where the part's number stood."""

    SAR = "sar"
    UDH_8 = "udh 8"
    UDH_16 = "udh 16"


class Segment(Struct, frozen=True, gc=False):
    """Which part of which message."""

    reference: int
    total: int
    number: int
    """From 1."""
    place: Place


def segment_of(pdu: Carrying) -> Segment | None:
    """Tell which part this is; None for a whole message. Malformed when a header is announced and broken."""
    return read_segment(pdu)[0]


def read_segment(pdu: Carrying) -> tuple[Segment | None, bytes]:
    """Tell which part this is, and give the message's octets without the header; Malformed as above."""
    octets = message_octets(pdu)
    if not has_udh(pdu.esm_class):
        return _by_sar(pdu), octets
    header, octets = udh.unpack(octets)
    concat = header.concat
    if concat is None:
        return None, octets
    place = Place.UDH_8 if concat.bits == 8 else Place.UDH_16
    return Segment(concat.reference, concat.total, concat.number, place), octets


def sar(reference: int, total: int, number: int) -> RawTlvs:
    """Make the three TLVs of a part; Unencodable when the numbers make no part."""
    if not 1 <= number <= total:
        raise Unencodable(f"part {number} of {total}")
    return (
        SAR_MSG_REF_NUM.pack(reference),
        SAR_TOTAL_SEGMENTS.pack(total),
        SAR_SEGMENT_SEQNUM.pack(number),
    )


def _by_sar(pdu: Carrying) -> Segment | None:
    if not pdu.tlvs:
        return None
    reference = SAR_MSG_REF_NUM.of(pdu)
    total = SAR_TOTAL_SEGMENTS.of(pdu)
    number = SAR_SEGMENT_SEQNUM.of(pdu)
    if reference is None or total is None or number is None or not 1 <= number <= total:
        return None
    return Segment(reference, total, number, Place.SAR)
