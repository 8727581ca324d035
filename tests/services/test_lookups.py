"""Numbers asked about: charged together, answered one by one, given back where nobody could answer."""

import pytest
from tests.store.world import ONE, TWO, balance, furnished
from tests.support import NOW

from depesza.core.facts import User
from depesza.core.ledger import NotEnoughCredits
from depesza.core.lookup import Finding
from depesza.core.model import MICRO
from depesza.services import audit, lookups, retention, users
from depesza.services.lookups import Progress
from depesza.store.contract import Store

pytestmark = pytest.mark.anyio

TENTH = MICRO // 10
FIRST, SECOND = "+33601020304", "+33601020305"


async def ask(store: Store, *numbers: str) -> lookups.Asked:
    return await store.run(lookups.ask, store.facts.account[ONE], numbers, TENTH, NOW)


async def test_a_request_is_charged_as_one_and_answered_number_by_number(store: Store) -> None:
    await furnished(store)
    asked = await ask(store, FIRST, SECOND)
    assert (asked.price, asked.balance, len(asked.ids)) == (2 * TENTH, 100 * MICRO - 2 * TENTH, 2)
    assert [row.number for row in await store.look(lookups.waiting, 0, 10)] == [FIRST, SECOND]
    await store.run(lookups.claim, asked.ids, 201)
    assert await store.look(lookups.waiting, 0, 10) == []
    assert await store.look(lookups.progress, asked.request) == Progress(2, 2)
    found = Finding(msisdn=FIRST, valid=True, reachable=True, ported=True, mcc="208", mnc="15", imsi="208150000000001")
    await store.run(lookups.settle, {asked.ids[0]: found}, NOW + 5)
    shown = await store.look(lookups.show, ONE, asked.ids[0])
    assert shown is not None
    assert (shown.status, shown.connector, shown.done, shown.finding) == ("done", 201, NOW + 5, found)
    assert found.operator_code == "20815"
    assert await store.look(lookups.progress, asked.request) == Progress(2, 1)
    assert [row.id for row in await store.look(lookups.page, asked.request, asked.ids[0], 10)] == [asked.ids[1]]
    assert await store.look(lookups.listing, ONE) == [*reversed(asked.ids)]


async def test_what_nobody_could_answer_is_given_back_once(store: Store) -> None:
    await furnished(store)
    asked = await ask(store, FIRST, SECOND)
    await store.run(lookups.settle, {asked.ids[0]: None}, NOW)
    await store.run(lookups.settle, {asked.ids[0]: Finding(msisdn=FIRST, valid=True)}, NOW)
    shown = await store.look(lookups.show, ONE, asked.ids[0])
    assert shown is not None
    assert (shown.status, shown.finding) == ("error", None)
    assert await store.look(balance) == 100 * MICRO - TENTH
    assert (await store.look(audit.audit, 0)).clean


async def test_too_little_credit_asks_about_nobody(store: Store) -> None:
    await furnished(store, credits=0)
    with pytest.raises(NotEnoughCredits):
        await ask(store, FIRST)
    assert await store.look(lookups.listing, ONE) == []


async def test_another_account_sees_nothing(store: Store) -> None:
    await furnished(store)
    asked = await ask(store, FIRST)
    assert await store.look(lookups.show, TWO, asked.ids[0]) is None
    assert await store.look(lookups.listing, TWO) == []


async def test_what_a_crash_left_half_done_is_asked_again(store: Store) -> None:
    await furnished(store)
    asked = await ask(store, FIRST)
    await store.run(lookups.claim, asked.ids, 201)
    await store.run(lookups.again)
    assert [row.id for row in await store.look(lookups.waiting, 0, 10)] == list(asked.ids)


async def test_answers_are_forgotten_with_their_time_and_open_questions_are_not(store: Store) -> None:
    await furnished(store)
    asked = await ask(store, FIRST, SECOND)
    await store.run(lookups.settle, {asked.ids[0]: Finding(msisdn=FIRST, valid=True)}, NOW)
    await store.run(retention.forget_rest, asked.ids[1] + 1, NOW)
    assert await store.look(lookups.listing, ONE) == [asked.ids[1]]


async def test_what_a_user_paid_goes_to_the_account_once_the_user_is_gone(store: Store) -> None:
    await furnished(store)
    made = await store.run(users.create, User(id=0, account=ONE, login="till", password=""))
    await store.run(users.change, made.id, {}, users.Quota(True, MICRO), NOW)
    user = store.facts.user[made.id]
    asked = await store.run(lookups.ask, store.facts.account[ONE], [FIRST], TENTH, NOW, user)
    assert asked.balance == MICRO - TENTH
    await store.run(users.delete, user.id, NOW)
    await store.run(lookups.settle, {asked.ids[0]: None}, NOW)
    assert await store.look(balance) == 100 * MICRO
    assert (await store.look(audit.audit, 0)).clean
