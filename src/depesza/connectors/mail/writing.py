"""From a message to a mail: its headers, its text in plain and in HTML, its files, its envelope. RFC 5322, RFC 2387

`<file 2>` in a text is the place of the second file: a picture in HTML is shown there, of other files and in plain
text the name stands there. Files are attached in any case. spec: smsc/2.1
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP
from functools import partial
from html import escape

import idna
from msgspec import Struct

from depesza.connectors.mail.settings import Settings
from depesza.core.model import MICRO, Attached, Content, Message, Priority
from depesza.net.smtp_line import Envelope
from depesza.wire import dkim, hypertext
from depesza.wire.mail import is_address

_POLICY = SMTP.clone(cte_type="7bit")
"""Nothing that a server on the way would have to write anew: that breaks signatures."""
_MARK = re.compile(r"""(=\s*["']?)?<file\s+(\d{1,4})>""", re.IGNORECASE)
"""The place of a file, alone or as the value of an attribute."""
_END = re.compile(r"</body\s*>", re.IGNORECASE)
_MEDIA = re.compile(r"(application|audio|font|image|model|text|video)/([A-Za-z0-9.+_-]{1,100})")
_NAMED = re.compile(r"""\s*["']?([^<>]*?)["']?\s*<([^<>]+)>\s*""")


class Unsendable(Exception):
    """A message that is no mail; `refusal` is a row of `core.refusals`."""

    def __init__(self, refusal: str, detail: str) -> None:
        super().__init__(detail)
        self.refusal = refusal


class Mailed(Struct, frozen=True, gc=False):
    """A mail ready to be handed over."""

    envelope: Envelope
    remote: str
    """Its Message-ID, without brackets."""


def write(
    message: Message,
    files: Sequence[bytes],
    settings: Settings,
    signer: dkim.Signer | None,
    ticket: str,
    at: int,
    picture: str = "",
) -> Mailed:
    """Write the mail of a message; `files` are the octets of its files, `at` is in microseconds since 1970.

    `picture` is the address of one that HTML shows at its end. Raises `Unsendable`.
    """
    content = message.content
    origin = _origin(content.sender, settings)
    receiver = _address(message.receiver, "bad_destination")
    bounces = settings.bounces.replace("@", f"+{ticket}@") or origin.addr_spec
    remote = f"{ticket}@{bounces.rpartition('@')[2]}"
    mail = EmailMessage(policy=_POLICY)
    try:
        _write_headers(mail, content, origin, receiver, remote, settings, at)
        _write_body(
            mail, message.body, content.extras.files if content.extras is not None else (), files, ticket, picture
        )
        octets = mail.as_bytes()
    except (ValueError, LookupError, HeaderParseError) as error:
        raise Unsendable("unencodable", str(error)) from error
    if signer is not None:
        octets = signer.sign(octets, at // MICRO)
    notify = settings.notifications and bool(settings.bounces)
    return Mailed(Envelope(bounces, receiver, octets, ticket, notify), remote)


# headers


def _write_headers(
    mail: EmailMessage, content: Content, origin: Address, receiver: str, remote: str, settings: Settings, at: int
) -> None:
    mail["From"] = origin
    mail["To"] = Address(addr_spec=receiver)
    if content.extras is not None and content.extras.subject:
        mail["Subject"] = _line(content.extras.subject)
    mail["Date"] = datetime.fromtimestamp(at // MICRO, UTC)
    mail["Message-ID"] = f"<{remote}>"
    if content.count > 1 or content.batch or content.priority is Priority.BULK:
        mail["Auto-Submitted"] = "auto-generated"
        if settings.unsubscribe:
            mail["List-Unsubscribe"] = f"<{settings.unsubscribe}>"


def _origin(sender: str, settings: Settings) -> Address:
    """Read whom a mail comes from: an address, a name with one, or a name for the address that is set."""
    if "@" not in sender:
        if not settings.sender:
            raise Unsendable("bad_sender", f"{sender!r} is no address, and no `sender` is set")
        return Address(_line(sender), addr_spec=settings.sender)
    named = _NAMED.fullmatch(sender)
    name, address = (named[1], named[2]) if named else ("", sender)
    return Address(_line(name), addr_spec=_address(address, "bad_sender"))


def _address(written: str, refusal: str) -> str:
    """Write an address as servers take it: its domain in ASCII."""
    local, _, domain = written.strip().rpartition("@")
    try:
        address = f"{local}@{domain if domain.isascii() else idna.encode(domain, uts46=True).decode()}"
        if is_address(address):
            Address(addr_spec=address)
            return address
    except (idna.IDNAError, HeaderParseError, ValueError, IndexError) as error:
        raise Unsendable(refusal, f"{written!r}: {error}") from error
    raise Unsendable(refusal, f"{written!r} is no address that mail can go to")


def _line(text: str) -> str:
    """Keep a header on its line, and what does not print out of it."""
    return " ".join("".join([c if c.isprintable() else " " for c in text]).split())


# body


def _write_body(
    mail: EmailMessage, text: str, named: Sequence[Attached], files: Sequence[bytes], ticket: str, picture: str
) -> None:
    shown: set[int] = set()
    """Files, counted from 1, that the text shows by itself."""
    html: MIMEPart | None = None
    if hypertext.is_html(text):
        filled = _fill(text, named, partial(_show, shown, ticket))
        mail.set_content(hypertext.plain(filled))
        mail.add_alternative(_with_picture(filled, picture) if picture else filled, subtype="html")
        html = mail.get_body(("html",))
    else:
        mail.set_content(_fill(text, named, lambda number, file, attribute: f"{attribute}[{file.name}]"))
    for number, (file, octets) in enumerate(zip(named, files, strict=True), 1):
        main, sub = _media(file.media)
        name = _line(file.name)
        if html is not None and number in shown:
            html.add_related(octets, main, sub, cid=f"<{_cid(number, ticket)}>", disposition="inline", filename=name)
        else:
            mail.add_attachment(octets, main, sub, filename=name)
    for number, part in enumerate([part for part in mail.walk() if part.is_multipart()]):
        part.set_boundary(f"={ticket}={number}")  # who writes texts does not know it, so it stands in none


def _fill(text: str, named: Sequence[Attached], write: Callable[[int, Attached, str], str]) -> str:
    """Put something in the place of each file; the place of one that is not there stays as it is."""

    def put(found: re.Match[str]) -> str:
        number = int(found[2])
        if not 1 <= number <= len(named):
            return found[0]
        return write(number, named[number - 1], found[1] or "")

    return _MARK.sub(put, text)


def _show(shown: set[int], ticket: str, number: int, file: Attached, attribute: str) -> str:
    """Write HTML that shows a file: as a picture, or by its name."""
    name = escape(_line(file.name))
    if not attribute and not file.media.startswith("image/"):
        return name
    shown.add(number)
    source = f"cid:{_cid(number, ticket)}"
    return attribute + source if attribute else f'<img src="{source}" alt="{name}">'


def _with_picture(html: str, address: str) -> str:
    """Put a picture of one point at the end of what is shown."""
    shown, end, rest = html, "", ""
    if found := _END.search(html):
        shown, end, rest = html[: found.start()], found[0], html[found.end() :]
    return f'{shown}<img src="{escape(address)}" width="1" height="1" alt="">{end}{rest}'


def _cid(number: int, ticket: str) -> str:
    return f"{number}.{ticket}@files"


def _media(written: str) -> tuple[str, str]:
    found = _MEDIA.fullmatch(written)
    return (found[1], found[2]) if found else ("application", "octet-stream")
