"""Addresses and times in a short message: digits by half octets, names in packed septets.

Source: 3GPP TS 23.040 9.1.2.5 and 9.2.3.11.
"""

from datetime import datetime, timedelta, timezone

from msgspec import Struct

from depesza.wire import Malformed, Unencodable, septets
from depesza.wire.gsm import decode, encode

UNKNOWN, INTERNATIONAL, NATIONAL, ALPHANUMERIC = 0, 1, 2, 5
ISDN = 1

_DIGITS = "0123456789*#abc"
_FILL = 0xF
_MOST_DIGITS = 20
_MOST_OCTETS = 10


class Address(Struct, frozen=True, gc=False):
    """Who sends or receives, as it stands in a message."""

    digits: str
    """Digits, `*`, `#` and `a` to `c`; a name where `kind` is ALPHANUMERIC."""
    kind: int = UNKNOWN
    """Type of number, 0 to 7."""
    plan: int = ISDN
    """Numbering plan, 0 to 15."""

    @property
    def written(self) -> str:
        """The address for people and services: international numbers have their plus."""
        return f"+{self.digits}" if self.kind == INTERNATIONAL else self.digits


def address_of(number: str) -> Address:
    """Make the address of a number; `+` makes it international."""
    return Address(number[1:], INTERNATIONAL) if number.startswith("+") else Address(number)


def pack_address(address: Address) -> bytes:
    """Write length, type and value; `Unencodable` when it does not fit."""
    if not (0 <= address.kind <= 7 and 0 <= address.plan <= 15):
        raise Unencodable(f"address type {address.kind}, plan {address.plan}")
    kind = 0x80 | address.kind << 4 | address.plan
    if address.kind == ALPHANUMERIC:
        name = encode(address.digits)
        value = septets.pack(name)
        if len(value) > _MOST_OCTETS:
            raise Unencodable(f"the name {address.digits!r} is too long")
        return bytes((-(-len(name) * 7 // 4), kind)) + value
    return bytes((len(address.digits), kind)) + pack_digits(address.digits)


def pack_digits(digits: str) -> bytes:
    """Write digits, two in an octet, the first one low; `Unencodable` when some character is no digit."""
    if len(digits) > _MOST_DIGITS:
        raise Unencodable(f"{len(digits)} digits are too many")
    codes = [_DIGITS.find(digit) for digit in digits]
    if -1 in codes:
        raise Unencodable(f"{digits!r} is no number")
    codes += [_FILL] * (len(codes) % 2)
    return bytes(low | high << 4 for low, high in zip(codes[::2], codes[1::2], strict=True))


def unpack_address(data: bytes, at: int) -> tuple[Address, int]:
    """Read the address at `at`; give it and the place behind it. `Malformed` when it reaches over the end."""
    if at + 2 > len(data):
        raise Malformed("address: nothing there")
    length, kind = data[at], data[at + 1]
    end = at + 2 + (length + 1) // 2
    if length > _MOST_DIGITS or end > len(data):
        raise Malformed(f"address: {length} half octets announced")
    value = data[at + 2 : end]
    number, plan = kind >> 4 & 7, kind & 15
    if number == ALPHANUMERIC:
        return Address(decode(septets.unpack(value, length * 4 // 7)), number, plan), end
    return Address(unpack_digits(value)[:length], number, plan), end


def unpack_digits(value: bytes) -> str:
    """Read digits up to the fill."""
    codes = [half for octet in value for half in (octet & 15, octet >> 4)]
    return "".join(_DIGITS[code] for code in codes if code != _FILL)


def pack_time(moment: datetime) -> bytes:
    """Write seven octets; the zone is rounded to quarters of an hour, a time without one is UTC."""
    zone = moment.utcoffset() or timedelta()
    quarters = round(zone / timedelta(minutes=15))
    fields = (moment.year % 100, moment.month, moment.day, moment.hour, moment.minute, moment.second)
    sign = 0x08 if quarters < 0 else 0
    tens, ones = divmod(abs(quarters), 10)
    if tens > 7:
        raise Unencodable(f"a zone of {zone}")
    return bytes(field // 10 | field % 10 << 4 for field in fields) + bytes((tens | sign | ones << 4,))


def unpack_time(value: bytes) -> datetime | None:
    """Read seven octets; None when they are no time (some centres write zeros or nonsense)."""
    if len(value) != 7:
        return None
    year, month, day, hour, minute, second = ((octet & 15) * 10 + (octet >> 4) for octet in value[:6])
    quarters = (value[6] & 7) * 10 + (value[6] >> 4)
    try:
        zone = timezone(timedelta(minutes=-15 if value[6] & 8 else 15) * quarters)
        return datetime(2000 + year, month, day, hour, minute, second, tzinfo=zone)
    except ValueError:
        return None
