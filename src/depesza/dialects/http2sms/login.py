"""Who sends: a user of an account, by login, password and address. spec: ovh/4.7 ovh/5.1

Wrong passwords all take the same time and are counted; a right one is known again without the slow hash.
"""

import asyncio

from msgspec import Struct

from depesza.core import quota
from depesza.core.facts import Account, Facts, User
from depesza.dialects.http2sms.answers import Refused
from depesza.dialects.http2sms.codes import Status
from depesza.services.locks import Locks
from depesza.services.passwords import LONGEST, Passwords
from depesza.services.vault import Vault
from depesza.store.contract import Busy

MOST_WAITING = 64
"""Logins that may wait for the slow hash, one of which is made at a time: more would starve everybody else."""


class Attempt(Struct, frozen=True):
    """One try to sign in."""

    name: str
    hashed: str
    """The user's Argon2 hash; empty where there is no such user."""
    password: str
    address: str
    now: int


class Door:
    """Lets users in."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._locks = Locks()
        self._passwords = Passwords(vault)
        self._hashing = asyncio.Semaphore(1)
        self._waiting = 0

    async def user(self, facts: Facts, account: Account, login: str, password: str, address: str, now: int) -> User:
        """Find who signs in; raises `Refused`, and `Busy` when too many try at once."""
        user = facts.user_named.get((account.id, login))
        hashed = user.password if user is not None else ""
        attempt = Attempt(f"{account.name}/{login}", hashed, password, address, now)
        if not await self._right(attempt) or user is None:
            raise Refused(Status.INVALID, "Invalid login or password")
        self._locks.right(attempt.name, address)
        if not quota.ip_allowed(address, user.ip_restrictions):
            raise Refused(Status.ADDRESS, "IP not allowed")
        return user

    async def _right(self, attempt: Attempt) -> bool:
        """Judge an attempt; one whose password is not known waits for its turn at the slow hash."""
        self._check_lock(attempt)
        if self._known(attempt):
            return True
        if self._waiting >= MOST_WAITING:
            raise Busy
        self._waiting += 1
        try:
            async with self._hashing:
                return await self._compare(attempt)
        finally:
            self._waiting -= 1

    async def _compare(self, attempt: Attempt) -> bool:
        self._check_lock(attempt)  # those who stood before us may have found out all we need
        if self._known(attempt):
            return True
        hashed, password = attempt.hashed, attempt.password
        if len(password) > LONGEST or not await asyncio.to_thread(self._vault.check_password, hashed, password):
            self._locks.wrong(attempt.name, attempt.address, attempt.now)
            return False
        self._passwords.remember(hashed, password, attempt.now)
        return True

    def _known(self, attempt: Attempt) -> bool:
        return self._passwords.known(attempt.hashed, attempt.password, attempt.now)

    def _check_lock(self, attempt: Attempt) -> None:
        if self._locks.locked(attempt.name, attempt.address, attempt.now):
            raise Refused(Status.INVALID, "Invalid login or password: too many tries, please wait")
