"""Messages of every channel go the ways of their channel only, at its prices; without either they are refused."""

from collections.abc import Sequence
from itertools import count

import msgspec
import pytest
from tests.store.world import submission

from depesza.core import planning
from depesza.core.facts import Account, ConnectorFact, Facts
from depesza.core.fairness import Lanes
from depesza.core.model import MICRO, Channel, Message, State, Way
from depesza.core.planning import Policy
from depesza.core.pricing import Price
from depesza.core.routing import Route, Routes

CARRIER, PHONES, MAILER, BOT = 1, 2, 3, 4
NUMBER, ADDRESS, NICK, BY_ID = "+79161234567", "alice@example.org", "@alice_bot", "#79161234567"
MORE = [channel for channel in Channel if channel not in (Channel.SMS, Channel.PING)]

SMS_ROUTE = Route(id=10, connectors=(CARRIER, PHONES))
MAIL_ROUTE = Route(id=11, connectors=(MAILER, BOT), channel=Channel.MAIL)


def facts(*routes: Route, prices: Sequence[Price] = ()) -> Facts:
    """A world with a carrier of texts, phones, and carriers of other channels."""
    kinds = {CARRIER: "smpp", PHONES: "phones", MAILER: "virtual", BOT: "virtual"}
    return Facts(
        version=1,
        connectors=tuple(ConnectorFact(id=id, name=str(id), kind=kind, settings="{}") for id, kind in kinds.items()),
        routes=routes,
        prices=tuple(prices),
    )


def plan(known: Facts, channel: Channel, receiver: str, way: Way = Way.ANY) -> Message:
    wish = submission(receiver, channel=channel, way=way, verbatim=channel not in (Channel.SMS, Channel.PING))
    targets, _ = planning.read_receivers(wish.receivers, Policy(), verbatim=wish.verbatim)
    account = Account(id=9, owner=1, name="x")
    made = planning.plan(wish, targets, account, known, (), Lanes(), Policy(), 1, count(1000).__next__)
    return made.messages[0]


def price(channel: Channel, micro: int = 7, **more: str) -> Price:
    return Price(id=20 + list(Channel).index(channel), micro=micro, channel=channel, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("channel", MORE)
def test_a_route_for_texts_carries_nothing_else(channel: Channel) -> None:
    message = plan(facts(SMS_ROUTE, prices=[price(channel)]), channel, NUMBER)
    assert (message.state, message.refusal, message.price, message.connector) == (State.REJECTED, "no_route", 0, 0)


@pytest.mark.parametrize("channel", MORE)
def test_what_is_no_text_is_refused_without_a_price(channel: Channel) -> None:
    route = Route(id=12, connectors=(MAILER,), channel=channel)
    message = plan(facts(route, prices=[price(Channel.SMS)]), channel, NUMBER)
    assert (message.state, message.refusal, message.price) == (State.REJECTED, "no_price", 0)


@pytest.mark.parametrize("receiver", [NUMBER, ADDRESS, NICK, BY_ID])
@pytest.mark.parametrize("channel", MORE)
def test_each_channel_has_its_own_way_and_price(channel: Channel, receiver: str) -> None:
    route = Route(id=12, connectors=(MAILER,), channel=channel)
    message = plan(facts(SMS_ROUTE, route, prices=[price(channel)]), channel, receiver)
    assert (message.receiver, message.connector, message.route) == (receiver, MAILER, 12)
    assert (message.parts, message.price, message.refusal) == (1, 7, "")


def test_a_silent_text_goes_the_way_of_texts_and_may_cost_something_else() -> None:
    known = facts(SMS_ROUTE, MAIL_ROUTE, prices=[price(Channel.PING, 3)])
    assert (plan(known, Channel.PING, NUMBER).connector, plan(known, Channel.PING, NUMBER).price) == (CARRIER, 3)
    assert plan(facts(SMS_ROUTE), Channel.PING, NUMBER).price == MICRO
    assert SMS_ROUTE.carries(Channel.PING) and not MAIL_ROUTE.carries(Channel.PING)


@pytest.mark.parametrize("way", [Way.PHONES, Way.PHONES_FIRST])
def test_own_phones_carry_texts_only(way: Way) -> None:
    known = facts(SMS_ROUTE, MAIL_ROUTE, prices=[price(Channel.MAIL)])
    assert plan(known, Channel.PING, NUMBER, way).connector == PHONES
    mail = plan(known, Channel.MAIL, ADDRESS, way)
    if way is Way.PHONES:
        assert mail.refusal == "no_route"
    else:
        assert planning.ways(mail, known) == (MAILER, BOT)


def test_failover_and_strays_keep_to_the_channel() -> None:
    known = facts(SMS_ROUTE, MAIL_ROUTE, prices=[price(Channel.MAIL)])
    mail = plan(known, Channel.MAIL, ADDRESS)
    assert planning.ways(mail, known) == (MAILER, BOT)
    assert planning.other_way(mail, known, {CARRIER, PHONES, BOT}) == BOT
    assert planning.other_way(mail, known, {CARRIER, PHONES}) == 0
    text = plan(known, Channel.SMS, NUMBER)
    assert planning.other_way(text, known, {MAILER, BOT}) == 0
    # not even when its route is one of texts by now
    moved = msgspec.structs.replace(mail, route=SMS_ROUTE.id)
    assert planning.ways(moved, known) == ()
    assert planning.other_way(moved, known, {CARRIER, PHONES, MAILER}) == MAILER


def test_who_has_no_number_goes_by_the_routes_that_take_all() -> None:
    russia = Route(id=13, connectors=(BOT,), channel=Channel.TELEGRAM, prefix="7")
    everywhere = Route(id=14, connectors=(MAILER,), channel=Channel.TELEGRAM)
    known = facts(russia, everywhere, prices=[price(Channel.TELEGRAM)])
    assert plan(known, Channel.TELEGRAM, NUMBER).connector == BOT
    for receiver in (NICK, BY_ID, "79161234567@example.org"):
        message = plan(known, Channel.TELEGRAM, receiver)
        assert message.connector == MAILER
        assert planning.other_way(message, known, {BOT}) == 0


def test_a_channel_is_no_condition_that_another_route_meets() -> None:
    routes = Routes([SMS_ROUTE, MAIL_ROUTE])
    found = {channel: routes.choose("79161234567", "RU", "", 9, 1, channel) for channel in Channel}
    texts = {Channel.SMS: SMS_ROUTE, Channel.PING: SMS_ROUTE, Channel.MAIL: MAIL_ROUTE}
    assert found == {channel: texts.get(channel) for channel in Channel}
