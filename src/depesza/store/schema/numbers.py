"""What is asked about numbers, and pages and proofs of those that accounts send from."""

from sqlalchemy import Index, Table, text

from depesza.store.schema.columns import metadata, octets, small, whole, words

lookups = Table(
    "lookups",
    metadata,
    whole("id", key=True),
    whole("request"),
    whole("account"),
    whole("wallet"),
    words("number"),
    whole("price"),
    words("status"),
    whole("created"),
    whole("done"),
    whole("connector"),
    whole("node"),
    octets("finding"),
    words("dialect", before=""),
    words("tag", before=""),
    Index("lookups_account", "account", "id"),
    Index("lookups_request", "request", "id"),
    Index(
        "lookups_open",
        "node",
        "id",
        sqlite_where=text("status IN ('todo', 'doing')"),
        postgresql_where=text("status IN ('todo', 'doing')"),
    ),
)
"""Numbers that networks are asked about: `todo`, `doing`, `done`, `error`; a `request` is charged as a whole."""

sender_codes = Table(
    "sender_codes",
    metadata,
    whole("account", key=True),
    words("name", key=True),
    octets("digest"),
    small("tries"),
    whole("expires"),
    sqlite_with_rowid=False,
)
"""Codes sent to numbers that accounts want to send from."""

sender_forms = Table(
    "sender_forms",
    metadata,
    whole("account", key=True),
    words("name", key=True),
    whole("id"),
    words("fields"),
    Index("sender_forms_id", "account", "id", unique=True),
    sqlite_with_rowid=False,
)
"""What accounts tell of their senders, for operators to register them: JSON, value by name; `id` is a short one."""

chats = Table(
    "chats",
    metadata,
    whole("id", key=True),
    whole("account"),
    words("number"),
    whole("created"),
    Index("chats_number", "account", "number", unique=True),
)
"""Pages on which a number's conversations are read and answered: one a number."""

offered_numbers = Table(
    "offered_numbers",
    metadata,
    words("number", key=True),
    words("currency"),
    whole("price"),
    small("shared"),
    whole("account"),
    small("prolong"),
    whole("until"),
    Index("offered_numbers_account", "account"),
)
"""Numbers that the operator rents out by the month, `until` when to whom; a `shared` one takes everybody's calls."""

awaited_calls = Table(
    "awaited_calls",
    metadata,
    whole("id", key=True),
    whole("account"),
    words("dialect"),
    words("caller"),
    words("number"),
    whole("until"),
    Index("awaited_calls_caller", "caller"),
)
"""Who shall call which number, and in whose words that is told."""

alarms = Table(
    "alarms",
    metadata,
    whole("account", key=True),
    whole("id", key=True),
    words("name"),
    words("receivers"),
    words("sender"),
    words("failure"),
    words("recovery"),
    sqlite_with_rowid=False,
)
"""Texts that a client's watchman has sent by number: receivers are a JSON list."""
