"""What a mail says that a person or a program wrote: its text, its subject, the files with it.

Programs leave out headers, name no character set or put the text between `[text]` and `[/text]` because theirs can't
write plain mails. spec: smsc/4.1
"""

import codecs
import re
from collections.abc import Iterator
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32

from msgspec import Struct

from depesza.wire import Malformed, hypertext

DEFAULT = "koi8-r"
"""Of mails that name no character set."""
MOST_PARTS = 100
DEEPEST = 20
"""Parts within parts."""
LONGEST_HEADER = 4_000
"""Octets that describe a part: the library takes the square of their number."""

_CHARSETS = frozenset(
    codecs.lookup(name).name
    for name in (
        "utf-8", "us-ascii", "koi8-r", "koi8-u", "cp866", "mac-cyrillic",
        *(f"windows-125{n}" for n in range(9)), *(f"iso-8859-{n}" for n in (*range(1, 12), 13, 14, 15, 16)),
    )
)  # fmt: skip
"""In all of them a colon is an octet, and nothing else is that octet."""
_HEADERS = frozenset({
    "from", "to", "cc", "bcc", "subject", "date", "sender", "received", "message-id", "mime-version", "return-path",
    "reply-to", "delivered-to", "authentication-results", "dkim-signature", "organization", "user-agent", "priority",
    "importance", "in-reply-to", "references", "auto-submitted", "precedence", "envelope-to", "comments", "keywords",
})  # fmt: skip
_HEADER = re.compile(rb"([!-9;-~]+):")
_HEADER_FAMILIES = ("content-", "x-", "arc-", "list-", "resent-", "received-", "thread-")
_DESCRIBED = re.compile(rb"^content-[a-z-]+\s*:((?:[^\r\n]|\r?\n[ \t])*)", re.IGNORECASE | re.MULTILINE)
_NESTING = re.compile(rb"\s*(?:multipart|message)/", re.IGNORECASE)
_ADDRESS = re.compile(r"([^\s<>,;:\"()]{1,64}@[^\s<>,;:\"()]{1,255})>?\s*$")
_MARKED = re.compile(rb"\[text\](.*?)(?:\[/text\]|\Z)", re.IGNORECASE | re.DOTALL)
_SOFT_BREAK = re.compile(rb"(?<!^--) \r?\n", re.MULTILINE)
_STUFFED = re.compile(rb"^ ", re.MULTILINE)


class Unreadable(Malformed):
    """A mail whose text can't be found, or not be read."""


class File(Struct, frozen=True, gc=False):
    """A file sent along."""

    name: str
    kind: str
    octets: bytes


class Letter(Struct, frozen=True):
    """A mail."""

    octets: bytes
    """Its text, as it was written, without line ends behind it."""
    charset: str
    """Of the text: a codec's name."""
    subject: str = ""
    sender: str = ""
    """Address in its From."""
    files: tuple[File, ...] = ()
    automatic: bool = False
    """No person wrote it, and none expects an answer."""

    @property
    def text(self) -> str:
        """The text, whose lines end with a line feed."""
        return self.read(self.octets)

    def read(self, octets: bytes) -> str:
        """Read a piece of the text."""
        return octets.decode(self.charset, "replace").replace("\r\n", "\n")


def read(octets: bytes) -> Letter:
    """Read a mail; raises `Unreadable`, and nothing else whatever the octets are."""
    if not _has_headers(octets):
        octets = b"\r\n" + octets
    _check(octets)
    try:
        return _letter(BytesParser(policy=compat32).parsebytes(octets))
    except (MessageError, ValueError, LookupError, AssertionError, TypeError, AttributeError) as error:
        # the library meets what no standard foresees in many ways
        raise Unreadable(repr(error)) from error


def _check(octets: bytes) -> None:
    """Refuse what nobody writes and what would take the library long."""
    described = [found[1] for found in _DESCRIBED.finditer(octets)]
    if sum(_NESTING.match(value) is not None for value in described) > DEEPEST:
        raise Unreadable("parts within parts within parts")
    if any(len(value) > LONGEST_HEADER for value in described):
        raise Unreadable("too much is said of a part")


def _has_headers(octets: bytes) -> bool:
    """Tell whether a mail begins with headers: a text may look like one, `alex:123:…`."""
    if octets[:1] in (b"\r", b"\n"):
        return True
    found = _HEADER.match(octets)
    name = found[1].decode("ascii").lower() if found is not None else ""
    return name in _HEADERS or name.startswith(_HEADER_FAMILIES)


