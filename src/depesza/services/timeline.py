"""The life of one message as it is on disk: its row, its events, its carriers' ids, its credits, its callbacks."""

from msgspec import Struct

from depesza.core.model import Content, Entry, Message, State
from depesza.services import progress
from depesza.store.tx import Tx


class Event(Struct, frozen=True):
    """One line of the timeline."""

    id: int
    at: int
    kind: str
    """`taken`, `receipt`, `callback`, `maybe_sent`, the name of a refusal, or of the news that ended it."""
    detail: str
    data: bytes
    """PDUs, a receipt's text, or a callback's fact; empty when there is none."""


class Remote(Struct, frozen=True):
    """The carrier's id of one part."""

    connector: int
    remote: str
    part: int
    """0 when the message has one part."""
    state: State
    at: int


class Owed(Struct, frozen=True):
    """News owed to the client."""

    id: int
    kind: str
    url: str
    state: int
    """0 waits, 1 was taken, 2 was given up, 3 waits to be collected."""
    tries: int
    created: int
    due: int
    fact: bytes


class Timeline(Struct, frozen=True):
    """Everything known of a message."""

    message: Message
    sent: int
    done: int
    node: int
    events: tuple[Event, ...]
    remotes: tuple[Remote, ...]
    entries: tuple[Entry, ...]
    """The charge of its submission, its own refund."""
    notices: tuple[Owed, ...]
    comment: str = ""
    """What the client noted of it for itself."""

    @property
    def content(self) -> Content:
        """Its submission."""
        return self.message.content


async def read(tx: Tx, id: int) -> Timeline | None:
    """Gather all that is known of a message; None when there is no such message."""
    found = await progress.load(tx, [id])
    if not found:
        return None
    message = found[0]
    row = (await tx.query("SELECT sent, done, node FROM messages WHERE id = ?1", id))[0]
    return Timeline(
        message,
        row[0],
        row[1],
        row[2],
        await _events(tx, id),
        await _remotes(tx, id),
        await _entries(tx, id, message.content.id),
        await _notices(tx, id),
        await _comment(tx, id),
    )


async def _events(tx: Tx, id: int) -> tuple[Event, ...]:
    rows = await tx.query("SELECT id, at, kind, detail, data FROM events WHERE message = ?1 ORDER BY at, id", id)
    return tuple(Event(row[0], row[1], row[2], row[3], bytes(row[4] or b"")) for row in rows)


async def _remotes(tx: Tx, id: int) -> tuple[Remote, ...]:
    """Read the carriers' ids: the timeline names them, their table is keyed by them."""
    rows = await tx.query("SELECT detail FROM events WHERE message = ?1 ORDER BY id", id)
    wanted: dict[tuple[int, str], None] = {}
    for (detail,) in rows:
        connector, *remotes = str(detail).split(" ")
        if connector.isdigit():
            wanted.update({(int(connector), remote): None for remote in remotes if remote})
    found = []
    for key in wanted:
        found += await tx.query(
            "SELECT connector, remote, part, state, at FROM remotes"
            " WHERE connector = ?1 AND remote = ?2 AND message = ?3",
            *key,
            id,
        )
    return tuple(Remote(row[0], row[1], row[2], State(row[3]), row[4]) for row in found)


async def _entries(tx: Tx, id: int, submission: int) -> tuple[Entry, ...]:
    rows = await tx.query(
        "SELECT id, at, kind, source, target, amount, ref, note FROM entries"
        " WHERE ref IN (?1, ?2) AND ref > 0 ORDER BY id",
        submission,
        id,
    )
    return tuple(Entry(*row) for row in rows)


async def _notices(tx: Tx, id: int) -> tuple[Owed, ...]:
    rows = await tx.query(
        "SELECT id, kind, url, state, tries, created, due, fact FROM notices WHERE id > ?1 AND message = ?1"
        " ORDER BY id",
        id,
    )
    return tuple(Owed(row[0], row[1], row[2], row[3], row[4], row[5], row[6], bytes(row[7] or b"")) for row in rows)


async def _comment(tx: Tx, id: int) -> str:
    rows = await tx.query("SELECT comment FROM client_refs WHERE message = ?1 AND comment <> ''", id)
    return str(rows[0][0]) if rows else ""
