"""A campaign at size: a long list is fetched, merged and sent, while another account sends single messages.

What counts is not the campaign's own pace but what it does to others: the time from their requests to the carrier.
"""

import asyncio
import json
import time
import urllib.request
from collections.abc import Iterator
from hashlib import sha1

from bench import bars
from bench.load import Keys, Request, Signer
from bench.running import PATIENCE, SETTLE, Bench, Result, Running
from bench.tally import BenchError, Tally, share
from bench.world import KEYS, QUIET, SENDER, SHARING, Line, query

OTHER = SHARING[0]
"""The account that sends one by one."""
RATE = 20
"""Its messages a second."""
ROUND = 40
"""Messages after which it looks whether the campaign has ended."""
WINDOW = 200
"""Messages that may be unanswered at the carrier: what waits in a wider one, everybody waits for."""
MOST = 600 * RATE
LATE = 5.0
"""Seconds without news after which no receipt will come."""
TEXT = "Dear #name#, your code is #code#: show it before Sunday and pay half."


class ListServer:
    """A client's web server with one long file, written as it is asked for."""

    def __init__(self, first: int, count: int) -> None:
        self._first = first
        self._count = count
        self._server: asyncio.Server

    async def open(self) -> str:
        """Listen; gives the file's address."""
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/list.csv"

    def close(self) -> None:
        """Stop listening."""
        self._server.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        for page in self._pages():
            writer.write(page)
            await writer.drain()
        writer.close()

    def _pages(self) -> Iterator[bytes]:
        yield b"number;name;code\n"
        for start in range(0, self._count, 1_000):
            numbers = range(self._first + start, self._first + min(start + 1_000, self._count))
            yield b"".join(b"+%d;Customer %d;%08X\n" % (number, number % 9_973, number) for number in numbers)


def ask(port: int, keys: Keys, path: str, value: object) -> dict[str, object]:
    """Sign and POST, as the vendor's clients do; raises when the answer is no success."""
    url, body, stamp = f"http://127.0.0.1:{port}/1.0{path}", json.dumps(value), str(int(time.time()))
    signed = sha1("+".join((keys.secret, keys.consumer, "POST", url, body, stamp)).encode()).hexdigest()
    headers = {
        "X-Ovh-Application": keys.application,
        "X-Ovh-Consumer": keys.consumer,
        "X-Ovh-Timestamp": stamp,
        "X-Ovh-Signature": f"$1${signed}",
    }
    request = urllib.request.Request(url, body.encode(), headers)
    with urllib.request.urlopen(request, timeout=300) as answer:
        found: dict[str, object] = json.load(answer)
    return found


async def campaign(bench: Bench) -> list[Result]:
    """Measure a campaign, and the single messages that pass it by."""
    count = bench.count(500_000, 1_000)
    async with Running(bench, Line(bench.carrier.port, window=WINDOW)) as running:
        tally = bench.tally(count + MOST, callbacks=False)
        tally.arrivals = []
        port = running.product.port
        server = ListServer(tally.first, count)
        began = time.perf_counter()
        slot = {"csvUrl": await server.open(), "slotId": 1, "description": "bench"}
        loaded = await asyncio.to_thread(ask, port, KEYS, f"/sms/{QUIET}/receivers", slot)
        loading = time.perf_counter() - began
        server.close()
        if loaded["records"] != count:
            raise BenchError(f"{loaded['records']} of {count} rows were loaded")
        cpu = running.product.cpu()
        began = time.perf_counter()
        batch = {"slotID": "1", "from": SENDER, "message": TEXT, "noStop": True, "name": "bench"}
        sending = asyncio.create_task(asyncio.to_thread(ask, port, KEYS, f"/sms/{QUIET}/batches", batch))
        times = await _pass_by(running, bench, tally, count)
        answer = await sending
        used = running.product.cpu().since(cpu).both / count * 1e6
        memory = running.product.memory()[1]
        await _receipts(tally, count + len(times))
    _check(tally, count, len(times))
    rows = await query(running.url, "SELECT processed, total FROM campaigns")
    if [tuple(row) for row in rows] != [(count, count)] or answer["totalRecords"] != count:
        raise BenchError(f"rows planned and given: {rows}")
    mine = [at for at, place in tally.arrivals if place < count]
    waits = [(at - times[place - count]) * 1000 for at, place in tally.arrivals if place >= count]
    title = f"a campaign of {count:,}"
    return [
        Result(title=f"{title}: to the first send", value=mine[0] - began, unit="s", bar=bars.FIRST_SEND,
               note=f"its list was fetched and stored in {loading:.1f} s"),
        Result(title=f"{title}, merged texts", value=count / (mine[-1] - mine[0]), unit="msg/s", cpu=used,
               memory=memory),
        Result(title=f"{title}: another account's messages meanwhile, p99", value=share(waits, 0.99), unit="ms",
               bar=bars.PASSING_P99,
               note=f"p50 {share(waits, 0.5):.1f} ms, longest {max(waits):.0f} ms of {len(waits):,}"),
    ]  # fmt: skip


async def _pass_by(running: Running, bench: Bench, tally: Tally, count: int) -> list[float]:
    """Send single messages until the campaign is through; gives when each was asked for."""
    signer = Signer(running.product.port, OTHER, KEYS)
    times: list[float] = []
    end = time.perf_counter() + PATIENCE * 10 * max(bench.scale, 0.1)
    while tally.taken < count + len(times) and len(times) + ROUND <= MOST:
        if time.perf_counter() > end or not running.product.running:
            raise BenchError(f"{tally.taken} of {count + len(times)} after its time:\n{running.product.log()}")
        singles: list[Request] = signer.jobs(tally.first + count + len(times), ROUND, 1, SENDER)
        times += await running.load.open_loop(singles, RATE, 16, tally)
        await asyncio.sleep(0.1)
    return times


async def _receipts(tally: Tally, count: int) -> None:
    """Wait for the last receipts, and a little for what must not come."""
    while tally.acknowledged < count and time.perf_counter() - tally.last < LATE:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    await asyncio.sleep(SETTLE)


def _check(tally: Tally, count: int, singles: int) -> None:
    """Raise `BenchError` unless every message came to the carrier once."""
    wanted = tally.submitted[: count + singles]
    lost, once = wanted.count(0), wanted.count(1)
    if once != len(wanted) or tally.strange or tally.acknowledged != len(wanted):
        doubled = len(wanted) - lost - once
        raise BenchError(
            f"of {len(wanted)} messages: lost {lost}, doubled {doubled}, strange {tally.strange},"
            f" receipts {tally.acknowledged}"
        )
