"""Documents written in the background, through stops, failures and take-overs."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.store.world import ONE
from tests.support import Clock

from depesza.engine.exporter import TRIES, Exporter
from depesza.services import builds, documents
from depesza.services.builds import Build, Page
from depesza.services.documents import Document
from depesza.store.contract import Store
from depesza.store.tx import Tx
from depesza.store.work import Work

pytestmark = pytest.mark.anyio

ROWS, PER_PAGE = 25, 10


class Office:
    """A store whose dialect writes numbers, and the exporter that hears of its work."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self.failures = 0
        self.written: list[int] = []
        self.exporter = self.new()
        store.listen(self.hear)

    def new(self) -> Exporter:
        """Make an exporter, as a new process does."""
        return Exporter(self.store, {"numbers": self.write}, self.clock, pause=0)

    def hear(self, work: Work) -> None:
        """Do what the composition does with work."""
        if work.builds:
            self.exporter.wake()

    async def write(self, tx: Tx, build: Build) -> Page:
        """Write the next numbers."""
        if self.failures and build.work == b"bad":
            self.failures -= 1
            raise OSError("no such number")
        self.written.append(build.document.id)
        after = min(build.after + PER_PAGE, ROWS)
        data = b"".join(b"%d\n" % n for n in range(build.after, after))
        return Page(data, after, after == ROWS)

    async def ask(self, work: bytes = b"") -> Document:
        """Ask for a document."""
        return await self.store.run(
            builds.start, 100, "a.csv", self.clock.now, account=ONE, dialect="numbers", work=work
        )

    async def done(self) -> None:
        """Wait until nothing is left to write."""
        for _ in range(2_000):
            if self.exporter.idle:
                return
            await asyncio.sleep(0.002)
        pytest.fail("the exporter did not come to an end")

    async def read(self, document: Document) -> tuple[str, bytes]:
        """Give the state and the content of a document."""
        found = await self.store.look(documents.find, document.id, self.clock.now)
        assert found is not None
        pages = [await self.store.look(documents.read_page, found.content, n) for n in range(found.pages)]
        return found.status, b"".join(pages)


WHOLE = ("ready", b"".join(b"%d\n" % n for n in range(ROWS)))


@pytest.fixture
async def office(store: Store, clock: Clock) -> AsyncIterator[Office]:
    """An office on each store."""
    office = Office(store, clock)
    yield office
    await office.exporter.stop()


async def test_documents_are_written_in_turns(office: Office) -> None:
    first, second = await office.ask(), await office.ask()
    office.exporter.start()
    await office.done()
    assert office.written == [first.id, second.id] * 3
    third = await office.ask()
    await office.done()
    for document in (first, second, third):
        assert await office.read(document) == WHOLE


async def test_what_a_stop_interrupts_goes_on_where_it_was(office: Office) -> None:
    document = await office.ask()
    build = await office.store.look(builds.find, document.id, office.clock.now)
    assert build is not None
    await office.store.run(builds.add, build, await office.store.look(office.write, build), office.clock.now)
    assert (await office.read(document))[0] == "building"
    office.exporter = office.new()
    office.exporter.start()
    await office.done()
    assert await office.read(document) == WHOLE


async def test_a_document_that_can_not_be_written_is_given_up_and_the_others_are_not(office: Office) -> None:
    office.failures = TRIES
    bad, good = await office.ask(b"bad"), await office.ask()
    office.exporter.start()
    await office.done()
    assert await office.read(bad) == ("failed", b"")
    assert await office.read(good) == WHOLE


async def test_a_failure_that_passes_does_no_harm(office: Office) -> None:
    office.failures = TRIES - 1
    document = await office.ask(b"bad")
    office.exporter.start()
    await office.done()
    assert await office.read(document) == WHOLE


async def test_the_work_on_a_document_that_has_gone_ends(office: Office) -> None:
    expired = await office.ask()
    await office.store.run(documents.change, expired.id, "a.csv", "", office.clock.now + 1)
    office.clock.move(1)
    office.exporter.start()
    await office.done()
    assert office.written == []
    assert await office.store.look(builds.running) == []
