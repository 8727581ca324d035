"""How commands show things: a table or JSON, times and credits for people."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec


def as_json(value: object) -> None:
    """Print JSON."""
    text = msgspec.json.format(msgspec.json.encode(value, enc_hook=str, order=None), indent=2)
    sys.stdout.write(text.decode() + "\n")


def listing(rows: Sequence[Mapping[str, Any]], *, json: bool, columns: Iterable[str] = (), empty: str = "") -> None:
    """Print rows as a table (only these columns, when some are named) or as JSON, whole."""
    if json:
        as_json(rows)
        return
    if not rows:
        print(empty or "none")
        return
    heads = list(columns) or list(rows[0])
    table([_words(row, heads) for row in rows], heads)


def details(row: Mapping[str, Any], *, json: bool) -> None:
    """Print one row, a line a field, or JSON."""
    if json:
        as_json(row)
        return
    width = max(map(len, row))
    for name, value in row.items():
        print(f"{name:{width}}  {word(value)}")


def table(rows: Iterable[Sequence[str]], heads: Sequence[str]) -> None:
    """Print a table: with lines for a person's terminal, plain columns for a pipe."""
    lines = [list(row) for row in rows]
    if not sys.stdout.isatty():
        _plain([list(heads), *lines])
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    made = Table(*heads, box=None, header_style="bold", pad_edge=False)
    for line in lines:
        made.add_row(*(Text(cell) for cell in line))
    Console().print(made)


def _plain(lines: list[list[str]]) -> None:
    widths = [max(len(line[n]) for line in lines) for n in range(len(lines[0]))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _words(row: Mapping[str, Any], heads: Sequence[str]) -> list[str]:
    return [word(row[name]) for name in heads]


def word(value: object) -> str:
    """Write a value for people."""
    if value is True or value is False:
        return "yes" if value else "no"
    if value is None or value == "":
        return "-"
    if isinstance(value, list | tuple):
        return ", ".join(map(word, value)) or "-"
    if isinstance(value, dict):
        return msgspec.json.encode(value).decode()
    return str(value).translate(_CONTROLS)


_CONTROLS = {code: "�" for code in (*range(32), *range(127, 160)) if code != 10} | {10: "\\n"}
"""What would move a terminal's cursor is not written to it."""


def moment(at: int) -> str | None:
    """Write a time in microseconds as ISO 8601 in UTC; None for 0."""
    if not at:
        return None
    return datetime.fromtimestamp(at / 1_000_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
