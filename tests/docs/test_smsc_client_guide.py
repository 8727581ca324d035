"""docs/guides/smsc.md from an empty folder on: its operator's commands, a server, and each snippet against it.

Only addresses are put in. Node's and Python's are run where their packages have been installed.
"""

import asyncio
import json
import re
import shutil
import subprocess
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec import Struct
from tests.docs.test_pages_hold import reader
from tests.journeys.road import Ear

pytestmark = [pytest.mark.anyio, pytest.mark.journey]

ROOT = Path(__file__).parents[2]
JOURNEYS = ROOT / "tests" / "journeys"
PYTHON = JOURNEYS / "python" / ".venv" / "bin" / "python"
PAGE = (ROOT / "docs" / "guides" / "smsc.md").read_text("utf-8")
SNIPPET = re.compile(r"^<!-- run (by|beside|on) [\w :]+ -->\n+```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SNIPPETS = SNIPPET.findall(PAGE)
READY = next(place for place, (who, *_) in enumerate(SNIPPETS) if who != "by")
"""How many of the operator's come before the server starts."""
NOT_RUN = {"php", "ini"}
COMMANDS = {"sh": ["bash", "-euo", "pipefail", "-c"], "js": ["node", "-e"], "python": [str(PYTHON), "-c"]}
HERE = {
    "sh": True,
    "js": bool(shutil.which("node")) and (JOURNEYS / "node" / "node_modules" / "node-smsc").is_dir(),
    "python": PYTHON.is_file(),
}
NOTED = r"""depesza() { printf '%s\037' "$@"; printf '\036'; }"""
"""What stands in for the command in the operator's shell: to note calls is much quicker than to start each."""
REPEATED = """
import sys
from depesza.cli import main
for call in sys.stdin.read().split("\036")[:-1]:
    if status := main(call.split("\037")[:-1]):
        raise SystemExit(f"{status} from {call}")
"""
PHONE, CHATTY = "79161234567", "79161234950"
"""The second one answers what it gets."""


class Shop(Struct, frozen=True):
    """What stands when the operator is ready."""

    address: str
    ear: Ear
    folder: Path
    environment: dict[str, str]

    async def run(self, language: str, text: str) -> str:
        """Run a snippet as the reader does; gives what it prints."""
        text = text.replace("https://sms.example.org", self.address)
        folder = JOURNEYS / "node" if language == "js" else ROOT
        process = await asyncio.create_subprocess_exec(
            *COMMANDS[language], text, cwd=folder, env=self.environment, stdout=PIPE, stderr=PIPE
        )
        said, complaints = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 0, f"{text}\n{said.decode()}{complaints.decode()}"
        return said.decode()

    async def curl(self, script: str, **params: str) -> str:
        """Ask a script as the shop, for numbers."""
        words = [word for name, value in params.items() for word in ("--data-urlencode", f"{name}={value}")]
        login = ["-d", "login=shop", "-d", "psw=let me in", "-d", "charset=utf-8", "-d", "fmt=1"]
        command = ["curl", "-sf", f"{self.address}/sys/{script}.php", *login, *words]
        return (await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)).stdout


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    """Do what the operator does, in an empty folder, and start the server."""
    ear = Ear()
    await ear.start()
    commands = "".join(text for _, _, text in SNIPPETS[:READY])
    commands = commands.replace("https://shop.example.org", ear.url).replace("mktemp -d", f"mktemp -d -p {tmp_path}")
    environment = await asyncio.to_thread(operate, commands, tmp_path / "environment", reader())
    environment |= {"DEPESZA_HTTP_PORT": "0", "DEPESZA_OPS_PORT": "-1", "NO_PROXY": "*"}
    environment |= {"DEPESZA_SECURITY_ALLOW_PRIVATE": "127.0.0.0/8"}
    serving = await asyncio.create_subprocess_exec(
        "depesza", "serve", cwd=tmp_path, env=environment, stdout=PIPE, stderr=STDOUT
    )
    try:
        yield Shop(await asyncio.wait_for(started(serving), 30), ear, tmp_path, environment)
    finally:
        serving.terminate()
        await serving.communicate()
        await ear.stop()


def operate(commands: str, kept: Path, known: dict[str, str]) -> dict[str, str]:
    """Run the operator's commands; gives the environment that they leave behind."""
    shell = [*COMMANDS["sh"], f"{NOTED}\n{commands}\nenv -0 > {kept}"]
    noted = subprocess.run(shell, cwd=ROOT, env=known, stdout=subprocess.PIPE, check=True).stdout
    rows = [row.split("=", 1) for row in kept.read_text("utf-8").split("\0") if row]
    environment = {name: value for name, value in rows if not name.startswith("BASH_FUNC")}
    ran = subprocess.run(
        [sys.executable, "-c", REPEATED], input=noted, env=environment, capture_output=True, check=False
    )
    assert ran.returncode == 0, ran.stderr.decode()
    return environment


async def started(serving: Process) -> str:
    """Read the server's log until it tells its address."""
    assert serving.stdout is not None
    log = []
    async for line in serving.stdout:
        log.append(line.decode())
        if b"app.started" in line:
            return str(json.loads(line)["url"])
    raise AssertionError("".join(log))


def test_every_snippet_is_run_or_said_not_to_be() -> None:
    fences = re.findall(r"^```(\w+)$", PAGE, re.MULTILINE)
    assert len(SNIPPETS) == len([language for language in fences if language not in NOT_RUN])
    assert {language for _, language, _ in SNIPPETS} == set(COMMANDS)


async def test_the_guide_from_an_empty_folder_to_delivered_texts(shop: Shop) -> None:
    said: dict[str, list[str]] = {"sh": [], "js": [], "python": []}
    for who, language, text in SNIPPETS[READY:]:
        if who == "by":
            await asyncio.to_thread(operate, text, shop.folder / "later", shop.environment)
        elif who != "on" and HERE[language]:
            said[language].append(await shop.run(language, text))
    first = said["sh"][0]
    assert all(told in first for told in ('"cnt": 1', '"balance": "998.60"', '"currency": "RUR"')), first
    assert said["sh"][-1].endswith('}{\n"result": "OK"\n}100.00')
    assert all("status_name" in each for each in said["js"])
    assert await shop.curl("get", get_messages="1", phone=PHONE) != "0,-3"
    rows = (await shop.curl("get", get_messages="1", phone=PHONE)).splitlines()
    assert len(rows) == 1 + (3 if said["python"] else 0) + len(said["js"])
    await _told(shop, len(rows))


async def _told(shop: Shop, count: int) -> None:
    """Check callbacks as the guide does: of deliveries, and of a text that came in."""
    given: dict[str, object] = {}
    exec(next(text for who, _, text in SNIPPETS if who == "on"), given)
    await shop.curl("send", phones=CHATTY, mes="Вы придёте?", sender="79037676877")
    answers = await shop.ear.wait_for(1, lambda heard: "mes" in heard.form)
    assert (answers[0].form["mes"], answers[0].form["to"]) == ("Oui", "79037676877")
    states = await shop.ear.wait_for(count, lambda heard: heard.form.get("status") == "1")
    for heard in [*answers, *states]:
        assert given["is_genuine"](heard.form), heard  # type: ignore[operator]
        assert not given["is_genuine"](heard.form, "another")  # type: ignore[operator]
