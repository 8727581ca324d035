"""Which SIM gets a message, and when one may: rules of the account, limits, health, and the strategy. spec: devices/5

A `Card` is a SIM as it stands during one turn of handing out: what is given to it counts at once for the next choice.
"""

from collections.abc import Collection, Iterable, Sequence

from msgspec import Struct

from depesza.core.devices import (
    HOUR,
    MINUTE,
    SECOND,
    AttemptState,
    Limits,
    Presence,
    Reason,
    Rule,
    RuleMode,
    Strategy,
)
from depesza.core.reclaim import Past

NEVER = 1 << 62
"""A time that does not come."""


class Card(Struct, kw_only=True):
    """One SIM, with what it has used."""

    id: int
    device: int
    slot: int
    account: int
    """Whose messages its device sends; 0: everybody's."""
    presence: Presence
    usable: bool = True
    """The card and its device are switched on, neither paused, banned nor set up wrongly."""
    number: str = ""
    operator: str = ""
    weight: int = 100
    limits: Limits = Limits()
    last: int = 0
    """When it was given something last."""
    held: int = 0
    """Unfinished attempts on it."""
    window: int = 3
    used: list[tuple[int, int]] = []
    """Times and parts of the last hour, the oldest first."""
    day_used: int = 0
    month_used: int = 0
    day_ends: int = NEVER
    month_ends: int = NEVER
    receivers: frozenset[str] | None = None
    """Whom it wrote to this month, where that is limited."""
    opens: int = 0
    """When its quiet hours end; 0 outside of them."""
    cooldown: int = 0
    probing: bool = False
    recent: str = ""
    suspect: bool = False
    seen: int = 0
    """When its device called last."""
    planned: int = 0
    """Messages of this turn that wait for it."""

    @property
    def misses(self) -> float:
        """Share of its last attempts that failed."""
        return self.recent.count("0") / len(self.recent) if self.recent else 0.0

    def take(self, at: int, parts: int, receiver: str) -> None:
        """Count a message that it gets (or is to get) at a time."""
        self.used.append((at, parts))
        self.last = max(self.last, at)
        self.day_used += parts
        self.month_used += parts
        if self.receivers is not None:
            self.receivers |= {receiver}


class Demand(Struct, frozen=True, kw_only=True):
    """A message that asks for a SIM."""

    account: int
    receiver: str
    """E.164 with plus."""
    parts: int
    device: int = 0
    slot: int = 0
    past: Sequence[Past] = ()
    sticky: int = 0
    """The SIM that the receiver wrote to lately."""
    operator: str = ""
    """The receiver's own, where it is known."""


class Verdict(Struct, frozen=True):
    """What is to happen with a message now."""

    card: Card | None = None
    when: int = 0
    """Where there is no card: when one is free at the soonest; 0 when that depends on a phone."""
    absent: bool = False
    """No phone that could carry it is there."""
    never: bool = False
    """It has had its chances on all of them, or a rule forbids phones."""


def choose(cards: Sequence[Card], demand: Demand, rules: Sequence[Rule], strategy: Strategy, now: int) -> Verdict:
    """Find the SIM for a message, or tell why there is none."""
    mine = [card for card in cards if card.account in (0, demand.account) and _wished(card, demand)]
    allowed, preferred = ruled(mine, rules, demand.receiver)
    if mine and not allowed:
        return Verdict(never=True)
    fresh = [card for card in allowed if not tried(card, demand.past)]
    if allowed and not fresh and not any(_comes_back(card, demand.past) for card in allowed):
        return Verdict(never=True)
    fit = [card for card in fresh if card.usable]
    for among in ([card for card in fit if card.id in preferred], fit):
        there = _there(among, now)
        if there:
            return _among(there, demand, strategy, now)
    when = min((card.cooldown for card in fit if card.cooldown > now), default=0)
    return Verdict(when=when, absent=True)


def _wished(card: Card, demand: Demand) -> bool:
    return demand.device in (0, card.device) and demand.slot in (0, card.slot)


