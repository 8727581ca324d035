"""Opening a store by its address, telling whether its schema is up to date, and bringing it there."""

import re
import sqlite3
from pathlib import Path

from depesza.store.contract import Store, StoreError
from depesza.store.sqlite import SqliteStore
from depesza.store.sqlite_writer import recover
from depesza.store.tx import Clock

MIGRATIONS = Path(__file__).with_name("migrations")
"""Here and below, Alembic and its libraries are imported only where migrations run: they take half a second."""
_PASSWORD = re.compile(r"(//[^/:@]*:)[^@]*@|([?&]password=)[^&]*")


def is_postgres(url: str) -> bool:
    """Tell whether an address names PostgreSQL."""
    return url.startswith(("postgresql://", "postgres://"))


def shown(url: str) -> str:
    """Write an address for people, without its password."""
    return _PASSWORD.sub(lambda hit: f"{hit[1]}…@" if hit[1] else f"{hit[2]}…", url)


async def open_store(url: str, clock: Clock, pending: int = 20_000, *, busy: bool = False) -> Store:
    """Open a store whose schema is up to date; a process that will be `busy` prepares itself for much writing."""
    if is_postgres(url):
        from depesza.store.postgres import PostgresStore

        return await PostgresStore.open(url, clock, limit=pending)
    return SqliteStore(url, clock, limit=pending, busy=busy)


def newest_revision() -> str:
    """Name the last migration there is; their files are numbered."""
    return max(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


async def revision(url: str) -> str:
    """Name the last migration that a database has seen; "" when it holds nothing yet. Raises `StoreError`."""
    return await _postgres_revision(url) if is_postgres(url) else _sqlite_revision(url)


def _sqlite_revision(path: str) -> str:
    if not Path(path).exists():
        return ""
    try:
        connection = sqlite3.connect(f"{Path(path).resolve().as_uri()}?mode=ro", uri=True, timeout=30)
        try:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchall():
                return ""
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise StoreError(f"{path}: {error}") from error
    return str(row[0]) if row else ""


async def _postgres_revision(url: str) -> str:
    import asyncpg

    try:
        connection = await asyncpg.connect(url, timeout=10)
        try:
            if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
                return ""
            return str(await connection.fetchval("SELECT version_num FROM alembic_version") or "")
        finally:
            await connection.close()
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, ValueError) as error:
        raise StoreError(f"{shown(url)}: {str(error) or type(error).__name__}") from error


def migrate(url: str) -> None:
    """Bring the schema up to date; harmless when it is."""
    from alembic import command
    from alembic.config import Config

    if not is_postgres(url) and Path(url).exists():
        recover(url)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    target = "postgresql+asyncpg" + url[url.index(":") :] if is_postgres(url) else f"sqlite:///{url}"
    config.set_main_option("sqlalchemy.url", target.replace("%", "%%"))
    command.upgrade(config, "head")
