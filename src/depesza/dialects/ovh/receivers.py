"""Lists of receivers in the slots of an account, or of one of its users; and their cleaning. spec: ovh/4.4"""

from collections.abc import Awaitable

from depesza.core import ledger
from depesza.dialects.ovh import codec, dates, errors, files
from depesza.dialects.ovh.call import Call
from depesza.dialects.ovh.messages import user_id
from depesza.dialects.ovh.sending import user_of
from depesza.services import audiences, cleaning
from depesza.services.audiences import Audience, Staged
from depesza.services.cleaning import Task

STATUSES = {"todo": "todo", "doing": "doing", "done": "done", "error": "error", "pause": "pause"}


async def list_slots(call: Call) -> list[int]:
    """GET …/receivers"""
    return await call.look(audiences.slots, call.account.id, user_id(call))


async def load(call: Call) -> dict[str, object]:
    """POST …/receivers: answers when the whole list is here, so that `records` is true"""
    given, user = call.json, user_id(call)
    slot = codec.whole(given, "slotId")
    if slot is None:
        raise errors.bad_request("slotId is required")
    if not 1 <= slot <= audiences.SLOTS:
        raise codec.invalid("slotId")
    description = codec.text(given, "description") or ""
    auto_update = codec.flag(given, "autoUpdate") or False
    if auto_update and codec.text(given, "csvUrl") is None:
        raise codec.invalid("autoUpdate")
    name, url, loading = _source(call)
    async with files.brought(call, loading, name) as staged:
        if not staged.records:
            raise errors.bad_request(f"Invalid value for {name}: the file has no usable receiver")
        audience = await call.run(
            audiences.place, staged, call.account.id, user, slot, description, url, auto_update, call.now
        )
    return write_audience(audience, call.account.timezone)


def _source(call: Call) -> tuple[str, str, Awaitable[Staged]]:
    """Tell which field names the file, its address, and how to get it."""
    document, url = codec.text(call.json, "documentId"), codec.text(call.json, "csvUrl")
    if document is not None and url is not None:
        raise errors.bad_request("csvUrl and documentId exclude each other")
    if document is not None:
        return "documentId", "", files.from_document(call, document)
    if url is not None:
        return "csvUrl", url, files.from_url(call, url, "csvUrl")
    raise errors.bad_request("csvUrl is required")


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


async def _found(call: Call) -> Audience:
    slot = call.number("slotId")
    audience = await call.look(audiences.in_slot, call.account.id, user_id(call), slot)
    if audience is None:
        raise errors.not_found(slot)
    return audience


async def show(call: Call) -> dict[str, object]:
    """GET …/receivers/{slotId}"""
    return write_audience(await _found(call), call.account.timezone)


async def change(call: Call) -> None:
    """PUT …/receivers/{slotId}"""
    audience, given = await _found(call), call.json
    auto_update = codec.flag(given, "autoUpdate")
    if auto_update and not audience.url:
        raise codec.invalid("autoUpdate")
    description = None if given.get("description") is None else codec.text(given, "description") or ""
    slot = audience.slot
    if not await call.run(audiences.change, call.account.id, audience.user, slot, description, auto_update):
        raise errors.not_found(slot)


async def delete(call: Call) -> None:
    """DELETE …/receivers/{slotId}"""
    slot = call.number("slotId")
    if not await call.run(audiences.delete, call.account.id, user_id(call), slot):
        raise errors.not_found(slot)


async def csv(call: Call) -> str:
    """GET …/receivers/{slotId}/csv"""
    return await call.look(audiences.csv_of, (await _found(call)).id)


# cleaning. spec: ovh/4.8


async def clean(call: Call) -> dict[str, object]:
    """POST …/receivers/{slotId}/clean"""
    freemium, price_only = _required_flag(call, "freemium"), _required_flag(call, "priceOnly")
    audience = await _found(call)
    price = 0 if freemium else call.context.policy.lookup_price
    total = ledger.credits(price * audience.records)
    if price_only:
        return {"taskId": 0, "totalCreditsRemoved": total}
    user = user_of(call) if "login" in call.params else None
    try:
        task = await call.run(cleaning.begin, call.account, user, audience, price, call.now)
    except ledger.NotEnoughCredits as error:
        raise errors.not_enough(ledger.two_decimals(error.left)) from error
    return {"taskId": task.id, "totalCreditsRemoved": total}


def _required_flag(call: Call, name: str) -> bool:
    found = codec.flag(call.json, name)
    if found is None:
        raise errors.bad_request(f"{name} is required")
    return found


async def list_tasks(call: Call) -> list[int]:
    """GET /sms/{serviceName}/task"""
    status = call.query.get("status", "")
    if status:
        codec.one_of(STATUSES, "status", status)
    return await call.look(cleaning.listing, call.account.id, status)


async def show_task(call: Call) -> dict[str, object]:
    """GET /sms/{serviceName}/task/{taskId}"""
    id = call.number("taskId")
    task = await call.look(cleaning.find, call.account.id, id)
    if task is None:
        raise errors.not_found(id)
    return write_task(task)


def write_task(task: Task) -> dict[str, object]:
    """Write sms.Task."""
    return {"function": "cleanSmsReceivers", "status": task.status, "step": task.step, "taskId": task.id}
