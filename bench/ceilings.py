"""What the load generator and the sinks can do when nothing slow is on the other side.

Run as a program it is that other side: `python -m bench.ceilings null`, `submit PORT COUNT` or `call PORT COUNT`.
"""

import asyncio
import json
import os
import sys
import threading
import time
from collections.abc import Sequence
from struct import Struct as Layout

import uvloop
from msgspec import Struct

from bench.load import TEXT, Load, Signer
from bench.product import ROOT, cpu_of
from bench.sinks import Callbacks, Carrier
from bench.tally import FIRST, BenchError, Tally
from bench.world import KEYS, QUIET, SENDER
from depesza.wire.smpp.codec import pack
from depesza.wire.smpp.constants import Command
from depesza.wire.smpp.pdus import BindTransceiver, DeliverSmResp, SubmitSm

PATIENCE = 60.0
WINDOW = 1000
CALLERS = 32
_HEADER = Layout(">IIII")


class Ceiling(Struct, frozen=True):
    """What one of our own parts can do."""

    name: str
    rate: float
    """A second, with the other side on the other core."""
    cpu: float
    """Microseconds of our processor time each."""


# measured from here


async def all_ceilings(count: int, cores: Sequence[int]) -> list[Ceiling]:
    """Measure all; `cores` are the product's, where the other side runs."""
    return [
        await _load(count, cores),
        await _callbacks(count, cores),
        await _carrier(count, cores),
        await _simulator(count, cores),
    ]


async def _other(cores: Sequence[int], *words: str) -> asyncio.subprocess.Process:
    """Start a program on the given cores."""
    program = ["taskset", "-c", ",".join(map(str, cores)), sys.executable, "-m", *words]
    return await asyncio.create_subprocess_exec(
        *program, cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )


async def _said(process: asyncio.subprocess.Process) -> dict[str, float]:
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), PATIENCE)
    if not line:
        raise BenchError("the other side of a ceiling has ended early")
    return dict(json.loads(line))


async def _end(process: asyncio.subprocess.Process) -> None:
    assert process.stdin is not None
    process.stdin.close()
    await process.wait()


async def _load(count: int, cores: Sequence[int]) -> Ceiling:
    server = await _other(cores, "bench.ceilings", "null")
    port = int((await _said(server))["port"])
    requests = Signer(port, QUIET, KEYS).jobs(FIRST, count, 1, SENDER)
    load, tally = Load(port), Tally(FIRST, count, callbacks=False)
    await load.connect(16)
    began, used = time.perf_counter(), time.process_time()
    await load.closed_loop(requests, 16, tally)
    seconds, cpu = time.perf_counter() - began, time.process_time() - used
    load.close()
    await _end(server)
    return Ceiling("load generator against a server that does nothing", count / seconds, cpu / count * 1e6)


async def _callbacks(count: int, cores: Sequence[int]) -> Ceiling:
    sink = Callbacks()
    await sink.open()
    sink.tally = Tally(FIRST, count, callbacks=True)
    port = sink.url.rpartition(":")[2].partition("/")[0]
    used = time.process_time()
    caller = await _other(cores, "bench.ceilings", "call", port, str(count))
    seconds = (await _said(caller))["seconds"]
    cpu = time.process_time() - used
    await _end(caller)
    sink.close()
    if len(sink.tally.called) != count:
        raise BenchError(f"the receiver of callbacks counted {len(sink.tally.called)} of {count}")
    return Ceiling("receiver of callbacks", count / seconds, cpu / count * 1e6)


async def _carrier(count: int, cores: Sequence[int]) -> Ceiling:
    sink = Carrier()
    await sink.open()
    sink.tally = Tally(FIRST, count, callbacks=False)
    used = time.process_time()
    client = await _other(cores, "bench.ceilings", "submit", str(sink.port), str(count))
    seconds = (await _said(client))["seconds"]
    cpu = time.process_time() - used
    await _end(client)
    sink.close()
    if sink.tally.acknowledged != count:
        raise BenchError(f"the carrier counted {sink.tally.acknowledged} of {count}")
    return Ceiling("carrier: submit, response, receipt, its response", count / seconds, cpu / count * 1e6)


