"""Time, consumer keys and what a key may learn about itself. spec: ovh/1.4 ovh/1.5"""

import msgspec

from depesza.core.facts import Application, Credential
from depesza.dialects.ovh import dates, errors
from depesza.dialects.ovh.call import Call
from depesza.dialects.ovh.errors import bad_request
from depesza.services import keys
from depesza.wire.http import HttpRequest

MICRO = 1_000_000
UTC = dates.zone("UTC")


async def time(call: Call) -> object:
    """Tell the time as bare seconds: clients copy the body into a header."""
    return call.now // MICRO


async def request_credential(call: Call) -> object:
    """Make a consumer key that waits for its owner."""
    rules = read_rules(call.json.get("accessRules"))
    redirection = read_text(call.json, "redirection")
    networks = read_texts(call.json, "allowedIPs")
    try:
        made = await call.run(
            keys.request_key, call.context.vault, call.caller.application, rules, call.now, redirection, networks
        )
    except keys.TooManyWaiting as error:
        raise errors.too_many(str(error)) from error
    except keys.KeyRefused as error:
        raise bad_request(str(error)) from error
    address = f"{public_base(call.request, call.context.bases)}/auth/?credentialToken={made.row.token}"
    return {"validationUrl": address, "consumerKey": made.consumer_key, "state": made.row.status}


def public_base(request: HttpRequest, bases: tuple[str, ...]) -> str:
    """Tell our address as browsers reach it: the configured one, else as this client called us."""
    return bases[0] if bases else f"{request.scheme}://{request.headers.get('host', 'localhost')}"


def read_rules(value: object) -> list[tuple[str, str]]:
    """Read access rules from JSON; raises 400."""
    if not isinstance(value, list):
        raise errors.missing("accessRules")
    try:
        return [(str(item["method"]), str(item["path"])) for item in value]
    except (TypeError, KeyError) as error:
        raise bad_request("[accessRules] Each rule needs a method and a path") from error


def read_text(fields: dict[str, object], name: str) -> str:
    """Read an optional text; raises 400."""
    value = fields.get(name, "")
    if not isinstance(value, str):
        raise errors.bad_parameter(name, value, "string")
    return value


def read_texts(fields: dict[str, object], name: str) -> list[str]:
    """Read an optional list of texts; raises 400."""
    try:
        return msgspec.convert(fields.get(name) or [], list[str])
    except msgspec.ValidationError as error:
        raise errors.bad_parameter(name, fields[name], "string[]") from error


async def current_credential(call: Call) -> object:
    """Tell the credential that signs this call."""
    row = credential_of(call, call.caller.credential)
    return write_credential(row, call.last_use.get(row.id, 0), call.now)


async def details(call: Call) -> object:
    """Tell who calls and what is allowed (members partly from memory, see the spec)."""
    facts = call.context.store.facts
    owner = facts.owner[call.caller.owner]
    rules = next((row.rules for row in facts.credentials if row.id == call.caller.credential), None)
    if rules is None:
        rules = facts.application[call.caller.application].rules
    return {
        "account": owner.name,
        "user": None,
        "description": facts.application[call.caller.application].name,
        "method": "account" if call.caller.credential else "oauth2",
        "identities": [f"urn:v1:eu:identity:account:{owner.name}"],
        "roles": [],
        "allowedRoutes": write_rules(rules),
    }


async def logout(call: Call) -> object:
    """End the consumer key in use."""
    if not call.caller.credential:
        raise bad_request("This call needs a consumer key")
    await call.run(keys.expire, call.caller.credential, call.now)
    return None


def credential_of(call: Call, id: int) -> Credential:
    """Find a credential of the caller's owner; raises 404."""
    for row in call.context.store.facts.credentials:
        if row.id == id and row.owner == call.caller.owner:
            return row
    raise errors.not_found(id)


def status_of(row: Credential, now: int) -> str:
    """Tell a credential's state; one whose time is over counts as expired."""
    return "expired" if row.status == "validated" and row.expires and row.expires <= now else row.status


def write_rules(rules: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    """Write access rules for JSON."""
    return [{"method": method, "path": path} for method, path in rules]


def write_credential(row: Credential, last_use: int, now: int) -> dict[str, object]:
    """Write an api.Credential."""
    return {
        "credentialId": row.id,
        "applicationId": row.application,
        "status": status_of(row, now),
        "creation": dates.write(row.created, UTC),
        "expiration": dates.write(row.expires, UTC) if row.expires else None,
        "lastUse": dates.write(last_use, UTC) if last_use else None,
        "allowedIPs": list(row.allowed_ips) or None,
        "ovhSupport": False,
        "rules": write_rules(row.rules),
    }


def write_application(row: Application) -> dict[str, object]:
    """Write an api.Application."""
    return {
        "applicationId": row.id,
        "applicationKey": row.key,
        "name": row.name,
        "description": row.description,
        "status": "active" if row.enabled else "blocked",
    }
