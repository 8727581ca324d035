"""News to clients: calls back, tries again on the published schedule, leaves slow hosts to wait alone.

Notices of one message to one host leave in their order: while one waits for its next try, the later ones wait too.
Each host has a bound of calls under way and a breaker: after
`BREAK_AFTER` failures in a row its notices wait, one probe at a time, and no try of theirs is used up.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from heapq import heappop, heappush
from typing import Protocol
from urllib.parse import urlsplit

import msgspec
import structlog
from msgspec import Struct

from depesza.core.facts import Facts
from depesza.core.model import MICRO, Notice, State
from depesza.dialects.contract import Manners
from depesza.engine.gather import Gather
from depesza.services import notices as service
from depesza.services.notices import Tried
from depesza.store.contract import Stopped, Store
from depesza.wire.http import HttpAnswer, HttpCall

log = structlog.get_logger()

MOST = 50_000
"""Notices held in memory; the others are read back when there is room."""
PAGE = 5_000
SOON = 60.0
"""Seconds within which a next try is waited for in memory; the table brings back the others."""
LOOK = 5.0
"""Seconds from one look at the table to the next."""
HASTE = 0.2
"""The same while the table is known to hold more."""
BREAK_AFTER = 10
BREAK_FIRST = 5.0
BREAK_LONGEST = 300.0
TICK = 0.002
"""Timers may ring a little early; they are set so much later."""


class Caller(Protocol):
    """Makes a call; never raises."""

    async def call(self, call: HttpCall, *, timeout: float = 15.0) -> HttpAnswer:  # noqa: ASYNC109
        """Make one call."""
        ...


class Speaker(Protocol):
    """Writes a notice in its vendor's form."""

    def call(self, notice: Notice, facts: Facts) -> HttpCall:
        """Write the call."""
        ...


Post = Callable[[Notice], Awaitable[HttpAnswer]]
"""Sends a mail; the answer's status is SMTP's code. Never raises."""


async def no_post(notice: Notice) -> HttpAnswer:
    """Stand where no mail is sent."""
    return HttpAnswer(0, error="no mail is sent here")


class Plan(Struct, frozen=True):
    """How calls are made."""

    timeout: float = 15.0
    per_host: int = 32
    schedule: tuple[float, ...] = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
    """Seconds from one try to the next."""
    own: Mapping[str, Manners] = {}
    """The same for dialects whose vendor publishes it."""

    def schedule_of(self, notice: Notice) -> Sequence[float]:
        """Choose the schedule of a notice; mail has no vendor."""
        own = self.own.get(notice.dialect) if notice.kind != "mail" else None
        return own.schedule if own is not None else self.schedule

    def timeout_of(self, notice: Notice) -> float:
        """Choose how long a client may take to answer a notice."""
        own = self.own.get(notice.dialect)
        return (own.timeout if own is not None else 0.0) or self.timeout

    def leaves_out(self, notice: Notice) -> bool:
        """Tell whether a notice says nothing new in the words of its dialect."""
        own = self.own.get(notice.dialect)
        return own is not None and notice.kind == "receipt" and bool(own.unsaid) and _state(notice.fact) in own.unsaid


Key = tuple[str, int]
"""What is told in order: a host and a message, or a notice that belongs to none."""


