"""Ranges of numbers and ported numbers, as the operator knows them; set one by one or read from a list."""

import csv
from collections.abc import Iterable, Sequence

from msgspec import Struct

from depesza.core import networks, phone
from depesza.core.ranges import Range
from depesza.services.draft import Draft, merged
from depesza.services.wishes import RangeWish, WishError
from depesza.store.tx import Cell, Tx

PAGE = 1000
"""Rows written with one statement."""
MOST = 500_000
"""Ported numbers in one list: all of them are held in memory."""
_COLUMNS = ("prefix", "operator", "mcc", "mnc", "region", "ported")


class Ported(Struct, frozen=True, gc=False):
    """One line of a list of ported numbers."""

    number: str
    """Digits without plus."""
    mcc: str
    mnc: str


def put_range(draft: Draft, wish: RangeWish) -> Range:
    """Create or change a range."""
    old = draft.ranges.get(wish.prefix)
    new = merged(Range, old, wish, {})
    draft.ranges[wish.prefix] = new
    draft.put("ranges", "range", wish.prefix, old, new)
    return new


def remove_range(draft: Draft, prefix: str) -> None:
    """Forget a range."""
    if draft.ranges.pop(prefix, None) is None:
        raise WishError(f"there is no range {prefix}")
    draft.drop("ranges", "range", prefix, prefix=prefix)


def read_ported(lines: Iterable[str]) -> list[Ported]:
    """Read a list of ported numbers, `79161234567;25002` a line under a head; raises ValueError that names a line."""
    found: list[Ported] = []
    for n, row in enumerate(csv.reader(lines, delimiter=";"), 1):
        if not row or (n == 1 and not row[0].strip("\ufeff+ ").isdecimal()):
            continue
        number, code = row[0].strip("\ufeff+ "), row[1].strip() if len(row) > 1 else ""
        good = number.isascii() and number.isdecimal() and 7 <= len(number) <= 15
        if not good or not (code.isascii() and code.isdecimal() and len(code) in (5, 6)):
            raise ValueError(f"line {n}: {';'.join(row)[:60]!r} is not like 79161234567;25002")
        if len(found) == MOST:
            raise ValueError(f"more than {MOST} numbers")
        found.append(Ported(number, code[:3], code[3:]))
    return found


async def take_ported(tx: Tx, numbers: Sequence[Ported], now: int) -> int:
    """Keep where numbers were ported to; what was known of them before is replaced. Gives how many."""
    names = {(row.mcc, row.mnc): row.operator for row in tx.facts.ranges if not row.ported}
    for start in range(0, len(numbers), PAGE):
        page = {row.number: row for row in numbers[start : start + PAGE]}
        values: list[Cell] = []
        for row in page.values():
            operator = names.get((row.mcc, row.mnc)) or _packaged(row) or f"{row.mcc}{row.mnc}"
            values += [row.number, operator, row.mcc, row.mnc, "", now]
        width = len(_COLUMNS)
        marks = ", ".join(
            f"({', '.join(f'?{n * width + place}' for place in range(1, width + 1))})" for n in range(len(page))
        )
        change = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])
        tx.write(
            f"INSERT INTO ranges ({', '.join(_COLUMNS)}) VALUES {marks} ON CONFLICT (prefix) DO UPDATE SET {change}",
            *values,
        )
    tx.facts_changed = True
    return len(numbers)


def _packaged(row: Ported) -> str:
    """Name an operator by the packaged codes of the number's country; empty where they don't know it."""
    parsed = phone.parse(f"+{row.number}")
    named = networks.NETWORKS.get(parsed.country or "", ()) if parsed is not None else ()
    return next((name for name, mnc in named if mnc == row.mnc), "")
