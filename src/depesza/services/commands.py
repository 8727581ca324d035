"""Commands by text: which phones may give them, and what they do. spec: smsc/4.5

A phone is registered with one account and a password of its own; an account without phones takes no commands. A
command counts when it comes to one of the account's own numbers, or to one that the operator names for all. What
is kept of it has no password, it is told to nobody else, and its answer goes by text to the phone.
"""

import hashlib
import hmac
from collections import Counter

import msgspec
from msgspec import Struct

from depesza.core import commands, ledger, phone, planning, quota
from depesza.core.commands import Command, Verb
from depesza.core.facts import Account, Facts
from depesza.core.fairness import Lanes
from depesza.core.model import MICRO, Inbound, State, Submission
from depesza.core.phone import spellings
from depesza.core.planning import Policy
from depesza.services import cards, changes, details, protection, refs
from depesza.services.accounts import Unknown
from depesza.services.refs import Guard
from depesza.services.submit import send_soon
from depesza.store.contract import Conflict
from depesza.store.tx import Tx
from depesza.wire import Unencodable

TWICE = 600 * MICRO
"""Within this time the same text from the same phone is one command: carriers repeat what they are not sure of."""
LIFETIME = 1440
"""Minutes for which what a command sends is tried where the account's limits do not say."""
FAILURES = "command"
"""What wrong passwords of a phone are counted as."""
SALT = 16
"""Random octets that a password is hashed with."""


class Phone(Struct, frozen=True):
    """A phone that may give commands."""

    number: str
    """E.164."""
    account: int
    created: int


# phones


def hash_password(password: str, salt: bytes) -> str:
    """Hash a phone's password with 16 random octets; checked within a commit, so it is quick as such hashes go."""
    return f"{salt.hex()} {_scrypt(password, salt).hex()}"


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode("utf-8", "replace"), salt=salt, n=1 << 11, r=8, p=1, dklen=24)


def _right(hashed: str, password: str) -> bool:
    salt, _, digest = hashed.partition(" ")
    return hmac.compare_digest(_scrypt(password, bytes.fromhex(salt)), bytes.fromhex(digest))


async def allow(tx: Tx, account: int, number: str, hashed: str, now: int) -> str:
    """Let a phone give commands to an account, or change its password; gives its number in E.164.

    Raises `ValueError` for what is no number, `Conflict` for one of our own numbers or another account's phone.
    """
    parsed = phone.parse(number, plus_optional=True, tolerant=True)
    if parsed is None or not parsed.possible:
        raise ValueError(f"{number} is no number")
    found = parsed.e164
    if _owner(tx.facts, found):
        raise Conflict(f"{found} is one of our own numbers")
    known = await _phone(tx, found)
    if known is not None and known[0].account != account:
        raise Conflict(f"{found} gives commands to another account")
    tx.write(
        "INSERT INTO command_phones (number, account, hashed, created) VALUES (?1, ?2, ?3, ?4)"
        " ON CONFLICT (number) DO UPDATE SET hashed = excluded.hashed",
        found, account, hashed, now,
    )  # fmt: skip
    await protection.release(tx, found, FAILURES)
    return found


async def forbid(tx: Tx, number: str) -> None:
    """Let a phone give no more commands; raises `Unknown`."""
    parsed = phone.parse(number, plus_optional=True, tolerant=True)
    known = await _phone(tx, parsed.e164 if parsed is not None else number)
    if known is None:
        raise Unknown(f"phone {number}")
    tx.write("DELETE FROM command_phones WHERE number = ?1", known[0].number)


async def listed(tx: Tx, account: int = 0) -> list[Phone]:
    """List the phones of an account, or of all."""
    rows = await tx.query(
        "SELECT number, account, created FROM command_phones WHERE account = ?1 OR ?1 = 0 ORDER BY account, number",
        account,
    )
    return [Phone(*row) for row in rows]


async def _phone(tx: Tx, number: str) -> tuple[Phone, str] | None:
    """Find a phone and the hash of its password."""
    rows = await tx.query("SELECT number, account, created, hashed FROM command_phones WHERE number = ?1", number)
    return (Phone(*rows[0][:3]), rows[0][3]) if rows else None


async def forget_orphans(tx: Tx) -> None:
    """Delete the phones of accounts that are gone."""
    tx.write(
        "DELETE FROM command_phones"
        " WHERE NOT EXISTS (SELECT 1 FROM accounts WHERE accounts.id = command_phones.account)"
    )


# texts


async def take(tx: Tx, id: int, inbound: Inbound, sender: str, policy: Policy, now: int) -> bool:
    """Carry out a text that is a command, and keep it without its password; False for every other text.

    `sender` is the phone in E.164. A text of one of our own numbers is never a command, so no answer begins another.
    """
    command = commands.read_command(inbound.text)
    if command is None or not _is_service(tx.facts, inbound.recipient, policy) or _owner(tx.facts, sender):
        return False
    known = await _phone(tx, sender)
    account = tx.facts.account.get(known[0].account) if known is not None else None
    if known is None or account is None or not account.enabled or not _may(tx.facts, account, inbound, policy):
        return False
    kept = msgspec.structs.replace(inbound, sender=sender, text=commands.mask(inbound.text))
    tx.add_inbound(id, kept, account.id, 0, "", 0, 0)
    text = protection.digest((sender, inbound.recipient, inbound.text))
    if not await protection.admit(tx, account.id, f"command {text}", 1, TWICE, now):
        return True
    if await protection.locked(tx, sender, now):
        return True
    line = await _answer(tx, account, sender, command, known[1], policy, now)
    await send_soon(tx, account, _own_spelling(tx.facts, inbound.recipient), sender, line, policy, now)
    return True


