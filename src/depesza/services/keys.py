"""Keys: applications, consumer keys from request to end, oauth2 clients, and the passwords of owners.

Secrets leave this module once, when they are made; what is kept is sealed (must be read again) or hashed.
A consumer key runs through `pendingValidation` to `validated` or `refused`, and ends as `expired`. spec: ovh/1.5
"""

from collections.abc import Iterable, Sequence
from ipaddress import ip_network

from msgspec import Struct
from msgspec.structs import replace

from depesza.core.facts import Application, Credential, Owner
from depesza.core.model import MICRO
from depesza.services.vault import Vault
from depesza.store.tx import Tx

METHODS = ("GET", "POST", "PUT", "DELETE")
PATIENCE = 24 * 3600 * MICRO
"""How long a requested key waits for its owner."""
WAITING = 100
"""Keys of one application that may wait at once: anybody who knows its public key can ask for more."""

MOST_RULES = 200
LONGEST = 2000
"""Characters of a rule's path or a redirection."""


class KeyRefused(Exception):
    """A key cannot be made or changed as asked; the text says why."""


class TooManyWaiting(KeyRefused):
    """Too many keys of this application wait for an owner."""


class Unknown(KeyRefused):
    """There is no such key (any more)."""


class NewApplication(Struct, frozen=True):
    """An application and the secret that is shown once."""

    row: Application
    secret: str


class NewKey(Struct, frozen=True):
    """A consumer key, shown once, and its row."""

    row: Credential
    consumer_key: str


async def create_application(
    tx: Tx,
    vault: Vault,
    owner: int,
    name: str,
    description: str = "",
    kind: str = "signed",
    rules: Sequence[tuple[str, str]] = (),
) -> NewApplication:
    """Make an application: `signed` for consumer keys, `oauth2` for client credentials with rules of its own."""
    if owner not in tx.facts.owner:
        raise Unknown("the owner does not exist")
    if not name.strip():
        raise KeyRefused("an application needs a name")
    secret = vault.token(32)
    row = Application(
        id=tx.new_id(),
        owner=owner,
        key=vault.token(16),
        secret=vault.seal(secret),
        name=name.strip()[:255],
        description=description.strip()[:1000],
        kind=kind,
        rules=read_rules(rules) if rules else (),
    )
    tx.put("applications", row)
    return NewApplication(row, secret)


async def drop_application(tx: Tx, application: int) -> None:
    """Delete an application with all its consumer keys."""
    if application not in tx.facts.application:
        raise Unknown("the application does not exist")
    tx.drop("credentials", application=application)
    tx.drop("applications", id=application)


async def request_key(
    tx: Tx,
    vault: Vault,
    application: int,
    rules: Sequence[tuple[str, str]],
    now: int,
    redirection: str = "",
    allowed_ips: Sequence[str] = (),
) -> NewKey:
    """Make a consumer key that waits for an owner; raises `KeyRefused`."""
    if application not in tx.facts.application:
        raise Unknown("the application does not exist")
    _forget_the_tired(tx, application, now)
    consumer_key = vault.token(32)
    row = Credential(
        id=tx.new_id(),
        application=application,
        owner=0,
        digest=vault.digest(consumer_key),
        status="pendingValidation",
        rules=read_rules(rules),
        created=now,
        token=vault.token(64),
        redirection=read_redirection(redirection),
        allowed_ips=read_networks(allowed_ips),
    )
    tx.put("credentials", row)
    return NewKey(row, consumer_key)


def _forget_the_tired(tx: Tx, application: int, now: int) -> None:
    waiting = [
        row for row in tx.facts.credentials if row.application == application and row.status == "pendingValidation"
    ]
    tired = [row for row in waiting if row.created + PATIENCE <= now]
    if len(waiting) - len(tired) >= WAITING:
        raise TooManyWaiting("too many keys of this application wait for validation")
    for row in tired:
        tx.drop("credentials", id=row.id)


def waiting(rows: Iterable[Credential], token: str, now: int) -> Credential:
    """Find the key that waits under a validation token; raises `Unknown`."""
    for row in rows:
        if row.token and row.token == token:
            if row.status != "pendingValidation" or row.created + PATIENCE <= now:
                break
            return row
    raise Unknown("this request is unknown, was decided already or is too old")


async def approve(tx: Tx, token: str, owner: int, seconds: int, now: int) -> Credential:
    """Validate a waiting key for an owner; `seconds` is how long it lives, 0 for ever."""
    row = waiting(tx.facts.credentials, token, now)
    if owner not in tx.facts.owner:
        raise Unknown("the owner does not exist")
    expires = now + seconds * MICRO if seconds else 0
    changed = replace(row, owner=owner, status="validated", expires=expires, token="")
    tx.put("credentials", changed)
    return changed


