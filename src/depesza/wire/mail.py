"""A mail as a value, and as the octets that a mail server takes."""

from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr

from msgspec import Struct


class Mail(Struct, frozen=True, gc=False):
    """A text to one person."""

    to: str
    subject: str
    text: str
    sender: str = ""
    """Whom it speaks for: an address to answer to, or a name."""
    sealed: bytes = b""
    """The end of the text where it is a secret, encrypted until the mail leaves."""


def is_address(text: str) -> bool:
    """Tell whether a text is one plain address, such as `a.b@example.org`."""
    if len(text) > 254 or not text.isascii() or not text.isprintable():
        return False
    name, _, domain = text.rpartition("@")
    return bool(name) and len(name) <= 64 and "." in domain and parseaddr(text) == ("", text) and " " not in text


def write(mail: Mail, origin: str, id: str, at: int) -> bytes:
    """Write a mail from the address `origin`; `id` is the same at every try, `at` microseconds since 1970."""
    message = EmailMessage(policy=SMTP)
    name = "" if is_address(mail.sender) else _line(mail.sender)
    message["From"] = Address(name, addr_spec=origin)
    message["To"] = Address("", addr_spec=mail.to)
    if is_address(mail.sender):
        message["Reply-To"] = Address("", addr_spec=mail.sender)
    message["Subject"] = _line(mail.subject)
    message["Date"] = datetime.fromtimestamp(at // 1_000_000, UTC)
    message["Message-ID"] = f"<{id}@{origin.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    return message.as_bytes()


def _line(text: str) -> str:
    """Keep a header on its line."""
    return " ".join(text.split())
