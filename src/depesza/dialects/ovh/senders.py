"""Senders of an account: listed, asked for, switched on and off. spec: ovh/4.7

The operator approves names; those of the owner are enabled at once, and a number by the code that it gets by text.
"""

import re

from depesza.core import phone
from depesza.core.facts import MAIL, Sender
from depesza.core.planning import Refused
from depesza.core.sender_names import names_of
from depesza.dialects.ovh import codec, errors
from depesza.dialects.ovh.call import Call
from depesza.services import senders, validation
from depesza.services.accounts import Unknown
from depesza.services.validation import Checked

CODE = 6
"""Characters of the code that a number gets."""

_ALPHA = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9 ._&-]{0,10}")
"""At most 11 characters, not only digits (spec: ovh/4.2#6); blanks and marks that carriers take are allowed."""


async def list_senders(call: Call) -> list[str]:
    """GET /sms/{serviceName}/senders"""
    mine = [row for row in call.context.store.facts.senders if row.account == call.account.id]
    return sorted(row.name for row in mine if row.kind != MAIL)  # the vendor knows none of mail


async def create_sender(call: Call) -> str:
    """POST /sms/{serviceName}/senders"""
    name, kind = read_name(codec.required(call.json, "sender"))
    reason = codec.text(call.json, "reason")
    own = name in _available(call)
    if reason is None and kind == "alpha" and not own:
        raise errors.bad_request("Please provide a reason")
    sender = Sender(
        account=call.account.id,
        name=name,
        kind=kind,
        status="enable" if own else "waitingValidation",
        description=codec.text(call.json, "description") or "",
        reason=reason or "",
        referer="nic" if own else "custom",
        created=call.now,
    )
    if kind == "numeric":
        await _send_code(call, sender)
    else:
        await call.run(senders.create, sender)
    return name


async def _send_code(call: Call, sender: Sender) -> None:
    """Ask for a number: the code that it gets by text enables it."""
    code = call.context.vault.code(CODE)
    digest = _digest(call, sender.name, code)
    try:
        await call.run(validation.begin, sender, code, digest, call.context.policy, call.now)
    except validation.TooMany as error:
        raise errors.too_many("Too many validation codes were asked for, please try again later") from error
    except Refused as error:
        raise codec.invalid("sender") from error


def _digest(call: Call, name: str, code: str) -> bytes:
    return call.context.vault.digest(f"sender {call.account.id} {name} {code.strip().upper()}")


async def validate(call: Call) -> None:
    """POST /sms/{serviceName}/senders/{sender}/validate"""
    sender = sender_of(call)
    code = codec.required(call.json, "code")
    checked = await call.run(validation.check, sender.account, sender.name, _digest(call, sender.name, code), call.now)
    if checked is Checked.WRONG:
        raise codec.invalid("code")
    if checked is Checked.GONE:
        raise errors.bad_request(
            "Invalid value for code: no code can be used for this sender, please ask for a new one"
        )


async def list_available(call: Call) -> list[dict[str, str]]:
    """GET /sms/{serviceName}/sendersAvailableForValidation: of the owner's data; we know of no domains"""
    referer = call.query.get("referer", "nichandle")
    if referer not in ("domain", "nichandle"):
        raise codec.invalid("referer")
    return [{"referer": "nichandle", "sender": name} for name in _available(call)] if referer == "nichandle" else []


def _available(call: Call) -> list[str]:
    """Name senders that are enabled at once, less those that the account has."""
    facts = call.context.store.facts
    names = names_of(facts.owner[call.account.owner])
    return [name for name in names if (call.account.id, name) not in facts.sender]


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
    if sender is None or sender.kind == MAIL:
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
        "validationMedia": "sms" if sender.kind == "numeric" and sender.status == "waitingValidation" else None,
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
