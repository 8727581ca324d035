"""Vouchers: codes worth credits that an operator makes and an owner redeems, each once.

A code has a hundred random bits and is kept as a keyed hash, so guessing is hopeless and the table tells none.
"""

from collections.abc import Sequence

from msgspec import Struct

from depesza.core import ledger
from depesza.services.accounts import Unknown
from depesza.services.vault import Vault
from depesza.store.tx import Tx

MOST = 10_000
"""Codes that are made at once."""
GROUP = 5
"""Characters between two dashes."""


class BadCode(Exception):
    """The code is unknown, used, revoked or expired; which of these is not told."""


class Voucher(Struct, frozen=True):
    """A code, without the code."""

    id: int
    hint: str
    """How the code begins."""
    amount: int
    """Micro-credits."""
    created: int
    expires: int
    """0: never."""
    revoked: int
    used: int
    account: int
    """Who redeemed it."""
    note: str

    def state(self, now: int) -> str:
        """Tell `used`, `revoked`, `expired` or `open`."""
        if self.used or self.revoked:
            return "used" if self.used else "revoked"
        return "expired" if self.expires and self.expires <= now else "open"


async def create(
    tx: Tx, vault: Vault, amount: int, count: int, expires: int, note: str, who: str, now: int
) -> list[tuple[Voucher, str]]:
    """Make codes worth `amount` micro-credits each; the codes are told here and never again."""
    made = []
    for _ in range(count):
        code = vault.code(4 * GROUP)
        voucher = Voucher(tx.new_id(), code[:GROUP], amount, now, expires, 0, 0, 0, note)
        tx.insert(
            "vouchers",
            (voucher.id, vault.digest(code), voucher.hint, amount, now, expires, 0, 0, 0, note),
        )
        made.append((voucher, written(code)))
    said = f"{count} worth {ledger.two_decimals(amount)} credits {note}".strip()
    tx.insert("acts", (tx.new_id(), now, who, "voucher.created", said))
    return made


def written(code: str) -> str:
    """Write a code for people: in groups with dashes."""
    return "-".join(code[n : n + GROUP] for n in range(0, len(code), GROUP))


def read(text: str) -> str:
    """Read a code as people type it."""
    return "".join(text.split()).replace("-", "").upper()


async def redeem(tx: Tx, digest: bytes, account: int, now: int) -> int:
    """Give an account the credits of a code; gives how many micro-credits. Raises `BadCode`, `Unknown`."""
    row = tx.facts.account.get(account)
    if row is None:
        raise Unknown(f"account {account}")
    if row.currency:
        raise BadCode(f"a code is worth credits, and account {row.name} is kept in {row.currency}")
    rows = await tx.rows("voucher_found", digest)
    if not rows:
        raise BadCode("this code is not valid")
    id, amount, expires, revoked, used = rows[0]
    if used or revoked or (expires and expires <= now):
        raise BadCode("this code is not valid")
    tx.write("UPDATE vouchers SET used = ?1, account = ?2 WHERE id = ?3", now, account, id)
    await tx.book(ledger.topup(account, amount, id, now, tx.new_id(), "voucher"))
    return int(amount)


async def revoke(tx: Tx, ids: Sequence[int], who: str, now: int) -> list[int]:
    """End codes that nobody used; gives the ids of those that were open. Raises `Unknown` for an id that is none."""
    ended = []
    for id in ids:
        rows = await tx.query("SELECT used, revoked FROM vouchers WHERE id = ?1", id)
        if not rows:
            raise Unknown(f"code {id}")
        if not any(rows[0]):
            tx.write("UPDATE vouchers SET revoked = ?1 WHERE id = ?2 AND used = 0", now, id)
            tx.insert("acts", (tx.new_id(), now, who, "voucher.revoked", str(id)))
            ended.append(id)
    return ended


async def listed(tx: Tx, limit: int = 100) -> list[Voucher]:
    """List the newest codes, the newest first."""
    rows = await tx.query(
        "SELECT id, hint, amount, created, expires, revoked, used, account, note FROM vouchers"
        " ORDER BY id DESC LIMIT ?1",
        limit,
    )
    return [Voucher(*row) for row in rows]
