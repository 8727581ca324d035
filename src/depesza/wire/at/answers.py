"""The lines of a modem as values: how a command ended, what it told, what the modem says unasked.

Reading never raises: a line that means nothing to us is None, an empty list, or stays a line.
Sources: 3GPP TS 27.005 3 and 4, 27.007 7, 8 and 9.
"""

import re
from itertools import pairwise

from msgspec import Struct

_FIELD = re.compile(r'(?:^|,)\s*("[^"]*"|[^,]*)')
_CODE = re.compile(r"\+(CM[SE]) ERROR: ?(.*)", re.IGNORECASE)
_BARE_ERRORS = frozenset({"ERROR", "NO CARRIER", "COMMAND NOT SUPPORT", "TOO MANY PARAMETERS"})
_HOME, _ROAMING = frozenset({1, 6}), frozenset({5, 7})  # 6 and 7: for short messages only (27.007 7.2)
_UNREAD, _READ = "0", "1"


class Final(Struct, frozen=True, gc=False):
    """How a command ended."""

    ok: bool
    kind: str = ""
    """`CMS` or `CME` where the modem gave a number or a text; empty for a bare ERROR."""
    code: int = -1
    text: str = ""
    """What stood in place of the number."""

    @property
    def said(self) -> str:
        """The ending in the modem's words: `CMS 38`."""
        if self.ok:
            return "OK"
        return f"{self.kind} {self.code if self.code >= 0 else self.text}" if self.kind else self.text or "ERROR"


class Slot(Struct, frozen=True, gc=False):
    """A place in the modem's memory for messages."""

    memory: str
    """`SM`, `ME`, `SR` …; empty for the one in use."""
    index: int


class Stored(Struct, frozen=True, gc=False):
    """The modem says that it has stored a message or a report (+CMTI, +CDSI)."""

    slot: Slot


class Follows(Struct, frozen=True, gc=False):
    """The modem says that the next line is a message or a report (+CMT, +CDS)."""


class Entry(Struct, frozen=True, gc=False):
    """One message of a memory: where it stands, and its PDU in hexadecimal."""

    index: int
    pdu: str


class Registration(Struct, frozen=True, gc=False):
    """Whether the modem is on a network."""

    registered: bool
    roaming: bool = False
    denied: bool = False


def final(line: str) -> Final | None:
    """Read the line that ends a command; None for every other one."""
    if line == "OK":
        return Final(True)
    if line in _BARE_ERRORS:
        return Final(False, text=line)
    match = _CODE.fullmatch(line)
    if match is None:
        return None
    code = number(match[2])
    return Final(False, match[1].upper(), code, "" if code >= 0 else match[2].strip())


def unasked(line: str) -> Stored | Follows | None:
    """Read what a modem says unasked about messages; None for every other line."""
    name, _, rest = line.partition(":")
    if name in ("+CMTI", "+CDSI"):
        said = fields(rest)
        index = number(said[1]) if len(said) > 1 else -1
        return Stored(Slot(said[0], index)) if index >= 0 else None
    return Follows() if name in ("+CMT", "+CDS") else None


def fields(text: str) -> list[str]:
    """Cut parameters at their commas, quotes taken off."""
    return [match[1].strip(' "') for match in _FIELD.finditer(text.strip())]


def number(text: str) -> int:
    """Read a number of a few digits; -1 when it is none."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def told(lines: tuple[str, ...], name: str) -> list[str]:
    """Give the parameters behind `+NAME:`, from the first line that has them; empty when none has."""
    for line in lines:
        if line.startswith(f"{name}:"):
            return fields(line[len(name) + 1 :])
    return []


def registration(lines: tuple[str, ...], name: str) -> Registration:
    """Read `+CREG: mode,status,…` and its kin."""
    said = told(lines, name)
    status = number(said[1]) if len(said) > 1 else -1
    return Registration(status in _HOME | _ROAMING, status in _ROAMING, status == 3)


def signal(lines: tuple[str, ...]) -> int:
    """Read `+CSQ` as percent; -1 when the modem cannot tell."""
    said = told(lines, "+CSQ")
    level = number(said[0]) if said else -1
    return round(level * 100 / 31) if 0 <= level <= 31 else -1


def operator(lines: tuple[str, ...]) -> str:
    """Read the operator's name or number of `+COPS`; empty when there is none."""
    said = told(lines, "+COPS")
    return said[2] if len(said) > 2 else ""


def battery(lines: tuple[str, ...]) -> int:
    """Read `+CBC` as percent; -1 when the modem cannot tell."""
    said = told(lines, "+CBC")
    level = number(said[1]) if len(said) > 1 else -1
    return level if level <= 100 else -1


def own_number(lines: tuple[str, ...]) -> str:
    """Read the first number of `+CNUM`, with its plus where it is international; empty when the SIM has none."""
    for line in lines:
        said = told((line,), "+CNUM")
        if len(said) > 1 and said[1]:
            international = len(said) > 2 and said[2] == "145"
            return said[1] if not international or said[1].startswith("+") else f"+{said[1]}"
    return ""


def reference(lines: tuple[str, ...]) -> int:
    """Read the reference of `+CMGS`; -1 when there is none."""
    said = told(lines, "+CMGS")
    return number(said[0]) if said else -1


def entries(lines: tuple[str, ...]) -> list[Entry]:
    """Read the received messages of `+CMGL: index,status,…` and the PDU behind each; drafts are left out."""
    found = []
    for line, pdu in pairwise(lines):
        said = told((line,), "+CMGL")
        if len(said) > 1 and said[1] in (_UNREAD, _READ) and number(said[0]) >= 0:
            found.append(Entry(number(said[0]), pdu))
    return found


def single(lines: tuple[str, ...]) -> str:
    """Read the PDU behind `+CMGR`; empty when the place is empty, or holds a draft."""
    for line, pdu in pairwise(lines):
        said = told((line,), "+CMGR")
        if said and said[0] in (_UNREAD, _READ):
            return pdu
    return ""
