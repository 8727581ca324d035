"""Campaigns to long lists: watched, paused, resumed, cancelled and killed, while another account's messages pass by."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp import web
from crash import SERVICE, Carrier, Product, clean, furnish, signed, wall_clock

from depesza.core import ledger
from depesza.core.facts import Account, Sender
from depesza.core.ids import of_uuid
from depesza.core.model import MICRO
from depesza.services import campaigns
from depesza.services.campaigns import Campaign
from depesza.store.contract import Store
from depesza.store.opening import open_store
from depesza.store.tx import Tx

pytestmark = [pytest.mark.anyio, pytest.mark.journey]

SMALL, LARGE = 5_000, 500_000
OTHER, OTHERS = "sms-cc11111-2", 102
MEMORY, GROWTH = 350.0, 80.0
"""Bars of the large run, in MB."""
FIRST_SEND = 10.0
PASSING = 2.0
"""Seconds in which a single message gets to a carrier, however busy the machine of the tests is."""


class ListServer:
    """A client's web server with one long list; the receivers are ordinary ones to the simulator: below 900."""

    def __init__(self, count: int) -> None:
        self._count = count

    async def __aenter__(self) -> str:
        site = web.Application()
        site.router.add_get("/list.csv", self._answer)
        self._runner = web.AppRunner(site, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/list.csv"

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(b"number;name;age\n")
        for page in self._pages():
            await answer.write(page)
        return answer

    def _pages(self) -> Iterator[bytes]:
        for start in range(0, self._count, 900):
            thousand = 33_600_000_000 + start // 900 * 1_000
            rows = range(min(900, self._count - start))
            yield b"".join(b"+%d;Customer %d;%d\n" % (thousand + n, start + n, n % 90) for n in rows)


class House:
    """A platform, its carrier, and whoever asks them something."""

    def __init__(self, url: str, product: Product, carrier: Carrier, session: aiohttp.ClientSession) -> None:
        self.url = url
        self.product = product
        self.carrier = carrier
        self._session = session

    async def call(self, method: str, path: str, value: object = None) -> Any:
        """Sign, call, expect 200."""
        body = b"" if value is None else msgspec.json.encode(value)
        url = f"http://127.0.0.1:{self.product.port}/1.0/sms/{path}"
        async with self._session.request(method, url, data=body, headers=signed(method, url, body)) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def load(self, address: str, count: int) -> float:
        """Load the list into a slot; gives the seconds that took."""
        began = time.monotonic()
        found = await self.call("POST", f"{SERVICE}/receivers", {"csvUrl": address, "slotId": 1, "description": "all"})
        assert found["records"] == count
        return time.monotonic() - began

    async def begin(self) -> str:
        """Begin a batch for the slot; gives its id."""
        body = {"slotID": "1", "from": "Crash", "message": "Hi #name#, #age#!", "noStop": True, "name": "all"}
        return str((await self.call("POST", f"{SERVICE}/batches", body))["id"])

    async def batch(self, id: str) -> dict[str, Any]:
        """Read it, as a client does."""
        found: dict[str, Any] = await self.call("GET", f"{SERVICE}/batches/{id}")
        return found

    async def figures(self, id: str) -> dict[str, Any]:
        """Read its statistics."""
        found: dict[str, Any] = await self.call("GET", f"{SERVICE}/batches/{id}/statistics")
        return found

    async def planned(self, id: str, rows: int, seconds: float = 60.0) -> None:
        """Wait until so many rows are planned."""
        end = time.monotonic() + seconds
        while (await self.batch(id))["processedRecords"] < rows:
            assert time.monotonic() < end, self.product.log()
            await asyncio.sleep(0.02)

    async def reaches(self, id: str, status: str, seconds: float = 60.0) -> None:
        """Wait for a status; fails when so many seconds pass without any progress."""
        end, last = time.monotonic() + seconds, {}
        while (found := await self.batch(id))["status"] != status:
            end = time.monotonic() + seconds if found != last else end
            last = found
            assert time.monotonic() < end, f"{found}\n{self.product.log()}"
            await asyncio.sleep(0.1)

    async def pass_by(self) -> float:
        """Send one message of the other account; gives the seconds until the carrier has it."""
        began = time.monotonic()
        body = {"message": "x", "sender": "Other", "receivers": ["+33699999100"], "noStopClause": True}
        (id,) = (await self.call("POST", f"{OTHER}/jobs", body))["ids"]
        while not (await self.call("GET", f"{OTHER}/outgoing/{id}"))["sentAt"]:
            assert time.monotonic() - began < 30
            await asyncio.sleep(0.01)
        return time.monotonic() - began

    @asynccontextmanager
    async def desk(self) -> AsyncIterator[Store]:
        """Open the store beside the platform, as commands do."""
        store = await open_store(self.url, wall_clock)
        try:
            yield store
        finally:
            await store.close()

    async def pause(self, id: str) -> None:
        """Pause a batch and wait until all that waited is held."""
        async with self.desk() as store:
            assert await store.run(campaigns.pause, of_uuid(id), wall_clock()) is not None
            end = time.monotonic() + 60
            while (await self._campaign(store, id)).paused != campaigns.PAUSED:
                assert time.monotonic() < end
                await asyncio.sleep(0.05)

    async def resume(self, id: str) -> None:
        """Let it go on."""
        async with self.desk() as store:
            assert await store.run(campaigns.resume, of_uuid(id), wall_clock()) is not None

    async def cancel(self, id: str) -> None:
        """Take back what waits, as an operator may even when a part was sent."""
        async with self.desk() as store:
            assert await store.run(campaigns.cancel, of_uuid(id), wall_clock()) is not None

    @staticmethod
    async def _campaign(store: Store, id: str) -> Campaign:
        found = await store.look(campaigns.find, of_uuid(id))
        assert found is not None
        return found

    async def submits(self) -> int:
        """Count what the carrier was handed."""
        return int((await self.carrier.stats())["submits"])


async def add_another(tx: Tx) -> None:
    """Write the other account."""
    tx.put("accounts", Account(id=OTHERS, owner=100, name=OTHER))
    tx.put("senders", Sender(account=OTHERS, name="Other"))
    await tx.book(ledger.topup(OTHERS, 1_000 * MICRO, 0, 1, tx.new_id()))


@asynccontextmanager
async def open_house(url: str, folder: Path, window: int) -> AsyncIterator[House]:
    """Start everything; in the end every message and every credit is accounted for."""
    carrier, product = Carrier(folder, "--lean"), Product(folder, url)
    try:
        await carrier.start()
        await furnish(url, carrier.port, "", window)
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=120)) as session:
            house = House(url, product, carrier, session)
            async with house.desk() as store:
                await store.run(add_another)
            await product.start()
            yield house
        await product.stop()
        await clean(url)
    finally:
        await product.kill()
        await carrier.kill()


