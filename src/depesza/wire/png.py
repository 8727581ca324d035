"""PNG pictures in shades of grey, as small as the format allows. Source: PNG 1.2, 3 and 11"""

import struct
import zlib

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _EIGHT_BITS = 0, 8


def write_png(width: int, height: int, pixels: bytes) -> bytes:
    """Write a picture; `pixels` are rows of one octet a pixel, 0 black and 255 white."""
    if width < 1 or height < 1 or len(pixels) != width * height:
        raise ValueError(f"{len(pixels)} pixels for a picture of {width} x {height}")
    head = struct.pack(">IIBBBBB", width, height, _EIGHT_BITS, _GREY, 0, 0, 0)
    rows = b"".join([b"\0" + pixels[start : start + width] for start in range(0, len(pixels), width)])
    return _SIGNATURE + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
