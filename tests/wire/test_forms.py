"""Names and values of queries and forms, whatever wrote them."""

from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depesza.wire.forms import Part, read_boundary, read_form, read_parts, read_query, read_text

MULTIPART = (
    b'preamble\r\n--B\r\nContent-Disposition: form-data; name="to"\r\n\r\n+33601020304\r\n'
    b'--B\r\ncontent-type: text/plain\r\ncontent-disposition: form-data; filename="f"; name=message\r\n\r\n'
    b"two\r\nlines \xe9 & + %41\r\n--B\r\nno name\r\n\r\nlost\r\n--B\r\nno end of head\r\n--B--\r\n"
)


@pytest.mark.parametrize(
    ("query", "pairs"),
    [
        (b"", []),
        (b"&a=1&&b=2&", [("a", "1"), ("b", "2")]),
        (b"a=1+2%2B3&b", [("a", "1 2+3"), ("b", "")]),
        (b"=1&a==2", [("a", "=2")]),
        (b"m=%C3%A9t%c3%A9", [("m", "été")]),
        (b"m=%E9t%E9+%80", [("m", "été €")]),
        (b"m=\xc3\xa9&n=\xe9", [("m", "é"), ("n", "é")]),
        (b"m=%zz%4&%6e=x", [("m", "%zz%4"), ("n", "x")]),
        (b"m=a%250db", [("m", "a%0db")]),
        (b"m=%00", [("m", "\0")]),
    ],
)
def test_a_query_is_read_as_it_was_meant(query: bytes, pairs: list[tuple[str, str]]) -> None:
    assert list(read_query(query)) == pairs


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=B", 'Multipart/Form-Data; charset=x; boundary="B"'])
def test_a_multipart_form_is_read(kind: str) -> None:
    assert list(read_form(kind, MULTIPART)) == [("to", "+33601020304"), ("message", "two\r\nlines é & + %41")]


def test_files_come_with_their_names_and_kinds() -> None:
    body = (
        b'--B\r\nContent-Disposition: form-data; name="f0"; filename="a b.txt"\r\nContent-Type: text/plain'
        b"\r\n\r\n\x00\r\n\xff"
        b"\r\n--B\r\ncontent-disposition: form-data; name=f1; filename=c.gif\r\n\r\n"
        b'\r\n--B\r\nContent-Disposition: form-data; name="t"\r\n\r\nx\r\n--B--\r\n'
    )
    assert list(read_parts(read_boundary("multipart/form-data; boundary=B"), body)) == [
        Part(b"f0", b"\x00\r\n\xff", b"a b.txt", b"text/plain"),
        Part(b"f1", b"", b"c.gif", b""),
        Part(b"t", b"x", None, b""),
    ]


@pytest.mark.parametrize("kind", ["", "application/x-www-form-urlencoded; charset=utf-8", "multipart/form-data"])
def test_every_other_form_is_urlencoded(kind: str) -> None:
    assert list(read_form(kind, b"a=1&b=x+y")) == [("a", "1"), ("b", "x y")]


@settings(max_examples=100)
@given(st.lists(st.tuples(st.text(st.characters(codec="utf-8"), min_size=1), st.text(st.characters(codec="utf-8")))))
def test_what_python_writes_is_read_back(pairs: list[tuple[str, str]]) -> None:
    assert list(read_query(urlencode(pairs).encode())) == pairs


@settings(max_examples=100)
@given(st.text(), st.binary())
def test_no_octets_make_a_reader_fail(kind: str, body: bytes) -> None:
    for content_type in (kind, "multipart/form-data; boundary=" + kind, "multipart/form-data; boundary=-"):
        for name, value in read_form(content_type, body):
            (name + value).encode()


@given(st.binary())
def test_every_octet_is_some_character(octets: bytes) -> None:
    text = read_text(octets)
    assert text == octets.decode("utf-8", "ignore") or len(text) == len(octets)
