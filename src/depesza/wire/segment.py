"""How many parts a text needs, and the parts: the count that prices a message and the cut that sends it.

A cut never falls into an escape pair, a surrogate pair or (unless told otherwise) a grapheme, so a text may
need more parts than its length alone says; `count` and `split` agree on that.
Rules: carriers.md C.2, spec: ovh 4.3.
Source of the sizes: 140 octets in a part (3GPP TS 23.040 9.2.3.24), less the user data header.
"""

import re
from collections.abc import Iterator

import regex
from msgspec import Struct

from depesza.wire import Unencodable
from depesza.wire.gsm import Encoding, decode, encoded, read_text, write_text

OCTETS = 140
MOST_PARTS = 255

_GSM7, _UCS2, _BINARY = Encoding.GSM7, Encoding.UCS2, Encoding.BINARY
_ESCAPE, _CR, _LF = 0x1B, 0x0D, 0x0A
_GRAPHEME = regex.compile(r"\X")
# Characters between which a grapheme always ends: no marks, joiners, emoji, Hangul, Indic consonants (Unicode
# annex 29). Most cuts fall between two of these; the rest are walked grapheme by grapheme.
_PLAIN_PAIR = re.compile(
    "[ -~\xa0-\xa8\xaa-\xac\xaf-\u02ff\u0370-\u0373\u0391-\u03a1\u03a3-\u0481\u048a-\u052f\u05d0-\u05ea"
    "\u0621-\u064a\u2010-\u2027\u2030-\u203b\u20a0-\u20c0\u3001-\u3029\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff]{2}"
)


class Part(Struct, frozen=True, gc=False):
    """One part of a text."""

    text: str
    payload: bytes
    """Encoded, without user data header; GSM-7 unpacked, one septet in an octet."""


class Segments(Struct, frozen=True, gc=False):
    """A text cut into parts."""

    encoding: Encoding
    units: int
    """Septets (escapes counted), UTF-16 units or octets of the whole text."""
    parts: tuple[Part, ...]


def _size(encoding: Encoding, header: int) -> int:
    """Count the units that fit beside a header of so many octets."""
    octets = max(OCTETS - header, 0)
    if encoding is _GSM7:
        return octets * 8 // 7
    return octets // 2 if encoding is _UCS2 else octets


def _sizes(encoding: Encoding, reference_bits: int, extra: int) -> tuple[int, int]:
    concat = 5 if reference_bits == 8 else 6
    return _size(encoding, extra and extra + 1), _size(encoding, 1 + concat + extra)


_USUAL = {(encoding, bits, 0): _sizes(encoding, bits, 0) for encoding in Encoding for bits in (8, 16)}


def limits(encoding: Encoding, reference_bits: int = 8, extra: int = 0) -> tuple[int, int]:
    """Tell how many units fit into a single part, and into each of several.

    `extra` is the octets of other information elements (ports, shift tables) that every part carries.
    """
    found = _USUAL.get((encoding, reference_bits, extra))
    if found is not None:
        return found
    if reference_bits not in (8, 16):
        raise Unencodable("a reference has 8 or 16 bits")
    single, several = _sizes(encoding, reference_bits, extra)
    if extra < 0 or several < 2:
        raise Unencodable(f"information elements of {extra} octets leave no room for text")
    return single, several


