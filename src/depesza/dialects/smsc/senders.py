"""senders.php: names and numbers that messages are from, asked for, proved and given up. spec: smsc/3.10

The operator approves names; a number proves itself by the code that it gets by text.
"""

import re
from collections.abc import Iterator

from depesza.core.facts import MAIL, Sender
from depesza.core.planning import Refused as NotSent
from depesza.core.senders import is_mail
from depesza.dialects.smsc.actions import act, need, only, read_number, read_numbers, read_switch, texts
from depesza.dialects.smsc.answers import (
    JSON,
    NUMBERS,
    XML,
    Refused,
    Value,
    answer_list,
    answer_object,
    answer_ok,
    reply,
)
from depesza.dialects.smsc.call import Call
from depesza.dialects.smsc.codes import FAILED, NO_RECORD, PARAMETERS
from depesza.dialects.smsc.numbers import clean
from depesza.dialects.smsc.times import read_day
from depesza.services import sender_forms, senders, validation
from depesza.services.attachments import File
from depesza.services.sender_forms import Form
from depesza.services.validation import Checked, TooMany
from depesza.wire.http import HttpReply

STATUSES = {"enable": "active", "waitingValidation": "pending", "refused": "rejected", "disable": "disabled"}
"""Member `status` by a sender's."""
USEFUL = frozenset({"enable", "waitingValidation"})
"""What is listed unless all are asked for."""
OPERATORS = (
    "mega", "mega_step", "mts", "mts_step", "tele2", "tele2_step", "bee_step", "motiv_step", "ua_reg", "ua_int",
)  # fmt: skip
"""With whom a name is to be registered, and how far that is."""
TOLD = (
    "fio", "inn", "site", "email", "address", "desc", "subj", "mail", "name", "site_name", "user", "doc_info",
)  # fmt: skip
"""What is told of the name's holder."""
DIGITS = 6
"""Of the code that a number gets."""
MOST, LONGEST = 1000, 2000
"""Senders of one answer; characters of a field."""

_NAME = re.compile(r"(?=.*[A-Za-z])[!-~](?:[ -~]{0,9}[!-~])?")
"""At most 11 characters, not digits alone, no blank around."""
_SHORT = re.compile(r"[0-9]{1,15}")


async def handle(call: Call) -> HttpReply:
    """Answer a request."""
    return await act(call, ACTIONS)


# what is read


def read_name(text: str, home: str) -> tuple[str, str]:
    """Read a sender: gives it as it is kept, numbers as E.164, with its kind."""
    number = clean(text, home)
    if number:
        return number, "numeric"
    if _SHORT.fullmatch(text):
        return text, "shortcode"
    if is_mail(text.lower()):
        return text.lower(), MAIL
    if not _NAME.fullmatch(text):
        raise Refused(*PARAMETERS)
    return text, "alpha"


def _fields(call: Call) -> dict[str, str]:
    found = texts(call, {name: name for name in (*TOLD, *OPERATORS)})
    if any(len(value) > LONGEST for value in found.values()) or len(call.given.get("cmt")) > LONGEST:
        raise Refused(*PARAMETERS)
    return found


def _files(call: Call) -> list[File]:
    files = [File(file.name, file.kind, file.octets) for file in call.given.files]
    if any(len(file.octets) > call.context.largest_document for file in files):
        raise Refused(*PARAMETERS)
    return files


async def _named(call: Call) -> str:
    """Find the sender that is meant, by its name or its id."""
    if call.given.get("sender").strip():
        return _known(call).name
    return await call.look(sender_forms.name_of, call.account.id, only(read_numbers(call, "id")))


def _known(call: Call) -> Sender:
    name, _ = read_name(need(call, "sender"), call.home)
    found = call.facts.sender.get((call.account.id, name))
    if found is None:
        raise Refused(*NO_RECORD)
    return found


# actions


