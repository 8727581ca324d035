"""Octets with their own header in front, as clients write a whole binary message: length, elements, payload.

spec: smsc/2.1; 3GPP TS 23.040 9.2.3.24
"""

from depesza.wire import Malformed, udh


def read_octets(octets: bytes) -> tuple[bytes, bytes]:
    """Give the elements of the header, without their length octet, and the payload behind them.

    The first octet is the length of the header, 0 for none. `Malformed` when there is no first octet, when the
    header is longer than all that is there, or when it does not consist of elements.
    """
    _, payload = udh.unpack(octets)
    return octets[1 : len(octets) - len(payload)], payload


def write_octets(elements: bytes, payload: bytes) -> bytes:
    """Write header and payload as one run of octets, the header's length first."""
    return bytes((len(elements),)) + elements + payload


def read_hex(text: str) -> tuple[bytes, bytes]:
    """Read the same from hexadecimal digits in pairs; `Malformed` also when they are none."""
    if not text.isascii() or not text.isalnum():  # `fromhex` would skip blanks
        raise Malformed("octets: not hexadecimal")
    try:
        return read_octets(bytes.fromhex(text))
    except ValueError:
        raise Malformed("octets: not hexadecimal digits in pairs") from None
