"""Contact cards of accounts: people by phone number or mail address, and the groups they are in. spec: smsc/3.7

Numbers are E.164. Groups themselves live in `services/card_groups.py`, numbers that must not be written to in
`services/bars.py`.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec import Struct

from depesza.services import refs
from depesza.services.accounts import Unknown
from depesza.store.contract import Conflict
from depesza.store.tx import Cell, Tx

MOST = 10_000
"""Cards that one search gives."""

_TEXTS = (
    "number", "mail", "name", "first_name", "last_name", "middle_name", "birthday", "comments", "tags", "others", "own",
)  # fmt: skip
_NAMES = ("last_name", "first_name", "middle_name", "name")
_COLUMNS = f"id, {', '.join(_TEXTS)}"


class Address(Struct, frozen=True, gc=False):
    """By what somebody is reached; one of both may be empty."""

    number: str = ""
    mail: str = ""


class Card(Struct, frozen=True):
    """Somebody whom an account knows."""

    id: int
    number: str = ""
    mail: str = ""
    name: str = ""
    first_name: str = ""
    last_name: str = ""
    middle_name: str = ""
    birthday: str = ""
    """`1983-07-17`, or empty."""
    comments: str = ""
    tags: str = ""
    others: str = ""
    """Further numbers, as the client wrote them."""
    own: str = ""
    """What the client calls it."""
    groups: tuple[int, ...] = ()


class Search(Struct, frozen=True):
    """What to look for; all that is given must be true."""

    addresses: tuple[Address, ...] = ()
    """One of these."""
    groups: tuple[int, ...] = ()
    """In one of these groups; 0 for "in none at all"."""
    names: str = ""
    """Words that stand in the names."""
    words: str = ""
    """Words that stand anywhere."""
    after: str = ""
    """The card before the first one, by our id or the client's."""


async def put(
    tx: Tx,
    account: int,
    addresses: Sequence[Address],
    fields: Mapping[str, str],
    groups: Sequence[int] | None,
    now: int,
) -> list[int]:
    """Write a card for each address; one that is there keeps what is not among the fields. Gives their ids.

    `groups` None leaves them in their groups. Raises `Unknown` for a group, `Conflict` for a number and a mail
    address of two cards.
    """
    await _alone(tx, account, addresses)
    ids = []
    for address in addresses:
        known = await _at(tx, account, address)
        if known is None:
            known = Card(int(await refs.next_ref(tx, account)))
        given = {name: text for name, text in (("number", address.number), ("mail", address.mail)) if text}
        await _write(tx, account, known, {**fields, **given}, groups, now)
        ids.append(known.id)
    return ids


async def change(
    tx: Tx,
    account: int,
    addresses: Sequence[Address],
    becoming: Sequence[Address],
    fields: Mapping[str, str],
    groups: Sequence[int] | None,
    now: int,
) -> None:
    """Change cards; each gets the address at its place of `becoming`, unless that is empty.

    Raises `Unknown` for a card or a group, `Conflict` for an address of another card.
    """
    await _alone(tx, account, becoming)
    known = [await _known(tx, account, address) for address in addresses]
    for n, card in enumerate(known):
        address = becoming[n] if becoming else Address()
        given = {name: text for name, text in (("number", address.number), ("mail", address.mail)) if text}
        await _write(tx, account, card, {**fields, **given}, groups, now)


async def delete(tx: Tx, account: int, addresses: Sequence[Address]) -> None:
    """Delete cards; those that are not there are gone already."""
    for card in filter(None, [await _at(tx, account, address) for address in addresses]):
        tx.write("DELETE FROM cards WHERE account = ?1 AND id = ?2", account, card.id)
        tx.write("DELETE FROM card_members WHERE account = ?1 AND card = ?2", account, card.id)


async def _alone(tx: Tx, account: int, addresses: Sequence[Address]) -> None:
    """Let nobody else change the account's cards until the commit; raises `Conflict` for an address given twice."""
    await tx.wallet(account)  # a row to lock that every account has
    for given in ([each.number for each in addresses if each.number], [each.mail for each in addresses if each.mail]):
        if len(set(given)) < len(given):
            raise Conflict("an address of two cards")


