"""Messages that a client names again: asked about, taken back, replaced while they wait.

A client's name for a message is its id, or a name of the client's own in `client_refs`, where the newest wins.
A message that is replaced is taken back without a word, and another goes under its name.
"""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from depesza.core import planning
from depesza.core.facts import Account, Facts
from depesza.core.fairness import Lanes
from depesza.core.lifecycle import News
from depesza.core.model import State, Submission
from depesza.core.planning import Policy
from depesza.services import progress, refs
from depesza.services.submit import submit
from depesza.store.foreseen import foreseeing
from depesza.store.tx import Row, Tx

MOST = 1_000
"""Messages that one request takes back."""
_WAITING = (State.SCHEDULED, State.QUEUED, State.HELD)
_GUARD = refs.Guard()


class Named(Struct, frozen=True, gc=False):
    """A message as it stands."""

    id: int
    receiver: str
    sender: str
    state: State
    refusal: str
    done: int
    callback: str
    alphabet: str
    due: int
    expires: int

    @property
    def waits(self) -> bool:
        """Whether it can still be taken back."""
        return self.state in _WAITING


class Taken(Struct, frozen=True, gc=False):
    """What became of a submission that has a name."""

    name: str
    messages: tuple[tuple[str, int], ...]
    """Receivers (E.164) and their messages' ids."""
    refused: tuple[tuple[str, str], ...]
    """Receivers that are refused and written down as such, and why."""


_COLUMNS = (
    "m.id, m.receiver, s.sender, m.state, m.refusal, m.done, s.callback, s.alphabet, s.due, m.expires"
    " FROM messages m JOIN submissions s ON s.id = m.submission"
)


async def find(tx: Tx, account: int, name: str) -> Named | None:
    """Find the message that an account calls so."""
    rows = await tx.query(
        "SELECT message FROM client_refs WHERE account = ?1 AND ref = ?2 ORDER BY message DESC LIMIT 1", account, name
    )
    id = int(rows[0][0]) if rows else _number(name)
    found = await tx.query(f"SELECT {_COLUMNS} WHERE m.id = ?1 AND m.account = ?2", id, account) if id else []
    return _named(found[0]) if found else None


async def waiting(tx: Tx, account: int, receiver: str) -> list[Named]:
    """Find what still waits for a receiver."""
    states = ", ".join(str(int(state)) for state in _WAITING)
    rows = await tx.query(
        f"SELECT {_COLUMNS} WHERE m.state IN ({states}) AND m.account = ?1 AND m.receiver = ?2 ORDER BY m.id"
        f" LIMIT {MOST}",
        account,
        receiver,
    )
    return [_named(row) for row in rows]


async def cancel(tx: Tx, account: int, ids: Sequence[int], now: int) -> int:
    """Take messages of an account back; gives how many still waited."""
    rows = await tx.query(f"SELECT id FROM messages WHERE account = ?1 AND id IN ({_joined(ids)})", account)
    return len(await progress.end(tx, [row[0] for row in rows], News.CANCEL, "cancelled", now))


async def take(
    tx: Tx, account: Account, submission: Submission, name: str, counts: bool, lanes: Lanes, policy: Policy, now: int
) -> Taken:
    """Take a submission under a name: the one given, the account's next one where it counts, or else an id of ours.

    Raises as `submit` does; where the account counts, what nobody can pay is written down as refused instead.
    """
    if counts:
        return _taken(await refs.send(tx, account, submission, name, (), _GUARD, lanes, policy, now))
    name = name or str(tx.new_id())
    accepted = await submit(tx, account, msgspec.structs.replace(submission, tag=name), lanes, policy, now)
    for message, receiver in zip(accepted.ids, accepted.valid, strict=True):
        tx.insert("client_refs", (account.id, name, receiver, message, ""))
    return Taken(name, tuple(zip(accepted.valid, accepted.ids, strict=True)), ())


def _counted(facts: Facts, account: Account, submissions: Sequence[Submission], *_: object) -> list[tuple[int, str]]:
    return [key for submission in submissions for key in refs.tallies(facts, account, submission, "", (), _GUARD)]


@foreseeing(_counted)
async def count_each(
    tx: Tx, account: Account, submissions: Sequence[Submission], lanes: Lanes, policy: Policy, now: int
) -> list[Taken]:
    """Take submissions under the next ids of an account that counts, as `take` does.

    What one of them raises ends all: what was counted for it must not stay.
    """
    return [
        _taken(await refs.send(tx, account, submission, "", (), _GUARD, lanes, policy, now))
        for submission in submissions
    ]


def _taken(sent: refs.Sent) -> Taken:
    good = tuple((row.receiver, row.message) for row in sent.rows if not row.refusal)
    return Taken(sent.ref, good, tuple((row.receiver, row.refusal) for row in sent.rows if row.refusal))


async def replace(
    tx: Tx,
    account: Account,
    ids: Sequence[int],
    submission: Submission,
    name: str,
    counts: bool,
    lanes: Lanes,
    policy: Policy,
    now: int,
) -> Taken | None:
    """Take messages back without a word and send another under their name; None when none of them waits any more."""
    if not await _withdraw(tx, ids, now):
        return None
    return await take(tx, account, submission, name, counts, lanes, policy, now)


async def supersede(
    tx: Tx, account: Account, submission: Submission, counts: bool, lanes: Lanes, policy: Policy, now: int
) -> Taken:
    """Send in the place of what still waits for the same receivers from the same sender; raises as `take` does."""
    targets, _ = planning.read_receivers(submission.receivers, policy)
    for target in targets:
        for found in await waiting(tx, account.id, target.e164):
            if not submission.sender or found.sender == submission.sender:
                await _withdraw(tx, [found.id], now)
    return await take(tx, account, submission, "", counts, lanes, policy, now)


async def _withdraw(tx: Tx, ids: Sequence[int], now: int) -> int:
    gone = 0
    for row in await tx.rows_for("find_messages", [(id,) for id in ids]):
        found = progress.found_of(row)
        found.callback = "smpp:"  # nobody wishes for anything there
        gone += await progress.step(tx, found, News.CANCEL, now, reason="cancelled")
    return gone


def _named(row: Row) -> Named:
    return Named(row[0], row[1], row[2], State(row[3]), *row[4:])


def _number(name: str) -> int:
    return int(name) if name.isascii() and name.isdigit() and len(name) < 17 else 0


def _joined(ids: Sequence[int]) -> str:
    return ", ".join(map(str, ids))
