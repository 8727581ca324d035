"""Two processes of ours that ask each other over a socket pair: questions, answers and news as pickled lists.

What is said within a few turns of the event loop leaves in one piece, in its order. The pair is made by the parent and
inherited, so nobody else can speak on it; pickle would not be safe otherwise.
"""

import asyncio
import pickle
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, cast

import structlog

log = structlog.get_logger()

TURNS = 3
"""Turns of the event loop in which more may be said before all of it leaves: each piece wakes the other process."""

CHOKED = 16 * 1024 * 1024
"""Octets that wait to be read by the other process."""

Answer = Callable[[str, tuple[Any, ...]], Awaitable[Any] | None]
"""Answers a question, or takes a piece of news (None: there is nothing to wait for)."""

Item = tuple[int, str, tuple[Any, ...]]
"""Number, what, and what about; number 0 wants no answer, `what` is "" in an answer."""


class PeerLost(ConnectionError):
    """The other process is gone, or has not understood; what was asked may have been done."""


class Peer(asyncio.Protocol):
    """One end of the pair."""

    def __init__(self, answer: Answer, lost: Callable[[], None]) -> None:
        """`lost` is called when the other process is gone."""
        self._answer = answer
        self._lost = lost
        self._loop = asyncio.get_running_loop()
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._number = 0
        self._outgoing: list[Item] = []
        self._incoming = bytearray()
        self._transport: asyncio.Transport | None = None
        self._running: set[asyncio.Future[Any]] = set()
        self._held: list[Item] | None = None

    @property
    def waiting(self) -> int:
        """Questions without an answer yet."""
        return len(self._asked)

    @property
    def choked(self) -> bool:
        """Whether the other process has stopped reading: what can wait should not be said."""
        return self._transport is not None and self._transport.get_write_buffer_size() > CHOKED

    def tell(self, what: str, *about: object) -> None:
        """Send news."""
        self._put((0, what, about))

    def ask(self, what: str, *about: object) -> "asyncio.Future[Any]":
        """Ask; the answer is what the other end gives or raises, or `PeerLost`."""
        future: asyncio.Future[Any] = self._loop.create_future()
        if self._transport is None:
            future.set_exception(PeerLost("the other process is gone"))
            return future
        self._number += 1
        self._asked[self._number] = future
        self._put((self._number, what, about))
        return future

    def close(self) -> None:
        """Say what is left to say and hang up."""
        self.flush()
        if self._transport is not None:
            self._transport.close()

    def hold(self) -> None:
        """Hear no news and no questions until `release`: they are kept in their order. Answers are heard."""
        if self._held is None:
            self._held = []

    def release(self) -> None:
        """Hear what was said meanwhile."""
        held, self._held = self._held or [], None
        self._hear(held)

    def _put(self, item: Item) -> None:
        if not self._outgoing:
            self._loop.call_soon(self._linger, TURNS)
        self._outgoing.append(item)

    def _linger(self, turns: int) -> None:
        if turns > 1:
            self._loop.call_soon(self._linger, turns - 1)
        else:
            self.flush()

    def flush(self) -> None:
        """Say now what waits to be said."""
        items, self._outgoing = self._outgoing, []
        if not items or self._transport is None:
            return
        try:
            packed = pickle.dumps(items, 5)
        except Exception:  # one of them can't be carried: find it
            packed = pickle.dumps([one for item in items if (one := self._carried(item)) is not None], 5)
        self._transport.writelines((len(packed).to_bytes(4, "big"), packed))

    def _carried(self, item: Item) -> Item | None:
        try:
            pickle.dumps(item, 5)
        except Exception as error:
            number, what, _ = item
            log.error("peer.not_carried", what=what or "answer", error=repr(error))
            if not what:
                return number, "", (False, pack_error(TypeError(f"the answer can't be carried: {error}")))
            if number:
                self._fulfil(number, False, pack_error(TypeError(f"the question can't be carried: {error}")))
            return None
        return item

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._transport = None
        asked, self._asked = self._asked, {}
        for future in asked.values():
            if not future.done():
                future.set_exception(PeerLost("the other process is gone"))
        self._lost()

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        incoming = self._incoming
        incoming += data
        start = 0
        while len(incoming) - start >= 4:
            end = start + 4 + int.from_bytes(incoming[start : start + 4], "big")
            if end > len(incoming):
                break
            self._hear(pickle.loads(incoming[start + 4 : end]))
            start = end
        if start:
            del incoming[:start]

    def _hear(self, items: list[Item]) -> None:
        for item in items:
            if self._held is not None and item[1]:
                self._held.append(item)
            else:
                self._take(*item)

    def _take(self, number: int, what: str, about: tuple[Any, ...]) -> None:
        if not what:
            self._fulfil(number, *about)
            return
        try:
            found = self._answer(what, about)
        except Exception as error:
            if not number:
                log.exception("peer.news_failed", what=what)
                return
            self._put((number, "", (False, pack_error(error))))
            return
        if found is None:
            if number:
                self._put((number, "", (True, None)))
            return
        future = asyncio.ensure_future(found)
        self._running.add(future)
        future.add_done_callback(partial(self._reply, number))

    def _reply(self, number: int, done: "asyncio.Future[Any]") -> None:
        self._running.discard(done)
        error = asyncio.CancelledError() if done.cancelled() else done.exception()
        if number:
            self._put((number, "", (True, done.result()) if error is None else (False, pack_error(error))))
        elif error is not None:
            log.error("peer.news_failed", error=repr(error))

    def _fulfil(self, number: int, good: bool, value: Any) -> None:
        future = self._asked.pop(number, None)
        if future is None or future.done():
            return
        if good:
            future.set_result(value)
        else:
            future.set_exception(unpack_error(value))


Packed = tuple[type[BaseException], tuple[Any, ...], dict[str, Any]]


def pack_error(error: BaseException) -> Packed:
    """Take an exception apart: its own way of being pickled calls `__init__` with its text."""
    known = {name: value for name, value in vars(error).items() if not name.startswith("__")}
    return type(error), error.args, known


def unpack_error(packed: Packed) -> BaseException:
    """Put an exception together again."""
    kind, args, known = packed
    error = kind.__new__(kind, *args)
    error.args = args
    vars(error).update(known)
    return error
