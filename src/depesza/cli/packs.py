"""`depesza pack`: what credits cost in money."""

from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from depesza.cli import show, wished
from depesza.cli.desk import AsJson, Config, Desk, at_desk
from depesza.cli.errors import Failed

if TYPE_CHECKING:
    from depesza.services.draft import Draft

pack = App(name="pack", help="What credits cost in money.")

Country = Annotated[str, Parameter(help="ISO code of the buyer; empty for all others.")]


@pack.command(name="create")
def create(
    quantity: Annotated[int, Parameter(help="Credits.")],
    price: Annotated[str, Parameter(help="Price of one credit without tax, like 0.07.")],
    /,
    *,
    country: Country = "",
    currency: Annotated[str | None, Parameter(help="ISO code, like EUR.")] = None,
    vat: Annotated[str | None, Parameter(help="Percent of value added tax.")] = None,
    config: Config = None,
    json: AsJson = False,
) -> None:
    """Sell a pack of credits, or change the price of the one there is."""
    wish = {"quantity": quantity, "price": price, "country": country}
    wish |= wished.given(currency=currency, vat=vat)
    wished.fulfil(config, "packs", wish, json=json, new=None, missing="")


@pack.command(name="list")
def listing(*, config: Config = None, json: AsJson = False) -> None:
    """List the packs that are sold; until one is set, those are examples."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        return _rows(desk)

    show.listing(at_desk(config, work), json=json)


def _rows(desk: Desk) -> list[dict[str, Any]]:
    from depesza.core import tariffs

    return [
        {
            "id": row.id or "example",
            "quantity": row.quantity,
            "country": row.country,
            "price": row.price / tariffs.MICRO,
            "currency": row.currency,
            "vat": row.vat / tariffs.PERCENT,
            "total": (row.net + tariffs.tax(row.net, row.vat)) / tariffs.MICRO,
        }
        for row in desk.facts.packs or tariffs.EXAMPLES
    ]


@pack.command(name="show")
def details(id: int, /, *, config: Config = None, json: AsJson = False) -> None:
    """Show a pack."""

    async def work(desk: Desk) -> dict[str, Any]:
        found = next((row for row in _rows(desk) if row["id"] == id), None)
        if found is None:
            raise Failed(f"there is no pack {id}")
        return found

    show.details(at_desk(config, work), json=json)


@pack.command(name="delete")
def delete(id: int, /, *, config: Config = None, json: AsJson = False) -> None:
    """Stop selling a pack."""

    async def change(draft: "Draft") -> None:
        from depesza.services import packs

        packs.remove_pack(draft, id)

    wished.drafted(config, change, json=json)
