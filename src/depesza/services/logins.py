"""Logins: names and passwords that client programs of an account send with each request.

Some programs send the password, others its MD5 or SHA-1 in hex, so a slow hash of each digest is kept, and of the
password nothing. spec: smsc/1.3
"""

from hashlib import md5, sha1

from msgspec.structs import replace

from depesza.core.facts import Account, Login
from depesza.services.draft import Draft, merged
from depesza.services.keys import KeyRefused, read_networks
from depesza.services.vault import Vault
from depesza.services.wishes import LoginWish, WishError


def digests(password: str) -> tuple[str, str]:
    """Give the MD5 and the SHA-1 of a password, as clients show them."""
    octets = password.encode()
    return md5(octets, usedforsecurity=False).hexdigest(), sha1(octets, usedforsecurity=False).hexdigest()


def hash_password(vault: Vault, password: str) -> str:
    """Hash both digests of a password, with a blank between them (about 0.2 s: run it in a thread)."""
    return " ".join([vault.hash_password(digest) for digest in digests(password)])


def has_password(vault: Vault, login: Login, password: str) -> bool:
    """Tell whether a login's password is this one (about 0.1 s: run it in a thread)."""
    return vault.check_password(login.md5, digests(password)[0])


def with_password(login: Login, hashed: str) -> Login:
    """Give a login another password, hashed by `hash_password`."""
    first, _, second = hashed.partition(" ")
    return replace(login, md5=first, sha1=second)


def put_login(draft: Draft, wish: LoginWish) -> Login:
    """Create or change a login; the wish's password is hashed by now."""
    place = f"login {wish.name}"
    account = draft.account(wish.account, place)
    old = draft.logins.get(wish.name)
    if old is None and not isinstance(wish.password, str):
        raise WishError(f"{place}: password is needed")
    if old is not None and old.account != account.id:
        raise WishError(f"{place}: account {draft.account_name(old.account)} has it")
    try:
        ips = read_networks(wish.ips) if isinstance(wish.ips, tuple) else wish.ips
    except KeyRefused as error:
        raise WishError(f"{place}: {error}") from error
    fresh = {"id": 0, "md5": "", "sha1": "", "created": draft.now}
    new = merged(Login, old, wish, fresh, account=account.id, ips=ips)
    if old is None:
        new = replace(new, id=draft.tx.new_id())
    if isinstance(wish.password, str):
        new = with_password(new, wish.password)
    draft.logins[wish.name] = new
    draft.put("logins", "login", wish.name, old, new)
    return new


def remove_login(draft: Draft, name: str) -> None:
    """Delete a login: its programs are refused from now on."""
    row = draft.login(name, "login")
    del draft.logins[name]
    draft.drop("logins", "login", name, id=row.id)
    draft.tx.write("DELETE FROM known_addresses WHERE account = ?1 AND login = ?2", row.account, name)


def remove_of(draft: Draft, account: Account) -> None:
    """Delete all logins of an account."""
    for row in [each for each in draft.logins.values() if each.account == account.id]:
        remove_login(draft, row.name)
