"""Which SIM gets a message, and when; rules of SIM health and of what follows a bad end. spec: devices/5, devices/7"""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depesza.core import model
from depesza.core.devices import (
    HOUR,
    MINUTE,
    MOVES,
    SECOND,
    AttemptState,
    Limits,
    OnUnknown,
    Presence,
    Reason,
    Rule,
    RuleMode,
    Strategy,
    reason_of,
)
from depesza.core.handout import (
    NEVER,
    Card,
    Demand,
    Fitness,
    choose,
    failed,
    free_at,
    near_limit,
    same_operator,
    succeeded,
)
from depesza.core.model import Priority
from depesza.core.reclaim import Past, Then, after_failure, after_silence, policy, spent

NOW = 1_780_000_000_000_000
FREE = Limits(minute=0, hour=0, day=0, gap=0)


def card(id: int, **options: object) -> Card:
    usual = {"device": id, "slot": 1, "account": 0, "presence": Presence.ONLINE, "limits": FREE, "used": []}
    return Card(id=id, **{**usual, **options})  # type: ignore[arg-type]


def demand(**options: object) -> Demand:
    return Demand(**{"account": 7, "receiver": "+40740123456", "parts": 1, **options})  # type: ignore[arg-type]


def chosen(cards: list[Card], *rules: Rule, strategy: Strategy = Strategy.ROUND_ROBIN, **options: object) -> int:
    found = choose(cards, demand(**options), rules, strategy, NOW).card
    return found.id if found is not None else 0


@pytest.mark.parametrize(
    ("cards", "options", "expected"),
    [
        ([card(1), card(2, account=8)], {}, 1),
        ([card(1, account=8)], {}, 0),
        ([card(1), card(2)], {"device": 2}, 2),
        ([card(1), card(2, slot=2)], {"slot": 2}, 2),
        ([card(1, presence=Presence.STALE), card(2)], {}, 2),
        ([card(1, presence=Presence.STALE)], {}, 1),
        ([card(1, presence=Presence.OFFLINE), card(2, presence=Presence.NEW)], {}, 0),
        ([card(1, usable=False), card(2)], {}, 2),
        ([card(1, cooldown=NOW + 1), card(2)], {}, 2),
        ([card(1, cooldown=NOW)], {}, 1),
        ([card(1, probing=True, held=1), card(2)], {}, 2),
        ([card(1, held=3), card(2, held=2)], {}, 2),
        ([card(1, last=5), card(2, last=4)], {}, 2),
        ([card(1, last=4), card(2, last=5)], {"sticky": 2}, 2),
        ([card(1, recent="0"), card(2, recent="1")], {}, 2),
        ([card(1), card(2)], {"past": [Past(1, 1, Reason.RADIO, AttemptState.FAILED, NOW)]}, 2),
        ([card(1), card(2, device=1)], {"past": [Past(1, 1, Reason.CONFIG, AttemptState.FAILED, NOW)]}, 0),
    ],
)
def test_a_sim_is_chosen(cards: list[Card], options: dict[str, Any], expected: int) -> None:
    assert chosen(cards, **options) == expected


@pytest.mark.parametrize(
    ("strategy", "first", "second", "expected"),
    [
        (Strategy.LEAST_LOADED, {"held": 1}, {"held": 0, "last": 9}, 2),
        (Strategy.LEAST_LOADED, {"used": [(NOW, 3)]}, {"used": [(NOW, 2)]}, 2),
        (Strategy.WEIGHTED, {"used": [(NOW, 2)], "weight": 300}, {"used": [(NOW, 1)], "weight": 100}, 1),
        (Strategy.WEIGHTED, {"used": [(NOW, 9)], "weight": 300}, {"used": [(NOW, 1)], "weight": 100}, 2),
        (Strategy.OPERATOR, {"operator": "Digi"}, {"operator": "orange", "last": 9}, 2),
    ],
)
def test_strategies_differ(
    strategy: Strategy, first: dict[str, object], second: dict[str, object], expected: int
) -> None:
    assert chosen([card(1, **first), card(2, **second)], strategy=strategy, operator="Orange RO") == expected


