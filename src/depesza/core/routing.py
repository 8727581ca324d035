"""Which connectors may carry a message: rows tried in order, the first that fits wins."""

from collections.abc import Collection, Sequence
from enum import StrEnum

from msgspec import Struct

from depesza.core.model import Channel, Way


class Spread(StrEnum):
    """How a route chooses its first connector; the others follow as the failover."""

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
    """First choice first; a row without any refuses what fits it."""
    weights: tuple[int, ...] = ()
    """Percent for each connector, with `weighted`; equal when empty."""
    spread: Spread = Spread.ORDER
    channel: Channel = Channel.SMS
    """What it carries; a silent SMS goes the way of other SMS."""

    def __post_init__(self) -> None:
        """Refuse what could not be carried out; raises ValueError."""
        if len(set(self.connectors)) < len(self.connectors):
            raise ValueError("a route names each connector once")
        if any(weight < 0 for weight in self.weights):
            raise ValueError("a weight is not below zero")

    def carries(self, channel: Channel) -> bool:
        """Tell whether messages of this channel may take it."""
        return self.channel == _asked(channel)


def _asked(channel: Channel) -> Channel:
    """Give the channel by which a message's route is asked for."""
    return Channel.SMS if channel is Channel.PING else channel


_Question = tuple[str, str, str, int, int, Channel]


class Routes:
    """Routes compiled for many questions.

    What a row can tell apart is few: the longest known prefix of the receiver, and country, sender, account
    and priority where some row names them. Each such combination is searched for once and remembered.
    """

    _REMEMBERED = 50_000

    def __init__(self, rows: Collection[Route]) -> None:
        self._rows = sorted(rows, key=lambda row: (row.position, -len(row.prefix), row.id))
        self.by_id = {row.id: row for row in rows}
        self._prefixes = frozenset(row.prefix for row in rows)
        self._lengths = sorted({len(prefix) for prefix in self._prefixes} - {0}, reverse=True)
        self._countries = frozenset(row.country for row in rows)
        self._senders = frozenset(row.sender for row in rows)
        self._accounts = frozenset(row.account for row in rows)
        self._priorities = frozenset(row.priority for row in rows)
        self._found: dict[_Question, Route | None] = {}

    def choose(
        self,
        receiver: str,
        country: str,
        sender: str,
        account: int,
        priority: int,
        channel: Channel = Channel.SMS,
    ) -> Route | None:
        """Find a message's route, None when nothing leads there; `receiver` is E.164 digits without plus."""
        for length in self._lengths:
            if (prefix := receiver[:length]) in self._prefixes:
                break
        else:
            prefix = ""
        question = (
            prefix,
            country if country in self._countries else "",
            sender if sender in self._senders else "",
            account if account in self._accounts else 0,
            priority if priority in self._priorities else -1,
            _asked(channel),
        )
        try:
            return self._found[question]
        except KeyError:
            return self._search(question)

    def _search(self, question: "_Question") -> Route | None:
        """Go through the rows and remember what was found."""
        receiver, country, sender, account, priority, channel = question
        found = next(
            (
                row
                for row in self._rows
                if receiver.startswith(row.prefix)
                and row.country in ("", country)
                and row.sender in ("", sender)
                and row.account in (0, account)
                and row.priority in (-1, priority)
                and row.channel == channel
            ),
            None,
        )
        if found is not None and not found.connectors:
            found = None
        if len(self._found) >= self._REMEMBERED:
            self._found.clear()
        self._found[question] = found
        return found


def narrow(named: tuple[int, ...], way: Way, phones: Sequence[int]) -> tuple[int, ...]:
    """List those of a route's connectors on which a message may go its way, first choice first.

    Own phones need not be named: where a route names none, all are meant by those who ask for them.
    """
    if way is Way.ANY:
        return named
    carriers = tuple(id for id in named if id not in phones)
    if way is Way.NETWORK:
        return carriers
    own = tuple(id for id in named if id in phones) or tuple(phones)
    return own if way is Way.PHONES else own + carriers


_GOLDEN = 0x9E3779B97F4A7C15
_MASK = 0xFFFFFFFFFFFFFFFF


def order(route: Route, chance: int) -> tuple[int, ...]:
    """List the route's connectors, first choice first.

    `chance` is any non-negative number that differs from message to message: a counter, an id, a random one.
    A connector of weight zero, or beyond the list of weights, is failover only.
    """
    names = route.connectors
    if route.spread is Spread.ORDER or len(names) < 2:
        return names
    # multiples of the golden ratio fall evenly whatever the step between two chances (Knuth 6.4); the plain
    # remainder would not do: ids of messages that come one by one end in the same bits
    even = chance * _GOLDEN & _MASK
    if route.spread is Spread.ROUND_ROBIN:
        first = even * len(names) >> 64
        return names[first:] + names[:first]
    first = _weighed(route.weights[: len(names)] or (1,) * len(names), even)
    return (names[first], *names[:first], *names[first + 1 :])


def _weighed(weights: tuple[int, ...], even: int) -> int:
    """Choose a place in proportion to its weight; `even` is below 2**64."""
    place = even * sum(weights) >> 64
    for first, weight in enumerate(weights):
        if place < weight:
            return first
        place -= weight
    return 0
