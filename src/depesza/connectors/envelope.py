"""What a message asks of the short message around its text: header, protocol, data coding. For all that write SMS.

Octets that are no text have one character an octet in `text`, and the alphabet `binary`. spec: smsc/2.1
"""

from msgspec import Struct

from depesza.core.model import Channel, Content
from depesza.wire import Unencodable

SILENT = 0x40
"""Protocol of a short message of type 0, which a phone acknowledges and does not show (23.040 9.2.3.9)."""


class BadContent(Unencodable):
    """This way out has no place for something that the message asks for."""


class Envelope(Struct, frozen=True, gc=False):
    """Numbers are -1 where the message leaves them to its text and its way."""

    elements: bytes = b""
    """Elements of the client's user data header, without length octet."""
    protocol: int = -1
    coding: int = -1


_PLAIN = Envelope()


def envelope_of(content: Content) -> Envelope:
    """Read what a message asks for."""
    extras, silent = content.extras, SILENT if content.channel is Channel.PING else -1
    if extras is None:
        return _PLAIN if silent < 0 else Envelope(protocol=silent)
    return Envelope(extras.udh, extras.pid if extras.pid >= 0 else silent, extras.dcs)
