"""Opening a store by its address, and bringing its schema up to date."""

from pathlib import Path

from alembic import command
from alembic.config import Config

from depesza.store.contract import Store
from depesza.store.sqlite import SqliteStore
from depesza.store.tx import Clock


def is_postgres(url: str) -> bool:
    """Tell whether an address names PostgreSQL."""
    return url.startswith(("postgresql://", "postgres://"))


async def open_store(url: str, clock: Clock, pending: int = 20_000) -> Store:
    """Open a store whose schema is up to date."""
    if is_postgres(url):
        from depesza.store.postgres import PostgresStore

        return await PostgresStore.open(url, clock, limit=pending)
    return SqliteStore(url, clock, limit=pending)


def migrate(url: str) -> None:
    """Bring the schema up to date; harmless when it is."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    target = "postgresql+asyncpg" + url[url.index(":") :] if is_postgres(url) else f"sqlite:///{url}"
    config.set_main_option("sqlalchemy.url", target.replace("%", "%%"))
    command.upgrade(config, "head")
