"""users.php: sub-clients of an account: made, changed, paid, summed up. spec: smsc/3.9

What of a sub-client has an effect becomes a field of its account or its limits; the rest is kept as it was told, as
details that the operator sees and other doors read. Price plan N is the account `tariff-N` of the operator.
"""

import asyncio
import re
from collections.abc import Mapping
from typing import Any

from depesza.core import ledger
from depesza.core.facts import Account
from depesza.core.ledger import NotEnoughCredits, two_decimals
from depesza.core.model import MICRO
from depesza.dialects.smsc.actions import act, need, read_number, read_switch
from depesza.dialects.smsc.answers import Members, Refused, Value, answer_id, answer_list, answer_ok
from depesza.dialects.smsc.call import Call
from depesza.dialects.smsc.codes import DUPLICATE, FAILED, NO_RECORD, PARAMETERS
from depesza.dialects.smsc.mail_texts import read_rules
from depesza.dialects.smsc.times import read_days, write_date
from depesza.services import details, history, logins, protection, subaccounts
from depesza.services.directory import check_url
from depesza.services.passwords import LONGEST
from depesza.services.subaccounts import PLAN, Changes, Terms
from depesza.services.wishes import WishError
from depesza.wire.http import HttpReply

TERMS = {"0": Terms(True, True), "1": Terms(False, True), "2": Terms(False, False), "3": Terms(True, False)}
"""By `type`: own tariff and own balance."""
EXTRA_LOGIN = "4"
"""The `type` that is no sub-client: one more login of the same account."""
CURRENCIES = {"1": "RUR", "2": "USD", "3": "EUR", "4": "UAH", "5": "KZT"}
MOST_PLANS = 8
MINUTES_A_DAY = 1440

_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9@._+-]{0,63}")
SUM = re.compile(r"-?[0-9]{1,9}(?:[.,][0-9]{1,6})?")
"""How money is written."""
_HOURS = re.compile(r"(1?[0-9]|2[0-3])-(1?[0-9]|2[0-4])")
_CODE = re.compile(r"-?[0-9]{1,15}")
FLAG = re.compile(r"(?:fl|fl2|fl3|mfl)\[[0-9]{1,3}\]")
COUNTS = {"dlim": "day", "plim": "day_number", "tlim": "day_text", "ilim": "day_address", "ktm": "keep_days"}
TOLD = frozenset({
    "email", "email2", "phone", "phone2", "fio", "props", "cntr", "notes", "site_id", "mintrf", "sender2", "nb",
    "ph", "mph", "mh1", "mh2", "mlen", "answ", "answ_call", "url",
})  # fmt: skip
"""What is kept as it is told; flags are as well."""
STATUSES_TO_URL, INCOMING_TO_URL, BLOCKED, VIRTUAL, SMPP = "fl[10]", "fl[11]", "fl2[10]", "fl2[27]", "fl[2]"
NO_MAILINGS, PARENTS_SENDERS, PARENTS_CONTACTS, SMPP_TEXTS = "fl[6]", "fl[29]", "fl[26]", "fl[1]"
HOURS_WAIT, HOURS_REFUSE, DELIVERY_CONTROL = "fl2[15]", "fl2[16]", "fl[5]"
FLAGS = (
    STATUSES_TO_URL, INCOMING_TO_URL, BLOCKED, VIRTUAL, SMPP, SMPP_TEXTS, NO_MAILINGS, PARENTS_SENDERS,
    PARENTS_CONTACTS, HOURS_WAIT, HOURS_REFUSE, DELIVERY_CONTROL,
)  # fmt: skip
"""Flags that do something."""


async def handle(call: Call) -> HttpReply:
    """Do what is asked for."""
    return await act(call, ACTIONS)


async def _add(call: Call) -> HttpReply:
    """Make a sub-client, or one more login."""
    name = _login(need(call, "user"))
    await _count(call, name)
    need(call, "password")
    if call.given.get("type").strip() == EXTRA_LOGIN:
        _only_a_login(call)
        id = await call.run(subaccounts.add_login, call.account.id, name, await _password(call), call.now)
    else:
        changes = await _changes(call, {}, ())
        id = await call.run(subaccounts.create, call.account.id, name, changes, call.now)
    return answer_id(id, call.fmt, call.charset, element="user")


async def _change(call: Call) -> HttpReply:
    """Change a sub-client, or a further login of the caller's account."""
    name = need(call, "user")
    await _count(call, name)
    if subaccounts.extra_login(call.facts, call.account.id, name) is not None and name != call.login:
        _only_a_login(call)
        enabled = not read_switch(call, BLOCKED) if BLOCKED in call.given else None
        renamed, password = _renamed(call), await _password(call)
        await call.run(subaccounts.change_login, call.account.id, name, renamed, password, enabled)
        return answer_ok(call.fmt, call.charset)
    row = find(call)
    changes = await _changes(call, await call.look(details.read, row.id), row.shares)
    await call.run(subaccounts.change, call.account.id, row.id, changes, call.now, deep=_deep(call))
    return answer_ok(call.fmt, call.charset)


