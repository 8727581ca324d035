"""Amounts of money as OVH's clients read them, and the enums of their price lists. spec: ovh/3 ovh/4.11"""

from collections.abc import Mapping

from depesza.core.tariffs import CENT, MICRO, PERCENT, Pack
from depesza.dialects.ovh import codec, errors
from depesza.dialects.ovh.schema import models

AUTOMATIC = frozenset(models()["sms.PackQuantityAutomaticRecreditEnum"].values)
QUANTITIES = frozenset(models()["sms.PackQuantityEnum"].values)
DESTINATIONS = frozenset(models()["sms.CountryEnum"].values)
BILLING = frozenset(models()["sms.BillingCountryEnum"].values)
BUYERS = frozenset(models()["reference.CountryEnum"].values)

SIGNS = {"EUR": "€", "GBP": "£", "PLN": "zł", "CZK": "Kč", "CAD": "$", "USD": "$", "AUD": "$", "SGD": "$", "INR": "₹"}
"""Signs of currencies; others are written with their code."""

Price = dict[str, object]


def price(amount: int, currency: str) -> Price:
    """Write order.Price; `amount` is in micro-units. Cents are always written, what is finer where it is there."""
    return {
        "currencyCode": currency,
        "text": f"{decimal(amount)} {SIGNS.get(currency, currency)}",
        "value": amount / MICRO,
        "priceInUcents": amount * 100,
    }


def decimal(amount: int) -> str:
    """Write micro-units with two decimals, or with as many as they have."""
    whole, rest = divmod(abs(amount), MICRO)
    digits = f"{rest // CENT:02}" if rest % CENT == 0 else f"{rest:06}".rstrip("0")
    return f"{'-' if amount < 0 else ''}{whole}.{digits}"


def vat_rate(pack: Pack) -> float:
    """Write a tax rate in percent."""
    return pack.vat / PERCENT


def read_country(query: Mapping[str, str], name: str, known: frozenset[str | int], default: str = "") -> str:
    """Read a country of an enum, in small letters; raises 400."""
    value = query.get(name, default).lower()
    if not value:
        raise errors.bad_request(f"{name} is required")
    if value not in known:
        raise codec.invalid(name)
    return value


def read_quantity(given: Mapping[str, object]) -> int:
    """Read `quantity`; raises 400."""
    quantity = codec.whole(given, "quantity")
    if quantity is None:
        raise errors.bad_request("quantity is required")
    return quantity
