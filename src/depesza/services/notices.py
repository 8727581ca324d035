"""News owed to clients: which change of state is told, to which address."""

import msgspec

from depesza.core.facts import Account, User
from depesza.core.model import FINAL, Notice, ReceiptFact, ReplyFact, State
from depesza.store.tx import Tx

_encode = msgspec.json.Encoder().encode


def owe_receipt(
    tx: Tx,
    account: Account,
    user: User | None,
    message: int,
    dialect: str,
    sender: str,
    receiver: str,
    tag: str,
    state: State,
    refusal: str,
    now: int,
) -> None:
    """Write down that a state must be told, where the account or its user asks for it (spec: ovh/4.6)."""
    url = user.callback if user is not None and user.callback else account.callback
    if not url or (account.notices == "final" and state not in FINAL):
        return
    fact = ReceiptFact(message, state, refusal, now, sender, receiver, tag)
    tx.add_notice(Notice(tx.new_id(), account.id, dialect, "receipt", url, _encode(fact), message, now, now))


def owe_reply(tx: Tx, account: Account, dialect: str, kind: str, url: str, fact: ReplyFact) -> None:
    """Write down that a reply (`reply`) or an opt-out (`stop`) must be told."""
    if url:
        tx.add_notice(
            Notice(tx.new_id(), account.id, dialect, kind, url, _encode(fact), fact.message, fact.at, fact.at)
        )
