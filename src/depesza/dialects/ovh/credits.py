"""Credits: moved between accounts. spec: ovh/4.1"""

from depesza.core import ledger
from depesza.dialects.ovh import codec, errors
from depesza.dialects.ovh.call import Call
from depesza.services import credits


async def transfer(call: Call) -> None:
    """POST /sms/{serviceName}/transferCredits"""
    given = call.json
    name = codec.required(given, "smsAccountTarget")
    amount = codec.number(given, "credits")
    if amount is None:
        raise errors.bad_request("credits is required")
    target = call.context.store.facts.account_named.get(name)
    if target is None or target.owner != call.account.owner or not call.caller.rules.reach(name):
        raise errors.no_such_service()
    micro = ledger.micro(amount)
    if micro <= 0:
        raise codec.invalid("credits")
    if target.id == call.account.id:
        raise codec.invalid("smsAccountTarget")
    try:
        await call.run(credits.transfer, call.account.id, target.id, micro, call.now)
    except ledger.NotEnoughCredits as error:
        raise errors.not_enough(ledger.two_decimals(error.left)) from error
