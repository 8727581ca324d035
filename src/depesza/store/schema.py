"""The tables, declared once for both databases; migrations are checked against them.

Integers hold everything that is a time (microseconds), an amount (micro-credits), a state or a flag, so that a row
reads the same from either database. Tables of facts mirror the structs of `core.facts` field by field.
"""

from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from msgspec import Struct
from msgspec.structs import fields
from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    text,
)

from depesza.core import facts
from depesza.core.pricing import Price
from depesza.core.restrictions import Restriction
from depesza.core.routing import Route
from depesza.core.tariffs import Pack

metadata = MetaData()

WHOLE = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite makes a key its row's own address only when its type is spelt INTEGER."""

FACTS: dict[str, type[Struct]] = {
    "owners": facts.Owner,
    "accounts": facts.Account,
    "users": facts.User,
    "applications": facts.Application,
    "credentials": facts.Credential,
    "tokens": facts.Token,
    "webhooks": facts.Webhook,
    "phone_settings": facts.PhoneSettings,
    "senders": facts.Sender,
    "connectors": facts.ConnectorFact,
    "routes": Route,
    "prices": Price,
    "packs": Pack,
    "wordings": facts.Wording,
    "restrictions": Restriction,
}
"""Table and struct of everything that `core.facts.Facts` holds."""

KEYS: dict[str, tuple[str, ...]] = {
    "senders": ("account", "name"),
    "wordings": ("account", "name"),
    "webhooks": ("user_id", "name"),
    "phone_settings": ("account",),
}
"""Primary keys other than `id`."""

UNIQUE: dict[str, tuple[str, ...]] = {
    "owners": ("name",),
    "accounts": ("name",),
    "users": ("account", "login"),
    "applications": ("key",),
    "credentials": ("digest",),
    "tokens": ("account", "name"),
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


def _whole(name: str, *, key: bool = False, before: str | None = None) -> Column[int]:
    """Declare a whole number; `before` is its value in rows that are older than the column."""
    return Column(name, WHOLE, primary_key=key, nullable=False, autoincrement=False, server_default=before)


def _small(name: str, *, key: bool = False) -> Column[int]:
    return Column(name, SmallInteger, primary_key=key, nullable=False, autoincrement=False)


def _text(name: str, *, key: bool = False, null: bool = False, before: str | None = None) -> Column[str]:
    return Column(name, Text, primary_key=key, nullable=null, server_default=before)


def _bytes(name: str) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=True)


meta = Table("meta", metadata, _text("key", key=True), _whole("value"))
"""Counters that belong to no row: the version of the facts."""

leases = Table("leases", metadata, _text("name", key=True), _whole("holder"), _whole("fence"), _whole("until"))
"""Who holds what until when: `node:<n>` for a process and all that it accepted."""

wallets = Table("wallets", metadata, _whole("id", key=True), _whole("balance"), _whole("optouts"))
"""Balance of an account (its id) or of a user with a quota (the user's id)."""

entries = Table(
    "entries",
    metadata,
    _whole("id", key=True),
    _whole("at"),
    _text("kind"),
    _whole("source"),
    _whole("target"),
    _whole("amount"),
    _whole("ref"),
    _text("note"),
    Index("entries_source", "source", "id", sqlite_where=text("source > 15"), postgresql_where=text("source > 15")),
    Index("entries_target", "target", "id", sqlite_where=text("target > 15"), postgresql_where=text("target > 15")),
    Index("entries_ref", "ref", sqlite_where=text("ref > 0"), postgresql_where=text("ref > 0")),
)
"""The ledger; wallets up to 15 are the platform's own and are never listed, so they stand in no index."""

submissions = Table(
    "submissions",
    metadata,
    _whole("id", key=True),
    _whole("account"),
    _whole("user_id"),
    _text("dialect"),
    _whole("created"),
    _text("sender"),
    _text("text"),
    _text("tag"),
    _text("alphabet"),
    _small("flash"),
    _small("priority"),
    _whole("due"),
    _whole("deferred"),
    _whole("expires"),
    _text("reply_to"),
    _whole("count"),
    _text("batch"),
    _text("way", before=""),
    _text("callback", before=""),
)

