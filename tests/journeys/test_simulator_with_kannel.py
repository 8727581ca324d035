"""Kannel's bearerbox as a client of the simulator: a text, UCS-2, two parts, and receipts for each.

It runs where Debian's package `kannel` is installed; the boxes listen on the loopback only.
"""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from urllib.parse import parse_qsl

import aiohttp
import pytest

from depesza.net.http_server import HttpServer
from depesza.simulator.run import Simulator
from depesza.simulator.settings import SimulatorSettings
from depesza.wire.http import HttpReply, HttpRequest

pytestmark = [pytest.mark.anyio, pytest.mark.journey]

BEARERBOX = shutil.which("bearerbox", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
SMSBOX = shutil.which("smsbox", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
PATIENCE = 20.0
DELIVERED, UNDELIVERED, AT_THE_CARRIER, REFUSED = 1, 2, 8, 16
"""Kannel's dlr-mask."""
CONFIGURATION = """
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = secret
smsbox-port = {box}
smsbox-interface = 127.0.0.1
box-allow-ip = 127.0.0.1

group = smsc
smsc = smpp
smsc-id = simulator
host = 127.0.0.1
port = {smpp}
transceiver-mode = true
smsc-username = demo
smsc-password = demo
system-type = ""
interface-version = 34

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {http}
sendsms-interface = 127.0.0.1

group = sendsms-user
username = tester
password = tester
concatenation = true
max-messages = 5
"""


class Reports:
    """Kannel's calls about what became of messages."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int]] = []
        self._server = HttpServer(self._take)

    async def __aenter__(self) -> "Reports":
        await self._server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.stop(0)

    def url(self, name: str) -> str:
        return f"{self._server.url}/?name={name}&type=%d"

    async def of(self, name: str, *types: int) -> list[int]:
        """Wait for these reports of a message, and give all there are."""
        await _until(lambda: set(types) <= {kind for told, kind in self.told if told == name})
        return [kind for told, kind in self.told if told == name]

    async def _take(self, request: HttpRequest) -> HttpReply:
        query = dict(parse_qsl(request.query))
        self.told.append((query["name"], int(query["type"])))
        return HttpReply(200)


class Kannel:
    """Both boxes, running; sends texts through them."""

    def __init__(self, http: aiohttp.ClientSession, port: int, reports: Reports) -> None:
        self._http = http
        self._url = f"http://127.0.0.1:{port}/cgi-bin/sendsms"
        self._reports = reports

    async def send(self, name: str, to: str, text: str, **more: str) -> tuple[int, str]:
        """Send a text with all reports asked for; gives smsbox's answer."""
        query = {"username": "tester", "password": "tester", "from": "Shop", "to": to, "text": text, **more}
        query |= {"dlr-mask": "31", "dlr-url": self._reports.url(name), "charset": "utf-8"}
        async with self._http.get(self._url, params=query) as answer:
            return answer.status, await answer.text()


def _free_ports(count: int) -> list[int]:
    """Kannel takes no port 0: let the system choose, and let go again."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@asynccontextmanager
async def _process(*arguments: str, cwd: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    with (cwd / f"{Path(arguments[0]).name}.log").open("w") as log:
        process = await asyncio.create_subprocess_exec(*arguments, cwd=cwd, stdout=log, stderr=log)
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


@asynccontextmanager
async def _kannel(folder: Path, simulator: Simulator, reports: Reports) -> AsyncIterator[Kannel]:
    assert BEARERBOX is not None and SMSBOX is not None
    admin, box, http_port = _free_ports(3)
    configuration = folder / "kannel.conf"
    configuration.write_text(CONFIGURATION.format(admin=admin, box=box, http=http_port, smpp=simulator.port), "utf-8")
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as http,  # as smsbox does
        _process(BEARERBOX, str(configuration), cwd=folder),
    ):
        await _until(lambda: bool(simulator.carrier.show_binds()))
        kannel = Kannel(http, http_port, reports)
        async with _process(SMSBOX, str(configuration), cwd=folder):
            await _until(lambda: _listens(http_port))
            yield kannel


async def _until(found: Callable[[], bool]) -> None:
    end = monotonic() + PATIENCE
    while not found():
        await asyncio.sleep(0.02)
        assert monotonic() < end, "Kannel takes too long"


def _listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


if BEARERBOX is not None and SMSBOX is not None:

    async def test_kannel_sends_texts_in_every_form_and_hears_of_them(tmp_path: Path) -> None:
        long = "Le magasin ouvre à neuf heures. " * 8
        async with (
            Simulator(SimulatorSettings(time_scale=0.02)) as simulator,
            Reports() as reports,
            _kannel(tmp_path, simulator, reports) as kannel,
        ):
            sent = [
                await kannel.send("plain", "33601020304", "Bonjour, c'est l'été à 5 €"),
                await kannel.send("wide", "33601020305", "Привет 👋", coding="2"),
                await kannel.send("long", "33601020306", long),
                await kannel.send("failed", "33601020901", "Bonjour"),
                await kannel.send("refused", "33601020903", "Bonjour"),
            ]
            assert [status for status, _ in sent] == [202] * 5, sent
            assert DELIVERED in await reports.of("plain", AT_THE_CARRIER, DELIVERED)
            assert DELIVERED in await reports.of("wide", AT_THE_CARRIER, DELIVERED)
            assert DELIVERED in await reports.of("long", AT_THE_CARRIER, DELIVERED)
            assert DELIVERED not in await reports.of("failed", AT_THE_CARRIER, UNDELIVERED)
            assert await reports.of("refused", REFUSED) == [REFUSED]
            inbox = simulator.carrier.centre.phones.inbox
            assert [text.text for text in inbox("33601020304")] == ["Bonjour, c'est l'été à 5 €"]
            assert [text.text for text in inbox("33601020305")] == ["Привет 👋"]
            await _until(lambda: bool(inbox("33601020306")))  # a receipt is asked for on the first part only
            assert [(text.text, text.parts) for text in inbox("33601020306")] == [(long, 2)]
            await _until(lambda: not simulator.carrier.accounts["demo"].waiting)
            assert simulator.carrier.counts.faults == simulator.carrier.counts.refused_news == 0
