"""Credits given, moved and corrected; they are bought in `services.orders`. spec: ovh/4.1"""

from depesza.core import ledger
from depesza.core.facts import Account
from depesza.core.model import Entry
from depesza.services import orders
from depesza.services.accounts import Unknown, balance_of
from depesza.store.tx import Tx


async def topup(tx: Tx, account: int, amount: int, now: int, note: str = "") -> int:
    """Give an account credits (micro-credits, above zero); gives its balance. Raises `Unknown`."""
    currency = _known(tx, account).currency
    await tx.book(ledger.topup(account, amount, 0, now, tx.new_id(), note, currency))
    return (await tx.wallet(account)).balance


async def adjust(tx: Tx, account: int, amount: int, now: int, note: str = "") -> int:
    """Correct a balance by hand, up or down; gives the balance. Raises `Unknown`."""
    currency = _known(tx, account).currency
    await tx.book(ledger.adjust(account, amount, 0, now, tx.new_id(), note, currency))
    return (await tx.wallet(account)).balance


async def transfer(tx: Tx, source: int, target: int, amount: int, now: int, note: str = "") -> None:
    """Move credits between accounts; raises `Unknown`, `ledger.BadEntry`, `ledger.NotEnoughCredits`.

    A credit limit is for sending: it can't be given away. Accounts in different currencies move nothing.
    """
    if _known(tx, source).currency != _known(tx, target).currency:
        raise ledger.BadEntry(f"accounts {source} and {target} are kept in different currencies")
    await tx.book(ledger.transfer(source, target, amount, 0, now, tx.new_id(), note), 0)
    await orders.recredit(tx, tx.facts.account[source], now)


async def balance(tx: Tx, account: int) -> int:
    """Read an account's balance in micro-credits."""
    return await balance_of(tx, account)


async def entries(tx: Tx, wallet: int, limit: int) -> list[Entry]:
    """List the newest entries of a wallet, the newest first; both conditions have an index that they name."""
    side = (
        "SELECT * FROM (SELECT id, at, kind, source, target, amount, ref, note FROM entries"
        " WHERE {0} = ?1 AND {0} > 15 ORDER BY id DESC LIMIT ?2) AS {0}s"
    )
    rows = await tx.query(
        f"{side.format('source')} UNION ALL {side.format('target')} ORDER BY id DESC LIMIT ?2", wallet, limit
    )
    return [Entry(*row) for row in rows]


def _known(tx: Tx, account: int) -> Account:
    found = tx.facts.account.get(account)
    if found is None:
        raise Unknown(f"account {account}")
    return found
