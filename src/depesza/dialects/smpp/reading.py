"""Requests as values: what a submit_sm, submit_multi or data_sm asks, whole or in part, and the submission it makes.

spec: smsc/4.2 carriers/C.1#9 - #12 #18 #27
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import TypeAlias

import msgspec
from msgspec import Struct

from depesza.core.facts import Account, Facts
from depesza.core.model import MICRO, Extras, Priority, Submission
from depesza.dialects.smpp import addresses, channels, memory, texts
from depesza.dialects.smpp.memory import Memory
from depesza.dialects.smpp.refusing import Refused
from depesza.services import collected
from depesza.services.segments import Kept, Piece
from depesza.wire import Malformed, udh
from depesza.wire.smpp.codec import message_octets
from depesza.wire.smpp.flags import has_udh, wants_intermediate, wants_receipt
from depesza.wire.smpp.pdus import Address, DataSm, ReplaceSm, SubmitMulti, SubmitSm
from depesza.wire.smpp.segments import Place, Segment, read_segment
from depesza.wire.smpp.status import RINVSCHED
from depesza.wire.smpp.times import fault_in_times, read_time
from depesza.wire.smpp.tlvs import DEST_ADDR_SUBUNIT, QOS_TIME_TO_LIVE

Submit: TypeAlias = SubmitSm | SubmitMulti | DataSm

NAME = "smpp"
"""The dialect of these submissions."""
PRIORITIES = (Priority.NORMAL, Priority.HIGH, Priority.URGENT, Priority.URGENT)
"""By priority_flag."""
LONGEST_WAIT = 366 * 86_400 * MICRO
LONGEST_VALIDITY = {"smsc": 86_400 * MICRO}
"""Microseconds, by the home of the account; longer ones are cut. spec: smsc/4.2"""
_DISPLAY_ONLY = 1
"""dest_addr_subunit that asks for a flash. smpp34 5.3.2.1"""
_CONCAT = (udh.CONCAT_8, udh.CONCAT_16)
_SHIFTS = (udh.SINGLE_SHIFT, udh.LOCKING_SHIFT)


class Asked(Struct, frozen=True, array_like=True):
    """What one request asks for; times are microseconds since 1970, 0 for none."""

    source: str
    source_ton: int
    source_npi: int
    dest_ton: int
    dest_npi: int
    destinations: tuple[str, ...]
    octets: bytes
    """The message or its part, without the numbers of the part."""
    data_coding: int
    elements: bytes
    """Of a user data header of the customer's own, without its length."""
    shifts: tuple[int, int]
    registered: int
    due: int
    expires: int
    priority: int
    protocol: int
    flash: bool
    at: int


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Asked).decode


def read(pdu: Submit, now: int) -> tuple[Asked, Segment | None]:
    """Read a request; raises `Refused`."""
    try:
        segment, octets = read_segment(pdu)
        elements, shifts = _header(pdu)
    except Malformed as error:
        raise Refused("header", str(error)) from error
    due, expires, priority, protocol = _times_and_order(pdu, now)
    asked = Asked(
        pdu.source_addr, pdu.source_addr_ton, pdu.source_addr_npi, *_destinations(pdu), octets, pdu.data_coding,
        elements, shifts, pdu.registered_delivery, due, expires, priority, protocol,
        DEST_ADDR_SUBUNIT.of(pdu) == _DISPLAY_ONLY, now,
    )  # fmt: skip
    return asked, segment


def _destinations(pdu: Submit) -> tuple[int, int, tuple[str, ...]]:
    if not isinstance(pdu, SubmitMulti):
        return pdu.dest_addr_ton, pdu.dest_addr_npi, (pdu.destination_addr,)
    found = [one for one in pdu.destinations if isinstance(one, Address)]
    first = found[0] if found else Address("")
    return first.ton, first.npi, tuple(one.addr for one in found)


def _header(pdu: Submit) -> tuple[bytes, tuple[int, int]]:
    """Read what a user data header says beside the numbers of a part: other elements, languages."""
    if not has_udh(pdu.esm_class):
        return b"", (0, 0)
    header, _ = udh.unpack(message_octets(pdu))
    others = tuple(one for one in header.elements if one.tag not in (*_CONCAT, *_SHIFTS))
    return udh.pack(udh.Header(others))[1:], (header.single_shift, header.locking_shift)


def _times_and_order(pdu: Submit, now: int) -> tuple[int, int, int, int]:
    """Read due, expires, priority_flag and protocol_id."""
    if isinstance(pdu, DataSm):
        seconds = QOS_TIME_TO_LIVE.of(pdu) or 0
        return 0, now + seconds * MICRO if seconds else 0, 0, 0
    if pdu.sm_default_msg_id and not message_octets(pdu):
        raise Refused("predefined")
    if pdu.priority_flag >= len(PRIORITIES):
        raise Refused("priority")
    due, expires = read_times(pdu.schedule_delivery_time, pdu.validity_period, pdu, now)
    return due, expires, pdu.priority_flag, pdu.protocol_id


