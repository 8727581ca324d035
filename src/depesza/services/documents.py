"""Files of owners: what clients upload and what we write for them, kept in pages so that none is held whole.

A file's content is written page by page beside the one that is shown, each page in a commit of its own, and takes
its place at once when it is complete. What is never completed is forgotten by the keeper. spec: ovh/1.5.4
"""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from depesza.core.ids import first_at
from depesza.core.model import MICRO
from depesza.store.tx import Row, Tx

PAGE = 256 * 1024
"""Octets of a page at most."""
UNFINISHED = 86_400 * MICRO
"""How long an upload may take before its pages are forgotten."""

EMPTY, BUILDING, READY, FAILED = "empty", "building", "ready", "failed"

_COLUMNS = (
    "id, owner, account, topic, name, description, tags, status, content, pages, size, created, expires, validated"
)
_ALIVE = "(expires = 0 OR expires > ?1)"
_tags = msgspec.json.Decoder(tuple[tuple[str, str], ...]).decode
_encode = msgspec.json.Encoder().encode


class Document(Struct, frozen=True):
    """A file."""

    id: int
    owner: int
    account: int
    """0 when it belongs to no account."""
    topic: str
    """What it belongs to, such as `sender MyApp`; empty for the owner's own files."""
    name: str
    description: str
    tags: tuple[tuple[str, str], ...]
    status: str
    """`empty`, `building`, `ready` or `failed`."""
    content: int
    """Whose pages are shown."""
    pages: int
    size: int
    """Octets; while it is being built, those written so far."""
    created: int
    expires: int
    """When it goes away; 0: never."""
    validated: int
    """When its content was complete; 0: not yet."""

    @property
    def ready(self) -> bool:
        """Tell whether there is something to read."""
        return self.status == READY


async def create(
    tx: Tx,
    owner: int,
    name: str,
    now: int,
    *,
    account: int = 0,
    topic: str = "",
    description: str = "",
    tags: Sequence[tuple[str, str]] = (),
    expires: int = 0,
    status: str = EMPTY,
) -> Document:
    """Make a file without content."""
    made = Document(
        tx.new_id(), owner, account, topic, name, description, tuple(tags), status, tx.new_id(), 0, 0, now, expires, 0
    )
    marks = ", ".join(f"?{n}" for n in range(1, 15))
    values = (made.id, owner, account, topic, name, description, _encode(made.tags).decode(), status)
    tx.write(f"INSERT INTO documents ({_COLUMNS}) VALUES ({marks})", *values, made.content, 0, 0, now, expires, 0)
    return made


# content, page by page


async def new_content(tx: Tx) -> int:
    """Begin a content that is not shown yet."""
    return tx.new_id()


async def add_page(tx: Tx, content: int, n: int, data: bytes) -> None:
    """Write a page of a content; pages are counted from 0 and hold at most `PAGE` octets."""
    if len(data) > PAGE:
        raise ValueError(f"a page of {len(data)} octets")
    tx.write("INSERT INTO document_pages (content, n, data) VALUES (?1, ?2, ?3)", content, n, data)


async def show_content(tx: Tx, id: int, content: int, pages: int, size: int, now: int) -> bool:
    """Let a complete content take the place of the one that was there; False when the file is gone."""
    rows = await tx.query("SELECT content FROM documents WHERE id = ?1", id)
    if not rows:
        _drop_content(tx, content)
        return False
    _drop_content(tx, rows[0][0])
    tx.write(
        "UPDATE documents SET content = ?2, pages = ?3, size = ?4, validated = ?5, status = ?6 WHERE id = ?1",
        id, content, pages, size, now, READY,
    )  # fmt: skip
    return True


async def create_whole(
    tx: Tx, owner: int, name: str, data: bytes, now: int, *, account: int = 0, topic: str = "", expires: int = 0
) -> Document:
    """Make a file with all its content, which must fit into memory and into one commit."""
    made = await create(tx, owner, name, now, account=account, topic=topic, expires=expires, status=READY)
    starts = range(0, len(data), PAGE)
    for n, start in enumerate(starts):
        await add_page(tx, made.content, n, data[start : start + PAGE])
    tx.write(
        "UPDATE documents SET pages = ?2, size = ?3, validated = ?4 WHERE id = ?1", made.id, len(starts), len(data), now
    )
    return made


