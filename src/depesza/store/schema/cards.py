"""Contact cards of accounts, the groups they are in, and texts that are used again and again."""

from sqlalchemy import Index, Table, text

from depesza.store.schema.columns import metadata, small, whole, words

cards = Table(
    "cards",
    metadata,
    whole("account", key=True),
    whole("id", key=True),
    words("number"),
    words("mail"),
    words("name"),
    words("first_name"),
    words("last_name"),
    words("middle_name"),
    words("birthday"),
    words("comments"),
    words("tags"),
    words("others"),
    words("own"),
    words("who"),
    words("what"),
    whole("created"),
    whole("changed"),
    Index(
        "cards_number",
        "account",
        "number",
        unique=True,
        sqlite_where=text("number <> ''"),
        postgresql_where=text("number <> ''"),
    ),
    Index(
        "cards_mail",
        "account",
        "mail",
        unique=True,
        sqlite_where=text("mail <> ''"),
        postgresql_where=text("mail <> ''"),
    ),
    sqlite_with_rowid=False,
)
"""People by E.164 number or mail address; `who` and `what` hold the names and the rest for searches, folded."""

card_groups = Table(
    "card_groups",
    metadata,
    whole("account", key=True),
    whole("id", key=True),
    whole("slot"),
    words("name"),
    small("kind"),
    small("gone"),
    Index(
        "card_groups_slot",
        "account",
        "slot",
        unique=True,
        sqlite_where=text("slot > 0 AND gone = 0"),
        postgresql_where=text("slot > 0 AND gone = 0"),
    ),
    sqlite_with_rowid=False,
)
"""Groups: `slot` is the client's number of one, 0 for none; `kind` 0 of phones, 1 of mail addresses.

One that was deleted stays as `gone`: an account that has no group left is not a new one.
"""

card_members = Table(
    "card_members",
    metadata,
    whole("account", key=True),
    whole("card_group", key=True),
    whole("card", key=True),
    Index("card_members_card", "account", "card"),
    sqlite_with_rowid=False,
)

templates = Table(
    "templates",
    metadata,
    whole("account", key=True),
    whole("id", key=True),
    words("format"),
    words("name"),
    words("text"),
    words("sender"),
    small("signature"),
    sqlite_with_rowid=False,
)
"""Texts that a client keeps to send them again; none that an operator approves: those are `wordings`."""

operator_templates = Table(
    "operator_templates",
    metadata,
    whole("account", key=True),
    whole("id", key=True),
    words("sender"),
    words("text"),
    words("flags"),
    whole("created"),
    sqlite_with_rowid=False,
)
"""Texts that a client wants mobile operators to know, and which of them as what."""
