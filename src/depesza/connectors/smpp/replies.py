"""Texts from people, put together from their parts; nothing is acknowledged before the whole is on disk.

A carrier may wait for the answer to one part before it sends the next (a window of one), so a part is not
held for ever: after `part_hold` seconds it is refused as a temporary error and stays in memory, the next part
comes, and when the first is sent again it is known. Parts whose fellows never come are given out, with a
mark, when `reassembly` seconds are over. spec: carriers/C.1#11
"""

from collections.abc import Callable

from msgspec import Struct

from depesza.connectors.smpp.addresses import read_sender
from depesza.connectors.smpp.alphabets import read
from depesza.connectors.smpp.settings import Settings
from depesza.core.model import Inbound
from depesza.wire import Malformed
from depesza.wire.reassembly import Key, Reassembly, Torn
from depesza.wire.smpp.codec import message_octets
from depesza.wire.smpp.pdus import DataSm, DeliverSm
from depesza.wire.smpp.segments import Segment, read_segment

Ack = Callable[[bool], None]
_MISSING = "[…]"
_REMEMBERED = 600.0
_MOST_REMEMBERED = 1000


class Fragment(Struct, frozen=True, gc=False):
    """One part as it came; equal parts are repetitions."""

    octets: bytes
    data_coding: int
    header: int


class _Open:
    """The acknowledgements that wait for one text of several parts."""

    __slots__ = ("acks", "inbound", "reported")

    def __init__(self) -> None:
        self.acks: list[tuple[float, Ack]] = []
        self.inbound: Inbound | None = None
        self.reported = False


class Replies:
    """The texts of one carrier that are being put together."""

    def __init__(self, connector: int, settings: Settings, report: Callable[[Inbound, Ack], None]) -> None:
        """`report` is told of each whole text, with what acknowledges all its parts."""
        self._connector = connector
        self._settings = settings
        self._report = report
        self._parts: Reassembly[Fragment] = Reassembly(settings.reassembly, _REMEMBERED, 20_000)
        self._open: dict[Key, _Open] = {}
        self._settled: dict[Key, frozenset[Fragment]] = {}
        """Torn texts that are on disk: their parts may still come again."""

    def take(self, pdu: DeliverSm | DataSm, ack: Ack, now: float, at: int) -> None:
        """Take one deliver_sm; `ack` is called when it may be answered. `at` is the wall clock."""
        try:
            segment, octets = read_segment(pdu)
        except Malformed:
            segment, octets = None, message_octets(pdu)
        fragment = Fragment(octets, pdu.data_coding, len(message_octets(pdu)) - len(octets))
        sender = read_sender(pdu.source_addr_ton, pdu.source_addr)
        if segment is None or segment.total == 1:
            text = self._text(fragment)
            self._report(Inbound(self._connector, sender, pdu.destination_addr, text, at), ack)
            return
        self._take_part(sender, pdu.destination_addr, segment, fragment, ack, now, at)

    def deadline(self) -> float | None:
        """Tell when `expire` has something to do."""
        hold = self._settings.part_hold
        due = [one.acks[0][0] + hold for one in self._open.values() if one.acks and not one.reported]
        if self._parts.deadline is not None:
            due.append(self._parts.deadline)
        return min(due, default=None)

    def expire(self, now: float, at: int) -> None:
        """Ask again for parts held too long, and give out what is torn."""
        for torn in self._parts.expire(now):
            self._give_torn(torn, at)
        for opened in self._open.values():
            if not opened.reported:
                self._let_go(opened, now)

    def _take_part(
        self, sender: str, recipient: str, segment: Segment, fragment: Fragment, ack: Ack, now: float, at: int
    ) -> None:
        key = Key(sender, recipient, segment.reference, segment.total)
        if self._was_settled(key, fragment):
            ack(True)
            return
        arrival = self._parts.add(sender, recipient, segment.reference, segment.total, segment.number, fragment, now)
        for torn in arrival.torn:
            self._give_torn(torn, at)
        if arrival.repeated and key not in self._open:
            ack(True)  # the whole is on disk
            return
        opened = self._open.setdefault(key, _Open())
        opened.acks.append((now, ack))
        if arrival.whole is not None:
            text = "".join(self._text(part) for part in arrival.whole)
            opened.inbound = Inbound(self._connector, sender, recipient, text, at)
        if opened.inbound is not None and not opened.reported:
            self._tell(key, opened)

    def _tell(self, key: Key, opened: _Open) -> None:
        """Report a whole text; when it cannot be taken, its parts are sent again and it is told again."""
        assert opened.inbound is not None
        opened.reported = True

        def done(taken: bool) -> None:
            opened.reported = False
            acks, opened.acks = opened.acks, []
            if taken:
                self._open.pop(key, None)
            for _, ack in acks:
                ack(taken)

        self._report(opened.inbound, done)

    def _give_torn(self, torn: Torn[Fragment], at: int) -> None:
        """Report what came of a text. If it cannot be taken, all its parts are sent again by the carrier."""
        key = torn.key
        opened = self._open.pop(key, None) or _Open()
        texts = [self._text(torn.parts[n]) if n in torn.parts else _MISSING for n in range(1, key.total + 1)]
        inbound = Inbound(self._connector, key.source, key.destination, "".join(texts), at)

        def done(taken: bool) -> None:
            if taken:
                self._settled[key] = frozenset(torn.parts.values())
                if len(self._settled) > _MOST_REMEMBERED:
                    del self._settled[next(iter(self._settled))]
            for _, ack in opened.acks:
                ack(taken)

        self._report(inbound, done)

    def _was_settled(self, key: Key, fragment: Fragment) -> bool:
        """Tell whether this is a part, sent again, of a text that was given out torn."""
        return key not in self._open and fragment in self._settled.get(key, ())

    def _let_go(self, opened: _Open, now: float) -> None:
        limit = now - self._settings.part_hold
        while opened.acks and opened.acks[0][0] <= limit:
            opened.acks.pop(0)[1](False)

    def _text(self, fragment: Fragment) -> str:
        return read(fragment.octets, fragment.data_coding, fragment.header, self._settings)
