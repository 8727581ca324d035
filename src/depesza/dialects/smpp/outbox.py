"""News of one customer: what waits, in its order, and what is on its way over any of its binds.

News of one message leaves in its order: the next waits until the one before it was acknowledged. What a bind did not
acknowledge is told again, by another bind or after the customer has come back; all that waits stands in the table.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence

import structlog

from depesza.core.model import Notice
from depesza.dialects.smpp import news
from depesza.dialects.smpp.line import Delivery, Item, Line
from depesza.services import collected
from depesza.store.contract import Stopped, Store
from depesza.wire import Unencodable
from depesza.wire.smpp import status
from depesza.wire.smpp.status import Kind

log = structlog.get_logger()

MOST = 2_000
"""News in memory; the rest is read back when there is room."""
TOGETHER = 0.005
"""Seconds in which acknowledgements gather for one write."""
PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds before news is told again that a customer could not take; each time twice as long."""


class Outbox:
    """What one account is owed."""

    def __init__(self, account: int, store: Store, now: Callable[[], int]) -> None:
        self.account = account
        self._store = store
        self._now = now
        self._loop = asyncio.get_running_loop()
        self.lines: list[Line] = []
        """Binds over which news may go."""
        self.leading = False
        """Whether this node tells this account's news."""
        self._queue: deque[Item] = deque()
        self._ready: deque[Delivery] = deque()
        self._held: set[int] = set()
        self._first: dict[int, Item] = {}
        """The item of each message that is being told."""
        self._behind: dict[int, list[Item]] = {}
        self._settled: list[tuple[Notice, bool]] = []
        self._unwritten: set[int] = set()
        """Settled, and not on disk as such."""
        self._gone: set[int] = set()
        """Written as settled since the last look at the table began: a page may still show them."""
        self._newer: list[Notice] = []
        """What came during that look: it stands behind what the table held."""
        self._writing = False
        self._loading: asyncio.Task[list[Notice]] | None = None
        self._more = True
        """The table holds more than we do."""
        self._turn = 0
        self.told = 0
        self.retold = 0

    @property
    def waiting(self) -> int:
        """News in memory."""
        return len(self._held) + len(self._unwritten)

    # what comes

    def lead(self, leading: bool) -> None:
        """Learn whether this node tells this account's news; what waits is read when that begins."""
        if leading and not self.leading:
            self.leading = True
            self.reload()
        elif not leading and self.leading:
            self.leading = False
            self._forget()

    def take(self, notices: Iterable[Notice]) -> None:
        """Take news that was just written."""
        if not (self.leading and self.lines):
            self._more = True
            return
        if self._loading is not None:
            self._newer += notices
        elif not self._more:
            self._add(notices)
        self.pump()

    def _add(self, notices: Iterable[Notice]) -> None:
        for notice in notices:
            if len(self._held) >= 2 * MOST:
                self._more = True
                return
            if notice.id in self._held or notice.id in self._unwritten or notice.id in self._gone:
                continue
            self._held.add(notice.id)
            self._queue.append(Item(notice))

    def reload(self) -> None:
        """Read what waits, unless it is being read."""
        self._more = True
        if self._loading is None and self.leading and self.lines:
            self._gone, self._newer = set(), []
            most = MOST + len(self._held) + len(self._unwritten)
            self._loading = self._loop.create_task(self._store.look(collected.page, self.account, most))
            self._loading.add_done_callback(lambda done: self._loaded(done, most))

    def _loaded(self, done: "asyncio.Task[list[Notice]]", most: int) -> None:
        self._loading = None
        newer, self._newer = self._newer, []
        if done.cancelled() or done.exception() is not None:
            log.warning("smpp.news_not_read", account=self.account, error=repr(done))
            self._loop.call_later(PAUSE, self.pump)
            return
        if not self.lines:
            return
        page = done.result()
        self._more = len(page) >= most
        self._add(page)
        if not self._more:
            self._add(newer)
        self.pump()

    def join(self, line: Line) -> None:
        """Use one more bind."""
        self.lines.append(line)
        self.pump()

    def leave(self, line: Line) -> None:
        """Use a bind no more; without any, nothing is kept in memory."""
        if line in self.lines:
            self.lines.remove(line)
        if not self.lines:
            self.leading = False
            self._forget()

    def _forget(self) -> None:
        self._queue.clear()
        self._ready.clear()
        self._first.clear()
        self._behind.clear()
        self._held.clear()
        self._more = True

    # what goes

    def pump(self) -> None:
        """Send what waits, as far as the windows of the binds allow."""
        if not self.leading:
            return
        lines = [line for line in self.lines if line.room > 0]
        while lines and (self._ready or self._prepare(lines[0])):
            self._turn += 1
            line = lines[self._turn % len(lines)]
            self._send(line, self._ready.popleft())
            if line.room <= 0:
                lines.remove(line)
        if lines and self._more and len(self._held) < MOST // 2:
            self.reload()

    def _prepare(self, line: Line) -> bool:
        """Write the next item that nothing stands before; False when there is none."""
        while self._queue:
            item = self._queue.popleft()
            key = item.notice.message or -item.notice.id
            if self._first.setdefault(key, item) is not item:
                self._behind.setdefault(key, []).append(item)
                continue
            if self._write(item, line):
                return True
        return False

    def _write(self, item: Item, line: Line) -> bool:
        account = line.account_in(self._store.facts)
        try:
            written = news.write(item.notice, account.home if account is not None else "", line.version)
        except (Unencodable, ValueError) as error:
            log.error("smpp.news_unwritable", notice=item.notice.id, error=repr(error))
            self._finish(item, False)
            return False
        item.left, item.again, item.bad = len(written), False, False
        item.tries += 1
        self._ready.extend(Delivery(item, pdu) for pdu in written)
        return True

    def _send(self, line: Line, delivery: Delivery) -> None:
        try:
            line.session.request(delivery.pdu, delivery, self._loop.time())
        except Unencodable as error:  # an address that no PDU holds
            log.error("smpp.news_unwritable", notice=delivery.item.notice.id, error=str(error))
            self.settle(delivery, status.RX_P_APPN)
            return
        self.told += 1
        line.link.flush()

    # what comes of it

    def settle(self, delivery: Delivery, code: int) -> None:
        """Take a customer's answer to one PDU."""
        item = delivery.item
        if code != status.ROK:
            if status.look(code).kind is Kind.PERMANENT:
                item.bad = True
            else:
                item.again = True
        self._answered(item)

    def lost(self, deliveries: Sequence[Delivery]) -> None:
        """Learn that a bind ended before it answered: others are told again, at once."""
        for delivery in deliveries:
            delivery.item.again = True
            delivery.item.tries = 0
            self._answered(delivery.item)

    def _answered(self, item: Item) -> None:
        item.left -= 1
        if item.left > 0:
            return
        if not item.again:
            self._finish(item, not item.bad)
            return
        self.retold += 1
        pause = min(PAUSE * 2 ** (item.tries - 1), LONGEST_PAUSE) if item.tries else 0.0
        self._loop.call_later(pause, self._once_more, item)

    def _once_more(self, item: Item) -> None:
        if self._first.get(item.notice.message or -item.notice.id) is item:
            self._queue.appendleft(item)
            self.pump()

    def _finish(self, item: Item, good: bool) -> None:
        key = item.notice.message or -item.notice.id
        if self._first.get(key) is item:
            del self._first[key]
            self._queue.extendleft(reversed(self._behind.pop(key, [])))
        self._settled.append((item.notice, good))
        self._held.discard(item.notice.id)
        self._unwritten.add(item.notice.id)
        if not self._writing:
            self._writing = True
            self._loop.call_later(TOGETHER, self._flush)

    def _flush(self) -> None:
        settled, self._settled = self._settled, []
        self._writing = bool(settled)
        if not settled:
            return
        try:
            future = self._store.insist(collected.settle, settled, self._now())
        except Stopped:
            return
        future.add_done_callback(lambda done: self._flushed(settled, done))

    def _flushed(self, settled: list[tuple[Notice, bool]], done: "asyncio.Future[None]") -> None:
        if done.cancelled() or done.exception() is not None:
            log.error("smpp.news_not_written", account=self.account, count=len(settled), error=repr(done))
        ids = [notice.id for notice, _ in settled]
        self._unwritten.difference_update(ids)
        self._gone.update(ids)
        self._flush()
        self.pump()

    async def close(self) -> None:
        """Write down what was acknowledged."""
        settled, self._settled = self._settled, []
        if settled:
            await self._store.insist(collected.settle, settled, self._now())
