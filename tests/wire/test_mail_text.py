"""Mail as octets."""

from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depesza.wire.mail import Mail, is_address, write

AT = 1_780_000_000_000_000


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("a@b.example", True),
        ("first.last+tag@mail.example.org", True),
        ("a@localhost", False),
        ("nobody", False),
        ("@b.example", False),
        ("a b@c.example", False),
        ("Anna <a@b.example>", False),
        ("a@b.example, c@d.example", False),
        ("a@b.example\nBcc: c@d.example", False),
        ("ü@b.example", False),
        (f"{'a' * 65}@b.example", False),
        ("", False),
    ],
)
def test_what_an_address_is(text: str, good: bool) -> None:
    assert is_address(text) is good


def test_a_mail_says_who_and_when() -> None:
    octets = write(Mail("a@b.example", "Hello", "Grüße\n", sender="c@d.example"), "sms@our.example", "77", AT)
    read = message_from_bytes(octets, policy=default)
    assert (read["From"], read["To"], read["Reply-To"]) == ("sms@our.example", "a@b.example", "c@d.example")
    assert (read["Subject"], read["Message-ID"]) == ("Hello", "<77@our.example>")
    assert read["Date"].datetime.isoformat() == "2026-05-28T20:26:40+00:00"
    assert read.get_content() == "Grüße\r\n"
    assert write(Mail("a@b.example", "x", "", sender="Shop"), "sms@our.example", "1", AT).startswith(
        b"From: Shop <sms@"
    )


@settings(max_examples=60)
@given(st.text(max_size=60), st.text(max_size=200), st.text(max_size=60))
def test_no_text_makes_a_header_or_is_refused(subject: str, text: str, sender: str) -> None:
    octets = write(Mail("a@b.example", subject, text, sender), "sms@our.example", "1", AT)
    read = message_from_bytes(octets, policy=default)
    assert set(read.keys()) <= {
        "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Type",
        "Content-Transfer-Encoding", "MIME-Version",
    }  # fmt: skip
    assert read["To"] == "a@b.example"