def read_times(start: str, end: str, pdu: SubmitSm | SubmitMulti | ReplaceSm, now: int) -> tuple[int, int]:
    """Read when a message is due and when it expires; 0 for what is not said. Raises `Refused`."""
    if not start and not end:
        return 0, 0
    date = datetime.fromtimestamp(now / MICRO, UTC)
    fault = fault_in_times(pdu, date)
    if fault:
        raise Refused("schedule" if fault == RINVSCHED else "validity")
    due, expires = (_micro(read_time(text, date)) for text in (start, end))
    if due > now + LONGEST_WAIT:
        raise Refused("schedule")
    return due if due > now else 0, expires


def _micro(moment: datetime | None) -> int:
    return int(moment.timestamp() * MICRO) if moment is not None else 0


# to the service


def piece(account: Account, asked: Asked, segment: Segment) -> Piece:
    """Write one part of a text as it is kept; the place of its numbers keeps two ways of counting apart."""
    reference = segment.reference | list(Place).index(segment.place) << 16
    own = address(account, asked, asked.registered, ())
    wished = own if wants_any(asked.registered) else ""
    return Piece(
        asked.source, ",".join(asked.destinations), reference, segment.total, segment.number, _encode(asked), wished
    )


def whole(facts: Facts, account: Account, parts: Sequence[Kept]) -> Submission:
    """Make one submission of all parts of a text; raises `Refused`. A `segments.Whole`."""
    read = [_decode(part.piece.body) for part in parts]
    first = read[0]
    if any(one.data_coding != first.data_coding for one in read):
        raise Refused("coding")
    registered = next((one.registered for one in read if wants_any(one.registered)), 0)
    ids = tuple(str(part.id) for part, one in zip(parts, read, strict=True) if wants_any(one.registered))
    octets = b"".join(one.octets for one in read)
    joined = msgspec.structs.replace(first, octets=octets, registered=registered)
    return submission(facts, account, joined, ids)


def submission(facts: Facts, account: Account, asked: Asked, ids: tuple[str, ...] = ()) -> Submission:
    """Make a submission of a whole text; raises `Refused`. `ids`: what receipts call it, none for its own id."""
    found = addresses.read_source(facts, account, asked.source_ton, asked.source)
    if found is None:
        raise Refused("bad_sender", asked.source)
    sender, answerable = found
    read = texts.read(asked.octets, asked.data_coding, bool(asked.elements), asked.shifts)
    channel, text, flash = channels.read(account.home, read)
    if not text:
        raise Refused("empty")
    return Submission(
        dialect=NAME,
        sender=sender,
        answerable=answerable,
        receivers=tuple(addresses.read_destination(one) for one in asked.destinations),
        text=text,
        alphabet=read.alphabet,
        flash=0 if asked.flash else flash,
        priority=PRIORITIES[asked.priority],
        due=asked.due,
        expires=_expires(account, asked),
        callback=address(account, asked, asked.registered, ids),
        channel=channel,
        extras=_extras(asked, read.alphabet),
    )


def _expires(account: Account, asked: Asked) -> int:
    longest = LONGEST_VALIDITY.get(account.home)
    if longest is None:
        return asked.expires
    last = max(asked.at, asked.due) + longest
    return min(asked.expires, last) if asked.expires else last


def _extras(asked: Asked, alphabet: str) -> Extras | None:
    if not asked.elements and not asked.protocol:
        return None
    return Extras(udh=asked.elements, pid=asked.protocol or -1)


# receipts


def wants_any(registered: int) -> bool:
    """Tell whether a registered_delivery asks for anything."""
    return bool(_wish(registered))


@cache
def _wish(registered: int) -> str:
    arrived, failed = wants_receipt(registered, True), wants_receipt(registered, False)
    steps = wants_intermediate(registered)
    return f"{collected.ARRIVED * arrived}{collected.FAILED * failed}{collected.STEPS * steps}"


def address(account: Account, asked: Asked, registered: int, ids: tuple[str, ...]) -> str:
    """Write where news of a submission goes, with all that its receipts repeat."""
    wish = _wish(registered)
    if not wish:
        return collected.address(account.id, "")
    single = asked.destinations[0] if len(asked.destinations) == 1 else ""
    kept = Memory(
        asked.source, asked.source_ton, asked.source_npi, asked.dest_ton, asked.dest_npi, asked.at // MICRO,
        memory.excerpt(asked.octets, asked.data_coding), single, ids, asked.data_coding,
    )  # fmt: skip
    return collected.address(account.id, wish, memory.write(kept))
