"""Whom a request names: phone numbers as people write them, groups, mail addresses, names on Telegram.

spec: smsc/1.8 smsc/2.1
"""

import re
from collections.abc import Iterator
from enum import Enum

from msgspec import Struct

from depesza.core import phone
from depesza.dialects.smsc.codes import Kind
from depesza.dialects.smsc.naming import MAIL


class Sort(Enum):
    """What somebody is named by."""

    NUMBER = "number"
    GROUP = "group"
    MAIL = "mail"
    NICKNAME = "nickname"


class Named(Struct, frozen=True, gc=False):
    """One item of `phones`."""

    written: str
    """As the client wrote it."""
    address: str
    """E.164 with its plus, digits of a group, mail address, `@name` or `#id`; empty when it is none of them."""
    sort: Sort

    @property
    def bad(self) -> bool:
        """Tell whether nobody can be meant."""
        return not self.address


SHORTEST, LONGEST = 7, 15
"""Digits of a number."""

_BETWEEN = re.compile(r"[,;\r\n]+")
_MARKS = str.maketrans("", "", " \t()-.\u00a0\u2010\u2011\u2013")
_GROUP = re.compile(r"G([0-9]{1,15})")
_NICKNAME = re.compile(r"@?([A-Za-z][A-Za-z0-9_]{4,31})|(#[0-9]{1,20})")


def read_phones(text: str, home: str = "RU", kind: Kind = Kind.SMS) -> tuple[Named, ...]:
    """Read items between commas, semicolons, line feeds or blanks; each one once, bad ones too.

    `home` is the account's country: its habits of writing numbers are understood (`clean`). Only mail knows
    addresses, only Telegram names.
    """
    if text.isdigit():
        return (_number(text, home),)
    found: dict[tuple[Sort, str], Named] = {}
    for chunk in _BETWEEN.split(text):
        chunk = chunk.strip()
        if chunk:
            for named in _named(chunk, home, kind):
                found.setdefault((named.sort, named.address or named.written), named)
    return tuple(found.values())


def _named(chunk: str, home: str, kind: Kind) -> Iterator[Named]:
    if any(blank in chunk for blank in " \t\u00a0"):
        yield from _blanks_within(chunk, home, kind)
    else:
        yield _one(chunk, home, kind)


def _blanks_within(chunk: str, home: str, kind: Kind) -> Iterator[Named]:
    """Read `7999... 7998...` as two numbers and `+7 (999) 999-99-99` as one."""
    pieces = [_one(piece, home, kind) for piece in chunk.split()]
    whole = phone.parse(f"+{_digits(chunk, home)}")
    if any(piece.bad for piece in pieces) and whole is not None and whole.possible:
        yield _number(chunk, home)
    else:
        yield from pieces


def _one(text: str, home: str, kind: Kind) -> Named:
    group = _GROUP.fullmatch(text)
    if group is not None:
        return Named(text, group[1], Sort.GROUP)
    if kind is Kind.MAIL:
        return Named(text, text if MAIL.fullmatch(text) else "", Sort.MAIL)
    nickname = _NICKNAME.fullmatch(text) if kind is Kind.TELEGRAM else None
    if nickname is not None:
        return Named(text, nickname[2] or f"@{nickname[1]}", Sort.NICKNAME)
    return _number(text, home)


def _number(text: str, home: str) -> Named:
    return Named(text, clean(text, home), Sort.NUMBER)


def clean(text: str, home: str = "RU") -> str:
    """Read one number as E.164 with its plus; empty where it is none.

    Blanks, brackets, hyphens and dots go; a plus says that the rest is international already.
    """
    digits = _digits(text, home)
    found = phone.international(digits) if SHORTEST <= len(digits) <= LONGEST else None
    return "" if found is None else found.e164


def international(text: str, home: str = "RU") -> str:
    """Read one number with its plus whether or not anybody has its calling code; empty where it is none."""
    digits = _digits(text, home)
    return f"+{digits}" if SHORTEST <= len(digits) <= LONGEST else ""


def _digits(text: str, home: str) -> str:
    """Write a number as digits beginning with a calling code; empty where there is anything else in it."""
    plus = False
    if not text.isdigit():
        text = text.translate(_MARKS)
        plus = text[:1] == "+"
        if plus:
            text = text[1:]
    if not (text.isdigit() and text.isascii()):
        return ""
    if plus:
        return text
    return text[2:] if text[:2] == "00" else _from_home(text, home)


def _from_home(digits: str, home: str) -> str:
    length, first = len(digits), digits[0]
    if length == 11 and first == "8":
        return f"7{digits[1:]}"
    if length == 10 and first == "9":
        return f"7{digits}"
    if home == "UA" and length == 10 and first == "0":
        return f"38{digits}"
    return f"380{digits}" if home == "UA" and length == 9 else digits
