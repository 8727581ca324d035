"""`list`: many texts in one request, a line each, with the numbers each goes to in front. spec: smsc/5.8"""

import re
from collections.abc import Iterator

from msgspec import Struct

from depesza.dialects.smsc.answers import Refused
from depesza.dialects.smsc.codes import PARAMETERS
from depesza.dialects.smsc.naming import MAIL


class Line(Struct, frozen=True, gc=False):
    """One item: whom, and what to tell."""

    phones: str
    text: str


class Listed(Struct, frozen=True, gc=False):
    """What a list says."""

    lines: tuple[Line, ...]
    sender: str | None = None
    """From its head; None where the request's own parameter counts."""
    tz: str = ""
    """From its head."""


_HEAD = re.compile(r"([^|:;,\n]*)(?:,([^|:;,\n]*))?\|\n?")
_WHO = rf"(?:\+?[ (]*[0-9](?:[ ().\-]*[0-9]){{6,17}}|G[0-9]+|[@#]\w+|{MAIL.pattern})"
_ITEM = re.compile(rf"[ \t]*({_WHO}(?:[ \t]*[,;][ \t]*{_WHO})*)[ \t]*[:;](.*)", re.DOTALL)
"""Whole numbers, groups or addresses, then the text: so a text may hold colons, and `7999...;at 12:30` is right."""


def read_list(text: str, *, nl: bool = False, textless: bool = False) -> Listed:
    """Read a list; with `nl` what begins with no numbers goes on with the text before.

    Of `textless` items only the numbers count. Raises `Refused` where a line has no text of its own, or there is none.
    """
    text = text.replace("\r\n", "\n").strip("\n")
    head = _HEAD.match(text)
    if head is not None:
        text = text[head.end() :]
    items = _joined(text) if nl else (line for line in text.split("\n") if line.strip())
    lines = tuple([_line(item, textless) for item in items])
    if not lines:
        raise Refused(*PARAMETERS)
    return Listed(lines) if head is None else Listed(lines, head[1] or None, head[2] or "")


def _joined(text: str) -> Iterator[str]:
    """Put lines that begin no item behind the item before them."""
    item: list[str] = []
    for line in text.split("\n"):
        if item and _ITEM.fullmatch(line):
            yield "\n".join(item).rstrip("\n")
            item = []
        if item or line.strip():
            item.append(line)
    if item:
        yield "\n".join(item)


def _line(item: str, textless: bool) -> Line:
    if textless:
        return Line(item.partition(":")[0], "")
    found = _ITEM.fullmatch(item)
    if found is not None:
        phones, text = found.groups()
    else:
        phones, between, text = item.partition(":" if ":" in item else ";")
        if not between:
            raise Refused(*PARAMETERS)
    return Line(phones, text.replace("\\n", "\n"))
