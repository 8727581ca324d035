"""templates.php: texts that are kept, for campaigns to name them. spec: smsc/3.8"""

from depesza.dialects.smsc.actions import act, need, only, read_numbers, read_switch, texts
from depesza.dialects.smsc.answers import Refused, Value, answer_id, answer_list, answer_ok
from depesza.dialects.smsc.call import Call
from depesza.dialects.smsc.codes import NO_RECORD, PARAMETERS
from depesza.dialects.smsc.naming import read_sender
from depesza.services import templates
from depesza.services.templates import Template
from depesza.wire.http import HttpReply

FORMATS = frozenset({"", "sms", "flash", "bin", "push", "mms", "call", "mail", "viber"})
FIELDS = {"format": "format", "name": "name", "msg": "text", "sender": "sender"}
SIGNATURE = "fl[1]"


async def handle(call: Call) -> HttpReply:
    """Answer a request."""
    return await act(call, ACTIONS)


async def _add(call: Call) -> HttpReply:
    need(call, "name")
    need(call, "msg")
    fields = dict.fromkeys(FIELDS.values(), "") | _fields(call)
    id = await call.run(templates.add, call.account.id, **fields, signature=read_switch(call, SIGNATURE))
    return answer_id(id, call.fmt, call.charset, element="template")


def _fields(call: Call) -> dict[str, str]:
    """Read what is given of a template; a text keeps the blanks around it."""
    found = texts(call, FIELDS)
    if "text" in found:
        found["text"] = call.given.get("msg")
    if found.get("format", "") not in FORMATS:
        raise Refused(*PARAMETERS)
    if "sender" in found:
        found["sender"] = (
            read_sender(found["sender"], mail=found.get("format") == "mail" or "@" in found["sender"]) or ""
        )
    return found


async def _change(call: Call) -> HttpReply:
    id = only(read_numbers(call, "id"))
    changes: dict[str, str | bool] = {**_fields(call)}
    if "" in (changes.get("name", "-"), changes.get("text", "-")):
        raise Refused(*PARAMETERS)
    if SIGNATURE in call.given:
        changes["signature"] = read_switch(call, SIGNATURE)
    await call.run(templates.change, call.account.id, id, changes)
    return answer_ok(call.fmt, call.charset)


async def _delete(call: Call) -> HttpReply:
    await call.run(templates.delete, call.account.id, only(read_numbers(call, "id")))
    return answer_ok(call.fmt, call.charset)


async def _get(call: Call) -> HttpReply:
    """Tell all templates, or the one named by id."""
    wanted = read_numbers(call, "id")
    found = [each for each in await call.look(templates.listing, call.account.id) if each.id in wanted or not wanted]
    if wanted and not found:
        raise Refused(*NO_RECORD)
    return answer_list([_tell(each) for each in found], call.fmt, call.charset, element="template")


def _tell(template: Template) -> dict[str, Value]:
    return {
        "id": template.id,
        "format": template.format,
        "name": template.name,
        "message": template.text,
        "sender": template.sender,
        "flag": int(template.signature),
    }


ACTIONS = {"add": _add, "chg": _change, "del": _delete, "get": _get}
