"""The life of a message: its table, walked and watched."""

import re
from itertools import permutations, product

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from depesza.core.lifecycle import REPORTED, TABLE, News, change, diagram, whole
from depesza.core.model import FINAL, State

FIRST = (State.SCHEDULED, State.QUEUED, State.SENDING, State.REJECTED, State.DELIVERED)
BETTER = {State.DELIVERED: {State.READ, State.CLICKED}, State.READ: {State.CLICKED}}
"""What a message that arrived may still become."""


@pytest.mark.parametrize(("state", "news"), list(product(State, News)))
def test_each_state_and_news_has_one_answer(state: State, news: News) -> None:
    target = change(state, news)
    if state in FINAL:
        assert target is None or target in BETTER[state]
    else:
        assert target is TABLE[state].get(news)
        assert target is not state


def test_states_are_final_or_have_a_way_on() -> None:
    assert set(TABLE) | FINAL == set(State)
    assert {state: set(moves.values()) for state, moves in TABLE.items() if state in FINAL} == BETTER


def test_every_state_is_reached_and_every_one_can_end() -> None:
    reached, todo = set(FIRST), list(FIRST)
    while todo:
        for target in TABLE.get(todo.pop(), {}).values():
            if target not in reached:
                reached.add(target)
                todo.append(target)
    assert reached == set(State)
    ending = set(FINAL)
    for _ in State:
        ending |= {state for state, moves in TABLE.items() if ending & set(moves.values())}
    assert ending == set(State)


def test_every_kind_of_news_is_used() -> None:
    assert {news for moves in TABLE.values() for news in moves} == set(News)


def test_nothing_but_a_claim_sends_and_only_from_the_queue() -> None:
    claims = [(state, news) for state, moves in TABLE.items() for news, to in moves.items() if to is State.SENDING]
    assert claims == [(State.QUEUED, News.CLAIM)]


def test_a_message_that_is_at_the_carrier_cannot_be_taken_back() -> None:
    for state in (State.SENDING, State.SENT, State.PENDING):
        assert change(state, News.CANCEL) is None


@pytest.mark.parametrize("waiting", [State.SCHEDULED, State.QUEUED])
def test_late_news_of_a_lost_attempt_spares_the_second_sending(waiting: State) -> None:
    assert change(waiting, News.DELIVERED) is State.DELIVERED
    assert change(waiting, News.WAITING) is State.PENDING
    assert change(waiting, News.TAKEN) is State.SENT
    assert change(waiting, News.FAILED) is None  # another attempt is on its way


@pytest.mark.parametrize("receipt", [State.PENDING, State.DELIVERED, State.FAILED, State.EXPIRED])
@pytest.mark.parametrize("state", [State.SENDING, State.SENT, State.HELD])
def test_a_receipt_moves_what_may_be_at_the_carrier(state: State, receipt: State) -> None:
    assert change(state, REPORTED[receipt]) is receipt


def test_a_receipt_may_come_before_the_answer() -> None:
    state = change(State.SENDING, News.DELIVERED)
    assert state is State.DELIVERED
    assert change(state, News.TAKEN) is None


class Life(RuleBasedStateMachine):
    """Any news in any order; what was final stays as it was, and the newest word of the carrier counts."""

    def __init__(self) -> None:
        super().__init__()
        self.state = State.QUEUED
        self.final: State | None = None
        self.sendings = 0
        self.chances = 1

    def take(self, news: News) -> None:
        target = change(self.state, news)
        if target is None:
            return
        if target is State.SENDING:
            self.sendings += 1
        self.state = target
        if target in FINAL and self.final is None:
            self.final = target

    @rule(news=st.sampled_from([news for news in News if news not in (News.RETRY, News.RELEASE)]))
    def happens(self, news: News) -> None:
        self.take(news)

    @rule(receipt=st.sampled_from(list(REPORTED)), times=st.integers(1, 3))
    def receipt_comes_and_comes_again(self, receipt: State, times: int) -> None:
        for _ in range(times):
            self.take(REPORTED[receipt])

    @precondition(lambda self: self.state is State.SENDING)
    @rule()
    def carrier_says_later(self) -> None:
        self.chances += 1
        self.take(News.RETRY)
        assert self.state is State.SCHEDULED

    @precondition(lambda self: self.state is State.HELD)
    @rule()
    def person_lets_it_go(self) -> None:
        self.chances += 1
        self.take(News.RELEASE)
        assert self.state is State.QUEUED

    @invariant()
    def a_final_state_never_changes_but_for_the_better(self) -> None:
        assert self.final is None or self.state in BETTER.get(self.final, ()) or self.state is self.final

    @invariant()
    def it_is_sent_no_more_often_than_somebody_asked(self) -> None:
        assert self.sendings <= self.chances


Life.TestCase.settings = settings(max_examples=100, stateful_step_count=30)
TestLife = Life.TestCase


@pytest.mark.parametrize(
    ("parts", "state"),
    [
        ([], State.SENT),
        ([State.SENT], State.SENT),
        ([State.PENDING], State.PENDING),
        ([State.DELIVERED], State.DELIVERED),
        ([State.FAILED], State.FAILED),
        ([State.DELIVERED, State.DELIVERED], State.DELIVERED),
        ([State.DELIVERED, State.SENT], State.SENT),
        ([State.DELIVERED, State.PENDING, State.SENT], State.PENDING),
        ([State.DELIVERED, State.EXPIRED, State.PENDING], State.EXPIRED),
        ([State.EXPIRED, State.FAILED, State.DELIVERED], State.FAILED),
        ([State.DELIVERED, State.READ], State.DELIVERED),
        ([State.READ, State.READ], State.READ),
        ([State.READ, State.SENT], State.SENT),
    ],
)
def test_a_message_is_as_its_parts_in_any_order(parts: list[State], state: State) -> None:
    for mixed in permutations(parts):
        assert whole(mixed) is state


def test_the_diagram_prints_every_move() -> None:
    lines = diagram().splitlines()
    assert lines[0] == "stateDiagram-v2"
    # a colon or semicolon inside a label ends it for Mermaid
    moves = [re.fullmatch(r"    (\[\*\]|\w+) --> (\[\*\]|\w+)(?:: ([^:;]+))?", line) for line in lines[1:]]
    assert all(moves)
    drawn = sorted(move.groups("") for move in moves if move)
    table = [(state.name, to.name, news.value) for state, row in TABLE.items() for news, to in row.items()]
    begins = [("[*]", state.name, "") for state in FIRST]
    ends = [(state.name, "[*]", "") for state in FINAL]
    assert drawn == sorted(table + begins + ends)
