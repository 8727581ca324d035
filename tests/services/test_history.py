"""What became of messages, found by the client's ids and page by page. spec: smsc/3.1 smsc/3.11"""

from time import perf_counter

import pytest
from tests.store.world import ONE, OUT, POLICY, TWO, balance, furnished
from tests.support import NOW, Clock

from depesza.core.facts import Sender
from depesza.core.fairness import Lanes
from depesza.core.ids import first_at
from depesza.core.lookup import Finding
from depesza.core.model import MICRO, Channel, Inbound, State, Submission
from depesza.core.pricing import Price
from depesza.services import audit, history, inbox, lookups, refs
from depesza.services.history import Search, Sums, Undeletable
from depesza.services.refs import UNGUARDED
from depesza.store.contract import Store
from depesza.store.opening import open_store
from depesza.store.tx import Row, Tx

pytestmark = pytest.mark.anyio

FIRST, SECOND = "+33601020304", "+33601020305"
MANY = 200_000


async def send(
    store: Store, *receivers: str, account: int = ONE, ref: str = "a", now: int = NOW, **other: object
) -> None:
    """Send a text that waits an hour, so that nothing else happens to it."""
    usual: dict[str, object] = {"dialect": "smsc", "sender": "", "text": "Hello", "due": NOW + 3_600 * MICRO}
    submission = Submission(receivers=receivers, **{**usual, **other})  # type: ignore[arg-type]
    taker = store.facts.account[ONE]
    await store.run(refs.send, taker, submission, ref, ("a comment",), UNGUARDED, Lanes(), POLICY, NOW)


async def ids(store: Store, search: Search, limit: int = 10) -> list[str]:
    """List the receivers of a page."""
    return [item.receiver for item in await store.look(history.page, ONE, search, limit)]


async def test_messages_and_look_ups_are_found_by_their_names(store: Store) -> None:
    await furnished(store)
    await store.run(_price_lookups)
    await send(store, FIRST, SECOND)
    await send(store, FIRST, ref="hlr", channel=Channel.HLR, due=0)
    (asked,) = await store.look(lookups.waiting, 0, 10)
    found = Finding(msisdn=FIRST, valid=True, reachable=True, imsi="208150000000001")
    await store.run(lookups.settle, {asked.id: found}, NOW + 5)
    names = [("a", SECOND), ("b", FIRST), ("hlr", FIRST), ("a", FIRST)]
    second, nobody, looked_up, first = await store.look(history.named, ONE, names)
    assert nobody is None and first is not None and second is not None and looked_up is not None
    assert (first.receiver, second.receiver, first.ref, first.comment) == (FIRST, SECOND, "a", "a comment")
    assert (first.state, first.text, first.left, first.changed) == (State.SCHEDULED, "Hello", NOW + 3_600 * MICRO, NOW)
    assert (looked_up.state, looked_up.finding, looked_up.changed) == (State.DELIVERED, found, NOW + 5)
    assert await store.look(history.named, TWO, names) == [None] * 4
    assert await ids(store, Search()) == [FIRST, SECOND, FIRST]
    assert await ids(store, Search(before=looked_up.id, receivers=(FIRST,))) == [FIRST]
    assert await ids(store, Search(), 2) == [FIRST, SECOND]
    assert await ids(store, Search(until=NOW)) == await ids(store, Search(mail=True)) == []
    sums = await store.look(history.sums, store.facts.account[ONE], 0, NOW + MICRO)
    assert sums == Sums(3, 2 * MICRO + MICRO // 10, 100 * MICRO, 98 * MICRO - MICRO // 10)


async def _price_lookups(tx: Tx) -> None:
    tx.put("prices", Price(id=901, micro=MICRO // 10, channel=Channel.HLR))


async def test_what_waits_is_taken_back_when_it_is_deleted(store: Store) -> None:
    await furnished(store)
    before = await store.look(balance)
    await send(store, FIRST, SECOND)
    with pytest.raises(Undeletable):
        await store.run(history.delete, ONE, [("a", FIRST), ("b", FIRST)], NOW)
    with pytest.raises(Undeletable):
        await store.run(history.delete, TWO, [("a", FIRST)], NOW)
    assert await ids(store, Search()) == [SECOND, FIRST]
    await store.run(history.delete, ONE, [("a", FIRST), ("a", SECOND)], NOW)
    assert await ids(store, Search()) == []
    assert await store.look(history.named, ONE, [("a", FIRST)]) == [None]
    assert await store.look(balance) == before
    assert (await store.look(audit.audit, 0)).clean


async def test_texts_that_came_in_are_read_from_either_end(store: Store, clock: Clock) -> None:
    await furnished(store)
    await store.run(_own, "+33700000001")
    texts = [Inbound(OUT, FIRST, "33700000001", str(n), clock.now + n) for n in range(4)]
    first, *_ = await store.run(inbox.take_inbound, texts, POLICY, clock.now)
    read = history.received
    assert [row.text for row in await store.look(read, ONE, 0, 0, "", 3)] == ["3", "2", "1"]
    assert [row.text for row in await store.look(read, ONE, 0, first, "+33700000001", 2)] == ["2", "1"]
    assert [row.text for row in await store.look(read, ONE, clock.now + 3, 0, "", 9)] == ["3"]
    assert await store.look(read, ONE, 0, 0, "33700000002", 9) == await store.look(read, TWO, 0, 0, "", 9) == []


async def _own(tx: Tx, name: str) -> None:
    tx.put("senders", Sender(account=ONE, name=name, kind="virtual"))


async def _fill(tx: Tx) -> None:
    """Write many messages."""
    start = first_at(NOW)
    tx.write(
        "INSERT INTO submissions SELECT 1, ?3, 0, 'smsc', ?1, 'me', 'Hello', 'a', '', -1, 2, 0, 0, 0, '', ?2, '',"
        " '', '', '', ''",
        NOW, MANY, ONE,
    )  # fmt: skip
    tx.write(
        "INSERT INTO messages WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?1 - 1)"
        " SELECT ?2 + i, ?3, 0, 1, '+336' || (10000000 + i), NULL, 1, 1000000, 10, 2, 0, 0, 0, 1, 1, 0, 1, '',"
        " 0, 0, 0, 0 FROM n",
        MANY, start, ONE,
    )  # fmt: skip


async def _plan(tx: Tx, sql: str, *params: int) -> list[Row]:
    return await tx.query(f"EXPLAIN QUERY PLAN {sql}", *params)


async def test_a_page_of_many_reads_no_more_than_itself(sqlite_url: str, clock: Clock) -> None:
    store = await open_store(sqlite_url, clock)
    await store.join(12_000_000)
    await furnished(store)
    await store.run(_fill)
    search = Search(since=NOW - MICRO, until=NOW + MICRO, before=first_at(NOW) + MANY // 2)
    began = perf_counter()
    page = await store.look(history.page, ONE, search, 1_000)
    took = perf_counter() - began
    assert [item.id for item in page] == list(range(search.before - 1, search.before - 1_001, -1))
    assert took < 0.5
    for statement in (history._messages_of(ONE, search, 1_000), history._lookups_of(ONE, search, 1_000)):
        plan = [str(row[-1]) for row in await store.look(_plan, *statement)]
        assert plan[0].endswith("_account (account=? AND id>? AND id<?)"), plan
        assert all(line.startswith("SEARCH ") for line in plan), plan
    began = perf_counter()
    (item,) = await store.look(history.page, ONE, Search(receivers=("+33610000007",)), 1_000)
    assert item.receiver == "+33610000007" and perf_counter() - began < 1.5
    await store.close()
