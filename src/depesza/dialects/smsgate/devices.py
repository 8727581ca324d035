"""Phones of the account. spec: devices/9"""

from depesza.core.devices import HOUR
from depesza.dialects.smsgate import dates, errors
from depesza.dialects.smsgate.call import NOTHING, Call, answer
from depesza.services import devices
from depesza.services.devices import Device, Sim
from depesza.wire.http import HttpReply


async def own(call: Call) -> list[Device]:
    """List the phones that send for the account: its own, and those of all; those that may send at all."""
    return [row for row in await call.look(devices.listing, call.account.id) if not row.banned]


async def active(call: Call, hours: int) -> list[Device]:
    """List those that may send now, and were heard of within so many hours (0: ever)."""
    if not call.context.store.facts.phones:
        return []
    since = call.now - hours * HOUR if hours else 0
    return [row for row in await own(call) if row.enabled and not row.paused and max(row.seen, row.stream) >= since]


async def device_of(call: Call, written: str) -> int:
    """Find a phone of the account by its id; raises 400."""
    for row in await own(call):
        if str(row.id) == written:
            return row.id
    raise errors.invalid("deviceId", "there is no such phone")


async def listed(call: Call) -> HttpReply:
    """GET /devices"""
    found = await own(call)
    cards = await call.look(devices.sims, [row.id for row in found])
    return answer([_shown(row, [card for card in cards if card.device == row.id]) for row in found])


def _shown(device: Device, cards: list[Sim]) -> dict[str, object]:
    seen = max(device.seen, device.stream, device.created)
    return {
        "id": str(device.id),
        "name": device.name,
        "createdAt": dates.write(device.created),
        "updatedAt": dates.write(seen),
        "lastSeen": dates.write(seen),
        "simCards": [
            {
                "slotIndex": card.slot - 1,
                "simNumber": card.slot,
                "phoneNumber": card.number or None,
                "carrierName": card.operator or None,
            }
            for card in cards
        ],
    }


async def remove(call: Call) -> HttpReply:
    """DELETE /devices/{id}; a phone that serves all accounts is not an account's to remove"""
    for row in await call.look(devices.listing, call.account.id):
        if str(row.id) == call.params["id"] and row.account == call.account.id:
            await call.run(devices.remove, row.id, call.now)
            return NOTHING
    raise errors.not_found("Device")
