"""`depesza key`: applications, the consumer keys they sign with, oauth2 clients."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from depesza.cli import show
from depesza.cli.desk import AsJson, Config, Desk, at_desk
from depesza.cli.errors import Failed

if TYPE_CHECKING:
    from depesza.core.facts import Application, Credential, Facts, Owner
    from depesza.store.tx import Tx

key = App(name="key", help="Applications and the keys they sign with.")

Rules = Annotated[
    tuple[str, ...],
    Parameter(name="--rule", negative="", help="A call it may make, like 'GET /sms/*'; again for more."),
]
Networks = Annotated[
    tuple[str, ...], Parameter(name="--ip", negative="", help="A network it may be used from; again for more.")
]
Seconds = Annotated[int, Parameter(name="--seconds", help="How long it lives; 0 for ever.")]
ALL = ("GET /*", "POST /*", "PUT /*", "DELETE /*")
"""Rules of a key for which none are named."""


@key.command(name="application")
def create_application(
    owner: str, name: str, /, *, description: str = "", config: Config = None, json: AsJson = False
) -> None:
    """Make an application; prints its key (AK) and, this once, its secret (AS)."""

    async def work(desk: Desk) -> dict[str, Any]:
        from depesza.services import keys

        made = await desk.store.run(
            keys.create_application, desk.vault, _owner(desk.facts, owner).id, name, description
        )
        await _note(desk, "application.created", f"{owner}/{name}")
        return {"application_key": made.row.key, "application_secret": made.secret}

    show.details(at_desk(config, work), json=json)


@key.command(name="oauth2")
def create_client(
    owner: str, name: str, /, *, rules: Rules = ALL, description: str = "", config: Config = None,
    json: AsJson = False,
) -> None:  # fmt: skip
    """Make an oauth2 client; prints its id and, this once, its secret."""

    async def work(desk: Desk) -> dict[str, Any]:
        from depesza.services import directory, keys

        pairs = directory.read_rules(rules, "--rule")
        holder = _owner(desk.facts, owner).id
        made = await desk.store.run(keys.create_application, desk.vault, holder, name, description, "oauth2", pairs)
        await _note(desk, "application.created", f"{owner}/{name}")
        return {"client_id": made.row.key, "client_secret": made.secret}

    show.details(at_desk(config, work), json=json)


@key.command(name="create")
def create_key(
    application: Annotated[str, Parameter(help="Application key.")], /, *, rules: Rules = ALL, ip: Networks = (),
    seconds: Seconds = 0, config: Config = None, json: AsJson = False,
) -> None:  # fmt: skip
    """Make a consumer key that is valid at once; prints it (CK) this once. Without rules it may call all."""

    async def work(desk: Desk) -> dict[str, Any]:
        from depesza.services import directory, keys

        row = _application(desk.facts, application)
        pairs = directory.read_rules(rules, "--rule")
        made = await desk.store.run(keys.grant, desk.vault, row.id, row.owner, pairs, seconds, desk.now(), ip)
        await _note(desk, "key.created", f"{row.name} {', '.join(rules)}")
        return {"id": made.row.id, "consumer_key": made.consumer_key}

    show.details(at_desk(config, work), json=json)


@key.command(name="approve")
def approve_key(
    id: Annotated[int, Parameter(help="Id of the key, as listed.")], /, *, owner: str | None = None,
    seconds: Seconds = 0, config: Config = None, json: AsJson = False,
) -> None:  # fmt: skip
    """Validate a key that waits; for its application's owner unless another is named."""

    async def work(desk: Desk) -> dict[str, Any]:
        from depesza.services import keys

        facts = desk.facts
        row = _credential(facts, id)
        holder = _owner(facts, owner).id if owner else facts.application[row.application].owner
        changed = await desk.store.run(keys.approve, row.token, holder, seconds, desk.now())
        await _note(desk, "key.approved", str(id))
        return _key_row(desk.facts, changed)

    show.details(at_desk(config, work), json=json)


@key.command(name="refuse")
def refuse_key(
    id: Annotated[int, Parameter(help="Id of the key, as listed.")], /, *, config: Config = None,
    json: AsJson = False,
) -> None:  # fmt: skip
    """Refuse a key that waits."""

    async def work(desk: Desk) -> dict[str, Any]:
        from depesza.services import keys

        changed = await desk.store.run(keys.refuse, _credential(desk.facts, id).token, desk.now())
        await _note(desk, "key.refused", str(id))
        return _key_row(desk.facts, changed)

    show.details(at_desk(config, work), json=json)


