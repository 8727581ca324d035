"""What one SIM may still send, and how it has fared: the rules of `core.handout`, kept from one start to the next.

spec: devices/5
"""

from datetime import UTC, date, datetime, timedelta
from hashlib import blake2s
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from depesza.core import handout
from depesza.core.devices import HOUR, Limits, Presence, Reason
from depesza.core.handout import Card, Demand, Fitness
from depesza.core.model import MICRO
from depesza.core.schedule import Window, at_wall, open_at


class Kept(Struct, frozen=True, omit_defaults=True):
    """What is remembered."""

    day: str = ""
    day_parts: int = 0
    month: str = ""
    month_parts: int = 0
    last: int = 0
    used: list[tuple[int, int]] = []
    """Times and parts of the last hour."""
    receivers: list[str] = []
    """Digests of this month's receivers, where they are limited."""
    fitness: Fitness = Fitness()


class Ration:
    """The account of one SIM."""

    def __init__(self, limits: Limits, window: Window, zone: str, kept: bytes) -> None:
        self._window = window
        self._zone = ZoneInfo(zone)
        self._zone_name = zone
        old = _read(kept)
        self._day, self._month = old.day, old.month
        self.fitness = old.fitness
        self._card = Card(
            id=0,
            device=0,
            slot=0,
            account=0,
            presence=Presence.ONLINE,
            limits=limits,
            last=old.last,
            used=list(old.used),
            day_used=old.day_parts,
            month_used=old.month_parts,
            receivers=frozenset(old.receivers) if limits.receivers else None,
        )

    def free_at(self, receiver: str, parts: int, now: int) -> int:
        """Tell when a message may leave at the soonest; times are microseconds since 1970.

        An empty receiver stands for one it has written to.
        """
        self._turn_pages(now)
        whom = _digest(receiver) if receiver else next(iter(self._card.receivers or ("",)), "")
        when = handout.free_at(self._card, Demand(account=0, receiver=whom, parts=parts), now)
        return open_at(self._window, max(when, self.fitness.cooldown))

    def take(self, receiver: str, parts: int, now: int) -> None:
        """Count a message that leaves."""
        self._turn_pages(now)
        self._card.take(now, parts, _digest(receiver))

    def give_back(self, parts: int) -> None:
        """Take back parts of the last message that surely did not leave."""
        card = self._card
        if card.used:
            at, counted = card.used.pop()
            if counted > parts:
                card.used.append((at, counted - parts))
        card.day_used = max(0, card.day_used - parts)
        card.month_used = max(0, card.month_used - parts)

    def succeeded(self) -> None:
        """Note a message that the network took."""
        self.fitness = handout.succeeded(self.fitness)

    def failed(self, reason: Reason, now: int) -> None:
        """Note a message that was refused; too many pause the SIM."""
        self.fitness = handout.failed(self.fitness, reason, now)

    def write(self) -> bytes:
        """Write all that is to be remembered."""
        card = self._card
        return msgspec.json.encode(
            Kept(
                self._day,
                card.day_used,
                self._month,
                card.month_used,
                card.last,
                card.used,
                sorted(card.receivers or ()),
                self.fitness,
            )
        )

    def _turn_pages(self, now: int) -> None:
        """Begin a new day or month when it is time, and forget what is an hour old."""
        card = self._card
        card.used = [(at, parts) for at, parts in card.used if at > now - HOUR]
        if now < card.day_ends and self._day and card.day_ends < handout.NEVER:
            return
        today = datetime.fromtimestamp(now / MICRO, UTC).astimezone(self._zone).date()
        if self._day != today.isoformat():
            self._day, card.day_used = today.isoformat(), 0
        if self._month != f"{today:%Y-%m}":
            self._month, card.month_used = f"{today:%Y-%m}", 0
            card.receivers = frozenset() if card.receivers is not None else None
        card.day_ends = self._midnight(today + timedelta(days=1))
        card.month_ends = self._midnight((today.replace(day=28) + timedelta(days=4)).replace(day=1))

    def _midnight(self, day: date) -> int:
        return at_wall(day, 0, 0, self._zone_name)


def _digest(receiver: str) -> str:
    """Shorten a receiver to what tells it from others and not who it is."""
    return blake2s(receiver.encode(), digest_size=6).hexdigest()


def _read(kept: bytes) -> Kept:
    """Read what was remembered; what an older version wrote and we cannot read is begun anew."""
    try:
        return msgspec.json.decode(kept, type=Kept) if kept else Kept()
    except msgspec.DecodeError:
        return Kept()
