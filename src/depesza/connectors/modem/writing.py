"""Messages as PDUs for a modem, and the names under which their reports come back.

A report names a reference of eight bits and a receiver, so references come round after 256 parts. Under the id we
give, a later part with the same reference and receiver takes the place of the earlier one (newest first), and a
report looks back 72 hours, in quarters of a day. spec: devices/4
"""

from collections.abc import Callable

from depesza.connectors.envelope import envelope_of
from depesza.connectors.modem.settings import Settings
from depesza.connectors.sim.words import state_of
from depesza.core.devices import DAY, HOUR
from depesza.core.model import MICRO, Content, Message, Receipt
from depesza.wire import Unencodable, udh
from depesza.wire.at import tpdu
from depesza.wire.at.addresses import address_of
from depesza.wire.at.coding import write_coding
from depesza.wire.at.tpdu import StatusReport, Submit
from depesza.wire.gsm import Encoding
from depesza.wire.headed import cut

_BLOCK = 6 * HOUR
_BLOCKS = 3 * DAY // _BLOCK
_KNOWN_BY = 7
"""Last digits that tell a receiver: reports come with national numbers, too."""


class BadSender(Unencodable):
    """The SIM cannot send under this sender."""


class Writer:
    """Writes the messages of one SIM."""

    def __init__(self, settings: Settings, now: Callable[[], int], first_reference: int) -> None:
        """`first_reference` comes from chance, so that a restart does not repeat the last references."""
        self._settings = settings
        self._now = now
        self._reference = first_reference

    def write(self, message: Message, own_number: str) -> list[bytes]:
        """Write all parts of a message; Unencodable when its text or sender cannot be."""
        content = message.content
        if self._settings.senders == "own" and content.sender.lstrip("+") != own_number.lstrip("+"):
            raise BadSender(f"the SIM's number is {own_number or 'not known'}")
        asked = envelope_of(content)
        reference = (self._reference + 1) % 256
        segments, headers = cut(message.body, _encoding(content), reference, asked.elements)
        scheme = write_coding(segments.encoding, content.flash) if asked.coding < 0 else asked.coding
        if len(segments.parts) > 1:
            self._reference = reference
        return [
            tpdu.pack(
                Submit(
                    address_of(message.receiver),
                    scheme,
                    part.payload,
                    udh.unpack(header)[0] if header else udh.Header(),
                    self._settings.reports,
                    self._validity(content),
                    protocol=max(asked.protocol, 0),
                )
            )
            for part, header in zip(segments.parts, headers, strict=True)
        ]

    def _validity(self, content: Content) -> int | None:
        return tpdu.validity_of((content.expires - self._now()) / MICRO) if content.expires else None


def _encoding(content: Content) -> Encoding | None:
    """Choose the alphabet; Latin-1 has no place in the protocol, so the text decides instead."""
    asked = Encoding(content.alphabet) if content.alphabet else None
    return None if asked is Encoding.LATIN1 else asked


def remote_of(reference: int, receiver: str, at: int) -> str:
    """Name a part that the network took at a time."""
    return _name(reference, receiver, at // _BLOCK)


def receipt_of(connector: int, report: StatusReport, at: int) -> Receipt:
    """Make a receipt of a status report, under all names that its part may have."""
    state, refusal = state_of(report.status)
    receiver = report.receiver.written
    newest = at // _BLOCK
    remotes = tuple(_name(report.reference, receiver, block) for block in range(newest, newest - _BLOCKS - 1, -1))
    done = int(report.done.timestamp() * MICRO) if report.done else 0
    detail = f"ref {report.reference} status 0x{report.status:02X}"
    return Receipt(connector, remotes, state, refusal, at, done, detail, receiver)


def _name(reference: int, receiver: str, block: int) -> str:
    return f"{reference}.{receiver[-_KNOWN_BY:].lstrip('+')}.{block}"
