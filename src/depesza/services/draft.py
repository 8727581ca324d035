"""Facts being changed: what an administrative act finds, writes and tells.

One `Draft` lives in one transaction. It knows rows by their names, those made a moment ago with them, writes what
differs, keeps an audit line for each change, and lists all it did for people.
"""

from collections.abc import Iterable
from typing import Any, TypeVar, cast

from msgspec import UNSET, Struct
from msgspec.structs import replace

from depesza.core.facts import (
    Account,
    Application,
    ConnectorFact,
    Credential,
    Limits,
    Login,
    Owner,
    Sender,
    Token,
    User,
)
from depesza.core.pricing import Price
from depesza.core.ranges import Range
from depesza.core.restrictions import Restriction
from depesza.core.routing import Route
from depesza.core.tariffs import Pack
from depesza.services.wishes import WishError
from depesza.store.tx import Tx

T = TypeVar("T", bound=Struct)

SECRET = frozenset({"password", "secret", "settings", "digest", "smpp_password", "md5", "sha1"})
"""Fields whose values are never shown."""


class Change(Struct, frozen=True):
    """What became of one row."""

    what: str
    """`created`, `changed`, `deleted` or `unchanged`."""
    kind: str
    name: str
    detail: str = ""
    secrets: tuple[tuple[str, str], ...] = ()
    """Made just now and never shown again."""


class Draft:
    """The facts as they will be."""

    def __init__(self, tx: Tx, now: int, who: str) -> None:
        """`who` stands in the audit log."""
        self.tx = tx
        self.now = now
        self.who = who
        self.changes: list[Change] = []
        facts = tx.facts
        self.owners: dict[str, Owner] = {row.name: row for row in facts.owners}
        self.accounts: dict[str, Account] = dict(facts.account_named)
        self.users: dict[tuple[int, str], User] = dict(facts.user_named)
        self.senders: dict[tuple[int, str], Sender] = dict(facts.sender)
        self.applications: dict[int, Application] = dict(facts.application)
        self.credentials: dict[int, Credential] = {row.id: row for row in facts.credentials}
        self.tokens: dict[tuple[int, str], Token] = {(row.account, row.name): row for row in facts.tokens}
        self.connectors: dict[str, ConnectorFact] = {row.name: row for row in facts.connectors}
        self.routes: dict[int, Route] = dict(facts.routing.by_id)
        self.prices: dict[int, Price] = {row.id: row for row in facts.prices}
        self.packs: dict[int, Pack] = {row.id: row for row in facts.packs}
        self.restrictions: dict[int, Restriction] = {row.id: row for row in facts.restrictions}
        self.logins: dict[str, Login] = dict(facts.login_named)
        self.limits: dict[int, Limits] = {row.account: row for row in facts.limits}
        self.ranges: dict[str, Range] = {row.prefix: row for row in facts.ranges}

    # find

    def owner(self, name: str, place: str) -> Owner:
        """Find an owner; raises `WishError`."""
        return _known(self.owners, name, "owner", place)

    def account(self, name: str, place: str) -> Account:
        """Find an account; raises `WishError`."""
        return _known(self.accounts, name, "account", place)

    def connector(self, name: str, place: str) -> ConnectorFact:
        """Find a connector; raises `WishError`."""
        return _known(self.connectors, name, "connector", place)

    def login(self, name: str, place: str) -> Login:
        """Find a login; raises `WishError`."""
        return _known(self.logins, name, "login", place)

    def account_name(self, id: int) -> str:
        """Name an account; empty for 0."""
        return next((row.name for row in self.accounts.values() if row.id == id), str(id) if id else "")

    # write

    def put(
        self, table: str, kind: str, name: str, old: T | None, new: T, secrets: Iterable[tuple[str, str]] = ()
    ) -> None:
        """Write a row where it differs, and say so."""
        what = "created" if old is None else "unchanged" if old == new else "changed"
        detail = ", ".join(differences(old, new)) if old is not None else ""
        if what != "unchanged":
            self.tx.put(table, new)
            self.act(f"{kind}.{what}", f"{name} {detail}".strip())
        self.changes.append(Change(what, kind, name, detail, tuple(secrets)))

    def drop(self, table: str, kind: str, name: str, /, **key: int | str) -> None:
        """Delete rows, and say so."""
        self.tx.drop(table, **key)
        self.act(f"{kind}.deleted", name)
        self.changes.append(Change("deleted", kind, name))

    def act(self, what: str, detail: str) -> None:
        """Add a line to the audit log."""
        self.tx.insert("acts", (self.tx.new_id(), self.now, self.who, what, detail))


def _known(rows: dict[str, T], name: str, kind: str, place: str) -> T:
    row = rows.get(name)
    if row is None:
        raise WishError(f"{place}: there is no {kind} {name!r}")
    return row


def merged(struct: type[T], old: T | None, wish: Struct, fresh: dict[str, Any], **fixed: Any) -> T:
    """Lay a wish over a row: `fresh` makes a new one, `fixed` wins over the wish's own fields."""
    names = set(struct.__struct_fields__)
    given = {name: getattr(wish, name) for name in wish.__struct_fields__ if name in names}
    values = {name: value for name, value in (given | fixed).items() if value is not UNSET}
    if old is None:
        return struct(**(fresh | values))
    return replace(old, **values)


def differences(old: Struct, new: Struct) -> list[str]:
    """Name the fields that differ, with both values where they may be shown."""
    found = []
    for name in new.__struct_fields__:
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            found.append(name if name in SECRET else f"{name} {_word(before)} -> {_word(after)}")
    return found


def _word(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_word, cast(tuple[object, ...], value))) + "]"
    return "nothing" if value == "" else str(value)
