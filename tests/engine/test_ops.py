"""What operators are told: on a whole platform that carries a message, and on one whose store is stuck."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from depesza.app import App
from depesza.core import ledger
from depesza.core.facts import Account, ConnectorFact, Facts, Owner
from depesza.core.model import MICRO, Submission
from depesza.core.routing import Route
from depesza.engine import ops
from depesza.services.submit import submit
from depesza.settings import HttpSettings, OpsSettings, SecuritySettings, Settings, StoreSettings
from depesza.store.contract import StoreError
from depesza.store.tx import Tx
from depesza.store.work import SLOW, Stats
from depesza.wire.http import HttpReply, HttpRequest

pytestmark = pytest.mark.anyio

ACCOUNT = Account(id=50, owner=40, name="sms-ab-1")


def get(path: str, method: str = "GET") -> HttpRequest:
    return HttpRequest(method, path, path, "", {}, b"", "127.0.0.1", "http")


def numbers(reply: HttpReply) -> dict[str, float]:
    """Read the samples of a scrape."""
    lines = reply.body.decode().splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


async def furnish(tx: Tx, now: int) -> None:
    tx.put("owners", Owner(id=40, name="ab-ovh"))
    tx.put("accounts", ACCOUNT)
    tx.put("connectors", ConnectorFact(id=70, name="sim", kind="virtual", settings="{}"))
    tx.put("routes", Route(id=1, connectors=(70,)))
    await tx.book(ledger.topup(50, 100 * MICRO, 0, now, tx.new_id()))


@pytest.fixture
async def app(sqlite_url: str) -> AsyncIterator[App]:
    """A whole platform with a virtual carrier."""
    app = App(
        Settings(
            store=StoreSettings(url=sqlite_url),
            http=HttpSettings(port=0),
            ops=OpsSettings(port=0),
            security=SecuritySettings(key="a key of the tests, long enough"),
        )
    )
    await app.start()
    await app.store.run(furnish, app.now())
    yield app
    if not app.stopped.is_set():
        await app.stop(1.0)


async def until(app: App, name: str, value: float) -> dict[str, float]:
    """Scrape until a number is there."""
    for _ in range(500):
        found = numbers(await ops.Ops(app).handle(get("/metrics")))
        if found.get(name) == value:
            return found
        await asyncio.sleep(0.01)
    raise AssertionError((name, found))


async def test_a_message_is_seen_in_the_metrics(app: App) -> None:
    await until(app, 'depesza_link{connector="sim",link="up"}', 1.0)
    submission = Submission(dialect="ovh", sender="x", receivers=("+33600000000", "+33600000001"), text="Hello")
    await app.store.run(submit, ACCOUNT, submission, app.turns, app.policy, app.now())
    found = await until(app, 'depesza_receipts_total{connector="sim",state="delivered"}', 2.0)
    assert found["depesza_messages_accepted_total"] == 2
    assert found["depesza_submissions_total"] == 1
    assert found['depesza_outcomes_total{connector="sim",outcome="taken"}'] == 2
    assert found["depesza_store_commit_seconds_count"] >= 3
    assert found['depesza_store_commit_seconds_bucket{le="+Inf"}'] == found["depesza_store_commit_seconds_count"]
    assert found["process_resident_memory_bytes"] > 0


async def test_requests_are_counted_by_dialect_and_status(app: App) -> None:
    assert (await app.front.handle(get("/1.0/auth/time"))).status == 200
    assert (await app.front.handle(get("/1.0/sms"))).status >= 400
    found = numbers(await ops.Ops(app).handle(get("/metrics")))
    assert found['depesza_http_requests_total{dialect="ovh",status="200"}'] == 1


async def test_every_metric_is_named_once_and_scraped_with_its_meaning(app: App) -> None:
    text = (await ops.Ops(app).handle(get("/metrics"))).body.decode()
    for measure in ops.METRICS:
        assert re.search(rf"^# HELP {measure.name}(_total)? {re.escape(measure.help)}$", text, flags=re.MULTILINE)
    assert len({measure.name for measure in ops.METRICS}) == len(ops.METRICS)


async def test_two_platforms_in_one_process_have_metrics_of_their_own(app: App) -> None:
    first, second = ops.Ops(app), ops.Ops(app)
    assert numbers(await first.handle(get("/metrics"))).keys() == numbers(await second.handle(get("/metrics"))).keys()


async def test_ready_means_that_the_store_answers_and_shows_every_link(app: App) -> None:
    await until(app, 'depesza_link{connector="sim",link="up"}', 1.0)
    reply = await ops.Ops(app).handle(get("/readyz"))
    told = json.loads(reply.body)
    assert (reply.status, told["status"]) == (200, "ready")
    assert told["connectors"]["sim"]["link"] == "up"


async def test_one_that_drains_lives_and_is_not_ready(app: App) -> None:
    app.draining = True
    ready, alive = [await ops.Ops(app).handle(get(path)) for path in ("/readyz", "/healthz")]
    assert (ready.status, json.loads(ready.body)["status"]) == (503, "draining")
    assert (alive.status, json.loads(alive.body)) == (200, {"status": "alive"})
    app.draining = False


async def test_one_whose_store_is_closed_is_not_ready(app: App) -> None:
    answering = ops.Ops(app)
    await app.stop(1.0)
    app.draining = False
    reply = await answering.handle(get("/readyz"))
    assert reply.status == 503
    assert json.loads(reply.body)["status"] == "the store fails: the store is closing"


@pytest.mark.parametrize(
    ("request_", "status"),
    [(get("/"), 404), (get("/metric"), 404), (get("/metrics", "POST"), 405), (get("/healthz/"), 200)],
)
async def test_what_is_not_there_is_said(app: App, request_: HttpRequest, status: int) -> None:
    assert (await ops.Ops(app).handle(request_)).status == status


class StuckStore:
    """A store that takes work and never commits it."""

    node = 3
    pending = 7
    stats = Stats()
    facts = Facts(version=0)

    def insist(self, *_: Any) -> "asyncio.Future[None]":
        return asyncio.get_running_loop().create_future()


class FailingStore(StuckStore):
    """A store whose database is gone."""

    def insist(self, *_: Any) -> "asyncio.Future[None]":
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.set_exception(StoreError("disk full"))
        return future


@pytest.mark.parametrize(
    ("store", "said"),
    [
        (StuckStore(), "the store has not answered for 0.05 seconds"),
        (FailingStore(), "the store fails: disk full"),
    ],
)
async def test_a_store_that_does_not_commit_is_not_ready(
    store: StuckStore, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ops, "PATIENCE", 0.05)
    app = cast(ops.Running, SimpleNamespace(store=store, connectors={}, draining=False, problem=""))
    reply = await ops.Ops(app).handle(get("/readyz"))
    assert (reply.status, json.loads(reply.body)["status"]) == (503, said)


def test_commits_are_counted_between_their_bounds() -> None:
    stats = Stats()
    for seconds in (0.0005, 0.001, 0.002, 9.0):
        stats.committed(seconds, {"messages": 2})
    assert (stats.commits, sum(stats.slow), stats.slow[0], stats.rows) == (4, 3, 2, {"messages": 8})
    assert len(stats.slow) == len(SLOW)
    assert Stats().slow == [0] * len(SLOW)