def rule(mode: RuleMode, prefix: str = "4074", **options: object) -> Rule:
    return Rule(id=1, account=7, prefix=prefix, mode=mode, **options)  # type: ignore[arg-type]


def test_rules_of_the_longest_prefix_count() -> None:
    cards = [card(1, operator="Digi"), card(2, operator="Orange", last=9)]
    assert chosen(cards, rule(RuleMode.ONLY, operator="Orange RO")) == 2
    assert chosen(cards, rule(RuleMode.ONLY, sim=2), rule(RuleMode.ONLY, "40740", sim=1)) == 1
    assert chosen(cards, rule(RuleMode.DENY, sim=1)) == 2
    assert chosen(cards, rule(RuleMode.PREFER, sim=2)) == 2
    assert chosen([cards[0], card(2, usable=False)], rule(RuleMode.PREFER, sim=2)) == 1
    assert choose(cards, demand(), [rule(RuleMode.DENY, "")], Strategy.ROUND_ROBIN, NOW).never
    assert chosen(cards, rule(RuleMode.DENY, "4075")) == 1


def test_why_there_is_no_sim() -> None:
    tell = Strategy.ROUND_ROBIN
    gone = choose([card(1, presence=Presence.OFFLINE)], demand(), [], tell, NOW)
    assert (gone.absent, gone.never, gone.when) == (True, False, 0)
    resting = choose([card(1, cooldown=NOW + MINUTE)], demand(), [], tell, NOW)
    assert (resting.absent, resting.when) == (True, NOW + MINUTE)
    paced = choose([card(1, limits=Limits(gap=5), last=NOW)], demand(), [], tell, NOW)
    assert (paced.absent, paced.when) == (False, NOW + 5 * SECOND)
    past = [Past(1, 1, Reason.RADIO, AttemptState.FAILED, NOW)]
    assert choose([card(1)], demand(past=past), [], tell, NOW).never
    unseen = [Past(1, 1, Reason.FENCE, AttemptState.WITHDRAWN, NOW)]
    assert choose([card(1, seen=NOW)], demand(past=unseen), [], tell, NOW).absent
    assert choose([card(1, seen=NOW + 1)], demand(past=unseen), [], tell, NOW).card


def test_those_that_wait_for_a_sim_wait_in_a_row() -> None:
    one = card(1, limits=Limits(gap=10, minute=0, hour=0, day=0), last=NOW)
    when = [choose([one], demand(), [], Strategy.ROUND_ROBIN, NOW).when for _ in range(3)]
    assert when == [NOW + seconds * SECOND for seconds in (10, 20, 30)]


@pytest.mark.parametrize(
    ("options", "parts", "expected"),
    [
        ({"limits": Limits(gap=5), "last": NOW - 3 * SECOND}, 1, 2 * SECOND),
        ({"limits": Limits(gap=0, minute=2), "used": [(NOW - 50 * SECOND, 1), (NOW, 1)]}, 1, 10 * SECOND),
        ({"limits": Limits(gap=0, minute=2), "used": [(NOW - 50 * SECOND, 1), (NOW, 1)]}, 2, 60 * SECOND),
        ({"limits": Limits(gap=0, minute=2), "used": [(NOW - 50 * SECOND, 1)]}, 5, 10 * SECOND),
        ({"limits": Limits(gap=0, minute=2), "used": []}, 5, 0),
        ({"limits": Limits(gap=0, minute=0, hour=1), "used": [(NOW, 1)]}, 1, HOUR),
        ({"limits": Limits(gap=0, day=3), "day_used": 3, "day_ends": NOW + HOUR}, 1, HOUR),
        ({"limits": Limits(gap=0, month=3), "month_used": 2, "month_ends": NOW + HOUR}, 2, HOUR),
        ({"limits": FREE, "opens": NOW + HOUR}, 1, HOUR),
        (
            {"limits": Limits(gap=0, receivers=1), "receivers": frozenset({"+1"}), "month_ends": NOW + HOUR},
            1,
            HOUR,
        ),
        ({"limits": Limits(gap=0, receivers=1), "receivers": frozenset({"+40740123456"})}, 1, 0),
    ],
)
def test_limits_say_when_a_sim_is_free(options: dict[str, object], parts: int, expected: int) -> None:
    assert free_at(card(1, **options), demand(parts=parts), NOW) == NOW + expected


