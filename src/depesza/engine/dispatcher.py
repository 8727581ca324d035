"""From the queue to the carriers: claims what has its turn, hands it over, settles what came of it.

A message is marked as sending on disk before its first octet leaves (`progress.claim`), and its place in the
connector's window is free again only when the outcome is on disk. So after a crash at most a window is in doubt.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import structlog

from depesza.connectors.contract import Connector, Link
from depesza.core import planning
from depesza.core.fairness import Lanes
from depesza.core.lifecycle import News
from depesza.core.model import MICRO, Message, Outcome, State
from depesza.core.refusals import Retry, refusal
from depesza.engine.gather import Gather
from depesza.engine.lane import PAGE, Lane
from depesza.services import progress
from depesza.store.contract import Stopped, Store

log = structlog.get_logger()

FAILOVER_AFTER = 5.0
"""Seconds a link must be down before its messages go another way."""
AGAIN = 1.0
"""Seconds after which what the store refused is tried again."""


class Dispatcher:
    """All lanes of one process."""

    def __init__(
        self, store: Store, turns: Lanes, now: Callable[[], int], gather: Gather | None = None, *, direct: bool = False
    ) -> None:
        """`now` gives microseconds since 1970.

        With `direct` free places are given to messages in the commit that accepts them. Not where an answer of the
        database can be lost: nobody would know which of them were written.
        """
        self._direct = direct
        self._store = store
        self._turns = turns
        self._now = now
        self._loop = asyncio.get_running_loop()
        self._gather = gather or Gather(self._loop)
        self._gather.add(self._settle_all)
        self._lanes: dict[int, Lane] = {}
        self._beside: dict[int, Connector] = {}
        self._settled: dict[int, list[tuple[Outcome, Message]]] = {}
        self._tried: dict[int, set[int]] = {}
        self._stopping = False
        self._idle = asyncio.Event()

    @property
    def lanes(self) -> Mapping[int, Lane]:
        """The lanes by connector."""
        return self._lanes

    def attach(self, connector: Connector) -> None:
        """Serve a connector; what is queued for it is read from the table."""
        lane = self._lanes[connector.id] = Lane(connector, self._turns.places(connector.id))
        lane.doubt()
        lane.down_since = self._loop.time()
        self._feed(lane)

    def know(self, connector: Connector) -> None:
        """Know a connector whose queue somebody else takes from the table: messages may still be sent its way."""
        self._beside[connector.id] = connector

    def _ways(self) -> dict[int, Connector]:
        """Give all connectors that messages may be sent to."""
        return {id: lane.connector for id, lane in self._lanes.items()} | self._beside

    async def detach(self, connector: int, grace: float) -> None:
        """Stop serving a connector; its queue stays in the table."""
        beside = self._beside.pop(connector, None)
        if beside is not None:
            await beside.stop(grace)
        lane = self._lanes.get(connector)
        if lane is None:
            return
        lane.places.withdraw()
        await lane.connector.stop(grace)
        await self._flushed(lane)
        del self._lanes[connector]

    def crowded(self, connector: int) -> bool:
        """Tell whether so much waits for a connector that a campaign need not add to it yet."""
        lane = self._lanes.get(connector)
        return lane is not None and lane.crowded

    # work comes

    def take(self, messages: Sequence[Message]) -> None:
        """Queue messages that were just written; those that were given a place leave at once."""
        touched = set()
        for message in messages:
            lane = self._lanes.get(message.connector)
            if message.state is State.SENDING:
                self._send_placed(lane, message)
            elif lane is not None:
                lane.push(message)
            touched.add(message.connector)
        for connector in touched:
            self.ready(connector)

    def _send_placed(self, lane: Lane | None, message: Message) -> None:
        """Hand over a message that was marked as sending when it was accepted."""
        self._turns.places(message.connector).arrive()
        if lane is None:
            lost = Outcome(message.id, self._now(), refusal="link_down", retry_after=MICRO, detail="no such connector")
            self._store.insist(progress.settle, message.connector, [(lost, message)], {})
            return
        lane.inflight[message.id] = message
        lane.held.add(message.id)
        self._turns.queue(lane.connector.id, message.priority).served(message.turn)
        if self._stopping or lane.connector.link is not Link.UP:
            self._take_back(lane, [message])
        else:
            lane.connector.send(message)

    def ready(self, connector: int) -> None:
        """Claim as many messages as a connector has room for."""
        lane = self._lanes.get(connector)
        if lane is None or self._stopping:
            return
        if lane.connector.link is Link.UP:
            lane.down_since = 0.0
        elif not lane.down_since:
            lane.down_since = self._loop.time()
            lane.places.withdraw()
        if lane.heap:
            lane.places.withdraw()  # those that wait go first
            if (free := lane.free) > 0:
                self._claim(lane, min(free, lane.portion))
        if lane.hungry:
            self._feed(lane)
        if self._direct and not lane.down_since:
            lane.offer()

    def _claim(self, lane: Lane, free: int) -> None:
        now = self._now()
        chosen: list[Message] = []
        expired: list[Message] = []
        for_bulk = min(free, lane.free_for_bulk)
        queue, inflight = self._turns.queue, lane.inflight
        while lane.heap and len(chosen) < (for_bulk if lane.next_is_bulk else free):
            message = lane.pop()
            if 0 < message.content.expires <= now:
                expired.append(message)
                continue
            chosen.append(message)
            inflight[message.id] = message
            queue(lane.connector.id, message.priority).served(message.turn)
        if expired:
            self._expire(lane, expired)
        if not chosen:
            return
        lane.claiming += len(chosen)
        try:
            future = self._store.insist(progress.claim, [m.id for m in chosen], lane.connector.id)
        except Stopped:
            return
        future.add_done_callback(lambda done: self._claimed(lane, chosen, done))

    def _claimed(self, lane: Lane, chosen: list[Message], done: "asyncio.Future[list[int]]") -> None:
        lane.claiming -= len(chosen)
        error = done.exception() if not done.cancelled() else asyncio.CancelledError()
        if error is not None:
            log.error("dispatcher.claim_failed", connector=lane.connector.name, error=repr(error))
            for message in chosen:
                self._drop(lane, message.id)
            self._loop.call_later(AGAIN, self._push_again, lane, chosen)
            return
        marked = done.result()
        if len(marked) != len(chosen):
            kept = set(marked)
            for message in chosen:
                if message.id not in kept:  # cancelled, or taken over by another node
                    self._drop(lane, message.id)
            chosen = [message for message in chosen if message.id in kept]
        if lane.connector.room <= 0 and lane.connector.link is not Link.UP:
            self._take_back(lane, chosen)
            return
        send = lane.connector.send
        for message in chosen:
            send(message)
        if lane.heap:
            self.ready(lane.connector.id)

    def _take_back(self, lane: Lane, messages: list[Message]) -> None:
        """The link went down, or was stopped, while they were being marked: none of them has left."""
        now = self._now()
        for message in messages:
            outcome = Outcome(message.id, now, refusal="link_down", retry_after=MICRO, detail="not handed over")
            self.outcome(lane.connector.id, outcome)

    def _push_again(self, lane: Lane, messages: list[Message]) -> None:
        for message in messages:
            lane.push(message)
        self.ready(lane.connector.id)

    def _drop(self, lane: Lane, message: int) -> None:
        lane.inflight.pop(message, None)
        lane.held.discard(message)

    def _expire(self, lane: Lane, messages: list[Message]) -> None:
        ids = [message.id for message in messages]
        lane.held.difference_update(ids)
        for id in ids if self._tried else ():
            self._tried.pop(id, None)
        self._watch(lane, messages, self._store.insist(progress.end, ids, News.EXPIRED, "expired", self._now()))

    def _watch(self, lane: Lane, messages: list[Message], future: "asyncio.Future[Any]") -> None:
        """Queue the messages here again when what was to become of them could not be written."""

        def watch(done: "asyncio.Future[Any]") -> None:
            if done.cancelled() or done.exception() is not None:
                log.error("dispatcher.failed", connector=lane.connector.name, error=repr(done))
                self._loop.call_later(AGAIN, self._push_again, lane, messages)

        future.add_done_callback(watch)

    # outcomes come back

    def outcome(self, connector: int, outcome: Outcome) -> None:
        """Settle what a connector says of a message it was handed."""
        lane = self._lanes.get(connector)
        message = lane.inflight.get(outcome.message) if lane is not None else None
        if lane is None or message is None:
            log.error("dispatcher.unknown_outcome", connector=connector, message=outcome.message)
            return
        waiting = self._settled.get(connector)
        if waiting is None:
            waiting = self._settled[connector] = []
        waiting.append((outcome, message))
        if not self._gather.hasty:
            # places come free when the outcome is on disk: no lingering while they are scarce
            self._gather.soon(hasty=lane.free * 2 < lane.connector.capacity)

    def _settle_all(self) -> None:
        for connector in list(self._settled):
            lane = self._lanes.get(connector)
            if lane is not None:
                self._settle(lane)

    def _settle(self, lane: Lane) -> None:
        connector = lane.connector.id
        settled = self._settled.pop(connector, [])
        retry: dict[int, int] = {}
        for outcome, message in settled:
            if outcome.refusal and refusal(outcome.refusal).retry is Retry.OTHER:
                retry[message.id] = self._other(message, connector)
        try:
            future = self._store.insist(progress.settle, connector, settled, retry)
        except Stopped:
            return
        future.add_done_callback(lambda done: self._has_settled(lane, settled, retry, done))

    def _has_settled(
        self,
        lane: Lane,
        settled: list[tuple[Outcome, Message]],
        retry: dict[int, int],
        done: "asyncio.Future[None]",
    ) -> None:
        error = done.exception() if not done.cancelled() else asyncio.CancelledError()
        if error is not None:
            log.error("dispatcher.settle_failed", connector=lane.connector.name, error=repr(error))
            self._loop.call_later(AGAIN, self._again, lane, settled)
            return
        for outcome, _ in settled:
            self._drop(lane, outcome.message)
            if self._tried and not retry.get(outcome.message) and _ended(outcome):
                self._tried.pop(outcome.message, None)
        if self._stopping:
            self._idle.set()
        else:
            self.ready(lane.connector.id)

    def _again(self, lane: Lane, settled: list[tuple[Outcome, Message]]) -> None:
        """Settle once more; what the first try has written is looked up (`maybe_sent`), not assumed."""
        doubtful = [(outcome, msgspec.structs.replace(message, maybe_sent=True)) for outcome, message in settled]
        self._settled.setdefault(lane.connector.id, []).extend(doubtful)
        self._settle(lane)

    def _other(self, message: Message, refused_by: int) -> int:
        """Choose the connector that tries next: the route's, not yet tried, up if one is."""
        tried = self._tried.setdefault(message.id, set())
        tried.add(refused_by)
        known = self._ways()
        left = [c for c in planning.ways(message, self._store.facts) if c not in tried and c in known]
        if not left:
            del self._tried[message.id]
            return 0
        up = [c for c in left if known[c].health.link is Link.UP]
        return (up or left)[0]

    # the table is read back

    def _feed(self, lane: Lane) -> None:
        lane.loading = True
        task = self._store.look(progress.queue_page, self._store.node, lane.connector.id, PAGE * 2)
        asyncio.ensure_future(task).add_done_callback(lambda done: self._fed(lane, done))

    def _fed(self, lane: Lane, done: "asyncio.Future[list[Message]]") -> None:
        lane.loading = False
        if done.cancelled() or done.exception() is not None:
            log.error("dispatcher.load_failed", connector=lane.connector.name, error=repr(done))
            lane.late.clear()  # what the heap did not take is behind the horizon, and in the next page
            self._loop.call_later(AGAIN, self.ready, lane.connector.id)
            return
        page = done.result()
        for message in page:
            queue = self._turns.queue(lane.connector.id, message.priority)
            queue.seen(message.content.account, message.turn)
        lane.loaded(page, complete=len(page) < PAGE * 2)
        self.ready(lane.connector.id)

    def reload(self) -> None:
        """Look at the table again in every lane: work of another node was taken over."""
        for lane in self._lanes.values():
            lane.doubt()
            if not lane.loading:
                self._feed(lane)

    # links that are down

    def tick(self) -> None:
        """Once a second: wake every lane, move messages away from links that stay down, drop what expired."""
        for connector, lane in list(self._lanes.items()):
            self._forget_lost(lane)
            self.ready(connector)
            if lane.down_since and self._loop.time() - lane.down_since >= FAILOVER_AFTER:
                self._detour(lane)
            if lane.connector.room <= 0 and lane.heap:
                self._sweep(lane)

    def _forget_lost(self, lane: Lane) -> None:
        """Free places that were taken and whose message did not come within two ticks."""
        places = lane.places
        if places.taken > places.arrived and places.arrived == lane.arrived_before:
            places.forget_lost()
        lane.arrived_before = places.arrived

    def _detour(self, lane: Lane) -> None:
        ways: dict[int, list[Message]] = {}
        known = self._ways()
        for item in lane.heap:
            message = item[3]
            for connector in planning.ways(message, self._store.facts):
                other = known.get(connector)
                if other is not None and other is not lane.connector and other.health.link is Link.UP:
                    ways.setdefault(connector, []).append(message)
                    break
        for connector, messages in ways.items():
            lane.remove({message.id for message in messages})
            log.info(
                "dispatcher.detour",
                connector=lane.connector.name,
                to=known[connector].name,
                messages=len(messages),
            )
            self._watch(lane, messages, self._store.insist(progress.reroute, messages, connector, self._turns))

    async def gather_strays(self) -> None:
        """Find a way for what is queued on connectors that are disabled or gone; end what has expired there."""
        now = self._now()
        known = self._ways()
        usable = {id for id, way in known.items() if way.health.link is Link.UP}
        expired: list[int] = []
        ways: dict[int, list[Message]] = {}
        for message in await self._store.look(progress.strays, list(known), PAGE):
            if 0 < message.content.expires <= now:
                expired.append(message.id)
            elif connector := planning.other_way(message, self._store.facts, usable):
                ways.setdefault(connector, []).append(message)
        if expired:
            await self._store.insist(progress.end, expired, News.EXPIRED, "expired", now)
        for connector, messages in ways.items():
            log.info("dispatcher.strays", to=known[connector].name, messages=len(messages))
            await self._store.insist(progress.reroute, messages, connector, self._turns)

    def _sweep(self, lane: Lane) -> None:
        now = self._now()
        expired = {item[2] for item in lane.heap if 0 < item[3].content.expires <= now}
        if expired:
            self._expire(lane, lane.remove(expired))

    # the end

    async def stop(self, grace: float) -> None:
        """Hand over no more, wait for the connectors' answers and write them down."""
        self._stopping = True
        for lane in self._lanes.values():
            lane.places.withdraw()
        await asyncio.gather(*(way.stop(grace) for way in self._ways().values()))
        for lane in self._lanes.values():
            await self._flushed(lane)

    async def _flushed(self, lane: Lane) -> None:
        end = self._loop.time() + 10.0
        while lane.inflight and self._loop.time() < end:
            self._idle.clear()
            await asyncio.wait([asyncio.ensure_future(self._idle.wait())], timeout=0.2)


def _ended(outcome: Outcome) -> bool:
    """Tell whether a message goes nowhere else after this, so that what it has tried may be forgotten."""
    return not outcome.refusal or refusal(outcome.refusal).retry is not Retry.HERE
