"""Cyrillic texts in Latin letters, so that a part holds 160 of them: two ways to write them.

`PLAIN` goes by sound (`zh`), `LOOKS` by shape (`>I<`). What neither table has stays as it is. Of the shapes the
vendor's name for the variant fixes seven letters; all else is ours. spec: smsc/5.3
"""

import unicodedata
from enum import IntEnum

_SMALL = "абвгдеёжзийклмнопрстуфхцчшщъыьэюяіїєґ"
_SOUNDS = "a b v g d e e zh z i j k l m n o p r s t u f h c ch sh sch '' y ' e ju ja i ji je g"
_SHAPES = "a 6 B r g e e >I< 3 u u k /I M H o n p c m y cp x u, 4 w w, 'b bI b 3 IO 9I i ji e r"
_TWINS = dict(zip("АВЕЁКМНОРСТУХІ", "ABEEKMHOPCTYXI", strict=True))
"""Capitals that look like a Latin capital."""
_SIGNS = dict.fromkeys("«»", '"') | dict.fromkeys("‒–—―", "-") | {"№": "N"}


class Variant(IntEnum):
    """How a text is transliterated."""

    NONE = 0
    PLAIN = 1
    LOOKS = 2


def _table(small: list[str], capital: list[str]) -> dict[int, str]:
    return str.maketrans(dict(zip(_SMALL + _SMALL.upper(), small + capital, strict=True)) | _SIGNS)


def _tables() -> dict[Variant, dict[int, str]]:
    sounds, shapes = _SOUNDS.split(), _SHAPES.split()
    capital_shapes = [_TWINS.get(letter, shape) for letter, shape in zip(_SMALL.upper(), shapes, strict=True)]
    return {
        Variant.PLAIN: _table(sounds, [sound.capitalize() for sound in sounds]),
        Variant.LOOKS: _table(shapes, capital_shapes),
    }


_TABLES = _tables()


def transliterate(text: str, variant: Variant) -> str:
    """Write the Cyrillic letters, quotes, dashes and № of a text in GSM characters; all others stay."""
    if variant is Variant.NONE or text.isascii():
        return text
    # a short i may come as a letter and a breve
    return unicodedata.normalize("NFC", text).translate(_TABLES[variant])
