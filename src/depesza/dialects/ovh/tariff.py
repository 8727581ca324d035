"""What credits cost: packs, their prices and the currency of each country. spec: ovh/4.11

The prices are of our own making: a platform that one runs oneself has no vendor's price list. An operator who
sells credits puts its own in here. Amounts are integers of a hundred-thousandth of a currency's unit.
"""

from decimal import ROUND_HALF_UP, Decimal

PACKS: dict[int, int] = {
    100: 8_000,
    200: 7_800,
    250: 7_700,
    500: 7_500,
    1_000: 7_000,
    2_500: 6_700,
    5_000: 6_300,
    10_000: 5_900,
    25_000: 5_500,
    50_000: 5_200,
    100_000: 4_900,
    1_000_000: 4_500,
}
"""Price of one credit in euros by the quantity ordered, without tax. spec: ovh/3 PackQuantityEnum"""

AUTOMATIC = frozenset({100, 200, 250, 500, 1_000, 5_000, 10_000})
"""spec: ovh/3 PackQuantityAutomaticRecreditEnum"""

VAT = Decimal("0.20")
UNIT = 100_000

CURRENCIES: dict[str, tuple[str, str, Decimal]] = {
    "EUR": ("EUR", "€", Decimal(1)),
    "GBP": ("GBP", "£", Decimal("0.85")),
    "PLN": ("PLN", "zł", Decimal("4.30")),
    "CZK": ("CZK", "Kč", Decimal(25)),
    "CAD": ("CAD", "$", Decimal("1.50")),
    "MAD": ("MAD", "MAD", Decimal("10.8")),
    "TND": ("TND", "TND", Decimal("3.4")),
    "XOF": ("XOF", "XOF", Decimal(656)),
    "USD": ("USD", "$", Decimal("1.10")),
}
"""Code, sign and units to a euro."""

CURRENCY_OF: dict[str, str] = {
    "gb": "GBP",
    "pl": "PLN",
    "cz": "CZK",
    "ca": "CAD",
    "qc": "CAD",
    "ma": "MAD",
    "tn": "TND",
    "sn": "XOF",
    "we": "USD",
}
"""Currency of a country of `reference.CountryEnum` that has not the euro."""

COUNTRIES = frozenset(CURRENCY_OF) | {
    "all",
    "de",
    "en",
    "es",
    "fi",
    "fr",
    "ie",
    "it",
    "lt",
    "nl",
    "pp",
    "pt",
    "ru",
    "sk",
}
"""spec: ovh/3 reference.CountryEnum"""

Price = dict[str, object]


def price(amount: int, currency: str = "EUR") -> Price:
    """Write order.Price; `amount` is in hundred-thousandths of a euro."""
    code, sign, rate = CURRENCIES[currency]
    value = (Decimal(amount) * rate / UNIT).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return {"currencyCode": code, "text": f"{value} {sign}", "value": float(value)}


def converted(amount: int, currency: str) -> float:
    """Give an amount in a currency, to its hundred-thousandth."""
    return float((Decimal(amount) * CURRENCIES[currency][2] / UNIT).quantize(Decimal("0.00001"), ROUND_HALF_UP))


def tax(amount: int) -> int:
    """Tell the value added tax of an amount."""
    return int((amount * VAT).to_integral_value(ROUND_HALF_UP))
