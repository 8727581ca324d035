"""Users below an account, and their quotas: a quota is a wallet of its own, filled from the account's. spec: ovh/4.1"""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from depesza.core import ledger
from depesza.core.facts import Account, User
from depesza.services import orders
from depesza.services.accounts import Unknown, balance_of
from depesza.store.contract import Conflict
from depesza.store.tx import Tx


class Quota(Struct, frozen=True):
    """What a user's quota shall be; None leaves a part as it is."""

    active: bool | None = None
    left: int | None = None
    """Micro-credits that the user shall have; kept only while the quota is active."""


async def create(tx: Tx, draft: User) -> User:
    """Make a user from a draft (its id is given here, its password is a hash); raises `Conflict`, `Unknown`."""
    if draft.account not in tx.facts.account:
        raise Unknown(f"account {draft.account}")
    if (draft.account, draft.login) in tx.facts.user_named:
        raise Conflict(f"a user {draft.login} exists already")
    user = msgspec.structs.replace(draft, id=tx.new_id(), quota=False)
    tx.put("users", user)
    return user


async def change(tx: Tx, id: int, changes: Mapping[str, object], quota: Quota | None, now: int) -> User:
    """Change fields of a user by name, and its quota; raises `Unknown`, `ledger.NotEnoughCredits`, `ValueError`."""
    old = tx.facts.user.get(id)
    if old is None:
        raise Unknown(f"user {id}")
    fixed = {"id", "account", "login", "quota"} & changes.keys()
    strange = changes.keys() - set(old.__struct_fields__)
    if fixed or strange:
        raise ValueError(f"can't be changed: {', '.join(sorted(fixed | strange))}")
    user = msgspec.convert(msgspec.structs.asdict(old) | dict(changes), User)
    if quota is not None:
        user = await _set_quota(tx, tx.facts.account[old.account], user, quota, now)
    if user != old:
        tx.put("users", user)
    return user


async def _set_quota(tx: Tx, account: Account, user: User, quota: Quota, now: int) -> User:
    """Move credits between the account's wallet and the user's until the user has what is asked."""
    active = user.quota if quota.active is None else quota.active
    has = (await tx.wallet(user.id)).balance
    wanted = (has if quota.left is None else quota.left) if active else 0
    if wanted < 0:
        raise ValueError("a quota is not below zero")
    if wanted > has:
        entry = ledger.transfer(account.id, user.id, wanted - has, user.id, now, tx.new_id(), "quota")
        await tx.book(entry, account.credit_limit)
        await orders.recredit(tx, account, now)
    elif wanted < has:
        entry = ledger.transfer(user.id, account.id, has - wanted, user.id, now, tx.new_id(), "quota")
        await tx.book(entry)
    return msgspec.structs.replace(user, quota=active)


async def delete(tx: Tx, id: int, now: int) -> None:
    """End a user; what its quota held goes back to the account. Raises `Unknown`."""
    user = tx.facts.user.get(id)
    if user is None:
        raise Unknown(f"user {id}")
    await _set_quota(tx, tx.facts.account[user.account], user, Quota(active=False), now)
    tx.drop("webhooks", user_id=id)
    tx.drop("users", id=id)


async def left(tx: Tx, id: int) -> int:
    """Read what a user's quota holds, in micro-credits."""
    return await balance_of(tx, id)
