"""OVH's numbers for our states and refusals, and the texts that explain them. spec: ovh/4.5

`deliveryReceipt` tells how far a message is, `ptt` why. Seed 000's table (4 is delivered) is the one we answer
with, plus 53 (stop-listed) and 1999 (no template); the newer SMPP table is explained where it does not clash.
"""

from msgspec import Struct

from depesza.core.model import Priority, State
from depesza.services.lists import Fates

RECEIPT: dict[State, int] = {
    State.SCHEDULED: 0,
    State.QUEUED: 0,
    State.SENDING: 0,
    State.HELD: 0,
    State.SENT: 8,  # handed to the operator's network
    State.PENDING: 4,  # waits at the operator
    State.DELIVERED: 1,
    State.FAILED: 2,
    State.EXPIRED: 2,
    State.REJECTED: 16,  # never left, never billed
    State.CANCELLED: 16,
    State.READ: 1,
    State.CLICKED: 1,
}
"""`deliveryReceipt` of each state."""

DESCRIPTIONS: dict[int, str] = {
    0: "Pending",
    1: "Success",  # as the CSV export has it
    2: "Failed",
    4: "Waiting delivery",
    8: "Buffered",
    16: "Error, not billed",
}
"""`descriptionDlr` of each deliveryReceipt."""

PTT_OF_STATE: dict[State, int] = {
    State.SCHEDULED: 0,
    State.QUEUED: 0,
    State.SENDING: 0,
    State.HELD: 0,
    State.SENT: 3,
    State.PENDING: 1,
    State.DELIVERED: 4,
    State.READ: 4,
    State.CLICKED: 4,
}
"""`ptt` where the state alone decides."""

PTT: dict[str, int] = {
    "bad_number": 23,
    "blocked": 23,
    "bad_destination": 23,
    "absent": 24,
    "handset": 26,
    "network": 25,
    "link_down": 25,
    "busy": 25,
    "queue_full": 25,
    "throttled": 25,
    "no_credit": 25,
    "subscriber_credit": 21,
    "spam": 28,
    "bad_content": 29,
    "bad_sender": 20,
    "rejected": 20,
    "unencodable": 20,
    "too_long": 20,
    "no_route": 202,
    "no_price": 202,
    "barred": 202,
    "no_report": 6,
    "uncertain": 6,
    "expired": 8,
    "carrier_expired": 8,
    "opted_out": 53,
    "abroad": 54,
    "template_missing": 1999,
}
"""`ptt` by refusal, for messages that failed or were rejected."""

UNEXPLAINED = 5
"""`ptt` of every other refusal: not delivered, cause unknown."""
OVERDUE = 8
"""`ptt` of a message whose validity ended."""
SILENT = 6
"""`ptt` of one that the operator never reported."""


def ptt(state: State, refusal: str) -> int:
    """Tell the `ptt` of a message."""
    known = PTT_OF_STATE.get(state)
    if known is not None:
        return known
    if state is State.EXPIRED:
        return SILENT if refusal == "no_report" else OVERDUE
    return PTT.get(refusal, UNEXPLAINED)


def fates_of_receipt(value: int) -> tuple[Fates, ...]:
    """Tell which messages have a `deliveryReceipt`."""
    states = tuple(state for state, code in RECEIPT.items() if code == value)
    return (Fates(states),) if states else ()


def fates_of_ptt(value: int) -> tuple[Fates, ...]:
    """Tell which messages have a `ptt`."""
    found = []
    states = tuple(state for state, code in PTT_OF_STATE.items() if code == value)
    if states:
        found.append(Fates(states))
    ended = (State.FAILED, State.REJECTED, State.CANCELLED)
    names = tuple(name for name, code in PTT.items() if code == value)
    if names:
        found.append(Fates(ended, names))
    if value == UNEXPLAINED:
        found.append(Fates(ended, tuple(PTT), others=True))
    if value == SILENT:
        found.append(Fates((State.EXPIRED,), ("no_report",)))
    if value == OVERDUE:
        found.append(Fates((State.EXPIRED,), ("no_report",), others=True))
    return tuple(found)


PRIORITY = {
    "high": Priority.HIGH,
    "medium": Priority.NORMAL,
    "low": Priority.BULK,
    "veryLow": Priority.BULK,
}
"""Order in the queue only. spec: ovh/4.2#11"""

FLASH = {"flash": 0, "phoneDisplay": 1, "sim": 2, "toolkit": 3}
"""SMPP message class. spec: ovh/4.2#12"""

ALPHABET = {"7bit": "", "8bit": "ucs2"}
"""`7bit` lets the text decide; `8bit` forces Unicode. spec: ovh/4.2#13"""


class Explained(Struct, frozen=True):
    """What a `ptt` means."""

    description: str
    comment: str
    duration: str
    """`permanent`, `temporary` or `indeterminated`."""


