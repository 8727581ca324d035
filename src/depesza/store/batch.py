"""What the services of one commit share: the connection, what they wrote so far, what the next one must see.

Writes are flushed table by table just before the commit, or before a query that has to see them. Money is read once
a batch and kept in it, so that two services in one commit see each other's charges.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from depesza.core.facts import Facts
from depesza.core.ids import Ids
from depesza.core.model import Tally, Wallet
from depesza.store.recent import Recent
from depesza.store.rows import Cell, Row, merged
from depesza.store.work import Work

if TYPE_CHECKING:
    from depesza.store.tx import Tx

HOT_ORDER = (
    "submissions",
    "messages",
    "entries",
    "remotes",
    "parked",
    "notices",
    "client_refs",
    "optouts",
    "inbounds",
    "conversations",
    "orders",
    "order_lines",
    "vouchers",
    "audience_rows",
    "audience_pages",
    "campaign_errors",
    "mailing_rows",
    "followed",
    "contacts",
    "lookups",
    "acts",
    "device_attempts",
    "request_messages",
    "link_codes",
    "move",
    "part_state",
    "notice_done",
    "lookup_done",
    "unpark",
    "make_due",
    "reroute",
    "events",
    "wallets",
    "tallies",
)
"""Order in which a batch is flushed: rows come before what changes them."""


class Driver(Protocol):
    """One database connection inside an open transaction."""

    database: str

    async def rows(self, name: str, *params: Cell) -> list[Row]:
        """Run a named query."""
        ...

    async def rows_for(self, name: str, values: Sequence[Row]) -> list[Row]:
        """Run a named query over many rows of `v`."""
        ...

    async def write(self, name: str, values: Sequence[Row]) -> int:
        """Run a named statement over many rows; gives the number of rows it touched."""
        ...

    async def act(self, name: str, *params: Cell) -> int:
        """Run a named statement; gives the number of rows it touched."""
        ...

    async def query(self, sql: str, params: Sequence[Cell]) -> list[Row]:
        """Run a query built by the store itself; parameters are written ?1, ?2…"""
        ...

    async def execute(self, sql: str, params: Sequence[Cell]) -> int:
        """Run a statement built by the store itself; raises `Conflict` on a key that exists."""
        ...


class Batch:
    """All services of one commit: what they wrote so far and what the next one must see."""

    def __init__(
        self,
        driver: Driver,
        facts: Facts,
        ids: Ids,
        node: int,
        wallets: dict[int, Wallet],
        recent: Recent,
        *,
        writing: bool = True,
    ) -> None:
        """`wallets` and `recent` may be filled already; without `writing` rows are read and not locked."""
        self.driver = driver
        self.wallet_query = "wallet" if writing else "wallet_look"
        self.facts = facts
        ids.look()
        self.new_id = ids.more
        """Makes an id."""
        self.node = node
        self.wallets = wallets
        self.recent = recent
        self.dirty: set[int] = set()
        self.tallies: dict[tuple[int, str], Tally] = {}
        self.tallied: dict[tuple[int, str], Tally] = {}
        """Tallies that were read, and those that changed since the last flush."""
        self.hot: dict[str, list[Row]] = {}
        self.later: list[tuple[str, Sequence[Cell]]] = []
        self.work = Work()
        self.facts_changed = False
        self.written: dict[str, int] = {}
        """Rows flushed, by table or named statement."""

    async def flush(self) -> None:
        """Write everything kept back so far."""
        if self.dirty:
            self.hot["wallets"] = [
                (wallet.id, wallet.balance, wallet.optouts, wallet.serial)
                for wallet in map(self.wallets.__getitem__, self.dirty)
            ]
            self.dirty.clear()
        if self.tallied:
            self.hot["tallies"] = [(row.account, row.key, row.at, row.count) for row in self.tallied.values()]
            self.tallied = {}
        if self.hot:
            hot, self.hot = self.hot, {}
            if "move" in hot:
                hot["move"] = merged(hot["move"])
            for name in HOT_ORDER:
                if name in hot:
                    await self.driver.write(name, hot[name])
                    self.written[name] = self.written.get(name, 0) + len(hot[name])
        if self.later:
            later, self.later = self.later, []
            for sql, params in later:
                await self.driver.execute(sql, params)

    async def foresee(self, keys: Sequence[tuple[int, str]]) -> None:
        """Read at once the tallies that the services of this batch will ask for."""
        for account in sorted({account for account, _ in keys}):
            await self.wallet(account)  # whoever counts locks the wallet first: see `Tx.tallies`
        await self.read_tallies(keys)

    async def wallet(self, id: int) -> Wallet:
        """Read a wallet, locked for change; one that does not exist yet is empty."""
        shared = self.wallets.get(id)
        if shared is None:
            rows = await self.driver.rows(self.wallet_query, id)
            balance, optouts, serial = rows[0] if rows else (0, 0, 0)
            shared = self.wallets[id] = Wallet(id, balance, optouts, serial)
        return shared

    async def read_tallies(self, keys: Sequence[tuple[int, str]]) -> None:
        """Read tallies that were not read yet."""
        missing = [key for key in dict.fromkeys(keys) if key not in self.tallies]
        if missing:
            found = {(row[0], row[1]): row for row in await self.driver.rows_for("tallied", missing)}
            for key in missing:
                row = found.get(key)
                self.tallies[key] = Tally(*row) if row is not None else Tally(*key)

    async def keep(self, tx: "Tx") -> None:
        """Take over what a service wrote, now that it has returned."""
        if tx.hot and self.later:
            await self.flush()
        hot = self.hot
        for name, rows in tx.hot.items():
            if name in hot:
                hot[name] += rows
            else:
                hot[name] = rows
        for id, wallet in tx.wallets.items():
            if wallet != self.wallets[id]:
                self.wallets[id] = wallet
                self.dirty.add(id)
        if tx.tallied:
            self.tallies |= tx.tallied
            self.tallied |= tx.tallied
        if tx.later:
            await self.flush()
            self.later += tx.later
        if tx.facts_changed:
            self.facts_changed = True
        if tx.worked is not None:
            self.work.join(tx.worked)
