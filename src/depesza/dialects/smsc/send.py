"""send.php: take a message, or tell what it would cost. spec: smsc/2"""

from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import unquote, urlsplit

from depesza.core.fairness import Lanes
from depesza.core.ledger import two_decimals
from depesza.core.model import MICRO, State
from depesza.core.planning import Refused as Unplannable
from depesza.core.quota import ip_allowed
from depesza.dialects.smsc.answers import Id, Refused, Row, Sent, answer_sent
from depesza.dialects.smsc.call import Call, base_of, fingerprint
from depesza.dialects.smsc.codes import (
    DENIED,
    DUPLICATE,
    INVALID_NUMBER,
    NO_MONEY,
    PARAMETERS,
    UNDELIVERABLE,
    Fault,
    Kind,
    fate,
)
from depesza.dialects.smsc.groups import unfold
from depesza.dialects.smsc.numbers import Named, Sort
from depesza.dialects.smsc.pictures import read_visitor
from depesza.dialects.smsc.posting import Post, Setting, write_submission
from depesza.dialects.smsc.reading import MMS_FILES, Wanted, read_send
from depesza.services import attachments, refs
from depesza.services.attachments import File
from depesza.services.refs import Guard, Repeated
from depesza.wire import Unencodable
from depesza.wire.http import HttpReply

SMALLEST_FILE = 101
"""Octets of a file that is fetched, at least."""
LARGEST_CODE = 10_000
LONGEST_VISITOR = 100
"""Characters by which a visitor is counted who is named by something else than an address."""
PRICE_ONLY = 1
"""Value of `cost`."""

_FAULTS = {22: INVALID_NUMBER, 23: DENIED, 20: DENIED, 25: UNDELIVERABLE, 24: NO_MONEY}
"""What is answered when nobody can be reached, by the status of the messages; the last check that failed wins."""


async def take(call: Call) -> HttpReply:
    """Take what a request sends."""
    wanted = read_send(call.given, call.now, home=call.home, zone=call.zone)
    sent = await post(call, wanted)
    return answer_sent(sent, wanted.cost, call.fmt, call.charset)


CarryOut = Callable[[Call, Wanted, Post, Sequence[File]], Awaitable[refs.Sent]]


async def post(call: Call, wanted: Wanted, carry_out: CarryOut | None = None) -> Sent:
    """Carry out a request to send, at once or by another service; raises `Refused`."""
    wanted = await unfold(call, wanted)
    files = await _files(call, wanted) if wanted.files or wanted.file_url else []
    code = _code(call) if wanted.speaks_code else ""
    ready = write_submission(wanted, _setting(call, wanted, files, code))
    try:
        if wanted.cost == PRICE_ONLY:
            found = await _priced(call, ready)
        else:
            found = await (carry_out or _sent)(call, wanted, ready, files)
    except Repeated:
        raise Refused(*DUPLICATE) from None
    except (Unplannable, Unencodable):
        raise Refused(*PARAMETERS) from None
    id = _id(wanted, found.ref)
    good = [row for row in found.rows if not row.refusal]
    if not good:
        raise Refused(*_fault(found.rows), id)
    rows = _rows(call, wanted, ready.named, found.rows)
    return Sent(id, sum([row.parts for row in good]), found.price, found.balance, code, rows)


def _setting(call: Call, wanted: Wanted, files: Sequence[File], code: str) -> Setting:
    lifetime = 0 if call.given.get("valid") else call.limits.lifetime
    return Setting(
        account=call.account,
        facts=call.facts,
        now=call.now,
        base=base_of(call.context, call.request) if wanted.shorten else "",
        code=code,
        files=tuple([file.unkept for file in files]),
        lifetime=lifetime * 60 * MICRO,
    )


def _code(call: Call) -> str:
    """Make four digits."""
    return f"{int.from_bytes(call.context.vault.octets(4)) % LARGEST_CODE:04}"


# files


async def _files(call: Call, wanted: Wanted) -> list[File]:
    files = [File(file.name, file.kind, file.octets) for file in wanted.files]
    if wanted.file_url:
        files.append(await _fetched(call, wanted))
    return files


async def _fetched(call: Call, wanted: Wanted) -> File:
    """Fetch the file that a request names; raises `Refused`."""
    url = wanted.file_url
    name = unquote(urlsplit(url).path).rpartition("/")[2] or "file"
    if wanted.kind is Kind.MMS and name.rpartition(".")[2].lower() not in MMS_FILES:
        raise Refused(*PARAMETERS)
    answer = await call.context.fetch(url)
    if answer.error or answer.status != 200 or len(answer.body) < SMALLEST_FILE:
        raise Refused(*PARAMETERS)
    kinds = [value for header, value in answer.headers if header.lower() == "content-type"]
    return File(name, kinds[0] if kinds else "", answer.body)


# the service


async def _priced(call: Call, ready: Post) -> refs.Sent:
    guard = Guard(fingerprint(call.given))
    return await call.run(refs.price, call.account, ready.submission, guard, Lanes(), call.context.policy, call.now)


def _sent(call: Call, wanted: Wanted, ready: Post, files: Sequence[File]) -> Awaitable[refs.Sent]:
    context = call.context
    guard = guard_of(call, wanted)
    rest = (str(wanted.id), ready.comments, guard, context.lanes, context.policy, call.now)
    if files:
        return call.run(attachments.send, call.account, ready.submission, files, *rest)
    return call.run(refs.send, call.account, ready.submission, *rest)


def guard_of(call: Call, wanted: Wanted) -> Guard:
    """Tell by what a request is known again and where it comes from; addresses on a login's list are no news."""
    limits = call.limits
    login = call.facts.login_named.get(call.login) if limits.new_addresses else None
    listed = login is not None and login.ips and ip_allowed(call.request.client, login.ips)
    visitor = wanted.visitor
    return Guard(
        digest=fingerprint(call.given) if limits.repeats else "",
        login=call.login,
        address="" if listed else call.request.client,
        visitor=visitor and (read_visitor(visitor) or visitor[:LONGEST_VISITOR]),
        shown=wanted.captcha,
    )


# the answer


def _id(wanted: Wanted, ref: str) -> Id:
    """Give an id as the client wrote it; the account's own are numbers."""
    return wanted.id or (int(ref) if ref else "")


def _fault(rows: Sequence[refs.Row]) -> Fault:
    """Choose what is said of a request that reaches nobody: why the last of its receivers was given up."""
    statuses = {fate(State.REJECTED, row.refusal).status for row in rows}
    last = (24, 25, 23, 20, 22)  # against the order of checks. spec: smsc/1.6
    return next((_FAULTS[status] for status in last if status in statuses), DENIED)


def _rows(call: Call, wanted: Wanted, named: Sequence[Named], rows: Sequence[refs.Row]) -> list[Row]:
    """Tell of each number, or of the bad ones, where that is asked for."""
    if not (wanted.tell_each or wanted.tell_bad):
        return []
    pairs = zip(named, rows, strict=True)
    return [_row(call, to, row) for to, row in pairs if wanted.tell_each or row.refusal]


def _row(call: Call, to: Named, row: refs.Row) -> Row:
    number = to.address if to.sort is Sort.NUMBER else ""
    operator = call.facts.numbering.find(number).operator_code if number else ""
    if row.refusal:
        status, err = fate(State.REJECTED, row.refusal)
        return Row(_written(to), operator, "0.00", str(status), str(err))
    return Row(_written(to), operator, "" if call.account.virtual else two_decimals(row.price))


def _written(to: Named) -> str:
    return to.address.removeprefix("+") or to.written
