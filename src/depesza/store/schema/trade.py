"""What accounts buy: orders, carts, codes, renewals."""

from sqlalchemy import Index, Table, text

from depesza.store.schema.columns import metadata, octets, small, whole, words

orders = Table(
    "orders",
    metadata,
    whole("id", key=True),
    whole("account"),
    whole("at"),
    whole("quantity"),
    words("kind"),
    words("status"),
    whole("owner", before="0"),
    words("currency", before="EUR"),
    whole("vat", before="0"),
    words("asked", before=""),
    whole("decided", before="0"),
    Index("orders_account", "account", "id"),
    Index("orders_waiting", "id", sqlite_where=text("status = 'waiting'"), postgresql_where=text("status = 'waiting'")),
)
"""Orders of credits: `automatic`, `manual`, `new` or `cart`; `waiting`, `done` or `refused`."""

order_lines = Table(
    "order_lines",
    metadata,
    whole("order_id", key=True),
    small("n", key=True),
    whole("account"),
    whole("quantity"),
    whole("price"),
    small("new"),
    words("channel"),
    small("smpp"),
    sqlite_with_rowid=False,
)
"""What an order asks for: credits for an account, or for a new one (account 0 until it is made)."""

carts = Table(
    "carts",
    metadata,
    whole("id", key=True),
    whole("owner"),
    words("country"),
    words("description"),
    whole("created"),
    whole("expires"),
    small("assigned"),
    whole("ordered"),
    Index("carts_owner", "owner", "id"),
)
"""Carts until they expire; `ordered` is the order made of one."""

cart_items = Table(
    "cart_items",
    metadata,
    whole("cart", key=True),
    whole("id", key=True),
    whole("account"),
    whole("pack"),
    whole("count"),
    sqlite_with_rowid=False,
)
"""So many packs of `pack` credits for an account; account 0 is a new one."""

vouchers = Table(
    "vouchers",
    metadata,
    whole("id", key=True),
    octets("digest"),
    words("hint"),
    whole("amount"),
    whole("created"),
    whole("expires"),
    whole("revoked"),
    whole("used"),
    whole("account"),
    words("note"),
    Index("vouchers_digest", "digest", unique=True),
)
"""Codes worth credits, kept as hashes; `hint` is how one begins."""

contracts = Table(
    "contracts",
    metadata,
    whole("account", key=True),
    words("number", key=True),
    small("automatic"),
    small("ends"),
    small("forced"),
    small("by_hand"),
    whole("period"),
)
"""How an account (number empty) or one of its numbers is to be renewed; no row: as it was made."""
