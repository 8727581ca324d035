"""A phone's door on a real store behind a real listener, and phones that call it."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec
import zxingcpp
from argon2 import PasswordHasher
from tests.dialects.ovh_auth_world import Chance, nothing
from tests.store.world import ONE, TWO, furnished, submission
from tests.support import NOW, Clock

from depesza.core.devices import AttemptState
from depesza.core.facts import ConnectorFact, User
from depesza.core.fairness import Lanes
from depesza.core.model import Message, State
from depesza.core.planning import Policy
from depesza.core.routing import Route
from depesza.dialects.cht import ChtGateway
from depesza.dialects.contract import Context, Dialect
from depesza.dialects.smsgate_mobile import SmsGateMobile
from depesza.net.http_client import HttpClient
from depesza.net.http_server import HttpServer
from depesza.services import attempt_rows, devices, enrolment, handing, notices, progress, users
from depesza.services.attempt_rows import Attempt
from depesza.services.devices import Device, Sim
from depesza.services.enrolment import Pass
from depesza.services.submit import submit
from depesza.services.vault import Vault
from depesza.simulator.phone import Faults, Phone, PhoneSettings, loopback_client
from depesza.store.contract import Store
from depesza.store.opening import open_store
from depesza.store.tx import Tx
from depesza.store.work import Work
from depesza.wire.http import HttpAnswer, HttpCall, HttpReply, HttpRequest

PASSWORD = "a password of phones"
HASHED = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
APP = "me.capcom.smsgateway/1.68.0"
PHONES = 205
PEER = "+33601020304"


class Door:
    """The doors for phones, and those who knock."""

    def __init__(self, store: Store, clock: Clock, lanes: Lanes, client: HttpClient) -> None:
        self.store = store
        self.clock = clock
        self.lanes = lanes
        self.client = client
        self.vault = Vault(b"a key of sixteen octets", Chance())
        self.context = Context(store, self.vault, lanes, Policy(), clock, nothing(store, clock))
        self.phones = SmsGateMobile(self.context)
        self.dialects: dict[str, Dialect] = {"api": self.phones, "pair": self.phones, "cht": ChtGateway(self.context)}
        self.server = HttpServer(self.handle)
        store.listen(self.heard)

    async def handle(self, request: HttpRequest) -> HttpReply:
        """Give a request to its door."""
        return await self.dialects[request.path.split("/")[1]].handle(request)

    def heard(self, work: Work) -> None:
        """Pass on the news of a commit, as the composition does."""
        if work.bells:
            self.phones.nudge(work.bells)

    # who joins

    @property
    def url(self) -> str:
        """What is typed into the app."""
        return f"{self.server.url}/api/mobile/v1"

    async def code(self, account: int = ONE) -> str:
        """Make a code."""
        code = enrolment.new_code(self.vault.octets)
        await self.store.run(enrolment.issue, account, Pass.CODE, self.vault.digest(code), code[:2], self.clock.now)
        return code

    async def key(self, account: int = ONE) -> str:
        """Make a key."""
        key = self.vault.token(32)
        await self.store.run(enrolment.issue, account, Pass.KEY, self.vault.digest(key), key[:4], self.clock.now)
        return key

    async def phone(self, account: int = ONE, **settings: object) -> Phone:
        """Let a phone join with a code."""
        code = await self.code(account)
        wanted = PhoneSettings(url=self.url, code=code, faults=Faults(), **settings)  # type: ignore[arg-type]
        phone = Phone(wanted, self.client, lambda: self.clock.now / 1e6)
        await phone.join()
        return phone

    async def devices(self, account: int | None = None) -> list[Device]:
        """List devices."""
        return await self.store.look(devices.listing, account)

    async def sims(self, phone: Phone) -> list[Sim]:
        """List the SIM cards of a phone."""
        return await self.store.look(devices.sims, [int(phone.id)])

    # what is said

    async def ask(
        self, method: str, path: str, value: object = None, proof: str = "", agent: str = APP, body: bytes | None = None
    ) -> HttpAnswer:
        """Call the phone's door; `proof` is the whole Authorization header."""
        url = path if path.startswith("http") else self.url + path
        headers = [("User-Agent", agent), *([("Authorization", proof)] if proof else [])]
        sent = body if body is not None else b"" if value is None else msgspec.json.encode(value)
        return await self.client.call(HttpCall(method, url, tuple(headers), sent))

    # what is to be sent

    async def send(self, account: int = ONE, receiver: str = PEER) -> int:
        """Take a message; gives its id."""
        facts = self.store.facts
        asked = submission(receiver, sender="MyApp" if account == ONE else "")
        done = await self.store.run(submit, facts.account[account], asked, self.lanes, Policy(), self.clock.now)
        return done.ids[0]

    async def offer(self, account: int = ONE, receiver: str = PEER) -> tuple[int, int]:
        """Take a message and give it to a phone; gives the ids of message and attempt."""
        message = await self.send(account, receiver)
        await self.store.run(handing.hand_out, PHONES, self.lanes, self.clock.now)
        return message, (await self.store.look(attempt_rows.of_message, message))[-1].id

    async def message(self, id: int) -> Message:
        """Read a message."""
        return (await self.store.look(progress.load, [id]))[0]

    async def told(self) -> list[str]:
        """List what clients are owed about deliveries, in the order in which it was written."""
        owed = await self.store.look(notices.due, self.clock.now, 1000)
        facts = [msgspec.json.decode(notice.fact) for notice in sorted(owed, key=lambda row: row.id)]
        return [State(fact["state"]).name for fact in facts if "state" in fact]

    async def attempt(self, id: int) -> Attempt:
        """Read an attempt."""
        found = await self.store.look(attempt_rows.find, id)
        assert found is not None
        return found

    async def state(self, id: int) -> AttemptState:
        """Tell where an attempt stands."""
        return (await self.attempt(id)).state