@settings(max_examples=100)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 4)), max_size=40), st.integers(1, 6))
def test_no_minute_ever_sees_more_than_its_limit(asks: list[tuple[int, int]], limit: int) -> None:
    one = card(1, limits=Limits(gap=0, minute=limit, hour=0, day=0))
    now, sent = NOW, []
    for pause, parts in asks:
        now = max(now + pause * SECOND, free_at(one, demand(parts=parts), now))
        assert free_at(one, demand(parts=parts), now) == now < NEVER
        one.take(now, parts, "+1")
        sent.append((now, parts))
    for at, parts in sent:
        inside = sum(count for when, count in sent if at - MINUTE < when <= at)
        assert inside <= max(limit, parts)


def test_a_sim_that_fails_rests_longer_each_time_and_a_success_clears_it() -> None:
    fitness, now, rests = Fitness(), NOW, []
    for _ in range(5):
        fitness = failed(fitness, Reason.GENERIC, now)
    for _ in range(6):
        rests.append((fitness.cooldown - now) // MINUTE)
        assert failed(fitness, Reason.GENERIC, now).cooldown == fitness.cooldown
        now = fitness.cooldown
        fitness = failed(fitness, Reason.GENERIC, now)
    assert rests == [5, 10, 20, 40, 60, 60]
    assert fitness.suspect
    assert succeeded(fitness) == Fitness(recent=fitness.recent + "1")


def test_more_than_half_of_twenty_failures_rest_a_sim() -> None:
    fitness = Fitness(recent="01" * 10)
    assert failed(fitness, Reason.GENERIC, NOW).cooldown == 0
    assert failed(Fitness(recent="10" * 10), Reason.GENERIC, NOW).cooldown == NOW + 5 * MINUTE


@pytest.mark.parametrize("reason", [Reason.FENCE, Reason.FINAL, Reason.CONFIG, Reason.CANCELLED])
def test_what_is_not_the_sims_fault_changes_nothing(reason: Reason) -> None:
    assert failed(Fitness(), reason, NOW) == Fitness()


def test_a_quota_pauses_a_sim() -> None:
    assert failed(Fitness(), Reason.QUOTA, NOW).cooldown == NOW + 10 * MINUTE


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("Send result: RESULT_ERROR_NO_SERVICE (radio)", Reason.RADIO),
        ("RESULT_RIL_NETWORK_REJECT", Reason.RADIO),
        ("RESULT_ERROR_LIMIT_EXCEEDED", Reason.QUOTA),
        ("RESULT_RIL_REQUEST_RATE_LIMITED", Reason.QUOTA),
        ("RESULT_ERROR_GENERIC_FAILURE", Reason.GENERIC),
        ("a word nobody knows", Reason.GENERIC),
        ("", Reason.GENERIC),
        ("TTL expired", Reason.FENCE),
        ("Can't send message: SIM 2 not found", Reason.CONFIG),
        ("RESULT_NO_DEFAULT_SMS_APP", Reason.CONFIG),
        ("RESULT_ERROR_SHORT_CODE_NOT_ALLOWED", Reason.FINAL),
        ("RESULT_ENCODING_ERROR", Reason.FINAL),
        ("Delivery result from SC +40744000000: 70", Reason.FINAL),
    ],
)
def test_errors_have_classes(said: str, reason: Reason) -> None:
    assert reason_of(said) is reason


