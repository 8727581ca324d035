"""What the simulator counts, always: cheap enough for a benchmark's sink."""

from collections import Counter

from msgspec import Struct


class Counts(Struct):
    """Since the start."""

    submits: int = 0
    """Receivers asked for, by submit_sm, submit_multi and data_sm."""
    taken: int = 0
    """Of those, on their way to their receiver."""
    news: int = 0
    """deliver_sm and data_sm written, repetitions too."""
    acknowledged: int = 0
    """Of those, answered with success."""
    refused_news: int = 0
    """Of those, refused for good."""
    again: int = 0
    """Of those, to be sent again: the connection was lost, or the client was busy."""
    replies: int = 0
    """Texts that phones have sent, in parts or not."""
    binds: int = 0
    refused_binds: int = 0
    faults: int = 0
    """Broken rules of clients."""
    statuses: Counter[str] = Counter()
    """Submits by the name of the status answered; `(none)` for those without a response."""
    fates: Counter[str] = Counter()
    """Submits by the name of their fate, ordinary ones left out."""

    def __post_init__(self) -> None:
        self.statuses, self.fates = Counter(), Counter()
