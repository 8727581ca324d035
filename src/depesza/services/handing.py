"""Handing out: queued messages to SIM cards that are free, in the queue's order, each in one fact. spec: devices/6

One turn reads a part of the queue and everything that the choice depends on, under the lock of the SIM cards, and
writes what it decided: attempts, counted allowances, messages that go by the network instead, and those that end.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from depesza.core import handout
from depesza.core.devices import (
    HOUR,
    NO_WISH,
    REFUSALS,
    SECOND,
    AttemptState,
    Event,
    Kind,
    Rule,
    RuleMode,
    Strategy,
    Terms,
    Wish,
    read_terms,
)
from depesza.core.fairness import Lanes
from depesza.core.handout import NEVER, Card, Demand, Verdict
from depesza.core.lifecycle import News
from depesza.core.lookup import by_plan
from depesza.core.model import Message
from depesza.core.phone_data import fits_phones
from depesza.core.schedule import at_wall
from depesza.services import attempt_ends, attempt_rows, bells, devices, progress
from depesza.services.attempt_rows import Attempt
from depesza.services.devices import Device, Sim
from depesza.services.phone_texts import STICKY, line_name
from depesza.services.submit import LONG_CONVERSATION
from depesza.store.tx import Tx
from depesza.wire.gsm import Encoding

PAGE = 200
"""Messages that are read at once."""

Place = tuple[int, int, int]
START: Place = (-1, 0, 0)
"""Before the first message of a queue: priority, turn and id of the last one read."""


class Turn(Struct, frozen=True):
    """What one turn came to."""

    given: int = 0
    moved: int = 0
    """Messages that went by the network instead, or ended."""
    when: int = 0
    """When another look is of use; 0: when a phone calls."""
    place: Place | None = None
    """How far the queue was read; None when that was all."""
    waiting: int = 0


async def hand_out(tx: Tx, connector: int, lanes: Lanes, now: int, after: Place = START) -> Turn:
    """Give a page of a connector's queue to SIM cards, as far as any is free."""
    rows = await tx.rows("phones_page", tx.node, connector, *after, PAGE)
    messages = await progress.with_contents(tx, rows)
    if not messages:
        return Turn()
    last = messages[-1]
    place = (last.priority, last.turn, last.id) if len(rows) == PAGE else None
    table = await _lay(tx, messages, read_terms(tx.facts.connector[connector].settings), now)
    for message in messages:
        table.judge(tx, message, now)
    await _carry_out(tx, table, connector, lanes, now)
    moved = len(table.expired) + len(table.failed) + sum(map(len, table.by_network.values()))
    return Turn(len(table.given), moved, table.when, place, table.waiting)


class _Table:
    """Everything that one turn needs to know, and what it decided."""

    def __init__(
        self,
        terms: Terms,
        cards: Sequence[Card],
        devices: Mapping[int, Device],
        past: Mapping[int, list[Attempt]],
        wished: Mapping[int, Wish],
        sticky: Mapping[str, int],
        rules: Mapping[int, list[Rule]],
    ) -> None:
        self.terms = terms
        self.cards = cards
        self.devices = devices
        self.past = past
        self._wished = wished
        self._sticky = sticky
        self._rules = rules
        self.given: list[tuple[Message, Card]] = []
        self.expired: list[int] = []
        self.failed: list[tuple[int, str]] = []
        self.by_network: dict[int, list[Message]] = {}
        self.when = 0
        self.waiting = 0

    def wish(self, message: Message) -> Wish:
        """Tell what a message asks of phones."""
        return self._wished.get(message.content.id, NO_WISH)

    def judge(self, tx: Tx, message: Message, now: int) -> None:
        """Decide about one message; a SIM that gets it is less free for the next one."""
        if 0 < message.content.expires <= now:
            self.expired.append(message.id)
            return
        wish = self.wish(message)
        if not fits_phones(message):
            self._not_by_phones(tx, message)
            return
        demand = Demand(
            account=message.content.account,
            receiver=message.receiver,
            parts=message.parts,
            device=wish.device,
            slot=wish.slot,
            past=[attempt.past for attempt in self.past.get(message.id, ())],
            sticky=self._sticky.get(message.receiver, 0),
            operator=by_plan(message.receiver).operator if self.terms.strategy is Strategy.OPERATOR else "",
        )
        rules = [] if wish.encrypted else self._rules.get(message.content.account, [])
        verdict = handout.choose(self._able(message, wish), demand, rules, self.terms.strategy, now)
        if verdict.card is not None:
            verdict.card.take(now, message.parts, message.receiver)
            verdict.card.held += 1
            self.given.append((message, verdict.card))
        else:
            self._otherwise(tx, message, verdict, wish, now)

    def _not_by_phones(self, tx: Tx, message: Message) -> None:
        """No phone can send what it asks for: by the network, or never."""
        carrier = attempt_ends.network(tx, message)
        if carrier:
            self.by_network.setdefault(carrier, []).append(message)
        else:
            self.failed.append((message.id, "bad_content"))

    def _able(self, message: Message, wish: Wish) -> Sequence[Card]:
        """List the SIMs of the phones that can send a message: one app knows no data."""
        if not wish.data and message.content.alphabet != Encoding.BINARY:
            return self.cards
        return [card for card in self.cards if self.devices[card.device].kind is not Kind.CHT]

    def _otherwise(self, tx: Tx, message: Message, verdict: Verdict, wish: Wish, now: int) -> None:
        """No SIM is free for it: by the network, later, or never."""
        carrier = 0 if wish.encrypted else attempt_ends.network(tx, message)
        content, past = message.content, self.past.get(message.id, [])
        patience = max(content.created, content.due) + (wish.grace or self.terms.grace) * SECOND
        if carrier and verdict.absent and now < patience:
            self._wait(patience)
        elif carrier and (verdict.never or verdict.absent or 0 < content.expires <= verdict.when):
            self.by_network.setdefault(carrier, []).append(message)
        elif verdict.never:
            self.failed.append((message.id, REFUSALS[past[-1].past.reason] if past else "no_route"))
        else:
            self._wait(verdict.when)
            self._wait(content.expires)

    def _wait(self, when: int) -> None:
        self.waiting += 1 if when == 0 else 0
        if when and when < NEVER and (not self.when or when < self.when):
            self.when = when


