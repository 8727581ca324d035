"""kill -9 while customers send over SMPP: a submit that was answered is never lost, and a receipt that was not
acknowledged comes again.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from crash import (
    SECRET,
    SERVICE,
    TEXT,
    UNDELIVERED,
    Carrier,
    Product,
    Verdict,
    clean,
    cut_connections,
    furnish,
    judge,
    select,
    settled,
    until,
)
from tests.simulator.simulator_client import Client, as_receipt, text_to

from depesza.net import ConnectFailed
from depesza.wire import udh
from depesza.wire.smpp.events import Closed, Requested, Responded
from depesza.wire.smpp.flags import UDHI
from depesza.wire.smpp.pdus import SubmitSm

pytestmark = [pytest.mark.anyio, pytest.mark.journey]
WINDOW, LEASE = 20, 3.0
"""The lease is long enough for a machine that has other things to do."""
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
        self._waiting: dict[Client, dict[int, str]] = {}
        """Receivers of submits that are not answered yet, by bind."""
        self._sending = True
        self._over = False

    def start(self, binds: int = 3) -> None:
        """Begin."""
        self._tasks = [asyncio.create_task(self._work()) for _ in range(binds)]

    async def has_sent(self, count: int) -> None:
        """Wait until so many more were accepted."""
        wanted = len(self.accepted) + count
        await until(lambda: len(self.accepted) >= wanted)

    async def has_heard(self, count: int) -> None:
        """Send nothing until so many receipts came in all."""
        self._sending = False
        await until(lambda: self.heard >= count)
        self._sending = True

    @property
    def heard(self) -> int:
        """How many receipts came."""
        return sum(map(len, self.told.values()))

    async def be_quiet(self) -> None:
        """Send no more, and wait for all answers; what is told is heard from then on, too."""
        self._sending = False
        await until(lambda: not any(self._waiting.values()))

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
            self._waiting.pop(client, None)
            if client._link is not None:
                client.hang_up()
            await asyncio.sleep(0.03)

    async def _talk(self, client: Client) -> None:
        waiting = self._waiting[client] = {}
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


async def _ids(url: str, sql: str) -> set[int]:
    return {int(row[0]) for row in await select(url, sql)}


async def _judge(url: str, customer: Customer, carrier: Carrier, most: int) -> tuple[Verdict, int]:
    """Wait for all ends and compare; gives also how many parts wait whose other one was never answered."""
    await customer.be_quiet()
    await asyncio.sleep(0.5)  # SQLite's file shows what was answered a moment later
    pieces = await _ids(url, "SELECT ref FROM client_refs") & customer.accepted.keys()
    alone = await _ids(url, "SELECT id FROM segments WHERE message = 0") & customer.accepted.keys()
    for id in pieces | alone:
        del customer.accepted[id]
    found = await settled(url, customer, customer)
    await clean(url)
    verdict = await judge(customer, carrier, found, most)
    await until(lambda: pieces <= customer.final())
    await customer.stop()
    return verdict, len(alone)


async def kill_again_and_again(url: str, folder: Path, carrier: Carrier, *, rounds: int, seed: int) -> str:
    """Kill depesza at random moments while a customer sends and hears; gives a line for people."""
    chance = Random(seed)
    await furnish(url, carrier.port, "", WINDOW)
    product = Product(folder, url, lease=LEASE)
    customer = Customer(product.smpp_port, chance)
    try:
        for round in range(rounds):
            await product.start()
            if round == 0:
                customer.start()
            heard = customer.heard
            customer.acknowledging = round % 2 == 0  # every second time receipts are heard and not acknowledged
            await customer.has_sent(20)
            if not customer.acknowledging:
                await customer.has_heard(heard + 5)
            await asyncio.sleep(chance.uniform(0.0, 0.8))
            await product.kill()
            await clean(url)
        customer.acknowledging = True
        await product.start()
        await customer.has_sent(20)
        verdict, alone = await _judge(url, customer, carrier, rounds * WINDOW)
        await product.stop()
    finally:
        await product.kill()
    assert alone <= rounds * 3 * WINDOW
    again = sum(len(words) > 1 for words in customer.told.values())
    assert verdict.accepted > rounds * 10 and again > 0
    return f"{verdict} told again: {again} refused: {dict(customer.refused)}"


@pytest.mark.parametrize("rounds", [2, pytest.param(40, marks=pytest.mark.long)])
async def test_kills_lose_no_submit_and_no_receipt(
    store_url: str, tmp_path: Path, carrier: Carrier, rounds: int
) -> None:
    print(await kill_again_and_again(store_url, tmp_path, carrier, rounds=rounds, seed=3))


@pytest.mark.parametrize("cuts", [3, pytest.param(60, marks=pytest.mark.long)])
async def test_lost_database_connections_lose_and_double_no_submit(
    postgres_url: str, tmp_path: Path, carrier: Carrier, cuts: int
) -> None:
    chance = Random(11)
    await furnish(postgres_url, carrier.port, "", WINDOW)
    product = Product(tmp_path, postgres_url, lease=LEASE)
    customer = Customer(product.smpp_port, chance)
    try:
        await product.start()
        customer.start()
        for _ in range(cuts):
            await asyncio.sleep(chance.uniform(0.2, 0.8))
            await cut_connections(postgres_url)
            assert product.running, product.log()
        await customer.has_sent(20)
        verdict, _ = await _judge(postgres_url, customer, carrier, 0)
        assert verdict.marked == 0
        print(verdict, dict(customer.refused))
        assert await product.stop() == 0
    finally:
        await product.kill()
