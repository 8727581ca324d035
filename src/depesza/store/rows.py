"""Rows as the drivers give and take them, and the values that are made of them."""

from collections.abc import Sequence
from typing import Any

import msgspec

from depesza.core.model import Content, Extras, Message, State

_extras = msgspec.json.Decoder(Extras).decode

Cell = int | str | bytes | None
Row = Sequence[Any]
"""One row of a result or of values to write; its types are those of its query's columns."""


def merged(moves: list[Row]) -> list[Row]:
    """Join steps of one message in one batch into a single one: a statement must not meet a row twice."""
    found: dict[int, Row] = {}
    for row in moves:
        first = found.setdefault(row[0], row)
        if first is not row and first[2] == row[1]:
            sent, done, due, maybe, connector = (new or old for old, new in zip(first[4:], row[4:], strict=True))
            found[row[0]] = (row[0], first[1], row[2], row[3], sent, done, due, maybe, connector)
    return list(found.values()) if len(found) < len(moves) else moves


def cell(value: object) -> Cell:
    """Write a field of a fact as a column."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | bytes):
        return int(value) if isinstance(value, int) else value
    if isinstance(value, str):
        return str(value)
    return msgspec.json.encode(value).decode()


def message_of(row: Row, contents: dict[int, Content]) -> Message:
    """Read a message from the columns of `queue_page`."""
    id, submission, _, _, receiver, text, parts, price, state, priority, turn, due, _, route, connector = row[:15]
    attempts, refusal, maybe = row[15:18]
    return Message(
        id, contents[submission], receiver, parts, price, State(state), priority, turn, due, route, connector,
        text, attempts, refusal, bool(maybe),
    )  # fmt: skip


def content_of(row: Row) -> Content:
    """Read a submission from the columns of `contents`."""
    extras = _extras(row[20]) if row[20] else None
    return msgspec.convert(dict(zip(Content.__struct_fields__, (*row[:20], extras), strict=True)), Content)
