"""Contact cards, their groups and the numbers that an account bars, on both stores. spec: smsc/3.7"""

import asyncio

import pytest
from tests.store.world import ONE, TWO, furnished
from tests.support import NOW

from depesza.core.optout import ASKED, MASS, SINGLE
from depesza.services import audit, bars, card_groups, cards, lists, retention
from depesza.services.accounts import Unknown
from depesza.services.card_groups import FIRST, MAILS, PHONES, Group
from depesza.services.cards import Address, Search
from depesza.store.contract import Conflict, Store
from depesza.store.tx import Tx

pytestmark = pytest.mark.anyio

ANNA, BORIS = Address("+79990000001"), Address("+79990000002", "boris@example.org")
MAIL = Address(mail="carl@example.org")


async def put(store: Store, *addresses: Address, groups: tuple[int, ...] | None = None, **fields: str) -> list[int]:
    return await store.run(cards.put, ONE, addresses, fields, groups, NOW)


async def found(store: Store, **wanted: object) -> list[cards.Card]:
    return await store.look(cards.search, ONE, Search(**wanted))  # type: ignore[arg-type]


async def test_a_card_is_written_and_written_again(store: Store) -> None:
    await furnished(store)
    (first,) = await put(store, ANNA, name="Anna", tags="friend", birthday="1983-07-17")
    (again,) = await put(store, ANNA, name="Anna B.")
    assert again == first
    (card,) = await found(store)
    assert card == cards.Card(first, number=ANNA.number, name="Anna B.", tags="friend", birthday="1983-07-17")
    assert await put(store, BORIS, MAIL, name="both") == [first + 1, first + 2]
    assert await store.look(cards.search, TWO, Search()) == []


async def test_a_card_changes_its_address_but_not_to_another_ones(store: Store) -> None:
    await furnished(store)
    await put(store, ANNA, BORIS)
    await store.run(cards.change, ONE, [ANNA], [Address("+79990000009")], {"name": "A"}, None, NOW)
    assert [(card.number, card.name) for card in await found(store)] == [("+79990000009", "A"), (BORIS.number, "")]
    for becoming in (Address(BORIS.number), Address(mail=BORIS.mail)):
        with pytest.raises(Conflict):
            await store.run(cards.change, ONE, [Address("+79990000009")], [becoming], {}, None, NOW)
    with pytest.raises(Unknown):
        await store.run(cards.change, ONE, [BORIS, ANNA], [], {"name": "B"}, None, NOW)
    assert [card.name for card in await found(store)] == ["A", ""]


@pytest.mark.parametrize(
    "addresses",
    [
        (Address("+79990000001"), Address("+79990000001", "anna@example.org")),
        (Address("+79990000001", "boris@example.org"),),
        (Address("+79990000003", "boris@example.org"), Address("+79990000004", "boris@example.org")),
    ],
)
async def test_an_address_is_of_one_card(store: Store, addresses: tuple[Address, ...]) -> None:
    await furnished(store)
    await put(store, ANNA, BORIS)
    with pytest.raises(Conflict):
        await put(store, *addresses, name="wrong")
    assert [card.name for card in await found(store)] == ["", ""]


async def test_the_same_number_at_once_is_one_card(store: Store) -> None:
    await furnished(store)
    made = await asyncio.gather(*[put(store, ANNA, name=str(n)) for n in range(8)])
    assert len({id for (id,) in made}) == len(await found(store)) == 1
    groups = await asyncio.gather(*[store.run(card_groups.listing, ONE) for _ in range(4)])
    assert [len(each) for each in groups] == [len(FIRST)] * 4


async def test_cards_go(store: Store) -> None:
    await furnished(store)
    await put(store, ANNA, BORIS, MAIL)
    await store.run(cards.delete, ONE, [ANNA, Address("+79990000009"), MAIL])
    assert [card.number for card in await found(store)] == [BORIS.number]


