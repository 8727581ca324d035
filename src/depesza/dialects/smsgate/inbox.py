"""Texts received, and what phones are asked to tell again. spec: devices/8, devices/9"""

from typing import Annotated

from msgspec import Meta, Struct

from depesza.core.devices import Kind
from depesza.dialects.smsgate import dates, errors
from depesza.dialects.smsgate.call import Call, answer, page
from depesza.dialects.smsgate.devices import device_of, own
from depesza.services import inbox_pages
from depesza.services.inbox_pages import Text, Wanted, ask_again
from depesza.wire.http import HttpReply

MOST = 500
MOST_SKIPPED = 10_000_000
KINDS = {"SMS": "sms", "DATA_SMS": "data", "MMS": "mms", "MMS_DOWNLOADED": "mms_downloaded"}
DELIVERIES = (None, "Individual")
"""How what is told again reaches webhooks: each text by itself, and once."""
_NAMES = {kind: name for name, kind in KINDS.items()}


class RefreshBody(Struct, rename="camel"):
    """From when to when phones shall tell their inbox again."""

    since: str
    until: str
    device_id: str | None = None
    message_types: Annotated[list[str], Meta(max_length=8)] | None = None
    webhook_delivery: str | None = None


async def listed(call: Call) -> HttpReply:
    """GET /inbox"""
    query = call.query
    kind = query.get("type", "")
    if kind and kind not in KINDS:
        raise errors.invalid("type", f"write one of {', '.join(KINDS)}")
    call.flag("includeAttachments")
    wanted = Wanted(
        kind=KINDS.get(kind, ""),
        since=dates.read(query["from"], "from") if query.get("from") else 0,
        until=dates.read(query["to"], "to") if query.get("to") else 0,
        device=await device_of(call, query["deviceId"]) if query.get("deviceId") else 0,
        limit=call.whole("limit", 50, 1, MOST),
        offset=call.whole("offset", 0, 0, MOST_SKIPPED),
    )
    found, total = await call.look(inbox_pages.listed, call.account.id, call.user.id, wanted)
    return page([_shown(text) for text in found], total)


def _shown(text: Text) -> dict[str, object]:
    shown: dict[str, object] = {
        "id": str(text.id),
        "type": _NAMES.get(text.kind, "SMS"),
        "sender": text.sender,
        "recipient": text.recipient,
        "contentPreview": text.text,
        "createdAt": dates.write(text.at),
    }
    return shown | {"simNumber": text.slot} if text.slot else shown


async def attachment(call: Call) -> HttpReply:
    """GET /inbox/{id}/attachments/{part}: pictures are not kept here"""
    raise errors.not_found("Attachment")


async def refresh(call: Call) -> HttpReply:
    """POST /inbox/refresh"""
    return await _ask(call)


async def export(call: Call) -> HttpReply:
    """POST /messages/inbox/export and /inbox/export: the older name of the same"""
    return await _ask(call)


async def _ask(call: Call) -> HttpReply:
    """Have one phone, or all, tell what they received in a time; what we know already is not told on again."""
    body = call.body(RefreshBody)
    since, until = dates.read(body.since, "since"), dates.read(body.until, "until")
    if until < since:
        raise errors.invalid("until", "must not be before since")
    for kind in body.message_types or ():
        if kind not in KINDS:
            raise errors.invalid("messageTypes", f"write some of {', '.join(KINDS)}")
    if body.webhook_delivery not in DELIVERIES:
        raise errors.invalid("webhookDelivery", "only Individual is offered")
    chosen = await device_of(call, body.device_id) if body.device_id else 0
    phones = [row.id for row in await own(call) if row.kind is Kind.SMSGATE and chosen in (0, row.id)]
    if not phones:
        raise errors.bad("There is no phone that could be asked")
    await call.run(ask_again, phones, since, until, call.now)
    return answer({}, 202)
