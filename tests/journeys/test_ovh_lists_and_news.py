"""A whole platform, its virtual carrier and a client's web server: lists fetched, texts delivered, callbacks made."""

import asyncio
import csv
import io
import json
import time
from collections.abc import AsyncIterator
from hashlib import sha1
from urllib.parse import parse_qsl

import aiohttp
import msgspec
import pytest
from aiohttp import web
from tests.store.world import furnish

from depesza.app import App
from depesza.services import keys
from depesza.settings import Settings

pytestmark = [pytest.mark.anyio, pytest.mark.journey]

ROWS = 700
ACCOUNT = "/sms/sms-xx11111-1"


class Client:
    """A customer: signs calls, serves a list, takes callbacks."""

    def __init__(self) -> None:
        self.news: list[dict[str, str]] = []
        self.server = web.AppRunner(self._site())
        self.url = ""

    def _site(self) -> web.Application:
        site = web.Application()
        site.router.add_get("/cb", self._take)
        site.router.add_get("/list.csv", self._list)
        return site

    async def _take(self, request: web.Request) -> web.Response:
        self.news.append(dict(parse_qsl(request.query_string)))
        return web.Response()

    async def _list(self, request: web.Request) -> web.Response:
        return web.Response(body=b"number;name\n" + b"".join(b"+3360102%04d;N%d\n" % (n, n) for n in range(ROWS)))

    async def serve(self) -> None:
        """Listen on a free port."""
        await self.server.setup()
        site = web.TCPSite(self.server, "127.0.0.1", 0)
        await site.start()
        host, port = self.server.addresses[0][:2]
        self.url = f"http://{host}:{port}"

    async def join(self, app: App) -> None:
        """Get keys."""
        rules = (("GET", "/*"), ("POST", "/*"), ("PUT", "/*"))
        self._made, self._key = await app.store.run(keys.grant_all, app.vault, 100, "tests", "", rules, 0, app.now())
        self._base = f"{app.url}/1.0"

    async def call(self, method: str, path: str, value: object = None) -> object:
        """Sign, call, expect 200."""
        body = "" if value is None else json.dumps(value)
        url, stamp = self._base + path, str(int(time.time()))
        text = "+".join([self._made.secret, self._key.consumer_key, method, url, body, stamp])
        headers = {
            "X-Ovh-Application": self._made.row.key,
            "X-Ovh-Consumer": self._key.consumer_key,
            "X-Ovh-Timestamp": stamp,
            "X-Ovh-Signature": "$1$" + sha1(text.encode()).hexdigest(),
        }
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, url, data=body or None, headers=headers) as answer,
        ):
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def wait_for(self, count: int) -> None:
        """Wait until so many messages were reported as delivered."""
        for _ in range(1_000):
            if sum(item["dlr"] == "1" for item in self.news) >= count:
                return
            await asyncio.sleep(0.02)
        pytest.fail(f"{len(self.news)} callbacks, {count} delivered ones were expected")


@pytest.fixture
async def client(sqlite_url: str) -> AsyncIterator[Client]:
    """A customer of a running platform."""
    settings = {
        "store": {"url": sqlite_url},
        "http": {"port": 0},
        "ops": {"port": -1},
        "security": {"key": "a key of sixteen octets", "allow_private": ["127.0.0.0/8"]},
        "messages": {"quiet": "none"},
    }
    app = App(msgspec.convert(settings, Settings))
    await app.start()
    client = Client()
    await client.serve()
    try:
        await app.store.run(furnish, 1_000)
        await client.join(app)
        yield client
    finally:
        await app.stop(5.0)
        await client.server.cleanup()


