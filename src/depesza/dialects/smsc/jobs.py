"""jobs.php: campaigns, which are sends under a name: now or later, once or again, followed up by SMS. spec: smsc/3.6

A campaign is called by the id of its messages.
"""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from depesza.core.ledger import two_decimals
from depesza.core.model import Channel
from depesza.core.repeats import Every
from depesza.core.translit import Variant, transliterate
from depesza.dialects.smsc.actions import act, need, read_number, read_switch
from depesza.dialects.smsc.answers import (
    TEXT,
    Refused,
    Sent,
    Value,
    answer_id,
    answer_list,
    answer_object,
    answer_ok,
    answer_sent,
    reply,
)
from depesza.dialects.smsc.call import Call
from depesza.dialects.smsc.codes import FAILED, NO_RECORD, PARAMETERS, WITHOUT_TEXT, Kind
from depesza.dialects.smsc.naming import read_id, read_sender
from depesza.dialects.smsc.parameters import Given
from depesza.dialects.smsc.posting import Post, find_sender
from depesza.dialects.smsc.reading import LONGEST_TEXT, Wanted, read_send
from depesza.dialects.smsc.send import PRICE_ONLY, guard_of, post
from depesza.dialects.smsc.telling import write_id
from depesza.dialects.smsc.times import read_days, write_date
from depesza.services import details, mailings, refs, templates
from depesza.services.attachments import File
from depesza.services.mailings import Order, Standing
from depesza.wire.http import HttpReply

CONTROL = "fl[5]"
"""Send again, by SMS, what did not arrive; of a campaign, or of all of the account's."""
LONGEST_NAME = 200
MOST_TIMES = 1_000
"""Repeats of one campaign."""
_FLAGS = {"": {}, "sms": {}, "bin": {"bin": "2"}}
"""How a template's format is asked for; the others are asked for by their names."""


async def handle(call: Call) -> HttpReply:
    """Answer a request."""
    return await act(call, ACTIONS)


# ordered


async def _add(call: Call) -> HttpReply:
    call = await _with_template(call)
    wanted = read_send(call.given, call.now, home=call.home, zone=call.zone)
    order = _order(call, wanted, await call.look(details.read, call.account.id))

    async def carry_out(call: Call, wanted: Wanted, ready: Post, files: Sequence[File]) -> refs.Sent:
        context = call.context
        return await call.run(
            mailings.add, call.account, ready.submission, files, order, str(wanted.id), ready.comments,
            guard_of(call, wanted), context.lanes, context.policy, call.now,
        )  # fmt: skip

    sent = await post(call, wanted, carry_out)
    if wanted.cost == PRICE_ONLY:
        return answer_sent(sent, wanted.cost, call.fmt, call.charset)
    return _answer_added(call, sent, wanted.cost)


def _answer_added(call: Call, sent: Sent, cost: int) -> HttpReply:
    """Tell the id, and behind it the cost and the balance that is left where they are asked for."""
    members: dict[str, Value] = {"id": sent.id}
    if cost < 2:
        return answer_id(sent.id, call.fmt, call.charset, element="job")
    members["cost"] = two_decimals(sent.cost)
    if cost == 3:
        members["balance"] = two_decimals(sent.balance)
    if call.fmt == TEXT:
        text = ", ".join([f"{name.upper()} - {value}" for name, value in members.items() if name != "id"])
        return reply(f"ID = {sent.id}, {text}", call.fmt, call.charset)
    return answer_object(members, call.fmt, call.charset, element="job")


async def _with_template(call: Call) -> Call:
    """Put a template's text, format and sender where the request leaves them open."""
    if not call.given.get("tpl").strip():
        return call
    template = await call.look(templates.find, call.account.id, read_number(call, "tpl"))
    if template is None or "list" in call.given:
        raise Refused(*PARAMETERS)
    texts = call.given.texts
    added = {"mes": template.around(texts.get("mes", "")), **_FLAGS.get(template.format, {template.format: "1"})}
    if template.sender:
        added = {"sender": template.sender, **added}
    return replace(call, given=_filled(call.given, added))


def _filled(given: Given, added: Mapping[str, str]) -> Given:
    kept = {name: text for name, text in given.texts.items() if name != "mes"}
    return replace(given, texts={**added, **kept})


