"""A duty done again and again beside everything else, until the store is closed or somebody stops it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from depesza.store.contract import Stopped

log = structlog.get_logger()


def nothing() -> None:
    """Do nothing."""


class Worker:
    """One such duty; a failure is logged, and costs a pause."""

    def __init__(
        self, name: str, duty: Callable[[], Awaitable[None]], pause: float, failed: Callable[[], None] = nothing
    ) -> None:
        """`duty` waits itself where there is nothing to do; `pause` are seconds; `failed` is called before one."""
        self._name = name
        self._duty = duty
        self._pause = pause
        self._failed = failed
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Break off; what was handed to the store is finished there."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            try:
                await self._duty()
            except Stopped:
                return
            except Exception as error:
                log.exception(f"{self._name}.failed", error=repr(error))
                self._failed()
                await asyncio.sleep(self._pause)
