"""Kannel's bearerbox and smsbox as a customer of ours over SMPP: texts, UCS-2, two parts, receipts, a reply.

It runs where Debian's package `kannel` is installed; all listen on the loopback only.
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
from smpp_road import NAME, PASSWORD, SENDER, platform, port_of, simulated

from depesza.net.http_server import HttpServer
from depesza.wire.http import HttpReply, HttpRequest

pytestmark = [pytest.mark.anyio, pytest.mark.journey]

PLACES = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"
BEARERBOX, SMSBOX = shutil.which("bearerbox", path=PLACES), shutil.which("smsbox", path=PLACES)
PATIENCE = 20.0
DELIVERED, UNDELIVERED, REFUSED = 1, 2, 16
"""Of Kannel's dlr-mask."""
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
smsc-id = depesza
host = 127.0.0.1
port = {smpp}
transceiver-mode = true
smsc-username = {name}
smsc-password = {password}
system-type = ""
interface-version = 34
source-addr-autodetect = true
dest-addr-ton = 1
dest-addr-npi = 1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {http}
sendsms-interface = 127.0.0.1

group = sendsms-user
username = tester
password = tester
concatenation = true
max-messages = 5

group = sms-service
keyword = default
get-url = "{url}/?name=reply&type=0&from=%p&to=%P&text=%b"
max-messages = 0
"""


class Reports:
    """Kannel's calls: what became of messages, and what phones wrote."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int]] = []
        self.replies: list[tuple[str, str, str]] = []
        self._server = HttpServer(self._take)

    async def __aenter__(self) -> "Reports":
        await self._server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.stop(0)

    @property
    def url(self) -> str:
        """Where it listens."""
        return self._server.url

    def ends(self, name: str) -> set[int]:
        """Give the ends that were told of a message."""
        return {kind for told, kind in self.told if told == name} & {DELIVERED, UNDELIVERED, REFUSED}

    async def _take(self, request: HttpRequest) -> HttpReply:
        query = dict(parse_qsl(request.query))
        if query["name"] == "reply":
            self.replies.append((query["from"].lstrip("+"), query["to"].lstrip("+"), query["text"]))
        else:
            self.told.append((query["name"], int(query["type"])))
        return HttpReply(200)


class Kannel:
    """Both boxes, running."""

    def __init__(self, http: aiohttp.ClientSession, port: int, reports: Reports) -> None:
        self._http = http
        self._url = f"http://127.0.0.1:{port}/cgi-bin/sendsms"
        self._reports = reports

    async def send(self, name: str, to: str, text: str, **more: str) -> int:
        """Send a text with all reports asked for; gives smsbox's status."""
        query = {"username": "tester", "password": "tester", "from": SENDER, "to": to, "text": text, **more}
        query |= {"dlr-mask": "31", "dlr-url": f"{self._reports.url}/?name={name}&type=%d", "charset": "utf-8"}
        async with self._http.get(self._url, params=query) as answer:
            return answer.status


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
async def _process(*arguments: str, cwd: Path) -> AsyncIterator[None]:
    with (cwd / f"{Path(arguments[0]).name}.log").open("w") as log:
        process = await asyncio.create_subprocess_exec(*arguments, cwd=cwd, stdout=log, stderr=log)
        try:
            yield
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


@asynccontextmanager
async def _kannel(folder: Path, port: int, bound: Callable[[], bool], reports: Reports) -> AsyncIterator[Kannel]:
    assert BEARERBOX is not None and SMSBOX is not None
    admin, box, http_port = _free_ports(3)
    written = CONFIGURATION.format(
        admin=admin, box=box, http=http_port, smpp=port, name=NAME, password=PASSWORD, url=reports.url
    )
    configuration = folder / "kannel.conf"
    configuration.write_text(written, "utf-8")
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as http,  # as smsbox does
        _process(BEARERBOX, str(configuration), cwd=folder),
    ):
        await _until(bound)
        async with _process(SMSBOX, str(configuration), cwd=folder):
            await _until(lambda: _listens(http_port))
            yield Kannel(http, http_port, reports)


async def _until(found: Callable[[], object]) -> None:
    end = monotonic() + PATIENCE
    while not found():
        await asyncio.sleep(0.02)
        assert monotonic() < end, "Kannel takes too long"


def _listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


if BEARERBOX is not None and SMSBOX is not None:

    async def test_kannel_is_a_customer(sqlite_url: str, tmp_path: Path) -> None:
        long = "Le magasin ouvre à neuf heures. " * 8
        async with simulated() as simulator, platform(sqlite_url, simulator.port) as app, Reports() as reports:
            door = app.smpp
            assert door is not None
            async with _kannel(tmp_path, port_of(app), lambda: bool(door.lines), reports) as kannel:
                sent = [
                    await kannel.send("plain", "33601020304", "Bonjour, c'est l'été à 5 €"),
                    await kannel.send("wide", "33601020305", "Привет 👋", coding="2"),
                    await kannel.send("long", "33601020306", long),
                    await kannel.send("failed", "33601020901", "Bonjour"),
                    await kannel.send("stranger", "33601020304", "Bonjour", **{"from": "Nobody"}),
                    await kannel.send("asks", "33601020950", "Oui ou non ?", **{"from": "38184"}),
                ]
                assert sent == [202] * 6
                for name, end in (
                    ("plain", DELIVERED), ("wide", DELIVERED), ("long", DELIVERED), ("failed", UNDELIVERED),
                    ("stranger", REFUSED), ("asks", DELIVERED),
                ):  # fmt: skip
                    await _until(lambda name=name: reports.ends(name))
                    assert reports.ends(name) == {end}, name
                await _until(lambda: reports.replies)
                assert [reply[:2] for reply in reports.replies] == [("33601020950", "38184")]
                inbox = simulator.carrier.centre.phones.inbox
                assert [text.text for text in inbox("33601020304")] == ["Bonjour, c'est l'été à 5 €"]
                assert [text.text for text in inbox("33601020305")] == ["Привет 👋"]
                assert [(text.text, text.parts) for text in inbox("33601020306")] == [(long, 2)]
                await _until(lambda: not door.waiting)
                assert door.faults == 0
