"""The three calls that read: own phones, the account, the queue. Their shapes are ours. spec: smsadvert/7"""

from depesza.core import ledger
from depesza.core.devices import Presence
from depesza.core.facts import Account, Facts
from depesza.services.devices import Device, Sim


def write_account(account: Account, facts: Facts, balance: int) -> dict[str, object]:
    """Tell an account with its units."""
    owner = facts.owner.get(account.owner)
    return {
        "_id": write_id(account.id),
        "email": owner.email if owner is not None else "",
        "units": ledger.credits(balance),
    }


def write_device(device: Device, sims: list[Sim], now: int) -> dict[str, object]:
    """Tell a phone; what it never said is null."""
    health = device.health
    online = device.usable and device.presence(now) is Presence.ONLINE
    return {
        "_id": write_id(device.id),
        "name": device.name,
        "status": "online" if online else "offline",
        "lastSeen": device.seen // 1_000,
        "battery": health.get("battery"),
        "charging": health.get("charging"),
        "signal": health.get("signal"),
        "sims": [{"slot": sim.slot, "phone": sim.number, "operator": sim.operator} for sim in sims],
    }


def write_id(id: int) -> str:
    """Write an id as the vendor's database does: 24 hexadecimal digits."""
    return f"{id:024x}"
