"""What hangs on messages and look-ups goes with them, and nothing else does."""

import pytest
from tests.store.world import ONE, POLICY, furnished, submission
from tests.support import NOW

from depesza.core.fairness import Lanes
from depesza.core.lifecycle import News
from depesza.core.lookup import Finding
from depesza.core.model import MICRO, Channel, Extras
from depesza.core.pricing import Price
from depesza.core.routing import Route
from depesza.services import attachments, documents, lookups, progress, refs, retention
from depesza.services.attachments import File
from depesza.services.refs import UNGUARDED, Sent
from depesza.store.contract import Store
from depesza.store.tx import Tx

pytestmark = pytest.mark.anyio

A, B = "+33601020304", "+33601020305"
FILES = (File("logo.png", "image/png", b"octets" * 60_000),)


async def furnish(tx: Tx) -> None:
    """Add prices and a route for more than texts."""
    tx.put("routes", Route(id=301, connectors=(201,), channel=Channel.MMS))
    tx.put("prices", Price(id=401, micro=MICRO, channel=Channel.MMS))
    tx.put("prices", Price(id=402, micro=MICRO, channel=Channel.HLR))


async def send(store: Store, ref: str, *receivers: str, files: tuple[File, ...] = ()) -> Sent:
    wish = submission(
        *receivers, dialect="smsc", channel=Channel.MMS if files else Channel.SMS, extras=Extras(subject="Hi")
    )
    account = store.facts.account[ONE]
    return await store.run(attachments.send, account, wish, files, ref, ("note",), UNGUARDED, Lanes(), POLICY, NOW)


async def finish(store: Store, *ids: int) -> None:
    await store.run(progress.claim, ids, 201)
    await store.run(progress.end, ids, News.FAILED, "undeliverable", NOW)


async def count(tx: Tx, table: str) -> int:
    return int((await tx.query(f"SELECT COUNT(*) FROM {table}"))[0][0])


async def test_clients_ids_and_files_go_with_their_messages(store: Store) -> None:
    await furnished(store)
    await store.run(furnish)
    old = await send(store, "7", A, files=FILES)
    both = await send(store, "8", A, B, files=FILES)
    kept = await send(store, "7", A)
    first, second = both.rows
    await finish(store, old.rows[0].message, first.message, kept.rows[0].message)
    limit = kept.rows[0].message
    assert await store.run(retention.forget, limit, 100) == 2
    await store.run(documents.forget_expired, NOW, 100)
    found = await store.look(refs.find, ONE, "7", A)
    assert found is not None
    assert (found.id, found.comment) == (kept.rows[0].message, "note")
    assert await store.look(refs.find, ONE, "8", A) is None
    assert await store.look(refs.find, ONE, "8", B) is not None
    assert await store.look(count, "client_refs") == 2
    assert await store.look(count, "documents") == 1  # the second message of `both` is on its way with it
    await finish(store, second.message)
    assert await store.run(retention.forget, limit, 100) == 1
    await store.run(documents.forget_expired, NOW, 100)
    assert await store.look(count, "documents") == 0
    assert await store.look(count, "document_pages") == 0


async def test_clients_ids_go_with_what_was_looked_up(store: Store) -> None:
    await furnished(store)
    await store.run(furnish)
    account = store.facts.account[ONE]
    wish = submission(A, B, dialect="smsc", channel=Channel.HLR)
    await store.run(refs.send, account, wish, "9", (), UNGUARDED, Lanes(), POLICY, NOW)
    first, second = sorted(await store.look(lookups.listing, ONE))
    await store.run(lookups.settle, {first: Finding(msisdn=A, valid=True)}, NOW)
    await store.run(retention.forget_rest, second + 1, NOW)
    assert await store.look(refs.find, ONE, "9", A) is None
    assert await store.look(refs.find, ONE, "9", B) is not None
