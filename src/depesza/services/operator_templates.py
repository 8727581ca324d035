"""Texts that accounts want mobile operators to know, so that what looks like them passes as service messages.

They are kept for the platform's operator, who has them registered; nothing is judged by them. spec: smsc/3.8
"""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from depesza.services import refs
from depesza.store.tx import Row, Tx

_flags = msgspec.json.Decoder(tuple[str, ...]).decode
_encode = msgspec.json.Encoder().encode
_COLUMNS = "account, id, sender, text, flags, created"


class OperatorTemplate(Struct, frozen=True):
    """A text to be registered."""

    account: int
    id: int
    sender: str
    text: str
    flags: tuple[str, ...]
    """With which operators, and as what: `mts_srv`."""
    created: int


async def add(tx: Tx, account: int, sender: str, text: str, flags: Sequence[str], now: int) -> int:
    """Keep a text; gives its id."""
    id = int(await refs.next_ref(tx, account))
    tx.write(
        f"INSERT INTO operator_templates ({_COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        account, id, sender, text, _encode(tuple(flags)).decode(), now,
    )  # fmt: skip
    return id


async def listing(tx: Tx, account: int) -> list[OperatorTemplate]:
    """List the texts of an account, or of all (0), the oldest first."""
    rows = await tx.query(
        f"SELECT {_COLUMNS} FROM operator_templates WHERE ?1 = 0 OR account = ?1 ORDER BY account, id", account
    )
    return [_template(row) for row in rows]


def _template(row: Row) -> OperatorTemplate:
    account, id, sender, text, flags, created = row
    return OperatorTemplate(account, id, sender, text, _flags(flags), created)
