"""The audit finds nothing in a store that only services wrote to, and everything that is broken by hand."""

import msgspec
import pytest
from tests.support import Clock

from depesza.core import ledger
from depesza.core.facts import Account, ConnectorFact, Owner, User
from depesza.core.fairness import Lanes
from depesza.core.lifecycle import News
from depesza.core.model import MICRO, Accepted, Outcome, Receipt, State, Submission
from depesza.core.planning import Policy
from depesza.core.routing import Route
from depesza.services import audit, progress, retention
from depesza.services.submit import submit
from depesza.store.contract import Store
from depesza.store.tx import Cell, Tx

pytestmark = pytest.mark.anyio

CONNECTOR = 70
ACCOUNT = Account(id=50, owner=40, name="sms-ab-1", refund_failed=True)
RICH = User(id=60, account=50, login="till", password="x", quota=True)


async def furnish(tx: Tx, now: int) -> None:
    tx.put("owners", Owner(id=40, name="ab-ovh"))
    tx.put("accounts", ACCOUNT)
    tx.put("users", RICH)
    tx.put("connectors", ConnectorFact(id=CONNECTOR, name="sim", kind="virtual", settings="{}"))
    tx.put("routes", Route(id=1, connectors=(CONNECTOR,)))
    await tx.book(ledger.topup(50, 100 * MICRO, 0, now, tx.new_id()))
    await tx.book(ledger.transfer(50, 60, 10 * MICRO, 0, now, tx.new_id()))


async def write(tx: Tx, sql: str, *params: Cell) -> None:
    tx.write(sql, *params)


async def mark(tx: Tx) -> None:
    (await tx.wallet(50)).optouts = 1


@pytest.fixture
async def busy(store: Store, clock: Clock) -> Store:
    """A store with messages in every final state, and waiting ones."""
    await store.run(furnish, clock.now)
    first = await accept(store, clock, tuple(f"+3360000000{n}" for n in range(6)))
    ids = list(first.ids)
    await accept(store, clock, ("+33600000010",), user=60)
    await store.run(write, "INSERT INTO optouts VALUES (50, '+33600000011', 1, 0, '', 4)")
    await store.run(mark)
    await accept(store, clock, ("+33600000011",))
    await store.run(progress.claim, ids[:5], CONNECTOR)
    await settle(store, clock, ids[:5])
    for n, state in enumerate((State.DELIVERED, State.FAILED, State.EXPIRED)):
        await receipt(store, clock, n, state)
    await store.run(progress.end, ids[5:], News.CANCEL, "cancelled", clock.now)
    return store


async def accept(store: Store, clock: Clock, receivers: tuple[str, ...], user: int = 0) -> Accepted:
    submission = Submission(dialect="ovh", sender="Example", receivers=receivers, text="Hello", user=user)
    return await store.run(submit, ACCOUNT, submission, Lanes(), Policy(), clock.now)


async def settle(store: Store, clock: Clock, ids: list[int]) -> None:
    messages = await store.look(progress.load, ids)
    settled = [
        (Outcome(message.id, clock.now, (f"r{n}",)), msgspec.structs.replace(message, state=State.SENDING))
        for n, message in enumerate(messages)
    ]
    await store.run(progress.settle, CONNECTOR, settled, {})


async def receipt(store: Store, clock: Clock, n: int, state: State) -> None:
    reason = "" if state is State.DELIVERED else "undeliverable"
    found = await store.run(
        progress.take_receipts, [Receipt(CONNECTOR, (f"r{n}",), state, reason, clock.now)], clock.now
    )
    assert found == [f"r{n}"]


async def look(store: Store, oldest: int = 0) -> audit.Report:
    return await store.look(audit.audit, oldest)


async def test_an_empty_store_is_clean(store: Store) -> None:
    report = await look(store)
    assert (report.clean, report.messages, report.books) == (True, 0, (audit.Book("", 0, 0, 0),))


async def test_what_services_wrote_is_clean_and_adds_up(busy: Store) -> None:
    report = await look(busy)
    assert report.problems == ()
    (account,) = report.accounts
    assert (account.name, account.accepted, account.waiting, account.adds_up) == ("sms-ab-1", 8, 3, True)
    assert account.states == {
        "DELIVERED": 1, "FAILED": 1, "EXPIRED": 1, "CANCELLED": 1, "REJECTED": 1, "SENT": 2, "QUEUED": 1,
    }  # fmt: skip
    # eight accepted, one of them refused unpaid; failed, expired and cancelled were given back
    assert report.books == (audit.Book("", 100 * MICRO, 4 * MICRO, 96 * MICRO),)


