"""The snippets of docs/guides/ovh-clients.md send a text, each by its own client, as a reader would run it.

Only the address and the keys are put in. Node's and Django's are run where their packages have been installed.
"""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.journeys.authority import make_authority
from tests.journeys.road import APPLICATION, PHONE, SECRET, SERVICE, Road, apply, built

pytestmark = [pytest.mark.anyio, pytest.mark.journey]

ROOT = Path(__file__).parents[2]
JOURNEYS = ROOT / "tests" / "journeys"
PAGE = (ROOT / "docs" / "guides" / "ovh-clients.md").read_text("utf-8")
SNIPPETS = re.findall(r"^<!-- run beside a platform: (\w+) -->\n+```\w+\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
NOT_RUN = {"php", "go", "ini"}
ROBOT, ROBOT_SECRET = "robotClient", "robot's own secret"

COMMANDS = {
    "python": [sys.executable, "-W", "ignore", "-c"],
    "sh": ["bash", "-euo", "pipefail", "-c"],
    "node": [shutil.which("node") or "", "-e"],
    "django": [str(JOURNEYS / "python" / ".venv" / "bin" / "python"), "-W", "ignore", "-c"],
}
HERE = {
    "python": True,
    "sh": True,
    "node": bool(shutil.which("node")) and (JOURNEYS / "node" / "node_modules" / "notifme-sdk").is_dir(),
    "django": (JOURNEYS / "python" / ".venv" / "installed").is_file(),
}
LOGIN = """
import sys
from django.conf import settings
settings.configure(**{name: value for name, value in globals().items() if name.isupper()})
from types import SimpleNamespace
from two_factor.gateways import send_sms
send_sms(SimpleNamespace(number=SimpleNamespace(as_e164="+33601020304")), "4711")
"""


@pytest.fixture
async def road(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Road]:
    """A platform that speaks TLS."""
    make_authority(tmp_path, "localhost")
    files = {"tls_cert": str(tmp_path / "server.pem"), "tls_key": str(tmp_path / "server.key")}
    for name in ("REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, str(tmp_path / "ca.pem"))
    async with built(sqlite_url, monkeypatch, "localhost", **files) as made:
        rules = ["GET /sms"]
        robot = {"owner": "ab1-ovh", "name": "robot", "key": ROBOT, "secret": ROBOT_SECRET}
        await apply(made.app, {"applications": [robot | {"kind": "oauth2", "rules": rules}]})
        yield made


def filled(road: Road, text: str) -> str:
    """Put our address and keys into a snippet."""
    host = road.address.removeprefix("https://")
    port = host.rpartition(":")[2]
    text = re.sub(r'host: "sms.example.org",(\s+)port: 443', rf'host: "localhost",\1port: {port}', text)
    values = {
        "sms.example.org": host,
        "YOUR_APPLICATION_KEY": APPLICATION,
        "YOUR_APPLICATION_SECRET": SECRET,
        "YOUR_CONSUMER_KEY": road.client._consumer_key,
        "YOUR_CLIENT_ID": ROBOT,
        "YOUR_CLIENT_SECRET": ROBOT_SECRET,
    }
    for name, value in values.items():
        text = text.replace(name, value)
    return text


def run(language: str, text: str) -> subprocess.CompletedProcess[str]:
    """Run a snippet."""
    folder = JOURNEYS / "node" if language == "node" else ROOT
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    text = text + LOGIN if language == "django" else text
    return subprocess.run(
        [*COMMANDS[language], text],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_every_snippet_is_run_or_said_not_to_be() -> None:
    fences = re.findall(r"^```(\w+)$", PAGE, re.MULTILINE)
    assert len(SNIPPETS) == len([language for language in fences if language not in NOT_RUN])
    assert {language for language, _ in SNIPPETS} == set(COMMANDS)
    assert set(fences) > NOT_RUN


@pytest.mark.parametrize(("language", "text"), [pair for pair in SNIPPETS if HERE[pair[0]]])
async def test_a_snippet_does_what_it_says(road: Road, language: str, text: str) -> None:
    ran = await asyncio.to_thread(run, language, filled(road, text))
    assert ran.returncode == 0, ran.stderr
    if "CLIENT_ID" in text and "OVH_CLIENT_ID" not in text:
        assert SERVICE in ran.stdout
        return
    (id,) = await road.call("get", "/outgoing")
    assert (await road.ended(id))["receiver"] == PHONE
    (arrived,) = await road.inbox()
    assert (arrived["text"], arrived["other"]) == ("Your token is 4711" if language == "django" else "Hello", "MyApp")
