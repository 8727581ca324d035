"""Texts that phones of our own received: each once, then the way of all texts that come in. spec: devices/8

Whose a text is: the account that last wrote to its sender from this SIM, else the account that the phone belongs to.
"""

from msgspec import Struct

from depesza.core.devices import DAY, SECOND
from depesza.core.model import Inbound
from depesza.core.planning import Policy
from depesza.services import inbox
from depesza.services.devices import Device, Sim, sims
from depesza.store.tx import Tx

STICKY = DAY
"""How long a receiver who wrote to a SIM is answered from it."""
LATE = 300 * SECOND
"""A text that a phone tells so long after it came is marked: phones retry for hours."""


class PhoneText(Struct, frozen=True, kw_only=True, gc=False):
    """One text as a phone tells it."""

    key: str
    """Tells it from every other one of the same phone; the same text has the same key whenever it is told."""
    sender: str
    text: str
    at: int
    """When the phone received it, by its clock."""
    slot: int = 0
    """The SIM, from 1; 0 where the phone does not say."""
    recipient: str = ""
    """The SIM's number, where the phone says it."""
    kind: str = "sms"
    """`sms`, `data` or `mms`."""
    data: bytes = b""
    """What is more than a text: octets of a data message, JSON of an MMS."""


def line_name(sim: int) -> str:
    """Name a SIM card whose number nobody has told, where a number is expected."""
    return f"sim:{sim}"


async def take_inbound(tx: Tx, device: Device, told: PhoneText, policy: Policy, now: int) -> int:
    """Take a text that a phone received, with all that follows; gives its id, 0 for one that was taken before."""
    if await tx.query("SELECT 1 FROM device_inbounds WHERE device = ?1 AND key = ?2", device.id, told.key):
        return 0
    sim = _sim_of(told, await sims(tx, [device.id]))
    recipient = (sim.number or line_name(sim.id)) if sim is not None else told.recipient
    inbound = Inbound(0, told.sender, recipient, told.text, now, device.id, sim.slot if sim is not None else 0)
    (id,) = await inbox.take_inbound(tx, [inbound], policy, now, device.account)
    tx.write(
        "INSERT INTO device_inbounds (device, key, sim, sender, at, stored, inbound, kind, data, late)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        device.id, told.key, sim.id if sim is not None else 0, inbox.read_peer(told.sender), told.at, now, id,
        told.kind, told.data, int(now - told.at > LATE),
    )  # fmt: skip
    return id


def _sim_of(told: PhoneText, known: list[Sim]) -> Sim | None:
    """Find the SIM card a text came to."""
    if told.slot:
        return next((sim for sim in known if sim.slot == told.slot), None)
    if told.recipient:
        return next((sim for sim in known if sim.number == told.recipient), None)
    return known[0] if len(known) == 1 else None


class Received(Struct, frozen=True, gc=False):
    """A text as it is listed for an account."""

    id: int
    device: int
    slot: int
    kind: str
    sender: str
    recipient: str
    text: str
    at: int
    stored: int
    data: bytes
    late: bool


async def listing(tx: Tx, account: int, limit: int, offset: int = 0) -> list[Received]:
    """List what an account's phones received, the newest first."""
    rows = await tx.query(
        "SELECT i.id, d.device, COALESCE(s.slot, 0), d.kind, i.sender, i.recipient, i.text, d.at, d.stored, d.data,"
        " d.late FROM inbounds i JOIN device_inbounds d ON d.inbound = i.id LEFT JOIN sims s ON s.id = d.sim"
        " WHERE i.account = ?1 ORDER BY i.id DESC LIMIT ?2 OFFSET ?3",
        account,
        limit,
        offset,
    )
    return [Received(*(*row[:9], bytes(row[9] or b""), bool(row[10]))) for row in rows]


async def last_received(tx: Tx, device: int) -> int:
    """Tell when a phone received the last text that we know of; 0 when there is none."""
    rows = await tx.query("SELECT MAX(at) FROM device_inbounds WHERE device = ?1", device)
    return rows[0][0] or 0
