"""Attempts on phones as rows, and what submissions ask of phones. spec: devices/5"""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from depesza.core.devices import NO_WISH, AttemptState, Reason, Wish
from depesza.core.reclaim import Past
from depesza.store.tx import Row, Tx

COLUMNS = (
    "id, message, account, receiver, connector, device, sim, slot, parts, state, open, n, at, offered, accepted,"
    " submitted, sent, done, valid, lease, reason, error, reference, counted, late"
)
_wish = msgspec.json.Decoder(Wish).decode
_text_of = msgspec.json.Encoder().encode


class Attempt(Struct, gc=False):
    """One message on one SIM; its fields follow the steps made in this service."""

    id: int
    message: int
    account: int
    receiver: str
    connector: int
    device: int
    sim: int
    slot: int
    parts: int
    state: AttemptState
    open: int
    """1 while its end decides what becomes of its message."""
    n: int
    """Which attempt of its message on phones, from 1."""
    at: int
    """When the SIM was given it."""
    offered: int
    """When its phone first saw it; 0 while it has not."""
    accepted: int
    submitted: int
    sent: int
    done: int
    valid: int
    """The phone's own fence: after that it does not send."""
    lease: int
    """When it is looked at next; 0 when nothing is awaited."""
    reason: str
    error: str
    """The phone's own words."""
    reference: str
    """The modem's or adapter's own number for it."""
    counted: int
    """1 while its parts count against its SIM's limits."""
    late: int
    """1 once a report came after it was given up."""

    @property
    def past(self) -> Past:
        """What a further attempt has to know of it."""
        return Past(self.sim, self.device, Reason(self.reason), self.state, self.done)


def attempt_of(row: Row) -> Attempt:
    """Read an attempt from `COLUMNS`."""
    return Attempt(*(*row[:9], AttemptState(row[9]), *row[10:25]))


async def of_message(tx: Tx, message: int) -> list[Attempt]:
    """List the attempts of a message on phones, the oldest first."""
    rows = await tx.query(f"SELECT {COLUMNS} FROM device_attempts WHERE message = ?1 ORDER BY id", message)
    return [attempt_of(row) for row in rows]


async def find(tx: Tx, id: int) -> Attempt | None:
    """Find an attempt."""
    rows = await tx.query(f"SELECT {COLUMNS} FROM device_attempts WHERE id = ?1", id)
    return attempt_of(rows[0]) if rows else None


async def wishes(tx: Tx, submissions: Sequence[int]) -> dict[int, Wish]:
    """Read what submissions ask of phones, where they ask something."""
    if not submissions:
        return {}
    among = ", ".join(map(str, sorted(set(submissions))))
    rows = await tx.query(f"SELECT submission, wish FROM device_wishes WHERE submission IN ({among})")
    return {row[0]: _wish(row[1]) for row in rows}


def wish(tx: Tx, submission: int, wished: Wish) -> None:
    """Write down what a submission asks of phones; in the service that takes the submission."""
    if wished != NO_WISH:
        tx.write(
            "INSERT INTO device_wishes (submission, wish) VALUES (?1, ?2)"
            " ON CONFLICT (submission) DO UPDATE SET wish = excluded.wish",
            submission,
            _text_of(wished).decode(),
        )
