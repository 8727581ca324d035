"""phones.php: contacts, the groups they are in, the black list. spec: smsc/3.7"""

import re
from datetime import date
from itertools import zip_longest

from depesza.core.optout import MASS, SINGLE
from depesza.dialects.smsc.actions import act, need, only, read_number, read_numbers, texts
from depesza.dialects.smsc.answers import Refused, Value, answer_id, answer_list, answer_ok
from depesza.dialects.smsc.call import Call
from depesza.dialects.smsc.codes import NO_RECORD, PARAMETERS
from depesza.dialects.smsc.naming import LARGEST_ID, MAIL
from depesza.dialects.smsc.numbers import Sort, international, read_phones
from depesza.services import bars, card_groups, cards
from depesza.services.card_groups import Group
from depesza.services.cards import Address, Card, Search
from depesza.wire.http import HttpReply

FIELDS = {
    "name": "name",
    "fnm": "first_name",
    "lnm": "last_name",
    "mnm": "middle_name",
    "cmt": "comments",
    "tags": "tags",
    "pho": "others",
    "myid": "own",
}
"""Parameters that are kept as they come, and where."""

BARS = (MASS | SINGLE, MASS, SINGLE)
"""What `type` bars."""

_MARKS = re.compile(r"[,;|/\\:&*=_\r\n]+")
"""Between two numbers; blanks, brackets and hyphens may be within one."""
_MAIL_MARKS = re.compile(r"[\s,;:|<>]+")
_BIRTHDAY = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})")
_ID = re.compile(r"0|[1-9][0-9]{0,9}")


async def handle(call: Call) -> HttpReply:
    """Answer a request."""
    return await act(call, ACTIONS)


def _book(call: Call) -> int:
    """Tell whose contacts are meant."""
    return call.facts.owner_of(call.account.id, "contacts")


# what is read


def read_addresses(phones: str, mails: str, home: str) -> list[Address]:
    """Read lists of numbers and of mail addresses; those at the same place belong together.

    A contact may have a number whose calling code nobody has, as those of a client's tests do.
    """
    found = read_phones(_MARKS.sub(",", phones), home)
    numbers = [named.address or international(named.written, home) for named in found]
    if not all(numbers) or any(named.sort is not Sort.NUMBER for named in found):
        raise Refused(*PARAMETERS)
    written = list(dict.fromkeys([mail for mail in _MAIL_MARKS.split(mails) if mail]))
    if not all(MAIL.fullmatch(mail) for mail in written):
        raise Refused(*PARAMETERS)
    return [Address(*pair) for pair in zip_longest(numbers, written, fillvalue="")]


def read_birthday(text: str) -> str:
    """Read `dd.mm.yyyy` as `yyyy-mm-dd`; empty stays empty."""
    text = text.strip()
    if not text:
        return ""
    found = _BIRTHDAY.fullmatch(text)
    if found is None:
        raise Refused(*PARAMETERS)
    try:
        return date(int(found[3]), int(found[2]), int(found[1])).isoformat()
    except ValueError:
        raise Refused(*PARAMETERS) from None


def write_birthday(text: str) -> str:
    """Write `yyyy-mm-dd` as `dd.mm.yyyy`."""
    return ".".join(reversed(text.split("-")))


def _addresses(call: Call) -> list[Address]:
    return _some(read_addresses(call.given.get("phone"), call.given.get("mail"), call.home))


def _keys(call: Call) -> list[Address]:
    """Read whose cards are meant: those of the numbers, or else of the mail addresses."""
    phones = call.given.get("phone")
    return _some(read_addresses(phones, "" if phones.strip() else call.given.get("mail"), call.home))


def _barred(call: Call) -> list[Address]:
    return _some(read_addresses(call.given.get("phone"), "", call.home))


def _some(found: list[Address]) -> list[Address]:
    if not found:
        raise Refused(*PARAMETERS)
    return found


def _fields(call: Call) -> dict[str, str]:
    found = texts(call, FIELDS)
    if found.get("own") == "0":
        found["own"] = ""
    if "bd" in call.given:
        found["birthday"] = read_birthday(call.given.get("bd"))
    return found


def _groups(call: Call) -> list[int] | None:
    """Read the groups a card shall be in; 0 is none, and None leaves them alone."""
    return [id for id in read_numbers(call, "grp") if id] if "grp" in call.given else None


# contacts


async def _add(call: Call) -> HttpReply:
    need(call, "name")
    ids = await call.run(cards.put, _book(call), _addresses(call), _fields(call), _groups(call), call.now)
    return answer_id(ids[0], call.fmt, call.charset, element="phone")


