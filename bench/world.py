"""The stores that rows start from: migrated, with accounts, keys, a connector to our carrier; perhaps a queue.

A store is made of an empty one that was migrated once. Balances are their entries' sums here too.
"""

import shutil
import sqlite3
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from bench.load import TEXT, Keys
from bench.product import KEY
from depesza.core import ledger
from depesza.core.facts import Account, Application, ConnectorFact, Credential, Limits, Login, Owner, Sender, User
from depesza.core.fairness import COST
from depesza.core.ids import Ids
from depesza.core.model import INCOME, MICRO, Priority, State
from depesza.core.routing import Route
from depesza.services.logins import digests
from depesza.services.vault import Vault
from depesza.store import schema
from depesza.store.opening import is_postgres, migrate, open_store
from depesza.store.tx import Tx

KEYS = Keys("benchApplication", "benchSecret" * 3, "benchConsumer" * 3)
LOGIN, PASSWORD = "bench", "benchPassword"
"""Of the user that each account has, for http2sms; SMSC's logins are called as the accounts."""
UNLIMITED = (
    "repeats", "price_asks", "parallel", "parallel_status", "status_asks", "status_lists", "balance_asks", "same_asks",
    "info_asks", "user_changes", "flood", "wrong_logins", "wrong_sends",
)  # fmt: skip
"""Limits that are off but for one account: OVH's API has none of them, and rows are held against it."""
BIND_PASSWORD = PASSWORD[:8]
"""For SMPP, which has room for no more."""
SENDER = "Bench"
OUT, ROUTE = 201, 301
CREDITS = 100_000_000
CALLED, QUIET = "sms-bb11111-1", "sms-bb11111-2"
"""Accounts whose messages are called back, and are not."""
SHARING = tuple(f"sms-bb11111-{number}" for number in range(3, 8))
"""Accounts that share a slow carrier."""
GUARDED = "sms-bb11111-8"
"""The account that has SMSC's usual limits, but for the number of connections."""
COUNTING = "sms-bb11111-9"
"""The same, and its home is SMSC."""
ACCOUNTS = {name: 101 + place for place, name in enumerate((CALLED, QUIET, *SHARING, GUARDED, COUNTING))}
JOB = 1_000


class Line(Struct, frozen=True):
    """How the connector is set; the window is wide, since the carrier's pace is not what we measure."""

    port: int
    window: int = 1000
    rate: float = 0.0


class Stores(Protocol):
    """Makes stores of one kind."""

    name: str

    async def fresh(self) -> str:
        """Make a migrated store and give its address."""
        ...


class SqliteStores:
    """Files copied from an empty one."""

    def __init__(self, folder: Path) -> None:
        self.name = f"SQLite {sqlite3.sqlite_version}"
        self._folder = folder
        self._empty = folder / "empty.db"
        migrate(str(self._empty))

    async def fresh(self) -> str:
        """See `Stores`."""
        folder = self._folder / uuid.uuid4().hex[:8]
        folder.mkdir()
        return str(shutil.copy(self._empty, folder / "depesza.db"))


class PostgresStores:
    """Databases of one server, copied from an empty one."""

    def __init__(self, server: str) -> None:
        self.name = "PostgreSQL"
        self._server = server
        self._empty = ""

    async def fresh(self) -> str:
        """See `Stores`."""
        if not self._empty:
            version = await query(self._server, "SHOW server_version")
            self.name = f"PostgreSQL {version[0][0]}"
            await execute(self._server, "CREATE DATABASE bench_empty")
            self._empty = self._server.replace("/postgres?", "/bench_empty?")
            import asyncio

            await asyncio.to_thread(migrate, self._empty)
        name = f"bench_{uuid.uuid4().hex[:8]}"
        await execute(self._server, f"CREATE DATABASE {name} TEMPLATE bench_empty")
        return self._server.replace("/postgres?", f"/{name}?")


async def execute(url: str, sql: str) -> None:
    """Run a statement on a PostgreSQL server."""
    import asyncpg

    connection = await asyncpg.connect(url)
    await connection.execute(sql)
    await connection.close()


async def query(url: str, sql: str) -> list[Sequence[Any]]:
    """Read rows of a store of either kind."""
    if is_postgres(url):
        import asyncpg

        connection = await asyncpg.connect(url)
        rows: list[Sequence[Any]] = [tuple(row) for row in await connection.fetch(sql)]
        await connection.close()
        return rows
    with sqlite3.connect(url) as file:
        rows = list(file.execute(sql).fetchall())
    file.close()
    return rows


