"""First bars, goals and peers of each row: docs/design.md, section 9.

Peers were measured on such a machine with the same work: Kannel 1.4.5 in memory, Jasmin 0.11; neither syncs to disk.
Where Kannel is installed, `bench/kannel.py` measures it again, and its rate takes the place of the one here.
"""

from msgspec import Struct


class Bar(Struct, frozen=True):
    """What a row must reach, in the row's own unit."""

    first: float
    goal: float
    high: bool = True
    """More is better."""

    def mark(self, measured: float) -> str:
        """Say what was reached."""
        for name, wanted in (("goal", self.goal), ("bar", self.first)):
            if (measured >= wanted) if self.high else (measured <= wanted):
                return name
        return "missed"


class Peers(Struct, frozen=True):
    """What others did with the same work, in the row's own unit; 0 where it was not measured."""

    kannel: float = 0.0
    jasmin: float = 0.0
    note: str = ""


SINGLE = Bar(3500, 5500)
SINGLE_QUIET = Bar(5000, 8000)
THOUSANDS = Bar(5000, 8000)
THOUSANDS_QUIET = Bar(15000, 25000)
LATENCY_P99 = Bar(25, 10, high=False)
LATENCY_P50 = Bar(25, 3, high=False)
START = Bar(20, 5, high=False)
START_MEMORY = Bar(500, 250, high=False)
SMPP = Bar(8000, 15000)
THROTTLED = Bar(2.0, 1.2, high=False)
RATE = Bar(95, 95)
FAIR = Bar(90, 90)
FIRST_SEND = Bar(10, 3, high=False)
PASSING_P99 = Bar(100, 100, high=False)

KANNEL_16 = Peers(5300, 101)
KANNEL_64 = Peers(4500, 101)
KANNEL_TEN = Peers(4300, 101, "ten numbers a request")
KANNEL_P50 = Peers(20)
KANNEL_P99 = Peers(50)
KANNEL_THROTTLED = Peers(note="Kannel needs 240 s for 1,000 messages, Jasmin nearly stops")