async def _change(call: Call) -> HttpReply:
    given, keys = call.given, _keys(call)
    mails = given.get("new_mail") or (given.get("mail") if given.get("phone").strip() else "")
    becoming = read_addresses(given.get("new_phone"), mails, call.home)
    fields, groups = _fields(call), _groups(call)
    if (becoming and len(becoming) != len(keys)) or not (becoming or fields or groups is not None):
        raise Refused(*PARAMETERS)
    await call.run(cards.change, _book(call), keys, becoming, fields, groups, call.now)
    return answer_ok(call.fmt, call.charset)


async def _delete(call: Call) -> HttpReply:
    await call.run(cards.delete, _book(call), _keys(call))
    return answer_ok(call.fmt, call.charset)


async def _move(call: Call) -> HttpReply:
    """Put contacts into groups alone (1), into them as well (2), or out of them (3)."""
    how = only(read_numbers(call, "move_group"))
    groups, keys = [id for id in read_numbers(call, "grp") if id], _keys(call)
    if how not in (1, 2, 3) or not groups:
        raise Refused(*PARAMETERS)
    await call.run(cards.regroup, _book(call), keys, groups, out=how == 3, only=how == 1)
    return answer_ok(call.fmt, call.charset)


async def _get(call: Call) -> HttpReply:
    given = call.given
    wanted = Search(
        tuple(read_addresses(given.get("phone"), given.get("mail"), call.home)),
        tuple(read_numbers(call, "grp")),
        given.get("fio"),
        given.get("search"),
        given.get("after_id").strip(),
    )
    found = await call.look(cards.search, _book(call), wanted)
    if not found:
        raise Refused(*NO_RECORD)
    return answer_list([_tell(card) for card in found], call.fmt, call.charset, element="phone")


def _tell(card: Card) -> dict[str, Value]:
    """Tell of a contact; our id stands beside the client's only: old clients know no further member."""
    told: dict[str, Value] = {
        "id": int(card.own) if _ID.fullmatch(card.own) and int(card.own) <= LARGEST_ID else card.own or card.id,
        "name": card.name,
        "phone": card.number.removeprefix("+") or card.mail,
        "group": ",".join(map(str, card.groups)) or "0",
        "first_name": card.first_name,
        "last_name": card.last_name,
        "middle_name": card.middle_name,
        "birthday": write_birthday(card.birthday),
        "comments": card.comments,
        "tags": card.tags,
        "phone_other": card.others,
    }
    return told | {"int_id": card.id} if card.own else told


# groups


async def _add_group(call: Call) -> HttpReply:
    name, slot, kind = need(call, "name"), read_number(call, "num"), read_number(call, "type", card_groups.MAILS)
    id = await call.run(card_groups.add, _book(call), name, slot, kind)
    return answer_id(id, call.fmt, call.charset, element="group")


async def _change_group(call: Call) -> HttpReply:
    changes: dict[str, str | int] = {"name": need(call, "name")}
    if "num" in call.given:
        changes["slot"] = read_number(call, "num")
    if "type" in call.given:
        changes["kind"] = read_number(call, "type", card_groups.MAILS)
    await call.run(card_groups.change, _book(call), only(read_numbers(call, "grp")), changes)
    return answer_ok(call.fmt, call.charset)


async def _delete_group(call: Call) -> HttpReply:
    await call.run(card_groups.delete, _book(call), only(read_numbers(call, "grp")))
    return answer_ok(call.fmt, call.charset)


async def _get_group(call: Call) -> HttpReply:
    book = _book(call)
    found = await call.look(card_groups.show, book) or await call.run(card_groups.listing, book)
    if not found:
        raise Refused(*NO_RECORD)
    return answer_list([_tell_group(group) for group in found], call.fmt, call.charset, element="group")


def _tell_group(group: Group) -> dict[str, Value]:
    number = str(group.slot) if group.slot else ""
    return {"id": group.id, "name": group.name, "number": number, "cnt": str(group.count)}


# the black list


async def _add_black(call: Call) -> HttpReply:
    """Bar numbers; each has a contact then, which keeps the name it had."""
    kinds = BARS[read_number(call, "type", len(BARS) - 1)]
    card = (_book(call), _barred(call), _fields(call), _groups(call), call.now)
    ids = await call.run(bars.bar_cards, call.account.id, kinds, *card)
    return answer_id(ids[0], call.fmt, call.charset, element="phone")


async def _delete_black(call: Call) -> HttpReply:
    await call.run(bars.unbar, call.account.id, [address.number for address in _barred(call)])
    return answer_ok(call.fmt, call.charset)


ACTIONS = {
    "add": _add,
    "add_group": _add_group,
    "add_black": _add_black,
    "chg": _change,
    "chg_group": _change_group,
    "move_group": _move,
    "del": _delete,
    "del_group": _delete_group,
    "del_black": _delete_black,
    "get": _get,
    "get_group": _get_group,
}
