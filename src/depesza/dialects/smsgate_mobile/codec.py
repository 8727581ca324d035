"""JSON of the app: what it says of itself, what it is handed, what it reports. spec: devices/2"""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType

from depesza.core.devices import AttemptState
from depesza.dialects.smsgate_mobile import versions
from depesza.dialects.smsgate_mobile.codes import PRIORITIES, REPORTED, STATES
from depesza.dialects.smsgate_mobile.dates import read_time, write_time
from depesza.dialects.smsgate_mobile.versions import knows
from depesza.services.attempts import Offer, Report
from depesza.services.devices import SimSaid

T = TypeVar("T")

MOST_SIMS = 8
LONGEST_NAME = 100


class BadBody(Exception):
    """A body is not what the call wants; the text tells what is wrong with it."""


class Card(Struct, rename="camel"):
    """A SIM card as the app tells of it."""

    slot_index: int | None = None
    sim_number: int | None = None
    phone_number: str | None = None
    carrier_name: str | None = None
    iccid: str | None = None
    mcc: str | int | None = None
    mnc: str | int | None = None


class _Joining(Struct, rename="camel"):
    name: str = ""
    push_token: str | None = None
    sim_cards: list[Card] | None = None


class _Changing(Struct, rename="camel"):
    id: str
    push_token: str | UnsetType | None = UNSET
    sim_cards: list[Card] | None = None


class _Recipient(Struct, rename="camel"):
    phone_number: str = ""
    state: str = ""
    error: str | None = None


class _Reported(Struct):
    id: str
    state: str
    recipients: list[_Recipient] = []
    states: dict[str, str] = {}


class _NewPassword(Struct, rename="camel"):
    current_password: str
    new_password: str


class Joining(Struct, frozen=True):
    """A phone that wants to join."""

    name: str
    push: str
    sims: tuple[SimSaid, ...]


class Changing(Struct, frozen=True):
    """A phone that starts anew."""

    id: str
    push: str | None
    """None where it does not say."""
    sims: tuple[SimSaid, ...]


class NewPassword(Struct, frozen=True):
    """A change of the password that a phone's owner wishes."""

    current: str
    new: str


def read_joining(body: bytes) -> Joining:
    """Read the body of a registration; raises `BadBody`."""
    read = decoded(body or b"{}", _Joining)
    return Joining(clean(read.name)[:LONGEST_NAME], read.push_token or "", read_cards(read.sim_cards or ()))


def read_changing(body: bytes) -> Changing:
    """Read what a phone says at its start; raises `BadBody`."""
    read = decoded(body, _Changing)
    push = None if read.push_token is UNSET else read.push_token or ""
    return Changing(read.id, push, read_cards(read.sim_cards or ()))


def read_cards(cards: Sequence[Card]) -> tuple[SimSaid, ...]:
    """Read SIM cards; those without a place, and a second one in the same, are left out."""
    found: dict[int, SimSaid] = {}
    for card in cards[:MOST_SIMS]:
        slot = card.sim_number or (card.slot_index + 1 if card.slot_index is not None else 0)
        if 1 <= slot <= MOST_SIMS:
            said = [clean(text or "")[:50] for text in (card.phone_number, card.carrier_name, card.iccid)]
            found.setdefault(
                slot, SimSaid(slot=slot, number=said[0], operator=said[1], plmn=_plmn(card), iccid=said[2])
            )
    return tuple(found.values())


def _plmn(card: Card) -> str:
    mcc, mnc = str(card.mcc or ""), str(card.mnc if card.mnc is not None else "")
    return mcc + mnc.zfill(2) if mcc.isdecimal() and mnc.isdecimal() and len(mcc + mnc) <= 6 else ""


def read_reports(body: bytes) -> list[Report]:
    """Read what became of attempts; states that nobody knows are left out. Raises `BadBody`."""
    found = []
    for one in decoded(body, list[_Reported]):
        mine = one.recipients[0] if len(one.recipients) == 1 else _Recipient()
        name = mine.state if mine.state in REPORTED else one.state
        if name in REPORTED:
            error = clean(mine.error or "")[:1000]
            found.append(Report(_attempt(one.id), STATES[name], error, read_time(one.states.get(name, ""))))
    return found


def _attempt(id: str) -> int:
    """Read the id of an attempt; 0 for one that we never gave."""
    return int(id) if len(id) <= 16 and id.isascii() and id.isdecimal() else 0


def read_new_password(body: bytes) -> NewPassword:
    """Read the change of a password; raises `BadBody`."""
    read = decoded(body, _NewPassword)
    return NewPassword(read.current_password, read.new_password)


def decoded(body: bytes | msgspec.Raw, kind: type[T]) -> T:
    """Read JSON; raises `BadBody`."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadBody(str(error)) from error


def clean(text: str) -> str:
    """Leave out what no database takes, or no page shows."""
    return "".join(char for char in text if char.isprintable())


def write(value: object) -> bytes:
    """Write JSON."""
    return msgspec.json.encode(value)


def is_for(offer: Offer, version: str) -> bool:
    """Tell whether an app of this version understands an entry."""
    if offer.state is AttemptState.WITHDRAWING:
        return knows(version, versions.CANCELLING)
    return not offer.data or knows(version, versions.DATA)


def write_offer(offer: Offer) -> Mapping[str, object]:
    """Write an entry of the list; the receiver exactly as the phone shall say it back."""
    if offer.data:
        content: dict[str, object] = {"dataMessage": {"data": offer.data, "port": offer.port}}
    else:
        content = {"message": offer.text, "textMessage": {"text": offer.text}}
    return content | {
        "id": str(offer.attempt),
        "phoneNumbers": [offer.receiver],
        "simNumber": offer.slot,
        "withDeliveryReport": offer.report,
        "isEncrypted": offer.encrypted,
        "validUntil": write_time(offer.valid),
        "scheduleAt": None,
        "priority": PRIORITIES.get(offer.priority, 0),
        "state": "Cancelling" if offer.state is AttemptState.WITHDRAWING else "Pending",
        "createdAt": write_time(offer.created),
    }
