"""Commands by text: who may give them, that each is done once, and that nothing answers an answer. spec: smsc/4.5"""

import msgspec
import pytest
from tests.store.world import ONE, OUT, POLICY, TWO, balance, furnished
from tests.support import Clock

from depesza.core.facts import Sender
from depesza.core.model import MICRO, Inbound
from depesza.core.planning import Policy
from depesza.services import accounts, card_groups, cards, commands, details, inbox
from depesza.services.accounts import Unknown
from depesza.services.cards import Address
from depesza.store.contract import Conflict, Store
from depesza.store.tx import Row, Tx

pytestmark = pytest.mark.anyio

PHONE, OURS, FRIEND = "+79991112233", "+79037676877", "+79995556677"
SALT = bytes(commands.SALT)
ALL = "+79000000000"
FOR_ALL = msgspec.structs.replace(POLICY, command_numbers=(ALL,))


async def _add(tx: Tx) -> None:
    tx.put("senders", Sender(account=ONE, name=OURS, kind="numeric"))


async def _sent(tx: Tx) -> list[Row]:
    return await tx.query(
        "SELECT s.sender, m.receiver, s.text FROM messages m JOIN submissions s ON s.id = m.submission ORDER BY m.id"
    )


async def _kept(tx: Tx) -> list[Row]:
    return await tx.query("SELECT account, text, price FROM inbounds ORDER BY id")


async def world(store: Store, clock: Clock, **account: object) -> None:
    """Register a phone with an account that has a number."""
    await furnished(store, sender="MyApp", **account)
    await store.run(_add)
    hashed = commands.hash_password("pw", SALT)
    assert await store.run(commands.allow, ONE, "+7 (999) 111-22-33", hashed, clock.now) == PHONE


async def say(
    store: Store, clock: Clock, *texts: str, sender: str = PHONE, to: str = OURS, policy: Policy = POLICY
) -> list[str]:
    """Text to a number; gives what was answered."""
    known = len(await store.look(_sent))
    inbounds = [Inbound(OUT, sender, to, text, clock.now) for text in texts]
    await store.run(inbox.take_inbound, inbounds, policy, clock.now)
    rows = [tuple(row) for row in (await store.look(_sent))[known:]]
    return [text for number, receiver, text in rows if number == to and receiver == sender]


async def others(store: Store) -> list[tuple[str, str]]:
    """List what was sent, but for the answers."""
    return [(row[1], row[2]) for row in await store.look(_sent) if row[0] == "MyApp"]


async def test_a_phone_sends(store: Store, clock: Clock) -> None:
    await world(store, clock)
    assert await say(store, clock, "SEND pw 89995556677,+79995556678 Привет, мир") == ["OK - 2 SMS, ID - 1"]
    assert await others(store) == [(FRIEND, "Привет, мир"), ("+79995556678", "Привет, мир")]
    assert [tuple(row) for row in await store.look(_kept)] == [
        (ONE, "SEND *** 89995556677,+79995556678 Привет, мир", 0)
    ]
    assert await store.look(balance) == 97 * MICRO


async def test_a_phone_sends_to_groups_and_to_the_usual_receivers(store: Store, clock: Clock) -> None:
    await world(store, clock)
    group = await store.run(card_groups.add, ONE, "friends", 0, 0)
    await store.run(cards.put, ONE, [Address(FRIEND)], {}, [group], clock.now)
    (line,) = await say(store, clock, f"send pw g{group} to all")
    assert line.startswith("OK - 1 SMS, ID - ")
    assert await say(store, clock, "SEND pw nobody named") == ["ERROR = 1 (parameters error)"]
    await store.run(_usual, f"G{group},79995556678")
    (line,) = await say(store, clock, "SEND pw to the usual ones")
    assert line.startswith("OK - 2 SMS, ID - ")
    assert [number for number, _ in await others(store)] == [FRIEND, FRIEND, "+79995556678"]


async def _usual(tx: Tx, value: str) -> None:
    details.write(tx, ONE, {"ph": value})


REFUSED = {
    "SEND pw 79995556677": "ERROR = 1 (parameters error)",
    "SEND pw G77 text": "ERROR = 7 (invalid number), ID - 1",
    "SEND pw 1234567890123 text": "ERROR = 7 (invalid number), ID - 1",
    "STATUS pw 77": "ERROR = 3 (record not found)",
    "STOP pw 77": "ERROR = 3 (record not found)",
    "SEND pw 79995556677 " + "Ы" * 1000: "ERROR = 1 (parameters error)",
}


@pytest.mark.parametrize(("text", "line"), REFUSED.items(), ids=range(len(REFUSED)))
async def test_what_cannot_be_done_is_said(store: Store, clock: Clock, text: str, line: str) -> None:
    await world(store, clock)
    assert await say(store, clock, text) == [line]


