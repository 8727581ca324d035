"""Invoices of accounts: what one is asked to pay, numbered from 1 for each. Paying them is the operator's to book."""

from msgspec import Struct

from depesza.services.accounts import Unknown
from depesza.store.tx import Tx


class Invoice(Struct, frozen=True):
    """A sum that an account is asked for."""

    account: int
    number: int
    at: int
    amount: int
    """In micro-units."""
    currency: str
    service: str
    """What it is for, in the client's words."""


async def create(tx: Tx, account: int, amount: int, service: str, now: int) -> Invoice:
    """Write an invoice in the account's currency; raises `Unknown`."""
    row = tx.facts.account.get(account)
    if row is None:
        raise Unknown(f"account {account}")
    await tx.wallet(account)  # one at a time: each has a number of its own
    last = await tx.query("SELECT COALESCE(MAX(number), 0) FROM invoices WHERE account = ?1", account)
    made = Invoice(account, int(last[0][0]) + 1, now, amount, row.currency, service)
    tx.write(
        "INSERT INTO invoices (account, number, at, amount, currency, service) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        account, made.number, now, amount, made.currency, service,
    )  # fmt: skip
    return made


async def find(tx: Tx, account: int, number: int = 0) -> Invoice:
    """Read an invoice of an account, the newest where no number is given; raises `Unknown`."""
    rows = await tx.query(
        "SELECT account, number, at, amount, currency, service FROM invoices WHERE account = ?1"
        " AND (number = ?2 OR ?2 = 0) ORDER BY number DESC LIMIT 1",
        account,
        number,
    )
    if not rows:
        raise Unknown(f"invoice {number}")
    return Invoice(*rows[0])
