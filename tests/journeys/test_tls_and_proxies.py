"""TLS of our own, a proxy that ends it in front of us, and clients that believe they talk to the vendor's own hosts."""

import asyncio
import shutil
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from hashlib import sha1
from pathlib import Path

import aiohttp
import ovh
import pytest
from aiohttp import web
from authority import make_authority
from road import APPLICATION, PHONE, SECRET, SERVICE, Road, built, introduce, until
from tunnel import Tunnel
from yarl import URL

import depesza.front
from depesza.net.tls import client_context, server_context
from depesza.services import keys

pytestmark = [pytest.mark.anyio, pytest.mark.journey]

OFFICIAL = ("eu.api.ovh.com", "api.ovh.com", "ca.api.ovh.com", "www.ovh.com")
HOP = frozenset({"connection", "content-length", "host", "transfer-encoding"})


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority of our own, with one certificate for us and for the vendor's hosts."""
    folder = tmp_path_factory.mktemp("authority")
    make_authority(folder, "localhost", *OFFICIAL)
    return folder


def tls_of(folder: Path) -> dict[str, object]:
    """The settings of a listener with a certificate."""
    return {"tls_cert": str(folder / "server.pem"), "tls_key": str(folder / "server.key")}


@pytest.fixture
async def sealed(
    sqlite_url: str, authority: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Road]:
    """A road whose platform speaks TLS, with files of its own."""
    for name in ("server.pem", "server.key"):
        shutil.copy(authority / name, tmp_path)
    monkeypatch.setattr(depesza.front, "CERTIFICATES", 0.05)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority / "ca.pem"))
    async with built(sqlite_url, monkeypatch, "localhost", **tls_of(tmp_path)) as road:
        yield road


# the vendor's own names


@asynccontextmanager
async def vendors_names(road: Road, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Tunnel]:
    """Let everybody who calls the vendor's hosts reach us."""
    async with Tunnel(URL(road.app.url).port or 0, OFFICIAL) as tunnel:
        monkeypatch.delenv("NO_PROXY")
        monkeypatch.setenv("HTTPS_PROXY", tunnel.url)
        yield tunnel


async def test_an_untouched_client_of_the_vendors_endpoint_talks_to_us(
    sealed: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumer = sealed.client._consumer_key
    async with vendors_names(sealed, monkeypatch) as tunnel:
        client = ovh.Client("ovh-eu", APPLICATION, SECRET, consumer)
        assert await asyncio.to_thread(client.get, "/sms") == [SERVICE]
        job = {"message": "Under another name", "receivers": [PHONE], "senderForResponse": True}
        report = await asyncio.to_thread(client.post, f"/sms/{SERVICE}/jobs", **job)
        sealed.client = client
        shown = await sealed.ended(report["ids"][0])
        assert (shown["deliveryReceipt"], shown["message"]) == (1, "Under another name")
        canada = ovh.Client("ovh-ca", APPLICATION, SECRET, consumer)
        assert await asyncio.to_thread(canada.get, "/sms") == [SERVICE]
    assert set(tunnel.asked) == {"eu.api.ovh.com:443", "ca.api.ovh.com:443"}


async def test_client_credentials_are_taken_to_the_vendors_token_address(
    sealed: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = sealed.app
    owner = app.store.facts.owners[0].id
    rules = [("GET", "/sms"), ("GET", "/sms/*")]
    made = await app.store.run(keys.create_application, app.vault, owner, "robot", "", "oauth2", rules)
    async with vendors_names(sealed, monkeypatch) as tunnel:
        client = ovh.Client("ovh-eu", client_id=made.row.key, client_secret=made.secret)
        assert await asyncio.to_thread(client.get, "/sms") == [SERVICE]
    assert set(tunnel.asked) == {"www.ovh.com:443", "eu.api.ovh.com:443"}


async def test_curl_reaches_us_where_the_name_leads_to_us(sealed: Road, authority: Path) -> None:
    url, stamp = "https://eu.api.ovh.com/1.0/sms", str(int(time.time()))
    consumer = sealed.client._consumer_key
    signature = sha1(f"{SECRET}+{consumer}+GET+{url}++{stamp}".encode()).hexdigest()
    signed = {"Application": APPLICATION, "Consumer": consumer, "Timestamp": stamp, "Signature": f"$1${signature}"}
    words = [word for name, value in signed.items() for word in ("-H", f"X-Ovh-{name}: {value}")]
    there = f"eu.api.ovh.com:443:127.0.0.1:{URL(sealed.app.url).port}"
    command = ["curl", "-sS", "--noproxy", "*", "--cacert", authority / "ca.pem", "--connect-to", there, *words, url]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == f'["{SERVICE}"]'


# a certificate that is renewed


async def test_a_renewed_certificate_is_noticed_while_calls_go_on(
    sealed: Road, authority: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    renewed = tmp_path / "renewed"
    renewed.mkdir()
    make_authority(renewed, "localhost")
    for name in ("server.key", "server.pem"):
        shutil.copy(renewed / name, tmp_path)
    context = client_context(ca_file=str(renewed / "ca.pem"))

    async def noticed() -> bool:
        try:
            _, writer = await asyncio.open_connection("localhost", URL(sealed.app.url).port, ssl=context)
        except ssl.SSLCertVerificationError:
            return False
        writer.close()
        return True

    await until(noticed)
    assert await sealed.call("get", "/jobs") == [], "a client that stayed connected goes on"
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(renewed / "ca.pem"))
    newcomer = ovh.Client("depesza", APPLICATION, SECRET, sealed.client._consumer_key)
    assert await asyncio.to_thread(newcomer.get, "/sms") == [SERVICE]


# a proxy in front of us


class Front:
    """A reverse proxy that ends TLS and tells who called, as nginx does with the usual lines."""

    def __init__(self, folder: Path, client: Callable[[], str]) -> None:
        """`client` says from where the next request shall seem to come."""
        self._tls = server_context(str(folder / "server.pem"), str(folder / "server.key"))
        self._client = client
        self.behind = ""

    async def start(self) -> str:
        """Listen; gives our address for clients."""
        site = web.Application()
        site.router.add_route("*", "/{any:.*}", self._pass_on)
        self._runner = web.AppRunner(site, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls).start()
        self._session = aiohttp.ClientSession(auto_decompress=False)
        return f"https://localhost:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Close."""
        await self._session.close()
        await self._runner.cleanup()

    async def _pass_on(self, request: web.Request) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP}
        said = headers.get("X-Forwarded-For")
        headers |= {
            "X-Forwarded-For": f"{said}, {self._client()}" if said else self._client(),
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Host": request.host,
        }
        url, body = URL(self.behind + request.raw_path, encoded=True), await request.read()
        async with self._session.request(request.method, url, headers=headers, data=body) as answer:
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in HOP}
            return web.Response(status=answer.status, body=await answer.read(), headers=kept)


