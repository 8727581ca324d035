"""What is kept of accounts and their logins beside the facts."""

from sqlalchemy import Table

from depesza.store.schema.columns import metadata, small, whole, words

known_addresses = Table(
    "known_addresses",
    metadata,
    whole("account", key=True),
    words("login", key=True),
    words("address", key=True),
    small("confirmed"),
    whole("at"),
    sqlite_with_rowid=False,
)
"""Addresses from which logins were used, where an account's limits ask for it; others than the first wait."""

account_details = Table(
    "account_details",
    metadata,
    whole("account", key=True),
    words("name", key=True),
    words("value"),
    sqlite_with_rowid=False,
)
"""What is told of an account and changes nothing: who it is, how it is reached, notes."""

command_phones = Table(
    "command_phones",
    metadata,
    words("number", key=True),
    whole("account"),
    words("hashed"),
    whole("created"),
    sqlite_with_rowid=False,
)
"""Phones (E.164) whose texts to a service number are commands of an account; `hashed` is the password of each."""

invoices = Table(
    "invoices",
    metadata,
    whole("account", key=True),
    whole("number", key=True),
    whole("at"),
    whole("amount"),
    words("currency"),
    words("service"),
    sqlite_with_rowid=False,
)
"""What accounts were asked to pay, numbered from 1 for each; `amount` is in micro-units."""
