"""Tokens of accounts: what a client program shows as it is. Made and changed by names; told once, kept as hashes."""

from msgspec import UNSET
from msgspec.structs import replace

from depesza.core.facts import Account, Token
from depesza.services.draft import Draft, merged
from depesza.services.vault import Vault
from depesza.services.wishes import TokenWish, WishError
from depesza.wire import jwt


def put_token(draft: Draft, wish: TokenWish, vault: Vault) -> Token:
    """Create or change a token; one that is made here is told once."""
    name = f"{wish.account}/{wish.name}"
    account = draft.account(wish.account, f"token {name}")
    old = draft.tokens.get((account.id, wish.name))
    new = merged(Token, old, wish, {"id": 0, "created": draft.now, "digest": b""}, account=account.id)
    if old is None:
        new = replace(new, id=draft.tx.new_id())
    told: list[tuple[str, str]] = []
    if wish.token is not UNSET:
        new = replace(new, digest=vault.digest(wish.token))
    elif old is None:
        made = _jwt(vault) if wish.jwt else vault.token(40)
        new = replace(new, digest=vault.digest(made))
        told = [("token", made)]
    for other in draft.tokens.values():
        if other.digest == new.digest and other.id != new.id:
            raise WishError(f"token {name}: {draft.account_name(other.account)}/{other.name} is the same")
    draft.tokens[account.id, wish.name] = new
    draft.put("tokens", "token", name, old, new, told)
    return new


def _jwt(vault: Vault) -> str:
    """Make a token in the vendor's form; what signs it is forgotten, since only its hash counts. spec: smsadvert/1"""
    return jwt.write({"_id": vault.hex(12)}, vault.token(32).encode())


def remove_token(draft: Draft, account: Account, name: str) -> None:
    """Delete a token: whoever shows it is refused from now on."""
    if draft.tokens.pop((account.id, name), None) is None:
        raise WishError(f"token: there is no token {account.name}/{name}")
    draft.drop("tokens", "token", f"{account.name}/{name}", account=account.id, name=name)
