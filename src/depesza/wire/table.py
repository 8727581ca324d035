"""Tables as CSV files for spreadsheets and programs: `;` between cells, texts in double quotes. spec: ovh/4.10

Numbers stand bare; texts keep their line breaks inside the quotes.
"""

import csv
import io
from collections.abc import Iterable, Sequence

Cell = str | int


def write_head(columns: Sequence[str]) -> bytes:
    """Write the line that names the columns; the names hold neither separators nor quotes."""
    return (";".join(columns) + "\n").encode()


def write_rows(rows: Iterable[Sequence[Cell]]) -> bytes:
    """Write rows, each on a line of its own."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";", quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
