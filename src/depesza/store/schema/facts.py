"""Tables of what changes rarely: they mirror the structs of `core.facts` field by field."""

from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from msgspec import Struct
from msgspec.structs import fields
from sqlalchemy import Column, Index, LargeBinary, Table, Text

from depesza.core import facts
from depesza.core.pricing import Price
from depesza.core.ranges import Range
from depesza.core.restrictions import Restriction
from depesza.core.routing import Route
from depesza.core.tariffs import Pack
from depesza.store.schema.columns import WHOLE, metadata

FACTS: dict[str, type[Struct]] = {
    "owners": facts.Owner,
    "accounts": facts.Account,
    "users": facts.User,
    "applications": facts.Application,
    "credentials": facts.Credential,
    "tokens": facts.Token,
    "logins": facts.Login,
    "limits": facts.Limits,
    "webhooks": facts.Webhook,
    "phone_settings": facts.PhoneSettings,
    "senders": facts.Sender,
    "connectors": facts.ConnectorFact,
    "routes": Route,
    "prices": Price,
    "packs": Pack,
    "wordings": facts.Wording,
    "restrictions": Restriction,
    "ranges": Range,
}
"""Table and struct of everything that `core.facts.Facts` holds."""

KEYS: dict[str, tuple[str, ...]] = {
    "senders": ("account", "name"),
    "wordings": ("account", "name"),
    "webhooks": ("user_id", "name"),
    "phone_settings": ("account",),
    "limits": ("account",),
    "ranges": ("prefix",),
}
"""Primary keys other than `id`."""

UNIQUE: dict[str, tuple[str, ...]] = {
    "owners": ("name",),
    "accounts": ("name",),
    "users": ("account", "login"),
    "applications": ("key",),
    "credentials": ("digest",),
    "tokens": ("account", "name"),
    "logins": ("name",),
    "connectors": ("name",),
    "packs": ("country", "quantity"),
}


def _column_type(hint: object) -> Any:
    """Choose the column for a field: whole numbers and flags, bytes, or text (tuples as JSON)."""
    if get_origin(hint) in (Union, UnionType):
        hint = get_args(hint)[0]
    if hint is bytes:
        return LargeBinary()
    if isinstance(hint, type) and issubclass(hint, int):
        return WHOLE
    return Text()


def _default(value: object) -> str | None:
    """Write a field's default, which rows that were there before it get; None for a field without one."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return str(int(value))
    return "[]" if value == () else None


def _facts_table(name: str, struct: type[Struct]) -> Table:
    keys = KEYS.get(name, ("id",))
    hints = get_type_hints(struct)
    defaults = {field.name: _default(field.default) for field in fields(struct)}
    columns = [
        Column(
            field,
            _column_type(hints[field]),
            primary_key=field in keys,
            nullable=False,
            autoincrement=False,
            server_default=defaults.get(field),
        )
        for field in struct.__struct_fields__
    ]
    unique = [Index(f"{name}_unique", *UNIQUE[name], unique=True)] if name in UNIQUE else []
    return Table(name, metadata, *columns, *unique)


for _name, _struct in FACTS.items():
    _facts_table(_name, _struct)