messages = Table(
    "messages",
    metadata,
    _whole("id", key=True),
    _whole("account"),
    _whole("user_id"),
    _whole("submission"),
    _text("receiver"),
    _text("text", null=True),
    _small("parts"),
    _whole("price"),
    _small("state"),
    _small("priority"),
    _whole("turn"),
    _whole("due"),
    _whole("expires"),
    _whole("route"),
    _whole("connector"),
    _whole("node"),
    _small("attempts"),
    _text("refusal"),
    _small("maybe"),
    _small("hidden"),
    _whole("sent"),
    _whole("done"),
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

remotes = Table(
    "remotes",
    metadata,
    _whole("connector", key=True),
    _text("remote", key=True),
    _whole("message"),
    _small("part"),
    _small("state"),
    _whole("at"),
    Index("remotes_parts", "message", sqlite_where=text("part > 0"), postgresql_where=text("part > 0")),
    sqlite_with_rowid=False,
)
"""The carrier's id of each part; part is 0 for a message of one part, else 1 and up."""

events = Table(
    "events",
    metadata,
    _whole("message", key=True),
    _whole("id", key=True),
    _whole("at"),
    _text("kind"),
    _text("detail"),
    _bytes("data"),
    sqlite_with_rowid=False,
)
"""The timeline of a message: what its row can't tell, PDUs and callback tries included."""

parked = Table(
    "parked",
    metadata,
    _whole("id", key=True),
    _whole("connector"),
    _text("remote"),
    _whole("at"),
    _bytes("receipt"),
    Index("parked_remote", "connector", "remote"),
)
"""Receipts that match no message yet."""

notices = Table(
    "notices",
    metadata,
    _whole("id", key=True),
    _whole("account"),
    _text("dialect"),
    _text("kind"),
    _text("url"),
    _bytes("fact"),
    _whole("message"),
    _whole("due"),
    _whole("created"),
    _small("tries"),
    _small("state"),
    _whole("node"),
    Index("notices_due", "due", sqlite_where=text("state = 0"), postgresql_where=text("state = 0")),
)
"""News owed to clients: state 0 waits, 1 was taken, 2 was given up."""

optouts = Table(
    "optouts",
    metadata,
    _whole("account", key=True),
    _text("number", key=True),
    _whole("created"),
    _whole("message"),
    _text("batch"),
    sqlite_with_rowid=False,
)

inbounds = Table(
    "inbounds",
    metadata,
    _whole("id", key=True),
    _whole("account"),
    _whole("user_id"),
    _whole("at"),
    _text("sender"),
    _text("recipient"),
    _text("text"),
    _text("tag"),
    _whole("message"),
    _whole("price"),
    _whole("connector"),
    Index("inbounds_account", "account", "id"),
)
"""Texts received; account 0 when nobody's conversation was found."""

conversations = Table(
    "conversations",
    metadata,
    _text("number", key=True),
    _text("peer", key=True),
    _whole("account"),
    _whole("user_id"),
    _whole("message"),
    _text("tag"),
    _text("batch"),
    _whole("until"),
    sqlite_with_rowid=False,
)
"""Whose message a reply to `number` from `peer` answers."""

orders = Table(
    "orders",
    metadata,
    _whole("id", key=True),
    _whole("account"),
    _whole("at"),
    _whole("quantity"),
    _text("kind"),
    _text("status"),
    _whole("owner", before="0"),
    _text("currency", before="EUR"),
    _whole("vat", before="0"),
    _text("asked", before=""),
    _whole("decided", before="0"),
    Index("orders_account", "account", "id"),
    Index("orders_waiting", "id", sqlite_where=text("status = 'waiting'"), postgresql_where=text("status = 'waiting'")),
)
"""Orders of credits: `automatic`, `manual`, `new` or `cart`; `waiting`, `done` or `refused`."""

order_lines = Table(
    "order_lines",
    metadata,
    _whole("order_id", key=True),
    _small("n", key=True),
    _whole("account"),
    _whole("quantity"),
    _whole("price"),
    _small("new"),
    _text("channel"),
    _small("smpp"),
    sqlite_with_rowid=False,
)
"""What an order asks for: credits for an account, or for a new one (account 0 until it is made)."""

carts = Table(
    "carts",
    metadata,
    _whole("id", key=True),
    _whole("owner"),
    _text("country"),
    _text("description"),
    _whole("created"),
    _whole("expires"),
    _small("assigned"),
    _whole("ordered"),
    Index("carts_owner", "owner", "id"),
)
"""Carts until they expire; `ordered` is the order made of one."""

cart_items = Table(
    "cart_items",
    metadata,
    _whole("cart", key=True),
    _whole("id", key=True),
    _whole("account"),
    _whole("pack"),
    _whole("count"),
    sqlite_with_rowid=False,
)
"""So many packs of `pack` credits for an account; account 0 is a new one."""

vouchers = Table(
    "vouchers",
    metadata,
    _whole("id", key=True),
    _bytes("digest"),
    _text("hint"),
    _whole("amount"),
    _whole("created"),
    _whole("expires"),
    _whole("revoked"),
    _whole("used"),
    _whole("account"),
    _text("note"),
    Index("vouchers_digest", "digest", unique=True),
)
"""Codes worth credits, kept as hashes; `hint` is how one begins."""

audiences = Table(
    "audiences",
    metadata,
    _whole("id", key=True),
    _whole("account"),
    _whole("slot"),
    _text("description"),
    _text("url"),
    _small("auto_update"),
    _whole("records"),
    _whole("loaded"),
    _whole("user_id", before="0"),
    _whole("skipped", before="0"),
    _text("status", before="ready"),
    _whole("node", before="0"),
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
    _whole("audience", key=True),
    _whole("n", key=True),
    _text("csv"),
    sqlite_with_rowid=False,
)
"""The file of a list as it came, cut into pages."""

audience_rows = Table(
    "audience_rows",
    metadata,
    _whole("audience", key=True),
    _whole("n", key=True),
    _text("number"),
    _text("fields"),
    Index("audience_rows_number", "audience", "number", unique=True),
    sqlite_with_rowid=False,
)

campaigns = Table(
    "campaigns",
    metadata,
    _whole("id", key=True),
    _whole("account"),
    _whole("audience"),
    _bytes("submission"),
    _whole("next_row"),
    _text("status"),
    _whole("created"),
    _whole("node"),
    _text("name", before=""),
    _whole("slot", before="0"),
    _text("receivers", before=""),
    _whole("total", before="0"),
    _whole("processed", before="0"),
    _whole("estimated", before="0"),
    _whole("errors", before="0"),
    _whole("last", before="0"),
    _whole("mark", before="0"),
    _whole("again", before="0"),
    _whole("paused", before="0"),
    _whole("changed", before="0"),
    _whole("started", before="0"),
    _whole("finished", before="0"),
    Index("campaigns_account", "account", "id"),
    Index(
        "campaigns_open",
        "node",
        "id",
        sqlite_where=text("status IN ('running', 'inserted', 'to_cancel', 'cancelling')"),
        postgresql_where=text("status IN ('running', 'inserted', 'to_cancel', 'cancelling')"),
    ),
)
"""Sends to lists, planned page by page: `next_row` is how far. `mark` is how far its messages were looked through."""

campaign_errors = Table(
    "campaign_errors",
    metadata,
    _whole("campaign", key=True),
    _whole("n", key=True),
    _text("receiver"),
    _text("message"),
    sqlite_with_rowid=False,
)
"""Receivers for whom a campaign has no message, and why: the first ones."""

tasks = Table(
    "tasks",
    metadata,
    _whole("id", key=True),
    _whole("account"),
    _whole("user_id"),
    _text("kind"),
    _text("status"),
    _text("step"),
    _whole("audience"),
    _whole("mark"),
    _whole("request"),
    _whole("removed"),
    _whole("price"),
    _text("detail"),
    _whole("created"),
    _whole("changed"),
    _whole("node"),
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

contracts = Table(
    "contracts",
    metadata,
    _whole("account", key=True),
    _text("number", key=True),
    _small("automatic"),
    _small("ends"),
    _small("forced"),
    _small("by_hand"),
    _whole("period"),
)
"""How an account (number empty) or one of its numbers is to be renewed; no row: as it was made."""

chats = Table(
    "chats",
    metadata,
    _whole("id", key=True),
    _whole("account"),
    _text("number"),
    _whole("created"),
    Index("chats_number", "account", "number", unique=True),
)
"""Pages on which a number's conversations are read and answered: one a number."""

habits = Table("habits", metadata, _whole("connector", key=True), _text("value"))
"""What a connector has learnt of its carrier's receipts."""

acts = Table("acts", metadata, _whole("id", key=True), _whole("at"), _text("who"), _text("what"), _text("detail"))
"""Administrative acts, for the audit log."""

documents = Table(
    "documents",
    metadata,
    _whole("id", key=True),
    _whole("owner"),
    _whole("account"),
    _text("topic"),
    _text("name"),
    _text("description"),
    _text("tags"),
    _text("status"),
    _whole("content"),
    _whole("pages"),
    _whole("size"),
    _whole("created"),
    _whole("expires"),
    _whole("validated"),
    Index("documents_owner", "owner", "id"),
    Index("documents_topic", "account", "topic"),
    Index("documents_content", "content", unique=True),
)
"""Files of owners: uploaded, or built by us. `topic` is what a file belongs to, empty for the owner's own ones."""

document_pages = Table(
    "document_pages",
    metadata,
    _whole("content", key=True),
    _whole("n", key=True),
    _bytes("data"),
    sqlite_with_rowid=False,
)
"""What is in the files; a file that is written anew gets a new `content`, and shows it when it is complete."""

builds = Table(
    "builds",
    metadata,
    _whole("document", key=True),
    _text("dialect"),
    _bytes("work"),
    _whole("after"),
    _whole("node"),
)
"""Documents that are being written page by page; `after` is the last row that is in them."""

phonebooks = Table(
    "phonebooks",
    metadata,
    _whole("id", key=True),
    _whole("account"),
    _text("name"),
    _whole("created"),
    _whole("changed"),
    Index("phonebooks_account", "account", "id"),
)

contacts = Table(
    "contacts",
    metadata,
    _whole("id", key=True),
    _whole("book"),
    _text("groups"),
    _text("name"),
    _text("surname"),
    _text("phones"),
    Index("contacts_book", "book", "id"),
)
"""People in phone books; groups are a JSON list, phones a JSON object: kind and E.164 number."""

lookups = Table(
    "lookups",
    metadata,
    _whole("id", key=True),
    _whole("request"),
    _whole("account"),
    _whole("wallet"),
    _text("number"),
    _whole("price"),
    _text("status"),
    _whole("created"),
    _whole("done"),
    _whole("connector"),
    _whole("node"),
    _bytes("finding"),
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
"""Numbers that networks are asked about: `todo`, `doing`, `done`, `error`; all of one `request` are charged together."""

sender_codes = Table(
    "sender_codes",
    metadata,
    _whole("account", key=True),
    _text("name", key=True),
    _bytes("digest"),
    _small("tries"),
    _whole("expires"),
    sqlite_with_rowid=False,
)
"""Codes sent to numbers that accounts want to send from."""

# phones and modems of our own

devices = Table(
    "devices",
    metadata,
    _whole("id", key=True),
    _whole("account"),
    _text("kind"),
    _text("name"),
    _bytes("token"),
    _text("login"),
    _text("version"),
    _text("push"),
    _bytes("signing_key"),
    _whole("created"),
    _whole("seen"),
    _whole("stream"),
    _whole("pulled"),
    _whole("told"),
    _whole("ping"),
    _whole("clock_offset"),
    _text("offsets"),
    _small("enabled"),
    _small("paused"),
    _small("banned"),
    _text("misconfigured"),
    _whole("weight"),
    _whole("ttl"),
    _text("settings"),
    _text("health"),
    Index("devices_token", "token", unique=True),
    Index("devices_account", "account", "id"),
)
"""Phones and modems; account 0 serves all accounts. `told` is when its row was last touched."""

sims = Table(
    "sims",
    metadata,
    _whole("id", key=True),
    _whole("device"),
    _small("slot"),
    _text("number"),
    _text("operator"),
    _text("plmn"),
    _text("iccid"),
    _text("said"),
    _small("enabled"),
    _whole("weight"),
    _text("limits"),
    _whole("last"),
    _whole("cooldown"),
    _small("cooldowns"),
    _small("failures"),
    _text("recent"),
    _small("probing"),
    _small("suspect"),
    _small("generic"),
    _whole("day"),
    _whole("day_used"),
    _whole("month"),
    _whole("month_used"),
    Index("sims_device", "device", "slot", unique=True),
)
"""SIM cards; `recent` is how its last 20 attempts ended (1 good, 0 bad), `said` what the phone tells of the card."""

device_attempts = Table(
    "device_attempts",
    metadata,
    _whole("id", key=True),
    _whole("message"),
    _whole("account"),
    _text("receiver"),
    _whole("connector"),
    _whole("device"),
    _whole("sim"),
    _small("slot"),
    _small("parts"),
    _small("state"),
    _small("open"),
    _small("n"),
    _whole("at"),
    _whole("offered"),
    _whole("accepted"),
    _whole("submitted"),
    _whole("sent"),
    _whole("done"),
    _whole("valid"),
    _whole("lease"),
    _text("reason"),
    _text("error"),
    _text("reference"),
    _small("counted"),
    _small("late"),
    Index("device_attempts_message", "message", "id"),
    Index("device_attempts_sim", "sim", "at"),
    Index(
        "device_attempts_held",
        "device",
        "id",
        sqlite_where=text("state IN (0, 1, 2, 5)"),
        postgresql_where=text("state IN (0, 1, 2, 5)"),
    ),
    Index(
        "device_attempts_lease",
        "lease",
        sqlite_where=text("open = 1 AND lease > 0"),
        postgresql_where=text("open = 1 AND lease > 0"),
    ),
)
"""A message on a SIM. While `open` it decides what becomes of its message; `lease` is when it is looked at next."""

device_inbounds = Table(
    "device_inbounds",
    metadata,
    _whole("device", key=True),
    _text("key", key=True),
    _whole("sim"),
    _text("sender"),
    _whole("at"),
    _whole("stored"),
    _whole("inbound"),
    _text("kind"),
    _bytes("data"),
    _small("late"),
    Index("device_inbounds_sender", "sender", "stored"),
)
"""What phones received, each once; `inbound` is its row in `inbounds`. `data` is what is more than a text."""

device_wishes = Table("device_wishes", metadata, _whole("submission", key=True), _text("wish"))
"""What a submission asks of phones, where it asks something: JSON of `core.devices.Wish`."""

device_rules = Table(
    "device_rules",
    metadata,
    _whole("id", key=True),
    _whole("account"),
    _text("prefix"),
    _text("mode"),
    _whole("sim"),
    _text("operator"),
    Index("device_rules_account", "account", "id"),
)
"""Which SIMs an account's messages take."""

device_bells = Table(
    "device_bells",
    metadata,
    _whole("id", key=True),
    _whole("device"),
    _text("event"),
    _text("detail"),
    _whole("at"),
    Index("device_bells_at", "at"),
)
"""What phones are to be told on their streams; kept for minutes."""

device_health = Table(
    "device_health",
    metadata,
    _whole("device", key=True),
    _whole("at", key=True),
    _text("sample"),
    Index("device_health_at", "at"),
)
"""Samples of phones, one a minute at most: JSON of `services.devices.Sample`."""

device_alerts = Table(
    "device_alerts",
    metadata,
    _whole("device", key=True),
    _whole("sim", key=True),
    _text("kind", key=True),
    _whole("at"),
    _text("detail"),
)
"""What is wrong with phones now; a row goes when it is well again."""

enrolments = Table(
    "enrolments",
    metadata,
    _whole("id", key=True),
    _whole("account"),
    _text("kind"),
    _bytes("digest"),
    _text("hint"),
    _whole("created"),
    _whole("expires"),
    _whole("used"),
    _whole("revoked"),
    Index("enrolments_digest", "digest", unique=True),
    Index("enrolments_account", "account", "id"),
)
"""Codes (one use) and keys (many) with which phones join an account, kept as hashes."""

# requests that clients name

requests = Table(
    "requests",
    metadata,
    _whole("id", key=True),
    _whole("account"),
    _whole("user_id"),
    _text("name"),
    _whole("created"),
    Index("requests_name", "user_id", "name", unique=True),
    Index("requests_user", "user_id", "id"),
)
"""Submissions that their clients call by names of their own; `id` is the submission's."""

request_messages = Table(
    "request_messages",
    metadata,
    _whole("message", key=True),
    _whole("request"),
    _small("n"),
    Index("request_messages_request", "request", "n"),
)
"""The messages of a request, one a receiver."""

access_tokens = Table(
    "access_tokens", metadata, _text("id", key=True), _whole("user_id"), _whole("expires"), _text("pair")
)
"""Tokens that users gave to their programs and did not take back."""

INSERTS: dict[str, str] = {
    "submissions": "",
    "messages": "",
    "entries": "",
    # a clock set back while we were down may give an id twice: news must be written all the same
    "events": "ON CONFLICT (message, id) DO NOTHING",
    "remotes": "ON CONFLICT (connector, remote) DO UPDATE SET message = excluded.message, part = excluded.part,"
    " state = excluded.state, at = excluded.at",
    "parked": "",
    "notices": "",
    "optouts": "ON CONFLICT (account, number) DO NOTHING",
    "inbounds": "",
    "conversations": "ON CONFLICT (number, peer) DO UPDATE SET account = excluded.account,"
    " user_id = excluded.user_id, message = excluded.message, tag = excluded.tag, batch = excluded.batch,"
    " until = excluded.until",
    "wallets": "ON CONFLICT (id) DO UPDATE SET balance = excluded.balance, optouts = excluded.optouts",
    "orders": "",
    "order_lines": "",
    "vouchers": "",
    "audience_rows": "ON CONFLICT DO NOTHING",
    "audience_pages": "",
    "campaign_errors": "",
    "contacts": "",
    "lookups": "",
    "acts": "",
    "device_attempts": "",
    "request_messages": "",
}
"""Tables written by the thousand, and what happens when the key is there already."""
