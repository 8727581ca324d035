"""Files on their way: raw uploads and downloads at addresses that carry a secret instead of a signature.

Neither holds a file whole beyond what the listener takes in one request: it is written and read page by page.
spec: ovh/1.5.4
"""

import re
from collections.abc import AsyncIterator, Sequence
from hmac import compare_digest
from urllib.parse import quote

from depesza.core.ids import of_uuid
from depesza.dialects.contract import Context
from depesza.dialects.ovh import errors
from depesza.dialects.ovh.documents import secret_of
from depesza.services import documents
from depesza.services.documents import BUILDING, PAGE, Document
from depesza.store.contract import Store
from depesza.wire.http import HttpReply, HttpRequest

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""Content types by ending; what else a client may have uploaded, a page with scripts above all, is just octets."""
OCTETS = "application/octet-stream"
_UNSAFE = re.compile(r"[^\w .()+-]", re.ASCII)


async def answer(context: Context, request: HttpRequest, path: Sequence[str], now: int) -> HttpReply:
    """Answer a request for `/documents/{id}/{secret}`; raises `OvhError`."""
    methods = {"GET": "GET", "HEAD": "GET", "PUT": "PUT"}
    if request.method not in methods:
        raise errors.wrong_method(request.method)
    id = of_uuid(path[0]) if len(path) == 2 else 0
    if not id or not compare_digest(path[1].encode(), secret_of(context.vault, id, methods[request.method]).encode()):
        raise errors.no_route()
    document = await context.store.look(documents.find, id, now)
    if document is None:
        raise errors.no_route()
    if request.method == "PUT":
        return await _upload(context, document, request.body, now)
    return _download(context.store, document)


async def _upload(context: Context, document: Document, body: bytes, now: int) -> HttpReply:
    if document.status == BUILDING:
        raise errors.conflict("The document is being written")
    if len(body) > context.largest_document:
        raise errors.too_large(f"The document is larger than {context.largest_document} octets")
    store = context.store
    content = await store.run(documents.new_content)
    starts = range(0, len(body), PAGE)
    for n, start in enumerate(starts):
        await store.run(documents.add_page, content, n, body[start : start + PAGE])
    if not await store.run(documents.show_content, document.id, content, len(starts), len(body), now):
        raise errors.no_route()
    return HttpReply(201, content_type="")


def _download(store: Store, document: Document) -> HttpReply:
    if not document.ready:
        raise errors.no_route()
    ending = document.name.rpartition(".")[2].lower()
    headers = (
        ("Content-Disposition", disposition(document.name)),
        ("X-Content-Type-Options", "nosniff"),
        ("Cache-Control", "private, no-store"),
    )
    more = pages(store, document)
    return HttpReply(200, b"", TYPES.get(ending, OCTETS), headers, more, document.size)


async def pages(store: Store, document: Document) -> AsyncIterator[bytes]:
    """Read a file page by page; it ends early when the file is deleted or replaced meanwhile."""
    for n in range(document.pages):
        page = await store.look(documents.read_page, document.content, n)
        if not page:
            return
        yield page


def disposition(name: str) -> str:
    """Tell a browser to keep a file under its name, and never to show it (rfc 6266, rfc 8187)."""
    plain = _UNSAFE.sub("_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
