"""Whole cycles in closed loop: how many messages a second, and what each costs."""

import time
from collections.abc import Sequence
from statistics import median

from msgspec import Struct
from msgspec.structs import replace

from bench import profiling
from bench.bars import Bar, Peers
from bench.product import Cpu, sample
from bench.running import Bench, Loaded, Result, Running, Work
from bench.world import Line

LONG_ENOUGH = 3.0
"""Seconds of work in one run; more messages would not tell more."""
PROFILED = 8.0
"""Seconds that a profile watches."""


class Run(Struct, frozen=True):
    """What one run took."""

    seconds: float
    cpu: Cpu
    ours: float
    messages: int


async def once(loaded: Loaded, bench: Bench, work: Work, count: int) -> Run:
    """Send `count` messages and wait for all that they bring; raises `BenchError` unless each went its way once."""
    tally = bench.tally(count, callbacks=work.called)
    requests = loaded.requests(tally, work)
    await loaded.load.connect(work.connections)
    cpu, ours, began = loaded.product.cpu(), time.process_time(), time.perf_counter()
    await loaded.load.closed_loop(requests, work.connections, tally)
    await loaded.finish(tally)
    return Run(tally.last - began, loaded.product.cpu().since(cpu), time.process_time() - ours, count)


async def cycle(bench: Bench, title: str, work: Work, bar: Bar | None, peers: Peers | None) -> list[Result]:
    """Measure whole cycles in closed loop; the middle one of some runs counts."""
    beside: list[Run] = []
    async with Running(bench, Line(bench.carrier.port)) as running:
        warm, full = await warmed(running, bench, work)
        if bench.profile:
            runs = await _profiled(running, bench, work, full)
        elif work.door == "ovh":
            runs = await repeated(running, bench, work, full)
        else:
            ovh = replace(work, door="ovh", guarded=False)
            warm += (await warmed(running, bench, ovh))[0]
            runs, beside = await _alternated(running, bench, work, ovh, full)
        memory = running.product.memory()[1]
    await running.audit(warm + sum(run.messages for run in (*runs, *beside)))
    found = result(title, runs, memory)
    if beside:
        found = replace(found, note=f"{found.note}, {_beside_ovh(runs, beside)}")
    measured = bench.kannel.get((work.connections, work.called)) if work.size == 1 else None
    if measured is not None:
        peers = Peers(measured, peers.jasmin if peers else 0.0)
        found = replace(found, note=f"{found.note}, Kannel measured in this run: {measured:,.0f} msg/s")
    return [replace(found, bar=bar, peers=peers)]


async def _alternated(running: Running, bench: Bench, work: Work, ovh: Work, full: int) -> tuple[list[Run], list[Run]]:
    """Do the same work through the row's API and through OVH's in turns, in one process: a pair is seconds apart.

    Twice as many runs of half the length: each is as likely as another to meet a slow moment of the machine.
    """
    half = max(work.size, full // 2 // work.size * work.size)
    runs: list[Run] = []
    beside: list[Run] = []
    for _ in range(2 * bench.repeats + 1):
        beside.append(await once(running, bench, ovh, half))
        runs.append(await once(running, bench, work, half))
    return runs, beside


def _beside_ovh(runs: Sequence[Run], beside: Sequence[Run]) -> str:
    """Hold rate and processor time of each run against those of OVH's API just before; the middle pair counts."""
    rate = median([ovh.seconds / run.seconds for run, ovh in zip(runs, beside, strict=True)])
    cpu = median([run.cpu.both / ovh.cpu.both for run, ovh in zip(runs, beside, strict=True)])
    return f"in turns with OVH: {rate:.2f} of its rate, {cpu:.2f} of its CPU"


async def warmed(loaded: Loaded, bench: Bench, work: Work) -> tuple[int, int]:
    """Warm a server up; gives the messages this took, and those of a full run that is not longer than it must."""
    full = bench.count(work.count, work.size)
    run = await once(loaded, bench, work, max(work.size, full // 5 // work.size * work.size))
    enough = int(run.messages / run.seconds * LONG_ENOUGH) // work.size * work.size
    return run.messages, max(work.size, min(full, enough))


async def repeated(loaded: Loaded, bench: Bench, work: Work, full: int) -> list[Run]:
    """Do the same run as often as was asked for."""
    return [await once(loaded, bench, work, full) for _ in range(bench.repeats)]


def result(title: str, runs: Sequence[Run], memory: float) -> Result:
    """Sum runs up."""
    rates = sorted(run.messages / run.seconds for run in runs)
    messages = sum(run.messages for run in runs)
    return Result(
        title=title, value=median(rates), unit="msg/s",
        cpu=sum(run.cpu.both for run in runs) / messages * 1e6,
        ours=sum(run.ours for run in runs) / messages * 1e6,
        memory=memory,
        note=_remark(rates, runs),
    )  # fmt: skip


def _remark(rates: Sequence[float], runs: Sequence[Run]) -> str:
    both, kernel = sum(run.cpu.both for run in runs), sum(run.cpu.system for run in runs)
    words = [f"{rates[0]:,.0f} to {rates[-1]:,.0f} in {len(rates)} runs"] if len(rates) > 1 else []
    return ", ".join([*words, f"{100 * kernel / (both or 1):.0f} % of the CPU in the kernel"])


async def _profiled(running: Running, bench: Bench, work: Work, full: int) -> list[Run]:
    """Run for as long as the sampler watches."""
    raw = bench.folder / "profile.raw"
    sampler = await sample(running.product.pid, PROFILED, raw)
    runs = [await once(running, bench, work, full)]
    while sampler is not None and sampler.returncode is None:
        runs.append(await once(running, bench, work, full))
    if sampler is not None:
        bench.tops = profiling.top(raw)
    return runs
