"""JSON of CHT Gateway: what it tells in its POST, and what it is told in the answer. spec: devices/3"""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from depesza.core.devices import AttemptState
from depesza.services.attempts import Offer, Report
from depesza.services.phone_texts import PhoneText

encode = msgspec.json.encode

STATES = {
    "PENDING": AttemptState.ACCEPTED,
    "SENT": AttemptState.SENT,
    "DELIVERED": AttemptState.DELIVERED,
    "FAILED": AttemptState.FAILED,
}
"""What an update means. The app tells nothing between its own queue and the network's answer."""


class BadBody(Exception):
    """A body is not what the app sends; the text tells what is wrong with it."""


class _Text(Struct):
    id: str
    sender: str = msgspec.field(name="from")
    content: str = ""
    sms_received: float = 0
    """Milliseconds since 1970, by the phone's clock."""


class _Update(Struct):
    id: str
    status: str
    reason: str | None = None


class _Told(Struct):
    messages: list[_Text] = []
    updates: list[_Update] = []


class Told(Struct, frozen=True):
    """What one POST tells."""

    texts: tuple[PhoneText, ...]
    reports: tuple[Report, ...]


def read(body: bytes, now: int) -> Told:
    """Read a POST; states that nobody knows are left out. Raises `BadBody`."""
    try:
        told = msgspec.json.decode(body or b"{}", type=_Told)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadBody(str(error)) from error
    reports = (
        Report(_attempt(each.id), STATES[each.status], (each.reason or "")[:1000])
        for each in told.updates
        if each.status in STATES
    )
    return Told(tuple(_text(each, now) for each in told.messages if each.sender), tuple(reports))


def _text(told: _Text, now: int) -> PhoneText:
    at = int(told.sms_received * 1000) if 0 < told.sms_received < 1e13 else now
    return PhoneText(key=f"cht {told.id}"[:200], sender=told.sender[:50], text=told.content, at=at, slot=1)


def _attempt(id: str) -> int:
    """Read the id of an attempt; 0 for one that we never gave."""
    return int(id) if len(id) <= 16 and id.isascii() and id.isdecimal() else 0


def write(offers: Sequence[Offer]) -> bytes:
    """Write what is to be sent. The app can neither give a message back nor carry data, so those are left out."""
    messages = [
        {"id": str(offer.attempt), "to": offer.receiver, "content": offer.text}
        for offer in offers
        if offer.state is not AttemptState.WITHDRAWING and not offer.data
    ]
    return encode({"messages": messages})
