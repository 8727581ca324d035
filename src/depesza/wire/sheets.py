"""Files of a spreadsheet as rows by column: CSV in any of its forms, and XLSX.

What kind a file is its octets tell, not its name. The older XLS is refused: it is saved as XLSX in a moment.
"""

import io
import zipfile
from collections.abc import Iterator

from depesza.wire import csvlist
from depesza.wire.csvlist import MOST_COLUMNS, BadList, fold

MOST_OCTETS = 256 << 20
"""Octets that a compressed file may come to."""
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"

Fields = dict[str, str]
"""Cells of a row, trimmed, by the folded names of their columns."""


def read(data: bytes) -> Iterator[Fields]:
    """Read the rows below the line that names the columns; raises `BadList`, while iterating too."""
    if data.startswith(_OLE):
        raise BadList("files of old Excel (.xls) can't be read: save it as .xlsx or .csv")
    return _xlsx(data) if data.startswith(_ZIP) else _csv(data)


def _csv(data: bytes) -> Iterator[Fields]:
    for line in csvlist.Reader(io.BytesIO(data)):
        yield {fold(name): value for name, value in line.fields.items()}


def _xlsx(data: bytes) -> Iterator[Fields]:
    """Read the first sheet row by row."""
    from openpyxl import load_workbook  # large, and seldom needed

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(item.file_size for item in archive.infolist()) > MOST_OCTETS:
                raise BadList("the file is too large")
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        rows = (
            [_text(value) for value in row]
            for row in book.worksheets[0].iter_rows(max_col=MOST_COLUMNS, values_only=True)
        )
        filled = (row for row in rows if any(row))
        head = [fold(name) for name in next(filled, [])]
        for row in filled:
            yield {name: value for name, value in zip(head, row, strict=False) if name}
    except BadList:
        raise
    except Exception as error:  # the library raises whatever a broken file leads it to
        raise BadList("the file is no workbook that can be read") from error


def _text(value: object) -> str:
    """Write a cell; numbers that spreadsheets made of phone numbers lose their fraction again."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else str(value).strip()
