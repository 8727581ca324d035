"""Numbers that the operator offers: rented by the month, prolonged or given back, or shared for calls. spec: smsc/3.12

Whoever rents a number may send from it, and what is written to it belongs to the account.
"""

from msgspec import Struct

from depesza.core import ledger, quota
from depesza.core.facts import Account, Sender
from depesza.core.model import MICRO
from depesza.services import orders
from depesza.services.accounts import Unknown
from depesza.store.contract import Conflict
from depesza.store.tx import Row, Tx

MONTH = 30 * 86_400 * MICRO
NOTE = "number"
"""Stands in the entries of rents."""
_COLUMNS = "number, currency, price, shared, account, prolong, until"


class Offered(Struct, frozen=True):
    """A number of the operator's."""

    number: str
    """E.164."""
    currency: str = ""
    price: int = 0
    """A month's, in micro-units."""
    shared: bool = False
    """It is not rented: everybody's calls may be waited for on it."""
    account: int = 0
    """Who rents it; 0 for nobody."""
    prolong: bool = False
    until: int = 0


# the operator's


async def offer(tx: Tx, offered: Offered) -> None:
    """Offer a number; raises `Conflict` when it is known."""
    if await find(tx, offered.number) is not None or tx.facts.number_owner.get(offered.number):
        raise Conflict(f"{offered.number} is known already")
    _write(tx, offered)


async def withdraw(tx: Tx, number: str) -> None:
    """Offer a number no more; raises `Unknown`, and `Conflict` while somebody rents it."""
    found = await find(tx, number)
    if found is None:
        raise Unknown(f"number {number}")
    if found.account:
        raise Conflict(f"{number} is rented")
    tx.write("DELETE FROM offered_numbers WHERE number = ?1", number)


async def listing(tx: Tx) -> list[Offered]:
    """List all numbers."""
    return [_offered(row) for row in await tx.query(f"SELECT {_COLUMNS} FROM offered_numbers ORDER BY number")]


def _write(tx: Tx, offered: Offered) -> None:
    o = offered
    tx.write(
        f"INSERT INTO offered_numbers ({_COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
        " ON CONFLICT (number) DO UPDATE SET account = excluded.account, prolong = excluded.prolong,"
        " until = excluded.until",
        o.number, o.currency, o.price, int(o.shared), o.account, int(o.prolong), o.until,
    )  # fmt: skip


async def find(tx: Tx, number: str) -> Offered | None:
    """Read a number, for change."""
    rows = await tx.rows("offered_number", number)
    return _offered(rows[0]) if rows else None


def _offered(row: Row) -> Offered:
    return Offered(row[0], row[1], row[2], bool(row[3]), row[4], bool(row[5]), row[6])


# the account's


async def free(tx: Tx, account: Account) -> list[Offered]:
    """List the numbers that an account may rent: those with a price in its currency."""
    return [each for each in await listing(tx) if _is_free(each, account)]


def _is_free(offered: Offered, account: Account) -> bool:
    return not (offered.shared or offered.account) and offered.currency == account.currency


async def rent(tx: Tx, account: Account, number: str, now: int, *, prolong: bool) -> Offered:
    """Rent a number for a month; raises `Unknown` where it is not free, and `ledger.NotEnoughCredits`."""
    found = await find(tx, number)
    if found is None or not _is_free(found, account):
        raise Unknown(f"number {number}")
    await _charge(tx, account, found, now)
    rented = Offered(number, found.currency, found.price, False, account.id, prolong, now + MONTH)
    _write(tx, rented)
    tx.put("senders", Sender(account=account.id, name=number, kind="virtual", referer="virtual", created=now))
    return rented


async def change(tx: Tx, account: int, number: str, *, prolong: bool) -> None:
    """Say whether a rented number is to be prolonged; raises `Unknown`."""
    found = await find(tx, number)
    if found is None or found.account != account:
        raise Unknown(f"number {number}")
    tx.write("UPDATE offered_numbers SET prolong = ?2 WHERE number = ?1", number, int(prolong))


async def renew(tx: Tx, now: int, limit: int) -> int:
    """Prolong a page of numbers whose month is over, or take them back; gives how many there were."""
    rows = await tx.rows("offered_due", now, limit)
    for found in map(_offered, rows):
        account = tx.facts.account.get(found.account)
        if account is None or not account.enabled or not found.prolong or not await _paid(tx, account, found, now):
            _take_back(tx, found)
        else:
            tx.write("UPDATE offered_numbers SET until = ?2 WHERE number = ?1", found.number, found.until + MONTH)
    return len(rows)


async def _paid(tx: Tx, account: Account, found: Offered, now: int) -> bool:
    try:
        await _charge(tx, account, found, now)
    except ledger.NotEnoughCredits:
        return False
    return True


async def _charge(tx: Tx, account: Account, found: Offered, now: int) -> None:
    if found.price:
        payer = quota.payer(account, None)
        entry = ledger.charge(payer, found.price, 0, now, tx.new_id(), NOTE, account.currency)
        await tx.book(entry, quota.limit(account, None, tx.facts))
        await orders.recredit(tx, account, now)


def _take_back(tx: Tx, found: Offered) -> None:
    tx.write("UPDATE offered_numbers SET account = 0, prolong = 0, until = 0 WHERE number = ?1", found.number)
    tx.drop("senders", account=found.account, name=found.number)
