"""Kannel as a peer: the same single posts through its two boxes, on the product's cores, between the same ends.

It is set up for its best: nothing is stored or logged, its window is as wide as the product's, smsbox keeps its
connections and answers a request before bearerbox has it: a tenth faster on two cores, by half on one. Ids are the
receivers' numbers here, for smsbox answers none; `dlr-url` brings them back.
"""

import asyncio
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote, urlencode

from bench.cycle import repeated, result, warmed
from bench.load import TEXT, Load, Request
from bench.product import Cpu, confined, cpu_of, free_port, listens, memory_of
from bench.running import Bench, Loaded, Result, Row, Work
from bench.tally import BenchError, Tally
from bench.world import SENDER, Line

START = 20.0
"""Seconds in which it must be bound, and listen."""
PATH = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"
BOXES = ("bearerbox", "smsbox")
CALLBACKS = 16
"""Callbacks that smsbox makes at a time: each is a connection that it polls; 512, its default, cost a fifth."""
SUCCESS_OR_FAILURE = "3"
"""Kannel's dlr-mask: one report of the final state."""

CONFIG = """
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = secret
smsbox-port = {box}
smsbox-interface = 127.0.0.1
box-allow-ip = 127.0.0.1
dlr-storage = internal

group = smsc
smsc = smpp
smsc-id = bench
host = 127.0.0.1
port = {carrier}
transceiver-mode = true
smsc-username = bench
smsc-password = bench
system-type = ""
interface-version = 34
max-pending-submits = {window}

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {http}
sendsms-interface = 127.0.0.1
max-pending-requests = {callbacks}
immediate-sendsms-reply = true

group = sendsms-user
username = bench
password = bench
"""


def version() -> str:
    """Tell which version is installed; empty where one of its boxes is not."""
    if not installed():
        return ""
    told = subprocess.run([_program("bearerbox"), "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"version `([^']+)'", told.stdout + told.stderr)
    return found[1] if found else "of unknown version"


def _program(box: str) -> str:
    found = shutil.which(box, path=PATH)
    assert found is not None, f"{box} is not installed"
    return found


def installed() -> bool:
    """Tell whether both boxes are there."""
    return all(shutil.which(box, path=PATH) for box in BOXES)


class Kannel:
    """Its two boxes, each a process."""

    def __init__(self, folder: Path, line: Line, cores: Sequence[int]) -> None:
        """`folder` takes its settings and logs, `line` is the carrier's, `cores` are those it may use."""
        self.port = free_port()
        self._folder = folder
        self._before = confined(cores)
        self._config = folder / "kannel.conf"
        self._config.write_text(
            CONFIG.format(
                admin=free_port(), box=free_port(), http=self.port, carrier=line.port, window=line.window,
                callbacks=CALLBACKS,
            )
        )  # fmt: skip
        self._processes: list[asyncio.subprocess.Process] = []

    async def start(self, bound: asyncio.Event) -> None:
        """Start both boxes and wait until one is `bound` and the other listens."""
        try:
            async with asyncio.timeout(START):
                await self._box("bearerbox")
                await bound.wait()
                await self._box("smsbox")
                while not await listens(self.port):
                    if not self.running:
                        raise BenchError(f"Kannel ended:\n{self.log()}")
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise BenchError(f"Kannel does not listen after {START:g} s:\n{self.log()}") from None

    async def _box(self, name: str) -> None:
        with (self._folder / f"{name}.log").open("wb") as log:
            self._processes.append(
                await asyncio.create_subprocess_exec(
                    _program(name), "--verbosity", "2", str(self._config),
                    cwd=self._folder, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                    preexec_fn=self._before,
                )
            )  # fmt: skip

    async def stop(self) -> None:
        """End both: they hold nothing that must be kept."""
        for process in reversed(self._processes):
            if process.returncode is None:
                process.kill()
            await process.wait()

    @property
    def running(self) -> bool:
        """Whether both run."""
        return all(process.returncode is None for process in self._processes)

    def log(self) -> str:
        """Give the last lines that each wrote."""
        files = [self._folder / f"{box}.log" for box in BOXES]
        return "\n".join(file.read_text(errors="replace")[-1500:] for file in files if file.exists())

    def cpu(self) -> Cpu:
        """Tell the processor time that both have used."""
        found = [cpu_of(process.pid) for process in self._processes]
        return Cpu(sum(one.user for one in found), sum(one.system for one in found))

    def memory(self) -> tuple[float, float]:
        """Tell the memory of both now and at its largest, in MB."""
        return memory_of([process.pid for process in self._processes])


class Gateway(Loaded):
    """Kannel at work: `async with Gateway(bench) as gateway`."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.product: Kannel = Kannel(bench.folder, Line(bench.carrier.port), bench.cores)

    async def __aenter__(self) -> "Gateway":
        try:
            await self.product.start(self._bench.carrier.bound)
        except BenchError:
            await self.product.stop()
            raise
        self.load = Load(self.product.port, accepted)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.load.close()
        await self.product.stop()

    def requests(self, tally: Tally, work: Work) -> list[Request]:
        """Write a request for each message; without a callback the receipt is asked for all the same."""
        callback = self._bench.callbacks.url if work.called else ""
        return [self._request(number, callback) for number in range(tally.first, tally.first + tally.count)]

    def _request(self, number: int, callback: str) -> Request:
        fields = {"username": "bench", "password": "bench", "from": SENDER, "to": f"+{number}", "text": TEXT}
        fields["dlr-mask"] = SUCCESS_OR_FAILURE
        if callback:
            fields["dlr-url"] = f"{callback}?id={number}&dlr=%d"
        head = (
            f"GET /cgi-bin/sendsms?{urlencode(fields, quote_via=quote)} HTTP/1.1\r\nHost: 127.0.0.1:{self.product.port}"
            "\r\nUser-Agent: depesza-bench\r\nAccept: */*\r\nConnection: keep-alive\r\n\r\n"
        )
        return Request(head.encode(), 1, number)


def accepted(request: Request, status: bytes, body: bytes) -> Sequence[int]:
    """Read smsbox's answer; see `bench.load.Reader`."""
    return (request.first,) if status == b"202" and body == b"Sent." else ()


async def cycle(bench: Bench, title: str, work: Work) -> list[Result]:
    """Measure as `bench.cycle` does, and keep the rate for the product's rows."""
    async with Gateway(bench) as gateway:
        _, full = await warmed(gateway, bench, work)
        runs = await repeated(gateway, bench, work, full)
        memory = gateway.product.memory()[1]
    found = result(title, runs, memory)
    bench.kannel[work.connections, work.called] = found.value
    return [found]


def _row(name: str, title: str, work: Work) -> Row:
    return Row(name, lambda bench: cycle(bench, f"Kannel, {title}", work))


ROWS = (
    _row("kannel-16", "single posts, 16 connections", Work(1, 16, 12_000, called=True)),
    _row("kannel-16-quiet", "single posts, 16 connections, no callback", Work(1, 16, 12_000, called=False)),
    _row("kannel-64", "single posts, 64 connections", Work(1, 64, 12_000, called=True)),
)
