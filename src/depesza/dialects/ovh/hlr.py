"""Number look-ups: asked, polled, and the operator behind a number. spec: ovh/4.8

`…/operator` tells what the look-up found. `outgoing/{id}/hlr` costs nothing and asks nobody: it tells whose range
the receiver's number is from.
"""

from depesza.core import countries, ledger, lookup, phone
from depesza.core.lookup import Finding
from depesza.core.planning import read_receivers
from depesza.dialects.ovh import codec, dates, errors, files
from depesza.dialects.ovh.call import Call
from depesza.dialects.ovh.messages import own_number, user_id
from depesza.services import audiences, lists, lookups
from depesza.services.lookups import Lookup

MOST = 10_000
"""Numbers of one call."""


async def list_lookups(call: Call) -> list[int]:
    """GET /sms/{serviceName}/hlr"""
    return await call.look(lookups.listing, call.account.id)


async def ask(call: Call) -> dict[str, object]:
    """POST /sms/{serviceName}/hlr"""
    written, url = codec.texts(call.json, "receivers"), codec.text(call.json, "receiversDocumentUrl")
    if written is None and url is None:
        raise errors.bad_request("receivers is required")
    if not call.account.enabled:
        raise errors.forbidden("This account is disabled")
    policy = call.context.policy
    targets, refused = read_receivers(written or [], policy)
    numbers = [target.e164 for target in targets]
    if url is not None:
        more, invalid = await _fetch(call, url)
        numbers, refused = list(dict.fromkeys([*numbers, *more])), [*refused, *invalid]
    if len(numbers) > MOST:
        raise errors.bad_request(f"Invalid value for receivers: at most {MOST} in one call")
    try:
        asked = await call.run(lookups.ask, call.account, numbers, policy.lookup_price, call.now)
    except ledger.NotEnoughCredits as error:
        raise errors.not_enough(ledger.two_decimals(error.left)) from error
    return {
        "ids": asked.ids,
        "invalidReceivers": refused,
        "tag": "",
        "totalCreditsRemoved": ledger.credits(asked.price),
        "validReceivers": numbers,
    }


async def _fetch(call: Call, url: str) -> tuple[list[str], tuple[str, ...]]:
    """Fetch a list; gives its numbers, up to one more than are allowed, and the first rows that are none."""
    name = "receiversDocumentUrl"
    async with files.brought(call, files.from_url(call, url, name), name) as staged:
        lines = await call.look(audiences.page, staged.id, 0, MOST + 1)
    call.context.store.insist(audiences.abandon, staged.id)
    return [line.number for line in lines], staged.refused


async def show(call: Call) -> dict[str, object]:
    """GET /sms/{serviceName}/hlr/{id}"""
    found = await _lookup(call)
    finding = found.finding or Finding(msisdn=found.number, valid=False)
    reachable = finding.reachable
    return {
        "datetime": dates.write(found.done or found.created, dates.zone(call.account.timezone)),
        "id": found.id,
        "msisdn": found.number,
        "operatorCode": finding.operator_code,
        "ported": finding.ported,
        # the numbering plan knows of no phone that is off
        "reachable": finding.valid if reachable is None else reachable,
        "roaming": finding.roaming,
        "status": found.status,
        "valid": finding.valid,
    }


async def _lookup(call: Call) -> Lookup:
    id = call.number("id")
    found = await call.look(lookups.show, call.account.id, id)
    if found is None:
        raise errors.not_found(id)
    return found


async def show_operator(call: Call) -> dict[str, str]:
    """GET /sms/{serviceName}/hlr/{id}/operator: of a look-up that is not answered, what its digits tell"""
    found = await _lookup(call)
    return write(found.finding or lookup.by_plan(found.number))


async def of_message(call: Call) -> dict[str, str]:
    """GET …/outgoing/{id}/hlr"""
    id = call.number("id")
    sent = await call.look(lists.message, call.account.id, id, user_id(call), own_number(call))
    if sent is None or not lists.is_shown(sent):
        raise errors.not_found(id)
    return write(lookup.by_plan(sent.receiver))


def write(finding: Finding) -> dict[str, str]:
    """Write sms.Hlr."""
    number = phone.parse(finding.msisdn)
    return {
        "country": countries.NAMES.get(finding.country, finding.country),
        "countryCode": str(number.code) if number is not None else "",
        "network": finding.network,
        "operator": finding.operator,
        "region": finding.region,
    }
