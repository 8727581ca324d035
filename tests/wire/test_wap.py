"""WAP push, against the octets that the standards give."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depesza.wire import Malformed, Unencodable, udh
from depesza.wire.gsm import Encoding
from depesza.wire.headed import count_parts, cut
from depesza.wire.wap import PORTS, Indication, read_push, write_push

HEAD = bytes.fromhex("01060403ae81ea")
# WAP-167 appendix: a service indication as tokens; its href, an expiry date, a creation date, an action
STANDARD = b"".join((
    bytes.fromhex("02056a0045c60d03"), b"xyz\0", bytes.fromhex("8503"), b"email/123/abc.wml\0",
    bytes.fromhex("0ac30719990625152315 10c30419990630 01 03"), b"You have 4 new emails\0", b"\x01\x01",
))  # fmt: skip
XML = st.text(
    st.one_of(
        st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"),
        st.sampled_from("\t\n\r"),
    )
)


def test_a_push_octet_by_octet() -> None:
    elements, payload = write_push(Indication("http://www.example.com/a", "Привет"))
    assert elements.hex() == "05040b8423f0"
    text = "d09fd180d0b8d0b2d0b5d182"
    assert payload.hex() == f"01060403ae81ea02056a0045c60d036578616d706c6500850361000103{text}000101"


def test_the_example_of_the_standard_can_be_read() -> None:
    assert read_push(HEAD + STANDARD) == Indication("http://www.xyz.com/email/123/abc.wml", "You have 4 new emails")


@pytest.mark.parametrize(
    ("href", "written"),
    [
        ("http://a.b", b"\x0c\x03a.b\0"),
        ("https://www.a.net/", b"\x0f\x03a\0\x87"),
        ("https://a.org/.com/x", b"\x0e\x03a\0\x88\x85\x03x\0"),
        ("tel:1", b"\x0b\x03tel:1\0"),
        ("", b"\x0b"),
    ],
)
def test_abbreviations(href: str, written: bytes) -> None:
    _, payload = write_push(Indication(href, "t"))
    assert payload == HEAD + bytes.fromhex("02056a0045c6") + written + b"\x01\x03t\0\x01\x01"
    assert read_push(payload).href == href


@pytest.mark.parametrize(
    "payload",
    [
        # content type without parameters; in words; with a length of its own; a version 1.1 with other headers behind
        "010601ae 02056a00 45c6 0b 03 7800 01 03 7400 0101",
        "010619" + b"application/vnd.wap.sic\0".hex() + "b4 02056a00 45c6 0b 03 7800 01 03 7400 0101",
        "0106051f03ae81ea 02056a00 45c6 0b 03 7800 01 03 7400 0101",
        "01060603ae81eaaf82 01056a00 45c6 0b 03 7800 08 01 03 7400 0101",
        # a string table, an entity, an element that is skipped, a public id as a string
        "010601ae 02056a02 7800 45c6 0b 83 00 01 02 74 01 01",
        "010601ae 02056a00 45 c6 0b 03 7800 01 03 7400 01 47 c8 12 03 6300 01 03 7a00 01 01 01",
        "010601ae 0200006a02 7800 45c6 0b 83 00 01 02 74 01 01",
    ],
)
def test_what_other_writers_make(payload: str) -> None:
    assert read_push(bytes.fromhex(payload)) == Indication("x", "t")


@pytest.mark.parametrize(
    "payload",
    [
        "", "01", "0106", "010700", "010601", "010601af02", "010601ae", "010601ae02056a0045c6", "0106ffffffffff7f",
        "010601ae 02056a00 45c6 0b 03 78", "010601ae 02056a00 45c6 0b 89 01", "010601ae 02056a00 49 01",
        "010601ae 02056a00 45c6 0b 02 ffffff7f 01 01 01", "010601ae 02050400 4501",
        "010601ae 02056a00 45 47 47 47 47 01 01 01 01 01",
    ],
)  # fmt: skip
def test_what_is_no_push(payload: str) -> None:
    with pytest.raises(Malformed):
        read_push(bytes.fromhex(payload))


@given(XML, XML)
def test_round_trip(href: str, title: str) -> None:
    _, payload = write_push(Indication(href, title))
    assert read_push(payload) == Indication(href, title)


@pytest.mark.parametrize("text", ["a\0b", "\x1b", "\ud800", "\uffff"])
def test_characters_that_no_document_has(text: str) -> None:
    with pytest.raises(Unencodable):
        write_push(Indication(text, "t"))
    with pytest.raises(Unencodable):
        write_push(Indication("http://x", text))


@settings(max_examples=100)
@given(st.one_of(st.binary(max_size=60), st.binary(max_size=60).map(HEAD.__add__),
                 st.binary(max_size=40).map((HEAD + STANDARD[:6]).__add__)))  # fmt: skip
def test_reading_is_malformed_or_an_indication(payload: bytes) -> None:
    with suppress(Malformed):
        read_push(payload)


def test_a_long_link_goes_in_parts_that_all_name_the_ports() -> None:
    elements, payload = write_push(Indication("https://example.com/" + "q" * 300, "Title"))
    octets = payload.decode("latin-1")
    segments, headers = cut(octets, Encoding.BINARY, 7, elements)
    assert len(segments.parts) == count_parts(octets, Encoding.BINARY, elements) == 3
    assert [len(header + part.payload) for header, part in zip(headers, segments.parts, strict=True)][:2] == [140, 140]
    for number, header in enumerate(headers, 1):
        read, _ = udh.unpack(header)
        assert (read.concat, read.ports) == (udh.Concat(7, 3, number), PORTS)
    assert read_push(b"".join(part.payload for part in segments.parts)).href == "https://example.com/" + "q" * 300
