"""Make the store hold what an operator wants: one wish, one transaction, and a list of what became of each row.

Nothing is deleted unless `prune` is asked for, and then only from the lists that the wish names.
"""

from collections.abc import Callable, Sequence

import msgspec
from msgspec import UNSET, Struct

from depesza.core.facts import Facts
from depesza.services import directory, limits, logins, network, number_ranges, packs, restrictions, tokens
from depesza.services.draft import Change, Draft
from depesza.services.network import Carries, Check
from depesza.services.vault import Vault
from depesza.services.wishes import LoginWish, OwnerWish, UserWish, Wish, WishError
from depesza.store.tx import Tx


class OnlyLooked(Exception):
    """Carries what would have been done: raised at the end, so that nothing is written."""

    def __init__(self, changes: Sequence[Change]) -> None:
        super().__init__("nothing was written")
        self.changes = list(changes)


class Means(Struct, frozen=True):
    """What a wish may need beside the store."""

    check: Check
    carries: Carries
    vault: Callable[[], Vault]
    """Asked only when there are secrets; raises where no key is set."""
    who: str
    """Stands in the audit log."""


def with_hashes(wish: Wish, facts: Facts, vault: Callable[[], Vault]) -> Wish:
    """Turn the passwords of a wish into hashes; one that is right already keeps its hash. Takes 0.1 s each."""
    owners, users = wish.owners, wish.users
    if owners is not UNSET:
        known = {row.name: row.password for row in facts.owners}
        owners = tuple(_hashed_owner(each, known.get(each.name, ""), vault) for each in owners)
    if users is not UNSET:
        hashes = {(_account(facts, row.account), row.login): row.password for row in facts.users}
        users = tuple(_hashed_user(each, hashes.get((each.account, each.login), ""), vault) for each in users)
    wanted = wish.logins
    if wanted is not UNSET:
        wanted = tuple(_hashed_login(each, facts, vault) for each in wanted)
    return msgspec.structs.replace(wish, owners=owners, users=users, logins=wanted)


def _account(facts: Facts, id: int) -> str:
    account = facts.account.get(id)
    return account.name if account is not None else ""


def _hashed_owner(wish: OwnerWish, known: str, vault: Callable[[], Vault]) -> OwnerWish:
    if wish.password is UNSET:
        return wish
    return msgspec.structs.replace(wish, password=_hashed(wish.password, known, vault()))


def _hashed_user(wish: UserWish, known: str, vault: Callable[[], Vault]) -> UserWish:
    if wish.password is UNSET:
        return wish
    return msgspec.structs.replace(wish, password=_hashed(wish.password, known, vault()))


def _hashed_login(wish: LoginWish, facts: Facts, vault: Callable[[], Vault]) -> LoginWish:
    if wish.password is UNSET:
        return wish
    known = facts.login_named.get(wish.name)
    if known is not None and logins.has_password(vault(), known, wish.password):
        return msgspec.structs.replace(wish, password=f"{known.md5} {known.sha1}")
    return msgspec.structs.replace(wish, password=logins.hash_password(vault(), wish.password))


def _hashed(password: str, known: str, vault: Vault) -> str:
    return known if known and vault.check_password(known, password) else vault.hash_password(password)


async def apply(tx: Tx, wish: Wish, means: Means, now: int, *, prune: bool = False, look: bool = False) -> list[Change]:
    """Write what differs; raises `WishError` (and then nothing was written), or `OnlyLooked` when asked to look."""
    draft = Draft(tx, now, means.who)
    for owner in wish.owners or ():
        directory.put_owner(draft, owner)
    for account in wish.accounts or ():
        await directory.put_account(draft, account)
    for user in wish.users or ():
        await directory.put_user(draft, user)
    for sender in wish.senders or ():
        directory.put_sender(draft, sender)
    for application in wish.applications or ():
        directory.put_application(draft, application, means.vault())
    for token in wish.tokens or ():
        tokens.put_token(draft, token, means.vault())
    for connector in wish.connectors or ():
        network.put_connector(draft, connector, means.check)
    for route in wish.routes or ():
        network.put_route(draft, route)
    for price in wish.prices or ():
        network.put_price(draft, price)
    for pack in wish.packs or ():
        packs.put_pack(draft, pack)
    for restriction in wish.restrictions or ():
        restrictions.put(draft, restriction)
    for login in wish.logins or ():
        logins.put_login(draft, login)
    for limit in wish.limits or ():
        limits.put_limits(draft, limit)
    for each in wish.ranges or ():
        number_ranges.put_range(draft, each)
    _refuse_doubles(draft.changes)
    if prune:
        await _prune(draft, wish)
    packs.check(draft)
    network.check_routes(draft, means.carries)
    if look:
        raise OnlyLooked(draft.changes)
    return draft.changes


