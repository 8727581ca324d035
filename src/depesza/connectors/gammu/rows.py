"""The rows of gammu-smsd's tables: what is written to its outbox, what is read of its sent items, phones and inbox.

Schema 17 and 18. A message of ours is known by its CreatorID, so that after a crash what already stands there is
found again and not written twice; what has had its last report, or failed, has DONE behind it. spec: devices/4
"""

from datetime import datetime

from msgspec import Struct

from depesza.connectors.envelope import BadContent, envelope_of
from depesza.connectors.gammu.tables import Row, Statement
from depesza.connectors.sim.words import refusal_of, state_of
from depesza.core.model import MICRO, Content, Message, Receipt, State
from depesza.wire import Malformed, udh
from depesza.wire.at.addresses import address_of
from depesza.wire.at.answers import Final, Slot
from depesza.wire.at.coding import read_coding
from depesza.wire.at.tpdu import Deliver, validity_of
from depesza.wire.gsm import Encoding
from depesza.wire.headed import cut as cut_headed
from depesza.wire.segment import Part, Segments

DONE = " done"
_GSM7, _UCS2, _OCTETS = "Default_No_Compression", "Unicode_No_Compression", "8bit"
_SENT = frozenset(
    {"SendingOK", "SendingOKNoReport", "DeliveryOK", "DeliveryFailed", "DeliveryPending", "DeliveryUnknown"}
)
_SCHEME_OCTETS, _SCHEME_UCS2 = 0x04, 0x08
_PLAIN_GROUPS = (0x0, 0x1, 0xF)  # 23.038 4: with or without a class, not compressed, not waiting

PHONE = (
    'SELECT CASE WHEN "TimeOut" >= {now} THEN 1 ELSE 0 END, "Signal", "Battery", "NetCode", "NetName"'
    ' FROM phones WHERE "ID" = ?1 ORDER BY "TimeOut" DESC LIMIT 1'
)
WAITING = 'SELECT "ID", "CreatorID" FROM outbox WHERE "CreatorID" LIKE ?1'
SENT = (
    'SELECT "CreatorID", "ID", "SequencePosition", "Status", "StatusCode" FROM sentitems'
    ' WHERE "CreatorID" = ?1 OR "CreatorID" = ?2 ORDER BY "ID", "SequencePosition"'
)
REPORTED = (
    'SELECT "ID", "SequencePosition", "Status", "StatusError", "DestinationNumber" FROM sentitems'
    ' WHERE "CreatorID" LIKE ?1 AND "CreatorID" NOT LIKE \'% done\''
    " AND \"Status\" IN ('DeliveryOK', 'DeliveryFailed', 'DeliveryPending')"
    ' ORDER BY "ID", "SequencePosition" LIMIT 500'
)
INBOX = (
    'SELECT "ID", "SenderNumber", "TextDecoded", "UDH", "Coding", "Text", "ReceivingDateTime" FROM inbox'
    ' WHERE "Processed" = \'false\' AND "RecipientID" = ?1 ORDER BY "ID" LIMIT 500'
)
_OUTBOX = (
    'INSERT INTO outbox ("DestinationNumber", "Text", "TextDecoded", "Coding", "UDH", "Class", "MultiPart", "SenderID",'
    ' "CreatorID", "DeliveryReport", "RelativeValidity")'
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, '%s', ?7, ?8, ?9, ?10)"
)
_PART = (
    'INSERT INTO outbox_multipart ("ID", "SequencePosition", "Text", "TextDecoded", "Coding", "UDH", "Class")'
    ' VALUES ((SELECT MAX("ID") FROM outbox WHERE "CreatorID" = ?1), ?2, ?3, ?4, ?5, ?6, ?7)'
)
_TAKE_BACK = (
    'DELETE FROM outbox WHERE "CreatorID" = ?1 AND "SendingTimeOut" <= {now}'
    ' RETURNING "ID", CASE WHEN "SendingTimeOut" > "InsertIntoDB" THEN 1 ELSE 0 END'
)


class Sent(Struct, frozen=True):
    """What the daemon says of one message."""

    remotes: tuple[str, ...]
    """Its parts, as receipts name them."""
    refusal: str = ""
    detail: str = ""


def creator(connector: int, message: int) -> str:
    """Name a message in the daemon's tables."""
    return f"depesza {connector}.{message}"


def ours(connector: int) -> tuple[object, ...]:
    """Give the pattern that all names of a connector's messages fit."""
    return (f"depesza {connector}.%",)


def cut(message: Message) -> Segments:
    """Cut a message into the parts that the daemon sends.

    Unencodable when it cannot be written; BadContent when the tables have no column for what it asks.
    """
    content = message.content
    asked = Encoding(content.alphabet) if content.alphabet else None
    envelope = envelope_of(content)
    segments, _ = cut_headed(message.body, None if asked is Encoding.LATIN1 else asked, 0, envelope.elements)
    if envelope.protocol > 0:
        raise BadContent("gammu-smsd sends no protocol identifier")
    if not _can_say(segments.encoding, envelope.coding):
        raise BadContent(f"gammu-smsd cannot send data coding 0x{envelope.coding:02X} for {segments.encoding}")
    return segments


