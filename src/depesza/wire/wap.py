"""WAP push: a link with a title that a phone offers to open (Service Indication 1.0), as octets of a message.

From outside in: ports in the user data header, a WSP Push PDU, the indication in WBXML. Reading takes what other
writers make, too: abbreviations, a string table, entities, other attributes, which are skipped.
Sources: WAP-167 8 (tokens), WAP-192 5 and 7 (WBXML), WAP-230 8.2.4 (WSP Push), WAP-259 6 (ports).
spec: smsc/2.1
"""

import re

from msgspec import Struct

from depesza.wire import Malformed, Unencodable, udh

PORTS = udh.Ports(destination=2948, source=9200)
"""Of connectionless push, and of the connectionless sessions that it comes from."""

_PUSH = 0x06
_TRANSACTION = 0x01
_UTF8 = 0x6A  # as MIBenum
# Value of three octets: application/vnd.wap.sic; charset=UTF-8
_CONTENT_TYPE = b"\x03\xae\x81" + bytes((0x80 | _UTF8,))
_SIC = (b"\xae", b"application/vnd.wap.sic")
_LENGTH_IS_UINTVAR = 0x1F

_VERSION, _PUBLIC_ID = 0x02, 0x05  # WBXML 1.2, SI 1.0
_END, _ENTITY, _STR_I, _STR_T, _OPAQUE = 0x01, 0x02, 0x03, 0x83, 0xC3
_STRINGS = frozenset({_ENTITY, _STR_I, _STR_T, _OPAQUE})
_WITH_ATTRIBUTES, _WITH_CONTENT, _TAG = 0x80, 0x40, 0x3F
_SI, _INDICATION, _LAST_TAG = 0x05, 0x06, 0x08
_DEEPEST = 3  # si, info, item
_HREFS = {0x0B: "", 0x0C: "http://", 0x0D: "http://www.", 0x0E: "https://", 0x0F: "https://www."}
_DOMAINS = {0x85: ".com/", 0x86: ".edu/", 0x87: ".net/", 0x88: ".org/"}
_FIRST_VALUE = 0x80
_DOMAIN = re.compile("|".join(map(re.escape, _DOMAINS.values())))
_DOMAIN_CODES = {text: code for code, text in _DOMAINS.items()}
_NO_CHARACTER = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML document has (XML 1.0 2.2): NUL, which ends a string here, is among it."""


class Indication(Struct, frozen=True):
    """A link that is pushed."""

    href: str
    title: str


def write_push(indication: Indication) -> tuple[bytes, bytes]:
    """Write a push; gives the elements of its user data header, without length octet, and the payload.

    `Unencodable` when link or title have characters that no XML document has.
    """
    head = bytes((_TRANSACTION, _PUSH, len(_CONTENT_TYPE))) + _CONTENT_TYPE
    return udh.pack(udh.Header((PORTS.element,)))[1:], head + _write_document(indication)


def _write_document(indication: Indication) -> bytes:
    href = _write_href(indication.href)
    title = _write_string(indication.title)
    head = bytes((_VERSION, _PUBLIC_ID, _UTF8, 0))
    tags = bytes((_SI | _WITH_CONTENT, _INDICATION | _WITH_CONTENT | _WITH_ATTRIBUTES))
    # the action is left out: signal-medium, which is the usual one
    return head + tags + href + bytes((_END,)) + title + bytes((_END, _END))


def _write_href(href: str) -> bytes:
    """Write the attribute with the longest abbreviation of its beginning, and those within."""
    code = max((code for code, start in _HREFS.items() if href.startswith(start)), key=lambda code: len(_HREFS[code]))
    written = bytearray((code,))
    at = len(_HREFS[code])
    for found in _DOMAIN.finditer(href, at):
        written += _write_string(href[at : found.start()])
        written.append(_DOMAIN_CODES[found[0]])
        at = found.end()
    return bytes(written) + _write_string(href[at:])


def _write_string(text: str) -> bytes:
    if _NO_CHARACTER.search(text):
        raise Unencodable("a link or title has a character that a push cannot carry")
    return bytes((_STR_I,)) + text.encode() + b"\0" if text else b""


def read_push(payload: bytes) -> Indication:
    """Read the payload of a push; `Malformed` when it is none, or pushes something else than an indication."""
    try:
        return _Document(_document_in(payload)).indication()
    except IndexError:
        raise Malformed("push: cut short") from None


def _document_in(payload: bytes) -> bytes:
    """Take the document out of a WSP Push PDU."""
    if payload[1] != _PUSH:
        raise Malformed(f"push: type 0x{payload[1]:02X} is another PDU")
    length, at = _uintvar(payload, 2)
    headers = payload[at : at + length]
    if len(headers) < length:
        raise Malformed("push: its headers reach over the end")
    start = 0
    if headers[0] <= _LENGTH_IS_UINTVAR:  # a value with parameters: its length first
        start = _uintvar(headers, 1)[1] if headers[0] == _LENGTH_IS_UINTVAR else 1
    if not headers.startswith(_SIC, start):
        raise Malformed("push: no service indication")
    return payload[at + length :]


def _uintvar(data: bytes, at: int) -> tuple[int, int]:
    """Read an integer of seven bits an octet, and where it ends; IndexError when it does not."""
    value = 0
    for size in range(1, 6):
        octet = data[at + size - 1]
        value = value << 7 | octet & 0x7F
        if octet < 0x80:
            return value, at + size
    raise Malformed("push: a number of more than five octets")


class _Document:
    """A service indication in WBXML, read token by token; IndexError when it ends early."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 1  # behind the version
        if self._number() == 0:
            self._number()  # the public id is a string of the table
        if self._number() not in (0, _UTF8):
            raise Malformed("push: a character set other than UTF-8")
        self._strings = self._take(self._number())
        self._href = self._title = ""

    def indication(self) -> Indication:
        """Read it all."""
        self._element(self._octet(), 0)
        return Indication(self._href, self._title)

    def _element(self, token: int, depth: int) -> None:
        tag = token & _TAG
        if not _SI <= tag <= _LAST_TAG or depth > _DEEPEST:
            raise Malformed(f"push: token 0x{token:02X} where an element was expected")
        attributes = self._attributes() if token & _WITH_ATTRIBUTES else {}
        text = self._content(depth) if token & _WITH_CONTENT else ""
        if tag == _INDICATION:
            self._title = text
            self._href = next((value for code, value in attributes.items() if code in _HREFS), "")

    def _attributes(self) -> dict[int, str]:
        """Read attributes to the end of their list, by the code that begins each."""
        found: dict[int, str] = {}
        current = 0
        while (token := self._octet()) != _END:
            if token in _STRINGS or token >= _FIRST_VALUE:
                found[current] = found.get(current, "") + self._text(token)
            else:
                current = token
                found[current] = _HREFS.get(token, "")
        return found

    def _content(self, depth: int) -> str:
        """Read text and elements within an element; gives the text."""
        text = ""
        while (token := self._octet()) != _END:
            if token in _STRINGS:
                text += self._text(token)
            else:
                self._element(token, depth + 1)
        return text

    def _text(self, token: int) -> str:
        """Read what stands behind a token that means characters."""
        if token == _STR_I:
            text, self._at = self._string(self._data, self._at)
            return text
        if token == _STR_T:
            return self._string(self._strings, self._number())[0]
        if token == _ENTITY:
            return _character(self._number())
        if token == _OPAQUE:
            self._take(self._number())  # a date
            return ""
        if token not in _DOMAINS:
            raise Malformed(f"push: token 0x{token:02X} means nothing")
        return _DOMAINS[token]

    def _string(self, data: bytes, start: int) -> tuple[str, int]:
        """Read a string up to its NUL; tells where the next octet stands."""
        end = data.find(0, start)
        if end < 0:
            raise Malformed("push: a string without end")
        return data[start:end].decode("utf-8", "replace"), end + 1

    def _octet(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _number(self) -> int:
        number, self._at = _uintvar(self._data, self._at)
        return number

    def _take(self, size: int) -> bytes:
        taken = self._data[self._at : self._at + size]
        self._at += size
        return taken


def _character(code: int) -> str:
    try:
        return chr(code)
    except (ValueError, OverflowError):
        raise Malformed(f"push: no character has the number {code}") from None