async def furnish(url: str, line: Line, callback: str) -> None:
    """Write accounts, keys and the way out into a store."""
    store = await open_store(url, lambda: time.time_ns() // 1000)
    await store.run(_furnish, line, callback)
    await store.close()


async def _furnish(tx: Tx, line: Line, callback: str) -> None:
    vault = Vault(KEY.encode(), lambda count: b"\x07" * count)
    tx.put("owners", Owner(id=100, name="bb11111-ovh"))
    tx.put(
        "applications", Application(id=11, owner=100, key=KEYS.application, secret=vault.seal(KEYS.secret), name="b")
    )
    rules = (("POST", "/sms/*"), ("GET", "/sms/*"))
    tx.put(
        "credentials",
        Credential(
            id=12, application=11, owner=100, digest=vault.digest(KEYS.consumer), status="validated",
            rules=rules, created=0,
        ),
    )  # fmt: skip
    settings = {"host": "127.0.0.1", "port": line.port, "system_id": "bench", "window": line.window}
    if line.rate:
        settings["rate"] = line.rate
    tx.put(
        "connectors",
        ConnectorFact(id=OUT, name="carrier", kind="smpp", settings=msgspec.json.encode(settings).decode()),
    )
    tx.put("routes", Route(id=ROUTE, connectors=(OUT,)))
    password, bind_password = vault.hash_password(PASSWORD), vault.hash_password(BIND_PASSWORD)
    md5, sha1 = (vault.hash_password(digest) for digest in digests(PASSWORD))
    for name, id in ACCOUNTS.items():
        url = callback if name == CALLED else ""
        tx.put("users", User(id=1000 + id, account=id, login=LOGIN, password=password))
        tx.put(
            "accounts",
            Account(
                id=id, owner=100, name=name, callback=url, notices="final", smpp=True, smpp_password=bind_password,
                smpp_ips=("127.0.0.1",), smpp_rate=0, smpp_window=0, home="smsc" if name == COUNTING else "ovh",
            ),
        )  # fmt: skip
        tx.put("senders", Sender(account=id, name=SENDER))
        tx.put("logins", Login(id=2000 + id, account=id, name=name, md5=md5, sha1=sha1))
        off = ("parallel",) if name in (GUARDED, COUNTING) else UNLIMITED
        tx.put("limits", msgspec.convert({"account": id, **dict.fromkeys(off, 0)}, Limits))
        await tx.book(ledger.topup(id, CREDITS * MICRO, 0, 1, tx.new_id()))


# a queue that a stopped process left behind


async def fill(url: str, first: int, count: int) -> None:
    """Write `count` queued messages of the quiet account, in jobs of 1,000, as node 0 would have."""
    if is_postgres(url):
        await _copy(url, first, count)
        return
    file = sqlite3.connect(url, isolation_level=None)
    file.execute("PRAGMA synchronous = OFF")
    file.execute("BEGIN")
    for table, rows in _queue(first, count):
        marks = ", ".join("?" * len(_columns(table)))
        file.executemany(f"INSERT INTO {table} ({', '.join(_columns(table))}) VALUES ({marks})", rows)
    file.execute(_PAID, (count * MICRO, ACCOUNTS[QUIET]))
    file.execute("COMMIT")
    file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file.close()


_PAID = "UPDATE wallets SET balance = balance - $1 WHERE id = $2"


async def _copy(url: str, first: int, count: int) -> None:
    import asyncpg

    connection = await asyncpg.connect(url)
    for table, rows in _queue(first, count):
        await connection.copy_records_to_table(table, records=rows, columns=_columns(table))
    await connection.execute(_PAID, count * MICRO, ACCOUNTS[QUIET])
    await connection.execute("ANALYZE")
    await connection.close()


def _columns(table: str) -> list[str]:
    return [column.name for column in schema.metadata.tables[table].columns]


def _queue(first: int, count: int) -> Iterator[tuple[str, list[tuple[object, ...]]]]:
    """Give the rows of a queue table by table, job by job."""
    account = ACCOUNTS[QUIET]
    now = time.time_ns() // 1000 - 60 * MICRO
    ids = Ids(0, lambda: now - 3600 * MICRO)
    expires = now + 48 * 3600 * MICRO
    for start in range(0, count, JOB):
        size = min(JOB, count - start)
        job, entry = ids.next(), ids.next()
        yield "submissions", [(job, account, 0, "ovh", now, SENDER, TEXT, "", "", -1, int(Priority.HIGH), now, 0,
                               expires, "", size, "", "", "", "", "")]  # fmt: skip
        yield "entries", [(entry, now, "charge", account, INCOME, size * MICRO, job, "")]
        yield "messages", [
            (id, account, 0, job, f"+{first + start + place}", None, 1, MICRO, int(State.QUEUED), int(Priority.HIGH),
             now + (start + place) * COST, now, expires, ROUTE, OUT, 0, 0, "", 0, 0, 0, 0)
            for place, id in enumerate(ids.several(size))
        ]  # fmt: skip
