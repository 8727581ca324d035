"""Who may bind: an account by its name, or by the name of one of its logins; from where, and with which password.

spec: smsc/4.2 ovh/8
"""

import hashlib
from ipaddress import ip_address, ip_network

from msgspec import Struct

from depesza.core.facts import Account, Facts, Login
from depesza.dialects.doors import Attempt, Door, Locked
from depesza.dialects.smpp import codes
from depesza.store.contract import Busy
from depesza.wire.smpp import status


class Caller(Struct, frozen=True):
    """Whom a system_id means."""

    account: Account
    hashed: str
    """Argon2 hash of the password, or of its digest."""
    by_digest: bool = False
    login: Login | None = None

    def secret(self, password: str) -> str:
        """Write a password as it is compared."""
        return (
            hashlib.md5(password.encode("latin-1"), usedforsecurity=False).hexdigest() if self.by_digest else password
        )


def find(facts: Facts, system_id: str) -> Caller | None:
    """Find whom a system_id means; the account's own password for SMPP goes before that of a login."""
    account = facts.account_named.get(system_id)
    if account is not None:
        return Caller(account, account.smpp_password)
    login = facts.login_named.get(system_id)
    account = facts.account.get(login.account) if login is not None else None
    if login is None or account is None:
        return None
    own = account.smpp_password
    return Caller(account, own or login.md5, not own, login)


def allowed(caller: Caller, address: str) -> bool:
    """Tell whether a bind may come, and from there."""
    account, login = caller.account, caller.login
    if not (account.enabled and account.smpp) or (login is not None and not login.enabled):
        return False
    if login is not None and login.ips and not _within(login.ips, address):
        return False
    return _within(account.smpp_ips, address)


def _within(networks: tuple[str, ...], address: str) -> bool:
    try:
        found = ip_address(address.partition("%")[0])
        mapped = getattr(found, "ipv4_mapped", None)
        return any((mapped or found) in ip_network(network, strict=False) for network in networks)
    except ValueError:
        return False


async def refusal(caller: Caller | None, password: str, address: str, door: Door, now: int) -> int:
    """Give the status that refuses a bind; ROK for a good one."""
    if caller is None:
        return status.RINVSYSID
    if not allowed(caller, address):
        return status.RBINDFAIL
    name = f"smpp {caller.account.name} {caller.login.name if caller.login else ''}"
    attempt = Attempt(name, caller.hashed, caller.secret(password), address, now)
    try:
        right = bool(caller.hashed) and await door.admits(attempt)
    except (Locked, Busy):
        return status.RBINDFAIL
    return status.ROK if right else status.RINVPASWD


def too_many(account: Account) -> int:
    """Give the status for one bind too many."""
    return codes.status_of("too_many_binds", account.home)