async def test_a_campaign_is_paused_and_resumed_and_another_one_cancelled(sqlite_url: str, tmp_path: Path) -> None:
    async with ListServer(SMALL) as address, open_house(sqlite_url, tmp_path, window=20) as house:
        await house.load(address, SMALL)
        id = await house.begin()
        await house.planned(id, SMALL // 10)
        assert await house.pass_by() < PASSING
        await house.pause(id)
        held = await house.figures(id)
        assert (await house.batch(id))["processedRecords"] < SMALL
        assert await house.pass_by() < PASSING
        assert (await house.figures(id))["pending"] == held["pending"]
        await house.resume(id)
        await house.reaches(id, "COMPLETED")
        assert (await house.batch(id))["errors"] == []
        cancelled = await house.begin()
        await house.planned(cancelled, SMALL // 10)
        await house.cancel(cancelled)
        await house.reaches(cancelled, "CANCELED")
        before = await house.submits()
        some = await house.figures(cancelled)
        assert (some["pending"], some["failed"]) == (0, 0)
        assert 0 < some["sent"] + some["delivered"] < SMALL
        all = await house.figures(id)
        assert (all["credits"], all["pending"], all["sent"] + all["delivered"]) == (SMALL, 0, SMALL)
        assert before == await house.submits() == SMALL + 2 + some["sent"] + some["delivered"]
        assert (await house.call("GET", SERVICE))["creditsLeft"] == 10_000_000 - SMALL - some["credits"]


@pytest.mark.long
async def test_half_a_million_rows_are_loaded_sent_killed_paused_and_finished(sqlite_url: str, tmp_path: Path) -> None:
    async with ListServer(LARGE) as address, open_house(sqlite_url, tmp_path, window=500) as house:
        loading = await house.load(address, LARGE)
        memory = [house.product.memory()]
        began = time.monotonic()
        id = await house.begin()
        while not await house.submits():
            assert time.monotonic() - began < 3 * FIRST_SEND, house.product.log()
            await asyncio.sleep(0.02)
        first = time.monotonic() - began
        await house.planned(id, LARGE // 10, 300)
        memory.append(house.product.memory())
        singles = [await house.pass_by() for _ in range(20)]
        await house.product.kill()
        await house.product.start()
        await house.planned(id, LARGE // 5, 300)
        await house.pause(id)
        held = await house.figures(id)
        await asyncio.sleep(3)
        later = await house.figures(id)
        assert later["pending"] == held["pending"]
        assert later["sent"] + later["delivered"] == held["sent"] + held["delivered"]
        await house.resume(id)
        await house.planned(id, LARGE // 2, 600)
        memory.append(house.product.memory())
        await house.reaches(id, "COMPLETED", 120)
        memory.append(house.product.memory())
        print(
            f"loaded in {loading:.1f} s, first send after {first:.1f} s, singles {max(singles) * 1000:.0f} ms at most,"
            f" all in {time.monotonic() - began:.0f} s, memory {[round(mb) for mb in memory]} MB"
        )
        all = await house.figures(id)
        assert (all["credits"], all["pending"], all["failed"]) == (LARGE, 0, 0)
        assert all["sent"] + all["delivered"] == LARGE
        doubled = await house.submits() - LARGE - len(singles)
        assert 0 <= doubled <= 500, "more than the unanswered window was sent twice"
        assert first < FIRST_SEND
        assert max(memory) < MEMORY
        assert memory[-1] - memory[1] < GROWTH
        assert max(singles) < PASSING
