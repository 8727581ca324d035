"""Which route, and in what order its connectors are tried."""

from collections import Counter
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depesza.core.ids import Ids
from depesza.core.routing import Route, Routes, Spread, order

NUMBER = "33601020304"


def choose(*rows: Route, receiver: str = NUMBER, country: str = "FR", sender: str = "App", account: int = 5) -> int:
    """Give the id of the route found for a plain question, 0 for none."""
    found = Routes(rows).choose(receiver, country, sender, account, 1)
    return found.id if found else 0


def row(id: int, **conditions: object) -> Route:
    return Route(id=id, connectors=(1,), **conditions)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("conditions", "fits"),
    [
        ({}, True),
        ({"prefix": "336"}, True),
        ({"prefix": NUMBER}, True),
        ({"prefix": NUMBER + "5"}, False),
        ({"prefix": "44"}, False),
        ({"country": "FR"}, True),
        ({"country": "PL"}, False),
        ({"sender": "App"}, True),
        ({"sender": "app"}, False),
        ({"account": 5}, True),
        ({"account": 6}, False),
        ({"priority": 1}, True),
        ({"priority": 0}, False),
        ({"prefix": "33", "country": "FR", "sender": "App", "account": 5, "priority": 1}, True),
        ({"prefix": "33", "country": "FR", "sender": "App", "account": 5, "priority": 2}, False),
    ],
)
def test_a_row_fits_when_all_its_conditions_do(conditions: dict[str, object], fits: bool) -> None:
    assert choose(row(1, **conditions)) == (1 if fits else 0)


def test_the_first_position_wins_then_the_longer_prefix_then_the_older() -> None:
    rows = [row(4, prefix="336"), row(3, prefix="33"), row(2, prefix="336"), row(1)]
    for shuffled in permutations(rows):
        assert choose(*shuffled) == 2
    assert choose(*rows, row(9, position=50)) == 9


def test_nothing_leads_nowhere() -> None:
    assert choose() == 0
    assert choose(row(1, prefix="44")) == 0


def test_a_row_without_connectors_refuses_what_fits_it() -> None:
    wall = Route(id=1, prefix="3360")
    assert choose(wall, row(2)) == 0
    assert choose(wall, row(2), receiver="33700000000") == 2


def test_rows_are_found_by_id() -> None:
    assert Routes([row(1), row(2)]).by_id[2].id == 2


DIGITS = st.text("12", max_size=4)
ROUTE = st.builds(
    Route,
    id=st.integers(1, 500),
    position=st.sampled_from([50, 100]),
    prefix=DIGITS,
    country=st.sampled_from(["", "", "FR", "PL"]),
    sender=st.sampled_from(["", "", "App", "Shop"]),
    account=st.sampled_from([0, 0, 5, 6]),
    priority=st.sampled_from([-1, -1, 0, 1]),
    connectors=st.sampled_from([(), (1,), (1, 2)]),
)
QUESTION = st.tuples(
    st.text("12", max_size=6),
    st.sampled_from(["FR", "PL", "GB", ""]),
    st.sampled_from(["App", "Shop", "Else", ""]),
    st.sampled_from([5, 6, 7]),
    st.sampled_from([0, 1, 2]),
)


def plain_choice(rows: list[Route], receiver: str, country: str, sender: str, account: int, priority: int) -> int:
    """Walk through all rows, as the rule says it."""
    for found in sorted(rows, key=lambda row: (row.position, -len(row.prefix), row.id)):
        if (
            receiver.startswith(found.prefix)
            and found.country in ("", country)
            and found.sender in ("", sender)
            and found.account in (0, account)
            and found.priority in (-1, priority)
        ):
            return found.id if found.connectors else 0
    return 0


@settings(max_examples=200)
@given(st.lists(ROUTE, max_size=25, unique_by=lambda row: row.id), st.lists(QUESTION, max_size=25))
def test_compiled_routes_choose_as_a_walk_through_all_rows(
    rows: list[Route], questions: list[tuple[str, str, str, int, int]]
) -> None:
    routes = Routes(rows)
    for question in questions * 2:
        found = routes.choose(*question)
        assert (found.id if found else 0) == plain_choice(rows, *question)


def test_what_is_remembered_has_a_bound() -> None:
    class Forgetful(Routes):
        _REMEMBERED = 10

    routes = Forgetful([row(id, prefix=str(id)) for id in range(100, 200)])
    for id in [*range(100, 200), *range(100, 200)]:
        found = routes.choose(f"{id}0000", "FR", "App", 5, 1)
        assert found is not None and found.id == id
        assert len(routes._found) <= 10


