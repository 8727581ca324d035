"""A connection to the database that ends around a commit: nothing runs twice, whatever of the commit is known."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest
from tests.store.world import ONE, POLICY, furnished, submission
from tests.support import NOW, Clock

from depesza.services.submit import submit
from depesza.store.contract import StoreError
from depesza.store.opening import open_store
from depesza.store.tx import Tx
from depesza.store.work import Work

pytestmark = pytest.mark.anyio

SOCKET = ".s.PGSQL.5432"
FIELDS = b"SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0"
FAREWELL = b"E" + (4 + len(FIELDS)).to_bytes(4, "big") + FIELDS
"""What a server says when somebody ends a connection."""


class Between:
    """Stands between a store and its database, and ends a connection at its next commit, or at another statement."""

    def __init__(self, folder: Path, url: str) -> None:
        inside = parse_qs(urlsplit(url).query)["host"][0]
        self._inside = f"{inside}/{SOCKET}"
        self._outside = str(folder / SOCKET)
        self.url = url.replace(inside, str(folder))
        self.fate = ""
        """`unsent`: the commit does not arrive; `unanswered`: its answer does not; `answered` and `farewell`: it
        does, and the end comes with it, without or with a word."""
        self.at, self.after = b"COMMIT", b"INSERT INTO messages"
        """The statement meant, and what was asked over the same connection before."""

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_unix_server(self._relay, self._outside)

    async def stop(self) -> None:
        """Close."""
        self._server.close()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_unix_connection(self._inside)
        fate = asyncio.get_running_loop().create_future()
        await asyncio.gather(self._ask(reader, far_writer, fate), self._tell(far_reader, writer, fate))

    async def _ask(self, reader: asyncio.StreamReader, far: asyncio.StreamWriter, fate: "asyncio.Future[str]") -> None:
        reached = False
        with suppress(OSError):
            while asked := await reader.read(65536):
                reached = reached or self.after in asked
                if self.fate and reached and self.at in asked:
                    fate.set_result(self.fate)
                    self.fate = ""
                    if fate.result() == "unsent":
                        break
                far.write(asked)
        far.close()

    async def _tell(self, far: asyncio.StreamReader, writer: asyncio.StreamWriter, fate: "asyncio.Future[str]") -> None:
        with suppress(OSError):
            while told := await far.read(65536):
                if fate.done():
                    if fate.result() == "answered":
                        writer.write(told)
                    elif fate.result() == "farewell":
                        writer.write(told + FAREWELL)
                    break
                writer.write(told)
        writer.close()


@pytest.fixture
async def between(postgres_url: str, tmp_path: Path) -> AsyncIterator[Between]:
    between = Between(tmp_path, postgres_url)
    await between.start()
    yield between
    await between.stop()


async def _rows(tx: Tx) -> list[str]:
    return [row[0] for row in await tx.query("SELECT receiver FROM messages ORDER BY receiver")]


RECEIVERS = ("+33601020301", "+33601020302")


@pytest.mark.parametrize("fate", ["unsent", "unanswered", "answered", "farewell"])
async def test_a_connection_that_ends_around_a_commit_runs_nothing_twice(
    between: Between, clock: Clock, fate: str
) -> None:
    store = await open_store(between.url, clock)
    lanes = await furnished(store)
    heard: list[Work] = []
    store.listen(heard.append)
    between.fate = fate
    running = [store.run(submit, store.facts.account[ONE], submission(to), lanes, POLICY, NOW) for to in RECEIVERS]
    answers = await asyncio.gather(*running, return_exceptions=True)
    assert not between.fate
    refused = [isinstance(answer, StoreError) for answer in answers]
    written = await store.look(_rows)
    if fate in ("answered", "farewell"):
        assert refused == [False, False], answers
        assert len(heard) == 1
        assert not heard[0].doubt
    else:
        assert refused == [True, True]
        assert [work.doubt for work in heard] == [True]
    assert written == ([] if fate == "unsent" else list(RECEIVERS))
    await store.close()


CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
HELD = "SELECT count(*) FROM leases l JOIN pg_stat_activity a ON a.pid = l.holder WHERE l.name = 'node:0'"


async def test_a_lease_outlives_connections_that_end_while_it_moves(
    between: Between, postgres_url: str, clock: Clock
) -> None:
    other = await asyncpg.connect(postgres_url)
    store = await open_store(between.url, clock)
    await store.join(12_000_000)
    for at in (b"UPDATE leases SET holder", b"LISTEN", b"LISTEN"):  # before and after it says who holds it now
        between.at, between.after, between.fate = at, b"", "unsent"
        await other.execute(CUT)
        async with asyncio.timeout(10):
            while between.fate:
                assert await store.renew()
    async with asyncio.timeout(10):
        while not await other.fetchval(HELD):
            assert await store.renew()
    assert await store.run(_rows) == []
    await store.close()
    await other.close()
