"""Exports of messages as CSV files, built in the background. spec: ovh/4.10

The answer is the id of a /me/document at once; its size is more than 0 when the file is complete. A file holds what
was there when it was asked for.
"""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from depesza.core import lookup
from depesza.core.ids import uuid_of
from depesza.dialects.ovh import codec, codes, dates, phonebook_files
from depesza.dialects.ovh.call import Call
from depesza.dialects.ovh.messages import read_search, user_id
from depesza.dialects.ovh.phonebook_files import BookWork
from depesza.services import builds, contacts, lists
from depesza.services.builds import Build, Page
from depesza.services.lists import Received, Search, Sent
from depesza.store.tx import Tx
from depesza.wire import table
from depesza.wire.table import Cell

ROWS = 500
"""Rows of a page."""
WAYS = ("incoming", "outgoing")

OUTGOING = (
    "id", "date", "sender", "receiver", "ptt", "operatorCode", "descriptionDlr", "tag", "message", "sentAt",
    "deliveredAt",
)  # fmt: skip
INCOMING = ("id", "date", "sender", "receiver", "tag", "message")
"""Not told by the vendor (choice): those of `OUTGOING` that a text received has."""


class Messages(Struct, frozen=True, tag="messages"):
    """Work: a file of messages."""

    way: str
    search: Search
    zone: str
    """The account's time zone."""


encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Messages | BookWork).decode


async def export(call: Call) -> str:
    """GET …/document, of an account or of one user: answers the id of the document"""
    way = codec.required(call.query, "wayType")
    if way not in WAYS or (way == "incoming" and "batchID" in call.query):
        raise codec.invalid("batchID" if way in WAYS else "wayType")
    search = read_search(call, user_id(call))
    search = msgspec.structs.replace(search, until=min(search.until or call.now, call.now))
    account = call.account
    day = dates.write_date(call.now, dates.zone(account.timezone))
    made = await call.run(
        builds.start,
        call.caller.owner,
        f"{account.name}-{way}-{day}.csv",
        call.now,
        account=account.id,
        dialect="ovh",
        work=encode(Messages(way, search, account.timezone)),
        expires=call.now + call.context.export_life,
    )
    return uuid_of(made.id)


async def write_page(tx: Tx, build: Build) -> Page:
    """Write the next page of a file; see `services.builds.Writer`."""
    work, account = _decode(build.work), build.document.account
    if isinstance(work, BookWork):
        people = await contacts.page(tx, work.book, build.after, ROWS)
        return _page(build, phonebook_files.COLUMNS, [(row.id, phonebook_files.line(row)) for row in people])
    if work.way == "incoming":
        came = await lists.incoming_page(tx, account, work.search, build.after, ROWS)
        return _page(build, INCOMING, [(row.id, incoming_line(row, work.zone)) for row in came])
    left = await lists.outgoing_page(tx, account, work.search, build.after, ROWS)
    return _page(build, OUTGOING, [(row.id, outgoing_line(row, work.zone)) for row in left])


def _page(build: Build, columns: tuple[str, ...], rows: list[tuple[int, Sequence[Cell]]]) -> Page:
    head = table.write_head(columns) if not build.document.pages else b""
    after = rows[-1][0] if rows else build.after
    return Page(head + table.write_rows(line for _, line in rows), after, len(rows) < ROWS)


def outgoing_line(sent: Sent, zone: str) -> tuple[Cell, ...]:
    """Write a message as a row of `OUTGOING`; the operator is the one of the numbering plan."""
    where = dates.zone(zone)
    delivered = sent.done if codes.RECEIPT[sent.state] == 1 else 0
    return (
        sent.id,
        dates.write_plain(sent.created, where),
        sent.sender,
        sent.receiver,
        codes.ptt(sent.state, sent.refusal),
        lookup.by_plan(sent.receiver).operator_code,
        codes.DESCRIPTIONS[codes.RECEIPT[sent.state]],
        sent.tag,
        sent.text,
        dates.write_plain(sent.sent, where) if sent.sent else "",
        dates.write_plain(delivered, where) if delivered else "",
    )


def incoming_line(received: Received, zone: str) -> tuple[Cell, ...]:
    """Write a text received as a row of `INCOMING`."""
    at = dates.write_plain(received.at, dates.zone(zone))
    return (received.id, at, received.sender, received.recipient, received.tag, received.text)
