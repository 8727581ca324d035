"""One system id: its binds, and the receipts and replies that wait for one of them.

News is kept until a bind acknowledges it: what a lost connection left unanswered is sent again, oldest first.
"""

from collections import deque
from collections.abc import Callable

from depesza.simulator.behaviour import Allowance
from depesza.simulator.counts import Counts
from depesza.simulator.line import Line, News
from depesza.wire import Unencodable
from depesza.wire.smpp.status import ROK, Kind, look

RETRY_AFTER = 1.0
"""Seconds until news is offered again that the client could not take."""

Later = Callable[[float, Callable[[], None]], object]


class Account:
    """A customer of the carrier."""

    def __init__(self, system_id: str, clock: Callable[[], float], later: Later, counts: Counts) -> None:
        self.system_id = system_id
        self.lines: list[Line] = []
        self.waiting: deque[News] = deque()
        self.allowance = Allowance()
        self._clock = clock
        self._later = later
        self._counts = counts
        self._turn = 0
        self._pump_due = False

    def join(self, line: Line) -> None:
        """Count one more bind, and give it what waited."""
        self.lines.append(line)
        self.pump()

    def leave(self, line: Line) -> None:
        """Count a bind no more."""
        if line in self.lines:
            self.lines.remove(line)

    def post(self, news: News) -> None:
        """Send news over any bind that receives, now or when there is one."""
        self.waiting.append(news)
        if not self._pump_due:
            self._pump_due = True
            self._later(0.0, self.pump)

    def give_back(self, unanswered: tuple[News, ...]) -> None:
        """Take back what a lost bind did not answer; it is the oldest of all."""
        self._counts.again += len(unanswered)
        self.waiting.extendleft(reversed(unanswered))
        self.pump()

    def settle(self, news: News, status: int) -> None:
        """Take a client's answer: done with it, or offered again when it was only busy."""
        if status == ROK:
            self._counts.acknowledged += 1
        elif look(status).kind is Kind.TEMPORARY:
            self._counts.again += 1
            self._later(RETRY_AFTER, lambda: self.post(news))
        else:
            self._counts.refused_news += 1

    def pump(self) -> None:
        """Send what waits, as far as the windows of the binds allow."""
        self._pump_due = False
        if not self.waiting:
            return
        lines = [line for line in self.lines if line.receiving and line.session.room > 0]
        if len(lines) == 1:
            self._send(lines[0], lines[0].session.room)
            return
        while self.waiting and lines:
            self._turn += 1
            line = lines[self._turn % len(lines)]
            self._send(line, 1)
            if line.session.room <= 0:
                lines.remove(line)

    def _send(self, line: Line, most: int) -> None:
        waiting, request, now = self.waiting, line.session.request, self._clock()
        for _ in range(min(most, len(waiting))):
            news = waiting.popleft()
            try:
                request(news, news, now)
            except Unencodable:  # a number or a text that no PDU holds: it was never a message
                self._counts.refused_news += 1
            else:
                self._counts.news += 1
        line.flush()
