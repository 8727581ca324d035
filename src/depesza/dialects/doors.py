"""Who may come in: a user of an account, by login and password.

Wrong passwords all take the same time and are counted; a right one is known again without the slow hash.
"""

import asyncio

from msgspec import Struct

from depesza.core.facts import Facts, User
from depesza.services.locks import Locks
from depesza.services.passwords import LONGEST, Passwords
from depesza.services.vault import Vault
from depesza.store.contract import Busy

MOST_WAITING = 64
"""Logins that may wait for the slow hash, one of which is made at a time: more would starve everybody else."""


class Locked(Exception):
    """Too many wrong passwords: this name must wait."""


class Attempt(Struct, frozen=True):
    """One try to sign in."""

    name: str
    """What wrong passwords are counted by, with the address."""
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

    async def admits(self, attempt: Attempt) -> bool:
        """Tell whether a password is right; raises `Locked`, and `Busy` when too many try at once."""
        if self.knows(attempt):
            return True
        right = await self._right(attempt)
        if right:
            self._locks.right(attempt.name, attempt.address)
        return right

    def knows(self, attempt: Attempt) -> bool:
        """Tell whether a password is known to be right, and may be shown now."""
        known = not self._locks.locked(attempt.name, attempt.address, attempt.now) and self._known(attempt)
        if known:
            self._locks.right(attempt.name, attempt.address)
        return known

    def remember(self, attempt: Attempt) -> None:
        """Know from now on that a password is right, whatever proved it."""
        self._passwords.remember(attempt.hashed, attempt.password, attempt.now)

    async def _right(self, attempt: Attempt) -> bool:
        """Judge an attempt; one whose password is not known waits for its turn at the slow hash."""
        self._check_lock(attempt)
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
        self.remember(attempt)
        return True

    def _known(self, attempt: Attempt) -> bool:
        return self._passwords.known(attempt.hashed, attempt.password, attempt.now)

    def _check_lock(self, attempt: Attempt) -> None:
        if self._locks.locked(attempt.name, attempt.address, attempt.now):
            raise Locked


def find_user(facts: Facts, written: str) -> User | None:
    """Find whom a login means where no account is named: `account/login`, or a login that only one account has."""
    name, slash, login = written.rpartition("/")
    if slash:
        account = facts.account_named.get(name)
        return facts.user_named.get((account.id, login)) if account is not None else None
    return facts.user_alone.get(written)
