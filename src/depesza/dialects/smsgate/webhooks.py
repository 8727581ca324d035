"""Webhooks: addresses that are called when something happens, each for one kind of event. spec: devices/9"""

from typing import Annotated
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from depesza.core.facts import Webhook
from depesza.dialects.smsgate import errors
from depesza.dialects.smsgate.call import NOTHING, Call, answer
from depesza.dialects.smsgate.codec import LONGEST_NAME, VOICE
from depesza.dialects.smsgate.devices import device_of
from depesza.services import webhooks
from depesza.services.webhooks import TooMany
from depesza.wire.http import HttpReply

EVENTS = {
    "sms:received": "received",
    "sms:sent": "sent",
    "sms:delivered": "delivered",
    "sms:failed": "failed",
    "sms:cancelled": "cancelled",
}
"""The vendor's events and ours; those of the app itself (`system:ping`, `mms:…`) are between phones and us."""
NAMES = {ours: theirs for theirs, ours in EVENTS.items()}
LOCAL = ("127.0.0.1", "localhost", "::1")


class WebhookBody(Struct, rename="camel"):
    """The body of POST /webhooks."""

    url: Annotated[str, Meta(min_length=1, max_length=2048)]
    event: str
    id: Annotated[str, Meta(max_length=LONGEST_NAME)] | None = None
    device_id: Annotated[str, Meta(max_length=21)] | None = None


async def listed(call: Call) -> HttpReply:
    """GET /webhooks"""
    return answer([shown(hook) for hook in call.context.store.facts.hooks_of.get(call.user.id, ())])


async def put(call: Call) -> HttpReply:
    """POST /webhooks; one with the same id is replaced"""
    body = call.body(WebhookBody)
    if body.event not in EVENTS:
        raise errors.invalid("event", f"write one of {', '.join(EVENTS)}")
    if body.id and not body.id.isprintable():
        raise errors.invalid("id", "holds what is no text")
    hook = Webhook(
        user_id=call.user.id,
        name=body.id or call.context.vault.token(21),
        account=call.account.id,
        dialect=VOICE,
        url=read_url(body.url),
        event=EVENTS[body.event],
        device=await device_of(call, body.device_id) if body.device_id else 0,
        created=call.now,
    )
    try:
        await call.run(webhooks.put, hook)
    except TooMany as error:
        raise errors.bad(f"A user has at most {webhooks.MOST} webhooks") from error
    return answer(shown(hook), 201)


def read_url(written: str) -> str:
    """Read an address to be called; raises 400. As the app does, only this machine itself is called without TLS."""
    try:
        parts = urlsplit(written)
        host = parts.hostname or ""
        fits = parts.scheme == "https" or (parts.scheme == "http" and host in LOCAL)
        fits = fits and parts.port != 0
    except ValueError:
        fits, host = False, ""
    if not fits or not host or not written.isprintable() or " " in written:
        raise errors.invalid("url", "must start with https://")
    return written


async def remove(call: Call) -> HttpReply:
    """DELETE /webhooks/{id}"""
    if not await call.run(webhooks.remove, call.user.id, call.params["id"]):
        raise errors.not_found("Webhook")
    return NOTHING


def shown(hook: Webhook) -> dict[str, object]:
    """Write a webhook."""
    device = str(hook.device) if hook.device else None
    return {"id": hook.name, "deviceId": device, "url": hook.url, "event": NAMES[hook.event]}