async def _more(tx: Tx) -> None:
    tx.put("connectors", ConnectorFact(id=PHONES, name="phones", kind="phones", settings="{}"))
    tx.put("routes", Route(id=300, connectors=(PHONES,)))
    for id in (ONE, TWO):
        tx.put("accounts", msgspec.structs.replace(tx.facts.account[id], callback="http://client.example/callback"))
    await users.create(tx, User(id=0, account=ONE, login="api1", password=HASHED))


@asynccontextmanager
async def door_of(url: str, clock: Clock | None = None) -> AsyncIterator[Door]:
    """Open everything."""
    clock = clock or Clock(NOW)
    async with AsyncExitStack() as stack:
        store = await open_store(url, clock)
        stack.push_async_callback(store.close)
        await store.join(12_000_000)
        lanes = await furnished(store)
        await store.run(_more)
        client = await stack.enter_async_context(loopback_client())
        door = Door(store, clock, lanes, client)
        await door.server.start()
        stack.push_async_callback(door.server.stop, 0.2)
        yield door


def read_qr(page: str) -> str:
    """Read the QR code that a page draws, as a camera would: from its dots."""
    found = re.search(r'<svg width="(\d+)"[^>]*><path transform="scale\((\d+)\)"[^>]* d="([^"]*)"', page)
    assert found is not None
    scale, size = int(found[2]), int(found[1]) // int(found[2])
    dots = [[255] * size for _ in range(size)]
    x, y = 0, 0
    for command, numbers in re.findall(r"([Mmh])([-0-9. ]+)", found[3]):
        values = [float(number) for number in numbers.replace("-", " -").split()]
        if command == "M":
            x, y = int(values[0]), int(values[1] - 0.5)
        elif command == "m":
            x, y = x + int(values[0]), y + int(values[1])
        else:
            for n in range(x, x + int(values[0])):
                dots[y][n] = 0
            x += int(values[0])
    wide = bytes(dot for row in dots for _ in range(scale) for dot in row for _ in range(scale))
    image = memoryview(wide).cast("B", shape=[size * scale, size * scale])
    return str(zxingcpp.read_barcodes(image)[0].text)
