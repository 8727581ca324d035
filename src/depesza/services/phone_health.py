"""How phones are: samples of battery, charge and network, and what their owners should look at. spec: devices/5"""

import msgspec
from msgspec import Struct

from depesza.core.devices import DAY, MINUTE
from depesza.services.devices import Device
from depesza.store.tx import Tx

KEPT = 30 * DAY
LOW = 15
"""Percent of a battery that nothing charges."""


class Sample(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a phone tells of itself at one time; what it does not tell is left out."""

    battery: int | None = None
    """Percent."""
    charging: bool | None = None
    transport: str = ""
    """`cellular`, `wifi`, `ethernet`…"""
    cellular: str = ""
    """`2G` to `5G`, or `none`."""
    signal: int | None = None
    """Percent; modems tell it."""
    queue: int | None = None
    """Messages that wait in it."""
    failed: int | None = None
    """Failures of the last hour, as the phone counts them."""
    operator: str = ""


_write = msgspec.json.Encoder().encode
_read = msgspec.json.Decoder(Sample).decode


async def health(tx: Tx, device: Device, sample: Sample, now: int) -> None:
    """Note a sample, at most one a minute, and raise or end the alert of an empty battery."""
    written = _write(sample).decode()
    tx.write("UPDATE devices SET health = ?2 WHERE id = ?1", device.id, written)
    tx.write(
        "INSERT INTO device_health (device, at, sample) VALUES (?1, ?2, ?3)"
        " ON CONFLICT (device, at) DO UPDATE SET sample = excluded.sample",
        device.id,
        now // MINUTE * MINUTE,
        written,
    )
    low = sample.battery is not None and sample.battery < LOW and not sample.charging
    await alert(tx, device.id, 0, "battery", f"{sample.battery} %" if low else "", now)


async def samples(tx: Tx, device: int, since: int) -> list[tuple[int, Sample]]:
    """List a phone's samples from a time on, the oldest first."""
    rows = await tx.query(
        "SELECT at, sample FROM device_health WHERE device = ?1 AND at >= ?2 ORDER BY at", device, since
    )
    return [(row[0], _read(row[1])) for row in rows]


class Alert(Struct, frozen=True, gc=False):
    """Something a person should look at; it goes by itself when it is well again."""

    device: int
    sim: int
    """0 when it is the phone's."""
    kind: str
    """`battery`, or one of `phone_watch.WATCHED`."""
    at: int
    detail: str


async def alert(tx: Tx, device: int, sim: int, kind: str, detail: str, now: int) -> bool:
    """Raise an alert, or end it when `detail` is empty; True when it is a new one."""
    there = await tx.query(
        "SELECT 1 FROM device_alerts WHERE device = ?1 AND sim = ?2 AND kind = ?3", device, sim, kind
    )
    if detail and not there:
        tx.write(
            "INSERT INTO device_alerts (device, sim, kind, at, detail) VALUES (?1, ?2, ?3, ?4, ?5)"
            " ON CONFLICT (device, sim, kind) DO NOTHING",
            device, sim, kind, now, detail,
        )  # fmt: skip
        return True
    if there and not detail:
        tx.write("DELETE FROM device_alerts WHERE device = ?1 AND sim = ?2 AND kind = ?3", device, sim, kind)
    return False


async def alerts(tx: Tx) -> list[Alert]:
    """List what is wrong now, the oldest first."""
    rows = await tx.query("SELECT device, sim, kind, at, detail FROM device_alerts ORDER BY at, device, sim, kind")
    return [Alert(*row) for row in rows]


async def forget(tx: Tx, now: int) -> None:
    """Delete samples that are too old."""
    tx.write("DELETE FROM device_health WHERE at < ?1", now - KEPT)