async def _at(tx: Tx, account: int, address: Address) -> Card | None:
    """Find the card of an address; raises `Conflict` when number and mail address are of two."""
    rows = await tx.query(
        f"SELECT {_COLUMNS} FROM cards WHERE account = ?1"
        " AND ((number <> '' AND number = ?2) OR (mail <> '' AND mail = ?3))",
        account, address.number, address.mail,
    )  # fmt: skip
    if len(rows) > 1:
        raise Conflict(f"{address.number} and {address.mail} are of two people")
    return Card(*rows[0]) if rows else None


async def _known(tx: Tx, account: int, address: Address) -> Card:
    found = await _at(tx, account, address)
    if found is None:
        raise Unknown(f"card of {address.number or address.mail}")
    return found


async def _write(
    tx: Tx, account: int, old: Card, fields: Mapping[str, str], groups: Sequence[int] | None, now: int
) -> None:
    card = msgspec.structs.replace(old, **fields)
    await _free(tx, account, card)
    folded = [_fold(card, _NAMES), _fold(card, [name for name in _TEXTS if name not in _NAMES])]
    values = [getattr(card, name) for name in _TEXTS]
    columns = (*_TEXTS, "who", "what", "changed")
    marks = ", ".join(f"?{n}" for n in range(1, len(columns) + 4))
    changes = ", ".join(f"{name} = excluded.{name}" for name in columns)
    tx.write(
        f"INSERT INTO cards (account, id, {', '.join(columns)}, created) VALUES ({marks})"
        f" ON CONFLICT (account, id) DO UPDATE SET {changes}",
        account, card.id, *values, *folded, now, now,
    )  # fmt: skip
    if groups is not None:
        await join(tx, account, card.id, groups, only=True)


async def _free(tx: Tx, account: int, card: Card) -> None:
    """Raise `Conflict` when an address is another card's."""
    rows = await tx.query(
        "SELECT id FROM cards WHERE account = ?1 AND id <> ?2"
        " AND ((number <> '' AND number = ?3) OR (mail <> '' AND mail = ?4))",
        account, card.id, card.number, card.mail,
    )  # fmt: skip
    if rows:
        raise Conflict(f"there is a card of {card.number or card.mail}")


def _fold(card: Card, names: Iterable[str]) -> str:
    """Write fields as searches compare them: databases fold no Cyrillic letters of their own."""
    return "\n".join([getattr(card, name) for name in names]).casefold()


# groups


async def join(tx: Tx, account: int, card: int, groups: Sequence[int], *, only: bool) -> None:
    """Put a card into groups; `only`: and out of all others. Raises `Unknown`."""
    for group in groups:
        if not await tx.query("SELECT 1 FROM card_groups WHERE account = ?1 AND id = ?2 AND gone = 0", account, group):
            raise Unknown(f"group {group}")
    if only:
        tx.write("DELETE FROM card_members WHERE account = ?1 AND card = ?2", account, card)
    for group in groups:
        tx.write(
            "INSERT INTO card_members (account, card_group, card) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            account, group, card,
        )  # fmt: skip


async def regroup(
    tx: Tx, account: int, addresses: Sequence[Address], groups: Sequence[int], *, out: bool = False, only: bool = False
) -> None:
    """Put cards into groups, `only` into them, or `out` of them; raises `Unknown` for a card or a group."""
    for card in [await _known(tx, account, address) for address in addresses]:
        await join(tx, account, card.id, groups, only=only)
        for group in groups if out else ():
            tx.write(
                "DELETE FROM card_members WHERE account = ?1 AND card_group = ?2 AND card = ?3",
                account, group, card.id,
            )  # fmt: skip


