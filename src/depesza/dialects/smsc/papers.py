"""documents.php: invoices and acts as PDF, of the account or of a sub-client. spec: smsc/3.9

An act tells what was sent and paid in a calendar month: that of an invoice, or else the last one that is over.
"""

from datetime import UTC, datetime, timedelta, tzinfo

from depesza.core import ledger
from depesza.core.facts import Account
from depesza.core.ledger import told
from depesza.core.model import MICRO
from depesza.core.translit import Variant, transliterate
from depesza.dialects.smsc.actions import act, need, read_number
from depesza.dialects.smsc.answers import Refused
from depesza.dialects.smsc.call import Call
from depesza.dialects.smsc.codes import NO_RECORD, PARAMETERS
from depesza.dialects.smsc.times import write_date
from depesza.dialects.smsc.users import SUM, find
from depesza.services import details, history, invoices
from depesza.services.invoices import Invoice
from depesza.wire.http import HttpReply
from depesza.wire.pdf import Line, write_pdf

LONGEST_SERVICE = 60
"""Characters of what an invoice is for: a line."""
SERVICE = "Messaging services"
_GAP = Line()


async def handle(call: Call) -> HttpReply:
    """Do what is asked for."""
    return await act(call, ACTIONS)


async def _add(call: Call) -> HttpReply:
    """Write an invoice, and show it."""
    text, service = need(call, "sum"), call.given.get("service").strip()
    amount = ledger.micro(text.replace(",", ".")) if SUM.fullmatch(text) else 0
    if amount <= 0 or len(service) > LONGEST_SERVICE:
        raise Refused(*PARAMETERS)
    account = _account(call)
    made = await call.run(invoices.create, account.id, amount, service, call.now)
    return await _invoice(call, account, made)


async def _get(call: Call) -> HttpReply:
    """Show an invoice, the newest where none is named."""
    account = _account(call)
    return await _invoice(call, account, await call.look(invoices.find, account.id, _number(call)))


async def _act(call: Call) -> HttpReply:
    """Show what was sent and paid in a month; there must be something."""
    account, number, zone = _account(call), _number(call), call.zone
    at = (await call.look(invoices.find, account.id, number)).at if number else 0
    since, until = _month(at, zone) if at else _month(_month(call.now, zone)[0] - MICRO, zone)
    sums = await call.look(history.sums, account, since, until)
    if not (sums.count or sums.spent or sums.received):
        raise Refused(*NO_RECORD)
    days = f"{write_date(since, zone)[:10]} - {write_date(until - MICRO, zone)[:10]}"
    lines = [
        *await _head(call, account, f"Act of services rendered, {days}"),
        Line(SERVICE, bold=True, right="Sum"),
        Line(f"Messages and requests: {sums.count}", right=told(sums.spent, account.currency)),
        Line("Paid in", right=told(sums.received, account.currency)),
        Line("Balance at the end", right=told(sums.balance, account.currency)),
    ]
    return _paper(lines, f"act-{write_date(since, zone)[3:10]}")


async def _invoice(call: Call, account: Account, invoice: Invoice) -> HttpReply:
    sum = told(invoice.amount, invoice.currency)
    lines = [
        *await _head(call, account, f"Invoice {invoice.number} of {write_date(invoice.at, call.zone)[:10]}"),
        Line("Service", bold=True, right="Sum"),
        Line(_western(invoice.service) or SERVICE, right=sum),
        _GAP,
        Line("To be paid", bold=True, right=sum),
    ]
    return _paper(lines, f"invoice-{invoice.number}")


async def _head(call: Call, account: Account, title: str) -> list[Line]:
    """Write who sells, who buys, and what the paper is."""
    known = await call.look(details.read, account.id)
    owner = call.facts.owner.get(account.owner)
    name = known.get("fio") or (owner.organisation if owner is not None and not account.parent else "")
    buyer = ", ".join(_western(part) for part in (name, account.name) if part)
    return [Line(title, 18, bold=True), _GAP, Line(f"From: {_western(call.context.brand)}"), Line(f"To: {buyer}"), _GAP]


def _western(text: str) -> str:
    """Write a text in the letters that every PDF reader has."""
    return transliterate(text, Variant.PLAIN)


def _paper(lines: list[Line], name: str) -> HttpReply:
    shown = (("Content-Disposition", f'inline; filename="{name}.pdf"'),)
    return HttpReply(200, write_pdf(lines, name), "application/pdf", shown)


def _account(call: Call) -> Account:
    """Find whose papers are meant: a sub-client's, or the caller's own."""
    named = call.given.get("user").strip() or call.given.get("user_id").strip()
    return find(call) if named else call.account


def _number(call: Call) -> int:
    return read_number(call, "num") or read_number(call, "id")


def _month(at: int, zone: tzinfo) -> tuple[int, int]:
    """Give the first moment of a moment's month, and of the next one."""
    first = datetime.fromtimestamp(at // MICRO, UTC).astimezone(zone).replace(day=1, hour=0, minute=0, second=0)
    later = (first + timedelta(days=32)).replace(day=1)
    return int(first.timestamp()) * MICRO, int(later.timestamp()) * MICRO


ACTIONS = {"add_account": _add, "get_account": _get, "get_act": _act}