async def _pay(call: Call) -> HttpReply:
    """Give a sub-client money, or take it back with a sum below zero."""
    text = need(call, "sum")
    if not SUM.fullmatch(text):
        raise Refused(*PARAMETERS)
    row, amount = find(call), ledger.micro(text.replace(",", "."))
    if not amount:
        raise Refused(*PARAMETERS)
    try:
        await call.run(subaccounts.pay, call.account.id, row.id, amount, call.now, deep=_deep(call))
    except NotEnoughCredits:
        raise Refused(*FAILED) from None
    return answer_ok(call.fmt, call.charset)


async def _count(call: Call, name: str) -> None:
    """Count a change of a sub-client; so many a minute are allowed. spec: smsc/1.7"""
    limits = call.limits
    key, span = f"users {name[:100]}", limits.span * MICRO
    if not await call.run(protection.admit, call.account.id, key, limits.user_changes, span, call.now):
        raise Refused(*DUPLICATE)


def find(call: Call) -> Account:
    """Find the sub-client that is named, by `user` or `user_id`; raises `Unknown` for all that is not below us."""
    if call.given.get("user").strip():
        return subaccounts.find(call.facts, call.account.id, need(call, "user"), deep=_deep(call))
    if not call.given.get("user_id").strip():
        raise Refused(*PARAMETERS)
    return subaccounts.find_id(call.facts, call.account.id, read_number(call, "user_id"), deep=_deep(call))


def _deep(call: Call) -> bool:
    return read_switch(call, "reseller")


# what is told of a sub-client


async def _changes(call: Call, known: Mapping[str, str], shares: tuple[str, ...]) -> Changes:
    """Read what shall be set; raises `Refused`."""
    kind = call.given.get("type").strip()
    if kind and kind not in TERMS:
        raise Refused(*PARAMETERS)
    told = _details(call)
    return Changes(
        login=_renamed(call),
        password=await _password(call),
        terms=TERMS[kind] if kind else None,
        account=_account(call, {**known, **told}, shares),
        limits=_limits(call),
        details=told,
    )


def _details(call: Call) -> dict[str, str]:
    told = {name: call.given.get(name).strip() for name in call.given.texts if name in TOLD}
    told |= {name: str(int(read_switch(call, name))) for name in call.given.texts if FLAG.fullmatch(name)}
    if "tariff" in call.given:
        told[PLAN] = str(read_number(call, "tariff", MOST_PLANS))
    if any(len(value) > details.LONGEST for value in told.values()):
        raise Refused(*PARAMETERS)
    read_rules(told)
    return told


def _account(call: Call, told: Mapping[str, str], shares: tuple[str, ...]) -> dict[str, Any]:
    """Give the fields of an account that a request sets; flags that hang together are read with what was told."""
    given = call.given
    fields: dict[str, Any] = {}
    if given.get("curr").strip():
        if need(call, "curr") not in CURRENCIES:
            raise Refused(*PARAMETERS)
        fields["currency"] = CURRENCIES[need(call, "curr")]
    if given.get("tz").strip():
        fields["timezone"] = _zone(read_number(call, "tz", 24))
    if "sender" in given:
        fields["sender"] = given.get("sender").strip()
    for name, field, on in (
        (BLOCKED, "enabled", False), (VIRTUAL, "virtual", True), (SMPP, "smpp", True), (SMPP_TEXTS, "smpp_texts", True),
    ):  # fmt: skip
        if name in given:
            fields[field] = read_switch(call, name) is on
    if PARENTS_SENDERS in given or PARENTS_CONTACTS in given:
        flags = {"senders": PARENTS_SENDERS, "contacts": PARENTS_CONTACTS}
        wanted = {what: told[flag] == "1" if flag in told else what in shares for what, flag in flags.items()}
        fields["shares"] = tuple(what for what, on in wanted.items() if on)
    if not {"url", STATUSES_TO_URL, INCOMING_TO_URL}.isdisjoint(given.texts):
        fields |= _callbacks(told)
    return fields


def _zone(hours: int) -> str:
    """Name a zone by its number, 12 for Greenwich; IANA counts these westwards."""
    return f"Etc/GMT{12 - hours:+d}" if hours != 12 else "Etc/GMT"


def _callbacks(told: Mapping[str, str]) -> dict[str, Any]:
    url = told.get("url", "")
    try:
        check_url(url, "url")
    except WishError:
        raise Refused(*PARAMETERS) from None
    incoming = bool(url) and told.get(INCOMING_TO_URL) == "1"
    return {
        "callback": url if told.get(STATUSES_TO_URL) == "1" else "",
        "response_type": "cgi" if incoming else "none",
        "response_url": url if incoming else "",
    }


