"""The way out of one connection: long bodies leave as their client takes them, endless ones until it goes."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, AsyncIterator

import structlog

from depesza.wire.http import ENDLESS

log = structlog.get_logger(__name__)

DEAD = 45_000
"""Milliseconds for which a client may leave an endless reply unacknowledged: it is a phone that lost its network."""


class Outflow:
    """What is written to a client, no faster than it reads."""

    def __init__(self, transport: asyncio.Transport, peer: str) -> None:
        self._transport = transport
        self._peer = peer
        self._room: asyncio.Future[None] | None = None
        """What a long body waits for while its client takes nothing."""
        self._endless: asyncio.Task[None] | None = None
        self.stalled = False
        """Whether the client takes nothing now."""

    @property
    def is_endless(self) -> bool:
        """Whether a reply without an end is under way."""
        return self._endless is not None

    def write(self, data: bytes) -> None:
        """Write unless the connection is closing."""
        if not self._transport.is_closing():
            self._transport.write(data)

    def go_on(self) -> None:
        """Write again: there is room, or nobody left to wait for."""
        self.stalled = False
        if self._room is not None and not self._room.done():
            self._room.set_result(None)

    def cut(self) -> None:
        """End a reply that has no end of its own."""
        if self._endless is not None:
            self._endless.cancel()

    async def pour(self, pieces: AsyncIterator[bytes], length: int) -> None:
        """Write the rest of a body; break the connection when it is not complete, close it after an endless one."""
        whole = False
        if length == ENDLESS:
            self._endless = asyncio.current_task()
            _notice_the_dead(self._transport)
        try:
            async with contextlib.AsyncExitStack() as ends:
                if isinstance(pieces, AsyncGenerator):
                    ends.push_async_callback(pieces.aclose)
                whole = await self._pour(pieces) == length or length == ENDLESS
        except Exception:
            log.exception("body broke off", client=self._peer)
        finally:
            self._endless = None
        if not whole:
            self._transport.abort()

    async def _pour(self, pieces: AsyncIterator[bytes]) -> int:
        written = 0
        async for piece in pieces:
            while self.stalled and not self._transport.is_closing():
                self._room = asyncio.get_running_loop().create_future()
                await self._room
            if self._transport.is_closing():
                break
            written += len(piece)
            self.write(piece)
        return written


def _notice_the_dead(transport: asyncio.Transport) -> None:
    """Let the system close a connection whose other end is gone without a word."""
    with contextlib.suppress(OSError, AttributeError):  # only Linux can
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAD)
