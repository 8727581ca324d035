"""Lists of receivers in the slots of an account. spec: ovh/4.4"""

from depesza.dialects.ovh import codec, dates, errors, files
from depesza.dialects.ovh.call import Call
from depesza.services import audiences
from depesza.services.audiences import Audience


async def list_slots(call: Call) -> list[int]:
    """GET /sms/{serviceName}/receivers"""
    return await call.look(audiences.slots, call.account.id)


async def load(call: Call) -> dict[str, object]:
    """POST /sms/{serviceName}/receivers"""
    given = call.json
    slot = codec.whole(given, "slotId")
    if slot is None:
        raise errors.bad_request("slotId is required")
    if not 1 <= slot <= audiences.SLOTS:
        raise codec.invalid("slotId")
    document = codec.text(given, "documentId")
    if document is not None:
        raise errors.not_found(document)
    url = codec.required(given, "csvUrl")
    auto_update = codec.flag(given, "autoUpdate") or False
    draft = await files.fetch(call, url, "csvUrl")
    if not draft.lines:
        raise errors.bad_request("Invalid value for csvUrl: the file has no usable receiver")
    audience = await call.run(
        audiences.load,
        call.account.id,
        slot,
        codec.text(given, "description") or "",
        url,
        auto_update,
        draft,
        call.now,
    )
    return write_audience(audience, call.account.timezone)


def write_audience(audience: Audience, zone: str) -> dict[str, object]:
    """Write sms.Receiver."""
    return {
        "autoUpdate": audience.auto_update,
        "canAutoUpdate": bool(audience.url),
        "datetime": dates.write(audience.loaded, dates.zone(zone)),
        "description": audience.description,
        "records": audience.records,
        "slotId": audience.slot,
    }


async def show(call: Call) -> dict[str, object]:
    """GET /sms/{serviceName}/receivers/{slotId}"""
    slot = call.number("slotId")
    audience = await call.look(audiences.in_slot, call.account.id, slot) if slot else None
    if audience is None:
        raise errors.not_found(slot)
    return write_audience(audience, call.account.timezone)


async def change(call: Call) -> None:
    """PUT /sms/{serviceName}/receivers/{slotId}"""
    slot = call.number("slotId")
    description = call.json.get("description")
    found = await call.run(
        audiences.change,
        call.account.id,
        slot,
        None if description is None else codec.text(call.json, "description") or "",
        codec.flag(call.json, "autoUpdate"),
    )
    if not found:
        raise errors.not_found(slot)


async def delete(call: Call) -> None:
    """DELETE /sms/{serviceName}/receivers/{slotId}"""
    slot = call.number("slotId")
    if not await call.run(audiences.delete, call.account.id, slot):
        raise errors.not_found(slot)


async def csv(call: Call) -> str:
    """GET /sms/{serviceName}/receivers/{slotId}/csv"""
    slot = call.number("slotId")
    text = await call.look(audiences.csv_of, call.account.id, slot)
    if text is None:
        raise errors.not_found(slot)
    return text