def count(
    text: str,
    encoding: Encoding | None = None,
    reference_bits: int = 8,
    keep_graphemes: bool = True,
    extra: int = 0,
) -> tuple[Encoding, int, int]:
    """Tell encoding, units and number of parts, as `split` would make them.

    The number may be over 255, which `split` refuses.
    """
    encoding, data = _written(text, encoding)
    units = len(data) // 2 if encoding is _UCS2 else len(data)
    single, several = limits(encoding, reference_bits, extra)
    if units <= single:
        return encoding, units, 1
    if encoding is not _UCS2 and _is_cut_anywhere(data, encoding, keep_graphemes):
        return encoding, units, -(-units // several)
    return encoding, units, sum(1 for _ in _ends(data, encoding, several, keep_graphemes))


def split(
    text: str,
    encoding: Encoding | None = None,
    reference_bits: int = 8,
    keep_graphemes: bool = True,
    extra: int = 0,
) -> Segments:
    """Cut a text into parts; without an encoding, GSM-7 when it can be, else UCS-2.

    `extra` is the octets of other information elements that every part carries. A grapheme longer than a
    whole part is cut between characters. `Unencodable` when the encoding lacks a character or 255 parts are
    too few.
    """
    encoding, data = _written(text, encoding)
    step = 2 if encoding is _UCS2 else 1
    single, several = limits(encoding, reference_bits, extra)
    units = len(data) // step
    if units <= single:
        return Segments(encoding, units, (Part(text, data),))
    ends = [end * step for end in _ends(data, encoding, several, keep_graphemes)]
    return Segments(encoding, units, _parts(data, encoding, ends))


def split_octets(data: bytes, reference_bits: int = 8, extra: int = 0) -> tuple[bytes, ...]:
    """Cut octets that are no text into parts of 140, or 134 (133 with a 16-bit reference) and fewer."""
    single, several = limits(Encoding.BINARY, reference_bits, extra)
    if len(data) <= single:
        return (data,)
    _refuse_too_many(-(-len(data) // several))
    return tuple(data[start : start + several] for start in range(0, len(data), several))


def _written(text: str, encoding: Encoding | None) -> tuple[Encoding, bytes]:
    """Encode a text, choosing the encoding when none is asked for."""
    if encoding is not None:
        return encoding, write_text(text, encoding)
    septets = encoded(text)
    if septets is not None:
        return _GSM7, septets
    return _UCS2, write_text(text, _UCS2)


def _is_cut_anywhere(data: bytes, encoding: Encoding, keep_graphemes: bool) -> bool:
    """Tell whether octets hold nothing that must stay together, so that arithmetic counts their parts."""
    if encoding is _BINARY:
        return True
    if encoding is _GSM7 and _ESCAPE in data:
        return False
    return not (keep_graphemes and b"\r\n" in data)


def _parts(data: bytes, encoding: Encoding, ends: list[int]) -> tuple[Part, ...]:
    _refuse_too_many(len(ends))
    payloads = [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    read = decode if encoding is _GSM7 else lambda payload: read_text(payload, encoding)
    return tuple(Part(read(payload), payload) for payload in payloads)


def _refuse_too_many(parts: int) -> None:
    if parts > MOST_PARTS:
        raise Unencodable(f"{parts} parts are needed and {MOST_PARTS} is the most")


def _ends(data: bytes, encoding: Encoding, size: int, keep_graphemes: bool) -> Iterator[int]:
    """Yield, in units, where each part ends."""
    if encoding is _UCS2:
        return _ends_ucs2(data, size, keep_graphemes)
    keep_graphemes = keep_graphemes and encoding is not _BINARY  # octets that look like CR LF are no newline
    return _ends_octets(data, size, encoding is _GSM7, keep_graphemes)


def _ends_octets(data: bytes, size: int, escapes: bool, keep_graphemes: bool) -> Iterator[int]:
    """Cut where one octet is one unit: escape pairs, and CR LF, the only grapheme of two characters there."""
    end = size
    while end < len(data):
        before = data[end - 1]
        in_pair = escapes and before == _ESCAPE
        in_newline = keep_graphemes and before == _CR and data[end] == _LF
        end -= in_pair or in_newline
        yield end
        end += size
    yield len(data)


def _ends_ucs2(data: bytes, size: int, keep_graphemes: bool) -> Iterator[int]:
    start, units = 0, len(data) // 2
    while units - start > size:
        end = start + size
        end -= _is_low(data, end)
        if keep_graphemes and not _is_plain(data, end):
            end = _grapheme_end(data, start, end)
        yield end
        start = end
    yield units


def _is_low(data: bytes, unit: int) -> bool:
    """Tell whether a unit is the second half of a surrogate pair."""
    return 0xDC <= data[2 * unit] <= 0xDF


def _is_plain(data: bytes, end: int) -> bool:
    """Tell whether the characters around a cut stand alone for certain."""
    pair = data[2 * end - 2 : 2 * end + 2].decode("utf-16-be", "replace")
    return _PLAIN_PAIR.fullmatch(pair) is not None


def _grapheme_end(data: bytes, start: int, end: int) -> int:
    """Move a cut back to the start of the grapheme it falls into; leave it where that would empty the part.

    Whether a grapheme ends at a place depends on what is before it and on one character behind it.
    """
    behind = 4 if 0xD8 <= data[2 * end] <= 0xDB else 2
    window = data[2 * start : 2 * end + behind].decode("utf-16-be")
    kept = window[: -len(_GRAPHEME.findall(window)[-1])]
    return start + len(kept.encode("utf-16-be")) // 2 if kept else end
