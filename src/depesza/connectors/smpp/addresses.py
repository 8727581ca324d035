"""Type and plan of addresses: what our senders and receivers are, and what a carrier's senders mean.

Strict outwards (each address with the type that fits it, or the carrier's fixed one), tolerant inwards.
spec: carriers/C.1#25, ovh/8, smpp34 5.2.5, 5.2.6
"""

from msgspec import Struct

from depesza.connectors.smpp.settings import Settings
from depesza.wire import Unencodable
from depesza.wire.smpp.constants import Npi, Ton

_LONGEST_SHORT_CODE = 8
_SHORTEST_INTERNATIONAL = 9
_LONGEST = 20


class Address(Struct, frozen=True, gc=False):
    """An address as a PDU carries it."""

    ton: int
    npi: int
    addr: str


def source(sender: str, settings: Settings) -> Address:
    """Write a sender; Unencodable when it does not fit the field."""
    kind = _kind(sender, settings)
    ton = kind.ton if settings.source_ton is None else settings.source_ton
    npi = kind.npi if settings.source_npi is None else settings.source_npi
    if len(kind.addr) > _LONGEST:
        raise Unencodable(f"a sender has at most {_LONGEST} characters")
    try:
        kind.addr.encode("latin-1")
    except UnicodeEncodeError:
        raise Unencodable("a sender has no characters beyond Latin-1") from None
    return Address(ton, npi, kind.addr)


def _kind(sender: str, settings: Settings) -> Address:
    digits = sender.removeprefix("+")
    if not digits or not (digits.isascii() and digits.isdigit()):
        return Address(Ton.ALPHANUMERIC if sender else Ton.UNKNOWN, Npi.UNKNOWN, sender)
    if sender.startswith(("+", "00")):
        return Address(Ton.INTERNATIONAL, Npi.ISDN, _international(digits.removeprefix("00"), settings))
    if len(sender) <= _LONGEST_SHORT_CODE:
        return Address(settings.short_ton, settings.short_npi, sender)
    if sender.startswith("0"):
        return Address(Ton.NATIONAL, Npi.ISDN, sender)
    return Address(Ton.INTERNATIONAL, Npi.ISDN, _international(sender, settings))


def _international(digits: str, settings: Settings) -> str:
    return "+" + digits if settings.plus else digits


def read_sender(ton: int, addr: str) -> str:
    """Read who wrote to us: E.164 with its plus where that can be told, else as it stands."""
    if not (addr.isascii() and addr.isdigit()):
        return addr
    if addr.startswith("00") and len(addr) > _SHORTEST_INTERNATIONAL:
        return "+" + addr[2:]
    if addr.startswith("0") or len(addr) < _SHORTEST_INTERNATIONAL:
        return addr
    # 2 for an international number is a usual mistake, 0 is a usual wish. carriers/C.1#25
    usual = ton in (Ton.INTERNATIONAL, Ton.NATIONAL, Ton.UNKNOWN)
    return "+" + addr if usual else addr
