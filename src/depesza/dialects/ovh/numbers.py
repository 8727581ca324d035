"""Virtual numbers: those that accounts hold, and the page on which a number's conversations are held. spec: ovh/4.12

What left from a number and what came to it is listed by `messages`, and `sending` sends from it.
"""

from depesza.core import phone
from depesza.core.facts import Account, Sender
from depesza.dialects.ovh import dates, errors
from depesza.dialects.ovh.auth import public_base
from depesza.dialects.ovh.call import Call
from depesza.dialects.ovh.sending import number_of, path_number
from depesza.services import chats
from depesza.services.chats import Chat


async def list_numbers(call: Call) -> list[str]:
    """GET /sms/{serviceName}/virtualNumbers"""
    return sorted(row.name for row in _held(call, call.account))


async def show_number(call: Call) -> dict[str, object]:
    """GET /sms/{serviceName}/virtualNumbers/{number}"""
    return _write(number_of(call))


async def list_all(call: Call) -> list[str]:
    """GET /sms/virtualNumbers"""
    return sorted(row.name for account in call.accounts() for row in _held(call, account))


async def show_service(call: Call) -> dict[str, object]:
    """GET /sms/virtualNumbers/{number}"""
    return _write(any_number(call)[1]) | {"iam": None}


def any_number(call: Call) -> tuple[Account, Sender]:
    """Find `{number}` on any account that the caller reaches; raises 404."""
    name = path_number(call)
    for account in call.accounts():
        sender = call.context.store.facts.sender.get((account.id, name))
        if sender is not None and sender.virtual:
            return account, sender
    raise errors.not_found(call.params["number"])


def _held(call: Call, account: Account) -> list[Sender]:
    return [row for row in call.context.store.facts.senders if row.account == account.id and row.virtual]


def _write(sender: Sender) -> dict[str, object]:
    """Write sms.VirtualNumber."""
    number = phone.parse(sender.name)
    country = (number.country or "") if number is not None else ""
    return {"countryCode": "uk" if country == "GB" else country.lower(), "number": sender.name}


# the page of a number


async def show_chat(call: Call) -> dict[str, object]:
    """GET …/virtualNumbers/{number}/chatAccess"""
    sender = number_of(call)
    chat = await call.look(chats.of_number, call.account.id, sender.name, call.now)
    if chat is None:
        raise errors.not_found(sender.name)
    return _write_chat(call, chat)


async def open_chat(call: Call) -> dict[str, object]:
    """POST …/virtualNumbers/{number}/chatAccess: a new page; the one before ends"""
    return _write_chat(call, await call.run(chats.begin, call.account.id, number_of(call).name, call.now))


async def close_chat(call: Call) -> None:
    """DELETE …/virtualNumbers/{number}/chatAccess"""
    sender = number_of(call)
    if not await call.run(chats.end, call.account.id, sender.name, call.now):
        raise errors.not_found(sender.name)


def _write_chat(call: Call, chat: Chat) -> dict[str, object]:
    """Write sms.ChatAccess; who has the address has the conversations."""
    base = public_base(call.request, call.context.bases)
    return {
        "creationDate": dates.write(chat.created, dates.zone(call.account.timezone)),
        "id": chat.id,
        "url": f"{base}/chat/{chat.id}/{chats.token(chat, call.context.vault)}",
    }
