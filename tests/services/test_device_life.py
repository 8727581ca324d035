"""The life of messages on phones that pull, send, fall silent, fail and report when they like, at random.

The phones here are honest: what they say happened did happen, though it may be said late, twice, in any order or
never. After every step no message is lost, and one that went out twice is marked.
"""

import asyncio
import shutil
import uuid
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from phone_world import NO_SERVICE, A, PhoneWorld, phone_world
from tests.store.world import OUT
from tests.support import Clock

from depesza.core.devices import AttemptState, Limits, OnUnknown, Wish
from depesza.core.model import FINAL, MICRO, Outcome, State, Way
from depesza.services import attempt_rows, audit, progress
from depesza.services.devices import Device
from depesza.store.contract import Store
from depesza.store.opening import open_store
from depesza.store.tx import Row, Tx

PLACE = st.integers(0, 1_000)
ERRORS = (NO_SERVICE, "RESULT_ERROR_LIMIT_EXCEEDED", "RESULT_ERROR_GENERIC_FAILURE", "RESULT_ERROR_FDN_CHECK_FAILURE")


async def _messages(tx: Tx) -> list[Row]:
    return await tx.query("SELECT id, state, connector, maybe FROM messages ORDER BY id")


async def _attempts(tx: Tx) -> list[Row]:
    return await tx.query("SELECT message, state, open, sim, counted, parts FROM device_attempts")


