"""Groups of contact cards: of phone numbers or of mail addresses, with a number of the client's own. spec: smsc/3.7"""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from depesza.services import refs
from depesza.services.accounts import Unknown
from depesza.store.contract import Conflict
from depesza.store.tx import Tx

PHONES, MAILS = 0, 1
FIRST = ("Клиенты", "Сотрудники")
"""Groups that an account begins with."""


class Group(Struct, frozen=True, gc=False):
    """A group of cards."""

    id: int
    slot: int
    """The client's number of it; 0 for none."""
    name: str
    kind: int
    """`PHONES` or `MAILS`: what is written to when the group is."""
    count: int = 0
    """Cards in it."""


async def listing(tx: Tx, account: int) -> list[Group]:
    """List an account's groups, the oldest first; a new account gets its first ones now."""
    return await show(tx, account) or await _furnish(tx, account)


async def show(tx: Tx, account: int) -> list[Group]:
    """List the groups that there are."""
    rows = await tx.query(
        "SELECT g.id, g.slot, g.name, g.kind, COUNT(m.card) FROM card_groups g"
        " LEFT JOIN card_members m ON m.account = g.account AND m.card_group = g.id"
        " WHERE g.account = ?1 AND g.gone = 0 GROUP BY g.id, g.slot, g.name, g.kind ORDER BY g.id",
        account,
    )
    return [Group(*row) for row in rows]


async def _furnish(tx: Tx, account: int) -> list[Group]:
    """Make the first groups of an account that never had any, and lock out whoever does the same."""
    await tx.wallet(account)
    if await tx.query("SELECT 1 FROM card_groups WHERE account = ?1 LIMIT 1", account):
        return []
    return [Group(await _add(tx, account, name, 0, PHONES), 0, name, PHONES) for name in FIRST]


async def add(tx: Tx, account: int, name: str, slot: int, kind: int) -> int:
    """Make a group; gives its id. Raises `Conflict` for a slot that is taken."""
    await _furnish(tx, account)
    await _free(tx, account, slot, 0)
    return await _add(tx, account, name, slot, kind)


async def _add(tx: Tx, account: int, name: str, slot: int, kind: int) -> int:
    id = int(await refs.next_ref(tx, account))
    tx.write(
        "INSERT INTO card_groups (account, id, slot, name, kind, gone) VALUES (?1, ?2, ?3, ?4, ?5, 0)",
        account, id, slot, name, kind,
    )  # fmt: skip
    return id


async def _free(tx: Tx, account: int, slot: int, besides: int) -> None:
    if slot and await tx.query(
        "SELECT 1 FROM card_groups WHERE account = ?1 AND slot = ?2 AND gone = 0 AND id <> ?3", account, slot, besides
    ):
        raise Conflict(f"there is a group {slot}")


async def _known(tx: Tx, account: int, id: int) -> Group:
    rows = await tx.query(
        "SELECT id, slot, name, kind FROM card_groups WHERE account = ?1 AND id = ?2 AND gone = 0", account, id
    )
    if not rows:
        raise Unknown(f"group {id}")
    return Group(*rows[0])


async def change(tx: Tx, account: int, id: int, changes: Mapping[str, str | int]) -> None:
    """Change name, slot or kind of a group; raises `Unknown`, `Conflict`."""
    await tx.wallet(account)
    group = msgspec.structs.replace(await _known(tx, account, id), **changes)
    await _free(tx, account, group.slot, id)
    tx.write(
        "UPDATE card_groups SET slot = ?3, name = ?4, kind = ?5 WHERE account = ?1 AND id = ?2",
        account, id, group.slot, group.name, group.kind,
    )  # fmt: skip


async def delete(tx: Tx, account: int, id: int) -> None:
    """Delete a group, and the cards that are in no other; raises `Unknown`."""
    await _known(tx, account, id)
    tx.write(
        "DELETE FROM cards WHERE account = ?1 AND EXISTS (SELECT 1 FROM card_members m WHERE m.account = ?1"
        " AND m.card = cards.id AND m.card_group = ?2) AND NOT EXISTS (SELECT 1 FROM card_members m"
        " WHERE m.account = ?1 AND m.card = cards.id AND m.card_group <> ?2)",
        account, id,
    )  # fmt: skip
    tx.write("DELETE FROM card_members WHERE account = ?1 AND card_group = ?2", account, id)
    tx.write("UPDATE card_groups SET gone = 1 WHERE account = ?1 AND id = ?2", account, id)
