"""Packed septets, with and without a count, behind a header or not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depesza.wire import Unencodable
from depesza.wire.septets import fill_bits, pack, pack_uncounted, unpack, unpack_uncounted

SEPTETS = st.lists(st.integers(0, 127), max_size=200).map(bytes)


@pytest.mark.parametrize(
    ("septets", "fill", "octets"),
    [
        (b"", 0, ""),
        (b"a", 0, "61"),
        (b"hello", 0, "e8329bfd06"),
        (b"hellohello", 0, "e8329bfd4697d9ec37"),
        (b"abcdefgh", 0, "61f1985c369fd1"),
        (b"A", 1, "82"),
        (b"\x7f\x7f", 6, "c0ff0f"),
    ],
)
def test_septets_and_octets_are_each_other(septets: bytes, fill: int, octets: str) -> None:
    assert pack(septets, fill).hex() == octets
    assert unpack(bytes.fromhex(octets), len(septets), fill) == septets


@pytest.mark.parametrize(("header", "fill"), [(0, 0), (6, 1), (7, 0), (8, 6), (12, 2), (13, 1)])
def test_text_behind_a_header_begins_on_a_septet(header: int, fill: int) -> None:
    assert fill_bits(header) == fill
    assert (8 * header + fill) % 7 == 0


def test_160_septets_fill_a_part_and_153_fit_behind_a_concat_header() -> None:
    assert len(pack(b"a" * 160)) == 140
    assert len(pack(b"a" * 153, fill_bits(6))) == 134
    assert len(pack(b"a" * 152, fill_bits(7))) == 133


@settings(max_examples=200)
@given(SEPTETS, st.integers(0, 6))
def test_counted_septets_round_trip(septets: bytes, fill: int) -> None:
    octets = pack(septets, fill)
    assert len(octets) == (7 * len(septets) + fill + 7) // 8
    assert unpack(octets, len(septets), fill) == septets


def _bit_by_bit(septets: bytes, fill: int) -> bytes:
    """Pack as the standard draws it, one bit after the other."""
    bits = [0] * fill + [septet >> place & 1 for septet in septets for place in range(7)]
    bits += [0] * (-len(bits) % 8)
    return bytes(sum(bits[at + place] << place for place in range(8)) for at in range(0, len(bits), 8))


@settings(max_examples=200)
@given(SEPTETS, st.integers(0, 6))
def test_packing_is_what_the_standard_draws(septets: bytes, fill: int) -> None:
    assert pack(septets, fill) == _bit_by_bit(septets, fill)


# 23.038 6.1.2.3.1
@pytest.mark.parametrize(
    ("septets", "sent", "read"),
    [
        (b"1234567", b"1234567\r", b"1234567"),  # seven spare bits would read as @
        (b"1234567\x00", b"1234567\x00", b"1234567\x00"),  # this @ is meant
        (b"1234567\r", b"1234567\r\r", b"1234567\r\r"),  # a meant CR on the boundary is doubled
        (b"123456\r", b"123456\r\r", b"123456\r"),
        (b"123\r", b"123\r", b"123\r"),
        (b"", b"", b""),
    ],
)
def test_a_carriage_return_keeps_spare_bits_from_reading_as_at(septets: bytes, sent: bytes, read: bytes) -> None:
    assert pack_uncounted(septets) == pack(sent)
    assert unpack_uncounted(pack_uncounted(septets)) == read


@settings(max_examples=200)
@given(SEPTETS, st.integers(0, 6))
def test_uncounted_septets_round_trip_but_for_a_doubled_carriage_return(septets: bytes, fill: int) -> None:
    read = unpack_uncounted(pack_uncounted(septets, fill), fill)
    on_boundary = (7 * len(septets) + fill) % 8 == 0
    assert read == (septets + b"\r" if on_boundary and septets.endswith(b"\r") else septets)


@settings(max_examples=200)
@given(st.binary(max_size=160), st.integers(-1, 300), st.integers(0, 6))
def test_any_octets_can_be_unpacked(octets: bytes, count: int, fill: int) -> None:
    septets = unpack(octets, count, fill)
    assert septets.isascii()
    assert len(septets) <= max(count, 0)
    assert unpack_uncounted(octets, fill).isascii()


def test_an_octet_of_eight_bits_is_no_septet() -> None:
    with pytest.raises(Unencodable):
        pack(b"a\x80")
