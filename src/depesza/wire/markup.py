"""XML that strangers send, read without trusting it, and texts written so that they fit into XML.

A document type declaration is refused, and with it all entities but the five of XML itself: nothing is expanded,
nothing is fetched. Depth, elements and octets are bounded.
"""

from collections.abc import Iterator
from typing import NoReturn
from xml.parsers import expat

from msgspec import Struct, field

from depesza.wire import Malformed

LARGEST = 4 << 20
"""Octets of a document."""
DEEPEST = 32
MOST = 20_000
"""Elements, and attributes of them."""

_UNFIT = (*range(0x20), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF)
_ENTITIES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}
    | {chr(code): " " for code in _UNFIT if chr(code) not in "\t\n\r"}  # XML 1.0 knows no such characters
)


def escape(text: str) -> str:
    """Write a text for an element or an attribute; what XML cannot say becomes a blank."""
    return text.translate(_ENTITIES)


class Element(Struct):
    """One element of a document."""

    name: str
    """Without prefix."""
    space: str
    """Its namespace; empty for none."""
    attributes: dict[str, str]
    """By name without prefix, or `namespace name` where it has one."""
    children: list["Element"] = field(default_factory=list)
    text: str = ""
    """Of its own, without that of its children."""

    def all(self, name: str) -> Iterator["Element"]:
        """Give the children of a name, in any namespace."""
        return (child for child in self.children if child.name == name)

    def find(self, *path: str) -> "Element | None":
        """Follow names downwards, in any namespace, each time to the first child; None where there is none."""
        found: Element | None = self
        for name in path:
            found = next(found.all(name), None) if found is not None else None
        return found

    def told(self, *path: str) -> str:
        """Give the text at the end of a path, without blanks around it; empty where there is none."""
        found = self.find(*path)
        return found.text.strip() if found is not None else ""


def read_document(octets: bytes) -> Element:
    """Read a document; gives its root. Raises `Malformed`.

    It is in UTF-8, whatever it says of its encoding, or in UTF-16.
    """
    if len(octets) > LARGEST:
        raise Malformed(f"more than {LARGEST} octets")
    reader = _Reader()
    try:
        reader.parser.Parse(octets, True)
    except (expat.ExpatError, ValueError) as error:
        raise Malformed(f"no XML: {error}") from error
    if reader.root is None:
        raise Malformed("no XML: nothing in it")
    return reader.root


class _Reader:
    """Builds the tree of a document."""

    def __init__(self) -> None:
        parser = expat.ParserCreate("utf-8", " ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = _refuse
        parser.EntityDeclHandler = _refuse
        parser.ExternalEntityRefHandler = _refuse
        self.parser = parser
        self.root: Element | None = None
        self._open: list[Element] = []
        self._texts: list[list[str]] = []
        self._seen = 0

    def _start(self, written: str, attributes: dict[str, str]) -> None:
        self._seen += 1 + len(attributes)
        if len(self._open) >= DEEPEST or self._seen > MOST:
            raise Malformed("too deep, or too many elements")
        space, _, name = written.rpartition(" ")
        element = Element(name, space, attributes)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)
        self._texts.append([])

    def _end(self, written: str) -> None:
        self._open.pop().text = "".join(self._texts.pop())

    def _text(self, text: str) -> None:
        self._texts[-1].append(text)


def _refuse(*_: object) -> NoReturn:
    raise Malformed("no document type and no entities are read")
