"""Price lists: what one SMS costs in credits, and credits in money. spec: ovh/4.1 ovh/4.11.1

Credits come from the price table that charges, money from the packs that are sold.
"""

from itertools import zip_longest

from depesza.core import ledger
from depesza.core.countries import NAMES, usual_mobile
from depesza.core.facts import Facts
from depesza.core.model import MICRO
from depesza.core.tariffs import Pack
from depesza.dialects.ovh import codec, tariff
from depesza.dialects.ovh.call import Call

BILLED = "fr"
"""Country of the buyer when a client names none."""


def part_price(facts: Facts, account: int, country: str) -> int:
    """Tell what one part to a mobile of a country costs, in micro-credits; `all` is where no price fits."""
    digits, today = usual_mobile(country.upper()) if country != "all" else ("", "")
    return facts.pricing.part(account, digits, today) or 0


def name_of(country: str) -> str:
    """Write a country's name."""
    return NAMES.get(country.upper(), "All countries")


async def destinations(call: Call) -> dict[str, object]:
    """GET /sms/rates/destinations; the price is that of the smallest pack"""
    facts = call.context.store.facts
    country = tariff.read_country(call.query, "country", tariff.DESTINATIONS)
    buyer = tariff.read_country(call.query, "billingCountry", tariff.BILLING, BILLED)
    pack = facts.tariffs.at(buyer.upper(), 0)
    part = part_price(facts, 0, country)
    return {
        "country": name_of(country),
        "countryCode": country,
        "credit": ledger.credits(part),
        "price": tariff.price(pack.price * part // MICRO, pack.currency),
        "vatRate": tariff.vat_rate(pack),
    }


async def packs(call: Call) -> list[dict[str, object]]:
    """GET /sms/rates/packs"""
    facts = call.context.store.facts
    country = tariff.read_country(call.query, "country", tariff.DESTINATIONS)
    buyer = tariff.read_country(call.query, "billingCountry", tariff.BILLING, BILLED)
    part = part_price(facts, 0, country)
    sold = facts.tariffs.sold(buyer.upper())
    following = [pack.quantity for pack in sold[1:]]
    return [write_pack(pack, above, country, part) for pack, above in zip_longest(sold, following)]


def write_pack(pack: Pack, above: int | None, country: str, part: int) -> dict[str, object]:
    """Write sms.PackDetails; minimums are included, maximums (the next pack's minimum) are not."""
    return {
        "countryCode": country,
        "credit": ledger.credits(part),
        "creditPrice": tariff.price(pack.price, pack.currency),
        "creditQuantityMin": pack.quantity,
        "creditQuantityMax": above,
        "smsPrice": tariff.price(pack.price * part // MICRO, pack.currency),
        "smsQuantityMin": texts(pack.quantity, part),
        "smsQuantityMax": None if above is None else texts(above, part),
        "discountCreditPrice": None,
        "discountSmsPrice": None,
        "discountPercentage": None,
        "vatRate": tariff.vat_rate(pack),
    }


def texts(quantity: int, part: int) -> int:
    """Tell how many SMS so many credits pay; where they cost nothing, as many as there are credits."""
    return quantity * MICRO // part if part else quantity


async def see_offers(call: Call) -> list[dict[str, object]]:
    """GET /sms/{serviceName}/seeOffers; an empty list where no such pack is sold"""
    facts = call.context.store.facts
    language = tariff.read_country(call.query, "countryCurrencyPrice", tariff.BUYERS)
    destination = tariff.read_country(call.query, "countryDestination", tariff.DESTINATIONS)
    quantity = tariff.read_quantity(dict(call.query))
    pack = facts.tariffs.pack(language.upper(), quantity)
    if pack is None and quantity not in tariff.QUANTITIES:
        raise codec.invalid("quantity")
    return (
        []
        if pack is None
        else [write_offer(pack, language, destination, part_price(facts, call.account.id, destination))]
    )


def write_offer(pack: Pack, language: str, destination: str, part: int) -> dict[str, object]:
    """Write sms.PackOffer."""
    return {
        "countryDestination": destination,
        "giftPrice": None,
        "giftQuantity": None,
        "language": language,
        "price": pack.price * part // MICRO / MICRO,
        "quantity": pack.quantity,
        "smsQuantity": ledger.credits(pack.quantity * MICRO * MICRO // part) if part else pack.quantity,
        "totalPrice": pack.net / MICRO,
    }
