"""info.php and get_mnp.php: whose a number is, and which numbers were ported. spec: smsc/3.12"""

from datetime import datetime
from zoneinfo import ZoneInfo

from depesza.core.countries import name_in
from depesza.core.model import MICRO
from depesza.core.phone_zones import zone_of_number
from depesza.core.ranges import Range
from depesza.dialects.smsc.actions import act, need
from depesza.dialects.smsc.answers import JSON, Refused, Value, answer_list, answer_object
from depesza.dialects.smsc.call import Call
from depesza.dialects.smsc.codes import DUPLICATE, NO_RECORD, PARAMETERS
from depesza.dialects.smsc.numbers import Sort, read_phones
from depesza.dialects.smsc.times import DAY, MOSCOW, read_day
from depesza.services import protection
from depesza.wire.http import HttpReply

MOST = 1_000
"""Numbers of one question."""
_HOUR = 3600


async def handle(call: Call) -> HttpReply:
    """Answer info.php."""
    return await act(call, {"get_operator": _get_operator})


async def _get_operator(call: Call) -> HttpReply:
    """Tell whose a number is: of a list those that are known, with their numbers."""
    written = need(call, "phone")
    named = read_phones(written, call.home)
    if len(named) > MOST or any(each.bad or each.sort is not Sort.NUMBER for each in named):
        raise Refused(*PARAMETERS)
    await _count(call)
    found = [(each.address, told) for each in named if (told := _operator(call, each.address))]
    if not found:
        raise Refused(*NO_RECORD)
    if len(named) == 1 and "," not in written:
        return answer_object(found[0][1], call.fmt, call.charset, element="operator")
    rows = [{**told, "phone": number.removeprefix("+")} for number, told in found]
    return answer_list(rows, call.fmt, call.charset, element="operator")


async def _count(call: Call) -> None:
    """Count a question of any number; the same one is counted before. spec: smsc/1.7"""
    limits = call.limits
    most, span = limits.info_asks, limits.span * MICRO
    if most and not await call.run(protection.admit, call.account.id, "info any", most, span, call.now):
        raise Refused(*DUPLICATE)


def _operator(call: Call, number: str) -> dict[str, int | str]:
    """Tell whose a number is; nothing where nobody knows."""
    found = call.facts.numbering.find(number)
    if not found.valid or not found.operator:
        return {}
    return {
        "country": name_in(found.country, "ru"),
        "operator": found.operator,
        "region": found.region,
        "mcc": found.mcc,
        "mnc": found.mnc,
        "tz": _hours(zone_of_number(number), call.now),
    }


def _hours(zone: str, now: int) -> str:
    """Tell by how many hours a zone's clocks are ahead of Moscow's, which is how requests name zones."""
    at = now // MICRO
    here, there = (datetime.fromtimestamp(at, each).utcoffset() for each in (MOSCOW, ZoneInfo(zone)))
    assert here is not None
    assert there is not None
    return f"{(there - here).total_seconds() / _HOUR:g}"


async def ported(call: Call) -> HttpReply:
    """Answer get_mnp.php: the numbers learnt to be ported on a day as JSON, all of them as CSV."""
    date = call.given.get("date")
    rows = [row for row in call.facts.ranges if row.ported]
    if not date:
        lines = ["Phone;mccmnc", *[f"{row.prefix};{_code(call, row)}" for row in rows]]
        name = ("Content-Disposition", 'attachment; filename="mnp.csv"')
        return HttpReply(200, "\n".join(lines).encode("ascii"), "text/csv; charset=us-ascii", (name,))
    since = read_day(date, call.zone)
    told: list[dict[str, Value]] = [
        {"phone": row.prefix, "mccmnc": _code(call, row)} for row in rows if since <= row.ported < since + DAY
    ]
    return answer_list(told, JSON, call.charset, element="number")


def _code(call: Call, row: Range) -> str:
    return row.mcc + row.mnc if row.mcc else call.facts.numbering.operator_code(row.prefix)
