"""http2sms by the tools that people call it with: the lines of the guide as they stand, and curl and wget besides."""

import asyncio
import json
import re
import shutil
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from road import PHONE, SERVICE, Road, apply, built

pytestmark = [pytest.mark.anyio, pytest.mark.journey]

GUIDE = (Path(__file__).parents[2] / "docs" / "guides" / "http2sms.md").read_text("utf-8")
LINES = re.findall(r"^```sh\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
USER = {"account": SERVICE, "login": "api1", "password": "Secret12"}
WHO = "account=sms-xx11111-1&login=api1&password=Secret12&from=MyApp&noStop=1"


@pytest.fixture
async def road(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Road]:
    """A platform behind a proxy on this machine, and a user who may call from anywhere."""
    async with built(sqlite_url, monkeypatch, trusted_proxies=["127.0.0.0/8"]) as road:
        await apply(road.app, {"users": [USER | {"callback": f"{road.ear.url}/user"}]})
        yield road
        await road.audited()


async def shell(road: Road, line: str) -> str:
    """Type a line of the guide, at this platform's address; gives what it prints."""
    line = line.replace("http://127.0.0.1:8080", road.address)
    made = await asyncio.create_subprocess_exec("bash", "-c", line, stdout=asyncio.subprocess.PIPE)
    said, _ = await asyncio.wait_for(made.communicate(), 20)
    assert made.returncode == 0, line
    return said.decode()


async def arrived(road: Road, count: int) -> list[str]:
    """Wait until so many messages were reported; gives the texts that the phone has."""
    await road.ear.wait_for(count, lambda heard: heard.query.get("dlr") == "1")
    return sorted(text["text"] for text in await road.inbox())


async def test_a_user_is_bound_to_addresses_behind_a_proxy(road: Road) -> None:
    await road.call("put", "/users/api1", ipRestrictions=["192.0.2.7"])
    line = f"curl -s -H 'X-Forwarded-For: {{}}' 'http://127.0.0.1:8080/http2sms?{WHO}&to={PHONE}&message=x'"
    assert (await shell(road, line.format("192.0.2.8"))).startswith("KO\nIP not allowed. For more informations : http")
    assert (await shell(road, line.format("192.0.2.7"))).startswith("OK\n")
    page = (await shell(road, line.format("192.0.2.8"))).split()[-1]
    assert "noStop" in await shell(road, f"curl -s {page}")
    await arrived(road, 1)


async def test_a_deferred_text_is_a_job_that_the_other_api_takes_back(road: Road) -> None:
    at = datetime.now(ZoneInfo("Europe/Paris")) + timedelta(hours=1)
    query = f"{WHO}&to={PHONE}&message=later&deferred={at:%H%M%d%m%Y}"
    id = int((await shell(road, f"curl -s 'http://127.0.0.1:8080/http2sms?{query}'")).split("\n")[2])
    assert await road.call("get", "/users/api1/jobs") == [id]
    assert (await road.call("get", f"/users/api1/jobs/{id}"))["differedDelivery"] in (59, 60)
    await road.call("delete", f"/users/api1/jobs/{id}")
    assert await road.call("get", "/users/api1/jobs") == []


if shutil.which("wget"):  # a small machine may lack it; continuous integration has it

    async def test_the_lines_of_the_guide_send(road: Road) -> None:
        curl, form, wget = LINES
        said = [await shell(road, line) for line in (curl, form, wget)]
        assert re.fullmatch(r"OK\n99\n\d+", said[0])
        answer = json.loads(said[1])
        assert (answer["status"], answer["creditLeft"], len(answer["SmsIds"])) == (100, "97", 2)
        assert re.fullmatch(r"OK\n96\n\d+", said[2])
        assert await arrived(road, 4) == ["First line\nsecond line", "Hello, both of you", "Hello, this is curl"]
        assert {heard.path for heard in road.ear.heard} == {"/user"}, "news goes to the user's own address"

    async def test_tools_write_latin_multipart_and_forms(road: Road) -> None:
        address = "http://127.0.0.1:8080/cgi-bin/sms/http2sms.cgi"
        parts = " ".join(f"-F '{part}'" for part in WHO.split("&"))
        said = [
            await shell(road, line)
            for line in (
                f"curl -s '{address}?&{WHO}&to=%2B33601020304&message=d%E9j%E0+vu'",
                f"curl -s {address} {parts} -F to={PHONE} -F 'message=from a form'",
                f"wget -qO- --post-data '{WHO}&to=33601020304&message=wget%0D%0Aposts' {address}",
            )
        ]
        assert [answer.partition("\n")[0] for answer in said] == ["OK"] * 3
        assert await arrived(road, 3) == ["déjà vu", "from a form", "wget\nposts"]
