"""What is counted message by message: by the composition as it passes by, and by those who call back."""

from collections import Counter
from collections.abc import Mapping

from msgspec import Struct

from depesza.core.model import State


class Counts:
    """What the composition counts: a look-up and an addition each."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, int]] = Counter()
        """HTTP requests by dialect and status."""
        self.outcomes: Counter[tuple[int, str]] = Counter()
        """Attempts by connector and refusal; "" when the carrier took the message."""
        self.receipts: Counter[tuple[int, State]] = Counter()
        """Receipts by connector and what they say."""
        self.inbounds: Counter[int] = Counter()
        """Texts received, by connector."""


class Figures(Struct, frozen=True):
    """What those who call back had counted when they were asked last."""

    tries: Mapping[str, int] = {}
    """Callbacks tried: `good`, `again` (to be tried later) or `given_up`."""
    waiting: int = 0
    """Callbacks held in memory."""
