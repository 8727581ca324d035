"""Templates for moderation: texts for countries that take approved ones only. spec: ovh/4.13

A new one waits for the operator (`depesza template approve`), and so does one whose text was changed.
"""

from depesza.core.facts import Wording
from depesza.core.wording import ACTIVITIES
from depesza.dialects.ovh import codec, dates, errors
from depesza.dialects.ovh.call import Call
from depesza.services import wordings
from depesza.services.accounts import Unknown
from depesza.services.wordings import NotAllowed

LONGEST_NAME = 64
LONGEST_TEXT = 2_000
_ACTIVITIES = {name: name for name in ACTIVITIES}
_STATUSES = {"enable": "enable", "disable": "disable", "refused": "refused", wordings.WAITS: wordings.WAITS}


async def list_templates(call: Call) -> list[str]:
    """GET /sms/{serviceName}/templatesControl"""
    return sorted(row.name for row in call.context.store.facts.wordings if row.account == call.account.id)


async def create(call: Call) -> None:
    """POST /sms/{serviceName}/templatesControl"""
    given = call.json
    name = codec.required(given, "name")
    if len(name) > LONGEST_NAME or not name.isprintable() or name != name.strip():
        raise codec.invalid("name")
    wording = Wording(
        account=call.account.id,
        name=name,
        text=_text(codec.required(given, "message")),
        activity=codec.one_of(_ACTIVITIES, "activity", codec.required(given, "activity")),
        description=codec.text(given, "description") or "",
        reason=codec.text(given, "reason") or "",
        created=call.now,
    )
    await call.run(wordings.create, wording)


def _text(message: str) -> str:
    if len(message) > LONGEST_TEXT or not message.strip():
        raise codec.invalid("message")
    return message


def _template(call: Call) -> Wording:
    name = call.params["name"]
    found = call.context.store.facts.wording.get((call.account.id, name))
    if found is None:
        raise errors.not_found(name)
    return found


async def show(call: Call) -> dict[str, object]:
    """GET /sms/{serviceName}/templatesControl/{name}"""
    found = _template(call)
    return {
        "activity": found.activity,
        "comment": found.comment,
        "datetime": dates.write(found.created, dates.zone(call.account.timezone)),
        "description": found.description,
        "message": found.text,
        "name": found.name,
        "status": found.status,
    }


async def change(call: Call) -> None:
    """PUT /sms/{serviceName}/templatesControl/{name}: activity, description, message; status as of a sender"""
    found, given = _template(call), call.json
    changes: dict[str, object] = {}
    if "description" in given:
        changes["description"] = codec.text(given, "description") or ""
    message, activity, status = (codec.text(given, name) for name in ("message", "activity", "status"))
    if message is not None:
        changes["text"] = _text(message)
    if activity is not None:
        changes["activity"] = codec.one_of(_ACTIVITIES, "activity", activity)
    if status is not None:
        changes["status"] = codec.one_of(_STATUSES, "status", status)
    try:
        await call.run(wordings.change, found.account, found.name, changes)
    except Unknown as error:
        raise errors.not_found(found.name) from error
    except NotAllowed as error:
        raise errors.bad_request(f"Invalid value for status: {error}") from error


async def delete(call: Call) -> None:
    """DELETE /sms/{serviceName}/templatesControl/{name}"""
    found = _template(call)
    try:
        await call.run(wordings.delete, found.account, found.name)
    except Unknown as error:
        raise errors.not_found(found.name) from error


async def relaunch(call: Call) -> None:
    """POST /sms/{serviceName}/templatesControl/{name}/relaunchValidation"""
    found = _template(call)
    text, description = _text(codec.required(call.json, "message")), codec.required(call.json, "description")
    try:
        await call.run(wordings.relaunch, found.account, found.name, text, description)
    except Unknown as error:
        raise errors.not_found(found.name) from error
    except NotAllowed as error:
        raise errors.bad_request(str(error)) from error
