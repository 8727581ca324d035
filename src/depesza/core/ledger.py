"""Credits: entries that move them between wallets, and the ways they are written.

Double entry: what leaves one wallet reaches another, so all balances always sum to zero. A wallet's id is its
account's or, for a user with a quota, its user's; the house's own take what is spent and make what is sold, a pair
for credits (`INCOME`, `ISSUE`) and one for each currency, in which whole accounts are kept. Amounts are integers
of micro-units; floats appear only in a client's JSON. spec: ovh/4.1 smsc/2.5
"""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from depesza.core.model import INCOME, ISSUE, MICRO, Entry

_CENT = MICRO // 100
CURRENCIES = ("", "RUR", "UAH", "KZT", "USD", "EUR")
"""What a wallet may hold; the first is credits. The place of each is stored, so it never changes."""
HOUSE = {currency: (INCOME + 2 * place, ISSUE + 2 * place) for place, currency in enumerate(CURRENCIES)}
"""By currency: the system wallets that take what is spent and from which money comes."""


class BadEntry(ValueError):
    """An entry that the books cannot take: our mistake, never a client's."""


class NotEnoughCredits(Exception):
    """The wallet cannot pay; nothing was written."""

    def __init__(self, left: int, needed: int) -> None:
        """Both in micro-credits."""
        super().__init__(f"{two_decimals(left)} credits left, {two_decimals(needed)} needed")
        self.left = left
        self.needed = needed


def charge(wallet: int, amount: int, ref: int, now: int, id: int, note: str = "", currency: str = "") -> Entry:
    """Take credits for a submission (`ref`)."""
    return _entry(id, now, "charge", _owned(wallet), HOUSE[currency][0], amount, ref, note)


def refund(wallet: int, amount: int, ref: int, now: int, id: int, note: str = "", currency: str = "") -> Entry:
    """Give credits back for a message or submission (`ref`)."""
    return _entry(id, now, "refund", HOUSE[currency][0], _owned(wallet), amount, ref, note)


def topup(wallet: int, amount: int, ref: int, now: int, id: int, note: str = "", currency: str = "") -> Entry:
    """Give credits that were bought with an order (`ref`, 0 for none)."""
    return _entry(id, now, "topup", HOUSE[currency][1], _owned(wallet), amount, ref, note)


def transfer(source: int, target: int, amount: int, ref: int, now: int, id: int, note: str = "") -> Entry:
    """Move credits between two accounts, or between an account and its user's quota."""
    return _entry(id, now, "transfer", _owned(source), _owned(target), amount, ref, note)


def adjust(wallet: int, amount: int, ref: int, now: int, id: int, note: str = "", currency: str = "") -> Entry:
    """Correct a balance by hand, up with a positive amount, down with a negative one."""
    issue = HOUSE[currency][1]
    if amount < 0:
        return _entry(id, now, "adjust", _owned(wallet), issue, -amount, ref, note)
    return _entry(id, now, "adjust", issue, _owned(wallet), amount, ref, note)


def _owned(wallet: int) -> int:
    """Refuse the wallets that belong to the house."""
    if wallet <= HOUSE[CURRENCIES[-1]][1]:
        raise BadEntry(f"wallet {wallet} belongs to no account")
    return wallet


def _entry(id: int, at: int, kind: str, source: int, target: int, amount: int, ref: int, note: str) -> Entry:
    if amount <= 0:
        raise BadEntry(f"a {kind} of {amount} moves nothing")
    if source == target:
        raise BadEntry(f"a {kind} from wallet {source} to itself moves nothing")
    return Entry(id, at, kind, source, target, amount, ref, note)


def balances(entries: Iterable[Entry]) -> dict[int, int]:
    """Sum entries into the balance of each wallet they touch; all of them together are zero."""
    sums: dict[int, int] = {}
    for entry in entries:
        sums[entry.source] = sums.get(entry.source, 0) - entry.amount
        sums[entry.target] = sums.get(entry.target, 0) + entry.amount
    return sums


def affordable(balance: int, credit_limit: int, amount: int) -> bool:
    """Tell whether a wallet can pay; what costs nothing is always affordable."""
    return amount <= 0 or balance - amount >= -credit_limit


def spend(balance: int, credit_limit: int, amount: int) -> int:
    """Give the balance after a payment; raises `NotEnoughCredits`."""
    if not affordable(balance, credit_limit, amount):
        raise NotEnoughCredits(balance, amount)
    return balance - amount


def micro(value: Decimal | str | int | float) -> int:
    """Turn credits into micro-credits, rounded half up beyond the sixth decimal; raises ValueError."""
    if isinstance(value, int):
        return value * MICRO
    try:
        # a float counts as the shortest decimal that means it: 0.1 is a tenth
        exact = Decimal(repr(value) if isinstance(value, float) else value) * MICRO
        return int(exact.to_integral_value(ROUND_HALF_UP))
    except (InvalidOperation, OverflowError, ValueError) as error:
        raise ValueError(f"not an amount of credits: {value!r}") from error


def credits(micro: int) -> int | float:
    """Turn micro-credits into a number for JSON: an integer when whole, else a short decimal."""
    whole, rest = divmod(micro, MICRO)
    return micro / MICRO if rest else whole


def told(micro: int, currency: str = "") -> str:
    """Write an amount with what it is: `1.40 RUR`, `3.00 credits`."""
    return f"{two_decimals(micro)} {currency or 'credits'}"


def two_decimals(micro: int) -> str:
    """Write micro-credits as credits with two decimals, rounded half away from zero."""
    cents = (abs(micro) + _CENT // 2) // _CENT
    sign = "-" if micro < 0 < cents else ""
    return f"{sign}{cents // 100}.{cents % 100:02}"
