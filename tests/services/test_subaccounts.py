"""Sub-clients: whose prices hold, whose wallet pays, who sees them; nobody gives what he has not."""

import asyncio

import pytest
from msgspec.structs import replace
from tests.store.world import OUT
from tests.support import NOW, Clock

from depesza.core import ledger
from depesza.core.facts import Account, ConnectorFact, Owner, Sender
from depesza.core.fairness import Lanes
from depesza.core.ledger import NotEnoughCredits
from depesza.core.model import MICRO, Accepted, Channel, Submission
from depesza.core.planning import Policy
from depesza.core.pricing import Price
from depesza.core.ranges import Range
from depesza.core.routing import Route
from depesza.services import audit, details, history, retention, subaccounts
from depesza.services.accounts import Unknown
from depesza.services.subaccounts import PLAN, Changes, Terms
from depesza.services.submit import submit
from depesza.store.contract import Conflict, Store
from depesza.store.opening import open_store
from depesza.store.tx import Tx

pytestmark = pytest.mark.anyio

TOP, OTHER, TARIFF = 101, 102, 103
HASH = "md5 sha1"
OWN, MAIN_PRICES, MAIN, MAIN_WALLET = Terms(True, True), Terms(False, True), Terms(False, False), Terms(True, False)


async def furnish(tx: Tx) -> None:
    tx.put("owners", Owner(id=100, name="alex"))
    for id, name, currency in ((TOP, "top", "RUR"), (OTHER, "other", "RUR"), (TARIFF, "tariff-3", "RUR")):
        tx.put("accounts", Account(id=id, owner=100, name=name, currency=currency))
    tx.put("senders", Sender(account=TOP, name="Shop"))
    tx.put("connectors", ConnectorFact(id=OUT, name="out", kind="virtual", settings="{}"))
    tx.put("routes", Route(id=300, connectors=(OUT,)))
    tx.put("ranges", Range(prefix="7916", operator="MTS", mcc="250", mnc="01"))
    prices = [(0, "", 5), (TOP, "", 2), (TOP, "25001", 1), (TARIFF, "", 3)]
    for n, (account, operator, price) in enumerate(prices):
        tx.put("prices", Price(id=400 + n, micro=price * MICRO, account=account, operator=operator, currency="RUR"))
    await tx.book(ledger.topup(TOP, 100 * MICRO, 0, 1, tx.new_id(), currency="RUR"))


@pytest.fixture
async def house(store: Store) -> Store:
    """A store with an account that has sub-clients to be."""
    await store.run(furnish)
    return store


async def made(store: Store, name: str = "sub", above: int = TOP, **changes: object) -> int:
    wanted = Changes(password=HASH, **changes)  # type: ignore[arg-type]
    return await store.run(subaccounts.create, above, name, wanted, NOW)


