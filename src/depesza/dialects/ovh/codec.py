"""What OVH's clients write and read, as values: job bodies in, reports, jobs and messages out.

A body that fits the schema is read in one step. What does not fit is read again leniently, field by field, as the
vendor does: numbers as strings and back, empty strings as not given. spec: ovh/1.8 ovh/3 ovh/4.2
"""

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec
from msgspec import Struct, field

from depesza.core.ledger import credits
from depesza.core.model import ARRIVED, Accepted, Priority, Submission
from depesza.core.senders import names_contact
from depesza.dialects.ovh import codes, dates, errors
from depesza.services.lists import Received, Sent, Stopped
from depesza.wire import Unencodable
from depesza.wire.gsm import Encoding
from depesza.wire.segment import count

T = TypeVar("T")

LONGEST_SENDER = 13
LONGEST_TAG = 20
LONGEST_ADDRESS = 2000
LONGEST_WAIT = 366 * 1440
"""Minutes that a message may be deferred or kept."""
VALIDITY = 2880
_ADDRESS = re.compile(r"https?://[^\s/?#]+[^\s]*", re.IGNORECASE)


class JobBody(Struct, gc=False):
    """The body of POST jobs, as the schema has it."""

    message: str | None = None
    receivers: list[str] | None = None
    receiversDocumentUrl: str | None = None
    receiversSlotId: str | int | None = None
    sender: str | None = None
    senderForResponse: bool | None = None
    noStopClause: bool | None = None
    differedPeriod: int | None = None
    validityPeriod: int | None = None
    priority: str | None = None
    class_: str | None = field(default=None, name="class")
    coding: str | None = None
    charset: str | None = None
    tag: str | None = None


class NumberReport(Struct, gc=False):
    """sms.SmsSendingReport."""

    totalCreditsRemoved: int | float
    invalidReceivers: tuple[str, ...]
    ids: tuple[int, ...]
    validReceivers: tuple[str, ...]
    tag: str


class Report(NumberReport, gc=False):
    """sms.SmsSendingReportUser."""

    creditsLeft: int | float


class Job(Struct, gc=False):
    """sms.Job."""

    id: int
    creationDatetime: str
    sender: str
    receiver: str
    message: str
    messageLength: int
    numberOfSms: int
    credits: int | float
    differedDelivery: int
    deliveryReceipt: int
    ptt: int
    sentAt: str | None
    deliveredAt: str | None


class NumberJob(Struct, gc=False):
    """sms.VirtualNumberJob."""

    id: int
    creationDatetime: str
    receiver: str
    message: str
    messageLength: int
    numberOfSms: int
    credits: int | float
    differedDelivery: int
    deliveryReceipt: int
    ptt: int


class Outgoing(Job, gc=False):
    """sms.Outgoing."""

    tag: str
    tariffCode: str
    batchID: str | None
    messageID: str | None


class Incoming(Struct, gc=False):
    """sms.Incoming."""

    id: int
    creationDatetime: str
    sender: str
    message: str
    tag: str
    credits: int | float


class Blacklist(Struct, gc=False):
    """sms.Blacklist."""

    number: str
    dateCreation: str
    smsOutgoingID: int | None
    batchID: str | None


_strict = msgspec.json.Decoder(JobBody).decode


# bodies in


def read_job(body: bytes, lenient: Callable[[], Mapping[str, object]]) -> JobBody:
    """Read the body of POST jobs; `lenient` gives its fields when it does not fit the schema."""
    try:
        return _strict(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        given = lenient()
    return JobBody(
        text(given, "message"),
        texts(given, "receivers"),
        text(given, "receiversDocumentUrl"),
        text(given, "receiversSlotId"),
        text(given, "sender"),
        flag(given, "senderForResponse"),
        flag(given, "noStopClause"),
        whole(given, "differedPeriod"),
        whole(given, "validityPeriod"),
        text(given, "priority"),
        text(given, "class"),
        text(given, "coding"),
        text(given, "charset"),
        text(given, "tag"),
    )


def submission(body: JobBody, user: int, now: int) -> Submission:
    """Understand a job; raises 400 in OVH's words. The sender's rights are judged elsewhere. spec: ovh/4.2"""
    message = body.message
    if not message:
        raise errors.bad_request("message is required")
    if "\0" in message:
        raise invalid("message")
    sender = body.sender or ""
    answerable = body.senderForResponse is True
    if answerable:
        if names_contact(message):
            raise errors.bad_request("cannot send contact information with shortcode")
        sender = ""  # the number wins over the name. spec: ovh/4.2#1
    elif not sender:
        raise errors.bad_request("sender is required")
    elif len(sender) > LONGEST_SENDER:
        raise errors.bad_request("must have less than 14 chars for value sender")
    if body.charset and body.charset.upper() not in ("UTF-8", "UTF8"):
        raise invalid("charset")
    tag = body.tag or f"{now:x}"
    if len(tag) > LONGEST_TAG or "\0" in tag:
        raise invalid("tag")
    return Submission(
        dialect="ovh",
        sender=sender,
        receivers=tuple(body.receivers) if body.receivers else (),
        text=message,
        user=user,
        tag=tag,
        alphabet=one_of(codes.ALPHABET, "coding", body.coding) if body.coding else "",
        flash=one_of(codes.FLASH, "class", body.class_) if body.class_ else -1,
        priority=one_of(codes.PRIORITY, "priority", body.priority) if body.priority else Priority.HIGH,
        deferred=minutes("differedPeriod", body.differedPeriod or 0),
        validity=minutes("validityPeriod", body.validityPeriod or VALIDITY),
        answerable=answerable,
        advertising=not answerable and body.noStopClause is not True,
    )


def minutes(name: str, value: int) -> int:
    """Refuse a span that is negative or absurd."""
    if not 0 <= value <= LONGEST_WAIT:
        raise invalid(name)
    return value


def one_of(table: Mapping[str, T], name: str, value: str) -> T:
    """Look an enum's value up; raises 400."""
    found = table.get(value)
    if found is None:
        raise invalid(name)
    return found


def invalid(name: str) -> errors.OvhError:
    """A field's value can't be used. spec: ovh/4.2"""
    return errors.bad_request(f"Invalid value for {name}")


# fields, leniently. spec: ovh/1.8


def text(given: Mapping[str, object], name: str) -> str | None:
    """Read a text; numbers are written out, an empty one counts as not given."""
    value = given.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, str) and "\0" not in value:
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise invalid(name)


