"""Own phones, carriers, or one after the other: which of a route's connectors a message may go on, and what it pays."""

from collections.abc import Sequence
from itertools import count

import pytest
from tests.store.world import submission

from depesza.core import planning
from depesza.core.facts import Account, ConnectorFact, Facts
from depesza.core.fairness import Lanes
from depesza.core.model import Message, Way
from depesza.core.planning import Policy
from depesza.core.pricing import Price
from depesza.core.routing import Route, narrow

CARRIER, SPARE, PHONES, MODEM = 1, 2, 3, 4


@pytest.mark.parametrize(
    ("named", "way", "chosen"),
    [
        ((CARRIER, PHONES), Way.ANY, (CARRIER, PHONES)),
        ((CARRIER, PHONES, SPARE), Way.NETWORK, (CARRIER, SPARE)),
        ((CARRIER, PHONES), Way.PHONES, (PHONES,)),
        ((CARRIER, PHONES, SPARE), Way.PHONES_FIRST, (PHONES, CARRIER, SPARE)),
        ((CARRIER,), Way.PHONES, (PHONES, MODEM)),
        ((CARRIER,), Way.PHONES_FIRST, (PHONES, MODEM, CARRIER)),
        ((), Way.PHONES, (PHONES, MODEM)),
        ((MODEM,), Way.NETWORK, ()),
        ((), Way.NETWORK, ()),
        ((), Way.ANY, ()),
    ],
)
def test_a_way_narrows_what_a_route_names(named: tuple[int, ...], way: Way, chosen: tuple[int, ...]) -> None:
    assert narrow(named, way, (PHONES, MODEM)) == chosen


@pytest.mark.parametrize("way", [Way.PHONES, Way.PHONES_FIRST])
def test_without_any_phone_only_the_network_is_left(way: Way) -> None:
    assert narrow((CARRIER,), way, ()) == (() if way is Way.PHONES else (CARRIER,))


def plan(way: Way, routes: Sequence[Route]) -> tuple[Message, Facts]:
    """Plan one message in a world with two carriers, phones and a modem that is switched off."""
    facts = Facts(
        version=1,
        connectors=(
            ConnectorFact(id=CARRIER, name="a", kind="smpp", settings="{}"),
            ConnectorFact(id=SPARE, name="b", kind="virtual", settings="{}"),
            ConnectorFact(id=MODEM, name="m", kind="modem", settings="{}", enabled=False),
            ConnectorFact(id=PHONES, name="p", kind="phones", settings="{}"),
        ),
        routes=tuple(routes),
        prices=(Price(id=1, micro=7),),
    )
    targets, _ = planning.read_receivers(["+40740123456"], Policy())
    account = Account(id=9, owner=1, name="x")
    made = planning.plan(submission(way=way), targets, account, facts, (), Lanes(), Policy(), 1, count(1000).__next__)
    return made.messages[0], facts


@pytest.mark.parametrize(
    ("way", "connector", "price"),
    [(Way.ANY, CARRIER, 7), (Way.NETWORK, CARRIER, 7), (Way.PHONES, PHONES, 0), (Way.PHONES_FIRST, PHONES, 7)],
)
def test_a_plan_goes_its_way_and_own_phones_cost_nothing(way: Way, connector: int, price: int) -> None:
    message, facts = plan(way, [Route(id=5, connectors=(CARRIER, SPARE))])
    assert (message.connector, message.price, message.route) == (connector, price, 5)
    ways = planning.ways(message, facts)
    assert ways[0] == connector
    assert (CARRIER in ways) == (way is not Way.PHONES)
    assert (PHONES in ways) == (way in (Way.PHONES, Way.PHONES_FIRST))


def test_phones_need_no_route_and_carriers_do() -> None:
    message, facts = plan(Way.PHONES_FIRST, [])
    assert (message.connector, message.route, planning.ways(message, facts)) == (PHONES, 0, (PHONES, MODEM))
    refused, _ = plan(Way.NETWORK, [])
    assert refused.refusal == "no_route"


def test_a_stray_keeps_to_its_way() -> None:
    message, facts = plan(Way.PHONES, [Route(id=5, connectors=(CARRIER,))])
    assert planning.other_way(message, facts, {CARRIER, SPARE}) == 0
    assert planning.other_way(message, facts, {CARRIER, MODEM}) == MODEM
