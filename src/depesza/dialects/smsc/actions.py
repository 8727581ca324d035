"""Scripts that do one of several things, named by a parameter: `phones.php?add=1`. spec: smsc/3.7 smsc/3.8 smsc/3.10"""

import re
from collections.abc import Mapping, Sequence

from depesza.dialects.smsc.answers import Refused
from depesza.dialects.smsc.call import Call, Handler
from depesza.dialects.smsc.codes import FAILED, NO_RECORD, PARAMETERS
from depesza.services.accounts import Unknown
from depesza.store.contract import Conflict
from depesza.wire.http import HttpReply

_BETWEEN = re.compile(r"[\s,;|]+")
_LONGEST = 15
"""Digits of an id."""


async def act(call: Call, actions: Mapping[str, Handler]) -> HttpReply:
    """Do the first of the actions that a request names; what is not there or taken already is told as such."""
    for name, handler in actions.items():
        if call.given.get(name).strip() not in ("", "0"):
            try:
                return await handler(call)
            except Unknown:
                raise Refused(*NO_RECORD) from None
            except Conflict:
                raise Refused(*FAILED) from None
    raise Refused(*PARAMETERS)


def need(call: Call, name: str) -> str:
    """Give a parameter without which there is nothing to do."""
    text = call.given.get(name).strip()
    if not text:
        raise Refused(*PARAMETERS)
    return text


def read_number(call: Call, name: str, most: int | None = None) -> int:
    """Read a whole number from 0, which an empty value is too."""
    return _number(call.given.get(name).strip() or "0", most)


def read_numbers(call: Call, name: str) -> list[int]:
    """Read whole numbers between commas or whatever else a client puts there, each one once."""
    words = [word for word in _BETWEEN.split(call.given.get(name)) if word]
    return list(dict.fromkeys([_number(word) for word in words]))


def read_switch(call: Call, name: str) -> bool:
    """Read 0 or 1."""
    return bool(read_number(call, name, 1))


def texts(call: Call, names: Mapping[str, str]) -> dict[str, str]:
    """Give the values of parameters that are there, by our names for them."""
    return {ours: call.given.get(theirs).strip() for theirs, ours in names.items() if theirs in call.given}


def only(values: Sequence[int]) -> int:
    """Give the one value that there must be."""
    if len(values) != 1:
        raise Refused(*PARAMETERS)
    return values[0]


def _number(text: str, most: int | None = None) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST):
        raise Refused(*PARAMETERS)
    number = int(text)
    if most is not None and number > most:
        raise Refused(*PARAMETERS)
    return number
