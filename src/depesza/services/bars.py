"""Numbers that an account itself does not want to write to: at all, in lists, or one by one. spec: smsc/3.7

They stand in the same table as those of people who asked for silence.
"""

from collections.abc import Mapping, Sequence

from depesza.services import cards, lists
from depesza.services.accounts import Unknown
from depesza.services.cards import Address
from depesza.store.tx import Tx


async def bar(tx: Tx, account: int, numbers: Sequence[str], kind: int, now: int) -> None:
    """Put numbers on the account's stop list; a person's own STOP is not weakened."""
    for number in dict.fromkeys(numbers):
        known = await lists.stop_of(tx, account, number)
        if known is None:
            (await tx.wallet(account)).optouts += 1
        elif known.message or known.batch:
            continue
        tx.insert("optouts", (account, number, now, 0, "", kind))


async def bar_cards(
    tx: Tx,
    account: int,
    kind: int,
    book: int,
    addresses: Sequence[Address],
    fields: Mapping[str, str],
    groups: Sequence[int] | None,
    now: int,
) -> list[int]:
    """Bar numbers, and write a card for each in a book as `cards.put` does; gives their ids."""
    ids = await cards.put(tx, book, addresses, fields, groups, now)
    await bar(tx, account, [address.number for address in addresses], kind, now)
    return ids


async def unbar(tx: Tx, account: int, numbers: Sequence[str]) -> None:
    """Take numbers off the account's stop list; raises `Unknown` when one is not on it."""
    for number in dict.fromkeys(numbers):
        if not await lists.allow(tx, account, number):
            raise Unknown(f"bar of {number}")
