"""How accounts hang together: which stands above, which pays, whose prices hold, what currency it all is in.

One step each way: who pays for others pays for itself, and whose prices hold for others has its own. spec: smsc/3.9
"""

from collections.abc import Collection

from depesza.core.facts import Account
from depesza.store.tx import Tx


class Tangled(ValueError):
    """Accounts can't be related so; the text says why."""


def check(account: Account, accounts: Collection[Account]) -> None:
    """Refuse an account that does not fit to all the others; raises `Tangled`."""
    others = {row.id: row for row in accounts if row.id != account.id}
    _check_parent(account, others)
    _check_payer(account, others)
    if account.currency and account.recredit_amount:
        raise Tangled("recredit_amount: automatic orders are of credits, and it is kept in a currency")
    if not account.priced_as:
        return
    model = others.get(account.priced_as)
    if model is None or model.priced_as:
        raise Tangled("priced_as: an account whose own prices hold is needed")
    if any(row.priced_as == account.id for row in others.values()):
        raise Tangled("priced_as: its own prices hold for other accounts")


def _check_parent(account: Account, others: dict[int, Account]) -> None:
    above, steps = account.parent, 0
    while above:
        row = others.get(above)
        steps += 1
        if row is None or steps > len(others):
            raise Tangled("parent: an account can't stand above itself")
        above = row.parent
    if account.shares and not account.parent:
        raise Tangled("shares: there is no account above it")


def _check_payer(account: Account, others: dict[int, Account]) -> None:
    paid = [row for row in others.values() if row.payer == account.id]
    if any(row.currency != account.currency for row in paid):
        raise Tangled("currency: it pays for accounts that are kept in another one")
    if not account.payer:
        return
    payer = others.get(account.payer)
    if payer is None or payer.payer:
        raise Tangled("payer: an account that pays for itself is needed")
    if payer.currency != account.currency:
        raise Tangled("payer: it is kept in another currency")
    if paid:
        raise Tangled("payer: it pays for other accounts")


async def check_currency(tx: Tx, account: Account) -> None:
    """Refuse another currency for an account whose wallets something was booked on; raises `Tangled`."""
    wallets = [account.id, *(row.id for row in tx.facts.users if row.account == account.id)]
    listed = ", ".join(map(str, wallets))
    if await tx.query(f"SELECT 1 FROM entries WHERE source IN ({listed}) OR target IN ({listed}) LIMIT 1"):
        raise Tangled("currency: something was booked already")


def check_unused(account: Account, accounts: Collection[Account]) -> None:
    """Refuse to let an account go that others need; raises `Tangled`."""
    for row in accounts:
        if account.id in (row.parent, row.payer, row.priced_as):
            raise Tangled(f"account {row.name} needs it")
