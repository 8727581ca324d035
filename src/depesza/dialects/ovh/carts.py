"""Carts: a plan a pack, put together and checked out as one order. spec: ovh/4.11.3

Plans are named by us (choice): `sms-1000` is a new account with so many credits, `sms-credits-1000` gives them to
one that there is. Credits do not expire, so the only duration is none.
"""

import re
from collections.abc import Awaitable, Callable
from typing import TypeVar

from depesza.core.ids import of_uuid, uuid_of
from depesza.core.tariffs import Pack
from depesza.dialects.ovh import codec, dates, errors, tariff
from depesza.dialects.ovh.call import Call
from depesza.dialects.ovh.orders import write_order
from depesza.services import carts, orders
from depesza.services.accounts import Unknown
from depesza.services.carts import Cart, Item

T = TypeVar("T")

DURATION = "P0D"
MODE = "default"
ACCOUNT_PLAN = "sms-"
CREDITS_PLAN = "sms-credits-"
DAY = 86_400_000_000
LONGEST = 30 * DAY
LONGEST_DESCRIPTION = 255
_COUNTRY = re.compile(r"[A-Za-z]{2}")


async def create(call: Call) -> dict[str, object]:
    """POST /order/cart"""
    country = codec.required(call.json, "ovhSubsidiary")
    if not _COUNTRY.fullmatch(country):
        raise codec.invalid("ovhSubsidiary")
    description = codec.text(call.json, "description") or ""
    if len(description) > LONGEST_DESCRIPTION:
        raise codec.invalid("description")
    expires = read_expiry(codec.text(call.json, "expire"), call.now)
    try:
        cart = await call.run(carts.create, call.caller.owner, country.upper(), description, expires, call.now)
    except carts.TooMany as error:
        raise errors.too_many(str(error)) from error
    return write_cart(cart)


def read_expiry(text: str | None, now: int) -> int:
    """Read when a cart ends: a day from now, or as told, within a month; raises 400."""
    if text is None:
        return now + DAY
    try:
        at = dates.read(text, dates.zone("UTC"))
    except dates.BadDate as error:
        raise codec.invalid("expire") from error
    if not now < at <= now + LONGEST:
        raise codec.invalid("expire")
    return at


def write_cart(cart: Cart) -> dict[str, object]:
    """Write order.cart.Cart, as it is when it was just made."""
    return {
        "cartId": uuid_of(cart.id),
        "description": cart.description,
        "expire": dates.write(cart.expires, dates.zone("UTC")),
        "items": [],
        "readOnly": False,
    }


async def assign(call: Call) -> None:
    """POST /order/cart/{cartId}/assign"""
    await _on_cart(call, call.params["cartId"], lambda id: call.run(carts.assign, id, call.caller.owner, call.now))


async def list_products(call: Call) -> list[dict[str, object]]:
    """GET /order/cart/{cartId}/sms"""
    cart = await _on_cart(
        call, call.params["cartId"], lambda id: call.look(carts.show, id, call.caller.owner, call.now)
    )
    return [write_plan(pack, ACCOUNT_PLAN) for pack in call.context.store.facts.tariffs.sold(cart.country)]


async def add_account(call: Call) -> dict[str, object]:
    """POST /order/cart/{cartId}/sms: a new account"""
    return await _add(call, call.params["cartId"], 0)


async def list_options(call: Call) -> list[dict[str, object]]:
    """GET /order/cartServiceOption/sms/{serviceName}"""
    facts = call.context.store.facts
    sold = facts.tariffs.sold(orders.country_of(facts, call.caller.owner))
    more = {"exclusive": False, "family": "credits", "mandatory": False}
    return [write_plan(pack, CREDITS_PLAN) | more for pack in sold]


async def add_credits(call: Call) -> dict[str, object]:
    """POST /order/cartServiceOption/sms/{serviceName}: credits for an account"""
    return await _add(call, codec.required(call.json, "cartId"), call.account.id)