def _there(cards: Sequence[Card], now: int) -> list[Card]:
    """Keep those that would take work: online ones, or stale ones where there are no others."""
    well = [card for card in cards if card.cooldown <= now and not (card.probing and card.held)]
    for presence in (Presence.ONLINE, Presence.STALE):
        found = [card for card in well if card.presence is presence]
        if found:
            return found
    return []


def _among(cards: Sequence[Card], demand: Demand, strategy: Strategy, now: int) -> Verdict:
    times = {card.id: free_at(card, demand, now) for card in cards}
    free = [card for card in cards if times[card.id] <= now and card.held < card.window]
    if free:
        return Verdict(card=best(free, demand, strategy, now))
    soonest = min(cards, key=lambda card: (times[card.id], card.id))
    when = max(times[soonest.id], now)
    if when < NEVER:
        soonest.take(when, demand.parts, demand.receiver)  # those behind it come later
    return Verdict(when=when)


def best(cards: Sequence[Card], demand: Demand, strategy: Strategy, now: int) -> Card:
    """Choose among SIMs that are all free: who was answered there stays, then the strategy, then health."""
    for card in cards:
        if card.id == demand.sticky:
            return card
    return min(cards, key=lambda card: (*_rank(card, demand, strategy, now), card.misses, card.id))


def _rank(card: Card, demand: Demand, strategy: Strategy, now: int) -> tuple[float, ...]:
    hour = sum(parts for at, parts in card.used if at > now - HOUR)
    match strategy:
        case Strategy.LEAST_LOADED:
            return card.held, hour
        case Strategy.WEIGHTED:
            return (hour + demand.parts) / max(1, card.weight), card.last
        case Strategy.OPERATOR:
            return same_operator(card.operator, demand.operator) is False, card.last
        case Strategy.ROUND_ROBIN:
            return (card.last,)


def same_operator(one: str, other: str) -> bool:
    """Compare names of operators as people and phones write them: "Orange RO" is Orange."""
    first, second = one.casefold().split(), other.casefold().split()
    return bool(first and second) and first[0] == second[0]


# rules


def ruled(cards: Sequence[Card], rules: Sequence[Rule], receiver: str) -> tuple[list[Card], frozenset[int]]:
    """Tell which SIMs an account's rules allow for a receiver, and which of them are preferred."""
    fitting = [rule for rule in rules if receiver.lstrip("+").startswith(rule.prefix)]
    longest = max((len(rule.prefix) for rule in fitting), default=0)
    named = [rule for rule in fitting if len(rule.prefix) == longest]
    only = _named(cards, named, RuleMode.ONLY)
    denied = _named(cards, named, RuleMode.DENY)
    restricts = any(rule.mode is RuleMode.ONLY for rule in named)
    allowed = [card for card in cards if card.id not in denied and (not restricts or card.id in only)]
    return allowed, _named(cards, named, RuleMode.PREFER)


def _named(cards: Iterable[Card], rules: Iterable[Rule], mode: RuleMode) -> frozenset[int]:
    return frozenset(card.id for card in cards for rule in rules if rule.mode is mode and _names(rule, card))


def _names(rule: Rule, card: Card) -> bool:
    if rule.sim or rule.operator:
        return rule.sim == card.id or (bool(rule.operator) and same_operator(rule.operator, card.operator))
    return True


# attempts that are over


def tried(card: Card, past: Sequence[Past]) -> bool:
    """Tell whether a SIM has had its chance with a message, for now."""
    return any(_rules_out(each, card) for each in past)


def _rules_out(past: Past, card: Card) -> bool:
    """One attempt a SIM, whatever the reason was: a second one could only fail for the same.

    What the phone never saw, or gave back, it may get again once it has called; a quota passes with its pause.
    """
    if past.reason is Reason.CONFIG:
        return past.device == card.device
    if past.sim != card.id:
        return False
    return past.reason is not Reason.FENCE or past.state is AttemptState.UNKNOWN or card.seen <= past.done


def _comes_back(card: Card, past: Sequence[Past]) -> bool:
    """Tell whether a SIM that is ruled out now may serve the same message later."""
    mine = [
        each for each in past if each.sim == card.id or (each.reason is Reason.CONFIG and each.device == card.device)
    ]
    return all(each.reason is Reason.FENCE and each.state is not AttemptState.UNKNOWN for each in mine)