def _order(call: Call, wanted: Wanted, usual: Mapping[str, str]) -> Order:
    """Read what makes a campaign of a send; `usual` tells whether the account controls delivery, and its sender."""
    name, text = need(call, "name"), call.given.get("mes2")
    every, times = Every(read_number(call, "rpt", max(Every))), read_number(call, "rptn", MOST_TIMES)
    control = read_switch(call, CONTROL) or bool(text)
    if len(name) > LONGEST_NAME or len(text) > LONGEST_TEXT or wanted.speaks_code:
        raise Refused(*PARAMETERS)
    if times and not every:
        raise Refused(*PARAMETERS)
    if wanted.translit and text:
        text = transliterate(text, Variant(wanted.translit))
    if CONTROL not in call.given and not control:
        control = usual.get(CONTROL) == "1" and _repeatable(wanted, text)
    _check_control(call, wanted, text, control=control)
    sender = _second_sender(call) or (_usual_second(call, usual) if control else "")
    return Order(
        name=name, every=every, times=(times or 1) if every else 0, control=control, sender=sender, text=text,
    )  # fmt: skip


def _check_control(call: Call, wanted: Wanted, text: str, *, control: bool) -> None:
    """Refuse an SMS in the place of what has no number or no text, and a second sender without it."""
    if not control:
        if call.given.get("sender2"):
            raise Refused(*PARAMETERS)
        return
    if not _repeatable(wanted, text):
        raise Refused(*PARAMETERS)


def _repeatable(wanted: Wanted, text: str) -> bool:
    """Tell whether an SMS can go in the place of a message."""
    said = text or all(letter.text or letter.binary is not None for letter in wanted.letters)
    return bool(said) and wanted.kind is not Kind.MAIL and wanted.kind not in WITHOUT_TEXT


def _second_sender(call: Call) -> str:
    """Read whom the SMS is from that goes when another channel failed; empty: the same. Raises `Refused`."""
    written = read_sender(call.given.texts.get("sender2"))
    if not written:
        return ""
    found = find_sender(call.facts, call.account, written)
    if found is None or found.status != "enable":
        raise Refused(*PARAMETERS)
    return found.name


def _usual_second(call: Call, usual: Mapping[str, str]) -> str:
    """Give the account's usual sender of such an SMS; empty, for the same, where it may not be used."""
    found = find_sender(call.facts, call.account, usual.get("sender2", ""))
    return found.name if found is not None and found.status == "enable" else ""


# stopped


async def _delete(call: Call) -> HttpReply:
    if not await call.run(mailings.delete, call.account.id, _ref(call), call.now):
        raise Refused(*NO_RECORD)
    return answer_ok(call.fmt, call.charset)


async def _cancel(call: Call) -> HttpReply:
    ref = _ref(call)
    if not await call.run(mailings.cancel, call.account.id, ref, call.now):
        raise Refused(*(NO_RECORD if await call.look(mailings.find, call.account.id, ref) is None else FAILED))
    return answer_ok(call.fmt, call.charset)


def _ref(call: Call) -> str:
    ref = read_id(call.given.get("id"))
    if not ref:
        raise Refused(*PARAMETERS)
    return str(ref)


# told


async def _get(call: Call) -> HttpReply:
    found = await call.look(mailings.standing, call.account.id, _ref(call), call.now)
    if found is None or not _meant(call, found):
        raise Refused(*NO_RECORD)
    return answer_object(_told(call, found), call.fmt, call.charset, element="job")


async def _list(call: Call) -> HttpReply:
    since, before = read_days(call.given.get("start"), call.given.get("end"), call.zone)
    found = await call.look(mailings.listing, call.account.id, since, before, call.now)
    rows = [_told(call, each) for each in found if _meant(call, each)]
    return answer_list(rows, call.fmt, call.charset, element="job", root="jobs")


def _meant(call: Call, standing: Standing) -> bool:
    """Tell whether mail=1, which asks for e-mails only, lets a campaign be told."""
    return not read_switch(call, "mail") or standing.mailing.submission.channel is Channel.MAIL


def _told(call: Call, standing: Standing) -> dict[str, Value]:
    mailing, figures = standing.mailing, standing.figures
    return {
        "id": write_id(mailing.ref, mailing.id),
        "name": mailing.name,
        "status": standing.status,
        "date": write_date(mailing.first, call.zone),
        "cnt": standing.count,
        "sent": figures.sent + figures.delivered,
        "delivered": figures.delivered,
        "failed": figures.failed,
        "cost": two_decimals(figures.price),
    }


ACTIONS = {"add": _add, "del": _delete, "cancel": _cancel, "get": _get, "get_all": _list}
