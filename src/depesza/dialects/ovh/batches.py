"""Batches: campaigns with a name, figures and errors; sends to lists by POST jobs are batches too. spec: ovh/4.9"""

from datetime import tzinfo

import msgspec

from depesza.core import ledger
from depesza.core.ids import of_uuid
from depesza.core.model import MICRO, Accepted, Priority, Submission
from depesza.core.planning import Refused
from depesza.dialects.ovh import codec, dates, errors, slots
from depesza.dialects.ovh.call import Call
from depesza.dialects.ovh.codec import JobBody
from depesza.dialects.ovh.sending import check_sender
from depesza.services import campaigns
from depesza.services.campaigns import Campaign, Figures, Origin

LONGEST_NAME = 255
LATE = 300 * MICRO
"""How far in the past a batch may be asked for: clocks differ."""
STATUS = {
    campaigns.RUNNING: "INSERTING",
    campaigns.INSERTED: "INSERTED",
    campaigns.DONE: "COMPLETED",
    campaigns.FAILED: "FAILED",
    campaigns.TO_CANCEL: "TO_CANCEL",
    campaigns.CANCELLING: "CANCELING",
    campaigns.CANCELLED: "CANCELED",
}
"""One that runs is PENDING until its first rows are planned."""
CLASS = {"FLASH": "flash", "PHONE": "phoneDisplay", "SIM": "sim"}


async def list_batches(call: Call) -> list[dict[str, object]]:
    """GET /sms/{serviceName}/batches"""
    found = await call.look(campaigns.all_of, call.account.id)
    faults = await call.look(campaigns.errors_of, [row.id for row in found if row.errors])
    return [write_batch(row, faults.get(row.id, []), call.account.timezone) for row in found]


async def create(call: Call) -> dict[str, object]:
    """POST /sms/{serviceName}/batches"""
    if not call.account.enabled:
        raise errors.forbidden("This account is disabled")
    submission = _submission(call)
    origin = Origin(read_name(call))
    try:
        accepted = await _start(call, submission, origin)
    except ledger.NotEnoughCredits as error:
        raise errors.not_enough(ledger.two_decimals(error.left)) from error
    except Refused as error:
        raise errors.bad_request(f"Invalid value for message: {error.detail or error.name}") from error
    return await _written(call, accepted.id)


async def _start(call: Call, submission: Submission, origin: Origin) -> Accepted:
    receivers = codec.texts(call.json, "to")
    slot = codec.whole(call.json, "slotID")
    if slot is None:
        slot = codec.whole(call.json, "slotId")  # the vendor's own page misspells it
    if receivers and slot is not None:
        raise errors.bad_request("to and slotID exclude each other")
    if slot is not None:
        return await slots.send_to_slot(call, submission, slot, origin)
    if not receivers:
        raise errors.bad_request("to is required")
    loading = call.context.lists.from_numbers(call.account.id, receivers)
    return await slots.send_to_list(call, submission, loading, "to", Origin(origin.name, tuple(receivers)))


def _submission(call: Call) -> Submission:
    """Understand a batch, in the words of a job; raises 400."""
    given = call.json
    flash = codec.text(given, "class")
    body = JobBody(
        message=codec.text(given, "message"),
        sender=codec.text(given, "from"),
        senderForResponse=codec.flag(given, "senderForResponse"),
        noStopClause=codec.flag(given, "noStop"),
        class_=codec.one_of(CLASS, "class", flash) if flash else None,
        tag=codec.text(given, "tag"),
    )
    if not body.sender and not body.senderForResponse:
        raise errors.bad_request("from is required")
    read = codec.submission(body, 0, call.now)
    sender = check_sender(call, read.sender) if read.sender else ""
    return msgspec.structs.replace(read, sender=sender, due=_due(call), priority=Priority.BULK)


def _due(call: Call) -> int:
    """Read when a batch shall be sent; 0 for now."""
    written = codec.text(call.json, "deferred")
    if written is None:
        return 0
    try:
        due = dates.read(written, dates.zone(call.account.timezone))
    except dates.BadDate as error:
        raise codec.invalid("deferred") from error
    if not call.now - LATE <= due <= call.now + codec.LONGEST_WAIT * 60 * MICRO:
        raise codec.invalid("deferred")
    return due if due > call.now else 0


