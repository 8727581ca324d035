"""wait_call.php: a number that a subscriber shall call, and prove its own by that. spec: smsc/3.12"""

from depesza.dialects.smsc.answers import XML, Refused, answer_object, reply
from depesza.dialects.smsc.call import Call
from depesza.dialects.smsc.codes import FAILED
from depesza.dialects.smsc.receive_phones import read_phone
from depesza.dialects.smsc.telling import write_phone
from depesza.services import calls
from depesza.services.accounts import Unknown
from depesza.wire.http import HttpReply


async def handle(call: Call) -> HttpReply:
    """Wait for a call from a number, and tell which number it must go to."""
    try:
        number = await call.run(calls.wait, call.account, "smsc", read_phone(call), call.now)
    except Unknown:
        raise Refused(*FAILED) from None
    told = write_phone(number)
    if call.fmt >= XML:
        return answer_object({"phone": told}, call.fmt, call.charset)
    return reply(told, call.fmt, call.charset)
