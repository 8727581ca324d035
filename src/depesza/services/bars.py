"""Numbers that an account itself does not want to write to: at all, in lists, or one by one. spec: smsc/3.7

They stand in the same table as those of people who asked for silence.
"""

from collections.abc import Mapping, Sequence

from depesza.core.optout import ASKED
from depesza.services import cards, lists
from depesza.services.accounts import Unknown
from depesza.services.cards import Address
from depesza.store.tx import Tx


async def bar(tx: Tx, account: int, numbers: Sequence[str], kinds: int, now: int) -> None:
    """Put numbers on the account's stop list, for `MASS`, `SINGLE` or both; a person's own STOP stays beside that."""
    numbers = list(dict.fromkeys(numbers))
    listed = await tx.stopped(account, numbers)
    for number in numbers:
        why = listed.get(number, 0)
        if why & ASKED:
            tx.write("UPDATE optouts SET kind = ?3 WHERE account = ?1 AND number = ?2", account, number, ASKED | kinds)
            continue
        if not why:
            (await tx.wallet(account)).optouts += 1
        tx.insert("optouts", (account, number, now, 0, "", kinds))


async def bar_cards(
    tx: Tx,
    account: int,
    kinds: int,
    book: int,
    addresses: Sequence[Address],
    fields: Mapping[str, str],
    groups: Sequence[int] | None,
    now: int,
) -> list[int]:
    """Bar numbers, and write a card for each in a book as `cards.put` does; gives their ids."""
    ids = await cards.put(tx, book, addresses, fields, groups, now)
    await bar(tx, account, [address.number for address in addresses], kinds, now)
    return ids


async def unbar(tx: Tx, account: int, numbers: Sequence[str]) -> None:
    """Take numbers off the account's stop list; raises `Unknown` when one is not on it."""
    for number in dict.fromkeys(numbers):
        if not await lists.allow(tx, account, number):
            raise Unknown(f"bar of {number}")
