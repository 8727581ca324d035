"""Senders of an account: listed, asked for, switched on and off. The operator approves them. spec: ovh/4.7"""

import re

from depesza.core import phone
from depesza.core.facts import Sender
from depesza.dialects.ovh import codec, errors
from depesza.dialects.ovh.call import Call
from depesza.services import senders
from depesza.services.accounts import Unknown

_ALPHA = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9 ._&-]{0,10}")
"""At most 11 characters, not only digits (spec: ovh/4.2#6); blanks and marks that carriers take are allowed."""


async def list_senders(call: Call) -> list[str]:
    """GET /sms/{serviceName}/senders"""
    return sorted(row.name for row in call.context.store.facts.senders if row.account == call.account.id)


async def create_sender(call: Call) -> str:
    """POST /sms/{serviceName}/senders"""
    name, kind = read_name(codec.required(call.json, "sender"))
    reason = codec.text(call.json, "reason")
    if reason is None:
        raise errors.bad_request("Please provide a reason")
    sender = Sender(
        account=call.account.id,
        name=name,
        kind=kind,
        status="waitingValidation",
        description=codec.text(call.json, "description") or "",
        reason=reason,
        created=call.now,
    )
    await call.run(senders.create, sender)
    return name


def read_name(written: str) -> tuple[str, str]:
    """Read a sender's name: gives it with its type, numbers as E.164. Raises 400."""
    if len(written) > codec.LONGEST_SENDER:
        raise errors.bad_request("must have less than 14 chars for value sender")
    number = phone.parse(written)
    if number is not None and number.possible:
        return number.e164, "numeric"
    if not _ALPHA.fullmatch(written) or written.endswith(" "):
        raise codec.invalid("sender")
    return written, "alpha"


def sender_of(call: Call) -> Sender:
    """Find `{sender}`; raises 404."""
    name = call.params["sender"]
    sender = call.context.store.facts.sender.get((call.account.id, name))
    if sender is None:
        raise errors.not_found(name)
    return sender


async def show_sender(call: Call) -> dict[str, object]:
    """GET /sms/{serviceName}/senders/{sender}"""
    sender = sender_of(call)
    return {
        "comment": sender.comment or None,
        "description": sender.description,
        "referer": sender.referer,
        "sender": sender.name,
        "status": sender.status,
        "type": sender.kind,
        "validationMedia": None,
    }


async def change_sender(call: Call) -> None:
    """PUT /sms/{serviceName}/senders/{sender}: description, and status between enable and disable"""
    sender = sender_of(call)
    changes: dict[str, object] = {}
    if "description" in call.json:
        changes["description"] = codec.text(call.json, "description") or ""
    status = codec.text(call.json, "status")
    if status is not None and status != sender.status:
        if {status, sender.status} != {"enable", "disable"}:
            raise codec.invalid("status")  # only the operator approves
        changes["status"] = status
    try:
        await call.run(senders.change, call.account.id, sender.name, changes)
    except Unknown as error:
        raise errors.not_found(sender.name) from error


async def delete_sender(call: Call) -> None:
    """DELETE /sms/{serviceName}/senders/{sender}"""
    sender = sender_of(call)
    if sender.virtual:
        raise errors.forbidden("A virtual number is ended by the operator")
    try:
        await call.run(senders.delete, call.account.id, sender.name)
    except Unknown as error:
        raise errors.not_found(sender.name) from error