_NEVER, _NOW, _OPEN = "permanent", "temporary", "indeterminated"

HTTP_TABLE: dict[int, Explained] = {
    1: Explained("Intermediate: handset", "A problem with the handset; the operator tries again.", _NOW),
    2: Explained("Intermediate: operator", "A problem at the operator; it tries again.", _NOW),
    3: Explained("Accepted", "The operator accepted the message.", _OPEN),
    4: Explained("Delivered", "The message was delivered.", _NEVER),
    5: Explained("Not delivered", "The operator confirmed that it was not delivered; no cause is known.", _OPEN),
    6: Explained("No final status", "The operator gave no final status.", _OPEN),
    8: Explained("Expired", "The message expired in the operator's message centre.", _NOW),
    20: Explained("Undeliverable", "The message can't be delivered in this form.", _NEVER),
    21: Explained("Subscriber's credit", "The subscriber had no credit until the message expired.", _NOW),
    23: Explained(
        "Invalid or barred number",
        "The number is wrong, barred or blocked at this operator; don't use it again.",
        _NEVER,
    ),
    24: Explained("Absent subscriber", "The subscriber was absent or the phone switched off.", _NOW),
    25: Explained("Network fault", "The operator's network had a temporary fault.", _NOW),
    26: Explained("Handset fault", "The handset had a temporary fault: memory or SIM full, or busy.", _NOW),
    27: Explained("Unfit handset", "The handset can never take this kind of message.", _NEVER),
    28: Explained("Refused as spam", "Taken for spam, or a first message from the user is missing.", _OPEN),
    29: Explained("Content not allowed", "The content is not allowed on this network or short code.", _NEVER),
    33: Explained("Parental lock", "The subscriber's parental lock refused the message.", _NEVER),
    39: Explained("New operator failure", "The subscriber's new operator failed.", _OPEN),
    73: Explained("Ported number", "The number was ported and can't be reached this way.", _OPEN),
    74: Explained("Roaming", "The number is roaming.", _NOW),
    76: Explained("Ported and blocked", "The number was ported; its operator blocks the client.", _NEVER),
    202: Explained("Blocked for the client", "This destination is blocked for you; ask the support.", _NEVER),
    1999: Explained("No approved template", "The text fits no approved template (USA).", _NEVER),
}
"""spec: ovh/4.5, first table."""

SMPP_TABLE: dict[int, Explained] = {
    0: Explained("No error", "The message has no error; it may be on its way.", _OPEN),
    1: Explained("Internal error", "The platform had an error.", _NOW),
    2: Explained("Network error", "The network had an error.", _NOW),
    3: Explained("Destination unreachable", "The destination can't be reached.", _NOW),
    4: Explained("Equipment error", "The handset had an error.", _NOW),
    5: Explained("Subscriber problem", "The subscriber has a problem, perhaps no credit.", _NOW),
    6: Explained("Timeout", "The network did not answer in time.", _NOW),
    7: Explained("Operator problem", "The operator had a problem.", _NOW),
    8: Explained("Parental lock", "The subscriber's parental lock refused the message.", _NEVER),
    9: Explained("Undeliverable", "The message can't be delivered.", _NEVER),
    10: Explained("No credit", "The account has no credit.", _NOW),
    50: Explained("Internal error", "The platform had an error.", _NOW),
    51: Explained("Internal error", "The platform had an error.", _NOW),
    52: Explained("Template missing", "The text fits no approved template.", _NEVER),
    53: Explained("Stop-listed", "The receiver asked for no more messages.", _NEVER),
    54: Explained("Destination forbidden", "Messages to this destination are not allowed.", _NEVER),
    100: Explained("Bad destination number", "The receiver is not a valid number.", _NEVER),
    101: Explained("Bad content", "The content can't be sent.", _NEVER),
    102: Explained("Bad GSM-7 coding", "The text is not well coded in the GSM 7-bit alphabet.", _NEVER),
    103: Explained("Too long", "The text needs more parts than are allowed.", _NEVER),
    254: Explained("Pending", "The message waits for a status.", _OPEN),
    255: Explained("Unknown", "No cause is known.", _OPEN),
    800: Explained("Undeliverable", "The operator could not deliver the message.", _NEVER),
    801: Explained("Expired", "The message expired at the operator.", _NOW),
    802: Explained("Deleted", "The message was deleted at the operator.", _NEVER),
    803: Explained("Rejected", "The operator rejected the message.", _NEVER),
    804: Explained("Unknown", "The operator gave an unknown status.", _OPEN),
}
"""spec: ovh/4.5, second table."""

EXPLAINED = SMPP_TABLE | HTTP_TABLE
"""Where both have a code the first table wins."""
