"""What can be changed while the simulator runs: rates of faults, latencies, the allowed rate.

A rate strikes receivers without a fate of their own; which fault strikes is drawn once a try.
"""

from collections import deque
from random import Random

from msgspec import UNSET, Struct, UnsetType

from depesza.simulator.settings import SimulatorSettings
from depesza.wire.fates import FAULTS, Answer, Fate, fate_named

_MOST_SECONDS = 86_400.0 * 365


class BadBehaviour(ValueError):
    """Values that make no sense; the sentence names them."""


class Change(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to change; what is not given stays as it is."""

    rates: dict[str, float] | UnsetType = UNSET
    """Percent by fault: all of them, those not named become 0."""
    per_second: int | UnsetType = UNSET
    response_latency: float | UnsetType = UNSET
    receipt_latency: float | UnsetType = UNSET
    time_scale: float | UnsetType = UNSET
    congestion: int | UnsetType | None = UNSET


class Shown(Struct, frozen=True):
    """How it behaves now, for people."""

    rates: dict[str, float]
    per_second: int
    response_latency: float
    receipt_latency: float
    time_scale: float
    congestion: int | None
    known: dict[str, str]
    """All faults there are, with what they do."""


class Behaviour:
    """The values in force, and the dice."""

    def __init__(self, settings: SimulatorSettings, chance: Random) -> None:
        self._chance = chance
        self.rates: dict[str, float] = {}
        self.per_second = settings.per_second
        self.response_latency = settings.response_latency
        self.receipt_latency = settings.receipt_latency
        self.time_scale = settings.time_scale
        self.congestion: int | None = None
        """What responses say in congestion_state, 0-100."""
        self.prompt = True
        """Whether responses and receipts come at once."""
        self.faulty = False
        """Whether any rate is above 0."""
        self.change(Change(rates=settings.rates))

    def change(self, change: Change) -> None:
        """Take new values; BadBehaviour when one makes no sense, and then all stay as they were."""
        _check(change)
        for name in change.__struct_fields__:
            value = getattr(change, name)
            if value is not UNSET and name != "rates":
                setattr(self, name, value)
        self.prompt = not (self.response_latency or self.receipt_latency)
        if change.rates is not UNSET:
            self.rates = {name: rate for name, rate in change.rates.items() if rate}
            self.faulty = bool(self.rates)

    def show(self) -> Shown:
        """Show the values in force and the faults that could be."""
        known = {name: fate_named(name).sentence for name in FAULTS}
        return Shown(
            dict(self.rates),
            self.per_second,
            self.response_latency,
            self.receipt_latency,
            self.time_scale,
            self.congestion,
            known,
        )

    def draw(self) -> tuple[str, Fate, Answer] | None:
        """Draw a fault for one try: its name, its row and its answer; None for none."""
        point = self._chance.random() * 100.0
        for name, rate in self.rates.items():
            point -= rate
            if point < 0:
                fate = fate_named(name)
                return name, fate, fate.at_first if fate.tries else fate.answer
        return None


class Allowance:
    """How many submits one system id may make in any second; what is refused does not count."""

    def __init__(self) -> None:
        self._taken: deque[float] = deque()

    def spend(self, per_second: int, now: float) -> bool:
        """Take one more, if it is within the rate."""
        taken = self._taken
        while taken and now - taken[0] >= 1.0:
            taken.popleft()
        if len(taken) >= per_second:
            return False
        taken.append(now)
        return True


def _check(change: Change) -> None:
    if change.rates is not UNSET:
        _check_rates(change.rates)
    for name in ("per_second", "response_latency", "receipt_latency", "time_scale"):
        value = getattr(change, name)
        if value is not UNSET and not 0 <= value <= _MOST_SECONDS:
            raise BadBehaviour(f"{name} is a number from 0, not {value}")
    if isinstance(change.congestion, int) and not 0 <= change.congestion <= 100:
        raise BadBehaviour(f"congestion is 0 to 100 or null, not {change.congestion}")


def _check_rates(rates: dict[str, float]) -> None:
    for name, rate in rates.items():
        if name not in FAULTS:
            raise BadBehaviour(f"no fault is called {name!r}; there are {', '.join(FAULTS)}")
        if not 0 <= rate <= 100:
            raise BadBehaviour(f"the rate of {name} is a percentage from 0 to 100, not {rate}")
    if sum(rates.values()) > 100.0 + 1e-9:
        raise BadBehaviour(f"the rates are {sum(rates.values()):g} % together, which is more than all")
