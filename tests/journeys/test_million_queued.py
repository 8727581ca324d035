"""A million messages left queued: how soon the first one leaves, what memory it takes, and that it stays so."""

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from crash import ACCOUNT, OUT, TEXT, Carrier, Product, clean, furnish

from depesza.core.ids import Ids
from depesza.core.model import INCOME, MICRO, State
from depesza.store import schema

pytestmark = [pytest.mark.anyio, pytest.mark.journey, pytest.mark.long]

QUEUED, DRAINED, JOB = 1_000_000, 100_000, 1_000
FIRST_SEND, MEMORY = 20.0, 500.0
"""Bars: seconds from the start of the process, and MB. spec: design 9"""
GROWTH = 60.0
"""MB that memory may grow by while a hundred thousand leave."""


def _rows(count: int) -> Iterator[tuple[str, list[tuple[object, ...]]]]:
    now = time.time_ns() // 1000
    ids = Ids(0, lambda: now - 3600 * MICRO)
    expires = now + 48 * 3600 * MICRO
    for start in range(0, count, JOB):
        job = ids.next()
        yield "submissions", [(job, ACCOUNT, 0, "ovh", now, "Crash", TEXT, "", "", -1, 1, 0, 0, expires, "", JOB, "",
                               "", "", "", "")]  # fmt: skip
        yield "entries", [(ids.next(), now, "charge", ACCOUNT, INCOME, JOB * MICRO, job, "")]
        yield "messages", [
            (id, ACCOUNT, 0, job, f"+3360{start + place:07}", None, 1, MICRO, int(State.QUEUED), 1,
             (start + place) * 1_000, 0, expires, 301, OUT, 0, 0, "", 0, 0, 0, 0)
            for place, id in enumerate(ids.several(JOB))
        ]  # fmt: skip


def fill(path: str, count: int) -> None:
    """Write queued messages into a furnished store, as node 0 would have."""
    file = sqlite3.connect(path, isolation_level=None)
    file.execute("PRAGMA synchronous = OFF")
    file.execute("BEGIN")
    for table, rows in _rows(count):
        marks = ", ".join("?" * len(schema.metadata.tables[table].columns))
        file.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
    file.execute("UPDATE wallets SET balance = balance - ? WHERE id = ?", (count * MICRO, ACCOUNT))
    file.execute("COMMIT")
    file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file.close()


async def test_a_million_queued_messages_start_soon_and_memory_stays_flat(sqlite_url: str, tmp_path: Path) -> None:
    carrier, product = Carrier(tmp_path, "--lean"), Product(tmp_path, sqlite_url)
    try:
        await carrier.start()
        await furnish(sqlite_url, carrier.port, "", 500)
        await asyncio.to_thread(fill, sqlite_url, QUEUED)

        async def submits() -> int:
            return int((await carrier.stats())["submits"])

        began = time.monotonic()
        starting = asyncio.create_task(product.start())
        while not await submits():
            assert time.monotonic() - began < 3 * FIRST_SEND, product.log()
            await asyncio.sleep(0.02)
        first = time.monotonic() - began
        listening = await starting
        memory = [product.memory()]
        for step in range(1, 11):
            while await submits() < step * DRAINED // 10:
                assert time.monotonic() - began < 300, product.log()
                await asyncio.sleep(0.05)
            memory.append(product.memory())
        rate = DRAINED / (time.monotonic() - began - first)
        print(
            f"first send after {first:.1f} s, listening after {listening:.1f} s, {rate:.0f} messages/s,"
            f" memory {memory[0]:.0f} .. {max(memory):.0f} MB: {[round(mb) for mb in memory]}"
        )
        assert first < FIRST_SEND
        assert max(memory) < MEMORY
        assert memory[-1] - memory[2] < GROWTH, memory
        await product.kill()
        await clean(sqlite_url)
    finally:
        await product.kill()
        await carrier.kill()
