"""The stream on which phones listen: an endless reply of server-sent events. spec: devices/2.2

What they shall hear stands in a table (`services.bells`), for the engine that says it may be another process. A look
at it follows each commit that rang for somebody, and comes once a second while anybody listens. A phone that missed
a word loses nothing: it pulls by itself.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

import msgspec

from depesza.core.devices import Event
from depesza.dialects.smsgate_mobile.dates import write_time
from depesza.services import bells
from depesza.services.bells import Bell
from depesza.store.contract import Store, StoreError

KEEPALIVE = b":keepalive\n\n"
RHYTHM = 15.0
"""Seconds from one keepalive to the next."""
LOOK = 1.0
"""Seconds from one look at the table to the next."""
BARE = {Event.ENQUEUED: "MessageEnqueued", Event.SETTINGS: "SettingsUpdated", Event.WEBHOOKS: "WebhooksUpdated"}
"""Events without data, in the app's words."""

Alive = Callable[[], Awaitable[bool]]


class Span(msgspec.Struct, frozen=True):
    """Of what time a phone shall tell its inbox again; microseconds."""

    since: int
    until: int


_span = msgspec.json.Decoder(Span).decode


def frame(bell: Bell) -> bytes:
    """Write what a phone is told as an event."""
    if bell.event in BARE:
        return _frame(BARE[bell.event], None)
    if bell.event is Event.CANCELLED:
        return _frame("MessageCancelled", {"messageId": bell.detail})
    span = _span(bell.detail)
    times = {"since": write_time(span.since), "until": write_time(span.until)}
    return _frame("MessagesExportRequested", {**times, "messageTypes": "SMS,MMS", "triggerWebhooks": "true"})


def _frame(name: str, data: dict[str, str] | None) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), msgspec.json.encode(data))


class Stream:
    """One phone that listens; a word that was not yet written stands once, however often it was said."""

    def __init__(self) -> None:
        self._words: dict[bytes, None] = {}
        self._news = asyncio.Event()

    def say(self, word: bytes) -> None:
        """Write a word as soon as the phone takes it."""
        self._words[word] = None
        self._news.set()

    async def next(self, patience: float) -> bytes:
        """Give what is to be written: words, or a keepalive after so many seconds without one."""
        try:
            async with asyncio.timeout(patience):
                await self._news.wait()
        except TimeoutError:
            return KEEPALIVE
        self._news.clear()
        said, self._words = b"".join(self._words), {}
        return said


class Streams:
    """All phones that listen here."""

    def __init__(self, store: Store, now: Callable[[], int], rhythm: float = RHYTHM) -> None:
        self._store = store
        self._now = now
        self._rhythm = rhythm
        self._open: dict[int, set[Stream]] = {}
        self._heard: dict[int, None] = {}
        """Bells of the last look: the next one meets most of them again."""
        self._rung = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None

    def nudge(self, devices: Sequence[int]) -> None:
        """Look at once, if one of these phones listens."""
        if not self._open.keys().isdisjoint(devices):
            self._rung.set()

    async def listen(self, device: int, alive: Alive) -> AsyncGenerator[bytes, None]:
        """Give all that a phone shall hear until it hangs up; `alive`, asked at each keepalive, may end it."""
        stream = self._join(device)
        try:
            said = KEEPALIVE
            while said is not KEEPALIVE or await alive():
                yield said
                said = await stream.next(self._rhythm)
        finally:
            self._leave(device, stream)

    def _join(self, device: int) -> Stream:
        stream = Stream()
        self._open.setdefault(device, set()).add(stream)
        if self._watch is None:
            self._watch = asyncio.create_task(self._look())
        return stream

    def _leave(self, device: int, stream: Stream) -> None:
        self._open[device].discard(stream)
        if not self._open[device]:
            del self._open[device]
        if not self._open and self._watch is not None:
            self._watch.cancel()
            self._watch = None

    async def _look(self) -> None:
        at = self._now()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await self._rung.wait()
            self._rung.clear()
            began = self._now()
            with contextlib.suppress(StoreError):
                self._tell(await self._store.look(bells.since, at))
                at = began

    def _tell(self, found: Sequence[Bell]) -> None:
        for bell in found:
            if bell.id not in self._heard:
                for stream in self._open.get(bell.device, ()):
                    stream.say(frame(bell))
        self._heard = dict.fromkeys(bell.id for bell in found)
