"""status.php: how messages stand, and their removal. spec: smsc/3.1 smsc/3.2"""

from depesza.core.model import MICRO, Channel
from depesza.dialects.smsc import answers
from depesza.dialects.smsc.answers import JSON, Refused
from depesza.dialects.smsc.call import Call
from depesza.dialects.smsc.codes import DUPLICATE, FAILED, PARAMETERS
from depesza.dialects.smsc.naming import read_id
from depesza.dialects.smsc.numbers import clean
from depesza.dialects.smsc.telling import names_of, tell, unknown, write_phone, write_row
from depesza.services import history, protection
from depesza.services.history import Item, Name, Undeletable
from depesza.wire.http import HttpReply

MOST = 10_000
"""Messages of one request."""
_LEVELS = {"": 0, "0": 0, "1": 1, "2": 2}


async def handle(call: Call) -> HttpReply:
    """Tell how the messages of a request stand, or delete them."""
    level = read_level(call)
    names, several = read_names(call)
    if call.asked("del"):
        await delete(call, names)
        return answers.answer_ok(call.fmt, call.charset)
    items = await find(call, names, several=several)
    rows = [_row(call, name, item, level, several=several) for name, item in zip(names, items, strict=True)]
    if call.fmt == JSON and several:
        return answers.reply(f"[{f',{chr(10)}'.join(rows)}]", call.fmt, call.charset)
    return answers.reply("\n".join(rows), call.fmt, call.charset)


def read_level(call: Call) -> int:
    """Read how much shall be told; raises `Refused` for that, and for a `del` that is no switch."""
    level = _LEVELS.get(call.given.get("all"))
    if level is None or call.given.get("del") not in ("", "0", "1"):
        raise Refused(*PARAMETERS)
    return level


def read_names(call: Call) -> tuple[list[Name], bool]:
    """Read which messages are meant, and whether the answer is a list: a comma behind a single one makes it so."""
    phones, ids = call.given.get("phone").strip(), call.given.get("id").strip()
    several = "," in phones or "," in ids
    receivers = [_receiver(call, phone) for phone in _split(phones)]
    refs = [str(read_id(id)) for id in _split(ids)]
    if len(refs) == 1:  # a mailing has one id for all its numbers
        refs *= len(receivers)
    if not receivers or len(refs) != len(receivers) or not all(refs) or len(refs) > MOST:
        raise Refused(*PARAMETERS)
    return list(zip(refs, receivers, strict=True)), several


def _split(written: str) -> list[str]:
    return [part.strip() for part in written.split(",") if part.strip()]


def _receiver(call: Call, phone: str) -> str:
    """Read whom a message went to; what is no number is looked for as it is written: mail addresses, bad numbers."""
    return clean(phone, call.home) or phone


async def find(call: Call, names: list[Name], *, several: bool) -> list[Item | None]:
    """Find messages, and count that they were asked for; None for those that nobody has heard of."""
    await _count(call, names, several=several)
    return await call.look(history.named, call.account.id, names)


async def _count(call: Call, names: list[Name], *, several: bool) -> None:
    """Count a question that may be asked so many times a minute. spec: smsc/1.7"""
    limits = call.limits
    key, most = ("status list", limits.status_lists) if several else ("status", limits.status_asks)
    if not several:
        key = f"{key} {protection.digest(names[0])}"
    if most and not await call.run(protection.admit, call.account.id, key, most, limits.span * MICRO, call.now):
        raise Refused(*DUPLICATE)


async def delete(call: Call, names: list[Name]) -> None:
    """Delete messages; raises `Refused`."""
    try:
        await call.run(history.delete, call.account.id, names, call.now)
    except Undeletable:
        raise Refused(*FAILED) from None


def _row(call: Call, name: Name, item: Item | None, level: int, *, several: bool) -> str:
    """Write what is told of one message; in lists its name stands behind."""
    ref, receiver = name
    told = unknown() if item is None else tell(item, call.facts.numbering, call.zone)
    shown = names_of(call.fmt, 0 if item is None else level, hlr=item is not None and item.channel is Channel.HLR)
    if several:
        told |= {"id": read_id(ref), "phone": write_phone(receiver)}
        shown = (*shown, "id") if "phone" in shown else (*shown, "id", "phone")
    return write_row(told, shown, call.fmt, "sms")
