"""What SMSAdvert answers: one success, errors by field, and one error for the whole request. spec: smsadvert/5"""

from collections.abc import Mapping

import msgspec

from depesza.core import ledger
from depesza.core.model import Accepted
from depesza.dialects.smsadvert.codes import ACCEPTED, LANGUAGES, TEXTS, Wrong
from depesza.wire.http import HttpReply

_encode = msgspec.json.Encoder().encode


class Refused(Exception):
    """A request that is refused as a whole; raised before anything was written."""

    def __init__(self, status: int, text: str, *headers: tuple[str, str]) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.headers = headers


def reply(value: object, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> HttpReply:
    """Write an answer."""
    return HttpReply(status, _encode(value), headers=headers)


def accepted(done: Accepted) -> HttpReply:
    """Say that a message was taken; its tag is the vendor's `msgId`, one for all its receivers."""
    return reply({"successMessage": ACCEPTED, "msgId": done.tag, "unitsCost": ledger.credits(done.price)})


def refused(error: Refused) -> HttpReply:
    """Say why a request is refused as a whole."""
    return reply({"errorMessage": error.text}, error.status, error.headers)


def wrong(fields: Mapping[str, Wrong], language: str) -> HttpReply:
    """Name all fields that are wrong, in a language of `LANGUAGES`."""
    place = LANGUAGES.index(language)
    return reply({"errors": {name: TEXTS[why][place] for name, why in fields.items()}}, 400)


def choose_language(*wanted: str) -> str:
    """Choose the first language that we have; each is empty, a code like `fr_FR`, or an Accept-Language."""
    for text in wanted:
        for code in _by_weight(text):
            if code in LANGUAGES:
                return code
    return "en"


def _by_weight(text: str) -> list[str]:
    """List the languages that a client reads, the best first. rfc 9110 12.5.4"""
    found: list[tuple[float, str]] = []
    for part in text.split(",")[:20]:
        name, _, weight = part.partition(";")
        try:
            worth = float(weight.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if worth > 0:
            found.append((-worth, name.strip().replace("_", "-").partition("-")[0].lower()))
    return [name for _, name in sorted(found, key=lambda each: each[0])]
