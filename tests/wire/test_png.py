"""PNG pictures."""

import struct
import zlib

import pytest

from depesza.wire.png import write_png


def test_a_picture_holds_its_pixels() -> None:
    octets = write_png(3, 2, bytes([0, 128, 255, 1, 2, 3]))
    assert octets.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, at = {}, 8
    while at < len(octets):
        (size,) = struct.unpack_from(">I", octets, at)
        kind, data = octets[at + 4 : at + 8], octets[at + 8 : at + 8 + size]
        assert struct.unpack_from(">I", octets, at + 8 + size) == (zlib.crc32(kind + data),)
        chunks[kind] = data
        at += 12 + size
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    assert chunks[b"IHDR"] == bytes([0, 0, 0, 3, 0, 0, 0, 2, 8, 0, 0, 0, 0])
    assert zlib.decompress(chunks[b"IDAT"]) == bytes([0, 0, 128, 255, 0, 1, 2, 3])


@pytest.mark.parametrize(("width", "height"), [(0, 1), (2, 2)])
def test_pixels_that_make_no_picture_are_refused(width: int, height: int) -> None:
    with pytest.raises(ValueError, match="pixels"):
        write_png(width, height, b"xxx")
