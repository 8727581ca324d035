"""The npm clients of OVH's API, unmodified, over TLS: list, send, wait for the delivery, be refused.

They always sign `https://<host>` without the port and speak TLS only, so each meets a listener with a certificate of
an authority made on the fly. They run where there is node and scripts/install-node has put the packages.
"""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from authority import make_authority
from road import APPLICATION, PHONE, SECRET, SERVICE, Road, apply, approve, built

pytestmark = [pytest.mark.anyio, pytest.mark.journey]

HERE = Path(__file__).parent / "node"
NODE = shutil.which("node") if (HERE / "node_modules" / "notifme-sdk").is_dir() else None
TEXT = 'Zażółć 🙂 \\ "été" / <b>'
"""Whose JSON is written in another way by each client."""
PATIENCE = 40.0


@pytest.fixture
async def road(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Road]:
    """A platform that speaks TLS, its customer with an approved key."""
    make_authority(tmp_path, "localhost")
    files = {"tls_cert": str(tmp_path / "server.pem"), "tls_key": str(tmp_path / "server.key")}
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    monkeypatch.setenv("NODE_EXTRA_CA_CERTS", str(tmp_path / "ca.pem"))
    async with built(sqlite_url, monkeypatch, "localhost", **files) as made:
        yield made


def keys(road: Road) -> dict[str, Any]:
    """Name the listener and the keys as the vendor's clients want them."""
    port = int(road.address.rpartition(":")[2])
    key = {"appKey": APPLICATION, "appSecret": SECRET, "consumerKey": road.client._consumer_key}
    return {"host": "localhost", "port": port, **key}


async def run(script: str, **told: object) -> dict[str, Any]:
    """Run a script of `node/`; gives the last line of JSON that it prints, and approves the keys it asks for."""
    process = await asyncio.create_subprocess_exec(
        *(str(NODE), f"{script}.js", json.dumps({"service": SERVICE, "text": TEXT, "receiver": PHONE} | told)),
        cwd=HERE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    heard: dict[str, Any] = {}
    try:
        async with asyncio.timeout(PATIENCE):
            async for line in process.stdout:
                heard = json.loads(line)
                if "validationUrl" in heard:
                    assert heard["code"] == "INVALID_CREDENTIAL"
                    assert (await asyncio.to_thread(approve, heard["validationUrl"])).status_code == 200
            complaints = (await process.stderr.read()).decode()
            assert await process.wait() == 0, complaints
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return heard


async def _delivered(road: Road, heard: dict[str, Any], text: str = TEXT) -> None:
    """Hold what a client read to what the phone got."""
    (id,) = heard["report"]["ids"]
    assert heard["report"]["validReceivers"] == [PHONE]
    assert (heard["shown"]["id"], heard["shown"]["message"]) == (id, text)
    assert (heard["shown"]["deliveryReceipt"], heard["shown"]["ptt"]) == (1, 4)
    assert heard["listed"] == [id]
    assert [(text["text"], text["other"]) for text in await road.inbox()] == [(text, "MyApp")]


if NODE is not None:

    @pytest.mark.parametrize("client", ["ovh", "@ovhcloud/node-ovh"])
    async def test_the_vendors_npm_clients(road: Road, client: str) -> None:
        heard = await run("ovh_vendor", client=client, options=keys(road) | {"apis": ["sms"]})
        await _delivered(road, heard)
        assert heard["accounts"] == [SERVICE]
        assert (heard["changed"], heard["description"], heard["removed"]) == (None, "Étéléphone", None)
        assert heard["stranger"] == {"error": 404, "message": "This service does not exist"}
        assert heard["incomplete"] == {"error": 400, "message": "sender is required"}
        assert heard["warnings"] == []  # spec: ovh/6 case 60

    async def test_client_credentials_of_the_vendors_npm_client(road: Road) -> None:
        rules = ["GET /sms", "GET /sms/*", "POST /sms/*", "PUT /sms/*", "DELETE /sms/*"]
        robot = {"owner": "ab1-ovh", "name": "robot", "key": "robotClient", "secret": SECRET}
        await apply(road.app, {"applications": [robot | {"kind": "oauth2", "rules": rules}]})
        options = {name: value for name, value in keys(road).items() if name in ("host", "port")}
        options |= {"clientID": "robotClient", "clientSecret": SECRET, "tokenURL": f"{road.address}/auth/"}
        heard = await run("ovh_vendor", client="@ovhcloud/node-ovh", options=options)
        await _delivered(road, heard)
        assert heard["stranger"]["error"] == 404

    async def test_a_client_without_a_key_asks_for_one_and_waits_for_its_owner(road: Road, tmp_path: Path) -> None:
        folder = tmp_path / "kept"
        options = {name: value for name, value in keys(road).items() if name != "consumerKey"}
        options["redirectUrl"] = f"{road.ear.url}/thanks"
        heard = await run("ovh_typed", options=options, folder=str(folder))
        await _delivered(road, heard)
        assert [each.path for each in road.ear.heard] == ["/thanks"]
        assert heard["accounts"] == [SERVICE]
        (kept,) = heard["kept"]
        rules = ["GET /sms", "GET /sms/*", "POST /sms/*/jobs", "GET /me"]
        assert [f"{rule['method']} {rule['path']}" for rule in kept["rules"]] == rules
        stranger, forbidden = heard["errors"]
        assert stranger.pop("message").startswith("This service does not exist")
        assert stranger == {"ours": True, "code": "NOT_FOUND", "status": "404 Not Found"}
        assert forbidden.pop("message").startswith("This call has not been granted")
        assert forbidden == {"ours": True, "code": "NOT_GRANTED_CALL", "status": "403 Forbidden"}

    async def test_a_sdk_for_many_vendors_sends_by_its_ovh_provider(road: Road) -> None:
        options = keys(road)
        options |= {"host": f"localhost:{options.pop('port')}"}
        # what is not ASCII it signs escaped and sends plain, which the vendor refuses as we do
        heard = await run("ovh_notifme", options=options, text="Your code is 4711")
        assert heard["sent"]["status"] == "success"
        shown = await road.ended(heard["sent"]["channels"]["sms"]["id"])
        assert (shown["message"], shown["deliveryReceipt"]) == ("Your code is 4711", 1)
        assert heard["refused"]["status"] == "error"
        assert heard["refused"]["errors"]["sms"].startswith("4")
