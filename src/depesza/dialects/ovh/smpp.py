"""SMPP access of an account: what it is told, a new password, the addresses that may bind. spec: ovh/2 ovh/8

Only accounts whose operator has allowed SMPP have any of this.
"""

import asyncio

from depesza.core.facts import Account
from depesza.dialects.ovh import codec, errors
from depesza.dialects.ovh.call import Call
from depesza.dialects.ovh.users import read_address
from depesza.services import accounts, smpp_access

MOST_ADDRESSES = 50


async def show(call: Call) -> dict[str, object]:
    """GET /sms/{serviceName}/smpp/settings"""
    account = allowed(call)
    return {
        "endpoints": _endpoints(*call.context.smpp_endpoints),
        "status": "SUCCESS" if account.smpp_ips and account.smpp_password else "WAITING_IP",
        "systemID": account.name,
        "throughput": account.smpp_rate,
        "windowing": account.smpp_window,
    }


def _endpoints(secured: str, unsecured: str) -> list[dict[str, str]]:
    return [{"secured": secured, "unsecured": unsecured}] if secured or unsecured else []


async def renew_password(call: Call) -> None:
    """POST /sms/{serviceName}/smpp/password: a new one, mailed to the owner; the one before ends"""
    account, context = allowed(call), call.context
    if not (context.mails and context.store.facts.owner[account.owner].email):
        raise errors.bad_request("The password is sent by e-mail and that is not possible here: ask your operator")
    password = smpp_access.new_password(context.vault)
    hashed = await asyncio.to_thread(context.vault.hash_password, password)
    await call.run(smpp_access.renew, account.id, hashed, context.vault.seal(password), call.now)


async def list_addresses(call: Call) -> list[str]:
    """GET /sms/{serviceName}/smpp/allowedIPs"""
    return list(allowed(call).smpp_ips)


async def change_addresses(call: Call) -> list[str]:
    """PUT /sms/{serviceName}/smpp/allowedIPs: adds or removes some; answers all"""
    account = allowed(call)
    add = codec.one_of({"add": True, "remove": False}, "action", codec.required(call.json, "action"))
    given = codec.texts(call.json, "ips")
    if not given:
        raise errors.bad_request("ips is required")
    named = [read_address(address, "ips") for address in given]
    kept = [address for address in account.smpp_ips if address not in named]
    wanted = (*kept, *dict.fromkeys(named)) if add else tuple(kept)
    if len(wanted) > MOST_ADDRESSES:
        raise codec.invalid("ips")
    await call.run(accounts.change, account.id, {"smpp_ips": wanted})
    return list(wanted)


def allowed(call: Call) -> Account:
    """Refuse an account without SMPP."""
    if not call.account.smpp:
        raise errors.forbidden("This account has no SMPP access")
    return call.account
