"""A platform with a door for SMPP between a customer and a carrier, each over a real socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from argon2 import PasswordHasher
from road import OWNER, apply, until
from road import settings as usual

from depesza.app import App
from depesza.connectors.contract import Link
from depesza.services import accounts, audit
from depesza.simulator.run import Simulator
from depesza.simulator.settings import SimulatorSettings

NAME, PASSWORD, SENDER = "sms-sm11111-1", "Secret12", "Shop"
HASHED = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


def furniture(port: int, system_id: str, password: str, **account: Any) -> dict[str, Any]:
    """What the operator of a platform keeps: a customer that may bind, and the way to a carrier."""
    carrier = {
        "host": "127.0.0.1", "port": port, "system_id": system_id, "password": password, "reconnect_first": 0.05,
    }  # fmt: skip
    customer = {
        "name": NAME, "owner": OWNER, "credit": {"initial": 1000}, "smpp": True, "smpp_ips": ["127.0.0.0/8"],
        "smpp_rate": 100_000, "smpp_window": 1000, "smpp_binds": 50, **account,
    }  # fmt: skip
    return {
        "owners": [{"name": OWNER, "password": "owner's secret"}],
        "accounts": [customer],
        "senders": [{"account": NAME, "name": SENDER}, {"account": NAME, "name": "38184"}],
        "connectors": [{"name": "carrier", "kind": "smpp", "settings": carrier}],
        "routes": [{"connectors": ["carrier"]}],
    }


@asynccontextmanager
async def platform(
    url: str, port: int, system_id: str = "demo", password: str = "demo", **account: Any
) -> AsyncIterator[App]:
    """Run a platform whose carrier listens at `port`; in the end its books must be even."""
    settings = msgspec.structs.replace(usual(url), smpp=msgspec.structs.replace(usual(url).smpp, port=0))
    app = App(settings)
    await app.start()
    try:
        await apply(app, furniture(port, system_id, password, **account))
        row = app.store.facts.account_named[NAME]
        await app.store.run(accounts.change, row.id, {"smpp_password": HASHED})

        async def linked() -> bool:
            return any(connector.health.link is Link.UP for connector in app.connectors.values())

        await until(linked)
        yield app
        report = await app.store.look(audit.audit, 0)
        assert report.clean, report.problems
    finally:
        await app.stop(5.0)


def port_of(app: App) -> int:
    """Tell where customers bind."""
    assert app.smpp is not None
    return app.smpp.port


@asynccontextmanager
async def simulated() -> AsyncIterator[Simulator]:
    """Run a carrier that hurries."""
    async with Simulator(SimulatorSettings(time_scale=0.02)) as simulator:
        yield simulator
