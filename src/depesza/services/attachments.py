"""Files that go with messages: kept as documents for as long as the message may be looked at. spec: smsc/2.1"""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from depesza.core.facts import Account
from depesza.core.fairness import Lanes
from depesza.core.model import MICRO, Attached, Submission
from depesza.core.planning import Policy
from depesza.services import documents, refs
from depesza.services.refs import Guard, Sent
from depesza.store.tx import Tx

TOPIC = "attachment"
"""What such a document belongs to, so that it is none of its owner's own files."""
KEPT = 62 * 86_400 * MICRO
"""How long after the message's time is over."""


class File(Struct, frozen=True, gc=False):
    """A file as it was given."""

    name: str
    media: str
    octets: bytes

    @property
    def unkept(self) -> Attached:
        """Name it while it is in no document."""
        return Attached("", self.name, self.media, len(self.octets))


async def send(
    tx: Tx,
    account: Account,
    submission: Submission,
    files: Sequence[File],
    ref: str,
    comments: Sequence[str],
    guard: Guard,
    lanes: Lanes,
    policy: Policy,
    now: int,
) -> Sent:
    """Take a submission with its files, as `refs.send` does."""
    assert submission.extras is not None
    kept = [await keep(tx, account, file, now, max(submission.expires, now) + KEPT) for file in files]
    extras = msgspec.structs.replace(submission.extras, files=tuple(kept))
    wanted = msgspec.structs.replace(submission, extras=extras)
    return await refs.send(tx, account, wanted, ref, comments, guard, lanes, policy, now)


async def keep(tx: Tx, account: Account, file: File, now: int, expires: int) -> Attached:
    """Write a file down as a document."""
    made = await documents.create_whole(
        tx, account.owner, file.name, file.octets, now, account=account.id, topic=TOPIC, expires=expires
    )
    return Attached(str(made.id), file.name, file.media, len(file.octets))


async def read(tx: Tx, file: Attached, now: int) -> bytes | None:
    """Read a file that was kept; None once it is not kept any more."""
    found = await documents.find(tx, int(file.document), now) if file.document else None
    if found is None:
        return None
    return b"".join([await documents.read_page(tx, found.content, n) for n in range(found.pages)])


def forget(tx: Tx, files: Sequence[Attached]) -> None:
    """Let go of files whose message is forgotten: the keeper takes them."""
    for file in files:
        if file.document:
            tx.write("UPDATE documents SET expires = 1 WHERE id = ?1 AND topic = ?2", int(file.document), TOPIC)
