"""The setting of SMSAdvert's acceptance cases: a token, a carrier, a phone, callbacks.

Engine and fleet are the real ones; carrier and phone do as the test says. The clock stands where the cases put it.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from msgspec import Struct
from tests.dialects.ovh_auth_world import Chance, nothing
from tests.engine.scripted import Engine, Scripted, states, until
from tests.services.phone_world import FREE, PHONES, PhoneWorld
from tests.store.world import ONE, OUT, balance, furnish
from tests.support import Clock

from depesza.core.devices import AttemptState
from depesza.core.facts import ConnectorFact, Token
from depesza.core.fairness import Lanes
from depesza.core.model import MICRO, Message, Outcome, Receipt, State
from depesza.core.planning import Policy
from depesza.dialects.contract import Context
from depesza.dialects.smsadvert import SmsAdvert
from depesza.engine.notifier import Notifier, Plan
from depesza.services import audit
from depesza.services.attempts import Offer
from depesza.services.devices import Device
from depesza.services.vault import Vault
from depesza.store.contract import Store
from depesza.store.opening import open_store
from depesza.store.tx import Tx
from depesza.store.work import Work
from depesza.wire.http import HttpAnswer, HttpCall, HttpReply, HttpRequest

NOW = 1_700_000_000_000
"""Milliseconds."""
TOKEN = "T0123456789abcdefghi"
TO = "+40740123456"
BACK = "http://client.example/cb"


class Said(Struct):
    """An answer."""

    status: int
    json: dict[str, object]
    headers: dict[str, str]

    @property
    def id(self) -> str:
        """The `msgId` of a success."""
        assert self.status == 200, self.json
        found = self.json["msgId"]
        assert isinstance(found, str)
        return found


class Phone:
    """A phone of the account, which sends what it gets while it is online; it joins when it first is."""

    def __init__(self, world: PhoneWorld) -> None:
        self.online = True
        self.error = ""
        """What it says of everything."""
        self.silent = False
        """It takes what it gets into its own queue, and says nothing more."""
        self.limits = FREE
        self.sent: list[Offer] = []
        self.held: list[Offer] = []
        self._world = world
        self._device: Device | None = None

    async def look(self) -> None:
        """Join, or call; then do what there is to do."""
        if not self.online:
            return
        if self._device is None:
            self._device = await self._world.phone(limits=self.limits)
        known = {offer.attempt for offer in (*self.sent, *self.held)}
        for offer in await self._world.pull(self._device):
            if offer.attempt not in known:
                await self._send(offer)

    async def _send(self, offer: Offer) -> None:
        if self.silent:
            self.held.append(offer)
            await self._tell(offer, AttemptState.ACCEPTED)
        elif self.error:
            await self._tell(offer, AttemptState.FAILED)
        else:
            self.sent.append(offer)
            await self._tell(offer, AttemptState.ACCEPTED, AttemptState.SUBMITTED, AttemptState.SENT)

    async def deliver(self) -> None:
        """Report everything that was sent as delivered."""
        for offer in self.sent:
            await self._tell(offer, AttemptState.DELIVERED)

    async def _tell(self, offer: Offer, *states: AttemptState) -> None:
        assert self._device is not None
        await self._world.tell(self._device, offer.attempt, *states, error=self.error)


class Street(Engine):
    """The engine with callbacks."""

    notifier: Notifier

    def _work(self, work: Work) -> None:
        super()._work(work)
        self.notifier.take(work.notices)


class Booth:
    """A client program, and all that happens behind the API."""

    def __init__(self, store: Store, clock: Clock, **context: object) -> None:
        self.store = store
        self.clock = clock
        self.vault = Vault(b"a key of sixteen octets", Chance())
        lanes = Lanes()
        self.street = Street(store, clock, lanes)
        self.advert = SmsAdvert(
            Context(store, self.vault, lanes, Policy(), clock, nothing(store, clock), **context)  # type: ignore[arg-type]
        )
        self.told: list[tuple[int, HttpCall]] = []
        """Callbacks with the second, from the beginning, in which they were made."""
        self.answers: list[int] = []
        """What the next ones are answered; then 200."""
        self.street.notifier = Notifier(
            store, {"smsadvert": self.advert}, self, lambda notice, call, now: call, clock,
            Plan(own={"smsadvert": self.advert.manners}),
        )  # fmt: skip
        self.phones = PhoneWorld(store, clock, lanes)
        self.phone = Phone(self.phones)
        self.network: Scripted

    def open(self) -> None:
        """Put a carrier behind the store."""
        self.network = self.street.attach(OUT)
        self.network.answer = lambda message: Outcome(message.id, self.clock(), (f"n{message.id}",))

    # the client

    async def ask(self, method: str, target: str, body: bytes = b"", token: str | None = TOKEN, **headers: str) -> Said:
        """Send a request; what a dialect did not expect is answered as the platform does."""
        given = {"host": "127.0.0.1", **{name.replace("_", "-"): value for name, value in headers.items()}}
        if token is not None:
            given["authorization"] = token
        path, _, query = target.partition("?")
        request = HttpRequest(method, target, path, query, given, body, "127.0.0.1", "http")
        try:
            return said(await self.advert.handle(request))
        except Exception:
            return said(self.advert.failed(request))

    async def post(self, path: str = "/api/sms/", **fields: object) -> Said:
        """Send a message; a field that is `...` is left out. The phone has called a moment ago."""
        await self.phone.look()
        given = {"phone": TO, "shortTextMessage": "Bonjour", **fields}
        body = json.dumps({name: value for name, value in given.items() if value is not ...}).encode()
        return await self.ask("POST", path, body)

    async def send(self, **fields: object) -> str:
        """Send a message that is taken, and let the engine do what it can; gives the `msgId`."""
        id = (await self.post(**fields)).id
        await self.quiet()
        return id

    async def count(self) -> object:
        """Ask how many wait."""
        return (await self.ask("GET", "/api/messagequeue/count/api")).json["count"]

    async def call(self, call: HttpCall, *, timeout: float = 15.0) -> HttpAnswer:  # noqa: ASYNC109
        """Be called back."""
        self.told.append(((self.clock() // 1_000 - NOW) // 1_000, call))
        return HttpAnswer(self.answers.pop(0) if self.answers else 200)

    @property
    def news(self) -> list[dict[str, object]]:
        """What was told, in its order."""
        return [json.loads(call.body) for _, call in self.told]

    # the world

    async def quiet(self) -> None:
        """Let everything happen that can."""
        for _ in range(3):
            await self.street.due(2e-6)  # what is tried again at once is due a microsecond later
            await self.phones.fleet.turn()
            await self.phone.look()
            await self.street.quiet()
            await until(lambda: not self.street.notifier._tasks and not self.street.notifier._tried)

    async def later(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.move(seconds)
        await self.phone.look()
        self.street.dispatcher.tick()
        await self.quiet()
        self.street.notifier._release()
        await self.street.notifier._load()
        await self.quiet()

    async def report(self, message: Message, state: State = State.DELIVERED) -> None:
        """Let a carrier's receipt come for a message."""
        refusal = "undeliverable" if state is State.FAILED else ""
        receipt = Receipt(OUT, (f"n{message.id}",), state, refusal, self.clock())
        self.street.receipt(receipt, lambda taken: None)
        await self.quiet()

    async def states(self) -> list[State]:
        """Tell how all messages stand, in the order in which they were taken."""
        return [State(row[0]) for row in (await self.store.look(states)).values()]

    async def balance(self) -> float:
        """Read the credits."""
        return await self.store.look(balance) / MICRO

    async def change(self, table: str, row: Struct, **changes: object) -> None:
        """Change a row of the facts."""
        await self.store.run(_put, table, msgspec.structs.replace(row, **changes))

    async def change_account(self, **changes: object) -> None:
        """Change the account."""
        await self.change("accounts", self.store.facts.account[ONE], **changes)

    async def change_token(self, **changes: object) -> None:
        """Change the token."""
        await self.change("tokens", self.store.facts.tokens[0], **changes)

    async def events(self, kind: str) -> list[str]:
        """Read lines of all timelines."""
        return await self.store.look(_events, kind)