def required(given: Mapping[str, object], name: str) -> str:
    """Read a text that must be there."""
    value = text(given, name)
    if value is None:
        raise errors.bad_request(f"{name} is required")
    return value


def texts(given: Mapping[str, object], name: str) -> list[str] | None:
    """Read a list of texts; a single one counts as a list."""
    value = given.get(name)
    if value is None or value == "":
        return None
    items = value if isinstance(value, list) else [value]
    return [text({name: item}, name) or "" for item in items]


def flag(given: Mapping[str, object], name: str) -> bool | None:
    """Read a truth."""
    value = given.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return value
    found = {"true": True, "1": True, "false": False, "0": False}.get(str(value).lower())
    if found is None:
        raise invalid(name)
    return found


def whole(given: Mapping[str, object], name: str) -> int | None:
    """Read an integer."""
    value = number(given, name)
    if value is None:
        return None
    if value != int(value):
        raise invalid(name)
    return int(value)


def number(given: Mapping[str, object], name: str) -> int | float | None:
    """Read a number, perhaps written as text."""
    value = given.get(name)
    if value is None or value == "":
        return None
    try:
        if isinstance(value, str):
            value = float(value) if "." in value or "e" in value.lower() else int(value)
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15:
            return value
    except ValueError:
        pass
    raise invalid(name)


def named(given: Mapping[str, object], name: str) -> dict[str, object] | None:
    """Read an object; its fields that are null count as not given."""
    value = given.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, dict):
        raise invalid(name)
    return {key: item for key, item in value.items() if item is not None}


# values out


def report(accepted: Accepted) -> Report:
    """Write what became of a job."""
    return Report(
        credits(accepted.price),
        accepted.refused,
        accepted.ids,
        accepted.valid,
        accepted.tag,
        credits(accepted.balance),
    )


def number_report(accepted: Accepted) -> NumberReport:
    """Write what became of a number's job."""
    return NumberReport(credits(accepted.price), accepted.refused, accepted.ids, accepted.valid, accepted.tag)


def outgoing(sent: Sent, zone: str) -> Outgoing:
    """Write a message of the history."""
    return Outgoing(*_job(sent, zone), sent.tag, "", sent.batch or None, None)


def job(sent: Sent, zone: str) -> Job:
    """Write a waiting message."""
    return Job(*_job(sent, zone))


def number_job(sent: Sent, zone: str) -> NumberJob:
    """Write a waiting message of a virtual number, whose sender is known."""
    return msgspec.convert(job(sent, zone), NumberJob, from_attributes=True)


def _job(
    sent: Sent, zone: str
) -> tuple[int, str, str, str, str, int, int, int | float, int, int, int, str | None, str | None]:
    where = dates.zone(zone)
    delivered = sent.state in ARRIVED
    return (
        sent.id,
        dates.write(sent.created, where),
        sent.sender,
        sent.receiver,
        sent.text,
        length(sent.text, sent.alphabet),
        sent.parts,
        credits(sent.price),
        sent.deferred,
        codes.RECEIPT[sent.state],
        codes.ptt(sent.state, sent.refusal),
        dates.write(sent.sent, where) if sent.sent else None,
        dates.write(sent.done, where) if delivered and sent.done else None,
    )


def length(message: str, alphabet: str = "") -> int:
    """Count the characters of a message as parts are counted: extension characters double."""
    try:
        return count(message, Encoding(alphabet) if alphabet else None)[1]
    except Unencodable:
        return len(message)


def incoming(received: Received, zone: str) -> Incoming:
    """Write a text received."""
    return Incoming(
        received.id,
        dates.write(received.at, dates.zone(zone)),
        received.sender,
        received.text,
        received.tag,
        credits(received.price),
    )


def blacklist(stopped: Stopped, zone: str) -> Blacklist:
    """Write a number of the stop list."""
    return Blacklist(
        stopped.number,
        dates.write(stopped.created, dates.zone(zone)),
        stopped.message or None,
        stopped.batch or None,
    )


def cleared(body: bytes) -> frozenset[str]:
    """Name the fields of a body that are null or empty: in a PUT they end what was set. spec: ovh/4.1"""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return frozenset()
    given = value.items() if isinstance(value, dict) else ()
    return frozenset(name for name, item in given if item is None or item == "")


def sent(body: bytes, name: str) -> dict[str, object] | None:
    """Read an object of a PUT's body as it was sent: its fields that are null are there, to end what was set."""
    try:
        value = msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    found = value.get(name) if isinstance(value, dict) else None
    if found is None or found == "":
        return None
    if not isinstance(found, dict):
        raise invalid(name)
    return found


def address(given: Mapping[str, object], name: str) -> str:
    """Read the address of a callback."""
    value = text(given, name)
    if value is None or len(value) > LONGEST_ADDRESS or not _ADDRESS.fullmatch(value):
        raise invalid(name)
    return value
