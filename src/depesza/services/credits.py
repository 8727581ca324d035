"""Credits given, moved, corrected and ordered. spec: ovh/4.1 ovh/4.11

An order waits until the operator fulfils it; the automatic one of `services.submit` is fulfilled at once.
"""

from msgspec import Struct

from depesza.core import ledger
from depesza.core.model import MICRO
from depesza.services.accounts import Unknown, balance_of
from depesza.store.tx import Tx


class Order(Struct, frozen=True):
    """An order of credits."""

    id: int
    account: int
    at: int
    quantity: int
    """Credits."""
    kind: str
    """`manual` or `automatic`."""
    status: str
    """`waiting` or `done`."""


async def topup(tx: Tx, account: int, amount: int, now: int, note: str = "") -> int:
    """Give an account credits (micro-credits, above zero); gives its balance. Raises `Unknown`."""
    _must_exist(tx, account)
    await tx.book(ledger.topup(account, amount, 0, now, tx.new_id(), note))
    return (await tx.wallet(account)).balance


async def adjust(tx: Tx, account: int, amount: int, now: int, note: str = "") -> int:
    """Correct a balance by hand, up or down; gives the balance. Raises `Unknown`."""
    _must_exist(tx, account)
    await tx.book(ledger.adjust(account, amount, 0, now, tx.new_id(), note))
    return (await tx.wallet(account)).balance


async def transfer(tx: Tx, source: int, target: int, amount: int, now: int, note: str = "") -> None:
    """Move credits between accounts; raises `Unknown`, `ledger.BadEntry`, `ledger.NotEnoughCredits`.

    A credit limit is for sending: it can't be given away.
    """
    _must_exist(tx, source)
    _must_exist(tx, target)
    await tx.book(ledger.transfer(source, target, amount, 0, now, tx.new_id(), note), 0)


async def balance(tx: Tx, account: int) -> int:
    """Read an account's balance in micro-credits."""
    return await balance_of(tx, account)


async def order(tx: Tx, account: int, quantity: int, now: int) -> Order:
    """Write an order of credits, to be fulfilled by the operator; raises `Unknown`."""
    _must_exist(tx, account)
    made = Order(tx.new_id(), account, now, quantity, "manual", "waiting")
    tx.insert("orders", (made.id, account, now, quantity, made.kind, made.status))
    return made


async def orders(tx: Tx, status: str = "waiting") -> list[Order]:
    """List orders of a status, the oldest first."""
    rows = await tx.query(
        "SELECT id, account, at, quantity, kind, status FROM orders WHERE status = ?1 ORDER BY id", status
    )
    return [Order(*row) for row in rows]


async def fulfil(tx: Tx, id: int, now: int) -> Order:
    """Credit an account with what it ordered; raises `Unknown` when no such order waits."""
    rows = await tx.rows("order_waiting", id)
    if not rows:
        raise Unknown(f"order {id}")
    made = Order(*rows[0])
    _must_exist(tx, made.account)
    tx.write("UPDATE orders SET status = 'done' WHERE id = ?1", id)
    await tx.book(ledger.topup(made.account, made.quantity * MICRO, id, now, tx.new_id()))
    return Order(made.id, made.account, made.at, made.quantity, made.kind, "done")


def _must_exist(tx: Tx, account: int) -> None:
    if account not in tx.facts.account:
        raise Unknown(f"account {account}")
