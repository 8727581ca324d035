"""receive_phones.php: numbers that can be rented to be written to. spec: smsc/3.12"""

from depesza.core.ledger import NotEnoughCredits, two_decimals
from depesza.dialects.smsc.actions import act, need, read_switch
from depesza.dialects.smsc.answers import Refused, answer_list, answer_ok
from depesza.dialects.smsc.call import Call
from depesza.dialects.smsc.codes import NO_MONEY, PARAMETERS
from depesza.dialects.smsc.numbers import clean
from depesza.dialects.smsc.telling import write_phone
from depesza.services import rentals
from depesza.wire.http import HttpReply


async def handle(call: Call) -> HttpReply:
    """Answer a request."""
    return await act(call, ACTIONS)


async def _get(call: Call) -> HttpReply:
    """List the numbers that are free, with a month's price."""
    found = await call.look(rentals.free, call.account)
    rows = [{"phone": write_phone(each.number), "cost": two_decimals(each.price)} for each in found]
    return answer_list(rows, call.fmt, call.charset, element="phone", root="phones")


async def _buy(call: Call) -> HttpReply:
    prolong = not read_switch(call, "noprolong")
    try:
        await call.run(rentals.rent, call.account, read_phone(call), call.now, prolong=prolong)
    except NotEnoughCredits:
        raise Refused(*NO_MONEY) from None
    return answer_ok(call.fmt, call.charset)


async def _change(call: Call) -> HttpReply:
    need(call, "noprolong")
    prolong = not read_switch(call, "noprolong")
    await call.run(rentals.change, call.account.id, read_phone(call), prolong=prolong)
    return answer_ok(call.fmt, call.charset)


def read_phone(call: Call) -> str:
    """Read the one number that a request is about."""
    number = clean(need(call, "phone"), call.home)
    if not number:
        raise Refused(*PARAMETERS)
    return number


ACTIONS = {"get": _get, "buy": _buy, "chg": _change}
