"""The page on which a virtual number's conversations are read and answered. spec: ovh/4.12

Who has its address is let in: the address is the secret, so no cookie can be misused and no other site can send the
form. It leaves with no referrer and is never cached.
"""

from html import escape
from urllib.parse import parse_qs

from depesza.core import ledger
from depesza.core.facts import Account
from depesza.core.model import Submission
from depesza.core.planning import Refused
from depesza.dialects.contract import Context
from depesza.dialects.ovh import dates, errors, html
from depesza.services import chats
from depesza.services.chats import Chat, Line
from depesza.services.submit import submit
from depesza.wire.http import HttpReply, HttpRequest


async def answer(context: Context, request: HttpRequest, path: list[str], now: int) -> HttpReply:
    """Show the page of `/chat/{id}/{token}`, or send what its form says; raises `OvhError` 404, 405."""
    chat = await _opened(context, path, now)
    account = context.store.facts.account.get(chat.account) if chat is not None else None
    if chat is None or account is None:
        return html.page(
            "No such page", html.told("It is unknown, or its day is over."), status=404, brand=context.brand
        )
    if request.method == "GET":
        return await _show(context, chat, account, now)
    if request.method != "POST":
        raise errors.wrong_method(request.method)
    form = {name: values[-1] for name, values in parse_qs(request.body.decode("utf-8", "replace")).items()}
    bad = await _send(context, chat, account, form, now)
    if bad:
        return await _show(context, chat, account, now, form, bad)
    return HttpReply(303, b"", "text/html", (("Location", request.path),))


async def _opened(context: Context, path: list[str], now: int) -> Chat | None:
    if len(path) != 2 or not path[0].isascii() or not path[0].isdigit() or len(path[0]) > 18:
        return None
    return await context.store.look(chats.opened, int(path[0]), path[1], context.vault, now)


async def _send(context: Context, chat: Chat, account: Account, form: dict[str, str], now: int) -> str:
    """Send as the number; gives what is wrong, or nothing."""
    text, to = form.get("message", "").strip(), form.get("to", "").strip()
    sender = context.store.facts.sender[account.id, chat.number]
    if not account.enabled or sender.status != "enable":
        return "This number is switched off."
    if not text or "\0" in text:
        return "Write something."
    wanted = Submission(dialect=account.home, sender=chat.number, receivers=(to,), text=text, tag="chat")
    try:
        accepted = await context.store.run(submit, account, wanted, context.lanes, context.policy, now)
    except ledger.NotEnoughCredits:
        return "There are not enough credits."
    except Refused as error:
        return f"It can't be sent: {error.detail or error.name}."
    return "" if accepted.ids else "This is no number that can be written to."


async def _show(
    context: Context, chat: Chat, account: Account, now: int, form: dict[str, str] | None = None, bad: str = ""
) -> HttpReply:
    lines = await context.store.look(chats.lines, chat, now)
    form = form or {}
    last = next((line.peer for line in reversed(lines) if not line.ours), "")
    inputs = [
        html.field("To", "to", "tel", form.get("to", last)),
        html.area("Text", "message", form.get("message", "")),
    ]
    body = "".join(_line(line, account.timezone) for line in lines) or html.told("Nothing yet.")
    body += html.told(bad, bad=True) if bad else ""
    body += html.form(inputs, [("send", "Send")], {})
    return html.page(chat.number, body, status=400 if bad else 200, brand=context.brand)


def _line(line: Line, zone: str) -> str:
    at = dates.write_plain(line.at, dates.zone(zone))
    arrow = "→" if line.ours else "←"
    return f"<p><code>{escape(at)} {arrow} {escape(line.peer)}</code><br>{escape(line.text)}</p>"
