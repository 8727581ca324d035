"""Files of owners, page by page, on both stores."""

import pytest
from tests.support import Clock

from depesza.core import ids
from depesza.services import builds, documents, progress
from depesza.services.builds import Page
from depesza.services.documents import PAGE, Document
from depesza.store.contract import Store
from depesza.store.tx import Tx

pytestmark = pytest.mark.anyio

OWNER, OTHER, ACCOUNT = 100, 101, 1
DAY = 86_400


async def upload(store: Store, document: Document, data: bytes, now: int, size: int = PAGE) -> None:
    """Write a content in pages, then show it."""
    content = await store.run(documents.new_content)
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    for n, piece in enumerate(pieces):
        await store.run(documents.add_page, content, n, piece)
    assert await store.run(documents.show_content, document.id, content, len(pieces), len(data), now)


async def download(store: Store, id: int, now: int) -> bytes:
    """Read all pages of a file."""
    found = await store.look(documents.find, id, now)
    assert found is not None
    return b"".join([await store.look(documents.read_page, found.content, n) for n in range(found.pages)])


async def pages_kept(tx: Tx) -> int:
    """Count the pages of all files."""
    return int((await tx.query("SELECT COUNT(*) FROM document_pages"))[0][0])


@pytest.mark.parametrize("id", [1, 255, 256, (1 << 24) + 7, 452_084_321_098_765, (1 << 53) - 1])
def test_an_id_is_read_back_from_its_uuid(id: int) -> None:
    text = ids.uuid_of(id)
    assert [len(part) for part in text.split("-")] == [8, 4, 4, 4, 12]
    assert ids.of_uuid(text) == ids.of_uuid(text.upper()) == id


