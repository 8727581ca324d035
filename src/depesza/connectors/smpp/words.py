"""SMPP's numbers in our words: what a command_status refuses, what a message state reports.

A row belongs here when the specification has the number; a carrier's own numbers stand in its settings
(`statuses`, `errors`). spec: carriers/C.1#13 #19, smpp34 table 5-2
"""

from collections.abc import Mapping

from depesza.core.model import State
from depesza.core.refusals import TABLE
from depesza.wire.smpp import status as s
from depesza.wire.smpp.constants import MessageState

REFUSALS: dict[int, str] = {
    # temporary: the same again later
    s.RTHROTTLED: "throttled",
    s.RMSGQFUL: "queue_full",
    s.RSYSERR: "busy",
    s.RX_T_APPN: "busy",
    s.RSERTYPUNAVAIL: "busy",
    # the session's trouble, not the message's
    s.RINVBNDSTS: "busy",
    s.RALYBND: "busy",
    s.RBINDFAIL: "busy",
    # who writes to whom
    s.RINVSRCADR: "bad_sender",
    s.RINVSRCTON: "bad_sender",
    s.RINVSRCNPI: "bad_sender",
    s.RINVSRCADDRSUBUNIT: "bad_sender",
    s.RINVDSTADR: "bad_destination",
    s.RINVDSTTON: "bad_destination",
    s.RINVDSTNPI: "bad_destination",
    s.RINVDSTADDRSUBUNIT: "bad_destination",
    # what is written
    s.RINVMSGLEN: "bad_content",
    s.RINVDCS: "bad_content",
    # refused for a reason of its own
    s.RSUBMITFAIL: "rejected",
    s.RX_P_APPN: "rejected",
    s.RX_R_APPN: "rejected",
    s.RPROHIBITED: "rejected",
    s.RSERTYPUNAUTH: "rejected",
    s.RSERTYPDENIED: "rejected",
    s.RDELIVERYFAILURE: "rejected",
    s.RUNKNOWNERR: "unknown",
}
"""Every other status of the specification finds our request wrong."""

STATES: dict[MessageState, tuple[State, str]] = {
    MessageState.SCHEDULED: (State.SENT, ""),
    MessageState.ENROUTE: (State.PENDING, ""),
    MessageState.ACCEPTED: (State.SENT, ""),
    MessageState.DELIVERED: (State.DELIVERED, ""),
    MessageState.EXPIRED: (State.EXPIRED, "carrier_expired"),
    MessageState.UNDELIVERABLE: (State.FAILED, "undeliverable"),
    MessageState.REJECTED: (State.FAILED, "rejected"),
    MessageState.DELETED: (State.FAILED, "deleted"),
    MessageState.SKIPPED: (State.FAILED, "unknown"),
    MessageState.UNKNOWN: (State.FAILED, "unknown"),
}


def status_name(code: int) -> str:
    """Say a command_status for people: `RTHROTTLED 0x58`."""
    row = s.look(code)
    return row.name if row.name.startswith("0x") else f"{row.name} 0x{code:02X}"


def refusal_of(code: int, own: Mapping[int, str]) -> str:
    """Translate a command_status; `own` are the carrier's, which win."""
    found = own.get(code) or REFUSALS.get(code)
    if found is not None:
        return found
    return "bad_parameter" if code in s.BY_CODE else "unknown"


def state_of(state: MessageState | None, err: str, own: Mapping[str, str]) -> tuple[State, str]:
    """Translate a receipt's state, its error refining the reason; `own` is the carrier's table of errors.

    A receipt that tells no state that we know is no news: `SENT`.
    """
    if state is None:
        return State.SENT, ""
    found, reason = STATES[state]
    if reason and err in own:
        reason = own[err]
    return found, reason


def unknown_refusals(names: Mapping[str, str]) -> list[str]:
    """List the names that `core.refusals` does not have."""
    return sorted(name for name in names.values() if name not in TABLE)