async def refuse(tx: Tx, token: str, now: int) -> Credential:
    """Refuse a waiting key."""
    changed = replace(waiting(tx.facts.credentials, token, now), status="refused", token="")
    tx.put("credentials", changed)
    return changed


async def grant(
    tx: Tx,
    vault: Vault,
    application: int,
    owner: int,
    rules: Sequence[tuple[str, str]],
    seconds: int,
    now: int,
    allowed_ips: Sequence[str] = (),
) -> NewKey:
    """Make a consumer key that is valid at once: what an owner or operator makes for themselves."""
    if application not in tx.facts.application:
        raise Unknown("the application does not exist")
    return _granted(tx, vault, application, owner, rules, seconds, now, allowed_ips)


async def grant_all(
    tx: Tx,
    vault: Vault,
    owner: int,
    name: str,
    description: str,
    rules: Sequence[tuple[str, str]],
    seconds: int,
    now: int,
) -> tuple[NewApplication, NewKey]:
    """Make an application and a valid consumer key of it in one step."""
    made = await create_application(tx, vault, owner, name, description)
    return made, _granted(tx, vault, made.row.id, owner, rules, seconds, now, ())


def _granted(
    tx: Tx,
    vault: Vault,
    application: int,
    owner: int,
    rules: Sequence[tuple[str, str]],
    seconds: int,
    now: int,
    allowed_ips: Sequence[str],
) -> NewKey:
    if owner not in tx.facts.owner:
        raise Unknown("the owner does not exist")
    consumer_key = vault.token(32)
    row = Credential(
        id=tx.new_id(),
        application=application,
        owner=owner,
        digest=vault.digest(consumer_key),
        status="validated",
        rules=read_rules(rules),
        created=now,
        allowed_ips=read_networks(allowed_ips),
        expires=now + seconds * MICRO if seconds else 0,
    )
    tx.put("credentials", row)
    return NewKey(row, consumer_key)


def _credential(tx: Tx, credential: int) -> Credential:
    for row in tx.facts.credentials:
        if row.id == credential:
            return row
    raise Unknown("the credential does not exist")


async def expire(tx: Tx, credential: int, now: int) -> None:
    """End a key, as its user logging out does."""
    tx.put("credentials", replace(_credential(tx, credential), status="expired", expires=now, token=""))


async def revoke(tx: Tx, credential: int) -> None:
    """Delete a key."""
    tx.drop("credentials", id=_credential(tx, credential).id)


async def restrict(tx: Tx, credential: int, allowed_ips: Sequence[str]) -> None:
    """Change the networks from which a key may be used; none means anywhere."""
    tx.put("credentials", replace(_credential(tx, credential), allowed_ips=read_networks(allowed_ips)))


async def set_password(tx: Tx, owner: int, hashed: str) -> Owner:
    """Give an owner a password (its Argon2 hash), with which keys can be approved on our pages."""
    row = tx.facts.owner.get(owner)
    if row is None:
        raise Unknown("the owner does not exist")
    changed = replace(row, password=hashed)
    tx.put("owners", changed)
    return changed


def read_rules(rules: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Check (method, path) rules; raises `KeyRefused`."""
    if not rules:
        raise KeyRefused("at least one access rule is needed")
    if len(rules) > MOST_RULES:
        raise KeyRefused(f"more than {MOST_RULES} access rules")
    found: dict[tuple[str, str], None] = {}
    for method, path in rules:
        if method.upper() not in METHODS:
            raise KeyRefused(f"an access rule has the method {method[:20]!r}: use one of {', '.join(METHODS)}")
        if not path or len(path) > LONGEST or not path.isprintable():
            raise KeyRefused("an access rule has no usable path")
        found[method.upper(), path] = None
    return tuple(found)


def read_networks(networks: Sequence[str]) -> tuple[str, ...]:
    """Check addresses and networks (CIDR); raises `KeyRefused`."""
    if len(networks) > MOST_RULES:
        raise KeyRefused(f"more than {MOST_RULES} addresses")
    try:
        return tuple(str(ip_network(text.strip(), strict=False)) for text in networks)
    except ValueError as error:
        raise KeyRefused(f"not an address or network: {error}"[:200]) from error


def read_redirection(text: str) -> str:
    """Check where a browser goes after its owner decided; raises `KeyRefused`."""
    if not text:
        return ""
    if len(text) > LONGEST or not text.isprintable() or not text.lower().startswith(("http://", "https://")):
        raise KeyRefused("the redirection is not a web address")
    return text
