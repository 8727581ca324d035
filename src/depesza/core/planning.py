"""From a submission to messages: who gets it, in how many parts, by which route, at what price and when.

One pure decision. What it needs comes in as values; what it decides is written by `services.submit`.
"""

from collections.abc import Callable, Collection, Sequence

import msgspec
from msgspec import Struct

from depesza.core import phone, routing, schedule
from depesza.core.facts import Account, Facts, Sender
from depesza.core.fairness import Lanes
from depesza.core.model import MICRO, Channel, Content, Message, Priority, State, Submission, Way
from depesza.core.optout import with_clause
from depesza.core.speech import seconds
from depesza.core.wording import Patterns
from depesza.wire import Unencodable
from depesza.wire.gsm import Encoding
from depesza.wire.headed import count_parts


class Refused(Exception):
    """A submission that is refused as a whole; `name` is a row of `core.refusals`."""

    def __init__(self, name: str, detail: str = "") -> None:
        super().__init__(f"{name}: {detail}" if detail else name)
        self.name = name
        self.detail = detail


class Policy(Struct, frozen=True):
    """What the operator has set for all accounts."""

    stop_number: str = "36184"
    """Number that takes STOP for named senders; the clause names it."""
    short_numbers: tuple[str, ...] = ("38184",)
    """Numbers that answerable messages leave from."""
    quiet: schedule.Window | None = None
    """When advertising may reach `quiet_country`."""
    quiet_country: str = "FR"
    default_country: str = ""
    """Country of numbers written in national form; empty refuses them."""
    keep_graphemes: bool = True
    lookup_price: int = MICRO // 10
    """Micro-credits for one number that a network is asked about (spec: ovh/4.1)."""
    template_prefixes: tuple[str, ...] = ()
    """Digits of receivers to whom a text goes only when an enabled template fits it (spec: ovh/4.13)."""
    command_numbers: tuple[str, ...] = ()
    """Numbers that take commands of all accounts (spec: smsc/4.5)."""


class Target(Struct, frozen=True, gc=False):
    """One receiver understood."""

    e164: str
    country: str
    """ISO code; empty where the digits do not tell."""
    index: int
    """Its place among the receivers of the submission."""


class Plan(Struct, frozen=True, gc=False):
    """What will be written."""

    content: Content
    messages: tuple[Message, ...]
    price: int
    """Sum over the messages that will be sent, in micro-credits."""
    others: tuple[Content, ...] = ()
    """The same content from other senders, for receivers whose operator takes no names."""

    @property
    def charges(self) -> list[tuple[int, int]]:
        """What each content costs: its id and micro-credits."""
        if not self.others:
            return [(self.content.id, self.price)]
        prices = dict.fromkeys([content.id for content in (self.content, *self.others)], 0)
        for message in self.messages:
            prices[message.content.id] += message.price
        return list(prices.items())


def read_receivers(
    receivers: Sequence[str], policy: Policy, *, verbatim: bool = False, each: bool = False
) -> tuple[list[Target], list[str]]:
    """Understand the receivers; gives those that are numbers, each once, and those that are not, as written.

    With `verbatim` those that are not are taken as they are written; with `each`, as often as they are.
    """
    parse = phone.parse
    country = policy.default_country or None
    targets: list[Target] = []
    refused: list[str] = []
    seen: set[str] = set()
    for index, written in enumerate(receivers):
        number = parse(written, country)
        if number is not None and number.possible:
            e164, known = number.e164, number.country or ""
        elif verbatim:
            e164, known = written, ""
        else:
            refused.append(written)
            continue
        if each or e164 not in seen:
            seen.add(e164)
            targets.append(Target(e164, known, index))
    return targets, refused


