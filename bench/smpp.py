"""Customers over SMPP: what they submit goes out over SMPP again, and its receipts come back to them.

The customers are the project's own session in its client role, each with a wide window that is always full.
"""

import asyncio
import time
from collections.abc import Iterator

from msgspec.structs import replace

from bench import bars, profiling
from bench.cycle import PROFILED, Run, result
from bench.load import TEXT
from bench.product import sample
from bench.running import Bench, Result, Running
from bench.tally import BenchError, Tally
from bench.world import BIND_PASSWORD, CALLED, COUNTING, SENDER, Line
from depesza.net.tcp import Link, connect
from depesza.wire.smpp.constants import MessageState
from depesza.wire.smpp.events import Bound, Event, Requested, Responded
from depesza.wire.smpp.pdus import BindTransceiver, SubmitSm, SubmitSmResp
from depesza.wire.smpp.session import Session
from depesza.wire.smpp.settings import Settings
from depesza.wire.smpp.states import Role
from depesza.wire.smpp.tlvs import MESSAGE_STATE, RECEIPTED_MESSAGE_ID

BINDS, WINDOW = 4, 250
COUNT = 40_000

CustomerLink = Link[Session[int], Event[int]]


class Customers:
    """Some binds of one account, fed from one list of receivers."""

    def __init__(self) -> None:
        self._links: list[CustomerLink] = []
        self._receivers: Iterator[int] = iter(())
        self._tally: Tally | None = None
        self._bound = 0
        self._failed = ""

    async def bind(self, port: int, account: str, count: int) -> None:
        """Connect and bind."""
        for _ in range(count):
            link = await connect("127.0.0.1", port, self._connection)
            link.session.bind(BindTransceiver(account, BIND_PASSWORD), link.clock())
            link.flush()
            self._links.append(link)
        while self._bound < count:  # noqa: ASYNC110  (a moment, once)
            await asyncio.sleep(0.01)

    def _connection(self) -> CustomerLink:
        now = asyncio.get_running_loop().time()
        return Link(Session(Role.ESME, Settings(window=WINDOW), now), self._hear)

    def send(self, tally: Tally) -> None:
        """Begin to send all receivers of a run."""
        self._tally = tally
        self._receivers = iter(range(tally.first, tally.first + tally.count))
        for link in self._links:
            self._fill(link)

    def check(self) -> None:
        """Raise `BenchError` when something was refused."""
        if self._failed:
            raise BenchError(self._failed)

    def close(self) -> None:
        """Cut all binds."""
        for link in self._links:
            link.abort()

    def _hear(self, link: CustomerLink, events: list[Event[int]]) -> None:
        for event in events:
            if isinstance(event, Responded):
                self._answered(event)
            elif isinstance(event, Requested):
                self._told(link, event)
            elif isinstance(event, Bound):
                self._bound += 1
        self._fill(link)

    def _answered(self, event: Responded[int]) -> None:
        if event.status or not isinstance(event.pdu, SubmitSmResp):
            self._failed = self._failed or f"a submit was answered with status 0x{event.status:X}"
        elif self._tally is not None:
            self._tally.ids.append(int(event.pdu.message_id))

    def _told(self, link: CustomerLink, event: Requested) -> None:
        pdu = event.pdu
        link.session.answer(event.sequence, pdu.response())
        if self._tally is not None:
            id = RECEIPTED_MESSAGE_ID.of(pdu) or ""  # type: ignore[arg-type]
            delivered = MESSAGE_STATE.of(pdu) == MessageState.DELIVERED  # type: ignore[arg-type]
            self._tally.call(id.encode(), delivered=delivered)

    def _fill(self, link: CustomerLink) -> None:
        now = link.clock()
        for _ in range(link.session.room):
            receiver = next(self._receivers, 0)
            if not receiver:
                break
            pdu = SubmitSm("", 5, 0, SENDER, 1, 1, str(receiver), registered_delivery=1, short_message=_TEXT)
            link.session.submit(pdu, receiver, now)
        link.flush()


_TEXT = TEXT.encode("ascii")


async def through(bench: Bench) -> list[Result]:
    """Measure from SMPP to SMPP with receipts back."""
    found = await _measured(bench, CALLED, f"SMPP in to SMPP out, {BINDS} binds, receipts back")
    return [replace(found, bar=bars.SMPP)]


async def counted(bench: Bench) -> list[Result]:
    """Measure the same for an account of SMSC's, which counts its ids and its limits."""
    return [
        await _measured(
            bench, COUNTING, f"SMPP in to SMPP out, {BINDS} binds, receipts back, SMSC's account with its usual limits"
        )
    ]


async def _measured(bench: Bench, account: str, title: str) -> Result:
    """Measure one account; the middle one of some runs counts."""
    count = bench.count(COUNT)
    async with Running(bench, Line(bench.carrier.port)) as running:
        customers = Customers()
        await customers.bind(running.product.smpp_port, account, BINDS)
        await _once(running, bench, customers, max(100, count // 5))
        runs = await (_profiled if bench.profile else _repeated)(running, bench, customers, count)
        memory = running.product.memory()[1]
        customers.close()
    await running.audit(max(100, count // 5) + count * len(runs))
    return result(title, runs, memory)


async def _repeated(running: Running, bench: Bench, customers: Customers, count: int) -> list[Run]:
    return [await _once(running, bench, customers, count) for _ in range(bench.repeats)]


async def _profiled(running: Running, bench: Bench, customers: Customers, count: int) -> list[Run]:
    """Run for as long as the sampler watches."""
    raw = bench.folder / "profile.raw"
    sampler = await sample(running.product.pid, PROFILED, raw)
    runs = [await _once(running, bench, customers, count)]
    while sampler is not None and sampler.returncode is None:
        runs.append(await _once(running, bench, customers, count))
    if sampler is not None:
        bench.tops = profiling.top(raw)
    return runs


async def _once(running: Running, bench: Bench, customers: Customers, count: int) -> Run:
    tally = bench.tally(count, callbacks=True)
    cpu, ours, began = running.product.cpu(), time.process_time(), time.perf_counter()
    customers.send(tally)
    await running.finish(tally)
    customers.check()
    return Run(tally.last - began, running.product.cpu().since(cpu), time.process_time() - ours, count)
