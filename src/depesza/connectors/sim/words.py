"""A modem's numbers in our words: what +CMS ERROR refuses, what a status report tells.

A row belongs here when a standard has the number. Sources: 3GPP TS 24.011 annex E-2 (up to 127), 23.040 9.2.3.22 (up
to 255) and 9.2.3.15, 27.005 3.2.5 (from 300). spec: devices/2.6, devices/4
"""

from depesza.core.devices import Reason
from depesza.core.model import State
from depesza.wire.at.answers import Final

_REFUSALS: dict[int, str] = {
    # the network, for now: another SIM, or this one later
    17: "link_down",  # network failure
    22: "busy",  # congestion, memory full
    38: "link_down",  # network out of order
    41: "link_down",  # temporary failure
    42: "link_down",  # congestion
    47: "link_down",  # resources unavailable
    192: "busy",  # centre busy
    194: "link_down",  # centre failed
    # who may write to whom
    1: "bad_destination",
    27: "bad_destination",  # destination out of order
    195: "bad_destination",
    196: "bad_destination",  # barred at the centre
    8: "rejected",  # barred by the operator: often an empty account
    10: "rejected",
    21: "rejected",
    28: "rejected",
    29: "rejected",
    30: "rejected",
    50: "rejected",  # not subscribed
    69: "rejected",
    193: "rejected",
    197: "rejected",  # a duplicate
    # modem and SIM
    300: "link_down",
    310: "link_down",  # no SIM
    311: "link_down",  # PIN
    312: "link_down",
    313: "link_down",
    314: "busy",
    315: "link_down",
    316: "link_down",  # PUK
    317: "link_down",
    318: "link_down",
    330: "link_down",  # no service centre
    331: "link_down",  # no network
    332: "uncertain",  # the network did not answer in time: it may have taken it
}
"""Other numbers of the protocols found our PDU wrong; those above 500 are the makers' own."""

_REASONS: dict[str, Reason] = {
    "link_down": Reason.RADIO,
    "busy": Reason.RADIO,
    "throttled": Reason.QUOTA,
    "rejected": Reason.GENERIC,
    "unknown": Reason.GENERIC,
    "uncertain": Reason.GENERIC,
}

_FAILED: dict[int, str] = {
    0x40: "network",
    0x41: "handset",  # incompatible
    0x42: "blocked",
    0x44: "network",
    0x45: "network",
    0x46: "carrier_expired",
    0x47: "deleted",
    0x48: "deleted",
    0x60: "network",
    0x61: "absent",  # busy
    0x62: "absent",
    0x63: "blocked",
    0x64: "network",
    0x65: "handset",
}
_UNCONFIRMED = 0x01
_TRYING, _GIVEN_UP = 0x20, 0x40


def refusal_of(end: Final) -> str:
    """Translate how a refused message ended."""
    if end.kind != "CMS" or end.code < 0:
        return "unknown"
    found = _REFUSALS.get(end.code)
    if found is not None:
        return found
    return "bad_parameter" if 80 < end.code < 127 or 128 <= end.code < 212 or 301 <= end.code < 500 else "unknown"


def reason_of(refusal: str) -> Reason:
    """Tell what a refusal says about the health of the SIM."""
    return _REASONS.get(refusal, Reason.FINAL)


def state_of(status: int) -> tuple[State, str]:
    """Translate TP-Status; what the centre cannot confirm stays sent."""
    if status == _UNCONFIRMED:
        return State.SENT, ""
    if status < _TRYING:
        return State.DELIVERED, ""
    if status < _GIVEN_UP:
        return State.PENDING, ""
    return State.FAILED, _FAILED.get(status, "undeliverable")
