"""Short links: where they lead, whose message each code is in, and how often they were followed."""

from sqlalchemy import Index, Table

from depesza.store.schema.columns import metadata, whole, words

links = Table(
    "links",
    metadata,
    whole("account", key=True),
    words("digest", key=True),
    whole("id"),
    words("url"),
    whole("created"),
    whole("used"),
    whole("clicks"),
    Index("links_id", "id", unique=True),
    sqlite_with_rowid=False,
)
"""Addresses that an account's texts led to; `digest` is the address's, `used` when a message last had it."""

link_codes = Table(
    "link_codes",
    metadata,
    words("code", key=True),
    whole("account"),
    words("digest"),
    whole("message"),
    Index("link_codes_message", "message"),
    sqlite_with_rowid=False,
)
"""What stands in a message in the place of an address."""

link_clicks = Table(
    "link_clicks",
    metadata,
    whole("account", key=True),
    words("digest", key=True),
    whole("day", key=True),
    whole("count"),
    sqlite_with_rowid=False,
)
"""How often a link was followed on a day, which is counted from the year 1 in the account's time zone."""
