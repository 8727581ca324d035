"""depesza as a process of its own: started as an operator starts it, watched from outside.

CPU and memory come from /proc; a profile from py-spy where it is installed (it disturbs little), else from cProfile.
"""

import asyncio
import ctypes
import importlib.util
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from bench.tally import BenchError

ROOT = Path(__file__).parents[1]
TICKS = os.sysconf("SC_CLK_TCK")
KEY = "a key for benchmarks, nothing else"
START = 60.0
"""Seconds in which it must accept connections."""

CONFIG = """
[store]
url = "{url}"
[http]
port = {port}
[ops]
port = -1
[smpp]
port = {smpp}
window = 1000
[security]
key = "{key}"
allow_private = ["127.0.0.0/8"]
[messages]
quiet = "none"
[log]
level = "warning"
"""


def free_port() -> int:
    """Find a port that nobody holds."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def listens(port: int) -> bool:
    """Tell whether somebody takes connections there."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def confined(cores: Sequence[int]) -> Callable[[], None]:
    """Make what a new process does first: keep to its cores, and end when we are killed (prctl PR_SET_PDEATHSIG)."""
    allowed = set(cores)

    def begin() -> None:
        os.sched_setaffinity(0, allowed)
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)

    return begin


class Cpu(Struct, frozen=True):
    """Processor time, in seconds."""

    user: float = 0.0
    system: float = 0.0
    """In the kernel: reads, writes, syncs."""

    @property
    def both(self) -> float:
        """All of it."""
        return self.user + self.system

    def since(self, before: "Cpu") -> "Cpu":
        """Tell what was used since then."""
        return Cpu(self.user - before.user, self.system - before.system)


class Product:
    """One process of depesza."""

    def __init__(self, folder: Path, url: str, cores: Sequence[int]) -> None:
        """`url` is its store, `folder` takes its settings and log, `cores` are those it may use."""
        self.port, self.smpp_port = free_port(), free_port()
        self._before = confined(cores)
        self._folder = folder
        self._config = folder / "depesza.toml"
        self._config.write_text(CONFIG.format(url=url, port=self.port, smpp=self.smpp_port, key=KEY))
        self._process: asyncio.subprocess.Process

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def start(self, profile: Path | None = None) -> None:
        """Start it and wait until it listens; with `profile`, under cProfile."""
        under = ["-m", "bench.profiling", str(profile)] if profile else ["-m", "depesza"]
        with (self._folder / "depesza.log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, *under, "serve", "--config", str(self._config),
                cwd=ROOT, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=self._before,
            )  # fmt: skip
        try:
            async with asyncio.timeout(START):
                while not await listens(self.port):
                    if self._process.returncode is not None:
                        raise BenchError(f"depesza ended with {self._process.returncode}:\n{self.log()}")
                    await asyncio.sleep(0.01)
        except TimeoutError:
            await self.kill()
            raise BenchError(f"depesza does not listen after {START:g} s:\n{self.log()}") from None

    def log(self) -> str:
        """Give the last lines that it wrote."""
        return (self._folder / "depesza.log").read_text(errors="replace")[-3000:]

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.returncode is None

    async def stop(self) -> None:
        """Ask it to finish and wait."""
        if self.running:
            self._process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self._process.wait(), 40)
            except TimeoutError:
                await self.kill()
                raise BenchError(f"depesza did not stop:\n{self.log()}") from None

    async def kill(self) -> None:
        """End it at once."""
        if self.running:
            self._process.kill()
            await self._process.wait()

    def cpu(self) -> "Cpu":
        """Tell the processor time that it has used, with its children."""
        found = [cpu_of(pid) for pid in (self.pid, *_children(self.pid))]
        return Cpu(sum(one.user for one in found), sum(one.system for one in found))

    def memory(self) -> tuple[float, float]:
        """Tell its memory now and at its largest, in MB, with its children."""
        return memory_of((self.pid, *_children(self.pid)))


def cpu_of(pid: int) -> Cpu:
    """Tell the processor time of one process.

    The sum is the scheduler's, to the nanosecond: what the clock's tick counts is wrong for work that timers start.
    Its two parts are in the tick's proportion.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        tasks = [file.read_text() for file in Path(f"/proc/{pid}/task").glob("*/schedstat")]
    except OSError:
        return Cpu()
    user, system = int(fields[11]), int(fields[12])
    exact = sum(int(text.split()[0]) for text in tasks) / 1e9 or (user + system) / TICKS
    return Cpu(exact * user / (user + system or 1), exact * system / (user + system or 1))


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def memory_of(pids: Sequence[int]) -> tuple[float, float]:
    """Tell the memory of processes now and at its largest, in MB."""
    return _status(pids, "VmRSS:"), _status(pids, "VmHWM:")


def _status(pids: Sequence[int], name: str) -> float:
    found = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(name):
                found += int(line.split()[1])
    return found / 1024


async def sample(pid: int, seconds: float, file: Path) -> asyncio.subprocess.Process | None:
    """Let py-spy watch a process for some seconds; None where it is not installed."""
    program = Path(sys.executable).with_name("py-spy")
    if not program.exists() and importlib.util.find_spec("py_spy") is None:
        return None
    return await asyncio.create_subprocess_exec(
        str(program), "record", "--pid", str(pid), "--duration", str(max(1, round(seconds))), "--rate", "400",
        "--nonblocking", "--function", "--threads", "--format", "raw", "--output", str(file),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
