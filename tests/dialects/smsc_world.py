"""The setting of SMSC's acceptance cases (F0): a login, an API key, money in roubles, a carrier, a clock that stands.

The engine is the real one; the carrier does as the test says.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import quote_from_bytes

import msgspec
from argon2 import PasswordHasher
from msgspec import Struct
from tests.dialects.ovh_auth_world import Chance, nothing
from tests.engine.scripted import Engine, Scripted, until
from tests.store.world import OUT
from tests.support import Clock

from depesza.core import ledger
from depesza.core.facts import Account, ConnectorFact, Login, Owner, Sender, Token
from depesza.core.fairness import Lanes
from depesza.core.model import MICRO, Channel, Message, Outcome, Receipt, State
from depesza.core.planning import Policy
from depesza.core.pricing import Price
from depesza.core.ranges import Range
from depesza.core.routing import Route
from depesza.dialects.contract import Context
from depesza.dialects.smsc import Smsc
from depesza.engine.notifier import Notifier, Plan
from depesza.services import audit
from depesza.services.logins import digests
from depesza.services.vault import Vault
from depesza.store.contract import Store
from depesza.store.opening import open_store
from depesza.store.tx import Tx
from depesza.store.work import Work
from depesza.wire.http import HttpAnswer, HttpCall, HttpReply, HttpRequest

ALEX = 1001
NOW = 1_768_467_600 * MICRO
"""15.01.2026 12:00:00 in Moscow."""
Q = "login=alex&psw=123"
PHONE = "79999999999"
OTHER = "79999999998"
TO = f"+{PHONE}"


class Street(Engine):
    """The engine with callbacks."""

    notifier: Notifier

    def _work(self, work: Work) -> None:
        super()._work(work)
        self.notifier.take(work.notices)


class Bureau:
    """A client's program, and all that happens behind the API."""

    def __init__(self, store: Store, clock: Clock, vault: Vault, **context: object) -> None:
        self.store = store
        self.clock = clock
        self.vault = vault
        self.lanes = Lanes()
        self.street = Street(store, clock, self.lanes)
        self.smsc = Smsc(
            Context(store, vault, self.lanes, Policy(), clock, nothing(store, clock), **context)  # type: ignore[arg-type]
        )
        self.told: list[HttpCall] = []
        """Callbacks, in the order in which they were made."""
        self.street.notifier = Notifier(
            store, {"smsc": self.smsc}, self, lambda notice, call, now: call, clock,  # type: ignore[dict-item]
            Plan(own={"smsc": self.smsc.manners}),
        )  # fmt: skip
        self.network: Scripted

    def open(self) -> None:
        """Put a carrier behind the store."""
        self.network = self.street.attach(OUT, capacity=1000)
        self.network.answer = lambda message: Outcome(message.id, self.clock(), (f"n{message.id}",))

    # the client

    async def ask(
        self,
        target: str,
        body: bytes = b"",
        *,
        method: str = "",
        kind: str = "application/x-www-form-urlencoded",
        client: str = "127.0.0.1",
    ) -> HttpReply:
        """Send a request: `/sys/send.php?login=…`."""
        path, _, query = target.partition("?")
        headers = {"host": "smsc.example", "content-type": kind}
        method = method or ("POST" if body else "GET")
        return await self.smsc.handle(HttpRequest(method, target, path, query, headers, body, client, "http"))

    async def get(self, script: str, query: str = "", **params: object) -> str:
        """Call a script as alex; gives the answer's text."""
        return (await self.raw(script, query, **params)).decode("cp1251")

    async def raw(self, script: str, query: str = "", **params: object) -> bytes:
        """Call a script as alex; gives the answer's octets."""
        parts = [Q, query, form(params)]
        return (await self.ask(f"/sys/{script}.php?{'&'.join(filter(None, parts))}")).body

    async def send(self, query: str = "", **params: object) -> str:
        """Send case 1's message, or what is given instead."""
        usual: dict[str, object] = {} if "list" in params else {"phones": PHONE, "mes": "Hello!"}
        return await self.get("send", query, **{**usual, **params})

    # the world

    async def call(self, call: HttpCall, *, timeout: float = 15.0) -> HttpAnswer:  # noqa: ASYNC109
        """Be called back."""
        self.told.append(call)
        return HttpAnswer(200)

    async def quiet(self) -> None:
        """Let everything happen that can."""
        notifier = self.street.notifier
        for _ in range(3):
            await self.street.due(2e-6)
            await self.street.quiet()
            await until(lambda: not notifier._tasks and not notifier._tried)

    async def later(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.move(seconds)
        self.street.dispatcher.tick()
        await self.quiet()

    async def report(self, message: Message, state: State = State.DELIVERED, refusal: str = "") -> None:
        """Let a carrier's receipt come for a message."""
        receipt = Receipt(OUT, (f"n{message.id}",), state, refusal, self.clock())
        self.street.receipt(receipt, lambda taken: None)
        await self.quiet()

    @property
    def sent(self) -> list[Message]:
        """All that the carrier was handed."""
        return self.network.sent

    async def balance(self) -> str:
        """Read what alex has."""
        return await self.store.look(_balance)

    async def spend_to(self, left: int) -> None:
        """Leave alex so many micro-units."""
        await self.store.run(_spend_to, left)

    async def change(self, table: str, row: Struct, **changes: object) -> None:
        """Change a row of the facts."""
        await self.store.run(_put, table, msgspec.structs.replace(row, **changes))

    async def change_account(self, **changes: object) -> None:
        """Change alex's account."""
        await self.change("accounts", self.store.facts.account[ALEX], **changes)

    async def change_limits(self, **changes: object) -> None:
        """Change alex's limits."""
        await self.change("limits", self.store.facts.limits_of(ALEX), **changes)

    async def add(self, table: str, row: Struct) -> None:
        """Add a row to the facts."""
        await self.store.run(_put, table, row)

    async def lead(self, channel: Channel, micro: int = 1_000_000, row: int = 0) -> None:
        """Open a way for a channel, to all receivers and at one price."""
        place = 500 + list(Channel).index(channel)
        await self.add("routes", Route(id=row or place, connectors=(OUT,), channel=channel))
        await self.add("prices", Price(id=row or place, micro=micro, currency="RUR", channel=channel))

    async def rows(self, sql: str) -> list[tuple[object, ...]]:
        """Read from the tables."""
        return await self.store.look(_rows, sql)


def form(params: Mapping[str, object]) -> str:
    """Write parameters as a query, texts in windows-1251, octets as they are."""
    written = []
    for name, value in params.items():
        octets = value if isinstance(value, bytes) else str(value).encode("cp1251")
        written.append(f"{name}={quote_from_bytes(octets, safe='')}")
    return "&".join(written)


async def _put(tx: Tx, table: str, row: Struct) -> None:
    tx.put(table, row)


async def _balance(tx: Tx) -> str:
    return ledger.two_decimals((await tx.wallet(ALEX)).balance)


async def _spend_to(tx: Tx, left: int) -> None:
    spent = (await tx.wallet(ALEX)).balance - left
    await tx.book(ledger.adjust(ALEX, -spent, 0, NOW, tx.new_id(), currency="RUR"))


async def _rows(tx: Tx, sql: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in await tx.query(sql)]


async def _furnish(tx: Tx, key: bytes, md5: str, sha1: str) -> None:
    tx.put("owners", Owner(id=100, name="alex", currency="RUR"))
    tx.put(
        "accounts",
        Account(id=ALEX, owner=100, name="alex", currency="RUR", timezone="Europe/Moscow", home="smsc"),
    )
    tx.put("logins", Login(id=1002, account=ALEX, name="alex", md5=md5, sha1=sha1))
    tx.put("tokens", Token(id=1003, account=ALEX, name="key", digest=key))
    tx.put("senders", Sender(account=ALEX, name="ivan"))
    tx.put("connectors", ConnectorFact(id=OUT, name="out", kind="virtual", settings="{}"))
    tx.put("routes", Route(id=300, prefix="7", connectors=(OUT,)))
    tx.put("ranges", Range(prefix="7999", operator="МТС", mcc="250", mnc="01", region="Москва"))
    tx.put("prices", Price(id=400, micro=1_400_000, prefix="7999", currency="RUR"))
    tx.put("prices", Price(id=401, micro=300_000, prefix="7999", currency="RUR", channel=Channel.HLR))
    await tx.book(ledger.topup(ALEX, 101_900_000, 0, 1, tx.new_id(), currency="RUR"))
    (await tx.wallet(ALEX)).serial = 1233


@asynccontextmanager
async def bureau_of(url: str, **context: object) -> AsyncIterator[Bureau]:
    """Open the setting; when the case is over, the books must be even."""
    clock = Clock(NOW)
    store = await open_store(url, clock)
    try:
        await store.join(60 * MICRO)
        vault = Vault(b"a key of sixteen octets", Chance())
        vault._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # as slow as tests can bear
        md5, sha1 = digests("123")
        await store.run(_furnish, vault.digest("KEY1"), vault.hash_password(md5), vault.hash_password(sha1))
        bureau = Bureau(store, clock, vault, **context)
        bureau.open()
        await bureau.street.notifier.start()
        yield bureau
        await bureau.quiet()
        report = await store.look(audit.audit, 0)
        assert report.clean, report.problems
        await bureau.street.notifier.stop(1.0)
    finally:
        await store.close()
