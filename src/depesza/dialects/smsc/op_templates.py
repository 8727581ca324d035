"""op_templates.php: texts that mobile operators are to know as service or transactional ones. spec: smsc/3.8"""

from depesza.dialects.smsc.actions import act, need, read_switch
from depesza.dialects.smsc.answers import Value, answer_id, answer_list
from depesza.dialects.smsc.call import Call
from depesza.dialects.smsc.naming import read_sender
from depesza.services import operator_templates
from depesza.services.operator_templates import OperatorTemplate
from depesza.wire.http import HttpReply

FLAGS = tuple([f"{operator}_{kind}" for operator in ("mts", "mega", "bee", "tele2") for kind in ("srv", "trn")])
"""Operator, and what the text shall be there: a service or a transactional one."""


async def handle(call: Call) -> HttpReply:
    """Answer a request."""
    return await act(call, ACTIONS)


async def _add(call: Call) -> HttpReply:
    sender = read_sender(need(call, "sender")) or ""
    need(call, "msg")
    flags = [flag for flag in FLAGS if read_switch(call, flag)]
    id = await call.run(operator_templates.add, call.account.id, sender, call.given.get("msg"), flags, call.now)
    return answer_id(id, call.fmt, call.charset, element="template")


async def _get(call: Call) -> HttpReply:
    found = await call.look(operator_templates.listing, call.account.id)
    return answer_list([_tell(each) for each in found], call.fmt, call.charset, element="template")


def _tell(template: OperatorTemplate) -> dict[str, Value]:
    told: dict[str, Value] = {"id": template.id, "sender": template.sender, "message": template.text}
    return told | {flag: int(flag in template.flags) for flag in FLAGS}


ACTIONS = {"add": _add, "get": _get}
