"""Simulated phones: each receiver keeps its texts, can answer, and can be waited for.

Parts become one text again; all is bounded: texts a phone, phones in all, parts that wait for others.
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from time import monotonic
from typing import Final, Literal

import regex
from msgspec import Struct

from depesza.simulator.account import Account
from depesza.simulator.messages import Message
from depesza.simulator.settings import SimulatorSettings
from depesza.simulator.texts import PLAIN, Carried, carried, languages_of, read_octets
from depesza.wire import Malformed
from depesza.wire.reassembly import Reassembly
from depesza.wire.smpp.codec import message_octets
from depesza.wire.smpp.segments import read_segment

LONGEST_PATTERN: Final = 200
LONGEST_MATCH: Final = 0.2
"""Seconds that a pattern may take over all texts of a phone."""
_PARTS_LIFETIME: Final = 3600.0
_MOST_PARTS: Final = 100_000


class BadPattern(ValueError):
    """An expression that cannot be used; the sentence says why."""


class Text(Struct, frozen=True):
    """One text that a phone received or sent."""

    direction: Literal["received", "sent"]
    phone: str
    other: str
    """Who sent it, or to whom it was sent."""
    text: str
    at: float
    """Seconds of the epoch."""
    parts: int = 1
    ids: tuple[str, ...] = ()
    """Message ids of the parts received, in their order."""
    system_id: str = ""
    carried: Carried = PLAIN


class PhoneLine(Struct, frozen=True):
    """A phone in the list of phones."""

    number: str
    texts: int
    last: Text


class _Part(Struct, frozen=True):
    message_id: str
    octets: bytes
    data_coding: int
    languages: tuple[int, int]


class Pattern:
    """An expression that is searched for in texts, with an end to its patience."""

    def __init__(self, source: str) -> None:
        if len(source) > LONGEST_PATTERN:
            raise BadPattern(f"a pattern has at most {LONGEST_PATTERN} characters")
        try:
            self._compiled = regex.compile(source)
        except (regex.error, OverflowError, RecursionError, MemoryError) as error:
            raise BadPattern(f"the pattern cannot be read: {error}") from None

    def first(self, texts: Iterable[Text]) -> Text | None:
        """Find the first text received that holds it; BadPattern when it takes too long."""
        end = monotonic() + LONGEST_MATCH
        try:
            for text in texts:
                left = max(end - monotonic(), 0.001)
                if text.direction == "received" and self._compiled.search(text.text, timeout=left):
                    return text
        except TimeoutError:
            raise BadPattern("the pattern takes too long on the texts of this phone") from None
        return None


class Phones:
    """All phones of the network."""

    def __init__(self, settings: SimulatorSettings) -> None:
        self._alphabet = settings.alphabet
        self._most_texts = settings.inbox
        self._most = settings.most_phones
        self._texts: dict[str, deque[Text]] = {}
        self._known: dict[tuple[str, str], Account] = {}
        """The customer by whom a sender wrote to a phone."""
        self._parts: Reassembly[_Part] = Reassembly(_PARTS_LIFETIME, most_parts=_MOST_PARTS)
        self._waiting: dict[str, list[tuple[Pattern, asyncio.Future[Text]]]] = {}

    def take(self, message: Message, now: float) -> Text | None:
        """Let a phone receive a message; give the text when it is whole."""
        pdu = message.pdu
        parts = self._collect(message, now)
        if parts is None:
            return None
        octets = b"".join(part.octets for part in parts)
        text = read_octets(octets, pdu.data_coding, self._alphabet, parts[0].languages)
        ids = tuple(part.message_id for part in parts)
        phone, source = pdu.destination_addr, pdu.source_addr
        around = carried(pdu, octets, self._alphabet)
        whole = Text("received", phone, source, text, now, len(parts), ids, message.account.system_id, around)
        self._remember(phone, source, message.account)
        self.keep(whole)
        return whole

    def keep(self, text: Text) -> None:
        """Put a text into its phone, and wake those who wait for it."""
        texts = self._texts.pop(text.phone, None)
        if texts is None:
            texts = deque(maxlen=self._most_texts)
        self._texts[text.phone] = texts  # the phone used last is the last
        texts.append(text)
        if len(self._texts) > self._most:
            del self._texts[next(iter(self._texts))]
        if self._waiting:
            self._wake(text)

    def all(self) -> list[PhoneLine]:
        """List the phones, the one used last first."""
        found = [PhoneLine(number, len(texts), texts[-1]) for number, texts in self._texts.items()]
        return found[::-1]

    def inbox(self, number: str) -> list[Text]:
        """Give the texts of a phone, oldest first."""
        return list(self._texts.get(number, ()))

    def customer(self, number: str, sender: str) -> Account | None:
        """Tell by whose system id a sender wrote to a phone."""
        return self._known.get((number, sender))

    def clear(self) -> None:
        """Empty all phones."""
        self._texts.clear()
        self._known.clear()

    async def wait(self, number: str, pattern: Pattern, within: float) -> Text | None:
        """Wait for a text that is there or comes within so many seconds; BadPattern when it is too slow."""
        found = pattern.first(self._texts.get(number, ()))
        if found is not None or within <= 0:
            return found
        future: asyncio.Future[Text] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(number, []).append((pattern, future))
        try:
            async with asyncio.timeout(within):
                return await future
        except TimeoutError:
            return None
        finally:
            self._stop_waiting(number, future)

    def _collect(self, message: Message, now: float) -> tuple[_Part, ...] | None:
        """Give all parts when this was the last one missing."""
        pdu = message.pdu
        try:
            segment, octets = read_segment(pdu)
        except Malformed:  # a broken header: the phone shows what there is
            segment, octets = None, message_octets(pdu)
        part = _Part(message.id, octets, pdu.data_coding, languages_of(pdu))
        if segment is None:
            return (part,)
        sender = f"{message.account.system_id}/{pdu.source_addr}"
        return self._parts.add(
            sender, pdu.destination_addr, segment.reference, segment.total, segment.number, part, now
        ).whole

    def _remember(self, phone: str, source: str, account: Account) -> None:
        self._known.pop((phone, source), None)
        self._known[phone, source] = account
        if len(self._known) > self._most:
            del self._known[next(iter(self._known))]

    def _wake(self, text: Text) -> None:
        for pattern, future in self._waiting.get(text.phone, ()):
            if future.done():
                continue
            try:
                if pattern.first((text,)) is not None:
                    future.set_result(text)
            except BadPattern as error:
                future.set_exception(error)

    def _stop_waiting(self, number: str, future: asyncio.Future[Text]) -> None:
        left = [one for one in self._waiting.get(number, ()) if one[1] is not future]
        if left:
            self._waiting[number] = left
        else:
            self._waiting.pop(number, None)