@pytest.mark.parametrize("text", ["", "17", "x" * 36, "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "\0"])
def test_other_texts_name_no_id(text: str) -> None:
    assert ids.of_uuid(text) == 0


async def test_a_file_is_written_in_pages_and_shown_when_complete(store: Store, clock: Clock) -> None:
    tags = (("k", "v"), ("naïve", "\U0001f600"))
    made = await store.run(documents.create, OWNER, "a.csv", clock.now, tags=tags, description="d")
    assert await store.look(documents.show, OWNER, made.id, clock.now) == made
    assert (made.status, made.size, made.validated) == ("empty", 0, 0)

    data = bytes(range(256)) * 3000
    clock.move(5)
    await upload(store, made, data, clock.now)
    shown = await store.look(documents.show, OWNER, made.id, clock.now)
    assert shown is not None
    assert (shown.status, shown.size, shown.pages, shown.tags) == ("ready", len(data), 3, tags)
    assert shown.validated == clock.now
    assert await download(store, made.id, clock.now) == data
    assert await store.look(documents.read_page, shown.content, 3) == b""

    await upload(store, made, b"second", clock.now)
    assert await download(store, made.id, clock.now) == b"second"
    assert await store.look(pages_kept) == 1


async def test_a_page_that_is_too_large_is_not_written(store: Store) -> None:
    with pytest.raises(ValueError, match="a page of"):
        await store.run(documents.add_page, 1, 0, bytes(PAGE + 1))
    assert await store.look(pages_kept) == 0


async def test_only_the_owner_sees_a_file_and_lists_hold_their_own(store: Store, clock: Clock) -> None:
    make = documents.create
    first = await store.run(make, OWNER, "a", clock.now)
    second = await store.run(make, OWNER, "b", clock.now)
    theirs = await store.run(make, OTHER, "c", clock.now)
    topic = await store.run(make, OWNER, "d", clock.now, account=ACCOUNT, topic="sender MyApp")
    assert await store.look(documents.list_own, OWNER, clock.now) == [second.id, first.id]
    assert await store.look(documents.list_topic, ACCOUNT, "sender MyApp", clock.now) == [topic]
    for id in (theirs.id, topic.id, 12345):
        assert await store.look(documents.show, OWNER, id, clock.now) is None

    await store.run(documents.change, second.id, "new", "why", clock.now + 1)
    changed = await store.look(documents.show, OWNER, second.id, clock.now)
    assert changed is not None
    assert (changed.name, changed.description, changed.expires) == ("new", "why", clock.now + 1)


async def test_what_is_deleted_takes_its_pages_along(store: Store, clock: Clock) -> None:
    kept = await store.run(documents.create, OWNER, "a", clock.now)
    gone = await store.run(documents.create, OWNER, "b", clock.now)
    topic = await store.run(documents.create, OWNER, "c", clock.now, account=ACCOUNT, topic="t")
    for document in (kept, gone, topic):
        await upload(store, document, b"12345", clock.now, size=2)
    await store.run(documents.delete, gone.id)
    await store.run(documents.delete_topic, ACCOUNT, "t")
    assert await store.look(documents.list_own, OWNER, clock.now) == [kept.id]
    assert await store.look(pages_kept) == 3
    content = await store.run(documents.new_content)
    await store.run(documents.add_page, content, 0, b"late")
    assert not await store.run(documents.show_content, gone.id, content, 1, 4, clock.now)
    assert await store.look(pages_kept) == 3


async def test_what_has_expired_is_gone_and_then_forgotten(store: Store, clock: Clock) -> None:
    dies = await store.run(documents.create, OWNER, "a", clock.now, expires=clock.now + 10_000_000)
    lives = await store.run(documents.create, OWNER, "b", clock.now)
    for document in (dies, lives):
        await upload(store, document, b"data", clock.now)
    await store.run(documents.add_page, await store.run(documents.new_content), 0, b"never completed")
    assert await store.look(documents.list_own, OWNER, clock.now) == [lives.id, dies.id]
    clock.move(10)
    assert await store.look(documents.list_own, OWNER, clock.now) == [lives.id]
    assert await store.look(documents.find, dies.id, clock.now) is None
    assert await store.look(pages_kept) == 3
    assert await store.run(documents.forget_expired, clock.now, 100) == 1
    await store.run(documents.forget_unfinished, clock.now)
    assert await store.look(pages_kept) == 2  # an upload may still be under way
    clock.move(2 * DAY)
    await store.run(documents.forget_unfinished, clock.now)
    assert await store.look(pages_kept) == 1
    assert await download(store, lives.id, clock.now) == b"data"


async def begin(store: Store, now: int) -> Document:
    """Start a document that is built."""
    return await store.run(builds.start, OWNER, "a.csv", now, account=ACCOUNT, dialect="ovh", work=b"w")


async def test_a_document_is_built_page_by_page(store: Store, clock: Clock) -> None:
    made = await begin(store, clock.now)
    assert await store.look(builds.running) == [made.id]
    pages = [Page(b"x" * (PAGE + 10), 7, False), Page(b"", 9, False), Page(b"end", 9, True)]
    for page, more, after in zip(pages, (True, True, False), (0, 7, 9), strict=True):
        build = await store.look(builds.find, made.id, clock.now)
        assert build is not None
        assert (build.dialect, build.work, build.after, build.document.status) == ("ovh", b"w", after, "building")
        assert await store.run(builds.add, build, page, clock.now) is more
        assert await store.run(builds.add, build, page, clock.now) is False  # a page is written once
    assert await store.look(builds.running) == []
    assert await download(store, made.id, clock.now) == b"x" * (PAGE + 10) + b"end"
    found = await store.look(documents.find, made.id, clock.now)
    assert found is not None
    assert (found.status, found.size, found.validated) == ("ready", PAGE + 13, clock.now)


async def test_a_document_that_is_deleted_or_given_up_is_built_no_further(store: Store, clock: Clock) -> None:
    gone, failed = await begin(store, clock.now), await begin(store, clock.now)
    build = await store.look(builds.find, gone.id, clock.now)
    assert build is not None
    await store.run(documents.delete, gone.id)
    assert not await store.run(builds.add, build, Page(b"x", 1, False), clock.now)
    await store.run(builds.fail, failed.id)
    found = await store.look(documents.find, failed.id, clock.now)
    assert found is not None
    assert (found.status, found.ready) == ("failed", False)
    assert await store.look(builds.running) == []
    assert await store.look(pages_kept) == 0


async def test_documents_of_a_node_that_is_gone_are_taken_over(store: Store, clock: Clock) -> None:
    made = await begin(store, clock.now)
    await store.run(give_away, made.id)
    assert await store.look(builds.running) == []
    assert await store.look(builds.find, made.id, clock.now) is None
    assert await store.run(progress.adopt, 7, clock.now, 100) == (0, 1)
    assert await store.look(builds.running) == [made.id]


async def give_away(tx: Tx, id: int) -> None:
    """Let a document belong to another node."""
    tx.write("UPDATE builds SET node = 7 WHERE document = ?1", id)
