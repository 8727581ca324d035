"""Planning: one decision about a submission, checked without a database."""

from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import NOW

from depesza.core import planning, schedule
from depesza.core.facts import Account, Facts
from depesza.core.fairness import Lanes
from depesza.core.model import MICRO, State, Submission
from depesza.core.planning import Plan, Policy, Refused
from depesza.core.pricing import Price
from depesza.core.routing import Route, Spread
from depesza.wire import segment

ACCOUNT = Account(id=101, owner=1, name="sms-xx11111-1")
FACTS = Facts(version=1, accounts=(ACCOUNT,), routes=(Route(id=300, connectors=(201,)),))
FRENCH, BRITISH = "+33601020304", "+447400123456"
QUIET = Policy(quiet=schedule.read_window("fr"))
EVENING = NOW + 2 * 3600 * MICRO
"""Half past midnight in Paris: the tests' clock begins at 22:26 there."""


def _plan(
    submission: Submission,
    facts: Facts = FACTS,
    policy: Policy = QUIET,
    stopped: frozenset[str] = frozenset(),
    account: Account = ACCOUNT,
    now: int = NOW,
) -> tuple[Plan, list[str]]:
    targets, refused = planning.read_receivers(submission.receivers, policy)
    ids = count(1)
    return (
        planning.plan(submission, targets, account, facts, stopped, Lanes(), policy, now, lambda: next(ids)),
        refused,
    )


def _submission(*receivers: str, **options: object) -> Submission:
    given = {"dialect": "ovh", "sender": "MyApp", "text": "Hello", "receivers": receivers or (FRENCH,)}
    return Submission(**{**given, **options})  # type: ignore[arg-type]


def test_three_receivers_cost_three_credits() -> None:
    plan, refused = _plan(_submission(FRENCH, "0033601020305", BRITISH))
    assert plan.price == 3 * MICRO
    assert [m.receiver for m in plan.messages] == [FRENCH, "+33601020305", BRITISH]
    assert refused == []


def test_what_is_no_number_is_refused_and_a_repeated_one_is_sent_once() -> None:
    plan, refused = _plan(_submission(FRENCH, "12", "0601020304", "0033601020304"))
    assert [m.receiver for m in plan.messages] == [FRENCH]
    assert refused == ["12", "0601020304"]


def test_a_national_number_is_taken_where_a_default_country_is_set() -> None:
    plan, refused = _plan(_submission("0601020304"), policy=Policy(default_country="FR"))
    assert [m.receiver for m in plan.messages] == [FRENCH]
    assert refused == []


@pytest.mark.parametrize(("characters", "parts"), [(1, 1), (149, 1), (150, 2), (295, 2), (296, 3)])
def test_the_stop_clause_counts_as_text(characters: int, parts: int) -> None:
    plan, _ = _plan(_submission(text="a" * characters, advertising=True), policy=Policy())
    assert plan.messages[0].parts == parts
    assert plan.content.text.endswith("\nSTOP 36184")
    assert plan.content.reply_to == "36184"


def test_an_answerable_message_leaves_from_a_short_number_and_has_no_clause() -> None:
    plan, _ = _plan(_submission(answerable=True, advertising=True), policy=Policy())
    assert (plan.content.sender, plan.content.reply_to) == ("38184", "38184")
    assert plan.content.text == "Hello"


def test_a_text_with_too_many_parts_is_refused_as_a_whole() -> None:
    with pytest.raises(Refused) as refused:
        _plan(_submission(text="a" * 919))
    assert refused.value.name == "too_long"


def test_a_forced_alphabet_that_lacks_a_character_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        _plan(_submission(text="ж", alphabet="gsm7"))
    assert refused.value.name == "unencodable"


def test_advertising_waits_for_the_morning_in_france_only() -> None:
    plan, _ = _plan(_submission(FRENCH, BRITISH, advertising=True), now=EVENING)
    french, british = plan.messages
    assert (french.state, british.state) == (State.SCHEDULED, State.QUEUED)
    assert french.due == schedule.open_at(schedule.read_window("fr"), EVENING)


def test_what_is_no_advertising_never_waits() -> None:
    plan, _ = _plan(_submission(), now=EVENING)
    assert plan.messages[0].state is State.QUEUED


def test_a_stopped_receiver_costs_nothing_and_is_rejected() -> None:
    plan, _ = _plan(_submission(FRENCH, BRITISH), stopped=frozenset({FRENCH}))
    assert [(m.state, m.price, m.refusal) for m in plan.messages] == [
        (State.REJECTED, 0, "opted_out"),
        (State.QUEUED, MICRO, ""),
    ]
    assert plan.price == MICRO


def test_a_receiver_no_route_leads_to_is_rejected_and_not_billed() -> None:
    plan, _ = _plan(_submission(BRITISH), Facts(version=1, routes=(Route(id=1, country="FR", connectors=(201,)),)))
    assert [(m.state, m.refusal) for m in plan.messages] == [(State.REJECTED, "no_route")]
    assert plan.price == 0


def test_the_price_is_by_destination_and_part() -> None:
    facts = Facts(
        version=1,
        routes=FACTS.routes,
        prices=(Price(id=1, country="GB", micro=500_000), Price(id=2, country="FR", micro=MICRO)),
    )
    plan, _ = _plan(_submission(FRENCH, BRITISH, text="a" * 161), facts)
    assert [m.price for m in plan.messages] == [2 * MICRO, MICRO]


def test_a_deferred_message_is_scheduled_and_its_validity_begins_then() -> None:
    plan, _ = _plan(_submission(deferred=120, validity=10))
    message = plan.messages[0]
    assert (message.state, message.due) == (State.SCHEDULED, NOW + 7200 * MICRO)
    assert plan.content.expires == NOW + (7200 + 600) * MICRO


def test_own_texts_are_counted_for_themselves_and_keep_the_clause() -> None:
    plan, _ = _plan(
        _submission(FRENCH, "bad", BRITISH, text="#name#", texts=("Anna", "nobody", "B" * 150), advertising=True),
        policy=Policy(),
    )
    assert [m.text for m in plan.messages] == ["Anna\nSTOP 36184", "B" * 150 + "\nSTOP 36184"]
    assert [m.parts for m in plan.messages] == [1, 2]


def test_round_robin_uses_every_connector() -> None:
    facts = Facts(version=1, routes=(Route(id=1, connectors=(201, 202, 203), spread=Spread.ROUND_ROBIN),))
    plan, _ = _plan(_submission(*(f"+3360102{n:04}" for n in range(90))), facts)
    used = [m.connector for m in plan.messages]
    assert all(20 <= used.count(connector) <= 40 for connector in (201, 202, 203))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.one_of(st.text(max_size=20), st.sampled_from([FRENCH, BRITISH, "0033601020305"])), max_size=8),
    st.text(max_size=300),
)
def test_every_receiver_is_sent_to_refused_or_a_repetition(receivers: list[str], text: str) -> None:
    plan, refused = _plan(_submission(receivers=tuple(receivers), text=text), policy=Policy())
    numbers = [m.receiver for m in plan.messages]
    assert len(set(numbers)) == len(numbers)
    understood = [r for r in receivers if r not in refused]
    assert len(numbers) <= len(understood)
    assert bool(understood) == bool(numbers)
    assert plan.price == sum(m.price for m in plan.messages)
    assert all(m.parts == segment.count(plan.content.text)[2] for m in plan.messages)