class Life(RuleBasedStateMachine):
    """One store, two phones, and a carrier behind them."""

    def __init__(self, make: Callable[[], str]) -> None:
        super().__init__()
        self.clock = Clock()
        self.runner = asyncio.Runner()
        self.url = make()
        self.store: Store
        self.world: PhoneWorld
        self.phones: list[Device] = []
        self.queued: dict[int, tuple[Device, int, int]] = {}
        """What phones have and have not sent: by attempt the phone, the message and its fence."""
        self.known: set[int] = set()
        self.said: list[tuple[Device, int, AttemptState, str]] = []
        """What phones would say, and have said."""
        self.went_out: Counter[int] = Counter()
        self.ended: dict[int, State] = {}
        self.accepted = 0

    def run(self, work: "Coroutine[Any, Any, Any]") -> Any:
        """Run something on our loop."""
        return self.runner.run(work)

    @initialize()
    def begin(self) -> None:
        """Two phones join."""

        async def work() -> None:
            self.store = await open_store(self.url, self.clock)
            await self.store.join(10_000 * MICRO)
            self.world = await phone_world(self.store, self.clock)
            versions, limits = ("1.68.0", "1.60.0"), Limits(gap=0, minute=0)
            self.phones = [await self.world.phone(version=version, limits=limits) for version in versions]

        self.run(work())

    @rule(
        count=st.integers(1, 3),
        policy=st.sampled_from(OnUnknown),
        way=st.sampled_from((Way.PHONES, Way.PHONES_FIRST)),
        minutes=st.sampled_from((1, 60)),
    )
    def accept(self, count: int, policy: OnUnknown, way: Way, minutes: int) -> None:
        """A client sends."""
        numbers = [f"+33602{self.accepted + n:06}" for n in range(count)]
        expires = self.clock() + minutes * 60 * MICRO
        self.run(self.world.send(*numbers, way=way, wish=Wish(on_unknown=policy), expires=expires))
        self.accepted += count
        self.run(self.world.turn())

    @rule(place=PLACE, arrives=st.booleans())
    def pull(self, place: int, arrives: bool) -> None:
        """A phone pulls; the answer may get lost on its way."""
        phone = self.phones[place % 2]
        offers = self.run(self.world.pull(phone))
        assert len(offers) <= 3
        for offer in offers if arrives else ():
            attempts = {each.id: each for each in self._attempts_of(offer.attempt)}
            message = attempts[offer.attempt].message
            if offer.state is A.WITHDRAWING:
                if self.queued.pop(offer.attempt, None) or offer.attempt not in self.known:
                    self.said.append((phone, offer.attempt, A.WITHDRAWN, ""))
            elif offer.attempt not in self.known:
                self.queued[offer.attempt] = (phone, message, offer.valid)
                self.said.append((phone, offer.attempt, A.ACCEPTED, ""))
            self.known.add(offer.attempt)

    def _attempts_of(self, id: int) -> Any:
        found = self.run(self.store.look(attempt_rows.find, id))
        return [found] if found is not None else []

    @rule(place=PLACE, end=st.sampled_from((A.SENT, A.SENT, A.DELIVERED, A.FAILED)), error=st.sampled_from(ERRORS))
    def send(self, place: int, end: AttemptState, error: str) -> None:
        """A phone sends one of those it has, unless it is too late."""
        if not self.queued:
            return
        id = sorted(self.queued)[place % len(self.queued)]
        phone, message, valid = self.queued.pop(id)
        if self.clock() >= valid:
            self.said.append((phone, id, A.FAILED, "TTL expired"))
            return
        self.said.append((phone, id, A.SUBMITTED, ""))
        if end is not A.FAILED:
            self.went_out[message] += 1
        self.said.append((phone, id, end, error if end is A.FAILED else ""))

    @rule(place=PLACE, forget=st.booleans())
    def speak(self, place: int, forget: bool) -> None:
        """A phone reports something; it may say it again later."""
        if not self.said:
            return
        n = place % len(self.said)
        phone, attempt, state, error = self.said.pop(n) if forget else self.said[n]
        self.run(self.world.alive(phone))
        self.run(self.world.tell(phone, attempt, state, error=error))
        self.run(self.world.turn())

    @rule(seconds=st.sampled_from((5, 30, 60, 90, 150, 600)), awake=st.booleans())
    def later(self, seconds: int, awake: bool) -> None:
        """Time passes, and phones may sleep through it."""
        self.run(self.world.later(seconds, *(self.phones if awake else ())))

    @rule(taken=st.booleans())
    def carry(self, taken: bool) -> None:
        """The carrier takes what waits for it, or refuses it for good."""

        async def work() -> None:
            page = await self.store.look(progress.queue_page, self.store.node, OUT, 10)
            marked = await self.store.run(progress.claim, [message.id for message in page], OUT)
            for message in page:
                if message.id in marked:
                    refusal = "" if taken else "bad_content"
                    remotes = (f"r{message.id}.{self.went_out[message.id]}",) if taken else ()
                    outcome = Outcome(message.id, self.clock(), remotes, refusal)
                    await self.store.run(progress.settle, OUT, [(outcome, message)], {})
                    self.went_out[message.id] += int(taken)

        self.run(work())

    @rule()
    def restart(self) -> None:
        """The server is killed and starts again."""

        async def work() -> None:
            while (await self.store.run(progress.adopt, self.store.node, self.clock(), 100))[0]:
                pass

        self.run(work())

    @invariant()
    def nothing_is_lost_and_doubles_are_marked(self) -> None:
        """See the module."""
        if not self.phones:
            return
        messages = self.run(self.store.look(_messages))
        rows = self.run(self.store.look(_attempts))
        opened = Counter(row[0] for row in rows if row[2])
        held = Counter(row[3] for row in rows if row[2] and row[1] in (0, 1, 2, 5))
        assert max(held.values(), default=0) <= 3
        assert len(messages) == self.accepted
        for id, number, connector, maybe in messages:
            state = State(number)
            assert opened[id] <= 1
            if state is State.SENDING and connector != OUT:
                assert opened[id] == 1, "nobody looks after it"
            if self.went_out[id] > 1:
                assert maybe, "it went out twice and is not marked"
            if state in (State.SENT, State.DELIVERED):
                assert self.went_out[id], "it never went out"
            assert self.ended.setdefault(id, state) is state if state in FINAL else id not in self.ended
        used = sum(row[5] for row in rows if row[4])
        assert used == sum(sim.day_used for sim in self.run(self.world.sims(*self.phones)))

    def teardown(self) -> None:
        """In the end everything has an end."""
        try:
            if self.phones:
                self.run(self._end())
        finally:
            if self.phones:
                self.run(self.store.close())
            self.runner.close()

    async def _end(self) -> None:
        for _ in range(3):
            await self.world.later(3_700)
        left = {State(row[1]) for row in await self.store.look(_messages)} - FINAL
        assert left <= {State.SENT, State.HELD, State.QUEUED}, "something never went on"
        waiting = [row for row in await self.store.look(_messages) if row[1] == State.QUEUED]
        assert all(row[2] == OUT for row in waiting), "something waits for a phone for ever"
        assert (await self.store.look(audit.audit, 0)).clean


def _settings(examples: int) -> settings:
    return settings(
        max_examples=examples, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
    )


def _lives(template: Path, folder: Path, examples: int) -> None:
    def make() -> str:
        return str(shutil.copy(template, folder / f"{uuid.uuid4().hex}.db"))

    run_state_machine_as_test(lambda: Life(make), settings=_settings(examples))


def test_any_life_on_phones_keeps_the_promises(sqlite_template: Path, tmp_path: Path) -> None:
    _lives(sqlite_template, tmp_path, 6)


@pytest.mark.long
def test_many_lives_on_phones_keep_the_promises(sqlite_template: Path, tmp_path: Path) -> None:
    _lives(sqlite_template, tmp_path, 300)
