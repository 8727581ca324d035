"""What mail servers write about mails of ours: delivery status notifications, and bounces of other forms.

A notification is a `multipart/report` whose second part says what became of each receiver (RFC 3464). Old servers
write a letter to people instead; of those the words, the numbers and the sender tell. Whose mail it is about is found
by a ticket of ours (`wire/tickets.py`) in one of the `clues`.
"""

import re
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32

from msgspec import Struct

from depesza.wire import Malformed

LONGEST = 128 * 1024
"""Octets that are looked at: what the server says comes first, the mail it is about afterwards."""
DEEPEST = 20
"""Parts within parts; nobody wraps a notification so often."""

FAILED, DELAYED, DELIVERED, RELAYED, EXPANDED = "failed", "delayed", "delivered", "relayed", "expanded"
ACTIONS = frozenset({FAILED, DELAYED, DELIVERED, RELAYED, EXPANDED})

_GLOBAL = re.compile(rb"message/global-delivery-status", re.IGNORECASE)
"""The same in UTF-8 (RFC 6533), which the parser does not know."""
_NESTED = re.compile(rb"content-type\s*:\s*(?:multipart|message)/", re.IGNORECASE)
_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b(?!\.\d)")
_CODE = re.compile(r"(?<![\d.])([45])[0-5]\d(?=[ -])")
_DAEMON = re.compile(r"mailer-daemon|postmaster|mail delivery (?:sub)?system|mdaemon", re.IGNORECASE)
_SUBJECT = re.compile(
    r"undeliver|non-?delivery|not delivered|delivery (?:status|fail|delay|has been delayed)"
    r"|failure notice|mail delivery|returned (?:mail|to sender)|mail (?:failure|status)"
    r"|could not (?:be delivered|send)|warning: message",
    re.IGNORECASE,
)
_STILL_TRYING = re.compile(
    r"delay|warning|still (?:being )?tr(?:y|ied)|will be (?:re)?tried|keep trying", re.IGNORECASE
)
_COPY = re.compile(
    r"^(?:-+ ?(?:below this line|this is a copy|original message|returned message)|received:|return-path:)"
)
_ADDRESSED = ("X-Original-To", "Delivered-To", "Envelope-To", "X-Envelope-To", "To")


class NotABounce(Malformed):
    """A mail that tells nothing of another mail's way."""


class Told(Struct, frozen=True, gc=False):
    """What became of one receiver."""

    action: str
    """One of `ACTIONS`."""
    status: str = ""
    """RFC 3463: `5.1.1`; empty where none is said."""
    diagnostic: str = ""
    """In the words of the server that refused."""
    receiver: str = ""


class Bounce(Struct, frozen=True):
    """What a mail tells of another one."""

    told: tuple[Told, ...]
    clues: tuple[str, ...]
    """Texts that may name the other mail, likeliest first."""


def read(octets: bytes) -> Bounce:
    """Read a mail; raises `NotABounce`, and nothing else whatever the octets are."""
    octets = _GLOBAL.sub(b"message/delivery-status", octets[:LONGEST])
    if len(_NESTED.findall(octets)) > DEEPEST:
        raise NotABounce("parts within parts within parts")
    mail = BytesParser(policy=compat32).parsebytes(octets)
    parts = list(mail.walk())
    status = next((part for part in parts if part.get_content_type() == "message/delivery-status"), None)
    told = _reported(status) if status is not None else ()
    if not told:
        told = (_in_words(mail, parts),)
    return Bounce(told, tuple(_clues(mail, parts, status, octets)))


# notifications


def _reported(part: Message) -> tuple[Told, ...]:
    """Read the groups of fields: the first is about the mail, each other about a receiver."""
    return tuple([told for group in _groups(part) if (told := _receiver(group)) is not None])


def _groups(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [group for group in payload if isinstance(group, Message)] if isinstance(payload, list) else []


def _receiver(group: Message) -> Told | None:
    action = _line(group, "Action").partition(" ")[0].rstrip(";,").lower()
    if action not in ACTIONS:
        return None
    status = _STATUS.search(_line(group, "Status")) or _STATUS.search(_line(group, "Diagnostic-Code"))
    _, _, diagnostic = _line(group, "Diagnostic-Code").rpartition("; ")
    who = _line(group, "Original-Recipient") or _line(group, "Final-Recipient")
    return Told(action, status[0] if status else "", diagnostic[:1000], who.partition(";")[2].strip()[:320])


# letters to people


def _in_words(mail: Message, parts: list[Message]) -> Told:
    """Read a bounce of no standard form; raises `NotABounce`."""
    subject, failed = _line(mail, "Subject"), _line(mail, "X-Failed-Recipients")
    answers = _line(mail, "Auto-Submitted").lower().startswith("auto-replied")  # people who are away do, too
    daemon = _DAEMON.search(_line(mail, "From")) or (_line(mail, "Return-Path") == "<>" and not answers)
    if not failed and not (daemon and _SUBJECT.search(subject)):
        raise NotABounce("neither a notification nor a bounce")
    lines = _said(parts)
    text = "\n".join(lines)
    status, code = _STATUS.search(text), _CODE.search(text)
    delayed = _STILL_TRYING.search(subject) is not None or (status or code or "5")[0][0] == "4"
    where = next((line for line in lines if _STATUS.search(line) or _CODE.search(line)), "")
    return Told(DELAYED if delayed else FAILED, status[0] if status else "", where.strip()[:1000], failed[:320])


def _said(parts: list[Message]) -> list[str]:
    """List the lines of the first text, up to the copy of the mail that it is about."""
    for part in parts:
        if part.get_content_maintype() != "text" or part.is_multipart():
            continue
        found: list[str] = []
        for line in _text(part)[:16_384].splitlines():
            if _COPY.match(line.lower()):
                break
            found.append(line)
        return found
    return []


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""


# whose mail it is


def _clues(mail: Message, parts: list[Message], status: Message | None, octets: bytes) -> Iterator[str]:
    for group in _groups(status) if status is not None else ():
        yield _line(group, "Original-Envelope-Id")
    yield from (str(value) for name in _ADDRESSED for value in mail.get_all(name, []))
    for part in parts[1:]:
        yield _line(part, "Message-ID")
        yield _line(part, "Return-Path")
        if part.get_content_type().endswith("rfc822-headers"):
            yield _text(part)
    yield octets.decode("latin-1")


def _line(part: Message, name: str) -> str:
    """Read a header as one line; empty where there is none."""
    return " ".join(str(part.get(name, "")).split())
