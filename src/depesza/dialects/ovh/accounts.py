"""An account: shown with its money, and changed. spec: ovh/2 ovh/4.1"""

from collections.abc import Mapping

from depesza.core import ledger
from depesza.core.facts import Account
from depesza.dialects.ovh import codec, responses, tariff
from depesza.dialects.ovh.call import Call
from depesza.services import accounts, orders

_READ_ONLY_TEMPLATES = {
    "customizedEmailMode": False,
    "customizedSmsMode": False,
    "emailBody": None,
    "emailFrom": None,
    "emailSubject": None,
    "smsBody": None,
}


async def show_account(call: Call) -> dict[str, object]:
    """GET /sms/{serviceName}"""
    return write_account(call.account, await call.look(accounts.money, call.account.id))


def write_account(account: Account, money: accounts.Money) -> dict[str, object]:
    """Write sms.AccountWithIAM."""
    return {
        "automaticRecreditAmount": account.recredit_amount or None,
        "callBack": account.callback or None,
        "channel": account.channel,
        "creditThresholdForAutomaticRecredit": ledger.credits(account.recredit_threshold),
        "creditsHoldByQuota": ledger.credits(money.held),
        "creditsLeft": ledger.credits(money.balance),
        "description": account.description,
        "iam": None,
        "name": account.name,
        "smpp": account.smpp,
        "smsResponse": responses.write(account),
        "status": "enable" if account.enabled else "disable",
        "stopCallBack": account.stop_callback or None,
        "templates": _READ_ONLY_TEMPLATES,
        "userQuantityWithQuota": money.holders,
    }


async def change_account(call: Call) -> None:
    """PUT /sms/{serviceName}; read-only and unknown fields are ignored, for clients send whole objects back."""
    changes = read_changes(call.json, codec.cleared(call.request.body))
    response = codec.sent(call.request.body, "smsResponse")
    if response:
        changes |= responses.read(call, response)
    if changes:
        await call.run(accounts.change, call.account.id, changes)
    if changes.keys() & {"recredit_amount", "recredit_threshold"}:
        await call.run(orders.recredit_now, call.account.id, call.now)


def read_changes(given: Mapping[str, object], cleared: frozenset[str]) -> dict[str, object]:
    """Read what a PUT changes, by the names of our fields; `cleared` are its fields that are null or empty."""
    changes: dict[str, object] = {}
    for name, ours in (("callBack", "callback"), ("stopCallBack", "stop_callback")):
        if name in cleared:
            changes[ours] = ""
        elif name in given:
            changes[ours] = codec.address(given, name)
    if "description" in given:
        changes["description"] = codec.text(given, "description") or ""
    amount = codec.whole(given, "automaticRecreditAmount")
    if amount is not None and amount not in tariff.AUTOMATIC:
        raise codec.invalid("automaticRecreditAmount")
    if amount is not None or "automaticRecreditAmount" in cleared:
        changes["recredit_amount"] = amount or 0
    threshold = codec.number(given, "creditThresholdForAutomaticRecredit")
    if threshold is not None:
        if threshold < 0:
            raise codec.invalid("creditThresholdForAutomaticRecredit")
        changes["recredit_threshold"] = ledger.micro(threshold)
    return changes
