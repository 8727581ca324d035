"""What a commit leaves behind: work that the engine is told of, and figures."""

from bisect import bisect_left

import msgspec
from msgspec import Struct

from depesza.core.model import Message, Notice

SLOW = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Bounds, in seconds, between which commits are counted."""


class Work(Struct):
    """What the engine is told after a commit."""

    messages: list[Message] = []
    notices: list[Notice] = []
    errands: bool = False
    """Campaigns, tasks or lists wait to be worked on, page by page."""
    builds: list[int] = []
    """Documents to be written."""
    lookups: bool = False
    """Numbers wait to be looked up."""
    bells: list[int] = []
    """Phones of our own that are to be told something."""
    phones: bool = False
    """Something changed for phones of our own: one called, or an attempt ended."""
    facts: bool = False
    """The facts were replaced."""
    scheduled: int = 0
    """Earliest time of a message scheduled in this batch; 0 for none."""
    doubt: bool = False
    """A commit's answer was lost: the table may hold work that nobody was told of."""

    def join(self, other: "Work") -> None:
        """Add what another service of the same commit has to tell."""
        self.messages += other.messages
        self.notices += other.notices
        self.errands = self.errands or other.errands
        self.builds += other.builds
        self.lookups = self.lookups or other.lookups
        self.phones = self.phones or other.phones
        self.bells += other.bells
        if other.scheduled and (not self.scheduled or other.scheduled < self.scheduled):
            self.scheduled = other.scheduled


class Stats(Struct):
    """What a store has done since it was opened, for metrics."""

    commits: int = 0
    seconds: float = 0.0
    """Spent in transactions."""
    slow: list[int] = msgspec.field(default_factory=lambda: [0] * len(SLOW))
    """Commits that took at most as long as the bound at the same place of `SLOW`."""
    rows: dict[str, int] = {}
    """Rows written, by table or named statement."""

    def committed(self, seconds: float, rows: dict[str, int]) -> None:
        """Count one commit."""
        self.commits += 1
        self.seconds += seconds
        place = bisect_left(SLOW, seconds)
        if place < len(SLOW):
            self.slow[place] += 1
        for name, count in rows.items():
            self.rows[name] = self.rows.get(name, 0) + count
