"""What mail servers say, in our words: answers while a mail is handed over, and states in what comes back later.

The numbers of RFC 3463 go before SMTP's own, for servers use 550 for nearly everything.
"""

import re

from depesza.core.model import State
from depesza.net.smtp_line import SmtpAnswer
from depesza.wire import dsn

_STATUS = re.compile(r"\b[45]\.(\d{1,3}\.\d{1,3})\b")
_HASTE = re.compile(r"\brate\b|too (?:many|fast|much)|throttl|limit(?:ed)? exceeded|slow down", re.IGNORECASE)
_SPAM = re.compile(r"\bspam\b|\bvirus\b|malware|phish|blocked using|blacklist|blocklist", re.IGNORECASE)

_DETAILS = {
    "1.0": "bad_destination",
    "1.1": "bad_destination",
    "1.2": "bad_destination",
    "1.3": "bad_destination",
    "1.4": "bad_destination",
    "1.6": "bad_destination",
    "1.7": "bad_sender",
    "1.8": "bad_sender",
    "1.10": "bad_destination",
    "2.1": "blocked",
    "2.3": "bad_content",
    "3.4": "bad_content",
    "4.7": "carrier_expired",
}
"""Refusals by subject and detail; what only its subject tells is in `_SUBJECTS`."""
_SUBJECTS = {"2": "undeliverable", "3": "network", "4": "network", "6": "bad_content", "7": "rejected"}
_STAGES = {"mail": "bad_sender", "rcpt": "bad_destination", "data": "rejected"}
"""What a refusal is about where the server does not say."""


def refusal_of(answer: SmtpAnswer) -> str:
    """Name why a mail was not taken; empty when it was."""
    code, text = answer.code, answer.text
    if not code:
        # once all of it may have left, only the answer can be what is missing
        return "uncertain" if answer.stage == "data" else "link_down"
    if code < 400:
        return ""
    status = _status(text)
    if code < 500:
        return "throttled" if _HASTE.search(text) else "queue_full" if status == "3.1" else "busy"
    return _named(status, text) or _STAGES[answer.stage]


def state_of(told: dsn.Told) -> tuple[State, str]:
    """Give the state that a notification tells, and why where it failed."""
    if told.action == dsn.FAILED:
        reason = _named(_status(told.status), told.diagnostic) or "undeliverable"
        return (State.EXPIRED if reason == "carrier_expired" else State.FAILED), reason
    return _STATES[told.action], ""


_STATES = {
    dsn.DELAYED: State.PENDING,
    dsn.DELIVERED: State.DELIVERED,
    dsn.EXPANDED: State.DELIVERED,
    dsn.RELAYED: State.SENT,
}
"""A list that a mail was expanded to is its receiver; a server that relays tells no more."""


def _status(text: str) -> str:
    """Read subject and detail: `1.1` of `550 5.1.1 unknown`."""
    found = _STATUS.search(text)
    return found[1] if found else ""


def _named(status: str, text: str) -> str:
    reason = _DETAILS.get(status) or _SUBJECTS.get(status.partition(".")[0], "")
    return "spam" if reason in ("", "rejected") and _SPAM.search(text) else reason
