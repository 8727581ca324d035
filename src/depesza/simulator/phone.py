"""A phone that runs the app SMSGate: the same calls in the same order, over real HTTP and a real stream of events.

It joins with a code or a key, learns its webhooks and settings, listens, pulls what it is to send, reports what became
of it, and tells what it receives. What it "sent" stands in `sent`. `Faults` make it die, lie and forget; receivers
whose number ends in one of `FATES` fail as on a real phone. spec: devices/2.1
"""

import asyncio
import base64
import contextlib
import hmac
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from msgspec import Struct, field

from depesza.net.guard import Guard
from depesza.net.http_client import HttpClient
from depesza.simulator.phone_words import FATES, Card, Fate, stamp, unstamp
from depesza.wire.http import HttpAnswer, HttpCall

RECONNECT = 5.0
"""Seconds from a stream that broke to the next try."""
PULL = 900.0
"""Seconds from one pull to the next where nothing else causes one."""


class PhoneError(Exception):
    """The server refused what the app cannot do without."""


class Faults(Struct):
    """How a phone misbehaves; may be changed while it runs."""

    dies_after_pull: bool = False
    """It takes messages into its queue and is never heard of again."""
    dies_after_sending: bool = False
    """It sends, and is never heard of again."""
    clock: float = 0.0
    """Seconds by which its clock is ahead (below zero: behind)."""
    repeats: bool = False
    """It tells everything twice."""
    reorders: bool = False
    """It tells the end of a message first."""
    deaf: bool = False
    """It opens no stream, and drops the one that is open."""


class PhoneSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A phone and where it registers."""

    url: str
    """What the user types as API URL."""
    code: str = ""
    key: str = ""
    name: str = "Simulated/phone"
    version: str = "1.68.0"
    sims: tuple[Card, ...] = (Card(),)
    ping: float = 60.0
    """Seconds from one system:ping to the next; 0 for none."""
    faults: Faults = field(default_factory=Faults)


class Taken(Struct):
    """A message in the phone's queue."""

    id: str
    number: str
    text: str
    sim: int
    valid: float
    states: list[tuple[str, float, str]]
    """What became of it so far: state, when, error."""


