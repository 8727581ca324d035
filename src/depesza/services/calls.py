"""Calls that are waited for: somebody proves a number by calling one of ours from it. spec: smsc/3.12 smsc/3.13

Whatever hears a call tells `came`: a connector for voice, or `depesza call-in`.
"""

from depesza.core.facts import Account
from depesza.core.model import MICRO, CallFact
from depesza.services import notices, rentals
from depesza.services.accounts import Unknown
from depesza.store.tx import Tx

LIFE = 15 * 60 * MICRO
"""For how long a call is waited for."""


async def wait(tx: Tx, account: Account, dialect: str, caller: str, now: int) -> str:
    """Wait for a call from a number (E.164); gives the number to be called, or raises `Unknown` where there is none.

    It is one of the account's own, else one that is shared and on which no other account waits for the same caller.
    """
    await tx.wallet(account.id)
    rows = await tx.query("SELECT account, number FROM awaited_calls WHERE caller = ?1 AND until > ?2", caller, now)
    taken = {str(number) for other, number in rows if other != account.id}
    number = next((each for each in await _ours(tx, account) if each not in taken), "")
    if not number:
        raise Unknown("number that can be called")
    tx.write("DELETE FROM awaited_calls WHERE account = ?1 AND caller = ?2", account.id, caller)
    tx.write(
        "INSERT INTO awaited_calls (id, account, dialect, caller, number, until) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        tx.new_id(), account.id, dialect, caller, number, now + LIFE,
    )  # fmt: skip
    return number


async def _ours(tx: Tx, account: Account) -> list[str]:
    """List the numbers that may be called for an account, its own first."""
    own = [row.name for row in tx.facts.senders if row.account == account.id and row.virtual and row.status == "enable"]
    return [*own, *[each.number for each in await rentals.listing(tx) if each.shared]]


async def came(tx: Tx, caller: str, number: str, now: int) -> bool:
    """Hear that somebody calls a number of ours (both E.164); False where nobody waits for that."""
    rows = await tx.query(
        "SELECT id, account, dialect FROM awaited_calls WHERE caller = ?1 AND number = ?2 AND until > ?3"
        " ORDER BY id DESC LIMIT 1",
        caller, number, now,
    )  # fmt: skip
    if not rows:
        return False
    id, owner, dialect = rows[0]
    tx.write("DELETE FROM awaited_calls WHERE id = ?1", id)
    account = tx.facts.account.get(owner)
    if account is not None:
        notices.owe_call(tx, account, dialect, CallFact(caller, now))
    return account is not None
