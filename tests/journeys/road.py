"""The whole road: a platform as its operator makes it, a carrier over SMPP, a customer with the vendor's own client.

The customer knows the platform's address, an application key and its owner's password; all else comes over the wire.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import msgspec
import ovh
import ovh.client
import pytest
import requests
from aiohttp import web
from msgspec import Struct

import depesza.connectors
from depesza.app import App
from depesza.connectors.contract import Link
from depesza.services import audit, desired, wishes
from depesza.settings import Settings
from depesza.simulator.run import Simulator
from depesza.simulator.settings import SimulatorSettings

OWNER, PASSWORD = "ab1-ovh", "owner's secret"
SERVICE = "sms-xx11111-1"
APPLICATION, SECRET = "roadApplication1", "roadSecret" * 3
PHONE = "+33601020304"
FINAL = (1, 2, 16)
PATIENCE = 15.0


async def until(ask: Callable[[], Awaitable[bool]]) -> None:
    """Ask again and again until the answer is yes."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if await ask():
                return
            await asyncio.sleep(0.02)


class Heard(Struct, frozen=True):
    """One callback."""

    method: str
    path: str
    query: dict[str, str]
    form: dict[str, str]
    headers: dict[str, str]
    body: bytes
    target: str
    """Path and query, octet for octet."""


class Ear:
    """A customer's web server: takes every callback and answers 200, or what `answers` holds first."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.before_answer: Callable[[Heard], object] | None = None
        """Called in a thread while the platform waits for our answer; what it gives is put in `seen`."""
        self.seen: list[Any] = []
        self.answers: list[tuple[int, str]] = []
        """Statuses and texts for the next callbacks."""
        self._more = asyncio.Condition()

    async def start(self) -> None:
        """Listen."""
        site = web.Application()
        site.router.add_route("*", "/{any:.*}", self._take)
        self._runner = web.AppRunner(site, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Close."""
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        form = {name: str(value) for name, value in (await request.post()).items()}
        heard = Heard(
            request.method, request.path, dict(request.query), form, dict(request.headers), body, request.raw_path
        )
        if self.before_answer is not None:
            self.seen.append(await asyncio.to_thread(self.before_answer, heard))
        async with self._more:
            self.heard.append(heard)
            self._more.notify_all()
        status, text = self.answers.pop(0) if self.answers else (200, "")
        return web.Response(status=status, text=text, headers={"Location": f"{self.url}/elsewhere"})

    async def wait_for(self, count: int, fits: Callable[[Heard], bool] = lambda _: True) -> list[Heard]:
        """Wait until so many callbacks fit; gives them in the order they came."""
        async with asyncio.timeout(PATIENCE), self._more:
            await self._more.wait_for(lambda: sum(map(fits, self.heard)) >= count)
        return [heard for heard in self.heard if fits(heard)]


class Road:
    """A running platform with everything around it."""

    def __init__(self, app: App, simulator: Simulator, ear: Ear, address: str) -> None:
        self.app = app
        self.simulator = simulator
        self.ear = ear
        self.address = address
        """Of the platform, as its customer calls it."""
        self.client: ovh.Client

    async def call(self, method: str, path: str, **fields: object) -> Any:
        """Call below the account with the vendor's client."""
        return await asyncio.to_thread(getattr(self.client, method), f"/sms/{SERVICE}{path}", **fields)

    async def send(self, message: str = "Test message", *receivers: str, **fields: object) -> int:
        """Send to one receiver; gives the message's id."""
        fields.setdefault("senderForResponse", "sender" not in fields)
        report = await self.call("post", "/jobs", message=message, receivers=receivers or [PHONE], **fields)
        (id,) = report["ids"]
        return int(id)

    async def ended(self, id: int, path: str = "/outgoing") -> dict[str, Any]:
        """Ask for a message until it has its end."""
        shown: dict[str, Any] = {}

        async def asked() -> bool:
            shown.update(await self.call("get", f"{path}/{id}"))
            return shown["deliveryReceipt"] in FINAL

        await until(asked)
        return shown

    async def inbox(self, phone: str = PHONE) -> list[dict[str, Any]]:
        """Give the texts that a phone received."""
        texts = (await self._simulated("GET", f"/phones/{phone.lstrip('+')}"))["texts"]
        return [text for text in texts if text["direction"] == "received"]

    async def answer(self, to: str, text: str, phone: str = PHONE) -> None:
        """Let a phone write to one of our numbers."""
        await self._simulated("POST", f"/phones/{phone.lstrip('+')}/reply", {"to": to, "text": text})

    async def _simulated(self, method: str, path: str, value: object = None) -> Any:
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, self.simulator.url + path, json=value) as reply,
        ):
            assert reply.status < 300, await reply.text()
            return await reply.json()

    async def get_keys(self) -> None:
        """Ask for a consumer key and approve it on the page, as the owner does in a browser."""
        self.client = ovh.Client(endpoint="depesza", application_key=APPLICATION, application_secret=SECRET)
        request = self.client.new_consumer_key_request()
        request.add_recursive_rules(ovh.API_READ_WRITE, "/sms")
        made = await asyncio.to_thread(request.request)
        assert made["state"] == "pendingValidation"
        assert made["validationUrl"].startswith(self.address)
        shown = await asyncio.to_thread(approve, made["validationUrl"])
        assert shown.status_code == 200, shown.text

    async def audited(self) -> None:
        """Hold the store to its books."""
        report = await self.app.store.look(audit.audit, 0)
        assert report.clean, report.problems


