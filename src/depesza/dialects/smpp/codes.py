"""What customers read: command statuses for refusals, message states, error codes of receipts.

spec: smsc/4.2 smsc/3.4 ovh/8
"""

from collections.abc import Mapping

from depesza.core.facts import Account
from depesza.core.model import State
from depesza.wire.smpp import status
from depesza.wire.smpp.constants import MessageState

TOO_MANY_BINDS = 0x400
CODING_UNSUPPORTED = 0x401
BAD_GSM7 = 0x402
"""Statuses of OVH's own. spec: ovh/8"""
_OWN = {
    "too_many_binds": (TOO_MANY_BINDS, status.RALYBND),
    "coding": (CODING_UNSUPPORTED, status.RINVDCS),
    "bad_gsm7": (BAD_GSM7, status.RINVDCS),
}
"""By refusal: OVH's status, and that of the others."""

STATUS: Mapping[str, int] = {
    "bad_number": status.RINVDSTADR,
    "bad_sender": status.RINVSRCADR,
    "no_credit": status.RSUBMITFAIL,
    "no_credits": status.RSUBMITFAIL,
    "too_long": status.RINVMSGLEN,
    "empty": status.RINVMSGLEN,
    "header": status.RINVESMCLASS,
    "parts": status.RINVOPTPARAMVAL,
    "priority": status.RINVPRTFLG,
    "predefined": status.RINVDFTMSGID,
    "schedule": status.RINVSCHED,
    "validity": status.RINVEXPIRY,
    "throttled": status.RTHROTTLED,
    "queue_full": status.RMSGQFUL,
    "destinations": status.RINVNUMDESTS,
    "distribution": status.RINVDLNAME,
    "unknown_message": status.RINVMSGID,
    "not_cancelled": status.RCANCELFAIL,
    "not_replaced": status.RREPLACEFAIL,
    "system": status.RSYSERR,
}
"""The command_status of each refusal that is the same for all; every other one is a failed submit."""

STATES: Mapping[State, MessageState] = {
    State.SCHEDULED: MessageState.ENROUTE,
    State.QUEUED: MessageState.ENROUTE,
    State.SENDING: MessageState.ENROUTE,
    State.HELD: MessageState.ENROUTE,
    State.SENT: MessageState.ACCEPTED,
    State.PENDING: MessageState.ENROUTE,
    State.DELIVERED: MessageState.DELIVERED,
    State.READ: MessageState.DELIVERED,
    State.CLICKED: MessageState.DELIVERED,
    State.FAILED: MessageState.UNDELIVERABLE,
    State.EXPIRED: MessageState.EXPIRED,
    State.REJECTED: MessageState.REJECTED,
    State.CANCELLED: MessageState.DELETED,
}

ERRORS: Mapping[str, int] = {
    "blocked": 13,
    "bad_destination": 1,
    "absent": 6,
    "handset": 12,
    "queue_full": 220,
    "template_missing": 238,
    "unencodable": 241,
    "opted_out": 252,
    "barred": 250,
    "abroad": 250,
    "too_long": 247,
    "no_route": 248,
    "no_price": 248,
    "bad_number": 249,
    "spam": 253,
    "bad_content": 253,
    "bad_sender": 254,
    "no_report": 245,
    "expired": 246,
    "carrier_expired": 6,
    "virtual": 200,
    "cancelled": 0,
}
"""`err` by refusal. spec: smsc/3.4"""
_REFUSED_BY_CARRIER = 255


def counts(account: Account) -> bool:
    """Tell whether an account counts its messages itself: their ids are its next numbers. spec: smsc/1.8"""
    return account.home == "smsc"


def status_of(refusal: str, home: str) -> int:
    """Choose the command_status of a refusal for an account of this home."""
    own = _OWN.get(refusal)
    if own is not None:
        return own[home != "ovh"]
    return STATUS.get(refusal, status.RSUBMITFAIL)


def error_of(state: State, refusal: str) -> int:
    """Choose the error code of a receipt: 0 for what has not failed."""
    if not refusal or STATES[state] is MessageState.DELIVERED:
        return ERRORS.get(refusal, 0) if refusal == "virtual" else 0
    return ERRORS.get(refusal, _REFUSED_BY_CARRIER)
