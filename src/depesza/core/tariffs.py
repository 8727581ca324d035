"""What credits cost in money: packs by country of the buyer, with currency and value added tax.

An operator sets packs of its own (`depesza pack`); until there is one, those of `EXAMPLES` are sold. Amounts are
integers of micro-units of a currency; an amount that is paid is rounded to cents. spec: ovh/4.11
"""

from collections.abc import Iterable

from msgspec import Struct

MICRO = 1_000_000
"""Micro-units in one unit of a currency."""
CENT = MICRO // 100
PERCENT = 100
"""A percent of tax, as `Pack.vat` counts."""


class Pack(Struct, frozen=True, kw_only=True):
    """So many credits, sold together to buyers of a country."""

    id: int
    quantity: int
    """Credits."""
    price: int
    """Of one credit, without tax, in micro-units of the currency."""
    country: str = ""
    """ISO code; empty: for buyers of every country that has no packs of its own."""
    currency: str = "EUR"
    vat: int = 20 * PERCENT
    """Hundredths of a percent."""

    @property
    def net(self) -> int:
        """Price of the whole pack without tax, in whole cents."""
        return to_cents(self.quantity * self.price)


_QUANTITIES = {
    100: 80_000,
    200: 78_000,
    250: 77_000,
    500: 75_000,
    1_000: 70_000,
    2_500: 67_000,
    5_000: 63_000,
    10_000: 59_000,
    25_000: 55_000,
    50_000: 52_000,
    100_000: 49_000,
    1_000_000: 45_000,
}
"""Price of one credit in millionths of a euro. spec: ovh/3 PackQuantityEnum"""

_COUNTRIES = {
    "": ("EUR", 100, 20),
    "GB": ("GBP", 85, 20),
    "PL": ("PLN", 430, 23),
    "CZ": ("CZK", 2_500, 21),
    "CA": ("CAD", 150, 0),
    "QC": ("CAD", 150, 0),
    "MA": ("MAD", 1_080, 20),
    "TN": ("TND", 340, 19),
    "SN": ("XOF", 65_600, 18),
    "WE": ("USD", 110, 0),
}
"""Currency, its hundredths to a euro, and percent of tax."""

EXAMPLES: tuple[Pack, ...] = tuple(
    Pack(id=0, quantity=quantity, price=price * rate // 100, country=country, currency=currency, vat=vat * PERCENT)
    for country, (currency, rate, vat) in _COUNTRIES.items()
    for quantity, price in _QUANTITIES.items()
)
"""Sold while the operator has set no pack: round numbers of our own, in the currencies that clients know."""

FREE = Pack(id=0, quantity=1, price=0)
"""Stands where nothing is sold: an operator who has no price list gives credits away."""


class Tariffs:
    """The packs, by country and quantity."""

    def __init__(self, packs: Iterable[Pack]) -> None:
        """Sort the packs; where there is none the examples are taken."""
        self._countries: dict[str, dict[int, Pack]] = {}
        for pack in sorted(packs or EXAMPLES, key=lambda pack: pack.quantity):
            self._countries.setdefault(pack.country, {})[pack.quantity] = pack

    def sold(self, country: str) -> tuple[Pack, ...]:
        """List what buyers of a country can have, the smallest first."""
        return tuple(self._of(country).values())

    def pack(self, country: str, quantity: int) -> Pack | None:
        """Find the pack of exactly so many credits."""
        return self._of(country).get(quantity)

    def at(self, country: str, quantity: int) -> Pack:
        """Find the pack whose price holds for any number of credits: the largest not above it, else the smallest."""
        sold = self.sold(country)
        below = [pack for pack in sold if pack.quantity <= quantity]
        return below[-1] if below else sold[0] if sold else FREE

    def _of(self, country: str) -> dict[int, Pack]:
        return self._countries.get(country) or self._countries.get("", {})


def to_cents(amount: int) -> int:
    """Round micro-units to whole cents, half up."""
    return (amount + CENT // 2) // CENT * CENT


def tax(net: int, vat: int) -> int:
    """Tell the tax on an amount, in whole cents; `vat` is in hundredths of a percent."""
    return to_cents(net * vat // (100 * PERCENT))