class Host:
    """Everything owed to one host."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.queue: deque[Notice] = deque()
        self.running = 0
        self.failures = 0
        self.closed_until = 0.0
        self.pause = BREAK_FIRST


class Notifier:
    """Carries out notices."""

    def __init__(
        self,
        store: Store,
        speakers: Mapping[str, Speaker],
        caller: Caller,
        sign: Callable[[Notice, HttpCall, int], HttpCall],
        now: Callable[[], int],
        plan: Plan,
        gather: Gather | None = None,
        post: Post | None = None,
    ) -> None:
        """`sign` adds our signature headers; `now` gives microseconds since 1970; `post` sends mail."""
        self._store = store
        self._speakers = speakers
        self._caller = caller
        self._sign = sign
        self._now = now
        self._plan = plan
        self._post = post or no_post
        self._loop = asyncio.get_running_loop()
        self._gather = gather or Gather(self._loop)
        self._gather.add(self._flush)
        self._hosts: dict[str, Host] = {}
        self._held: set[int] = set()
        self._settled: set[int] = set()
        """Let go since the last look at the table began: a page may still show them as waiting."""
        self._first: dict[Key, int] = {}
        """The notice of each message that is being called, or waits for its next try."""
        self._waits: dict[Key, int] = {}
        """When its next try is due, where it waits for one."""
        self._behind: dict[Key, list[Notice]] = {}
        """Later ones of the same message."""
        self._later: list[tuple[int, int, Notice]] = []
        self._tried: list[Tried] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.results: Counter[str] = Counter()
        """Tries so far: `good`, `again` (to be tried later) or `given_up`."""
        self._overflow = True
        self._stopping = False
        self._clock: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """Notices in memory."""
        return len(self._held)

    async def start(self) -> None:
        """Begin, with what the table holds: newer news must not overtake it."""
        await self._look()
        self._clock = self._loop.create_task(self._tick())

    def take(self, notices: Sequence[Notice]) -> None:
        """Take notices that were just written."""
        touched = {}
        for notice in notices:
            if len(self._held) >= MOST:
                self._overflow = True
                break
            if notice.id not in self._held:
                self._held.add(notice.id)
                host = self._host(notice)
                host.queue.append(notice)
                touched[host.name] = host
        for host in touched.values():
            self._pump(host)

    def _host(self, notice: Notice) -> Host:
        name = urlsplit(notice.url).netloc
        host = self._hosts.get(name)
        if host is None:
            host = self._hosts[name] = Host(name)
        return host

    def _pump(self, host: Host) -> None:
        if self._stopping:
            return
        most = self._plan.per_host
        if host.closed_until:
            if self._loop.time() < host.closed_until:
                return
            most = 1  # a probe
        while host.queue and host.running < most:
            notice = host.queue.popleft()
            key = host.name, notice.message or -notice.id
            if self._first.setdefault(key, notice.id) != notice.id:
                self._queue_up(key, notice)
                continue
            if self._waits:
                self._waits.pop(key, None)
            host.running += 1
            task = self._loop.create_task(self._try(host, notice))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _queue_up(self, key: Key, notice: Notice) -> None:
        """Stand behind an earlier notice: in memory while it is called, in the table too while it waits."""
        due = self._waits.get(key)
        if due is None:
            self._behind.setdefault(key, []).append(notice)
        else:
            self._keep(Tried(notice, False, notice.tries, due, "", self._now()))

    async def _try(self, host: Host, notice: Notice) -> None:
        now = self._now()
        if self._plan.leaves_out(notice):
            host.running -= 1
            result = Tried(notice, True, notice.tries, 0, "", now)
            self._keep(result)
            self._next(host, notice, result)
            return
        try:
            answer = await (self._post(notice) if notice.kind == "mail" else self._call(notice, now))
        except Exception as error:
            log.exception("notifier.failed", notice=notice.id, error=repr(error))
            answer = HttpAnswer(0, error=repr(error))
        host.running -= 1
        good = 200 <= answer.status < 300
        self._judge(host, good or 400 <= answer.status < 500 or (notice.kind == "mail" and answer.status > 0))
        self._next(host, notice, self._tell(notice, answer, good, now))

    async def _call(self, notice: Notice, now: int) -> HttpAnswer:
        call = self._speakers[notice.dialect].call(notice, self._store.facts)
        return await self._caller.call(self._sign(notice, call, now), timeout=self._plan.timeout_of(notice))

    def _judge(self, host: Host, alive: bool) -> None:
        """Count failures in a row; open the breaker or close it."""
        if alive:
            if host.closed_until:
                log.info("notifier.host_back", host=host.name)
            host.failures, host.closed_until, host.pause = 0, 0.0, BREAK_FIRST
            return
        host.failures += 1
        if host.failures < BREAK_AFTER or self._loop.time() < host.closed_until:
            return  # few yet, or a call that began before the breaker opened
        host.closed_until = self._loop.time() + host.pause
        self._loop.call_later(host.pause + TICK, self._pump, host)
        if host.failures == BREAK_AFTER:
            log.warning("notifier.host_down", host=host.name, pause=host.pause)
        host.pause = min(host.pause * 2, BREAK_LONGEST)

    def _tell(self, notice: Notice, answer: HttpAnswer, good: bool, began: int) -> Tried:
        """Keep the result for the next commit."""
        tries = notice.tries + 1
        wait = 0
        mail = notice.kind == "mail"
        refused = mail and answer.status >= 500  # for good, unlike HTTP's
        schedule = self._plan.schedule_of(notice)
        if not good and not refused and tries <= len(schedule):
            wait = int(max(schedule[tries - 1], _retry_after(answer)) * MICRO)
        word = answer.error if not answer.status or (mail and answer.error) else str(answer.status)
        self.results["good" if good else "again" if wait else "given_up"] += 1
        now = self._now()
        result = Tried(notice, good, tries, now + wait if wait else 0, word, now, max(0, now - began))
        self._keep(result)
        return result

    def _keep(self, result: Tried) -> None:
        self._tried.append(result)
        self._gather.soon()

    def _next(self, host: Host, notice: Notice, result: Tried) -> None:
        """Let the message's later notices follow, or wait as this one does."""
        key = host.name, notice.message or -notice.id
        behind = self._behind.pop(key, ()) if self._behind else ()
        if self._soon(result):
            self._waits[key] = result.due
        else:
            self._first.pop(key, None)
        if result.due:
            for later in behind:
                self._keep(Tried(later, False, later.tries, result.due, "", result.at))
        else:
            host.queue.extendleft(reversed(behind))
        self._pump(host)

    def _soon(self, result: Tried) -> bool:
        return result.due > 0 and result.due - result.at < SOON * MICRO

    def _flush(self) -> None:
        tried, self._tried = self._tried, []
        if not tried:
            return
        try:
            future = self._store.insist(service.tried, tried, self._now())
        except Stopped:
            return
        future.add_done_callback(lambda done: self._flushed(tried, done))

    def _flushed(self, tried: list[Tried], done: "asyncio.Future[None]") -> None:
        if done.cancelled() or done.exception() is not None:
            log.error("notifier.not_written", count=len(tried), error=repr(done))
        for result in tried:
            if self._soon(result):
                self._postpone(result.again())
            else:
                self._held.discard(result.notice.id)
                self._settled.add(result.notice.id)

    def _postpone(self, notice: Notice) -> None:
        heappush(self._later, (notice.due, notice.id, notice))
        self._loop.call_later(max(0.0, (notice.due - self._now()) / MICRO) + TICK, self._release)

    def _release(self) -> None:
        """Take up those whose next try is due."""
        now = self._now()
        while self._later and self._later[0][0] <= now:
            notice = heappop(self._later)[2]
            host = self._host(notice)
            host.queue.append(notice)
            self._pump(host)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(HASTE if self._overflow else LOOK)
            self._release()
            await self._look()

    async def _look(self) -> None:
        """Read what is due and not in memory."""
        try:
            await self._load()
        except Exception as error:
            log.exception("notifier.load_failed", error=repr(error))

    async def _load(self) -> None:
        if len(self._held) > MOST // 2:
            return
        settled: set[int] = set()
        self._settled = settled
        page = await self._store.look(service.due, self._now(), PAGE + len(self._held))
        self._overflow = len(page) >= PAGE
        self.take([notice for notice in page if notice.id not in settled])

    async def stop(self, grace: float) -> None:
        """Start no more calls, wait for those under way, write their results."""
        self._stopping = True
        if self._clock is not None:
            self._clock.cancel()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=grace)
            for task in late:  # their notices are due still, and in the table
                task.cancel()
        tried, self._tried = self._tried, []
        await self._store.insist(service.tried, tried, self._now())  # and what was handed in before is on disk then


class _Stated(Struct, frozen=True, gc=False):
    """What of a receipt tells whether it is news."""

    state: State


_decode = msgspec.json.Decoder(_Stated).decode


def _state(fact: bytes) -> State:
    return _decode(fact).state


def _retry_after(answer: HttpAnswer) -> float:
    for name, value in answer.headers:
        if name.lower() == "retry-after" and value.isdigit():
            return min(float(value), 86_400.0)
    return 0.0