async def _put(tx: Tx, table: str, row: Struct) -> None:
    tx.put(table, row)


async def _events(tx: Tx, kind: str) -> list[str]:
    return [row[0] for row in await tx.query("SELECT detail FROM events WHERE kind = ?1 ORDER BY message, id", kind)]


async def _equip(tx: Tx, digest: bytes) -> None:
    tx.put("tokens", Token(id=900, account=ONE, name="shop", digest=digest))
    tx.put("connectors", ConnectorFact(id=PHONES, name="phones", kind="phones", settings="{}"))


def said(reply: HttpReply) -> Said:
    """Read an answer; every one is an object of the vendor's."""
    assert reply.content_type == "application/json; charset=utf-8"
    value = json.loads(reply.body)
    assert isinstance(value, dict)
    return Said(reply.status, value, dict(reply.headers))


@asynccontextmanager
async def booth_of(url: str, **context: object) -> AsyncIterator[Booth]:
    """Open the setting; when the case is over, the books must be even."""
    clock = Clock(NOW * 1_000)
    store = await open_store(url, clock)
    await store.join(12_000_000)
    try:
        await store.run(furnish, 5_000)
        booth = Booth(store, clock, **context)
        await store.run(_equip, booth.vault.digest(TOKEN))
        booth.open()
        await booth.street.notifier.start()
        yield booth
        found = await store.look(audit.audit, 0)
        assert found.clean, found.problems
        await booth.street.notifier.stop(1.0)
    finally:
        await store.close()