class Phone:
    """One phone: `async with running(settings)`, or `join` and then each act by itself."""

    def __init__(
        self,
        settings: PhoneSettings,
        client: HttpClient,
        now: Callable[[], float],
        watch: Callable[["Taken"], None] = lambda _: None,
    ) -> None:
        """`now` gives seconds since 1970; `watch` is told each message that leaves the phone."""
        self._watch = watch
        self.settings = settings
        self.faults = settings.faults
        self._client = client
        self._wall = now
        self.id = ""
        self._token = ""
        self._key = ""
        self.hooks: dict[str, str] = {}
        """Addresses for its news, by event."""
        self.known: dict[str, Taken] = {}
        self.sent: list[Taken] = []
        """What left for the network."""
        self.heard: list[str] = []
        """Names of the events that came."""
        self.dead = False
        self._tasks: set[asyncio.Task[object]] = set()
        self._pulling = asyncio.Lock()
        self._count = 0

    def now(self) -> float:
        """Tell the time by the phone's own clock."""
        return self._wall() + self.faults.clock

    # joining

    async def join(self) -> None:
        """Register, as at the first start; raises `PhoneError`."""
        settings = self.settings
        proof = f"Code {settings.code}" if settings.code else f"Bearer {settings.key}"
        body = {"name": settings.name, "pushToken": None, "simCards": [card.redacted(n) for n, card in self._cards()]}
        answer = await self._ask("POST", "/device", body, proof)
        if answer.status != 201:
            raise PhoneError(f"POST /device: {answer.status} {answer.error}{answer.body.decode(errors='replace')}")
        joined = msgspec.json.decode(answer.body)
        self.id, self._token = joined["id"], joined["token"]
        await self.sync()
        await self.start_up()

    async def start_up(self) -> int:
        """Tell that it has started, with all of its cards; gives the status of the answer."""
        return await self.tell("app:started", {"simCards": [card.plain(n) for n, card in self._cards()]})

    def _cards(self) -> list[tuple[int, Card]]:
        return list(enumerate(self.settings.sims, 1))

    async def restart(self) -> int:
        """Do what the app does at a later start; gives the status of its PATCH /device."""
        self.dead = False
        body = {"id": self.id, "pushToken": None, "simCards": [card.redacted(n) for n, card in self._cards()]}
        return (await self._ask("PATCH", "/device", body)).status

    async def sync(self) -> None:
        """Fetch webhooks and settings."""
        hooks = await self._fetch("/webhooks")
        self.hooks = {hook["event"]: hook["url"] for hook in hooks}
        settings = await self._fetch("/settings")
        self._key = settings.get("webhooks", {}).get("signing_key", "own-key8")

    async def _fetch(self, path: str) -> Any:
        answer = await self._ask("GET", path)
        if answer.status != 200:
            raise PhoneError(f"GET {path}: {answer.status} {answer.error}")
        return msgspec.json.decode(answer.body)

    # sending

    async def pull(self) -> list[str]:
        """Ask what is to be sent, and do it; gives the ids that were new."""
        async with self._pulling:
            answer = await self._ask("GET", "/message?order=fifo")
            if self.dead or answer.status != 200:
                return []
            return [str(each["id"]) for each in msgspec.json.decode(answer.body) if await self._meet(each)]

    async def _meet(self, message: dict[str, Any]) -> bool:
        """Take a listed message; one that is known is only reported again. Tells whether it was new."""
        id, known = str(message["id"]), self.known.get(str(message["id"]))
        if message.get("state", "Pending") == "Cancelling":
            if known is None:
                await self._report_plain(id, message["phoneNumbers"][0], "Cancelled")
            else:
                await self._cancel(known)
            return False
        if known is not None:
            await self._report(known)
            return False
        self.known[id] = taken = Taken(
            id, message["phoneNumbers"][0], _text(message), message.get("simNumber") or 1,
            unstamp(message["validUntil"]) if message.get("validUntil") else 0.0,
            [("Pending", self.now(), "")],
        )  # fmt: skip
        if self.faults.dies_after_pull:
            self.die()
        else:
            await self._send(taken)
        return True

    async def _send(self, taken: Taken) -> None:
        fate = FATES.get(taken.number[-3:], Fate())
        if taken.valid and self.now() > taken.valid:
            await self._step(taken, ("Failed", "TTL expired"))
            return
        if not 1 <= taken.sim <= len(self.settings.sims):
            await self._step(taken, ("Failed", f"Can't send message: SIM {taken.sim} not found"))
            return
        if fate.sent:
            self.sent.append(taken)
            self._watch(taken)
        if self.faults.dies_after_sending:
            self.die()
            return
        steps = [("Processed", ""), *fate.steps]
        for step in reversed(steps) if self.faults.reorders else steps:
            await self._step(taken, step)

    async def _step(self, taken: Taken, step: tuple[str, str]) -> None:
        taken.states.append((step[0], self.now(), step[1]))
        await self._report(taken)
        if self.faults.repeats:
            await self._report(taken)

    async def cancel(self, id: str) -> None:
        """Hear that a message is not wanted any more."""
        taken = self.known.get(id)
        if taken is not None:
            await self._cancel(taken)

    async def _cancel(self, taken: Taken) -> None:
        if taken.states[-1][0] == "Pending":
            taken.states.append(("Cancelled", self.now(), ""))
        await self._report(taken)

    async def _report(self, taken: Taken) -> None:
        state, _, error = taken.states[-1]
        recipient = {"phoneNumber": taken.number, "state": state} | ({"error": error} if error else {})
        times = {name: stamp(at) for name, at, _ in taken.states}
        await self._ask("PATCH", "/message", [_item(taken.id, state, recipient, times)])

    async def _report_plain(self, id: str, number: str, state: str) -> None:
        item = _item(id, state, {"phoneNumber": number, "state": state}, {state: stamp(self.now())})
        await self._ask("PATCH", "/message", [item])

    # telling

    async def receive(self, sender: str, text: str, sim: int = 1, id: str = "") -> int:
        """Receive a text and tell it; gives the status of the answer."""
        self._count += 1
        card = self.settings.sims[sim - 1]
        payload = {
            "messageId": id or f"{self._count:08x}", "message": text, "sender": sender, "phoneNumber": sender,
            "recipient": card.number, "simNumber": sim, "receivedAt": stamp(self.now()),
        }  # fmt: skip
        return await self.tell("sms:received", payload)

    async def ping(self, battery: int = 80, charging: int = 1) -> int:
        """Tell how it is; gives the status of the answer."""
        checks = {
            "battery:level": {"status": "pass", "observedValue": battery, "observedUnit": "percent"},
            "battery:charging": {"status": "pass", "observedValue": charging, "observedUnit": "flags"},
            "connection:status": {"status": "pass", "observedValue": 1, "observedUnit": "boolean"},
            "connection:transport": {"status": "pass", "observedValue": 4, "observedUnit": "flags"},
            "connection:cellular": {"status": "pass", "observedValue": 4, "observedUnit": "index"},
            "messages:failed": {"status": "pass", "observedValue": 0, "observedUnit": "messages"},
        }
        version = self.settings.version
        return await self.tell("system:ping", {"health": {"status": "pass", "version": version, "checks": checks}})

    async def tell(self, event: str, payload: dict[str, Any]) -> int:
        """Call the webhook of an event, signed; gives the status of the answer, 0 where nobody wants to know."""
        if event not in self.hooks:
            return 0
        self._count += 1
        news = {"id": f"{self.id}-{self._count}", "webhookId": event, "event": event, "deviceId": self.id}
        return await self.post_hook(event, msgspec.json.encode(news | {"payload": payload}))

    async def post_hook(self, event: str, body: bytes) -> int:
        """Sign and post a body to the webhook of an event."""
        at = str(int(self.now()))
        signature = hmac.new(self._key.encode(), body + at.encode(), "sha256").hexdigest()
        headers = (("Content-Type", "application/json"), ("X-Timestamp", at), ("X-Signature", signature))
        for _ in range(2 if self.faults.repeats else 1):
            answer = await self._client.call(HttpCall("POST", self.hooks[event], headers, body))
        return answer.status

    # living

    def start(self) -> None:
        """Listen, pull and ping from now on."""
        for work in (self._listen(), self._pull_often(), self._ping_often()):
            self._keep(work)

    def _keep(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def die(self) -> None:
        """Stop at once, with all that is in the queue."""
        self.dead = True
        for task in self._tasks:
            task.cancel()

    async def stop(self) -> None:
        """Die, and wait until that is done."""
        self.die()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _listen(self) -> None:
        while not self.dead:
            if not self.faults.deaf:
                self._keep_pulling()
                await self.listen()
            await asyncio.sleep(RECONNECT)

    async def listen(self) -> HttpAnswer:
        """Hear events until the stream ends."""
        rest = b""

        def take(piece: bytes) -> None:
            nonlocal rest
            *frames, rest = (rest + piece).split(b"\n\n")
            for frame in frames:
                self._hear(frame.decode())

        call = HttpCall("GET", self.settings.url + "/events", self._headers(f"Bearer {self._token}"))
        return await self._client.listen(call, take, timeout=86_400.0)

    def _hear(self, frame: str) -> None:
        lines = dict(line.partition(": ")[::2] for line in frame.split("\n") if not line.startswith(":"))
        if not lines:
            return
        name = lines.get("event", "MessageEnqueued")
        self.heard.append(name)
        if name == "MessageEnqueued":
            self._keep_pulling()
        elif name == "MessageCancelled":
            self._keep(self.cancel(msgspec.json.decode(lines["data"])["messageId"]))
        elif name in ("SettingsUpdated", "WebhooksUpdated"):
            self._keep(self.sync())

    def _keep_pulling(self) -> None:
        self._keep(self.pull())

    async def _pull_often(self) -> None:
        while True:
            await asyncio.sleep(PULL)
            await self.pull()

    async def _ping_often(self) -> None:
        while self.settings.ping:
            await asyncio.sleep(self.settings.ping)
            await self.ping()
            await self.pull()

    # HTTP

    async def _ask(self, method: str, path: str, body: object = None, proof: str = "") -> HttpAnswer:
        if self.dead:
            return HttpAnswer(0, error="dead")
        headers = self._headers(proof or f"Bearer {self._token}")
        payload = b"" if body is None else msgspec.json.encode(body)
        return await self._client.call(HttpCall(method, self.settings.url + path, headers, payload))

    def _headers(self, proof: str) -> tuple[tuple[str, str], ...]:
        agent = f"me.capcom.smsgateway/{self.settings.version}"
        return (("User-Agent", agent), ("Authorization", proof), ("Content-Type", "application/json"))


def _text(message: dict[str, Any]) -> str:
    if message.get("dataMessage"):
        return base64.b64decode(message["dataMessage"]["data"]).decode("latin-1")
    return str((message.get("textMessage") or {}).get("text") or message.get("message") or "")


def _item(id: str, state: str, recipient: dict[str, str], times: dict[str, str]) -> dict[str, Any]:
    return {"id": id, "state": state, "recipients": [recipient], "states": times}


def read_phone(place: str, habits: Mapping[str, object]) -> PhoneSettings:
    """Read `URL#CODE`, and how the phone is: settings and faults by name. Raises `PhoneError`, `ValidationError`."""
    url, _, code = place.partition("#")
    if not url or not code:
        raise PhoneError(f"{place}: it is written URL#CODE")
    faults = {name: value for name, value in habits.items() if name in Faults.__struct_fields__}
    others = {name: value for name, value in habits.items() if name not in faults}
    return msgspec.convert({"url": url, "code": code, "faults": faults} | others, PhoneSettings)


def loopback_client() -> HttpClient:
    """Make a client that may call this machine: the simulated phone lives on it."""
    return HttpClient(Guard(allowed_networks=["127.0.0.0/8", "::1/128"], allowed_hosts=[]))


@asynccontextmanager
async def running(
    settings: PhoneSettings, now: Callable[[], float], watch: Callable[[Taken], None] = lambda _: None
) -> AsyncIterator[Phone]:
    """Let a phone join and live; raises `PhoneError` where it is not let in."""
    async with loopback_client() as client:
        phone = Phone(settings, client, now, watch)
        await phone.join()
        phone.start()
        try:
            yield phone
        finally:
            with contextlib.suppress(asyncio.CancelledError):
                await phone.stop()