# gathered


async def _lay(tx: Tx, messages: Sequence[Message], terms: Terms, now: int) -> _Table:
    found = {device.id: device for device in await devices.listing(tx)}
    known = await devices.sims(tx, list(found))
    cards = await cards_of(tx, found, known, terms, now)
    past: dict[int, list[Attempt]] = {}
    among = ", ".join(str(message.id) for message in messages)
    sql = f"SELECT {attempt_rows.COLUMNS} FROM device_attempts WHERE message IN ({among}) ORDER BY id"
    for row in await tx.query(sql):
        past.setdefault(row[1], []).append(attempt_rows.attempt_of(row))
    wished = await attempt_rows.wishes(tx, [message.content.id for message in messages])
    return _Table(terms, cards, found, past, wished, await _sticky(tx, messages, now), await rules(tx))


async def cards_of(tx: Tx, found: Mapping[int, Device], known: Sequence[Sim], terms: Terms, now: int) -> list[Card]:
    """Lock the SIM cards and tell how they stand."""
    rows = {row[0]: row for row in await tx.rows_for("sims_locked", [(sim.id,) for sim in known])}
    if not rows:
        return []
    used: dict[int, list[tuple[int, int]]] = {}
    for sim, at, parts in await tx.query(
        "SELECT sim, at, parts FROM device_attempts WHERE at > ?1 AND counted = 1 ORDER BY at", now - HOUR
    ):
        used.setdefault(sim, []).append((at, parts))
    sql = "SELECT sim, COUNT(*) FROM device_attempts WHERE state IN (0, 1, 2, 5) AND open = 1 GROUP BY sim"
    held: dict[int, int] = {row[0]: row[1] for row in await tx.query(sql)}
    cards = []
    for sim in known:
        device, row = found[sim.device], rows.get(sim.id)
        if row is None:
            continue
        account = tx.facts.account.get(device.account)
        month = calendar(now, account.timezone if account is not None else "UTC")
        card = Card(
            id=sim.id,
            device=device.id,
            slot=sim.slot,
            account=device.account,
            presence=device.presence(now),
            usable=device.usable and sim.enabled,
            number=sim.number,
            operator=sim.operator,
            weight=sim.weight * device.weight // 100,
            limits=sim.limits,
            last=row[1],
            held=held.get(sim.id, 0),
            window=terms.window,
            used=used.get(sim.id, []),
            day_used=row[7] if row[6] == month.day else 0,
            month_used=row[9] if row[8] == month.month else 0,
            day_ends=month.day_ends,
            month_ends=month.month_ends,
            opens=month.opens(sim.limits.quiet_from, sim.limits.quiet_to),
            cooldown=row[2],
            probing=bool(row[4]),
            recent=row[5],
            suspect=sim.suspect,
            seen=max(device.seen, device.pulled),
        )
        if sim.limits.receivers:
            card.receivers = await _receivers(tx, sim.id, month.month)
        cards.append(card)
    return cards


async def _receivers(tx: Tx, sim: int, since: int) -> frozenset[str]:
    rows = await tx.query(
        "SELECT DISTINCT receiver FROM device_attempts WHERE sim = ?1 AND at >= ?2 AND counted = 1", sim, since
    )
    return frozenset(row[0] for row in rows)


async def _sticky(tx: Tx, messages: Sequence[Message], now: int) -> dict[str, int]:
    """Tell which SIM cards receivers have written to lately."""
    rows = await tx.rows_for("sticky_sims", [(receiver, now - STICKY) for receiver in {m.receiver for m in messages}])
    return {row[0]: row[1] for row in rows}  # the newest comes last


