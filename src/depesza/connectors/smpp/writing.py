"""Texts into submit_sm: alphabet, parts and addresses of a submission, made once for all its receivers.

spec: carriers/C.1#9 #11 #12 #17 #27, carriers/C.2, smpp34 5.2.12, 5.2.19
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from depesza.connectors.envelope import envelope_of
from depesza.connectors.smpp.addresses import Address, source
from depesza.connectors.smpp.settings import Settings
from depesza.core.model import MICRO, Content, Message
from depesza.wire import Unencodable
from depesza.wire.gsm import Encoding, encode, write_text
from depesza.wire.headed import cut
from depesza.wire.segment import Part, limits
from depesza.wire.septets import fill_bits, pack_uncounted
from depesza.wire.smpp.flags import UDHI
from depesza.wire.smpp.pdus import RawTlvs, SubmitSm
from depesza.wire.smpp.segments import sar
from depesza.wire.smpp.times import write_absolute, write_relative
from depesza.wire.smpp.tlvs import DEST_ADDR_SUBUNIT, MESSAGE_PAYLOAD

_KEPT = 256
_LATIN1_CODING = 3
_BINARY_CODING = 4
_CLASS_CODING = {"f0": 0xF0, "10": 0x10}
_CLASS_UCS2 = 0x18  # 23.038 4: the group F has no UCS-2
_CLASS_BINARY = 0xF4
_SUBUNIT_DISPLAY = 1  # smpp34 5.3.2.1
_LONGEST_RELATIVE = timedelta(days=31)
_REFRESH = 10 * MICRO
"""How old a relative validity may get in the cache."""


class Piece(Struct, frozen=True, gc=False):
    """One part without its receiver."""

    esm_class: int
    octets: bytes
    tlvs: RawTlvs = ()


class Letter(Struct, frozen=True, gc=False):
    """A submission without its receivers."""

    source: Address
    protocol_id: int
    data_coding: int
    validity: str
    pieces: tuple[Piece, ...]
    made: int


class BadSender(Unencodable):
    """The sender does not fit the protocol's field."""


_ALONE = limits(Encoding.GSM7)[0]
"""Characters of GSM-7 that fit one part."""


class Writer:
    """Writes messages for one carrier."""

    def __init__(self, settings: Settings, now: Callable[[], int], first_reference: int = 0) -> None:
        """`first_reference` comes from chance, so that a restart does not repeat the last references."""
        self._settings = settings
        self._now = now
        self._reference = first_reference
        self._letters: dict[tuple[int, str | None], Letter] = {}
        """By submission and own text: those of a list are often the same."""

    def write(self, message: Message) -> list[SubmitSm]:
        """Write all parts of a message; Unencodable when its text or sender cannot be."""
        letter = self._letter(message)
        settings = self._settings
        receiver = message.receiver if settings.plus else message.receiver.removeprefix("+")
        sender = letter.source
        return [
            SubmitSm(
                settings.service_type,
                sender.ton,
                sender.npi,
                sender.addr,
                settings.dest_ton,
                settings.dest_npi,
                receiver,
                piece.esm_class,
                letter.protocol_id,
                settings.priority_flag,
                "",
                letter.validity,
                settings.registered_delivery,  # on each part: carriers/C.1#27
                0,
                letter.data_coding,
                0,
                piece.octets,
                piece.tlvs,
            )
            for piece in letter.pieces
        ]

    def _letter(self, message: Message) -> Letter:
        content = message.content
        key = content.id, message.text
        letter = self._letters.get(key)
        if letter is None or (letter.validity.endswith("R") and self._now() - letter.made > _REFRESH):
            letter = self._make(content, message.body)
            if len(self._letters) >= _KEPT:
                del self._letters[next(iter(self._letters))]
            self._letters[key] = letter
        return letter

    def _make(self, content: Content, text: str) -> Letter:
        try:
            address = source(content.sender, self._settings)
        except Unencodable as error:
            raise BadSender(str(error)) from None
        settings, asked = self._settings, envelope_of(content)
        encoding = _encoding(text, content.alphabet, settings)
        pieces = self._pieces(text, encoding, asked.elements)
        coding, extra = _coding(encoding, content.flash, settings) if asked.coding < 0 else (asked.coding, ())
        if extra:
            pieces = tuple(Piece(one.esm_class, one.octets, one.tlvs + extra) for one in pieces)
        protocol = asked.protocol if asked.protocol >= 0 else settings.protocol_id
        now = self._now()
        return Letter(address, protocol, coding, _validity(content.expires, now, settings), pieces, now)

    def _pieces(self, text: str, encoding: Encoding, elements: bytes) -> tuple[Piece, ...]:
        """Cut a text and put on each part what says where it belongs."""
        if encoding is Encoding.GSM7 and not elements and self._settings.alphabet == "gsm7":
            octets = write_text(text, encoding)
            if len(octets) <= _ALONE:  # as most are
                return (Piece(0, octets),)
        how = self._settings.long_messages
        if elements and how != "udh16":
            how = "udh"  # sar_* may not stand beside a header, and no centre is known to cut behind one
        bits = 16 if how == "udh16" else 8
        reference = self._reference % 0xFFFF + 1
        segments, headers = cut(text, encoding, reference, elements, bits)
        total = len(segments.parts)
        if total > 1 and how == "payload":
            whole = Part(text, write_text(text, encoding))
            payload = MESSAGE_PAYLOAD.pack(_octets(whole, encoding, b"", self._settings))
            return (Piece(0, b"", (payload,)),)
        self._reference = reference if total > 1 else self._reference
        if total > 1 and how == "sar":
            numbered = enumerate(segments.parts, 1)
            return tuple(
                Piece(0, _octets(part, encoding, b"", self._settings), sar(reference, total, n)) for n, part in numbered
            )
        return tuple(
            Piece(UDHI if header else 0, _octets(part, encoding, header, self._settings))
            for part, header in zip(segments.parts, headers, strict=True)
        )