# limits


def free_at(card: Card, demand: Demand, now: int) -> int:
    """Tell when a SIM may send so many parts at the soonest: now, or later; `NEVER` as far as is known."""
    limits, parts = card.limits, demand.parts
    at = max(now, card.opens, card.last + limits.gap * SECOND if card.last else 0)
    if limits.day and card.day_used and card.day_used + parts > limits.day:
        at = max(at, card.day_ends)
    if limits.month and card.month_used and card.month_used + parts > limits.month:
        at = max(at, card.month_ends)
    known = card.receivers
    if known is not None and demand.receiver not in known and len(known) >= limits.receivers:
        at = max(at, card.month_ends)
    for limit, span in ((limits.minute, MINUTE), (limits.hour, HOUR)):
        if limit:
            at = max(at, _room_at(card.used, parts, limit, span, at))
    return at


def _room_at(used: Sequence[tuple[int, int]], parts: int, limit: int, span: int, now: int) -> int:
    """Tell when a sliding window has room; a message larger than the limit goes when the window is empty."""
    inside = [(at, count) for at, count in used if at > now - span]
    total = sum(count for _, count in inside)
    for at, count in inside:
        if not total or total + parts <= limit:
            break
        total -= count
        now = max(now, at + span)
    return now


# health of a SIM


class Fitness(Struct, frozen=True):
    """How a SIM's attempts have ended."""

    failures: int = 0
    """In a row."""
    recent: str = ""
    cooldown: int = 0
    cooldowns: int = 0
    """In a row."""
    probing: bool = False
    suspect: bool = False
    generic: int = 0
    """Generic failures in a row."""


RECENT = 20
FAILURES = 5
COOLDOWNS = (5, 10, 20, 40, 60)
"""Minutes; the last one holds on."""
QUOTA_PAUSE = 10 * MINUTE
RADIO_PAUSE = MINUTE
"""A SIM without network is let alone for this long at least."""
GENERIC = 3


def succeeded(fitness: Fitness) -> Fitness:
    """Note an attempt that the network took."""
    return Fitness(recent=(fitness.recent + "1")[-RECENT:])


def failed(fitness: Fitness, reason: Reason, now: int) -> Fitness:
    """Note a failure; those that are not the SIM's fault change nothing."""
    if reason in (Reason.FENCE, Reason.FINAL, Reason.CONFIG, Reason.CANCELLED, Reason.NONE):
        return fitness
    recent = (fitness.recent + "0")[-RECENT:]
    generic = fitness.generic + 1 if reason is Reason.GENERIC else 0
    failures = fitness.failures + 1
    pause = {Reason.QUOTA: now + QUOTA_PAUSE, Reason.RADIO: now + RADIO_PAUSE}.get(reason, 0)
    cooldown, cooldowns, probing = max(fitness.cooldown, pause), fitness.cooldowns, fitness.probing
    # while it cools down, what was still under way may fail without making it worse
    cooling = probing and fitness.cooldown > now
    if not cooling and (probing or _broken(failures, recent)):
        minutes = COOLDOWNS[min(cooldowns, len(COOLDOWNS) - 1)]
        cooldown, cooldowns, probing = max(cooldown, now + minutes * MINUTE), cooldowns + 1, True
    return Fitness(failures, recent, cooldown, cooldowns, probing, fitness.suspect or generic >= GENERIC, generic)


def _broken(failures: int, recent: str) -> bool:
    return failures >= FAILURES or (len(recent) == RECENT and recent.count("0") * 2 > RECENT)


def near_limit(card: Card, now: int, share: float = 0.9) -> Collection[str]:
    """Name the limits of which a SIM has used more than this share."""
    limits = card.limits
    spans = (("minute", limits.minute, MINUTE), ("hour", limits.hour, HOUR))
    used = {name: (limit, sum(parts for at, parts in card.used if at > now - span)) for name, limit, span in spans}
    used |= {"day": (limits.day, card.day_used), "month": (limits.month, card.month_used)}
    if card.receivers is not None:
        used["receivers"] = (limits.receivers, len(card.receivers))
    return [name for name, (limit, count) in used.items() if limit and count > share * limit]
