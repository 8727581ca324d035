"""Tickets: found wherever they stand, and nobody else can write one."""

from hypothesis import given, settings
from hypothesis import strategies as st

from depesza.wire import tickets

KEY = b"k" * 32


@given(st.integers(1, 2**53 - 1), st.text(), st.text())
@settings(max_examples=50)
def test_a_ticket_is_found_in_any_text(message: int, before: str, after: str) -> None:
    ticket = tickets.write(message, KEY)
    assert len(ticket) <= tickets.LENGTH
    assert tickets.find(f"{before} bounces+{ticket.upper()}@example.org {after}", KEY) == message
    assert tickets.find(f"{before}<{ticket}@example.org>{after}", b"another key") == 0


def test_what_stands_beside_a_ticket_is_not_read_with_it() -> None:
    ticket = tickets.write(77, KEY)
    assert tickets.find(f"4e.{'0' * 12} {ticket}", KEY) == 77
    assert tickets.find(f"a{ticket}", KEY) == 0
    assert tickets.find(f"{ticket}a", KEY) == 0
    assert tickets.find(ticket.replace("4d.", "4e."), KEY) == 0
