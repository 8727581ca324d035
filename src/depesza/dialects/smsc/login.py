"""Who calls: by login and password, by digests of it, or by an API key. spec: smsc/1.3 smsc/1.7

Failures are counted by address, in the store, for all processes; which addresses fail or are locked is looked up again
every second, and known at once where it happened.
"""

import re
from hashlib import md5

from msgspec import Struct
from msgspec.structs import replace

from depesza.core.facts import Account, Facts, Limits, Login
from depesza.core.model import MICRO
from depesza.core.quota import ip_allowed
from depesza.dialects.contract import Context
from depesza.dialects.doors import Attempt, Door, Locked
from depesza.dialects.smsc.answers import Refused
from depesza.dialects.smsc.codes import AUTHORISE, IP_BLOCKED
from depesza.dialects.smsc.parameters import Given
from depesza.services import protection
from depesza.services.protection import Watch

LONGEST_KEY = 4_096
_MD5 = re.compile(r"[0-9a-f]{32}")
_SHA1 = re.compile(r"[0-9a-f]{40}")
_MINUTE = 60 * MICRO
WRONG, FAILED = "login", "send"
"""What failures of an address are counted: wrong passwords, and refused submissions."""


class Caller(Struct, frozen=True):
    """Whose program calls, if what it shows is right."""

    account: Account
    name: str
    login: Login | None
    """None for an API key, which needs no further proof."""


class Doorkeeper:
    """Lets programs in."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._door = Door(context.vault)
        self._watch = Watch({}, set(), 1)
        self._looked = 0

    @property
    def nodes(self) -> int:
        """How many processes share what may run at once."""
        return self._watch.nodes

    def name(self, given: Given) -> Caller | None:
        """Find who is meant, before anything is proved."""
        facts = self._context.store.facts
        name = given.get("login")
        key = given.get("apikey") or ("" if name else given.get("psw"))
        if key:
            token = facts.token_digested.get(self._context.vault.digest(key)) if len(key) <= LONGEST_KEY else None
            account = facts.account.get(token.account) if token is not None else None
            return Caller(account, account.name, None) if account is not None else None
        login = facts.login_named.get(name)
        account = facts.account.get(login.account) if login is not None else None
        return Caller(account, name, login) if account is not None else None

    async def enter(self, caller: Caller | None, given: Given, address: str, now: int) -> Account:
        """Let a program in; raises `Refused`."""
        if now - self._looked >= MICRO:
            self._looked = now
            self._watch = await self._context.store.look(protection.watch, FAILED, now)
        if self._watch.locked and self._watch.locked.get(address, 0) > now:
            raise Refused(*IP_BLOCKED)
        if caller is None or not await self._proved(caller, given, address, now):
            await self._wrong(self._context.store.facts, caller, address, now)
            raise Refused(*AUTHORISE)
        login = caller.login
        if not caller.account.enabled or (login is not None and not self._may(login, address)):
            raise Refused(*AUTHORISE)
        return caller.account

    @staticmethod
    def _may(login: Login, address: str) -> bool:
        return login.enabled and (not login.ips or ip_allowed(address, login.ips))

    async def _proved(self, caller: Caller, given: Given, address: str, now: int) -> bool:
        login = caller.login
        if login is None:
            return True
        attempt = Attempt(f"smsc/{login.name}", f"{login.md5} {login.sha1}", given.get("psw"), address, now)
        if self._door.knows(attempt):
            return True
        for hashed, shown in _candidates(login, attempt.password):
            try:
                if await self._door.admits(replace(attempt, hashed=hashed, password=shown)):
                    self._door.remember(attempt)
                    return True
            except Locked:
                return False
        return False

    async def _wrong(self, facts: Facts, caller: Caller | None, address: str, now: int) -> None:
        """Count a wrong password; addresses that the account knows are never locked."""
        login = caller.login if caller is not None else None
        if login is not None and login.ips and ip_allowed(address, login.ips):
            return
        limits = facts.limits_of(login.account if login is not None else 0)
        await self._count(address, WRONG, limits.wrong_logins, limits.lock_minutes * _MINUTE, now)

    async def _count(self, address: str, what: str, most: int, span: int, now: int) -> None:
        until = await self._context.store.run(protection.lock_out, address, what, most, span, now)
        if until:
            self._watch.locked[address] = until

    async def failed(self, limits: Limits, address: str, now: int) -> None:
        """Count a submission that was refused."""
        self._watch.failing.add(address)
        await self._count(address, FAILED, limits.wrong_sends, limits.wrong_minutes * _MINUTE, now)

    def failing(self, address: str) -> bool:
        """Tell whether failures of an address are counted now."""
        return address in self._watch.failing

    async def succeeded(self, address: str) -> None:
        """Begin to count an address's failures anew."""
        self._watch.failing.discard(address)
        await self._context.store.run(protection.forgive, address, FAILED)


def _candidates(login: Login, shown: str) -> list[tuple[str, str]]:
    """List what may have been shown: the digest of a password, or the password."""
    clear = (login.md5, md5(shown.encode(), usedforsecurity=False).hexdigest())
    if _MD5.fullmatch(shown):
        return [(login.md5, shown), clear]
    return [(login.sha1, shown), clear] if _SHA1.fullmatch(shown) else [clear]