def approve(url: str) -> requests.Response:
    """Accept on the page that a validationUrl leads to, as the owner does in a browser."""
    with requests.Session() as browser:
        shown = browser.get(url, timeout=PATIENCE)
        fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', shown.text))
        fields |= {"login": OWNER, "password": PASSWORD, "decision": "accept", "validity": "1d"}
        return browser.post(url.partition("?")[0], data=fields, timeout=PATIENCE)


def furniture(port: int) -> dict[str, Any]:
    """What the operator keeps in a file: everything that the journey needs."""
    smpp = {"host": "127.0.0.1", "port": port, "system_id": "demo", "password": "demo", "reconnect_first": 0.05}
    return {
        "owners": [{"name": OWNER, "password": PASSWORD}],
        "accounts": [{"name": SERVICE, "owner": OWNER, "credit": {"initial": 100}, "timezone": "Europe/Paris"}],
        "senders": [{"account": SERVICE, "name": "MyApp"}],
        "applications": [{"owner": OWNER, "name": "road", "key": APPLICATION, "secret": SECRET}],
        "connectors": [{"name": "carrier", "kind": "smpp", "settings": smpp}],
        "routes": [{"connectors": ["carrier"]}],
    }


async def apply(app: App, tree: Mapping[str, Any]) -> None:
    """Do what `depesza apply` does with a file."""
    means = desired.Means(depesza.connectors.check, depesza.connectors.carries, lambda: app.vault, "tests")
    wish = await asyncio.to_thread(desired.with_hashes, wishes.wish(tree), app.store.facts, lambda: app.vault)
    await app.store.run(desired.apply, wish, means, app.now())


def settings(url: str, **http: object) -> Settings:
    """Settings of a platform that may call this machine."""
    return msgspec.convert(
        {
            "store": {"url": url},
            "http": {"port": 0, **http},
            "ops": {"port": -1},
            "security": {"key": "a key of sixteen octets", "allow_private": ["127.0.0.0/8"]},
            "messages": {"quiet": "none"},
            "callbacks": {"schedule": [0.1, 0.1, 0.1]},
        },
        Settings,
    )


def introduce(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Make the vendor's client know an address as the endpoint `depesza`."""
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setitem(ovh.client.ENDPOINTS, "depesza", f"{address}/1.0")


@asynccontextmanager
async def built(
    url: str, monkeypatch: pytest.MonkeyPatch, name: str = "", *, keys: bool = True, **http: object
) -> AsyncIterator[Road]:
    """Build a road over a migrated store; `name` is the host by which the customer calls, who gets `keys`."""
    async with AsyncExitStack() as stack:
        simulator = await stack.enter_async_context(Simulator(SimulatorSettings(time_scale=0.05)))
        ear = Ear()
        await ear.start()
        stack.push_async_callback(ear.stop)
        app = App(settings(url, **http))
        await app.start()
        stack.push_async_callback(app.stop, 5.0)
        await apply(app, furniture(simulator.port))

        async def linked() -> bool:
            return any(connector.health.link is Link.UP for connector in app.connectors.values())

        await until(linked)
        address = app.url.replace("127.0.0.1", name) if name else app.url
        introduce(monkeypatch, address)
        road = Road(app, simulator, ear, address)
        if keys:
            await road.get_keys()
        yield road
