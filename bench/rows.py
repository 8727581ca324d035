"""The rows: what is done, what is measured, and which bars it must reach. docs/design.md, section 9.

Each row starts a fresh store and a fresh process of the product. A run ends with the last receipt or callback, and
counts only when every message was submitted, reported and called back exactly once.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from statistics import median

from msgspec import Struct, field

from bench import bars, profiling, world
from bench.bars import Bar, Peers
from bench.load import Load, Poster, Request, Signer
from bench.product import Cpu, Product, sample
from bench.sinks import Callbacks, Carrier
from bench.tally import FIRST, BenchError, Tally, share
from bench.world import ACCOUNTS, CALLED, KEYS, LOGIN, PASSWORD, QUIET, SENDER, SHARING, Line, Stores

PATIENCE = 60.0
"""Seconds that a run may take."""
SETTLE = 0.25
"""Seconds after a run in which doubles would still come."""
LONG_ENOUGH = 3.0
"""Seconds of work in one run; more messages would not tell more."""
RATE = 200
"""Messages a second, of the latency row and of the slow carrier."""
PROFILED = 8.0
"""Seconds that a profile watches."""


class Result(Struct, frozen=True, kw_only=True):
    """One line of the table."""

    title: str
    value: float
    unit: str
    bar: Bar | None = None
    peers: Peers | None = None
    cpu: float = 0.0
    """Microseconds of the product's processor time for one message."""
    ours: float = 0.0
    """The same of load generator and sinks."""
    memory: float = 0.0
    """MB at the most."""
    note: str = ""