async def _get(call: Call) -> HttpReply:
    """List senders, the oldest first; those of the account above as well where they are shared."""
    after, most = read_number(call, "prev_id"), read_number(call, "cnt") or MOST
    since = read_day(call.given.get("from_date"), call.zone) if call.given.get("from_date").strip() else 0
    every, operators = read_switch(call, "all"), read_switch(call, "operators")
    found = []
    for account in dict.fromkeys((call.account.id, call.facts.owner_of(call.account.id, "senders"))):
        forms = await _forms(call, account)
        found += [
            (forms[row.name], row)
            for row in _senders(call, account)
            if row.name in forms and (every or row.status in USEFUL) and row.created >= since
        ]
    found.sort(key=lambda pair: pair[0].id)
    rows = [_tell(form, row, operators) for form, row in found if form.id > after][: min(most, MOST)]
    return answer_list(rows, call.fmt, call.charset, element="sender")


async def _forms(call: Call, account: int) -> dict[str, Form]:
    forms = await call.look(sender_forms.show, account)
    if all(row.name in forms for row in _senders(call, account)):
        return forms
    return await call.run(sender_forms.listing, account)


def _senders(call: Call, account: int) -> Iterator[Sender]:
    return (row for row in call.facts.senders if row.account == account)


def _tell(form: Form, sender: Sender, operators: bool) -> dict[str, Value]:
    told: dict[str, Value] = {
        "id": form.id,
        "sender": sender.name.removeprefix("+"),
        "cmt": sender.description,
        "status": STATUSES[sender.status],
    }
    return told | {name: form.fields.get(name, "") for name in OPERATORS} if operators else told


async def _add(call: Call) -> HttpReply:
    name, kind = read_name(need(call, "sender"), call.home)
    sender = Sender(
        account=call.account.id,
        name=name,
        kind=kind,
        status="waitingValidation",
        description=call.given.get("cmt"),
        created=call.now,
    )
    id = await call.run(sender_forms.create, sender, _fields(call), _files(call))
    told: dict[str, Value] = {"id": id, "sender": name.removeprefix("+")}
    return _answer_id(told, call)


def _answer_id(told: dict[str, Value], call: Call) -> HttpReply:
    """Tell the id, in XML and JSON with the name too: an old client reads that."""
    if call.fmt in (XML, JSON):
        return answer_object(told, call.fmt, call.charset, element="sender")
    return reply(f"{told['id']}" if call.fmt == NUMBERS else f"ID = {told['id']}", call.fmt, call.charset)


async def _change(call: Call) -> HttpReply:
    description = call.given.get("cmt") if "cmt" in call.given else None
    fields, files = _fields(call), _files(call)
    if description is None and not fields and not files:
        raise Refused(*PARAMETERS)
    name = await _named(call)
    await call.run(sender_forms.change, call.account.id, name, description, fields, files, call.now)
    return answer_ok(call.fmt, call.charset)


async def _delete(call: Call) -> HttpReply:
    await call.run(senders.delete, call.account.id, await _named(call))
    return answer_ok(call.fmt, call.charset)


# numbers prove themselves


async def _send_code(call: Call) -> HttpReply:
    """Send a code to a number by text, to an address by mail; whose a domain is, the operator says."""
    sender = _number(call)
    if sender.kind == MAIL and not call.context.mails:
        raise Refused(*FAILED)
    code = str(int.from_bytes(call.context.vault.octets(8), "big") % 10**DIGITS).zfill(DIGITS)
    try:
        await call.run(validation.begin, sender, code, _digest(call, sender, code), call.context.policy, call.now)
    except (TooMany, NotSent):
        raise Refused(*FAILED) from None
    return answer_ok(call.fmt, call.charset)


async def _check_code(call: Call) -> HttpReply:
    sender, code = _number(call), need(call, "code")
    checked = await call.run(validation.check, sender.account, sender.name, _digest(call, sender, code), call.now)
    if checked is not Checked.RIGHT:
        raise Refused(*(FAILED if checked is Checked.WRONG else NO_RECORD))
    return answer_ok(call.fmt, call.charset)


def _number(call: Call) -> Sender:
    sender = _known(call)
    if sender.kind not in ("numeric", MAIL) or sender.name.startswith("@"):
        raise Refused(*PARAMETERS)
    return sender


def _digest(call: Call, sender: Sender, code: str) -> bytes:
    return call.context.vault.sign(f"sender {sender.account} {sender.name} {code}").encode()


ACTIONS = {
    "get": _get,
    "add": _add,
    "chg": _change,
    "send_code": _send_code,
    "check_code": _check_code,
    "del": _delete,
}
