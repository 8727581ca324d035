"""The user data header in front of a part: which part of what, which port, which language.

`unpack` and `pack` are exact opposites for well-formed headers: elements we do not know are kept as they
came. `concat` is the short way for the header that every long message needs. Source: 3GPP TS 23.040 9.2.3.24.
"""

from msgspec import Struct

from depesza.wire import Malformed, Unencodable

CONCAT_8, CONCAT_16 = 0x00, 0x08
PORTS_8, PORTS_16 = 0x04, 0x05
SINGLE_SHIFT, LOCKING_SHIFT = 0x24, 0x25

_LONGEST = 255
# The elements whose length the standard fixes.
_LENGTHS = {CONCAT_8: 3, CONCAT_16: 4, PORTS_8: 2, PORTS_16: 4, SINGLE_SHIFT: 1, LOCKING_SHIFT: 1}


class Element(Struct, frozen=True, gc=False):
    """One information element."""

    tag: int
    data: bytes


class Concat(Struct, frozen=True, gc=False):
    """Which part of which long message this is."""

    reference: int
    total: int
    number: int
    """From 1."""
    bits: int = 8
    """Size of the reference: 8 or 16."""

    @property
    def element(self) -> Element:
        """Write it as an information element."""
        header = concat(self.reference, self.total, self.number, self.bits)
        return Element(header[1], header[3:])


class Ports(Struct, frozen=True, gc=False):
    """Which application sends, and which one is meant."""

    destination: int
    source: int
    bits: int = 16
    """Size of a port: 8 or 16."""

    @property
    def element(self) -> Element:
        """Write it as an information element."""
        if self.bits not in (8, 16):
            raise Unencodable("a port has 8 or 16 bits")
        size = self.bits // 8
        try:
            data = self.destination.to_bytes(size, "big") + self.source.to_bytes(size, "big")
        except OverflowError:
            raise Unencodable(f"a port does not fit {self.bits} bits") from None
        return Element(PORTS_8 if size == 1 else PORTS_16, data)


class Header(Struct, frozen=True, gc=False):
    """The information elements of a part, in order. Where the standard allows one, the last one counts."""

    elements: tuple[Element, ...] = ()

    @property
    def concat(self) -> Concat | None:
        """Read the concatenation; None when there is none, or its numbers are absurd (23.040 9.2.3.24.1)."""
        for tag, data in self._backwards(CONCAT_8, CONCAT_16):
            total, number = data[-2], data[-1]
            if 1 <= number <= total:
                bits = 8 if tag == CONCAT_8 else 16
                return Concat(int.from_bytes(data[:-2], "big"), total, number, bits)
        return None

    @property
    def ports(self) -> Ports | None:
        """Read the application ports."""
        for _, data in self._backwards(PORTS_8, PORTS_16):
            half = len(data) // 2
            return Ports(int.from_bytes(data[:half], "big"), int.from_bytes(data[half:], "big"), 8 * half)
        return None

    @property
    def single_shift(self) -> int:
        """Tell the language of the single shift table, 0 for none."""
        return next((data[0] for _, data in self._backwards(SINGLE_SHIFT)), 0)

    @property
    def locking_shift(self) -> int:
        """Tell the language of the locking shift table, 0 for none."""
        return next((data[0] for _, data in self._backwards(LOCKING_SHIFT)), 0)

    def _backwards(self, *tags: int) -> list[tuple[int, bytes]]:
        return [(element.tag, element.data) for element in reversed(self.elements) if element.tag in tags]


def unpack(data: bytes) -> tuple[Header, bytes]:
    """Read the header in front of user data; give it and the octets behind it.

    `Malformed` when the header or an element ends after its container, or an element has a wrong length.
    Behind the header of packed septets come fill bits: `septets.fill_bits(data[0] + 1)`.
    """
    if not data:
        raise Malformed("user data header: nothing there")
    end = 1 + data[0]
    if end > len(data):
        raise Malformed(f"user data header: {data[0]} octets announced, {len(data) - 1} there")
    elements = []
    at = 1
    while at < end:
        element = _element(data, at, end)
        elements.append(element)
        at += 2 + len(element.data)
    return Header(tuple(elements)), data[end:]


def _element(data: bytes, at: int, end: int) -> Element:
    """Read the element at `at` of a header that ends at `end`."""
    if at + 2 > end:
        raise Malformed("user data header: an element without length")
    tag, length = data[at], data[at + 1]
    if at + 2 + length > end:
        raise Malformed(f"user data header: element 0x{tag:02X} reaches over the end")
    if _LENGTHS.get(tag, length) != length:
        raise Malformed(f"user data header: element 0x{tag:02X} has {length} octets")
    return Element(tag, data[at + 2 : at + 2 + length])


def pack(header: Header) -> bytes:
    """Write a header with its length octet; `Unencodable` when it is longer than 255 octets."""
    try:
        body = b"".join(bytes((item.tag, len(item.data))) + item.data for item in header.elements)
        return bytes((len(body),)) + body
    except ValueError:
        raise Unencodable("user data header: a tag or a length is over 255") from None


def concat(reference: int, total: int, number: int, bits: int = 8) -> bytes:
    """Write the header of one part: 6 octets, 7 with a 16-bit reference.

    `Unencodable` when the numbers do not fit. References that count on go round: only their last `bits` are
    used.
    """
    if not 1 <= number <= total <= 255:
        raise Unencodable(f"part {number} of {total} cannot be written")
    if bits == 8:
        return bytes((5, CONCAT_8, 3, reference & 0xFF, total, number))
    if bits == 16:
        return bytes((6, CONCAT_16, 4, reference >> 8 & 0xFF, reference & 0xFF, total, number))
    raise Unencodable("a reference has 8 or 16 bits")


def read_elements(data: bytes) -> Header:
    """Read the elements of a header without the length octet in front; `Malformed` as `unpack`."""
    if len(data) > _LONGEST:
        raise Malformed(f"user data header: longer than {_LONGEST} octets")
    return unpack(bytes((len(data),)) + data)[0]


def headers(total: int, reference: int, elements: bytes = b"", bits: int = 8) -> list[bytes]:
    """Write the header of each part: which part it is, then the elements that every part carries.

    `elements` come without length octet. A single part has only these, or an empty header. `Unencodable` when they
    are no elements, or say themselves which part this is while there are several.
    """
    if elements:
        _check(elements, total)
    if total == 1:
        return [_headed(elements) if elements else b""]
    places = [concat(reference, total, number, bits)[1:] for number in range(1, total + 1)]
    return [_headed(place + elements) for place in places]


def _check(elements: bytes, total: int) -> None:
    try:
        own = read_elements(elements)
    except Malformed as error:
        raise Unencodable(str(error)) from None
    if total > 1 and own.concat is not None:
        raise Unencodable("the header says that this is a part, and it takes several parts itself")


def _headed(elements: bytes) -> bytes:
    if len(elements) > _LONGEST:
        raise Unencodable(f"a user data header is longer than {_LONGEST} octets")
    return bytes((len(elements),)) + elements
