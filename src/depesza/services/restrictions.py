"""Restrictions of operators: noted and forgotten by who runs the platform. A row is known by code and conditions."""

from depesza.core import phone
from depesza.core.restrictions import Restriction
from depesza.services.draft import Draft
from depesza.services.wishes import RestrictionWish, WishError


def put(draft: Draft, wish: RestrictionWish) -> Restriction:
    """Note a restriction, or change the one with the same code and conditions; raises `WishError`."""
    number = phone.parse(wish.substitution) if wish.substitution else None
    if wish.substitution and (wish.code != "ALPHA" or number is None or number.e164 != wish.substitution):
        raise WishError(f"restriction {wish.code}: a substitution is a number like +33600000001, with ALPHA only")
    conditions = (wish.code, wish.country, wish.prefix, wish.operators)
    rows = draft.restrictions.values()
    old = next((row for row in rows if (row.code, row.country, row.prefix, row.operators) == conditions), None)
    new = Restriction(
        id=old.id if old is not None else draft.tx.new_id(),
        code=wish.code,
        country=wish.country,
        prefix=wish.prefix,
        operators=wish.operators,
        messages=wish.messages,
        substitution=wish.substitution,
    )
    draft.restrictions[new.id] = new
    draft.put("restrictions", "restriction", name_of(new), old, new)
    return new


def remove(draft: Draft, id: int) -> None:
    """Forget a restriction; raises `WishError`."""
    row = draft.restrictions.pop(id, None)
    if row is None:
        raise WishError(f"there is no restriction {id}")
    draft.drop("restrictions", "restriction", name_of(row), id=id)


def name_of(row: Restriction) -> str:
    """Name a restriction by what makes it up: `ALPHA US 1 AT&T`."""
    return " ".join(filter(None, (row.code, row.country, row.prefix, ", ".join(row.operators))))
