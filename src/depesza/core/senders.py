"""Whom a text may leave from: an account's sender as a client writes it, and what no short number may say."""

import re

from depesza.core.facts import Facts, Sender

_CONTACT = re.compile(r"https?://|\bwww\.", re.IGNORECASE)


def find(facts: Facts, account: int, written: str) -> Sender | None:
    """Find a sender of an account by its name; a number may be written with `00` for its plus."""
    known = facts.sender
    sender = known.get((account, written))
    if sender is None and written.startswith("00"):
        return known.get((account, f"+{written[2:]}"))
    return sender


def names_contact(text: str) -> bool:
    """Tell whether a text names an address, which short numbers must not carry. spec: ovh/4.2#7"""
    return _CONTACT.search(text) is not None
