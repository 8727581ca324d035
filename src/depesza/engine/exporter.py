"""Writes the documents that clients have asked for: page after page, all documents in turn.

A page is read and written down beside the store's writer, which only has to take it; what a crash leaves is taken up
again from the mark in the table. spec: ovh/4.10
"""

import asyncio
from collections.abc import Callable, Mapping

import structlog

from depesza.engine.worker import Worker
from depesza.services import builds
from depesza.services.builds import Writer
from depesza.store.contract import Stopped, Store

log = structlog.get_logger()

TRIES = 3
"""Failures after which a document is given up."""
PAUSE = 5.0
"""Seconds after a failure of the store."""


class Exporter:
    """Writes documents."""

    def __init__(
        self, store: Store, writers: Mapping[str, Writer], now: Callable[[], int], pause: float = PAUSE
    ) -> None:
        """`writers` are those of the dialects, by name; `now` gives microseconds since 1970."""
        self._store = store
        self._writers = writers
        self._now = now
        self._failed: dict[int, int] = {}
        self._wake = asyncio.Event()
        self._worker = Worker("exporter", self._turn, pause)
        self.idle = False
        """Nothing is left to write."""

    def start(self) -> None:
        """Begin, with what the table holds."""
        self._worker.start()

    def wake(self) -> None:
        """Look into the table: there is something to write."""
        self.idle = False
        self._wake.set()

    async def stop(self) -> None:
        """Write no more; a page that was begun is finished by the store."""
        await self._worker.stop()

    async def _turn(self) -> None:
        """Write a page of each document, or wait for one."""
        self._wake.clear()
        ids = await self._store.look(builds.running)
        for id in ids:
            await self._page(id)
        if not ids and not self._wake.is_set():
            self.idle = True
            await self._wake.wait()

    async def _page(self, id: int) -> None:
        build = await self._store.look(builds.find, id, self._now())
        if build is None:  # it has expired, or went to another node
            await self._store.insist(builds.drop, id)
            return
        try:
            page = await self._store.look(self._writers[build.dialect], build)
        except Stopped:
            raise
        except Exception as error:
            tries = self._failed.get(id, 0) + 1
            if tries < TRIES:
                self._failed[id] = tries
                raise
            # what can't be written must not keep the others from being written
            log.exception("exporter.gave_up", document=id, error=repr(error))
            self._failed.pop(id, None)
            await self._store.insist(builds.fail, id)
            return
        if not await self._store.insist(builds.add, build, page, self._now()):
            log.info("exporter.written", document=id)
