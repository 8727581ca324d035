"""What phones are to be told on their open streams: written with what caused it, read by the door that holds them.

The door may live in another process than the engine, so a bell is a row. It looks for new ones about once a second,
and a phone that missed one loses nothing: it pulls by itself.
"""

from msgspec import Struct

from depesza.core.devices import SECOND, Event
from depesza.store.tx import Tx

OVERLAP = 15 * SECOND
"""How far back a look goes: a bell may be written before another and be committed after it."""
KEPT = 600 * SECOND


class Bell(Struct, frozen=True, gc=False):
    """One thing to tell a phone."""

    id: int
    device: int
    event: Event
    detail: str
    """Of `CANCELLED` the attempt, of `EXPORT` JSON; else empty."""


def ring(tx: Tx, device: int, event: Event, now: int, detail: str = "") -> None:
    """Have a phone told something."""
    id = tx.new_id()
    tx.write(
        "INSERT INTO device_bells (id, device, event, detail, at) VALUES (?1, ?2, ?3, ?4, ?5)",
        id, device, event.value, detail, now,
    )  # fmt: skip
    tx.work.bells.append(device)


async def since(tx: Tx, at: int) -> list[Bell]:
    """Read the bells that were rung since `at` minus `OVERLAP`, the oldest first; the reader knows those it has had."""
    rows = await tx.query("SELECT id, device, event, detail FROM device_bells WHERE at >= ?1 ORDER BY id", at - OVERLAP)
    return [Bell(row[0], row[1], Event(row[2]), row[3]) for row in rows]


async def forget(tx: Tx, now: int) -> None:
    """Delete bells that no door needs any more."""
    tx.write("DELETE FROM device_bells WHERE at < ?1", now - KEPT)
