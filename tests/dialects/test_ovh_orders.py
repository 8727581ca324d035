"""Price lists, new accounts, carts, and the page of an order with its codes. spec: ovh/4.11"""

from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
from tests.dialects.ovh_auth_world import form, plain
from tests.dialects.ovh_cases_world import Desk, desk_of
from tests.store.world import ONE

from depesza.core.facts import Owner
from depesza.core.model import MICRO
from depesza.core.pricing import Price
from depesza.core.tariffs import MICRO as UNIT
from depesza.core.tariffs import Pack
from depesza.dialects.ovh.schema import models
from depesza.services import carts, orders, vouchers
from depesza.services.accounts import Unknown
from depesza.store.tx import Tx

pytestmark = pytest.mark.anyio

CREDITS = "//order/cartServiceOption/sms/sms-xx11111-1"


@pytest.fixture
async def desk(sqlite_url: str) -> AsyncIterator[Desk]:
    """The setting of the cases, with a key for orders and prices of the operator's own."""
    rules = [(method, path) for path in ("/sms*", "/order/*") for method in ("GET", "POST", "PUT")]
    async with desk_of(sqlite_url, rules) as desk:
        await desk.store.run(price_list)
        yield desk


async def price_list(tx: Tx) -> None:
    tx.put("owners", Owner(id=100, name="ab1-ovh", country="FR"))
    tx.put("prices", Price(id=1, country="GB", micro=MICRO // 2))
    tx.put("prices", Price(id=2, prefix="91", micro=MICRO * 4 // 10))
    tx.put("prices", Price(id=3, country="GB", account=ONE, micro=MICRO // 4))


async def set_packs(tx: Tx) -> None:
    for id, quantity, price in ((11, 100, 320_000), (12, 1_000, 301_500)):
        tx.put("packs", Pack(id=id, quantity=quantity, price=price, country="PL", currency="PLN", vat=2300))


async def rate(desk: Desk, what: str, **query: str) -> object:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    answer = await desk.world.ask(plain("GET", f"/1.0/sms/rates/{what}?{asked}"))
    return answer.json if answer.status == 200 else answer.status


def value(price: object) -> tuple[object, object]:
    assert isinstance(price, dict)
    return price["text"], price["value"]


@pytest.mark.parametrize(
    ("country", "name", "credit", "price"),
    [
        ("fr", "France", 1, ("0.08 €", 0.08)),
        ("gb", "United Kingdom", 0.5, ("0.04 €", 0.04)),
        ("in", "India", 0.4, ("0.032 €", 0.032)),
        ("an", "Netherlands Antilles", 1, ("0.08 €", 0.08)),
        ("all", "All countries", 1, ("0.08 €", 0.08)),
    ],
)
async def test_a_destination_costs_what_is_charged(
    desk: Desk, country: str, name: str, credit: float, price: tuple[str, float]
) -> None:
    found = await rate(desk, "destinations", country=country)
    assert isinstance(found, dict)
    assert (found["country"], found["countryCode"], found["credit"]) == (name, country, credit)
    assert (value(found["price"]), found["vatRate"]) == (price, 20)


async def test_every_country_has_a_name_and_a_rate_without_a_signature(desk: Desk) -> None:
    codes = models()["sms.CountryEnum"].values
    found = [await rate(desk, "destinations", country=str(code), billingCountry="pl") for code in codes]
    assert len({row["country"] for row in found if isinstance(row, dict)}) == len(codes) == 208


async def test_packs_follow_each_other_without_a_gap(desk: Desk) -> None:
    found = await rate(desk, "packs", country="gb", billingCountry="gb")
    assert isinstance(found, list)
    assert len(found) == 12
    for pack, following in pairwise(found):
        assert pack["creditQuantityMax"] == following["creditQuantityMin"]
        assert pack["smsQuantityMin"] == 2 * pack["creditQuantityMin"]
        assert value(pack["creditPrice"])[1] > value(following["creditPrice"])[1]  # type: ignore[operator]
    assert (found[-1]["creditQuantityMax"], found[-1]["smsQuantityMax"]) == (None, None)
    assert found[0]["creditPrice"]["currencyCode"] == "GBP"


async def test_the_operator_s_packs_replace_the_examples(desk: Desk) -> None:
    await desk.store.run(set_packs)
    found = await rate(desk, "packs", country="pl", billingCountry="pl")
    assert isinstance(found, list)
    assert [(row["creditQuantityMin"], value(row["creditPrice"]), row["vatRate"]) for row in found] == [
        (100, ("0.32 zł", 0.32), 23),
        (1000, ("0.3015 zł", 0.3015), 23),
    ]
    assert await rate(desk, "packs", country="pl", billingCountry="fr") == []
    ask = "/seeOffers?countryDestination=gb&countryCurrencyPrice={}&quantity={}"
    offers = await desk.good("GET", ask.format("pl", 1000))
    assert isinstance(offers, list)
    (offer,) = offers
    # the account pays a quarter of a credit for a text to GB
    assert (offer["totalPrice"], offer["price"], offer["smsQuantity"]) == (301.5, 0.075375, 4000)
    assert await desk.good("GET", ask.format("fr", 1000)) == []
    assert (await desk.ask("GET", "//order/sms/sms-xx11111-1/credits?quantity=100")).status == 400


@pytest.mark.parametrize(
    "asked",
    ["destinations?", "destinations?country=qq", "packs?country=fr&billingCountry=us", "packs?billingCountry=fr"],
)
async def test_rates_of_countries_that_there_are_not(desk: Desk, asked: str) -> None:
    answer = await desk.world.ask(plain("GET", f"/1.0/sms/rates/{asked}"))
    assert answer.status == 400, answer.text


async def test_a_threshold_set_above_the_balance_makes_the_order_at_once(desk: Desk) -> None:
    await desk.good("PUT", "", {"automaticRecreditAmount": 500, "creditThresholdForAutomaticRecredit": 100})
    assert await desk.balance() == 600
    (order,) = await desk.store.look(orders.listed, "done")
    assert (order.kind, order.quantity, order.net) == ("automatic", 500, 75 * UNIT // 2)


# new accounts


async def test_a_new_account_is_priced_ordered_and_made_when_approved(desk: Desk) -> None:
    asked = "quantity=100&channel=transactional&smpp=true"
    bill = await desk.good("GET", f"//order/sms/new?{asked}")
    assert isinstance(bill, dict)
    assert (bill["orderId"], bill["url"]) == (None, None)
    body = {"quantity": "100", "channel": "transactional", "smpp": True}
    made = await desk.good("POST", "//order/sms/new", body)
    assert isinstance(made, dict)
    assert made["details"] == bill["details"]
    (line,) = made["details"]
    assert (line["domain"], line["detailType"], line["quantity"]) == ("*", "CREATION", 100)
    assert await desk.good("GET", "//sms") == ["sms-xx11111-1", "sms-xx11111-2"]
    await desk.store.run(orders.approve, made["orderId"], desk.clock.now, "tests")
    assert "sms-ab1-1" in await desk.good("GET", "//sms")  # type: ignore[operator]
    shown = await desk.good("GET", "//sms/sms-ab1-1")
    assert isinstance(shown, dict)
    assert (shown["channel"], shown["smpp"], shown["creditsLeft"]) == ("transactional", True, 100)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"quantity": 99},
        {"quantity": "many"},
        {"quantity": 100, "channel": "none"},
        {"quantity": 100, "smpp": True},
        {"quantity": 100, "smpp": True, "channel": "both"},
        {"quantity": 100, "smpp": "perhaps"},
    ],
)
async def test_a_new_account_that_cannot_be_ordered(desk: Desk, body: dict[str, object]) -> None:
    assert (await desk.ask("POST", "//order/sms/new", body)).status == 400
    assert await desk.store.look(orders.listed) == []


# carts


async def new_cart(desk: Desk, **fields: object) -> str:
    cart = await desk.good("POST", "//order/cart", {"ovhSubsidiary": "FR", "description": "spring", **fields})
    assert isinstance(cart, dict)
    assert (cart["items"], cart["readOnly"], cart["description"]) == ([], False, "spring")
    return str(cart["cartId"])


def item(plan: str, **more: object) -> dict[str, object]:
    return {"planCode": plan, "duration": "P0D", "pricingMode": "default", "quantity": 1, **more}


async def test_a_cart_is_filled_checked_out_once_and_carried_out_as_one_order(desk: Desk) -> None:
    cart = await new_cart(desk)
    plans = await desk.good("GET", f"//order/cart/{cart}/sms")
    options = await desk.good("GET", CREDITS)
    assert isinstance(plans, list)
    assert isinstance(options, list)
    assert [plan["planCode"] for plan in plans][:2] == ["sms-100", "sms-200"]
    assert options[3]["planCode"] == "sms-credits-500"
    first = await desk.good("POST", CREDITS, item("sms-credits-500", cartId=cart, quantity=2))
    second = await desk.good("POST", f"//order/cart/{cart}/sms", item("sms-100"))
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert first["settings"] == {"planCode": "sms-credits-500", "pricingMode": "default", "quantity": 2}
    assert value(first["prices"][0]["price"]) == ("75.00 €", 75)
    bill = await desk.good("GET", f"//order/cart/{cart}/checkout")
    assert isinstance(bill, dict)
    assert [line["cartItemID"] for line in bill["details"]] == [first["itemId"], second["itemId"]]
    assert [value(bill["prices"][name])[1] for name in ("withoutTax", "tax", "withTax")] == [83, 16.6, 99.6]
    refused = await desk.ask("POST", f"//order/cart/{cart}/checkout", {})
    assert (refused.status, "assigned" in refused.text) == (400, True)
    assert await desk.good("POST", f"//order/cart/{cart}/assign") is None
    ticked = {"autoPayWithPreferredPaymentMethod": True, "waiveRetractationPeriod": True}
    done = await desk.good("POST", f"//order/cart/{cart}/checkout", ticked)
    assert isinstance(done, dict)
    assert (await desk.ask("POST", f"//order/cart/{cart}/checkout", {})).status == 404
    (waiting,) = await desk.store.look(orders.listed, "waiting")
    assert (waiting.id, waiting.kind, waiting.asked) == (done["orderId"], "cart", "pay waive")
    await desk.store.run(orders.approve, waiting.id, desk.clock.now, "tests")
    assert (await desk.balance(), await desk.balance("sms-ab1-1")) == (1100, 100)


async def test_a_cart_ends_and_is_nobody_else_s(desk: Desk) -> None:
    cart = await new_cart(desk, expire="2026-05-28T22:00:00Z")

    async def stranger(tx: Tx) -> None:
        tx.put("owners", Owner(id=900, name="other-ovh"))

    await desk.store.run(stranger)
    (row,) = await desk.store.look(lambda tx: tx.query("SELECT id FROM carts"))
    with pytest.raises(Unknown):
        await desk.store.look(carts.show, row[0], 900, desk.clock.now)
    assert (await desk.ask("GET", f"//order/cart/{cart}/sms")).status == 200
    desk.clock.move(2 * 3600)
    for method, path in (("GET", "sms"), ("POST", "assign"), ("GET", "checkout"), ("POST", "checkout")):
        assert (await desk.ask(method, f"//order/cart/{cart}/{path}", {} if method == "POST" else None)).status == 404


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("//order/cart", {}),
        ("//order/cart", {"ovhSubsidiary": "France"}),
        ("//order/cart", {"ovhSubsidiary": "FR", "expire": "yesterday"}),
        ("//order/cart", {"ovhSubsidiary": "FR", "expire": "2020-01-01T00:00:00Z"}),
        ("//order/cart", {"ovhSubsidiary": "FR", "expire": "2030-01-01T00:00:00Z"}),
        ("//order/cart/{cart}/sms", item("sms-credits-100")),
        ("//order/cart/{cart}/sms", item("sms-101")),
        ("//order/cart/{cart}/sms", item("sms-100", duration="P1M")),
        ("//order/cart/{cart}/sms", item("sms-100", quantity=2)),
        ("//order/cart/{cart}/sms", item("sms-100", quantity=0)),
        ("//order/cart/{cart}/sms", {"planCode": "sms-100"}),
        (CREDITS, item("sms-credits-100")),
        (CREDITS, item("sms-credits-100", cartId="{cart}", pricingMode="free")),
        ("//order/cart/{cart}/checkout", {"waiveRetractationPeriod": "perhaps"}),
        ("//order/cart/{cart}/checkout", {}),
    ],
)
async def test_what_a_cart_does_not_take(desk: Desk, path: str, body: dict[str, object]) -> None:
    cart = await new_cart(desk)
    body = {name: cart if value == "{cart}" else value for name, value in body.items()}
    answer = await desk.ask("POST", path.format(cart=cart), body)
    assert answer.status == 400, answer.text
    assert await desk.store.look(orders.listed) == []


async def test_a_cart_of_another_country_shows_its_prices_and_is_not_ordered(desk: Desk) -> None:
    cart = await new_cart(desk, ovhSubsidiary="PL")
    plans = await desk.good("GET", f"//order/cart/{cart}/sms")
    assert plans[0]["prices"][0]["price"]["currencyCode"] == "PLN"  # type: ignore[index]
    answer = await desk.ask("POST", f"//order/cart/{cart}/assign")
    assert (answer.status, "buyers in PL" in answer.text) == (400, True)
    assert (await desk.ask("POST", "//order/cart/not-a-cart/assign")).status == 404


async def test_carts_are_bounded(desk: Desk) -> None:
    for _ in range(carts.MOST_CARTS):
        await desk.store.run(carts.create, 100, "FR", "", desk.clock.now + 1, desk.clock.now)
    assert (await desk.ask("POST", "//order/cart", {"ovhSubsidiary": "FR"})).status == 429


# the page


async def page_of(desk: Desk) -> str:
    made = await desk.good("POST", "//order/sms/sms-xx11111-1/credits", {"quantity": 100})
    assert isinstance(made, dict)
    return str(made["url"]).removeprefix("http://127.0.0.1:8080")


async def test_the_page_of_an_order_tells_what_how_much_and_where_it_stands(desk: Desk) -> None:
    path = await page_of(desk)
    shown = await desk.world.ask(plain("GET", path))
    assert shown.status == 200
    for text in ("Waits for the operator", "100 SMS credits, sms-xx11111-1", "8.00 €", "Tax, 20 %", "9.60 €"):
        assert text in shown.text
    (order,) = await desk.store.look(orders.listed)
    await desk.store.run(orders.approve, order.id, desk.clock.now, "tests")
    assert "Done" in (await desk.world.ask(plain("GET", path))).text


async def test_without_the_secret_there_is_no_page(desk: Desk) -> None:
    path = await page_of(desk)
    bare, _, secret = path.rpartition("/")
    other = f"/order/{int(bare.rpartition('/')[2]) + 1}/{secret}"
    for wrong in (bare, f"{bare}/", f"{path[:-1]}x", f"{path}/x", other, "/order", "/order/x/y"):
        assert (await desk.world.ask(plain("GET", wrong))).status == 404, wrong
    assert (await desk.world.ask(plain("DELETE", path))).status == 405


async def test_a_code_is_redeemed_on_the_page_and_guessing_is_locked(desk: Desk) -> None:
    path = await page_of(desk)
    ((_, code),) = await desk.store.run(vouchers.create, desk.world.vault, 7 * MICRO, 1, 0, "", "tests", desk.clock.now)
    fields = {"code": code.lower(), "account": "sms-xx11111-1"}
    assert (await desk.world.ask(form(path, fields | {"account": "sms-xx11111-2"}))).status == 400
    for _ in range(5):
        assert "not valid" in (await desk.world.ask(form(path, fields | {"code": "AAAAA"}))).text
    assert "please wait" in (await desk.world.ask(form(path, fields))).text
    assert await desk.balance() == 100
    desk.clock.move(61)
    assert "7.00 credits were added" in (await desk.world.ask(form(path, fields))).text
    assert await desk.balance() == 107
    assert "not valid" in (await desk.world.ask(form(path, fields))).text
    assert await desk.balance() == 107


def test_amounts_are_written_as_fine_as_they_are() -> None:
    from depesza.dialects.ovh.tariff import decimal

    cases = {0: "0.00", 8 * UNIT: "8.00", 70_000: "0.07", 301_500: "0.3015", -1_230_000: "-1.23", 1: "0.000001"}
    assert {amount: decimal(amount) for amount in cases} == cases
