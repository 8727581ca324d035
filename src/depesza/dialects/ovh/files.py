"""Lists of receivers that a call names: by an address, a document or one by one; put to use, or given up."""

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

from depesza.core.ids import of_uuid
from depesza.dialects.ovh import errors
from depesza.dialects.ovh.call import Call
from depesza.services import audiences, documents
from depesza.services.audiences import Staged
from depesza.wire.csvlist import BadList


@asynccontextmanager
async def brought(call: Call, loading: Awaitable[Staged], name: str) -> AsyncIterator[Staged]:
    """Load a list and give it up when what follows fails; `name` is the field that named it. Raises 400."""
    try:
        staged = await loading
    except BadList as error:
        raise errors.bad_request(f"Invalid value for {name}: {error}") from error
    try:
        yield staged
    except BaseException:
        await call.context.store.insist(audiences.abandon, staged.id)
        raise


async def from_url(call: Call, url: str, name: str) -> Staged:
    """Fetch a list; raises 400 and `BadList`."""
    if not url.lower().startswith(("http://", "https://")):
        raise errors.bad_request(f"Invalid value for {name}")
    return await call.context.lists.from_url(call.account.id, url)


async def from_document(call: Call, id: str) -> Staged:
    """Read a list out of a document of the owner; raises 404 and `BadList`."""
    document = await call.look(documents.show, call.caller.owner, of_uuid(id), call.now, call.scope())
    if document is None:
        raise errors.not_found(id)
    return await call.context.lists.from_document(call.account.id, document)
