"""Ranges of numbers that the operator of this server knows better than the numbering data that is packaged."""

from collections.abc import Collection

import msgspec
from msgspec import Struct

from depesza.core.lookup import Finding, by_plan


class Range(Struct, frozen=True, kw_only=True):
    """Whose the numbers are that begin with some digits; a whole number is one that was ported."""

    prefix: str
    """Digits without plus."""
    operator: str
    """Name."""
    mcc: str = ""
    mnc: str = ""
    """Of the country and of the network; empty: as the packaged data says."""
    region: str = ""
    ported: int = 0
    """When it was learnt that the number is ported there, in microseconds; 0: it is their range."""


class Ranges:
    """The ranges, for many questions."""

    def __init__(self, rows: Collection[Range]) -> None:
        self._rows = {row.prefix: row for row in rows}
        self._lengths = sorted({len(row.prefix) for row in rows}, reverse=True)

    def find(self, e164: str) -> Finding:
        """Tell what is known of a number without asking a network."""
        plan = by_plan(e164)
        digits = e164.lstrip("+")
        for length in self._lengths:
            row = self._rows.get(digits[:length])
            if row is not None:
                return msgspec.structs.replace(
                    plan,
                    operator=row.operator,
                    network=plan.network if row.ported else row.operator,
                    mcc=row.mcc or plan.mcc,
                    mnc=row.mnc or plan.mnc,
                    region=row.region,
                    ported=row.ported > 0,
                )
        return plan

    def operator_code(self, receiver: str) -> str:
        """Name country and network of a receiver (digits), `25001`."""
        return self.find(f"+{receiver}").operator_code
