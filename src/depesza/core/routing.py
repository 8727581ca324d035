"""Which connectors may carry a message: rows tried in order, the first that fits wins."""

from collections.abc import Collection
from enum import StrEnum

from msgspec import Struct


class Spread(StrEnum):
    """How a route chooses among its connectors; those that follow are the failover."""

    ORDER = "order"
    ROUND_ROBIN = "round_robin"
    WEIGHTED = "weighted"


class Route(Struct, frozen=True, kw_only=True):
    """One row; empty conditions fit everything."""

    id: int
    position: int = 100
    """Smaller is tried first; of two equal ones the one with the longer prefix, then the older."""
    prefix: str = ""
    """Digits the receiver's E.164 number begins with, without plus."""
    country: str = ""
    """ISO code of the receiver."""
    sender: str = ""
    account: int = 0
    priority: int = -1
    """`Priority` number of the submission (its class of traffic)."""
    connectors: tuple[int, ...] = ()
    weights: tuple[int, ...] = ()
    """Percent for each connector, with `weighted`."""
    spread: Spread = Spread.ORDER


class Routes:
    """Routes compiled for many questions."""

    def __init__(self, rows: Collection[Route]) -> None:
        self._rows = sorted(rows, key=lambda row: (row.position, -len(row.prefix), row.id))
        self.by_id = {row.id: row for row in rows}

    def choose(self, receiver: str, country: str, sender: str, account: int, priority: int) -> Route | None:
        """Find the route of a message; `receiver` is E.164 digits without plus."""
        for row in self._rows:
            if (
                receiver.startswith(row.prefix)
                and row.country in ("", country)
                and row.sender in ("", sender)
                and row.account in (0, account)
                and row.priority in (-1, priority)
            ):
                return row
        return None


def order(route: Route, chance: int) -> tuple[int, ...]:
    """List the route's connectors, first choice first; `chance` is any non-negative number of the caller's."""
    names = route.connectors
    if route.spread is Spread.ORDER or len(names) < 2:
        return names
    if route.spread is Spread.ROUND_ROBIN:
        first = chance % len(names)
        return names[first:] + names[:first]
    weights = route.weights or (1,) * len(names)
    place = chance % sum(weights)
    first = 0
    while place >= weights[first]:
        place -= weights[first]
        first += 1
    return (names[first], *names[:first], *names[first + 1 :])
