"""balance.php: what an account holds. spec: smsc/3.5"""

from depesza.core import quota
from depesza.core.ledger import two_decimals
from depesza.dialects.smsc.answers import XML, Value, answer_object, reply
from depesza.dialects.smsc.call import Call
from depesza.services import accounts
from depesza.wire.http import HttpReply


async def tell(call: Call) -> HttpReply:
    """Tell the balance; with `cur` the currency, and the credit where there is one."""
    account = call.account
    members: dict[str, Value] = {"balance": await held(call)}
    credit = quota.limit(account, None, call.facts)
    with_currency = "cur" in call.given
    if call.fmt >= XML and credit:
        members["credit"] = two_decimals(credit)
    if with_currency:
        members["currency"] = account.currency or "credits"
    if call.fmt >= XML and (len(members) > 1 or call.fmt > XML):
        return answer_object(members, call.fmt, call.charset)
    if call.fmt == XML:
        return reply(f"<balance>{members['balance']}</balance>", call.fmt, call.charset)
    return reply(",".join([str(value) for value in members.values()]), call.fmt, call.charset)


async def held(call: Call) -> str:
    """Read the balance, with two decimals."""
    return two_decimals(await call.look(accounts.balance_of, quota.payer(call.account, None)))
