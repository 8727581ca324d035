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
    """The price list, compiled."""

    def __init__(self, rows: Collection[Price]) -> None:
        """The account's own rows win over general ones, a longer prefix over a shorter, a prefix over a country."""
        self._rows = sorted(
            rows, key=lambda row: (row.account == 0, -len(row.prefix), row.country == "", row.id)
        )
        self._cache: dict[tuple[int, str, str], int] = {}

    def part(self, account: int, receiver: str, country: str) -> int:
        """Tell the price of one part in micro-credits; `receiver` is E.164 digits without plus."""
        if not self._rows:
            return DEFAULT
        for row in self._rows:
            if row.account in (0, account) and receiver.startswith(row.prefix) and row.country in ("", country):
                return row.micro
        return DEFAULT
