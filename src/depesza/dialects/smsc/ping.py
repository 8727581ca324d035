"""ping.php: a client's watchman says that something fails, or is well again. spec: smsc/3.12"""

from depesza.core.planning import Refused as Unplannable
from depesza.dialects.smsc.actions import need, only, read_numbers, read_switch
from depesza.dialects.smsc.answers import Refused, answer_ok
from depesza.dialects.smsc.call import Call
from depesza.dialects.smsc.codes import FAILED, NO_RECORD
from depesza.services import alarms
from depesza.services.accounts import Unknown
from depesza.wire import Unencodable
from depesza.wire.http import HttpReply


async def handle(call: Call) -> HttpReply:
    """Send what was prepared for a group of tasks; it fails when nobody can be told."""
    need(call, "ok")
    filled = {name: call.given.get(name) for name in alarms.MACROS}
    id, well = only(read_numbers(call, "id")), read_switch(call, "ok")
    context = call.context
    try:
        sent = await call.run(
            alarms.ring, call.account, id, filled, "smsc", context.lanes, context.policy, call.now, well=well
        )
    except Unknown:
        raise Refused(*NO_RECORD) from None
    except (Unplannable, Unencodable):
        raise Refused(*FAILED) from None
    if sent is not None and all(row.refusal for row in sent.rows):
        raise Refused(*FAILED)
    return answer_ok(call.fmt, call.charset)
