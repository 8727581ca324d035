"""The command `depesza`, called as a person would, in this process."""

import asyncio
import uuid
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
import structlog
from tests.cli.called import Cli, Said

from depesza.cli import main

KEY = "a key of the tests, long enough"


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """`serve` sets logging up for its process, which here is the tests'."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    """Run a command on whatever the environment says, in a folder without settings."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> Said:
        status = main(words)
        captured = capsys.readouterr()
        return Said(status, captured.out, captured.err)

    return call


@pytest.fixture
def cli(run: Cli, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run commands on an empty store in a SQLite file."""
    monkeypatch.setenv("DEPESZA_STORE_URL", sqlite_url)
    monkeypatch.setenv("DEPESZA_SECURITY_KEY", KEY)
    return run


@pytest.fixture(params=["sqlite", "postgres"])
def both_url(request: pytest.FixtureRequest) -> str:
    """A new database of each kind, for commands, which have an event loop of their own."""
    if request.param == "sqlite":
        url: str = request.getfixturevalue("sqlite_url")
        return url
    server: str = request.getfixturevalue("postgres_server")
    template: str = request.getfixturevalue("postgres_template")
    name = f"test_{uuid.uuid4().hex}"
    asyncio.run(_create(server, name, template))
    return server.replace("/postgres?", f"/{name}?")


async def _create(server: str, name: str, template: str) -> None:
    connection = await asyncpg.connect(server)
    await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    await connection.close()


@pytest.fixture
def both(run: Cli, both_url: str, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run commands on an empty store of each kind."""
    monkeypatch.setenv("DEPESZA_STORE_URL", both_url)
    monkeypatch.setenv("DEPESZA_SECURITY_KEY", KEY)
    return run
