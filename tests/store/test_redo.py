"""The redo log: what was answered survives a crash, though its commit comes later."""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import closing
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from msgspec import Struct
from tests.store.world import ONE, POLICY, balance, furnish, furnished, submission
from tests.support import NOW, Clock

from depesza.core import ledger
from depesza.core.model import MICRO
from depesza.services.submit import submit
from depesza.store import redo, sqlite_writer
from depesza.store.contract import Conflict
from depesza.store.opening import migrate, open_store
from depesza.store.redo import Redo, next_epoch
from depesza.store.sqlite_writer import Committed, SqliteWriter
from depesza.store.tx import Tx

pytestmark = pytest.mark.anyio


CHARGE = 5_000_000
"""Above it are the ids of charges."""


class Item(Struct):
    """A service for a commit."""

    service: Callable[[Tx], Coroutine[Any, Any, Any]]
    tallies: tuple[tuple[int, str], ...] = ()


def note(id: int) -> Item:
    """Write a row whose key is `id`."""

    async def service(tx: Tx) -> int:
        tx.insert("acts", (id, NOW, "me", "did", "it"))
        return id

    return Item(service)


def charge(id: int) -> Item:
    """Take one credit."""

    async def service(tx: Tx) -> int:
        await tx.book(ledger.charge(ONE, MICRO, id, NOW, id), 0)
        return (await tx.wallet(ONE)).balance

    return Item(service)


def tallied(key: str) -> Item:
    """Count once more how often an account did something."""

    async def service(tx: Tx) -> int:
        (tally,) = await tx.tallies(ONE, (key,))
        tx.tally(ONE, key, NOW, tally.count + 1)
        return tally.count + 1

    return Item(service)


def run(writer: SqliteWriter, *items: Item, settle: bool = False) -> list[Any]:
    """Run services together; gives what each gave or raised."""
    found: list[Any] = []

    def publish(done: Committed[Item]) -> None:
        found.extend(value if error is None else error for _, value, error in done.results)

    writer.commit(items, publish, settle=settle)
    return found


def crash(writer: SqliteWriter) -> None:
    """End it as a killed process ends: what is open is not committed."""
    writer._driver.close()
    writer._redo.close()


def ids(path: str) -> set[int]:
    """Read what other processes can see."""
    with closing(sqlite3.connect(path)) as file:
        return {row[0] for row in file.execute("SELECT id FROM acts")}


# the file


def test_what_was_kept_is_found_in_its_order(tmp_path: Path) -> None:
    log = Redo(str(tmp_path / "x.db"))
    assert log.found(1) == []
    log.prepare()
    assert log.append(7, 0, [("INSERT 1", (1, "ż", b"\0", None))])
    assert log.append(7, 1, [("INSERT 2", ()), ("INSERT 3", (2,))])
    again = Redo(str(tmp_path / "x.db"))
    assert again.found(7) == [[("INSERT 1", [1, "ż", b"\0", None])], [("INSERT 2", []), ("INSERT 3", [2])]]
    assert again.found(6) == again.found(8) == []
    assert again.append(7, 2, [("INSERT 4", ())])
    assert len(log.found(7)) == 3
    assert log.append(8, 0, [("INSERT 5", ())])
    assert (log.found(7), len(log.found(8))) == ([], 1)
    assert oct(os.stat(tmp_path / "x.db.redo").st_mode & 0o777) == "0o600"
    log.close()
    again.close()


def test_a_torn_record_ends_it_wherever_it_was_torn(tmp_path: Path) -> None:
    log = Redo(str(tmp_path / "x.db"))
    log.prepare()
    log.append(7, 0, [("FIRST", (1,))])
    end = log._end
    log.append(7, 1, [("SECOND", (2,))])
    whole = (tmp_path / "x.db.redo").read_bytes()[: log._end]
    for cut in range(end, len(whole)):
        (tmp_path / "x.db.redo").write_bytes(whole[:cut] + bytes(100))
        assert log.found(7) == [[("FIRST", [1])]]
    flipped = bytearray(whole)
    flipped[-1] ^= 1
    (tmp_path / "x.db.redo").write_bytes(flipped)
    assert log.found(7) == [[("FIRST", [1])]]
    log.close()


