"""One look at all phones: how many are there and what they hold, and what their owners should look at.

Also learns how long a phone takes from seeing a message to giving it to its radio: one with a long queue of its own
may hold messages for longer. spec: devices/5, devices/6
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from depesza.core.devices import CLOCK_WARNING, MINUTE, SECOND, Presence, Terms
from depesza.core.handout import Card, near_limit
from depesza.services import devices, handing, phone_health
from depesza.services.devices import Device
from depesza.services.phone_health import Alert
from depesza.store.tx import Tx

OFFLINE_FOR = 10 * MINUTE
"""How long a phone may be away while work waits for it."""
WATCHED = frozenset({"offline", "clock", "setup", "failures", "limit", "suspect"})
"""Alerts that are raised and ended here; that of a battery comes with its sample."""
MISSES = 0.3
ENOUGH = 20
"""Attempts of which the share of failures says something."""
LEARNT_FROM = 50
SHORTEST_HOLD = 60
LONGEST_HOLD = 600


class Phone(Struct, frozen=True):
    """How one phone stands, for metrics."""

    id: int
    name: str
    presence: Presence
    battery: int | None
    signal: int | None
    held: int
    misses: float
    """Share of its last attempts that failed."""


class Standing(Struct, frozen=True):
    """How all phones stand."""

    phones: tuple[Phone, ...] = ()
    waiting: int = 0
    """Messages queued for phones."""
    alerts: tuple[Alert, ...] = ()

    @property
    def known(self) -> int:
        """How many there are."""
        return len(self.phones)

    @property
    def online(self) -> int:
        """How many would take work now."""
        return sum(phone.presence is Presence.ONLINE for phone in self.phones)

    @property
    def held(self) -> int:
        """Messages that phones have and have not sent."""
        return sum(phone.held for phone in self.phones)


async def watch(tx: Tx, now: int) -> Standing:
    """Look at all phones, raise alerts and end those that are over."""
    found = {device.id: device for device in await devices.listing(tx)}
    cards = await handing.cards_of(tx, found, await devices.sims(tx, list(found)), Terms(), now)
    waiting = await _waiting(tx)
    wrong = {each[:3]: each[3] for each in _wrong(found, cards, waiting, now)}
    alerts = await _alerts(tx, wrong, now)
    for device in found.values():
        await _learn_hold(tx, device)
    return Standing(_phones(found, cards, now), sum(waiting.values()), alerts)


async def _alerts(tx: Tx, wrong: Mapping[tuple[int, int, str], str], now: int) -> tuple[Alert, ...]:
    """Raise what is new and end what is over; gives what is wrong now."""
    kept = []
    for alert in await phone_health.alerts(tx):
        key = (alert.device, alert.sim, alert.kind)
        if alert.kind in WATCHED and key not in wrong:
            await phone_health.alert(tx, *key, "", now)
        else:
            kept.append(alert)
    there = {(alert.device, alert.sim, alert.kind) for alert in kept}
    for key, detail in wrong.items():
        if key not in there:
            await phone_health.alert(tx, *key, detail, now)
            kept.append(Alert(*key, now, detail))
    return tuple(kept)


async def _waiting(tx: Tx) -> dict[int, int]:
    """Count by account what is queued for phones."""
    ours = ", ".join(str(row.id) for row in tx.facts.connectors if row.kind == "phones") or "0"
    rows = await tx.query(
        f"SELECT account, COUNT(*) FROM messages WHERE connector IN ({ours}) AND state IN (1, 2) AND state = 1"
        " GROUP BY account"
    )
    return {row[0]: row[1] for row in rows}


def _wrong(
    found: Mapping[int, Device], cards: Sequence[Card], waiting: Mapping[int, int], now: int
) -> Iterator[tuple[int, int, str, str]]:
    """Name what is wrong: device, SIM or 0, kind, and words for it."""
    for device in found.values():
        seen = max(device.seen, device.stream)
        work = waiting.get(device.account, 0) if device.account else sum(waiting.values())
        if work and device.enabled and not device.banned and seen and now - seen > OFFLINE_FOR:
            yield device.id, 0, "offline", f"{work} messages wait, and it is away for {(now - seen) // MINUTE} minutes"
        if abs(device.clock_offset) * 1000 > CLOCK_WARNING:
            yield device.id, 0, "clock", f"its clock is off by {abs(device.clock_offset) * 1000 // SECOND} seconds"
        if device.misconfigured:
            yield device.id, 0, "setup", device.misconfigured
    for card in cards:
        if len(card.recent) >= ENOUGH and card.misses > MISSES:
            yield card.device, card.id, "failures", f"{card.misses:.0%} of the last {len(card.recent)} failed"
        if near := near_limit(card, now):
            yield card.device, card.id, "limit", f"over 90 % of its limit: {', '.join(near)}"
        if card.suspect:
            yield card.device, card.id, "suspect", "it fails without a reason: perhaps it is out of credit"


def _phones(found: Mapping[int, Device], cards: Sequence[Card], now: int) -> tuple[Phone, ...]:
    phones = []
    for device in found.values():
        mine = [card for card in cards if card.device == device.id]
        battery, signal = device.health.get("battery"), device.health.get("signal")
        phones.append(
            Phone(
                device.id,
                device.name,
                device.presence(now),
                battery if isinstance(battery, int) else None,
                signal if isinstance(signal, int) else None,
                sum(card.held for card in mine),
                max((card.misses for card in mine), default=0.0),
            )
        )
    return tuple(phones)


async def _learn_hold(tx: Tx, device: Device) -> None:
    """Let a phone hold messages for three times as long as it mostly needs (95 of 100), within bounds."""
    rows = await tx.query(
        "SELECT submitted - offered FROM device_attempts WHERE device = ?1 AND submitted > 0 AND offered > 0"
        " ORDER BY id DESC LIMIT ?2",
        device.id,
        LEARNT_FROM,
    )
    if len(rows) < LEARNT_FROM:
        return
    slow = sorted(row[0] for row in rows)[len(rows) * 95 // 100]
    hold = min(max(slow * 3 // SECOND, SHORTEST_HOLD), LONGEST_HOLD)
    learnt = hold if hold > Terms().validity else 0
    if learnt != device.ttl:
        tx.write("UPDATE devices SET ttl = ?2 WHERE id = ?1", device.id, learnt)
