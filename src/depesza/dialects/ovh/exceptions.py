"""What is known of a receiver's operator: rules that the platform's operator has noted."""

from depesza.core import phone
from depesza.core.planning import read_receivers
from depesza.core.restrictions import Restriction
from depesza.dialects.ovh import errors
from depesza.dialects.ovh.call import Call


async def list_exceptions(call: Call) -> list[dict[str, object]]:
    """GET /sms/{serviceName}/exceptions"""
    written = call.query.get("receiver", "").strip()
    if not written:
        raise errors.bad_request("receiver is required")
    # a plus in a query that was not encoded arrives as a blank
    spelt = written if written[:1] in ("+", "0") else f"+{written}"
    targets, _ = read_receivers([spelt], call.context.policy)
    if not targets:
        raise errors.bad_request("Invalid value for receiver")
    receiver = targets[0]
    number = phone.parse(receiver.e164)
    code = str(number.code) if number is not None else ""
    rows = call.context.store.facts.restricted.of(receiver.e164[1:], receiver.country)
    return [write(row, code) for row in rows]


def write(row: Restriction, code: str) -> dict[str, object]:
    """Write sms.Exception; `code` is the receiver's calling code."""
    return {
        "countrySuffixe": code,
        "messages": list(row.messages),
        "operators": ", ".join(row.operators),
        "restrictionCode": row.code,
        "substitution": row.substitution or None,
    }