def _letter(mail: Message) -> Letter:
    leaves = list(_leaves(mail))
    if len(leaves) > MOST_PARTS:
        raise Unreadable("too many parts")
    texts = [part for part in leaves if part.get_content_maintype() == "text" and not _is_file(part)]
    octets, charset = _said(texts)
    headers = {name.lower(): _words(value) for name, value in reversed(list(mail.raw_items()))}
    sender = _ADDRESS.search(headers.get("from", "")[-1000:])
    return Letter(
        octets,
        charset,
        headers.get("subject", ""),
        sender[1] if sender is not None else "",
        tuple([_file(part) for part in leaves if _is_file(part)]),
        headers.get("auto-submitted", "no").strip().lower() != "no"
        or headers.get("precedence", "").strip().lower() in ("bulk", "junk", "list")
        or "list-id" in headers,
    )


def _leaves(part: Message) -> Iterator[Message]:
    """List the parts that hold something; pictures within HTML are left out."""
    payload = part.get_payload()
    if not isinstance(payload, list):
        yield part
    elif part.get_content_maintype() != "multipart":
        raise Unreadable("a mail within the mail")
    else:
        children = [child for child in payload if isinstance(child, Message)]
        for child in children[:1] if part.get_content_subtype() == "related" else children:
            yield from _leaves(child)


# the text


def _said(texts: list[Message]) -> tuple[bytes, str]:
    """Find the text: plain, or else what HTML says; between its marks where it has some."""
    plain = next((part for part in texts if part.get_content_subtype() != "html"), None)
    if plain is not None:
        octets, charset = _unflowed(plain), _charset(plain)
    elif texts:
        octets, charset = hypertext.plain(_octets(texts[0]).decode(_charset(texts[0]), "replace")).encode(), "utf-8"
    else:
        octets, charset = b"", DEFAULT
    marked = _MARKED.search(octets)
    return (marked[1].strip(b"\r\n") if marked is not None else octets.rstrip(b"\r\n")), charset


def _unflowed(part: Message) -> bytes:
    """Give the octets of a plain text, its lines whole again where a mail program broke them (RFC 3676)."""
    octets = _octets(part)
    if str(part.get_param("format", "")).lower() != "flowed":
        return octets
    joint = b"" if str(part.get_param("delsp", "")).lower() == "yes" else b" "
    return _STUFFED.sub(b"", _SOFT_BREAK.sub(joint, octets))


def _octets(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _charset(part: Message) -> str:
    """Name the codec of a part; raises `Unreadable` for one that we don't read."""
    named = part.get_content_charset(DEFAULT)
    found = _codec(named)
    if not found:
        raise Unreadable(f"character set {named[:50]!r}")
    return found


def _codec(name: str) -> str:
    try:
        found = codecs.lookup(name).name if name.isascii() else ""
    except (LookupError, ValueError):
        return ""
    return found if found in _CHARSETS else ""


# headers and files


def _words(value: object) -> str:
    """Read a header: words in MIME's form, or octets as they are."""
    raw = str(value).encode("utf-8", "surrogateescape")
    if not raw.isascii():
        return _line(_guessed(raw))
    try:
        found = decode_header(raw.decode("ascii"))
    except MessageError:
        return _line(raw.decode("ascii"))
    words = []
    for piece, charset in found:
        octets = piece if isinstance(piece, bytes) else piece.encode("utf-8", "replace")
        codec = _codec(charset or "")
        words.append(octets.decode(codec, "replace") if codec else _guessed(octets))
    return _line("".join(words))


def _guessed(octets: bytes) -> str:
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode(DEFAULT)


def _line(text: str) -> str:
    """Keep a header on its line."""
    return " ".join("".join([char if char.isprintable() else " " for char in text]).split())


def _is_file(part: Message) -> bool:
    if part.get_content_disposition() == "attachment" or part.get_filename() is not None:
        return True
    return part.get_content_maintype() not in ("text", "multipart")


def _file(part: Message) -> File:
    name = _words(part.get_filename() or "").replace("\\", "/").rpartition("/")[2]
    return File(name[:200] or "file", part.get_content_type(), _octets(part))
