"""How a session leaves: which step is next, decided from what is still open.

    ours:    drain -> unbind sent -> its response -> closed
    theirs:  unbind taken -> our answers -> its response sent -> their answers -> closed

Each wait has an end. spec: smpp34 4.2, smpp50 2.7, carriers/C.1#22
"""

from enum import Enum, auto
from math import inf

_WITHOUT_TIMER = 60.0
"""How long to wait where the response timer is off."""


class Step(Enum):
    """What to do next."""

    WAIT = auto()
    ASK = auto()
    """Send our unbind."""
    AGREE = auto()
    """Answer the peer's unbind."""
    CLOSE = auto()


class Leaving:
    """What is known about the way out."""

    def __init__(self, response_timer: float) -> None:
        self._patience = response_timer or _WITHOUT_TIMER
        self.draining = False
        """We want to leave: no new requests of ours."""
        self.deadline = inf
        """When the present wait ends; `inf` while nobody leaves."""
        self.agreed = False
        """One of the two unbinds has been answered."""
        self._asked = False
        self._peer_waits: int | None = None

    @property
    def under_way(self) -> bool:
        return self.deadline != inf

    def drain(self, now: float) -> None:
        """Begin to leave."""
        self.draining = True
        self._wait(now)

    def peer_asks(self, sequence: int, now: float) -> None:
        """Take the peer's unbind."""
        self._peer_waits = sequence
        self._wait(now)

    def next_step(self, incoming: bool, pending: bool, now: float) -> Step:
        """Decide by what is open: requests of the peer, requests of ours."""
        late = now >= self.deadline
        if self._peer_waits is not None:
            # Held back until ours are answered: a client closes as soon as it has this response.
            return Step.AGREE if late or not incoming else Step.WAIT
        if not late and (incoming or pending):
            return Step.WAIT
        if self.agreed or (late and self._asked):
            return Step.CLOSE
        return Step.WAIT if self._asked else Step.ASK

    def ask(self, now: float) -> None:
        """Note that our unbind is sent; its response has a wait of its own."""
        self._asked = True
        self.deadline = now + self._patience

    def agree(self) -> int:
        """Note that the peer's unbind is answered; give its sequence number."""
        assert self._peer_waits is not None
        sequence, self._peer_waits = self._peer_waits, None
        self.agreed = True
        return sequence

    def _wait(self, now: float) -> None:
        self.deadline = min(self.deadline, now + self._patience)
