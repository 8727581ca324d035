"""Forget what is older than it has to be kept; the ledger stays."""

import msgspec

from depesza.core.ids import made_at
from depesza.core.model import Extras
from depesza.services import attachments, cards, commands, contacts, documents, links, mailings, sender_forms
from depesza.store.tx import Tx

_extras = msgspec.json.Decoder(Extras).decode


async def forget(tx: Tx, oldest: int, limit: int) -> int:
    """Delete a page of final messages with ids below `oldest` and all that hangs on them; gives how many."""
    rows = await tx.query(
        "SELECT id, submission FROM messages WHERE id < ?1 AND state >= 10 ORDER BY id LIMIT ?2", oldest, limit
    )
    if not rows:
        return 0
    ids = ", ".join(str(row[0]) for row in rows)
    taken = await tx.query(f"SELECT detail FROM events WHERE message IN ({ids}) AND kind = 'taken'")
    for (detail,) in taken:  # "connector remote remote…": the ids are the key of their table
        connector, *remotes = str(detail).split(" ")
        for remote in remotes:
            tx.write("DELETE FROM remotes WHERE connector = ?1 AND remote = ?2", int(connector), remote)
    await _let_go_of_files(tx, ids)
    tx.write(f"DELETE FROM events WHERE message IN ({ids})")
    tx.write(f"DELETE FROM device_attempts WHERE message IN ({ids})")
    tx.write(f"DELETE FROM messages WHERE id IN ({ids})")
    tx.write(f"DELETE FROM request_messages WHERE message IN ({ids})")
    tx.write(f"DELETE FROM link_codes WHERE message IN ({ids})")
    tx.write(f"DELETE FROM client_refs WHERE message IN ({ids})")
    submissions = ", ".join(sorted({str(row[1]) for row in rows}))
    tx.write(
        f"DELETE FROM submissions WHERE id IN ({submissions})"
        " AND NOT EXISTS (SELECT 1 FROM messages WHERE messages.submission = submissions.id)"
    )
    return len(rows)


async def _let_go_of_files(tx: Tx, ids: str) -> None:
    """Let the keeper take the files of submissions that go with these messages."""
    rows = await tx.query(
        "SELECT extras FROM submissions WHERE extras LIKE '%\"files\"%'"
        f" AND id IN (SELECT submission FROM messages WHERE id IN ({ids})) AND NOT EXISTS"
        f" (SELECT 1 FROM messages WHERE messages.submission = submissions.id AND messages.id NOT IN ({ids}))"
    )
    for (extras,) in rows:
        attachments.forget(tx, _extras(extras).files)


async def hide(tx: Tx, account: int, oldest: int, limit: int) -> int:
    """Take a page of an account's final messages with ids below `oldest` out of its sight; gives how many.

    With the last page go their ids of the client's and the texts received so long ago. The books keep all of it
    until it is forgotten for everybody.
    """
    rows = await tx.query(
        "SELECT id FROM messages WHERE account = ?1 AND id < ?2 AND hidden = 0 AND state >= 10 ORDER BY id LIMIT ?3",
        account, oldest, limit,
    )  # fmt: skip
    if rows:
        tx.write(f"UPDATE messages SET hidden = 1 WHERE id IN ({', '.join(str(row[0]) for row in rows)})")
    if len(rows) < limit:
        tx.write(
            "DELETE FROM client_refs WHERE account = ?1 AND message < ?2 AND NOT EXISTS"
            " (SELECT 1 FROM messages WHERE messages.id = client_refs.message AND messages.state < 10)",
            account, oldest,
        )  # fmt: skip
        tx.write("DELETE FROM inbounds WHERE account = ?1 AND id < ?2", account, oldest)
    return len(rows)


async def forget_callbacks(tx: Tx, oldest: int, limit: int) -> int:
    """Delete a page of callbacks with ids below `oldest` that are over, and their tries; gives how many."""
    rows = await tx.query(
        "SELECT id, message FROM notices WHERE id < ?1 AND state > 0 ORDER BY id LIMIT ?2", oldest, limit
    )
    if rows:
        messages = ", ".join(sorted({str(row[1]) for row in rows} | {"0"}))
        tx.write(f"DELETE FROM events WHERE message IN ({messages}) AND id < ?1 AND kind = 'callback'", oldest)
        tx.write(f"DELETE FROM notices WHERE id IN ({', '.join(str(row[0]) for row in rows)})")
    return len(rows)


async def forget_rest(tx: Tx, oldest: int, now: int) -> None:
    """Delete what hangs on no message: texts received, conversations that are over, finished jobs."""
    tx.write("DELETE FROM inbounds WHERE id < ?1", oldest)
    tx.write("DELETE FROM device_inbounds WHERE inbound < ?1", oldest)
    tx.write(
        "DELETE FROM device_wishes WHERE submission < ?1"
        " AND NOT EXISTS (SELECT 1 FROM submissions WHERE submissions.id = device_wishes.submission)",
        oldest,
    )
    tx.write("DELETE FROM conversations WHERE until < ?1", now)
    tx.write("DELETE FROM access_tokens WHERE expires < ?1", now)
    tx.write(
        "DELETE FROM requests WHERE id < ?1"
        " AND NOT EXISTS (SELECT 1 FROM request_messages WHERE request_messages.request = requests.id)",
        oldest,
    )
    await documents.forget_unfinished(tx, now)
    await documents.forget_orphans(tx)
    await contacts.forget_orphans(tx)
    await cards.forget_orphans(tx)
    await sender_forms.forget_orphans(tx)
    await commands.forget_orphans(tx)
    tx.write("DELETE FROM campaigns WHERE id < ?1 AND status IN ('done', 'failed', 'cancelled')", oldest)
    tx.write(
        "DELETE FROM campaign_errors WHERE campaign < ?1"
        " AND NOT EXISTS (SELECT 1 FROM campaigns WHERE campaigns.id = campaign_errors.campaign)",
        oldest,
    )
    tx.write("DELETE FROM tasks WHERE id < ?1 AND status IN ('done', 'error')", oldest)
    tx.write("DELETE FROM sender_codes WHERE expires <= ?1", now)
    tx.write(
        "DELETE FROM client_refs WHERE message IN"
        " (SELECT id FROM lookups WHERE id < ?1 AND status IN ('done', 'error'))",
        oldest,
    )
    tx.write("DELETE FROM lookups WHERE id < ?1 AND status IN ('done', 'error')", oldest)
    tx.write("DELETE FROM orders WHERE id < ?1 AND status = 'refused'", oldest)
    tx.write("DELETE FROM order_lines WHERE NOT EXISTS (SELECT 1 FROM orders WHERE orders.id = order_lines.order_id)")
    tx.write("DELETE FROM carts WHERE expires < ?1", now)
    tx.write("DELETE FROM cart_items WHERE NOT EXISTS (SELECT 1 FROM carts WHERE carts.id = cart_items.cart)")
    since = made_at(oldest)
    links.forget(tx, since, now)
    tx.write("DELETE FROM awaited_calls WHERE until < ?1", now)
    mailings.forget(tx, oldest)
    tx.write("DELETE FROM vouchers WHERE (used > 0 AND used < ?1) OR (revoked > 0 AND revoked < ?1)", since)
    tx.write("DELETE FROM vouchers WHERE expires > 0 AND expires < ?1", since)
