"""`depesza order`: what clients ordered, approved or refused."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter

from depesza.cli import show
from depesza.cli.desk import AsJson, Config, Desk, at_desk
from depesza.cli.errors import Failed

if TYPE_CHECKING:
    from depesza.services.orders import Order

order = App(name="order", help="Orders of credits and accounts.")

Status = Annotated[Literal["", "waiting", "done", "refused"], Parameter(help="Only those.")]


@order.command(name="list")
def listing(
    *,
    status: Status = "",
    limit: Annotated[int, Parameter(help="The newest so many.")] = 50,
    config: Config = None,
    json: AsJson = False,
) -> None:
    """List orders, the newest first."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        from depesza.services import orders

        return [_row(desk, row) for row in await desk.store.look(orders.listed, status, limit)]

    show.listing(at_desk(config, work), json=json)


def _row(desk: Desk, row: "Order") -> dict[str, Any]:
    from depesza.core.tariffs import MICRO

    facts = desk.facts
    names = [facts.account[line.account].name for line in row.lines if line.account in facts.account]
    owner = facts.owner.get(row.owner)
    return {
        "id": row.id,
        "at": show.moment(row.at),
        "kind": row.kind,
        "owner": owner.name if owner is not None else None,
        "accounts": names,
        "credits": row.quantity,
        "price": row.gross / MICRO,
        "currency": row.currency,
        "status": row.status,
    }


@order.command(name="show")
def details(id: int, /, *, config: Config = None, json: AsJson = False) -> None:
    """Show an order with its lines and its tax."""

    async def work(desk: Desk) -> dict[str, Any]:
        from depesza.core.tariffs import MICRO, PERCENT
        from depesza.services import orders

        row = await desk.store.look(orders.show, id)
        if row is None:
            raise Failed(f"there is no order {id}")
        lines = [
            {
                "account": desk.facts.account[line.account].name if line.account in desk.facts.account else None,
                "new": line.new,
                "channel": line.channel,
                "smpp": line.smpp,
                "credits": line.quantity,
                "price of one": line.price / MICRO,
                "price": line.net / MICRO,
            }
            for line in row.lines
        ]
        tax = {"without tax": row.net / MICRO, "vat": row.vat / PERCENT, "tax": row.tax / MICRO}
        decided = {"buyer asked": row.asked, "decided": show.moment(row.decided)}
        return _row(desk, row) | tax | decided | {"lines": lines}

    show.details(at_desk(config, work), json=json)


@order.command(name="approve")
def approve(id: int, /, *, config: Config = None, json: AsJson = False) -> None:
    """Give the credits, make the accounts."""

    async def decide(desk: Desk) -> "Order":
        from depesza.services import orders

        return await desk.store.run(orders.approve, id, desk.now(), "cli")

    _decided(id, decide, config, json=json)


@order.command(name="refuse")
def refuse(id: int, /, *, config: Config = None, json: AsJson = False) -> None:
    """Turn an order down."""

    async def decide(desk: Desk) -> "Order":
        from depesza.services import orders

        return await desk.store.run(orders.refuse, id, desk.now(), "cli")

    _decided(id, decide, config, json=json)


def _decided(id: int, decide: Callable[[Desk], Awaitable["Order"]], config: Path | None, *, json: bool) -> None:
    async def work(desk: Desk) -> dict[str, Any]:
        from depesza.services import accounts

        try:
            return _row(desk, await decide(desk))
        except accounts.Unknown as error:
            if str(error) == f"order {id}":
                raise Failed(f"no order {id} waits") from error
            raise Failed(f"{error} is gone: refuse the order") from error

    show.details(at_desk(config, work), json=json)
