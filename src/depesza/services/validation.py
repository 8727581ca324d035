"""Numbers and addresses to send from prove themselves: a code goes there and comes back. spec: ovh/4.7

The text is free, and hidden from the account's history: who can read that must not be able to read the code.
"""

from enum import Enum

import msgspec

from depesza.core.facts import MAIL, Account, Sender
from depesza.core.fairness import Lanes
from depesza.core.model import MICRO, Submission
from depesza.core.planning import Policy
from depesza.services import notices
from depesza.services.submit import submit, usual_sender
from depesza.store.contract import Conflict
from depesza.store.tx import Tx
from depesza.wire.mail import Mail

TRIES = 5
LIFE = 3600 * MICRO
"""How long a code can be used."""
MOST = 10
"""Codes of one account that can be used at a time: nobody's phone is flooded with our help."""


class TooMany(Exception):
    """The account has asked for too many codes."""


class Checked(Enum):
    """What came of a code."""

    RIGHT = "right"
    WRONG = "wrong"
    GONE = "there is no code, or it has expired, or was guessed at too often"


async def begin(tx: Tx, sender: Sender, code: str, digest: bytes, policy: Policy, now: int) -> None:
    """Add a number that waits, and send it a code; one that waits already gets a new code once its last is gone.

    Raises `Conflict`, `TooMany`, `planning.Refused`.
    """
    account = tx.facts.account[sender.account]
    known = tx.facts.sender.get((sender.account, sender.name))
    live = {row[0] for row in await tx.query(
        "SELECT name FROM sender_codes WHERE account = ?1 AND expires > ?2 AND tries < ?3", account.id, now, TRIES
    )}  # fmt: skip
    if sender.name in live or (known is not None and known.status != "waitingValidation"):
        if known is None:  # it was deleted meanwhile; its code still serves
            tx.put("senders", sender)
            return
        raise Conflict(f"a sender {sender.name} exists already")
    if len(live) >= MOST:
        raise TooMany
    tx.put("senders", known or sender)
    if sender.kind == MAIL:
        text = f"{code}: type this code to send from this address ({account.name}).\n"
        notices.owe_mail(tx, account, Mail(sender.name, f"Code for {account.name}", text), now)
    else:
        text = f"{code}: type this code to send from this number ({account.name})."
        await _send(tx, account, sender.name, text, policy, now)
    tx.write(
        "DELETE FROM sender_codes WHERE account = ?1 AND (name = ?2 OR expires <= ?3)", account.id, sender.name, now
    )
    tx.write(
        "INSERT INTO sender_codes (account, name, digest, tries, expires) VALUES (?1, ?2, ?3, 0, ?4)",
        account.id, sender.name, digest, now + LIFE,
    )  # fmt: skip


async def _send(tx: Tx, account: Account, number: str, text: str, policy: Policy, now: int) -> None:
    """Send a text of the house; it leaves in a moment, through the keeper, who holds the turns."""
    name = usual_sender(tx.facts, account)
    submission = Submission(
        dialect=account.home, sender=name, answerable=not name, receivers=(number,), text=text, due=now + 1, house=True
    )
    for id in (await submit(tx, account, submission, Lanes(), policy, now)).ids:
        tx.write("UPDATE messages SET hidden = 1 WHERE id = ?1", id)


async def check(tx: Tx, account: int, name: str, digest: bytes, now: int) -> Checked:
    """Compare a code with the one that was sent; the right one enables the sender."""
    rows = await tx.query(
        "SELECT digest FROM sender_codes WHERE account = ?1 AND name = ?2 AND expires > ?3 AND tries < ?4",
        account, name, now, TRIES,
    )  # fmt: skip
    sender = tx.facts.sender.get((account, name))
    if not rows or sender is None or sender.status != "waitingValidation":
        return Checked.GONE
    if bytes(rows[0][0]) != digest:
        tx.write("UPDATE sender_codes SET tries = tries + 1 WHERE account = ?1 AND name = ?2", account, name)
        return Checked.WRONG
    tx.write("DELETE FROM sender_codes WHERE account = ?1 AND name = ?2", account, name)
    tx.put("senders", msgspec.structs.replace(sender, status="enable"))
    return Checked.RIGHT
