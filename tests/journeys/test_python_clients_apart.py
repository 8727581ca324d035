"""Python clients of OVH's API that need an environment of their own, unmodified: a Django gateway and a command.

They run where scripts/install-clients has made that environment.
"""

import asyncio
import json
import re
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from authority import make_authority
from road import APPLICATION, PHONE, SECRET, SERVICE, Road, built
from tunnel import Tunnel

pytestmark = [pytest.mark.anyio, pytest.mark.journey]

HERE = Path(__file__).parent / "python"
PYTHON = HERE / ".venv" / "bin" / "python"
PATIENCE = 40.0
BUILT_IN = ("api.ovh.com", "eu.api.ovh.com")
"""Hosts that the command calls, whatever one says."""


class Site:
    """The Django site, running."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process = process
        self._typed = process.stdin
        self._said = process.stdout

    async def says(self) -> dict[str, Any]:
        """Read what it prints."""
        return json.loads(await asyncio.wait_for(self._said.readline(), PATIENCE))  # type: ignore[no-any-return]

    async def type(self, token: str) -> bool:
        """Type a token; tells whether it is right."""
        self._typed.write(f"{token}\n".encode())
        return bool((await self.says())["verified"])


@pytest.fixture
async def road(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Road]:
    """A platform that speaks TLS and has the vendor's names."""
    make_authority(tmp_path, "localhost", *BUILT_IN)
    files = {"tls_cert": str(tmp_path / "server.pem"), "tls_key": str(tmp_path / "server.key")}
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    async with built(sqlite_url, monkeypatch, "localhost", **files) as made:
        yield made


async def site(road: Road, sender: str) -> Site:
    """Start the site."""
    keys = {"key": APPLICATION, "secret": SECRET, "consumer": road.client._consumer_key}
    told = keys | {"address": f"{road.address}/1.0", "number": PHONE, "sender": sender}
    pipe = asyncio.subprocess.PIPE
    return Site(
        await asyncio.create_subprocess_exec(
            *(str(PYTHON), "django_gateway.py", json.dumps(told)), cwd=HERE, stdin=pipe, stdout=pipe
        )
    )


async def ovhcli(road: Road, home: Path, proxy: str, *words: str) -> Any:
    """Run the command; gives the JSON it prints."""
    trusts_ca = f"import pip._vendor.certifi as trusted\ntrusted.where = lambda: {str(home / 'ca.pem')!r}\n"
    (home / "sitecustomize.py").write_text(trusts_ca)
    environment = {"HOME": str(home), "HTTPS_PROXY": proxy, "PYTHONPATH": str(home)}
    keys = {"AK": APPLICATION, "AS": SECRET, "CK": road.client._consumer_key}
    (home / ".ovhcli").write_text(json.dumps(keys))
    command = [str(PYTHON), "-W", "ignore", "-m", "ovh_api_cli", *words]
    run = await asyncio.to_thread(
        subprocess.run, command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.split() if words[0].startswith("--complete") else json.loads(run.stdout)


if PYTHON.exists():

    async def test_a_token_of_a_django_site_arrives_and_lets_in(road: Road) -> None:
        django = await site(road, "MyApp")
        assert await django.says() == {"sent": True}
        (id,) = await road.call("get", "/outgoing")
        assert (await road.ended(id))["deliveryReceipt"] == 1
        (text,) = await road.inbox()
        (token,) = re.fullmatch(r"Your token is (\d{6})", text["text"]).groups()  # type: ignore[union-attr]
        assert text["other"] == "MyApp"
        assert not await django.type(f"{(int(token) + 1) % 1_000_000:06}")
        assert await django.type(token)
        django.process.terminate()
        await django.process.wait()

    async def test_a_django_site_with_a_sender_of_nobody_is_told(road: Road) -> None:
        django = await site(road, "Nobody")
        said = await django.says()
        assert said["refused"] == "BadParametersError"
        assert "sender" in said["why"]
        django.process.terminate()
        await django.process.wait()

    async def test_a_command_with_the_vendors_addresses_built_in(road: Road, tmp_path: Path) -> None:
        await road.ended(id := await road.send())
        async with Tunnel(int(road.address.rpartition(":")[2]), BUILT_IN) as tunnel:

            async def cli(*words: str) -> Any:
                return await ovhcli(road, tmp_path, tunnel.url, *words)

            assert await cli("GET", "/sms") == [SERVICE]
            named = f"--serviceName={SERVICE}"
            assert await cli("GET", "/sms/{serviceName}/outgoing", named) == [id]  # all filters sent, empty
            shown = await cli("GET", "/sms/{serviceName}/outgoing/{id}", named, f"--id={id}")
            assert shown["deliveryReceipt"] == 1
            stranger = await cli("GET", "/sms/{serviceName}", "--serviceName=sms-zz99999-9")
            assert stranger["message"] == "This service does not exist"
            assert await cli("--complete=/sms/{serviceName}/jo") == ["/sms/{serviceName}/jobs"]
            assert set(tunnel.asked) == {f"{host}:443" for host in BUILT_IN}
