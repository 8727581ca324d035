"""What a network, or else the numbering plan, tells about a number (HLR look-up). spec: ovh/4.8

A `Finding` is the answer. Where no connector can ask a network, `by_plan` tells what the digits say: whether the
number is assigned, in which country, and whose range it was. That knows nothing of ported numbers and of phones
that are off, and says so: `reachable` stays open.
"""

from functools import cache

import phonenumbers
from msgspec import Struct

from depesza.core import phone
from depesza.core.model import ReceiptFact, State
from depesza.core.networks import code_of

OPEN = ("todo", "doing")
"""Statuses of a look-up that is not answered; the others are `done` and `error`."""


class Finding(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of one number."""

    msisdn: str
    """E.164 with its plus."""
    valid: bool
    """A subscriber may have it."""
    reachable: bool | None = None
    """The phone was on; None where nobody was asked."""
    roaming: bool = False
    ported: bool = False
    imsi: str = ""
    msc: str = ""
    """Address of the switch that serves it."""
    mcc: str = ""
    mnc: str = ""
    operator: str = ""
    """Whose subscriber it is."""
    network: str = ""
    """Whose range the number is from; differs from `operator` once it is ported."""
    country: str = ""
    """ISO code."""
    region: str = ""
    roaming_country: str = ""
    roaming_operator: str = ""
    error: str = ""
    """Why it is not valid or not reachable: a name of `core.refusals`."""
    source: str = "network"
    """`network`, or `plan` where only the digits were read."""

    @property
    def operator_code(self) -> str:
        """Country and network code together, `20815`."""
        return self.mcc + self.mnc


class LookupFact(ReceiptFact, frozen=True, gc=False, omit_defaults=True):
    """What a callback tells of a number that was looked up: a receipt, with what was found."""

    finding: Finding | None = None


_UNDER_WAY = {"todo": State.QUEUED, "doing": State.SENT}


def outcome(status: str, finding: Finding | None) -> tuple[State, str]:
    """Tell how a look-up stands in the words of messages: its state, and the refusal where it found nobody."""
    if status in _UNDER_WAY:
        return _UNDER_WAY[status], ""
    if finding is None:
        return State.FAILED, "unknown"
    if finding.valid and finding.reachable is not False:
        return State.DELIVERED, ""
    return State.FAILED, finding.error or ("absent" if finding.valid else "bad_destination")


def by_plan(e164: str) -> Finding:
    """Tell what the digits of a number say."""
    number = phone.parse(e164)
    if number is None or not number.valid:
        country = (number.country or "") if number else ""
        return Finding(msisdn=e164, valid=False, country=country, error="bad_number", source="plan")
    country = number.country or ""
    network = carrier_of(e164)
    mcc, mnc = code_of(country, network)
    return Finding(
        msisdn=e164, valid=True, mcc=mcc, mnc=mnc, operator=network, network=network, country=country, source="plan"
    )


def carrier_of(e164: str) -> str:
    """Name whose range a number is from; empty where the data does not tell."""
    longest, names = _carriers()
    digits = e164.lstrip("+")
    for length in range(min(longest, len(digits)), 0, -1):
        found = names.get(digits[:length])
        if found is not None:
            return found.get("en", "")
    return ""


@cache
def _carriers() -> tuple[int, dict[str, dict[str, str]]]:
    """Read the ranges of carriers when they are asked for first: ten megabytes."""
    from phonenumbers import carrierdata

    return carrierdata.CARRIER_LONGEST_PREFIX, carrierdata.CARRIER_DATA


def data_version() -> str:
    """Name the version of the numbering data, which tells its age."""
    return phonenumbers.__version__
