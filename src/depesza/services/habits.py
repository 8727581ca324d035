"""What connectors have learnt of their carriers, kept from one start to the next."""

from depesza.store.tx import Tx


async def read(tx: Tx, connector: int) -> bytes:
    """Read what a connector learnt (JSON); empty when nothing is known."""
    rows = await tx.query("SELECT value FROM habits WHERE connector = ?1", connector)
    return str(rows[0][0]).encode() if rows else b""


async def write(tx: Tx, connector: int, value: bytes) -> None:
    """Keep what a connector learnt."""
    tx.write(
        "INSERT INTO habits (connector, value) VALUES (?1, ?2)"
        " ON CONFLICT (connector) DO UPDATE SET value = excluded.value",
        connector,
        value.decode(),
    )
