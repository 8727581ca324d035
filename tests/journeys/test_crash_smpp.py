"""kill -9 while customers send over SMPP: a submit that was answered is never lost, and a receipt that was not
acknowledged comes again.
"""

import asyncio
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from random import Random

import pytest
from crash import SECRET, SERVICE, TEXT, UNDELIVERED, Carrier, Product, clean, furnish, judge, settled
from tests.simulator.simulator_client import Client, as_receipt, text_to

from depesza.net import ConnectFailed
from depesza.wire import udh
from depesza.wire.smpp.events import Closed, Requested, Responded
from depesza.wire.smpp.flags import UDHI
from depesza.wire.smpp.pdus import SubmitSm

pytestmark = [pytest.mark.anyio, pytest.mark.journey]
WINDOW = 20
ENDS = {"DELIVRD", "UNDELIV", "EXPIRED", "REJECTD"}


class Customer:
    """Binds again whenever it was cut off, sends all the time, remembers what it was answered and told."""

    def __init__(self, port: int, chance: Random) -> None:
        self.host, self.port = "127.0.0.1", port
        self.accepted: dict[int, str] = {}
        """Receiver by message id: of whole texts, and of the first parts of long ones."""
        self.told: dict[int, list[str]] = defaultdict(list)
        self.refused: Counter[str] = Counter()
        self.acknowledging = True
        self._chance = chance
        self._numbers = _numbers()
        self._sending = True
        self._over = False

    def start(self, binds: int = 3) -> None:
        """Begin."""
        self._tasks = [asyncio.create_task(self._work()) for _ in range(binds)]

    def be_quiet(self) -> None:
        """Send no more; hear what is told."""
        self._sending = False

    async def stop(self) -> None:
        """Leave."""
        self._over = True
        await asyncio.gather(*self._tasks)

    def final(self) -> set[int]:
        """Name the messages whose end was told."""
        return {id for id, words in self.told.items() if ENDS & set(words)}

    async def _work(self) -> None:
        while not self._over:
            client = Client()
            with suppress(ConnectFailed, TimeoutError, AssertionError):
                await client.connect(self)  # type: ignore[arg-type]
                await client.bind("transceiver", SERVICE, SECRET[:8])
                await self._talk(client)
            if client._link is not None:
                client.hang_up()
            await asyncio.sleep(0.03)

    async def _talk(self, client: Client) -> None:
        waiting: dict[int, str] = {}
        while not self._over:
            client.answering = self.acknowledging
            self._hear(client, waiting)
            if client.session.closed:
                return
            while self._sending and len(waiting) < WINDOW and client.session.bound:
                for pdu in self._next():
                    waiting[client.send(pdu)] = pdu.destination_addr
            await asyncio.sleep(0.005)

    def _next(self) -> list[SubmitSm]:
        receiver = str(next(self._numbers))
        if self._chance.random() < 0.8:
            return [text_to(receiver, TEXT, "Crash", registered_delivery=1)]
        parts = [udh.concat(int(receiver) & 0xFF, 2, number) + b"x" * 100 for number in (1, 2)]
        return [
            text_to(receiver, "", "Crash", registered_delivery=1, esm_class=UDHI, short_message=part) for part in parts
        ]

    def _hear(self, client: Client, waiting: dict[int, str]) -> None:
        heard, client.heard = client.heard, []
        for event in heard:
            if isinstance(event, Responded):
                receiver = waiting.pop(event.token)
                if event.status:
                    self.refused[str(event.status)] += 1
                else:
                    self.accepted[int(event.pdu.message_id)] = receiver  # type: ignore[attr-defined]
            elif isinstance(event, Requested):
                receipt = as_receipt(event.pdu)  # type: ignore[arg-type]
                assert receipt is not None and receipt.tlv_id is not None and receipt.stat is not None
                self.told[int(receipt.tlv_id)].append(receipt.stat)
            elif isinstance(event, Closed):
                return


def _numbers() -> Iterator[int]:
    """Give ordinary receivers, and some who are never reached."""
    number = 33_600_000_000
    while True:
        if number % 1000 < 900 or number % 1000 in UNDELIVERED:
            yield number
        number += 1


async def _read(url: str, sql: str) -> set[int]:
    def read() -> set[int]:
        with closing(sqlite3.connect(url)) as file:
            return {int(row[0]) for row in file.execute(sql)}

    return await asyncio.to_thread(read)


async def test_ten_kills_lose_no_submit_and_no_receipt(sqlite_url: str, tmp_path: Path, carrier: Carrier) -> None:
    chance = Random(3)
    await furnish(sqlite_url, carrier.port, "", WINDOW)
    product = Product(tmp_path, sqlite_url)
    customer = Customer(product.smpp_port, chance)
    try:
        for round in range(10):
            await product.start()
            if round == 0:
                customer.start()
            customer.acknowledging = round % 2 == 0  # every second time receipts are heard and not acknowledged
            await asyncio.sleep(chance.uniform(0.2, 1.0))
            await product.kill()
            await clean(sqlite_url)
        customer.acknowledging = True
        await product.start()
        await asyncio.sleep(0.5)
        customer.be_quiet()
        await asyncio.sleep(0.5)
        pieces = await _read(sqlite_url, "SELECT ref FROM client_refs") & customer.accepted.keys()
        alone = await _read(sqlite_url, "SELECT id FROM segments WHERE message = 0") & customer.accepted.keys()
        for id in pieces | alone:  # parts of whole texts; and parts whose other one was never answered, which wait
            del customer.accepted[id]
        found = await settled(sqlite_url, customer, customer)  # type: ignore[arg-type]
        await clean(sqlite_url)
        verdict = await judge(customer, carrier, customer, found, 10 * WINDOW)  # type: ignore[arg-type]
        while not pieces <= customer.final():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        assert len(alone) <= 10 * 3 * WINDOW
        again = sum(len(words) > 1 for words in customer.told.values())
        print(verdict, "told again:", again, "refused:", dict(customer.refused))
        assert verdict.accepted > 100 and again > 0
        await customer.stop()
        await product.stop()
    finally:
        await product.kill()
