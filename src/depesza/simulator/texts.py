"""Octets to texts and back, as a phone does it: data codings, headers and the languages in them, replies in parts.

spec: carriers/C.1#11 #17; 3GPP TS 23.038 4
"""

import re
from typing import Final

from msgspec import Struct

from depesza.simulator.settings import Alphabet
from depesza.wire import Malformed, udh
from depesza.wire.gsm import Encoding, choose, read_text
from depesza.wire.segment import split
from depesza.wire.shift import decode_shifted
from depesza.wire.smpp.codec import message_octets
from depesza.wire.smpp.constants import Npi, Ton
from depesza.wire.smpp.flags import UDHI, has_udh
from depesza.wire.smpp.pdus import DataSm, DeliverSm, SubmitSm

_DEFAULT: Final = {"gsm7": Encoding.GSM7, "latin1": Encoding.LATIN1}
_SMPP: Final = {
    1: Encoding.LATIN1,  # IA5; what lies beyond it is Latin-1 with most peers
    2: Encoding.BINARY,
    3: Encoding.LATIN1,
    4: Encoding.BINARY,
    8: Encoding.UCS2,
}
_GENERAL: Final = (Encoding.GSM7, Encoding.BINARY, Encoding.UCS2, Encoding.GSM7)
_UCS2_CODING: Final = 8
_SHORT_CODE: Final = 6
_IA5: Final = 1
_SILENT: Final = 0x40
_SEPTETS: Final = re.compile(rb"[\x00-\x09\x0b\x0c\x0e-\x1f]")
"""Octets that no IA5 text has: the npm package `smpp` calls its GSM septets IA5."""


def encoding_of(data_coding: int, alphabet: Alphabet) -> Encoding:
    """Tell what a data_coding means; octets for what nobody uses."""
    if data_coding == 0:
        return _DEFAULT[alphabet]
    if data_coding in _SMPP:
        return _SMPP[data_coding]
    if data_coding >> 4 == 0xF:  # with a message class: bit 2 tells octets from septets
        return Encoding.BINARY if data_coding & 4 else Encoding.GSM7
    if 0x10 <= data_coding < 0x40:
        return _GENERAL[data_coding >> 2 & 3]
    return Encoding.BINARY


def read_octets(octets: bytes, data_coding: int, alphabet: Alphabet, languages: tuple[int, int]) -> str:
    """Read a whole text; `languages` are those of the single and the locking shift table."""
    encoding = encoding_of(data_coding, alphabet)
    if data_coding == _IA5 and _SEPTETS.search(octets):
        encoding = Encoding.GSM7
    if encoding is Encoding.GSM7 and any(languages):
        return decode_shifted(octets, *languages)
    return read_text(octets, encoding)


def languages_of(pdu: SubmitSm | DataSm) -> tuple[int, int]:
    """Read the languages that a user data header names; 0 for none."""
    header = _header_of(pdu)
    return (header.single_shift, header.locking_shift)


class Carried(Struct, frozen=True, gc=False):
    """What a message has around its text, as it is told to tests and people."""

    pid: int = 0
    """Protocol identifier."""
    dcs: int = 0
    """Data coding scheme."""
    udh: str = ""
    """Its user data header in hexadecimal, without the length and without what says which part it is."""
    octets: str = ""
    """In hexadecimal, where they are no text."""

    silent: bool = False
    """A phone takes it without showing it: short message type 0 (23.040 9.2.3.9)."""


PLAIN: Final = Carried()


def carried(pdu: SubmitSm | DataSm, octets: bytes, alphabet: Alphabet) -> Carried:
    """Tell what stands around a text; `octets` are those of the whole text."""
    protocol = pdu.protocol_id if isinstance(pdu, SubmitSm) else 0
    is_text = encoding_of(pdu.data_coding, alphabet) is not Encoding.BINARY
    shown = "" if is_text else octets.hex()
    return Carried(protocol, pdu.data_coding, _own_elements(pdu).hex(), shown, protocol == _SILENT)


def _own_elements(pdu: SubmitSm | DataSm) -> bytes:
    elements = [one for one in _header_of(pdu).elements if one.tag not in (udh.CONCAT_8, udh.CONCAT_16)]
    return udh.pack(udh.Header(tuple(elements)))[1:]


def _header_of(pdu: SubmitSm | DataSm) -> udh.Header:
    """Read the user data header; an empty one where there is none, or a broken one."""
    if not has_udh(pdu.esm_class):
        return udh.Header()
    try:
        return udh.unpack(message_octets(pdu))[0]
    except Malformed:
        return udh.Header()


def write_reply(phone: str, to: str, text: str, alphabet: Alphabet, reference: int) -> list[DeliverSm]:
    """Write what a phone sends; Unencodable when it takes more than 255 parts."""
    encoding = choose(text)
    if encoding is Encoding.GSM7:
        encoding = _DEFAULT[alphabet]
        if encoding is Encoding.LATIN1 and not _is_latin1(text):
            encoding = Encoding.UCS2
    parts = split(text, encoding).parts
    ends = (*kind_of(phone), phone, *kind_of(to), to)
    coding = _UCS2_CODING if encoding is Encoding.UCS2 else 0
    if len(parts) == 1:
        return [DeliverSm("", *ends, data_coding=coding, short_message=parts[0].payload)]
    return [
        DeliverSm(
            "",
            *ends,
            UDHI,
            data_coding=coding,
            short_message=udh.concat(reference, len(parts), number) + part.payload,
        )
        for number, part in enumerate(parts, 1)
    ]


def kind_of(address: str) -> tuple[int, int]:
    """Tell TON and NPI of an address by its looks. carriers/C.1#25"""
    digits = address.removeprefix("+")
    if not digits.isdecimal():
        return Ton.ALPHANUMERIC, Npi.UNKNOWN
    if len(digits) <= _SHORT_CODE:
        return Ton.NETWORK_SPECIFIC, Npi.UNKNOWN
    return Ton.INTERNATIONAL, Npi.ISDN


def _is_latin1(text: str) -> bool:
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True
