"""Brings lists of receivers into the store, however long: from an address, a document, or a request itself.

What is fetched goes to a temporary file and from there, page by page, into a list that nobody sees until it is put
to use. Nothing here holds a file whole. A crash leaves pages that the campaigner deletes.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from tempfile import TemporaryFile
from typing import BinaryIO

from depesza.core.planning import Policy
from depesza.net.http_link import Sink
from depesza.services import audiences, documents
from depesza.services.audiences import Page, Staged
from depesza.services.documents import Document
from depesza.store.contract import Store
from depesza.wire import csvlist
from depesza.wire.csvlist import BadList
from depesza.wire.http import HttpAnswer

Download = Callable[[str, Sink], Awaitable[HttpAnswer]]
"""Fetches an address piece by piece: guarded against private addresses, bounded in size and time."""


class Loader:
    """Implements `dialects.contract.Lists`."""

    def __init__(self, store: Store, download: Download, policy: Policy, now: Callable[[], int]) -> None:
        """`now` gives microseconds since 1970."""
        self._store = store
        self._download = download
        self._policy = policy
        self._now = now

    async def from_url(self, account: int, url: str) -> Staged:
        """Fetch a file and stage its list; raises `BadList`, also when it can't be fetched."""
        with TemporaryFile() as file:
            answer = await self._download(url, file.write)
            if answer.error or not 200 <= answer.status < 300:
                why = answer.error or f"HTTP status {answer.status}"
                raise BadList(f"the file could not be fetched ({why})")
            return await self._stage_file(account, file)

    async def from_document(self, account: int, document: Document) -> Staged:
        """Stage the list in a document; raises `BadList`."""
        with TemporaryFile() as file:
            for n in range(document.pages):
                file.write(await self._store.look(documents.read_page, document.content, n))
            return await self._stage_file(account, file)

    async def from_numbers(self, account: int, numbers: Sequence[str]) -> Staged:
        """Stage receivers that a request names."""
        size = audiences.PAGE
        parts = (numbers[start : start + size] for start in range(0, len(numbers), size))
        lines = ([csvlist.Line(number, {}) for number in part] for part in parts)
        return await self._stage(account, (audiences.check(page, "", self._policy) for page in lines))

    async def _stage_file(self, account: int, file: BinaryIO) -> Staged:
        reader = await asyncio.to_thread(csvlist.Reader, file)
        try:
            return await self._stage(account, audiences.pages(reader, self._policy))
        finally:
            reader.close()

    async def _stage(self, account: int, pages: Iterator[Page]) -> Staged:
        """Write pages one after the other, each read beside the event loop and committed before the next one."""
        id = await self._store.run(audiences.stage, account, self._now())
        refused: list[str] = []
        skipped = n = 0
        try:
            while (page := await asyncio.to_thread(next, pages, None)) is not None:
                await self._store.insist(audiences.add, id, n, page)
                refused += page.refused[: audiences.MOST_REFUSED - len(refused)]
                skipped += len(page.refused)
                n += 1
            records = await self._store.look(audiences.count, id)
        except BaseException:
            await self._store.insist(audiences.abandon, id)
            raise
        return Staged(id, records, skipped, tuple(refused))
