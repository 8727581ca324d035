"""Sends to many: lists of receivers, campaigns, phone books, and work on them."""

from sqlalchemy import Index, Table, text

from depesza.store.schema.columns import metadata, octets, small, whole, words

audiences = Table(
    "audiences",
    metadata,
    whole("id", key=True),
    whole("account"),
    whole("slot"),
    words("description"),
    words("url"),
    small("auto_update"),
    whole("records"),
    whole("loaded"),
    whole("user_id", before="0"),
    whole("skipped", before="0"),
    words("status", before="ready"),
    whole("node", before="0"),
    Index("audiences_slot", "account", "user_id", "slot", unique=True),
    Index(
        "audiences_open",
        "node",
        "id",
        sqlite_where=text("status <> 'ready'"),
        postgresql_where=text("status <> 'ready'"),
    ),
)
"""Lists of receivers: `loading` page by page, then `ready`, and `gone` while their pages are being deleted."""

audience_pages = Table(
    "audience_pages",
    metadata,
    whole("audience", key=True),
    whole("n", key=True),
    words("csv"),
    sqlite_with_rowid=False,
)
"""The file of a list as it came, cut into pages."""

audience_rows = Table(
    "audience_rows",
    metadata,
    whole("audience", key=True),
    whole("n", key=True),
    words("number"),
    words("fields"),
    Index("audience_rows_number", "audience", "number", unique=True),
    sqlite_with_rowid=False,
)

campaigns = Table(
    "campaigns",
    metadata,
    whole("id", key=True),
    whole("account"),
    whole("audience"),
    octets("submission"),
    whole("next_row"),
    words("status"),
    whole("created"),
    whole("node"),
    words("name", before=""),
    whole("slot", before="0"),
    words("receivers", before=""),
    whole("total", before="0"),
    whole("processed", before="0"),
    whole("estimated", before="0"),
    whole("errors", before="0"),
    whole("last", before="0"),
    whole("mark", before="0"),
    whole("again", before="0"),
    whole("paused", before="0"),
    whole("changed", before="0"),
    whole("started", before="0"),
    whole("finished", before="0"),
    whole("mailing", before="0"),
    Index("campaigns_account", "account", "id"),
    Index("campaigns_mailing", "mailing", sqlite_where=text("mailing > 0"), postgresql_where=text("mailing > 0")),
    Index(
        "campaigns_open",
        "node",
        "id",
        sqlite_where=text("status IN ('running', 'inserted', 'to_cancel', 'cancelling')"),
        postgresql_where=text("status IN ('running', 'inserted', 'to_cancel', 'cancelling')"),
    ),
)
"""Sends to lists, planned page by page: `next_row` is how far. `mark` is how far its messages were looked through."""

mailings = Table(
    "mailings",
    metadata,
    whole("id", key=True),
    whole("account"),
    words("ref"),
    words("name"),
    octets("submission"),
    words("comment"),
    whole("records"),
    whole("span"),
    small("every"),
    whole("times"),
    whole("first"),
    whole("next"),
    small("control"),
    words("sender"),
    words("text"),
    small("cancelled"),
    small("open"),
    whole("created"),
    whole("node"),
    Index("mailings_ref", "account", "ref"),
    Index("mailings_open", "node", sqlite_where=text("open = 1"), postgresql_where=text("open = 1")),
)
"""Campaigns as clients ordered them: carried out once and `times` more, each time as one of `campaigns`.

`next` is when the next time is, `control` that what does not arrive goes by SMS, `open` that there is work to do.
"""

mailing_rows = Table(
    "mailing_rows",
    metadata,
    whole("mailing", key=True),
    whole("n", key=True),
    words("receiver"),
    words("text", null=True),
    words("comment"),
    words("refusal"),
    whole("after"),
    sqlite_with_rowid=False,
)
"""Whom a mailing goes to, with a text, a comment and a delay of their own, until it was carried out the last time."""

followed = Table("followed", metadata, whole("message", key=True))
"""Messages of mailings in whose place another one went."""

campaign_errors = Table(
    "campaign_errors",
    metadata,
    whole("campaign", key=True),
    whole("n", key=True),
    words("receiver"),
    words("message"),
    sqlite_with_rowid=False,
)
"""Receivers for whom a campaign has no message, and why: the first ones."""

tasks = Table(
    "tasks",
    metadata,
    whole("id", key=True),
    whole("account"),
    whole("user_id"),
    words("kind"),
    words("status"),
    words("step"),
    whole("audience"),
    whole("mark"),
    whole("request"),
    whole("removed"),
    whole("price"),
    words("detail"),
    whole("created"),
    whole("changed"),
    whole("node"),
    Index("tasks_account", "account", "id"),
    Index(
        "tasks_open",
        "node",
        "id",
        sqlite_where=text("status IN ('todo', 'doing')"),
        postgresql_where=text("status IN ('todo', 'doing')"),
    ),
)
"""Work on an account's things that takes a while: `todo`, `doing`, `done`, `error`, and the `step` it is at."""

phonebooks = Table(
    "phonebooks",
    metadata,
    whole("id", key=True),
    whole("account"),
    words("name"),
    whole("created"),
    whole("changed"),
    Index("phonebooks_account", "account", "id"),
)

contacts = Table(
    "contacts",
    metadata,
    whole("id", key=True),
    whole("book"),
    words("groups"),
    words("name"),
    words("surname"),
    words("phones"),
    Index("contacts_book", "book", "id"),
)
"""People in phone books; groups are a JSON list, phones a JSON object: kind and E.164 number."""