HOME = "198.51.100.9"


@asynccontextmanager
async def fronted(
    url: str, authority: Path, monkeypatch: pytest.MonkeyPatch, **http: object
) -> AsyncIterator[tuple[Road, str]]:
    """A road with a proxy in front of it; gives the proxy's address too."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority / "ca.pem"))
    front = Front(authority, lambda: HOME)
    address = await front.start()
    if http.get("public"):
        http["public"] = [address]
    async with built(url, monkeypatch, keys=False, **http) as road:
        front.behind = road.app.url
        introduce(monkeypatch, address)
        yield road, address
    await front.stop()


async def client_of(road: Road, *networks: str) -> ovh.Client:
    """Make a client whose key may be used from these networks."""
    facts = road.app.store.facts
    rules = [("GET", "/sms"), ("GET", "/sms/*"), ("POST", "/sms/*")]
    made = await road.app.store.run(
        keys.grant, road.app.vault, facts.applications[0].id, facts.owners[0].id, rules, 0, road.app.now(), networks
    )
    return ovh.Client("depesza", APPLICATION, SECRET, made.consumer_key)


async def test_a_trusted_proxy_says_what_address_was_signed_and_who_called(
    sqlite_url: str, authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with fronted(sqlite_url, authority, monkeypatch, trusted_proxies=["127.0.0.1"]) as (road, address):
        client = await client_of(road, HOME)
        assert await asyncio.to_thread(client.get, "/sms") == [SERVICE]
        job = {"message": "Hello", "receivers": [PHONE], "senderForResponse": True}
        assert (await asyncio.to_thread(client.post, f"/sms/{SERVICE}/jobs", **job))["validReceivers"] == [PHONE]
        asked = client.new_consumer_key_request()
        asked.add_rules(ovh.API_READ_ONLY, "/sms")
        assert (await asyncio.to_thread(asked.request))["validationUrl"].startswith(f"{address}/auth/")
        # what a client writes itself stands before what the proxy writes, and is not believed
        elsewhere = await client_of(road, "203.0.113.7")
        elsewhere._session.headers["X-Forwarded-For"] = "203.0.113.7"
        with pytest.raises(ovh.exceptions.Forbidden, match="may not be used from this address"):
            await asyncio.to_thread(elsewhere.get, "/sms")


async def test_nobody_else_is_believed(sqlite_url: str, authority: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with fronted(sqlite_url, authority, monkeypatch, trusted_proxies=["192.0.2.1"]) as (road, _):
        client = await client_of(road, HOME)
        with pytest.raises(ovh.exceptions.BadParametersError, match="Invalid signature"):
            await asyncio.to_thread(client.get, "/sms")
        introduce(monkeypatch, road.app.url)
        direct = await client_of(road, HOME)
        direct._session.headers["X-Forwarded-For"] = HOME
        with pytest.raises(ovh.exceptions.Forbidden, match="may not be used from this address"):
            await asyncio.to_thread(direct.get, "/sms")


async def test_a_public_address_is_enough_for_the_signature(
    sqlite_url: str, authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with fronted(sqlite_url, authority, monkeypatch, public=True) as (road, address):
        client = await client_of(road)
        assert await asyncio.to_thread(client.get, "/sms") == [SERVICE]
        asked = client.new_consumer_key_request()
        asked.add_rules(ovh.API_READ_ONLY, "/sms")
        assert (await asyncio.to_thread(asked.request))["validationUrl"].startswith(f"{address}/auth/")
