"""The data coding scheme of a short message: which alphabet, which message class.

Source: 3GPP TS 23.038 4.
"""

from depesza.wire import Unencodable
from depesza.wire.gsm import Encoding

_ALPHABETS = {Encoding.GSM7: 0x00, Encoding.BINARY: 0x04, Encoding.UCS2: 0x08}
_COMPRESSED, _HAS_CLASS = 0x20, 0x10
_WAITING_UCS2 = 0xE
_CLASSES = 0xF


def write_coding(encoding: Encoding, flash: int = -1) -> int:
    """Write alphabet and message class (0 to 3, -1 for none); `Unencodable` for Latin-1, which has no place here."""
    if encoding not in _ALPHABETS or not -1 <= flash <= 3:
        raise Unencodable(f"{encoding} with class {flash} has no data coding scheme")
    return _ALPHABETS[encoding] | (_HAS_CLASS | flash if flash >= 0 else 0)


def read_coding(scheme: int) -> tuple[Encoding, int]:
    """Read alphabet and message class; compressed texts are octets to us, reserved schemes GSM-7 (23.038 4)."""
    group = scheme >> 4
    if group < 8:  # 00xx, and 01xx: to be deleted once read
        flash = scheme & 3 if scheme & _HAS_CLASS else -1
        if scheme & _COMPRESSED:
            return Encoding.BINARY, flash
        return {0x04: Encoding.BINARY, 0x08: Encoding.UCS2}.get(scheme & 0x0C, Encoding.GSM7), flash
    if group == _CLASSES:
        return (Encoding.BINARY if scheme & 0x04 else Encoding.GSM7), scheme & 3
    return (Encoding.UCS2 if group == _WAITING_UCS2 else Encoding.GSM7), -1
