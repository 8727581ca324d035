"""A dialect on a real store with one application and keys, and a client that signs, for tests of `dialects.ovh`."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from hashlib import sha1
from urllib.parse import urlencode

from argon2 import PasswordHasher
from msgspec import Struct
from tests.store.world import furnish
from tests.support import NOW, Clock

from depesza.core.facts import Owner
from depesza.core.fairness import Lanes
from depesza.core.planning import Policy
from depesza.dialects.contract import Context
from depesza.dialects.ovh import Ovh
from depesza.engine.loader import Loader
from depesza.net.http_link import Sink
from depesza.services import keys
from depesza.services.vault import Vault
from depesza.store.contract import Store
from depesza.store.opening import open_store
from depesza.store.tx import Tx
from depesza.wire.http import HttpAnswer, HttpReply, HttpRequest

RULES = tuple(
    (method, path) for path in ("/sms", "/sms/*", "/order/sms/*", "/me") for method in ("GET", "POST", "PUT", "DELETE")
)
HOST = "127.0.0.1:8080"
PASSWORD = "owner's secret"
HASHED = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


class Answer(Struct):
    """An answer, read."""

    status: int
    json: object
    headers: dict[str, str]
    text: str


class Chance:
    """Bytes that look random and are the same in every run."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, length: int) -> bytes:
        found = b""
        while len(found) < length:
            self.count += 1
            found += sha1(b"%d" % self.count).digest()
        return found[:length]


class World:
    """The dialect and a client of it."""

    def __init__(self, store: Store, clock: Clock, **context: object) -> None:
        self.store = store
        self.clock = clock
        self.vault = Vault(b"a key of sixteen octets", Chance())
        self.ovh = Ovh(
            Context(store, self.vault, Lanes(), Policy(), clock, nothing(store, clock), **context)  # type: ignore[arg-type]
        )
        self.key = self.secret = self.consumer_key = ""

    async def with_keys(self, rules: Sequence[tuple[str, str]] = RULES, **options: object) -> "World":
        """Make an application and a validated consumer key."""
        made, key = await self.store.run(keys.grant_all, self.vault, 100, "tests", "", rules, 0, self.clock.now)
        self.key, self.secret, self.consumer_key = made.row.key, made.secret, key.consumer_key
        self.application = made.row.id
        return self

    def signed(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        base: str = f"http://{HOST}",
        offset: int = 0,
        headers: dict[str, str] | None = None,
        client: str = "127.0.0.1",
    ) -> HttpRequest:
        """Write a request as clients sign it; `path` is the whole target."""
        timestamp = str(self.clock.now // 1_000_000 + offset)
        text = "+".join([self.secret, self.consumer_key, method, base + path, body.decode(), timestamp])
        signed = {
            "host": HOST,
            "x-ovh-application": self.key,
            "x-ovh-consumer": self.consumer_key,
            "x-ovh-timestamp": timestamp,
            "x-ovh-signature": "$1$" + sha1(text.encode()).hexdigest(),
        }
        return plain(method, path, body, {**signed, **(headers or {})}, client)

    async def ask(self, request: HttpRequest) -> Answer:
        """Send a request."""
        return read(await self.ovh.handle(request))

    async def call(self, method: str, path: str, value: object = None, **options: object) -> Answer:
        """Sign and send."""
        body = b"" if value is None else json.dumps(value).encode()
        return await self.ask(self.signed(method, path, body, **options))  # type: ignore[arg-type]


def plain(
    method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None, client: str = "127.0.0.1"
) -> HttpRequest:
    """Write a request without a signature."""
    bare, _, query = path.partition("?")
    return HttpRequest(method, path, bare, query, headers or {"host": HOST}, body, client, "http")


def form(path: str, fields: dict[str, str], cookie: str = "") -> HttpRequest:
    """Write a form that a browser sends."""
    return plain("POST", path, urlencode(fields).encode(), {"host": HOST, "cookie": cookie})


def read(reply: HttpReply) -> Answer:
    """Read an answer; JSON where it says so."""
    text = reply.body.decode()
    value = json.loads(text) if reply.content_type.startswith("application/json") else None
    return Answer(reply.status, value, dict(reply.headers), text)


def nothing(store: Store, clock: Clock) -> Loader:
    """There is no network here."""

    async def download(url: str, sink: Sink) -> HttpAnswer:
        return HttpAnswer(0, error="refused")

    return Loader(store, download, Policy(), clock)


async def give_password(tx: Tx) -> None:
    """Let the owner log in."""
    tx.put("owners", Owner(id=100, name="ab1-ovh", firstname="Anna", country="PL", password=HASHED))


@asynccontextmanager
async def opened(url: str, clock: Clock | None = None, **context: object) -> AsyncIterator[World]:
    """Open a store, furnish it, put the dialect in front."""
    clock = clock or Clock(NOW)
    store = await open_store(url, clock)
    await store.join(12_000_000)
    try:
        await store.run(furnish)
        await store.run(give_password)
        yield World(store, clock, **context)
    finally:
        await store.close()
