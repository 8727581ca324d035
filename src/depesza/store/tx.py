"""The transaction that services see, the same over both databases.

Writes are kept by the `Tx` until its service has returned, then join the batch (`store.batch`), which flushes them
just before the commit.
"""

from collections.abc import Callable, Sequence

import msgspec
from msgspec import Struct

from depesza.core.facts import Facts
from depesza.core.ledger import spend
from depesza.core.model import Channel, Content, Entry, Inbound, Message, Notice, State, Tally, Wallet, Way
from depesza.store import schema
from depesza.store.batch import Batch
from depesza.store.recent import Recent
from depesza.store.rows import Cell as Cell
from depesza.store.rows import Row as Row
from depesza.store.rows import cell
from depesza.store.work import Work

SYSTEM_WALLETS = 15
"""Wallets up to this number belong to the platform itself."""

_encode = msgspec.json.Encoder().encode
_WAYS = {way: way.value for way in Way}
_CHANNELS = {channel: channel.value for channel in Channel}
"""Tables, because the enum's own way to a value is slow."""
_COLLECTED = 3
"""State of a notice that waits for its client to collect it."""


class Tx:
    """One service's view of the open transaction."""

    __slots__ = (
        "_batch", "_recent", "facts", "facts_changed", "hot", "later", "new_id", "node", "tallied", "wallets",
        "worked",
    )  # fmt: skip

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self.facts: Facts = batch.facts
        self.node: int = batch.node
        self.new_id = batch.new_id
        """Makes an id."""
        self.hot: dict[str, list[Row]] = {}
        self.later: list[tuple[str, Sequence[Cell]]] = []
        self.wallets: dict[int, Wallet] = {}
        self.tallied: dict[tuple[int, str], Tally] = {}
        self.worked: Work | None = None
        self.facts_changed = False
        self._recent: Recent | None = None

    # primitives

    def insert(self, table: str, row: Row) -> None:
        """Keep a row for a table of `schema.INSERTS`, all its columns in their order."""
        kept = self.hot.get(table)
        if kept is None:
            self.hot[table] = [row]
        else:
            kept.append(row)

    update = insert
    """Keep a row for a named statement of `batch.HOT_ORDER`, its values in their order."""

    def write(self, sql: str, *params: Cell) -> None:
        """Keep a rare statement (parameters ?1, ?2…); it runs after all kept so far."""
        self.later.append((sql, params))

    async def rows(self, name: str, *params: Cell) -> list[Row]:
        """Run a named query on what is committed and what this batch wrote."""
        await self._batch.flush()
        return await self._batch.driver.rows(name, *params)

    async def rows_for(self, name: str, values: Sequence[Row]) -> list[Row]:
        """Run a named query over many rows of `v`."""
        if not values:
            return []
        await self._batch.flush()
        return await self._batch.driver.rows_for(name, values)

    async def query(self, sql: str, *params: Cell) -> list[Row]:
        """Run a query built by the caller (parameters ?1, ?2…)."""
        await self._batch.flush()
        return await self._batch.driver.query(sql, params)

    async def execute(self, name: str, *params: Cell) -> int:
        """Run a named statement at once and count its rows; only as the last act of a service."""
        await self._batch.flush()
        return await self._batch.driver.act(name, *params)

    @property
    def work(self) -> Work:
        """What the engine shall be told after the commit."""
        if self.worked is None:
            self.worked = Work(messages=[], notices=[], builds=[], bells=[])
        return self.worked

    @property
    def recent(self) -> Recent:
        """Messages that carriers took a moment ago."""
        self._recent = self._batch.recent
        return self._recent

    def abandon(self) -> None:
        """Undo what a service that raised did outside its own rows."""
        if self._recent is not None:
            self._recent.clear()

    # money

    async def wallet(self, id: int) -> Wallet:
        """Read a wallet for change; one that does not exist yet is empty."""
        mine = self.wallets.get(id)
        if mine is not None:
            return mine
        shared = self._batch.wallets.get(id) or await self._batch.wallet(id)
        mine = Wallet(shared.id, shared.balance, shared.optouts, shared.serial)
        self.wallets[id] = mine
        return mine

    async def book(self, entry: Entry, limit: int | None = None) -> None:
        """Write an entry and move the balances; `limit` is how far below zero the source may go (None: anywhere).

        Raises `NotEnoughCredits`. System wallets have no stored balance: theirs is the sum of their entries.
        """
        if entry.source > SYSTEM_WALLETS:
            source = await self.wallet(entry.source)
            if limit is None:
                source.balance -= entry.amount
            else:
                source.balance = spend(source.balance, limit, entry.amount)
        if entry.target > SYSTEM_WALLETS:
            (await self.wallet(entry.target)).balance += entry.amount
        self.insert(
            "entries",
            (entry.id, entry.at, entry.kind, entry.source, entry.target, entry.amount, entry.ref, entry.note),
        )

    # limits

    async def tallies(self, account: int, keys: Sequence[str]) -> list[Tally]:
        """Read how often an account did something, for change with `tally`; what was never done is zero.

        The account's wallet is locked first, so that no other process counts at the same time.
        """
        batch = self._batch
        await self.wallet(account)
        if any((account, key) not in batch.tallies for key in keys):
            await batch.read_tallies([(account, key) for key in keys])
        mine = self.tallied
        return [mine.get((account, key)) or batch.tallies[account, key] for key in keys]

    def tally(self, account: int, key: str, at: int, count: int) -> None:
        """Write how often an account did something."""
        self.tallied[account, key] = Tally(account, key, at, count)

    # consent

    async def stopped(self, account: int, numbers: Sequence[str]) -> dict[str, int]:
        """Tell which of these numbers are on the account's stop list, and why: see `core.optout`."""
        wallet = self._batch.wallets.get(account) or await self.wallet(account)
        if not wallet.optouts:
            return {}
        rows = await self.rows_for("stopped", [(account, number) for number in numbers])
        return {row[0]: row[1] for row in rows}

    # messages

    def add_content(self, content: Content) -> None:
        """Write a submission."""
        c = content
        self.insert(
            "submissions",
            (
                c.id, c.account, c.user, c.dialect, c.created, c.sender, c.text, c.tag, c.alphabet, c.flash,
                int(c.priority), c.due, c.deferred, c.expires, c.reply_to, c.count, c.batch, _WAYS[c.way], c.callback,
                _CHANNELS[c.channel], "" if c.extras is None else _encode(c.extras).decode(),
            ),
        )  # fmt: skip

    def add_messages(self, messages: Sequence[Message]) -> None:
        """Write messages; those queued or sending go to the engine after the commit."""
        node = self.node
        rows: list[Row] = [
            (
                m.id, m.content.account, m.content.user, m.content.id, m.receiver, m.text, m.parts, m.price,
                int(m.state), m.priority, m.turn, m.due, m.content.expires, m.route, m.connector, node,
                1 if m.state is State.SENDING else m.attempts, m.refusal, 1 if m.maybe_sent else 0, 0, 0,
                m.content.created if m.state is State.DELIVERED else 0,
            )
            for m in messages
        ]  # fmt: skip
        kept = self.hot.get("messages")
        if kept is None:
            self.hot["messages"] = rows
        else:
            kept += rows
        work = self.work
        for message in messages:
            if message.state is State.QUEUED or message.state is State.SENDING:
                work.messages.append(message)
            elif message.state is State.SCHEDULED and (not work.scheduled or message.due < work.scheduled):
                work.scheduled = message.due

    async def claim(self, ids: Sequence[int], connector: int) -> list[int]:
        """Mark queued messages of this node as sending, at once; gives those that were marked."""
        if not ids:
            return []
        batch = self._batch
        await batch.flush()
        wanted = [(id, batch.node, connector) for id in ids]
        if await batch.driver.write("claim", wanted) == len(ids):
            return list(ids)
        rows = await batch.driver.rows_for("claimed", wanted)
        return [int(row[0]) for row in rows]

    def move(
        self,
        message: int,
        was: State,
        state: State,
        *,
        refusal: str = "",
        sent: int = 0,
        done: int = 0,
        due: int = 0,
        maybe: bool = False,
        connector: int = 0,
    ) -> None:
        """Write a message's step from `was` to `state`; it does not happen when the message has moved meanwhile."""
        self.update("move", (message, int(was), int(state), refusal, sent, done, due, 1 if maybe else 0, connector))

    def event(self, message: int, at: int, kind: str, detail: str = "", data: bytes | None = None) -> None:
        """Add a line to a message's timeline."""
        self.insert("events", (message, self.new_id(), at, kind, detail, data))

    # news

    def add_notice(self, notice: Notice) -> None:
        """Write news owed to a client; it goes to the engine after the commit."""
        n = notice
        self.insert(
            "notices",
            (
                n.id,
                n.account,
                n.dialect,
                n.kind,
                n.url,
                n.fact,
                n.message,
                n.due,
                n.created,
                n.tries,
                _COLLECTED if n.collected else 0,
                self.node,
            ),
        )
        self.work.notices.append(notice)

    def add_inbound(
        self, id: int, inbound: Inbound, account: int, user: int, tag: str, message: int, price: int
    ) -> None:
        """Write a text received; `account` is 0 when it belongs to nobody."""
        i = inbound
        self.insert(
            "inbounds",
            (id, account, user, i.at, i.sender, i.recipient, i.text, tag, message, price, i.connector),
        )

    # facts

    def put(self, table: str, row: Struct) -> None:
        """Create or replace a row of the facts."""
        fields = row.__struct_fields__
        keys = schema.KEYS.get(table, ("id",))
        marks = ", ".join(f"?{n}" for n in range(1, len(fields) + 1))
        change = ", ".join(f"{name} = excluded.{name}" for name in fields if name not in keys)
        self.write(
            f"INSERT INTO {table} ({', '.join(fields)}) VALUES ({marks})"
            f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {change}",
            *(cell(getattr(row, name)) for name in fields),
        )
        self.facts_changed = True

    def drop(self, table: str, **key: Cell) -> None:
        """Delete rows of the facts by the columns given."""
        where = " AND ".join(f"{name} = ?{n}" for n, name in enumerate(key, 1))
        self.write(f"DELETE FROM {table} WHERE {where}", *key.values())
        self.facts_changed = True


Clock = Callable[[], int]
"""Microseconds since 1970."""
