"""Where commands work: the settings read, the store opened beside whatever server runs on it.

A command opens the store without taking a node's number; a server notices what it writes.
"""

import asyncio
import os
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

from cyclopts import Parameter

from depesza import settings as declared
from depesza.cli.errors import Failed
from depesza.net.clock import wall_clock
from depesza.settings import Settings

if TYPE_CHECKING:
    from depesza.core.facts import Facts
    from depesza.services.vault import Vault
    from depesza.store.contract import Store

T = TypeVar("T")

DEFAULT = Path("depesza.toml")

Config = Annotated[
    Path | None, Parameter(name="--config", help="File of settings; depesza.toml where it exists.", group="Common")
]
AsJson = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON.", group="Common")]


def read_settings(config: Path | None) -> Settings:
    """Read the settings of this call; raises `SettingsError`."""
    if config is None and DEFAULT.exists():
        config = DEFAULT
    return declared.load(config, os.environ)


class Desk:
    """An open store and what belongs to it."""

    def __init__(self, settings: Settings, store: "Store") -> None:
        self.settings = settings
        self.store = store
        self.now = wall_clock

    @property
    def facts(self) -> "Facts":
        """What the store held when it was opened, or after our own change."""
        return self.store.facts

    @property
    def vault(self) -> "Vault":
        """Secrets; raises `Failed` when no key is set."""
        from depesza.services.vault import Vault

        key = self.settings.security.key
        if len(key) < 16:
            raise Failed("security.key: at least 16 characters are needed (DEPESZA_SECURITY_KEY)", 2)
        return Vault(key.encode(), secrets.token_bytes)


def at_desk(config: Path | None, work: Callable[[Desk], Awaitable[T]]) -> T:
    """Open the store, do some work, close it."""
    settings = read_settings(config)

    async def sit_down() -> T:
        from depesza.store.opening import open_store

        await require_schema(settings.store.url)
        store = await open_store(settings.store.url, wall_clock, settings.store.pending)
        try:
            return await work(Desk(settings, store))
        finally:
            await store.close()

    return asyncio.run(sit_down())


async def require_schema(url: str) -> None:
    """Refuse a store that is not there, or whose schema is another version's; raises `Failed`."""
    from depesza.store.opening import newest_revision, revision, shown

    found, newest = await revision(url), newest_revision()
    if found == newest:
        return
    if not found:
        raise Failed(f"{shown(url)} holds no store yet: run depesza migrate")
    if found < newest:
        raise Failed(f"{shown(url)} has schema {found}, {newest} is needed: run depesza migrate")
    raise Failed(f"{shown(url)} has schema {found}, this version knows only {newest}: a newer one wrote it")
