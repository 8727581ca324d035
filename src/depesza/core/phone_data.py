"""What phones can send beside texts: octets for an application's port, and nothing else of a short message's fields.

An app on a phone has no way to set header, protocol or data coding. Android writes a header of its own in front of
data: the destination port, and 0 as the port that sends, so a client's own source port is not kept. spec: devices/2
"""

from base64 import b64encode

from msgspec import Struct

from depesza.core.model import Channel, Message
from depesza.wire import Malformed, udh
from depesza.wire.gsm import Encoding, write_text

MOST = 133
"""Octets that fit beside the ports: phones do not cut data into parts."""


class PhoneData(Struct, frozen=True):
    """Octets as a phone is told to send them."""

    data: str
    """Base64."""
    port: int


def data_of(message: Message) -> PhoneData | None:
    """Write a binary message for a phone; None for a text, and for octets that no phone can send."""
    content, extras = message.content, message.content.extras
    if content.alphabet != Encoding.BINARY or extras is None:
        return None
    ports = _only_ports(extras.udh)
    octets = write_text(message.body, Encoding.BINARY)
    if ports is None or ports.bits != 16 or len(octets) > MOST or extras.dcs not in (-1, 0x04):
        return None
    return PhoneData(b64encode(octets).decode(), ports.destination)


def fits_phones(message: Message) -> bool:
    """Tell whether a phone can send a message as it was asked for."""
    content, extras = message.content, message.content.extras
    if content.channel is Channel.PING or (extras is not None and extras.pid > 0):
        return False
    if content.alphabet == Encoding.BINARY:
        return data_of(message) is not None
    return extras is None or not (extras.udh or extras.dcs >= 0)


def _only_ports(elements: bytes) -> udh.Ports | None:
    try:
        header = udh.read_elements(elements)
    except Malformed:
        return None
    return header.ports if len(header.elements) == 1 else None
