"""What one part costs: rows by account, channel, operator, prefix and country; the most particular one wins."""

from collections.abc import Callable, Collection

from msgspec import Struct

from depesza.core.model import MICRO, Channel


class Price(Struct, frozen=True, kw_only=True):
    """One row of the price list."""

    id: int
    micro: int
    """For one part, in millionths of a credit, or of the currency's unit."""
    account: int = 0
    """0: for every account."""
    prefix: str = ""
    """Digits the receiver begins with."""
    country: str = ""
    """ISO code."""
    channel: Channel = Channel.SMS
    operator: str = ""
    """Country and network code of the receiver's operator, `25001`."""
    currency: str = ""
    """Only for accounts that are kept in it; empty: in credits."""


DEFAULT = MICRO
"""One credit a part where no row fits (spec: ovh/4.1); what is paid in a currency needs a row."""

Rows = dict[str, dict[str, int]]
"""Micro-units by operator and country."""
_List = tuple[list[int], dict[str, Rows]]
"""Lengths of the prefixes, longest first, and the rows of each."""


class Prices:
    """The price list, compiled: prefixes by account, longest first, so a question costs a few look-ups."""

    def __init__(self, rows: Collection[Price], operator_of: Callable[[str], str] = lambda receiver: "") -> None:
        """Compile the rows; `operator_of` names the operator of a receiver, and is asked only where a row does.

        The account's own rows win over general ones, then a longer prefix over a shorter, then one with an operator
        over one without, then one with a country over one without, then the older.
        """
        self._lists: dict[tuple[int, str, str], _List] = {}
        self._operator_of = operator_of
        self._by_operator = any(row.operator for row in rows)
        for row in sorted(rows, key=lambda row: row.id):
            _, prefixes = self._lists.setdefault((row.account, row.currency, row.channel), ([], {}))
            rows_here = prefixes.setdefault(row.prefix, {}).setdefault(row.operator, {})
            rows_here.setdefault(row.country, row.micro)
        for lengths, prefixes in self._lists.values():
            lengths += sorted({len(prefix) for prefix in prefixes}, reverse=True)

    def part(
        self, account: int, receiver: str, country: str, channel: Channel = Channel.SMS, currency: str = ""
    ) -> int | None:
        """Tell the price of one part in micro-units; `receiver` is E.164 digits without plus.

        None where no row fits and there is no usual price: in a currency, and for all that is no SMS.
        """
        operator = self._operator_of(receiver) if self._by_operator else ""
        return self.zone(account, receiver, country, operator, channel, currency)

    def zone(
        self, account: int, prefix: str, country: str, operator: str, channel: Channel, currency: str
    ) -> int | None:
        """Tell the same of all numbers that begin so and belong to an operator, as far as these decide it."""
        lists = self._lists
        operators = (operator, "") if operator else ("",)
        for owner in (account, 0):
            found = lists.get((owner, currency, channel))
            if found is None:
                continue
            micro = _find(found, prefix, country, operators)
            if micro is not None:
                return micro
        return DEFAULT if not currency and channel in (Channel.SMS, Channel.PING) else None


def _find(found: _List, receiver: str, country: str, operators: tuple[str, ...]) -> int | None:
    lengths, prefixes = found
    for length in lengths:
        rows = prefixes.get(receiver[:length])
        if rows is None:
            continue
        for operator in operators:
            here = rows.get(operator)
            if here is None:
                continue
            micro = here.get(country)
            if micro is None:
                micro = here.get("")
            if micro is not None:
                return micro
    return None