def test_it_says_when_it_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redo, "SIZE", 1 << 12)
    log = Redo(str(tmp_path / "x.db"))
    log.prepare()
    assert log.append(7, 0, [("A", ("x" * 3000,))])
    assert not log.append(7, 1, [("B", ("x" * 3000,))])
    assert log.append(8, 0, [("C", ("x" * 3000,))])
    log.close()


def test_epochs_never_come_to_what_an_empty_file_holds() -> None:
    assert [next_epoch(version) for version in (0, 1, 2**31 - 2, 2**31 - 1)] == [1, 2, 2**31 - 1, 1]


# the writer


@pytest.fixture
def writer(sqlite_url: str, clock: Clock) -> SqliteWriter:
    """A busy one, with credit on an account."""
    made = SqliteWriter(sqlite_url, clock, busy=True)
    assert run(made, Item(lambda tx: furnish(tx, 100))) == [None]
    assert not made.unsettled  # facts are for everybody at once
    return made


def test_groups_share_a_commit_and_a_crash_loses_none(writer: SqliteWriter, sqlite_url: str, clock: Clock) -> None:
    assert run(writer, note(1), charge(11)) == [1, 99 * MICRO]
    assert run(writer, note(2), charge(12)) == [2, 98 * MICRO]
    assert writer.unsettled
    assert ids(sqlite_url) == set()
    crash(writer)
    again = SqliteWriter(sqlite_url, clock)
    assert ids(sqlite_url) == {1, 2}
    assert run(again, charge(13)) == [97 * MICRO]
    again.close()
    last = SqliteWriter(sqlite_url, clock)
    assert run(last, charge(14)) == [96 * MICRO]
    last.close()


def test_what_is_settled_everybody_sees(writer: SqliteWriter, sqlite_url: str) -> None:
    run(writer, note(1))
    run(writer, note(2), settle=True)
    assert ids(sqlite_url) == {1, 2}
    run(writer, note(3))
    writer.settle()
    assert ids(sqlite_url) == {1, 2, 3}
    run(writer, note(4))
    writer.close()
    assert ids(sqlite_url) == {1, 2, 3, 4}


