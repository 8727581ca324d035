"""Reading the facts: rows of the fact tables into one immutable `Facts`."""

from collections.abc import Callable, Iterable
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from depesza.core.facts import Facts
from depesza.store import schema
from depesza.store.tx import Row


def _reader(hint: object) -> Callable[[Any], Any]:
    if get_origin(hint) in (Union, UnionType):
        hint = get_args(hint)[0]
    if get_origin(hint) is tuple:
        return msgspec.json.Decoder(hint).decode
    if isinstance(hint, type) and hint not in (int, str, bytes):
        return hint
    return lambda value: value


def select(table: str) -> str:
    """Write the query that reads a whole table of facts."""
    fields = schema.FACTS[table].__struct_fields__
    return f"SELECT {', '.join(fields)} FROM {table} ORDER BY {', '.join(schema.KEYS.get(table, ('id',)))}"


def _structs(table: str, rows: Iterable[Row]) -> tuple[Struct, ...]:
    struct = schema.FACTS[table]
    hints = get_type_hints(struct)
    readers = [_reader(hints[field]) for field in struct.__struct_fields__]
    names = struct.__struct_fields__
    return tuple(
        struct(**{name: read(value) for name, read, value in zip(names, readers, row, strict=True)}) for row in rows
    )


def build(version: int, tables: dict[str, list[Row]]) -> Facts:
    """Put the rows of all fact tables together; connectors', routes' and other fields come as stored."""
    return Facts(version=version, **{name: _structs(name, rows) for name, rows in tables.items()})  # type: ignore[arg-type]
