"""The log of callbacks: what it shows of each, how it is searched, kept, and put back."""

from collections.abc import Sequence

import pytest
from tests.store.world import ONE, TWO, furnished
from tests.support import NOW, Clock

from depesza.core.ids import first_at
from depesza.core.model import MICRO, Notice
from depesza.services import callbacks, notices, retention
from depesza.services.callbacks import DONE, GIVEN_UP, WAITING, Wanted
from depesza.services.notices import Tried
from depesza.store.contract import Store
from depesza.store.tx import Tx

pytestmark = pytest.mark.anyio

DAY = 86_400 * MICRO


async def owe(tx: Tx, account: int, url: str, message: int, at: int) -> Notice:
    notice = Notice(tx.new_id(), account, "ovh", "receipt", url, b"{}", message, at, at)
    tx.add_notice(notice)
    return notice


def answered(notice: Notice, tries: int, word: str, *, due: int = 0, took: int = 12_345) -> Tried:
    return Tried(notice, word == "200", tries, due, word, notice.created + 1, took)


@pytest.fixture
async def log(store: Store, clock: Clock) -> list[Notice]:
    """Four callbacks, a minute apart: taken at the second try, given up, waiting, and one of another account."""
    await furnished(store)
    made = []
    for account, url, message in (
        (ONE, "https://one.example/cb?x=1", 7),
        (ONE, "https://one.example:8443/cb", 0),
        (ONE, "https://one.example.org/one.example", 7),
        (TWO, "https://ONE.example/", 9),
    ):
        made.append(await store.run(owe, account, url, message, clock.now))
        clock.move(60)
    first, second, third, _ = made
    await store.run(notices.tried, [answered(first, 1, "503", due=clock.now + 5)], clock.now)
    clock.move(5)
    await store.run(notices.tried, [answered(first, 2, "200"), answered(second, 10, "timeout")], clock.now)
    refused = answered(third, 1, "forbidden address: 10.0.0.1 is not a public address", due=clock.now + 300 * MICRO)
    await store.run(notices.tried, [refused], clock.now)
    return made


async def ids(store: Store, wanted: Wanted, limit: int = 50) -> list[int]:
    return [found.notice.id for found in await store.look(callbacks.listed, wanted, limit)]


async def test_each_try_is_shown_with_its_answer_and_how_long_it_took(store: Store, log: list[Notice]) -> None:
    found = await store.look(callbacks.show, log[0].id)
    assert found is not None
    assert (found.state, found.notice.tries, found.notice.message) == (DONE, 2, 7)
    assert [(each.word, each.took, each.url) for each in found.tries] == [
        ("503", 12, "https://one.example/cb?x=1"),
        ("200", 12, "https://one.example/cb?x=1"),
    ]
    assert found.tries[1].at - found.tries[0].at == 5 * MICRO
    third = await store.look(callbacks.show, log[2].id)
    assert third is not None and third.state == WAITING
    assert [each.word for each in third.tries] == ["forbidden address: 10.0.0.1 is not a public address"]
    assert third.notice.due == third.tries[0].at + 300 * MICRO
    assert await store.look(callbacks.show, 5) is None


SEARCHES: list[tuple[Wanted, Sequence[int]]] = [
    (Wanted(), (3, 2, 1, 0)),
    (Wanted(account=TWO), (3,)),
    (Wanted(states=(WAITING,)), (3, 2)),
    (Wanted(states=(DONE, GIVEN_UP)), (1, 0)),
    (Wanted(since=NOW + 61 * MICRO), (3, 2)),
    (Wanted(host="one.example"), (3, 1, 0)),
    (Wanted(host="ONE.example:8443"), (1,)),
    (Wanted(host="one_example"), ()),
    (Wanted(account=ONE, states=(GIVEN_UP,), host="one.example"), (1,)),
]


@pytest.mark.parametrize(("wanted", "found"), SEARCHES)
async def test_the_log_is_searched(store: Store, log: list[Notice], wanted: Wanted, found: Sequence[int]) -> None:
    assert await ids(store, wanted) == [log[n].id for n in found]
    assert await store.look(callbacks.chosen, wanted) == [log[n].id for n in reversed(found)]


async def test_the_log_is_read_page_by_page_as_far_as_it_is_asked_for(store: Store, clock: Clock) -> None:
    await furnished(store)

    async def many(tx: Tx) -> list[int]:
        return [(await owe(tx, ONE, f"http://h{n % 2}.example/", 1, clock.now)).id for n in range(230)]

    made = await store.run(many)
    assert await ids(store, Wanted(host="h1.example"), 110) == made[1::2][:4:-1]
    assert await ids(store, Wanted(), 3) == made[:-4:-1]


async def test_what_is_put_back_is_due_at_once_with_all_its_tries(
    store: Store, log: list[Notice], clock: Clock
) -> None:
    clock.move(3600)
    wanted = [log[0].id, log[1].id, 5]
    assert await store.run(callbacks.replay, wanted, clock.now) == [log[0].id, log[1].id]
    due = {notice.id: notice for notice in await store.look(notices.due, clock.now, 10)}
    assert [(due[id].tries, due[id].due) for id in wanted[:2]] == [(0, clock.now)] * 2
    found = await store.look(callbacks.show, log[0].id)
    assert found is not None and found.state == WAITING
    assert len(found.tries) == 2, "what was tried before stays in the log"


async def test_one_that_waits_is_hurried_and_stays_with_its_node(store: Store, log: list[Notice], clock: Clock) -> None:
    async def give_away(tx: Tx) -> None:
        tx.write("UPDATE notices SET node = 30 WHERE id IN (?1, ?2)", log[1].id, log[2].id)

    await store.run(give_away)
    await store.run(callbacks.replay, [log[1].id, log[2].id], clock.now)

    async def nodes(tx: Tx) -> list[tuple[int, int]]:
        rows = await tx.query("SELECT node, due FROM notices WHERE id IN (?1, ?2) ORDER BY id", log[1].id, log[2].id)
        return [(row[0], row[1]) for row in rows]

    assert await store.look(nodes) == [(store.node, clock.now), (30, clock.now)]


async def test_only_what_is_over_is_forgotten_with_its_tries(store: Store, log: list[Notice], clock: Clock) -> None:
    assert await store.run(retention.forget_callbacks, first_at(NOW), 10) == 0
    oldest = first_at(clock.now + DAY)
    assert await store.run(retention.forget_callbacks, oldest, 1) == 1
    assert await store.run(retention.forget_callbacks, oldest, 10) == 1
    assert await ids(store, Wanted()) == [log[3].id, log[2].id]

    async def tries(tx: Tx) -> int:
        return int((await tx.query("SELECT COUNT(*) FROM events WHERE message = 0"))[0][0])

    assert await store.look(tries) == 0
