"""get.php: what was sent and received, sums of money, prices. spec: smsc/3.11"""

from collections.abc import Sequence
from decimal import Decimal
from zlib import crc32

from depesza.core.countries import name_in
from depesza.core.facts import Facts
from depesza.core.ledger import two_decimals
from depesza.core.model import MICRO, Channel
from depesza.core.pricing import Price
from depesza.dialects.smsc import answers
from depesza.dialects.smsc.answers import JSON, XML, Members, Refused, Value
from depesza.dialects.smsc.call import Call, Handler
from depesza.dialects.smsc.codes import NO_RECORD, PARAMETERS, Kind
from depesza.dialects.smsc.numbers import clean, read_phones
from depesza.dialects.smsc.telling import one_line, tell, what, write_phone
from depesza.dialects.smsc.times import DAY, HOUR, read_days, write_date
from depesza.services import history
from depesza.services.history import Item, Search
from depesza.services.lists import Received
from depesza.wire.http import HttpReply

HALF_A_YEAR = 184 * DAY
MOST_RECEIVERS = 1_000
SENT = (
    "status", "last_date", "last_timestamp", "err", "send_date", "send_timestamp", "phone", "cost", "sender_id",
    "status_name", "message", "type", "country", "operator", "region", "id", "int_id", "sms_cnt", "format", "crc",
    "mccmnc", "comment",
)  # fmt: skip
PRICES = {
    "api": Channel.SMS,
    "mass": Channel.SMS,
    "mms": Channel.MMS,
    "hlr": Channel.HLR,
    "call": Channel.CALL,
    "ping": Channel.PING,
    "mail": Channel.MAIL,
    "viber": Channel.VIBER,
    "soc": Channel.SOCIAL,
    "tg": Channel.TELEGRAM,
    "whatsapp": Channel.WHATSAPP,
}
"""Members of a zone, and what each is the price of."""


async def handle(call: Call) -> HttpReply:
    """Answer what is asked for."""
    for name, handler in ACTIONS.items():
        if call.asked(name):
            return await handler(call)
    raise Refused(*PARAMETERS)


# messages


async def sent(call: Call) -> HttpReply:
    """Tell what was sent, the newest first: half a year at most, a page of up to 1000."""
    since, until = _half_a_year(call)
    mail = call.given.get("format") == "8" or (not call.given.get("format") and bool(call.given.get("email")))
    if call.given.get("format") not in ("", "0", "8"):
        raise Refused(*PARAMETERS)
    search = Search(
        since=since, until=until, before=_number(call, "prev_id", 0, (1 << 53) - 1), receivers=_receivers(call, mail),
        mail=mail,
    )  # fmt: skip
    items = await call.look(history.page, call.account.id, search, _number(call, "cnt", 1000, 1000))
    if not items:
        raise Refused(*NO_RECORD)
    return _listed(call, [_sent(call, item) for item in items])


def _half_a_year(call: Call) -> tuple[int, int]:
    """Read the days asked for; half a year from the side that is given, up to today where none is."""
    since, until = read_days(call.given.get("start"), call.given.get("end"), call.zone)
    if since and until and until - since > HALF_A_YEAR:
        raise Refused(*PARAMETERS)
    if since and not until:
        until = since + HALF_A_YEAR
    return since or max(0, (until or call.now) - HALF_A_YEAR), until


def _receivers(call: Call, mail: bool) -> tuple[str, ...]:
    name, kind = ("email", Kind.MAIL) if mail else ("phone", Kind.SMS)
    written = call.given.get(name)
    found = read_phones(written, call.home, kind) if written else ()
    if len(found) > MOST_RECEIVERS or (written and not found):
        raise Refused(*PARAMETERS)
    return tuple([each.address or each.written for each in found])


def _sent(call: Call, item: Item) -> dict[str, Value]:
    told = tell(item, call.facts.numbering, call.zone)
    told |= {"format": 8 if what(item) is Kind.MAIL else 0, "crc": crc32(str(told["message"]).encode())}
    return {name: told[name] for name in SENT}


