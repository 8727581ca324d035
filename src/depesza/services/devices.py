"""Phones and modems as they are registered: who calls, how it stands, its SIM cards, what can be changed on it.

What doors for phones need besides: `services.enrolment` (how one joins), `services.attempts` (what it is to send, and
its reports), `services.phone_texts` (what it received), `services.phone_health`, `services.bells` (what it is told).
Phones change too often for the facts: they stand in tables only. spec: devices/5
"""

from collections.abc import Sequence
from statistics import median_low

import msgspec
from msgspec import Struct

from depesza.core.devices import (
    CLOCK_REFUSED,
    MINUTE,
    SECOND,
    Event,
    Kind,
    Limits,
    Presence,
    presence,
)  # fmt: skip
from depesza.services import bells
from depesza.store.tx import Row, Tx

_DEVICE = (
    "id, account, kind, name, login, version, push, signing_key, created, seen, stream, pulled, ping, clock_offset,"
    " offsets, enabled, paused, banned, misconfigured, weight, ttl, settings, health"
)
_SIM = (
    "id, device, slot, number, operator, plmn, iccid, said, enabled, weight, limits, last, cooldown, cooldowns,"
    " failures, recent, probing, suspect, generic, day, day_used, month, month_used"
)
PING = 60
"""Seconds between a phone's calls, where nobody set them otherwise."""
OFFSETS = 5
"""Measures of a phone's clock of which the median counts."""
_limits = msgspec.json.Decoder(Limits).decode
_write = msgspec.json.Encoder().encode


class Device(Struct, frozen=True, kw_only=True):
    """One phone or modem."""

    id: int
    account: int
    """Whose messages it sends; 0: everybody's."""
    kind: Kind
    name: str
    login: str
    version: str
    """Of the app; empty where it does not tell."""
    push: str
    signing_key: bytes
    """Sealed: with it the phone signs what it tells us."""
    created: int
    seen: int
    """Its last call."""
    stream: int
    """The last write to its open stream that went through; 0 while none is open."""
    pulled: int
    ping: int
    """Seconds between its calls."""
    clock_offset: int
    """Milliseconds by which its clock is behind ours."""
    offsets: tuple[int, ...]
    enabled: bool
    paused: bool
    banned: bool
    misconfigured: str
    """What is set up wrongly, in the phone's words; empty when nothing is."""
    weight: int
    ttl: int
    """Seconds it may hold a message, where it needs longer than the usual; 0: the usual."""
    settings: dict[str, object]
    """What its owner set, in the words of its door."""
    health: dict[str, object]
    """The last sample."""

    def presence(self, now: int) -> Presence:
        """Tell how it stands."""
        return presence(self.seen, self.stream, self.ping, now)

    @property
    def usable(self) -> bool:
        """Tell whether it may get work at all."""
        off = self.paused or self.banned or bool(self.misconfigured)
        return self.enabled and not off and abs(self.clock_offset) * 1000 < CLOCK_REFUSED


class Sim(Struct, frozen=True, kw_only=True):
    """One SIM card in a device."""

    id: int
    device: int
    slot: int
    """1, 2 or 3, as the phone counts."""
    number: str
    operator: str
    plmn: str
    """Country and network code, such as 22601."""
    iccid: str
    """The last digits."""
    said: str
    """What the phone told of it, stars and all."""
    enabled: bool
    weight: int
    limits: Limits
    last: int
    """When it was given something last."""
    cooldown: int
    """Nothing until then."""
    cooldowns: int
    """How many in a row: each is longer."""
    failures: int
    """In a row."""
    recent: str
    """How its last 20 attempts ended, the newest last: 1 good, 0 bad."""
    probing: bool
    """Its cooldown is over and one attempt shows whether it works again."""
    suspect: bool
    """Three generic failures in a row: perhaps without credit."""
    generic: int
    day: int
    day_used: int
    month: int
    month_used: int


class SimSaid(Struct, frozen=True, kw_only=True):
    """What a phone tells of one of its SIM cards."""

    slot: int
    """From 1."""
    number: str = ""
    operator: str = ""
    plmn: str = ""
    iccid: str = ""


# found


async def authenticate(tx: Tx, digest: bytes) -> Device | None:
    """Find the device whose token has this digest; a banned one is found too, and its door refuses it."""
    return _one(await tx.query(f"SELECT {_DEVICE} FROM devices WHERE token = ?1", digest))


async def find(tx: Tx, id: int) -> Device | None:
    """Find a device."""
    return _one(await tx.query(f"SELECT {_DEVICE} FROM devices WHERE id = ?1", id))


