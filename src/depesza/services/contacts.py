"""Phone books of accounts: people with names, groups and phones. spec: ovh/4.14

A phone is kept under the kind that its vendor's dialect gives it; numbers are E.164.
"""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from depesza.services import documents
from depesza.services.accounts import Unknown
from depesza.store.tx import Row, Tx

MOST = 100_000
"""Contacts of one book."""

_BOOK = "id, account, name, created, changed"
_CONTACT = "id, groups, name, surname, phones"
_texts = msgspec.json.Decoder(tuple[str, ...]).decode
_phones = msgspec.json.Decoder(dict[str, str]).decode
_encode = msgspec.json.Encoder().encode


class Full(Exception):
    """A phone book can't take more contacts."""


class Book(Struct, frozen=True):
    """A phone book."""

    id: int
    account: int
    name: str
    created: int
    changed: int
    """When its contacts were changed last."""

    @property
    def topic(self) -> str:
        """What documents of the book belong to."""
        return f"phonebook {self.id}"


class Person(Struct, frozen=True):
    """Somebody who can be put into a phone book."""

    groups: tuple[str, ...]
    name: str
    surname: str
    phones: Mapping[str, str]
    """Kind and number."""


class Contact(Person, frozen=True):
    """Somebody in a phone book."""

    id: int


# books


async def books(tx: Tx, account: int) -> list[int]:
    """List the phone books of an account."""
    rows = await tx.query("SELECT id FROM phonebooks WHERE account = ?1 ORDER BY id", account)
    return [row[0] for row in rows]


async def book(tx: Tx, account: int, id: int) -> Book | None:
    """Read one phone book."""
    rows = await tx.query(f"SELECT {_BOOK} FROM phonebooks WHERE id = ?1 AND account = ?2", id, account)
    return Book(*rows[0]) if rows else None


async def _known(tx: Tx, account: int, id: int) -> Book:
    found = await book(tx, account, id)
    if found is None:
        raise Unknown(f"phone book {id}")
    return found


async def create_book(tx: Tx, account: int, name: str, now: int) -> int:
    """Make an empty phone book; gives its id."""
    id = tx.new_id()
    tx.write(f"INSERT INTO phonebooks ({_BOOK}) VALUES (?1, ?2, ?3, ?4, ?4)", id, account, name, now)
    return id


async def rename_book(tx: Tx, account: int, id: int, name: str) -> None:
    """Give a phone book another name; raises `Unknown`."""
    await _known(tx, account, id)
    tx.write("UPDATE phonebooks SET name = ?2 WHERE id = ?1", id, name)


async def delete_book(tx: Tx, account: int, id: int) -> None:
    """Delete a phone book with its contacts and exports; raises `Unknown`."""
    old = await _known(tx, account, id)
    tx.write("DELETE FROM contacts WHERE book = ?1", id)
    tx.write("DELETE FROM phonebooks WHERE id = ?1", id)
    await documents.delete_topic(tx, account, old.topic)


async def forget_orphans(tx: Tx) -> None:
    """Delete the phone books of accounts that are gone."""
    tx.write("DELETE FROM phonebooks WHERE NOT EXISTS (SELECT 1 FROM accounts WHERE accounts.id = phonebooks.account)")
    tx.write("DELETE FROM contacts WHERE NOT EXISTS (SELECT 1 FROM phonebooks WHERE phonebooks.id = contacts.book)")


# contacts


async def add(tx: Tx, account: int, id: int, people: Sequence[Person], now: int) -> list[int]:
    """Put people into a phone book; gives the contacts' ids. Raises `Unknown` or `Full`."""
    await _known(tx, account, id)
    rows = await tx.query("SELECT COUNT(*) FROM contacts WHERE book = ?1", id)
    if rows[0][0] + len(people) > MOST:
        raise Full(f"a phone book holds at most {MOST} contacts")
    made = [tx.new_id() for _ in people]
    for contact, person in zip(made, people, strict=True):
        tx.insert("contacts", (contact, id, *_columns(person)))
    _touch(tx, id, now)
    return made


def _columns(person: Person) -> tuple[str, str, str, str]:
    return _encode(person.groups).decode(), person.name, person.surname, _encode(person.phones).decode()


def _touch(tx: Tx, id: int, now: int) -> None:
    tx.write("UPDATE phonebooks SET changed = ?2 WHERE id = ?1", id, now)


async def contacts(tx: Tx, book: int) -> list[int]:
    """List the contacts of a phone book."""
    rows = await tx.query("SELECT id FROM contacts WHERE book = ?1 ORDER BY id", book)
    return [row[0] for row in rows]


async def page(tx: Tx, book: int, after: int, limit: int) -> list[Contact]:
    """Read the contacts behind a given one."""
    rows = await tx.query(
        f"SELECT {_CONTACT} FROM contacts WHERE book = ?1 AND id > ?2 ORDER BY id LIMIT ?3", book, after, limit
    )
    return [_contact(row) for row in rows]


async def contact(tx: Tx, book: int, id: int) -> Contact | None:
    """Read one contact."""
    rows = await tx.query(f"SELECT {_CONTACT} FROM contacts WHERE id = ?1 AND book = ?2", id, book)
    return _contact(rows[0]) if rows else None


def _contact(row: Row) -> Contact:
    id, groups, name, surname, phones = row
    return Contact(_texts(groups), name, surname, _phones(phones), id)


async def change(tx: Tx, book: int, id: int, person: Person, now: int) -> None:
    """Change a contact; raises `Unknown`."""
    if await contact(tx, book, id) is None:
        raise Unknown(f"contact {id}")
    tx.write(
        "UPDATE contacts SET groups = ?2, name = ?3, surname = ?4, phones = ?5 WHERE id = ?1", id, *_columns(person)
    )
    _touch(tx, book, now)


async def delete(tx: Tx, book: int, id: int, now: int) -> None:
    """Delete a contact; raises `Unknown`."""
    if await contact(tx, book, id) is None:
        raise Unknown(f"contact {id}")
    tx.write("DELETE FROM contacts WHERE id = ?1", id)
    _touch(tx, book, now)
