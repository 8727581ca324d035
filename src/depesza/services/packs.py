"""Packs of credits: created, changed and deleted by quantity and country. spec: ovh/4.11"""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from msgspec import UNSET
from msgspec.structs import replace

from depesza.core.tariffs import MICRO, PERCENT, Pack
from depesza.services.draft import Draft
from depesza.services.wishes import Amount, PackWish, WishError

HIGHEST_PRICE = 1_000_000 * MICRO
HIGHEST_VAT = 100 * PERCENT


def pack_name(pack: Pack) -> str:
    """Write what a pack is known by."""
    return f"{pack.quantity} {pack.country or 'everywhere'}"


def put_pack(draft: Draft, wish: PackWish) -> Pack:
    """Create or change a pack; a new one has the currency and the tax of the others in its country."""
    there = [row for row in draft.packs.values() if row.country == wish.country]
    old = next((row for row in there if row.quantity == wish.quantity), None)
    like = old or (there[0] if there else None)
    new = Pack(
        id=old.id if old is not None else draft.tx.new_id(),
        quantity=wish.quantity,
        country=wish.country,
        price=scaled(wish.price, MICRO, HIGHEST_PRICE, "pack: price"),
    )
    if like is not None:
        new = replace(new, currency=like.currency, vat=like.vat)
    if wish.currency is not UNSET:
        new = replace(new, currency=wish.currency)
    if wish.vat is not UNSET:
        new = replace(new, vat=scaled(wish.vat, PERCENT, HIGHEST_VAT, "pack: vat"))
    draft.packs[new.id] = new
    draft.put("packs", "pack", pack_name(new), old, new)
    return new


def scaled(value: Amount, scale: int, highest: int, place: str) -> int:
    """Turn a decimal into an integer of `1/scale`; raises `WishError`."""
    try:
        exact = Decimal(repr(value) if isinstance(value, float) else value) * scale
        found = int(exact.to_integral_value(ROUND_HALF_UP))
    except (InvalidOperation, OverflowError, ValueError) as error:
        raise WishError(f"{place}: {value!r} is no number") from error
    if not 0 <= found <= highest:
        raise WishError(f"{place}: {value} is not between 0 and {highest // scale}")
    return found


def check(draft: Draft) -> None:
    """Refuse two currencies or tax rates in one country: what is bought together is paid together."""
    seen: dict[str, Pack] = {}
    for pack in draft.packs.values():
        first = seen.setdefault(pack.country, pack)
        if (first.currency, first.vat) != (pack.currency, pack.vat):
            place = pack.country or "everywhere"
            raise WishError(f"packs of {place}: one currency and one tax rate are needed, name them all in one file")


def remove_pack(draft: Draft, id: int) -> None:
    """Delete a pack."""
    pack = draft.packs.pop(id, None)
    if pack is None:
        raise WishError(f"pack: there is no pack {id}")
    draft.drop("packs", "pack", pack_name(pack), id=id)
