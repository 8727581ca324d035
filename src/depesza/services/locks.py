"""A short lock after wrong passwords, kept in memory and bounded: restarting forgets it."""

from collections import OrderedDict

from msgspec import Struct

TRIES = 5
"""Wrong passwords in a row before the lock."""
LOCKED = 60_000_000
"""Microseconds of the first lock; each further wrong password doubles it."""
LONGEST = 3600_000_000
MOST = 10_000
"""Pairs of name and address that are remembered; the oldest go first."""


class _Tries(Struct):
    wrong: int = 0
    until: int = 0


class Locks:
    """Counts wrong passwords by name and address."""

    def __init__(self) -> None:
        self._tries: OrderedDict[tuple[str, str], _Tries] = OrderedDict()

    def locked(self, name: str, address: str, now: int) -> bool:
        """Tell whether this name may not try from this address now."""
        tries = self._tries.get((name, address))
        return tries is not None and now < tries.until

    def wrong(self, name: str, address: str, now: int) -> None:
        """Count a wrong password."""
        tries = self._tries.setdefault((name, address), _Tries())
        self._tries.move_to_end((name, address))
        tries.wrong += 1
        if tries.wrong >= TRIES:
            tries.until = now + min(LOCKED << min(tries.wrong - TRIES, 16), LONGEST)
        while len(self._tries) > MOST:
            self._tries.popitem(last=False)

    def right(self, name: str, address: str) -> None:
        """Forget what was counted."""
        self._tries.pop((name, address), None)
