"""Answers owed to the carrier: each deliver_sm and data_sm is answered once, when its news is on disk.

spec: carriers/C.1#24 (the answer goes back on the session that asked), design/6
"""

from collections.abc import Callable

from depesza.connectors.smpp.line import Line
from depesza.wire.smpp.pdus import DataSm, DeliverSm, Response
from depesza.wire.smpp.status import ROK, RX_T_APPN


class Debts:
    """How many answers are owed, and the bound at which reading pauses."""

    def __init__(self, most: int, pause: Callable[[], None], resume: Callable[[], None]) -> None:
        self.count = 0
        self._most = most
        self._pause = pause
        self._resume = resume
        self.paused = False
        """Whether reading waits for the store."""

    def owe(self, line: Line, sequence: int, pdu: DeliverSm | DataSm) -> "Ack":
        """Note one more; what is given back pays it."""
        self.count += 1
        if self.count >= self._most and not self.paused:
            self.paused = True
            self._pause()
        return Ack(self, line, sequence, type(pdu).response)

    def paid(self) -> None:
        """Note that one is answered."""
        self.count -= 1
        if self.paused and self.count <= self._most // 2:
            self.paused = False
            self._resume()


class Ack:
    """What answers one request, once: ROK when it is on disk, else a temporary error: it comes again."""

    __slots__ = ("_debts", "_line", "_response", "_sequence", "_session")

    def __init__(self, debts: Debts, line: Line, sequence: int, response: type[Response]) -> None:
        self._debts: Debts | None = debts
        self._line = line
        self._session = line.session
        self._sequence = sequence
        self._response = response

    def __call__(self, taken: bool) -> None:
        debts, self._debts = self._debts, None
        if debts is None or self._session is None:
            return
        # False when the session is gone: the carrier sends it again on the next one
        if self._session.answer(self._sequence, self._response(ROK if taken else RX_T_APPN)):
            self._line.flush()
        debts.paid()
