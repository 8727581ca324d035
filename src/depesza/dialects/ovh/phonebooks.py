"""Phone books of an account and the contacts in them. spec: ovh/4.14"""

from collections.abc import Awaitable, Mapping
from typing import TypeVar

from depesza.core import phone
from depesza.core.ids import of_uuid, uuid_of
from depesza.core.planning import Policy
from depesza.dialects.ovh import codec, errors
from depesza.dialects.ovh.call import Call
from depesza.services import contacts
from depesza.services.accounts import Unknown
from depesza.services.contacts import Book, Contact, Full, Person

PHONES = ("homeMobile", "homePhone", "workMobile", "workPhone")
LONGEST = 255
"""Characters of a name."""

T = TypeVar("T")


# books


async def list_books(call: Call) -> list[str]:
    """GET /sms/{serviceName}/phonebooks"""
    return [uuid_of(id) for id in await call.look(contacts.books, call.account.id)]


async def create_book(call: Call) -> str:
    """POST /sms/{serviceName}/phonebooks"""
    name = read_name(codec.required(call.json, "name"), "name")
    return uuid_of(await call.run(contacts.create_book, call.account.id, name, call.now))


def read_name(written: str, field: str) -> str:
    """Check a name; raises 400."""
    if len(written) > LONGEST or not written.isprintable():
        raise codec.invalid(field)
    return written


async def book_of(call: Call) -> Book:
    """Find `{bookKey}`; raises 404."""
    key = call.params["bookKey"]
    id = of_uuid(key)
    found = await call.look(contacts.book, call.account.id, id) if id else None
    if found is None:
        raise errors.not_found(ascii(key)[1:-1])
    return found


async def show_book(call: Call) -> dict[str, object]:
    """GET /sms/{serviceName}/phonebooks/{bookKey}; the key for phones is the book's number in short (choice)"""
    book = await book_of(call)
    return {"bookKey": uuid_of(book.id), "name": book.name, "phoneKey": f"{book.id:x}"}


async def change_book(call: Call) -> None:
    """PUT /sms/{serviceName}/phonebooks/{bookKey}"""
    book = await book_of(call)
    name = codec.text(call.json, "name")
    if name is not None:
        await _known(call, call.run(contacts.rename_book, call.account.id, book.id, read_name(name, "name")))


async def delete_book(call: Call) -> None:
    """DELETE /sms/{serviceName}/phonebooks/{bookKey}"""
    book = await book_of(call)
    await _known(call, call.run(contacts.delete_book, call.account.id, book.id))


async def _known(call: Call, running: Awaitable[T]) -> T:
    """Wait for a change; raises 404 when what it changes went away in this moment."""
    try:
        return await running
    except Unknown as error:
        raise errors.not_found(call.params.get("id", call.params["bookKey"])) from error


# contacts


async def list_contacts(call: Call) -> list[int]:
    """GET …/phonebookContact"""
    return await call.look(contacts.contacts, (await book_of(call)).id)


async def add_contact(call: Call) -> int:
    """POST …/phonebookContact: answers its id"""
    book = await book_of(call)
    for name in ("group", "name", "surname"):
        codec.required(call.json, name)
    person = read_person(call, NOBODY)
    try:
        return (await _known(call, call.run(contacts.add, call.account.id, book.id, [person], call.now)))[0]
    except Full as error:
        raise errors.conflict(str(error)) from error


NOBODY = Person((), "", "", {})


def read_person(call: Call, old: Person) -> Person:
    """Read a contact; what is not given stays, what is null or empty is taken away. Raises 400."""
    given, gone = call.json, codec.cleared(call.request.body)
    texts = {
        name: "" if name in gone else read_name(codec.text(given, name) or was, name)
        for name, was in (("group", group_of(old)), ("name", old.name), ("surname", old.surname))
    }
    phones = {kind: number for kind, number in old.phones.items() if kind not in gone}
    for kind in PHONES:
        written = codec.text(given, kind)
        if written is not None:
            number = read_phone(written, call.context.policy)
            if number is None:
                raise codec.invalid(kind)
            phones[kind] = number
    return Person((texts["group"],) if texts["group"] else (), texts["name"], texts["surname"], phones)


def read_phone(written: str, policy: Policy, *, bare: bool = False) -> str | None:
    """Read a phone's number as E.164; `bare` allows `33…`, which is what spreadsheets leave of `+33…`."""
    number = phone.parse(written, policy.default_country or None, tolerant=True, plus_optional=bare)
    return number.e164 if number is not None and number.possible else None


def group_of(person: Person) -> str:
    """Write the groups of a contact as the one that the vendor knows."""
    return ", ".join(person.groups)


async def _contact_of(call: Call, book: Book) -> Contact:
    id = call.number("id")
    found = await call.look(contacts.contact, book.id, id)
    if found is None:
        raise errors.not_found(id)
    return found


async def show_contact(call: Call) -> dict[str, object]:
    """GET …/phonebookContact/{id}"""
    contact = await _contact_of(call, await book_of(call))
    phones: Mapping[str, str] = contact.phones
    return {
        "id": contact.id,
        "group": group_of(contact),
        "name": contact.name,
        "surname": contact.surname,
        **{kind: phones.get(kind) for kind in PHONES},
    }


async def change_contact(call: Call) -> None:
    """PUT …/phonebookContact/{id}"""
    book = await book_of(call)
    old = await _contact_of(call, book)
    await _known(call, call.run(contacts.change, book.id, old.id, read_person(call, old), call.now))


async def delete_contact(call: Call) -> None:
    """DELETE …/phonebookContact/{id}"""
    book = await book_of(call)
    await _known(call, call.run(contacts.delete, book.id, call.number("id"), call.now))
