"""Octets of a text from a phone, read by its data_coding.

spec: carriers/C.1#17, smpp34 5.2.19, 23.038 4
"""

from depesza.connectors.smpp.settings import Settings
from depesza.wire.gsm import Encoding, read_text
from depesza.wire.septets import fill_bits, unpack_uncounted

_CODECS = {
    1: "latin-1",  # IA5; what has the high bit is read as most mean it
    3: "latin-1",
    5: "shift_jis",
    6: "iso8859-5",
    7: "iso8859-8",
    10: "iso2022_jp",
    13: "euc_jp",
    14: "euc_kr",
}
_GROUP_CLASS, _GROUP_GENERAL = 0xF0, 0x00
_EIGHT_BIT, _UCS2 = 0x04, 0x08


def read(octets: bytes, data_coding: int, header: int, settings: Settings) -> str:
    """Read a text; never raises. `header` is the octets of the user data header that stood before it."""
    if data_coding == settings.gsm7_coding or data_coding == 0:
        return _default(octets, header, settings)
    if data_coding == settings.ucs2_coding:
        return read_text(octets, Encoding.UCS2)
    codec = _CODECS.get(data_coding)
    if codec is not None:
        return octets.decode(codec, "replace")
    return _by_group(octets, data_coding, header, settings)


def _by_group(octets: bytes, data_coding: int, header: int, settings: Settings) -> str:
    """Read what is said in the way of 23.038: groups with a message class, and the UCS-2 of 00xx."""
    general = data_coding & 0xC0 == _GROUP_GENERAL
    if general and data_coding & 0x0C == _UCS2:
        return read_text(octets, Encoding.UCS2)
    eight = data_coding & _EIGHT_BIT
    if (general or data_coding & 0xF0 == _GROUP_CLASS) and not eight:
        return _default(octets, header, settings)
    return read_text(octets, Encoding.BINARY)


def _default(octets: bytes, header: int, settings: Settings) -> str:
    if settings.alphabet == "latin1":
        return read_text(octets, Encoding.LATIN1)
    if settings.alphabet == "gsm7-packed":
        octets = unpack_uncounted(octets, fill_bits(header))
    return read_text(octets, Encoding.GSM7)
