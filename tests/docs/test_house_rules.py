"""Rules of the repository itself: the changelog's form, the pins, and nothing of one machine in a file."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parents[2]

CHANGES = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
RELEASE = re.compile(r"## \[(Unreleased|\d+\.\d+\.\d+)\](?: - (\d{4}-\d{2}-\d{2}))?")
PIN = re.compile(r"[A-Za-z0-9][\w.-]*==[\w.!+]+")
OF_ONE_MACHINE = [
    r"(?<![\w.$}/])/(?:root|work|Users)/\w",
    r"(?<![\w.$}/])/home/\w",
    r"^\s*registry\s*=",
    r'"resolved":\s*"http',
    r"--(?:extra-)?index-url",
    r"--find-links",
]


def run(*command: str) -> str:
    """Give what a command prints."""
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False).stdout.strip()


def tracked_texts() -> list[tuple[str, str]]:
    """Give every tracked file that is text."""
    texts = []
    for name in run("git", "ls-files").splitlines():
        file = ROOT / name
        data = file.read_bytes() if file.is_file() else b""
        if b"\0" not in data:
            texts.append((name, data.decode("utf-8", errors="replace")))
    assert texts, "no tracked file: is this a clone?"
    return texts


def registry_hosts() -> set[str]:
    """Give the hosts from which this machine takes its packages."""
    said = run(sys.executable, "-m", "pip", "config", "list")
    if shutil.which("npm"):
        said += " " + run("npm", "config", "get", "registry")
    hosts = {urlsplit(address).hostname for address in re.findall(r"https?://[^\s']+", said)}
    return {host for host in hosts if host and host not in {"localhost", "127.0.0.1"}}


def normal(name: str) -> str:
    """Write a package's name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(name: str) -> dict[str, str]:
    """Read a file of pins."""
    lines = (ROOT / "requirements" / name).read_text(encoding="utf-8").splitlines()
    assert all(PIN.fullmatch(line) for line in lines), f"{name} holds more than names and versions"
    return {normal(line.split("==")[0]): line.split("==")[1] for line in lines}


def test_the_changelog_keeps_its_form() -> None:
    lines = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "# Changelog"
    releases = [line for line in lines if line.startswith("## ")]
    matches = [RELEASE.fullmatch(line) for line in releases]
    assert all(matches), releases
    assert [match[1] for match in matches if match and not match[2]] == ["Unreleased"]
    assert releases[0] == "## [Unreleased]"
    assert {line[4:] for line in lines if line.startswith("### ")} <= CHANGES


def test_no_file_speaks_of_one_machine_or_of_a_registry() -> None:
    hosts = [re.escape(host) for host in registry_hosts()]
    unwanted = re.compile("|".join([*OF_ONE_MACHINE, *hosts]), flags=re.MULTILINE)
    this = str(Path(__file__).relative_to(ROOT))
    found = [
        f"{name}: {match[0]}" for name, text in tracked_texts() if name != this and (match := unwanted.search(text))
    ]
    assert found == []


@pytest.mark.parametrize(
    "line",
    ["cd /root/x", 'path = "/home/me"', "registry = x", '"resolved": "https://x"', "pip --index-url x"],
)
def test_what_speaks_of_one_machine_is_found(line: str) -> None:
    assert re.search("|".join(OF_ONE_MACHINE), line, flags=re.MULTILINE)


def test_everything_that_is_asked_for_is_pinned() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    needed = {normal(re.split(r"[\[<>=!~; ]", line)[0]) for line in project["dependencies"]}
    wanted = {normal(line) for line in (ROOT / "requirements" / "dev.in").read_text().split()}
    assert needed <= set(pins("run.txt"))
    assert needed | wanted <= set(pins("dev.txt"))


def test_what_runs_was_tested() -> None:
    assert pins("run.txt").items() <= pins("dev.txt").items()


def test_npm_clients_have_exact_versions() -> None:
    text = (ROOT / "tests" / "journeys" / "node" / "package.json").read_text(encoding="utf-8")
    versions = re.findall(r'^    "[\w-]+": "(.+?)"', text, flags=re.MULTILINE)
    assert versions
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions)
