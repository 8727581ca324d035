"""imgcode.php: a picture with figures that a site shows its visitor, who is to type them. spec: smsc/5.9

A script of our own: the vendor shows its pictures in a form of its own. It asks for `userip`, as send.php does.
"""

from ipaddress import ip_address

from depesza.dialects.smsc.answers import Refused
from depesza.dialects.smsc.call import Call
from depesza.dialects.smsc.codes import PARAMETERS
from depesza.services import visitors
from depesza.wire.http import HttpReply
from depesza.wire.png import write_png

FIRST, LAST = 10_000, 99_999
"""Codes: five figures, the first of which is no zero."""
WIDTH, HEIGHT = 150, 50
_WHITE, _INK, _DUST = 255, 40, 130
_ZOOM, _LEFT, _STEP, _TOP = 4, 10, 26, 8
_FIGURES = (
    "01110 10001 10011 10101 11001 10001 01110",
    "00100 01100 00100 00100 00100 00100 01110",
    "01110 10001 00001 00110 01000 10000 11111",
    "11110 00001 00001 01110 00001 00001 11110",
    "00010 00110 01010 10010 11111 00010 00010",
    "11111 10000 11110 00001 00001 10001 01110",
    "00110 01000 10000 11110 10001 10001 01110",
    "11111 00001 00010 00100 01000 01000 01000",
    "01110 10001 10001 01110 10001 10001 01110",
    "01110 10001 10001 01111 00001 00010 01100",
)
"""Seven rows of five dots each."""
_DUSTS = 240
_NO_STORE = (("Cache-Control", "no-store"),)


async def show(call: Call) -> HttpReply:
    """Show a visitor a new picture; raises `Refused` for what is no address."""
    visitor = read_visitor(call.given.get("userip"))
    if not visitor:
        raise Refused(*PARAMETERS)
    chance = call.context.vault.octets
    code = FIRST + int.from_bytes(chance(8)) % (LAST - FIRST + 1)
    await call.run(visitors.show, call.account.id, visitor, code, call.now)
    return HttpReply(200, draw(str(code), chance(4 * _DUSTS)), "image/png", _NO_STORE)


def read_visitor(text: str) -> str:
    """Read the address of a visitor, so that each is written in one way; empty for none."""
    try:
        return ip_address(text.strip()).compressed
    except ValueError:
        return ""


def draw(code: str, chance: bytes) -> bytes:
    """Draw figures that lean and dance, under dust; `chance` is some hundred random octets."""
    pixels = bytearray([_WHITE]) * (WIDTH * HEIGHT)
    for n in range(0, len(chance) - 3, 4):
        x, y = int.from_bytes(chance[n : n + 2]) % WIDTH, int.from_bytes(chance[n + 2 : n + 4]) % HEIGHT
        _dot(pixels, x, y, 1 + n % 2, _DUST)
    for place, figure in enumerate(code):
        _figure(pixels, _LEFT + place * _STEP, int(figure), chance[place])
    return write_png(WIDTH, HEIGHT, bytes(pixels))


def _figure(pixels: bytearray, left: int, figure: int, chance: int) -> None:
    """Draw a figure, moved and slanted by chance."""
    lean, sink = chance % 3 - 1, chance // 3 % 9 - 2
    for row, dots in enumerate(_FIGURES[figure].split()):
        for column, dot in enumerate(dots):
            if dot == "1":
                x = left + column * _ZOOM + lean * (3 - row)
                _dot(pixels, x, _TOP + sink + row * _ZOOM, _ZOOM, _INK)


def _dot(pixels: bytearray, left: int, top: int, size: int, shade: int) -> None:
    for y in range(max(0, top), min(HEIGHT, top + size)):
        for x in range(max(0, left), min(WIDTH, left + size)):
            pixels[y * WIDTH + x] = shade
