"""Credits: moved between accounts, priced and ordered. spec: ovh/4.1 ovh/4.11"""

import phonenumbers

from depesza.core import ledger
from depesza.core.model import MICRO
from depesza.dialects.ovh import codec, errors, tariff
from depesza.dialects.ovh.call import Call
from depesza.services import credits


async def transfer(call: Call) -> None:
    """POST /sms/{serviceName}/transferCredits"""
    given = call.json
    name = codec.required(given, "smsAccountTarget")
    amount = codec.number(given, "credits")
    if amount is None:
        raise errors.bad_request("credits is required")
    target = call.context.store.facts.account_named.get(name)
    if target is None or target.owner != call.account.owner:
        raise errors.no_such_service()
    micro = ledger.micro(amount)
    if micro <= 0:
        raise codec.invalid("credits")
    if target.id == call.account.id:
        raise codec.invalid("smsAccountTarget")
    try:
        await call.run(credits.transfer, call.account.id, target.id, micro, call.now)
    except ledger.NotEnoughCredits as error:
        raise errors.not_enough(ledger.two_decimals(error.left)) from error


async def see_offers(call: Call) -> list[dict[str, object]]:
    """GET /sms/{serviceName}/seeOffers"""
    query = call.query
    for name in ("countryCurrencyPrice", "countryDestination", "quantity"):
        if name not in query:
            raise errors.bad_request(f"{name} is required")
    language = query["countryCurrencyPrice"].lower()
    destination = query["countryDestination"].lower()
    quantity = read_quantity(query)
    if language not in tariff.COUNTRIES:
        raise codec.invalid("countryCurrencyPrice")
    code = phonenumbers.country_code_for_region(destination.upper())
    if not code and destination != "all":
        raise codec.invalid("countryDestination")
    country = destination.upper() if code else ""
    part = call.context.store.facts.pricing.part(call.account.id, str(code) if code else "", country)
    unit, currency = tariff.PACKS[quantity], tariff.CURRENCY_OF.get(language, "EUR")
    return [
        {
            "countryDestination": destination,
            "giftPrice": None,
            "giftQuantity": None,
            "language": language,
            "price": tariff.converted(unit * part // MICRO, currency),
            "quantity": quantity,
            "smsQuantity": ledger.credits(quantity * MICRO * MICRO // part) if part else quantity,
            "totalPrice": tariff.price(unit * quantity, currency)["value"],
        }
    ]


def read_quantity(given: dict[str, str] | dict[str, object]) -> int:
    """Read `quantity`: one of the packs."""
    quantity = codec.whole(dict(given), "quantity")
    if quantity is None:
        raise errors.bad_request("quantity is required")
    if quantity not in tariff.PACKS:
        raise codec.invalid("quantity")
    return quantity


# /order


async def list_orderable(call: Call) -> list[str]:
    """GET /order/sms"""
    return [account.name for account in call.accounts()]


async def list_options(call: Call) -> list[str]:
    """GET /order/sms/{serviceName}"""
    return ["credits"]


async def price_order(call: Call) -> dict[str, object]:
    """GET /order/sms/{serviceName}/credits: the price only"""
    return write_order(call, read_quantity(call.query), None)


async def order(call: Call) -> dict[str, object]:
    """POST /order/sms/{serviceName}/credits: written down, and credited when the operator fulfils it"""
    quantity = read_quantity(call.json)
    made = await call.run(credits.order, call.account.id, quantity, call.now)
    return write_order(call, quantity, made.id)


def write_order(call: Call, quantity: int, id: int | None) -> dict[str, object]:
    """Write order.Order."""
    owner = call.context.store.facts.owner.get(call.account.owner)
    currency = owner.currency if owner is not None and owner.currency in tariff.CURRENCIES else "EUR"
    unit = tariff.PACKS[quantity]
    total = unit * quantity
    line: dict[str, object] = {
        "cartItemID": None,
        "description": f"{quantity} SMS credits",
        "detailType": "CONSUMPTION",
        "domain": call.account.name,
        "originalTotalPrice": tariff.price(total, currency),
        "quantity": quantity,
        "reductionTotalPrice": tariff.price(0, currency),
        "reductions": [],
        "totalPrice": tariff.price(total, currency),
        "unitPrice": tariff.price(unit, currency),
    }
    return {
        "contracts": [],
        "details": [line],
        "orderId": id,
        "prices": {
            "originalWithoutTax": None,
            "reduction": None,
            "tax": tariff.price(tariff.tax(total), currency),
            "withTax": tariff.price(total + tariff.tax(total), currency),
            "withoutTax": tariff.price(total, currency),
        },
        "url": None if id is None else f"{_base(call)}/order/{id}",
    }


def _base(call: Call) -> str:
    """Our address as this client knows it."""
    bases = call.context.bases
    return bases[0] if bases else f"{call.request.scheme}://{call.request.headers.get('host', 'localhost')}"
