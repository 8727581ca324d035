"""Connectors, routes and prices: created, changed and deleted by their names."""

from collections.abc import Callable, Collection

import msgspec
from msgspec import UNSET, UnsetType

from depesza.core import ledger
from depesza.core.facts import ConnectorFact
from depesza.core.model import Channel, Priority
from depesza.core.pricing import Price
from depesza.core.routing import Route, Spread
from depesza.services.draft import Draft, merged
from depesza.services.wishes import Amount, ConnectorWish, PriceWish, RouteWish, WishError

Check = Callable[[str, bytes], None]
"""Refuses settings (JSON) that a kind of connector can't use, or a kind that there is not, by a ValueError."""

Carries = Callable[[str], Collection[Channel]]
"""Tells which channels a kind of connector carries."""

Conditions = tuple[str, str, str, int, int, Channel]
"""What a route is known by: prefix, country, sender, account, priority, channel."""


def micro(value: Amount, place: str) -> int:
    """Turn credits into micro-credits; raises `WishError` for what is none, or below zero."""
    try:
        found = ledger.micro(value)
    except ValueError as error:
        raise WishError(f"{place}: {error}") from error
    if not 0 <= found < 2**53:
        raise WishError(f"{place}: {value} is not between 0 and 9 billion")
    return found


# connectors


def put_connector(draft: Draft, wish: ConnectorWish, check: Check) -> ConnectorFact:
    """Create or change a connector."""
    place = f"connector {wish.name}"
    old = draft.connectors.get(wish.name)
    if old is None and wish.kind is UNSET:
        raise WishError(f"{place}: kind is needed")
    settings: str | UnsetType = UNSET
    if wish.settings is not UNSET:
        settings = msgspec.json.encode(wish.settings, order="deterministic").decode()
    fresh = {"id": 0, "settings": "{}"}
    new = merged(ConnectorFact, old, wish, fresh, settings=settings)
    if old is None:
        new = msgspec.structs.replace(new, id=draft.tx.new_id())
    if new != old:
        try:
            check(new.kind, new.settings.encode())
        except ValueError as error:
            raise WishError(f"{place}: {error}") from error
    draft.connectors[wish.name] = new
    draft.put("connectors", "connector", wish.name, old, new)
    return new


async def remove_connector(draft: Draft, name: str) -> None:
    """Delete a connector that no route names and no message waits for."""
    row = draft.connector(name, "connector")
    for route in draft.routes.values():
        if row.id in route.connectors:
            raise WishError(f"connector {name}: a route names it ({route_name(draft, route)})")
    waiting = await draft.tx.query("SELECT COUNT(*) FROM messages WHERE connector = ?1 AND state IN (0, 1, 2)", row.id)
    if waiting[0][0]:
        raise WishError(f"connector {name}: {waiting[0][0]} messages wait for it")
    del draft.connectors[name]
    draft.drop("connectors", "connector", name, id=row.id)


# routes


def route_name(draft: Draft, route: Route) -> str:
    """Write the conditions of a route for people."""
    words = [
        f"+{route.prefix}" if route.prefix else "",
        route.country,
        f"from {route.sender}" if route.sender else "",
        f"account {draft.account_name(route.account)}" if route.account else "",
        Priority(route.priority).name.lower() if route.priority >= 0 else "",
        route.channel,
    ]
    return " ".join(word for word in words if word) or "everything"


def conditions(draft: Draft, wish: RouteWish) -> Conditions:
    """Read what a route is known by."""
    account = draft.account(wish.account, "route").id if wish.account else 0
    priority = -1 if wish.priority == "any" else int(Priority[wish.priority.upper()])
    return wish.prefix, wish.country, wish.sender, account, priority, channel_of(wish.channel)


def channel_of(name: str) -> Channel:
    """Read the name of a channel as operators write it."""
    return Channel.SMS if name == "sms" else Channel(name)


def channel_name(channel: Channel) -> str:
    """Write it so."""
    return channel or "sms"


def find_route(draft: Draft, known: Conditions) -> Route | None:
    """Find a route by its conditions."""
    rows = draft.routes.values()
    return next((r for r in rows if _known(r) == known), None)


def _known(route: Route) -> Conditions:
    return route.prefix, route.country, route.sender, route.account, route.priority, route.channel


def put_route(draft: Draft, wish: RouteWish) -> Route:
    """Create or change a route."""
    known = conditions(draft, wish)
    old = find_route(draft, known)
    ways: tuple[int, ...] | UnsetType = UNSET
    if wish.connectors is not UNSET:
        ways = tuple(draft.connector(name, "route").id for name in wish.connectors)
    spread = Spread(wish.spread) if wish.spread is not UNSET else UNSET
    fixed = {"account": known[3], "priority": known[4], "connectors": ways, "spread": spread, "channel": known[5]}
    try:
        new = merged(Route, old, wish, {"id": 0}, **fixed)
        if len(new.weights) > len(new.connectors):
            raise ValueError("more weights than connectors")
    except ValueError as error:
        raise WishError(f"route: {error}") from error
    if old is None:
        new = msgspec.structs.replace(new, id=draft.tx.new_id())
    draft.routes[new.id] = new
    draft.put("routes", "route", route_name(draft, new), old, new)
    return new


def check_routes(draft: Draft, carries: Carries) -> None:
    """Refuse a route that leads a message to a connector which does not know what to do with it."""
    connectors = {row.id: row for row in draft.connectors.values()}
    for route in draft.routes.values():
        for row in [connectors[id] for id in route.connectors if id in connectors]:
            if route.channel not in carries(row.kind):
                what = channel_name(route.channel)
                raise WishError(f"route {route_name(draft, route)}: {row.name} ({row.kind}) carries no {what}")


def remove_route(draft: Draft, id: int) -> None:
    """Delete a route."""
    route = draft.routes.pop(id, None)
    if route is None:
        raise WishError(f"route: there is no route {id}")
    draft.drop("routes", "route", route_name(draft, route), id=id)


# prices


def price_name(draft: Draft, price: Price) -> str:
    """Write the conditions of a price for people."""
    words = [
        f"+{price.prefix}" if price.prefix else "",
        price.country,
        f"account {draft.account_name(price.account)}" if price.account else "",
        f"operator {price.operator}" if price.operator else "",
        price.channel,
        price.currency,
    ]
    return " ".join(word for word in words if word) or "everything"


def put_price(draft: Draft, wish: PriceWish) -> Price:
    """Create or change a price."""
    account = draft.account(wish.account, "price").id if wish.account else 0
    channel = channel_of(wish.channel)
    known = (account, wish.prefix, wish.country, channel, wish.operator, wish.currency)
    old = next((row for row in draft.prices.values() if _conditions(row) == known), None)
    id = old.id if old is not None else draft.tx.new_id()
    new = Price(
        id=id,
        micro=micro(wish.credits, "price: credits"),
        account=account,
        prefix=wish.prefix,
        country=wish.country,
        channel=channel,
        operator=wish.operator,
        currency=wish.currency,
    )
    draft.prices[id] = new
    draft.put("prices", "price", price_name(draft, new), old, new)
    return new


def _conditions(price: Price) -> tuple[int, str, str, Channel, str, str]:
    """Give what a price is known by."""
    return price.account, price.prefix, price.country, price.channel, price.operator, price.currency


def remove_price(draft: Draft, id: int) -> None:
    """Delete a price."""
    price = draft.prices.pop(id, None)
    if price is None:
        raise WishError(f"price: there is no price {id}")
    draft.drop("prices", "price", price_name(draft, price), id=id)
