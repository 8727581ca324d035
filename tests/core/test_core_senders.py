"""Whom a text may leave from."""

import pytest

from depesza.core.facts import Facts, Sender
from depesza.core.senders import find, names_contact

FACTS = Facts(version=1, senders=(Sender(account=1, name="MyApp"), Sender(account=1, name="+33601020304")))


@pytest.mark.parametrize(
    ("account", "written", "name"),
    [
        (1, "MyApp", "MyApp"),
        (1, "+33601020304", "+33601020304"),
        (1, "0033601020304", "+33601020304"),
        (1, "33601020304", None),
        (1, "myapp", None),
        (2, "MyApp", None),
        (1, "00", None),
    ],
)
def test_a_sender_is_found_by_its_name_or_number(account: int, written: str, name: str | None) -> None:
    found = find(FACTS, account, written)
    assert (found and found.name) == name


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("see https://example.org", True),
        ("HTTP://X", True),
        ("go to www.example.org", True),
        ("awww. so nice", False),
        ("example.org", False),
    ],
)
def test_an_address_in_a_text_is_seen(text: str, named: bool) -> None:
    assert names_contact(text) is named
