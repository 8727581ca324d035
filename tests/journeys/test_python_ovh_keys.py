"""The vendor's python client and HTTPie's plugin, unmodified, ask for keys and use them over real sockets."""

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

import ovh
import ovh.client
import pytest
from tests.dialects.ovh_auth_world import PASSWORD, World, form, opened, plain
from tests.support import Clock

from depesza.net.http_server import HttpServer
from depesza.services import keys

pytestmark = [pytest.mark.anyio, pytest.mark.journey]

BOTH = ["sms-xx11111-1", "sms-xx11111-2"]
AHEAD = 3600
"""Seconds that our clock is ahead of the clients'."""


class Listening:
    """A world behind a listener, and clients of it."""

    def __init__(self, world: World, server: HttpServer) -> None:
        self.world = world
        self.server = server

    def client(self, **options: str) -> ovh.Client:
        """Make the vendor's client."""
        if not options:
            options = {"application_key": self.world.key, "application_secret": self.world.secret}
        return ovh.Client(endpoint="depesza", **options)

    async def approve(self, url: str) -> str:
        """Decide on the page as the owner does; gives where the browser is sent."""
        path = url.removeprefix(self.server.url)
        shown = await self.world.ask(plain("GET", path))
        fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', shown.text))
        fields |= {"login": "ab1-ovh", "password": PASSWORD, "decision": "accept", "validity": "1d"}
        done = await self.world.ask(form("/auth/", fields, shown.headers["Set-Cookie"].partition(";")[0]))
        return done.headers.get("Location", "")


@pytest.fixture
async def listening(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Listening]:
    """The dialect on a port of its own; the clients know it as the endpoint `depesza`."""
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    for name in [name for name in os.environ if name.startswith("OVH_")]:
        monkeypatch.delenv(name)
    async with opened(sqlite_url, Clock(time.time_ns() // 1000 + AHEAD * 1_000_000)) as world:
        await world.with_keys()
        server = HttpServer(world.ovh.handle)
        await server.start()
        monkeypatch.setitem(ovh.client.ENDPOINTS, "depesza", f"{server.url}/1.0")
        monkeypatch.setitem(ovh.client.OAUTH2_TOKEN_URLS, "depesza", f"{server.url}/auth/oauth2/token")
        yield Listening(world, server)
        await server.stop(1.0)


async def test_a_consumer_key_from_request_to_use(listening: Listening) -> None:
    client = listening.client()
    request = client.new_consumer_key_request()
    request.add_rules(ovh.API_READ_ONLY, "/me")
    request.add_recursive_rules(ovh.API_READ_WRITE, "/sms")
    made = await asyncio.to_thread(request.request, "https://client.example/back")
    assert made["state"] == "pendingValidation"
    with pytest.raises(ovh.exceptions.InvalidCredential, match="This credential is not valid"):
        await asyncio.to_thread(client.get, "/sms")

    assert await listening.approve(made["validationUrl"]) == "https://client.example/back"

    assert client.time_delta in range(AHEAD - 30, AHEAD + 30)
    assert await asyncio.to_thread(client.get, "/sms") == BOTH
    assert (await asyncio.to_thread(client.get, "/me"))["nichandle"] == "ab1-ovh"
    assert await asyncio.to_thread(client.get, "/v1/sms") == BOTH
    told = await asyncio.to_thread(client.get, "/auth/currentCredential")
    assert told["status"] == "validated"
    with pytest.raises(ovh.exceptions.NotGrantedCall):
        await asyncio.to_thread(client.get, "/order/sms")
    with pytest.raises(ovh.exceptions.ResourceNotFoundError, match="This service does not exist"):
        await asyncio.to_thread(client.get, "/sms/sms-zz99999-9")
    assert await asyncio.to_thread(client.post, "/auth/logout") is None
    with pytest.raises(ovh.exceptions.InvalidCredential):
        await asyncio.to_thread(client.get, "/sms")


async def test_refusals_become_the_clients_own_errors(listening: Listening) -> None:
    world = listening.world
    wrong = {"application_key": world.key, "application_secret": "x", "consumer_key": world.consumer_key}
    with pytest.raises(ovh.exceptions.BadParametersError, match="Invalid signature"):
        await asyncio.to_thread(listening.client(**wrong).get, "/sms")
    nobody = {"application_key": "x", "application_secret": "x", "consumer_key": "x"}
    with pytest.raises(ovh.exceptions.InvalidKey) as caught:
        await asyncio.to_thread(listening.client(**nobody).get, "/sms")
    assert caught.value.query_id.startswith("EU.ext-1.")


async def test_client_credentials(listening: Listening) -> None:
    world = listening.world
    rules = [("GET", "/sms"), ("GET", "/sms/*")]
    made = await world.store.run(keys.create_application, world.vault, 100, "robot", "", "oauth2", rules)
    client = listening.client(client_id=made.row.key, client_secret=made.secret)
    assert await asyncio.to_thread(client.get, "/sms") == BOTH
    with pytest.raises(ovh.exceptions.APIError, match="User not granted for this request"):
        await asyncio.to_thread(client.delete, "/sms/sms-xx11111-1/jobs/5")
    stranger = listening.client(client_id="nobody", client_secret="x")
    with pytest.raises(ovh.exceptions.OAuth2FailureError, match="ovhcloud oauth2 client does not exists"):
        await asyncio.to_thread(stranger.get, "/sms")


# HTTPie with httpie-ovh-auth


async def http(listening: Listening, *words: str) -> Any:
    """Run HTTPie; gives the JSON it prints."""
    world = listening.world
    keys_of = {
        "OVH_CLIENT_ID": world.key,
        "OVH_CLIENT_SECRET": world.secret,
        "OVH_CONSUMER_KEY": world.consumer_key,
    }
    command = [sys.executable, "-m", "httpie", "--ignore-stdin", "--auth-type=ovh", "--body", "--pretty=none", *words]
    environment = os.environ | keys_of
    if any(word.startswith("--proxy") for word in words):
        environment.pop("NO_PROXY")
    done = await asyncio.to_thread(
        subprocess.run, command, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    return json.loads(done.stdout)


async def test_httpie_signs_what_it_sends(listening: Listening) -> None:
    listening.world.clock.now = time.time_ns() // 1000  # the plugin signs with its own clock
    base = f"{listening.server.url}/1.0/sms"
    account = f"{base}/sms-xx11111-1"
    assert await http(listening, "GET", base) == BOTH
    job = ('receivers:=["+33601020304"]', "message=Bonjour é", "senderForResponse:=true", "tag=a b")
    report = await http(listening, "POST", f"{account}/jobs", *job)
    assert report["validReceivers"] == ["+33601020304"]
    assert await http(listening, "GET", f"{account}/outgoing", "tag==a b") == report["ids"]  # `+` in the query


async def test_httpie_reaches_us_under_the_vendors_own_name(listening: Listening) -> None:
    listening.world.clock.now = time.time_ns() // 1000
    proxy = f"--proxy=http:{listening.server.url}"
    assert await http(listening, proxy, "GET", "http://eu.api.ovh.com/1.0/sms") == BOTH
