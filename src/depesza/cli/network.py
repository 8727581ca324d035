"""`depesza connector | route | price`: create, list, show, change, delete."""

import json as json_module
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter

from depesza.cli import show, wished
from depesza.cli.desk import AsJson, Config, Desk, at_desk
from depesza.cli.errors import Failed

if TYPE_CHECKING:
    from depesza.core.facts import ConnectorFact
    from depesza.services.draft import Draft
    from depesza.store.tx import Tx

connector = App(name="connector", help="Links to carriers.")
route = App(name="route", help="Which connectors may carry a message.")
price = App(name="price", help="What a part costs.")

# connectors

Set = Annotated[
    tuple[str, ...],
    Parameter(name="--set", negative="", help="A setting, like host=smsc.example; again for more."),
]


def read_sets(words: tuple[str, ...], texts: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Read settings like `port=2775`: what is JSON is taken as such, the rest and those in `texts` as text."""
    found: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise Failed(f"--set {word}: it is written name=value", 2)
        try:
            found[name] = value if name in texts else json_module.loads(value)
        except ValueError:
            found[name] = value
    return found


def _texts(kind: str) -> frozenset[str]:
    """Name the settings of a kind that are texts, so that a password of digits stays one."""
    return frozenset(name for name, row in _schema(kind).items() if row.get("type") == "string")


def _schema(kind: str) -> dict[str, Any]:
    import msgspec

    from depesza.connectors import KINDS

    if kind not in KINDS:
        raise Failed(f"there is no kind {kind}; there are {', '.join(KINDS)}")
    found: dict[str, Any] = msgspec.json.schema(KINDS[kind].settings)["$defs"]["Settings"]["properties"]
    return found


@connector.command(name="create")
def create_connector(
    name: str, /, *, kind: Annotated[str, Parameter(help="smpp or virtual.")], set: Set = (), enabled: bool = True,
    config: Config = None, json: AsJson = False,
) -> None:  # fmt: skip
    """Make a connector; `depesza connector kinds` shows what can be set."""
    wish = {"name": name, "kind": kind, "enabled": enabled, "settings": read_sets(set, _texts(kind))}
    wished.fulfil(config, "connectors", wish, json=json, new=_there(name), missing="create")


@connector.command(name="change")
def change_connector(
    name: str, /, *, set: Set = (), enabled: bool | None = None, config: Config = None, json: AsJson = False,
    unset: Annotated[
        tuple[str, ...], Parameter(negative="", help="A setting that gets its default back; again for more.")
    ] = (),
) -> None:  # fmt: skip
    """Change a connector: settings that are not named stay. A running server connects anew."""

    async def work(desk: Desk) -> "list[Any]":
        from depesza.services import wishes

        row = _connector(desk, name)
        settings = json_module.loads(row.settings) | read_sets(set, _texts(row.kind))
        for each in unset:
            settings.pop(each, None)
        wish = wished.given(name=name, enabled=enabled) | {"settings": settings}
        return await wished.carry_out(desk, wishes.wish({"connectors": [wish]}), who="cli")

    wished.tell(at_desk(config, work), json=json)


def _there(name: str) -> Any:
    return lambda desk: any(row.name == name for row in desk.facts.connectors)


def _connector(desk: Desk, name: str) -> "ConnectorFact":
    found = next((row for row in desk.facts.connectors if row.name == name), None)
    if found is None:
        raise Failed(f"there is no connector {name}")
    return found


@connector.command(name="list")
def list_connectors(*, config: Config = None, json: AsJson = False) -> None:
    """List connectors with what waits for them; /readyz shows how their links stand."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        waiting = await desk.store.look(_waiting)
        return [_connector_row(row, waiting) for row in desk.facts.connectors]

    show.listing(at_desk(config, work), json=json, columns=("name", "kind", "enabled", "waiting", "unreported"))


@connector.command(name="show")
def show_connector(name: str, /, *, config: Config = None, json: AsJson = False) -> None:
    """Show a connector: its settings (without passwords) and what it has learnt of its carrier."""

    async def work(desk: Desk) -> dict[str, Any]:
        from depesza.services import habits

        row = _connector(desk, name)
        learnt = await desk.store.look(habits.read, row.id)
        found = _connector_row(row, await desk.store.look(_waiting))
        return found | {"learnt": json_module.loads(learnt) if learnt else None}

    show.details(at_desk(config, work), json=json)


async def _waiting(tx: "Tx") -> dict[tuple[int, bool], int]:
    rows = await tx.query("SELECT connector, state, COUNT(*) FROM messages WHERE state < 5 GROUP BY connector, state")
    found: dict[tuple[int, bool], int] = {}
    for id, state, count in rows:
        found[id, state < 3] = found.get((id, state < 3), 0) + count
    return found


def _connector_row(row: "ConnectorFact", waiting: dict[tuple[int, bool], int]) -> dict[str, Any]:
    settings = json_module.loads(row.settings)
    for secret in ("password", "pin"):
        if settings.get(secret):
            settings[secret] = "…"
    if "database" in settings:  # a URL may hold a password
        settings["database"] = re.sub(r"(?<=:)[^:@/]+(?=@)", "…", settings["database"])
    return {
        "id": row.id,
        "name": row.name,
        "kind": row.kind,
        "enabled": row.enabled,
        "waiting": waiting.get((row.id, True), 0),
        "unreported": waiting.get((row.id, False), 0),
        "settings": settings,
    }


@connector.command(name="delete")
def delete_connector(name: str, /, *, config: Config = None, json: AsJson = False) -> None:
    """Delete a connector that no route names and no message waits for."""

    async def change(draft: "Draft") -> None:
        from depesza.services import network

        await network.remove_connector(draft, name)

    wished.drafted(config, change, json=json)


@connector.command(name="kinds")
def kinds(kind: str | None = None, /, *, json: AsJson = False) -> None:
    """List the kinds of connectors, or what can be set on one."""
    from depesza.connectors import KINDS

    if kind is None:
        rows = [
            {
                "kind": name,
                "carries": ", ".join(sorted(channel or "sms" for channel in row.channels)),
                "about": (row.settings.__doc__ or "").strip(),
            }
            for name, row in KINDS.items()
        ]
        show.listing(rows, json=json)
        return
    rows = [
        {"setting": name, "default": row.get("default", "needed"), "meaning": row.get("description", "")}
        for name, row in _schema(kind).items()
    ]
    show.listing(rows, json=json)


# routes

Prefix = Annotated[str, Parameter(help="Digits the receiver begins with.")]
Country = Annotated[str, Parameter(help="ISO code of the receiver.")]
Carried = Annotated[
    Literal["sms", "mms", "mail", "call", "viber", "whatsapp", "telegram", "social", "hlr"],
    Parameter(help="What it carries; hlr: questions about numbers."),
]
Class = Literal["any", "urgent", "high", "normal", "bulk"]
Ways = Annotated[
    tuple[str, ...] | None,
    Parameter(name="--connector", negative="", help="A way, first choice first; again for more."),
]
Weights = Annotated[tuple[int, ...] | None, Parameter(name="--weight", negative="", help="Percent of each way.")]
Spread = Annotated[
    Literal["order", "round_robin", "weighted"] | None,
    Parameter(help="How the first choice is made.", show_default=False),
]


@route.command(name="create")
def create_route(
    *, connectors: Ways = None, channel: Carried = "sms", prefix: Prefix = "", country: Country = "",
    sender: str = "", account: str = "", priority: Class = "any", position: int | None = None,
    weights: Weights = None, spread: Spread = None, config: Config = None, json: AsJson = False,
) -> None:  # fmt: skip
    """Make a route, or change the one with the same conditions; without a connector it refuses what fits."""
    ways = connectors if connectors is not None else ()
    wish = wished.given(
        connectors=ways, channel=channel, prefix=prefix, country=country, sender=sender, account=account,
        priority=priority, position=position, weights=weights, spread=spread,
    )  # fmt: skip
    wished.fulfil(config, "routes", wish, json=json, new=None, missing="")


@route.command(name="change")
def change_route(
    id: int, /, *, connectors: Ways = None, position: int | None = None, weights: Weights = None,
    spread: Spread = None, config: Config = None, json: AsJson = False,
) -> None:  # fmt: skip
    """Change where a route leads: what is not given stays."""

    async def work(desk: Desk) -> "list[Any]":
        from depesza.services import wishes

        row = next((each for each in _route_rows(desk) if each["id"] == id), None)
        if row is None:
            raise Failed(f"there is no route {id}")
        known = {name: row[name] for name in ("channel", "prefix", "country", "sender", "account", "priority")}
        wish = known | wished.given(connectors=connectors, position=position, weights=weights, spread=spread)
        return await wished.carry_out(desk, wishes.wish({"routes": [wish]}), who="cli")

    wished.tell(at_desk(config, work), json=json)


def _route_rows(desk: Desk) -> list[dict[str, Any]]:
    from depesza.core.model import Priority

    facts = desk.facts
    rows = sorted(facts.routes, key=lambda row: (row.position, -len(row.prefix), row.id))
    return [
        {
            "id": row.id,
            "position": row.position,
            "channel": row.channel or "sms",
            "prefix": row.prefix,
            "country": row.country,
            "sender": row.sender,
            "account": facts.account[row.account].name if row.account in facts.account else "",
            "priority": Priority(row.priority).name.lower() if row.priority >= 0 else "any",
            "connectors": [
                facts.connector[each].name if each in facts.connector else str(each) for each in row.connectors
            ],
            "weights": list(row.weights),
            "spread": str(row.spread),
        }
        for row in rows
    ]


@route.command(name="list")
def list_routes(*, config: Config = None, json: AsJson = False) -> None:
    """List routes in the order in which they are tried."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        return _route_rows(desk)

    show.listing(at_desk(config, work), json=json)


@route.command(name="show")
def show_route(id: int, /, *, config: Config = None, json: AsJson = False) -> None:
    """Show a route."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        return [row for row in _route_rows(desk) if row["id"] == id]

    _only(at_desk(config, work), f"there is no route {id}", json=json)


def _only(rows: list[dict[str, Any]], missing: str, *, json: bool) -> None:
    if not rows:
        raise Failed(missing)
    show.details(rows[0], json=json)


@route.command(name="delete")
def delete_route(id: int, /, *, config: Config = None, json: AsJson = False) -> None:
    """Delete a route."""

    async def change(draft: "Draft") -> None:
        from depesza.services import network

        network.remove_route(draft, id)

    wished.drafted(config, change, json=json)


# prices

Priced = Annotated[
    Literal["sms", "ping", "mms", "mail", "call", "viber", "whatsapp", "telegram", "social", "hlr"],
    Parameter(help="What is sent; hlr: a question about a number."),
]


@price.command(name="create")
def create_price(
    credits: Annotated[str, Parameter(help="Credits, or units of the currency, for one part; like 1 or 0.85.")], /, *,
    channel: Priced = "sms", account: str = "", prefix: Prefix = "", country: Country = "",
    operator: Annotated[str, Parameter(help="Code of the receiver's operator, like 25001.")] = "",
    currency: Annotated[str, Parameter(help="For accounts that are kept in it; without: in credits.")] = "",
    config: Config = None, json: AsJson = False,
) -> None:  # fmt: skip
    """Set a price, or change the one with the same conditions."""
    wish = {
        "credits": credits, "channel": channel, "account": account, "prefix": prefix, "country": country,
        "operator": operator, "currency": currency,
    }  # fmt: skip
    wished.fulfil(config, "prices", wish, json=json, new=None, missing="")


@price.command(name="change")
def change_price(
    id: int, credits: Annotated[str, Parameter(help="Credits for one part.")], /, *, config: Config = None,
    json: AsJson = False,
) -> None:  # fmt: skip
    """Change a price."""

    async def work(desk: Desk) -> "list[Any]":
        from depesza.services import wishes

        row = next((each for each in _price_rows(desk) if each["id"] == id), None)
        if row is None:
            raise Failed(f"there is no price {id}")
        known = {name: row[name] for name in ("channel", "account", "prefix", "country", "operator", "currency")}
        wish = wishes.wish({"prices": [known | {"credits": credits}]})
        return await wished.carry_out(desk, wish, who="cli")

    wished.tell(at_desk(config, work), json=json)


def _price_rows(desk: Desk) -> list[dict[str, Any]]:
    from depesza.core import ledger

    facts = desk.facts
    return [
        {
            "id": row.id,
            "account": facts.account[row.account].name if row.account in facts.account else "",
            "prefix": row.prefix,
            "country": row.country,
            "channel": row.channel or "sms",
            "operator": row.operator,
            "currency": row.currency,
            "credits": ledger.credits(row.micro),
        }
        for row in facts.prices
    ]


@price.command(name="list")
def list_prices(*, config: Config = None, json: AsJson = False) -> None:
    """List prices; where none fits, a text costs one credit a part, and nothing else can be sent."""
    show.listing(_prices(config), json=json)


def _prices(config: Path | None) -> list[dict[str, Any]]:
    async def work(desk: Desk) -> list[dict[str, Any]]:
        return _price_rows(desk)

    return at_desk(config, work)


@price.command(name="show")
def show_price(id: int, /, *, config: Config = None, json: AsJson = False) -> None:
    """Show a price."""
    _only([row for row in _prices(config) if row["id"] == id], f"there is no price {id}", json=json)


@price.command(name="delete")
def delete_price(id: int, /, *, config: Config = None, json: AsJson = False) -> None:
    """Delete a price."""

    async def change(draft: "Draft") -> None:
        from depesza.services import network

        network.remove_price(draft, id)

    wished.drafted(config, change, json=json)
