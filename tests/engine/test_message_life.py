"""The whole life of messages, at random: accepted, claimed, answered, reported, cancelled, crashed, taken over.

After every step the books are in order, a final state has not changed, and whatever is not final is somewhere from
where it will go on.
"""

import asyncio
import shutil
import uuid
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from tests.store.world import ONE, OUT, POLICY, SPARE, TWO, furnish, submission
from tests.support import Clock

from depesza.core.facts import Account
from depesza.core.fairness import Lanes
from depesza.core.ledger import NotEnoughCredits
from depesza.core.lifecycle import News
from depesza.core.model import FINAL, MICRO, Message, OnUnknown, Outcome, Receipt, State
from depesza.services import audit, progress
from depesza.services.submit import submit
from depesza.store.contract import Store
from depesza.store.opening import open_store
from depesza.store.tx import Tx

REFUSALS = ("throttled", "queue_full", "busy", "link_down", "uncertain", "rejected", "bad_content", "bad_parameter")
REPORTED = (State.SENT, State.PENDING, State.DELIVERED, State.FAILED, State.EXPIRED)
PLACE = st.integers(0, 1_000)


async def _rows(tx: Tx) -> dict[int, tuple[State, int, int]]:
    rows = await tx.query("SELECT id, state, node, connector FROM messages")
    return {row[0]: (State(row[1]), row[2], row[3]) for row in rows}