async def _simulator(count: int, cores: Sequence[int]) -> Ceiling:
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "depesza.simulator", "--lean", "--until-stdin-closes", "--window", str(WINDOW),
        cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    port = int((await _said(server))["port"])
    used = cpu_of(server.pid).both
    client = await _other(cores, "bench.ceilings", "submit", str(port), str(count))
    seconds = (await _said(client))["seconds"]
    cpu = cpu_of(server.pid).both - used
    await _end(client)
    assert server.stdin is not None
    server.stdin.close()
    await server.wait()
    return Ceiling("the same with `depesza simulator --lean`", count / seconds, cpu / count * 1e6)


# the other side


class _Null(asyncio.Protocol):
    """Answers every job with one id."""

    ANSWER = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: 97\r\n\r\n"
        b'{"totalCreditsRemoved":1,"invalidReceivers":[],"ids":[12345],"validReceivers":[],"creditsLeft":1}'
    )

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if data.endswith(b"}"):
            self._transport.write(self.ANSWER)


class _Caller(asyncio.Protocol):
    """Makes callbacks one after the other."""

    def __init__(self, left: list[int], done: "asyncio.Future[None]") -> None:
        self._left = left
        self._done = done

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        self._call()

    def data_received(self, data: bytes) -> None:
        self._left[1] -= 1
        if self._left[1] == 0:
            self._done.set_result(None)
        self._call()

    def _call(self) -> None:
        if self._left[0]:
            self._left[0] -= 1
            query = f"id={10**15 + self._left[0]}&ptt=1&dlr=1&date=2026-01-02%2003:04:05&description=1"
            self._transport.write(
                f"GET /delivery?{query}&descriptionDlr=Success&sender=Bench&receiver=%2B33610000000 HTTP/1.1\r\n"
                "Host: 127.0.0.1\r\nAccept: */*\r\nUser-Agent: depesza\r\n\r\n".encode()
            )


class _Client(asyncio.Protocol):
    """Submits over SMPP as fast as the other side goes, and takes the receipts."""

    def __init__(self, count: int, done: "asyncio.Future[None]") -> None:
        self._submits = [pack(_submit(FIRST + place), place + 2) for place in reversed(range(count))]
        self._left = count
        self._done = done
        self._rest = b""
        self._acknowledge = pack(DeliverSmResp(), 0)[:12]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        transport.write(pack(BindTransceiver("demo", "demo"), 1))

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        at, free, out = 0, 0, []
        while len(data) - at >= 16:
            length, command, _, sequence = _HEADER.unpack_from(data, at)
            if len(data) - at < length:
                break
            at += length
            if command == Command.SUBMIT_SM_RESP:
                free += 1
            elif command == Command.DELIVER_SM:
                out.append(b"%b%b\0" % (self._acknowledge, sequence.to_bytes(4, "big")))
                self._left -= 1
            elif command == Command.BIND_TRANSCEIVER_RESP:
                free = WINDOW
        self._rest = data[at:]
        submits = self._submits
        out += [submits.pop() for _ in range(min(free, len(submits)))]
        self._transport.write(b"".join(out))
        if not self._left and not self._done.done():
            self._done.set_result(None)


def _submit(number: int) -> SubmitSm:
    return SubmitSm("", 5, 0, SENDER, 1, 1, str(number), registered_delivery=1, short_message=TEXT.encode())


async def _serve_null() -> None:
    server = await asyncio.get_running_loop().create_server(_Null, "127.0.0.1", 0)
    _tell("port", server.sockets[0].getsockname()[1])
    await server.serve_forever()


async def _call(port: int, count: int) -> None:
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()
    left = [count, count]
    began = time.perf_counter()
    for _ in range(CALLERS):
        await loop.create_connection(lambda: _Caller(left, done), "127.0.0.1", port)
    await done
    _tell("seconds", time.perf_counter() - began)


async def _submit_all(port: int, count: int) -> None:
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()
    client = _Client(count, done)
    began = time.perf_counter()
    await loop.create_connection(lambda: client, "127.0.0.1", port)
    await done
    _tell("seconds", time.perf_counter() - began)
    await asyncio.sleep(0.1)  # the last responses leave


def _tell(name: str, value: float) -> None:
    print(json.dumps({name: value}), flush=True)


def _end_with_parent() -> None:
    """End when whoever started us has gone."""
    while os.read(0, 4096):
        pass
    os._exit(0)


def main(role: str, *numbers: str) -> None:
    """Play one role."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if role == "null":
        uvloop.run(_serve_null())
    else:
        uvloop.run({"call": _call, "submit": _submit_all}[role](*map(int, numbers)))


if __name__ == "__main__":
    main(*sys.argv[1:])
