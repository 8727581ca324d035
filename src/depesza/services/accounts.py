"""Accounts: made, changed and ended; what a client may see of their money."""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from depesza.core.facts import Account
from depesza.store.contract import Conflict
from depesza.store.tx import Tx


class Unknown(Exception):
    """The row does not exist (any more)."""


class Money(Struct, frozen=True):
    """What an account has, in micro-credits."""

    balance: int
    held: int
    """Held by its users' quotas."""
    holders: int
    """Users with a quota."""


async def create(tx: Tx, draft: Account) -> Account:
    """Make an account from a draft (its id is given here); raises `Conflict` when the name is taken."""
    if draft.name in tx.facts.account_named:
        raise Conflict(f"an account {draft.name} exists already")
    account = msgspec.structs.replace(draft, id=tx.new_id())
    tx.put("accounts", account)
    return account


async def change(tx: Tx, id: int, changes: Mapping[str, object]) -> Account:
    """Change fields of an account by name; raises `Unknown`, and `ValueError` for what can't be changed."""
    old = tx.facts.account.get(id)
    if old is None:
        raise Unknown(f"account {id}")
    fixed = {"id", "owner", "name"} & changes.keys()
    strange = changes.keys() - set(old.__struct_fields__)
    if fixed or strange:
        raise ValueError(f"can't be changed: {', '.join(sorted(fixed | strange))}")
    account = msgspec.convert(msgspec.structs.asdict(old) | dict(changes), Account)
    if account != old:
        tx.put("accounts", account)
    return account


async def delete(tx: Tx, id: int) -> None:
    """End an account with its users and senders; its messages and entries stay. Raises `Unknown`."""
    if id not in tx.facts.account:
        raise Unknown(f"account {id}")
    tx.drop("accounts", id=id)
    tx.drop("users", account=id)
    tx.drop("senders", account=id)
    tx.drop("tokens", account=id)
    tx.drop("logins", account=id)
    tx.drop("limits", account=id)


async def balance_of(tx: Tx, wallet: int) -> int:
    """Read a wallet's balance without locking it: to be shown, not to be spent."""
    rows = await tx.query("SELECT balance FROM wallets WHERE id = ?1", wallet)
    return int(rows[0][0]) if rows else 0


async def waiting(tx: Tx, id: int, dialect: str) -> int:
    """Count an account's messages of one dialect that nobody has sent yet."""
    rows = await tx.query(
        "SELECT COUNT(*) FROM messages m JOIN submissions s ON s.id = m.submission"
        " WHERE m.account = ?1 AND m.state IN (0, 1, 2) AND s.dialect = ?2",
        id,
        dialect,
    )
    return int(rows[0][0])


async def money(tx: Tx, id: int) -> Money:
    """Read what an account has."""
    holders = [user.id for user in tx.facts.users if user.account == id and user.quota]
    held = sum([await balance_of(tx, user) for user in holders])
    return Money(await balance_of(tx, id), held, len(holders))
