"""Lists of receivers as files: columns by name, one receiver a line, as spreadsheets export them.

A `;` separates and the first line names the columns, but `,` and tabs, quotes, byte order marks, UTF-16 and
Latin-1 happen, and a plain list has one number a line and perhaps no name above. A file is read line by line, so
that a long one is never held whole. spec: ovh/4.4
"""

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

from msgspec import Struct

from depesza.wire import Malformed

SEPARATORS = ";,\t|"
NUMBER_NAMES = frozenset(("number", "numero", "phone", "receiver", "numbers", "telephone", "mobile", "msisdn", "tel"))
"""Names of the column that holds the receiver, folded; when there is none, the first column does."""
MOST_COLUMNS = 200
LONGEST_LINE = 1 << 20
"""Characters between two line breaks."""
_CHUNK = 1 << 16
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_NUMBER = re.compile(r"\+?[\d .()/-]{4,25}", re.ASCII)


class BadList(Malformed):
    """A file that is no list of receivers; its text says why."""


class Line(Struct, frozen=True, gc=False):
    """One row: the receiver as written, and all cells by column."""

    number: str
    fields: dict[str, str]


class Reader:
    """Reads a file: an iterator of its rows; empty lines are left out, short ones filled with empty cells."""

    def __init__(self, file: BinaryIO) -> None:
        """Read the head of a file that can be sought; raises `BadList`, as does every row that is read."""
        encoding, skip = encoding_of(file)
        file.seek(skip)
        self._file = io.TextIOWrapper(file, encoding, errors="replace", newline="")
        self._text: list[str] = []
        rows = self._rows()
        first = next(rows, None)
        if first is None:
            raise BadList("the list is empty")
        head = _head(first)
        self.columns = ("number",) if head is None else head
        """Names, trimmed."""
        self._place = next((n for n, name in enumerate(self.columns) if fold(name) in NUMBER_NAMES), 0)
        self._left = rows if head is not None else chain((first,), rows)

    @property
    def number_column(self) -> str:
        """Name of the column that holds the receiver."""
        return self.columns[self._place]

    def __iter__(self) -> Iterator[Line]:
        return self

    def __next__(self) -> Line:
        row = next(self._left)
        cells = row + [""] * (len(self.columns) - len(row))
        return Line(cells[self._place], dict(zip(self.columns, cells, strict=False)))

    def text(self) -> str:
        """Give the text that was read since the last call, as it stands in the file, without byte order mark."""
        text = "".join(self._text)
        self._text.clear()
        return text

    def close(self) -> None:
        """Let go of the file, which stays open."""
        self._file.detach()

    def _rows(self) -> Iterator[list[str]]:
        lines = self._lines()
        blank: list[str] = []
        for first in lines:
            blank.append(first)
            if first.strip():
                break
        else:
            return
        separator = max(SEPARATORS, key=lambda mark: (first.count(mark), -SEPARATORS.index(mark)))
        try:
            for row in csv.reader(chain(blank, lines), delimiter=separator, skipinitialspace=True):
                cells = [cell.strip() for cell in row]
                if any(cells):
                    yield cells
        except csv.Error as error:
            raise BadList(f"the list can't be read: {error}") from error

    def _lines(self) -> Iterator[str]:
        while line := self._file.readline(LONGEST_LINE):
            if len(line) == LONGEST_LINE:
                raise BadList("a line of the list is too long")
            if "\0" in line:
                raise BadList("the file is not a text")
            self._text.append(line)
            yield line


def encoding_of(file: BinaryIO) -> tuple[str, int]:
    """Tell the encoding of a file and how many octets of mark it begins with: UTF-8, UTF-16 by its mark, Latin-1."""
    file.seek(0)
    begin = file.read(4)
    for mark, encoding in _MARKS:
        if begin.startswith(mark):
            return encoding, len(mark)
    decoder = codecs.getincrementaldecoder("utf-8")()
    file.seek(0)
    try:
        while chunk := file.read(_CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252", 0
    return "utf-8", 0


def fold(name: str) -> str:
    """Give the form in which names of the number's column are compared: small, trimmed, without accents."""
    plain = unicodedata.normalize("NFKD", name.strip().casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def _head(first: list[str]) -> tuple[str, ...] | None:
    """Read the names of the columns; None when the first line already is a receiver."""
    if len(first) > MOST_COLUMNS:
        raise BadList(f"{len(first)} columns are too many")
    if _NUMBER.fullmatch(first[0]) and any(letter.isdigit() for letter in first[0]):
        return None
    return tuple(first)