class Calendar(Struct, frozen=True):
    """Where a time stands in a zone."""

    now: int
    zone: str
    day: int
    """When the day began, in microseconds."""
    day_ends: int
    month: int
    month_ends: int

    def opens(self, quiet_from: int, quiet_to: int) -> int:
        """Tell when quiet hours (minutes of the day) end; 0 outside of them."""
        if quiet_from == quiet_to:
            return 0
        wall = datetime.fromtimestamp(self.now / 1_000_000, ZoneInfo(self.zone))
        minute = wall.hour * 60 + wall.minute
        over_night = quiet_from > quiet_to
        quiet = (minute >= quiet_from or minute < quiet_to) if over_night else quiet_from <= minute < quiet_to
        if not quiet:
            return 0
        day = wall.date() + timedelta(days=int(over_night and minute >= quiet_from))
        return at_wall(day, quiet_to // 60, quiet_to % 60, self.zone)


def calendar(now: int, zone: str) -> Calendar:
    """Tell where a time stands in a zone."""
    today = datetime.fromtimestamp(now / 1_000_000, ZoneInfo(zone)).date()
    first = today.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    bounds = (today, today + timedelta(days=1), first, following)
    return Calendar(now, zone, *(at_wall(day, 0, 0, zone) for day in bounds))


# rules of accounts


async def rules(tx: Tx, account: int = 0) -> dict[int, list[Rule]]:
    """Read the rules of accounts, or of one."""
    columns = "id, account, prefix, mode, sim, operator"
    where = f" WHERE account = {int(account)}" if account else ""
    found: dict[int, list[Rule]] = {}
    for row in await tx.query(f"SELECT {columns} FROM device_rules{where} ORDER BY id"):
        rule = Rule(id=row[0], account=row[1], prefix=row[2], mode=RuleMode(row[3]), sim=row[4], operator=row[5])
        found.setdefault(rule.account, []).append(rule)
    return found


async def add_rule(tx: Tx, account: int, prefix: str, mode: RuleMode, sim: int = 0, operator: str = "") -> int:
    """Add a rule; gives its id."""
    id = tx.new_id()
    tx.write(
        "INSERT INTO device_rules (id, account, prefix, mode, sim, operator) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        id, account, prefix.lstrip("+"), mode.value, sim, operator,
    )  # fmt: skip
    tx.work.phones = True
    return id


async def drop_rule(tx: Tx, id: int) -> bool:
    """Delete a rule; False when there is none."""
    there = await tx.query("SELECT 1 FROM device_rules WHERE id = ?1", id)
    tx.write("DELETE FROM device_rules WHERE id = ?1", id)
    tx.work.phones = True
    return bool(there)


# written


async def _carry_out(tx: Tx, table: _Table, connector: int, lanes: Lanes, now: int) -> None:
    if table.expired:
        await progress.end(tx, table.expired, News.EXPIRED, "expired", now)
    for id, refusal in table.failed:
        await progress.end(tx, [id], News.REFUSED, refusal, now)
    for carrier, messages in table.by_network.items():
        for message in messages:
            tx.event(message.id, now, "phones_left", f"{carrier} takes over")
        await progress.reroute(tx, messages, carrier, lanes)
    # one that was cancelled or taken over meanwhile is not marked, and then it is not ours to give
    marked = set(await tx.claim([message.id for message, _ in table.given], connector))
    for message, card in table.given:
        if message.id in marked:
            _give(tx, table, message, card, connector, now)
            lanes.queue(connector, message.priority).served(message.turn)
    for device in {card.device for message, card in table.given if message.id in marked}:
        bells.ring(tx, device, Event.ENQUEUED, now)


def _give(tx: Tx, table: _Table, message: Message, card: Card, connector: int, now: int) -> None:
    content, device = message.content, table.devices[card.device]
    wish = table.wish(message)
    hold = (wish.ttl or device.ttl or table.terms.validity) * SECOND
    valid = min(now + hold, content.expires) if content.expires else now + hold
    id, n = tx.new_id(), len(table.past.get(message.id, ())) + 1
    tx.insert(
        "device_attempts",
        (
            id, message.id, content.account, message.receiver, connector, device.id, card.id, card.slot, message.parts,
            int(AttemptState.OFFERED), 1, n, now, 0, 0, 0, 0, 0, valid, valid, "", "", "", 1, 0,
        ),
    )  # fmt: skip
    month = calendar(now, _zone(tx, device))
    tx.write(
        "UPDATE sims SET last = ?2, day_used = CASE WHEN day = ?3 THEN day_used + ?5 ELSE ?5 END,"
        " month_used = CASE WHEN month = ?4 THEN month_used + ?5 ELSE ?5 END, day = ?3, month = ?4 WHERE id = ?1",
        card.id, now, month.day, month.month, message.parts,
    )  # fmt: skip
    line = card.number or line_name(card.id)
    tx.insert(
        "conversations",
        (
            line, message.receiver, content.account, content.user, message.id, content.tag, content.batch,
            now + LONG_CONVERSATION,
        ),
    )  # fmt: skip
    tx.event(message.id, now, "phone_offered", f"{id} device {device.id} SIM {card.slot}")


def _zone(tx: Tx, device: Device) -> str:
    account = tx.facts.account.get(device.account)
    return account.timezone if account is not None else "UTC"
