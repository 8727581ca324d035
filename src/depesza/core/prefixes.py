"""Longest-prefix tables: what pricing and routing ask about a number's first digits."""

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

T = TypeVar("T")


class PrefixTable(Generic[T]):
    """A fixed mapping from digit prefixes to values; the longest prefix of a number wins.

    One dictionary look-up for each length of prefix in the table, longest first: prices have five or six
    lengths, whatever the number of rows. The empty prefix is the default for every number.
    """

    def __init__(self, rows: Mapping[str, T]) -> None:
        self._rows = dict(rows)
        self._lengths = tuple(sorted({len(prefix) for prefix in rows}, reverse=True))

    def find(self, digits: str) -> T | None:
        """Give the value of the longest prefix of these digits (E.164 without `+`), or None."""
        row = self.find_row(digits)
        return None if row is None else row[1]

    def find_row(self, digits: str) -> tuple[str, T] | None:
        """Give the longest prefix itself with its value, or None: what an explanation shows."""
        rows = self._rows
        for length in self._lengths:
            prefix = digits[:length]
            if prefix in rows:
                return prefix, rows[prefix]
        return None

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)
