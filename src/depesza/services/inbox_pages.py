"""Texts that an account received, page by page; and phones asked to tell again what they received. spec: devices/8"""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from depesza.core.devices import Event
from depesza.services import bells
from depesza.store.tx import Cell, Tx


class Wanted(Struct, frozen=True, kw_only=True):
    """Which texts a list shall hold; what is 0 or empty does not matter."""

    kind: str = ""
    """`sms`, `data` or `mms`."""
    since: int = 0
    until: int = 0
    """Both inclusive, microseconds."""
    device: int = 0
    limit: int = 50
    offset: int = 0


class Text(Struct, frozen=True, gc=False):
    """One text received."""

    id: int
    at: int
    sender: str
    recipient: str
    text: str
    kind: str
    slot: int
    """SIM card from 1; 0 where none is known."""


_JOINED = "inbounds i LEFT JOIN device_inbounds d ON d.inbound = i.id LEFT JOIN sims s ON s.id = d.sim"


async def listed(tx: Tx, account: int, user: int, wanted: Wanted) -> tuple[list[Text], int]:
    """Read a page of what came to a user of an account, or to none, the newest first; tells how many in all."""
    where = "i.account = ?1 AND i.user_id IN (0, ?2)"
    more: list[Cell] = [account, user]
    for value, condition in (
        (wanted.kind, "COALESCE(d.kind, 'sms') = "),
        (wanted.since, "i.at >= "),
        (wanted.until, "i.at <= "),
        (wanted.device, "d.device = "),
    ):
        if value:
            more.append(value)
            where += f" AND {condition}?{len(more)}"
    total = await tx.query(f"SELECT COUNT(*) FROM {_JOINED} WHERE {where}", *more)
    rows = await tx.query(
        "SELECT i.id, i.at, i.sender, i.recipient, i.text, COALESCE(d.kind, 'sms'), COALESCE(s.slot, 0)"
        f" FROM {_JOINED} WHERE {where} ORDER BY i.id DESC LIMIT {wanted.limit} OFFSET {wanted.offset}",
        *more,
    )
    return [Text(*row) for row in rows], int(total[0][0])


async def ask_again(tx: Tx, phones: Sequence[int], since: int, until: int, now: int) -> None:
    """Have phones tell again what they received between two times; what is known already changes nothing."""
    detail = msgspec.json.encode({"since": since, "until": until}).decode()
    for phone in phones:
        bells.ring(tx, phone, Event.EXPORT, now, detail)
