"""Real processes for tests that end them: depesza as an operator starts it, a carrier, a client, a client's ear.

The client and the ear live in the test's own process, so they survive; the carrier is a process of its own that
survives too. What each of them saw is compared at the end with what the store says.
"""

import asyncio
import ctypes
import json
import os
import signal
import socket
import sqlite3
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from hashlib import sha1
from pathlib import Path
from random import Random
from typing import Any, Protocol, TypeVar

import aiohttp
import asyncpg
import msgspec
from aiohttp import web
from argon2 import PasswordHasher
from msgspec import Struct

from depesza.core import ledger
from depesza.core.facts import Account, Application, ConnectorFact, Credential, Owner, Sender
from depesza.core.model import FINAL, MICRO, OnUnknown, State
from depesza.core.routing import Route
from depesza.net.clock import wall_clock
from depesza.services import audit
from depesza.services.vault import Vault
from depesza.store.opening import is_postgres, open_store
from depesza.store.tx import Tx

K = TypeVar("K")

ROOT = Path(__file__).parents[2]
KEY = "a key for crash tests, nothing else"
APPLICATION, SECRET, CONSUMER = "crashApplication", "crashSecret" * 3, "crashConsumer" * 3
SERVICE, ACCOUNT, OUT = "sms-cc11111-1", 101, 201
TEXT = "Your parcel arrives tomorrow."
START = 30.0
SETTLE = 30.0

CONFIG = """
[store]
url = "{url}"
[http]
port = {port}
[ops]
port = -1
[smpp]
port = {smpp}
[security]
key = "{key}"
allow_private = ["127.0.0.0/8"]
[messages]
quiet = "none"
[callbacks]
schedule = [0.5, 1, 1, 1, 1, 1, 1, 1, 1, 1]
[cluster]
lease = {lease}
helper = "always"
[log]
level = "warning"
"""


def free_port() -> int:
    """Find a port that nobody holds."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: a killed test run leaves nothing behind


async def until(condition: Callable[[], bool], seconds: float = START) -> None:
    """Wait for what a loaded machine takes its time for."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


class Process:
    """A process of ours, in a group of its own."""

    def __init__(self, log: Path, *words: str) -> None:
        self._words = words
        self._log = log
        self.process: asyncio.subprocess.Process

    async def spawn(self, *, read: bool = False) -> None:
        """Start it; with `read` its standard output is ours, else it goes to the log."""
        with self._log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, *self._words, cwd=ROOT, stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE if read else log, stderr=log,
                start_new_session=True, preexec_fn=_die_with_parent,
            )  # fmt: skip

    @property
    def running(self) -> bool:
        """Whether it has been started and has not ended."""
        return hasattr(self, "process") and self.process.returncode is None

    def log(self) -> str:
        """Give the last lines it wrote."""
        return self._log.read_text(errors="replace")[-4000:]

    async def kill(self) -> None:
        """End it and its children at once, as a power cut would."""
        if self.running:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            await self.process.wait()

    async def stop(self) -> int:
        """Ask it to end, wait, give its status."""
        self.process.terminate()
        return await asyncio.wait_for(self.process.wait(), 40)


class Product(Process):
    """One process of depesza."""

    def __init__(self, folder: Path, url: str, name: str = "depesza", lease: float = 2) -> None:
        self.port, self.smpp_port = free_port(), free_port()
        config = folder / f"{name}.toml"
        config.write_text(CONFIG.format(url=url, port=self.port, smpp=self.smpp_port, key=KEY, lease=lease))
        super().__init__(folder / f"{name}.log", "-m", "depesza", "serve", "--config", str(config))

    async def start(self) -> float:
        """Start it and wait until it listens; gives the seconds that took."""
        began = time.monotonic()
        await self.spawn()
        while not await self._listens():
            assert self.running, f"depesza ended with {self.process.returncode}:\n{self.log()}"
            assert time.monotonic() - began < START, f"depesza does not listen:\n{self.log()}"
            await asyncio.sleep(0.01)
        return time.monotonic() - began

    async def _listens(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        return True

    async def kill_helper(self) -> None:
        """End the process that speaks to carriers and calls back, and wait for the next one."""
        before = self._helpers()
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        await until(lambda: bool(self._helpers() - before))

    def _helpers(self) -> set[int]:
        pid = self.process.pid
        return {int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}

    def memory(self) -> float:
        """Tell the memory it holds, in MB."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise AssertionError("no VmRSS")


class Carrier(Process):
    """The simulator, behind a relay of ours that can be cut without its forgetting anything."""

    def __init__(self, folder: Path, *options: str) -> None:
        super().__init__(
            folder / "carrier.log", "-m", "depesza.simulator", "--until-stdin-closes", "--log", "0",
            "--most-phones", "10000000", *options,
        )  # fmt: skip
        self.port = 0
        self._inside = 0
        self._url = ""
        self._server: asyncio.Server | None = None
        self._pipes: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Start it and put the relay before it."""
        await self.spawn(read=True)
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), START)
        assert line, self.log()
        told = json.loads(line)
        self._inside, self._url = told["port"], told["http"]
        await self.mend()

    async def mend(self) -> None:
        """Let connections through."""
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """Break all connections and refuse new ones."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._pipes):
            writer.transport.abort()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._pipes.add(writer)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._inside)
            self._pipes.add(far_writer)
            await asyncio.gather(_pour(reader, far_writer), _pour(far_reader, writer))
            self._pipes.discard(far_writer)
        finally:
            self._pipes.discard(writer)
            writer.close()

    async def texts(self) -> dict[str, int]:
        """Tell how many texts each phone received."""
        async with aiohttp.ClientSession() as session, session.get(f"{self._url}/phones") as answer:
            found = await answer.json()
        return {phone["number"].lstrip("+"): phone["texts"] for phone in found["phones"]}

    async def stats(self) -> dict[str, Any]:
        """Tell what it counted."""
        async with aiohttp.ClientSession() as session, session.get(f"{self._url}/stats") as answer:
            found: dict[str, Any] = await answer.json()
        return found

    async def kill(self) -> None:
        """End it."""
        self.cut()
        await super().kill()


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


class Ear:
    """A client's address for callbacks: counts what it is told of each message."""

    def __init__(self) -> None:
        self.told: dict[int, list[int]] = defaultdict(list)
        """`dlr` codes by message, in the order they came."""
        self.refusing = False

    async def start(self) -> None:
        """Listen."""
        application = web.Application()
        application.router.add_route("*", "/news", self._take)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/news"

    async def _take(self, request: web.Request) -> web.Response:
        if self.refusing:
            return web.Response(status=503)
        self.told[int(request.query["id"])].append(int(request.query["dlr"]))
        return web.Response()

    def final(self) -> set[int]:
        """Name the messages whose end was told."""
        return {id for id, codes in self.told.items() if {1, 2, 16} & set(codes)}

    async def stop(self) -> None:
        """Close."""
        await self._runner.cleanup()