@key.command(name="revoke")
def revoke_key(
    id: Annotated[int, Parameter(help="Id of the key, as listed.")], /, *, config: Config = None,
    json: AsJson = False,
) -> None:  # fmt: skip
    """Delete a consumer key: whoever uses it is refused from now on."""

    async def work(desk: Desk) -> dict[str, Any]:
        from depesza.services import keys

        row = _key_row(desk.facts, _credential(desk.facts, id))
        await desk.store.run(keys.revoke, id)
        await _note(desk, "key.deleted", str(id))
        return row | {"status": "revoked"}

    show.details(at_desk(config, work), json=json)


@key.command(name="delete")
def delete_application(
    application: Annotated[str, Parameter(help="Application key.")], /, *, config: Config = None,
    json: AsJson = False,
) -> None:  # fmt: skip
    """Delete an application or oauth2 client with all its keys."""

    async def work(desk: Desk) -> dict[str, Any]:
        from depesza.services import keys

        row = _application(desk.facts, application)
        await desk.store.run(keys.drop_application, row.id)
        await _note(desk, "application.deleted", row.name)
        return {"deleted": row.name, "application_key": row.key}

    show.details(at_desk(config, work), json=json)


@key.command(name="change")
def change_application(
    application: Annotated[str, Parameter(help="Application key.")], /, *, enabled: bool | None = None,
    name: str | None = None, description: str | None = None, config: Config = None, json: AsJson = False,
) -> None:  # fmt: skip
    """Change an application: its name, or whether it may call."""
    from depesza.cli import wished

    async def work(desk: Desk) -> "list[Any]":
        row = _application(desk.facts, application)
        wish = wished.given(enabled=enabled, description=description) | {
            "owner": desk.facts.owner[row.owner].name, "key": row.key, "name": name or row.name,
        }  # fmt: skip
        from depesza.services import wishes

        return await wished.carry_out(desk, wishes.wish({"applications": [wish]}), who="cli")

    wished.tell(at_desk(config, work), json=json)


@key.command(name="list")
def list_keys(owner: str | None = None, /, *, config: Config = None, json: AsJson = False) -> None:
    """List applications and their keys."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        only = _owner(desk.facts, owner).id if owner else 0
        return list(_rows(desk.facts, only))

    columns = ("id", "owner", "application", "application_key", "kind", "status", "rules", "created")
    show.listing(at_desk(config, work), json=json, columns=columns)


@key.command(name="show")
def show_key(
    id: Annotated[int, Parameter(help="Id of the key, as listed.")], /, *, config: Config = None,
    json: AsJson = False,
) -> None:  # fmt: skip
    """Show a key."""

    async def work(desk: Desk) -> dict[str, Any]:
        return _key_row(desk.facts, _credential(desk.facts, id))

    show.details(at_desk(config, work), json=json)


def _rows(facts: "Facts", owner: int) -> Iterable[dict[str, Any]]:
    for application in facts.applications:
        if owner not in (0, application.owner):
            continue
        own = [row for row in facts.credentials if row.application == application.id]
        if not own:
            yield _base(facts, application) | {
                "id": None, "status": "enabled" if application.enabled else "disabled",
                "rules": _written(application.rules), "created": None, "expires": None, "allowed_ips": [],
            }  # fmt: skip
        for row in own:
            yield _key_row(facts, row)


def _base(facts: "Facts", application: "Application") -> dict[str, Any]:
    owner = facts.owner.get(application.owner)
    return {
        "owner": owner.name if owner is not None else str(application.owner),
        "application": application.name,
        "application_key": application.key,
        "kind": application.kind,
    }


def _key_row(facts: "Facts", row: "Credential") -> dict[str, Any]:
    return _base(facts, facts.application[row.application]) | {
        "id": row.id,
        "status": row.status,
        "rules": _written(row.rules),
        "created": show.moment(row.created),
        "expires": show.moment(row.expires),
        "allowed_ips": list(row.allowed_ips),
    }


def _written(rules: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{method} {path}" for method, path in rules]


def _owner(facts: "Facts", name: str) -> "Owner":
    found = next((row for row in facts.owners if row.name == name), None)
    if found is None:
        raise Failed(f"there is no owner {name}")
    return found


def _application(facts: "Facts", key: str) -> "Application":
    found = facts.application_keyed.get(key)
    if found is None:
        raise Failed(f"there is no application with the key {key}")
    return found


def _credential(facts: "Facts", id: int) -> "Credential":
    found = next((row for row in facts.credentials if row.id == id), None)
    if found is None:
        raise Failed(f"there is no key {id}")
    return found


async def _note(desk: Desk, what: str, detail: str) -> None:
    """Add a line to the audit log."""

    async def service(tx: "Tx") -> None:
        tx.insert("acts", (tx.new_id(), desk.now(), "cli", what, detail))

    await desk.store.run(service)
