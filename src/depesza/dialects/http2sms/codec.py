"""What clients of http2sms write, as values: parameters from query and form, then a submission. spec: ovh/5.1"""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from itertools import chain
from typing import TypeVar

from depesza.core import schedule
from depesza.core.facts import Account, User
from depesza.core.model import Submission
from depesza.core.senders import names_contact
from depesza.dialects.http2sms.answers import Refused
from depesza.dialects.http2sms.codes import PARAMETERS, Status
from depesza.wire.forms import Pair, read_form, read_query
from depesza.wire.http import HttpRequest

T = TypeVar("T")

VOICE = "ovh"
"""In whose words news of these messages goes back: http2sms has none, its users' callbacks are those of OVH's API."""
LONGEST_TAG = 20
LONGEST_WAIT = 366 * 1440 * schedule.MINUTE
"""Microseconds that a message may be deferred."""
FLAGS = {"": False, "0": False, "false": False, "1": True, "true": True}
CLASSES = {"": -1, "0": 0, "1": 1, "2": 2, "3": 3}
ALPHABETS = {"": "", "1": "", "2": "ucs2"}
"""1 lets the text decide, as `7bit` of the other API does. spec: ovh/4.2#13"""
_NAMES = {name.lower(): row.name for row in PARAMETERS for name in (row.name, row.alias) if name}
_BREAK = re.compile(r"\r\n?|%0d(?:%0a)?", re.IGNORECASE)
"""Line breaks; some clients encode `%0d` twice."""


def read_parameters(request: HttpRequest) -> dict[str, str]:
    """Read what a request asks for by the vendor's names; empty ones and strange ones are left out."""
    pairs: Iterable[Pair] = read_query(request.query.encode())
    if request.method == "POST":
        pairs = chain(pairs, read_form(request.headers.get("content-type", ""), request.body))
    given: dict[str, str] = {}
    for name, value in pairs:
        known = _NAMES.get(name.lower())
        if known is None or not value:
            continue
        if known == "to" and known in given:
            value = f"{given[known]},{value}"  # a receiver is never dropped
        given[known] = value
    return given


def check_given(given: Mapping[str, str]) -> None:
    """Refuse a request in which something that is needed is missing."""
    for row in PARAMETERS:
        if row.needed and row.name not in given and not (row.name == "from" and given.get("senderForResponse") == "1"):
            raise Refused(Status.MISSING, f"Missing {row.name}")


def submission(given: Mapping[str, str], account: Account, user: User, now: int) -> Submission:
    """Understand a request of a user who has signed in; the sender is judged elsewhere."""
    answerable = choice(given, "senderForResponse", FLAGS)
    due = read_deferred(given["deferred"], account.timezone, now) if "deferred" in given else 0
    return Submission(
        dialect=VOICE,
        sender="" if answerable else given["from"],  # the number wins over the name. spec: ovh/4.2#1
        receivers=read_receivers(given["to"]),
        text=read_message(given["message"], answerable),
        user=user.id,
        tag=read_tag(given.get("tag") or f"{now:x}"),
        alphabet=choice(given, "smsCoding", ALPHABETS),
        flash=choice(given, "class", CLASSES),
        due=due,
        deferred=(due - now + schedule.MINUTE // 2) // schedule.MINUTE if due else 0,
        answerable=answerable,
        advertising=not answerable and not choice(given, "noStop", FLAGS),
    )


def invalid(name: str, why: str = "") -> Refused:
    """A parameter's value can't be used."""
    return Refused(Status.INVALID, f"Invalid {name}: {why}" if why else f"Invalid {name}")


def choice(given: Mapping[str, str], name: str, table: Mapping[str, T]) -> T:
    """Look a value up; the empty one stands for none."""
    value = given.get(name, "").strip().lower()
    if value not in table:
        raise invalid(name)
    return table[value]


def read_receivers(text: str) -> tuple[str, ...]:
    """Split receivers at commas; one that begins with its calling code gets the plus that a query lost."""
    written = (part.strip() for part in text.split(","))
    return tuple(f"+{each}" if each.isdigit() and each[0] != "0" else each for each in written if each)


def read_message(text: str, answerable: bool) -> str:
    """Read the text; every line break becomes one newline."""
    if "\0" in text:
        raise invalid("message")
    if answerable and names_contact(text):
        raise invalid("message", "cannot send contact information with shortcode")
    return _BREAK.sub("\n", text)


def read_tag(tag: str) -> str:
    """Read the label."""
    if len(tag) > LONGEST_TAG:
        raise invalid("tag", "is too long")
    if "\0" in tag:
        raise invalid("tag")
    return tag


def read_deferred(text: str, zone: str, now: int) -> int:
    """Read `hhmmddMMYYYY` in an account's time zone; 0 for the present minute, which means at once."""
    if len(text) != 12 or not text.isascii() or not text.isdigit():
        raise invalid("deferred time")
    hour, minute, day, month, year = (int(text[start:end]) for start, end in ((0, 2), (2, 4), (4, 6), (6, 8), (8, 12)))
    try:
        due = schedule.at_wall(date(year, month, day), hour, minute, zone)
    except (ValueError, OverflowError) as error:
        raise invalid("deferred time") from error
    if not now - schedule.MINUTE < due <= now + LONGEST_WAIT:
        raise invalid("deferred time")
    return due if due > now else 0