ONE = "(SELECT MIN(id) FROM messages)"

BROKEN = [
    (f"UPDATE messages SET state = 77 WHERE id = {ONE}", "accepted messages are not the sum of their states"),
    (f"UPDATE messages SET state = 77 WHERE id = {ONE}", "message in a state that there is not"),
    ("UPDATE messages SET done = 0 WHERE state = 10", "final message without its time"),
    ("UPDATE messages SET done = 5 WHERE state = 3", "final message without its time"),
    (
        f"DELETE FROM submissions WHERE id = (SELECT submission FROM messages WHERE id = {ONE})",
        "without its submission",
    ),
    ("UPDATE submissions SET account = 51 WHERE count = 6", "without its submission"),
    ("DELETE FROM messages WHERE state = 10", "carrier's id without a message"),
    ("DELETE FROM events WHERE kind = 'taken'", "taken by a carrier, and no carrier's id"),
    ("UPDATE entries SET amount = 0 WHERE kind = 'refund'", "entry that moves nothing"),
    ("DELETE FROM entries WHERE kind = 'charge' AND amount = 6000000", "charge that differs"),
    ("DELETE FROM messages WHERE state = 10", "charge that differs"),
    ("UPDATE messages SET price = 5 WHERE state = 10", "charge that differs"),
    ("UPDATE entries SET ref = ref + 7 WHERE kind = 'charge' AND amount = 6000000", "charge that differs"),
    (
        "INSERT INTO entries SELECT id + 900, at, kind, source, target, amount, ref, note FROM entries"
        " WHERE kind = 'refund'",
        "refund that is not one message's price",
    ),
    ("UPDATE entries SET ref = ref + 900 WHERE kind = 'refund'", "refund that is not one message's price"),
    ("UPDATE messages SET state = 10 WHERE state = 14", "refund that is not one message's price"),
    ("UPDATE messages SET state = 14, done = 1 WHERE state = 1", "cancelled or rejected, and not given back"),
    ("UPDATE wallets SET balance = balance + 1 WHERE id = 60", "wallet that is not the sum of its entries"),
    ("DELETE FROM wallets WHERE id = 50", "wallet that is not the sum of its entries"),
    ("INSERT INTO wallets VALUES (99, 5, 0, 0)", "credits that belong to nobody"),
    ("UPDATE wallets SET balance = -5 WHERE id = 60", "wallet below its limit"),
    ("UPDATE wallets SET optouts = 0 WHERE id = 50", "opt-outs that the account's mark hides"),
    (
        "INSERT INTO notices (id, account, dialect, kind, url, fact, message, due, created, tries, state, node)"
        " VALUES (1, 50, 'ovh', 'receipt', '', NULL, 1, 0, 0, 0, 9, 0)",
        "callback in a state that there is not",
    ),
    (
        "INSERT INTO lookups (id, request, account, wallet, number, price, status, created, done, connector, node)"
        " VALUES (7, 6, 50, 50, '+33601020304', 5, 'error', 0, 0, 0, 0)",
        "look-up that failed and was not given back",
    ),
    (
        "INSERT INTO orders (id, account, at, quantity, kind, status) VALUES (7, 50, 0, 100, 'manual', 'done')",
        "order that is done and not credited",
    ),
]


@pytest.mark.parametrize(("sql", "said"), BROKEN)
async def test_what_is_broken_by_hand_is_found(busy: Store, sql: str, said: str) -> None:
    await busy.run(write, sql)
    report = await look(busy)
    assert not report.clean
    found = [problem for problem in report.problems if said in problem.check]
    assert found
    assert found[0].count >= 1
    assert found[0].examples


async def test_many_of_a_kind_are_counted_and_some_are_shown(busy: Store) -> None:
    for n in range(50):
        await busy.run(write, "INSERT INTO wallets VALUES (?1, 1, 0, 0)", 1_000 + n)
    report = await look(busy)
    sums = next(problem for problem in report.problems if "sum of its entries" in problem.check)
    assert (sums.count, len(sums.examples)) == (50, audit.MOST)


async def test_what_retention_has_taken_is_not_missed(busy: Store, clock: Clock) -> None:
    from depesza.core.ids import first_at

    oldest = first_at(clock.now + 10 * MICRO)
    assert await busy.run(retention.forget, oldest, 1_000) == 5
    assert (await look(busy, oldest)).problems == ()


async def test_every_check_has_been_seen_to_fail() -> None:
    seen = {said for _, said in BROKEN}
    assert [check.name for check in audit.CHECKS if not any(said in check.name for said in seen)] == []
