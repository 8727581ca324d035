"""Parts that become a whole again, whether their numbers came in a user data header or in sar_* parameters.

`Reassembly` is pure: it is given the time and gives back what is complete, doubled or given up, so the caller
can deliver a torn message as far as it came. Rules: carriers.md C.1 row 11; 3GPP TS 23.040 9.2.3.24.1.

A reference comes round soon (8 bits), so a part that differs from the one already held under its number
begins a new message; one that is equal is a repetition by a carrier who missed our answer.
"""

from typing import Generic, TypeVar

from msgspec import Struct

from depesza.wire import Malformed

T = TypeVar("T")


class Key(Struct, frozen=True, gc=False):
    """What the parts of one message have in common."""

    source: str
    destination: str
    reference: int
    total: int


class Torn(Struct, Generic[T], frozen=True, gc=False):
    """A message whose other parts did not come in time, or whose room was needed."""

    key: Key
    since: float
    """When its first part came."""
    parts: dict[int, T]
    """What came, by number from 1."""


class Arrival(Struct, Generic[T], frozen=True, gc=False):
    """What one part brought about."""

    whole: tuple[T, ...] | None = None
    """All parts in order, when this was the last one missing."""
    repeated: bool = False
    """The part was here before: answer the carrier, do nothing else."""
    torn: tuple[Torn[T], ...] = ()
    """Messages given up to make room, or because their reference is used anew."""


class _Held(Generic[T]):
    """A message still missing parts, or a complete one remembered to know repetitions."""

    __slots__ = ("again", "parts", "since")

    def __init__(self, since: float, parts: dict[int, T]) -> None:
        self.since = since
        self.parts = parts
        self.again: set[int] = set()  # numbers seen once more after it was complete


class Reassembly(Generic[T]):
    """Collect the parts of many messages in bounded memory.

    `lifetime`: seconds that a message may take from its first part. `memory`: seconds that a complete one is
    remembered. `most_parts`: parts held in all; beyond it the oldest are forgotten, complete ones first.
    """

    def __init__(self, lifetime: float = 86_400.0, memory: float = 600.0, most_parts: int = 100_000) -> None:
        self._lifetime = lifetime
        self._memory = memory
        self._most_parts = most_parts
        # Both in order of time, so the oldest is the first.
        self._open: dict[Key, _Held[T]] = {}
        self._done: dict[Key, _Held[T]] = {}
        self._held = 0

    @property
    def held(self) -> int:
        """Count the parts in memory."""
        return self._held

    @property
    def deadline(self) -> float | None:
        """Tell when the next message is due to be given up; None when none is open."""
        first = next(iter(self._open.values()), None)
        return None if first is None else first.since + self._lifetime

    def add(
        self, source: str, destination: str, reference: int, total: int, number: int, payload: T, now: float
    ) -> Arrival[T]:
        """Take a part; `Malformed` when its numbers make no sense."""
        if not 1 <= number <= total <= 255:
            raise Malformed(f"part {number} of {total}")
        if total == 1:
            return Arrival((payload,))
        self._forget(now)
        key = Key(source, destination, reference, total)
        if self._is_repetition(key, number, payload):
            return Arrival(repeated=True)
        torn = self._begin(key, number, payload, now)
        opened = self._open[key]
        opened.parts[number] = payload
        self._held += 1
        if len(opened.parts) == total:
            return Arrival(self._complete(key, now), torn=(*torn, *self._make_room()))
        return Arrival(torn=(*torn, *self._make_room()))

    def expire(self, now: float) -> list[Torn[T]]:
        """Give up the messages whose time is over, oldest first."""
        self._forget(now)
        late: list[Torn[T]] = []
        for key, opened in self._open.items():
            if opened.since + self._lifetime > now:
                break
            late.append(Torn(key, opened.since, opened.parts))
        for torn in late:
            self._drop(torn.key)
        return late

    def _is_repetition(self, key: Key, number: int, payload: T) -> bool:
        opened = self._open.get(key)
        if opened is not None:
            return number in opened.parts and opened.parts[number] == payload
        done = self._done.get(key)
        if done is None or done.parts[number] != payload:
            return False
        done.again.add(number)
        return True

    def _begin(self, key: Key, number: int, payload: T, now: float) -> tuple[Torn[T], ...]:
        """Make sure that a message without this part is open."""
        opened = self._open.get(key)
        if opened is not None and number not in opened.parts:
            return ()
        torn: tuple[Torn[T], ...] = ()
        parts: dict[int, T] = {}
        if opened is not None:
            torn = (Torn(key, opened.since, opened.parts),)
            self._drop(key)
        done = self._done.pop(key, None)
        if done is not None:
            # What looked repeated was the beginning of this new message, equal so far.
            parts = {again: done.parts[again] for again in done.again if again != number}
            self._held -= len(done.parts)
        self._open[key] = _Held(now, parts)
        self._held += len(parts)
        return torn

    def _complete(self, key: Key, now: float) -> tuple[T, ...]:
        parts = self._open.pop(key).parts
        self._done[key] = _Held(now, parts)
        return tuple(parts[number] for number in range(1, key.total + 1))

    def _drop(self, key: Key) -> None:
        self._held -= len(self._open.pop(key).parts)

    def _forget(self, now: float) -> None:
        """Forget complete messages of long ago."""
        while self._done:
            key, done = next(iter(self._done.items()))
            if done.since + self._memory > now:
                return
            self._forget_done(key)

    def _forget_done(self, key: Key) -> None:
        self._held -= len(self._done.pop(key).parts)

    def _make_room(self) -> tuple[Torn[T], ...]:
        """Forget the oldest until the bound holds."""
        torn: list[Torn[T]] = []
        while self._held > self._most_parts:
            if self._done:
                self._forget_done(next(iter(self._done)))
                continue
            key, opened = next(iter(self._open.items()))
            torn.append(Torn(key, opened.since, opened.parts))
            self._drop(key)
        return tuple(torn)