class Life(RuleBasedStateMachine):
    """One store, one node that crashes, and two connectors whose answers are drawn."""

    def __init__(self, make: Callable[[], str]) -> None:
        super().__init__()
        self.clock = Clock()
        self.turns = Lanes()
        self.runner = asyncio.Runner()
        self.url = make()
        self.store: Store = self.run(self._open())
        self.receivers = 0
        self.inflight: dict[int, tuple[Message, int]] = {}
        """Handed to a connector and not answered: the message, and its connector."""
        self.remotes: list[tuple[int, str]] = []
        """Ids that carriers gave, also those whose answer never reached the disk."""
        self.ended: dict[int, State] = {}
        self.accepted = 0

    def run(self, work: "Coroutine[Any, Any, Any]") -> Any:
        """Run something on our loop."""
        return self.runner.run(work)

    async def _open(self) -> Store:
        store = await open_store(self.url, self.clock)
        await store.join(12 * MICRO)
        return store

    def service(self, service: Callable[..., Any], *args: object) -> Any:
        """Run a service in a commit."""

        async def work() -> Any:
            return await self.store.run(service, *args)

        return self.run(work())

    def look(self, service: Callable[..., Any], *args: object) -> Any:
        """Run a service that reads."""
        return self.run(self.store.look(service, *args))

    @initialize()
    def begin(self) -> None:
        """Furnish the world: few credits, one account that holds what may have been sent, callbacks."""
        self.service(furnish, 40)

        async def change(tx: Tx) -> None:
            account = tx.facts.account[TWO]
            tx.put(
                "accounts",
                msgspec.structs.replace(
                    account, on_unknown=OnUnknown.HOLD, refund_failed=True, callback="http://one.example/"
                ),
            )

        self.service(change)

    @rule(account=st.sampled_from((ONE, TWO)), count=st.integers(1, 4), minutes=st.sampled_from((0, 0, 0, 2)))
    def accept(self, account: int, count: int, minutes: int) -> None:
        """A client sends."""
        receivers = [f"+33602{self.receivers + n:06}" for n in range(count)]
        self.receivers += count
        wish = submission(*receivers, deferred=minutes, validity=30)
        who: Account = self.store.facts.account[account]
        try:
            self.service(submit, who, wish, self.turns, POLICY, self.clock())
        except NotEnoughCredits:
            return
        self.accepted += count

    @rule(count=st.integers(1, 3), connector=st.sampled_from((OUT, OUT, SPARE)))
    def claim(self, count: int, connector: int) -> None:
        """A connector has room."""
        page = self.look(progress.queue_page, self.store.node, connector, count)
        marked = self.service(progress.claim, [message.id for message in page], connector)
        for message in page:
            if message.id in marked:
                self.inflight[message.id] = (message, connector)

    @rule(place=PLACE, parts=st.integers(1, 2), heard=st.booleans())
    def take(self, place: int, parts: int, heard: bool) -> None:
        """A carrier takes a message; perhaps we never hear of it."""
        if not self.inflight:
            return
        id = sorted(self.inflight)[place % len(self.inflight)]
        message, connector = self.inflight[id]
        remotes = tuple(f"{id}.{len(self.remotes) + part}" for part in range(parts))
        self.remotes += [(connector, remote) for remote in remotes]
        if heard:
            del self.inflight[id]
            self.service(progress.settle, connector, [(Outcome(id, self.clock(), remotes), message)], {})

    @rule(place=PLACE, reason=st.sampled_from(REFUSALS), other=st.booleans(), twice=st.booleans())
    def refuse(self, place: int, reason: str, other: bool, twice: bool) -> None:
        """A carrier refuses, or says nothing; the answer may be written twice, when a commit's was lost."""
        if not self.inflight:
            return
        id = sorted(self.inflight)[place % len(self.inflight)]
        message, connector = self.inflight.pop(id)
        outcome = Outcome(id, self.clock(), (), reason, MICRO, "drawn")
        retry = {id: SPARE if connector == OUT else OUT} if other else {}
        self.service(progress.settle, connector, [(outcome, message)], retry)
        if twice:
            again = msgspec.structs.replace(message, maybe_sent=True)
            self.service(progress.settle, connector, [(outcome, again)], retry)

    @rule(place=PLACE, state=st.sampled_from(REPORTED), twice=st.booleans())
    def report(self, place: int, state: State, twice: bool) -> None:
        """A receipt comes: early, late, doubled, contradicting."""
        if not self.remotes:
            return
        connector, remote = self.remotes[-1 - place % min(len(self.remotes), 6)]
        reason = "undeliverable" if state in (State.FAILED, State.EXPIRED) else ""
        receipt = Receipt(connector, (remote,), state, reason, self.clock())
        self.service(progress.take_receipts, [receipt] * (1 + twice), self.clock())

    @rule(place=PLACE, news=st.lists(st.sampled_from(REPORTED), min_size=2, max_size=4))
    def contradict(self, place: int, news: list[State]) -> None:
        """One carrier says one thing and then another."""
        for state in news:
            self.report(place, state, False)
            self.what_has_ended_stays_so_and_what_has_not_goes_on()

    @rule(count=st.integers(1, 3))
    def send(self, count: int) -> None:
        """All goes well up to the carrier."""
        self.accept(ONE, count, 0)
        self.claim(count, OUT)
        for _ in range(len(self.inflight)):
            self.take(0, 1, True)

    @rule()
    def rematch(self) -> None:
        """Parked receipts are tried again."""
        self.service(progress.rematch, 0, 0, 100, self.clock())

    @rule(place=PLACE, news=st.sampled_from((News.CANCEL, News.EXPIRED)))
    def end(self, place: int, news: News) -> None:
        """A client takes a message back, or its validity ends, while it waits."""
        waiting = sorted(id for id, row in self.look(_rows).items() if row[0] in (State.SCHEDULED, State.QUEUED))
        if waiting:
            id = waiting[place % len(waiting)]
            self.service(progress.end, [id], news, news.name.lower(), self.clock())

    @rule(seconds=st.sampled_from((1, 5, 130)))
    def time(self, seconds: int) -> None:
        """Time passes, and what is due is queued."""
        self.clock.move(seconds)
        self.service(progress.make_due, self.turns, self.clock(), 100)

    @rule()
    def crash(self) -> None:
        """The process dies with what it was sending, and starts again."""
        self.run(self.store.close())
        self.inflight.clear()
        self.clock.move(1)  # a start takes a moment, and its ids are later ones
        self.store = self.run(self._open())
        self.turns = Lanes()
        self.service(progress.adopt, self.store.node, self.clock(), 100)

    @invariant()
    def the_books_are_in_order(self) -> None:
        """Accepted is the sum of the states, entries are the balances, prices are charges: see services.audit."""
        report = self.look(audit.audit, 0)
        assert report.clean, report.problems
        assert report.messages == self.accepted

    @invariant()
    def what_has_ended_stays_so_and_what_has_not_goes_on(self) -> None:
        """Final states never change; a message being sent is in somebody's hands; the others are in a queue."""
        found = self.look(_rows)
        for id, state in self.ended.items():
            assert found[id][0] is state, "a final state has changed"
        for id, (state, node, connector) in found.items():
            if state in FINAL:
                self.ended[id] = state
            elif state is State.SENDING:
                assert id in self.inflight, "being sent by nobody"
            elif state is State.QUEUED:
                assert node == self.store.node and connector in (OUT, SPARE), "in nobody's queue"
        due = self.look(progress.next_due) or 0
        assert bool(due) == any(state is State.SCHEDULED for state, *_ in found.values())

    def teardown(self) -> None:
        """Let everything come to its end: each message must be able to."""
        if hasattr(self, "store"):
            self._finish()
            self.run(self.store.close())
        self.runner.close()

    def _finish(self) -> None:
        self.crash()
        for _ in range(3):
            self.time(7 * 3600)
            for connector in (OUT, SPARE):
                for message in self.look(progress.queue_page, self.store.node, connector, 1_000):
                    self.service(progress.claim, [message.id], connector)
                    outcome = Outcome(message.id, self.clock(), (f"last.{message.id}",))
                    self.service(progress.settle, connector, [(outcome, message)], {})
                    receipt = Receipt(connector, (f"last.{message.id}",), State.DELIVERED, "", self.clock())
                    self.service(progress.take_receipts, [receipt], self.clock())
        open_states = {row[0] for row in self.look(_rows).values()} - FINAL
        assert open_states <= {State.SENT, State.PENDING, State.HELD}, "something never went on"
        assert self.look(audit.audit, 0).clean


def _settings(examples: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def test_any_life_on_sqlite_keeps_the_promises(sqlite_template: Path, tmp_path: Path) -> None:
    def make() -> str:
        return str(shutil.copy(sqlite_template, tmp_path / f"{uuid.uuid4().hex}.db"))

    run_state_machine_as_test(lambda: Life(make), settings=_settings(20))


def test_any_life_on_postgresql_keeps_the_promises(postgres_server: str, postgres_template: str) -> None:
    def make() -> str:
        name = f"life_{uuid.uuid4().hex}"

        async def create() -> None:
            connection = await asyncpg.connect(postgres_server)
            await connection.execute(f"CREATE DATABASE {name} TEMPLATE {postgres_template}")
            await connection.close()

        asyncio.run(create())
        return postgres_server.replace("/postgres?", f"/{name}?")

    run_state_machine_as_test(lambda: Life(make), settings=_settings(3))


@pytest.mark.long
def test_many_lives_on_sqlite_keep_the_promises(sqlite_template: Path, tmp_path: Path) -> None:
    def make() -> str:
        return str(shutil.copy(sqlite_template, tmp_path / f"{uuid.uuid4().hex}.db"))

    run_state_machine_as_test(lambda: Life(make), settings=_settings(400))
