"""Whom a text may leave from: an account's sender as a client writes it, and what no short number may say."""

import re

from depesza.core.facts import MAIL, Facts, Sender
from depesza.wire.mail import is_address

_CONTACT = re.compile(r"https?://|\bwww\.", re.IGNORECASE)


def find(facts: Facts, account: int, written: str) -> Sender | None:
    """Find a sender of texts by its account and name; a number may be written with `00` for its plus."""
    known = facts.sender
    sender = known.get((account, written))
    if sender is None and written.startswith("00"):
        return known.get((account, f"+{written[2:]}"))
    return sender if sender is None or sender.kind != MAIL else None


def find_mail(facts: Facts, account: int, written: str) -> Sender | None:
    """Find the sender that lets an account write mail from an address (perhaps `Name <address>`): it, or its domain."""
    address = written.rpartition("<")[2].strip("> ").lower()
    known = facts.sender
    found = known.get((account, address)) or known.get((account, f"@{address.partition('@')[2]}"))
    return found if found is not None and found.kind == MAIL else None


def is_mail(name: str) -> bool:
    """Tell whether a text is an address that mail is sent from, or `@domain` for all of a domain, in small letters."""
    return name == name.lower() and is_address(name if name[:1] != "@" else f"any{name}")


def names_contact(text: str) -> bool:
    """Tell whether a text names an address, which short numbers must not carry. spec: ovh/4.2#7"""
    return _CONTACT.search(text) is not None