def plan(
    submission: Submission,
    targets: Sequence[Target],
    account: Account,
    facts: Facts,
    stopped: Collection[str],
    lanes: Lanes,
    policy: Policy,
    now: int,
    new_id: Callable[[], int],
) -> Plan:
    """Decide everything about a submission; raises `Refused` when it can't be taken as a whole."""
    content = _content(submission, account, policy, now, new_id())
    channel = content.channel
    if channel is Channel.CALL:
        parts_of = _seconds_counter(content)
    elif submission.opaque or channel is not Channel.SMS:
        parts_of = _one_part
    else:
        parts_of = _parts_counter(content, max(account.max_parts, submission.max_parts), policy)
    common = 0 if submission.texts else parts_of(content.text)
    own = facts.sender.get((account.id, content.sender))
    if own is None and account.shares:
        own = facts.sender.get((facts.owner_of(account.id, "senders"), content.sender))
    factor = own.factor if own is not None else 1
    home = _only_country(own) if own is not None and own.virtual else ""
    closed = submission.advertising and policy.quiet is not None
    chosen = facts.routing.choose
    part_price = facts.pricing.part
    payer = account.priced_as or account.id
    currency = account.currency
    judged = submission.judged
    priority = int(content.priority)
    bulk = content.priority is Priority.BULK
    way = content.way
    free = submission.house or way is Way.PHONES
    missing = _template_missing(submission, account, facts, policy)
    virtual = account.virtual and channel is not Channel.MAIL  # mail leaves all the same (spec: smsc/5.10)
    restricted = facts.restricted
    others: dict[str, Content] = {}
    messages: list[Message] = []
    total = 0
    for target in targets:
        e164 = target.e164
        digits = _digits(e164)
        text = _own(submission, target, content) if submission.texts else None
        parts = common if text is None else parts_of(text)
        why, sender = restricted.judge(digits, target.country, content.sender) if restricted else ("", content.sender)
        body = content if sender == content.sender else _from_other(content, sender, others, new_id)
        route = chosen(digits, target.country, body.sender, account.id, priority, channel)
        due = content.due if not submission.dues else submission.dues[target.index]
        if closed and target.country == policy.quiet_country:
            due = _opening(policy, due or now, now)
        id = new_id()
        abroad = home != "" and target.country != home
        if judged and target.index in judged:
            why = judged[target.index]
        elif e164 in stopped:
            why = "opted_out"
        elif abroad:
            why = "abroad"
        elif missing is not None and not why and missing(target):
            why = "template_missing"
        ways = routing.order(route, id) if route is not None else ()
        if way:
            ways = routing.narrow(ways, way, _phones(facts, channel))
        micro = 0 if free else part_price(payer, digits, target.country, channel, currency)
        if not why and not virtual:
            why = "no_route" if not ways else "no_price" if micro is None else ""
        if why:
            messages.append(Message(id, body, e164, parts, 0, State.REJECTED, priority, 0, due, 0, 0, text, 0, why))
            continue
        if virtual:
            done = State.DELIVERED
            messages.append(Message(id, body, e164, parts, 0, done, priority, 0, due, 0, 0, text, 0, "virtual"))
            continue
        price = (micro or 0) * parts * factor
        total += price
        connector = ways[0]
        if due > now:
            state, turn = State.SCHEDULED, 0
        else:
            state = State.SENDING if not bulk and lanes.places(connector).take() else State.QUEUED
            turn = lanes.queue(connector, priority).one(account.id, parts, account.weight)
        by = route.id if route is not None else 0
        messages.append(Message(id, body, e164, parts, price, state, priority, turn, due, by, connector, text))
    return Plan(content, tuple(messages), total, tuple(others.values()))


def _template_missing(
    submission: Submission, account: Account, facts: Facts, policy: Policy
) -> Callable[[Target], bool] | None:
    """Give a function that tells whether a receiver's text needs a template and fits none; None where none does.

    spec: ovh/4.13
    """
    prefixes = policy.template_prefixes
    if not prefixes or submission.house:
        return None
    patterns = facts.approved.get(account.id, Patterns(()))
    common = patterns.fits(submission.text)

    def missing(target: Target) -> bool:
        if not target.e164[1:].startswith(prefixes):
            return False
        return not (patterns.fits(submission.texts[target.index]) if submission.texts else common)

    return missing


