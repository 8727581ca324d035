"""Two joined sessions under random intents, cuts, delays and clocks: no request is lost without a word."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from smpp_helpers import pair

from depesza.wire.smpp import events, pdus, status
from depesza.wire.smpp.session import Session
from depesza.wire.smpp.settings import Settings, Timers

WINDOW = 3
SETTINGS = Settings(window=WINDOW, incoming_window=2, timers=Timers(40, 20, 60, 15))


class End:
    """One session with what it was asked and what it told."""

    def __init__(self, session: Session[Any]) -> None:
        self.session = session
        self.wire = b""
        self.asked: set[int] = set()
        self.told: list[int] = []
        self.late: list[int] = []
        self.outstanding: dict[int, int] = {}
        self.to_answer: list[events.Requested | events.BindRequested] = []
        self.closed = 0

    def take(self, found: list[Any]) -> None:
        for event in found:
            assert not self.closed, f"{event} after the end"
            match event:
                case events.Responded(late=True):
                    self.late.append(event.token)
                case events.Responded() | events.Uncertain():
                    self.settle(event.token)
                case events.Nacked(token=int()):
                    self.settle(event.token)
                case events.Requested() | events.BindRequested():
                    self.to_answer.append(event)
                case events.Closed():
                    self.closed += 1
                    for token in event.unanswered:
                        self.settle(token)

    def settle(self, token: int) -> None:
        self.told.append(token)
        self.outstanding = {number: one for number, one in self.outstanding.items() if one != token}


class JoinedSessions(RuleBasedStateMachine):
    """Random life of a client and a server."""

    def __init__(self) -> None:
        super().__init__()
        client, server = pair(SETTINGS, SETTINGS)
        self.client, self.server = End(client), End(server)
        self.now = 0.0
        self.tokens = 0

    def other(self, end: End) -> End:
        return self.server if end is self.client else self.client

    def flush(self, end: End) -> None:
        end.wire += end.session.outgoing()

    ends = st.booleans()

    def pick(self, first: bool) -> End:
        return self.client if first else self.server

    @initialize(begun=st.sampled_from([None, *pdus.BINDS.values(), pdus.BindTransceiver]))
    def begin(self, begun: type[pdus.Bind] | None) -> None:
        """Most lives begin with a bind, or little would happen in them."""
        if begun is None:
            return
        self.bind(begun)
        self.carry(True, 1.0)
        self.answer(False, 0, False)
        self.carry(False, 1.0)

    @precondition(lambda self: self.client.session.state.value in ("open", "outbound"))
    @rule(kind=st.sampled_from(list(pdus.BINDS.values())))
    def bind(self, kind: type[pdus.Bind]) -> None:
        if self.client.session._bind is None:
            self.client.session.bind(kind("me", "pw"), self.now)

    @rule(first=ends, multi=st.booleans(), count=st.integers(1, WINDOW))
    def request(self, first: bool, multi: bool, count: int) -> None:
        end = self.pick(first)
        for _ in range(min(count, end.session.room)):
            self.request_one(end, first, multi)

    def request_one(self, end: End, first: bool, multi: bool) -> None:
        self.tokens += 1
        pdu: pdus.Request = pdus.DeliverSm()
        if first:
            pdu = pdus.QuerySm("1") if multi else pdus.SubmitSm()
        sequence = end.session.request(pdu, self.tokens, self.now)
        assert 1 <= sequence <= 0x7FFFFFFF
        assert sequence not in end.outstanding
        end.outstanding[sequence] = self.tokens
        end.asked.add(self.tokens)

    @rule(first=ends, share=st.sampled_from([1.0, 1.0, 0.9, 0.5, 0.1]))
    def carry(self, first: bool, share: float) -> None:
        """Bring some of the octets on the wire to the other side."""
        end = self.pick(first)
        self.flush(end)
        cut = round(len(end.wire) * share)
        piece, end.wire = end.wire[:cut], end.wire[cut:]
        other = self.other(end)
        other.take(other.session.receive(piece, self.now))

    @rule(first=ends, which=st.integers(0, 10), refused=st.booleans())
    def answer(self, first: bool, which: int, refused: bool) -> None:
        """Answer any open request, out of order."""
        end = self.pick(first)
        if not end.to_answer:
            return
        event = end.to_answer.pop(which % len(end.to_answer))
        if end.closed or end.session.closed:
            assert end.session.refuse(event.sequence) is False
        elif refused:
            end.session.refuse(event.sequence, status.RTHROTTLED)
        elif isinstance(event, events.BindRequested):
            end.session.accept(event.sequence)
        else:
            end.session.answer(event.sequence, event.pdu.response())

    @rule(seconds=st.sampled_from([0.0, 0.5, 1.0, 3.0, 16.0]), first=ends)
    def pass_time(self, seconds: float, first: bool) -> None:
        self.now += seconds
        end = self.pick(first)
        end.take(end.session.tick(self.now))
        assert end.session.next_tick() > self.now  # else a pump would spin

    @precondition(lambda self: self.tokens > 8)
    @rule(first=ends)
    def unbind(self, first: bool) -> None:
        self.pick(first).session.unbind(self.now)

    @precondition(lambda self: self.tokens > 8)
    @rule(first=ends)
    def lose_the_connection(self, first: bool) -> None:
        end = self.pick(first)
        end.take(end.session.close("connection lost"))

    @invariant()
    def the_window_is_kept(self) -> None:
        for end in (self.client, self.server):
            assert end.session.pending <= WINDOW
            assert end.session.unanswered <= 2

    @invariant()
    def every_token_is_open_or_was_told_once(self) -> None:
        for end in (self.client, self.server):
            assert len(end.told) == len(set(end.told))
            assert set(end.told).isdisjoint(end.outstanding.values())
            assert set(end.told) | set(end.outstanding.values()) == end.asked
            assert set(end.late) <= set(end.told)
            assert len(end.late) == len(set(end.late))

    def teardown(self) -> None:
        """However it went: in the end both are closed by their own timers, and nothing is open."""
        for end in (self.client, self.server):
            end.session.unbind(self.now)
        for _ in range(20):
            self.now += 10.0
            for end in (self.client, self.server):
                end.take(end.session.tick(self.now))
        for end in (self.client, self.server):
            assert end.closed == 1
            assert end.session.next_tick() == float("inf")
            assert set(end.told) == end.asked


def _settings(examples: int) -> settings:
    return settings(max_examples=examples, stateful_step_count=50, deadline=None)


def test_two_joined_sessions_lose_and_double_nothing() -> None:
    run_state_machine_as_test(JoinedSessions, settings=_settings(40))


@pytest.mark.long
def test_many_joined_sessions_lose_and_double_nothing() -> None:
    run_state_machine_as_test(JoinedSessions, settings=_settings(600))
