"""serviceInfos of an account and of a virtual number: what a contract at the vendor's would say. spec: ovh/2

Nothing here runs out: the end of a period is the next anniversary, and only `renew` is the client's to change.
"""

from collections.abc import Mapping
from datetime import date, datetime

from depesza.core import ids
from depesza.core.facts import Account
from depesza.core.model import MICRO
from depesza.dialects.ovh import codec, dates
from depesza.dialects.ovh.call import Call
from depesza.dialects.ovh.numbers import any_number
from depesza.services import contracts
from depesza.services.contracts import Renewal

PERIODS = (1, 3, 6, 12)
"""Months."""
_FLAGS = {"automatic": "automatic", "deleteAtExpiration": "ends", "forced": "forced", "manualPayment": "by_hand"}


async def show(call: Call) -> dict[str, object]:
    """GET /sms/{serviceName}/serviceInfos"""
    account = call.account
    renewal = await call.look(contracts.renewal, account.id)
    return _write(call, account, account.id, account.name, ids.made_at(account.id), renewal)


async def show_number(call: Call) -> dict[str, object]:
    """GET /sms/virtualNumbers/{number}/serviceInfos"""
    account, sender = any_number(call)
    renewal = await call.look(contracts.renewal, account.id, sender.name)
    made = sender.created or ids.made_at(account.id)
    return _write(call, account, int(sender.name.lstrip("+")), sender.name, made, renewal)


async def change(call: Call) -> None:
    """PUT /sms/{serviceName}/serviceInfos"""
    await call.run(contracts.renew, call.account.id, "", _read(call.json))


async def change_number(call: Call) -> None:
    """PUT /sms/virtualNumbers/{number}/serviceInfos"""
    account, sender = any_number(call)
    await call.run(contracts.renew, account.id, sender.name, _read(call.json))


def _read(given: Mapping[str, object]) -> dict[str, int]:
    """Read `renew`; all other fields are the platform's."""
    renew = codec.named(given, "renew") or {}
    changes: dict[str, int] = {}
    for name, ours in _FLAGS.items():
        value = codec.flag(renew, name)
        if value is not None:
            changes[ours] = value
    period = codec.whole(renew, "period")
    if period is not None:
        if period not in PERIODS:
            raise codec.invalid("period")
        changes["period"] = period
    return changes


def _write(call: Call, account: Account, id: int, name: str, made: int, renewal: Renewal) -> dict[str, object]:
    """Write services.Service."""
    owner = call.context.store.facts.owner[account.owner].name
    where = dates.zone(account.timezone)
    begin, today = (datetime.fromtimestamp(at // MICRO, where).date() for at in (made, call.now))
    return {
        "canDeleteAtExpiration": True,
        "contactAdmin": owner,
        "contactBilling": owner,
        "contactTech": owner,
        "creation": begin.isoformat(),
        "domain": name,
        "engagedUpTo": None,
        "expiration": anniversary(begin, today).isoformat(),
        "possibleRenewPeriod": list(PERIODS),
        "renew": {name: bool(getattr(renewal, ours)) for name, ours in _FLAGS.items()} | {"period": renewal.period},
        "renewalType": "automaticV2016" if renewal.automatic else "manual",
        "serviceId": id,
        "status": "ok" if account.enabled else "unPaid",
    }


def anniversary(begin: date, today: date) -> date:
    """Give the first day after today on which full years are over; 29 February counts as 1 March."""
    year = max(today.year, begin.year)
    while True:
        try:
            day = begin.replace(year=year)
        except ValueError:
            day = date(year, 3, 1)
        if day > today and day > begin:
            return day
        year += 1
