"""A whole platform with its virtual carrier: numbers are looked up, and one proves itself by the code it got."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest
from tests.journeys.test_ovh_lists_and_news import ACCOUNT, Client
from tests.store.world import ONE, OUT, furnish

from depesza.app import App
from depesza.core.model import State
from depesza.services import lookups
from depesza.settings import Settings
from depesza.store.tx import Tx

pytestmark = [pytest.mark.anyio, pytest.mark.journey]


def platform(url: str) -> App:
    """A platform on a store, without anything around it."""
    settings = {
        "store": {"url": url},
        "http": {"port": 0},
        "ops": {"port": -1},
        "security": {"key": "a key of sixteen octets"},
    }
    return App(msgspec.convert(settings, Settings))


@pytest.fixture
async def app(sqlite_url: str) -> AsyncIterator[App]:
    """A running platform."""
    app = platform(sqlite_url)
    await app.start()
    await app.store.run(furnish)
    yield app
    await app.stop(5.0)


async def answered(app: App, id: int) -> lookups.Lookup:
    """Wait until a look-up is closed."""
    for _ in range(500):
        found = await app.store.look(lookups.show, ONE, id)
        if found is not None and found.status in ("done", "error"):
            return found
        await asyncio.sleep(0.02)
    pytest.fail("nobody answered")


async def test_a_look_up_reaches_the_carrier_and_comes_back(app: App) -> None:
    client = Client()
    await client.join(app)
    report = await client.call("POST", f"{ACCOUNT}/hlr", {"receivers": ["+33601020304", "+33601020971"]})
    assert isinstance(report, dict)
    plain, ported = [(await answered(app, id)).finding for id in report["ids"]]
    assert plain is not None and ported is not None
    assert (plain.source, plain.ported, ported.ported) == ("network", False, True)
    shown = await client.call("GET", f"{ACCOUNT}/hlr/{report['ids'][1]}")
    assert isinstance(shown, dict)
    assert (shown["status"], shown["ported"], shown["operatorCode"]) == ("done", True, "20899")


async def test_what_was_being_asked_when_the_process_ended_is_asked_again(sqlite_url: str) -> None:
    app = platform(sqlite_url)
    await app.start()
    await app.store.run(furnish)
    await app.inquirer.stop()
    asked = await app.store.run(lookups.ask, app.store.facts.account[ONE], ["+33601020304"], 100_000, app.now())
    await app.store.run(lookups.claim, asked.ids, OUT)
    await app.stop(1.0)
    again = platform(sqlite_url)
    await again.start()
    assert (await answered(again, asked.ids[0])).status == "done"
    await again.stop(1.0)


async def test_a_number_gets_its_code_on_its_phone(app: App) -> None:
    client = Client()
    await client.join(app)
    number = "+33601020399"
    assert await client.call("POST", f"{ACCOUNT}/senders", {"sender": number}) == number

    async def sent(tx: Tx) -> list[tuple[str, int, int, str]]:
        rows = await tx.query(
            "SELECT m.receiver, m.state, m.price, s.text FROM messages m JOIN submissions s ON s.id = m.submission"
        )
        return [(row[0], row[1], row[2], row[3]) for row in rows]

    for _ in range(500):
        (row,) = await app.store.look(sent)
        if row[1] == State.DELIVERED:
            break
        await asyncio.sleep(0.02)
    assert row[:3] == (number, State.DELIVERED, 0)
    code = row[3].partition(":")[0]
    assert await client.call("POST", f"{ACCOUNT}/senders/{number}/validate", {"code": code}) is None
    shown = await client.call("GET", f"{ACCOUNT}/senders/{number}")
    assert isinstance(shown, dict)
    assert shown["status"] == "enable"