async def balance(tx: Tx, *wallets: int) -> list[int]:
    return [(await tx.wallet(id)).balance // MICRO for id in wallets]


async def send(store: Store, account: int, number: str = "+79161234567") -> Accepted:
    letter = Submission(dialect="smsc", sender="Shop", receivers=(number,), text="Hello")
    return await store.run(submit, store.facts.account[account], letter, Lanes(), Policy(), NOW)


@pytest.mark.parametrize(
    ("terms", "plan", "price", "by_operator"),
    [(OWN, "", 5, 5), (OWN, "3", 3, 3), (MAIN_PRICES, "", 2, 1), (MAIN, "", 2, 1), (MAIN_WALLET, "3", 3, 3)],
)
async def test_terms_say_what_it_costs_and_who_pays(
    house: Store, terms: Terms, plan: str, price: int, by_operator: int
) -> None:
    sub = await made(house, terms=terms, details={PLAN: plan})
    if terms.own_wallet:
        await house.run(subaccounts.pay, TOP, sub, 20 * MICRO, NOW)
    paid = (await send(house, sub, "+79031234567")).price, (await send(house, sub)).price
    assert paid == (price * MICRO, by_operator * MICRO)
    spent = price + by_operator
    top, own = await house.look(balance, TOP, sub)
    assert (top, own) == ((80, 20 - spent) if terms.own_wallet else (100 - spent, 0))
    assert subaccounts.terms_of(house.facts, house.facts.account[sub]) == terms
    assert (await house.look(audit.audit, 0)).clean


async def test_a_sub_client_is_a_stranger_to_all_but_those_above(house: Store) -> None:
    sub = await made(house)
    below = await made(house, "below", sub)
    facts = house.facts
    assert [row.id for row in subaccounts.below(facts, TOP)] == [sub]
    assert [row.id for row in subaccounts.below(facts, TOP, deep=True)] == [sub, below]
    assert subaccounts.find(facts, TOP, "below", deep=True).id == below
    for above, name, deep in ((OTHER, "sub", False), (TOP, "below", False), (OTHER, "below", True), (TOP, "no", True)):
        with pytest.raises(Unknown):
            subaccounts.find(facts, above, name, deep=deep)
    with pytest.raises(Unknown):
        await house.run(subaccounts.pay, OTHER, sub, MICRO, NOW)
    with pytest.raises(Unknown):
        await house.run(subaccounts.change, OTHER, sub, Changes(login="mine"), NOW)


async def test_money_moves_down_and_back_and_never_below_nothing(house: Store) -> None:
    sub = await made(house)
    await house.run(subaccounts.pay, TOP, sub, 60 * MICRO, NOW)
    for amount in (41 * MICRO, -61 * MICRO):
        with pytest.raises(NotEnoughCredits):
            await house.run(subaccounts.pay, TOP, sub, amount, NOW)
    await house.run(subaccounts.pay, TOP, sub, -10 * MICRO, NOW)
    assert await house.look(balance, TOP, sub) == [50, 50]
    euros = await made(house, "euros", account={"currency": "EUR"})
    paid = await made(house, "paid", terms=MAIN)
    for id in (euros, paid):
        with pytest.raises(Conflict):
            await house.run(subaccounts.pay, TOP, id, MICRO, NOW)
    assert (await house.look(audit.audit, 0)).clean


async def test_payments_at_once_give_away_what_there_is_and_no_more(house: Store) -> None:
    sub, second = await made(house), await made(house, "second")
    tries = [house.run(subaccounts.pay, TOP, (sub, second)[n % 2], 40 * MICRO, NOW) for n in range(6)]
    found = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(each is None for each in found) == 2
    top, one, two = await house.look(balance, TOP, sub, second)
    assert (top, one + two) == (20, 80)
    assert (await house.look(audit.audit, 0)).clean


async def test_payments_by_two_workers_never_overdraw(postgres_url: str, clock: Clock) -> None:
    stores = [await open_store(postgres_url, clock) for _ in range(2)]
    for store in stores:
        await store.join(12_000_000)
    await stores[0].run(furnish)
    subs = [await made(stores[0], name) for name in ("sub", "second")]
    await stores[1].refresh()
    tries = [stores[n % 2].run(subaccounts.pay, TOP, subs[n // 2 % 2], 15 * MICRO, NOW) for n in range(16)]
    found = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(each is None for each in found) == 6
    assert all(each is None or isinstance(each, NotEnoughCredits) for each in found)
    top, one, two = await stores[0].look(balance, TOP, *subs)
    assert (top, one + two) == (10, 90)
    for store in stores:
        await store.close()


async def test_each_channel_has_its_price(house: Store) -> None:
    async def price(tx: Tx) -> None:
        for n, (channel, operator) in enumerate(((Channel.VIBER, ""), (Channel.VIBER, "25001"), (Channel.HLR, ""))):
            tx.put(
                "prices",
                Price(
                    id=500 + n, micro=(7 + n) * MICRO, account=TOP, channel=channel, operator=operator, currency="RUR"
                ),
            )

    await house.run(price)
    sub = await made(house, terms=MAIN)
    model = house.facts.account[sub].priced_as
    part = house.facts.pricing.part
    asked = [("79161234567", Channel.VIBER), ("79031234567", Channel.VIBER), ("79161234567", Channel.HLR)]
    assert [part(model, number, "RU", channel, "RUR") for number, channel in asked] == [8 * MICRO, 7 * MICRO, 9 * MICRO]
    assert part(model, "79161234567", "RU", Channel.MMS, "RUR") is None


async def test_what_is_old_is_out_of_an_accounts_sight(house: Store) -> None:
    ids = [(await send(house, TOP)).ids[0] for _ in range(3)]

    async def end(tx: Tx) -> None:
        tx.write("UPDATE messages SET state = 10, done = 1 WHERE id <= ?1", ids[1])
        for id in ids:
            tx.insert("client_refs", (TOP, str(id), "+79161234567", id, ""))

    await house.run(end)
    assert await house.run(retention.hide, TOP, ids[2] + 1, 1) == 1
    assert await house.run(retention.hide, TOP, ids[2] + 1, 5) == 1
    assert [item.id for item in await house.look(history.page, TOP, history.Search(), 9)] == [ids[2]]
    names = [(str(id), "+79161234567") for id in ids]
    assert [item and item.id for item in await house.look(history.named, TOP, names)] == [None, None, ids[2]]
    assert (await house.look(audit.audit, 0)).clean


async def test_a_wallet_that_pays_no_longer_is_emptied_to_the_one_that_does(house: Store) -> None:
    sub = await made(house)
    below = await made(house, "below", sub, terms=MAIN)
    await house.run(subaccounts.pay, TOP, sub, 30 * MICRO, NOW)
    await house.run(subaccounts.change, TOP, sub, Changes(terms=MAIN), NOW)
    assert await house.look(balance, TOP, sub) == [100, 0]
    row = house.facts.account[below]
    assert (row.payer, row.priced_as) == (TOP, TOP), "those below follow"
    await house.run(subaccounts.change, TOP, sub, Changes(terms=OWN), NOW)
    assert house.facts.account[sub].payer == 0


async def test_names_plans_and_senders_that_are_not_there_are_refused(house: Store) -> None:
    sub = await made(house)
    for wanted in (
        Changes(login="top"),
        Changes(details={PLAN: "7"}),
        Changes(account={"sender": "Stranger"}),
        Changes(account={"currency": "EUR"}, terms=MAIN),
    ):
        with pytest.raises(Conflict):
            await house.run(subaccounts.change, TOP, sub, wanted, NOW)
    with pytest.raises(Conflict):
        await made(house, "sub")
    await house.run(subaccounts.change, TOP, sub, Changes(login="renamed", account={"sender": "Shop"}), NOW)
    assert (house.facts.account[sub].name, house.facts.login_named["renamed"].account) == ("renamed", sub)
    assert (sub, "Shop") in house.facts.sender
    assert await house.look(details.read, sub) == {}


async def test_senders_and_contacts_are_shared_where_it_is_said(house: Store) -> None:
    sub = await made(house, account={"shares": ("senders",)})
    below = await made(house, "below", sub, account={"shares": ("senders", "contacts")})
    facts = house.facts
    assert [facts.owner_of(below, what) for what in ("senders", "contacts")] == [TOP, sub]
    assert facts.usual_sender(facts.account[below]) == "Shop"


async def test_further_logins_are_the_same_account(house: Store) -> None:
    sub = await made(house)
    await house.run(subaccounts.add_login, sub, "till", HASH, NOW)
    await house.run(subaccounts.change_login, sub, "till", "office", "", False)
    login = house.facts.login_named["office"]
    assert (login.account, login.enabled, login.md5) == (sub, False, "md5")
    for account, name in ((TOP, "office"), (sub, "sub")):
        with pytest.raises(Unknown):
            await house.run(subaccounts.change_login, account, name, "x", "", None)


async def test_a_mix_up_of_currencies_is_found(house: Store) -> None:
    async def mix(tx: Tx) -> None:
        tx.put("accounts", replace(tx.facts.account[OTHER], currency="EUR"))
        entry = ledger.charge(TOP, 3 * MICRO, 0, NOW, tx.new_id(), currency="EUR")
        await tx.book(entry)

    await house.run(mix)
    report = await house.look(audit.audit, 0)
    (problem,) = [row for row in report.problems if "currency" in row.check]
    assert any(text.startswith("RUR: 100.00 issued, 0.00 spent + 97.00 held") for text in problem.examples)
    assert any(f"from wallet {TOP} to {ledger.HOUSE['EUR'][0]}" in text for text in problem.examples)