async def test_a_phone_asks_and_takes_back(store: Store, clock: Clock) -> None:
    await world(store, clock)
    assert await say(store, clock, "BALANCE pw") == ["100.00"]
    assert await say(store, clock, "SEND pw 79995556677 soon") == ["OK - 1 SMS, ID - 1"]
    assert await say(store, clock, "STATUS pw 1") == ["ID - 1, DELIVERED - 0, WAITING - 1, FAILED - 0"]
    assert await say(store, clock, "STOP pw 1") == ["OK"]
    clock.move(601)
    assert await say(store, clock, "STATUS pw 1", "STOP pw 1") == [
        "ID - 1, DELIVERED - 0, WAITING - 0, FAILED - 1", "ERROR = 5 (operation error)",
    ]  # fmt: skip


async def test_a_text_that_comes_twice_is_one_command(store: Store, clock: Clock) -> None:
    await world(store, clock)
    assert await say(store, clock, "SEND pw 79995556677 a", "SEND pw 79995556677 a") == ["OK - 1 SMS, ID - 1"]
    clock.move(599)
    assert await say(store, clock, "SEND pw 79995556677 a") == []
    assert len(await others(store)) == 1
    assert len(await store.look(_kept)) == 3
    clock.move(2)
    assert await say(store, clock, "SEND pw 79995556677 a") == ["OK - 1 SMS, ID - 2"]


async def test_wrong_passwords_lock_the_phone(store: Store, clock: Clock) -> None:
    await world(store, clock)
    wrong, locked = "ERROR = 2 (authorise error)", "ERROR = 4 (phone is locked)"
    assert await say(store, clock, *[f"BALANCE p{n}" for n in range(4)]) == [wrong] * 4
    assert await say(store, clock, "BALANCE pw") == ["96.00"]  # a right one forgives; each answer costs
    assert await say(store, clock, *[f"BALANCE q{n}" for n in range(5)]) == [*[wrong] * 4, locked]
    clock.move(1200)
    assert await say(store, clock, "BALANCE pw", "SEND pw 79995556677 a") == []
    clock.move(601)
    assert len(await say(store, clock, "BALANCE pw")) == 1
    assert await others(store) == []
    await say(store, clock, *[f"BALANCE r{n}" for n in range(5)])
    await store.run(commands.allow, ONE, PHONE, commands.hash_password("new", SALT), clock.now)
    assert len(await say(store, clock, "BALANCE new")) == 1
    assert all("***" in row[1] for row in await store.look(_kept))


async def test_all_other_texts_stay_what_they_are(store: Store, clock: Clock) -> None:
    await world(store, clock)
    stranger = "+79990000000"
    assert await say(store, clock, "BALANCE pw", sender=stranger) == []
    assert await say(store, clock, "BALANCE pw", to="+79031111111") == []
    assert await say(store, clock, "Hello", "STOP 1234") == []
    await store.run(commands.forbid, PHONE)
    assert await say(store, clock, "BALANCE pw") == []
    texts = [row[1] for row in await store.look(_kept)]
    assert texts == ["BALANCE pw", "BALANCE pw", "Hello", "STOP 1234", "BALANCE pw"]


async def test_a_number_for_all_takes_commands_of_all(store: Store, clock: Clock) -> None:
    await world(store, clock)
    await store.run(commands.allow, TWO, FRIEND, commands.hash_password("two", SALT), clock.now)
    assert await say(store, clock, "BALANCE pw", to=ALL, policy=FOR_ALL) == ["100.00"]
    assert await say(store, clock, "BALANCE two", to=ALL, policy=FOR_ALL, sender=FRIEND) == ["100.00"]
    assert await say(store, clock, "BALANCE two", sender=FRIEND) == []  # another account's number
    assert await say(store, clock, "BALANCE pw", to=ALL) == []


async def test_nothing_answers_our_own_numbers(store: Store, clock: Clock) -> None:
    await world(store, clock)
    with pytest.raises(Conflict):
        await store.run(commands.allow, ONE, OURS, commands.hash_password("pw", SALT), clock.now)
    await store.run(_rename, "+79031111111")  # a phone that becomes a number of ours later
    await store.run(commands.allow, ONE, OURS, commands.hash_password("pw", SALT), clock.now)
    await store.run(_rename, OURS)
    assert await say(store, clock, "BALANCE pw", sender=OURS) == []


async def _rename(tx: Tx, name: str) -> None:
    tx.drop("senders", account=ONE, name="+79031111111" if name == OURS else OURS)
    tx.put("senders", Sender(account=ONE, name=name, kind="numeric"))


async def test_phones_are_registered_once_and_forgotten_with_their_account(store: Store, clock: Clock) -> None:
    await world(store, clock)
    hashed = commands.hash_password("pw", SALT)
    with pytest.raises(Conflict):
        await store.run(commands.allow, TWO, PHONE, hashed, clock.now)
    with pytest.raises(ValueError, match="no number"):
        await store.run(commands.allow, ONE, "hello", hashed, clock.now)
    with pytest.raises(Unknown):
        await store.run(commands.forbid, FRIEND)
    assert [phone.number for phone in await store.look(commands.listed, ONE)] == [PHONE]
    assert await store.look(commands.listed, TWO) == []
    await store.run(accounts.change, ONE, {"enabled": False})
    assert await say(store, clock, "BALANCE pw") == []
    await store.run(_remove)
    await store.run(commands.forget_orphans)
    assert await store.look(commands.listed) == []


async def _remove(tx: Tx) -> None:
    tx.drop("accounts", id=ONE)
