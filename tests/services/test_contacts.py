"""Phone books and the contacts in them, on both stores."""

import pytest
from tests.store.world import ONE, TWO, furnish
from tests.support import Clock

from depesza.services import contacts, documents
from depesza.services.accounts import Unknown
from depesza.services.contacts import Full, Person
from depesza.store.contract import Store

pytestmark = pytest.mark.anyio

ZOE = Person(("Amis", "Lyon"), "Zoé", "D'Or", {"mobile": "+33601020304", "work": "+33101020304"})
JAN = Person((), "Jan", "", {})


async def test_people_are_put_into_a_book_and_read_page_by_page(store: Store, clock: Clock) -> None:
    await store.run(furnish)
    book = await store.run(contacts.create_book, ONE, "Clients", clock.now)
    clock.move(1)
    first, second = await store.run(contacts.add, ONE, book, [ZOE, JAN], clock.now)
    third = (await store.run(contacts.add, ONE, book, [ZOE], clock.now))[0]
    assert await store.look(contacts.contacts, book) == [first, second, third]
    found = await store.look(contacts.contact, book, first)
    assert found is not None
    assert (found.id, found.groups, found.name, found.surname, found.phones) == (first, *_fields(ZOE))
    page = await store.look(contacts.page, book, first, 1)
    assert [(row.id, row.name) for row in page] == [(second, "Jan")]
    shown = await store.look(contacts.book, ONE, book)
    assert shown is not None
    assert (shown.name, shown.created, shown.changed) == ("Clients", clock.now - 1_000_000, clock.now)


def _fields(person: Person) -> tuple[object, ...]:
    return person.groups, person.name, person.surname, person.phones


async def test_contacts_change_and_go(store: Store, clock: Clock) -> None:
    book = await store.run(contacts.create_book, ONE, "Clients", clock.now)
    other = await store.run(contacts.create_book, ONE, "Others", clock.now)
    first, second = await store.run(contacts.add, ONE, book, [ZOE, JAN], clock.now)
    clock.move(1)
    await store.run(contacts.change, book, second, ZOE, clock.now)
    found = await store.look(contacts.contact, book, second)
    assert found is not None
    assert _fields(found) == _fields(ZOE)
    await store.run(contacts.delete, book, first, clock.now)
    assert await store.look(contacts.contacts, book) == [second]
    for missing in (first, 17):
        assert await store.look(contacts.contact, book, missing) is None
        with pytest.raises(Unknown):
            await store.run(contacts.change, book, missing, JAN, clock.now)
        with pytest.raises(Unknown):
            await store.run(contacts.delete, book, missing, clock.now)
    assert await store.look(contacts.contact, other, second) is None


async def test_a_book_belongs_to_its_account_and_takes_all_along(store: Store, clock: Clock) -> None:
    book = await store.run(contacts.create_book, ONE, "Clients", clock.now)
    kept = await store.run(contacts.create_book, TWO, "Theirs", clock.now)
    await store.run(contacts.add, ONE, book, [ZOE], clock.now)
    topic = (await store.look(contacts.book, ONE, book)).topic  # type: ignore[union-attr]
    await store.run(documents.create, 100, "a.csv", clock.now, account=ONE, topic=topic)
    assert await store.look(contacts.books, ONE) == [book]
    assert await store.look(contacts.book, TWO, book) is None
    for service, args in (
        (contacts.rename_book, ("x",)),
        (contacts.delete_book, ()),
        (contacts.add, ([ZOE], clock.now)),
    ):
        with pytest.raises(Unknown):
            await store.run(service, TWO, book, *args)  # type: ignore[arg-type]
    await store.run(contacts.rename_book, ONE, book, "Amis")
    assert (await store.look(contacts.book, ONE, book)).name == "Amis"  # type: ignore[union-attr]
    await store.run(contacts.delete_book, ONE, book)
    assert await store.look(contacts.contacts, book) == []
    assert await store.look(documents.list_topic, ONE, topic, clock.now) == []
    assert await store.look(contacts.books, TWO) == [kept]


async def test_a_full_book_takes_nobody(store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contacts, "MOST", 2)
    book = await store.run(contacts.create_book, ONE, "Clients", clock.now)
    await store.run(contacts.add, ONE, book, [ZOE], clock.now)
    with pytest.raises(Full):
        await store.run(contacts.add, ONE, book, [ZOE, JAN], clock.now)
    assert len(await store.look(contacts.contacts, book)) == 1
