"""Messages on their way and what becomes of them, money, and the platform's own books."""

from sqlalchemy import Index, Table, text

from depesza.store.schema.columns import metadata, octets, small, whole, words

meta = Table("meta", metadata, words("key", key=True), whole("value"))
"""Counters that belong to no row: the version of the facts."""

leases = Table("leases", metadata, words("name", key=True), whole("holder"), whole("fence"), whole("until"))
"""Who holds what until when: `node:<n>` for a process and all that it accepted."""

wallets = Table(
    "wallets", metadata, whole("id", key=True), whole("balance"), whole("optouts"), whole("serial", before="0")
)
"""Balance of an account (its id) or of a user with a quota (the user's id)."""

entries = Table(
    "entries",
    metadata,
    whole("id", key=True),
    whole("at"),
    words("kind"),
    whole("source"),
    whole("target"),
    whole("amount"),
    whole("ref"),
    words("note"),
    Index("entries_source", "source", "id", sqlite_where=text("source > 15"), postgresql_where=text("source > 15")),
    Index("entries_target", "target", "id", sqlite_where=text("target > 15"), postgresql_where=text("target > 15")),
    Index("entries_ref", "ref", sqlite_where=text("ref > 0"), postgresql_where=text("ref > 0")),
)
"""The ledger; wallets up to 15 are the platform's own and are never listed, so they stand in no index."""

submissions = Table(
    "submissions",
    metadata,
    whole("id", key=True),
    whole("account"),
    whole("user_id"),
    words("dialect"),
    whole("created"),
    words("sender"),
    words("text"),
    words("tag"),
    words("alphabet"),
    small("flash"),
    small("priority"),
    whole("due"),
    whole("deferred"),
    whole("expires"),
    words("reply_to"),
    whole("count"),
    words("batch"),
    words("way", before=""),
    words("callback", before=""),
    words("channel", before=""),
    words("extras", before=""),
)
"""One row a request; `extras` is JSON of `core.model.Extras`, empty where there are none."""

messages = Table(
    "messages",
    metadata,
    whole("id", key=True),
    whole("account"),
    whole("user_id"),
    whole("submission"),
    words("receiver"),
    words("text", null=True),
    small("parts"),
    whole("price"),
    small("state"),
    small("priority"),
    whole("turn"),
    whole("due"),
    whole("expires"),
    whole("route"),
    whole("connector"),
    whole("node"),
    small("attempts"),
    words("refusal"),
    small("maybe"),
    small("hidden"),
    whole("sent"),
    whole("done"),
    Index("messages_account", "account", "id"),
    Index(
        "messages_queue",
        "node",
        "connector",
        "priority",
        "turn",
        sqlite_where=text("state IN (1, 2)"),
        postgresql_where=text("state IN (1, 2)"),
    ),
    Index("messages_scheduled", "due", sqlite_where=text("state = 0"), postgresql_where=text("state = 0")),
)
"""One row a message; the two partial indexes are the queue."""

client_refs = Table(
    "client_refs",
    metadata,
    whole("account", key=True),
    words("ref", key=True),
    words("receiver", key=True),
    whole("message", key=True),
    words("comment"),
    Index("client_refs_message", "message"),
    sqlite_with_rowid=False,
)
"""Messages, and numbers looked up, that a client calls by an id of its own and the receiver, the newest last."""

tallies = Table(
    "tallies",
    metadata,
    whole("account", key=True),
    words("key", key=True),
    whole("at"),
    whole("count"),
    Index("tallies_at", "at"),
    sqlite_with_rowid=False,
)
"""How often an account did something lately: what its limits are measured by. Old rows are swept."""

remotes = Table(
    "remotes",
    metadata,
    whole("connector", key=True),
    words("remote", key=True),
    whole("message"),
    small("part"),
    small("state"),
    whole("at"),
    Index("remotes_parts", "message", sqlite_where=text("part > 0"), postgresql_where=text("part > 0")),
    sqlite_with_rowid=False,
)
"""The carrier's id of each part; part is 0 for a message of one part, else 1 and up."""

events = Table(
    "events",
    metadata,
    whole("message", key=True),
    whole("id", key=True),
    whole("at"),
    words("kind"),
    words("detail"),
    octets("data"),
    sqlite_with_rowid=False,
)
"""The timeline of a message: what its row can't tell, PDUs and callback tries included."""

parked = Table(
    "parked",
    metadata,
    whole("id", key=True),
    whole("connector"),
    words("remote"),
    whole("at"),
    octets("receipt"),
    Index("parked_remote", "connector", "remote"),
)
"""Receipts that match no message yet."""

notices = Table(
    "notices",
    metadata,
    whole("id", key=True),
    whole("account"),
    words("dialect"),
    words("kind"),
    words("url"),
    octets("fact"),
    whole("message"),
    whole("due"),
    whole("created"),
    small("tries"),
    small("state"),
    whole("node"),
    Index("notices_due", "due", sqlite_where=text("state = 0"), postgresql_where=text("state = 0")),
    Index("notices_collected", "account", "id", sqlite_where=text("state = 3"), postgresql_where=text("state = 3")),
)
"""News owed to clients: state 0 waits to be called, 3 waits to be collected, 1 was taken, 2 was given up."""

segments = Table(
    "segments",
    metadata,
    whole("id", key=True),
    whole("account"),
    words("source"),
    words("destination"),
    whole("reference"),
    small("total"),
    small("number"),
    octets("body"),
    words("callback"),
    whole("message"),
    whole("at"),
    Index("segments_whole", "account", "source", "destination", "reference", "total"),
    Index("segments_at", "at"),
)
"""Pieces of long texts, until all are there; then the last one alone, with its message."""

optouts = Table(
    "optouts",
    metadata,
    whole("account", key=True),
    words("number", key=True),
    whole("created"),
    whole("message"),
    words("batch"),
    small("kind", before="4"),
    sqlite_with_rowid=False,
)
"""Numbers that an account must not write to, and why: see `core.optout`."""

inbounds = Table(
    "inbounds",
    metadata,
    whole("id", key=True),
    whole("account"),
    whole("user_id"),
    whole("at"),
    words("sender"),
    words("recipient"),
    words("text"),
    words("tag"),
    whole("message"),
    whole("price"),
    whole("connector"),
    Index("inbounds_account", "account", "id"),
)
"""Texts received; account 0 when nobody's conversation was found."""

conversations = Table(
    "conversations",
    metadata,
    words("number", key=True),
    words("peer", key=True),
    whole("account"),
    whole("user_id"),
    whole("message"),
    words("tag"),
    words("batch"),
    whole("until"),
    sqlite_with_rowid=False,
)
"""Whose message a reply to `number` from `peer` answers."""

habits = Table("habits", metadata, whole("connector", key=True), words("value"))
"""What a connector has learnt of its carrier's receipts."""

acts = Table("acts", metadata, whole("id", key=True), whole("at"), words("who"), words("what"), words("detail"))
"""Administrative acts, for the audit log."""
