"""What is told of an account and changes nothing: who it is, how it is reached, notes. Kept by name."""

from collections.abc import Mapping

from depesza.store.tx import Tx

LONGEST = 2000
"""Characters of one."""


async def read(tx: Tx, account: int) -> dict[str, str]:
    """Read the details of an account, by name."""
    rows = await tx.query("SELECT name, value FROM account_details WHERE account = ?1 ORDER BY name", account)
    return {str(name): str(value) for name, value in rows}


def write(tx: Tx, account: int, details: Mapping[str, str]) -> None:
    """Write some details of an account; an empty one is forgotten. Raises ValueError for one that is too long."""
    for name, value in details.items():
        if len(value) > LONGEST:
            raise ValueError(f"{name}: more than {LONGEST} characters")
        if value:
            tx.write(
                "INSERT INTO account_details (account, name, value) VALUES (?1, ?2, ?3)"
                " ON CONFLICT (account, name) DO UPDATE SET value = excluded.value",
                account, name, value,
            )  # fmt: skip
        else:
            tx.write("DELETE FROM account_details WHERE account = ?1 AND name = ?2", account, name)
