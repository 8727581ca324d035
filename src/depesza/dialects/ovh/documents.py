"""The owner's files: /me/document, for uploads that other calls take and for exports. spec: ovh/1.5.4

What is in a file goes by `transfers.py`, to and from addresses whose secret stands for a signature.
"""

from depesza.core.ids import of_uuid, uuid_of
from depesza.dialects.contract import Context
from depesza.dialects.ovh import codec, dates, errors
from depesza.dialects.ovh.auth import public_base
from depesza.dialects.ovh.call import Call
from depesza.services import documents
from depesza.services.documents import Document
from depesza.services.vault import Vault
from depesza.wire.http import HttpRequest

LONGEST_NAME = 255
MOST_TAGS = 50
UTC = dates.zone("UTC")


async def list_documents(call: Call) -> list[str]:
    """GET /me/document"""
    return [uuid_of(id) for id in await call.look(documents.list_own, call.caller.owner, call.now, call.scope())]


async def create_document(call: Call) -> dict[str, object]:
    """POST /me/document; one of a key that is confined to accounts belongs to the first of them"""
    name, tags = read_name(call), read_tags(call.json.get("tags"))
    account = min(call.scope() or (0,))
    made = await call.run(documents.create, call.caller.owner, name, call.now, account=account, tags=tags)
    return write_document(call, made)


def read_name(call: Call) -> str:
    """Read the name of a file; raises 400."""
    name = codec.required(call.json, "name")
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise codec.invalid("name")
    return name


def read_tags(given: object) -> list[tuple[str, str]]:
    """Read a list of keys with values; raises 400."""
    if given is None:
        return []
    if not isinstance(given, list) or len(given) > MOST_TAGS:
        raise codec.invalid("tags")
    return [_tag(item) for item in given]


def _tag(item: object) -> tuple[str, str]:
    if not isinstance(item, dict):
        raise codec.invalid("tags")
    key, value = codec.required(item, "key"), codec.text(item, "value") or ""
    if len(key) > LONGEST_NAME or len(value) > LONGEST_NAME:
        raise codec.invalid("tags")
    return key, value


async def show_document(call: Call) -> dict[str, object]:
    """GET /me/document/{id}"""
    return write_document(call, await own(call, call.params["id"]))


def write_document(call: Call, document: Document) -> dict[str, object]:
    """Write me.Document; its size stays 0 until there is something to read. spec: ovh/4.10"""
    return {
        "id": uuid_of(document.id),
        "name": document.name,
        "size": document.size if document.ready else 0,
        "creationDate": dates.write(document.created, UTC),
        "expirationDate": dates.write(document.expires, UTC) if document.expires else None,
        "validationDate": dates.write(document.validated, UTC) if document.validated else None,
        "getUrl": address(call.context, call.request, document, "GET"),
        "putUrl": address(call.context, call.request, document, "PUT"),
        "tags": [{"key": key, "value": value} for key, value in document.tags],
    }


async def change_document(call: Call) -> None:
    """PUT /me/document/{id}: expirationDate; all else is read-only"""
    document = await own(call, call.params["id"])
    expires = read_expiry(call, document)
    if expires != document.expires:
        await call.run(documents.change, document.id, document.name, document.description, expires)


def read_expiry(call: Call, document: Document) -> int:
    """Read when a file shall go away: what it is when not given, 0 for never; raises 400 for a time that is over."""
    if "expirationDate" in codec.cleared(call.request.body):
        return 0
    written = codec.text(call.json, "expirationDate")
    if written is None:
        return document.expires
    try:
        expires = dates.read(written, UTC)
    except dates.BadDate as error:
        raise errors.bad_parameter("expirationDate", written, "datetime") from error
    if expires <= call.now:
        raise codec.invalid("expirationDate")
    return expires


async def delete_document(call: Call) -> None:
    """DELETE /me/document/{id}"""
    document = await own(call, call.params["id"])
    await call.run(documents.delete, document.id)


# for other calls that name a file


async def own(call: Call, written: str) -> Document:
    """Find one of the caller's files by its UUID; raises 404."""
    id = of_uuid(written)
    found = await call.look(documents.show, call.caller.owner, id, call.now, call.scope()) if id else None
    if found is None:
        raise errors.not_found(ascii(written)[1:-1])
    return found


async def content(call: Call, document: Document) -> bytes:
    """Read a whole file, for those who can't take it in pages; raises 400 when there is nothing to read."""
    pages = [await call.look(documents.read_page, document.content, n) for n in range(document.pages)]
    if not document.ready or not all(pages):
        raise errors.bad_request(f"The document {uuid_of(document.id)} has no content")
    return b"".join(pages)


def address(context: Context, request: HttpRequest, document: Document, method: str) -> str:
    """Write the address at which a file is read (GET) or written (PUT); whoever has it needs nothing else."""
    base = public_base(request, context.bases)
    secret = secret_of(context.vault, document.id, method)
    return f"{base}/documents/{uuid_of(document.id)}/{secret}"


def secret_of(vault: Vault, id: int, method: str) -> str:
    """Derive the secret that lets anybody read or write a file: nothing of it is stored."""
    return vault.sign(f"document {id} {method}")[:40]