def _can_say(encoding: Encoding, coding: int) -> bool:
    """Tell whether alphabet and class say all that a data coding scheme says."""
    return coding < 0 or (coding >> 4 in _PLAIN_GROUPS and read_coding(coding)[0] is encoding)


def write(
    message: Message, parts: Segments, name: str, phone: str, report: bool, reference: int, now: int
) -> list[Statement]:
    """Write the statements that put a message into the outbox; they belong into one transaction."""
    content, total = message.content, len(parts.parts)
    envelope = envelope_of(content)
    flash = content.flash if envelope.coding < 0 else read_coding(envelope.coding)[1]
    headers = udh.headers(total, reference, envelope.elements)
    columns = [
        (*_written(part, parts.encoding), header.hex().upper() or None, flash)
        for part, header in zip(parts.parts, headers, strict=True)
    ]
    report_wanted = "yes" if report else "no"
    first = (message.receiver, *columns[0], phone, name, report_wanted, _validity(content, now))
    statements: list[Statement] = [(_OUTBOX % ("true" if total > 1 else "false"), first)]
    statements += [(_PART, (name, number, *column)) for number, column in enumerate(columns[1:], 2)]
    return statements


def _written(part: Part, encoding: Encoding) -> tuple[str | None, str, str]:
    """Give the columns Text, TextDecoded and Coding of a part: octets in hexadecimal, or a text."""
    if encoding is Encoding.BINARY:
        return part.payload.hex().upper(), "", _OCTETS
    return None, part.text, _GSM7 if encoding is Encoding.GSM7 else _UCS2


def _validity(content: Content, now: int) -> int:
    return validity_of((content.expires - now) / MICRO) if content.expires else -1


def take_back(name: str) -> list[Statement]:
    """Write what takes a message out of the outbox, unless the daemon is sending it just now.

    A row comes back where it was there: its id, and 1 if the daemon had begun with it at some time.
    """
    parts = 'DELETE FROM outbox_multipart WHERE "ID" NOT IN (SELECT "ID" FROM outbox)'
    return [(_TAKE_BACK, (name,)), (parts, ())]


def mark_done(name: str) -> Statement:
    """Write what marks a failed message, so that a new attempt is not taken for it."""
    return 'UPDATE sentitems SET "CreatorID" = "CreatorID" || \' failed\' WHERE "CreatorID" = ?1', (name,)


def mark_reported(id: int, part: int) -> Statement:
    """Write what marks a part whose last report is on disk."""
    sql = 'UPDATE sentitems SET "CreatorID" = "CreatorID" || \' done\' WHERE "ID" = ?1 AND "SequencePosition" = ?2'
    return sql, (id, part)


def mark_read(ids: tuple[int, ...]) -> list[Statement]:
    """Write what marks texts that are on disk."""
    return [('UPDATE inbox SET "Processed" = \'true\' WHERE "ID" = ?1', (id,)) for id in ids]


def sent(rows: list[Row]) -> Sent:
    """Judge a message by the rows of its parts: one that was refused refuses it."""
    remotes = tuple(remote_of(row[1], row[2]) for row in rows)
    for row in rows:
        if row[3] not in _SENT:
            code = row[4]
            end = Final(False, "CMS", code) if code >= 0 else Final(False, text=row[3])
            return Sent(remotes, refusal_of(end), f"{row[3]} {end.said}")
    return Sent(remotes)


def remote_of(id: int, part: int) -> str:
    """Name a part as receipts do."""
    return f"{id}.{part}"


def receipt_of(connector: int, row: Row, at: int) -> Receipt:
    """Make a receipt of a part's row."""
    id, part, status, error, receiver = row
    state, refusal = state_of(error) if error >= 0 else (_STATES[status], "")
    if state is State.DELIVERED and status == "DeliveryFailed":
        state, refusal = State.FAILED, "undeliverable"
    elif state is State.FAILED:
        refusal = refusal or "undeliverable"
    return Receipt(connector, (remote_of(id, part),), state, refusal, at, 0, f"{status} {error}", receiver)


_STATES = {"DeliveryOK": State.DELIVERED, "DeliveryFailed": State.FAILED, "DeliveryPending": State.PENDING}


def text_of(row: Row) -> tuple[Slot, Deliver]:
    """Read a text from somebody as the message that it was; a header that cannot be read is left out."""
    id, sender, text, header, coding, octets, at = row
    slot = Slot("inbox", id)
    if coding == _OCTETS:
        scheme, body = _SCHEME_OCTETS, _octets(octets)
    else:
        scheme, body = _SCHEME_UCS2, text.encode("utf-16-be", "surrogatepass")
    return slot, Deliver(address_of(sender), scheme, body, _header(header), _time(at))


def _octets(written: str) -> bytes:
    try:
        return bytes.fromhex(written)
    except ValueError:
        return b""


def _header(written: str) -> udh.Header:
    try:
        return udh.unpack(bytes.fromhex(written))[0] if written else udh.Header()
    except (ValueError, Malformed):
        return udh.Header()


def _time(at: object) -> datetime | None:
    if isinstance(at, datetime):
        return at
    try:
        return datetime.fromisoformat(str(at))
    except ValueError:
        return None
