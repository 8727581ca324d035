"""Phone numbers: E.164 out of what clients write, and what the digits tell about them.

`valid` is the library's is_valid_number: the range is assigned, as far as the installed metadata knows.
`possible` is only a matter of length. Ranges are opened before metadata hears of them, so callers that must
not refuse a real number (the dialects) accept `possible`, and use `valid` and `kind` for advice and prices.
spec: ovh/4.2#2
"""

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from types import MappingProxyType

import phonenumbers
from msgspec import Struct
from phonenumbers import NumberParseException, PhoneMetadata
from phonenumbers import shortnumberinfo as short_numbers

from depesza.core.phone_plan import Kind, plan_of

__all__ = ["Kind", "Number", "international", "mask", "parse", "parse_short", "spellings"]

_LONGEST = 17
"""Digits of a national number that the library still reads; E.164 itself allows 15 with the calling code."""
_SHORT_LONGEST = 8
_RECENT = 16_384
"""Numbers that are remembered as they were read."""
_ODD = 24
"""Digits of what is no number whatever it begins with, and not worth remembering."""

# Blanks, dots, dashes, brackets and the invisible marks that come with copied numbers.
_MARKS = str.maketrans(
    "",
    "",
    " .-()/\t\u00a0\u00ad\u2009\u202f\u2007\u200b\u200e\u200f\u202a\u202b\u202c\u2060\u2066\u2067\u2068\u2069"
    "\u2010\u2011\u2012\u2013\u2014\u2015\u2212",
)
_CODES: Mapping[str, int] = MappingProxyType({str(code): code for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE})


class Number(Struct, frozen=True, gc=False):
    """A number of the world's plan, or a short code of one country."""

    digits: str
    """Calling code and national number, no `+`; for a short code its own digits."""
    code: int
    """Calling code: 33."""
    country: str | None
    """ISO 3166 (`FR`), `001` for numbers of no country, None where the digits do not tell."""
    kind: Kind
    possible: bool
    """Of a length that its plan has."""

    @property
    def valid(self) -> bool:
        """Tell whether the number belongs to a range that the metadata knows."""
        return self.kind is not Kind.UNKNOWN

    @property
    def e164(self) -> str:
        """Write it with `+`; a short code as it is dialled."""
        return self.digits if self.kind is Kind.SHORT else f"+{self.digits}"

    @property
    def national(self) -> str:
        """The digits after the calling code."""
        return self.digits if self.kind is Kind.SHORT else self.digits[len(str(self.code)) :]


def parse(
    text: str, default_country: str | None = None, *, tolerant: bool = False, plus_optional: bool = False
) -> Number | None:
    """Read a number written `+33…` or `0033…`; None when it is no number at all.

    `default_country` (ISO 3166) allows national numbers, `plus_optional` bare `33…`, `tolerant` blanks, dots,
    dashes, slashes and brackets. A national reading that is valid goes before a bare one.
    """
    if tolerant:
        text = text.translate(_MARKS)
    if text[:1] == "+":
        return international(text[1:])
    if text[:2] == "00":
        return international(text[2:])
    if not text.isascii() or not text.isdigit():
        return None
    national = _national(text, default_country.upper()) if default_country else None
    if not plus_optional or (national is not None and national.valid):
        return national
    bare = international(text)
    if national is None or (bare is not None and bare.possible and (bare.valid or not national.possible)):
        return bare
    return national


def international(digits: str) -> Number | None:
    """Read a number that begins with its calling code, without its plus; None when it is no number at all."""
    return _read_lately(digits) if len(digits) <= _ODD else _read(digits)


def parse_short(text: str, country: str) -> Number | None:
    """Read a short code of a country, such as 36184; None when the country has none of that form."""
    if not text.isascii() or not text.isdigit() or not 3 <= len(text) <= _SHORT_LONGEST:
        return None
    code = phonenumbers.country_code_for_region(country.upper())
    number = phonenumbers.PhoneNumber(country_code=code, national_number=int(text))
    if code == 0 or text[0] == "0" or not short_numbers.is_possible_short_number_for_region(number, country.upper()):
        return None
    return Number(text, code, country.upper(), Kind.SHORT, True)


def mask(number: str) -> str:
    """Hide a number for logs: calling code and last two digits stay; of other text the last two."""
    plus = number[:1] == "+"
    digits = number[1:] if plus else number
    if len(digits) < 7 or not digits.isdigit():
        return "*" * max(0, len(number) - 2) + (number[-2:] if len(number) > 4 else "*" * len(number[-2:]))
    code = _code_of(digits)
    head = len(str(code)) if code else 0
    return ("+" if plus else "") + digits[:head] + "*" * (len(digits) - head - 2) + digits[-2:]


def _read(digits: str) -> Number | None:
    code = _code_of(digits)
    if code is None or not digits.isascii() or not digits.isdigit():
        return None
    return _number(code, digits[len(str(code)) :])


_read_lately = lru_cache(maxsize=_RECENT)(_read)
"""A number is read by the dialect and by whoever plans its message, a moment later."""


def _code_of(digits: str) -> int | None:
    # Calling codes are a prefix code: at most one of the three is assigned.
    return _CODES.get(digits[:1]) or _CODES.get(digits[:2]) or _CODES.get(digits[:3])


def _number(code: int, national: str) -> Number | None:
    plan = plan_of(code)
    national = plan.strip(national)
    length = len(national)
    if not 2 <= length <= _LONGEST:
        return None
    country, kind = plan.place(national)
    return Number(f"{code}{national}", code, country, kind, length in plan.lengths)


def _national(digits: str, country: str) -> Number | None:
    metadata = _metadata_of(country)
    if metadata is None or metadata.country_code is None:
        return None
    code = metadata.country_code
    # A number that begins with the calling code or with the country's way to dial abroad (`011`) has two
    # readings, and only a main region shares its plan's rules for prefixes: the others go the long way.
    two_ways = digits.startswith(str(code)) or re.match(metadata.international_prefix or "(?!)", digits)
    if plan_of(code).main is metadata and not two_ways:
        number = _number(code, digits)
        if number is not None and number.valid:
            return number
    return _by_library(digits, country)


@cache
def _metadata_of(country: str) -> PhoneMetadata | None:
    return PhoneMetadata.metadata_for_region(country, None)


def _by_library(digits: str, country: str) -> Number | None:
    try:
        number = phonenumbers.parse(digits, country)
    except NumberParseException:
        return None
    if number.country_code is None:
        return None
    code, national = number.country_code, phonenumbers.national_significant_number(number)
    plan = plan_of(code)
    place, kind = plan.place(national)
    return Number(f"{code}{national}", code, place, kind, len(national) in plan.lengths)


def spellings(recipient: str) -> tuple[str, ...]:
    """List the forms in which one of our numbers may be stored, the one that came first."""
    digits = recipient.removeprefix("+").removeprefix("00")
    return tuple(dict.fromkeys((recipient, digits, f"+{digits}", f"00{digits}")))
