"""Lists of receivers as files: columns by name, one receiver a line, as spreadsheets export them.

A `;` separates and the first line names the columns, but `,` and tabs, quotes, byte order marks, UTF-16 and
Latin-1 happen, and a plain list has one number a line and perhaps no name above. spec: ovh/4.4
"""

import csv
import io
import re
import unicodedata

from msgspec import Struct

from depesza.wire import Malformed

SEPARATORS = ";,\t|"
NUMBER_NAMES = frozenset(("number", "numero", "phone", "receiver", "numbers", "telephone", "mobile", "msisdn", "tel"))
"""Names of the column that holds the receiver, folded; when there is none, the first column does."""
MOST_COLUMNS = 200
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_NUMBER = re.compile(r"\+?[\d .()/-]{4,25}", re.ASCII)


class BadList(Malformed):
    """A file that is no list of receivers; its text says why."""


class Line(Struct, frozen=True, gc=False):
    """One row: the receiver as written, and all cells by column."""

    number: str
    fields: dict[str, str]


class List(Struct, frozen=True):
    """A file that was read."""

    columns: tuple[str, ...]
    """Names, trimmed."""
    number_column: str
    lines: tuple[Line, ...]
    text: str
    """The whole file as text, without byte order mark."""


def read(data: bytes) -> List:
    """Read a file; raises `BadList`. Empty lines are left out, short ones filled with empty cells."""
    text = read_text(data)
    if "\0" in text:
        raise BadList("the file is not a text")
    rows = _rows(text)
    if not rows:
        raise BadList("the list is empty")
    head = _head(rows)
    body = rows if head is None else rows[1:]
    columns = ("number",) if head is None else head
    place = next((n for n, name in enumerate(columns) if fold(name) in NUMBER_NAMES), 0)
    lines = tuple([_line(columns, place, row) for row in body])
    return List(columns, columns[place], lines, text)


def read_text(data: bytes) -> str:
    """Read the octets of a file: UTF-8 or UTF-16 by its mark, else UTF-8, else Latin-1."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def fold(name: str) -> str:
    """Give the form in which names of the number's column are compared: small, trimmed, without accents."""
    plain = unicodedata.normalize("NFKD", name.strip().casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def _rows(text: str) -> list[list[str]]:
    lines = io.StringIO(text, newline="")
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(SEPARATORS, key=lambda mark: (first.count(mark), -SEPARATORS.index(mark)))
    found = []
    try:
        for row in csv.reader(lines, delimiter=separator, skipinitialspace=True):
            cells = [cell.strip() for cell in row]
            if any(cells):
                found.append(cells)
    except csv.Error as error:
        raise BadList(f"the list can't be read: {error}") from error
    return found


def _head(rows: list[list[str]]) -> tuple[str, ...] | None:
    """Read the names of the columns; None when the first line already is a receiver."""
    first = rows[0]
    if len(first) > MOST_COLUMNS:
        raise BadList(f"{len(first)} columns are too many")
    if _NUMBER.fullmatch(first[0]) and any(letter.isdigit() for letter in first[0]):
        return None
    return tuple(first)


def _line(columns: tuple[str, ...], place: int, row: list[str]) -> Line:
    cells = row + [""] * (len(columns) - len(row))
    return Line(cells[place], dict(zip(columns, cells, strict=False)))
