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
        self.pump()

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
        waiting = self.waiting
        while waiting:
            line = self._next_line()
            if line is None:
                return
            news = waiting.popleft()
            try:
                line.session.request(news, news, self._clock())
            except Unencodable:  # a number or a text that no PDU holds: it was never a message
                self._counts.refused_news += 1
                continue
            self._counts.news += 1
            line.flush()

    def _next_line(self) -> Line | None:
        """Choose the next bind with room, each in its turn."""
        lines = self.lines
        for step in range(len(lines)):
            turn = (self._turn + step) % len(lines)
            line = lines[turn]
            if line.session.room > 0 and line.receiving:
                self._turn = turn + 1
                return line
        return None
