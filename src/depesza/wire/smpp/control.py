"""The session's own requests that wait for a response: binds, enquire_link, unbind.

spec: smpp34 2.9, 7.2
"""

from math import inf

from depesza.wire.smpp import pdus
from depesza.wire.smpp.pdus import Request, Response


class Control:
    """At most one of each kind, by sequence number."""

    def __init__(self, response_timer: float) -> None:
        self._patience = response_timer or inf
        self._open: dict[int, tuple[type[Request], float]] = {}

    def __contains__(self, sequence: object) -> bool:
        return sequence in self._open

    def __len__(self) -> int:
        return len(self._open)

    def add(self, sequence: int, kind: type[Request], now: float) -> None:
        """Note a request that has been sent."""
        self._open[sequence] = (kind, now + self._patience)

    def answered(self, sequence: int, response: Response) -> type[Request] | None:
        """Take the request that this is the response to; a generic_nack answers any."""
        asked = self._open.get(sequence)
        if asked is None or type(response) not in (asked[0].response, pdus.GenericNack):
            return None
        del self._open[sequence]
        return asked[0]

    def deadline(self) -> float:
        """Tell when the first of them has waited long enough."""
        return min((deadline for _, deadline in self._open.values()), default=inf)

    def expire(self, now: float, heard: float) -> str | None:
        """Name the request whose missing response ends the session.

        An enquire_link without an answer is forgiven to a peer that was heard since.
        """
        for sequence, (kind, deadline) in list(self._open.items()):
            if deadline > now:
                continue
            if kind is not pdus.EnquireLink or heard <= deadline - self._patience:
                return kind.__name__
            del self._open[sequence]
        return None

    def clear(self) -> None:
        """Forget all."""
        self._open.clear()
