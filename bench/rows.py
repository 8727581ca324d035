"""The rows: what is done, what is measured, and which bars it must reach.

Each row starts a fresh store and a fresh process of the product. A run ends with the last receipt or callback, and
counts only when every message was submitted, reported and called back exactly once.
"""

import asyncio
import time
from collections.abc import Sequence
from statistics import median

from bench import bars, smpp, world
from bench.bars import Bar, Peers
from bench.cycle import cycle, once
from bench.load import Request, Signer
from bench.product import Product
from bench.running import PATIENCE, Bench, Result, Row, Running, Work
from bench.tally import BenchError, share
from bench.world import ACCOUNTS, KEYS, QUIET, SENDER, SHARING, Line

RATE = 200
"""Messages a second, of the latency row and of the slow carrier."""


# latency


async def latency(bench: Bench) -> list[Result]:
    """Measure from the moment before a POST is written to its submit_sm at the carrier, at a fixed rate."""
    count = bench.count(10 * RATE)
    async with Running(bench, Line(bench.carrier.port)) as running:
        work = Work(1, 16, count, called=True)
        await once(running, bench, work, max(100, count // 5))
        tally = bench.tally(count, callbacks=True)
        tally.arrivals = []
        requests = running.requests(tally, work)
        cpu = running.product.cpu()
        times = await running.load.open_loop(requests, RATE, 64, tally)
        await running.finish(tally)
        used = running.product.cpu().since(cpu).both / count * 1e6
        memory = running.product.memory()[1]
    waits = [(at - times[place]) * 1000 for at, place in tally.arrivals]
    title = f"accept to carrier at {RATE} msg/s"
    p50, p99 = share(waits, 0.5), share(waits, 0.99)
    return [
        Result(title=f"{title}, p50", value=p50, unit="ms", bar=bars.LATENCY_P50, peers=bars.KANNEL_P50),
        Result(
            title=f"{title}, p99", value=p99, unit="ms", bar=bars.LATENCY_P99, peers=bars.KANNEL_P99, cpu=used,
            memory=memory, note=f"longest {max(waits):.1f} ms of {count:,}",
        ),
    ]  # fmt: skip


# carriers that slow us down


async def throttled(bench: Bench) -> list[Result]:
    """Compare the time for the same work with 5 % of the submits throttled, and with none."""
    count = bench.count(5_000, 100)
    work = Work(100, 4, count, called=False)
    async with Running(bench, Line(bench.carrier.port)) as running:
        await once(running, bench, work, max(100, count // 500 * 100))
        plain = [(await once(running, bench, work, count)).seconds for _ in range(bench.repeats)]
        bench.carrier.throttle = 0.05
        try:
            slow = []
            refused = 0
            for _ in range(bench.repeats):
                slow.append((await once(running, bench, work, count)).seconds)
                assert bench.carrier.tally is not None
                refused += bench.carrier.tally.throttled
        finally:
            bench.carrier.throttle = 0.0
    note = f"{median(plain):.2f} s without, {median(slow):.2f} s with {refused // bench.repeats} refused"
    title = f"5 % answered RTHROTTLED, {count:,} messages: times the time without"
    return [
        Result(
            title=title, value=median(slow) / median(plain), unit="x", bar=bars.THROTTLED,
            peers=bars.KANNEL_THROTTLED, note=note,
        )
    ]  # fmt: skip


async def slow_carrier(bench: Bench, accounts: Sequence[str]) -> list[Result]:
    """Measure how much of a set rate is used, whether it is kept, and how fairly accounts share it."""
    each = max(bench.count(10 * RATE), 3 * RATE) // len(accounts)
    async with Running(bench, Line(bench.carrier.port, rate=RATE)) as running:
        tally = bench.tally(each * len(accounts), callbacks=False)
        tally.arrivals = []
        requests: list[Request] = []
        for place, name in enumerate(accounts):
            signer = Signer(running.product.port, name, KEYS)
            requests += signer.jobs(tally.first + place * each, each, each, SENDER)
        late = asyncio.ensure_future(_lateness())
        await running.load.closed_loop(requests, 1, tally)
        posted = time.perf_counter()
        await running.finish(tally)
        late.cancel()
        lag = await late
    used, busiest = _pace([at for at, _ in tally.arrivals])
    if busiest > RATE * (1 + lag) + 1:
        raise BenchError(
            f"{busiest} in one second, where {RATE} are allowed; we heard {lag * 1000:.0f} ms late at most"
        )
    title = f"a carrier that allows {RATE} msg/s, {len(accounts)} account{'s' * (len(accounts) > 1)}"
    found = [
        Result(
            title=f"{title}: share used",
            value=used,
            unit="%",
            bar=bars.RATE,
            note=f"busiest second {busiest}, heard {lag * 1000:.0f} ms late at most",
        )
    ]
    if len(accounts) > 1:
        smallest, largest = _shares(tally.arrivals, posted, each, len(accounts))
        found.append(
            Result(
                title=f"{title}: smallest part of the largest", value=100 * smallest / largest, unit="%",
                bar=bars.FAIR, note=f"{smallest} to {largest} each while all waited",
            )
        )  # fmt: skip
    return found


async def _lateness() -> float:
    """Watch until cancelled how late this process is woken at most: what waited meanwhile seems to come at once."""
    worst = 0.0
    try:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.002)
            worst = max(worst, time.perf_counter() - before - 0.002)
    except asyncio.CancelledError:
        return worst


def _pace(times: Sequence[float]) -> tuple[float, int]:
    """Tell the percent of the rate that was used from first to last, and the most in any second."""
    used = (len(times) - 1) / (times[-1] - times[0]) / RATE * 100
    first, most = 0, 0
    for last, at in enumerate(times):
        while at - times[first] >= 1.0:
            first += 1
        most = max(most, last - first + 1)
    return used, most


def _shares(arrivals: Sequence[tuple[float, int]], since: float, each: int, accounts: int) -> tuple[int, int]:
    """Count what each account got while all waited: since a time, until one was done; gives smallest and largest."""
    sent, counts = [0] * accounts, [0] * accounts
    for at, place in arrivals:
        account = place // each
        sent[account] += 1
        counts[account] += at >= since
        if sent[account] == each:
            break
    return min(counts), max(counts)


# a large queue


async def queued(bench: Bench) -> list[Result]:
    """Start with a long queue on disk: seconds to the first submit, and memory."""
    count = bench.count(1_000_000, 1_000)
    carrier = bench.carrier
    url = await bench.stores.fresh()
    await world.furnish(url, Line(carrier.port), bench.callbacks.url)
    tally = bench.tally(count, callbacks=False)
    await world.fill(url, tally.first, count)
    product = Product(bench.folder, url, bench.cores)
    began = time.perf_counter()
    tally.arrivals = []
    await product.start()
    while not tally.arrivals:
        if time.perf_counter() - began > PATIENCE:
            await product.kill()
            raise BenchError(f"nothing was sent in {PATIENCE:g} s:\n{product.log()}")
        await asyncio.sleep(0.005)
    first = tally.arrivals[0][0] - began
    memory = product.memory()[0]
    await asyncio.sleep(5 * min(1.0, bench.scale * 4))
    flow = tally.taken / (time.perf_counter() - began - first)
    largest = product.memory()[1]
    await product.stop()
    rows = await world.query(url, f"SELECT count(*) FROM messages WHERE account = {ACCOUNTS[QUIET]}")
    if rows[0][0] != count or tally.doubled or tally.strange:
        raise BenchError(f"{rows[0][0]} of {count} in the store, {tally.doubled} doubled, {tally.strange} strange")
    title = f"start with {count:,} queued"
    return [
        Result(title=f"{title}: to the first send", value=first, unit="s", bar=bars.START),
        Result(
            title=f"{title}: memory", value=largest, unit="MB", bar=bars.START_MEMORY, memory=largest,
            note=f"{memory:.0f} MB at the first send; then {flow:,.0f} msg/s",
        ),
    ]  # fmt: skip


# the list


def _cycle(name: str, title: str, work: Work, bar: Bar | None = None, peers: Peers | None = None) -> Row:
    return Row(name, lambda bench: cycle(bench, title, work, bar, peers))


def _cycles() -> list[Row]:
    """Make the rows in closed loop, each with and without callbacks."""
    found = []
    for connections, count, bar, quiet, peers in (
        (1, 1_500, None, None, None),
        (16, 12_000, bars.SINGLE, bars.SINGLE_QUIET, bars.KANNEL_16),
        (64, 12_000, bars.SINGLE, bars.SINGLE_QUIET, bars.KANNEL_64),
    ):
        title = f"single posts, {connections} connection{'s' * (connections > 1)}"
        found += [
            _cycle(f"single-{connections}", title, Work(1, connections, count, True), bar, peers),
            _cycle(f"single-{connections}-quiet", f"{title}, no callback", Work(1, connections, count, False), quiet),
        ]
    forms = Work(1, 16, 12_000, called=True, door="http2sms")
    found.append(_cycle("http2sms-16", "http2sms posts, 16 connections", forms, bars.SINGLE, bars.KANNEL_16))
    for called, bar in ((True, bars.SINGLE), (False, bars.SINGLE_QUIET)):
        title = "SMSC's send.php, 16 connections" + ("" if called else ", no callback")
        work = Work(1, 16, 12_000, called, door="smsc")
        found.append(_cycle("smsc-16" + ("" if called else "-quiet"), title, work, bar))
    title = "SMSC's send.php, 16 connections, no callback, repeats and floods counted"
    found.append(_cycle("smsc-16-guarded", title, Work(1, 16, 12_000, called=False, door="smsc", guarded=True)))
    for size, connections, bar, quiet, peers in (
        (10, 16, None, None, bars.KANNEL_TEN),
        (100, 8, None, None, None),
        (1_000, 4, bars.THOUSANDS, bars.THOUSANDS_QUIET, None),
    ):
        title = f"jobs of {size:,} receivers"
        found += [
            _cycle(f"jobs-{size}", title, Work(size, connections, 20_000, True), bar, peers),
            _cycle(f"jobs-{size}-quiet", f"{title}, no callback", Work(size, connections, 40_000, False), quiet),
        ]
    for called, bar in ((True, bars.THOUSANDS), (False, bars.THOUSANDS_QUIET)):
        title = "SMSC's lists of 1,000 lines" + ("" if called else ", no callback")
        work = Work(1_000, 4, 20_000 if called else 40_000, called, door="smsc")
        found.append(_cycle("smsc-list-1000" + ("" if called else "-quiet"), title, work, bar))
    return found


ROWS: tuple[Row, ...] = (
    *_cycles(),
    Row("smpp", smpp.through),
    Row("smpp-smsc", smpp.counted),
    Row("latency", latency),
    Row("throttled", throttled),
    Row("rate", lambda bench: slow_carrier(bench, SHARING[:1])),
    Row("rate-5", lambda bench: slow_carrier(bench, SHARING)),
    Row("million", queued),
)
