"""Septets packed into octets and back, for carriers and modems that want them so.

With a count beside them (a TPDU's TP-UDL) septets are packed plainly; without one (packed text in SMPP, USSD)
the carriage return keeps the last seven spare bits from reading as "@". After a user data header fill bits
bring the text to a septet boundary. Source: 3GPP TS 23.038 6.1.2.1.1 and 6.1.2.3.1, 23.040 9.2.3.24.
"""

from depesza.wire import Unencodable

_CR = 0x0D


def fill_bits(header: int) -> int:
    """Count the fill bits behind a user data header of so many octets (its length octet included)."""
    return -8 * header % 7


def pack(septets: bytes, fill: int = 0) -> bytes:
    """Pack septets behind `fill` zero bits; `Unencodable` when an octet is over 0x7F.

    The spare bits are zero: the reader must know how many septets there are.
    """
    if not septets.isascii():
        raise Unencodable("a septet has more than seven bits")
    groups = -(-len(septets) // 8)
    bits = int.from_bytes(septets.ljust(8 * groups, b"\0"), "little")
    # Close the gaps in three steps: 7 bits in 8 become 14 in 16, then 28 in 32, then 56 in 64.
    bits = _close(bits, b"\x7f\x00" * (4 * groups), 1)
    bits = _close(bits, b"\xff\x3f\x00\x00" * (2 * groups), 2)
    bits = _close(bits, b"\xff\xff\xff\x0f\x00\x00\x00\x00" * groups, 4)
    octets = bytearray(bits.to_bytes(8 * groups, "little"))
    del octets[7::8]
    size = (7 * len(septets) + fill + 7) // 8
    if fill:
        return (int.from_bytes(octets, "little") << fill).to_bytes(len(octets) + 1, "little")[:size]
    return bytes(octets[:size])


def _close(bits: int, low: bytes, gap: int) -> int:
    """Move every second lane down by `gap` bits; `low` masks the first of each two lanes."""
    mask = int.from_bytes(low, "little")
    return (bits & mask) | (bits & ~mask) >> gap


def unpack(octets: bytes, count: int, fill: int = 0) -> bytes:
    """Unpack at most `count` septets behind `fill` bits, one in an octet; fewer when the octets end."""
    count = max(0, min(count, (8 * len(octets) - fill) // 7))
    if fill:
        octets = (int.from_bytes(octets, "little") >> fill).to_bytes(len(octets), "little")
    groups = -(-len(octets) // 7)
    octets = octets.ljust(7 * groups, b"\0")
    lanes = bytearray(8 * groups)
    for place in range(7):
        lanes[place::8] = octets[place::7]
    bits = int.from_bytes(lanes, "little")
    bits = _open(bits, b"\xff\xff\xff\x0f\x00\x00\x00\x00" * groups, 4)
    bits = _open(bits, b"\xff\x3f\x00\x00" * (2 * groups), 2)
    bits = _open(bits, b"\x7f\x00" * (4 * groups), 1)
    return bits.to_bytes(8 * groups, "little")[:count]


def _open(bits: int, low: bytes, gap: int) -> int:
    """Undo `_close`."""
    mask = int.from_bytes(low, "little")
    return (bits & mask) | (bits & ~mask) << gap


def pack_uncounted(septets: bytes, fill: int = 0) -> bytes:
    """Pack septets for a reader who has only the octets.

    Seven spare bits hold a carriage return; a text that ends in one on an octet boundary gets a second, and
    is read with both (23.038 6.1.2.3.1 holds that harmless).
    """
    spare = -(7 * len(septets) + fill) % 8
    if spare == 7 or (spare == 0 and septets.endswith(b"\r")):
        septets += b"\r"
    return pack(septets, fill)


def unpack_uncounted(octets: bytes, fill: int = 0) -> bytes:
    """Unpack all septets that fit, without the carriage return that only fills the last octet."""
    septets = unpack(octets, 8 * len(octets), fill)
    on_boundary = (7 * len(septets) + fill) % 8 == 0
    if on_boundary and septets and septets[-1] == _CR:
        return septets[:-1]
    return septets
