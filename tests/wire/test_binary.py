"""Octets with their header in front."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depesza.wire import Malformed, Unencodable, udh
from depesza.wire.binary import read_hex, read_octets, write_octets
from depesza.wire.gsm import Encoding
from depesza.wire.headed import count_parts, cut

FORMATTED = "050A0307056048656C6C6F2C20576F726C6421"  # case 34 of the vendor
ELEMENTS = st.lists(st.tuples(st.integers(0x40, 0xFF), st.binary(max_size=9)), max_size=3).map(
    lambda each: udh.pack(udh.Header(tuple(udh.Element(tag, data) for tag, data in each)))[1:]
)
CONCAT = bytes((0, 3, 9, 2, 1))


def test_a_header_of_five_octets_before_a_greeting() -> None:
    assert read_hex(FORMATTED) == (bytes.fromhex("0a03070560"), b"Hello, World!")
    assert read_hex(FORMATTED.lower()) == read_octets(bytes.fromhex(FORMATTED))


@pytest.mark.parametrize(
    ("octets", "elements", "payload"),
    [("00", "", ""), ("00ff00", "", "ff00"), ("0605040b8423f001", "05040b8423f0", "01"), ("024000", "4000", "")],
)
def test_octets(octets: str, elements: str, payload: str) -> None:
    assert read_hex(octets) == (bytes.fromhex(elements), bytes.fromhex(payload))


@pytest.mark.parametrize(
    "octets", ["", "0", "000", "0g", "00 00", "05", "050A030705", "0140", "0300030102", "0400030102", "٠٠", "02400100"]
)
def test_what_is_no_header(octets: str) -> None:
    with pytest.raises(Malformed):
        read_hex(octets)


@given(ELEMENTS, st.binary(max_size=200))
def test_round_trip(elements: bytes, payload: bytes) -> None:
    assert read_octets(write_octets(elements, payload)) == (elements, payload)


@pytest.mark.parametrize(
    ("octets", "elements", "parts"),
    [
        (140, 0, 1), (141, 0, 2), (268, 0, 2), (269, 0, 3),
        (133, 6, 1), (134, 6, 2), (256, 6, 2), (257, 6, 3), (7, 132, 1), (8, 132, 4),
    ],
)  # fmt: skip
def test_how_many_parts(octets: int, elements: int, parts: int) -> None:
    own = bytes((0x40, elements - 2)) + bytes(elements - 2) if elements else b""
    assert count_parts("\r\n" * (octets // 2) + "x" * (octets % 2), Encoding.BINARY, own) == parts


@given(st.binary(max_size=900), ELEMENTS, st.sampled_from([8, 16]))
def test_every_octet_arrives_behind_every_element(data: bytes, elements: bytes, bits: int) -> None:
    text = data.decode("latin-1")
    segments, headers = cut(text, Encoding.BINARY, 0x1234, elements, bits)
    total = len(segments.parts)
    assert count_parts(text, Encoding.BINARY, elements, bits) == total
    assert b"".join(part.payload for part in segments.parts) == data
    for number, (part, header) in enumerate(zip(segments.parts, headers, strict=True), 1):
        assert len(header) + len(part.payload) <= 140
        if not header:
            assert (total, elements) == (1, b"")
            continue
        read, _ = udh.unpack(header)
        assert header.endswith(elements)
        assert read.concat == (udh.Concat(0x1234 if bits == 16 else 0x34, total, number, bits) if total > 1 else None)


def test_a_part_of_the_clients_own_numbering_is_sent_as_it_is_and_never_cut() -> None:
    assert cut("x" * 134, Encoding.BINARY, 1, CONCAT)[1] == [b"\x05" + CONCAT]
    assert count_parts("x" * 134, Encoding.BINARY, CONCAT) == 1
    for refuse in (lambda: count_parts("x" * 135, Encoding.BINARY, CONCAT),
                   lambda: cut("x" * 135, Encoding.BINARY, 1, CONCAT)):  # fmt: skip
        with pytest.raises(Unencodable, match="part"):
            refuse()


@pytest.mark.parametrize("elements", [b"\x40", b"\x00\x02\x01\x02", b"\x40\xff" + bytes(255), b"\x40\x83" + bytes(131)])
def test_elements_that_cannot_be_carried(elements: bytes) -> None:
    with pytest.raises(Unencodable):
        count_parts("x", Encoding.BINARY, elements)


def test_texts_have_a_header_too() -> None:
    ports = udh.Ports(5000, 0).element
    elements = bytes((ports.tag, len(ports.data))) + ports.data
    assert count_parts("a" * 152, None, elements) == 1
    assert count_parts("a" * 153, None, elements) == 2
    assert count_parts("я" * 66, None, elements) == 1
    assert count_parts("я" * 67, None, elements) == 2
