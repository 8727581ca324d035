"""Texts that accounts keep to send them again and again. spec: smsc/3.8

Texts that an operator approves beforehand are another matter: `services/wordings.py`.
"""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from depesza.services import refs
from depesza.services.accounts import Unknown
from depesza.store.tx import Row, Tx

_COLUMNS = "id, format, name, text, sender, signature"


class Template(Struct, frozen=True):
    """A text that is kept."""

    id: int
    format: str
    """What it is sent as, in the words of the client's dialect; empty for anything."""
    name: str
    text: str
    sender: str
    """Whom it is from; empty where that is not fixed."""
    signature: bool
    """It stands below other texts."""

    def around(self, text: str) -> str:
        """Give what is sent when a request names it: itself where the request has no text, or as a signature."""
        if not text:
            return self.text
        return f"{text}\n{self.text}" if self.signature else text


async def add(tx: Tx, account: int, format: str, name: str, text: str, sender: str, signature: bool) -> int:
    """Keep a text; gives its id."""
    id = int(await refs.next_ref(tx, account))
    tx.write(
        f"INSERT INTO templates (account, {_COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        account, id, format, name, text, sender, int(signature),
    )  # fmt: skip
    return id


async def find(tx: Tx, account: int, id: int) -> Template | None:
    """Read one text."""
    rows = await tx.query(f"SELECT {_COLUMNS} FROM templates WHERE account = ?1 AND id = ?2", account, id)
    return _template(rows[0]) if rows else None


async def listing(tx: Tx, account: int) -> list[Template]:
    """List an account's texts, the oldest first."""
    rows = await tx.query(f"SELECT {_COLUMNS} FROM templates WHERE account = ?1 ORDER BY id", account)
    return [_template(row) for row in rows]


def _template(row: Row) -> Template:
    id, format, name, text, sender, signature = row
    return Template(id, format, name, text, sender, bool(signature))


async def change(tx: Tx, account: int, id: int, changes: Mapping[str, str | bool]) -> None:
    """Change fields of a text by their names; raises `Unknown`."""
    new = msgspec.structs.replace(await _known(tx, account, id), **changes)
    tx.write(
        "UPDATE templates SET format = ?3, name = ?4, text = ?5, sender = ?6, signature = ?7"
        " WHERE account = ?1 AND id = ?2",
        account, id, new.format, new.name, new.text, new.sender, int(new.signature),
    )  # fmt: skip


async def delete(tx: Tx, account: int, id: int) -> None:
    """Forget a text; raises `Unknown`."""
    await _known(tx, account, id)
    tx.write("DELETE FROM templates WHERE account = ?1 AND id = ?2", account, id)


async def _known(tx: Tx, account: int, id: int) -> Template:
    found = await find(tx, account, id)
    if found is None:
        raise Unknown(f"template {id}")
    return found
