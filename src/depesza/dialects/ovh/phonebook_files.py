"""Phone books as files: exported in the background, imported from a document. spec: ovh/4.14

A client asks for an export again and again until it is done, so one that is under way or still true is shown again.
"""

import asyncio
from collections.abc import Sequence

import msgspec
from msgspec import Struct

from depesza.core.ids import uuid_of
from depesza.core.planning import Policy
from depesza.dialects.ovh import codec, dates, errors
from depesza.dialects.ovh.call import Call
from depesza.dialects.ovh.documents import UTC, address, content, own
from depesza.dialects.ovh.phonebooks import LONGEST, PHONES, book_of, group_of, read_phone
from depesza.services import builds, contacts, documents
from depesza.services.accounts import Unknown
from depesza.services.contacts import Book, Contact, Full, Person
from depesza.services.documents import BUILDING, FAILED, Document
from depesza.store.tx import Tx
from depesza.wire import sheets
from depesza.wire.csvlist import NUMBER_NAMES, BadList, fold
from depesza.wire.table import Cell

COLUMNS = ("group", "name", "surname", *PHONES)
"""Columns of a phone book's file, in and out (choice)."""
NAMES = {fold(name): name for name in COLUMNS} | dict.fromkeys(NUMBER_NAMES, PHONES[0])
"""What a column of a file that comes in holds, by its folded name; a plain list of numbers holds mobiles."""


class BookWork(Struct, frozen=True, tag="book"):
    """Work: a file of the contacts of a book."""

    book: int


encode = msgspec.json.Encoder().encode


# out


async def export(call: Call) -> dict[str, object]:
    """GET …/export: telephony.PcsFile, to be asked for until it is done"""
    if codec.required(call.query, "format") != "csv":
        raise codec.invalid("format")
    book = await book_of(call)
    document = await call.run(current, call.caller.owner, book, call.now, call.context.export_life)
    return {
        "filename": document.name,
        "status": {BUILDING: "doing", FAILED: "error"}.get(document.status, "done"),
        "url": address(call.context, call.request, document, "GET"),
        "urlExpirationDatetime": dates.write(document.expires, UTC),
    }


async def current(tx: Tx, owner: int, book: Book, now: int, life: int) -> Document:
    """Find the export of a book that is under way or still true, or else begin one; a failed one is told once."""
    newest = next(iter(await documents.list_topic(tx, book.account, book.topic, now)), None)
    if newest is not None and newest.status == FAILED:
        await documents.delete(tx, newest.id)
        return newest
    if newest is not None and (newest.status == BUILDING or newest.created >= book.changed):
        return newest
    return await builds.start(
        tx,
        owner,
        f"phonebook-{book.id:x}.csv",
        now,
        account=book.account,
        dialect="ovh",
        work=encode(BookWork(book.id)),
        topic=book.topic,
        expires=now + life,
    )


def line(contact: Contact) -> Sequence[Cell]:
    """Write a contact as a row of `COLUMNS`."""
    phones = [contact.phones.get(kind, "") for kind in PHONES]
    return (group_of(contact), contact.name, contact.surname, *phones)


# in


async def load(call: Call) -> dict[str, object]:
    """POST …/import: telephony.Task, which is done when it is answered"""
    book = await book_of(call)
    document = await own(call, codec.required(call.json, "documentId"))
    if document.size > call.context.largest_document:
        raise errors.bad_request("Invalid value for documentId: the file is too large")
    data = await content(call, document)
    try:
        # a large workbook takes seconds, in which others want their answers
        people, skipped = await asyncio.to_thread(read_people, data, call.context.policy)
        task = await call.run(_load, book, people, call.now)
    except (BadList, Full) as error:
        raise errors.bad_request(f"Invalid value for documentId: {error}") from error
    except Unknown as error:
        raise errors.not_found(call.params["bookKey"]) from error
    return {
        "taskId": task,
        "action": "phonebookImport",
        "serviceType": "sms",
        "status": "done",
        "message": f"contacts added: {len(people)}, lines skipped: {skipped}",
        "objectCreated": uuid_of(book.id),
    }


async def _load(tx: Tx, book: Book, people: Sequence[Person], now: int) -> int:
    await contacts.add(tx, book.account, book.id, people, now)
    return tx.new_id()


def read_people(data: bytes, policy: Policy) -> tuple[list[Person], int]:
    """Read a file's contacts, and count the lines that are none; raises `BadList`."""
    people: list[Person] = []
    skipped = 0
    for fields in sheets.read(data):
        if not NAMES.keys() & fields.keys():
            raise BadList(f"none of the columns {', '.join(COLUMNS)} is there")
        person = read_person(fields, policy)
        if person is None:
            skipped += 1
        elif len(people) == contacts.MOST:
            raise BadList(f"there are more than {contacts.MOST} contacts")
        else:
            people.append(person)
    if not people:
        raise BadList("the file has no usable contact")
    return people, skipped


def read_person(fields: sheets.Fields, policy: Policy) -> Person | None:
    """Read a line as a contact; None when it is none: nothing in it, a number or a name that can't be right."""
    given = {NAMES[name]: value for name, value in fields.items() if name in NAMES and value}
    texts = [given.get(name, "") for name in COLUMNS[:3]]
    if not given or any(len(text) > LONGEST or not text.isprintable() for text in texts):
        return None
    phones = {kind: read_phone(given[kind], policy, bare=True) for kind in PHONES if kind in given}
    if None in phones.values():
        return None
    known = {kind: number for kind, number in phones.items() if number}
    return Person((texts[0],) if texts[0] else (), texts[1], texts[2], known)
