"""SMSAdvert from token to callback: the guide's lines as they stand, and a session that keeps its connection."""

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import requests
from road import PATIENCE, PHONE, SERVICE, Road, apply, built

pytestmark = [pytest.mark.anyio, pytest.mark.journey]

GUIDE = (Path(__file__).parents[2] / "docs" / "guides" / "smsadvert.md").read_text("utf-8")
SNIPPETS = re.findall(r"^```(sh|python)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
TOKEN = "a token of the road, long enough"


@pytest.fixture
async def road(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Road]:
    """A platform, and a token of its account."""
    async with built(sqlite_url, monkeypatch, keys=False) as road:
        await apply(road.app, {"tokens": [{"account": SERVICE, "name": "shop", "token": TOKEN, "language": "en"}]})
        yield road
        await road.audited()


async def run(road: Road, kind: str, text: str) -> str:
    """Run a snippet of the guide at this platform's address; gives what it prints."""
    text = text.replace("http://127.0.0.1:8080", road.address)
    words = ["bash", "-ec", text] if kind == "sh" else [sys.executable, "-c", text]
    variables = os.environ | {"TOKEN": TOKEN, "CALLBACK": f"{road.ear.url}/ended"}
    made = await asyncio.create_subprocess_exec(*words, env=variables, stdout=asyncio.subprocess.PIPE)
    said, _ = await asyncio.wait_for(made.communicate(), 20)
    assert made.returncode == 0, text
    return said.decode()


async def test_every_snippet_of_the_guide_runs(road: Road) -> None:
    curl, script, reads = [await run(road, kind, text) for kind, text in SNIPPETS]
    answer = json.loads(curl)
    assert (answer["successMessage"], answer["unitsCost"]) == ("Your message has been successfully submitted!", 1)
    ends = await road.ear.wait_for(2)
    id = script.strip()
    assert [(heard.method, heard.path, json.loads(heard.body)) for heard in ends] == [
        ("POST", "/ended", {"status": "delivered", "msgId": id})
    ] * 2
    account, queue, devices = map(json.loads, re.findall(r"\{.*?\}(?=\{|$)", reads, re.DOTALL))
    assert (account["units"], devices) == (97, {"devices": []})
    assert queue["count"] >= 0
    assert {text["text"] for text in await road.inbox()} == {"Hello, this is curl", "Hello, both of you"}


async def test_one_client_sends_is_corrected_and_is_told(road: Road) -> None:
    def client() -> list[requests.Response]:
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {TOKEN}"
            message = {"phone": PHONE, "shortTextMessage": "by the network", "sendAsShort": "true"}
            fields = (
                message | {"statusWebhook": f"{road.ear.url}/n8n"},
                message | {"phone": "0601020304", "shortTextMessage": "x"},
                {"phone": PHONE, "shortTextMessage": "nobody's phone is here"},
            )
            url = f"{road.address}/api/sms"
            return [session.post(url, json=each, timeout=PATIENCE, allow_redirects=False) for each in fields]

    good, wrong, waits = await asyncio.to_thread(client)
    (heard,) = await road.ear.wait_for(1)
    assert json.loads(heard.body) == {"status": "delivered", "msgId": good.json()["msgId"]}
    assert heard.headers["Content-Type"] == "application/json"
    assert "x-depesza-signature" in {name.lower() for name in heard.headers}
    assert (wrong.status_code, wrong.json()) == (
        400,
        {"errors": {"phone": "Invalid phone number!", "shortTextMessage": "Enter at least 3 characters!"}},
    )
    assert waits.status_code == 200