def test_it_commits_when_held_for_long_or_much_is_written(
    writer: SqliteWriter, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    much = sqlite_writer.LARGE + 1
    run(writer, *map(note, range(1, much + 1)))
    assert not writer.unsettled
    run(writer, note(much + 1))
    assert writer.unsettled
    monkeypatch.setattr(sqlite_writer, "HOLD", 0.0)
    run(writer, note(much + 2))
    assert {much + 1, much + 2} <= ids(sqlite_url)
    writer.close()


def test_it_commits_when_the_log_is_full(
    writer: SqliteWriter, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redo, "SIZE", 600)
    run(writer, note(1))
    assert writer.unsettled
    run(writer, *map(note, range(2, 20)))
    assert not writer.unsettled
    assert len(ids(sqlite_url)) == 19
    writer.close()


def test_a_group_that_fails_takes_no_earlier_one_with_it(writer: SqliteWriter, sqlite_url: str, clock: Clock) -> None:
    run(writer, note(1), charge(11))
    first, twice, last = run(writer, charge(12), note(1), note(3))
    assert (first, last) == (98 * MICRO, 3)
    assert isinstance(twice, Conflict)
    assert writer.unsettled
    assert run(writer, charge(13)) == [97 * MICRO]
    crash(writer)
    again = SqliteWriter(sqlite_url, clock)
    assert ids(sqlite_url) == {1, 3}
    assert run(again, charge(14)) == [96 * MICRO]
    again.close()


def test_a_process_that_was_there_all_the_time_carries_out_what_another_promised(
    writer: SqliteWriter, sqlite_url: str, clock: Clock
) -> None:
    other = SqliteWriter(sqlite_url, clock)
    run(writer, note(1), charge(11))
    crash(writer)
    assert run(other, note(2), charge(12)) == [2, 98 * MICRO]
    assert ids(sqlite_url) == {1, 2}
    other.close()


def test_a_commit_that_fails_is_done_again(
    writer: SqliteWriter, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_writer, "PAUSE", 0.0)
    run(writer, note(1), charge(11))
    real = writer._driver.run

    def full(sql: str, *params: Any) -> sqlite3.Cursor:
        if sql == "COMMIT":
            raise sqlite3.OperationalError("database or disk is full")
        return real(sql, *params)

    monkeypatch.setattr(writer._driver, "run", full)
    writer.settle()
    assert writer.unsettled
    monkeypatch.setattr(writer._driver, "run", real)
    assert run(writer, charge(12)) == [98 * MICRO]
    writer.settle()
    assert not writer.unsettled
    assert ids(sqlite_url) == {1}
    writer.close()


def test_a_group_whose_promise_could_not_be_synced_is_not_answered(
    writer: SqliteWriter, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(writer, note(1))

    def broken(file: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", broken)
        (failed,) = run(writer, note(2))
    assert isinstance(failed, Exception)
    assert run(writer, note(3)) == [3]
    writer.close()
    assert ids(sqlite_url) == {1, 3}


def test_a_database_made_anew_does_not_take_up_what_belongs_to_the_old_one(tmp_path: Path, clock: Clock) -> None:
    path = str(tmp_path / "x.db")
    migrate(path)
    writer = SqliteWriter(path, clock, busy=True)
    run(writer, note(1))
    crash(writer)
    for name in ("x.db", "x.db-wal", "x.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    clock.move(5)
    migrate(path)
    again = SqliteWriter(path, clock, busy=True)
    assert ids(path) == set()
    again.close()


def test_before_a_migration_what_was_promised_is_carried_out(writer: SqliteWriter, sqlite_url: str) -> None:
    run(writer, note(1))
    crash(writer)
    migrate(sqlite_url)
    assert ids(sqlite_url) == {1}


def test_one_that_is_opened_waits_for_no_writer_where_nothing_was_promised(sqlite_url: str, clock: Clock) -> None:
    SqliteWriter(sqlite_url, clock).close()  # it is in WAL mode from now on
    with closing(sqlite3.connect(sqlite_url, isolation_level=None)) as beside:
        beside.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        SqliteWriter(sqlite_url, clock).close()
        assert time.monotonic() - began < 5


async def test_one_that_writes_all_the_time_lets_others_in(writer: SqliteWriter, sqlite_url: str, clock: Clock) -> None:
    waits: list[float] = []
    over = threading.Event()

    def beside() -> None:
        other = SqliteWriter(sqlite_url, clock)
        for id in range(10_000, 10_005):
            began = time.monotonic()
            run(other, note(id))
            waits.append(time.monotonic() - began)
        other.close()
        over.set()

    thread = threading.Thread(target=beside)
    thread.start()
    id = 0
    while not over.is_set() and id < 9_000:
        id += 1
        run(writer, note(id))
    thread.join()
    writer.close()
    assert len(ids(sqlite_url)) == id + 5
    assert max(waits) < 3


def test_whoever_sleeps_in_his_turn_stops_nobody(
    writer: SqliteWriter, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redo, "PATIENCE", 0.05)
    with open(f"{sqlite_url}.redo", "rb") as other:
        flock(other, LOCK_EX)
        assert run(writer, note(1)) == [1]
        writer.settle()
        assert ids(sqlite_url) == {1}
    writer.close()


# the store


async def test_whoever_looks_sees_what_was_answered(sqlite_url: str, clock: Clock) -> None:
    store = await open_store(sqlite_url, clock, busy=True)
    lanes = await furnished(store)
    beside = await open_store(sqlite_url, clock)
    for left in range(99, 80, -1):
        await store.run(submit, store.facts.account[ONE], submission(), lanes, POLICY, NOW)
        if left % 2:
            assert await store.look(balance) == left * MICRO
        else:
            await store.visible()
            assert await beside.look(balance) == left * MICRO
    await beside.close()
    await store.close()


class Crashes(RuleBasedStateMachine):
    """Groups, failures, commits and crashes in any order: what was answered stays, what was refused is not there."""

    template: bytes

    def __init__(self) -> None:
        super().__init__()
        self._folder = Path(os.environ["DEPESZA_TEST_FOLDER"])
        self.path = str(self._folder / f"{id(self)}.db")
        Path(self.path).write_bytes(self.template)
        self.clock = Clock()
        self.writer = SqliteWriter(self.path, self.clock, busy=True)
        self.beside = SqliteWriter(self.path, self.clock)
        self.known: set[int] = set()
        self.counted: dict[int, int] = {}
        self.charged: set[int] = set()
        run(self.writer, Item(lambda tx: furnish(tx, 100)))

    @rule(wanted=st.lists(st.integers(1, 90), min_size=1, max_size=4, unique=True), settle=st.booleans())
    def charge(self, wanted: list[int], settle: bool) -> None:
        wanted = [id for id in wanted if id not in self.charged]
        left = 100 - len(self.charged)
        found = run(self.writer, *(charge(CHARGE + id) for id in wanted), settle=settle)
        assert found == [(left - n) * MICRO for n in range(1, len(wanted) + 1)]
        self.charged |= set(wanted)

    @rule(wanted=st.lists(st.integers(1, 5), min_size=1, max_size=4))
    def count(self, wanted: list[int]) -> None:
        """Count what an account did, in several groups."""
        for key in wanted:
            (found,) = run(self.writer, tallied(str(key)))
            self.counted[key] = self.counted.get(key, 0) + 1
            assert found == self.counted[key]

    def _run(self, writer: SqliteWriter, wanted: list[int], settle: bool) -> None:
        results = run(writer, *map(note, wanted), settle=settle)
        for id, result in zip(wanted, results, strict=True):
            if id in self.known:
                assert isinstance(result, Conflict)
            else:
                assert result == id
                self.known.add(id)

    @rule(wanted=st.lists(st.integers(1, 40), min_size=1, max_size=5), settle=st.booleans())
    def write(self, wanted: list[int], settle: bool) -> None:
        self._run(self.writer, wanted, settle)

    @rule(wanted=st.lists(st.integers(1, 40), min_size=1, max_size=3))
    def write_beside(self, wanted: list[int]) -> None:
        if self.writer.unsettled:
            self.writer.settle()  # nobody else writes while a transaction is open
        self._run(self.beside, wanted, True)

    @rule()
    def settle(self) -> None:
        self.writer.settle()

    @rule(wanted=st.lists(st.integers(1, 40), max_size=3))
    def crash(self, wanted: list[int]) -> None:
        crash(self.writer)
        if wanted:
            self._run(self.beside, wanted, True)
        self.writer = SqliteWriter(self.path, self.clock, busy=True)

    @invariant()
    def nothing_more_and_nothing_less(self) -> None:
        (found,) = run(self.writer, Item(_all_ids))
        assert found == self.known
        (charged, left) = run(self.writer, Item(_charged), Item(balance))
        assert charged == self.charged
        assert left == (100 - len(self.charged)) * MICRO

    def teardown(self) -> None:
        self.writer.close()
        self.beside.close()
        assert ids(self.path) == self.known
        for file in self._folder.glob(f"{Path(self.path).name}*"):
            file.unlink()


async def _all_ids(tx: Tx) -> set[int]:
    return {row[0] for row in await tx.query("SELECT id FROM acts")}


async def _charged(tx: Tx) -> set[int]:
    return {row[0] - CHARGE for row in await tx.query("SELECT id FROM entries WHERE kind = 'charge'")}


def test_crashes_at_any_moment(sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPESZA_TEST_FOLDER", str(tmp_path))
    monkeypatch.setattr(redo, "SIZE", 1 << 12)
    Crashes.template = sqlite_template.read_bytes()
    machine = Crashes.TestCase
    machine.settings = settings(max_examples=20, stateful_step_count=20, deadline=None, phases=(Phase.generate,))
    machine().runTest()
