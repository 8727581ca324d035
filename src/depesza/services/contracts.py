"""How accounts and their numbers are to be renewed: the owner's wishes, kept and shown, for nothing here runs out."""

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from depesza.store.tx import Tx


class Renewal(Struct, frozen=True):
    """What the owner wishes to happen at the end of a period."""

    automatic: bool = True
    ends: bool = False
    """It shall not be renewed."""
    forced: bool = False
    by_hand: bool = False
    """The owner pays each time."""
    period: int = 12
    """Months."""


async def renewal(tx: Tx, account: int, number: str = "") -> Renewal:
    """Read how an account, or one of its numbers, is to be renewed."""
    rows = await tx.query(
        "SELECT automatic, ends, forced, by_hand, period FROM contracts WHERE account = ?1 AND number = ?2",
        account,
        number,
    )
    if not rows:
        return Renewal()
    automatic, ends, forced, by_hand, period = rows[0]
    return Renewal(bool(automatic), bool(ends), bool(forced), bool(by_hand), period)


async def renew(tx: Tx, account: int, number: str, changes: Mapping[str, int]) -> None:
    """Change some of it, by the names of `Renewal`."""
    wanted = replace(await renewal(tx, account, number), **changes)
    tx.write(
        "INSERT INTO contracts (account, number, automatic, ends, forced, by_hand, period)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (account, number) DO UPDATE SET"
        " automatic = excluded.automatic, ends = excluded.ends, forced = excluded.forced,"
        " by_hand = excluded.by_hand, period = excluded.period",
        account,
        number,
        int(wanted.automatic),
        int(wanted.ends),
        int(wanted.forced),
        int(wanted.by_hand),
        wanted.period,
    )