def _owner(facts: Facts, number: str) -> int:
    """Tell whose sender a number is; 0 for nobody's."""
    return next((facts.number_owner[each] for each in spellings(number) if each in facts.number_owner), 0)


def _own_spelling(facts: Facts, number: str) -> str:
    return next((each for each in spellings(number) if each in facts.number_owner), number)


def _named(number: str, policy: Policy) -> bool:
    """Tell whether the operator takes commands of all accounts at a number."""
    return any(each in policy.command_numbers for each in spellings(number))


def _is_service(facts: Facts, number: str, policy: Policy) -> bool:
    return _named(number, policy) or _owner(facts, number) != 0


def _may(facts: Facts, account: Account, inbound: Inbound, policy: Policy) -> bool:
    """Tell whether an account takes commands at a number: its own, one that it shares, or one for all."""
    owners = (account.id, facts.owner_of(account.id, "senders"))
    return _named(inbound.recipient, policy) or _owner(facts, inbound.recipient) in owners


async def _answer(
    tx: Tx, account: Account, sender: str, command: Command, hashed: str, policy: Policy, now: int
) -> str:
    """Do what a command says if its password is right; gives the line to answer."""
    limits = tx.facts.limits_of(account.id)
    if not _right(hashed, command.password):
        span = limits.lock_minutes * 60 * MICRO
        until = await protection.lock_out(tx, sender, FAILURES, limits.wrong_logins, span, now)
        return commands.LOCKED if until else commands.WRONG_PASSWORD
    await protection.forgive(tx, sender, FAILURES)
    if command.verb is Verb.SEND:
        return await _send(tx, account, sender, command, policy, now)
    if command.verb is Verb.BALANCE:
        return ledger.two_decimals((await tx.wallet(quota.payer(account, None))).balance)
    if command.verb is Verb.STATUS:
        return await _status(tx, account, command.id)
    return await _stop(tx, account, command.id, now)


async def _send(tx: Tx, account: Account, sender: str, command: Command, policy: Policy, now: int) -> str:
    named = command.to or commands.read_to((await details.read(tx, account.id)).get(commands.USUAL_RECEIVERS, ""))[0]
    if not command.text or not named:
        return commands.WRONG
    receivers = await _receivers(tx, account, sender, named)
    submission = Submission(
        dialect=account.home,
        sender=tx.facts.usual_sender(account),
        receivers=tuple(receivers),
        text=command.text,
        judged={n: "bad_number" for n, (_, bad) in enumerate(receivers.items()) if bad},
        validity=tx.facts.limits_of(account.id).lifetime or LIFETIME,
        verbatim=True,
        each=True,
        due=now + 1,  # in a moment: the keeper queues it, who holds the turns
    )
    try:
        sent = await refs.send(tx, account, submission, "", (), Guard(), Lanes(), policy, now)
    except (planning.Refused, Unencodable):
        return commands.WRONG
    good = [row.parts for row in sent.rows if not row.refusal]
    if not good:
        return f"{commands.write_refused(frozenset([row.refusal for row in sent.rows]))}, ID - {sent.ref}"
    return commands.SENT.format(count=sum(good), id=sent.ref)


async def _receivers(tx: Tx, account: Account, sender: str, named: tuple[str, ...]) -> dict[str, bool]:
    """List whom items name, in E.164 where they are numbers; tells which are not. Groups that are empty are not."""
    own = phone.parse(sender)
    country = own.country if own is not None else None
    found: dict[str, bool] = {}
    for item in named:
        people = [item]
        if item.startswith("G"):
            people = await cards.numbers(tx, tx.facts.owner_of(account.id, "contacts"), int(item[1:])) or [item]
        for each in people:
            number = phone.parse(each, country, plus_optional=True)
            good = number is not None and number.possible
            found[number.e164 if number is not None and good else each] = not good
    return found


async def _status(tx: Tx, account: Account, id: str) -> str:
    rows = await tx.query(
        "SELECT m.state, COUNT(*) FROM client_refs r JOIN messages m ON m.id = r.message"
        " WHERE r.account = ?1 AND r.ref = ?2 GROUP BY m.state",
        account.id, id,
    )  # fmt: skip
    counts = Counter({State(state): int(count) for state, count in rows})
    return commands.write_status(id, counts) if counts else commands.NO_RECORD


async def _stop(tx: Tx, account: Account, id: str, now: int) -> str:
    """Take back what of a mailing waits."""
    rows = await tx.query("SELECT message FROM client_refs WHERE account = ?1 AND ref = ?2", account.id, id)
    if not rows:
        return commands.NO_RECORD
    stopped = await changes.cancel(tx, account.id, [row[0] for row in rows], now)
    return commands.TAKEN_BACK if stopped else commands.TOO_LATE