def read_name(call: Call) -> str:
    """Read a batch's name; raises 400."""
    name = codec.text(call.json, "name") or ""
    if len(name) > LONGEST_NAME:
        raise codec.invalid("name")
    return name


# shown


async def _found(call: Call) -> Campaign:
    id = call.params["id"]
    campaign = await call.look(campaigns.find, of_uuid(id), call.account.id)
    if campaign is None:
        raise errors.not_found(id if id.isprintable() else ascii(id))
    return campaign


async def _written(call: Call, id: int) -> dict[str, object]:
    campaign = await call.look(campaigns.find, id)
    if campaign is None:
        raise errors.not_found(id)
    faults = await call.look(campaigns.errors_of, [id])
    return write_batch(campaign, faults[id], call.account.timezone)


async def show(call: Call) -> dict[str, object]:
    """GET /sms/{serviceName}/batches/{id}"""
    return await _written(call, (await _found(call)).id)


def write_batch(campaign: Campaign, faults: list[tuple[str, str]], zone: str) -> dict[str, object]:
    """Write sms.Batch."""
    where, submission = dates.zone(zone), campaign.submission
    waits = campaign.status == campaigns.RUNNING and not campaign.started
    return {
        "accountID": campaign.account,
        "createdAt": dates.write(campaign.created, where),
        "errors": [{"message": why, "receiver": receiver} for receiver, why in faults],
        "estimatedCredits": ledger.credits(campaign.estimated),
        "finishedAt": _moment(campaign.finished, where),
        "from": submission.sender or None,
        "id": campaign.uuid,
        "message": submission.text,
        "name": campaign.name,
        "processedRecords": campaign.processed,
        "receivers": list(campaign.receivers) or None,
        "sentAt": _moment(submission.due or campaign.started, where),
        "slotID": str(campaign.slot) if campaign.slot else None,
        "startedAt": _moment(campaign.started, where),
        "status": "PENDING" if waits else STATUS[campaign.status],
        "totalRecords": campaign.total,
        "updatedAt": dates.write(campaign.changed, where),
    }


def _moment(at: int, where: tzinfo) -> str | None:
    return dates.write(at, where) if at else None


async def statistics(call: Call) -> dict[str, object]:
    """GET /sms/{serviceName}/batches/{id}/statistics"""
    campaign = await _found(call)
    return write_figures(campaign, await call.look(campaigns.figures, campaign))


def write_figures(campaign: Campaign, figures: Figures) -> dict[str, object]:
    """Write sms.BatchStatistics."""
    return {
        "credits": ledger.credits(figures.price),
        "delivered": figures.delivered,
        "estimatedCredits": ledger.credits(campaign.estimated),
        "failed": figures.failed,
        "id": campaign.uuid,
        "pending": figures.pending,
        "sent": figures.sent,
        "stoplisted": figures.stopped,
    }


# changed


async def rename(call: Call) -> dict[str, object]:
    """PUT /sms/{serviceName}/batches/{id}"""
    campaign = await _found(call)
    codec.required(call.json, "name")
    await call.run(campaigns.rename, campaign.id, read_name(call), call.now)
    return await _written(call, campaign.id)


async def delete(call: Call) -> None:
    """DELETE /sms/{serviceName}/batches/{id}: its messages stay in the history"""
    if not await call.run(campaigns.delete, (await _found(call)).id):
        raise errors.conflict("This batch has not ended yet: cancel it first")


async def cancel(call: Call) -> dict[str, object]:
    """POST /sms/{serviceName}/batches/{id}/cancel"""
    campaign = await _found(call)
    if not await call.look(campaigns.untouched, campaign):
        raise errors.conflict("This batch can't be cancelled any more: SMS of it were sent")
    if await call.run(campaigns.cancel, campaign.id, call.now) is None:
        raise errors.conflict("This batch has ended")
    return await _written(call, campaign.id)