async def test_an_account_begins_with_groups_and_may_get_rid_of_them(store: Store) -> None:
    await furnished(store)
    groups = await store.run(card_groups.listing, ONE)
    assert [(group.name, group.slot, group.count) for group in groups] == [(name, 0, 0) for name in FIRST]
    assert await store.run(card_groups.listing, ONE) == groups
    for group in groups:
        await store.run(card_groups.delete, ONE, group.id)
    assert await store.run(card_groups.listing, ONE) == []
    assert len(await store.run(card_groups.listing, TWO)) == len(FIRST)


async def test_a_group_has_a_number_of_the_clients_own(store: Store) -> None:
    await furnished(store)
    id = await store.run(card_groups.add, ONE, "Friends", 17, PHONES)
    with pytest.raises(Conflict):
        await store.run(card_groups.add, ONE, "Others", 17, PHONES)
    other = await store.run(card_groups.add, ONE, "Others", 18, MAILS)
    with pytest.raises(Conflict):
        await store.run(card_groups.change, ONE, other, {"slot": 17})
    await store.run(card_groups.change, ONE, id, {"slot": 7, "name": "Family"})
    assert Group(id, 7, "Family", PHONES) in await store.look(card_groups.show, ONE)
    await store.run(card_groups.delete, ONE, id)
    assert await store.run(card_groups.add, ONE, "Again", 7, PHONES) > other
    for unknown in (id, 99):
        with pytest.raises(Unknown):
            await store.run(card_groups.change, ONE, unknown, {"name": "?"})


async def test_cards_move_between_groups(store: Store) -> None:
    await furnished(store)
    one, two = [await store.run(card_groups.add, ONE, name, slot, PHONES) for name, slot in (("a", 1), ("b", 2))]
    await put(store, ANNA, groups=(one,))
    await store.run(cards.regroup, ONE, [ANNA], [two])
    assert [card.groups for card in await found(store)] == [(one, two)]
    await store.run(cards.regroup, ONE, [ANNA], [one], out=True)
    assert [card.groups for card in await found(store)] == [(two,)]
    await store.run(cards.regroup, ONE, [ANNA], [one], only=True)
    assert [card.groups for card in await found(store)] == [(one,)]
    await put(store, ANNA, name="kept")
    assert [card.groups for card in await found(store)] == [(one,)]
    for addresses, groups in (([ANNA], [99]), ([BORIS], [one])):
        with pytest.raises(Unknown):
            await store.run(cards.regroup, ONE, addresses, groups, only=True)
    await put(store, ANNA, groups=())
    assert [card.groups for card in await found(store)] == [()]


async def test_a_group_is_meant_by_its_number_or_else_its_id(store: Store) -> None:
    await furnished(store)
    low = await store.run(card_groups.add, ONE, "low", 0, PHONES)
    high = await store.run(card_groups.add, ONE, "high", low, PHONES)
    mails = await store.run(card_groups.add, ONE, "mails", 77, MAILS)
    await put(store, ANNA, groups=(low,))
    await put(store, BORIS, MAIL, groups=(high, mails))
    for group, meant in (
        (low, [BORIS.number]),
        (high, [BORIS.number]),
        (77, [BORIS.mail, MAIL.mail]),
        (99, []),
    ):
        assert await store.look(cards.numbers, ONE, group) == meant
    await store.run(card_groups.delete, ONE, high)
    assert await store.look(cards.numbers, ONE, low) == [ANNA.number]
    assert await store.look(cards.numbers, TWO, low) == []


async def test_who_is_in_no_other_group_goes_with_it(store: Store) -> None:
    await furnished(store)
    one, two = [await store.run(card_groups.add, ONE, name, 0, PHONES) for name in ("a", "b")]
    await put(store, ANNA, groups=(one,))
    await put(store, BORIS, groups=(one, two))
    await put(store, MAIL)
    await store.run(card_groups.delete, ONE, one)
    assert [(card.mail, card.groups) for card in await found(store)] == [(BORIS.mail, (two,)), (MAIL.mail, ())]


