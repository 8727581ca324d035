"""The tables, declared once for both databases; migrations are checked against them.

Integers hold everything that is a time (microseconds), an amount (micro-credits), a state or a flag, so that a row
reads the same from either database.
"""

from depesza.store.schema import cards, clients, files, links, lists, numbers, phones, programs, trade, traffic
from depesza.store.schema.columns import metadata
from depesza.store.schema.facts import FACTS, KEYS, UNIQUE

__all__ = ["FACTS", "INSERTS", "KEYS", "PARTS", "UNIQUE", "metadata"]

PARTS = (cards, clients, files, links, lists, numbers, phones, programs, trade, traffic)
"""The tables by subject; importing them declares them."""

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
    # who asks for silence is not written to at all, whatever the client barred before
    "optouts": "ON CONFLICT (account, number) DO UPDATE SET created = excluded.created, message = excluded.message,"
    " batch = excluded.batch, kind = excluded.kind",
    "inbounds": "",
    "conversations": "ON CONFLICT (number, peer) DO UPDATE SET account = excluded.account,"
    " user_id = excluded.user_id, message = excluded.message, tag = excluded.tag, batch = excluded.batch,"
    " until = excluded.until",
    "wallets": "ON CONFLICT (id) DO UPDATE SET balance = excluded.balance, optouts = excluded.optouts,"
    " serial = excluded.serial",
    "tallies": "ON CONFLICT (account, key) DO UPDATE SET at = excluded.at, count = excluded.count",
    "client_refs": "",
    "orders": "",
    "order_lines": "",
    "vouchers": "",
    "audience_rows": "ON CONFLICT DO NOTHING",
    "audience_pages": "",
    "campaign_errors": "",
    "mailing_rows": "",
    "followed": "",
    "contacts": "",
    "lookups": "",
    "acts": "",
    "device_attempts": "",
    "request_messages": "",
    "link_codes": "",
}
"""Tables written by the thousand, and what happens when the key is there already."""
