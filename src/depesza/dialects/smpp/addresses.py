"""Addresses as customers write them, and as they read them back. spec: smsc/4.2 ovh/8 carriers/C.1#25

Type and plan of a number are told wrongly so often (Kannel writes 2/1 for international ones) that only the address
itself counts, with two exceptions: an alphanumeric type makes digits a name, a network's own type asks for any short
number. What a customer wrote is what it reads in receipts.
"""

from depesza.core import senders
from depesza.core.facts import Account, Facts
from depesza.wire.smpp.constants import Npi, Ton

NOBODY = ("", ".")
"""How a customer leaves the choice of the sender to us."""
_SHORT = 6
"""Digits of the longest short number."""


def read_source(facts: Facts, account: Account, ton: int, written: str) -> tuple[str, bool] | None:
    """Find who a message is from: the sender, and whether a short number is to be chosen; None for a stranger."""
    if account.home == "ovh" and ton == Ton.NETWORK_SPECIFIC:
        return "", True
    if written in NOBODY:
        usual = _usual(facts, account)
        return usual, not usual
    sender = senders.find(facts, account.id, written)
    digits = written.lstrip("+")
    if sender is None and ton != Ton.ALPHANUMERIC and digits.isdecimal():
        sender = senders.find(facts, account.id, f"+{digits}") or senders.find(facts, account.id, digits)
    return (sender.name, False) if sender is not None and sender.status == "enable" else None


def _usual(facts: Facts, account: Account) -> str:
    if account.sender:
        return account.sender
    return min((row.name for row in facts.senders if row.account == account.id and row.status == "enable"), default="")


def read_destination(written: str) -> str:
    """Write a destination as numbers are written elsewhere: in full with a plus; national ones as they came."""
    digits = written.strip().removeprefix("+")
    if digits.startswith("00"):
        return f"+{digits[2:]}"
    return digits if digits.startswith("0") and not written.startswith("+") else f"+{digits}"


def kind_of(address: str) -> tuple[int, int]:
    """Tell type and plan of an address of ours. spec: ovh/8"""
    digits = address.removeprefix("+")
    if not digits.isdecimal():
        return Ton.ALPHANUMERIC, Npi.UNKNOWN
    if len(digits) <= _SHORT:
        return Ton.NETWORK_SPECIFIC, Npi.ISDN
    return Ton.INTERNATIONAL, Npi.ISDN
