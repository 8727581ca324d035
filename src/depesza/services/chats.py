"""Pages on which the conversations of one number are read and answered: opened for a day, found by a secret address.

The secret is signed, not stored. spec: ovh/4.12
"""

from hmac import compare_digest

from msgspec import Struct

from depesza.core import ids
from depesza.core.model import MICRO
from depesza.core.phone import spellings
from depesza.services.submit import SESSION
from depesza.services.vault import Vault
from depesza.store.tx import Tx

MOST = 200
"""Lines on a page."""
_COLUMNS = "id, account, number, created"


class Chat(Struct, frozen=True):
    """One page."""

    id: int
    account: int
    number: str
    created: int


class Line(Struct, frozen=True):
    """One text of a conversation."""

    at: int
    peer: str
    ours: bool
    text: str


def token(chat: Chat, vault: Vault) -> str:
    """Give the secret part of a page's address."""
    return vault.sign(f"chat {chat.id} {chat.account} {chat.number}")


async def begin(tx: Tx, account: int, number: str, now: int) -> Chat:
    """Open a page; one that the number had is closed."""
    chat = Chat(tx.new_id(), account, number, now)
    tx.write("DELETE FROM chats WHERE account = ?1 AND number = ?2", account, number)
    tx.write(f"INSERT INTO chats ({_COLUMNS}) VALUES (?1, ?2, ?3, ?4)", chat.id, account, number, now)
    return chat


async def of_number(tx: Tx, account: int, number: str, now: int) -> Chat | None:
    """Find the page of a number, while it lives."""
    return await _find(tx, now - SESSION, "account = ?2 AND number = ?3", account, number)


async def opened(tx: Tx, id: int, secret: str, vault: Vault, now: int) -> Chat | None:
    """Find the page of an address, while it lives and its number is the account's."""
    chat = await _find(tx, now - SESSION, "id = ?2", id)
    if chat is None or not compare_digest(token(chat, vault).encode(), secret.encode()):
        return None
    sender = tx.facts.sender.get((chat.account, chat.number))
    return chat if sender is not None and sender.virtual else None


async def _find(tx: Tx, since: int, where: str, *values: int | str) -> Chat | None:
    rows = await tx.query(f"SELECT {_COLUMNS} FROM chats WHERE created > ?1 AND {where}", since, *values)
    return Chat(*rows[0]) if rows else None


async def end(tx: Tx, account: int, number: str, now: int) -> bool:
    """Close the page of a number; False when there is none."""
    if await of_number(tx, account, number, now) is None:
        return False
    tx.write("DELETE FROM chats WHERE account = ?1 AND number = ?2", account, number)
    return True


async def lines(tx: Tx, chat: Chat, now: int) -> list[Line]:
    """Read what was written from a number and to it in the last thirty days, the oldest first."""
    since = now - 30 * 24 * 3600 * MICRO
    came = await tx.query(
        "SELECT at, sender, 0, text FROM inbounds WHERE account = ?1 AND recipient IN (?2, ?3, ?4) AND at > ?5"
        f" ORDER BY id DESC LIMIT {MOST}",
        chat.account,
        *spellings(chat.number),
        since,
    )
    went = await tx.query(
        "SELECT s.created, m.receiver, 1, COALESCE(m.text, s.text) FROM messages m"
        " JOIN submissions s ON s.id = m.submission WHERE m.account = ?1 AND s.sender = ?2 AND m.id >= ?3"
        f" AND m.hidden = 0 ORDER BY m.id DESC LIMIT {MOST}",
        chat.account,
        chat.number,
        ids.first_at(since),
    )
    found = [Line(row[0], row[1], bool(row[2]), row[3]) for row in (*came, *went)]
    return sorted(found, key=lambda line: line.at)[-MOST:]