class Load:
    """A client that posts signed jobs over several connections and remembers what was accepted."""

    def __init__(self, ports: Sequence[int], chance: Random, first: int = 33_600_000_000) -> None:
        self.accepted: dict[int, str] = {}
        """Receiver (digits) by message id."""
        self.refused: Counter[str] = Counter()
        self._ports = ports
        self._chance = chance
        self._numbers = ordinary(first)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, workers: int = 6) -> None:
        """Begin to post."""
        self._stopped = False
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10))
        self._tasks = [asyncio.create_task(self._work(n)) for n in range(workers)]

    async def stop(self) -> None:
        """Finish what is under way."""
        self._stopped = True
        await asyncio.gather(*self._tasks)
        await self._session.close()

    async def _work(self, worker: int) -> None:
        port = self._ports[worker % len(self._ports)]
        while not self._stopped:
            try:
                await self._post(port, self._chance.randint(1, 4))
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                self.refused[type(error).__name__] += 1
                await asyncio.sleep(0.02)

    async def _post(self, port: int, count: int) -> None:
        receivers = [f"+{next(self._numbers)}" for _ in range(count)]
        body = msgspec.json.encode({"message": TEXT, "sender": "Crash", "receivers": receivers, "noStopClause": True})
        url = f"http://127.0.0.1:{port}/1.0/sms/{SERVICE}/jobs"
        async with self._session.post(url, data=body, headers=signed("POST", url, body)) as answer:
            if answer.status != 200:
                self.refused[str(answer.status)] += 1
                await asyncio.sleep(0.02)
                return
            report = await answer.json()
        for id, receiver in zip(report["ids"], report["validReceivers"], strict=True):
            self.accepted[id] = receiver.lstrip("+")


def ordinary(number: int) -> Iterator[int]:
    """Give receivers one after the other, mostly ordinary ones, and a few with a fate that ends soon."""
    while True:
        if number % 1000 < 900 or number % 1000 in FATES:
            yield number
        number += 1


FATES = (901, 907, 921, 922, 924, 941, 960, 963)
"""Undeliverable, in steps, receipt too early, twice, contradicted later, out of order, throttled, queue full."""
UNDELIVERED = (901,)


def signed(method: str, url: str, body: bytes) -> dict[str, str]:
    """Write the headers of a signed call."""
    stamp = str(int(time.time()))
    text = "+".join((SECRET, CONSUMER, method, url, body.decode(), stamp))
    return {
        "X-Ovh-Application": APPLICATION,
        "X-Ovh-Consumer": CONSUMER,
        "X-Ovh-Timestamp": stamp,
        "X-Ovh-Signature": "$1$" + sha1(text.encode()).hexdigest(),
        "Content-Type": "application/json",
    }


