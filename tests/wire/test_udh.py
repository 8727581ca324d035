"""User data headers, both ways."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depesza.wire import Malformed, Unencodable
from depesza.wire.udh import Concat, Element, Header, Ports, concat, pack, unpack


@pytest.mark.parametrize(
    ("octets", "elements"),
    [
        ("00", ()),
        ("050003a70302", (Concat(0xA7, 3, 2).element,)),
        ("060804a7c10302", (Concat(0xA7C1, 3, 2, bits=16).element,)),
        ("0605040b8423f0", (Ports(2948, 9200).element,)),
        ("0404020c0d", (Ports(12, 13, bits=8).element,)),
        ("06240101250103", (Element(0x24, b"\x01"), Element(0x25, b"\x03"))),
        ("0b0504c34f00000003120402", (Ports(0xC34F, 0).element, Concat(0x12, 4, 2).element)),
        ("0670021234a100", (Element(0x70, b"\x12\x34"), Element(0xA1, b""))),
    ],
)
def test_headers_and_octets_are_each_other(octets: str, elements: tuple[Element, ...]) -> None:
    assert pack(Header(elements)).hex() == octets
    assert unpack(bytes.fromhex(octets) + b"text") == (Header(elements), b"text")


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        ("050003a70302", Concat(0xA7, 3, 2)),
        ("060804a7c10302", Concat(0xA7C1, 3, 2, bits=16)),
        ("0b0504c34f00000003120402", Concat(0x12, 4, 2)),  # other elements before it
        ("08700101000312ff01", Concat(0x12, 255, 1)),
        ("0b0003a703020804a7c10504", Concat(0xA7C1, 5, 4, bits=16)),  # the last one counts
        ("050003a70004", None),  # 23.040 9.2.3.24.1: such an element is ignored
        ("050003a70300", None),
        ("050003a70304", None),
        ("0a0003a703020003a80000", Concat(0xA7, 3, 2)),
        ("00", None),
    ],
)
def test_the_concatenation_is_found(octets: str, expected: Concat | None) -> None:
    header, _ = unpack(bytes.fromhex(octets))
    assert header.concat == expected


def test_ports_and_languages_are_found() -> None:
    header, text = unpack(bytes.fromhex("0c05040b8423f0240101250103") + b"x")
    assert header.ports == Ports(2948, 9200)
    assert (header.single_shift, header.locking_shift) == (1, 3)
    assert text == b"x"


def test_a_plain_header_has_no_ports_and_no_language() -> None:
    header = Header((Concat(1, 2, 1).element,))
    assert (header.ports, header.single_shift, header.locking_shift) == (None, 0, 0)


@pytest.mark.parametrize(
    "octets",
    [
        "",  # nothing at all
        "05",  # announced and not there
        "050003a703",
        "0100",  # an element without length
        "050004a70302",  # an element over the end of the header, though not of the data
        "040002a703",  # a concatenation of two octets
        "050803a70302",
        "0504030c0d0e",
        "03240201",
        "022500",
    ],
)
def test_a_broken_header_is_theirs(octets: str) -> None:
    with pytest.raises(Malformed, match="user data header"):
        unpack(bytes.fromhex(octets))


@pytest.mark.parametrize(
    ("bits", "reference", "octets"),
    [
        (8, 7, "050003070302"),
        (8, 0x1FF, "050003ff0302"),  # references go round
        (16, 7, "06080400070302"),
        (16, 0x1FFFE, "060804fffe0302"),
    ],
)
def test_the_short_way_to_a_concat_header(bits: int, reference: int, octets: str) -> None:
    assert concat(reference, total=3, number=2, bits=bits).hex() == octets


@pytest.mark.parametrize(
    ("total", "number", "bits"), [(0, 0, 8), (3, 0, 8), (3, 4, 8), (256, 1, 16), (256, 256, 8), (2, 1, 7)]
)
def test_numbers_that_do_not_fit_are_ours(total: int, number: int, bits: int) -> None:
    with pytest.raises(Unencodable):
        concat(1, total, number, bits)


@pytest.mark.parametrize(
    "elements",
    [(Element(256, b""),), (Element(1, bytes(256)),), (Element(1, bytes(200)), Element(2, bytes(100)))],
)
def test_elements_that_do_not_fit_are_ours(elements: tuple[Element, ...]) -> None:
    with pytest.raises(Unencodable):
        pack(Header(elements))


@pytest.mark.parametrize("ports", [Ports(65536, 0), Ports(1, -1), Ports(256, 1, bits=8), Ports(1, 1, bits=4)])
def test_ports_that_do_not_fit_are_ours(ports: Ports) -> None:
    with pytest.raises(Unencodable):
        _ = ports.element


@settings(max_examples=200)
@given(st.binary(max_size=60))
def test_garbage_is_malformed_or_kept_to_the_octet(data: bytes) -> None:
    try:
        header, text = unpack(data)
    except Malformed:
        return
    assert pack(header) + text == data
    assert header.concat is None or 1 <= header.concat.number <= header.concat.total
    assert header.ports is None or header.ports.element in header.elements


@settings(max_examples=200)
@given(
    st.sampled_from([8, 16]),
    st.integers(0, 0xFFFF),
    st.integers(1, 255),
    st.integers(1, 255),
    st.binary(max_size=140),
)
def test_every_concat_header_is_read_back(bits: int, reference: int, one: int, other: int, text: bytes) -> None:
    number, total = sorted((one, other))
    header, rest = unpack(concat(reference, total, number, bits) + text)
    assert header.concat == Concat(reference % (1 << bits), total, number, bits)
    assert pack(Header((header.concat.element,))) == concat(reference, total, number, bits)
    assert rest == text
