"""What clients of SMSGate's API write, as values, and messages as they read them. spec: devices/9"""

import base64
import binascii
import re
from typing import Annotated

from msgspec import Meta, Struct

from depesza.core import schedule
from depesza.core.model import MICRO, Priority, Submission
from depesza.core.refusals import refusal
from depesza.dialects.smsgate import dates, errors
from depesza.services.requests import Phase, Recipient, Request

VOICE = "smsgate"
EXPRESS = 100
"""Priorities from here on pass all limits."""
MOST_NUMBERS = 100
_BETWEEN = re.compile(r"[\s().\-/]")
LONGEST_NAME = 36
Text = Annotated[str, Meta(min_length=1, max_length=65535)]
Number = Annotated[str, Meta(min_length=1, max_length=512)]
Seconds = Annotated[int, Meta(ge=5, le=366 * 86_400)]


class TextMessage(Struct):
    """A text."""

    text: Text


class DataMessage(Struct):
    """Octets for a program on the receiver's phone."""

    data: Annotated[str, Meta(min_length=4, max_length=65535)]
    """Base64."""
    port: Annotated[int, Meta(ge=1, le=65535)]


class MessageBody(Struct, rename="camel"):
    """The body of POST /messages."""

    phone_numbers: Annotated[list[Number], Meta(min_length=1, max_length=MOST_NUMBERS)]
    id: Annotated[str, Meta(max_length=LONGEST_NAME)] | None = None
    device_id: Annotated[str, Meta(max_length=21)] | None = None
    message: Annotated[str, Meta(max_length=65535)] | None = None
    """A text, as older clients write it."""
    text_message: TextMessage | None = None
    data_message: DataMessage | None = None
    mms_message: dict[str, object] | None = None
    is_encrypted: bool | None = None
    sim_number: Annotated[int, Meta(ge=1, le=3)] | None = None
    with_delivery_report: bool | None = None
    priority: Annotated[int, Meta(ge=-128, le=127)] | None = None
    ttl: Seconds | None = None
    valid_until: str | None = None
    schedule_at: str | None = None

    @property
    def text(self) -> str:
        """The text, however it is written; empty for none."""
        return self.text_message.text if self.text_message is not None else self.message or ""


def check(body: MessageBody) -> None:
    """Refuse what contradicts itself, and what is not offered; raises 400."""
    if body.mms_message is not None:
        raise errors.invalid("mmsMessage", "multimedia messages are not offered here")
    contents = (bool(body.message), body.text_message is not None, body.data_message is not None)
    if sum(contents) != 1:
        raise errors.bad("Write exactly one of textMessage, dataMessage and message")
    if body.ttl is not None and body.valid_until:
        raise errors.bad("Write ttl or validUntil, not both")
    if body.id and not body.id.isprintable():
        raise errors.invalid("id", "holds what is no text")
    if "\0" in body.text or any("\0" in number for number in body.phone_numbers):
        raise errors.bad("A text holds a NUL")
    if body.data_message is not None and not body.is_encrypted:
        try:
            base64.b64decode(body.data_message.data, validate=True)
        except (binascii.Error, ValueError) as error:
            raise errors.invalid("dataMessage.data", "is not base64") from error


def submission(body: MessageBody, user: int, sender: str, now: int) -> Submission:
    """Understand a body that was checked; which way it goes is decided elsewhere. Raises 400."""
    due = dates.read(body.schedule_at, "scheduleAt") if body.schedule_at else 0
    if due and due <= now:
        raise errors.invalid("scheduleAt", "must be in the future")
    expires = dates.read(body.valid_until, "validUntil") if body.valid_until else 0
    if expires and expires <= max(due, now):
        raise errors.invalid("validUntil", "must be after the time at which it is sent")
    if body.ttl is not None:
        expires = max(due, now) + body.ttl * MICRO
    return Submission(
        dialect=VOICE,
        sender=sender,
        answerable=not sender,
        receivers=tuple(body.phone_numbers if body.is_encrypted else map(plain, body.phone_numbers)),
        text=body.data_message.data if body.data_message is not None else body.text,
        user=user,
        priority=read_priority(body.priority or 0),
        due=due,
        deferred=(due - now + schedule.MINUTE // 2) // schedule.MINUTE if due else 0,
        expires=expires,
    )


def plain(number: str) -> str:
    """Leave out what people put between digits."""
    return _BETWEEN.sub("", number) or number


def read_priority(priority: int) -> Priority:
    """Sort 256 priorities into our four."""
    if priority >= EXPRESS:
        return Priority.URGENT
    return Priority.HIGH if priority > 0 else Priority.NORMAL if priority == 0 else Priority.BULK


def state_of(request: Request, *, content: bool = False) -> dict[str, object]:
    """Write a message and what became of it; with its text where that is asked for."""
    shown: dict[str, object] = {
        "id": request.name,
        "deviceId": str(request.device or ""),
        "state": request.phase,
        "isHashed": False,
        "isEncrypted": request.wish.encrypted,
        "recipients": [_recipient(each) for each in request.recipients],
        "states": _times(request),
        "createdAt": dates.write(request.created),
    }
    if content and request.wish.port:
        shown["dataMessage"] = {"data": request.text, "port": request.wish.port}
    elif content:
        shown["textMessage"] = {"text": request.text}
    return shown


def _recipient(recipient: Recipient) -> dict[str, object]:
    shown: dict[str, object] = {"phoneNumber": recipient.receiver, "state": recipient.phase}
    if recipient.phase is Phase.FAILED:
        shown["error"] = recipient.error or refusal(recipient.refusal).sentence
    return shown


def _times(request: Request) -> dict[str, str]:
    """Tell when the first receiver came to each phase."""
    times: dict[Phase, int] = {Phase.PENDING: request.created}
    for each in request.recipients:
        found = {Phase.PROCESSED: each.processed, Phase.SENT: each.sent}
        if each.phase in (Phase.DELIVERED, Phase.FAILED, Phase.CANCELLED):
            found[each.phase] = each.done
        for phase, at in found.items():
            if at:
                times[phase] = min(at, times.get(phase, at))
    return {phase.value: dates.write(times[phase]) for phase in Phase if phase in times}