SPREADS = st.builds(
    Route,
    id=st.just(1),
    connectors=st.lists(st.integers(1, 9), min_size=1, max_size=5, unique=True).map(tuple),
    weights=st.lists(st.integers(0, 100), max_size=7).map(tuple),
    spread=st.sampled_from(Spread),
)


@given(SPREADS, st.integers(0, 2**63))
def test_every_connector_is_tried_once(route: Route, chance: int) -> None:
    assert sorted(order(route, chance)) == sorted(route.connectors)


@given(st.integers(0, 2**63))
def test_a_plain_route_keeps_its_order(chance: int) -> None:
    assert order(Route(id=1, connectors=(3, 1, 2)), chance) == (3, 1, 2)
    assert order(Route(id=1), chance) == ()


def ids_one_by_one() -> list[int]:
    """Ids of single messages that come every 40 ms, each after the id of its submission."""
    clock = iter(range(1_790_000_000_000_000, 1_790_000_000_000_000 + 20_001 * 40_000, 40_000))
    now = [next(clock)]
    maker = Ids(1, lambda: now[0])
    made = []
    for now[0] in clock:
        maker.next()
        made.append(maker.next())
    return made


CHANCES = {
    "counted": list(range(20_000)),
    "ids of one job": Ids(1, lambda: 1_790_000_000_000_000).several(20_000),
    "ids one by one": ids_one_by_one(),
}


@pytest.mark.parametrize("chances", CHANCES.values(), ids=list(CHANCES))
@pytest.mark.parametrize(
    ("spread", "weights", "shares"),
    [
        (Spread.WEIGHTED, (70, 20, 10), (0.7, 0.2, 0.1)),
        (Spread.WEIGHTED, (0, 1, 3), (0, 0.25, 0.75)),
        (Spread.WEIGHTED, (), (1 / 3, 1 / 3, 1 / 3)),
        (Spread.WEIGHTED, (1, 1), (0.5, 0.5, 0)),  # the third is failover only
        (Spread.WEIGHTED, (0, 0, 0), (1, 0, 0)),
        (Spread.WEIGHTED, (1, 0, 0, 99), (1, 0, 0)),  # a weight without a connector
        (Spread.ROUND_ROBIN, (), (1 / 3, 1 / 3, 1 / 3)),
    ],
)
def test_first_choices_are_shared_as_asked(
    chances: list[int], spread: Spread, weights: tuple[int, ...], shares: tuple[float, ...]
) -> None:
    route = Route(id=1, connectors=(7, 8, 9), weights=weights, spread=spread)
    firsts = Counter(order(route, chance)[0] for chance in chances)
    for connector, share in zip((7, 8, 9), shares, strict=True):
        assert abs(firsts[connector] / len(chances) - share) < 0.01


def test_shares_hold_in_short_runs_too() -> None:
    """A carrier with a tenth of the weight is not given its hundred messages in a row."""
    route = Route(id=1, connectors=(7, 8), weights=(90, 10), spread=Spread.WEIGHTED)
    firsts = [order(route, chance)[0] for chance in range(2_000)]
    for start in range(0, 2_000, 50):
        assert 3 <= firsts[start : start + 50].count(8) <= 7


def test_round_robin_fails_over_to_the_next_in_the_ring() -> None:
    route = Route(id=1, connectors=(7, 8, 9), spread=Spread.ROUND_ROBIN)
    assert {order(route, chance) for chance in range(50)} == {(7, 8, 9), (8, 9, 7), (9, 7, 8)}


@pytest.mark.parametrize("chances", CHANCES.values(), ids=list(CHANCES))
def test_two_in_a_ring_share_evenly_whatever_ids_end_in(chances: list[int]) -> None:
    route = Route(id=1, connectors=(7, 8), spread=Spread.ROUND_ROBIN)
    firsts = Counter(order(route, chance)[0] for chance in chances)
    assert abs(firsts[7] / len(chances) - 0.5) < 0.01


def test_weights_fail_over_in_the_order_of_the_row() -> None:
    route = Route(id=1, connectors=(7, 8, 9), weights=(1, 1, 1), spread=Spread.WEIGHTED)
    assert {order(route, chance) for chance in range(50)} == {(7, 8, 9), (8, 7, 9), (9, 7, 8)}


def test_a_row_that_cannot_be_carried_out_is_refused() -> None:
    with pytest.raises(ValueError, match="once"):
        Route(id=1, connectors=(1, 2, 1))
    with pytest.raises(ValueError, match="below zero"):
        Route(id=1, connectors=(1, 2), weights=(50, -50))