class Bench(Struct, kw_only=True):
    """What all rows share."""

    folder: Path
    stores: Stores
    carrier: Carrier
    callbacks: Callbacks
    cores: Sequence[int]
    """Those of the product."""
    scale: float = 1.0
    """Part of the full number of messages."""
    repeats: int = 3
    profile: bool = False
    tops: list[str] = field(default_factory=list)
    """Lines of the profile."""
    used: int = 0
    """Receivers used so far."""

    def count(self, full: int, step: int = 1) -> int:
        """Scale a number of messages, in whole jobs of `step`."""
        return max(step, int(full * self.scale) // step * step)

    def tally(self, count: int, *, callbacks: bool) -> Tally:
        """Begin a run: receivers that nobody used, counted by both sinks."""
        tally = Tally(FIRST + self.used, count, callbacks=callbacks)
        self.used += count
        self.carrier.tally = self.callbacks.tally = tally
        return tally


class Running:
    """The product with its store, and the connections to it: `async with Running(bench, Line(...))`."""

    def __init__(self, bench: Bench, line: Line) -> None:
        self._bench = bench
        self._line = line

    async def __aenter__(self) -> "Running":
        bench = self._bench
        self.url = await bench.stores.fresh()
        await world.furnish(self.url, self._line, bench.callbacks.url)
        self.product = Product(bench.folder, self.url, bench.cores)
        traced = bench.profile and not _sampler()
        await self.product.start(bench.folder / "profile.trace" if traced else None)
        self.load = Load(self.product.port)
        await asyncio.wait_for(bench.carrier.bound.wait(), 20)
        return self

    async def __aexit__(self, kind: object, *_: object) -> None:
        self.load.close()
        if kind is None:
            await self.product.stop()
        else:
            await self.product.kill()
        trace = self._bench.folder / "profile.trace"
        if trace.exists():
            self._bench.tops = profiling.top(trace)
            trace.unlink()

    def jobs(self, tally: Tally, size: int, service: str, *, forms: bool = False) -> list[Request]:
        """Write the requests of a run: signed jobs, or forms for http2sms."""
        port = self.product.port
        writer = Poster(port, service, LOGIN, PASSWORD) if forms else Signer(port, service, KEYS)
        return writer.jobs(tally.first, tally.count, size, SENDER)

    async def finish(self, tally: Tally) -> None:
        """Wait until all has come, and a little for what must not come; raises `BenchError`."""
        end = time.perf_counter() + PATIENCE
        while not tally.complete:
            if time.perf_counter() > end or not self.product.running:
                tally.check()
                raise BenchError(f"not complete after {PATIENCE:g} s:\n{self.product.log()}")
            await asyncio.sleep(0.005)
        await asyncio.sleep(SETTLE)
        tally.check()

    async def audit(self, count: int) -> None:
        """Look into the store: every message delivered, none else there."""
        rows = await world.query(self.url, "SELECT state, count(*) FROM messages GROUP BY state")
        if [tuple(row) for row in rows] != [(10, count)]:
            raise BenchError(f"states in the store: {rows}, not {count} delivered")


def _sampler() -> bool:
    import sys

    return Path(sys.executable).with_name("py-spy").exists()


# throughput


class Work(Struct, frozen=True):
    """One kind of load in closed loop."""

    size: int
    """Receivers in a job."""
    connections: int
    count: int
    """Messages of a full run."""
    called: bool
    """A callback for each message."""
    forms: bool = False
    """Through http2sms instead of signed jobs."""


class Run(Struct, frozen=True):
    """What one run took."""

    seconds: float
    cpu: Cpu
    ours: float
    messages: int


async def _once(running: Running, bench: Bench, work: Work, count: int) -> Run:
    tally = bench.tally(count, callbacks=work.called)
    requests = running.jobs(tally, work.size, CALLED if work.called else QUIET, forms=work.forms)
    await running.load.connect(work.connections)
    cpu, ours, began = running.product.cpu(), time.process_time(), time.perf_counter()
    await running.load.closed_loop(requests, work.connections, tally)
    await running.finish(tally)
    return Run(tally.last - began, running.product.cpu().since(cpu), time.process_time() - ours, count)


async def cycle(bench: Bench, title: str, work: Work, bar: Bar | None, peers: Peers | None) -> list[Result]:
    """Measure whole cycles in closed loop; the middle one of some runs counts."""
    full = bench.count(work.count, work.size)
    async with Running(bench, Line(bench.carrier.port)) as running:
        warm = max(work.size, full // 5 // work.size * work.size)
        runs = [await _once(running, bench, work, warm)]
        enough = int(runs[0].messages / runs[0].seconds * LONG_ENOUGH) // work.size * work.size
        full = max(work.size, min(full, enough))
        if bench.profile:
            runs += await _profiled(running, bench, work, full)
        else:
            runs += [await _once(running, bench, work, full) for _ in range(bench.repeats)]
        memory = running.product.memory()[1]
    await running.audit(sum(run.messages for run in runs))
    runs = runs[1:]
    rates = sorted(run.messages / run.seconds for run in runs)
    messages = sum(run.messages for run in runs)
    return [
        Result(
            title=title, value=median(rates), unit="msg/s", bar=bar, peers=peers,
            cpu=sum(run.cpu.both for run in runs) / messages * 1e6,
            ours=sum(run.ours for run in runs) / messages * 1e6,
            memory=memory,
            note=_remark(rates, runs),
        )
    ]  # fmt: skip


def _remark(rates: Sequence[float], runs: Sequence[Run]) -> str:
    both, kernel = sum(run.cpu.both for run in runs), sum(run.cpu.system for run in runs)
    words = [f"{rates[0]:,.0f} to {rates[-1]:,.0f} in {len(rates)} runs"] if len(rates) > 1 else []
    return ", ".join([*words, f"{100 * kernel / (both or 1):.0f} % of the CPU in the kernel"])


async def _profiled(running: Running, bench: Bench, work: Work, full: int) -> list[Run]:
    """Run for as long as the sampler watches."""
    raw = bench.folder / "profile.raw"
    sampler = await sample(running.product.pid, PROFILED, raw)
    runs = [await _once(running, bench, work, full)]
    while sampler is not None and sampler.returncode is None:
        runs.append(await _once(running, bench, work, full))
    if sampler is not None:
        bench.tops = profiling.top(raw)
    return runs


# latency


async def latency(bench: Bench) -> list[Result]:
    """Measure from the moment before a POST is written to its submit_sm at the carrier, at a fixed rate."""
    count = bench.count(10 * RATE)
    async with Running(bench, Line(bench.carrier.port)) as running:
        await _once(running, bench, Work(1, 16, count, called=True), max(100, count // 5))
        tally = bench.tally(count, callbacks=True)
        tally.arrivals = []
        requests = running.jobs(tally, 1, CALLED)
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
        await _once(running, bench, work, max(100, count // 500 * 100))
        plain = [(await _once(running, bench, work, count)).seconds for _ in range(bench.repeats)]
        bench.carrier.throttle = 0.05
        try:
            slow = []
            refused = 0
            for _ in range(bench.repeats):
                slow.append((await _once(running, bench, work, count)).seconds)
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


class Row(Struct, frozen=True):
    """A row by its name."""

    name: str
    run: Callable[[Bench], Awaitable[list[Result]]]
    quick: bool = True
    """Runs with --quick."""


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
    forms = Work(1, 16, 12_000, called=True, forms=True)
    found.append(_cycle("http2sms-16", "http2sms posts, 16 connections", forms, bars.SINGLE, bars.KANNEL_16))
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
    return found


ROWS: tuple[Row, ...] = (
    *_cycles(),
    Row("latency", latency),
    Row("throttled", throttled),
    Row("rate", lambda bench: slow_carrier(bench, SHARING[:1])),
    Row("rate-5", lambda bench: slow_carrier(bench, SHARING)),
    Row("million", queued),
)