async def numbers(tx: Tx, account: int, group: int) -> list[str]:
    """List whom a group means, by its slot or else its id: numbers, or mail addresses if it is a group of those."""
    rows = await tx.query(
        "SELECT id, kind FROM card_groups WHERE account = ?1 AND gone = 0 AND (slot = ?2 OR id = ?2)"
        " ORDER BY CASE WHEN slot = ?2 THEN 0 ELSE 1 END",
        account, group,
    )  # fmt: skip
    if not rows:
        return []
    id, kind = rows[0]
    column = "mail" if kind else "number"
    found = await tx.query(
        f"SELECT c.{column} FROM card_members m JOIN cards c ON c.account = m.account AND c.id = m.card"
        f" WHERE m.account = ?1 AND m.card_group = ?2 AND c.{column} <> '' ORDER BY c.id",
        account, id,
    )  # fmt: skip
    return [row[0] for row in found]


# searches


async def search(tx: Tx, account: int, wanted: Search) -> list[Card]:
    """Find cards with their groups, the oldest first; raises `Unknown` for the card that `after` names."""
    params: list[Cell] = [account]
    where = ["account = ?1", *_conditions(wanted, params)]
    if wanted.after:
        params.append(await _id_of(tx, account, wanted.after))
        where.append(f"id > ?{len(params)}")
    rows = await tx.query(f"SELECT {_COLUMNS} FROM cards WHERE {' AND '.join(where)} ORDER BY id LIMIT {MOST}", *params)
    groups = await _groups_of(tx, account, [row[0] for row in rows])
    return [Card(*[*row, groups.get(row[0], ())]) for row in rows]


def _conditions(wanted: Search, params: list[Cell]) -> list[str]:
    def param(value: Cell) -> str:
        params.append(value)
        return f"?{len(params)}"

    found = []
    if wanted.addresses:
        phones = ", ".join([param(each.number) for each in wanted.addresses if each.number]) or "NULL"
        mails = ", ".join([param(each.mail) for each in wanted.addresses if each.mail]) or "NULL"
        found.append(f"(number IN ({phones}) OR mail IN ({mails}))")
    if wanted.groups:
        among = "SELECT 1 FROM card_members m WHERE m.account = ?1 AND m.card = cards.id"
        ids = ", ".join([param(id) for id in wanted.groups])
        inside = f"EXISTS ({among} AND m.card_group IN ({ids}))"
        found.append(f"({inside} OR NOT EXISTS ({among}))" if 0 in wanted.groups else inside)
    found += [f"who LIKE {param(_like(word))} ESCAPE '!'" for word in wanted.names.casefold().split()]
    for word in wanted.words.casefold().split():
        pattern = param(_like(word))
        found.append(f"(who LIKE {pattern} ESCAPE '!' OR what LIKE {pattern} ESCAPE '!')")
    return found


def _like(word: str) -> str:
    """Write a pattern for "stands somewhere in it"."""
    return "%" + word.replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%"


async def _id_of(tx: Tx, account: int, name: str) -> int:
    """Find a card's id by itself or by what the client calls it."""
    rows = await tx.query("SELECT MAX(id) FROM cards WHERE account = ?1 AND own = ?2", account, name)
    if rows[0][0] is not None:
        return int(rows[0][0])
    if not (name.isascii() and name.isdigit() and len(name) <= 15):
        raise Unknown(f"card {name}")
    return int(name)


async def _groups_of(tx: Tx, account: int, ids: Sequence[int]) -> dict[int, tuple[int, ...]]:
    found: dict[int, tuple[int, ...]] = {}
    if ids:
        rows = await tx.query(
            f"SELECT card, card_group FROM card_members WHERE account = ?1 AND card IN ({', '.join(map(str, ids))})"
            " ORDER BY card, card_group",
            account,
        )
        for card, group in rows:
            found[card] = (*found.get(card, ()), group)
    return found


async def forget_orphans(tx: Tx) -> None:
    """Delete the cards, groups and kept texts of accounts that are gone."""
    for table in ("cards", "card_groups", "card_members", "templates", "operator_templates"):
        tx.write(f"DELETE FROM {table} WHERE NOT EXISTS (SELECT 1 FROM accounts WHERE accounts.id = {table}.account)")