async def received(call: Call) -> HttpReply:
    """Tell what came in: of the last hours, or what is newer than a given one."""
    after, number = _number(call, "after_id", 0, (1 << 53) - 1), call.given.get("to_phone").strip()
    hours = _number(call, "hour", 0, 168)
    since = call.now - (hours or 24) * HOUR if hours or not after else 0
    limit = _number(call, "cnt", 10_000, 10_000)
    if number:
        number = clean(number, call.home) or number
    found = await call.look(history.received, call.account.id, since, after, number, limit)
    return _listed(call, [_received(call, row) for row in found])


def _received(call: Call, row: Received) -> dict[str, Value]:
    at = write_date(row.at, call.zone)
    return {
        "id": row.id,
        "received": at,
        "phone": write_phone(row.sender),
        "message": row.text,
        "to_phone": write_phone(row.recipient),
        "sent": at,
    }


# money


async def stat(call: Call) -> HttpReply:
    """Sum up what was sent and paid in some days, today where none are given.

    An account has one currency here, so `mycur` changes nothing; `balance2` adds what was left in the end.
    """
    since, until = read_days(call.given.get("start"), call.given.get("end"), call.zone)
    if not since and not until:
        today = write_date(call.now, call.zone)[:10]
        since, until = read_days(today, today, call.zone)
    sums = await call.look(history.sums, call.account, since, until or call.now + MICRO)
    row: dict[str, Value] = {
        "login": call.account.name,
        "cnt": sums.count,
        "credit": two_decimals(sums.spent),
        "debit": two_decimals(sums.received),
        "currency": call.account.currency,
    }
    if call.asked("balance2"):
        row["balance2"] = two_decimals(sums.balance)
    return _listed(call, [row])


async def prices(call: Call) -> HttpReply:
    """Tell the price list of the account: a zone is where a row of it holds."""
    zones = [_zone(call, row) for row in _zones(call)]
    if call.fmt in (XML, JSON):
        return answers.answer_object({"zones": zones}, call.fmt, call.charset)
    return _listed(call, zones)


def _zones(call: Call) -> Sequence[Price]:
    """List rows that differ in whose numbers they are for, the general ones first."""
    owners = (call.account.priced_as or call.account.id, 0)
    rows = [row for row in call.facts.prices if row.account in owners and row.currency == call.account.currency]
    zones = {(row.country, row.prefix, row.operator): row for row in rows}
    return [zones[key] for key in sorted(zones)]


def _zone(call: Call, row: Price) -> dict[str, int | str]:
    account, facts = call.account, call.facts
    costs = {
        name: facts.pricing.zone(
            account.priced_as or account.id, row.prefix, row.country, row.operator, channel, account.currency
        )
        for name, channel in PRICES.items()
    }
    told = {name: _price(micro) for name, micro in costs.items() if micro is not None}
    return {"zone": row.operator or row.prefix or row.country, "name": _name(facts, row), **told}


def _price(micro: int) -> str:
    """Write a price, which may have more than two decimals."""
    exact = f"{Decimal(micro) / MICRO:f}"
    return exact if len(exact.partition(".")[2]) > 2 else two_decimals(micro)


def _name(facts: Facts, row: Price) -> str:
    """Name a zone by country and operator."""
    found = facts.numbering.find(f"+{row.prefix}")
    operator = found.operator
    if row.operator:
        operator = next((each.operator for each in facts.ranges if each.mcc + each.mnc == row.operator), row.operator)
    named = [name for name in (name_in(row.country or found.country, "ru"), operator) if name]
    return ", ".join(named) or row.prefix


async def mega_accounts(call: Call) -> HttpReply:
    """Tell of accounts at an operator that the vendor resells: there are none here."""
    raise Refused(*NO_RECORD)


ACTIONS: dict[str, Handler] = {
    "get_messages": sent,
    "get_answers": received,
    "get_stat": stat,
    "get_price": prices,
    "get_mega_accounts": mega_accounts,
}


def _listed(call: Call, rows: Sequence[Members]) -> HttpReply:
    if call.fmt not in (XML, JSON):
        rows = [{name: one_line(value) for name, value in row.items()} for row in rows]
    return answers.answer_list(rows, call.fmt, call.charset, element="sms")


def _number(call: Call, name: str, otherwise: int, most: int) -> int:
    """Read a whole number from 0 (or nothing: the usual one) to the most."""
    text = call.given.get(name).strip()
    if text in ("", "0"):
        return otherwise
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and int(text) <= most):
        raise Refused(*PARAMETERS)
    return int(text)