def _refuse_doubles(changes: Sequence[Change]) -> None:
    """Refuse a wish that names a row twice: which of the two would be meant?"""
    seen: set[tuple[str, str]] = set()
    for change in changes:
        if change.kind in ("key", "credit"):
            continue
        if (change.kind, change.name) in seen:
            raise WishError(f"{change.kind} {change.name}: it is named twice")
        seen.add((change.kind, change.name))


async def _prune(draft: Draft, wish: Wish) -> None:
    """Delete what the lists of a wish do not name: what hangs on others goes first."""
    named = {(change.kind, change.name) for change in draft.changes}
    names = {row.id: row.name for row in draft.accounts.values()}
    if wish.ranges is not UNSET:
        for prefix in [row.prefix for row in draft.ranges.values() if not row.ported]:
            if ("range", prefix) not in named:
                number_ranges.remove_range(draft, prefix)
    if wish.limits is not UNSET:
        for account in list(draft.limits):
            if ("limits", draft.account_name(account)) not in named:
                limits.remove_limits(draft, account)
    if wish.logins is not UNSET:
        for name in [name for name in draft.logins if ("login", name) not in named]:
            logins.remove_login(draft, name)
    if wish.restrictions is not UNSET:
        for row in list(draft.restrictions.values()):
            if ("restriction", restrictions.name_of(row)) not in named:
                restrictions.remove(draft, row.id)
    if wish.packs is not UNSET:
        for pack in list(draft.packs.values()):
            if ("pack", packs.pack_name(pack)) not in named:
                packs.remove_pack(draft, pack.id)
    if wish.prices is not UNSET:
        for price in list(draft.prices.values()):
            if ("price", network.price_name(draft, price)) not in named:
                network.remove_price(draft, price.id)
    if wish.routes is not UNSET:
        for route in list(draft.routes.values()):
            if ("route", network.route_name(draft, route)) not in named:
                network.remove_route(draft, route.id)
    if wish.connectors is not UNSET:
        for name in [name for name in draft.connectors if ("connector", name) not in named]:
            await network.remove_connector(draft, name)
    if wish.applications is not UNSET:
        for application in list(draft.applications.values()):
            if ("application", directory.application_name(draft, application)) not in named:
                directory.remove_application(draft, application)
    if wish.tokens is not UNSET:
        for account, token in list(draft.tokens):
            if ("token", f"{names[account]}/{token}") not in named:
                tokens.remove_token(draft, draft.accounts[names[account]], token)
    if wish.senders is not UNSET:
        for account, sender in list(draft.senders):
            if ("sender", f"{names[account]}/{sender}") not in named:
                directory.remove_sender(draft, draft.accounts[names[account]], sender)
    if wish.users is not UNSET:
        for account, login in list(draft.users):
            if ("user", f"{names[account]}/{login}") not in named:
                await directory.remove_user(draft, draft.accounts[names[account]], login)
    if wish.accounts is not UNSET:
        gone = [name for name in draft.accounts if ("account", name) not in named]
        for name in sorted(gone, key=lambda name: -draft.accounts[name].id):  # those below others first
            await directory.remove_account(draft, name)
    if wish.owners is not UNSET:
        for name in [name for name in draft.owners if ("owner", name) not in named]:
            directory.remove_owner(draft, name)
