"""The door for SMPP on a real store and a real socket, a client of ours, and the carrier's part as services."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from argon2 import PasswordHasher
from tests.dialects.ovh_auth_world import Chance
from tests.simulator.simulator_client import Client, text_to
from tests.store.world import ONE, OUT, furnish
from tests.support import NOW, Clock

from depesza.core.fairness import Lanes
from depesza.core.model import Inbound, Message, Outcome, Receipt, State
from depesza.core.planning import Policy
from depesza.dialects.contract import Context
from depesza.dialects.smpp import Door, Options
from depesza.engine.loader import Loader
from depesza.net.http_link import Sink
from depesza.services import accounts, audit, inbox, progress
from depesza.services.vault import Vault
from depesza.store.contract import Store
from depesza.store.opening import open_store
from depesza.store.tx import Tx
from depesza.store.work import Work
from depesza.wire.http import HttpAnswer
from depesza.wire.smpp.events import Bound
from depesza.wire.smpp.pdus import SubmitSm

NAME, PASSWORD = "sms-xx11111-1", "Secret12"
HASHED = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
PEER = "33601020304"
POLICY = Policy()


class Desk:
    """The door, the store behind it, and what the engine would do."""

    def __init__(self, store: Store, clock: Clock, options: Options, **more: Any) -> None:
        self.store = store
        self.clock = clock
        self.host = "127.0.0.1"
        self.lanes = Lanes()
        vault = Vault(b"a key for tests of the door", Chance())
        lists = Loader(store, _no_file, POLICY, clock)
        context = Context(store, vault, self.lanes, POLICY, clock, lists)
        self.door = Door(context, options, **more)
        store.listen(self._work)

    def _work(self, work: Work) -> None:
        self.door.take([notice for notice in work.notices if notice.collected])

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.door.port

    async def change(self, **fields: object) -> None:
        """Change the account."""
        await self.store.run(accounts.change, ONE, fields)

    async def messages(self) -> list[Message]:
        """Read all messages, the oldest first."""

        async def read(tx: Tx) -> list[Message]:
            rows = await tx.query("SELECT id FROM messages ORDER BY id")
            return sorted(await progress.load(tx, [row[0] for row in rows]), key=lambda message: message.id)

        return await self.store.look(read)

    async def only(self) -> Message:
        """Read the only message."""
        (message,) = await self.messages()
        return message

    async def rows(self, sql: str) -> list[Any]:
        """Read rows."""

        async def read(tx: Tx) -> list[Any]:
            return [tuple(row) for row in await tx.query(sql)]

        return await self.store.look(read)

    async def hand_over(self, *ids: int) -> None:
        """Let the carrier take messages; its id is `r` and ours."""
        for id in ids:
            await self.store.run(progress.claim, [id], OUT)
        messages = await self.store.look(progress.load, list(ids))
        settled = [(Outcome(m.id, self.clock.now, remotes=(f"r{m.id}",)), m) for m in messages]
        await self.store.run(progress.settle, OUT, settled, {})

    async def report(self, id: int, state: State = State.DELIVERED, refusal: str = "") -> None:
        """Let the carrier's receipt come."""
        receipt = Receipt(OUT, (f"r{id}",), state, refusal, self.clock.now)
        assert await self.store.run(progress.take_receipts, [receipt], self.clock.now) == [f"r{id}"]

    async def deliver(self, id: int, state: State = State.DELIVERED, refusal: str = "") -> None:
        """Hand over and report."""
        await self.hand_over(id)
        await self.report(id, state, refusal)

    async def answer(self, text: str, recipient: str, sender: str = f"+{PEER}") -> int:
        """Let a phone write to one of our numbers."""
        inbound = Inbound(OUT, sender, recipient, text, self.clock.now)
        return (await self.store.run(inbox.take_inbound, [inbound], POLICY, self.clock.now))[0]

    async def waiting(self) -> int:
        """Count the news that waits to be collected."""
        ((count,),) = await self.rows("SELECT COUNT(*) FROM notices WHERE state = 3")
        return int(count)

    async def connect(self, **timers: float) -> Client:
        """Open a connection."""
        client = Client()
        await client.connect(self, **timers)  # type: ignore[arg-type]
        return client

    @asynccontextmanager
    async def bound(
        self, kind: str = "transceiver", system_id: str = NAME, password: str = PASSWORD, **timers: float
    ) -> AsyncIterator[Client]:
        """Bind; the connection is cut in the end."""
        client = await self.connect(**timers)
        found = await client.bind(kind, system_id, password)
        assert isinstance(found, Bound), found
        try:
            yield client
        finally:
            client.hang_up()


async def _no_file(url: str, sink: Sink) -> HttpAnswer:
    return HttpAnswer(404)


def submit(text: str = "Hello", **fields: Any) -> SubmitSm:
    """Write a submit_sm that asks for a receipt."""
    fields.setdefault("registered_delivery", 1)
    to = fields.pop("to", PEER)
    return text_to(to, text, fields.pop("source", "MyApp"), **fields)


@asynccontextmanager
async def desk_of(
    url: str, change: Callable[[Options], Options] = lambda options: options, clock: Clock | None = None, **more: Any
) -> AsyncIterator[Desk]:
    """Open the setting with 1,000 credits; in the end the books must be even."""
    clock = clock or Clock(NOW)
    store = await open_store(url, clock)
    await store.join(12_000_000)
    try:
        await store.run(furnish, 1000, smpp=True, smpp_password=HASHED, smpp_ips=("127.0.0.1",), smpp_rate=0)
        desk = Desk(store, clock, change(Options(port=0)), **more)
        await desk.door.start()
        try:
            yield desk
        finally:
            await desk.door.stop(1.0)
        found = await store.look(audit.audit, 0)
        assert found.clean, found.problems
    finally:
        await store.close()


def options(**fields: object) -> Callable[[Options], Options]:
    """Change options."""
    return lambda before: msgspec.structs.replace(before, **fields)