async def test_cards_are_found_by_what_stands_on_them(store: Store) -> None:
    await furnished(store)
    group = await store.run(card_groups.add, ONE, "a", 0, PHONES)
    first, *_ = await put(store, ANNA, groups=(group,), first_name="Анна", last_name="Ёлкина", own="x7")
    await put(store, BORIS, name="50% Boris_", comments="Друг Анны")
    for wanted, numbers in (
        ({}, [ANNA.number, BORIS.number]),
        ({"names": "анна ёлк"}, [ANNA.number]),
        ({"names": "АНН"}, [ANNA.number]),
        ({"words": "анн"}, [ANNA.number, BORIS.number]),
        ({"words": "EXAMPLE.ORG"}, [BORIS.number]),
        ({"names": "0% b"}, [BORIS.number]),
        ({"names": "s_"}, [BORIS.number]),
        ({"names": "a_"}, []),
        ({"names": "!"}, []),
        ({"groups": (group,)}, [ANNA.number]),
        ({"groups": (0,)}, [BORIS.number]),
        ({"groups": (0, group)}, [ANNA.number, BORIS.number]),
        ({"addresses": (ANNA, MAIL)}, [ANNA.number]),
        ({"addresses": (Address(mail=BORIS.mail),)}, [BORIS.number]),
        ({"addresses": (ANNA,), "names": "boris"}, []),
        ({"after": str(first)}, [BORIS.number]),
        ({"after": "x7"}, [BORIS.number]),
    ):
        assert [card.number for card in await found(store, **wanted)] == numbers, wanted
    with pytest.raises(Unknown):
        await found(store, after="nobody")


async def kinds(tx: Tx) -> list[tuple[object, ...]]:
    return [tuple(row) for row in await tx.query("SELECT number, kind FROM optouts ORDER BY number")]


async def silenced(tx: Tx) -> int:
    return (await tx.wallet(ONE)).optouts


async def stop(tx: Tx) -> None:
    """What services/inbox writes."""
    tx.insert("optouts", (ONE, ANNA.number, NOW, 5, "", ASKED | MASS))


async def test_numbers_are_barred_and_counted(store: Store) -> None:
    await furnished(store)
    both = [ANNA.number, BORIS.number, ANNA.number]
    await store.run(bars.bar, ONE, both, MASS, NOW)
    assert await store.look(kinds) == [(ANNA.number, MASS), (BORIS.number, MASS)]
    await store.run(bars.bar, ONE, [ANNA.number], MASS | SINGLE, NOW)
    assert await store.look(kinds) == [(ANNA.number, MASS | SINGLE), (BORIS.number, MASS)]
    assert await store.look(silenced) == 2
    with pytest.raises(Unknown):
        await store.run(bars.unbar, ONE, [ANNA.number, "+79990000009"])
    await store.run(bars.unbar, ONE, both)
    assert (await store.look(kinds), await store.look(silenced)) == ([], 0)
    assert (await store.look(audit.audit, 0)).clean


async def test_who_asked_for_silence_is_not_half_barred(store: Store) -> None:
    await furnished(store)
    await store.run(bars.bar, ONE, [ANNA.number], MASS, NOW)
    await store.run(stop)
    assert await store.look(kinds) == [(ANNA.number, ASKED | MASS)]
    await store.run(bars.bar, ONE, [ANNA.number], SINGLE, NOW)
    assert await store.look(kinds) == [(ANNA.number, ASKED | SINGLE)]
    assert [await store.look(lists.stopped, ONE)] == [[ANNA.number]]


async def test_a_gone_account_leaves_nothing(store: Store) -> None:
    await furnished(store)
    await put(store, ANNA, groups=((await store.run(card_groups.listing, ONE))[0].id,))
    await store.run(_drop_account)
    await store.run(retention.forget_rest, NOW, NOW)
    for table in ("cards", "card_groups", "card_members"):
        assert await store.look(_count, table) == 0


async def _drop_account(tx: Tx) -> None:
    tx.drop("accounts", id=ONE)


async def _count(tx: Tx, table: str) -> int:
    return int((await tx.query(f"SELECT COUNT(*) FROM {table}"))[0][0])
