"""Numbering plans compiled for speed: one expression for a calling code and a length.

phonenumbers tries a dozen patterns a region, for up to 25 regions a calling code. Here the same patterns,
in the same order, become one alternation whose branches are told apart by an empty group at their end.
Compiled when a calling code is first met. `tests/core/test_phone.py` compares every answer with the library.
"""

import re
from collections.abc import Iterator
from enum import Enum
from functools import cache, lru_cache

import phonenumbers
from phonenumbers import PhoneMetadata
from phonenumbers.phonemetadata import PhoneNumberDesc


class Kind(Enum):
    """What a number is good for, as far as its digits tell."""

    MOBILE = "mobile"
    FIXED = "fixed"
    FIXED_OR_MOBILE = "fixed or mobile"
    TOLL_FREE = "toll free"
    PREMIUM = "premium"
    SHARED_COST = "shared cost"
    VOIP = "voip"
    PERSONAL = "personal"
    PAGER = "pager"
    UAN = "uan"
    VOICEMAIL = "voicemail"
    SHORT = "short"
    UNKNOWN = "unknown"


Place = tuple[str | None, Kind]
NOWHERE: Place = (None, Kind.UNKNOWN)

# The library's order; fixed and mobile come after these.
_SPECIAL = (
    ("premium_rate", Kind.PREMIUM),
    ("toll_free", Kind.TOLL_FREE),
    ("shared_cost", Kind.SHARED_COST),
    ("voip", Kind.VOIP),
    ("personal_number", Kind.PERSONAL),
    ("pager", Kind.PAGER),
    ("uan", Kind.UAN),
    ("voicemail", Kind.VOICEMAIL),
)


class Plan:
    """The numbering plan of one calling code, shared by all its regions."""

    def __init__(self, code: int) -> None:
        self.code = code
        self.regions = tuple(_metadata(code, region) for region in regions_of(code))
        self.main = _metadata(code, regions_of(code)[0])
        general = self.main.general_desc or PhoneNumberDesc()
        self.lengths = frozenset(general.possible_length)
        self._local = frozenset(general.possible_length_local_only)
        self._general = re.compile(general.national_number_pattern or "(?!)")
        prefix = self.main.national_prefix_for_parsing
        self._prefix = re.compile(prefix) if prefix else None
        self._plain_prefix = prefix if prefix and prefix.isdigit() else ""
        self._by_length: dict[int, tuple[re.Pattern[str], tuple[Place, ...]]] = {}

    def place(self, national: str) -> Place:
        """Tell region and kind of a national significant number, as the library does."""
        compiled = self._by_length.get(len(national))
        if compiled is None:
            compiled = self._by_length[len(national)] = _compile(self, len(national))
        match = compiled[0].match(national)
        return compiled[1][match.lastindex or 0] if match else NOWHERE

    def strip(self, national: str) -> str:
        """Take a national prefix away, as the library does while it parses (`+33 (0)6`, `06`)."""
        if self._prefix is None or not national.startswith(self._plain_prefix):
            return national
        match = self._prefix.match(national)
        if match is None:
            return national
        stripped = self._stripped(national, match)
        length = len(stripped)
        if length in self._local or length < min(self.lengths):
            return national
        return stripped if length in self.lengths or length > max(self.lengths) else national

    def _stripped(self, national: str, match: re.Match[str]) -> str:
        rule = self.main.national_prefix_transform_rule
        groups = match.groups()
        if rule and groups and groups[-1] is not None:
            stripped = match.re.sub(rule, national, count=1)
        else:
            stripped = national[match.end() :]
        viable = self._general.fullmatch(national) and not self._general.fullmatch(stripped)
        return national if viable else stripped


@cache
def regions_of(code: int) -> tuple[str, ...]:
    """List a calling code's regions, the main one first; none for a code that is not assigned."""
    return tuple(phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(code, ()))


# A numbering plan is a fact of the installed metadata: kept once made, by calling code.
plan_of = lru_cache(maxsize=None)(Plan)


def _metadata(code: int, region: str) -> PhoneMetadata:
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(code, region)
    if metadata is None:
        raise LookupError(f"no metadata for +{code} {region}")
    return metadata


def _compile(plan: Plan, length: int) -> tuple[re.Pattern[str], tuple[Place, ...]]:
    parts: list[str] = []
    places: list[Place] = [NOWHERE]
    for metadata in plan.regions:
        for pattern, place in _parts(metadata, length, alone=len(plan.regions) == 1):
            parts.append(pattern)
            places += place
    return re.compile("|".join(parts) or "(?!)"), tuple(places)


def _parts(metadata: PhoneMetadata, length: int, alone: bool) -> Iterator[tuple[str, list[Place]]]:
    """Give a region's part of the alternation; every empty group in it stands for one place."""
    region = str(metadata.id)
    leading = metadata.leading_digits
    guard = f"(?={leading})" if leading is not None and not alone else ""
    kinds = list(_kinds(metadata, length))
    if kinds and (general := _pattern(metadata.general_desc, length)) is not None:
        branches = "|".join(f"{pattern}()" for pattern, _ in kinds)
        yield f"{guard}(?={general})(?:{branches})", [(region, kind) for _, kind in kinds]
    if guard or alone:
        yield f"{guard}()", [(region, Kind.UNKNOWN)]  # the region is told even where the number is not valid


def _kinds(metadata: PhoneMetadata, length: int) -> Iterator[tuple[str, Kind]]:
    for name, kind in _SPECIAL:
        if (pattern := _pattern(getattr(metadata, name), length)) is not None:
            yield pattern, kind
    fixed, mobile = _pattern(metadata.fixed_line, length), _pattern(metadata.mobile, length)
    if fixed is not None and mobile == fixed:
        yield fixed, Kind.FIXED_OR_MOBILE
        return
    if fixed is not None and mobile is not None:
        yield f"(?={fixed}){mobile}", Kind.FIXED_OR_MOBILE
    if fixed is not None:
        yield fixed, Kind.FIXED
    if mobile is not None:
        yield mobile, Kind.MOBILE


def _pattern(desc: PhoneNumberDesc | None, length: int) -> str | None:
    """Give a pattern that matches whole numbers of this length; None where there can be none."""
    if desc is None or not desc.national_number_pattern:
        return None
    if desc.possible_length and length not in desc.possible_length:
        return None
    return rf"(?:{desc.national_number_pattern})\Z"