async def _add(call: Call, cart: str, account: int) -> dict[str, object]:
    given = call.json
    pack = read_plan(codec.required(given, "planCode"), CREDITS_PLAN if account else ACCOUNT_PLAN)
    for name, only in (("duration", DURATION), ("pricingMode", MODE)):
        if codec.required(given, name) != only:
            raise codec.invalid(name)
    count = tariff.read_quantity(given)
    if not 1 <= count <= _most(account):
        raise codec.invalid("quantity")
    item, sold = await _on_cart(
        call, cart, lambda id: call.run(carts.add, id, call.caller.owner, account, pack, count, call.now)
    )
    return write_item(cart, item, sold)


def _most(account: int) -> int:
    return carts.MOST_PACKS if account else 1


def read_plan(code: str, stem: str) -> int:
    """Read the credits of a plan; raises 400."""
    digits = code.removeprefix(stem)
    if not code.startswith(stem) or not digits.isascii() or not digits.isdigit() or len(digits) > 9:
        raise codec.invalid("planCode")
    return int(digits)


def write_plan(pack: Pack, stem: str) -> dict[str, object]:
    """Write order.cart.GenericProductDefinition."""
    new = stem == ACCOUNT_PLAN
    name = f"SMS account with {pack.quantity} credits" if new else f"{pack.quantity} SMS credits"
    pricing = {
        "capacities": ["installation"],
        "description": name,
        "duration": DURATION,
        "interval": 0,
        "maximumQuantity": 1 if new else carts.MOST_PACKS,
        "minimumQuantity": 1,
        "price": tariff.price(pack.net, pack.currency),
        "priceInUcents": pack.net * 100,
        "pricingMode": MODE,
        "pricingType": "purchase",
    }
    return {"planCode": f"{stem}{pack.quantity}", "productName": name, "productType": "sms", "prices": [pricing]}


def write_item(cart: str, item: Item, pack: Pack) -> dict[str, object]:
    """Write order.cart.Item."""
    stem = CREDITS_PLAN if item.account else ACCOUNT_PLAN
    plan = f"{stem}{item.pack}"
    return {
        "cartId": cart,
        "configurations": [],
        "duration": DURATION,
        "itemId": item.id,
        "offerId": None,
        "options": [],
        "parentItemId": None,
        "prices": [{"label": "PRICE", "price": tariff.price(pack.net * item.count, pack.currency)}],
        "productId": "sms",
        "settings": {"planCode": plan, "pricingMode": MODE, "quantity": item.count},
    }


async def preview(call: Call) -> dict[str, object]:
    """GET /order/cart/{cartId}/checkout: the bill as it would be"""
    order, inside = await _on_cart(
        call, call.params["cartId"], lambda id: call.look(carts.price, id, call.caller.owner, call.now)
    )
    return write_order(call, order, [item.id for item in inside])


async def check_out(call: Call) -> dict[str, object]:
    """POST /order/cart/{cartId}/checkout"""
    ticked = (("autoPayWithPreferredPaymentMethod", "pay"), ("waiveRetractationPeriod", "waive"))
    asked = " ".join(word for name, word in ticked if codec.flag(call.json, name))
    wait = call.context.orders_wait
    order, inside = await _on_cart(
        call,
        call.params["cartId"],
        lambda id: call.run(carts.check_out, id, call.caller.owner, asked, call.now, wait=wait),
    )
    return write_order(call, order, [item.id for item in inside])


async def _on_cart(call: Call, cart: str, work: Callable[[int], Awaitable[T]]) -> T:
    """Do something with a cart; raises 404 for one that is not the caller's, is over or was ordered."""
    try:
        return await work(of_uuid(cart))
    except Unknown as error:
        raise errors.not_found(cart) from error
    except orders.NotSold as error:
        raise codec.invalid("planCode") from error
    except (carts.NotReady, carts.TooMany) as error:
        raise errors.bad_request(str(error)) from error
