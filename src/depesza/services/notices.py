"""News owed to clients: which change of state is told, to which address."""

import re
from collections.abc import Sequence

import msgspec
from msgspec import Struct

from depesza.core.facts import Account, User, Webhook
from depesza.core.model import COLLECTED, FINAL, CallFact, HookFact, Inbound, Notice, ReceiptFact, ReplyFact, State
from depesza.services import collected
from depesza.store.tx import Tx
from depesza.wire.mail import Mail

_encode = msgspec.json.Encoder().encode


def owe_receipt(tx: Tx, account: Account, user: User | None, dialect: str, fact: ReceiptFact, own: str = "") -> None:
    """Write down that a state must be told, where the submission, the account or its user asks for it.

    `own` is the submission's callback, to which only the end is told, or what its address wishes for.
    spec: ovh/4.6 smsadvert/6
    """
    url = own or (user.callback if user is not None and user.callback else account.callback)
    if own.startswith(COLLECTED):
        if not collected.wants(own, fact.state):
            return
    elif not url or ((own or account.notices == "final") and fact.state not in FINAL):
        return
    now = fact.at
    tx.add_notice(Notice(tx.new_id(), account.id, dialect, "receipt", url, _encode(fact), fact.message, now, now))


_TOLD = {
    State.SENT: "sent",
    State.DELIVERED: "delivered",
    State.FAILED: "failed",
    State.EXPIRED: "failed",
    State.REJECTED: "failed",
    State.CANCELLED: "cancelled",
}
"""Which event a state is to webhooks; the others are none."""


async def owe_hooks(
    tx: Tx,
    user: int,
    message: int,
    dialect: str,
    sender: str,
    receiver: str,
    tag: str,
    parts: int,
    state: State,
    refusal: str,
    now: int,
) -> None:
    """Write down that a user's webhooks must be told a state, each that asks for it. spec: devices/9"""
    event = _TOLD.get(state)
    hooks = [row for row in tx.facts.hooks_of.get(user, ()) if row.event == event and row.dialect == dialect]
    if not hooks:
        return
    rows = await tx.query(
        "SELECT device, slot, error FROM device_attempts WHERE message = ?1 ORDER BY id DESC LIMIT 1", message
    )
    device, slot, error = rows[0] if rows else (0, 0, "")
    for hook in hooks:
        if hook.device in (0, device):
            fact = HookFact(hook.name, hook.event, now, tag, sender, receiver, "", parts, refusal, error, device, slot)
            _owe_hook(tx, hook, fact, message)


def owe_received(tx: Tx, account: int, user: int, id: int, inbound: Inbound, now: int) -> None:
    """Write down that webhooks must be told a text received: its user's, or all of the account's where it has none."""
    i = inbound
    for hook in tx.facts.webhooks:
        if hook.account != account or hook.event != "received" or user not in (0, hook.user_id):
            continue
        if hook.device in (0, i.device):
            fact = HookFact(
                hook.name, hook.event, now, str(id), i.sender, i.recipient, i.text, device=i.device, slot=i.slot
            )
            _owe_hook(tx, hook, fact, 0)


def _owe_hook(tx: Tx, hook: Webhook, fact: HookFact, message: int) -> None:
    tx.add_notice(
        Notice(tx.new_id(), hook.account, hook.dialect, "hook", hook.url, _encode(fact), message, fact.at, fact.at)
    )


def owe_reply(tx: Tx, account: Account, dialect: str, kind: str, url: str, fact: ReplyFact) -> None:
    """Write down that a reply (`reply`) or an opt-out (`stop`) must be told."""
    if url:
        tx.add_notice(
            Notice(tx.new_id(), account.id, dialect, kind, url, _encode(fact), fact.message, fact.at, fact.at)
        )


def owe_call(tx: Tx, account: Account, dialect: str, fact: CallFact) -> None:
    """Write down that a call which was waited for must be told."""
    if account.callback:
        id, now = tx.new_id(), fact.at
        tx.add_notice(Notice(id, account.id, dialect, "call", account.callback, _encode(fact), 0, now, now))


def owe_mail(tx: Tx, account: Account, mail: Mail, now: int, message: int = 0) -> None:
    """Write down that a mail must be sent, perhaps because of a message."""
    url = f"mailto:{mail.to}"
    tx.add_notice(Notice(tx.new_id(), account.id, account.home, "mail", url, _encode(mail), message, now, now))


class Tried(Struct, frozen=True, gc=False):
    """One try of a notice."""

    notice: Notice
    good: bool
    tries: int
    due: int
    """When the next try is; 0 when there is none."""
    word: str
    """HTTP status, or why there was none; empty when it was put off without a try."""
    at: int = 0
    """When it ended."""
    took: int = 0
    """Microseconds from the call to its end."""

    def again(self) -> Notice:
        """The notice as it stands now."""
        return msgspec.structs.replace(self.notice, tries=self.tries, due=self.due)


async def tried(tx: Tx, results: Sequence[Tried], now: int) -> None:
    """Write tries into the notices and their messages' timelines; one without a next try is given up."""
    for result in results:
        notice = result.notice
        state = 1 if result.good else 0 if result.due else 2
        tx.update("notice_done", (notice.id, state, result.tries, result.due))
        if result.word:
            tx.event(notice.message, now, "callback", write_try(result))


def write_try(result: Tried) -> str:
    """Write a try for the timeline: `receipt 200 12 ms http://client.example/cb #77`."""
    notice = result.notice
    return f"{notice.kind} {result.word} {result.took // 1000} ms {notice.url} #{notice.id}"


_TRY = re.compile(r"\w+ (?P<word>.*?) (?P<took>\d+) ms (?P<url>.*) #\d+", re.DOTALL)


def read_try(detail: str) -> tuple[str, int, str]:
    """Read word, milliseconds and address of a try back."""
    found = _TRY.fullmatch(detail)
    return (found["word"], int(found["took"]), found["url"]) if found else (detail, 0, "")


async def due(tx: Tx, now: int, limit: int) -> list[Notice]:
    """Read this node's waiting notices that are due."""
    return [Notice(*row) for row in await tx.rows("notices_page", tx.node, now, limit)]