async def test_a_list_from_the_clients_server_ends_in_callbacks(client: Client) -> None:
    await client.call("PUT", ACCOUNT, {"callBack": f"{client.url}/cb?x=1"})
    loaded = {"csvUrl": f"{client.url}/list.csv", "slotId": 1, "description": "d"}
    shown = await client.call("POST", f"{ACCOUNT}/receivers", loaded)
    assert isinstance(shown, dict)
    assert shown["records"] == ROWS
    job = {"message": "Hi #name#", "receiversSlotId": 1, "sender": "MyApp", "noStopClause": True, "tag": "c1"}
    report = await client.call("POST", f"{ACCOUNT}/jobs", job)
    assert isinstance(report, dict)
    assert (report["ids"], report["totalCreditsRemoved"]) == ([], ROWS)
    await client.wait_for(ROWS)
    ids = await client.call("GET", f"{ACCOUNT}/outgoing?tag=c1&deliveryReceipt=1")
    assert isinstance(ids, list)
    delivered = [item for item in client.news if item["dlr"] == "1"]
    assert sorted(int(item["id"]) for item in delivered) == sorted(ids)
    assert {item["x"] for item in client.news} == {"1"}
    account = await client.call("GET", ACCOUNT)
    assert isinstance(account, dict)
    assert account["creditsLeft"] == 1_000 - ROWS


async def test_one_message_is_sent_delivered_and_told(client: Client) -> None:
    await client.call("PUT", ACCOUNT, {"callBack": f"{client.url}/cb"})
    report = await client.call(
        "POST", f"{ACCOUNT}/jobs", {"message": "Hi", "receivers": ["+33601020304"], "senderForResponse": True}
    )
    assert isinstance(report, dict)
    await client.wait_for(1)
    (id,) = report["ids"]
    shown = await client.call("GET", f"{ACCOUNT}/outgoing/{id}")
    assert isinstance(shown, dict)
    assert (shown["deliveryReceipt"], shown["ptt"]) == (1, 4)
    assert [item["dlr"] for item in client.news] == ["8", "1"]
    assert client.news[-1]["receiver"] == "+33601020304"


async def carry(method: str, url: str, data: bytes | None = None) -> bytes:
    """Use the address of a file, without a signature."""
    async with aiohttp.ClientSession() as session, session.request(method, url, data=data) as answer:
        assert answer.status in (200, 201), await answer.text()
        return await answer.read()


async def test_a_file_is_uploaded_sent_to_and_what_was_sent_is_exported(client: Client) -> None:
    document = await client.call("POST", "/me/document", {"name": "list.csv"})
    assert isinstance(document, dict)
    rows = b"number;name\n" + b"".join(b"+3360102%04d;N%d%s\n" % (n, n, b"x" * 1_000) for n in range(ROWS))
    await carry("PUT", document["putUrl"], rows)  # three pages
    assert await carry("GET", document["getUrl"]) == rows
    loaded = {"documentId": document["id"], "slotId": 1, "description": "d"}
    shown = await client.call("POST", f"{ACCOUNT}/receivers", loaded)
    assert isinstance(shown, dict)
    assert shown["records"] == ROWS
    await client.call("PUT", ACCOUNT, {"callBack": f"{client.url}/cb"})
    job = {"message": 'Hi;\n"you"', "receiversSlotId": 1, "sender": "MyApp", "noStopClause": True}
    await client.call("POST", f"{ACCOUNT}/jobs", job)
    await client.wait_for(ROWS)

    id = await client.call("GET", f"{ACCOUNT}/document?wayType=outgoing")
    for _ in range(500):
        export = await client.call("GET", f"/me/document/{id}")
        assert isinstance(export, dict)
        if export["size"]:
            break
        await asyncio.sleep(0.02)
    data = await carry("GET", export["getUrl"])
    assert len(data) == export["size"] > 0
    sent = list(csv.DictReader(io.StringIO(data.decode(), newline=""), delimiter=";"))
    assert sorted(row["receiver"] for row in sent) == [f"+3360102{n:04}" for n in range(ROWS)]
    assert {(row["descriptionDlr"], row["message"]) for row in sent} == {("Success", 'Hi;\n"you"')}