async def listing(tx: Tx, account: int | None = None) -> list[Device]:
    """List the devices of an account, those for everybody included; all of them without one."""
    if account is None:
        return [_device(row) for row in await tx.query(f"SELECT {_DEVICE} FROM devices ORDER BY id")]
    rows = await tx.query(f"SELECT {_DEVICE} FROM devices WHERE account IN (0, ?1) ORDER BY id", account)
    return [_device(row) for row in rows]


async def sims(tx: Tx, devices: Sequence[int]) -> list[Sim]:
    """List the SIM cards of devices."""
    if not devices:
        return []
    among = ", ".join(map(str, devices))
    rows = await tx.query(f"SELECT {_SIM} FROM sims WHERE device IN ({among}) ORDER BY device, slot")
    return [_sim(row) for row in rows]


def _one(rows: Sequence[Row]) -> Device | None:
    return _device(rows[0]) if rows else None


def _device(row: Row) -> Device:
    named = dict(zip(Device.__struct_fields__, row, strict=True))
    named |= {name: bool(named[name]) for name in ("enabled", "paused", "banned")}
    named |= {name: msgspec.json.decode(named[name] or "{}") for name in ("settings", "health")}
    named |= {"kind": Kind(named["kind"]), "signing_key": bytes(named["signing_key"] or b"")}
    return Device(**named | {"offsets": tuple(msgspec.json.decode(named["offsets"] or "[]"))})


def _sim(row: Row) -> Sim:
    named = dict(zip(Sim.__struct_fields__, row, strict=True))
    named |= {name: bool(named[name]) for name in ("enabled", "probing", "suspect")}
    return Sim(**named | {"limits": _limits(named["limits"] or "{}")})


# made and changed


async def register(
    tx: Tx, account: int, kind: Kind, name: str, token: bytes, signing_key: bytes, login: str, version: str, now: int,
    cards: Sequence[SimSaid] = (), push: str = "",
) -> Device:  # fmt: skip
    """Make a device; `token` is the digest of what it will sign in with, `signing_key` is sealed."""
    id = tx.new_id()
    tx.write(
        "INSERT INTO devices (id, account, kind, name, token, login, version, push, signing_key, created, seen, stream,"
        " pulled, told, ping, clock_offset, offsets, enabled, paused, banned, misconfigured, weight, ttl, settings,"
        " health) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10, 0, 0, ?10, ?11, 0, '[]', 1, 0, 0, '', 100, 0,"
        " '{}', '{}')",
        id, account, kind.value, name, token, login, version, push, signing_key, now, PING,
    )  # fmt: skip
    await told_of_sims(tx, id, cards)
    tx.work.phones = True
    return _device((
        id, account, kind, name, login, version, push, signing_key, now, now, 0, 0, PING, 0, "[]",
        1, 0, 0, "", 100, 0, "{}", "{}",
    ))  # fmt: skip


async def told_of_sims(tx: Tx, device: int, cards: Sequence[SimSaid], *, fill: bool = False) -> None:
    """Note what a phone tells of its cards; new slots are made.

    A number or operator is taken over only when `fill` says that the words are whole, and only where it is empty:
    at registration apps hide all but the last four characters, and what the owner wrote is never overwritten.
    """
    known = {sim.slot: sim for sim in await sims(tx, [device])}
    for card in cards:
        said = " ".join(filter(None, (card.number, card.operator, card.iccid)))
        full = card if fill else SimSaid(slot=card.slot)
        if card.slot not in known:
            tx.write(
                "INSERT INTO sims (id, device, slot, number, operator, plmn, iccid, said, enabled, weight, limits,"
                " last, cooldown, cooldowns, failures, recent, probing, suspect, generic, day, day_used, month,"
                " month_used) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1, 100, '{}', 0, 0, 0, 0, '', 0, 0, 0, 0, 0, 0,"
                " 0) ON CONFLICT (device, slot) DO NOTHING",
                tx.new_id(), device, card.slot, full.number, full.operator, full.plmn, full.iccid[-4:], said,
            )  # fmt: skip
            continue
        tx.write(
            "UPDATE sims SET said = ?3, number = CASE WHEN number = '' THEN ?4 ELSE number END,"
            " operator = CASE WHEN operator = '' THEN ?5 ELSE operator END,"
            " plmn = CASE WHEN plmn = '' THEN ?6 ELSE plmn END, iccid = CASE WHEN ?7 <> '' THEN ?7 ELSE iccid END"
            " WHERE device = ?1 AND slot = ?2",
            device, card.slot, said, full.number, full.operator, full.plmn, full.iccid[-4:],
        )  # fmt: skip