async def read_page(tx: Tx, content: int, n: int) -> bytes:
    """Read a page; nothing behind the last one, or when the content was replaced meanwhile."""
    rows = await tx.query("SELECT data FROM document_pages WHERE content = ?1 AND n = ?2", content, n)
    return bytes(rows[0][0]) if rows else b""


def _drop_content(tx: Tx, content: int) -> None:
    tx.write("DELETE FROM document_pages WHERE content = ?1", content)


# found, changed, deleted; what has expired is gone


async def find(tx: Tx, id: int, now: int) -> Document | None:
    """Read one file, whoever owns it."""
    rows = await tx.query(f"SELECT {_COLUMNS} FROM documents WHERE {_ALIVE} AND id = ?2", now, id)
    return _document(rows[0]) if rows else None


async def show(tx: Tx, owner: int, id: int, now: int, scope: frozenset[int] | None = None) -> Document | None:
    """Read one of an owner's own files; with a `scope` it must belong to one of these accounts."""
    found = await find(tx, id, now)
    if found is None or found.owner != owner or found.topic:
        return None
    return found if scope is None or found.account in scope else None


async def list_own(tx: Tx, owner: int, now: int, scope: frozenset[int] | None = None) -> list[int]:
    """List an owner's own files, the newest first; with a `scope` those of these accounts only."""
    rows = await tx.query(
        f"SELECT id, account FROM documents WHERE {_ALIVE} AND owner = ?2 AND topic = '' ORDER BY id DESC", now, owner
    )
    return [id for id, account in rows if scope is None or account in scope]


async def list_topic(tx: Tx, account: int, topic: str, now: int) -> list[Document]:
    """List the files that belong to something of an account, the newest first."""
    rows = await tx.query(
        f"SELECT {_COLUMNS} FROM documents WHERE {_ALIVE} AND account = ?2 AND topic = ?3 ORDER BY id DESC",
        now,
        account,
        topic,
    )
    return [_document(row) for row in rows]


def _document(row: Row) -> Document:
    return Document(*(*row[:6], _tags(row[6]), *row[7:]))


async def change(tx: Tx, id: int, name: str, description: str, expires: int) -> None:
    """Change what an owner may change of a file."""
    tx.write(
        "UPDATE documents SET name = ?2, description = ?3, expires = ?4 WHERE id = ?1", id, name, description, expires
    )


async def delete(tx: Tx, id: int) -> None:
    """Delete a file with its content; one that is being built is built no further."""
    rows = await tx.query("SELECT content FROM documents WHERE id = ?1", id)
    for (content,) in rows:
        _drop(tx, id, content)


async def delete_topic(tx: Tx, account: int, topic: str) -> None:
    """Delete the files of something that goes away itself."""
    rows = await tx.query("SELECT id, content FROM documents WHERE account = ?1 AND topic = ?2", account, topic)
    for id, content in rows:
        _drop(tx, id, content)


def _drop(tx: Tx, id: int, content: int) -> None:
    tx.write("DELETE FROM builds WHERE document = ?1", id)
    tx.write("DELETE FROM documents WHERE id = ?1", id)
    _drop_content(tx, content)


async def forget_expired(tx: Tx, now: int, limit: int) -> int:
    """Delete a page of files whose time is over; gives how many."""
    rows = await tx.query(
        "SELECT id, content FROM documents WHERE expires > 0 AND expires <= ?1 ORDER BY id LIMIT ?2", now, limit
    )
    for id, content in rows:
        _drop(tx, id, content)
    return len(rows)


async def forget_orphans(tx: Tx) -> None:
    """Let go of the files that belong to a sender or an account that is gone."""
    tx.write(
        "UPDATE documents SET expires = 1 WHERE topic <> '' AND ("
        " NOT EXISTS (SELECT 1 FROM accounts WHERE accounts.id = documents.account)"
        " OR (topic LIKE 'sender %' AND NOT EXISTS (SELECT 1 FROM senders WHERE senders.account = documents.account"
        " AND 'sender ' || senders.name = documents.topic)))"
    )


async def forget_unfinished(tx: Tx, now: int) -> None:
    """Delete the pages of uploads that were never completed."""
    tx.write(
        "DELETE FROM document_pages WHERE content < ?1"
        " AND NOT EXISTS (SELECT 1 FROM documents WHERE documents.content = document_pages.content)",
        first_at(now - UNFINISHED),
    )
