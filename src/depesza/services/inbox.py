"""Texts that people send to our numbers: whose they are, what they cost, and what follows.

A text belongs to the account that last wrote to its sender from the number it answers, else to the account that
owns the number. STOP and START change the account's stop list; other texts are told or answered as the account
wishes. All is one fact, so a text can be read before its callback leaves. spec: ovh/4.6
"""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from depesza.core import ledger, phone, planning
from depesza.core.facts import Account, Facts, Forward, User
from depesza.core.fairness import Lanes
from depesza.core.model import MICRO, Inbound, ReplyFact, Submission
from depesza.core.optout import ASKED, is_start, is_stop
from depesza.core.phone import spellings
from depesza.core.planning import Policy
from depesza.services import collected, commands, notices
from depesza.services.submit import charge, send_soon, submit
from depesza.store.tx import Tx
from depesza.wire.mail import Mail

COLLECTING = "smpp"
"""Dialect of submissions whose replies are collected as their receipts are."""
REPLY_PRICE = MICRO
"""What an account pays for a reply (spec: ovh/4.1); STOP and START are free."""


class Talk(Struct, frozen=True):
    """Whose text it is."""

    account: Account
    user: User | None
    dialect: str
    message: int = 0
    """The message it answers; 0 when it answers none."""
    tag: str = ""
    batch: str = ""
    collects: bool = False
    """Its account collects it: it answers what was submitted over a connection of the account's own, or nothing."""


class Silence(Struct, gc=False):
    """What becomes of one number on one account's stop list."""

    was: bool
    now: bool
    bars: int
    """What the account itself does not want to write to it: that stays."""
    at: int = 0
    message: int = 0
    batch: str = ""


Silences = dict[tuple[int, str], Silence]


async def take_inbound(tx: Tx, inbounds: Sequence[Inbound], policy: Policy, now: int, holder: int = 0) -> list[int]:
    """Write texts that came in, with all that follows from them; gives their ids.

    `holder` is the account whose own phone received them, 0 when none did: texts that answer nothing are its.
    """
    inbounds = [_cleaned(inbound) for inbound in inbounds]
    account = tx.facts.account.get(holder)
    own = _unanswered(account) if account else None
    talks = [talk or own for talk in await _talks(tx, inbounds)]
    silences = await _silences(tx, inbounds, talks)
    ids = []
    for inbound, talk in zip(inbounds, talks, strict=True):
        id = tx.new_id()
        ids.append(id)
        if await commands.take(tx, id, inbound, read_peer(inbound.sender), policy, now):
            continue
        if talk is None:
            tx.add_inbound(id, inbound, 0, 0, "", 0, 0)
        else:
            await _take(tx, id, inbound, talk, silences, policy, now)
    await _write_silences(tx, silences)
    return ids


def read_peer(written: str) -> str:
    """Write a sender as E.164 where it is a number of the world's plan; else as it came."""
    number = phone.parse(written, plus_optional=True)
    return number.e164 if number is not None and number.possible else written


def _cleaned(inbound: Inbound) -> Inbound:
    """Leave NUL out: not every database takes it, and a text that can't be written would come again for ever."""
    i = inbound
    if "\0" not in i.sender + i.recipient + i.text:
        return inbound
    sender, recipient, text = (field.replace("\0", "") for field in (i.sender, i.recipient, i.text))
    return Inbound(i.connector, sender, recipient, text, i.at, i.device, i.slot)


async def _talks(tx: Tx, inbounds: Sequence[Inbound]) -> list[Talk | None]:
    values = [
        (n, number, read_peer(inbound.sender))
        for n, inbound in enumerate(inbounds)
        for number in spellings(inbound.recipient)
    ]
    found: dict[int, Talk] = {}
    facts = tx.facts
    for n, _, account_id, user, message, tag, batch, until, dialect in await tx.rows_for("conversations_of", values):
        account = facts.account.get(account_id)
        if account is not None and until >= inbounds[n].at and n not in found:
            by_bind = dialect == COLLECTING
            voice = account.home if by_bind or not dialect else dialect
            collects = by_bind or (account.smpp and account.smpp_texts)
            found[n] = Talk(account, facts.user.get(user), voice, message, tag, batch, collects)
    return [found.get(n) or _owner(facts, inbound.recipient) for n, inbound in enumerate(inbounds)]


def _owner(facts: Facts, recipient: str) -> Talk | None:
    """Find the account that owns a number as its sender."""
    for spelling in spellings(recipient):
        account = facts.account.get(facts.number_owner.get(spelling, 0))
        if account is not None:
            return _unanswered(account)
    return None


def _unanswered(account: Account) -> Talk:
    collects = account.smpp and (account.smpp_texts or account.response_type != "cgi")
    return Talk(account, None, account.home, collects=collects)


