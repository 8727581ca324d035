"""What clients of SMSAdvert write, as values: a JSON object, then a submission or everything that is wrong with it.

Fields are read leniently where real clients need it, and all errors are told together. spec: smsadvert/2
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from depesza.core import phone
from depesza.core.model import Submission, Way
from depesza.dialects.smsadvert import codes
from depesza.dialects.smsadvert.answers import Refused
from depesza.dialects.smsadvert.codes import LONGEST_WAIT, MOST_NUMBERS, SHORTEST_TEXT, Wrong

T = TypeVar("T")

VOICE = "smsadvert"
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_FLAGS: dict[object, bool] = {None: False, "": False, True: True, False: False, "true": True, "false": False}
"""1 and 0 are equal to True and False. The text `false` is what the n8n node sends."""
_MILLISECOND = 1_000
_SECONDS_LIKELY = 10**11
"""Milliseconds below this are a time before 1974, and seconds of our days."""
_LONGEST_DATE = 20
"""Characters of a date written as text."""


class Bad(Exception):
    """A field is wrong."""

    def __init__(self, why: Wrong) -> None:
        super().__init__(why)
        self.why = why


class Fields:
    """The fields of a body, read one by one; what is wrong is kept and told in the end."""

    def __init__(self, given: Mapping[str, object]) -> None:
        self._given = given
        self.wrong: dict[str, Wrong] = {}

    def has(self, name: str) -> bool:
        """Tell whether an optional field says something: `null` and the empty text do not."""
        return self._given.get(name) not in (None, "")

    def read(self, name: str, reader: Callable[[object], T], otherwise: T) -> T:
        """Read a field; gives `otherwise` when it is wrong."""
        try:
            return reader(self._given.get(name))
        except Bad as error:
            self.wrong[name] = error.why
            return otherwise


def read_body(body: bytes) -> dict[str, object]:
    """Read a JSON object; raises `Refused`."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Refused(400, "The body is not JSON") from error
    if not isinstance(value, dict):
        raise Refused(400, "The body is not a JSON object")
    return value


def read_message(
    given: Mapping[str, object], now: int, *, country: str, sender: str, tag: str, callback: str
) -> Submission | dict[str, Wrong]:
    """Understand a message; gives what is wrong, by field, where something is.

    `country` is that of numbers in national form; `sender` (the vendor has none) and `callback` are the account's.
    """
    fields = Fields(given)
    nobody: tuple[str, ...] = ()
    receivers = fields.read("phone", lambda value: read_numbers(value, country), nobody)
    text = fields.read("shortTextMessage", read_text, "")
    by_network = fields.read("sendAsShort", read_flag, False)
    failover = fields.read("failover", read_failover, False)
    start = fields.read("startDate", lambda value: _start(value, now), 0)
    end = fields.read("endDate", lambda value: _end(value, max(start, now)), 0)
    url = "statusWebhook" if fields.has("statusWebhook") and not fields.has("callback") else "callback"
    own_callback = fields.read(url, read_url, "")
    if fields.wrong:
        return fields.wrong
    return Submission(
        dialect=VOICE,
        sender=sender,
        answerable=not sender,
        receivers=receivers,
        text=text,
        tag=tag,
        due=start if start > now else 0,
        expires=min(end, max(start, now) + LONGEST_WAIT),
        way=Way.NETWORK if by_network else Way.PHONES_FIRST if failover else Way.PHONES,
        callback=own_callback or callback,
        max_parts=codes.PARTS,
        warning=_in_seconds(start),
    )


def read_numbers(value: object, country: str = "") -> tuple[str, ...]:
    """Read numbers with commas between them; each once, in E.164."""
    if not isinstance(value, str):
        raise Bad(Wrong.NUMBER)
    items = value.split(",") if len(value) <= codes.MOST_OCTETS else ()
    if not 0 < len(items) <= codes.MOST_ITEMS:
        raise Bad(Wrong.MANY)
    numbers = dict.fromkeys(_number(item.strip(), country) for item in items)
    if len(numbers) > MOST_NUMBERS:
        raise Bad(Wrong.MANY)
    return tuple(numbers)


def _number(item: str, country: str) -> str:
    found = phone.parse(item, country or None) if country or _E164.fullmatch(item) else None
    if found is None or not found.possible or not _E164.fullmatch(found.e164):
        raise Bad(Wrong.NUMBER)
    return found.e164


def read_text(value: object) -> str:
    """Read the text; only blanks are too short."""
    if not isinstance(value, str) or not value.strip() or units(value) < SHORTEST_TEXT:
        raise Bad(Wrong.SHORT)
    if units(value) > codes.LONGEST_TEXT:
        raise Bad(Wrong.LONG)
    if "\0" in value:
        raise Bad(Wrong.VALUE)
    return value


def units(text: str) -> int:
    """Count as the vendor does: UTF-16 code units."""
    return len(text) + sum(char > "\uffff" for char in text)


def read_flag(value: object) -> bool:
    """Read a truth; the text `false` is false."""
    if not isinstance(value, str | int | None) or value not in _FLAGS:
        raise Bad(Wrong.VALUE)
    return _FLAGS[value]


def read_failover(value: object) -> bool:
    """Tell whether the network may take over."""
    if value not in (None, "", "short"):
        raise Bad(Wrong.VALUE)
    return value == "short"


def read_date(value: Any) -> int:
    """Read milliseconds since 1970 as microseconds; 0 where there are none."""
    if value is None or value == "":
        return 0
    if isinstance(value, float):
        whole = value.is_integer()
    elif isinstance(value, str):
        whole = value.isascii() and value.isdigit() and len(value) <= _LONGEST_DATE
    else:
        whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole:
        raise Bad(Wrong.DATE)
    return int(value) * _MILLISECOND


def _start(value: object, now: int) -> int:
    start = read_date(value)
    if start > now + LONGEST_WAIT:
        raise Bad(Wrong.DATE)
    return start


def _end(value: object, start: int) -> int:
    """Read the end; 0 where there is none."""
    end = read_date(value)
    if (end or value not in (None, "")) and end <= start:
        raise Bad(Wrong.DATE)
    return end


def _in_seconds(start: int) -> str:
    """Warn of a start that was perhaps written in seconds; it is taken as it stands. spec: smsadvert/2"""
    milliseconds = start // _MILLISECOND
    if not 0 < milliseconds < _SECONDS_LIKELY:
        return ""
    return f"startDate {milliseconds} looks like seconds; in milliseconds it is long past, so this is sent at once"


def read_url(value: object) -> str:
    """Read a web address; empty where there is none."""
    if value is None or value == "":
        return ""
    if not isinstance(value, str) or len(value) > codes.LONGEST_URL or not value.isprintable() or " " in value:
        raise Bad(Wrong.URL)
    try:
        parts = urlsplit(value)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise Bad(Wrong.URL)
    return value
