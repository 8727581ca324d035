"""What all rows share: a row and its result, the other ends, and a server that runs under load."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Literal, Protocol

from msgspec import Struct, field

from bench import profiling, world
from bench.bars import Bar, Peers
from bench.load import Caller, Load, Poster, Request, Signer, Writer
from bench.product import Cpu, Product
from bench.sinks import Callbacks, Carrier
from bench.tally import FIRST, BenchError, Tally
from bench.world import CALLED, GUARDED, KEYS, LOGIN, PASSWORD, QUIET, SENDER, Line, Stores

PATIENCE = 60.0
"""Seconds that a run may take."""
SETTLE = 0.25
"""Seconds after a run in which doubles would still come."""


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


class Work(Struct, frozen=True):
    """One kind of load in closed loop."""

    size: int
    """Receivers in a job."""
    connections: int
    count: int
    """Messages of a full run."""
    called: bool
    """A callback for each message."""
    door: Literal["ovh", "http2sms", "smsc"] = "ovh"
    """Whose API is called."""
    guarded: bool = False
    """SMSC's usual limits hold; without callbacks."""


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
    kannel: dict[tuple[int, bool], float] = field(default_factory=dict)
    """Kannel's messages a second in this run, by connections and whether they were called back."""
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


class Server(Protocol):
    """A server as it is seen from outside."""

    @property
    def port(self) -> int:
        """Where it takes requests."""
        ...

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        ...

    def log(self) -> str:
        """Give the last lines that it wrote."""
        ...

    def cpu(self) -> Cpu:
        """Tell the processor time that it has used."""
        ...

    def memory(self) -> tuple[float, float]:
        """Tell its memory now and at its largest, in MB."""
        ...


class Loaded(ABC):
    """A server, and the connections to it."""

    product: Server
    load: Load

    @abstractmethod
    def requests(self, tally: Tally, work: Work) -> list[Request]:
        """Write the requests of a run."""

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


class Running(Loaded):
    """The product with its store, and the connections to it: `async with Running(bench, Line(...))`."""

    def __init__(self, bench: Bench, line: Line) -> None:
        self._bench = bench
        self._line = line

    async def __aenter__(self) -> "Running":
        bench = self._bench
        self.url = await bench.stores.fresh()
        await world.furnish(self.url, self._line, bench.callbacks.url)
        self.product: Product = Product(bench.folder, self.url, bench.cores)
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

    def requests(self, tally: Tally, work: Work) -> list[Request]:
        """Write the requests of a run."""
        port, service = self.product.port, GUARDED if work.guarded else CALLED if work.called else QUIET
        writers: dict[str, Writer] = {
            "ovh": Signer(port, service, KEYS),
            "http2sms": Poster(port, service, LOGIN, PASSWORD),
            "smsc": Caller(port, service, PASSWORD),
        }
        return writers[work.door].jobs(tally.first, tally.count, work.size, SENDER)

    async def audit(self, count: int) -> None:
        """Look into the store: every message delivered, none else there."""
        rows = await world.query(self.url, "SELECT state, count(*) FROM messages GROUP BY state")
        if [tuple(row) for row in rows] != [(10, count)]:
            raise BenchError(f"states in the store: {rows}, not {count} delivered")


def _sampler() -> bool:
    import sys

    return Path(sys.executable).with_name("py-spy").exists()


class Row(Struct, frozen=True):
    """A row by its name."""

    name: str
    run: Callable[[Bench], Awaitable[list[Result]]]
