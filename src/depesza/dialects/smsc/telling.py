"""What answers tell of a message: its members by name, in every format. spec: smsc/3.2 smsc/3.11"""

from collections.abc import Sequence
from datetime import tzinfo

from depesza.core.countries import name_in
from depesza.core.ledger import two_decimals
from depesza.core.lookup import Finding
from depesza.core.model import shape_of
from depesza.core.ranges import Ranges
from depesza.dialects.smsc.answers import JSON, TEXT, XML, Id, Members, Refused, Value, write_object
from depesza.dialects.smsc.codes import STATUSES, TYPES, Kind, fate, kind_of
from depesza.dialects.smsc.naming import read_id
from depesza.dialects.smsc.times import write_date, write_stamp
from depesza.services.history import Item
from depesza.wire import Malformed
from depesza.wire.gsm import Encoding, write_text
from depesza.wire.wap import read_push

UNKNOWN = -3
"""The status of what nobody has heard of."""
PAUSED = -2
"""The status of what is held back with its campaign."""
HLR = ("imsi", "msc", "mcc", "mnc", "cn", "net", "rcn", "rnet")
PLACE = ("country", "operator", "region")
_FULL = ("send_date", "send_timestamp", "phone", "cost", "sender_id", "status_name", "message", "comment", "type")
_LABELS = {"status": "Status", "last_date": "check_time"}
"""How text answers call a member, where they call it otherwise."""


def names_of(fmt: int, level: int, *, hlr: bool) -> Sequence[str]:
    """List what is told of a message in a format; `level` is the parameter `all`."""
    found = HLR if hlr else ()
    place = PLACE if level == 2 else ()
    if fmt in (XML, JSON):
        short = ("status", "last_date", "last_timestamp", "flag", "err", *found)
        return (*short, *_FULL, "sms_cnt", *place, *(("mccmnc", "operator_orig") if place else ())) if level else short
    unit = "date" if fmt == TEXT else "timestamp"
    short = ("status", f"last_{unit}", "err", *found)
    return (*short, f"send_{unit}", "phone", "cost", *place, *_FULL[4:]) if level else short


def unknown() -> dict[str, Value]:
    """Tell of a message that is not there."""
    return {"status": UNKNOWN, "last_date": "", "last_timestamp": 0, "flag": 0, "err": 0}


def tell(item: Item, numbering: Ranges, zone: tzinfo) -> dict[str, Value]:
    """Tell all there is of a message."""
    status, err = (PAUSED, 0) if item.paused else fate(item.state, item.refusal)
    kind = what(item)
    finding = item.finding or Finding(msisdn=item.receiver, valid=False)
    return {
        "status": status,
        "last_date": write_date(item.changed, zone),
        "last_timestamp": write_stamp(item.changed),
        "flag": 0,
        "err": err,
        **tell_finding(finding),
        "send_date": write_date(item.left, zone),
        "send_timestamp": write_stamp(item.left),
        "phone": write_phone(item.receiver),
        "cost": two_decimals(item.price),
        "sender_id": "HLR" if kind is Kind.HLR else item.sender,
        "status_name": STATUSES[status],
        "message": _text(item),
        "comment": item.comment,
        "type": TYPES[kind],
        "sms_cnt": item.parts,
        **tell_place(item.receiver, numbering),
        "id": write_id(item.ref, item.id),
        "int_id": item.id,
    }


def what(item: Item) -> Kind:
    """Tell what kind of message it is."""
    return kind_of(item.channel, shape_of(item.alphabet, item.flash, item.extras))


def tell_finding(finding: Finding) -> dict[str, Value]:
    """Tell what a network said of a number. spec: smsc/3.2"""
    return {
        "imsi": finding.imsi,
        "msc": write_phone(finding.msc),
        "mcc": finding.mcc,
        "mnc": finding.mnc,
        "cn": name_in(finding.country, "ru"),
        "net": finding.operator,
        "rcn": name_in(finding.roaming_country, "ru"),
        "rnet": finding.roaming_operator,
    }


def tell_place(receiver: str, numbering: Ranges) -> dict[str, Value]:
    """Tell whose number it is; nothing of what is no number."""
    if receiver[:1] != "+":
        return dict.fromkeys((*PLACE, "mccmnc", "operator_orig"), "")
    found = numbering.find(receiver)
    return {
        "country": name_in(found.country, "ru"),
        "operator": found.operator,
        "region": found.region,
        "mccmnc": found.operator_code,
        "operator_orig": found.network,
    }


def write_id(ref: str, message: int) -> Id:
    """Write the client's id of a message; our own where it came by another way and has none that fits."""
    try:
        return read_id(ref) or message
    except Refused:
        return message


def write_phone(receiver: str) -> str:
    """Write a number as digits; anything else as it is."""
    return receiver.removeprefix("+")


def write_row(told: Members, names: Sequence[str], fmt: int, element: str) -> str:
    """Write some members of an object; in the formats that have a line for each, on one line."""
    if fmt in (XML, JSON):
        return write_object({name: told[name] for name in names}, fmt, element)
    return write_object({_LABELS.get(name, name): one_line(told[name]) for name in names}, fmt)


def one_line(value: Value) -> Value:
    """Put a text on one line."""
    return " ".join(value.splitlines()) if isinstance(value, str) else value


def _text(item: Item) -> str:
    """Give a message's text as its client wrote it: a push as link and title, other octets as bin=2 has them."""
    if item.alphabet != Encoding.BINARY:
        return item.text
    octets = write_text(item.text, Encoding.BINARY)
    if what(item) is Kind.PUSH:
        try:
            pushed = read_push(octets)
        except Malformed:
            return octets.hex().upper()
        return f"{pushed.href}\n{pushed.title}"
    header = item.extras.udh if item.extras is not None else b""
    return (bytes((len(header),)) + header + octets).hex().upper()