def _from_other(content: Content, sender: str, others: dict[str, Content], new_id: Callable[[], int]) -> Content:
    """Give a content from another sender, made once; who answered the first can answer this one."""
    found = others.get(sender)
    if found is None:
        reply_to = content.reply_to or sender
        found = others[sender] = msgspec.structs.replace(content, id=new_id(), sender=sender, reply_to=reply_to)
    return found


def _content(submission: Submission, account: Account, policy: Policy, now: int, id: int) -> Content:
    sender = submission.sender
    reply_to = ""
    text = submission.text
    if submission.answerable:
        sender = reply_to = policy.short_numbers[account.id % len(policy.short_numbers)]
    elif sender.lstrip("+").isdigit():
        reply_to = sender
    elif submission.advertising:
        text = with_clause(text, policy.stop_number)
        reply_to = policy.stop_number
    due = schedule.due(now, submission.deferred, submission.due)
    return Content(
        id, account.id, submission.user, submission.dialect, now, sender, text, submission.tag, submission.alphabet,
        submission.flash, submission.priority, due if due > now else 0, submission.deferred,
        submission.expires or schedule.expires(max(due, now), submission.validity), reply_to,
        len(submission.receivers), submission.batch, submission.way, submission.callback, submission.channel,
        submission.extras,
    )  # fmt: skip


def _only_country(number: Sender) -> str:
    """Name the country that a virtual number may write to; empty for all. spec: ovh/4.12"""
    parsed = phone.parse(number.name)
    return "FR" if parsed is not None and parsed.country == "FR" else ""


def _one_part(text: str) -> int:
    return 1


def _seconds_counter(content: Content) -> Callable[[str], int]:
    """Calls are paid by the second, of what is spoken and what is played."""
    sounds = sum([file.size for file in content.extras.files]) if content.extras is not None else 0
    return lambda text: seconds(text, sounds)


def _parts_counter(content: Content, most: int, policy: Policy) -> Callable[[str], int]:
    encoding = Encoding(content.alphabet) if content.alphabet else None
    elements = content.extras.udh if content.extras is not None else b""
    counted: dict[str, int] = {}

    def parts(text: str) -> int:
        if text in counted:
            return counted[text]
        try:
            number = count_parts(text, encoding, elements, 8, policy.keep_graphemes)
        except Unencodable as error:
            raise Refused("unencodable", str(error)) from error
        if number > most:
            raise Refused("too_long", f"{number} parts, {most} are allowed")
        counted[text] = number
        return number

    return parts


def _own(submission: Submission, target: Target, content: Content) -> str:
    """The text of one receiver, with the clause of the common text."""
    return submission.texts[target.index] + content.text[len(submission.text) :]


def _opening(policy: Policy, at: int, now: int) -> int:
    assert policy.quiet is not None
    opening = schedule.open_at(policy.quiet, at)
    return opening if opening > now else 0


def _digits(receiver: str) -> str:
    """Give what routes and prices go by; nothing of what is no number, which goes by those that take all."""
    return receiver[1:] if receiver[:1] == "+" else ""


def _phones(facts: Facts, channel: Channel) -> tuple[int, ...]:
    """List the connectors to own phones, which carry texts and nothing else."""
    return facts.phones if channel in (Channel.SMS, Channel.PING) else ()


def ways(message: Message, facts: Facts) -> tuple[int, ...]:
    """List the connectors that may carry a message by the route that was chosen for it."""
    content = message.content
    route = facts.routing.by_id.get(message.route)
    named = route.connectors if route is not None and route.carries(content.channel) else ()
    return routing.narrow(named, content.way, _phones(facts, content.channel))


def other_way(message: Message, facts: Facts, usable: Collection[int]) -> int:
    """Choose a connector for a message that its own can't carry: its route's, or today's; 0 when there is none."""
    content = message.content
    number = phone.parse(message.receiver)
    country = (number.country or "") if number else ""
    today = facts.routing.choose(
        _digits(message.receiver), country, content.sender, content.account, message.priority, content.channel
    )
    named = today.connectors if today is not None else ()
    phones = _phones(facts, content.channel)
    for connector in (*ways(message, facts), *routing.narrow(named, content.way, phones)):
        if connector in usable:
            return connector
    return 0
