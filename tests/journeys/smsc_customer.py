"""A client of SMSC's API that outlives depesza: sends, lists and campaigns, all of which it remembers with the answer.

Whatever got no answer is asked again, as the vendor's clients do: within a minute the same request is refused when
the first one was taken.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator
from random import Random
from typing import Any

import aiohttp
import msgspec
from aiohttp import web
from crash import KEY, TEXT, Ear, ordinary, until
from msgspec import Struct

from depesza.core import ledger
from depesza.core.facts import Account, Limits, Owner, Sender, Token
from depesza.core.model import MICRO
from depesza.core.pricing import Price
from depesza.net.clock import wall_clock
from depesza.services.vault import Vault
from depesza.store.opening import open_store
from depesza.store.tx import Tx

SHOP, APIKEY = 102, "an API key of the shop's"
PRICE, PAID_IN = 1_400_000, 1_000_000 * MICRO
DUPLICATE = "duplicate request, wait a minute"
AT_ONCE = 500
"""Messages whose status is asked for by one request."""
FINAL = {1, 20}
"""Delivered, and undeliverable."""

Name = tuple[str, str]
"""Id and receiver: how the client calls a message."""


class Asked(Struct):
    """A request that was made."""

    script: str
    form: dict[str, str]
    receivers: list[str]
    ref: str = ""
    """What was answered; empty until then."""
    kept: bool = False
    """It got no answer, but was refused as a duplicate when it was made again."""

    @property
    def names(self) -> list[Name]:
        """Name the messages, where the client can."""
        ref = self.ref or (self.form.get("id", "") if self.kept else "")
        return [(ref, receiver) for receiver in self.receivers] if ref else []


class SmscEar(Ear):
    """Where the shop is called back."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: dict[Name, list[int]] = defaultdict(list)
        """Statuses by message, in the order they came."""

    async def _take(self, request: web.Request) -> web.Response:
        form = await request.post()
        self.heard[str(form["id"]), str(form["phone"])].append(int(str(form["status"])))
        return web.Response()

    def final(self) -> set[Name]:  # type: ignore[override]
        """Name the messages whose end was told."""
        return {name for name, statuses in self.heard.items() if FINAL & set(statuses)}