def _encoding(text: str, asked: str, settings: Settings) -> Encoding:
    """Choose how to write a text: what the client forces, else the smallest that holds it."""
    if asked:
        return Encoding(asked)
    cut = _fits(text, Encoding.GSM7)
    if cut and (settings.alphabet != "latin1" or _fits(text, Encoding.LATIN1)):
        return Encoding.GSM7
    return Encoding.LATIN1 if settings.latin1 and _fits(text, Encoding.LATIN1) else Encoding.UCS2


def _fits(text: str, encoding: Encoding) -> bool:
    try:
        write_text(text, encoding)
    except Unencodable:
        return False
    return True


def _octets(part: Part, encoding: Encoding, header: bytes, settings: Settings) -> bytes:
    """Give the octets of a part behind its header, in what the carrier's alphabet makes of GSM-7."""
    if encoding is not Encoding.GSM7 or settings.alphabet == "gsm7":
        return header + part.payload
    if settings.alphabet == "latin1":
        return header + write_text(part.text, Encoding.LATIN1)
    return header + pack_uncounted(encode(part.text), fill_bits(len(header)))


def _coding(encoding: Encoding, flash: int, settings: Settings) -> tuple[int, RawTlvs]:
    """Tell data_coding, and the TLVs that it takes to say a message class."""
    plain = {
        Encoding.GSM7: settings.gsm7_coding,
        Encoding.UCS2: settings.ucs2_coding,
        Encoding.LATIN1: _LATIN1_CODING,
        Encoding.BINARY: _BINARY_CODING,
    }[encoding]
    if flash < 0:
        return plain, ()
    if settings.flash == "subunit":
        return plain, (DEST_ADDR_SUBUNIT.pack(_SUBUNIT_DISPLAY),) if flash == 0 else ()
    classes = {
        Encoding.GSM7: _CLASS_CODING[settings.flash],
        Encoding.UCS2: _CLASS_UCS2,
        Encoding.BINARY: _CLASS_BINARY,
    }
    # Latin-1 has no place in 23.038, so it cannot be flashed
    return (classes[encoding] | flash, ()) if encoding in classes else (plain, ())


def _validity(expires: int, now: int, settings: Settings) -> str:
    if settings.validity == "none" or not expires:
        return ""
    left = timedelta(microseconds=max(expires - now, MICRO))
    if settings.validity == "relative" and left < _LONGEST_RELATIVE:
        return write_relative(left)
    return write_absolute(datetime.fromtimestamp(expires / MICRO, UTC))