async def _silences(tx: Tx, inbounds: Sequence[Inbound], talks: Sequence[Talk | None]) -> Silences:
    """Read which of the senders that say STOP or START are on the stop lists now."""
    asked: dict[int, set[str]] = {}
    for inbound, talk in zip(inbounds, talks, strict=True):
        if talk is not None and (is_stop(inbound.text) or is_start(inbound.text)):
            asked.setdefault(talk.account.id, set()).add(read_peer(inbound.sender))
    found: Silences = {}
    for account, numbers in asked.items():
        listed = await tx.stopped(account, sorted(numbers))
        for number in numbers:
            why = listed.get(number, 0)
            found[account, number] = Silence(bool(why & ASKED), bool(why & ASKED), why & ~ASKED)
    return found


async def _take(tx: Tx, id: int, inbound: Inbound, talk: Talk, silences: Silences, policy: Policy, now: int) -> None:
    account, user = talk.account, talk.user
    peer = read_peer(inbound.sender)
    silence = silences.get((account.id, peer))
    stops = silence is not None and is_stop(inbound.text)
    starts = silence is not None and not stops and silence.now
    price = 0 if stops or starts else await _charge(tx, account, user, id, policy, now)
    kept = msgspec.structs.replace(inbound, sender=peer)
    tx.add_inbound(id, kept, account.id, user.id if user else 0, talk.tag, talk.message, price)
    notices.owe_received(tx, account.id, user.id if user else 0, id, kept, now)
    kind = "stop" if stops else "start" if starts else "reply"
    if talk.message:
        tx.event(talk.message, now, kind, f"{id} from {peer}")
    fact = ReplyFact(id, peer, inbound.recipient, inbound.text, talk.tag, now, talk.message)
    if silence is not None and stops:
        silence.now, silence.at, silence.message, silence.batch = True, now, talk.message, talk.batch
        url = user.stop_callback if user is not None and user.stop_callback else account.stop_callback
        notices.owe_reply(tx, account, talk.dialect, "stop", url, fact)
    if talk.collects:
        notices.owe_reply(tx, account, COLLECTING, kind, collected.address(account.id, ""), fact)
    if silence is not None and stops:
        return
    if silence is not None and starts:
        silence.now, silence.at, silence.message, silence.batch = False, now, 0, ""
    if account.response_type == "cgi" and (account.smpp_texts or not talk.collects):
        notices.owe_reply(tx, account, talk.dialect, "reply", account.response_url, fact)
    elif account.response_type == "text" and not starts:
        await _answer(tx, kept, talk, policy, now)
    if not starts:
        for forward in account.forwards:
            await _send_on(tx, kept, talk, forward, policy, now)


async def _charge(tx: Tx, account: Account, user: User | None, id: int, policy: Policy, now: int) -> int:
    """Charge a reply; it is kept without a price when the wallet is empty, for it can't be refused any more.

    An account that is kept in a currency pays for no replies: the price is one of credits.
    """
    if account.currency:
        return 0
    try:
        await charge(tx, account, user, REPLY_PRICE, id, policy, now, "reply")
    except ledger.NotEnoughCredits:
        return 0
    return REPLY_PRICE


async def _answer(tx: Tx, inbound: Inbound, talk: Talk, policy: Policy, now: int) -> None:
    """Send the account's automatic answer, unless it just came back to us (two machines would never end)."""
    text = talk.account.response_text
    if not text or inbound.text.strip() == text.strip():
        return
    answer = Submission(
        dialect=talk.dialect,
        sender=inbound.recipient,
        receivers=(inbound.sender,),
        text=text,
        user=talk.user.id if talk.user else 0,
        tag=talk.tag,
        due=now + 1,  # in a moment: the keeper queues it, who holds the turns
    )
    try:
        await submit(tx, talk.account, answer, Lanes(), policy, now)
    except (planning.Refused, ledger.NotEnoughCredits) as error:
        tx.event(talk.message, now, "answer_refused", str(error))


async def _send_on(tx: Tx, inbound: Inbound, talk: Talk, forward: Forward, policy: Policy, now: int) -> None:
    """Send a reply on to where the account wants it, unless that would bring it back to us. spec: ovh/4.6"""
    account = talk.account
    if forward.media == "email":
        said = f"{inbound.sender} to {inbound.recipient}"
        mail = Mail(forward.target, said, f"{inbound.text}\n", sender=forward.sender)
        notices.owe_mail(tx, account, mail, now, talk.message)
    elif forward.target == inbound.sender or forward.target in tx.facts.number_owner:
        tx.event(talk.message, now, "not_sent", f"{forward.target} would answer itself")
    else:
        text = f"{inbound.sender}: {inbound.text}"
        known = tx.facts.sender.get((account.id, forward.sender))
        sender = forward.sender if known is not None and known.status == "enable" else ""
        await send_soon(tx, account, sender, forward.target, text, policy, now, talk.message)


async def _write_silences(tx: Tx, silences: Silences) -> None:
    for (account, number), silence in silences.items():
        if silence.was == silence.now:
            continue
        wallet = await tx.wallet(account)
        why = silence.bars | (ASKED if silence.now else 0)
        if why:
            tx.insert("optouts", (account, number, silence.at, silence.message, silence.batch, why))
        else:
            tx.write("DELETE FROM optouts WHERE account = ?1 AND number = ?2", account, number)
        if not silence.bars:
            wallet.optouts += 1 if silence.now else -1
