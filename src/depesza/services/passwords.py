"""Passwords that were found right, remembered for a while.

Some vendors' clients send their password with each request, and Argon2 takes a tenth of a second on purpose. So a
right password is known again by a keyed hash, in memory only. The user's own hash is part of it: when that changes,
or the user goes, nothing is remembered of the old one. spec: design 3
"""

from depesza.services.vault import Vault

LONGEST = 1000
"""Characters of a password that is worth comparing."""
KEPT = 600_000_000
"""Microseconds since its last use for which a password is remembered."""
MOST = 10_000
"""Passwords that are remembered; those not used for the longest time go first."""


class Passwords:
    """Remembers right passwords."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._used: dict[bytes, int] = {}
        """Time of the last use, by keyed hash; the latest stands last."""

    def known(self, hashed: str, password: str, now: int) -> bool:
        """Tell whether this password was right for this Argon2 hash a short while ago."""
        digest = self._digest(hashed, password)
        used = self._used.pop(digest, None)
        if used is None or used + KEPT <= now:
            return False
        self._used[digest] = now
        return True

    def remember(self, hashed: str, password: str, now: int) -> None:
        """Remember a password that was compared with its Argon2 hash and is right."""
        self._used[self._digest(hashed, password)] = now
        while len(self._used) > MOST:
            del self._used[next(iter(self._used))]

    def _digest(self, hashed: str, password: str) -> bytes:
        return self._vault.digest(f"{hashed}\0{password}")
