"""What is counted message by message: by the composition as it passes by, and by the front."""

from collections import Counter
from collections.abc import Mapping

from msgspec import Struct

from depesza.core.model import State


class Counts:
    """What the composition counts: a look-up and an addition each."""

    def __init__(self) -> None:
        self.outcomes: Counter[tuple[int, str]] = Counter()
        """Attempts by connector and refusal; "" when the carrier took the message."""
        self.receipts: Counter[tuple[int, State]] = Counter()
        """Receipts by connector and what they say."""
        self.inbounds: Counter[int] = Counter()
        """Texts received, by connector."""


class Figures(Struct, frozen=True):
    """What the clients' side has counted when it was asked last."""

    requests: Mapping[tuple[str, int], int] = {}
    """HTTP requests by dialect and status."""
    tries: Mapping[str, int] = {}
    """Callbacks tried: `good`, `again` (to be tried later) or `given_up`."""
    waiting: int = 0
    """Callbacks held in memory."""