def _limits(call: Call) -> dict[str, Any]:
    """Give the limits that a request sets."""
    given = call.given
    fields: dict[str, Any] = {ours: read_number(call, name, 10**9) for name, ours in COUNTS.items() if name in given}
    if "vld" in given:
        fields["lifetime"] = read_number(call, "vld", MINUTES_A_DAY)
    if "tmlim" in given:
        fields["hours"] = _hours(given.get("tmlim").replace(" ", ""))
    if "fmts" in given:
        codes = tuple(code for code in re.split(r"[,;\s]+", given.get("fmts")) if code)
        if not all(_CODE.fullmatch(code) for code in codes):
            raise Refused(*PARAMETERS)
        fields["codes"] = codes
    if NO_MAILINGS in given:
        fields["mailings"] = not read_switch(call, NO_MAILINGS)
    if HOURS_WAIT in given or HOURS_REFUSE in given:
        fields["hours_wait"] = _hours_wait(call)
    return fields


def _hours_wait(call: Call) -> bool:
    """Tell whether messages of other hours wait, which they do unless refusing alone is asked for."""
    waits, refuses = read_switch(call, HOURS_WAIT), read_switch(call, HOURS_REFUSE)
    if waits and refuses:
        raise Refused(*PARAMETERS)
    return not refuses


def _hours(text: str) -> str:
    found = _HOURS.fullmatch(text)
    if text and (found is None or int(found[1]) == int(found[2])):
        raise Refused(*PARAMETERS)
    return text


async def _password(call: Call) -> str:
    """Hash the password that is given, empty where none is; `pswc` repeats it. Raises `Refused`."""
    password, repeated = call.given.get("password"), call.given.get("pswc")
    if (repeated and repeated != password) or len(password) > LONGEST:
        raise Refused(*PARAMETERS)
    return await asyncio.to_thread(logins.hash_password, call.context.vault, password) if password else ""


def _renamed(call: Call) -> str:
    name = call.given.get("new_login").strip()
    return _login(name) if name else ""


def _login(name: str) -> str:
    if not _LOGIN.fullmatch(name):
        raise Refused(*PARAMETERS)
    return name


def _only_a_login(call: Call) -> None:
    """Refuse what a login of the same account can't have of its own."""
    told = [name for name in call.given.texts if name in TOLD or (FLAG.fullmatch(name) and name != BLOCKED)]
    if told or _limits(call) or not {"tariff", "curr", "tz", "sender"}.isdisjoint(call.given.texts):
        raise Refused(*PARAMETERS)


# sums


async def _stat(call: Call) -> HttpReply:
    """Sum up what sub-clients did in some days, today where none are given; those that did nothing are left out."""
    since, until = read_days(call.given.get("start"), call.given.get("end"), call.zone)
    if not since and not until:
        today = write_date(call.now, call.zone)[:10]
        since, until = read_days(today, today, call.zone)
    named = call.given.get("user").strip() or call.given.get("user_id").strip()
    accounts = [find(call)] if named else subaccounts.below(call.facts, call.account.id, deep=_deep(call))
    rows = [await _summed(call, row, since, until) for row in accounts]
    return _listed(call, [row for row in rows if (row["cnt"], row["credit"], row["debit"]) != ("0", "0.00", "0.00")])


async def _stat_all(call: Call) -> HttpReply:
    """Tell all sub-clients with their sums since they were made, or in some days."""
    since, until = read_days(call.given.get("start"), call.given.get("end"), call.zone)
    rows = []
    for row in subaccounts.below(call.facts, call.account.id, deep=_deep(call)):
        summed = await _summed(call, row, since, until)
        rows.append(summed | await _told(call, row))
    return _listed(call, rows)


async def _summed(call: Call, row: Account, since: int, until: int) -> dict[str, Value]:
    if read_switch(call, "mycur") and row.currency != call.account.currency:
        raise Refused(*FAILED)  # nobody tells us rates of exchange
    sums = await call.look(history.sums, row, since, until or call.now + MICRO)
    login = subaccounts.login_of(call.facts, row.id)
    name = login.name if login is not None else row.name
    summed: dict[str, Value] = {
        "user_id": row.id,
        "user": name,
        "login": name,
        "cnt": str(sums.count),
        "credit": two_decimals(sums.spent),
        "debit": two_decimals(sums.received),
        "currency": row.currency,
    }
    return summed | ({"balance2": two_decimals(sums.balance)} if read_switch(call, "balance2") else {})


async def _told(call: Call, row: Account) -> dict[str, Value]:
    known = await call.look(details.read, row.id)
    terms = subaccounts.terms_of(call.facts, row)
    kind = next(kind for kind, each in TERMS.items() if each == terms)
    told: dict[str, Value] = {"type": kind, "tariff": known.get(PLAN, "0"), "enabled": int(row.enabled)}
    return told | {name: known.get(name, "") for name in ("fio", "email", "phone", "notes")}


def _listed(call: Call, rows: list[dict[str, Value]]) -> HttpReply:
    if not rows:
        raise Refused(*NO_RECORD)
    listed: list[Members] = [*rows]
    return answer_list(listed, call.fmt, call.charset, element="user")


ACTIONS = {"add": _add, "chg": _change, "pay": _pay, "get_stat": _stat, "get_stat_all": _stat_all}