class Customer:
    """Sends over several connections, and asks again when it was cut off."""

    def __init__(self, port: int, chance: Random, campaigns: float = 0.01) -> None:
        self.asked: list[Asked] = []
        """What was taken, as far as the client knows."""
        self.unanswered: list[Asked] = []
        self.refused: Counter[str] = Counter()
        self._base = f"http://127.0.0.1:{port}/sys/"
        self._chance = chance
        self._campaigns = campaigns
        """How many requests are campaigns."""
        self._numbers = ordinary(33_600_000_000)
        self._count = 0
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def accepted(self) -> dict[Name, str]:
        """Receiver by name."""
        return {name: name[1] for asked in self.asked for name in asked.names}

    def start(self, workers: int = 6) -> None:
        """Begin to send."""
        self._stopped = False
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))
        self._tasks = [asyncio.create_task(self._work()) for _ in range(workers)]

    async def has_asked(self, count: int) -> None:
        """Wait until so many more requests were taken."""
        wanted = len(self.asked) + count
        await until(lambda: len(self.asked) >= wanted)

    async def be_quiet(self) -> None:
        """Finish what is under way, and send no more."""
        self._stopped = True
        await asyncio.gather(*self._tasks)

    async def stop(self) -> None:
        """Leave."""
        await self.be_quiet()
        await self._session.close()

    async def _work(self) -> None:
        while not self._stopped:
            try:
                await self.ask(self._next())
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                self.refused[type(error).__name__] += 1
                await asyncio.sleep(0.02)

    # asked

    def _next(self) -> Asked:
        """Make the next request: to one, to several, a list, now and then a campaign; with an id or without."""
        if self._chance.random() < self._campaigns:
            return self.campaign(300)
        receivers = [next(self._numbers) for _ in range(self._chance.choice((1, 1, 2, 4)))]
        texts = [f"{TEXT} {receiver}" for receiver in receivers]
        if self._chance.random() < 0.4:
            form = {"list": "\n".join(f"{to}:{text}" for to, text in zip(receivers, texts, strict=True))}
        else:
            form = {"phones": ",".join(map(str, receivers)), "mes": TEXT}
        if self._chance.random() < 0.5:
            form["id"] = self._id()
        return Asked("send", form, [str(receiver) for receiver in receivers])

    def campaign(self, count: int) -> Asked:
        """Make a campaign with an id of the client's, to so many."""
        receivers = [str(next(self._numbers)) for _ in range(count)]
        form = {"add": "1", "name": "Spring", "phones": ",".join(receivers), "mes": TEXT, "id": self._id()}
        return Asked("jobs", form, receivers)

    def _id(self) -> str:
        self._count += 1
        return f"order-{self._count}"

    async def ask(self, asked: Asked) -> None:
        """Make a request, and remember whether it was taken; raises for a lost connection."""
        try:
            answer = await self.call(asked.script, asked.form)
        except aiohttp.ClientConnectorError:  # nobody has heard of it
            raise
        except (aiohttp.ClientError, OSError, TimeoutError):
            self.unanswered.append(asked)
            raise
        if "error" in answer:
            self.refused[answer["error"]] += 1
            return
        asked.ref = str(answer["id"])
        assert asked.ref == asked.form.get("id", asked.ref)
        self.asked.append(asked)

    async def ask_again(self) -> None:
        """Repeat what got no answer: it is taken now, or refused because it was taken; nothing is taken twice."""
        repeated, self.unanswered = self.unanswered, []
        for asked in repeated:
            answer = await self.call(asked.script, asked.form)
            asked.kept = answer.get("error") == DUPLICATE
            assert asked.kept or "id" in answer, answer
            asked.ref = str(answer.get("id", ""))
            self.asked.append(asked)
        for asked in [*repeated, *self.asked[-3:]]:
            assert (await self.call(asked.script, asked.form)).get("error") == DUPLICATE

    async def call(self, script: str, form: dict[str, str]) -> Any:
        """Call a script; gives what JSON says."""
        data = {**form, "apikey": APIKEY, "fmt": "3", "charset": "utf-8"}
        async with self._session.post(f"{self._base}{script}.php", data=data) as answer:
            assert answer.status == 200, await answer.text()
            return msgspec.json.decode(await answer.read())

    # told

    async def statuses(self, names: list[Name]) -> dict[Name, int]:
        """Ask how messages stand."""
        told: dict[Name, int] = {}
        for page in _pages(names):
            ids, phones = (",".join(column) for column in zip(*page, strict=True))
            rows = await self.call("status", {"id": f"{ids},", "phone": phones})
            told |= {(str(row["id"]), row["phone"]): row["status"] for row in rows}
        return told


def _pages(names: list[Name]) -> Iterator[list[Name]]:
    for start in range(0, len(names), AT_ONCE):
        yield names[start : start + AT_ONCE]


async def open_shop(url: str, callback: str) -> None:
    """Write an account in roubles into a store that has a carrier."""

    async def write(tx: Tx) -> None:
        digest = Vault(KEY.encode(), lambda count: b"\x07" * count).digest(APIKEY)
        tx.put("owners", Owner(id=110, name="shop", currency="RUR"))
        tx.put("accounts", Account(id=SHOP, owner=110, name="shop", currency="RUR", home="smsc", callback=callback))
        tx.put("limits", Limits(account=SHOP, status_lists=0))
        tx.put("tokens", Token(id=111, account=SHOP, name="key", digest=digest))
        tx.put("senders", Sender(account=SHOP, name="Shop"))
        tx.put("prices", Price(id=401, micro=PRICE, currency="RUR"))
        await tx.book(ledger.topup(SHOP, PAID_IN, 0, 1, tx.new_id(), currency="RUR"))

    store = await open_store(url, wall_clock)
    await store.run(write)
    await store.close()
