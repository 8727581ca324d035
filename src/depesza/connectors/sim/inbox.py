"""Texts from people: read, put together from their parts, told, and only then deleted from the SIM.

What the modem has stored is seen again at every look into its memory, so each place is remembered with what it held.
Parts whose fellows never come are told, with a mark, when their time is over. spec: devices/8
"""

from collections.abc import Callable, Collection

from msgspec import Struct

from depesza.core.model import Inbound
from depesza.wire.at.answers import Slot
from depesza.wire.at.tpdu import Deliver, text_of
from depesza.wire.reassembly import Reassembly, Torn

Done = Callable[[bool], None]
_MISSING = "[…]"
_MOST_PARTS = 2000


class Fragment(Struct, frozen=True, gc=False):
    """One part and where it is stored."""

    message: Deliver
    slot: Slot | None

    def __eq__(self, other: object) -> bool:
        """A part is the same wherever it is stored: the network may give it twice."""
        return isinstance(other, Fragment) and other.message == self.message

    def __hash__(self) -> int:
        """Hash as `__eq__` compares."""
        return hash(self.message)


class Text(Struct, frozen=True):
    """A text that is whole, or as whole as it will be."""

    inbound: Inbound
    slots: tuple[Slot, ...]
    """To be deleted when it is on disk."""


class Inbox:
    """The texts that one modem gives."""

    def __init__(self, connector: int, reassembly: float) -> None:
        self._connector = connector
        self._parts: Reassembly[Fragment] = Reassembly(reassembly, most_parts=_MOST_PARTS)
        self._seen: dict[Slot, Deliver] = {}
        self._on_disk: set[Slot] = set()

    @property
    def deadline(self) -> float | None:
        """When the next torn text is due; None when no parts wait."""
        return self._parts.deadline

    def take(self, message: Deliver, slot: Slot | None, own_number: str, now: float, at: int) -> list[Text]:
        """Take a message; give the texts that are whole now, or torn for good. `at` is the wall clock."""
        if slot is not None:
            if self._seen.get(slot) == message:
                return []
            self._seen[slot] = message
            self._on_disk.discard(slot)
        fragment = Fragment(message, slot)
        concat = message.header.concat
        if concat is None:
            return [self._text((fragment,), own_number, at)]
        sender = message.sender.written
        arrival = self._parts.add(sender, own_number, concat.reference, concat.total, concat.number, fragment, now)
        texts = [self._torn(torn, at) for torn in arrival.torn]
        if arrival.whole is not None:
            texts.append(self._text(arrival.whole, own_number, at))
        elif arrival.repeated and slot is not None:
            self._on_disk.add(slot)  # the same part twice: this copy is not needed
        return texts

    def expire(self, now: float, at: int) -> list[Text]:
        """Give the texts whose other parts did not come in time."""
        return [self._torn(torn, at) for torn in self._parts.expire(now)]

    def deletable(self, slot: Slot, message: Deliver) -> bool:
        """Tell whether a stored message is not needed any more, though the modem still shows it."""
        return slot in self._on_disk and self._seen.get(slot) == message

    def only(self, slots: Collection[Slot]) -> None:
        """Forget the places that are not used any more, where they are not used again."""
        self._seen = {slot: message for slot, message in self._seen.items() if slot in slots}
        self._on_disk.intersection_update(slots)

    def kept(self, text: Text) -> None:
        """Note that a text is on disk."""
        self._on_disk.update(text.slots)

    def _torn(self, torn: Torn[Fragment], at: int) -> Text:
        key = torn.key
        texts = [_read(torn.parts[n].message) if n in torn.parts else _MISSING for n in range(1, key.total + 1)]
        inbound = Inbound(self._connector, key.source, key.destination, "".join(texts), at)
        return Text(inbound, _slots(tuple(torn.parts.values())))

    def _text(self, parts: tuple[Fragment, ...], own_number: str, at: int) -> Text:
        messages = [part.message for part in parts]
        first = messages[0]
        alike = all((one.coding, _shifts(one)) == (first.coding, _shifts(first)) for one in messages)
        if alike:  # octets first: some phones cut between the halves of a character
            text = text_of(first.coding, first.header, b"".join(one.body for one in messages))
        else:
            text = "".join(_read(one) for one in messages)
        return Text(Inbound(self._connector, first.sender.written, own_number, text, at), _slots(parts))


def _shifts(message: Deliver) -> tuple[int, int]:
    return message.header.single_shift, message.header.locking_shift


def _read(message: Deliver) -> str:
    return text_of(message.coding, message.header, message.body)


def _slots(parts: tuple[Fragment, ...]) -> tuple[Slot, ...]:
    return tuple(part.slot for part in parts if part.slot is not None)
