"""The fleet in a running platform: messages go to phones by themselves, and operators see how phones stand."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.services.phone_world import FREE
from tests.store.world import ONE, POLICY, furnish, submission

from depesza.app import App
from depesza.core.devices import AttemptState, Kind, Wish
from depesza.core.facts import ConnectorFact
from depesza.core.model import State, Way
from depesza.core.routing import Route
from depesza.engine import ops
from depesza.services import attempt_rows, attempts, devices, enrolment, progress
from depesza.services.attempts import Offer, Report
from depesza.services.devices import Device, SimSaid
from depesza.services.enrolment import Newcomer
from depesza.services.phone_health import Sample, health
from depesza.settings import HttpSettings, OpsSettings, SecuritySettings, Settings, StoreSettings
from depesza.store.tx import Tx
from depesza.wire.http import HttpRequest

pytestmark = pytest.mark.anyio


async def add_phones(tx: Tx) -> None:
    """Let a carrier stand before the phones, and the phones behind it."""
    tx.put("connectors", ConnectorFact(id=203, name="phones", kind="phones", settings="{}"))
    tx.put("routes", Route(id=300, connectors=(203, 201)))


@pytest.fixture
async def app(sqlite_url: str) -> AsyncIterator[App]:
    """A whole platform with phones before a virtual carrier."""
    app = App(
        Settings(
            store=StoreSettings(url=sqlite_url),
            http=HttpSettings(port=0),
            ops=OpsSettings(port=0),
            security=SecuritySettings(key="a key of the tests, long enough"),
        )
    )
    await app.start()
    await app.store.run(furnish)  # type: ignore[arg-type]
    await app.store.run(add_phones)
    yield app
    await app.stop(1.0)


async def join(app: App) -> Device:
    newcomer = Newcomer(kind=Kind.SMSGATE, name="Fairphone", token=b"1", version="1.68.0", sims=(SimSaid(slot=1),))
    device = await app.store.run(enrolment.enrol_into, ONE, newcomer, app.now())
    await app.store.run(devices.change_sim, device.id, 1, limits=FREE)
    return device


async def send(app: App, way: Way = Way.ANY) -> int:
    account = app.store.facts.account[ONE]
    wanted = submission(way=way)
    accepted = await app.store.run(attempts.submit_with, account, wanted, Wish(), app.turns, POLICY, app.now())
    return accepted.ids[0]


async def pull(app: App, device: Device) -> Offer:
    """Pull until something is there."""
    for _ in range(200):
        offers = await app.store.run(attempts.offers, device.id, app.now())
        if offers:
            return offers[0]
        await asyncio.sleep(0.01)
    raise AssertionError("the phone got nothing")


async def reaches(app: App, id: int, *states: State) -> None:
    for _ in range(300):
        (message,) = await app.store.look(progress.load, [id])
        if message.state in states:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"it stays {message.state}")


async def test_a_message_goes_out_by_a_phone_and_one_fails_over(app: App) -> None:
    phone = await join(app)
    id = await send(app)
    offer = await pull(app, phone)
    said = [Report(offer.attempt, state) for state in (AttemptState.SENT, AttemptState.DELIVERED)]
    await app.store.run(attempts.report, phone.id, said, app.now())
    await reaches(app, id, State.DELIVERED)
    id = await send(app)
    offer = await pull(app, phone)
    failed = Report(offer.attempt, AttemptState.FAILED, "RESULT_ERROR_NO_SERVICE")
    await app.store.run(attempts.report, phone.id, [failed], app.now())
    await reaches(app, id, State.SENT, State.DELIVERED)  # by the virtual carrier
    (attempt,) = await app.store.look(attempt_rows.of_message, id)
    assert (attempt.state, (await app.store.look(progress.load, [id]))[0].connector) == (AttemptState.FAILED, 201)


async def test_without_a_phone_the_next_of_the_route_sends_at_once(app: App) -> None:
    await reaches(app, await send(app), State.SENT, State.DELIVERED)


async def test_operators_see_how_phones_stand(app: App) -> None:
    phone = await join(app)
    await app.store.run(health, phone, Sample(battery=12, charging=False), app.now())
    await app.fleet.watch()
    reply = await ops.Ops(app).handle(HttpRequest("GET", "/metrics", "/metrics", "", {}, b"", "127.0.0.1", "http"))
    told = reply.body.decode()
    assert 'depesza_phones{state="online"} 1.0' in told
    assert f'depesza_phone_battery{{name="Fairphone",phone="{phone.id}"}} 12.0' in told
    assert f'depesza_phone_alert{{kind="battery",phone="{phone.id}",sim="0"}} 1.0' in told
    async with asyncio.timeout(10):
        while 203 not in app.connectors:  # noqa: ASYNC110  (connectors follow the facts in a moment)
            await asyncio.sleep(0.01)
    assert app.connectors[203].health.detail == "1 of 1 phones online"
