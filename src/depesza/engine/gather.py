"""One commit for what happens within a few milliseconds: the engine's parts write down their news together.

The order in which they are added is the order in which they write: outcomes before receipts, so that a receipt which
follows its answer at once finds the message.
"""

import asyncio
from collections.abc import Callable

WAIT = 0.002
"""Seconds in which news gathers: little beside a commit, and a lone message then needs fewer of them."""


class Gather:
    """A moment shared by several writers."""

    def __init__(self, loop: asyncio.AbstractEventLoop, wait: float = 0.0) -> None:
        """Without a `wait` everything is written in the loop's next turn."""
        self._loop = loop
        self._wait = wait
        self._writers: list[Callable[[], None]] = []
        self._handle: asyncio.Handle | None = None
        self._hasty = False

    def add(self, write: Callable[[], None]) -> None:
        """Add a writer; it is called even when it has nothing to write."""
        self._writers.append(write)

    @property
    def hasty(self) -> bool:
        """Whether all writers will be called in the loop's next turn."""
        return self._hasty and self._handle is not None

    def soon(self, *, hasty: bool = False) -> None:
        """See to it that all writers are called, in the loop's next turn when it is `hasty`."""
        if self._handle is not None:
            if not hasty or self._hasty:
                return
            self._handle.cancel()
        self._hasty = hasty
        if hasty or not self._wait:
            self._handle = self._loop.call_soon(self._write)
        else:
            self._handle = self._loop.call_later(self._wait, self._write)

    def _write(self) -> None:
        self._handle = None
        for write in self._writers:
            write()
