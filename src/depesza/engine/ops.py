"""For operators: /metrics, /healthz and /readyz, on a listener of their own.

Nothing is counted here message by message but what `Counts` adds: a scrape reads the parts' own counters.
Names and meanings stand once, in `METRICS`; docs/reference/metrics.md is printed from it.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import msgspec
import structlog
from msgspec import Struct
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from depesza.connectors.contract import Connector, Link
from depesza.core.devices import Presence
from depesza.engine.dispatcher import Dispatcher
from depesza.engine.figures import Counts, Figures
from depesza.engine.reporter import Reporter
from depesza.services import progress
from depesza.services.phone_watch import Standing
from depesza.store.contract import Store, StoreError
from depesza.store.work import SLOW
from depesza.wire.http import HttpReply, HttpRequest

log = structlog.get_logger()

PATIENCE = 2.0
"""Seconds in which the store must answer to be ready."""
TEXT = "text/plain; version=0.0.4; charset=utf-8"


class Bind(Protocol):
    """A bind of a customer over SMPP."""

    system_id: str

    @property
    def kind(self) -> str: ...


class Binds(Protocol):
    """The door for customers over SMPP."""

    counts: Counter[tuple[str, str]]
    """Requests by command and status."""

    @property
    def lines(self) -> Sequence[Bind]: ...
    @property
    def told(self) -> int: ...
    @property
    def retold(self) -> int: ...


class Mails(Protocol):
    """The door for mail."""

    counts: Counter[tuple[str, str]]
    """Mails by kind of address and what became of them."""

    @property
    def connections(self) -> int: ...


class Running(Protocol):
    """What is asked of a running platform."""

    @property
    def store(self) -> Store: ...
    @property
    def dispatcher(self) -> Dispatcher: ...
    @property
    def figures(self) -> Figures: ...
    @property
    def problem(self) -> str: ...
    @property
    def reporter(self) -> Reporter: ...
    @property
    def connectors(self) -> Mapping[int, Connector]: ...
    @property
    def counts(self) -> Counts: ...
    @property
    def draining(self) -> bool: ...
    @property
    def standing(self) -> Standing: ...
    @property
    def smpp(self) -> Binds | None: ...
    @property
    def smtp(self) -> Mails | None: ...
    async def ask_caller(self) -> None:
        """Renew `figures`."""


Sample = tuple[tuple[str, ...], float]
"""Values of the labels, and the number."""


class Measure(Struct, frozen=True):
    """One metric."""

    name: str
    kind: str
    """`counter` or `gauge`."""
    help: str
    labels: tuple[str, ...]
    read: Callable[[Running], Iterable[Sample]]


def _requests(app: Running) -> Iterator[Sample]:
    for (dialect, status), count in list(app.counts.requests.items()):
        yield (dialect, str(status)), count


def _written(table: str) -> Callable[[Running], Iterable[Sample]]:
    """Count the rows written to a table."""
    return lambda app: [((), app.store.stats.rows.get(table, 0))]


def _outcomes(app: Running) -> Iterator[Sample]:
    for (connector, refusal), count in list(app.counts.outcomes.items()):
        yield (_name(app, connector), refusal or "taken"), count


def _receipts(app: Running) -> Iterator[Sample]:
    for (connector, state), count in list(app.counts.receipts.items()):
        yield (_name(app, connector), state.name.lower()), count


def _inbounds(app: Running) -> Iterator[Sample]:
    for connector, count in list(app.counts.inbounds.items()):
        yield (_name(app, connector),), count


def _notices(app: Running) -> Iterator[Sample]:
    for result, count in list(app.figures.tries.items()):
        yield (result,), count


def _name(app: Running, connector: int) -> str:
    fact = app.store.facts.connector.get(connector)
    return fact.name if fact is not None else str(connector)


def _queued(app: Running) -> Iterator[Sample]:
    for lane in app.dispatcher.lanes.values():
        yield (lane.connector.name,), len(lane.heap)


def _inflight(app: Running) -> Iterator[Sample]:
    for lane in app.dispatcher.lanes.values():
        yield (lane.connector.name,), len(lane.inflight)


def _links(app: Running) -> Iterator[Sample]:
    for connector in app.connectors.values():
        now = connector.health.link
        for link in Link:
            yield (connector.name, link.value), float(link is now)


def _sessions(app: Running) -> Iterator[Sample]:
    for connector in app.connectors.values():
        yield (connector.name,), connector.health.sessions


def _phones(app: Running) -> Iterator[Sample]:
    for presence in Presence if app.standing.phones else ():
        yield (presence.value,), sum(phone.presence is presence for phone in app.standing.phones)


def _batteries(app: Running) -> Iterator[Sample]:
    for phone in app.standing.phones:
        if phone.battery is not None:
            yield (str(phone.id), phone.name), phone.battery


def _misses(app: Running) -> Iterator[Sample]:
    for phone in app.standing.phones:
        yield (str(phone.id), phone.name), phone.misses


def _alerts(app: Running) -> Iterator[Sample]:
    for alert in app.standing.alerts:
        yield (str(alert.device), str(alert.sim), alert.kind), 1.0


def _smpp_requests(app: Running) -> Iterator[Sample]:
    yield from list(app.smpp.counts.items()) if app.smpp is not None else ()


def _smpp_binds(app: Running) -> Iterator[Sample]:
    lines = app.smpp.lines if app.smpp is not None else ()
    yield from Counter((line.system_id, line.kind) for line in lines).items()


def _smpp_told(app: Running) -> Iterator[Sample]:
    if app.smpp is not None:
        yield ("sent",), app.smpp.told
        yield ("again",), app.smpp.retold


def _smtp_mails(app: Running) -> Iterator[Sample]:
    yield from list(app.smtp.counts.items()) if app.smtp is not None else ()


def _smtp_connections(app: Running) -> Iterator[Sample]:
    if app.smtp is not None:
        yield (), app.smtp.connections


def _one(read: Callable[[Running], float]) -> Callable[[Running], Iterable[Sample]]:
    return lambda app: [((), read(app))]


METRICS: tuple[Measure, ...] = (
    Measure(
        "depesza_http_requests", "counter", "Requests answered on the clients' listener.",
        ("dialect", "status"), _requests,
    ),
    Measure(
        "depesza_smpp_requests", "counter", "Requests of customers over SMPP, by command and status.",
        ("command", "status"), _smpp_requests,
    ),
    Measure(
        "depesza_smpp_binds", "gauge", "Binds of customers, by system_id and kind.",
        ("system_id", "kind"), _smpp_binds,
    ),
    Measure(
        "depesza_smpp_news", "counter", "PDUs with receipts and replies for customers, and news that is told again.",
        ("what",), _smpp_told,
    ),
    Measure(
        "depesza_smtp_mails", "counter", "Mails that came in, by kind of address and what became of them.",
        ("address", "outcome"), _smtp_mails,
    ),
    Measure(
        "depesza_smtp_connections", "gauge", "Connections that bring mail.", (), _smtp_connections
    ),
    Measure(
        "depesza_submissions", "counter", "Submissions accepted and on disk.", (), _written("submissions")
    ),
    Measure(
        "depesza_messages_accepted", "counter", "Messages accepted and on disk, refused receivers included.",
        (), _written("messages"),
    ),
    Measure(
        "depesza_outcomes", "counter", "Answers of carriers: taken, or the name of the refusal.",
        ("connector", "outcome"), _outcomes,
    ),
    Measure(
        "depesza_receipts", "counter", "Receipts that came from carriers, by what they say.",
        ("connector", "state"), _receipts,
    ),
    Measure("depesza_inbounds", "counter", "Texts received.", ("connector",), _inbounds),
    Measure(
        "depesza_receipts_parked", "counter", "Receipts that found no message when they came.",
        (), _written("parked"),
    ),
    Measure(
        "depesza_notice_tries", "counter", "Callbacks tried: good, again (to be tried later) or given_up.",
        ("result",), _notices,
    ),
    Measure(
        "depesza_queued", "gauge", "Messages waiting in memory; the table may hold more.",
        ("connector",), _queued,
    ),
    Measure(
        "depesza_inflight", "gauge", "Messages handed to a connector and not settled on disk.",
        ("connector",), _inflight,
    ),
    Measure("depesza_link", "gauge", "1 for the state in which a link is.", ("connector", "link"), _links),
    Measure("depesza_sessions", "gauge", "Sessions bound at a carrier.", ("connector",), _sessions),
    Measure(
        "depesza_notices_waiting", "gauge", "Callbacks held in memory.",
        (), _one(lambda app: app.figures.waiting),
    ),
    Measure(
        "depesza_news_pending", "gauge", "Receipts and texts taken from carriers and not yet on disk.",
        (), _one(lambda app: app.reporter.pending),
    ),
    Measure(
        "depesza_store_pending", "gauge", "Pieces of work that wait for a commit.",
        (), _one(lambda app: app.store.pending),
    ),
    Measure("depesza_phones", "gauge", "Phones of our own, by how they stand.", ("state",), _phones),
    Measure(
        "depesza_phones_held", "gauge", "Messages that phones have and have not sent.",
        (), _one(lambda app: app.standing.held),
    ),
    Measure(
        "depesza_phones_waiting", "gauge", "Messages queued for phones.",
        (), _one(lambda app: app.standing.waiting),
    ),
    Measure(
        "depesza_phone_battery", "gauge", "Percent of a phone's battery, where it tells.",
        ("phone", "name"), _batteries,
    ),
    Measure(
        "depesza_phone_failures", "gauge", "Share of a phone's last 20 attempts that failed, of its worst SIM card.",
        ("phone", "name"), _misses,
    ),
    Measure(
        "depesza_phone_alert", "gauge", "1 for each thing that is wrong with a phone (sim 0) or a SIM card.",
        ("phone", "sim", "kind"), _alerts,
    ),
    Measure("depesza_node", "gauge", "Number of this process.", (), _one(lambda app: app.store.node)),
    Measure("depesza_draining", "gauge", "1 while it stops.", (), _one(lambda app: float(app.draining))),
)  # fmt: skip
"""Every metric but `COMMITS` and those of the process (memory, CPU seconds, open files)."""

COMMITS = ("depesza_store_commit_seconds", "Time that commits took.")


class _Scrape(Collector):
    """Reads everything when a scraper asks."""

    def __init__(self, app: Running) -> None:
        self._app = app

    def collect(self) -> Iterator[Metric]:
        """Give all metrics."""
        for measure in METRICS:
            metric = Metric(measure.name, measure.help, measure.kind)
            suffix = "_total" if measure.kind == "counter" else ""
            for values, number in measure.read(self._app):
                labels = dict(zip(measure.labels, values, strict=True))
                metric.add_sample(measure.name + suffix, labels, number)
            yield metric
        yield self._commits()

    def _commits(self) -> Metric:
        stats = self._app.store.stats
        buckets: list[tuple[str, float]] = []
        below = 0
        for bound, count in zip(SLOW, stats.slow, strict=True):
            below += count
            buckets.append((str(bound), below))
        buckets.append(("+Inf", stats.commits))
        family = HistogramMetricFamily(*COMMITS)
        family.add_metric([], buckets, stats.seconds)
        return family


class Ops:
    """Answers operators and their machines."""

    def __init__(self, app: Running) -> None:
        self._app = app
        self._registry = CollectorRegistry()
        self._registry.register(_Scrape(app))
        ProcessCollector(registry=self._registry)

    async def handle(self, request: HttpRequest) -> HttpReply:
        """Answer one request."""
        if request.method not in ("GET", "HEAD"):
            return _json(405, {"message": "Only GET is answered here"})
        match request.path.rstrip("/"):
            case "/metrics":
                await self._app.ask_caller()
                return HttpReply(200, generate_latest(self._registry), TEXT)
            case "/healthz":
                return _json(200, {"status": "alive"})
            case "/readyz":
                return await self._ready()
        return _json(404, {"message": "Nothing lives here: /metrics, /healthz and /readyz do"})

    async def _ready(self) -> HttpReply:
        """Ready: the store answers and nobody has asked us to stop. A link that is down is only shown."""
        problem = "draining" if self._app.draining else await self._store_problem()
        body = {
            "status": problem or "ready",
            "node": self._app.store.node,
            "store_pending": self._app.store.pending,
            "callbacks": self._app.problem or "made",
            "connectors": {connector.name: _health(connector) for connector in self._app.connectors.values()},
        }
        return _json(503 if problem else 200, body)

    async def _store_problem(self) -> str:
        try:
            await asyncio.wait_for(asyncio.shield(asyncio.ensure_future(self._ask_store())), PATIENCE)
        except TimeoutError:
            return f"the store has not answered for {PATIENCE:g} seconds"
        except (StoreError, OSError) as error:
            return f"the store fails: {error}"
        return ""

    async def _ask_store(self) -> None:
        """Go through a commit: what takes requests is what writes."""
        await self._app.store.insist(progress.nothing)


def _health(connector: Connector) -> dict[str, object]:
    health = connector.health
    return {
        "link": health.link.value,
        "detail": health.detail,
        "sessions": health.sessions,
        "inflight": health.inflight,
        "confidence": health.confidence,
        "habits": health.habits,
    }


def _json(status: int, value: object) -> HttpReply:
    return HttpReply(status, msgspec.json.encode(value) + b"\n")
