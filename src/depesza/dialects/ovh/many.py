"""Several objects in one answer: the batch header and the paging headers. spec: ovh/1.12

Both work around any pair of GET operations, a list of ids and one object. What only the vendor's own web console
sends is told from memory in the spec; clients without these headers see nothing of it.
"""

import operator
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import unquote

import msgspec
from msgspec import Struct

from depesza.dialects.ovh.errors import OvhError, bad_request

BATCH = "x-ovh-batch"
MODE = "x-pagination-mode"
MODES = frozenset({"cachedobjectlist-pages", "cachedobjectlist-cursor"})

MOST_KEYS = 1000
SIZE = 1000
MOST_SORTED = 5000
"""Objects that are fetched at most to be filtered or sorted, in the order of the list."""

Ask = Callable[[str], Awaitable[object]]
"""Fetches one object by its key."""

COMPARE: dict[str, Callable[[object, object], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": lambda a, b: _key(a) < _key(b),
    "le": lambda a, b: _key(a) <= _key(b),
    "gt": lambda a, b: _key(a) > _key(b),
    "ge": lambda a, b: _key(a) >= _key(b),
    "like": lambda a, b: str(b).strip("%").lower() in str(a).lower(),
}


async def batch(joined: str, separator: str, ask: Ask) -> list[dict[str, object]]:
    """Answer for each key of a path's last segment, errors beside values."""
    keys = [key for key in joined.split(separator or ",") if key]
    if len(keys) > MOST_KEYS:
        raise bad_request(f"More than {MOST_KEYS} objects in one batch")
    found: list[dict[str, object]] = []
    for key in keys:
        try:
            found.append({"key": key, "value": await ask(key), "error": None})
        except OvhError as error:
            refusal = {"class": error.cls, "message": error.message}
            found.append({"key": key, "value": None, "error": refusal})
    return found


class Page(Struct, frozen=True):
    """What the paging headers ask for."""

    size: int
    number: int
    sort: str
    falling: bool
    filters: tuple[tuple[str, str, str], ...]
    """(field, comparison, value)."""


def read_page(headers: Mapping[str, str]) -> Page | None:
    """Read the paging headers; None when there are none."""
    if headers.get(MODE, "").lower() not in MODES:
        return None
    return Page(
        _whole(headers.get("x-pagination-size", ""), SIZE, SIZE),
        _whole(headers.get("x-pagination-number", ""), 1, 1 << 40),
        headers.get("x-pagination-sort", ""),
        headers.get("x-pagination-sort-order", "").upper() == "DESC",
        tuple(_filters(headers.get("x-pagination-filter", ""))),
    )


def _whole(text: str, default: int, most: int) -> int:
    return min(max(int(text), 1), most) if text.isascii() and text.isdigit() and len(text) < 19 else default


def _filters(text: str) -> list[tuple[str, str, str]]:
    found = []
    for item in filter(None, text.split("&")):
        field, colon, rest = item.partition(":")
        comparison, equals, value = rest.partition("=")
        if not colon or not equals or comparison not in COMPARE:
            raise bad_request("X-Pagination-Filter cannot be read")
        found.append((field, comparison, unquote(value)))
    return found


async def paged(listed: object, page: Page, ask: Ask) -> tuple[list[object], tuple[tuple[str, str], ...]]:
    """Turn a list of ids into one page of objects and the headers that tell where it stands."""
    keys = listed if isinstance(listed, list) else []
    start = (page.number - 1) * page.size
    if page.sort or page.filters:
        objects = [item for item in await _objects(keys[:MOST_SORTED], ask) if _chosen(item, page)]
        if page.sort:
            objects.sort(key=lambda item: _key(item.get(page.sort)), reverse=page.falling)
        count, shown = len(objects), objects[start : start + page.size]
    else:
        count, shown = len(keys), await _objects(keys[start : start + page.size], ask)
    told = {
        "Elements": count,
        "Number": page.number,
        "Size": page.size,
        "Total": -(-count // page.size),
    }
    return list(shown), tuple((f"X-Pagination-{name}", str(value)) for name, value in told.items())


async def _objects(keys: list[object], ask: Ask) -> list[dict[str, object]]:
    found = []
    for key in keys:
        try:
            value = key if isinstance(key, dict) else await ask(str(key))
        except OvhError as error:
            if error.status == 404:  # it went away meanwhile
                continue
            raise
        item = msgspec.to_builtins(value)
        if isinstance(item, dict):
            found.append(item)
    return found


def _chosen(item: dict[str, object], page: Page) -> bool:
    return all(_compare(item.get(field), comparison, value) for field, comparison, value in page.filters)


def _compare(value: object, comparison: str, wanted: str) -> bool:
    typed: object = wanted
    if isinstance(value, bool):
        typed = wanted == "true"
    elif isinstance(value, int | float):
        try:
            typed = float(wanted)
        except ValueError:
            return False
    elif value is None:
        typed = None if wanted in ("", "null") else wanted
    return COMPARE[comparison](value, typed)


def _key(value: object) -> tuple[int, float, str]:
    """Order anything: nothing first, then numbers, then texts."""
    if value is None:
        return (0, 0.0, "")
    if isinstance(value, int | float):
        return (1, float(value), "")
    return (2, 0.0, str(value))
