"""From where logins are used: an address that is new waits until the operator confirms it. spec: smsc/1.3

Asked only for accounts whose limits say so (`Limits.new_addresses`). The first address of a login is known at once,
for somebody must begin.
"""

from msgspec import Struct

from depesza.services.accounts import Unknown
from depesza.store.tx import Tx


class Address(Struct, frozen=True):
    """One address of a login."""

    account: int
    login: str
    address: str
    confirmed: bool
    at: int
    """When it was first used."""


async def admit(tx: Tx, account: int, login: str, address: str, now: int) -> bool:
    """Tell whether a login may submit from an address; keeps one that is new, to be confirmed."""
    await tx.wallet(account)  # one at a time: two new addresses are not both the first
    rows = await tx.query(
        "SELECT address, confirmed FROM known_addresses WHERE account = ?1 AND login = ?2", account, login
    )
    known = {str(row[0]): bool(row[1]) for row in rows}
    if address in known:
        return known[address]
    await remember(tx, account, login, address, now, confirmed=not known)
    return not known


async def remember(tx: Tx, account: int, login: str, address: str, now: int, *, confirmed: bool) -> None:
    """Keep an address of a login, as one that is known or that waits."""
    tx.write(
        "INSERT INTO known_addresses (account, login, address, confirmed, at) VALUES (?1, ?2, ?3, ?4, ?5)"
        " ON CONFLICT (account, login, address) DO UPDATE SET confirmed = excluded.confirmed",
        account, login, address, int(confirmed), now,
    )  # fmt: skip


async def confirm(tx: Tx, account: int, login: str, address: str, now: int) -> None:
    """Let a login submit from an address, used or not yet."""
    await remember(tx, account, login, address, now, confirmed=True)


async def forget(tx: Tx, account: int, login: str, address: str) -> None:
    """Forget an address, so that it is new again; raises `Unknown`."""
    key = (account, login, address)
    where = "account = ?1 AND login = ?2 AND address = ?3"
    if not await tx.query(f"SELECT 1 FROM known_addresses WHERE {where}", *key):
        raise Unknown(f"address {address} of login {login}")
    tx.write(f"DELETE FROM known_addresses WHERE {where}", *key)


async def listed(tx: Tx, account: int = 0) -> list[Address]:
    """List the addresses of an account's logins, of all where none is named: those that wait come first."""
    rows = await tx.query(
        "SELECT account, login, address, confirmed, at FROM known_addresses WHERE account = ?1 OR ?1 = 0"
        " ORDER BY confirmed, at DESC, address",
        account,
    )
    return [Address(row[0], row[1], row[2], bool(row[3]), row[4]) for row in rows]
