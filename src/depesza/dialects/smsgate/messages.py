"""Messages: sent by the account's own phones where it has some, else as the routes lead. spec: devices/9"""

from urllib.parse import quote

import msgspec

from depesza.core import ledger
from depesza.core.devices import NO_WISH, Wish
from depesza.core.model import Accepted, Submission, Way
from depesza.core.planning import Refused
from depesza.dialects.smsgate import codec, dates, errors
from depesza.dialects.smsgate.call import Call, answer, page
from depesza.dialects.smsgate.codec import MessageBody
from depesza.dialects.smsgate.devices import active, device_of
from depesza.services import requests
from depesza.services.requests import BadReceiver, NotPending, Phase, Wanted
from depesza.services.submit import usual_sender
from depesza.store.contract import Conflict
from depesza.wire.http import HttpReply

MOST_LISTED = 100
MOST_SKIPPED = 10_000_000
LONGEST_ABSENCE = 10_000
"""Hours of `deviceActiveWithin`."""


async def send(call: Call) -> HttpReply:
    """POST /messages and /message"""
    body = call.body(MessageBody)
    codec.check(body)
    facts = call.context.store.facts
    wanted = codec.submission(body, call.user.id, usual_sender(facts, call.account), call.now)
    if call.flag("skipPhoneValidation") or body.is_encrypted:
        wanted = msgspec.structs.replace(wanted, verbatim=True)
    phones = await active(call, call.whole("deviceActiveWithin", 0, 0, LONGEST_ABSENCE))
    device = await device_of(call, body.device_id) if body.device_id else 0
    only_phones = bool(body.is_encrypted or body.data_message is not None)
    if not phones and (only_phones or device or body.sim_number or call.query.get("deviceActiveWithin", "0") != "0"):
        raise errors.bad("There is no phone that could send this")
    if only_phones:
        wanted = msgspec.structs.replace(wanted, opaque=True, way=Way.PHONES)
    elif phones:
        wanted = msgspec.structs.replace(wanted, way=Way.PHONES_FIRST)
    done = await _take(call, wanted, body.id or "", wish_of(body, device))
    return await _shown(call, done.tag, 202)


def wish_of(body: MessageBody, device: int) -> Wish:
    """Read what a body asks of phones."""
    data = body.data_message
    return Wish(
        device=device,
        slot=body.sim_number or 0,
        report=body.with_delivery_report is not False,
        data=data.data if data is not None else "",
        port=data.port if data is not None else 0,
        encrypted=bool(body.is_encrypted),
    )


async def _take(call: Call, wanted: Submission, name: str, wish: Wish = NO_WISH) -> Accepted:
    """Take a message; who has no credits sends by own phones only, which cost none."""
    context = call.context
    try:
        return await call.run(requests.send, call.account, wanted, name, wish, context.lanes, context.policy, call.now)
    except ledger.NotEnoughCredits as error:
        if wanted.way is not Way.PHONES_FIRST:
            raise errors.SmsGateError(402, "Not enough credits") from error
        return await _take(call, msgspec.structs.replace(wanted, way=Way.PHONES), name, wish)
    except Conflict as error:
        raise errors.conflict("A message with this id exists already") from error
    except BadReceiver as error:
        raise errors.invalid("phoneNumbers", str(error)) from error
    except Refused as error:
        raise errors.invalid("textMessage", error.detail or error.name) from error


async def _shown(call: Call, name: str, status: int) -> HttpReply:
    found = await call.look(requests.show, call.user.id, name)
    if found is None:
        raise errors.not_found("Message")
    where = f"{call.base}/messages/{quote(name, safe='')}"
    headers = (("Location", where),) if status == 202 else ()
    return answer(codec.state_of(found), status, headers)


async def listed(call: Call) -> HttpReply:
    """GET /messages"""
    query = call.query
    phase = query.get("state", "")
    if phase and phase not in {each.value for each in Phase}:
        raise errors.invalid("state", f"write one of {', '.join(Phase)}")
    sort = query.get("sort", "-created_at")
    if sort not in ("created_at", "-created_at"):
        raise errors.invalid("sort", "write created_at or -created_at")
    wanted = Wanted(
        since=dates.read(query["from"], "from") if query.get("from") else 0,
        until=dates.read(query["to"], "to") if query.get("to") else 0,
        phase=Phase(phase) if phase else None,
        device=await device_of(call, query["deviceId"]) if query.get("deviceId") else 0,
        limit=call.whole("limit", 50, 1, MOST_LISTED),
        offset=call.whole("offset", 0, 0, MOST_SKIPPED),
        oldest_first=sort == "created_at",
    )
    content = call.flag("includeContent")
    found, total = await call.look(requests.listed, call.user.id, wanted)
    return page([codec.state_of(each, content=content) for each in found], total)


async def show(call: Call) -> HttpReply:
    """GET /messages/{id}"""
    return await _shown(call, call.params["id"], 200)


async def cancel(call: Call) -> HttpReply:
    """DELETE /messages/{id}"""
    name = call.params["id"]
    try:
        found = await call.run(requests.cancel, call.user.id, name, call.now)
    except NotPending as error:
        raise errors.conflict("The message does not wait any more") from error
    if not found:
        raise errors.not_found("Message")
    return await _shown(call, name, 200)
