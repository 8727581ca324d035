"""tinyurls.php: how often short links were followed. spec: smsc/3.12"""

from depesza.dialects.smsc.actions import act, read_number
from depesza.dialects.smsc.answers import Refused, Value, answer_object
from depesza.dialects.smsc.call import Call
from depesza.dialects.smsc.codes import NO_RECORD, PARAMETERS
from depesza.services import links
from depesza.wire.http import HttpReply


async def handle(call: Call) -> HttpReply:
    """Answer a request."""
    return await act(call, {"get": _get})


async def _get(call: Call) -> HttpReply:
    """Tell of a link by its id, by the address that it leads to, or by a short one that leads there."""
    url, id = call.given.get("link").strip(), read_number(call, "id")
    if not url and not id:
        raise Refused(*PARAMETERS)
    code = url.rpartition("/")[2]
    if links.is_code(code):
        url = await call.look(links.find, code) or url
    found = await call.look(links.counts, call.account.id, url, id, call.now)
    if found is None:
        raise Refused(*NO_RECORD)
    members: dict[str, Value] = {
        "id": found.id,
        "link": found.url,
        "cnt": found.total,
        "cnt_mon": found.month,
        "cnt_day": found.day,
        "cnt_yes": found.yesterday,
    }
    return answer_object(members, call.fmt, call.charset, element="link")