async def furnish(url: str, port: int, callback: str, window: int, wish: OnUnknown = OnUnknown.RESEND) -> None:
    """Write an account with a key, and the way to the carrier, into a migrated store."""
    settings = {
        "host": "127.0.0.1", "port": port, "system_id": "demo", "password": "demo", "window": window,
        "reconnect_first": 0.05, "reconnect_most": 0.2, "response_timer": 3.0,
    }  # fmt: skip

    async def write(tx: Tx) -> None:
        vault = Vault(KEY.encode(), lambda count: b"\x07" * count)
        tx.put("owners", Owner(id=100, name="cc11111-ovh"))
        secret = vault.seal(SECRET)
        tx.put("applications", Application(id=11, owner=100, key=APPLICATION, secret=secret, name="crash"))
        rules = (("POST", "/sms/*"), ("GET", "/sms/*"))
        digest = vault.digest(CONSUMER)
        tx.put(
            "credentials",
            Credential(id=12, application=11, owner=100, digest=digest, status="validated", rules=rules, created=0),
        )
        smpp = {"smpp": True, "smpp_ips": ("127.0.0.1",), "smpp_rate": 0, "smpp_window": 0}
        hashed = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(SECRET[:8])
        tx.put(
            "accounts",
            Account(
                id=ACCOUNT, owner=100, name=SERVICE, callback=callback, on_unknown=wish, smpp_password=hashed, **smpp
            ),
        )
        tx.put("senders", Sender(account=ACCOUNT, name="Crash"))
        written = msgspec.json.encode(settings).decode()
        tx.put("connectors", ConnectorFact(id=OUT, name="carrier", kind="smpp", settings=written))
        tx.put("routes", Route(id=301, connectors=(OUT,)))
        await tx.book(ledger.topup(ACCOUNT, 10_000_000 * MICRO, 0, 1, tx.new_id()))

    store = await open_store(url, wall_clock)
    await store.run(write)
    await store.close()


async def cut_connections(url: str) -> None:
    """End all connections to a PostgreSQL database, as its own restart would."""
    connection = await asyncpg.connect(url)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await connection.close()


class Row(Struct, frozen=True):
    """What the store says of a message."""

    state: State
    maybe: bool
    receiver: str


async def select(url: str, sql: str) -> Sequence[Any]:
    """Read rows from a store, beside whoever works with it."""
    if is_postgres(url):
        connection = await asyncpg.connect(url)
        found: Sequence[Any] = await connection.fetch(sql)
        await connection.close()
        return found

    def read() -> Sequence[Any]:
        with closing(sqlite3.connect(url)) as file:
            return file.execute(sql).fetchall()

    return await asyncio.to_thread(read)


async def rows(url: str) -> dict[int, Row]:
    """Read all messages."""
    found = await select(url, "SELECT id, state, maybe, receiver FROM messages")
    return {id: Row(State(state), bool(maybe), receiver.lstrip("+")) for id, state, maybe, receiver in found}


async def clean(url: str) -> None:
    """Hold the store to its books."""
    store = await open_store(url, wall_clock)
    try:
        report = await store.look(audit.audit, 0)
    finally:
        await store.close()
    assert report.clean, report.problems


class Sent(Protocol[K]):
    """What a client sent, by the names under which it was accepted."""

    accepted: dict[K, str]
    """Receiver (digits) of each."""


class Told(Protocol[K]):
    """What a client was told, by the same names."""

    def final(self) -> set[K]:
        """Name the messages whose end was told."""
        ...


async def settled(url: str, load: Sent[K], ear: Told[K], seconds: float = SETTLE) -> dict[int, Row]:
    """Wait until every message has its end and every accepted one's was told; gives the messages.

    Fails when `seconds` pass without any progress.
    """
    end, left = time.monotonic() + seconds, sys.maxsize
    while True:
        found = await rows(url)
        waiting = Counter(row.state.name for row in found.values() if row.state not in FINAL)
        untold = load.accepted.keys() - ear.final()
        if not waiting and not untold:
            return found
        if waiting.total() + len(untold) < left:
            end, left = time.monotonic() + seconds, waiting.total() + len(untold)
        assert time.monotonic() < end, f"still waiting: {waiting}, untold: {len(untold)} of {len(load.accepted)}"
        await asyncio.sleep(0.1)


class Verdict(Struct, frozen=True):
    """What a run came to."""

    accepted: int
    unanswered: int
    """Taken, but the client was cut off before it heard."""
    doubled: int
    marked: int


async def judge(load: Sent[int], carrier: Carrier, found: dict[int, Row], most: int) -> Verdict:
    """Compare client, carrier and store: nothing lost; doubled ones are at most `most`, and marked."""
    texts = await carrier.texts()
    lost = [id for id in load.accepted if id not in found]
    assert not lost, f"{len(lost)} accepted messages are not in the store"
    for id, receiver in load.accepted.items():
        row = found[id]
        assert row.receiver == receiver
        fails = int(receiver[-3:]) in UNDELIVERED
        assert row.state is (State.FAILED if fails else State.DELIVERED), (id, row)
        assert fails or texts.get(receiver), f"{id} to {receiver} never reached the carrier"
    marked = {row.receiver for row in found.values() if row.maybe}
    doubled = {receiver for receiver, count in texts.items() if count > 1}
    assert doubled <= marked, f"doubled and not marked: {sorted(doubled - marked)[:10]}"
    assert len(doubled) <= most, f"{len(doubled)} doubled, {most} are allowed"
    return Verdict(len(load.accepted), len(found) - len(load.accepted), len(doubled), len(marked))
