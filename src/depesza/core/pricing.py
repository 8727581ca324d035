"""What one part costs: rows by prefix, country and account; the most particular one wins."""

from collections.abc import Collection

from msgspec import Struct

from depesza.core.model import MICRO


class Price(Struct, frozen=True, kw_only=True):
    """One row of the price list."""

    id: int
    micro: int
    """Micro-credits for one part."""
    account: int = 0
    """0: for every account."""
    prefix: str = ""
    """Digits the receiver begins with."""
    country: str = ""
    """ISO code."""


DEFAULT = MICRO
"""One credit a part where no row fits (spec: ovh/4.1)."""


class Prices:
    """The price list, compiled: prefixes by account, longest first, so a question costs a few look-ups."""

    def __init__(self, rows: Collection[Price]) -> None:
        """Compile the rows.

        The account's own rows win over general ones, then a longer prefix over a shorter, then one with a
        country over one without, then the older.
        """
        self._lists: dict[int, tuple[list[int], dict[str, dict[str, int]]]] = {}
        for row in sorted(rows, key=lambda row: row.id):
            _, prefixes = self._lists.setdefault(row.account, ([], {}))
            prefixes.setdefault(row.prefix, {}).setdefault(row.country, row.micro)
        for lengths, prefixes in self._lists.values():
            lengths += sorted({len(prefix) for prefix in prefixes}, reverse=True)

    def part(self, account: int, receiver: str, country: str) -> int:
        """Tell the price of one part in micro-credits; `receiver` is E.164 digits without plus."""
        lists = self._lists
        for owner in (account, 0) if account in lists else (0,):
            if owner not in lists:
                continue
            lengths, prefixes = lists[owner]
            for length in lengths:
                found = prefixes.get(receiver[:length])
                if found is None:
                    continue
                micro = found.get(country)
                if micro is None:
                    micro = found.get("")
                if micro is not None:
                    return micro
        return DEFAULT
