"""Messages behind a header of the client's own (ports, text formatting): how many parts, and the parts.

Every part carries all of the client's elements, and in front of them, where there are several parts, which one it is.
`count_parts` prices what `cut` makes. Source: 3GPP TS 23.040 9.2.3.24.
"""

from depesza.wire import udh
from depesza.wire.gsm import Encoding
from depesza.wire.segment import Segments, count, split


def count_parts(
    text: str,
    encoding: Encoding | None = None,
    elements: bytes = b"",
    reference_bits: int = 8,
    keep_graphemes: bool = True,
) -> int:
    """Tell how many parts a message takes; `elements` are its header without length octet.

    `Unencodable` when a character does not fit the encoding, or the elements cannot stand in so many parts. The
    number may be over 255, which `cut` refuses.
    """
    parts = count(text, encoding, reference_bits, keep_graphemes, len(elements))[2]
    if elements:
        udh.headers(min(parts, 2), 0, elements, reference_bits)
    return parts


def cut(
    text: str, encoding: Encoding | None, reference: int, elements: bytes = b"", reference_bits: int = 8
) -> tuple[Segments, list[bytes]]:
    """Cut a message into parts, and write the header of each: empty where a single part needs none.

    `Unencodable` as in `count_parts`, and when 255 parts are too few.
    """
    segments = split(text, encoding, reference_bits, extra=len(elements))
    return segments, udh.headers(len(segments.parts), reference, elements, reference_bits)