async def touch(
    tx: Tx, device: int, now: int, *, version: str = "", offset: int | None = None, push: str | None = None,
    stream: int | None = None, ping: int = 0,
) -> None:  # fmt: skip
    """Note a sign of life: any authenticated call, signed news, or a write to the open stream that went through.

    `offset` is by how many milliseconds the phone's clock is behind ours, `stream` the time of such a write (0: the
    stream was closed). Written at most once a minute, unless the phone was not online or something is new.
    """
    found = await find(tx, device)
    if found is None:
        return
    was = found.presence(now)
    back = was is not Presence.ONLINE
    if was is Presence.OFFLINE:
        # what it received meanwhile it may have told nobody; what we know already is not taken twice
        span = {"since": max(found.seen, found.stream) - MINUTE, "until": now}
        bells.ring(tx, device, Event.EXPORT, now, _write(span).decode())
    new = bool(version and version != found.version) or bool(ping and ping != found.ping)
    new = new or (push is not None and push != found.push)
    if offset is not None:
        new = _note_offset(tx, found, offset) or new
    writes = stream is not None and (stream == 0 or stream - found.stream >= SECOND * 10)
    if not (back or new or writes or now - found.seen >= MINUTE):
        return
    tx.write(
        "UPDATE devices SET seen = CASE WHEN seen > ?2 THEN seen ELSE ?2 END, stream = ?3, version = ?4, push = ?5,"
        " ping = ?6 WHERE id = ?1",
        device, now, found.stream if stream is None else stream, version or found.version,
        found.push if push is None else push, ping or found.ping,
    )  # fmt: skip
    if back:
        tx.work.phones = True


def _note_offset(tx: Tx, device: Device, offset: int) -> bool:
    offsets = (*device.offsets, offset)[-OFFSETS:]
    middle = median_low(offsets)
    if offsets == device.offsets:
        return False
    tx.write(
        "UPDATE devices SET offsets = ?2, clock_offset = ?3 WHERE id = ?1",
        device.id, _write(offsets).decode(), middle,
    )  # fmt: skip
    return True


_CHANGEABLE = frozenset(
    {
        "account", "name", "enabled", "paused", "banned", "misconfigured", "weight", "ttl", "ping", "signing_key",
        "token", "settings", "push",
    }
)  # fmt: skip


async def change(tx: Tx, device: int, now: int, /, **fields: object) -> bool:
    """Change fields of a device; False when there is none. Raises ValueError for a field that can't be set."""
    if strange := fields.keys() - _CHANGEABLE:
        raise ValueError(f"{', '.join(sorted(strange))}: can't be set on a device")
    if await find(tx, device) is None:
        return False
    for name, value in fields.items():
        tx.write(f"UPDATE devices SET {name} = ?2 WHERE id = ?1", device, _cell(value))
    if "settings" in fields:
        bells.ring(tx, device, Event.SETTINGS, now)
    tx.work.phones = True
    return True


async def remove(tx: Tx, device: int, now: int) -> bool:
    """Delete a device; False when there is none. What it still holds is given up at the next look."""
    if await find(tx, device) is None:
        return False
    tx.write(
        "UPDATE device_attempts SET lease = ?2 WHERE device = ?1 AND open = 1 AND state IN (0, 1, 2, 5)", device, now
    )
    for table in ("sims", "device_inbounds", "device_health", "device_alerts", "device_bells"):
        tx.write(f"DELETE FROM {table} WHERE device = ?1", device)
    tx.write("DELETE FROM devices WHERE id = ?1", device)
    tx.work.phones = True
    return True


_SIM_CHANGEABLE = frozenset({"number", "operator", "plmn", "enabled", "weight", "limits", "cooldown", "suspect"})


async def change_sim(tx: Tx, device: int, slot: int, /, **fields: object) -> bool:
    """Change fields of a SIM card; False when there is none. `suspect=False` also forgets its failures."""
    if strange := fields.keys() - _SIM_CHANGEABLE:
        raise ValueError(f"{', '.join(sorted(strange))}: can't be set on a SIM")
    if not await tx.query("SELECT 1 FROM sims WHERE device = ?1 AND slot = ?2", device, slot):
        return False
    for name, value in fields.items():
        tx.write(f"UPDATE sims SET {name} = ?3 WHERE device = ?1 AND slot = ?2", device, slot, _cell(value))
    if fields.get("suspect") is False:
        tx.write(
            "UPDATE sims SET failures = 0, generic = 0, recent = '', cooldown = 0, cooldowns = 0, probing = 0"
            " WHERE device = ?1 AND slot = ?2",
            device,
            slot,
        )
    tx.work.phones = True
    return True


def _cell(value: object) -> int | str | bytes:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | str | bytes):
        return value
    return _write(value).decode()