@pytest.mark.parametrize(
    ("wished", "account", "priority", "failover", "expected"),
    [
        (OnUnknown.WAIT, model.OnUnknown.HOLD, Priority.URGENT, True, OnUnknown.WAIT),
        (OnUnknown.DEFAULT, model.OnUnknown.HOLD, Priority.HIGH, True, OnUnknown.HOLD),
        (OnUnknown.DEFAULT, model.OnUnknown.RESEND, Priority.BULK, True, OnUnknown.WAIT),
        (OnUnknown.DEFAULT, model.OnUnknown.RESEND, Priority.HIGH, True, OnUnknown.RESEND),
        (OnUnknown.DEFAULT, model.OnUnknown.RESEND, Priority.HIGH, False, OnUnknown.FAIL),
        (OnUnknown.DEFAULT, model.OnUnknown.RESEND, Priority.URGENT, False, OnUnknown.RESEND),
    ],
)
def test_what_happens_to_the_unknown(
    wished: OnUnknown, account: model.OnUnknown, priority: int, failover: bool, expected: OnUnknown
) -> None:
    assert policy(wished, account, priority, failover) is expected


def over(*reasons: Reason) -> list[Past]:
    return [Past(n, n, reason, AttemptState.FAILED, NOW) for n, reason in enumerate(reasons)]


@pytest.mark.parametrize(
    ("past", "expires", "failover", "expected"),
    [
        (over(Reason.RADIO), 0, True, Then.AGAIN),
        (over(Reason.RADIO, Reason.RADIO, Reason.QUOTA), 0, True, Then.NETWORK),
        (over(Reason.RADIO, Reason.RADIO, Reason.QUOTA), 0, False, Then.FAIL),
        (over(Reason.FENCE, Reason.FENCE, Reason.FENCE), 0, False, Then.AGAIN),
        (over(Reason.FENCE, Reason.FENCE, Reason.FENCE), 0, True, Then.NETWORK),
        (over(Reason.GENERIC, Reason.GENERIC), 0, True, Then.NETWORK),
        (over(Reason.FINAL), 0, True, Then.FAIL),
        (over(Reason.CANCELLED), 0, True, Then.CANCEL),
        (over(Reason.FENCE), NOW, True, Then.EXPIRE),
    ],
)
def test_what_follows_a_failure(past: list[Past], expires: int, failover: bool, expected: Then) -> None:
    assert after_failure(past, expires=expires, failover=failover, tries=3, now=NOW) is expected
    assert spent(past, failover, 3) or expected is not Then.NETWORK


def test_what_follows_silence() -> None:
    found = {each: after_silence(each, expires=0, now=NOW) for each in OnUnknown if each}
    assert found == {
        OnUnknown.WAIT: Then.WAIT,
        OnUnknown.RESEND: Then.AGAIN,
        OnUnknown.FAIL: Then.FAIL,
        OnUnknown.HOLD: Then.HOLD,
    }
    assert after_silence(OnUnknown.RESEND, expires=NOW, now=NOW) is Then.EXPIRE


def test_attempts_only_move_forward() -> None:
    def reach(state: AttemptState, seen: frozenset[AttemptState]) -> None:
        assert state not in seen, "an attempt can come back to where it was"
        for target in MOVES[state]:
            reach(target, seen | {state})

    reach(AttemptState.OFFERED, frozenset())


def test_limits_that_are_nearly_used_up_are_named() -> None:
    one = card(1, limits=Limits(minute=10, hour=0, day=10), used=[(NOW, 10)], day_used=9)
    assert list(near_limit(one, NOW)) == ["minute"]


def test_operators_are_compared_as_people_write_them() -> None:
    assert same_operator("Orange RO", "orange")
    assert not same_operator("", "")
