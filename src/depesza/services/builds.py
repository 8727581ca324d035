"""Documents that take a while to write: written down as work, carried out page by page, each page with its mark.

A page and the mark of how far the document is go into one commit, so a crash neither skips nor doubles a row.
What the pages hold is the business of the dialect in which the document was asked for. spec: ovh/4.10
"""

from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct

from depesza.services import documents
from depesza.services.documents import BUILDING, FAILED, READY, Document
from depesza.store.tx import Tx


class Build(Struct, frozen=True):
    """A document that is being written."""

    document: Document
    dialect: str
    work: bytes
    """What is to be written, in the dialect's own terms."""
    after: int
    """The last row that is in the document; 0 before the first."""


class Page(Struct, frozen=True):
    """What comes next in a document."""

    data: bytes
    after: int
    last: bool


Writer = Callable[[Tx, Build], Awaitable[Page]]
"""A service that only reads: it writes a dialect's next page."""


async def start(
    tx: Tx,
    owner: int,
    name: str,
    now: int,
    *,
    account: int,
    dialect: str,
    work: bytes,
    topic: str = "",
    expires: int = 0,
) -> Document:
    """Make a document that is written in the background."""
    made = await documents.create(tx, owner, name, now, account=account, topic=topic, expires=expires, status=BUILDING)
    tx.write(
        "INSERT INTO builds (document, dialect, work, after, node) VALUES (?1, ?2, ?3, 0, ?4)",
        made.id,
        dialect,
        work,
        tx.node,
    )
    tx.work.builds.append(made.id)
    return made


async def running(tx: Tx) -> list[int]:
    """List the documents that this node has to write."""
    rows = await tx.query("SELECT document FROM builds WHERE node = ?1 ORDER BY document", tx.node)
    return [row[0] for row in rows]


async def find(tx: Tx, id: int, now: int) -> Build | None:
    """Read how far a document of this node is; None when there is nothing left to write."""
    rows = await tx.query("SELECT dialect, work, after FROM builds WHERE document = ?1 AND node = ?2", id, tx.node)
    document = await documents.find(tx, id, now)
    if not rows or document is None:
        return None
    dialect, work, after = rows[0]
    return Build(document, dialect, bytes(work), after)


async def add(tx: Tx, build: Build, page: Page, now: int) -> bool:
    """Write the page that follows; False when there is nothing more to write."""
    id, was = build.document.id, await find(tx, build.document.id, now)
    if was is None or was.after != build.after or was.document.pages != build.document.pages:
        return False  # deleted, or another node's by now
    pages = _cut(page.data)
    for n, data in enumerate(pages, was.document.pages):
        await documents.add_page(tx, was.document.content, n, data)
    tx.write(
        "UPDATE documents SET pages = ?2, size = ?3, status = ?4, validated = ?5 WHERE id = ?1",
        id,
        was.document.pages + len(pages),
        was.document.size + len(page.data),
        READY if page.last else BUILDING,
        now if page.last else 0,
    )
    if page.last:
        tx.write("DELETE FROM builds WHERE document = ?1", id)
    else:
        tx.write("UPDATE builds SET after = ?2 WHERE document = ?1", id, page.after)
    return not page.last


def _cut(data: bytes) -> Sequence[bytes]:
    return [data[start : start + documents.PAGE] for start in range(0, len(data), documents.PAGE)]


async def drop(tx: Tx, id: int) -> None:
    """Forget the work on a document that is gone, when it is this node's."""
    tx.write("DELETE FROM builds WHERE document = ?1 AND node = ?2", id, tx.node)


async def fail(tx: Tx, id: int) -> None:
    """Give a document up that can't be written."""
    tx.write("DELETE FROM builds WHERE document = ?1", id)
    tx.write("UPDATE documents SET status = ?2 WHERE id = ?1", id, FAILED)
